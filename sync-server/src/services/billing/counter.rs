//! Bills as a cashier looks for them, one with its history, and what a patient has with the hospital. That a name was shown is noted.

use crate::app::App;
use crate::books::bills::{self, COLUMNS, Known};
use crate::books::currency;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::emergency::review::names;
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::ids::{RecordId, StaffId};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::office::bills::{
    BillLine, BillPage, BillSearch, BillWhole, JournalLine, LeftLine, OneBill, OnePatient,
    OwedLine, PatientAccount, PaymentLine,
};
use shared::problem::Problem;
use shared::record::Kind;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

/// Bills of a page.
const LINES: i64 = 50;
/// What is shown of the history of one.
const HISTORY: i64 = 200;

fn line(known: &Known) -> BillLine {
    let bill = &known.bill;
    BillLine {
        id: known.id,
        number: known.number,
        patient: known.patient,
        kind: bill.kind,
        state: bill.state(),
        currency: bill.currency,
        net: bill.net,
        tax: bill.tax,
        gross: bill.gross(),
        balance: bill.balance(),
        issued_ms: known.issued_ms,
        adds_to: known.adds_to,
        what: known.what.clone(),
    }
}

/// A state as the sums of a bill show it: `shared::billing::Bill::state`.
const STATE: &str = "case when void_reason is not null then 'void' when net + tax = applied + benefit + contractual + forgiven then 'paid'
    when applied + benefit + contractual = 0 then 'open' else 'partially_paid' end";

/// Looks for bills by a hospital number, by their number and by their state, the newest first
#[utoipa::path(
    post, path = "/console/v1/bills/search", operation_id = "console_bill_search", tag = "console",
    request_body = crate::api::bills::BillSearch,
    responses(
        (status = 200, description = "A page", body = crate::api::bills::BillPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn search(
    State(app): State<App>,
    person: Person,
    said: Result<Json<BillSearch>, JsonRejection>,
) -> Result<Json<BillPage>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let ask = read(said)?;
    let before = ask.before.as_deref().map(str::parse::<i64>).transpose();
    let before = before.map_err(|_| Error::Malformed(Problem::new("shape", "before")))?;
    let text = ask.text.as_deref().map(str::trim).unwrap_or_default();
    let mut db = app.pool.acquire().await?;
    let patient = of_number(&mut db, text).await?;
    let number = patient
        .is_none()
        .then(|| text.parse::<i64>().ok())
        .flatten();
    if !text.is_empty() && patient.is_none() && number.is_none() {
        return Ok(Json(BillPage {
            lines: Vec::new(),
            next: None,
        }));
    }
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where number < $1 and ($2::uuid is null or patient = $2) and ($3::bigint is null or number = $3)
            and ($4::text is null or {STATE} = $4) order by number desc limit $5"
    )))
    .bind(before.unwrap_or(i64::MAX))
    .bind(patient)
    .bind(number)
    .bind(ask.state.map(|state| state.word()))
    .bind(LINES)
    .fetch_all(&mut *db)
    .await?;
    let lines: Vec<BillLine> = rows
        .iter()
        .map(|row| Ok(line(&bills::read(row)?)))
        .collect::<Result<_>>()?;
    let is_full = rows.len() == usize::try_from(LINES).unwrap_or_default();
    let last = lines.last().filter(|_| is_full);
    Ok(Json(BillPage {
        next: last.map(|line| line.number.to_string()),
        lines,
    }))
}

/// Returns whose hospital number it is.
async fn of_number(db: &mut PgConnection, text: &str) -> Result<Option<Uuid>> {
    let patient =
        sqlx::query_scalar("select id from record where claim = 'mrn ' || $1 and kind = 1")
            .bind(text)
            .fetch_optional(db)
            .await?;
    Ok(patient)
}

/// Who a patient is, as the record says, and that somebody was told.
async fn who(
    db: &mut PgConnection,
    patient: Uuid,
    by: StaffId,
) -> Result<(Option<String>, Option<String>)> {
    let name = names(db, &[patient]).await?.remove(&patient);
    let claim: Option<String> = sqlx::query_scalar("select claim from record where id = $1")
        .bind(patient)
        .fetch_optional(&mut *db)
        .await?
        .flatten();
    let looked = deed(What::ChartViewed, HUB, Some(by)).because("bill");
    note(db, &looked.about(Kind::Patient, RecordId(patient))).await?;
    let mrn = claim.and_then(|claim| claim.strip_prefix("mrn ").map(str::to_owned));
    Ok((name.filter(|name| !name.is_empty()), mrn))
}

/// Shows a bill with its payments and everything the books have of it
#[utoipa::path(
    post, path = "/console/v1/bills/one", operation_id = "console_bill_one", tag = "console", request_body = crate::api::bills::OneBill,
    responses(
        (status = 200, description = "The bill", body = crate::api::bills::BillWhole),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn one(
    State(app): State<App>,
    person: Person,
    said: Result<Json<OneBill>, JsonRejection>,
) -> Result<Json<BillWhole>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let ask = read(said)?;
    let mut db = app.pool.acquire().await?;
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where id = $1"
    )))
    .bind(ask.bill)
    .fetch_optional(&mut *db)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "bill")))?;
    let known = bills::read(&row)?;
    let (name, mrn) = who(&mut db, known.patient, person.staff.id).await?;
    let bill = &known.bill;
    Ok(Json(BillWhole {
        line: line(&known),
        name,
        mrn,
        rate_basis_points: bill.rate.basis_points,
        applied: bill.applied,
        benefit: bill.cover.benefit,
        contractual: bill.cover.contractual,
        forgiven: bill.forgiven,
        returned: bill.returned,
        void_reason: row.get("void_reason"),
        first: number_of(&mut db, known.adds_to).await?,
        supplements: supplements(&mut db, known.id).await?,
        payments: payments(&mut db, known.id).await?,
        journals: journals(&mut db, known.id).await?,
    }))
}

async fn number_of(db: &mut PgConnection, bill: Option<Uuid>) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select number from billing.bill where id = $1")
        .bind(bill)
        .fetch_optional(db)
        .await
}

/// What was charged after a bill was issued, the oldest first.
async fn supplements(db: &mut PgConnection, bill: Uuid) -> Result<Vec<BillLine>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where adds_to = $1 order by number limit $2"
    )))
    .bind(bill)
    .bind(LINES)
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| Ok(line(&bills::read(row)?)))
        .collect()
}

async fn payments(db: &mut PgConnection, bill: Uuid) -> Result<Vec<PaymentLine>> {
    let rows = sqlx::query(
        "select id, receipt, method ->> 'method' as method, minor, refunded, by, at_ms from payments.payment where bill = $1
         order by number limit $2",
    )
    .bind(bill)
    .bind(HISTORY)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| PaymentLine {
        id: row.get("id"),
        receipt: row.get("receipt"),
        method: row.get::<Option<String>, _>("method").unwrap_or_default(),
        minor: row.get("minor"),
        refunded: row.get("refunded"),
        by: StaffId(row.get("by")),
        at_ms: row.get("at_ms"),
    };
    Ok(rows.iter().map(read).collect())
}

async fn journals(db: &mut PgConnection, bill: Uuid) -> Result<Vec<JournalLine>> {
    let rows = sqlx::query(
        "select id, why, by, occurred_ms, recorded_ms,
            (select coalesce(sum(debit), 0)::bigint from billing.posting where posting.journal = journal.id) as minor
         from billing.journal where bill = $1 order by id limit $2",
    )
    .bind(bill)
    .bind(HISTORY)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| JournalLine {
        id: row.get("id"),
        why: row.get("why"),
        minor: row.get("minor"),
        by: row.get::<Option<Uuid>, _>("by").map(StaffId),
        occurred_ms: row.get("occurred_ms"),
        recorded_ms: row.get("recorded_ms"),
    };
    Ok(rows.iter().map(read).collect())
}

/// Shows what a patient owes and has with the hospital
#[utoipa::path(
    post, path = "/console/v1/bills/account", operation_id = "console_patient_account", tag = "console",
    request_body = crate::api::bills::OnePatient,
    responses(
        (status = 200, description = "The account", body = crate::api::bills::PatientAccount),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn account(
    State(app): State<App>,
    person: Person,
    said: Result<Json<OnePatient>, JsonRejection>,
) -> Result<Json<PatientAccount>> {
    may_do(&person.staff.roles, Task::Cashier).map_err(Error::Forbidden)?;
    let OnePatient { patient } = read(said)?;
    let mut db = app.pool.acquire().await?;
    let (name, mrn) = who(&mut db, patient, person.staff.id).await?;
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where patient = $1 order by number desc limit $2"
    )))
    .bind(patient)
    .bind(LINES)
    .fetch_all(&mut *db)
    .await?;
    let bills = rows.iter().map(|row| Ok(line(&bills::read(row)?)));
    Ok(Json(PatientAccount {
        name,
        mrn,
        bills: bills.collect::<Result<_>>()?,
        currency: newest_currency(&mut db).await?,
        owed: owed(&mut db, patient).await?,
        left: left(&mut db, patient).await?,
    }))
}

/// What the hospital asks for now.
async fn newest_currency(db: &mut PgConnection) -> Result<Option<Currency>> {
    let letters: Option<String> = sqlx::query_scalar(
        "select currency from billing.price order by from_ms desc, id desc limit 1",
    )
    .fetch_optional(db)
    .await?;
    letters.as_deref().map(currency).transpose()
}

async fn owed(db: &mut PgConnection, patient: Uuid) -> Result<Vec<OwedLine>> {
    let rows = sqlx::query(
        "select currency, coalesce(sum(debit - credit) filter (where account = 1100), 0)::bigint as receivable,
            coalesce(sum(credit - debit) filter (where account = 2000), 0)::bigint as credit,
            coalesce(sum(credit - debit) filter (where account = 2050), 0)::bigint as payable
         from billing.journal join billing.posting on posting.journal = journal.id
         where patient = $1 and account in (1100, 2000, 2050) group by currency order by currency",
    )
    .bind(patient)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        Ok(OwedLine {
            currency: currency(row.get("currency"))?,
            receivable: row.get("receivable"),
            credit: row.get("credit"),
            payable: row.get("payable"),
        })
    };
    rows.iter().map(read).collect()
}

async fn left(db: &mut PgConnection, patient: Uuid) -> Result<Vec<LeftLine>> {
    let rows = sqlx::query(
        // of what was paid for a visit beforehand, what did not pay its bill meanwhile
        "select id, receipt, currency, minor, at_ms from (
            select payment.id, receipt, payment.currency, number, at_ms, least(kept - released,
                case when payment.bill is null then (select deposit from billing.visit where visit.appointment = payment.appointment) end) as minor
            from payments.payment where payment.patient = $1 and kept > released) left_of
         where minor > 0 order by number desc limit $2",
    )
    .bind(patient)
    .bind(LINES)
    .fetch_all(db)
    .await?;
    let read = |row: &PgRow| {
        let amount = Money::new(row.get("minor"), currency(row.get("currency"))?);
        Ok(LeftLine {
            payment: row.get("id"),
            receipt: row.get("receipt"),
            currency: amount.currency,
            minor: amount.minor,
            at_ms: row.get("at_ms"),
        })
    };
    rows.iter().map(read).collect()
}
