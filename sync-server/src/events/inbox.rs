//! Events that arrived for a consumer: each is kept once, and taken in a transaction with what the consumer makes of it.
//!
//! One that fails is tried again later and later. One that always fails is set aside for a person; the others do not wait.

use super::Consumer;
use crate::error::{Error, Result};
use futures::FutureExt;
use serde_json::Value;
use shared::events::{Event, try_again_ms};
use shared::planted::{self, Fault};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use std::panic::AssertUnwindSafe;

/// Events that are taken in one transaction, as long as none of them fails.
const AT_ONCE: i64 = 100;

/// Keeps what arrived for a consumer, unless it has arrived before.
pub async fn arrive(pool: &PgPool, consumer: &dyn Consumer, events: &[Event]) -> Result<()> {
    let wanted: Vec<&Event> = events
        .iter()
        .filter(|event| consumer.wants(&event.what))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into event_inbox (consumer, event, body) select $1, event, body from unnest($2::text[], $3::jsonb[]) as arrived (event, body)
         on conflict do nothing",
    )
    .bind(consumer.name())
    .bind(wanted.iter().map(|event| name(event)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|event| Json(event.to_json())).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// Returns under which name an event is kept.
fn name(event: &Event) -> String {
    if planted::is_on(Fault::HeardTwice) {
        return crate::world::new_id().to_string();
    }
    event.id()
}

/// Lets a consumer take what waits for it and is due; returns how much was looked at.
pub async fn take(pool: &PgPool, consumer: &dyn Consumer) -> Result<usize> {
    match take_some(pool, consumer, AT_ONCE).await? {
        Some(count) => Ok(count),
        // one of them fails, so that each is taken by itself
        None => {
            let mut count = 0;
            while count < usize::try_from(AT_ONCE).unwrap_or(1) {
                match take_some(pool, consumer, 1).await? {
                    Some(0) => break,
                    Some(_) | None => count += 1,
                }
            }
            Ok(count)
        }
    }
}

/// Takes up to so many events in one transaction; returns how many, or nothing when one of several fails.
async fn take_some(pool: &PgPool, consumer: &dyn Consumer, most: i64) -> Result<Option<usize>> {
    let mut tx = pool.begin().await?;
    let rows = sqlx::query(
        "select event, body from event_inbox
         where consumer = $1 and taken_at is null and set_aside_at is null and try_at <= now()
         order by arrived limit $2 for update skip locked",
    )
    .bind(consumer.name())
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: String = row.get("event");
        let Json::<Value>(body) = row.get("body");
        if let Err(error) = take_one(&mut tx, consumer, &body).await {
            tx.rollback().await?;
            if rows.len() > 1 {
                return Ok(None);
            }
            failed(pool, consumer, &id, &error).await?;
            return Ok(Some(1));
        }
        taken.push(id);
    }
    if taken.is_empty() {
        return Ok(Some(0));
    }
    sqlx::query("update event_inbox set taken_at = now() where consumer = $1 and event = any($2)")
        .bind(consumer.name())
        .bind(&taken)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(taken.len()))
}

/// Lets a consumer take one event. One that makes it panic is one that fails.
async fn take_one(tx: &mut PgConnection, consumer: &dyn Consumer, body: &Value) -> Result<()> {
    let event = Event::parse(body).map_err(Error::Malformed)?;
    let taking = AssertUnwindSafe(consumer.take(tx, &event)).catch_unwind();
    let panicked = |_| Error::Bug(anyhow::anyhow!("a consumer of events panicked"));
    taking.await.map_err(panicked)?
}

/// Notes that an event failed: it is tried again later, or set aside.
async fn failed(pool: &PgPool, consumer: &dyn Consumer, id: &str, error: &Error) -> Result<()> {
    let before: i32 =
        sqlx::query_scalar("select tries from event_inbox where consumer = $1 and event = $2")
            .bind(consumer.name())
            .bind(id)
            .fetch_one(pool)
            .await?;
    let tries = before.unsigned_abs().saturating_add(1);
    let wait_ms = try_again_ms(tries);
    sqlx::query(
        "update event_inbox set tries = $3, code = $4, try_at = now() + coalesce($5, 0) * interval '1 millisecond',
            set_aside_at = case when $5 is null then now() end
         where consumer = $1 and event = $2",
    )
    .bind(consumer.name())
    .bind(id)
    .bind(i32::try_from(tries).unwrap_or(i32::MAX))
    .bind(error.code())
    .bind(wait_ms)
    .execute(pool)
    .await?;
    if wait_ms.is_none() {
        tracing::error!(
            consumer = consumer.name(),
            event.id = id,
            error.code = error.code(),
            "An event failed too often and was set aside"
        );
    }
    Ok(())
}
