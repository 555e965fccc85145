//! Workstations after their one-time code: somebody else lets them in, and they renew their certificates.

use crate::app::App;
use crate::deeds::{HUB, deed, note};
use crate::error::{Error, Result};
use crate::people::username;
use crate::session::Known;
use anyhow::ensure;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::console::{Alarm, DeviceLine, DeviceStanding};
use shared::device::{DeviceState, Invitation, may_approve, plain};
use shared::ids::{DeviceId, StaffId, WardId};
use shared::orders::{Allowed, Order};
use shared::problem::Problem;
use shared::sync::exchange::HELD_AN_HOUR;
use shared::sync::wire::{Admitted, CertificateAsk};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Gives a workstation its next certificate
#[utoipa::path(
    post, path = "/identity/v1/certificate", operation_id = "certificate", tag = "identity", request_body = crate::api::CertificateAsk,
    responses(
        (status = 200, description = "Good for 90 days; the one it called with may be older than that", body = crate::api::Admitted),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn certificate(State(app): State<App>, known: Known) -> Result<Json<Admitted>> {
    // a desk that was away for months comes back with its old one: it is still the owner of both its keys
    known.may_work(Allowed::Sending)?;
    let ask: CertificateAsk = serde_json::from_slice(&known.body)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))?;
    let admitted = app
        .authority
        .answer(&ask.request, known.device.id, app.now())?;
    let mut db = app.pool.acquire().await?;
    let entry = deed(What::Administered, known.device.id, None);
    note(&mut db, &entry.because("device.certificate")).await?;
    if known.is_expired {
        tracing::info!(device.id = %known.device.id, "A workstation came back with an old certificate");
    }
    Ok(Json(admitted))
}

/// Returns how a workstation stands with the hospital, for one that waits to be let in
#[utoipa::path(
    get, path = "/identity/v1/state", operation_id = "device_state", tag = "identity",
    responses(
        (status = 200, description = "It may work", body = crate::api::DeviceState),
        (status = "default", description = "A problem: it waits, was suspended or revoked", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn state(known: Known) -> Result<Json<Value>> {
    known.may_work(Allowed::Everything)?;
    Ok(Json(json!({ "state": "active" })))
}

/// Returns what a one-time code says, for desks that reach this hub at an address.
pub fn invitation(app: &App, code: &str, hub: &str) -> Invitation {
    Invitation {
        hub: hub.to_owned(),
        code: plain(code),
        print: hub.starts_with("https://").then(|| app.authority.print()),
    }
}

/// Returns the member of staff with a username who works here.
pub async fn staff_called(app: &App, name: &str) -> anyhow::Result<StaffId> {
    let id: Option<Uuid> =
        sqlx::query_scalar("select id from staff where username = $1 and is_active")
            .bind(username(name))
            .fetch_optional(&app.pool)
            .await?;
    id.map(StaffId)
        .ok_or_else(|| anyhow::anyhow!("nobody called {name} works here"))
}

/// Lets a workstation in that waits for it or was suspended.
pub async fn approve(app: &App, device: DeviceId, by: StaffId) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    let row =
        sqlx::query("select state, invited_by from device where id = $1 and number > 0 for update")
            .bind(device.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| Error::Missing(Problem::new("device.unknown", "")))?;
    match DeviceState::of_word(row.get("state")) {
        DeviceState::Active => return Ok(()),
        DeviceState::Pending | DeviceState::Suspended => {}
        DeviceState::Revoked => return Err(Error::Forbidden(Problem::new("device.revoked", ""))),
    }
    let invited_by = row.get::<Option<Uuid>, _>("invited_by").map(StaffId);
    may_approve(invited_by, by).map_err(Error::Forbidden)?;
    let_in(&mut tx, device, by).await?;
    note(
        &mut tx,
        &deed(What::Administered, HUB, Some(by)).because("device.approved"),
    )
    .await?;
    tx.commit().await?;
    tracing::info!(device.id = %device, "A workstation was let in");
    Ok(())
}

async fn let_in(db: &mut PgConnection, device: DeviceId, by: StaffId) -> sqlx::Result<()> {
    sqlx::query("update device set approved_by = $2, approved_at = now(), suspended_at = null where id = $1")
        .bind(device.0)
        .bind(by.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Lists the workstations, each as a line.
pub async fn list(app: &App) -> anyhow::Result<Vec<String>> {
    let rows = sqlx::query_scalar(
        "select concat_ws('  ', device.id, device.number, ward.name, device.name,
                          (select concat_ws(' ', 'alarm', code, to_char(at, 'YYYY-MM-DD')) from device_alarm
                           where device_alarm.device = device.id order by device_alarm.id desc limit 1),
                          case when wiped_at is not null then 'emptied'
                               when ordered <> 'active' then ordered
                               else device.state end)
         from device join ward on ward.id = device.ward order by device.number",
    )
    .fetch_all(&app.pool)
    .await?;
    Ok(rows)
}

/// Returns workstations after a number, with what the console shows of them; of a ward, those that may work.
pub(crate) async fn lines(
    app: &App,
    ward: Option<WardId>,
    after: u32,
    most: i64,
) -> Result<Vec<DeviceLine>> {
    let rows = sqlx::query(LINES)
        .bind(i64::from(after))
        .bind(most)
        .bind(i64::try_from(HELD_AN_HOUR).unwrap_or(i64::MAX))
        .bind(ward.map(|ward| ward.0))
        .fetch_all(&app.pool)
        .await?;
    Ok(rows.iter().map(line).collect())
}

const LINES: &str = "select device.id, number, name, ward, invited_by, approved_by, state, ordered, wiped_at is not null as is_wiped,
        (extract(epoch from enrolled_at) * 1000)::bigint as enrolled_ms,
        (extract(epoch from greatest(seen_at, device_contact.at)) * 1000)::bigint as seen_ms, version, unsent,
        (select count(*) from held_change where held_change.device = device.id
            and taken_at is null and decided_at is null and resent_at is null) as held,
        (select count(*) from held_change where held_change.device = device.id and held_at > now() - interval '1 hour') > $3 as is_slowed,
        alarm.code, (extract(epoch from alarm.at) * 1000)::bigint as alarm_ms
    from device left join device_contact on device_contact.device = device.id
        left join lateral (select code, at from device_alarm where device_alarm.device = device.id order by id desc limit 1) alarm on true
    where number > $1 and ($4::uuid is null or ward = $4 and state = 'active' and ordered = 'active' and wiped_at is null)
    order by number limit $2";

fn line(row: &PgRow) -> DeviceLine {
    let moment = |column: &str| {
        row.get::<Option<i64>, _>(column)
            .map(|at_ms| Now(at_ms).rfc3339())
    };
    let count = |column: &str| {
        row.get::<Option<i64>, _>(column)
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    };
    let staff = |column: &str| row.get::<Option<Uuid>, _>(column).map(StaffId);
    let alarm = row.get::<Option<String>, _>("code").zip(moment("alarm_ms"));
    DeviceLine {
        id: DeviceId(row.get("id")),
        number: count("number").unwrap_or_default(),
        name: row.get("name"),
        ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
        standing: standing(row),
        invited_by: staff("invited_by"),
        approved_by: staff("approved_by"),
        enrolled: moment("enrolled_ms").unwrap_or_default(),
        seen: moment("seen_ms"),
        version: row.get("version"),
        unsent: count("unsent"),
        held: count("held").unwrap_or_default(),
        is_slowed: row.get("is_slowed"),
        alarm: alarm.map(|(code, at)| Alarm { code, at }),
    }
}

fn standing(row: &PgRow) -> DeviceStanding {
    if row.get("is_wiped") {
        return DeviceStanding::Emptied;
    }
    match (
        Order::of_word(row.get("ordered")),
        DeviceState::of_word(row.get("state")),
    ) {
        (Order::WipeNow, _) => DeviceStanding::WipeNow,
        (Order::WipeAfterUpload, _) => DeviceStanding::WipeAfterUpload,
        (_, DeviceState::Revoked) => DeviceStanding::Revoked,
        (Order::Suspend, _) | (_, DeviceState::Suspended) => DeviceStanding::Suspended,
        (Order::Active, DeviceState::Pending) => DeviceStanding::Pending,
        (Order::Active, DeviceState::Active) => DeviceStanding::Active,
    }
}

/// Never lets a workstation call again.
pub async fn revoke(app: &App, device: DeviceId) -> anyhow::Result<()> {
    let mut tx = app.pool.begin().await?;
    let done = sqlx::query(
        "update device set revoked_at = coalesce(revoked_at, now()) where id = $1 and number > 0",
    )
    .bind(device.0)
    .execute(&mut *tx)
    .await?;
    ensure!(
        done.rows_affected() == 1,
        "there is no workstation {device}"
    );
    note(&mut tx, &deed(What::DeviceRevoked, device, None)).await?;
    Ok(tx.commit().await?)
}
