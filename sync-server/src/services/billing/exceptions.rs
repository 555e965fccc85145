//! What the rules cannot put right by themselves: listed, looked for on demand, and settled by a person. Nothing leaves the list.

use crate::app::App;
use crate::books::reconcile::{self, Asked, REASON_CHARS};
use crate::books::{Role, as_hub, work_as};
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::ids::StaffId;
use shared::money::currency::Currency;
use shared::office::{ExceptionLine, ExceptionPage, Reconciled, SettleAsk, SettledBy};
use shared::problem::Problem;
use sqlx::postgres::PgRow;
use sqlx::types::Json as Stored;
use sqlx::{PgPool, Row};
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageAsk {
    /// `all` has what was settled as well, the newest first
    state: Option<String>,
    /// One alone, by its number
    one: Option<i64>,
    /// Where the page before ended
    after: Option<i64>,
}

/// Lists what needs a person: what is open from the oldest on, or everything from the newest on
#[utoipa::path(
    get, path = "/console/v1/books/exceptions", operation_id = "console_exceptions", tag = "console", params(PageAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::office::ExceptionPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PageAsk>,
) -> Result<Json<ExceptionPage>> {
    may_do(&person.staff.roles, Task::ReadBooks).map_err(Error::Forbidden)?;
    let (statement, from) = match (ask.one, ask.state.as_deref()) {
        (Some(one), _) => (ONE, one),
        (None, Some("all")) => (ALL, ask.after.unwrap_or(i64::MAX)),
        (None, Some(_) | None) => (OPEN, ask.after.unwrap_or(0)),
    };
    let rows = sqlx::query(statement)
        .bind(from)
        .bind(LINES)
        .fetch_all(&app.pool)
        .await?;
    let lines: Vec<ExceptionLine> = rows.iter().map(line).collect();
    let is_full = lines.len() == usize::try_from(LINES).unwrap_or_default();
    let last = lines.last().filter(|_| is_full);
    let open =
        sqlx::query_scalar("select count(*) from billing.exception where settled_at is null")
            .fetch_one(&app.pool)
            .await?;
    Ok(Json(ExceptionPage {
        next: last.map(|line| line.id.to_string()),
        open,
        reconciled: last_time(&app.pool).await?,
        lines,
    }))
}

macro_rules! lines {
    ($which:literal) => {
        concat!(
            "select id, kind, subject, bill, appointment, currency, expected, found, prepared, at_ms, seen_ms,
                (extract(epoch from settled_at) * 1000)::bigint as settled_ms, settled_by, settled_reason
             from billing.exception where ",
            $which,
            " limit $2"
        )
    };
}

const OPEN: &str = lines!("settled_at is null and id > $1 order by id");
const ALL: &str = lines!("id < $1 order by id desc");
const ONE: &str = lines!("id = $1");

fn line(row: &PgRow) -> ExceptionLine {
    let by: Option<Uuid> = row.get("settled_by");
    let currency: Option<&str> = row.get("currency");
    ExceptionLine {
        id: row.get("id"),
        kind: row.get("kind"),
        subject: row.get("subject"),
        bill: row.get("bill"),
        appointment: row.get("appointment"),
        currency: currency.and_then(Currency::parse),
        expected: row.get("expected"),
        found: row.get("found"),
        prepared: row
            .get::<Option<Stored<serde_json::Value>>, _>("prepared")
            .map(|prepared| prepared.0),
        at_ms: row.get("at_ms"),
        seen_ms: row.get("seen_ms"),
        settled: by.map(|by| SettledBy {
            by: StaffId(by),
            at_ms: row.get("settled_ms"),
            reason: row.get("settled_reason"),
        }),
    }
}

async fn last_time(pool: &PgPool) -> sqlx::Result<Option<Reconciled>> {
    let row = sqlx::query(
        "select ended_ms, found, new from billing.reconciliation order by id desc limit 1",
    )
    .fetch_optional(pool)
    .await?;
    let count = |row: &PgRow, name: &str| row.get::<i32, _>(name).unsigned_abs();
    Ok(row.map(|row| Reconciled {
        at_ms: row.get("ended_ms"),
        found: count(&row, "found"),
        new: count(&row, "new"),
    }))
}

/// Settles something with a reason; it stays on the list of everything
#[utoipa::path(
    post, path = "/console/v1/books/settle", operation_id = "console_settle", tag = "console", request_body = crate::api::office::SettleAsk,
    responses(
        (status = 200, description = "It is settled"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn settle(
    State(app): State<App>,
    person: Person,
    said: Result<Json<SettleAsk>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::KeepBooks).map_err(Error::Forbidden)?;
    let said = read(said)?;
    let reason = said.reason.trim();
    if reason.is_empty() {
        return Err(Error::Invalid(vec![Problem::new("required", "reason")]));
    }
    if reason.chars().count() > REASON_CHARS {
        let problem = Problem::new("too_long", "reason").with("max", REASON_CHARS);
        return Err(Error::Invalid(vec![problem]));
    }
    let mut tx = app.pool.begin().await?;
    work_as(&mut tx, Role::Billing).await?;
    reconcile::settle(&mut tx, said.exception, person.staff.id, reason).await?;
    as_hub(&mut tx).await?;
    let entry = deed(What::MoneyMoved, HUB, Some(person.staff.id)).because("exception.settled");
    note(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Json(()))
}

/// Looks through the books now
#[utoipa::path(
    post, path = "/console/v1/books/reconcile", operation_id = "console_reconcile", tag = "console",
    responses(
        (status = 200, description = "What does not add up is on the list", body = crate::api::office::Reconciled),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn look(State(app): State<App>, person: Person) -> Result<Json<Reconciled>> {
    may_do(&person.staff.roles, Task::KeepBooks).map_err(Error::Forbidden)?;
    let reconciled = reconcile::reconcile(&app, Asked::By(person.staff.id)).await?;
    Ok(Json(reconciled))
}
