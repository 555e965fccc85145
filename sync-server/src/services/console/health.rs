//! How the hub and its workstations are, for those who run them.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::doctor;
use crate::error::{Error, Result};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::health::HealthReport;

/// Looks at everything
#[utoipa::path(
    get, path = "/console/v1/health", operation_id = "console_health", tag = "console",
    responses(
        (status = 200, description = "What each check found", body = crate::api::health::HealthReport),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn report(State(app): State<App>, person: Person) -> Result<Json<HealthReport>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    Ok(Json(doctor::report(&app).await?))
}

/// Makes the file for whoever helps, and notes who asked for it
#[utoipa::path(
    get, path = "/console/v1/health/file", operation_id = "console_health_file", tag = "console",
    responses(
        (status = 200, description = "A tar, packed with zstd", content_type = "application/zstd", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn file(State(app): State<App>, person: Person) -> Result<Response> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    let asked = deed(What::Administered, HUB, Some(person.staff.id)).because("support.file");
    note(&mut *app.pool.acquire().await?, &asked).await?;
    let bytes = doctor::support::file(&app).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zstd"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"wardbook-support.tar.zst\"",
        ),
    ];
    Ok((headers, bytes).into_response())
}
