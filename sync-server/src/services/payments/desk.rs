//! `POST /sync/v1/receipts`: what desks gave a number to, posted once however often it is told. A fact is never refused: what
//! contradicts the books is in them as the patient's, or kept, and a person looks at it.

use super::documents;
use super::pads::{self, Whose};
use crate::app::App;
use crate::books::journals::About;
use crate::books::{Role, as_hub, except, work_as};
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::people::role_of;
use crate::session::Sending;
use axum::Json;
use axum::extract::State;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::billing::Exception;
use shared::ids::{DeviceId, StaffId};
use shared::payments::desk::{
    DOCUMENTS_MAX, Document, Outcome, ReceiptsAnswer, ReceiptsAsk, Settled,
};
use shared::payments::plain;
use shared::payments::receipts::ReceiptNumber;
use shared::problem::Problem;
use sqlx::types::Json as Column;
use sqlx::{PgConnection, Row};

/// How often a document is posted anew that another transaction got in the way of.
const TRIES: usize = 3;
/// PostgreSQL's codes: waited too long for a lock; got in each other's way.
const LOCKED: &str = "55P03";
const IN_THE_WAY: [&str; 2] = ["40001", "40P01"];

/// Who told it, when it came, and what it is called.
pub(super) struct Told<'a> {
    pub(super) device: DeviceId,
    pub(super) document: &'a Document,
    pub(super) number: ReceiptNumber,
    pub(super) now_ms: i64,
}

impl Told<'_> {
    pub(super) fn about(&self, cause: String) -> About {
        About {
            cause,
            patient: Some(self.document.patient.0),
            bill: None,
            appointment: None,
            by: Some(self.document.by.0),
            // no desk knows of what is still to come
            occurred_ms: self.document.at_ms.clamp(0, self.now_ms),
            recorded_ms: self.now_ms,
            reverses: None,
        }
    }
}

/// Takes what a desk gave a number to, and says what it may number from now on
#[utoipa::path(
    post, path = "/sync/v1/receipts", operation_id = "desk_receipts", tag = "sync", request_body = crate::api::money::ReceiptsAsk,
    responses(
        (status = 200, description = "What became of each; saying it again changes nothing", body = crate::api::money::ReceiptsAnswer),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn arrive(
    State(app): State<App>,
    Sending(signed): Sending,
) -> Result<Json<ReceiptsAnswer>> {
    let (ask, _): (ReceiptsAsk, _) = plain::read(&signed.body).map_err(Error::Malformed)?;
    if ask.documents.len() > DOCUMENTS_MAX {
        let problem = Problem::new("too_long", "documents").with("max", DOCUMENTS_MAX);
        return Err(Error::Invalid(vec![problem]));
    }
    let device = signed.device.id;
    let mut settled = Vec::new();
    for document in &ask.documents {
        document
            .check()
            .map_err(|problem| Error::Invalid(vec![problem]))?;
        let number = ReceiptNumber::parse(&document.number)
            .ok_or_else(|| Error::Malformed(Problem::new("receipt.number", "number")))?;
        let told = Told {
            device,
            document,
            number,
            now_ms: app.now().0,
        };
        let outcome = settle(&app, &told).await?;
        settled.push(Settled {
            number: document.number.clone(),
            outcome,
        });
    }
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Payments).await?;
    let pads = pads::pads(&mut tx, device, ask.incarnation, app.today().year()).await?;
    tx.commit().await?;
    Ok(Json(ReceiptsAnswer { settled, pads }))
}

async fn settle(app: &App, told: &Told<'_>) -> Result<Outcome> {
    let mut tries = 0;
    loop {
        match settle_once(app, told).await {
            Err(error) if is_code(&error, &[LOCKED]) => {
                let problem = Problem::new("idempotency.in_progress", "number");
                return Err(Error::InProgress(problem));
            }
            Err(error) if is_code(&error, &IN_THE_WAY) && tries < TRIES => tries += 1,
            settled => return settled,
        }
    }
}

fn is_code(error: &Error, codes: &[&str]) -> bool {
    let Error::Bug(error) = error else {
        return false;
    };
    let said = error.downcast_ref::<sqlx::Error>();
    let said = said.and_then(sqlx::Error::as_database_error);
    said.and_then(|said| said.code())
        .is_some_and(|code| codes.contains(&code.as_ref()))
}

/// Posts a document in one transaction with what is answered, unless that was done.
async fn settle_once(app: &App, told: &Told<'_>) -> Result<Outcome> {
    let mut tx = app.pool.begin().await?;
    let is_cashier = takes_money(&mut tx, told.document.by).await?;
    work_as(&mut tx, Role::Payments).await?;
    let whose = pads::lock(&mut tx, told.device, &told.number.series).await?;
    let known = sqlx::query(
        "select body, outcome from payments.document where (series = $1 and number = $2) or id = $3",
    )
    .bind(told.number.series.to_string())
    .bind(number(told))
    .bind(told.document.id)
    .fetch_optional(&mut *tx)
    .await?;
    let Whose::Its(last) = whose else {
        return doubled(tx, told).await;
    };
    if let Some(row) = known {
        let Column(body): Column<Document> = row.get("body");
        if body != *told.document {
            return doubled(tx, told).await;
        }
        let Column(outcome) = row.get("outcome");
        return Ok(outcome);
    }
    let outcome = if is_cashier {
        documents::post(&mut tx, told).await?
    } else {
        documents::keep(&mut tx, told, Exception::ReceiptUnclear).await?
    };
    store(&mut tx, told, outcome).await?;
    look_for_gap(&mut tx, told, last).await?;
    pads::reached(&mut tx, &told.number.series, told.number.number).await?;
    as_hub(&mut tx).await?;
    if told.number.number <= last {
        close_gap(&mut tx, told).await?;
    }
    let entry = deed(What::MoneyMoved, told.device, Some(told.document.by));
    note(&mut tx, &entry.because("receipt.came")).await?;
    tx.commit().await?;
    Ok(outcome)
}

fn number(told: &Told<'_>) -> i32 {
    i32::try_from(told.number.number).unwrap_or(i32::MAX)
}

/// Says whether somebody is one who takes money, as far as the hub knows.
async fn takes_money(db: &mut PgConnection, staff: StaffId) -> sqlx::Result<bool> {
    let words: Option<Vec<String>> = sqlx::query_scalar("select roles from staff where id = $1")
        .bind(staff.0)
        .fetch_optional(db)
        .await?;
    let words = words.unwrap_or_default();
    let roles: Vec<_> = words.iter().filter_map(|word| role_of(word)).collect();
    Ok(may_do(&roles, Task::Cashier).is_ok())
}

async fn store(tx: &mut PgConnection, told: &Told<'_>, outcome: Outcome) -> sqlx::Result<()> {
    sqlx::query(
        "insert into payments.document (series, number, id, by, body, outcome, at_ms, came_ms) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(told.number.series.to_string())
    .bind(number(told))
    .bind(told.document.id)
    .bind(told.document.by.0)
    .bind(Column(told.document))
    .bind(Column(outcome))
    .bind(told.document.at_ms)
    .bind(told.now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// A number stands for two things: there are two replicas of the desk, or somebody makes receipts up. What came second is kept, and
/// the desk is stopped.
async fn doubled(
    mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
    told: &Told<'_>,
) -> Result<Outcome> {
    let kept = sqlx::query(
        "insert into payments.document_doubled (id, device, number, body, came_ms) values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(told.document.id)
    .bind(told.device.0)
    .bind(&told.document.number)
    .bind(Column(told.document))
    .bind(told.now_ms)
    .execute(&mut *tx)
    .await?;
    let outcome = documents::keep(&mut tx, told, Exception::ReceiptDup).await?;
    as_hub(&mut tx).await?;
    if kept.rows_affected() == 1 {
        sqlx::query("update device set suspended_at = coalesce(suspended_at, now()) where id = $1")
            .bind(told.device.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into device_alarm (device, code, incarnation, dseq) select id, 'receipt.doubled', incarnation, $2 from device where id = $1",
        )
        .bind(told.device.0)
        .bind(i64::from(told.number.number))
        .execute(&mut *tx)
        .await?;
        let entry = deed(What::Administered, told.device, None);
        note(&mut tx, &entry.because("device.suspended")).await?;
        tracing::error!(device.id = %told.device, "A number of a receipt stands for two things; the workstation is suspended");
    }
    tx.commit().await?;
    Ok(outcome)
}

/// A desk tells in order: what is missing below what it tells is not there any more.
async fn look_for_gap(tx: &mut PgConnection, told: &Told<'_>, last: u32) -> Result<()> {
    let (series, at) = (&told.number.series, told.number.number);
    if at <= last + 1 {
        return Ok(());
    }
    let mut about = told.about(format!("gap:{series}:{:06}-{:06}", last + 1, at - 1));
    about.patient = None;
    Ok(except(tx, Exception::ReceiptGap, &about, None, told.now_ms).await?)
}

/// What comes late all the same closes the gap that it left, once all of it is there.
async fn close_gap(tx: &mut PgConnection, told: &Told<'_>) -> Result<()> {
    sqlx::query(
        "update billing.exception set settled_at = now(), settled_by = $2, settled_reason = 'it came'
         where kind = 'RECEIPT_GAP' and settled_at is null and starts_with(cause, 'gap:' || $1 || ':')
            and (select count(*) from payments.document where series = $1
                and number between left(right(cause, 13), 6)::integer and right(cause, 6)::integer)
                > right(cause, 6)::integer - left(right(cause, 13), 6)::integer",
    )
    .bind(told.number.series.to_string())
    .bind(told.document.by.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// What a document would have written, for whoever decides about it.
pub(super) fn prepared(told: &Told<'_>) -> Option<shared::ledger::Journal> {
    use shared::payments::desk::Given;
    match &told.document.what {
        Given::Receipt { amount, how, .. } => {
            shared::payments::deposit(*amount, how.account()).ok()
        }
        Given::Void { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_outcome_is_kept_as_it_is_told() {
        let check =
            |outcome: Outcome, expect: serde_json::Value| assert_eq!(json!(outcome), expect);
        let (applied, kept) = (10_500, 0);
        check(
            Outcome::Posted { applied, kept },
            json!({ "outcome": "posted", "applied": 10_500, "kept": 0 }),
        );
        let exception = Exception::DuplicateCollection;
        check(
            Outcome::Excepted { exception },
            json!({ "outcome": "excepted", "exception": "DUPLICATE_COLLECTION" }),
        );
        check(Outcome::Voided, json!({ "outcome": "voided" }));
    }
}
