//! An insurer covers more than is owed, since the patient paid meanwhile: whose the difference is, a person says once.

use crate::insurance::{COVERAGE, Desk, PART, coverage, id, state};
use crate::money::{Office, PAY, cash};
use serde_json::json;
use sync_server::world;
use uuid::Uuid;

const EXCESS: &str = "/console/v1/insurance/claim/excess";

/// A claim for all of a bill that the patient paid so much of before the insurer answered.
async fn paid_before(desk: &Desk, paid: i64) -> Uuid {
    let claim = desk.sent(desk.coverage).await;
    let said = desk.post(PAY, cash(desk.bill, paid)).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    assert_eq!(desk.answer(claim, PART).await, "submitted", "it waits");
    assert_eq!(desk.exceptions().await, ["CLAIM_EXCEEDS_BALANCE"]);
    claim
}

async fn settle(desk: &Desk, claim: Uuid, whose: &str) -> String {
    let ask = json!({ "claim": claim, "whose": whose, "reason": "the insurer was late" });
    state(&desk.post(EXCESS, ask).await)
}

async fn open(desk: &Desk) -> i64 {
    let open = "select count(*) from billing.exception where settled_at is null";
    desk.office.count(open).await
}

#[tokio::test]
async fn what_an_insurer_covers_of_what_the_patient_paid_is_the_patients() {
    let desk = Desk::new().await;
    let claim = paid_before(&desk, 8_000).await;
    let excess = desk.whole(claim).await.excess.expect("it is shown");
    assert_eq!((excess.minor, excess.patient_max), (4_700, 8_000));
    assert_eq!(settle(&desk, claim, "patient").await, "partial");
    assert_eq!(open(&desk).await, 0);
    assert_eq!(
        (desk.balance().await, desk.office.on(&desk.told, 2000).await),
        (0, 4_700)
    );
    assert_eq!(desk.office.on(&desk.told, 1110).await, 7_200);
    desk.office.check("kept").await;
    // nothing is settled twice
    assert_eq!(desk.whole(claim).await.excess, None);
    assert_eq!(settle(&desk, claim, "patient").await, "claim.no_excess");
    // it goes back to the patient like anything else that is left of a payment
    let account = json!({ "patient": desk.told.patient });
    let left = desk.post("/console/v1/bills/account", account).await.json()["left"][0].clone();
    assert_eq!(left["minor"], 4_700, "{left}");
    let refund = json!({
        "refund": world::new_id(), "of": { "payment": left["payment"] }, "amount": { "amount_minor": 4_700, "currency": "INR" },
        "reason": "the insurer paid",
    });
    let said = desk.post("/console/v1/refunds", refund.clone()).await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    let out = json!({ "refund": refund["refund"], "drawer": "front" });
    let said = desk.post("/console/v1/refunds/hand-out", out).await;
    assert_eq!(said.json()["state"], "succeeded", "{}", said.json());
    assert_eq!(desk.paid(claim, 7_200, "in").await, "paid");
    desk.office.check("handed out").await;
}

#[tokio::test]
async fn an_insurer_keeps_what_it_covers_too_much_where_somebody_says_so() {
    let desk = Desk::new().await;
    let claim = paid_before(&desk, 8_000).await;
    let unsaid = json!({ "claim": claim, "whose": "insurer", "reason": " " });
    assert_eq!(desk.post(EXCESS, unsaid).await.code(), "required");
    assert_eq!(settle(&desk, claim, "insurer").await, "partial");
    assert_eq!(open(&desk).await, 0);
    let whole = desk.whole(claim).await;
    assert_eq!((whole.line.benefit, whole.excess), (2_500, None));
    assert_eq!(
        (desk.balance().await, desk.office.on(&desk.told, 2000).await),
        (0, 0)
    );
    // more than that is not the hospital's
    assert_eq!(desk.paid(claim, 7_200, "in").await, "claim.paid_too_much");
    assert_eq!(desk.paid(claim, 2_500, "in").await, "paid");
    desk.office.check("the insurer's").await;
}

#[tokio::test]
async fn what_was_paid_before_the_visit_is_left_for_the_next_one() {
    let office = Office::of_fee(10_000).await;
    let clerk = office.clerk("billing").await;
    let mut told = office.visit().await;
    let mut deposit = cash(told.id, 10_500);
    deposit["for"] = json!({ "visit": told.id });
    office.post(&clerk, PAY, &deposit).await;
    let done = crate::money::completed(&told, crate::money::IsContested::No);
    office.tell(&mut told, crate::money::START_MS, done).await;
    let bill = office.bill(&told).await.expect("a bill");
    let first = coverage(told.patient, 1, None);
    office.post(&clerk, COVERAGE, &first).await;
    // a claim that was sent before the deposit was applied
    let claim = world::new_id();
    let statement = "insert into insurance.claim (id, bill, coverage, version, patient, currency, submitted, served, state, made_ms, submitted_ms)
        values ($1, $2, $3, 1, $4, 'INR', 10500, '2026-12-01', 'submitted', 0, 0)";
    sqlx::query(statement)
        .bind(claim)
        .bind(bill)
        .bind(id(&first["id"]))
        .bind(told.patient)
        .execute(office.pool())
        .await
        .expect("a claim");
    let coverage = id(&first["id"]);
    let desk = Desk {
        office,
        clerk,
        told,
        bill,
        coverage,
    };
    assert_eq!(desk.answer(claim, PART).await, "submitted");
    assert_eq!(settle(&desk, claim, "patient").await, "partial");
    assert_eq!(desk.office.on(&desk.told, 2000).await, 7_200);
    desk.office.check("a deposit").await;
}
