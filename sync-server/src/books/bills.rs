//! Bills in the database.

use super::currency;
use super::journals::About;
use crate::error::{Error, Result};
use shared::billing::{Bill, BillKind, Standing};
use shared::ids::StaffId;
use shared::ledger::journals::Cover;
use shared::money::Money;
use shared::money::tax::{Rate, TakenBack};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

/// A bill with what it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: Uuid,
    pub(crate) number: i64,
    pub(crate) patient: Uuid,
    pub(crate) appointment: Option<Uuid>,
    /// The order of a pharmacy or a laboratory that it is for.
    pub(crate) based_on: Option<Uuid>,
    /// The bill that it is a supplement to, and what was charged late.
    pub(crate) adds_to: Option<Uuid>,
    pub(crate) what: Option<String>,
    pub(crate) issued_ms: i64,
    pub(crate) bill: Bill,
}

impl Known {
    /// What a journal is about that somebody wrote just now for the bill.
    pub(crate) fn about(&self, cause: String, by: StaffId, now_ms: i64) -> About {
        About {
            cause,
            patient: Some(self.patient),
            bill: Some(self.id),
            appointment: self.appointment,
            by: Some(by.0),
            occurred_ms: now_ms,
            recorded_ms: now_ms,
            reverses: None,
        }
    }
}

/// What a bill is read from.
pub(crate) const COLUMNS: &str = "id, number, patient, appointment, based_on, adds_to, what, kind, currency, net, tax, rate_basis_points, rate_version,
    issued_ms, applied, benefit, contractual, forgiven, returned, taken_back, taken_back_tax, void_reason";

/// Reads a bill of a row.
pub(crate) fn read(row: &PgRow) -> Result<Known> {
    let wrong = || Error::Bug(anyhow::anyhow!("a bill of the database cannot be read"));
    let rate = Rate {
        basis_points: row.get::<i32, _>("rate_basis_points").unsigned_abs(),
        version: row.get::<i32, _>("rate_version").unsigned_abs(),
    };
    let is_void = row.get::<Option<&str>, _>("void_reason").is_some();
    Ok(Known {
        id: row.get("id"),
        number: row.get("number"),
        patient: row.get("patient"),
        appointment: row.get("appointment"),
        based_on: row.get("based_on"),
        adds_to: row.get("adds_to"),
        what: row.get("what"),
        issued_ms: row.get("issued_ms"),
        bill: Bill {
            kind: BillKind::parse(row.get("kind")).ok_or_else(wrong)?,
            currency: currency(row.get("currency"))?,
            net: row.get("net"),
            tax: row.get("tax"),
            rate,
            applied: row.get("applied"),
            cover: Cover {
                benefit: row.get("benefit"),
                contractual: row.get("contractual"),
            },
            forgiven: row.get("forgiven"),
            returned: row.get("returned"),
            taken_back: TakenBack {
                gross: row.get("taken_back"),
                tax: row.get("taken_back_tax"),
            },
            standing: if is_void {
                Standing::Void
            } else {
                Standing::Issued
            },
        },
    })
}

impl Known {
    /// Returns what is still owed.
    pub(crate) fn balance(&self) -> Money {
        Money::new(self.bill.balance(), self.bill.currency)
    }
}

/// Finds a bill.
pub(crate) async fn find(db: &mut PgConnection, id: Uuid) -> Result<Option<Known>> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where id = $1"
    )))
    .bind(id)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Finds a bill and locks it until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: Uuid) -> Result<Option<Known>> {
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} from billing.bill where id = $1 for update"
    )))
    .bind(id)
    .fetch_optional(db)
    .await?;
    row.as_ref().map(read).transpose()
}

/// Writes a new bill.
pub(crate) async fn insert(db: &mut PgConnection, known: &Known, round: i32) -> sqlx::Result<()> {
    let bill = &known.bill;
    sqlx::query(
        "insert into billing.bill (id, patient, appointment, round, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms, based_on, adds_to, what)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(known.id)
    .bind(known.patient)
    .bind(known.appointment)
    .bind(round)
    .bind(bill.kind.word())
    .bind(bill.currency.letters())
    .bind(bill.net)
    .bind(bill.tax)
    .bind(i32::try_from(bill.rate.basis_points).unwrap_or(i32::MAX))
    .bind(i32::try_from(bill.rate.version).unwrap_or(i32::MAX))
    .bind(known.issued_ms)
    .bind(known.based_on)
    .bind(known.adds_to)
    .bind(&known.what)
    .execute(db)
    .await?;
    Ok(())
}

/// Why and by whom a bill is void.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voided<'a> {
    pub(crate) reason: &'a str,
    pub(crate) by: Option<Uuid>,
}

impl Voided<'_> {
    /// Of a bill that holds.
    pub(crate) const NOT: Self = Self {
        reason: "",
        by: None,
    };
}

/// Writes the sums of a bill.
pub(crate) async fn store(
    db: &mut PgConnection,
    id: Uuid,
    bill: &Bill,
    voided: Voided<'_>,
) -> sqlx::Result<()> {
    let is_void = bill.standing == Standing::Void;
    sqlx::query(
        "update billing.bill set applied = $2, benefit = $3, contractual = $4, forgiven = $5, returned = $6, taken_back = $7,
            taken_back_tax = $8, void_reason = case when $9 then coalesce(void_reason, $10) end,
            voided_by = case when $9 then coalesce(voided_by, $11) end
         where id = $1",
    )
    .bind(id)
    .bind(bill.applied)
    .bind(bill.cover.benefit)
    .bind(bill.cover.contractual)
    .bind(bill.forgiven)
    .bind(bill.returned)
    .bind(bill.taken_back.gross)
    .bind(bill.taken_back.tax)
    .bind(is_void)
    .bind(voided.reason)
    .bind(voided.by)
    .execute(db)
    .await?;
    Ok(())
}
