//! A payment as it is posted: what it does to its bill or its visit, its journal, its receipt and its row, in one transaction.

use super::receipts;
use crate::books::bills::{self, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::{Role, as_hub, currency, refused, work_as};
use crate::error::{Error, Result};
use crate::events::outbox;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::billing::Exception;
use shared::events::accounts::{Accounts, PaymentCompleted};
use shared::events::{Event, What};
use shared::ids::{RecordId, StaffId};
use shared::ledger::Journal;
use shared::ledger::journals::Parts;
use shared::money::Money;
use shared::payments::{self, Method, Origin};
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// What money is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum For {
    Bill(Uuid),
    /// A visit that is not billed yet.
    Visit(Uuid),
    /// Nothing yet: it stays with the hospital as the patient's.
    Patient(Uuid),
}

/// Money that came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coming<'a> {
    pub(crate) payment: Uuid,
    pub(crate) amount: Money,
    pub(crate) how: &'a Method,
    pub(crate) till: &'a str,
    /// What was asked for, in the one way to write it.
    pub(crate) asked: &'a str,
    pub(crate) by: StaffId,
    pub(crate) at_ms: i64,
    /// The hospital's year, by which receipts are numbered.
    pub(crate) year: i16,
    /// Which event about it this is: the second one if it was told before that it came to nothing.
    pub(crate) nth: u32,
}

/// What a payment does, before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) bill: Option<Known>,
    pub(crate) appointment: Option<Uuid>,
    pub(crate) patient: Uuid,
    pub(crate) parts: Parts,
    pub(crate) journal: Journal,
    pub(crate) exception: Option<Exception>,
}

/// Decides what money does to a bill, which is locked.
pub(crate) async fn for_bill(
    tx: &mut PgConnection,
    bill: Uuid,
    (amount, how): (Money, &Method),
    origin: Origin,
) -> Result<Decided> {
    let known = bills::lock(tx, bill).await?;
    let mut known = known.ok_or_else(|| Error::Missing(Problem::new("bill.unknown", "for")))?;
    let taken = payments::take(&known.bill, amount, how.account(), origin).map_err(refused)?;
    known.bill = taken.written.bill;
    Ok(Decided {
        appointment: known.appointment,
        patient: known.patient,
        bill: Some(known),
        parts: taken.parts,
        journal: taken.written.journal,
        exception: taken.exception,
    })
}

/// A visit that money can be for, locked.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) appointment: Uuid,
    patient: Uuid,
    pub(crate) bill: Option<Uuid>,
    pub(crate) is_booked: bool,
}

/// Finds a visit that is paid for in a currency, and locks it.
pub(crate) async fn visit(
    tx: &mut PgConnection,
    appointment: Uuid,
    amount: Money,
) -> Result<Visit> {
    let row = sqlx::query(
        "select patient, currency, course, bill from billing.visit where appointment = $1 for update",
    )
    .bind(appointment)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("visit.unknown", "for")))?;
    let of_visit = currency(row.get("currency"))?;
    of_visit.must_be(amount.currency).map_err(refused)?;
    Ok(Visit {
        appointment,
        patient: row.get("patient"),
        bill: row.get("bill"),
        is_booked: row.get::<&str, _>("course") == "booked",
    })
}

/// Decides what money does that comes in before there is a bill.
pub(crate) fn for_visit(visit: &Visit, amount: Money, how: &Method) -> Result<Decided> {
    let journal = payments::deposit(amount, how.account()).map_err(refused)?;
    Ok(Decided {
        bill: None,
        appointment: Some(visit.appointment),
        patient: visit.patient,
        parts: Parts {
            applied: 0,
            kept: amount.minor,
        },
        journal,
        exception: None,
    })
}

/// Decides what money does that is for nothing yet.
pub(crate) async fn for_patient(
    tx: &mut PgConnection,
    patient: Uuid,
    amount: Money,
    how: &Method,
) -> Result<Decided> {
    // the services cannot read who is a patient
    as_hub(tx).await?;
    let is_known: bool = sqlx::query_scalar(
        "select exists (select 1 from record where id = $1 and kind = 1)
            or exists (select 1 from billing.visit where patient = $1)",
    )
    .bind(patient)
    .fetch_one(&mut *tx)
    .await?;
    work_as(tx, Role::Payments).await?;
    if !is_known {
        return Err(Error::Missing(Problem::new("patient.unknown", "for")));
    }
    let journal = payments::deposit(amount, how.account()).map_err(refused)?;
    Ok(Decided {
        bill: None,
        appointment: None,
        patient,
        parts: Parts {
            applied: 0,
            kept: amount.minor,
        },
        journal,
        exception: None,
    })
}

/// Writes a payment and returns the number of its receipt.
pub(crate) async fn post(
    tx: &mut PgConnection,
    coming: &Coming<'_>,
    decided: &Decided,
) -> Result<String> {
    let receipt = receipts::next(tx, coming.till, coming.year)
        .await?
        .to_string();
    match &decided.bill {
        Some(known) => {
            bills::store(tx, known.id, &known.bill, Voided::NOT).await?;
        }
        None => {
            sqlx::query("update billing.visit set deposit = deposit + $2 where appointment = $1")
                .bind(decided.appointment)
                .bind(decided.parts.kept)
                .execute(&mut *tx)
                .await?;
        }
    }
    let about = About {
        cause: format!("payment:{}", coming.payment),
        patient: Some(decided.patient),
        bill: decided.bill.as_ref().map(|bill| bill.id),
        appointment: decided.appointment,
        by: Some(coming.by.0),
        occurred_ms: coming.at_ms,
        recorded_ms: coming.at_ms,
        reverses: None,
    };
    journals::write(tx, &decided.journal, &about).await?;
    if let Some(kind) = decided.exception {
        crate::books::except(tx, kind, &about, None, coming.at_ms).await?;
    }
    store(tx, coming, decided, &receipt).await?;
    outbox::tell(tx, &[completed(coming, decided)]).await?;
    Ok(receipt)
}

fn completed(coming: &Coming<'_>, decided: &Decided) -> Event {
    let paid = PaymentCompleted {
        patient: RecordId(decided.patient),
        bill: decided.bill.as_ref().map(|bill| RecordId(bill.id)),
        appointment: decided.appointment.map(RecordId),
        amount: coming.amount,
        applied: Money::new(decided.parts.applied, coming.amount.currency),
        method: coming.how.word().to_owned(),
    };
    Event {
        subject: RecordId(coming.payment),
        nth: coming.nth,
        at_ms: coming.at_ms,
        recorded_ms: coming.at_ms,
        what: What::Accounts(Accounts::PaymentCompleted(paid)),
    }
}

async fn store(
    tx: &mut PgConnection,
    coming: &Coming<'_>,
    decided: &Decided,
    receipt: &str,
) -> Result<()> {
    let account = coming.how.account();
    sqlx::query(
        "insert into payments.payment (id, bill, appointment, patient, currency, minor, applied, kept, method, account, part, receipt, asked, by, at_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(coming.payment)
    .bind(decided.bill.as_ref().map(|bill| bill.id))
    .bind(decided.appointment)
    .bind(decided.patient)
    .bind(coming.amount.currency.letters())
    .bind(coming.amount.minor)
    .bind(decided.parts.applied)
    .bind(decided.parts.kept)
    .bind(json!(coming.how))
    .bind(i32::from(account.number()))
    .bind(account.part())
    .bind(receipt)
    .bind(coming.asked)
    .bind(coming.by.0)
    .bind(coming.at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// What is answered about a payment that is in the books.
pub(crate) fn paid(
    payment: Uuid,
    amount: Money,
    parts: Parts,
    (receipt, at_ms): (&str, i64),
) -> Value {
    let money = |minor: i64| Money::new(minor, amount.currency);
    json!({
        "payment": payment, "receipt": receipt, "amount": amount, "applied": money(parts.applied),
        "kept": money(parts.kept), "at_ms": at_ms,
    })
}
