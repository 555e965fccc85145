//! The whole hospital's audit log: looked up, and verified.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::services::audit::look::hear;
use crate::services::audit::show::{About, page};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::audit::look::LookProgress;
use shared::console::{LogPage, LookRun};
use shared::problem::Problem;
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: u32 = 100;

/// What to look up; everything when nothing is said.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchAsk {
    /// About a record
    record: Option<Uuid>,
    /// What a member of staff did
    staff: Option<Uuid>,
    /// `only`: what was wrong when it came from a desk
    alarms: Option<String>,
    /// Where the page before ended
    before: Option<i64>,
}

/// Looks up entries, newest first; each is compared with its hash and seal, and the search is itself noted
#[utoipa::path(
    get, path = "/console/v1/audit", operation_id = "console_audit", tag = "console", params(SearchAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::console::LogPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn search(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<SearchAsk>,
) -> Result<Json<LogPage>> {
    may_do(&person.staff.roles, Task::SearchAudit).map_err(Error::Forbidden)?;
    let about = match (ask.record, ask.staff, ask.alarms.as_deref()) {
        (None, None, None) => About::All,
        (Some(record), None, None) => About::Record(record),
        (None, Some(staff), None) => About::Staff(staff),
        (None, None, Some("only")) => About::Alarms,
        (_, _, _) => return Err(Error::Malformed(Problem::new("shape", ""))),
    };
    if ask.before.is_none() {
        let mut db = app.pool.acquire().await?;
        note(&mut db, &deed(What::AuditRead, HUB, Some(person.staff.id))).await?;
    }
    let lines = page(&app, about, ask.before, LINES).await?;
    let last = lines.last().filter(|_| lines.len() == LINES as usize);
    Ok(Json(LogPage {
        next: last.map(|line| line.leaf.to_string()),
        lines,
    }))
}

/// Has the whole log verified, and says how far that has come
#[utoipa::path(
    post, path = "/console/v1/audit/look", operation_id = "console_audit_look", tag = "console", request_body = crate::api::console::LookRun,
    responses(
        (status = 200, description = "How far it has come, or what was found", body = crate::api::audit::LookProgress),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn look(
    State(app): State<App>,
    person: Person,
    said: Result<Json<LookRun>, JsonRejection>,
) -> Result<Json<LookProgress>> {
    may_do(&person.staff.roles, Task::SearchAudit).map_err(Error::Forbidden)?;
    let LookRun { run } = read(said)?;
    if run.is_none() {
        let mut db = app.pool.acquire().await?;
        let looked = deed(What::AuditRead, HUB, Some(person.staff.id));
        note(&mut db, &looked.because("verified")).await?;
    }
    Ok(Json(hear(&app, run).await?))
}
