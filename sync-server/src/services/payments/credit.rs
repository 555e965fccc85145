//! What money goes back of: a bill that was paid, or what a payment left with the hospital.

use crate::books::bills::{self, Known, Voided};
use crate::books::journals::{self, About};
use crate::books::{Owed, currency, refused};
use crate::error::{Error, Result};
use serde::Deserialize;
use shared::ids::StaffId;
use shared::ledger::{Journal, journals as books};
use shared::money::currency::Currency;
use shared::problem::Problem;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// What somebody wants money back of.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Of {
    Bill(Uuid),
    /// More was paid than was owed, or for a visit that is still to come.
    Payment(Uuid),
}

/// The same, found and locked.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Bill(Known),
    Left(Left),
}

/// What is left of a payment.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    payment: Uuid,
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    patient: Uuid,
    currency: Currency,
    available: i64,
}

impl Left {
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// Returns what of it can be given back or spent.
    pub(crate) fn available(&self) -> i64 {
        self.available
    }
}

impl Found {
    pub(crate) fn currency(&self) -> Currency {
        match self {
            Found::Bill(known) => known.bill.currency,
            Found::Left(left) => left.currency,
        }
    }

    pub(crate) fn patient(&self) -> Uuid {
        match self {
            Found::Bill(known) => known.patient,
            Found::Left(left) => left.patient,
        }
    }

    pub(crate) fn appointment(&self) -> Option<Uuid> {
        match self {
            Found::Bill(known) => known.appointment,
            Found::Left(left) => left.appointment,
        }
    }

    pub(crate) fn bill(&self) -> Option<Uuid> {
        match self {
            Found::Bill(known) => Some(known.id),
            Found::Left(left) => left.bill,
        }
    }

    pub(crate) fn payment(&self) -> Option<Uuid> {
        match self {
            Found::Bill(_) => None,
            Found::Left(left) => Some(left.payment),
        }
    }

    /// Says whether so much can go back.
    pub(crate) fn may(&self, minor: i64) -> Result<()> {
        match self {
            Found::Bill(known) => known.bill.refund(minor).map(|_| ()).map_err(refused),
            Found::Left(left) if minor > left.available => {
                let problem = Problem::new("refund.exceeds_paid", "amount_minor");
                Err(refused(problem.with("max", left.available)))
            }
            Found::Left(_) => Ok(()),
        }
    }

    /// Writes into the books that it is owed.
    pub(crate) async fn owe(&self, tx: &mut PgConnection, owed: &Owed, by: StaffId) -> Result<()> {
        let minor = owed.amount.minor;
        self.may(minor)?;
        let journal: Journal = match self {
            Found::Bill(known) => {
                let written = known.bill.refund(minor).map_err(refused)?;
                bills::store(tx, known.id, &written.bill, Voided::NOT).await?;
                written.journal
            }
            Found::Left(left) => {
                take_off(tx, left, minor).await?;
                books::deposit_released(left.currency, minor)
            }
        };
        let about = About {
            cause: owed.cause.clone(),
            patient: Some(self.patient()),
            bill: self.bill(),
            appointment: self.appointment(),
            by: Some(by.0),
            occurred_ms: owed.at_ms,
            recorded_ms: owed.at_ms,
            reverses: None,
        };
        Ok(journals::write(tx, &journal, &about).await?)
    }
}

/// Finds what money is to go back of.
pub(crate) async fn find(tx: &mut PgConnection, of: Of) -> Result<Found> {
    match of {
        Of::Bill(bill) => {
            let known = bills::lock(tx, bill).await?;
            let unknown = || Error::Missing(Problem::new("bill.unknown", "of"));
            Ok(Found::Bill(known.ok_or_else(unknown)?))
        }
        Of::Payment(payment) => Ok(Found::Left(left(tx, payment).await?)),
    }
}

/// Locks the visit that a payment was made for beforehand, and returns what is left of everything that was.
pub(crate) async fn lock_visit(tx: &mut PgConnection, payment: Uuid) -> Result<Option<i64>> {
    let deposit = sqlx::query_scalar(
        "select deposit from billing.visit where appointment = (
            select appointment from payments.payment where id = $1 and bill is null) for update",
    )
    .bind(payment)
    .fetch_optional(tx)
    .await?;
    Ok(deposit)
}

/// Finds what is left of a payment. A visit is locked before its payments, as everywhere.
async fn left(tx: &mut PgConnection, payment: Uuid) -> Result<Left> {
    let deposit = lock_visit(tx, payment).await?;
    let row = sqlx::query(
        "select bill, appointment, patient, currency, kept - released as kept from payments.payment where id = $1 for update",
    )
    .bind(payment)
    .fetch_optional(tx)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("payment.unknown", "of")))?;
    let kept: i64 = row.get("kept");
    Ok(Left {
        payment,
        bill: row.get("bill"),
        appointment: row.get("appointment"),
        patient: row.get("patient"),
        currency: currency(row.get("currency"))?,
        // a deposit that paid a bill meanwhile is not there any more
        available: deposit.map_or(kept, |deposit| deposit.min(kept)),
    })
}

async fn take_off(tx: &mut PgConnection, left: &Left, minor: i64) -> sqlx::Result<()> {
    sqlx::query("update payments.payment set released = released + $2 where id = $1")
        .bind(left.payment)
        .bind(minor)
        .execute(&mut *tx)
        .await?;
    take_off_visit(tx, left, minor).await
}

/// Takes off a payment what pays a bill.
pub(crate) async fn spend(tx: &mut PgConnection, left: &Left, minor: i64) -> sqlx::Result<()> {
    sqlx::query(
        "update payments.payment set kept = kept - $2, applied = applied + $2 where id = $1",
    )
    .bind(left.payment)
    .bind(minor)
    .execute(&mut *tx)
    .await?;
    take_off_visit(tx, left, minor).await
}

async fn take_off_visit(tx: &mut PgConnection, left: &Left, minor: i64) -> sqlx::Result<()> {
    if left.bill.is_none() {
        sqlx::query("update billing.visit set deposit = deposit - $2 where appointment = $1")
            .bind(left.appointment)
            .bind(minor)
            .execute(tx)
            .await?;
    }
    Ok(())
}
