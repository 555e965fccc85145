//! How far behind the workstations of each ward are.

use crate::app::App;
use crate::error::Result;
use shared::clock::Now;
use shared::ids::WardId;
use shared::overview::WardLag;
use sqlx::Row;
use sqlx::postgres::PgRow;

/// Says it of every ward, or of one.
pub(crate) async fn of_wards(app: &App, ward: Option<WardId>) -> Result<Vec<WardLag>> {
    // what was heard a moment ago is not written down yet
    crate::contacts::keep(app).await?;
    let now = app.now();
    let rows = sqlx::query(
        "select ward.id, count(desk.id) as desks, count(desk.id) filter (where desk.heard is null) as unheard,
            (extract(epoch from min(desk.heard)) * 1000)::bigint as heard_ms, coalesce(sum(desk.unsent), 0)::bigint as unsent
         from ward left join (
            select device.id, device.ward, greatest(seen_at, device_contact.at) as heard, unsent
            from device left join device_contact on device_contact.device = device.id
            where number > 0 and state = 'active' and ordered = 'active' and wiped_at is null
         ) as desk on desk.ward = ward.id
         where $1::uuid is null or ward.id = $1 group by ward.id, ward.name order by ward.name",
    )
    .bind(ward.map(|ward| ward.0))
    .fetch_all(&app.pool)
    .await?;
    Ok(rows.iter().map(|row| lag(row, now)).collect())
}

fn lag(row: &PgRow, now: Now) -> WardLag {
    let count = |column: &str| u32::try_from(row.get::<i64, _>(column)).unwrap_or(u32::MAX);
    let heard_ms: Option<i64> = row.get("heard_ms");
    let minutes = |at_ms: i64| u32::try_from((now.0 - at_ms).max(0) / 60_000).unwrap_or(u32::MAX);
    WardLag {
        ward: WardId(row.get("id")),
        desks: count("desks"),
        unheard: count("unheard"),
        heard: heard_ms.map(|at_ms| Now(at_ms).rfc3339()),
        silent_minutes: heard_ms.map(minutes),
        unsent: count("unsent"),
    }
}
