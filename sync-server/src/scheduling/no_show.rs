//! Who did not come: noted by the hub once every desk that could know better has been heard, otherwise left to a person.

use super::write::{Draft, write};
use crate::app::App;
use crate::error::Result;
use metrics::gauge;
use serde_json::json;
use shared::document::Heads;
use shared::ids::RecordId;
use shared::scheduling::AppointmentStatus;
use shared::scheduling::rules::{NoShow, no_show};
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(60);
/// So far back is looked. What nobody closed in that time stays open until a person does.
const BACK_MS: i64 = 14 * 24 * 3_600_000;
/// Visits that are looked at in one go.
const AT_ONCE: i64 = 500;

/// Looks every minute, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Visits to which nobody came could not be noted; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A visit that is over by its time, and of which nobody has said what became of it.
struct Open {
    draft: Draft,
    verdict: NoShow,
}

/// Notes who did not come, where that is certain. Returns the visits that a person has to decide about.
pub async fn sweep(app: &App) -> Result<Vec<RecordId>> {
    let now_ms = app.now().0;
    let mut after = (now_ms - BACK_MS, 0);
    let mut unresolved = Vec::new();
    loop {
        let rows = open(app, after, now_ms).await?;
        let Some(last) = rows.last() else { break };
        let is_last = rows.len() < usize::try_from(AT_ONCE).unwrap_or_default();
        after = (last.get("starts_ms"), last.get("booking"));
        let mut missed = Vec::new();
        for one in rows.iter().map(|row| judged(row, now_ms)) {
            match one.verdict {
                NoShow::Automatic => missed.push(one.draft),
                NoShow::Unresolved => unresolved.push(one.draft.appointment),
                NoShow::NotYet => {}
            }
        }
        write(app, &missed).await?;
        if is_last {
            break;
        }
    }
    gauge!("wardbook_visits_unresolved").set(unresolved.len() as f64);
    Ok(unresolved)
}

/// Reads visits that are booked and over, with when the desks that see them were heard, the least of them. A desk that is
/// suspended may still bring something. What was told to nobody, as what is brought in from elsewhere, is left alone.
async fn open(app: &App, after: (i64, i64), now_ms: i64) -> Result<Vec<PgRow>> {
    let rows = sqlx::query(
        "select booking.id as booking, booking.starts_ms, booking.ends_ms, record.id, record.heads, document.doc || record.tail as doc,
            (select (extract(epoch from min(coalesce(seen_at, enrolled_at))) * 1000)::bigint from device
             where device.ward = any(chart.wards) and state in ('active', 'suspended')) as heard_ms
         from booking join record on record.id = booking.appointment
         join document on document.record = record.id join chart on chart.id = record.chart
         where booking.appointment is not null and (booking.starts_ms, booking.id) > ($1, $4) and booking.starts_ms < $2 and booking.ends_ms <= $2
            and record.body ->> 'status' = 'booked' and exists (select 1 from event where subject = record.id)
         order by booking.starts_ms, booking.id limit $3",
    )
    .bind(after.0)
    .bind(now_ms)
    .bind(AT_ONCE)
    .bind(after.1)
    .fetch_all(&app.pool)
    .await?;
    Ok(rows)
}

fn judged(row: &PgRow, now_ms: i64) -> Open {
    let draft = Draft {
        appointment: RecordId(row.get("id")),
        doc: row.get("doc"),
        heads: Heads::from_bytes(row.get("heads")),
        says: json!({ "status": AppointmentStatus::NoShow.word() }),
    };
    let verdict = no_show(row.get("ends_ms"), now_ms, row.get("heard_ms"));
    Open { draft, verdict }
}
