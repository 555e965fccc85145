//! What was decided without asking anybody: listed, looked at, settled and opened again.

use super::{next, place};
use crate::app::App;
use crate::central::Person;
use crate::conflicts::list::{self, Narrow, Place};
use crate::conflicts::{count, settle};
use crate::deeds::HUB;
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::access::{Actor, Task, may_do};
use shared::conflicts::ItemKind;
use shared::conflicts::list::{
    ConflictDone, ConflictOwn, ConflictPage, ConflictSettle, ConflictUndo, ConflictWhole,
};
use shared::ids::{StaffId, WardId};
use shared::problem::Problem;
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 50;

/// Returns whoever asks as somebody who writes: the centre has no ward.
fn actor(person: &Person) -> Actor {
    Actor {
        staff: person.staff.id,
        roles: person.staff.roles.clone(),
        ward: WardId(Uuid::nil()),
        device: HUB,
    }
}

/// What to list, and which page of it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAsk {
    /// `settled` has what was settled, the latest first
    state: Option<String>,
    /// One kind of item
    kind: Option<String>,
    /// What one ward sees
    ward: Option<Uuid>,
    /// What somebody looks after
    owner: Option<Uuid>,
    /// At least so many hours old
    hours: Option<u32>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists items, oldest first
#[utoipa::path(
    get, path = "/console/v1/conflicts", operation_id = "console_conflicts", tag = "console", params(ListAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::conflicts::ConflictPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<ListAsk>,
) -> Result<Json<ConflictPage>> {
    may_do(&person.staff.roles, Task::SettleConflicts).map_err(Error::Forbidden)?;
    let kind = |word: &String| {
        ItemKind::parse(word).ok_or_else(|| Error::Malformed(Problem::new("shape", "kind")))
    };
    let narrow = Narrow {
        kind: ask.kind.as_ref().map(kind).transpose()?,
        ward: ask.ward.map(WardId),
        owner: ask.owner.map(StaffId),
        before_us: ask.hours.map(|hours| count::before_us(&app, hours)),
        is_settled: ask.state.as_deref() == Some("settled"),
        may_read_books: may_do(&person.staff.roles, Task::ReadBooks).is_ok(),
    };
    let after = place(ask.after.as_deref(), Place::parse)?;
    let (lines, last) = list::page(&app, narrow, after, LINES).await?;
    Ok(Json(ConflictPage {
        next: last.and_then(|last| next(&lines, LINES, |_| last.text())),
        waiting: count::waiting(&app, narrow).await?,
        lines,
    }))
}

/// Which item.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneAsk {
    /// Its name, hex
    hash: String,
}

/// Shows an item whole; that it was looked at is noted
#[utoipa::path(
    get, path = "/console/v1/conflicts/one", operation_id = "console_conflict", tag = "console", params(OneAsk),
    responses(
        (status = 200, description = "All that it says", body = crate::api::conflicts::ConflictWhole),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn one(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<OneAsk>,
) -> Result<Json<ConflictWhole>> {
    may_do(&person.staff.roles, Task::SettleConflicts).map_err(Error::Forbidden)?;
    Ok(Json(list::whole(&app, &actor(&person), &ask.hash).await?))
}

/// Settles items, each by the same choice
#[utoipa::path(
    post, path = "/console/v1/conflicts/settle", operation_id = "console_conflicts_settle", tag = "console", request_body = crate::api::conflicts::ConflictSettle,
    responses(
        (status = 200, description = "How many, and what could not be", body = crate::api::conflicts::ConflictDone),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn settle(
    State(app): State<App>,
    person: Person,
    said: Result<Json<ConflictSettle>, JsonRejection>,
) -> Result<Json<ConflictDone>> {
    may_do(&person.staff.roles, Task::SettleConflicts).map_err(Error::Forbidden)?;
    let ConflictSettle { ids, choice } = read(said)?;
    Ok(Json(
        settle::settle(&app, &actor(&person), &ids, &choice).await?,
    ))
}

/// Takes back what was done about items
#[utoipa::path(
    post, path = "/console/v1/conflicts/undo", operation_id = "console_conflicts_undo", tag = "console", request_body = crate::api::conflicts::ConflictUndo,
    responses(
        (status = 200, description = "How many, and what could not be", body = crate::api::conflicts::ConflictDone),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn undo(
    State(app): State<App>,
    person: Person,
    said: Result<Json<ConflictUndo>, JsonRejection>,
) -> Result<Json<ConflictDone>> {
    may_do(&person.staff.roles, Task::SettleConflicts).map_err(Error::Forbidden)?;
    let ConflictUndo { ids } = read(said)?;
    Ok(Json(settle::undo(&app, &actor(&person), &ids).await?))
}

/// Says that whoever asks looks after items, or does not any more
#[utoipa::path(
    post, path = "/console/v1/conflicts/own", operation_id = "console_conflicts_own", tag = "console", request_body = crate::api::conflicts::ConflictOwn,
    responses(
        (status = 200, description = "How many", body = crate::api::conflicts::ConflictDone),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn own(
    State(app): State<App>,
    person: Person,
    said: Result<Json<ConflictOwn>, JsonRejection>,
) -> Result<Json<ConflictDone>> {
    may_do(&person.staff.roles, Task::SettleConflicts).map_err(Error::Forbidden)?;
    let ConflictOwn { ids, is_mine } = read(said)?;
    let owner = is_mine.then_some(person.staff.id);
    Ok(Json(settle::own(&app, &actor(&person), &ids, owner).await?))
}
