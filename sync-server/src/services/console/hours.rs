//! When doctors see patients: said here, known to every desk with its reference data.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::scheduling::hours;
use crate::web::read;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::console::{HoursChange, HoursChanged};
use shared::problem::Problem;
use shared::scheduling::clinic::{Clinic, Schedule};
use shared::scheduling::hours::{may_replace, problems};
use sqlx::PgConnection;

/// Appointments outside the hours that are listed, at most.
const OUTSIDE: usize = 100;

/// Says when a doctor sees patients from now on; appointments that stand are not moved
#[utoipa::path(
    post, path = "/console/v1/hours", operation_id = "console_hours", tag = "console", request_body = crate::api::console::HoursChange,
    responses(
        (status = 200, description = "What stands outside the hours now", body = crate::api::console::HoursChanged),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    person: Person,
    said: Result<Json<HoursChange>, JsonRejection>,
) -> Result<Json<HoursChanged>> {
    may_do(&person.staff.roles, Task::PlanHours).map_err(Error::Forbidden)?;
    let HoursChange { base, draft } = read(said)?;
    let doctor = draft.practitioner;
    if base.practitioner != doctor {
        return Err(Error::Malformed(Problem::new("shape", "")));
    }
    let clinic = Clinic::of_zone(app.zone());
    let found = problems(&draft, &clinic);
    if !found.is_empty() {
        return Err(Error::Invalid(found));
    }
    let mut tx = app.pool.begin().await?;
    let now = hours::of_one(&mut tx, &clinic, doctor).await?;
    let now = now.ok_or_else(|| Error::Missing(Problem::new("practitioner.unknown", "")))?;
    may_replace(&now, &base).map_err(Error::Clash)?;
    hours::set(&mut tx, &draft).await?;
    note(
        &mut tx,
        &deed(What::StaffChanged, HUB, Some(doctor)).because("hours"),
    )
    .await?;
    let by = deed(What::Administered, HUB, Some(person.staff.id));
    note(&mut tx, &by.because("hours.changed")).await?;
    let outside = outside(&mut tx, &draft, &clinic, app.now()).await?;
    tx.commit().await?;
    Ok(Json(HoursChanged { outside }))
}

/// Returns when appointments begin that the doctor has outside the hours.
async fn outside(
    db: &mut PgConnection,
    schedule: &Schedule,
    clinic: &Clinic,
    now: Now,
) -> sqlx::Result<Vec<String>> {
    let starts: Vec<i64> = sqlx::query_scalar(
        "select starts_ms from booking where practitioner = $1 and appointment is not null and starts_ms > $2 order by starts_ms",
    )
    .bind(schedule.practitioner.0)
    .bind(now.0)
    .fetch_all(db)
    .await?;
    let is_outside = |start: &i64| {
        let slot = clinic.slot_at(*start);
        slot.is_ok_and(|slot| schedule.works(&slot).is_err())
    };
    let outside = starts.into_iter().filter(is_outside).take(OUTSIDE);
    Ok(outside.map(|start| Now(start).rfc3339()).collect())
}
