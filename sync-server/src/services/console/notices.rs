//! What patients have to be told, for those who tell them.

use super::{next, place};
use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::notices::{self, Narrow, Place};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::ids::RecordId;
use shared::notices::{NoticePage, NoticeSaid, NoticeState};
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;

/// Which notices, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAsk {
    /// `waiting`, `told` or `over`; those that wait, if empty
    #[param(value_type = Option<String>)]
    state: Option<NoticeState>,
    /// Those of one patient
    patient: Option<Uuid>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists what patients have to be told, or were
#[utoipa::path(
    get, path = "/console/v1/notices", operation_id = "console_notices", tag = "console", params(ListAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::notices::NoticePage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<ListAsk>,
) -> Result<Json<NoticePage>> {
    may_do(&person.staff.roles, Task::TellPatients).map_err(Error::Forbidden)?;
    let narrow = Narrow {
        state: ask.state.unwrap_or(NoticeState::Waiting),
        patient: ask.patient.map(RecordId),
    };
    let after = place(ask.after.as_deref(), Place::parse)?;
    let (lines, last) = notices::page(&app, narrow, after, LINES).await?;
    Ok(Json(NoticePage {
        next: last.and_then(|last| next(&lines, LINES, |_| last.text())),
        lines,
    }))
}

/// Notes that a patient was told, or not reached
#[utoipa::path(
    post, path = "/console/v1/notices/said", operation_id = "console_notice_said", tag = "console", request_body = crate::api::notices::NoticeSaid,
    responses(
        (status = 200, description = "It is noted", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn said(
    State(app): State<App>,
    person: Person,
    said: Result<Json<NoticeSaid>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::TellPatients).map_err(Error::Forbidden)?;
    notices::say(&app, person.staff.id, read(said)?).await?;
    Ok(Json(()))
}
