//! Reference data: wards, departments, staff and medicines, as every desk knows them.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::Result;
use crate::people::{member, username, words};
use crate::scheduling::hours;
use crate::session::Signed;
use crate::world;
use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use shared::access::Role;
use shared::audit::entry::What;
use shared::ids::{DepartmentId, StaffId, WardId};
use shared::scheduling::clinic::Clinic;
use shared::staff::{Closed, Department, Reference, Ward};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Returns everything a desk needs to know that is not a record
#[utoipa::path(
    get, path = "/sync/v1/reference", operation_id = "reference", tag = "sync",
    responses(
        (status = 200, description = "The reference data", body = crate::api::Reference),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn reference(State(app): State<App>, _signed: Signed) -> Result<Json<Reference>> {
    Ok(Json(whole(&app).await?))
}

/// Reads all of it.
pub(crate) async fn whole(app: &App) -> Result<Reference> {
    let mut tx = app.pool.begin().await?;
    // one moment for all tables, so that the version is that of what is sent with it
    sqlx::raw_sql("set transaction isolation level repeatable read read only")
        .execute(&mut *tx)
        .await?;
    let reference = read(&mut tx, app.zone()).await?;
    tx.commit().await?;
    Ok(reference)
}

async fn read(db: &mut PgConnection, zone: TimeZone) -> sqlx::Result<Reference> {
    let hospital = sqlx::query("select name, zone, reference_version from hospital")
        .fetch_one(&mut *db)
        .await?;
    let wards =
        sqlx::query("select id, name, closed_at is null as is_open from ward order by name")
            .fetch_all(&mut *db)
            .await?;
    let departments = sqlx::query(
        "select id, name, ward, closed_at is null as is_open from department order by name",
    )
    .fetch_all(&mut *db)
    .await?;
    let staff = sqlx::query(
        "select id, username, name, roles, departments, is_active from staff order by name",
    )
    .fetch_all(&mut *db)
    .await?;
    let medicines = sqlx::query_scalar("select name from medicine order by name")
        .fetch_all(&mut *db)
        .await?;
    let schedules = hours::all(db, &Clinic::of_zone(zone)).await?;
    let (wards, closed_wards) = by_state(&wards, ward);
    let (departments, closed_departments) = by_state(&departments, department);
    Ok(Reference {
        version: u64::try_from(hospital.get::<i64, _>("reference_version")).unwrap_or_default(),
        hospital: hospital.get("name"),
        zone: hospital.get("zone"),
        wards,
        departments,
        staff: staff.iter().map(member).collect(),
        medicines,
        schedules,
        closed: Closed {
            wards: closed_wards,
            departments: closed_departments,
        },
    })
}

/// Parts what is open from what was closed.
fn by_state<T>(rows: &[PgRow], read: impl Fn(&PgRow) -> T) -> (Vec<T>, Vec<T>) {
    let (open, closed): (Vec<&PgRow>, Vec<&PgRow>) =
        rows.iter().partition(|row| row.get("is_open"));
    let all = |rows: Vec<&PgRow>| rows.into_iter().map(&read).collect();
    (all(open), all(closed))
}

fn ward(row: &PgRow) -> Ward {
    Ward {
        id: WardId(row.get("id")),
        name: row.get("name"),
    }
}

fn department(row: &PgRow) -> Department {
    Department {
        id: DepartmentId(row.get("id")),
        name: row.get("name"),
        ward: WardId(row.get("ward")),
    }
}

/// Somebody who starts to work here.
#[derive(Clone)]
pub struct NewStaff {
    pub username: String,
    pub name: String,
    pub roles: Vec<Role>,
    pub departments: Vec<DepartmentId>,
    pub password_hash: String,
}

/// Adds a member of staff, or gives the one with this username a new name, roles and password.
pub async fn add(app: &App, new: NewStaff) -> anyhow::Result<StaffId> {
    let departments: Vec<Uuid> = new
        .departments
        .iter()
        .map(|department| department.0)
        .collect();
    let mut tx = app.pool.begin().await?;
    let id: Uuid = sqlx::query_scalar(
        "insert into staff (id, username, name, roles, departments, password_hash) values ($1, $2, $3, $4, $5, $6)
         on conflict (username) do update set name = excluded.name, roles = excluded.roles,
            departments = excluded.departments, password_hash = excluded.password_hash, is_active = true,
            once_until = null
         returning id",
    )
    .bind(world::new_id())
    .bind(username(&new.username))
    .bind(new.name)
    .bind(words(&new.roles))
    .bind(departments)
    .bind(new.password_hash)
    .fetch_one(&mut *tx)
    .await?;
    note(&mut tx, &deed(What::StaffChanged, HUB, Some(StaffId(id)))).await?;
    tx.commit().await?;
    Ok(StaffId(id))
}
