//! What desks gave a number to: in the books once, and what contradicts them is looked at by a person.

use crate::desk::{Answer, Desk};
use crate::money::{IsContested, Office, START_MS, Told, cash, completed};
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::access::Role;
use shared::ids::{RecordId, StaffId};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::payments::Method;
use shared::payments::desk::{
    BillsAnswer, Document, Given, Outcome, ReceiptsAnswer, ReceiptsAsk, bucket_of,
};
use sync_server::world;
use uuid::Uuid;

const RECEIPTS: &str = "/sync/v1/receipts";
const BILLS: &str = "/sync/v1/bills";

/// A desk with somebody who takes money, and what it numbers receipts with.
struct Till {
    desk: Desk,
    cashier: StaffId,
    series: String,
}

impl Till {
    async fn open(office: &Office) -> Self {
        let desk = Desk::new(&office.hub, office.hub.ward).await;
        let cashier = format!("cashier {}", world::new_id());
        let cashier = office.hub.add_staff(&cashier, &[Role::Billing]).await;
        let answer: ReceiptsAnswer = told(&desk, &[]).await.json();
        Self {
            series: answer.pads[0].series.clone(),
            desk,
            cashier,
        }
    }

    fn document(&self, number: u32, bill: Uuid, what: Given) -> Document {
        Document {
            id: world::new_id(),
            number: format!("{}-{number:06}", self.series),
            patient: RecordId(Uuid::from_u128(1)),
            bill,
            by: self.cashier,
            at_ms: world::now().0,
            what,
        }
    }

    fn receipt(&self, number: u32, bill: Uuid, minor: i64) -> Document {
        self.document(number, bill, received(minor, "INR"))
    }

    async fn tell(&self, documents: &[Document]) -> Vec<Outcome> {
        let answer: ReceiptsAnswer = told(&self.desk, documents).await.json();
        let numbers: Vec<&str> = answer.settled.iter().map(|it| it.number.as_str()).collect();
        let expect: Vec<&str> = documents.iter().map(|it| it.number.as_str()).collect();
        assert_eq!(numbers, expect);
        answer.settled.iter().map(|it| it.outcome).collect()
    }
}

async fn told(desk: &Desk, documents: &[Document]) -> Answer {
    let ask = ReceiptsAsk {
        incarnation: desk.incarnation,
        documents: documents.to_vec(),
    };
    desk.post(RECEIPTS, &ask).await
}

fn received(minor: i64, currency: &str) -> Given {
    Given::Receipt {
        amount: Money::new(minor, Currency::parse(currency).expect("a currency")),
        how: Method::Cash {
            drawer: "desk-1".into(),
        },
        tender: None,
    }
}

fn voids(of: &Document) -> Given {
    Given::Void {
        of: of.number.clone(),
        reason: "typed wrong".into(),
    }
}

async fn exceptions(office: &Office) -> Vec<String> {
    sqlx::query_scalar("select kind from billing.exception where settled_at is null order by id")
        .fetch_all(office.pool())
        .await
        .expect("exceptions")
}

const PAYMENTS: &str = "select count(*) from payments.payment";
const IN_DRAWERS: &str =
    "select coalesce(sum(debit - credit), 0)::bigint from billing.posting where account = 1000";

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_posted_once_however_often_it_is_told() {
    let office = Office::of_fee(10_000).await;
    let till = Till::open(&office).await;
    let (visit, bill) = office.billed().await;
    let receipt = [till.receipt(1, bill, 10_500)];
    let posted = Outcome::Posted {
        applied: 10_500,
        kept: 0,
    };
    let at_once = join_all((0..20).map(|_| till.tell(&receipt))).await;
    assert!(at_once.iter().all(|outcome| *outcome == [posted]));
    assert_eq!(till.tell(&receipt).await, [posted]);
    assert_eq!(office.count(PAYMENTS).await, 1);
    assert_eq!(office.on(&visit, 1000).await, 10_500);
    assert_eq!(office.on(&visit, 1100).await, 0);
    assert_eq!(exceptions(&office).await, [""; 0]);
    let noted =
        "select count(*) from audit_deed where position('receipt.came'::bytea in entry) > 0";
    assert_eq!(
        office.count(noted).await,
        1,
        "and it is in the audit log once"
    );
    office.check("told often").await;
    let clerk = office.clerk("billing").await;
    let looked = office
        .post(&clerk, "/console/v1/books/reconcile", &json!({}))
        .await;
    assert_eq!(
        looked.json()["found"],
        0,
        "and the daily look finds nothing"
    );
}

#[tokio::test]
async fn what_contradicts_the_books_is_in_them_and_looked_at() {
    let office = Office::of_fee(10_000).await;
    let (a, b) = (Till::open(&office).await, Till::open(&office).await);
    let clerk = office.clerk("billing").await;
    // two desks that do not hear each other take the same bill's money
    let (visit, bill) = office.billed().await;
    a.tell(&[a.receipt(1, bill, 10_500)]).await;
    let second = b.tell(&[b.receipt(1, bill, 10_500)]).await;
    assert_eq!(json!(second[0])["exception"], "DUPLICATE_COLLECTION");
    assert_eq!(office.on(&visit, 2000).await, 10_500, "it is the patient's");
    // more than is owed by now stays the patient's, which nobody has to look at
    let (visit, bill) = office.billed().await;
    a.tell(&[a.receipt(2, bill, 4_000)]).await;
    let (applied, kept) = (6_500, 4_000);
    let over = b.tell(&[b.receipt(2, bill, 10_500)]).await;
    assert_eq!(over, [Outcome::Posted { applied, kept }]);
    assert_eq!(office.on(&visit, 2000).await, 4_000);
    // the bill was voided meanwhile
    let (_, bill) = office.billed().await;
    let void = json!({ "bill": bill, "reason": "a mistake" });
    let said = office.post(&clerk, "/console/v1/bills/void", &void).await;
    assert_eq!(said.status, StatusCode::OK);
    let late = a.tell(&[a.receipt(3, bill, 10_500)]).await;
    assert_eq!(json!(late[0])["exception"], "PAYMENT_ON_VOID_BILL");
    // nobody knows the bill; and one of another currency
    let (_, bill) = office.billed().await;
    let odd = [
        a.receipt(4, world::new_id(), 700),
        a.document(5, bill, received(700, "EUR")),
    ];
    for outcome in a.tell(&odd).await {
        assert_eq!(
            json!(outcome),
            json!({ "outcome": "excepted", "exception": "RECEIPT_UNCLEAR" })
        );
    }
    let expect = [
        "DUPLICATE_COLLECTION",
        "PAYMENT_ON_VOID_BILL",
        "RECEIPT_UNCLEAR",
        "RECEIPT_UNCLEAR",
    ];
    assert_eq!(exceptions(&office).await, expect);
    assert_eq!(office.count(PAYMENTS).await, 7);
    office.check("contradictions").await;
}

#[tokio::test]
async fn who_takes_no_money_posts_none() {
    let office = Office::of_fee(10_000).await;
    let mut till = Till::open(&office).await;
    let (visit, bill) = office.billed().await;
    till.cashier = office.hub.nurse;
    let kept = till.tell(&[till.receipt(1, bill, 10_500)]).await;
    assert_eq!(
        json!(kept[0]),
        json!({ "outcome": "kept", "exception": "RECEIPT_UNCLEAR" })
    );
    assert_eq!(office.count(PAYMENTS).await, 0);
    assert_eq!(office.on(&visit, 1000).await, 0);
    let prepared = "select count(*) from billing.exception where prepared ->> 'why' = 'taken'";
    assert_eq!(
        office.count(prepared).await,
        1,
        "what would be written is kept"
    );
    office.check("by a nurse").await;
}

#[tokio::test]
async fn a_mistaken_receipt_is_taken_back_by_another_document() {
    let office = Office::of_fee(10_000).await;
    let till = Till::open(&office).await;
    let (visit, bill) = office.billed().await;
    let receipt = till.receipt(1, bill, 10_500);
    let void = till.document(2, bill, voids(&receipt));
    till.tell(&[receipt.clone(), void.clone()]).await;
    assert_eq!(till.tell(&[void]).await, [Outcome::Voided], "told again");
    assert_eq!(office.on(&visit, 1000).await, 0);
    assert_eq!(office.on(&visit, 1100).await, 10_500, "it is owed again");
    office.check("taken back").await;
    // once
    let again = till.tell(&[till.document(3, bill, voids(&receipt))]).await;
    assert_eq!(json!(again[0])["outcome"], "kept");
    // what went back as a refund meanwhile is not taken back twice
    let paid = till.receipt(4, bill, 10_500);
    till.tell(std::slice::from_ref(&paid)).await;
    let clerk = office.clerk("billing").await;
    let refund = json!({ "refund": world::new_id(), "of": { "bill": bill }, "reason": "kindness",
        "amount": { "amount_minor": 500, "currency": "INR" } });
    let said = office.post(&clerk, "/console/v1/refunds", &refund).await;
    assert!(said.status.is_success(), "{}", said.json());
    let late = till.tell(&[till.document(5, bill, voids(&paid))]).await;
    assert_eq!(json!(late[0])["exception"], "PAYMENT_RETURNED");
    // another desk's is not its to take back
    let other = Till::open(&office).await;
    let foreign = other.tell(&[other.document(1, bill, voids(&paid))]).await;
    assert_eq!(json!(foreign[0])["exception"], "RECEIPT_UNCLEAR");
    assert_eq!(office.count(IN_DRAWERS).await, 10_500);
    office.check("taken back twice").await;
}

#[tokio::test]
async fn a_number_that_is_missing_shows_until_it_comes() {
    let office = Office::of_fee(10_000).await;
    let till = Till::open(&office).await;
    let (_, bill) = office.billed().await;
    till.tell(&[till.receipt(1, bill, 100), till.receipt(4, bill, 100)])
        .await;
    let cause: String = sqlx::query_scalar("select cause from billing.exception")
        .fetch_one(office.pool())
        .await
        .expect("one exception");
    assert_eq!(cause, format!("gap:{}:000002-000003", till.series));
    till.tell(&[till.receipt(3, bill, 100)]).await;
    assert_eq!(exceptions(&office).await, ["RECEIPT_GAP"]);
    till.tell(&[till.receipt(2, bill, 100)]).await;
    assert_eq!(exceptions(&office).await, [""; 0], "all are there");
    office.check("late").await;
}

#[tokio::test]
async fn a_number_that_stands_for_two_things_stops_the_desk() {
    let office = Office::of_fee(10_000).await;
    let (till, other) = (Till::open(&office).await, Till::open(&office).await);
    let (_, bill) = office.billed().await;
    till.tell(&[till.receipt(1, bill, 100)]).await;
    let double = till.tell(&[till.receipt(1, bill, 100)]).await;
    assert_eq!(
        json!(double[0]),
        json!({ "outcome": "kept", "exception": "RECEIPT_DUP" })
    );
    assert_eq!(office.count(PAYMENTS).await, 1);
    let kept = "select count(*) from payments.document_doubled";
    assert_eq!(office.count(kept).await, 1);
    let stopped = told(&till.desk, &[]).await;
    assert_eq!(
        (stopped.status, stopped.code()),
        (StatusCode::FORBIDDEN, "device.suspended".into())
    );
    let alarms = "select count(*) from device_alarm where code = 'receipt.doubled'";
    assert_eq!(office.count(alarms).await, 1);
    // numbers of another desk are nobody else's
    let mut made_up = other.receipt(1, bill, 100);
    made_up.number = format!("{}-000002", till.series);
    other.tell(&[made_up]).await;
    assert_eq!(told(&other.desk, &[]).await.code(), "device.suspended");
    office.check("doubled").await;
}

#[tokio::test]
async fn each_life_of_a_desk_has_a_series_of_its_own() {
    let office = Office::of_fee(10_000).await;
    sqlx::query("update hospital set facility = 'B7'")
        .execute(office.pool())
        .await
        .expect("a setting");
    let mut desk = Desk::new(&office.hub, office.hub.ward).await;
    let first: ReceiptsAnswer = told(&desk, &[]).await.json();
    let same: ReceiptsAnswer = told(&desk, &[]).await.json();
    assert_eq!(first, same);
    assert_eq!(first.pads.len(), 2, "this year and the next");
    assert_eq!(first.pads[1].year, first.pads[0].year + 1);
    for pad in &first.pads {
        let begins = format!("{:02}B7-", pad.year % 100);
        assert!(pad.series.starts_with(&begins), "{}", pad.series);
    }
    desk.incarnation += 1;
    let other: ReceiptsAnswer = told(&desk, &[]).await.json();
    assert_ne!(first.pads[0].series, other.pads[0].series);
}

#[tokio::test]
async fn a_series_that_the_hub_forgot_is_still_the_desks() {
    let office = Office::of_fee(10_000).await;
    let mut till = Till::open(&office).await;
    let (_, bill) = office.billed().await;
    // given before the hub was put back from a copy
    till.series = "26A1-QQQ".into();
    let posted = till.tell(&[till.receipt(1, bill, 10_500)]).await;
    assert_eq!(json!(posted[0])["outcome"], "posted");
    // what a till of the console numbers with is no desk's
    let clerk = office.clerk("billing").await;
    let (_, bill) = office.billed().await;
    let said = office
        .post(&clerk, crate::money::PAY, &cash(bill, 10_500))
        .await;
    let receipt = said.json()["receipt"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    till.series = receipt.rsplit_once('-').expect("a number").0.to_owned();
    till.tell(&[till.receipt(2, bill, 1)]).await;
    assert_eq!(told(&till.desk, &[]).await.code(), "device.suspended");
    office.check("forgotten").await;
}

#[tokio::test]
async fn a_desk_knows_the_bills_of_its_wards_patients() {
    let office = Office::of_fee(10_000).await;
    let hub = &office.hub;
    let (here, there) = (
        Desk::new(hub, hub.ward).await,
        Desk::new(hub, hub.other_ward).await,
    );
    let patient = here.patient("Bills");
    here.push(vec![patient.envelope()]).await;
    let mut visit = Told {
        id: world::new_id(),
        patient: patient.id.0,
        nth: 0,
    };
    let booked = shared::events::What::Scheduled(crate::money::visit(&visit));
    office.tell(&mut visit, START_MS - 86_400_000, booked).await;
    let done = completed(&visit, IsContested::No);
    office.tell(&mut visit, START_MS, done).await;
    let bill = office.bill(&visit).await.expect("a bill");
    let ask = async |desk: &Desk, known: &[String]| -> BillsAnswer {
        desk.post(BILLS, &json!({ "known": known })).await.json()
    };
    let first = ask(&here, &[]).await;
    let mut known = vec![String::new(); 16];
    for bucket in &first.buckets {
        known[usize::from(bucket.number)].clone_from(&bucket.mark);
    }
    let mine: Vec<_> = first.buckets.iter().flat_map(|it| &it.bills).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!((mine[0].id, mine[0].balance.minor), (bill, 10_500));
    assert_eq!(
        ask(&here, &known).await,
        BillsAnswer::default(),
        "nothing new"
    );
    let others = ask(&there, &[]).await;
    assert!(others.buckets.iter().all(|it| it.bills.is_empty()));
    let clerk = office.clerk("billing").await;
    office
        .post(&clerk, crate::money::PAY, &cash(bill, 500))
        .await;
    let changed = ask(&here, &known).await;
    assert_eq!(changed.buckets.len(), 1);
    assert_eq!(changed.buckets[0].number, bucket_of(patient.id));
    assert_eq!(changed.buckets[0].bills[0].balance.minor, 10_000);
    let odd: Value = json!({ "known": vec![""; 17] });
    let refused = here.post(BILLS, &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
