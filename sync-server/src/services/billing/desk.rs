//! `POST /sync/v1/bills`: the bills of the patients that a desk's ward sees, in parts of which those alone are sent that changed.

use crate::app::App;
use crate::books::bills::{self, COLUMNS, Known};
use crate::error::{Error, Result};
use crate::session::Signed;
use axum::Json;
use axum::extract::State;
use sha2::{Digest, Sha256};
use shared::ids::{RecordId, WardId};
use shared::money::Money;
use shared::payments::desk::{BUCKETS, BillsAnswer, BillsAsk, Bucket, DeskBill, bucket_of};
use shared::problem::Problem;
use shared::sync::wire::hex;
use sqlx::{AssertSqlSafe, PgPool, Row};

/// Bills that a desk has, at most: the newest.
const BILLS: i64 = 5_000;
/// What is settled is of interest for so long.
const SETTLED_DAYS: i64 = 90;
/// Bills after which an answer is full.
const ENOUGH: usize = 2_000;

/// Returns the bills of a ward's patients that changed
#[utoipa::path(
    post, path = "/sync/v1/bills", operation_id = "desk_bills", tag = "sync", request_body = crate::api::money::BillsAsk,
    responses(
        (status = 200, description = "The parts that the desk does not have as they are", body = crate::api::money::BillsAnswer),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn of_ward(State(app): State<App>, signed: Signed) -> Result<Json<BillsAnswer>> {
    let ask: BillsAsk = serde_json::from_slice(&signed.body)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))?;
    if ask.known.len() > usize::from(BUCKETS) {
        let problem = Problem::new("too_long", "known").with("max", BUCKETS);
        return Err(Error::Invalid(vec![problem]));
    }
    let bills = read(&app.pool, signed.device.ward, app.now().0).await?;
    Ok(Json(answer(&ask.known, bills)))
}

async fn read(pool: &PgPool, ward: WardId, now_ms: i64) -> Result<Vec<DeskBill>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS}, (select number from billing.bill as one where one.id = bill.adds_to) as first from billing.bill
         where exists (select 1 from chart where chart.id = bill.patient and $1 = any (wards))
            and (issued_ms > $2 or (void_reason is null and net + tax > applied + benefit + contractual + forgiven))
         order by number desc limit $3"
    )))
    .bind(ward.0)
    .bind(now_ms - SETTLED_DAYS * 86_400_000)
    .bind(BILLS)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| Ok(shown(&bills::read(row)?, row.get("first"))))
        .collect()
}

fn shown(known: &Known, first: Option<i64>) -> DeskBill {
    let bill = &known.bill;
    let money = |minor: i64| Money::new(minor, bill.currency);
    DeskBill {
        id: known.id,
        number: known.number,
        patient: RecordId(known.patient),
        kind: bill.kind,
        state: bill.state(),
        net: money(bill.net),
        tax: money(bill.tax),
        gross: money(bill.gross()),
        balance: known.balance(),
        issued_ms: known.issued_ms,
        adds_to: first,
        what: known.what.clone(),
    }
}

/// Returns the parts that are not known as they are, until the answer is full.
fn answer(known: &[String], bills: Vec<DeskBill>) -> BillsAnswer {
    let mut parts: Vec<Vec<DeskBill>> = (0..BUCKETS).map(|_| Vec::new()).collect();
    for bill in bills {
        parts[usize::from(bucket_of(bill.patient))].push(bill);
    }
    let (mut answer, mut count) = (BillsAnswer::default(), 0);
    for (number, bills) in (0..).zip(parts) {
        let text = serde_json::to_vec(&bills).expect("a bill has string keys only");
        let mark = hex(&Sha256::digest(text)[..8]);
        if known.get(usize::from(number)) == Some(&mark) {
            continue;
        }
        if count >= ENOUGH {
            answer.more = true;
            break;
        }
        count += bills.len();
        answer.buckets.push(Bucket {
            number,
            mark,
            bills,
        });
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::billing::{BillKind, BillState};
    use shared::money::currency::Currency;
    use uuid::Uuid;

    fn bill(patient: u128, balance: i64) -> DeskBill {
        let money = |minor| Money::new(minor, Currency::parse("INR").expect("a currency"));
        DeskBill {
            id: Uuid::from_u128(patient),
            number: 1,
            patient: RecordId(Uuid::from_u128(patient)),
            kind: BillKind::Consultation,
            state: BillState::Open,
            net: money(10_000),
            tax: money(500),
            gross: money(10_500),
            balance: money(balance),
            issued_ms: 0,
            adds_to: None,
            what: None,
        }
    }

    fn marks(answer: &BillsAnswer) -> Vec<String> {
        let parts = answer.buckets.iter();
        parts.map(|bucket| bucket.mark.clone()).collect()
    }

    #[test]
    fn a_desk_gets_the_parts_alone_that_changed() {
        let first = answer(&[], vec![bill(1, 10_500), bill(2, 10_500)]);
        assert_eq!(first.buckets.len(), usize::from(BUCKETS));
        assert!(!first.more);
        let same = answer(&marks(&first), vec![bill(1, 10_500), bill(2, 10_500)]);
        assert_eq!(same, BillsAnswer::default());
        let paid = answer(&marks(&first), vec![bill(1, 10_500), bill(2, 0)]);
        let numbers: Vec<u8> = paid.buckets.iter().map(|bucket| bucket.number).collect();
        assert_eq!(numbers, [2]);
        let gone = answer(&marks(&first), vec![bill(1, 10_500)]);
        assert_eq!(gone.buckets.len(), 1);
        assert!(gone.buckets[0].bills.is_empty());
    }

    #[test]
    fn what_does_not_fit_comes_with_the_next_answer() {
        let all: Vec<DeskBill> = (0..5_000).map(|one| bill(one, 10_500)).collect();
        let (mut known, mut got, mut times) = (vec![String::new(); 16], 0, 0);
        loop {
            let answer = answer(&known, all.clone());
            for bucket in &answer.buckets {
                known[usize::from(bucket.number)] = bucket.mark.clone();
                got += bucket.bills.len();
            }
            times += 1;
            if !answer.more {
                break;
            }
        }
        assert_eq!((got, times), (5_000, 3));
    }
}
