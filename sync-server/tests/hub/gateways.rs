//! Money that a gateway takes and gives back: once, whatever is lost, late or broken on the way.

use crate::bank::{Bank, Harm, IMPATIENCE, Step};
use crate::money::{Clerk, Office, Said, cash};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use sync_server::services::payments::errands::complete;
use sync_server::services::payments::gateways::Provider;
use sync_server::world;
use uuid::Uuid;

/// Payments that suffer each harm, where `ROUNDS` says nothing else, and how many are made at once.
const ROUNDS: u32 = 100;
const ABREAST: usize = 16;
const MINOR: i64 = 1_000;
/// Somebody looks again every half minute.
const TURN_MS: i64 = 31_000;
/// Times that somebody looks until everything is over, at most.
const TURNS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const CHARGES: &str = "/console/v1/charges";

/// An office with a gateway.
pub(crate) struct Till {
    pub(crate) office: Office,
    pub(crate) clerk: Clerk,
    pub(crate) bank: Bank,
}

impl Till {
    pub(crate) async fn with(provider: Provider) -> Self {
        let office = Office::of_fee(1_000_000).await;
        let (clerk, bank) = (office.clerk("billing").await, Bank::open().await);
        let app = &office.hub.app;
        app.gateways
            .set(&app.pool, bank.settings(provider))
            .expect("a gateway");
        Self {
            office,
            clerk,
            bank,
        }
    }

    /// Has the hub not wait long for the gateway.
    fn be_impatient(&self) {
        let mut settings = self.bank.settings(Provider::Stripe);
        settings.patience = IMPATIENCE;
        let app = &self.office.hub.app;
        app.gateways.set(&app.pool, settings).expect("a gateway");
    }

    pub(crate) async fn charge(&self, key: &str, charge: &Value) -> Said {
        self.office.under(&self.clerk, CHARGES, key, charge).await
    }

    /// Asks again as long as it is under way.
    async fn until_over(&self, key: &str, charge: &Value) -> Said {
        let begun = Instant::now();
        loop {
            let said = self.charge(key, charge).await;
            if ![202, 409].contains(&said.status.as_u16()) {
                return said;
            }
            assert!(begun.elapsed() < PATIENCE, "it is under way for ever");
        }
    }

    /// Lets time pass until nothing is under way.
    pub(crate) async fn settle(&self, told: &str) {
        let app = &self.office.hub.app;
        let mut now_ms = app.now().0;
        let mut turns = 0;
        while self.pending().await > 0 {
            assert!(turns < TURNS, "{told}: some are under way for ever");
            turns += 1;
            now_ms += TURN_MS;
            while complete(app, now_ms).await.expect("errands run") > 0 {}
        }
    }

    async fn pending(&self) -> i64 {
        let pending = "select count(*) from payments.errand where state = 'pending'";
        self.office.count(pending).await
    }

    /// What the books have of each payment by a gateway.
    async fn ledger(&self) -> BTreeMap<Uuid, i64> {
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(
            "select paid, sum(debit - credit)::bigint from (
                select debit, credit, case when cause like 'payment:%' then split_part(cause, ':', 2)::uuid
                    else (select payment from payments.errand where id = split_part(cause, ':', 3)::uuid) end as paid
                from billing.posting join billing.journal on journal.id = journal where account = 1010) lines group by paid",
        )
        .fetch_all(self.office.pool())
        .await
        .expect("the books");
        rows.into_iter().collect()
    }

    pub(crate) async fn check(&self, told: &str) {
        assert_eq!(
            self.ledger().await,
            self.bank.ledger(),
            "{told}: two ledgers"
        );
        self.office.check(told).await;
    }
}

pub(crate) fn charge(bill: Uuid, minor: i64) -> Value {
    json!({
        "payment": world::new_id(), "for": { "bill": bill }, "till": "front", "source": "pm_card_visa",
        "amount": { "amount_minor": minor, "currency": "INR" },
    })
}

pub(crate) fn key() -> String {
    world::new_id().to_string()
}

pub(crate) fn id_of(charge: &Value) -> Uuid {
    serde_json::from_value(charge["payment"].clone()).expect("an id")
}

/// What is lost on the way to a payment.
const POINTS: [(&str, &[(Step, Harm)]); 8] = [
    ("asked in vain", &[(Step::Begin, Harm::Busy)]),
    ("asked and not heard", &[(Step::Begin, Harm::Silent)]),
    (
        "asked, and the answer lost",
        &[(Step::Begin, Harm::DoneAndCut)],
    ),
    (
        "asked, and told it failed",
        &[(Step::Begin, Harm::DoneAndBroken)],
    ),
    (
        "failed for ever under its key",
        &[(Step::Begin, Harm::Remembered)],
    ),
    ("captured in vain", &[(Step::Capture, Harm::Busy)]),
    (
        "captured, and the answer lost",
        &[(Step::Capture, Harm::DoneAndCut)],
    ),
    (
        "the answer lost, and then looked for in vain",
        &[
            (Step::Begin, Harm::DoneAndCut),
            (Step::Look, Harm::Busy),
            (Step::Capture, Harm::Silent),
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_on_the_way_each_payment_is_taken_once() {
    let till = Till::with(Provider::Stripe).await;
    till.be_impatient();
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|said| said.parse().ok());
    let rounds: u32 = rounds.unwrap_or(ROUNDS);
    for (told, harm) in POINTS {
        let (_, bill) = till.office.billed().await;
        till.bank.harm(harm);
        let before = till.bank.captures();
        let charges: Vec<(String, Value)> =
            (0..rounds).map(|_| (key(), charge(bill, MINOR))).collect();
        let answers: Vec<u16> = stream::iter(&charges)
            .map(|(key, charge)| till.charge(key, charge))
            .buffer_unordered(ABREAST)
            .map(|said| said.status.as_u16())
            .collect()
            .await;
        assert!(
            answers.iter().all(|status| [201, 202].contains(status)),
            "{told}: {answers:?}"
        );
        assert!(answers.contains(&202), "{told}: nothing was lost");
        till.bank.harm(&[]);
        till.settle(told).await;
        assert_eq!(till.bank.captures() - before, rounds, "{told}");
        // nor is anything kept back from a payer twice
        let intents = till.bank.count("payment_intent");
        assert_eq!(u32::try_from(intents), Ok(rounds), "{told}");
        till.check(told).await;
        till.bank.tidy();
        // whoever asks again is told, always the same
        let (key, charge) = &charges[0];
        let [one, other] = [
            till.charge(key, charge).await,
            till.charge(key, charge).await,
        ];
        assert_eq!(one.status.as_u16(), 201, "{told}: {}", one.json());
        assert_eq!(one, other, "{told}");
        assert_eq!(one.json()["applied"]["amount_minor"], MINOR);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_charge_under_one_key_charge_once() {
    let till = Till::with(Provider::Stripe).await;
    for round in 0..10 {
        let (_, bill) = till.office.billed().await;
        let (key, charge) = (key(), charge(bill, MINOR));
        let calls = (0..100).map(|_| till.until_over(&key, &charge));
        let said: Vec<Said> = futures::future::join_all(calls).await;
        assert_eq!(till.bank.captures(), round + 1);
        let bodies: BTreeSet<&Vec<u8>> = said.iter().map(|one| &one.body).collect();
        assert_eq!(bodies.len(), 1, "byte for byte the same");
        let first = said.iter().filter(|one| !one.is_replayed).count();
        assert_eq!((said[0].status.as_u16(), first), (201, 1));
    }
    till.check("one key").await;
}

#[tokio::test]
async fn what_is_under_way_counts_and_what_was_declined_does_not() {
    let till = Till::with(Provider::Stripe).await;
    let (_, bill) = till.office.billed().await;
    till.bank.harm(&[(Step::Begin, Harm::Busy)]);
    let (first_key, first) = (key(), charge(bill, 1_000_000));
    assert_eq!(till.charge(&first_key, &first).await.status.as_u16(), 202);
    let said = till.charge(&key(), &charge(bill, 50_001)).await;
    assert_eq!(said.code(), "payment.exceeds_balance", "{}", said.json());
    let void = json!({ "bill": bill, "reason": "a mistake" });
    let said = till
        .office
        .post(&till.clerk, "/console/v1/bills/void", &void)
        .await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (409, "bill.payment_pending".into())
    );
    // the same payment cannot be made in another way, nor under another key
    let mut other = cash(bill, 1_000_000);
    other["payment"] = first["payment"].clone();
    let said = till
        .office
        .post(&till.clerk, crate::money::PAY, &other)
        .await;
    assert_eq!(said.code(), "payment.exists_different");
    assert_eq!(
        till.charge(&key(), &first).await.code(),
        "idempotency.in_progress"
    );
    till.bank.decline();
    till.settle("declined").await;
    let said = till.charge(&first_key, &first).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "payment.declined".into())
    );
    assert!(said.is_replayed);
    let said = till
        .office
        .post(&till.clerk, "/console/v1/bills/void", &void)
        .await;
    assert_eq!(said.status.as_u16(), 200);
    till.check("declined").await;
}

#[tokio::test]
async fn what_was_paid_meanwhile_stays_the_patients() {
    let till = Till::with(Provider::Stripe).await;
    let (told, bill) = till.office.billed().await;
    till.bank.harm(&[(Step::Capture, Harm::DoneAndCut)]);
    let (key, charge) = (key(), charge(bill, 1_050_000));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    let paid = till
        .office
        .post(&till.clerk, crate::money::PAY, &cash(bill, 1_050_000))
        .await;
    assert_eq!(paid.status.as_u16(), 201);
    till.settle("paid twice").await;
    let said = till.charge(&key, &charge).await.json();
    assert_eq!(said["kept"]["amount_minor"], 1_050_000);
    assert_eq!(till.office.on(&told, 2000).await, 1_050_000);
    let open = "select count(*) from billing.exception where kind = 'DUPLICATE_COLLECTION'";
    assert_eq!(till.office.count(open).await, 1);
    till.check("paid twice").await;
}

#[tokio::test]
async fn an_order_is_paid_on_the_gateways_page() {
    let till = Till::with(Provider::Razorpay).await;
    let (_, bill) = till.office.billed().await;
    till.bank.harm(&[
        (Step::Begin, Harm::DoneAndCut),
        (Step::Capture, Harm::DoneAndCut),
    ]);
    let (key, charge) = (key(), charge(bill, MINOR));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    let app = &till.office.hub.app;
    let soon = app.now().0 + TURN_MS;
    complete(app, soon).await.expect("the order is found");
    let said = till.charge(&key, &charge).await;
    let order = said.json()["payer"].as_str().map(str::to_owned);
    till.bank.pay(&order.expect("an order to pay"));
    till.settle("an order").await;
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 201);
    assert_eq!(till.bank.captures(), 1);
    till.check("an order").await;
}

#[tokio::test]
async fn what_nobody_pays_within_a_day_is_given_up_and_taken_if_it_comes_after_all() {
    let till = Till::with(Provider::Razorpay).await;
    let (_, bill) = till.office.billed().await;
    let (key, charge) = (key(), charge(bill, MINOR));
    assert_eq!(till.charge(&key, &charge).await.status.as_u16(), 202);
    let app = &till.office.hub.app;
    let day_later = app.now().0 + 86_400_001;
    complete(app, day_later).await.expect("errands run");
    let said = till.charge(&key, &charge).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "payment.expired".into())
    );
    till.office.check("given up").await;
}

/// Pays by the gateway, and has the clerk owe a part of it.
pub(crate) async fn owed(till: &Till, minor: i64) -> Uuid {
    let (_, bill) = till.office.billed().await;
    let said = till.charge(&key(), &charge(bill, 1_050_000)).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    let refund = world::new_id();
    let ask = json!({
        "refund": refund, "of": { "bill": bill }, "amount": { "amount_minor": minor, "currency": "INR" }, "reason": "kindness",
    });
    let said = till
        .office
        .post(&till.clerk, "/console/v1/refunds", &ask)
        .await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    refund
}

pub(crate) const HAND_OUT: &str = "/console/v1/refunds/hand-out";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_on_the_way_each_refund_arrives_once() {
    let till = Till::with(Provider::Stripe).await;
    let points = [
        (Step::Refund, Harm::Busy),
        (Step::Refund, Harm::DoneAndCut),
        (Step::Refund, Harm::DoneAndBroken),
        (Step::Refund, Harm::Remembered),
    ];
    for point in points {
        let told = format!("{point:?}");
        for _ in 0..10 {
            let refund = owed(&till, 300_000).await;
            let body = json!({ "refund": refund });
            till.bank.harm(&[point]);
            let key = key();
            let said = till.office.under(&till.clerk, HAND_OUT, &key, &body).await;
            assert_eq!(said.status.as_u16(), 202, "{told}: {}", said.json());
            // it is under way: nobody hands it out again
            let drawer = json!({ "refund": refund, "drawer": "front" });
            for again in [&drawer, &body] {
                let other = till.office.post(&till.clerk, HAND_OUT, again).await;
                assert_eq!(other.code(), "refund.state", "{told}");
            }
            till.bank.harm(&[]);
            till.settle(&told).await;
            let said = till.office.under(&till.clerk, HAND_OUT, &key, &body).await;
            assert_eq!(said.json()["state"], "succeeded", "{told}: {}", said.json());
        }
        till.check(&told).await;
    }
}

#[tokio::test]
async fn what_a_gateway_does_not_give_back_is_still_owed() {
    let till = Till::with(Provider::Razorpay).await;
    let (_, bill) = till.office.billed().await;
    let (key, charge) = (key(), charge(bill, 1_050_000));
    let said = till.charge(&key, &charge).await.json();
    till.bank.pay(said["payer"].as_str().expect("an order"));
    till.settle("paid").await;
    let refund = world::new_id();
    let ask = json!({
        "refund": refund, "of": { "bill": bill }, "amount": { "amount_minor": 3_500, "currency": "INR" }, "reason": "kindness",
    });
    till.office
        .post(&till.clerk, "/console/v1/refunds", &ask)
        .await;
    till.bank.refuse_refunds();
    let said = till
        .office
        .post(&till.clerk, HAND_OUT, &json!({ "refund": refund }))
        .await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (409, "refund.failed".into())
    );
    let open = "select count(*) from billing.exception where kind = 'REFUND_FAILED'";
    assert_eq!(till.office.count(open).await, 1);
    till.check("refused").await;
    let list = till
        .office
        .get(&till.clerk, "/console/v1/refunds")
        .await
        .json()["lines"]
        .clone();
    assert_eq!(
        (&list[0]["minor"], &list[0]["state"]),
        (&json!(3_500), &json!("pending"))
    );
    let out = json!({ "refund": list[0]["id"], "drawer": "front" });
    let said = till.office.post(&till.clerk, HAND_OUT, &out).await;
    assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    till.office.check("in cash").await;
}

#[tokio::test]
async fn a_slip_of_the_hospitals_own_terminal_is_good_for_one_payment() {
    let till = Till::with(Provider::House).await;
    let (_, bill) = till.office.billed().await;
    let mut first = charge(bill, MINOR);
    first["source"] = json!("0815-1");
    let first_key = key();
    assert_eq!(till.charge(&first_key, &first).await.status.as_u16(), 201);
    let mut second = charge(bill, MINOR);
    second["source"] = json!("0815-1");
    let said = till.charge(&key(), &second).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (422, "payment.slip_used".into())
    );
    let mut none = charge(bill, MINOR);
    none["source"] = Value::Null;
    assert_eq!(till.charge(&key(), &none).await.code(), "payment.no_slip");
    let mut rest = charge(bill, 1_050_000 - MINOR);
    rest["source"] = json!("0815-2");
    assert_eq!(till.charge(&key(), &rest).await.status.as_u16(), 201);
    let refund = world::new_id();
    let ask = json!({
        "refund": refund, "of": { "bill": bill }, "amount": { "amount_minor": 500_000, "currency": "INR" }, "reason": "kindness",
    });
    till.office
        .post(&till.clerk, "/console/v1/refunds", &ask)
        .await;
    let said = till
        .office
        .post(&till.clerk, HAND_OUT, &json!({ "refund": refund }))
        .await;
    assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    let of_terminals: Vec<(Uuid, i64)> = sqlx::query_as(
        "select payment, sum(entry.minor)::bigint from house.entry join house.charge on charge.id = charge group by payment",
    )
    .fetch_all(till.office.pool())
    .await
    .expect("the terminals' own books");
    assert_eq!(till.ledger().await, of_terminals.into_iter().collect());
    assert_eq!(
        id_of(&first),
        id_of(&till.charge(&first_key, &first).await.json())
    );
    till.office.check("slips").await;
}
