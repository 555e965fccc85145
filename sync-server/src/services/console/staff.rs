//! Who works here, and what every list of the console needs to name them.

use super::{PageAsk, next};
use crate::app::App;
use crate::central::Person;
use crate::error::{Error, Result};
use crate::people::member;
use crate::services::staff;
use axum::Json;
use axum::extract::{Query, State};
use shared::access::{Task, may_do};
use shared::clock::Now;
use shared::console::{StaffLine, StaffPage};
use shared::staff::Reference;
use shared::unlock::grant_hours;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// Lines of a page.
const LINES: i64 = 200;

/// Returns wards, departments, staff and doctors' hours, as desks know them
#[utoipa::path(
    get, path = "/console/v1/reference", operation_id = "console_reference", tag = "console",
    responses(
        (status = 200, description = "The reference data", body = crate::api::Reference),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn reference(State(app): State<App>, _person: Person) -> Result<Json<Reference>> {
    Ok(Json(staff::whole(&app).await?))
}

/// Lists staff by username
#[utoipa::path(
    get, path = "/console/v1/staff", operation_id = "console_staff", tag = "console", params(PageAsk),
    responses(
        (status = 200, description = "A page", body = crate::api::console::StaffPage),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    person: Person,
    Query(ask): Query<PageAsk>,
) -> Result<Json<StaffPage>> {
    may_do(&person.staff.roles, Task::RunStaff).map_err(Error::Forbidden)?;
    let rows = sqlx::query(
        "select id, username, name, roles, departments, is_active, password_hash is not null as can_sign_in,
            exists (select 1 from second_factor where second_factor.staff = staff.id) as has_second_factor,
            (extract(epoch from once_until) * 1000)::bigint as once_ms
         from staff where username > $1 order by username limit $2",
    )
    .bind(ask.after.unwrap_or_default())
    .bind(LINES)
    .fetch_all(&app.pool)
    .await?;
    let offline_hours: i32 = sqlx::query_scalar("select offline_hours from hospital")
        .fetch_one(&app.pool)
        .await?;
    let line = |row: &PgRow| {
        let staff = member(row);
        StaffLine {
            needs_second_factor: staff.roles.iter().any(|role| role.needs_second_factor()),
            has_second_factor: row.get("has_second_factor"),
            can_sign_in: row.get("can_sign_in"),
            once_until: row
                .get::<Option<i64>, _>("once_ms")
                .map(|ms| Now(ms).rfc3339()),
            staff,
        }
    };
    let lines: Vec<StaffLine> = rows.iter().map(line).collect();
    Ok(Json(StaffPage {
        next: next(&lines, LINES, |line| line.staff.username.clone()),
        lines,
        offline_hours: grant_hours(offline_hours.unsigned_abs()),
    }))
}
