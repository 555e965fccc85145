//! What clinical managers see of the emergency access in a browser.

use crate::app::App;
use crate::central::Person;
use crate::emergency::review::{self, IncludeReviewed, lines};
use crate::error::{Error, Result};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::emergency::{OpeningLine, Review};

/// Lists the openings that wait for a review
#[utoipa::path(
    get, path = "/console/v1/emergency", operation_id = "console_emergency", tag = "console",
    responses(
        (status = 200, description = "What waits for a review", body = Vec<crate::api::OpeningLine>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<Vec<OpeningLine>>> {
    may_do(&person.staff.roles, Task::ReviewEmergency).map_err(Error::Forbidden)?;
    Ok(Json(lines(&app, IncludeReviewed::No).await?))
}

/// Notes what a clinical manager found about an opening
#[utoipa::path(
    post, path = "/console/v1/emergency/review", operation_id = "console_emergency_review", tag = "console", request_body = crate::api::Review,
    responses(
        (status = 200, description = "It is noted"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn review(
    State(app): State<App>,
    person: Person,
    said: Result<Json<Review>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::ReviewEmergency).map_err(Error::Forbidden)?;
    let said = read(said)?;
    review::review(&app, person.staff.id, &person.staff.roles, &said).await?;
    Ok(Json(()))
}
