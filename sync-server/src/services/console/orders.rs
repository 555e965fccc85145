//! What is ordered of workstations and staff.

use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::services::orders::{self, IsActive};
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::console::{DeviceOrder, StaffActive};
use shared::problem::Problem;

/// Stops a workstation, lets it go on, or has it emptied
#[utoipa::path(
    post, path = "/console/v1/devices/order", operation_id = "console_device_order", tag = "console", request_body = crate::api::console::DeviceOrder,
    responses(
        (status = 200, description = "It hears of it at its next contact", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn device(
    State(app): State<App>,
    person: Person,
    said: Result<Json<DeviceOrder>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::RunDevices).map_err(Error::Forbidden)?;
    let said = read(said)?;
    let name: Option<String> = sqlx::query_scalar(
        "select name from device where id = $1 and number > 0 and wiped_at is null",
    )
    .bind(said.device.0)
    .fetch_optional(&app.pool)
    .await?;
    let name = name.ok_or_else(|| Error::Missing(Problem::new("device.unknown", "")))?;
    let may = said.order.may_be_given(&name, &said.name);
    may.map_err(|problem| Error::Invalid(vec![problem]))?;
    orders::order(&app, said.device.0, said.order, Some(person.staff.id)).await?;
    Ok(Json(()))
}

/// Lets somebody sign in, or not any more
#[utoipa::path(
    post, path = "/console/v1/staff/active", operation_id = "console_staff_active", tag = "console", request_body = crate::api::console::StaffActive,
    responses(
        (status = 200, description = "Noted; desks learn it at their next contact", body = ()),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn staff_active(
    State(app): State<App>,
    person: Person,
    said: Result<Json<StaffActive>, JsonRejection>,
) -> Result<Json<()>> {
    may_do(&person.staff.roles, Task::RunStaff).map_err(Error::Forbidden)?;
    let said = read(said)?;
    if crate::people::username(&said.username) == person.staff.username {
        return Err(Error::Invalid(vec![Problem::new("staff.own", "username")]));
    }
    let is_active = if said.is_active {
        IsActive::Yes
    } else {
        IsActive::No
    };
    orders::set_active(&app, &said.username, is_active, Some(person.staff.id)).await?;
    Ok(Json(()))
}
