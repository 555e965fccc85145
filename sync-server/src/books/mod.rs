//! The hub's half of money: bills and the books in the database. What is decided about them is in `shared`.
//!
//! The services work under roles of their own (migration 0025): neither can read a chart, and payments touch of a bill only its
//! sums. Whoever moves money locks the visit first, then the bill, then what is counted on.

pub(crate) mod bills;
pub(crate) mod journals;
pub(crate) mod once;
pub mod reconcile;
mod settlements;

use crate::error::{Error, Result};
use shared::ids::StaffId;
use shared::money::Money;
use shared::money::currency::Currency;
use shared::problem::Problem;
use sqlx::{AssertSqlSafe, PgConnection};

/// Under which role a service works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Billing,
    Payments,
}

impl Role {
    fn begins(self) -> &'static str {
        match self {
            Role::Billing => "set local role wardbook_billing; set local lock_timeout = '2s'",
            Role::Payments => "set local role wardbook_payments; set local lock_timeout = '2s'",
        }
    }
}

/// Works under a role until the transaction ends, or [`as_hub`].
pub(crate) async fn work_as(tx: &mut PgConnection, role: Role) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(role.begins()))
        .execute(tx)
        .await?;
    Ok(())
}

/// Works as the hub again.
pub(crate) async fn as_hub(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("reset role").execute(tx).await?;
    Ok(())
}

/// Reads a currency of the database.
pub(crate) fn currency(letters: &str) -> Result<Currency> {
    Currency::parse(letters)
        .ok_or_else(|| Error::Bug(anyhow::anyhow!("a currency of the books is unknown")))
}

/// Writes down something that a person has to look at. The same cause is written once.
pub(crate) async fn except(
    db: &mut PgConnection,
    kind: shared::billing::Exception,
    about: &journals::About,
    prepared: Option<&shared::ledger::Journal>,
    at_ms: i64,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into billing.exception (cause, kind, patient, bill, appointment, prepared, at_ms) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (cause) do nothing",
    )
    .bind(&about.cause)
    .bind(kind.word())
    .bind(about.patient)
    .bind(about.bill)
    .bind(about.appointment)
    .bind(prepared.map(journals::shown))
    .bind(at_ms)
    .execute(db)
    .await?;
    tracing::warn!(
        exception = kind.word(),
        "Money needs a person to look at it"
    );
    Ok(())
}

/// Money that goes back to a patient.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) id: uuid::Uuid,
    pub(crate) cause: String,
    pub(crate) bill: Option<uuid::Uuid>,
    /// The one payment that left it with the hospital.
    pub(crate) payment: Option<uuid::Uuid>,
    pub(crate) appointment: Option<uuid::Uuid>,
    pub(crate) patient: uuid::Uuid,
    pub(crate) amount: Money,
    pub(crate) state: shared::payments::refunds::RefundStep,
    /// Whether the books say so already.
    pub(crate) in_books: InBooks,
    pub(crate) reason: String,
    pub(crate) asked_by: Option<StaffId>,
    pub(crate) at_ms: i64,
}

/// Whether something that is to be paid back is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InBooks {
    Yes,
    /// Somebody else has to agree first.
    NotYet,
}

/// Writes down that something is to be paid back.
pub(crate) async fn owe(db: &mut PgConnection, owed: &Owed) -> sqlx::Result<()> {
    sqlx::query(
        "insert into payments.refund (id, cause, bill, appointment, patient, currency, minor, state, is_owed, reason, asked_by, at_ms, payment)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(owed.id)
    .bind(&owed.cause)
    .bind(owed.bill)
    .bind(owed.appointment)
    .bind(owed.patient)
    .bind(owed.amount.currency.letters())
    .bind(owed.amount.minor)
    .bind(owed.state.word())
    .bind(owed.in_books == InBooks::Yes)
    .bind(&owed.reason)
    .bind(owed.asked_by.map(|by| by.0))
    .bind(owed.at_ms)
    .bind(owed.payment)
    .execute(db)
    .await?;
    Ok(())
}

/// Letters of why money is treated so, at most.
pub(crate) const REASON_CHARS: usize = 200;

/// Returns what somebody gave as their reason.
pub(crate) fn reason_of(said: &str, most: usize) -> Result<&str> {
    let reason = said.trim();
    if reason.is_empty() {
        return Err(Error::Invalid(vec![Problem::new("required", "reason")]));
    }
    if reason.chars().count() > most {
        let problem = Problem::new("too_long", "reason").with("max", most);
        return Err(Error::Invalid(vec![problem]));
    }
    Ok(reason)
}

/// Says which refusals of a rule are about the state of things and which about what was asked.
pub(crate) fn refused(problem: Problem) -> Error {
    match problem.code.as_str() {
        "bill.void"
        | "bill.already_paid"
        | "bill.payment_pending"
        | "bill.claim_active"
        | "bill.not_paid"
        | "payment.over"
        | "payment.not_cancellable"
        | "refund.state"
        | "refund.same_person"
        | "refund.needs_second"
        | "claim.state"
        | "claim.no_excess"
        | "claim.paid_too_much" => Error::Clash(problem),
        _ => Error::Invalid(vec![problem]),
    }
}
