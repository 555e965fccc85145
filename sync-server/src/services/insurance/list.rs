//! Claims as those who answer for them see them: page by page with what waits by age, and one whole with what the insurer is sent.

use super::{excess, read};
use crate::app::App;
use crate::books::currency;
use crate::central::Person;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::{Query, State};
use jiff::civil::Date;
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::billing::claims::ClaimState;
use shared::billing::claims::answers::{Age, Owes};
use shared::billing::claims::fhir;
use shared::ids::StaffId;
use shared::office::claims::{AgeLine, ClaimLine, ClaimPage, ClaimWhole, StepLine};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;
const DAY_MS: i64 = 86_400_000;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAsk {
    /// Only those in this state
    state: Option<String>,
    /// Only those of this bill
    bill: Option<Uuid>,
    /// Where the page before ended
    after: Option<i64>,
}

const COLUMNS: &str = "claim.id, claim.number, claim.version, claim.bill, bill.number as bill_number, payor, subscriber, claim.state,
    claim.currency, claim.submitted, claim.benefit, claim.contractual, claim.paid, claim.submitted_ms, claim.served::text as served,
    claim.coverage, claim.patient, claim.before, claim.made_ms, bill.kind, coverage.place
    from insurance.claim join billing.bill on bill.id = claim.bill join insurance.coverage on coverage.id = claim.coverage";

/// Lists claims, the newest first, with all that wait by age
#[utoipa::path(
    get, path = "/console/v1/insurance/claims", operation_id = "console_claims", tag = "console", params(PageAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::insurance::ClaimPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PageAsk>,
) -> Result<Json<ClaimPage>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let now_ms = app.now().0;
    let rows = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} where claim.number < $1 and ($2::text is null or claim.state = $2) and ($3::uuid is null or claim.bill = $3)
         order by claim.number desc limit $4"
    )))
    .bind(ask.after.unwrap_or(i64::MAX))
    .bind(&ask.state)
    .bind(ask.bill)
    .bind(LINES)
    .fetch_all(&app.pool)
    .await?;
    let lines: Vec<ClaimLine> = rows
        .iter()
        .map(|row| line(row, now_ms))
        .collect::<Result<_>>()?;
    let is_full = lines.len() == usize::try_from(LINES).unwrap_or_default();
    let next = lines.last().filter(|_| is_full);
    let mut db = app.pool.acquire().await?;
    Ok(Json(ClaimPage {
        next: next.map(|line| line.number.to_string()),
        ages: ages(&mut db, now_ms).await?,
        lines,
    }))
}

fn line(row: &PgRow, now_ms: i64) -> Result<ClaimLine> {
    let claim = read(row)?;
    let submitted_ms: Option<i64> = row.get("submitted_ms");
    let outstanding = claim.outstanding();
    let since = submitted_ms.filter(|_| outstanding > 0);
    Ok(ClaimLine {
        id: row.get("id"),
        number: row.get("number"),
        version: row.get::<i32, _>("version").unsigned_abs(),
        bill: row.get("bill"),
        bill_number: row.get("bill_number"),
        payor: row.get("payor"),
        state: claim.state,
        currency: currency(row.get("currency"))?,
        submitted: claim.submitted,
        benefit: claim.cover.benefit,
        contractual: claim.cover.contractual,
        paid: claim.paid,
        outstanding,
        submitted_ms,
        age: since.map(|since_ms| Age::of_days((now_ms - since_ms) / DAY_MS)),
    })
}

/// Adds up what waits, by age and currency.
async fn ages(db: &mut PgConnection, now_ms: i64) -> Result<Vec<AgeLine>> {
    let rows = sqlx::query(
        "with waiting as (
            select currency, width_bucket(($1::bigint - submitted_ms) / $2::bigint, $3::bigint[]) as age,
                case when state = any ($4::text[]) then submitted else benefit - paid end as outstanding
            from insurance.claim where submitted_ms is not null and state = any ($4::text[] || $5::text[]))
         select currency, age, count(*) as count, sum(outstanding)::bigint as outstanding
         from waiting where outstanding > 0 group by currency, age order by currency, age",
    )
    .bind(now_ms)
    .bind(DAY_MS)
    .bind(Age::BEGIN_DAYS.as_slice())
    .bind(Owes::Asked.words())
    .bind(Owes::Covered.words())
    .fetch_all(db)
    .await?;
    let wrong = || Error::Bug(anyhow::anyhow!("an age of claims cannot be read"));
    let read = |row: &PgRow| {
        let age = usize::try_from(row.get::<i32, _>("age")).unwrap_or_default();
        Ok(AgeLine {
            age: *Age::ALL.get(age).ok_or_else(wrong)?,
            currency: currency(row.get("currency"))?,
            count: u32::try_from(row.get::<i64, _>("count")).unwrap_or(u32::MAX),
            outstanding: row.get("outstanding"),
        })
    };
    rows.iter().map(read).collect()
}

/// Which claim.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneAsk {
    claim: Uuid,
}

/// Shows a claim with its history, and as its insurer is sent it
#[utoipa::path(
    get, path = "/console/v1/insurance/claims/one", operation_id = "console_claim_one", tag = "console", params(OneAsk),
    responses(
        (status = 200, description = "The claim", body = crate::api::insurance::ClaimWhole),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn one(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<OneAsk>,
) -> Result<Json<ClaimWhole>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let row = sqlx::query(AssertSqlSafe(format!(
        "select {COLUMNS} where claim.id = $1"
    )))
    .bind(ask.claim)
    .fetch_optional(&app.pool)
    .await?
    .ok_or_else(|| Error::Missing(Problem::new("claim.unknown", "claim")))?;
    let mut db = app.pool.acquire().await?;
    let hospital: String = sqlx::query_scalar("select name from hospital")
        .fetch_one(&mut *db)
        .await?;
    Ok(Json(ClaimWhole {
        fhir: shown(&row, &hospital, &app)?,
        excess: excess::of_claim(&mut db, ask.claim, row.get("bill")).await?,
        steps: steps(&mut db, ask.claim).await?,
        subscriber: row.get("subscriber"),
        served: row.get("served"),
        line: line(&row, app.now().0)?,
    }))
}

fn shown(row: &PgRow, hospital: &str, app: &App) -> Result<serde_json::Value> {
    let claim = read(row)?;
    let wrong = || Error::Bug(anyhow::anyhow!("a day of a claim cannot be read"));
    let made = jiff::Timestamp::from_millisecond(row.get("made_ms")).map_err(|_| wrong())?;
    let served: Date = row.get::<&str, _>("served").parse().map_err(|_| wrong())?;
    Ok(fhir::claim(&fhir::Asked {
        id: row.get("id"),
        version: row.get::<i32, _>("version").unsigned_abs(),
        before: row.get("before"),
        state: claim.state,
        bill_number: row.get("bill_number"),
        what: row.get("kind"),
        patient: row.get("patient"),
        coverage: row.get("coverage"),
        payor: row.get("payor"),
        subscriber: row.get("subscriber"),
        order: row.get::<i32, _>("place").unsigned_abs(),
        hospital,
        made: made.to_zoned(app.zone()).date(),
        served,
        amount: shared::money::Money::new(claim.submitted, currency(row.get("currency"))?),
    }))
}

async fn steps(db: &mut PgConnection, claim: Uuid) -> Result<Vec<StepLine>> {
    let rows = sqlx::query(
        "select state, minor, by, at_ms from insurance.step where claim = $1 order by nth",
    )
    .bind(claim)
    .fetch_all(db)
    .await?;
    let wrong = || Error::Bug(anyhow::anyhow!("a step of a claim cannot be read"));
    let read = |row: &PgRow| {
        Ok(StepLine {
            state: ClaimState::parse(row.get("state")).ok_or_else(wrong)?,
            minor: row.get("minor"),
            by: StaffId(row.get("by")),
            at_ms: row.get("at_ms"),
        })
    };
    rows.iter().map(read).collect()
}
