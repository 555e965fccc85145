//! Workstations as whoever runs them sees them.

use super::{next, place};
use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::services::devices;
use crate::web::read;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use shared::access::{Task, may_do};
use shared::console::{DeviceApproval, DevicePage};
use shared::ids::WardId;
use utoipa::IntoParams;
use uuid::Uuid;

/// Lines of a page.
const LINES: i64 = 100;

/// Which workstations, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAsk {
    /// Those of one ward that may work
    ward: Option<Uuid>,
    /// Where the page before ended
    after: Option<String>,
}

/// Lists workstations by their numbers, with what they said of themselves
#[utoipa::path(
    get, path = "/console/v1/devices", operation_id = "console_devices", tag = "console", params(ListAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::console::DevicePage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<ListAsk>,
) -> Result<Json<DevicePage>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    crate::contacts::keep(&app).await?;
    let after = place(ask.after.as_deref(), |text| text.parse().ok())?;
    let lines = devices::lines(&app, ask.ward.map(WardId), after.unwrap_or(0), LINES).await?;
    Ok(Json(DevicePage {
        next: next(&lines, LINES, |line| line.number.to_string()),
        lines,
    }))
}

/// Lets a workstation in that waits for it or was suspended; never by whoever gave its code
#[utoipa::path(
    post, path = "/console/v1/devices/approve", operation_id = "console_device_approve", tag = "console", request_body = crate::api::console::DeviceApproval,
    responses(
        (status = 200, description = "It may work", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn approve(
    State(app): State<App>,
    person: Person,
    said: Result<Json<DeviceApproval>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    devices::approve(&app, read(said)?.device, person.staff.id).await?;
    Ok(Json(()))
}
