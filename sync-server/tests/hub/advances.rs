//! Money without a bill is the patient's: it pays a bill, or goes back, and is never spent twice.

use crate::money::{Clerk, Office, PAY, cash};
use futures::future::join_all;
use serde_json::{Value, json};
use sync_server::world;
use uuid::Uuid;

const SPEND: &str = "/console/v1/payments/spend";

/// Somebody's money in advance, in a drawer.
async fn advance(office: &Office, clerk: &Clerk, patient: Uuid, minor: i64) -> Uuid {
    let mut pay = cash(patient, minor);
    pay["for"] = json!({ "patient": patient });
    let said = office.post(clerk, PAY, &pay).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    assert_eq!(said.json()["kept"]["amount_minor"], minor);
    serde_json::from_value(pay["payment"].clone()).expect("an id")
}

fn spend(payment: Uuid, bill: Uuid, minor: i64) -> Value {
    json!({
        "spending": world::new_id(), "payment": payment, "bill": bill, "amount": { "amount_minor": minor, "currency": "INR" },
    })
}

async fn left(office: &Office, clerk: &Clerk, patient: Uuid) -> Vec<i64> {
    let path = "/console/v1/bills/account";
    let said = office
        .post(clerk, path, &json!({ "patient": patient }))
        .await;
    let left = said.json()["left"].clone();
    let left: Vec<Value> = serde_json::from_value(left).expect("a list");
    left.iter()
        .filter_map(|line| line["minor"].as_i64())
        .collect()
}

#[tokio::test]
async fn an_advance_pays_a_bill_and_the_rest_goes_back() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (told, bill) = office.billed().await;
    let payment = advance(&office, &clerk, told.patient, 12_000).await;
    assert_eq!(left(&office, &clerk, told.patient).await, [12_000]);
    assert_eq!(
        office.on(&told, 1100).await,
        10_500,
        "nothing is paid by itself"
    );
    office.check("in advance").await;
    let code = async |ask: Value| office.post(&clerk, SPEND, &ask).await.code();
    assert_eq!(
        code(spend(payment, bill, 10_501)).await,
        "payment.exceeds_balance"
    );
    let (key, ask) = (world::new_id().to_string(), spend(payment, bill, 4_000));
    let said = office.under(&clerk, SPEND, &key, &ask).await;
    assert_eq!(said.json()["amount_minor"], 6_500, "{}", said.json());
    assert_eq!(
        office.under(&clerk, SPEND, &key, &ask).await.body,
        said.body
    );
    assert_eq!(code(ask).await, "payment.exists_different");
    office.check("spent").await;
    office
        .post(&clerk, SPEND, &spend(payment, bill, 6_500))
        .await;
    assert_eq!(code(spend(payment, bill, 1)).await, "bill.already_paid");
    assert_eq!(left(&office, &clerk, told.patient).await, [1_500]);
    // of what paid the bill a part goes back to where it came from, and what is left does
    for of in [json!({ "bill": bill }), json!({ "payment": payment })] {
        let refund = world::new_id();
        let amount = json!({ "amount_minor": 1_500, "currency": "INR" });
        let ask = json!({ "refund": refund, "of": of, "amount": amount, "reason": "kindness" });
        let said = office.post(&clerk, "/console/v1/refunds", &ask).await;
        assert_eq!(said.status.as_u16(), 201, "{}", said.json());
        let out = json!({ "refund": refund, "drawer": "front" });
        let said = office
            .post(&clerk, "/console/v1/refunds/hand-out", &out)
            .await;
        assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    }
    assert_eq!(left(&office, &clerk, told.patient).await, Vec::<i64>::new());
    office.check("went back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_spend_the_same_money_spend_it_once() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (told, bill) = office.billed().await;
    let payment = advance(&office, &clerk, told.patient, 4_000).await;
    let asks: Vec<Value> = (0..100).map(|_| spend(payment, bill, 1_000)).collect();
    let said = join_all(asks.iter().map(|ask| office.post(&clerk, SPEND, ask))).await;
    let done = said.iter().filter(|one| one.status.as_u16() == 201).count();
    // who waited too long for the others is told to ask again
    assert!((1..=4).contains(&done), "{done}");
    let spent = i64::try_from(done).expect("few") * 1_000;
    assert_eq!(office.on(&told, 1100).await, 10_500 - spent);
    office.check("at once").await;
}

#[tokio::test]
async fn nobody_spends_what_is_anothers_or_spent_and_a_visits_deposit_stays_its_own() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let (told, bill) = office.billed().await;
    let (other, others) = office.billed().await;
    let payment = advance(&office, &clerk, other.patient, 500).await;
    let code = async |ask: Value| office.post(&clerk, SPEND, &ask).await.code();
    assert_eq!(
        code(spend(payment, bill, 500)).await,
        "credit.other_patient"
    );
    assert_eq!(
        code(spend(payment, others, 501)).await,
        "credit.exceeds_left"
    );
    assert_eq!(
        code(spend(world::new_id(), bill, 1)).await,
        "payment.unknown"
    );
    assert_eq!(
        code(spend(payment, world::new_id(), 1)).await,
        "bill.unknown"
    );
    let mut nobody = cash(bill, 500);
    nobody["for"] = json!({ "patient": world::new_id() });
    assert_eq!(
        office.post(&clerk, PAY, &nobody).await.code(),
        "patient.unknown"
    );
    let mut card = crate::gateways::charge(bill, 500);
    card["for"] = json!({ "patient": told.patient });
    let said = office.post(&clerk, crate::gateways::CHARGES, &card).await;
    assert_eq!(said.code(), "payment.no_gateway");
    // a deposit that paid its own bill is not left any more
    let mut visit = office.visit().await;
    let mut deposit = cash(bill, 4_000);
    deposit["for"] = json!({ "visit": visit.id });
    office.post(&clerk, PAY, &deposit).await;
    assert_eq!(left(&office, &clerk, visit.patient).await, [4_000]);
    let done = crate::money::completed(&visit, crate::money::IsContested::No);
    office.tell(&mut visit, crate::money::START_MS, done).await;
    assert_eq!(
        left(&office, &clerk, visit.patient).await,
        Vec::<i64>::new()
    );
    office.check("refused").await;
}
