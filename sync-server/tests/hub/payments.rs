//! Payments at the console: taken once however often it is asked for, and never more than is owed.

use crate::money::{Office, PAY, Said, cash, happen};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use sync_server::services::payments::tidy;
use sync_server::world;
use uuid::Uuid;

const ROUNDS: usize = 50;
const AT_ONCE: usize = 100;

fn key() -> String {
    world::new_id().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_pay_under_one_key_pay_once() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    for round in 0..ROUNDS {
        let (_, bill) = office.billed().await;
        let (key, pay) = (key(), cash(bill, 10_500));
        let calls = (0..AT_ONCE).map(|_| office.under(&clerk, PAY, &key, &pay));
        let said: Vec<Said> = join_all(calls).await;
        let first: Vec<&Said> = said.iter().filter(|one| !one.is_replayed).collect();
        assert_eq!(
            first.len(),
            1,
            "round {round}: {:?}",
            first.last().map(|one| one.json())
        );
        assert_eq!(first[0].status.as_u16(), 201, "{}", first[0].json());
        let bodies: BTreeSet<(u16, &[u8])> = said
            .iter()
            .map(|one| (one.status.as_u16(), one.body.as_slice()))
            .collect();
        assert_eq!(bodies.len(), 1, "byte for byte the same");
    }
    let paid = "select count(*) from payments.payment";
    assert_eq!(
        office.count(paid).await,
        i64::try_from(ROUNDS).expect("few")
    );
    office.check("one key").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_pay_one_bill_pay_no_more_than_is_owed() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    for round in 0..ROUNDS {
        let (_, bill) = office.billed().await;
        let pays: Vec<Value> = (0..AT_ONCE).map(|_| cash(bill, 1_000)).collect();
        let calls = pays.iter().map(|pay| office.post(&clerk, PAY, pay));
        let said: Vec<Said> = join_all(calls).await;
        let taken = said.iter().filter(|one| one.status.as_u16() == 201).count();
        assert_eq!(taken, 10, "round {round}");
        for one in said.iter().filter(|one| one.status.as_u16() != 201) {
            let known = [
                "payment.exceeds_balance",
                "bill.already_paid",
                "idempotency.in_progress",
            ];
            assert!(known.contains(&one.code().as_str()), "{}", one.json());
        }
    }
    office.check("many keys").await;
}

/// Every way to change one field of a body.
fn changed(body: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let other_bill = json!({ "bill": world::new_id() });
    let changes = [
        ("payment", json!(world::new_id())),
        ("for", other_bill),
        ("for", json!({ "visit": body["for"]["bill"] })),
        ("till", json!("back")),
        ("how", json!({ "method": "cash", "drawer": "back" })),
        ("how", json!({ "method": "card", "provider": "front" })),
        (
            "amount",
            json!({ "amount_minor": 10_499, "currency": "INR" }),
        ),
        (
            "amount",
            json!({ "amount_minor": 10_500, "currency": "EUR" }),
        ),
        (
            "tender",
            json!({ "tendered_minor": 12_000, "change_minor": 1_500 }),
        ),
        ("tender", Value::Null),
        ("keeps_rest", json!(true)),
    ];
    for (field, to) in changes {
        let mut other = body.clone();
        other[field] = to.clone();
        all.push((format!("{field} to {to}"), other));
    }
    all
}

#[tokio::test]
async fn a_key_stands_for_one_body_and_any_other_changes_nothing() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    let (key, mut pay) = (key(), cash(bill, 10_500));
    pay["tender"] = json!({ "tendered_minor": 11_000, "change_minor": 500 });
    pay["keeps_rest"] = json!(false);
    let first = office.under(&clerk, PAY, &key, &pay).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.json());
    let fields: BTreeSet<String> = pay.as_object().expect("fields").keys().cloned().collect();
    let changes = changed(&pay);
    let tried = changes
        .iter()
        .map(|(told, _)| told.split(' ').next().unwrap_or_default().to_owned());
    assert_eq!(tried.collect::<BTreeSet<_>>(), fields, "every field");
    for (told, other) in changes {
        let said = office.under(&clerk, PAY, &key, &other).await;
        assert_eq!(
            (said.status.as_u16(), said.code()),
            (422, "idempotency.key_reused".into()),
            "{told}"
        );
    }
    // the same in another order is the same
    let text = serde_json::to_string(&pay)
        .expect("JSON")
        .replace(',', " , ");
    let same = office
        .bytes(&clerk, PAY, Some(&format!("\"{key}\"")), text.into_bytes())
        .await;
    assert_eq!((same.is_replayed, &same.body), (true, &first.body));
    assert_eq!(
        office.count("select count(*) from payments.payment").await,
        1
    );
    office.check("one body").await;
}

#[tokio::test]
async fn a_key_that_was_forgotten_does_not_pay_again() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    let (key, pay) = (key(), cash(bill, 10_500));
    let first = office.under(&clerk, PAY, &key, &pay).await;
    let day = 86_400_000;
    let now = office.hub.app.now().0;
    assert_eq!(
        tidy(office.pool(), now + 399 * day).await.expect("tidied"),
        0
    );
    assert_eq!(
        tidy(office.pool(), now + 401 * day).await.expect("tidied"),
        1
    );
    let again = office.under(&clerk, PAY, &key, &pay).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, first.json()));
    let mut other = pay.clone();
    other["amount"]["amount_minor"] = json!(10_499);
    let refused = office.post(&clerk, PAY, &other).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "payment.exists_different".into())
    );
    assert_eq!(
        refused.json()["problems"][0]["field"],
        "amount/amount_minor"
    );
    assert_eq!(
        office.count("select count(*) from payments.payment").await,
        1
    );
    office.check("forgotten").await;
}

#[tokio::test]
async fn what_was_refused_stays_refused_and_what_was_not_tried_may_be() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (mut told, bill) = office.billed().await;
    let (key, pay) = (key(), cash(bill, 10_501));
    let refused = office.under(&clerk, PAY, &key, &pay).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (422, "payment.exceeds_balance".into())
    );
    let again = office.under(&clerk, PAY, &key, &pay).await;
    assert_eq!(
        (again.is_replayed, &again.body),
        (true, &refused.body),
        "byte for byte"
    );
    // a missing key, a key that is none, a body that is none: nothing is kept
    let text = serde_json::to_vec(&cash(bill, 10_500)).expect("JSON");
    for bad in [
        None,
        Some(""),
        Some("1"),
        Some("00000000-0000-0000-0000-000000000000"),
    ] {
        let said = office.bytes(&clerk, PAY, bad, text.clone()).await;
        assert_eq!(
            (said.status.as_u16(), said.code()),
            (400, "idempotency.key".into()),
            "{bad:?}"
        );
    }
    let float = String::from_utf8(text.clone())
        .expect("text")
        .replace("10500", "10500.0");
    let said = office
        .bytes(&clerk, PAY, Some(&self::key()), float.into_bytes())
        .await;
    assert_eq!((said.status.as_u16(), said.code()), (400, "shape".into()));
    let twice = String::from_utf8(text)
        .expect("text")
        .replacen('{', "{\"till\":\"back\",", 1);
    let said = office
        .bytes(&clerk, PAY, Some(&self::key()), twice.into_bytes())
        .await;
    assert_eq!((said.status.as_u16(), said.code()), (400, "shape".into()));
    assert_eq!(office.count("select count(*) from payments.once").await, 1);
    // somebody else who knows a key learns nothing
    let stranger = office.clerk("billing").await;
    let said = office.under(&stranger, PAY, &key, &pay).await;
    assert_eq!(
        (said.status.as_u16(), said.code()),
        (403, "not_allowed".into())
    );
    let nurse = office.clerk("pharmacist").await;
    assert_eq!(
        office.under(&nurse, PAY, &key, &pay).await.status.as_u16(),
        403
    );
    assert_eq!(happen(&office, &clerk, &mut told, "cash 10500").await, None);
    assert_eq!(
        happen(&office, &clerk, &mut told, "cash 1")
            .await
            .as_deref(),
        Some("bill.already_paid")
    );
    office.check("refused").await;
}

#[tokio::test]
async fn a_payment_that_cannot_be_is_refused_with_its_field() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    let check = async |field: &str, to: Value, status: u16, code: &str| {
        let mut pay = cash(bill, 10_500);
        pay[field] = to;
        let said = office.post(&clerk, PAY, &pay).await;
        assert_eq!(
            (said.status.as_u16(), said.code()),
            (status, code.to_owned()),
            "{pay}"
        );
    };
    check("for", json!({ "bill": Uuid::nil() }), 404, "bill.unknown").await;
    check("for", json!({ "visit": Uuid::nil() }), 404, "visit.unknown").await;
    check("for", json!({ "nobody": Uuid::nil() }), 400, "shape").await;
    check("till", json!("back"), 422, "payment.till").await;
    check("till", json!("=1"), 422, "payment.name").await;
    check(
        "how",
        json!({ "method": "transfer", "reference": "" }),
        422,
        "required",
    )
    .await;
    check(
        "amount",
        json!({ "amount_minor": 0, "currency": "INR" }),
        422,
        "money.out_of_range",
    )
    .await;
    check(
        "amount",
        json!({ "amount_minor": 1, "currency": "EUR" }),
        422,
        "money.currency_mismatch",
    )
    .await;
    check(
        "amount",
        json!({ "amount_minor": -1, "currency": "INR" }),
        400,
        "shape",
    )
    .await;
    check(
        "tender",
        json!({ "tendered_minor": 11_000, "change_minor": 0 }),
        422,
        "payment.tender",
    )
    .await;
    check("surprise", json!(1), 400, "shape").await;
    assert_eq!(
        office.count("select count(*) from payments.payment").await,
        0
    );
}

#[tokio::test]
async fn receipts_of_a_till_run_without_a_gap() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut receipts = Vec::new();
    for (minor, till) in [(1, "front"), (99_999, "front"), (1, "back"), (1, "front")] {
        let (_, bill) = office.billed().await;
        let mut pay = cash(bill, minor);
        (pay["till"], pay["how"]["drawer"]) = (json!(till), json!(till));
        let said = office.post(&clerk, PAY, &pay).await;
        receipts.push(said.json()["receipt"].as_str().map(str::to_owned));
    }
    let number = |at: usize| {
        let receipt = receipts[at].as_deref()?;
        shared::payments::receipts::ReceiptNumber::parse(receipt)
    };
    let numbers: Vec<Option<u32>> = (0..4).map(|at| number(at).map(|one| one.number)).collect();
    assert_eq!(numbers, [Some(1), None, Some(1), Some(2)], "{receipts:?}");
    assert_ne!(
        number(0).map(|one| one.series),
        number(2).map(|one| one.series)
    );
    office.check("receipts").await;
}
