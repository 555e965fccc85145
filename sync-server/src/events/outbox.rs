//! Events that were told: written with what causes them, and handed on afterwards.

use super::Bus;
use crate::error::Result;
use serde_json::{Value, json};
use shared::events::{Event, What};
use shared::ids::RecordId;
use shared::planted::{self, Fault};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Events that are handed on in one go.
const AT_ONCE: i64 = 200;

/// What others were told about a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// How many events there are about it.
    pub count: u32,
    last_nth: u32,
    /// The last one that is not contested, and when the hub told it.
    pub last: Option<What>,
    pub recorded_ms: Option<i64>,
}

/// Returns what was told about records. They are locked, so nobody tells more meanwhile; who did not lock them finds out when
/// the event is written: its number is taken.
pub async fn known(
    db: &mut PgConnection,
    subjects: &[Uuid],
) -> sqlx::Result<BTreeMap<RecordId, Known>> {
    let rows = sqlx::query(
        "select subject, nth, type, data, is_contested, recorded_ms from event
         where subject = any($1) order by subject, nth",
    )
    .bind(subjects)
    .fetch_all(db)
    .await?;
    let mut known: BTreeMap<RecordId, Known> = BTreeMap::new();
    for row in &rows {
        let subject = RecordId(row.get("subject"));
        known.entry(subject).or_default().add(row);
    }
    Ok(known)
}

impl Known {
    /// Adds an event, in whatever order.
    pub(crate) fn add(&mut self, row: &PgRow) {
        let nth = row.get::<i32, _>("nth").unsigned_abs();
        self.count = self.count.max(nth);
        if !row.get::<bool, _>("is_contested") && nth > self.last_nth {
            self.last_nth = nth;
            (self.last, self.recorded_ms) = (what(row), Some(row.get("recorded_ms")));
        }
    }
}

fn what(row: &PgRow) -> Option<What> {
    let Json::<Value>(data) = row.get("data");
    serde_json::from_value(json!({ "type": row.get::<&str, _>("type"), "data": data })).ok()
}

/// Writes events, in the transaction of what causes them.
pub async fn tell(db: &mut PgConnection, events: &[Event]) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let data = |event: &Event| Json(event.to_json()["data"].take());
    let number = |event: &Event| i32::try_from(event.nth).unwrap_or(i32::MAX);
    sqlx::query(
        "insert into event (subject, nth, type, data, at_ms, recorded_ms, is_contested)
         select * from unnest($1::uuid[], $2::integer[], $3::text[], $4::jsonb[], $5::bigint[], $6::bigint[], $7::boolean[])",
    )
    .bind(events.iter().map(|event| event.subject.0).collect::<Vec<_>>())
    .bind(events.iter().map(number).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.what.name()).collect::<Vec<_>>())
    .bind(events.iter().map(data).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.at_ms).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.recorded_ms).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.what.is_contested()).collect::<Vec<_>>())
    .execute(db)
    .await?;
    Ok(())
}

/// Hands on what was told and has not been yet; returns how much. Who is killed in between hands it on again.
pub async fn hand_on(pool: &PgPool, bus: &dyn Bus) -> Result<usize> {
    let mut tx = pool.begin().await?;
    let rows = sqlx::query(
        "select seq, subject, nth, type, data, at_ms, recorded_ms from event
         where published_at is null and set_aside_at is null order by seq limit $1 for update skip locked",
    )
    .bind(AT_ONCE)
    .fetch_all(&mut *tx)
    .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let (mut events, mut read, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let seq: i64 = row.get("seq");
        let Some(what) = what(row) else {
            tracing::error!(event.seq = seq, "An event cannot be read and was set aside");
            unread.push(seq);
            continue;
        };
        events.push(Event {
            subject: RecordId(row.get("subject")),
            nth: row.get::<i32, _>("nth").unsigned_abs(),
            at_ms: row.get("at_ms"),
            recorded_ms: row.get("recorded_ms"),
            what,
        });
        read.push(seq);
    }
    if !planted::is_on(Fault::ToldEarly) {
        bus.publish(&events).await?;
    }
    sqlx::query(
        "update event set published_at = case when seq = any($1) then now() end, set_aside_at = case when seq = any($2) then now() end
         where seq = any($1 || $2)",
    )
    .bind(&read)
    .bind(&unread)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if planted::is_on(Fault::ToldEarly) {
        bus.publish(&events).await?;
    }
    Ok(rows.len())
}
