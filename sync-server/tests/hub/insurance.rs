//! Claims over PostgreSQL: asked in order, answered in any, paid and given back; and a bill that is claimed is not voided.

use crate::money::{Clerk, Office, PAY, Said, Told, cash};
use serde_json::{Value, json};
use shared::office::claims::{ClaimPage, ClaimWhole};
use sync_server::world;
use uuid::Uuid;

pub(crate) const COVERAGE: &str = "/console/v1/insurance/coverage";
const CLAIM: &str = "/console/v1/insurance/claim";
const ACT: &str = "/console/v1/insurance/claim/act";
const ANSWER: &str = "/console/v1/insurance/answer";
const PAID: &str = "/console/v1/insurance/paid";

pub(crate) fn coverage(patient: Uuid, place: u32, until: Option<&str>) -> Value {
    json!({
        "id": world::new_id(), "patient": patient, "payor": format!("Mutual {place}"), "subscriber": "M-1", "place": place,
        "from": "2026-01-01", "until": until,
    })
}

/// An office with one bill of 10 500 and one coverage of its patient.
pub(crate) struct Desk {
    pub(crate) office: Office,
    pub(crate) clerk: Clerk,
    pub(crate) told: Told,
    pub(crate) bill: Uuid,
    pub(crate) coverage: Uuid,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let office = Office::of_fee(10_000).await;
        let clerk = office.clerk("billing").await;
        let (told, bill) = office.billed().await;
        let first = coverage(told.patient, 1, None);
        let said = office.post(&clerk, COVERAGE, &first).await;
        assert_eq!(said.status.as_u16(), 201, "{}", said.json());
        let coverage = id(&first["id"]);
        Self {
            office,
            clerk,
            told,
            bill,
            coverage,
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Said {
        self.office.post(&self.clerk, path, &body).await
    }

    async fn make(&self, coverage: Uuid) -> Said {
        let ask = json!({ "claim": world::new_id(), "bill": self.bill, "coverage": coverage });
        self.post(CLAIM, ask).await
    }

    /// A claim that was sent.
    pub(crate) async fn sent(&self, coverage: Uuid) -> Uuid {
        let made = self.make(coverage).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.json());
        let claim = id(&made.json()["claim"]);
        assert_eq!(self.act(claim, "submit").await, "submitted");
        claim
    }

    async fn act(&self, claim: Uuid, act: &str) -> String {
        state(&self.post(ACT, json!({ "claim": claim, "act": act })).await)
    }

    pub(crate) async fn answer(&self, claim: Uuid, answer: (u32, &str, &str, &str)) -> String {
        let response = response(claim, answer);
        state(
            &self
                .post(ANSWER, json!({ "claim": claim, "response": response }))
                .await,
        )
    }

    pub(crate) async fn paid(&self, claim: Uuid, minor: i64, direction: &str) -> String {
        let amount = json!({ "amount_minor": minor, "currency": "INR" });
        let ask = json!({ "claim": claim, "payment": world::new_id(), "amount": amount, "direction": direction });
        state(&self.post(PAID, ask).await)
    }

    pub(crate) async fn balance(&self) -> i64 {
        self.office.on(&self.told, 1100).await
    }

    pub(crate) async fn whole(&self, claim: Uuid) -> ClaimWhole {
        let path = format!("/console/v1/insurance/claims/one?claim={claim}");
        let said = self.office.get(&self.clerk, &path).await;
        serde_json::from_value(said.json()).expect("a claim")
    }

    pub(crate) async fn exceptions(&self) -> Vec<String> {
        sqlx::query_scalar("select kind from billing.exception order by id")
            .fetch_all(self.office.pool())
            .await
            .expect("exceptions")
    }
}

pub(crate) fn id(value: &Value) -> Uuid {
    value.as_str().expect("an id").parse().expect("an id")
}

/// The state of a claim that was answered, or the code of what was refused.
pub(crate) fn state(said: &Said) -> String {
    let state = said.json()["state"].as_str().map(str::to_owned);
    state.unwrap_or_else(|| said.code())
}

/// What an insurer says: its version, its outcome, what it pays and what its contract takes off.
fn response(
    claim: Uuid,
    (version, outcome, benefit, contractual): (u32, &str, &str, &str),
) -> String {
    let total = |code: &str, value: &str| {
        format!(
            r#"{{"category":{{"coding":[{{"code":"{code}"}}]}},"amount":{{"value":{value},"currency":"INR"}}}}"#
        )
    };
    format!(
        r#"{{"resourceType":"ClaimResponse","id":"r","meta":{{"versionId":"{version}"}},"outcome":"{outcome}",
        "request":{{"reference":"Claim/{claim}"}},"total":[{},{}]}}"#,
        total("benefit", benefit),
        total("contractual", contractual),
    )
}

pub(crate) const PART: (u32, &str, &str, &str) = (2, "complete", "72.00", "0");

#[tokio::test]
async fn an_insurer_is_asked_answers_and_pays() {
    let desk = Desk::new().await;
    let claim = desk.sent(desk.coverage).await;
    assert_eq!(desk.act(claim, "submit").await, "submitted", "sent once");
    assert_eq!(
        desk.answer(claim, (1, "queued", "0", "0")).await,
        "accepted"
    );
    assert_eq!(desk.answer(claim, PART).await, "partial");
    assert_eq!(desk.balance().await, 3_300);
    assert_eq!(desk.office.on(&desk.told, 1110).await, 7_200);
    assert_eq!(desk.paid(claim, 7_201, "in").await, "claim.paid_too_much");
    assert_eq!(desk.paid(claim, 7_000, "in").await, "paid_partial");
    assert_eq!(desk.paid(claim, 200, "in").await, "paid");
    assert_eq!(desk.office.on(&desk.told, 1110).await, 0);
    assert_eq!(desk.act(claim, "close").await, "closed");
    assert_eq!(desk.act(claim, "cancel").await, "claim.state");
    let pay = desk.post(PAY, cash(desk.bill, 3_300)).await;
    assert_eq!(pay.status.as_u16(), 201);
    // what goes back to the patient is at most what the patient paid
    let refund = json!({ "refund": world::new_id(), "of": { "bill": desk.bill }, "amount": { "amount_minor": 3_301, "currency": "INR" }, "reason": "x" });
    assert_eq!(
        desk.post("/console/v1/refunds", refund).await.code(),
        "refund.exceeds_paid"
    );
    let whole = desk.whole(claim).await;
    let steps: Vec<&str> = whole.steps.iter().map(|step| step.state.word()).collect();
    assert_eq!(
        steps,
        [
            "draft",
            "submitted",
            "accepted",
            "partial",
            "paid_partial",
            "paid",
            "closed"
        ]
    );
    assert_eq!(
        whole.fhir["total"],
        json!({ "value": 105.0, "currency": "INR" })
    );
    desk.office.check("insured").await;
    assert_eq!(desk.exceptions().await, Vec::<String>::new());
}

#[tokio::test]
async fn answers_in_any_order_and_twice_come_to_the_same() {
    let first = (1, "queued", "0", "0");
    let second = (2, "complete", "72.00", "5.00");
    let third = (3, "complete", "60.00", "0");
    let [a, b, c] = [first, second, third];
    for order in [
        [a, b, c],
        [a, c, b],
        [b, a, c],
        [b, c, a],
        [c, a, b],
        [c, b, a],
    ] {
        let desk = Desk::new().await;
        let claim = desk.sent(desk.coverage).await;
        for answer in order.into_iter().chain(order) {
            desk.answer(claim, answer).await;
        }
        let whole = desk.whole(claim).await;
        assert_eq!(
            (
                whole.line.state.word(),
                whole.line.benefit,
                whole.line.contractual
            ),
            ("partial", 6_000, 0)
        );
        assert_eq!(
            (desk.balance().await, desk.office.on(&desk.told, 1110).await),
            (4_500, 6_000),
            "{order:?}"
        );
        assert_eq!(desk.office.on(&desk.told, 5000).await, 0);
        desk.office.check("answered").await;
    }
}

#[tokio::test]
async fn the_second_insurer_is_asked_for_what_the_first_leaves() {
    let desk = Desk::new().await;
    let second = coverage(desk.told.patient, 2, None);
    desk.post(COVERAGE, second.clone()).await;
    let second = id(&second["id"]);
    assert_eq!(desk.make(second).await.code(), "claim.first_insurer");
    let claim = desk.sent(desk.coverage).await;
    assert_eq!(desk.make(second).await.code(), "claim.first_insurer");
    desk.answer(claim, PART).await;
    let rest = desk.sent(second).await;
    assert_eq!(desk.whole(rest).await.line.submitted, 3_300);
    assert_eq!(
        desk.answer(rest, (1, "complete", "33.00", "0")).await,
        "approved"
    );
    assert_eq!(desk.balance().await, 0);
    assert_eq!(desk.make(desk.coverage).await.code(), "claim.nothing_owed");
    desk.office.check("two insurers").await;
}

#[tokio::test]
async fn only_who_covers_the_day_of_the_visit_is_asked_and_once() {
    let desk = Desk::new().await;
    let gone = coverage(desk.told.patient, 2, Some("2026-06-30"));
    desk.post(COVERAGE, gone.clone()).await;
    assert_eq!(desk.make(id(&gone["id"])).await.code(), "claim.not_covered");
    assert_eq!(desk.make(world::new_id()).await.code(), "coverage.unknown");
    let claim = desk.sent(desk.coverage).await;
    assert_eq!(desk.make(desk.coverage).await.code(), "claim.exists");
    assert_eq!(desk.act(claim, "cancel").await, "cancelled");
    let again = desk.sent(desk.coverage).await;
    assert_eq!(desk.whole(again).await.line.version, 2);
    // what comes for the one that was taken back waits for a person
    assert_eq!(desk.answer(claim, PART).await, "cancelled");
    assert_eq!(desk.exceptions().await, ["CLAIM_ANSWERED_LATE"]);
    assert_eq!(desk.balance().await, 10_500);
    for (wrong, code) in [("payor", "required"), ("until", "coverage.days")] {
        let mut bad = coverage(desk.told.patient, 1, Some("2025-12-31"));
        bad[wrong] = if wrong == "payor" {
            json!(" ")
        } else {
            bad[wrong].clone()
        };
        assert_eq!(desk.post(COVERAGE, bad).await.code(), code);
    }
}

#[tokio::test]
async fn a_bill_that_is_claimed_is_not_voided_until_the_claim_is_taken_back() {
    let desk = Desk::new().await;
    let claim = desk.sent(desk.coverage).await;
    let void = async || {
        let ask = json!({ "bill": desk.bill, "reason": "a mistake" });
        desk.post("/console/v1/bills/void", ask).await.code()
    };
    assert_eq!(void().await, "bill.claim_active");
    desk.act(claim, "cancel").await;
    assert_eq!(void().await, "");
    desk.office.check("voided").await;
}

#[tokio::test]
async fn what_an_insurer_paid_too_much_goes_back_to_it() {
    let desk = Desk::new().await;
    let claim = desk.sent(desk.coverage).await;
    desk.answer(claim, PART).await;
    desk.paid(claim, 7_200, "in").await;
    // it changes its mind after it paid
    assert_eq!(
        desk.answer(claim, (3, "complete", "60.00", "0")).await,
        "paid"
    );
    assert_eq!(desk.exceptions().await, ["INSURER_OVERPAID"]);
    assert_eq!(desk.balance().await, 3_300, "nothing moved");
    assert_eq!(desk.paid(claim, 7_201, "back").await, "claim.paid_too_much");
    // and what waited is taken
    assert_eq!(desk.paid(claim, 1_200, "back").await, "paid");
    let line = desk.whole(claim).await.line;
    assert_eq!(
        (line.benefit, line.paid, line.outstanding),
        (6_000, 6_000, 0)
    );
    assert_eq!(desk.balance().await, 4_500);
    desk.office.check("given back").await;
}

#[tokio::test]
async fn what_is_denied_is_asked_again_and_what_somebody_paid_already_waits() {
    let desk = Desk::new().await;
    let claim = desk.sent(desk.coverage).await;
    assert_eq!(
        desk.answer(claim, (1, "complete", "0", "0")).await,
        "denied"
    );
    let said = desk
        .post(ACT, json!({ "claim": claim, "act": "appeal" }))
        .await;
    assert_eq!(said.status.as_u16(), 201, "{}", said.json());
    let next = id(&said.json()["claim"]);
    let whole = desk.whole(next).await;
    assert_eq!((whole.line.version, whole.line.submitted), (2, 10_500));
    assert_eq!(
        whole.fhir["related"][0]["claim"]["reference"],
        format!("Claim/{claim}")
    );
    desk.act(next, "submit").await;
    desk.post(PAY, cash(desk.bill, 10_500)).await;
    assert_eq!(desk.answer(next, PART).await, "submitted");
    assert_eq!(desk.exceptions().await, ["CLAIM_EXCEEDS_BALANCE"]);
    desk.office.check("appealed").await;
}

#[tokio::test]
async fn claims_are_listed_page_by_page_with_what_waits_by_age() {
    let desk = Desk::new().await;
    // what is paid or denied waits for nothing
    for (days, state) in [
        (0, "submitted"),
        (30, "accepted"),
        (31, "paid_partial"),
        (45, "approved"),
        (121, "submitted"),
        (200, "denied"),
        (200, "paid"),
    ] {
        let (_, bill) = desk.office.billed().await;
        let statement = "insert into insurance.claim (id, bill, coverage, version, patient, currency, submitted, served, state, made_ms, submitted_ms, benefit, paid)
            values ($1, $2, $3, 1, $1, 'INR', 1000, '2026-11-01', $5, 0, $4, 700, case $5 when 'paid' then 700 when 'paid_partial' then 300 else 0 end)";
        sqlx::query(statement)
            .bind(world::new_id())
            .bind(bill)
            .bind(desk.coverage)
            .bind(world::now().0 - days * 86_400_000)
            .bind(state)
            .execute(desk.office.pool())
            .await
            .expect("a claim");
    }
    let page = async |clerk: &Clerk, query: &str| {
        let said = desk
            .office
            .get(clerk, &format!("/console/v1/insurance/claims{query}"))
            .await;
        serde_json::from_value::<ClaimPage>(said.json()).expect("a page")
    };
    let auditor = desk.office.clerk("auditor").await;
    let all = page(&auditor, "").await;
    assert_eq!((all.lines.len(), all.next), (7, None));
    let ages: Vec<_> = all
        .ages
        .iter()
        .map(|line| (line.age.word(), line.count, line.outstanding))
        .collect();
    assert_eq!(
        ages,
        [
            ("up_to30", 2, 2_000),
            ("up_to60", 2, 400 + 700),
            ("older", 1, 1_000)
        ]
    );
    assert_eq!(
        page(&auditor, &format!("?after={}", all.lines[5].number))
            .await
            .lines
            .len(),
        1
    );
    assert_eq!(page(&auditor, "?state=rejected").await.lines, []);
    assert_eq!(
        desk.office.post(&auditor, CLAIM, &json!({})).await.code(),
        "not_allowed"
    );
}
