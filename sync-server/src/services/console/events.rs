//! Events that wait long or were set aside, and having them tried again.

use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::events::queue;
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::health::{EventAgain, EventPage};

/// Lists events that wait long or were set aside
#[utoipa::path(
    get, path = "/console/v1/events", operation_id = "console_events", tag = "console",
    responses(
        (status = 200, description = "The oldest two hundred", body = crate::api::health::EventPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<EventPage>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    Ok(Json(queue::page(&app).await?))
}

/// Has an event tried again at once
#[utoipa::path(
    post, path = "/console/v1/events/again", operation_id = "console_event_again", tag = "console", request_body = crate::api::health::EventAgain,
    responses(
        (status = 200, description = "It is tried in a moment", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn again(
    State(app): State<App>,
    person: Person,
    said: Result<Json<EventAgain>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    queue::again(&app, &read(said)?, person.staff.id).await?;
    Ok(Json(()))
}
