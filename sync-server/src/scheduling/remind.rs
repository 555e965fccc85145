//! Reminds of appointments a day before.

use crate::app::App;
use crate::error::Result;
use crate::events::outbox;
use serde_json::Value;
use shared::events::Event;
use shared::ids::RecordId;
use shared::record;
use shared::scheduling::Appointment;
use shared::scheduling::clinic::Clinic;
use shared::scheduling::telling::{REMINDER_MS, reminder};
use sqlx::Row;
use sqlx::types::Json;
use std::time::Duration;
use uuid::Uuid;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(60);
/// Appointments that are looked at in one go.
const AT_ONCE: i64 = 500;

/// Looks every minute, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Nobody could be reminded; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Reminds of what begins within a day and was not told later than that.
pub async fn sweep(app: &App) -> Result<()> {
    let mut after_ms = app.now().0;
    while let Some(last_ms) = remind_some(app, after_ms).await? {
        after_ms = last_ms;
    }
    app.told.announce();
    Ok(())
}

/// Reminds of the next ones; returns where the last of them begins, if there may be more. Whoever is being changed just now
/// is looked at a minute later.
async fn remind_some(app: &App, after_ms: i64) -> Result<Option<i64>> {
    let (now_ms, clinic) = (app.now().0, Clinic::of_zone(app.zone()));
    let mut tx = app.pool.begin().await?;
    let rows = sqlx::query(
        "select record.id, record.body, booking.starts_ms from booking join record on record.id = booking.appointment
         where booking.appointment is not null and booking.starts_ms > $1 and booking.starts_ms <= $2
            and record.body ->> 'status' = 'booked' and not exists (
                select 1 from event where subject = record.id and recorded_ms >= booking.starts_ms - $3)
         order by booking.starts_ms limit $4 for update of record skip locked",
    )
    .bind(after_ms)
    .bind(now_ms + REMINDER_MS)
    .bind(REMINDER_MS)
    .bind(AT_ONCE)
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get("id")).collect();
    let known = outbox::known(&mut tx, &ids).await?;
    let due = rows.iter().filter_map(|row| {
        let subject = RecordId(row.get("id"));
        let Json::<Value>(body) = row.get("body");
        let appointment = record::parse::<Appointment>(&body).ok()?;
        let known = known.get(&subject);
        let told_ms = known.and_then(|known| known.recorded_ms);
        Some(Event {
            subject,
            nth: known.map_or(0, |known| known.count) + 1,
            at_ms: now_ms,
            recorded_ms: now_ms,
            what: reminder(&appointment, &clinic, told_ms, now_ms)?,
        })
    });
    outbox::tell(&mut tx, &due.collect::<Vec<_>>()).await?;
    tx.commit().await?;
    let is_full = rows.len() == usize::try_from(AT_ONCE).unwrap_or_default();
    Ok(rows
        .last()
        .filter(|_| is_full)
        .map(|row| row.get("starts_ms")))
}
