//! What gateways say by themselves: signed, kept once, and the same in whatever order it comes.

use crate::bank::{Harm, SIGNED_WITH, Step, sample};
use crate::events::orders;
use crate::gateways::{HAND_OUT, Till, charge, id_of, key, owed};
use futures::{StreamExt, stream};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{Duration, Instant};
use sync_server::services::payments::errands::complete;
use sync_server::services::payments::gateways::Provider;
use sync_server::world;
use uuid::Uuid;

const GROSS: i64 = 1_050_000;
const PATIENCE: Duration = Duration::from_secs(60);

fn hex(key: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    for part in parts {
        mac.update(part);
    }
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now_s() -> i64 {
    world::now().0 / 1000
}

/// A message with its headers.
#[derive(Clone, Debug)]
struct Message {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn signed_at(at_s: i64, key: &str, body: &[u8]) -> String {
    let time = at_s.to_string();
    format!("t={time},v1={}", hex(key, &[time.as_bytes(), b".", body]))
}

fn stripe(object: &Value) -> Message {
    let mut event = sample("stripe_event");
    event["id"] = json!(format!("evt_{}", world::new_id().simple()));
    event["data"] = json!({ "object": object });
    let body = event.to_string().into_bytes();
    let signature = signed_at(now_s(), SIGNED_WITH, &body);
    Message {
        path: "/gateways/v1/stripe",
        headers: vec![("stripe-signature", signature)],
        body,
    }
}

fn razorpay(payment: &Value) -> Message {
    let body = json!({
        "entity": "event", "event": "payment.told", "created_at": now_s(), "payload": { "payment": { "entity": payment } },
    });
    let body = body.to_string().into_bytes();
    Message {
        path: "/gateways/v1/razorpay",
        headers: vec![
            ("x-razorpay-signature", hex(SIGNED_WITH, &[&body])),
            ("x-razorpay-event-id", world::new_id().simple().to_string()),
        ],
        body,
    }
}

async fn send(till: &Till, message: &Message) -> u16 {
    let url = format!("{}{}", till.office.hub.url(), message.path);
    let mut call = crate::desk::client().post(url).body(message.body.clone());
    for (name, value) in &message.headers {
        call = call.header(*name, value);
    }
    call.send()
        .await
        .expect("the hub answers")
        .status()
        .as_u16()
}

/// Waits until the hub has taken in everything that was told.
async fn settle(till: &Till) {
    let begun = Instant::now();
    let waiting = "select count(*) from payments.told where outcome is null";
    while till.office.count(waiting).await > 0 {
        assert!(begun.elapsed() < PATIENCE, "it is never taken in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Payments that the gateway captured, and of which the hub does not know.
async fn lost(till: &Till, count: usize) -> Vec<Uuid> {
    till.bank.harm(&[(Step::Capture, Harm::DoneAndCut)]);
    let payments: Vec<Uuid> = stream::iter(0..count)
        .map(|_| async {
            let (_, bill) = till.office.billed().await;
            let charge = charge(bill, GROSS);
            let said = till.charge(&key(), &charge).await;
            assert_eq!(said.status.as_u16(), 202, "{}", said.json());
            let payer = said.json()["payer"].as_str().map(str::to_owned);
            let order = payer.filter(|id| id.starts_with("order_"));
            if let Some(order) = order {
                till.bank.pay(&order);
            }
            id_of(&charge)
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let app = &till.office.hub.app;
    let later_ms = app.now().0 + 31_000;
    // orders are captured when somebody looks again
    if till.bank.captures() == 0 {
        while complete(app, later_ms).await.expect("errands run") > 0 {}
    }
    payments
}

fn intent(of: &Value, status: &str) -> Value {
    let mut intent = of.clone();
    intent["status"] = json!(status);
    let received = if status == "succeeded" { GROSS } else { 0 };
    intent["amount_received"] = json!(received);
    intent["last_payment_error"] = match status {
        "requires_payment_method" => json!({ "type": "card_error" }),
        _ => Value::Null,
    };
    intent
}

fn stripe_story(till: &Till, payment: Uuid) -> Vec<Message> {
    let known = till.bank.about("payment_intent", payment);
    let mut charge = sample("stripe_charge");
    charge["payment_intent"] = known["id"].clone();
    charge["currency"] = known["currency"].clone();
    for sum in ["amount", "amount_captured", "amount_refunded"] {
        charge[sum] = json!(GROSS);
    }
    charge["captured"] = json!(true);
    charge["refunded"] = json!(true);
    charge["metadata"] = known["metadata"].clone();
    let told = [
        intent(&known, "requires_confirmation"),
        intent(&known, "requires_capture"),
        intent(&known, "succeeded"),
        charge,
        intent(&known, "requires_payment_method"),
    ];
    told.iter().map(stripe).collect()
}

fn razorpay_story(till: &Till, payment: Uuid) -> Vec<Message> {
    let known = till.bank.about("payment", payment);
    let told = ["created", "authorized", "captured", "refunded", "failed"].map(|status| {
        let mut payment = known.clone();
        payment["status"] = json!(status);
        payment["amount_refunded"] = json!(if status == "refunded" { GROSS } else { 0 });
        payment
    });
    told.iter().map(razorpay).collect()
}

async fn in_every_order(provider: Provider, story: fn(&Till, Uuid) -> Vec<Message>) {
    let till = Till::with(provider).await;
    let till = &till;
    let orders = orders();
    assert_eq!(orders.len(), 120);
    let payments = lost(till, 120).await;
    stream::iter(orders.iter().zip(payments))
        .for_each_concurrent(16, |(order, payment)| async move {
            let story = story(till, payment);
            for (nth, place) in order.iter().enumerate() {
                // each twice, and some together
                for _ in 0..2 {
                    assert_eq!(send(till, &story[*place]).await, 200);
                }
                if nth == 2 {
                    settle(till).await;
                }
            }
        })
        .await;
    settle(till).await;
    let count = async |statement| till.office.count(statement).await;
    assert_eq!(
        count("select count(*) from payments.payment where minor = 1050000").await,
        120
    );
    assert_eq!(count("select count(*) from payments.told").await, 600);
    assert_eq!(
        count(
            "select count(*) from payments.errand where state = 'done' and at_gateway = 'refunded'"
        )
        .await,
        120
    );
    // who was told that it failed is told that it came after all
    let told = "select count(*) from event where type = 'org.wardbook.payment.completed.v1' and nth = 1 + (
        select count(*) from event as before where before.subject = event.subject and before.type = 'org.wardbook.payment.failed.v1')";
    assert_eq!(count(told).await, 120);
    let failed = "select count(*) from event where type = 'org.wardbook.payment.failed.v1'";
    assert!((1..120).contains(&count(failed).await));
    // it was given back without the hub: for a person, once for each
    assert_eq!(count("select count(*) from billing.exception").await, 120);
    assert_eq!(
        count("select count(*) from payments.told where body is not null").await,
        0
    );
    till.check("in every order").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_order_stripe_tells_it_money_is_posted_once() {
    in_every_order(Provider::Stripe, stripe_story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_whatever_order_razorpay_tells_it_money_is_posted_once() {
    in_every_order(Provider::Razorpay, razorpay_story).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_a_thousand_times_is_done_once() {
    let till = Till::with(Provider::Stripe).await;
    let payment = lost(&till, 1).await[0];
    let told = &stripe_story(&till, payment)[2];
    let answers: Vec<u16> = stream::iter(0..1_000)
        .map(|_| send(&till, told))
        .buffer_unordered(32)
        .collect()
        .await;
    assert!(answers.iter().all(|status| *status == 200));
    settle(&till).await;
    assert_eq!(
        till.office
            .count("select count(*) from payments.told")
            .await,
        1
    );
    assert_eq!(
        till.office
            .count("select count(*) from payments.payment")
            .await,
        1
    );
    till.check("a thousand times").await;
}

#[tokio::test]
async fn what_is_not_signed_as_it_should_be_leaves_nothing() {
    let till = Till::with(Provider::Stripe).await;
    let good = stripe(&json!({ "object": "plan" }));
    let with = |signature: String| {
        let headers = vec![("stripe-signature", signature)];
        Message {
            headers,
            ..good.clone()
        }
    };
    let at = |off_s: i64| with(signed_at(now_s() + off_s, SIGNED_WITH, &good.body));
    let check = async |message: Message, status: u16| {
        assert_eq!(send(&till, &message).await, status, "{:?}", message.headers);
    };
    check(at(-302), 400).await;
    check(at(302), 400).await;
    check(with(signed_at(now_s(), "another", &good.body)), 400).await;
    check(with(String::new()), 400).await;
    let none = Message {
        headers: Vec::new(),
        ..good.clone()
    };
    check(none, 400).await;
    let mut twice = good.clone();
    twice.headers.push(good.headers[0].clone());
    check(twice, 400).await;
    let mut cut = good.clone();
    cut.body.pop();
    check(cut, 400).await;
    let mut long = good.clone();
    long.body.resize(256 * 1024 + 1, b' ');
    long.headers = vec![(
        "stripe-signature",
        signed_at(now_s(), SIGNED_WITH, &long.body),
    )];
    check(long, 413).await;
    let other = Message {
        path: "/gateways/v1/razorpay",
        ..good.clone()
    };
    check(other, 404).await;
    // signed, and no message
    for body in [&b"\xff\xfe"[..], b"[]", b"{\"id\":1}", b""] {
        let mut odd = with(signed_at(now_s(), SIGNED_WITH, body));
        odd.body = body.to_vec();
        check(odd, 400).await;
    }
    assert_eq!(
        till.office
            .count("select count(*) from payments.told")
            .await,
        0
    );
    check(at(-298), 200).await;
    check(at(298), 200).await;
    check(with(signed_at(now_s(), "an older one", &good.body)), 200).await;
    assert_eq!(
        till.office
            .count("select count(*) from payments.told")
            .await,
        1
    );
}

#[tokio::test]
async fn what_is_about_something_else_posts_nothing_and_waits_for_a_person() {
    let till = Till::with(Provider::Stripe).await;
    let exceptions = "select count(*) from billing.exception where kind = 'GATEWAY_MISMATCH'";
    let changes: [fn(&mut Value); 5] = [
        |intent| intent["amount_received"] = json!(GROSS - 1),
        |intent| intent["currency"] = json!("eur"),
        |intent| intent["metadata"]["payment"] = json!(Uuid::from_u128(7)),
        |intent| intent["id"] = json!("pi_another"),
        // a payment of another organisation
        |intent| {
            intent["id"] = json!("pi_theirs");
            intent["metadata"]["payment"] = json!(Uuid::from_u128(8));
        },
    ];
    for (nth, change) in (1..).zip(changes) {
        let payment = lost(&till, 1).await[0];
        let mut told = intent(&till.bank.about("payment_intent", payment), "succeeded");
        change(&mut told);
        for _ in 0..2 {
            assert_eq!(send(&till, &stripe(&told)).await, 200);
            settle(&till).await;
        }
        assert_eq!(till.office.count(exceptions).await, nth);
        let posted = "select count(*) from payments.payment";
        assert_eq!(
            till.office.count(posted).await,
            nth - 1,
            "nothing is posted"
        );
        till.settle("it is asked").await;
        assert_eq!(till.office.count(posted).await, nth);
    }
    // nothing of ours
    let strange = intent(&sample("stripe_payment_intent"), "succeeded");
    assert_eq!(send(&till, &stripe(&strange)).await, 200);
    settle(&till).await;
    assert_eq!(till.office.count(exceptions).await, 5);
    till.check("something else").await;
}

#[tokio::test]
async fn what_comes_back_after_it_was_given_back_waits_for_a_person() {
    let till = Till::with(Provider::Stripe).await;
    let refund = owed(&till, 3_500).await;
    let out = json!({ "refund": refund });
    let said = till.office.post(&till.clerk, HAND_OUT, &out).await;
    assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    let part: Uuid = sqlx::query_scalar("select id from payments.errand where refund = $1")
        .bind(refund)
        .fetch_one(till.office.pool())
        .await
        .expect("its part");
    let mut known = till.bank.about("refund", part);
    let failed = "select count(*) from billing.exception where kind = 'REFUND_FAILED'";
    for (status, expect) in [("succeeded", 0), ("failed", 1), ("failed", 1)] {
        known["status"] = json!(status);
        assert_eq!(send(&till, &stripe(&known)).await, 200);
        settle(&till).await;
        assert_eq!(till.office.count(failed).await, expect, "{status}");
    }
    till.check("came back").await;
}
