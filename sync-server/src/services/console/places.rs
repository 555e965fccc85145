//! Wards and departments: opened, named and closed. Every desk knows them with its reference data.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::web::read;
use crate::world;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::administration::{
    DepartmentChange, DepartmentDraft, DepartmentLine, Places, WardChange, WardDraft, WardLine,
    may_replace,
};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::ids::{DepartmentId, WardId};
use shared::problem::Problem;
use shared::staff::{Department, InUse, Ward, check_place};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Lists wards and departments, with what still is there
#[utoipa::path(
    get, path = "/console/v1/places", operation_id = "console_places", tag = "console",
    responses(
        (status = 200, description = "All of them, by name", body = crate::api::administration::Places),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn list(State(app): State<App>, person: Person) -> Result<Json<Places>> {
    may_do(&person.staff.roles, Task::RunWards).map_err(Error::Forbidden)?;
    let mut tx = app.pool.begin().await?;
    sqlx::raw_sql("set transaction isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    let wards = find_wards(&mut tx, None, app.now()).await?;
    let departments = find_departments(&mut tx, None, app.now()).await?;
    tx.commit().await?;
    Ok(Json(Places { wards, departments }))
}

/// Opens a ward, gives one another name, closes it or opens it again
#[utoipa::path(
    post, path = "/console/v1/places/ward", operation_id = "console_ward", tag = "console", request_body = crate::api::administration::WardChange,
    responses(
        (status = 200, description = "Desks know it from their next contact on", body = crate::api::administration::WardLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn ward(
    State(app): State<App>,
    person: Person,
    said: Result<Json<WardChange>, JsonRejection>,
) -> Result<Json<WardLine>> {
    may_do(&person.staff.roles, Task::RunWards).map_err(Error::Forbidden)?;
    let WardChange { base, draft } = read(said)?;
    let mut problems = check_place(&draft.name);
    let mut tx = app.pool.begin().await?;
    lock_names(&mut tx).await?;
    let id = match &base {
        None => WardId(world::new_id()),
        Some(base) => {
            let line = lock_ward(&mut tx, base.id, app.now()).await?;
            let now = WardDraft {
                name: line.ward.name,
                is_open: line.closed.is_none(),
            };
            may_replace(&now, &base.draft, "place.changed").map_err(Error::Clash)?;
            if now.is_open && !draft.is_open {
                problems.extend(line.in_use.may_close());
            }
            base.id
        }
    };
    problems.extend(taken(&mut tx, TAKEN_WARD, (id.0, &draft.name)).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    sqlx::query(
        "insert into ward (id, name, closed_at) values ($1, $2, case when $3 then null else now() end)
         on conflict (id) do update set name = excluded.name, closed_at = case when $3 then null else coalesce(ward.closed_at, now()) end",
    )
    .bind(id.0)
    .bind(draft.name.trim())
    .bind(draft.is_open)
    .execute(&mut *tx)
    .await?;
    let was_open = base.as_ref().map(|base| base.draft.is_open);
    let what = deed_of("ward", was_open, draft.is_open);
    let entry = deed(What::Administered, HUB, Some(person.staff.id));
    note(&mut tx, &entry.because(&what)).await?;
    let line = find_wards(&mut tx, Some(id), app.now()).await?.pop();
    tx.commit().await?;
    line.map(Json).ok_or_else(gone)
}

/// Opens a department, gives one another name or ward, closes it or opens it again
#[utoipa::path(
    post, path = "/console/v1/places/department", operation_id = "console_department", tag = "console", request_body = crate::api::administration::DepartmentChange,
    responses(
        (status = 200, description = "Desks know it from their next contact on", body = crate::api::administration::DepartmentLine),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn department(
    State(app): State<App>,
    person: Person,
    said: Result<Json<DepartmentChange>, JsonRejection>,
) -> Result<Json<DepartmentLine>> {
    may_do(&person.staff.roles, Task::RunWards).map_err(Error::Forbidden)?;
    let DepartmentChange { base, draft } = read(said)?;
    let mut problems = check_place(&draft.name);
    let mut tx = app.pool.begin().await?;
    lock_names(&mut tx).await?;
    let id = match &base {
        None => DepartmentId(world::new_id()),
        Some(base) => {
            let line = lock_department(&mut tx, base.id, app.now()).await?;
            let now = DepartmentDraft {
                name: line.department.name,
                ward: line.department.ward,
                is_open: line.closed.is_none(),
            };
            may_replace(&now, &base.draft, "place.changed").map_err(Error::Clash)?;
            if now.is_open && !draft.is_open {
                problems.extend(line.in_use.may_close());
            }
            if now.ward != draft.ward && line.in_use.visits > 0 {
                // the visits that were booked are on the desks of the ward that it leaves
                let visits = Problem::new("department.moves_visits", "ward");
                problems.push(visits.with("count", line.in_use.visits));
            }
            base.id
        }
    };
    if draft.is_open {
        problems.extend(closed_ward(&mut tx, draft.ward).await?);
    }
    problems.extend(taken(&mut tx, TAKEN_DEPARTMENT, (id.0, &draft.name)).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    sqlx::query(
        "insert into department (id, name, ward, closed_at) values ($1, $2, $3, case when $4 then null else now() end)
         on conflict (id) do update set name = excluded.name, ward = excluded.ward,
            closed_at = case when $4 then null else coalesce(department.closed_at, now()) end",
    )
    .bind(id.0)
    .bind(draft.name.trim())
    .bind(draft.ward.0)
    .bind(draft.is_open)
    .execute(&mut *tx)
    .await?;
    let was_open = base.as_ref().map(|base| base.draft.is_open);
    let what = deed_of("department", was_open, draft.is_open);
    let entry = deed(What::Administered, HUB, Some(person.staff.id));
    note(&mut tx, &entry.because(&what)).await?;
    let line = find_departments(&mut tx, Some(id), app.now()).await?.pop();
    tx.commit().await?;
    line.map(Json).ok_or_else(gone)
}

fn gone() -> Error {
    Error::Missing(Problem::new("place.unknown", ""))
}

/// Returns what was done, as the log says it.
fn deed_of(what: &str, was_open: Option<bool>, is_open: bool) -> String {
    let verb = match (was_open, is_open) {
        (None, _) => "added",
        (Some(true), false) => "closed",
        (Some(false), true) => "reopened",
        (Some(_), _) => "changed",
    };
    format!("{what}.{verb}")
}

/// One administrator after the other: two who choose one name at once are told so.
async fn lock_names(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_advisory_xact_lock(hashtext('wardbook places'))")
        .execute(db)
        .await?;
    Ok(())
}

const TAKEN_WARD: &str =
    "select exists (select 1 from ward where lower(name) = lower($1) and id <> $2)";
const TAKEN_DEPARTMENT: &str =
    "select exists (select 1 from department where lower(name) = lower($1) and id <> $2)";

async fn taken(
    db: &mut PgConnection,
    statement: &'static str,
    (id, name): (Uuid, &str),
) -> sqlx::Result<Option<Problem>> {
    let is_taken: bool = sqlx::query_scalar(statement)
        .bind(name.trim())
        .bind(id)
        .fetch_one(db)
        .await?;
    Ok(is_taken.then(|| Problem::new("place.name_taken", "name")))
}

/// Says whether no department can be of a ward, which nobody closes meanwhile.
async fn closed_ward(db: &mut PgConnection, ward: WardId) -> sqlx::Result<Option<Problem>> {
    let found: Option<Uuid> =
        sqlx::query_scalar("select id from ward where id = $1 and closed_at is null for share")
            .bind(ward.0)
            .fetch_optional(db)
            .await?;
    Ok(found.is_none().then(|| Problem::new("ward.closed", "ward")))
}

/// Locks a ward, so that no department and no workstation becomes its own meanwhile, and reads it.
async fn lock_ward(db: &mut PgConnection, ward: WardId, now: Now) -> Result<WardLine> {
    sqlx::query("select id from ward where id = $1 for update")
        .bind(ward.0)
        .execute(&mut *db)
        .await?;
    let found = find_wards(db, Some(ward), now).await?.pop();
    found.ok_or_else(gone)
}

async fn lock_department(
    db: &mut PgConnection,
    department: DepartmentId,
    now: Now,
) -> Result<DepartmentLine> {
    sqlx::query("select id from department where id = $1 for update")
        .bind(department.0)
        .execute(&mut *db)
        .await?;
    let found = find_departments(db, Some(department), now).await?.pop();
    found.ok_or_else(gone)
}

async fn find_wards(
    db: &mut PgConnection,
    ward: Option<WardId>,
    now: Now,
) -> sqlx::Result<Vec<WardLine>> {
    let rows = sqlx::query(include_str!("places_wards.sql"))
        .bind(ward.map(|ward| ward.0))
        .bind(now.rfc3339())
        .fetch_all(db)
        .await?;
    let line = |row: &PgRow| WardLine {
        ward: Ward {
            id: WardId(row.get("id")),
            name: row.get("name"),
        },
        in_use: InUse {
            patients: count(row, "patients"),
            desks: row.get("desks"),
            departments: row.get("departments"),
            doctors: Vec::new(),
            visits: count(row, "visits"),
        },
        closed: closed(row),
    };
    Ok(rows.iter().map(line).collect())
}

async fn find_departments(
    db: &mut PgConnection,
    department: Option<DepartmentId>,
    now: Now,
) -> sqlx::Result<Vec<DepartmentLine>> {
    let rows = sqlx::query(include_str!("places_departments.sql"))
        .bind(department.map(|department| department.0))
        .bind(now.rfc3339())
        .fetch_all(db)
        .await?;
    let line = |row: &PgRow| DepartmentLine {
        department: Department {
            id: DepartmentId(row.get("id")),
            name: row.get("name"),
            ward: WardId(row.get("ward")),
        },
        in_use: InUse {
            doctors: row.get("doctors"),
            visits: count(row, "visits"),
            ..InUse::default()
        },
        closed: closed(row),
    };
    Ok(rows.iter().map(line).collect())
}

fn count(row: &PgRow, name: &str) -> u32 {
    u32::try_from(row.get::<i64, _>(name)).unwrap_or(u32::MAX)
}

fn closed(row: &PgRow) -> Option<String> {
    row.get::<Option<i64>, _>("closed_ms")
        .map(|ms| Now(ms).rfc3339())
}
