//! Free slots: for whoever asks, and for who lost one.

use super::hours;
use crate::app::App;
use crate::error::{Error, Result};
use crate::session::Signed;
use axum::Json;
use axum::extract::{Query, State};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use shared::ids::{DepartmentId, StaffId};
use shared::problem::Problem;
use shared::scheduling::Appointment;
use shared::scheduling::clinic::Clinic;
use shared::scheduling::free::{Diary, Free, Given, Wish};
use sqlx::{PgConnection, Row};
use std::sync::{Arc, Mutex};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How far ahead is looked.
const DAYS: i32 = 90;
/// How far is looked first: nearly always there is something.
const FIRST_DAYS: i32 = 14;
/// Slots that are returned at most.
const MOST: usize = 200;

/// Whom and when somebody wants to see.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct Ask {
    practitioner: Option<Uuid>,
    department: Option<Uuid>,
    /// Not before this day, `2027-03-01`
    from: Option<String>,
    /// How many; 20 if nothing is said, 200 at most
    count: Option<usize>,
}

/// A slot that is free.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FreeSlot {
    practitioner: Uuid,
    /// RFC 3339 in UTC
    start: String,
}

/// Returns free slots, soonest first
#[utoipa::path(
    get, path = "/sync/v1/free", operation_id = "free", tag = "sync", params(Ask),
    responses(
        (status = 200, description = "Slots that were free a moment ago", body = Vec<FreeSlot>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn free(
    State(app): State<App>,
    Query(ask): Query<Ask>,
    _signed: Signed,
) -> Result<Json<Vec<FreeSlot>>> {
    let not_before = match ask.from.as_deref().map(str::parse::<Date>) {
        None => None,
        Some(Ok(day)) => Some(day),
        Some(Err(_)) => return Err(Error::Malformed(Problem::new("start.invalid", "from"))),
    };
    let wish = Wish {
        practitioner: ask.practitioner.map(StaffId),
        department: ask.department.map(DepartmentId),
        not_before,
        not_after: None,
        now_ms: app.now().0,
        count: ask.count.unwrap_or(20).min(MOST),
    };
    let found = find(&app, &wish).await?;
    let said = |free: &Free| FreeSlot {
        practitioner: free.practitioner.0,
        start: rfc3339(free.slot.start_ms),
    };
    Ok(Json(found.iter().map(said).collect()))
}

/// Returns a moment as records have it.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    shared::clock::Now(at_ms).rfc3339()
}

/// Returns the slots nearest to one that was lost: with the same doctor, then in the department.
pub(crate) async fn instead_of(app: &App, lost: &Appointment, count: usize) -> Result<Vec<Free>> {
    let clinic = Clinic::of_zone(app.zone());
    let start: Option<Timestamp> = lost.start.as_deref().and_then(|start| start.parse().ok());
    let now_ms = app.now().0;
    let day = start.map(|start| clinic.day_of(start.as_millisecond().max(now_ms)));
    let wish = |practitioner, department| Wish {
        practitioner,
        department,
        not_before: day,
        not_after: None,
        now_ms,
        count: MOST,
    };
    let mut found = find(app, &wish(lost.practitioner, None)).await?;
    nearest(&mut found, start, count);
    if found.len() < count && lost.department.is_some() {
        let mut more = find(app, &wish(None, lost.department)).await?;
        more.retain(|free| Some(free.practitioner) != lost.practitioner);
        nearest(&mut more, start, count - found.len());
        found.extend(more);
    }
    Ok(found)
}

fn nearest(found: &mut Vec<Free>, start: Option<Timestamp>, count: usize) {
    let wanted = start.map_or(0, Timestamp::as_millisecond);
    found.sort_by_key(|free| ((free.slot.start_ms - wanted).abs(), *free));
    found.truncate(count);
}

/// The diary of every doctor, with nothing given away, as it was worked out last: for which version of the reference data,
/// and from which day.
pub(crate) type Kept = Mutex<Option<(i64, Date, Arc<Diary>)>>;

/// Returns a diary that has the days after one; that of the next days is kept, a later one is made for the question.
async fn diary(app: &App, db: &mut PgConnection, first: Date, wish: &Wish) -> Result<Arc<Diary>> {
    let version: i64 = sqlx::query_scalar("select reference_version from hospital")
        .fetch_one(&mut *db)
        .await?;
    let today = app.today();
    let is_near = first <= today.saturating_add((DAYS - FIRST_DAYS).days());
    let from = if is_near { today } else { first };
    let kept = app.diary.lock().ok().and_then(|kept| kept.clone());
    if let Some((of, begins, diary)) = kept
        && (of, begins) == (version, from)
    {
        return Ok(diary);
    }
    let clinic = Clinic::of_zone(app.zone());
    let mut schedules = hours::all(db, &clinic).await?;
    if !is_near {
        schedules.retain(|schedule| wish.wants(schedule));
    }
    let work = move || Diary::new(&clinic, &schedules, from, DAYS.unsigned_abs() as usize);
    let made = Arc::new(tokio::task::spawn_blocking(work).await?);
    if is_near && let Ok(mut kept) = app.diary.lock() {
        *kept = Some((version, today, made.clone()));
    }
    Ok(made)
}

/// Finds free slots: over the first days, and where these have too few, over all.
pub(crate) async fn find(app: &App, wish: &Wish) -> Result<Vec<Free>> {
    let mut db = app.pool.acquire().await?;
    let today = app.today();
    let from = wish.not_before.map_or(today, |day| day.max(today));
    let mut diary = diary(app, &mut db, from, wish).await?.of(wish);
    let doctors: Vec<Uuid> = diary.doctors().into_iter().map(|id| id.0).collect();
    let mut found = Vec::new();
    for days in [FIRST_DAYS, DAYS] {
        let last = from.saturating_add((days - 1).days());
        fill(&mut db, &mut diary, &doctors, from, last).await?;
        let not_after = Some(last);
        found = diary.find(&Wish {
            not_after,
            ..wish.clone()
        });
        if found.len() >= wish.count {
            break;
        }
    }
    Ok(found)
}

/// Notes in a diary what is given away.
async fn fill(
    db: &mut PgConnection,
    diary: &mut Diary,
    doctors: &[Uuid],
    from: Date,
    last: Date,
) -> sqlx::Result<()> {
    let rows = sqlx::query(
        "select practitioner, to_char(day, 'YYYY-MM-DD') as day, counted + lent as counted, slots from doctor_day
         where practitioner = any($1) and day >= $2::date and day <= $3::date and slots <> 0",
    )
    .bind(doctors)
    .bind(from.to_string())
    .bind(last.to_string())
    .fetch_all(db)
    .await?;
    for row in rows {
        let Ok(day) = row.get::<&str, _>("day").parse::<Date>() else {
            continue;
        };
        let given = Given {
            slots: row.get::<i64, _>("slots").cast_unsigned(),
            counted: row.get::<i32, _>("counted").unsigned_abs(),
        };
        diary.give(StaffId(row.get("practitioner")), day, given);
    }
    Ok(())
}
