//! What a desk is told before anything else, and what an administrator orders of desks and staff.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::people;
use crate::session::Known;
use anyhow::{Context, ensure};
use axum::Json;
use axum::extract::State;
use metrics::counter;
use shared::audit::entry::{Entry, What};
use shared::device::DeviceState;
use shared::ids::{DeviceId, StaffId};
use shared::orders::{Allowed, Order, STAFF_AT_MOST, STATUS, Status, StatusAsk, Wiped};
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::seal::Sealed;
use shared::staff::may_change_roles;
use uuid::Uuid;

const NONCE_CHARS_MAX: usize = 64;

/// Says what a workstation has to do; the only answer that one which was stopped gets
#[utoipa::path(
    post, path = "/identity/v1/status", operation_id = "status", tag = "identity", request_body = crate::api::StatusAsk,
    responses(
        (status = 200, description = "A signed `Status`", body = crate::api::Sealed),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn status(State(app): State<App>, known: Known) -> Result<Json<Sealed>> {
    if known.device.state == DeviceState::Pending {
        known.may_work(Allowed::Nothing)?;
    }
    let ask: StatusAsk = read(&known)?;
    if ask.staff.len() > STAFF_AT_MOST || ask.nonce.chars().count() > NONCE_CHARS_MAX {
        return Err(Error::Invalid(vec![
            Problem::new("too_long", "staff").with("max", STAFF_AT_MOST),
        ]));
    }
    let asked: Vec<Uuid> = ask.staff.iter().map(|staff| staff.0).collect();
    let here: Vec<Uuid> = sqlx::query_scalar(
        "select id from staff left join desk_sign_in on desk_sign_in.staff = staff.id and device = $2
         where id = any($1) and is_active and (reset_at is null or reset_at < at or $3)",
    )
    .bind(&asked)
    .bind(known.device.id.0)
    .bind(planted::is_on(Fault::ResetIsNotHeard))
    .fetch_all(&app.pool)
    .await?;
    let policy_version: i32 = sqlx::query_scalar("select policy_version from hospital")
        .fetch_one(&app.pool)
        .await?;
    let order = known.device.order;
    counter!("wardbook_orders_total", "order" => order.word()).increment(1);
    let status = Status {
        device: known.device.id,
        nonce: ask.nonce,
        order,
        left: asked
            .into_iter()
            .filter(|id| !here.contains(id))
            .map(StaffId)
            .collect(),
        policy_version: policy_version.unsigned_abs(),
        now_ms: app.now().0,
    };
    Ok(Json(Sealed::new(&app.key, STATUS, &status)))
}

/// Notes that a workstation has emptied itself
#[utoipa::path(
    post, path = "/identity/v1/wiped", operation_id = "wiped", tag = "identity", request_body = crate::api::Wiped,
    responses(
        (status = 200, description = "Noted; it is known no more"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn wiped(State(app): State<App>, known: Known) -> Result<Json<()>> {
    let said: Wiped = read(&known)?;
    match known.device.order {
        Order::WipeAfterUpload | Order::WipeNow => {}
        Order::Active | Order::Suspend => {
            return Err(Error::Clash(Problem::new("device.not_wiped", "")));
        }
    }
    let id = known.device.id;
    let mut tx = app.pool.begin().await?;
    sqlx::query(
        "update device set wiped_at = coalesce(wiped_at, now()), revoked_at = coalesce(revoked_at, now()) where id = $1",
    )
    .bind(id.0)
    .execute(&mut *tx)
    .await?;
    note(&mut tx, &administered("device.wiped", id)).await?;
    tx.commit().await?;
    tracing::info!(device.id = %id, duration_ms = said.took_ms, "A workstation has emptied itself");
    Ok(Json(()))
}

fn read<T: serde::de::DeserializeOwned>(known: &Known) -> Result<T> {
    serde_json::from_slice(&known.body).map_err(|_| Error::Malformed(Problem::new("shape", "")))
}

// ---- what an administrator orders

/// Orders something of a workstation. It hears of it at its next contact, which is now if it has one.
pub async fn order(
    app: &App,
    device: Uuid,
    order: Order,
    by: Option<StaffId>,
) -> anyhow::Result<()> {
    let mut tx = app.pool.begin().await?;
    let done = sqlx::query(
        "update device set ordered = $2,
            ordered_at = case when $2 = 'active' then null when ordered = 'active' then clock_timestamp() else ordered_at end
         where id = $1 and number > 0 and wiped_at is null",
    )
    .bind(device)
    .bind(order.word())
    .execute(&mut *tx)
    .await?;
    ensure!(
        done.rows_affected() == 1,
        "there is no workstation {device}, or it has emptied itself"
    );
    let what = format!("device.ordered.{}", order.word());
    let entry = deed(What::Administered, DeviceId(device), by);
    note(&mut tx, &entry.because(&what)).await?;
    wake(&mut tx).await?;
    Ok(tx.commit().await?)
}

fn administered(what: &str, device: DeviceId) -> Entry {
    deed(What::Administered, device, None).because(what)
}

/// Calls that wait for news look again, so that an order is heard at once.
async fn wake(db: &mut sqlx::PgConnection) -> sqlx::Result<()> {
    sqlx::query("select pg_notify('wardbook_news', 'reference')")
        .execute(db)
        .await?;
    Ok(())
}

/// Lets somebody in, or nobody of that name any more. Desks learn it with their reference data.
pub async fn set_active(
    app: &App,
    username: &str,
    is_active: IsActive,
    by: Option<StaffId>,
) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    let admins = people::lock_admins(&mut tx).await?;
    let row = sqlx::query(
        "select id, username, name, roles, departments, is_active from staff
         where username = $1 and password_hash is not null for update",
    )
    .bind(people::username(username))
    .fetch_optional(&mut *tx)
    .await?;
    let row = row.ok_or_else(|| Error::Missing(Problem::new("staff.unknown", "username")))?;
    let staff = people::member(&row);
    let id = staff.id.0;
    admins.must_have(by)?;
    if by.is_some() && staff.is_active == (is_active == IsActive::Yes) {
        return Err(Error::Clash(Problem::new("staff.changed", "")));
    }
    if is_active == IsActive::No {
        let none = (staff.roles.as_slice(), [].as_slice());
        may_change_roles(by, staff.id, none, admins.besides(staff.id))
            .map_err(|problem| Error::Invalid(vec![problem]))?;
    }
    sqlx::query("update staff set is_active = $2 where id = $1")
        .bind(id)
        .bind(is_active == IsActive::Yes)
        .execute(&mut *tx)
        .await?;
    note(&mut tx, &deed(What::StaffChanged, HUB, Some(StaffId(id)))).await?;
    if by.is_some() {
        let what = match is_active {
            IsActive::Yes => "staff.resumed",
            IsActive::No => "staff.suspended",
        };
        note(&mut tx, &deed(What::Administered, HUB, by).because(what)).await?;
    }
    Ok(tx.commit().await?)
}

/// Whether somebody may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsActive {
    Yes,
    No,
}

/// Chooses after how many minutes desks lock that nobody touches.
pub async fn set_idle_minutes(app: &App, minutes: u32) -> anyhow::Result<()> {
    ensure!(
        shared::unlock::idle_minutes(minutes) == minutes,
        "from 1 to {} minutes",
        shared::unlock::IDLE_MINUTES_MAX
    );
    let mut tx = app.pool.begin().await?;
    sqlx::query("update hospital set idle_minutes = $1")
        .bind(i32::try_from(minutes).context("minutes")?)
        .execute(&mut *tx)
        .await?;
    note(&mut tx, &administered("staff.idle_minutes", HUB)).await?;
    Ok(tx.commit().await?)
}

/// Chooses for how long staff may unlock a desk without the hub.
pub async fn set_offline_hours(app: &App, hours: u32) -> anyhow::Result<()> {
    ensure!(
        shared::unlock::grant_hours(hours) == hours,
        "from 1 to {} hours",
        shared::unlock::GRANT_HOURS_MAX
    );
    let mut tx = app.pool.begin().await?;
    sqlx::query("update hospital set offline_hours = $1")
        .bind(i32::try_from(hours).context("hours")?)
        .execute(&mut *tx)
        .await?;
    note(&mut tx, &administered("staff.offline_hours", HUB)).await?;
    Ok(tx.commit().await?)
}
