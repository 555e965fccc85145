//! Insurance: who covers a patient, what insurers are asked for a bill, and what comes of it.

pub mod answers;
pub mod claims;
pub mod coverage;
pub mod excess;
pub mod list;

use crate::books::bills::{self, Known, Voided};
use crate::books::currency;
use crate::books::journals::{self, About};
use crate::books::once::Asked;
use crate::error::{Error, Result};
use shared::billing::Bill;
use shared::billing::claims::ClaimState;
use shared::billing::claims::answers::Claim;
use shared::ledger::Journal;
use shared::ledger::journals::Cover;
use shared::money::Money;
use shared::money::currency::Currency;
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

/// A claim as it is stored, and locked after its bill.
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) claim: Claim,
    pub(crate) bill: Known,
    pub(crate) coverage: Uuid,
    pub(crate) version: i32,
    pub(crate) served: String,
    pub(crate) currency: Currency,
    /// The answer that it is as of.
    pub(crate) answer: Option<String>,
}

/// Reads the sums and the state of a claim.
pub(crate) fn read(row: &PgRow) -> Result<Claim> {
    let wrong = || Error::Bug(anyhow::anyhow!("a claim of the database cannot be read"));
    Ok(Claim {
        state: ClaimState::parse(row.get("state")).ok_or_else(wrong)?,
        submitted: row.get("submitted"),
        cover: Cover {
            benefit: row.get("benefit"),
            contractual: row.get("contractual"),
        },
        paid: row.get("paid"),
    })
}

/// Finds a claim, and locks its bill and then itself.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Stored> {
    let unknown = || Error::Missing(Problem::new("claim.unknown", "claim"));
    let bill: Option<Uuid> = sqlx::query_scalar("select bill from insurance.claim where id = $1")
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
    let bill = bills::lock(tx, bill.ok_or_else(unknown)?).await?;
    let bill = bill.ok_or_else(unknown)?;
    let row = sqlx::query(AssertSqlSafe(format!("{CLAIM} for update")))
        .bind(id)
        .fetch_one(tx)
        .await?;
    stored(id, bill, &row)
}

const CLAIM: &str = "select state, submitted, benefit, contractual, paid, coverage, version, served::text as served, currency, answer
    from insurance.claim where id = $1";

/// Returns a claim of a bill as it is, without locking it.
pub(crate) async fn look(db: &mut PgConnection, id: Uuid, bill: Known) -> Result<Stored> {
    let row = sqlx::query(CLAIM).bind(id).fetch_one(db).await?;
    stored(id, bill, &row)
}

fn stored(id: Uuid, bill: Known, row: &PgRow) -> Result<Stored> {
    Ok(Stored {
        id,
        claim: read(row)?,
        bill,
        coverage: row.get("coverage"),
        version: row.get("version"),
        served: row.get("served"),
        currency: currency(row.get("currency"))?,
        answer: row.get("answer"),
    })
}

impl Stored {
    /// Returns what it asks for.
    pub(crate) fn asked(&self) -> Money {
        Money::new(self.claim.submitted, self.currency)
    }

    /// Says whose a journal about it is.
    pub(crate) fn about<T>(&self, cause: String, asked: &Asked<T>) -> About {
        About {
            cause,
            patient: Some(self.bill.patient),
            bill: Some(self.bill.id),
            appointment: self.bill.appointment,
            by: Some(asked.by.0),
            occurred_ms: asked.now_ms,
            recorded_ms: asked.now_ms,
            reverses: None,
        }
    }
}

/// What became of a claim.
pub(crate) struct Step {
    pub(crate) now: Claim,
    /// What money moved.
    pub(crate) minor: Option<i64>,
    pub(crate) answer: Option<String>,
}

/// Writes what became of a claim, and that it did.
pub(crate) async fn store<T>(
    tx: &mut PgConnection,
    id: Uuid,
    step: &Step,
    asked: &Asked<T>,
) -> Result<()> {
    let now = &step.now;
    sqlx::query(
        "update insurance.claim set state = $2, benefit = $3, contractual = $4, paid = $5, answer = coalesce($6, answer),
            submitted_ms = case when $2 = 'submitted' then coalesce(submitted_ms, $7) else submitted_ms end
         where id = $1",
    )
    .bind(id)
    .bind(now.state.word())
    .bind(now.cover.benefit)
    .bind(now.cover.contractual)
    .bind(now.paid)
    .bind(&step.answer)
    .bind(asked.now_ms)
    .execute(&mut *tx)
    .await?;
    note(tx, id, step, asked).await
}

/// Writes the next step of a claim down.
pub(crate) async fn note<T>(
    tx: &mut PgConnection,
    id: Uuid,
    step: &Step,
    asked: &Asked<T>,
) -> Result<()> {
    sqlx::query(
        "insert into insurance.step (claim, nth, state, minor, by, at_ms)
         select $1, coalesce(max(nth), 0) + 1, $2, $3, $4, $5 from insurance.step where claim = $1",
    )
    .bind(id)
    .bind(step.now.state.word())
    .bind(step.minor)
    .bind(asked.by.0)
    .bind(asked.now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes into the books and on the bill what all insurers cover of it now.
pub(crate) async fn cover(
    tx: &mut PgConnection,
    bill: &Bill,
    journal: &Journal,
    about: &About,
) -> Result<()> {
    let id = about.bill.unwrap_or_default();
    bills::store(tx, id, bill, Voided::NOT).await?;
    if !journal.postings().is_empty() {
        journals::write(tx, journal, about).await?;
    }
    Ok(())
}
