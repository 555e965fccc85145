//! Who works here, and as what: said by administrators, who give passwords for once and never know another.

use super::second_factor;
use crate::app::App;
use crate::central::{Person, end_all};
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::passwords::once;
use crate::people::{lock_admins, member, username, words};
use crate::web::read;
use crate::world;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use shared::access::{Task, may_do};
use shared::administration::{OneTime, Reset, StaffAdd, StaffChange, StaffReset, may_replace};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::console::StaffChanged;
use shared::ids::{DepartmentId, StaffId};
use shared::passwords::ONCE_HOURS;
use shared::problem::Problem;
use shared::staff::{Staff, StaffDraft, check_username, may_change_roles};
use sqlx::PgConnection;
use uuid::Uuid;

/// Adds somebody who starts to work here, with a password for once
#[utoipa::path(
    post, path = "/console/v1/staff", operation_id = "console_staff_add", tag = "console", request_body = crate::api::administration::StaffAdd,
    responses(
        (status = 200, description = "The password, which nobody is shown again", body = crate::api::administration::OneTime),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn add(
    State(app): State<App>,
    person: Person,
    said: Result<Json<StaffAdd>, JsonRejection>,
) -> Result<Json<OneTime>> {
    may_do(&person.staff.roles, Task::RunStaff).map_err(Error::Forbidden)?;
    let StaffAdd {
        username: typed,
        draft,
    } = read(said)?;
    let draft = draft.tidy();
    let mut problems = check_username(&typed);
    problems.extend(draft.check());
    let given = Given::new(&app).await?;
    let mut tx = app.pool.begin().await?;
    lock_admins(&mut tx)
        .await?
        .must_have(Some(person.staff.id))?;
    problems.extend(unknown(&mut tx, &draft.departments).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let id = StaffId(world::new_id());
    let done = sqlx::query(
        "insert into staff (id, username, name, roles, departments) values ($1, $2, $3, $4, $5)
         on conflict (username) do nothing",
    )
    .bind(id.0)
    .bind(username(&typed))
    .bind(&draft.name)
    .bind(words(&draft.roles))
    .bind(ids(&draft.departments))
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        let taken = Problem::new("staff.username_taken", "username");
        return Err(Error::Invalid(vec![taken]));
    }
    given.store(&mut tx, id).await?;
    write_down(&mut tx, &person, id, "staff.added").await?;
    tx.commit().await?;
    Ok(Json(given.told(id, username(&typed))))
}

/// Gives somebody another name, other roles or other departments
#[utoipa::path(
    post, path = "/console/v1/staff/change", operation_id = "console_staff_change", tag = "console", request_body = crate::api::administration::StaffChange,
    responses(
        (status = 200, description = "The hub goes by it at once, desks from their next contact on", body = crate::api::console::StaffChanged),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    person: Person,
    said: Result<Json<StaffChange>, JsonRejection>,
) -> Result<Json<StaffChanged>> {
    may_do(&person.staff.roles, Task::RunStaff).map_err(Error::Forbidden)?;
    let StaffChange { staff, base, draft } = read(said)?;
    let draft = draft.tidy();
    let mut tx = app.pool.begin().await?;
    let admins = lock_admins(&mut tx).await?;
    admins.must_have(Some(person.staff.id))?;
    let now = lock(&mut tx, staff).await?;
    let before = StaffDraft::of(&now);
    may_replace(&before, &base.tidy(), "staff.changed").map_err(Error::Clash)?;
    let mut problems = draft.check();
    let roles = (before.roles.as_slice(), draft.roles.as_slice());
    let others = admins.besides(staff);
    problems.extend(may_change_roles(Some(person.staff.id), staff, roles, others).err());
    let is_new = |department: &&DepartmentId| !before.departments.contains(department);
    let new: Vec<DepartmentId> = draft.departments.iter().filter(is_new).copied().collect();
    problems.extend(unknown(&mut tx, &new).await?);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    sqlx::query("update staff set name = $2, roles = $3, departments = $4 where id = $1")
        .bind(staff.0)
        .bind(&draft.name)
        .bind(words(&draft.roles))
        .bind(ids(&draft.departments))
        .execute(&mut *tx)
        .await?;
    let needs = |draft: &StaffDraft| draft.roles.iter().any(|role| role.needs_second_factor());
    if needs(&draft) && !needs(&before) {
        // a session that began with less than the new role asks for is over
        end_all(&mut tx, staff, None).await?;
    }
    let what = if before.roles == draft.roles {
        "staff.changed"
    } else {
        "staff.roles_changed"
    };
    write_down(&mut tx, &person, staff, what).await?;
    let visits = visits(&mut tx, staff, app.now()).await?;
    tx.commit().await?;
    Ok(Json(StaffChanged { visits }))
}

/// Gives somebody a password for once, and takes their second factor away if that is asked for
#[utoipa::path(
    post, path = "/console/v1/staff/reset", operation_id = "console_staff_reset", tag = "console", request_body = crate::api::administration::StaffReset,
    responses(
        (status = 200, description = "The password, which nobody is shown again", body = crate::api::administration::OneTime),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn reset(
    State(app): State<App>,
    person: Person,
    said: Result<Json<StaffReset>, JsonRejection>,
) -> Result<Json<OneTime>> {
    may_do(&person.staff.roles, Task::RunStaff).map_err(Error::Forbidden)?;
    let StaffReset { staff, what, base } = read(said)?;
    if staff == person.staff.id {
        return Err(Error::Invalid(vec![Problem::new("staff.own_reset", "")]));
    }
    let given = Given::new(&app).await?;
    let mut tx = app.pool.begin().await?;
    lock_admins(&mut tx)
        .await?
        .must_have(Some(person.staff.id))?;
    let now = lock(&mut tx, staff).await?;
    if !now.is_active {
        return Err(Error::Invalid(vec![Problem::new("staff.ended", "")]));
    }
    let until = once_until(&mut tx, staff).await?;
    may_replace(&until, &base, "staff.changed").map_err(Error::Clash)?;
    given.store(&mut tx, staff).await?;
    end_all(&mut tx, staff, None).await?;
    let reason = match what {
        Reset::Password => "password.reset",
        Reset::SecondFactor => {
            second_factor::forget(&mut tx, staff).await?;
            "second_factor.reset"
        }
    };
    write_down(&mut tx, &person, staff, reason).await?;
    tx.commit().await?;
    Ok(Json(given.told(staff, now.username)))
}

/// A password for once, before it is anybody's.
struct Given {
    password: String,
    hash: String,
    until_ms: i64,
}

impl Given {
    async fn new(app: &App) -> Result<Self> {
        let (password, hash) = once().await?;
        let until_ms = app.now().0 + ONCE_HOURS * 3_600_000;
        Ok(Self {
            password,
            hash,
            until_ms,
        })
    }

    /// Makes it somebody's. Whoever has no second factor may set one up with it; desks forget what opened before.
    async fn store(&self, db: &mut PgConnection, staff: StaffId) -> sqlx::Result<()> {
        sqlx::query(
            "update staff set password_hash = $2, once_until = to_timestamp($3::double precision / 1000),
                factor_until = to_timestamp($3::double precision / 1000), reset_at = clock_timestamp() where id = $1",
        )
        .bind(staff.0)
        .bind(&self.hash)
        .bind(self.until_ms)
        .execute(db)
        .await?;
        Ok(())
    }

    fn told(self, staff: StaffId, username: String) -> OneTime {
        OneTime {
            staff,
            username,
            password: self.password.into(),
            until: Now(self.until_ms).rfc3339(),
        }
    }
}

/// Returns somebody who signs in here, and whom nobody else changes meanwhile.
async fn lock(db: &mut PgConnection, staff: StaffId) -> Result<Staff> {
    let row = sqlx::query(
        "select id, username, name, roles, departments, is_active from staff
         where id = $1 and password_hash is not null for update",
    )
    .bind(staff.0)
    .fetch_optional(db)
    .await?;
    let unknown = || Error::Missing(Problem::new("staff.unknown", ""));
    row.as_ref().map(member).ok_or_else(unknown)
}

async fn once_until(db: &mut PgConnection, staff: StaffId) -> sqlx::Result<Option<String>> {
    let ms: Option<i64> = sqlx::query_scalar(
        "select (extract(epoch from once_until) * 1000)::bigint from staff where id = $1",
    )
    .bind(staff.0)
    .fetch_one(db)
    .await?;
    Ok(ms.map(|ms| Now(ms).rfc3339()))
}

/// Says whether some departments are none, or were closed. Nobody closes them meanwhile.
async fn unknown(db: &mut PgConnection, wanted: &[DepartmentId]) -> sqlx::Result<Option<Problem>> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "select id from department where id = any($1) and closed_at is null order by id for share",
    )
    .bind(ids(wanted))
    .fetch_all(db)
    .await?;
    let is_known = wanted.iter().all(|one| found.contains(&one.0));
    Ok((!is_known).then(|| Problem::new("department.closed", "departments")))
}

/// Returns how many visits somebody has still to come.
async fn visits(db: &mut PgConnection, doctor: StaffId, now: Now) -> sqlx::Result<u32> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from booking where practitioner = $1 and appointment is not null and starts_ms > $2",
    )
    .bind(doctor.0)
    .bind(now.0)
    .fetch_one(db)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn ids(departments: &[DepartmentId]) -> Vec<Uuid> {
    departments.iter().map(|department| department.0).collect()
}

/// Writes down of whom something was said, and who said it.
async fn write_down(
    db: &mut PgConnection,
    by: &Person,
    whom: StaffId,
    what: &str,
) -> sqlx::Result<()> {
    let entry = deed(What::StaffChanged, HUB, Some(whom));
    note(db, &entry.because(what)).await?;
    let entry = deed(What::Administered, HUB, Some(by.staff.id));
    note(db, &entry.because(what)).await
}
