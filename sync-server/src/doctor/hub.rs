//! What is known of the hub itself.

use crate::app::App;
use crate::backup::running;
use crate::error::Result;
use shared::health::{self, AuditSeen, Backups, EventsSeen, Finding, LONG_MS};
use std::path::Path;

/// How much room there is where the hub keeps its files.
pub(super) fn disk(data: &Path) -> Finding {
    let room = nix::sys::statvfs::statvfs(data).ok().map(|disk| {
        let bytes = |blocks: u64| blocks.saturating_mul(disk.fragment_size());
        (bytes(disk.blocks_available()), bytes(disk.blocks()))
    });
    health::disk(room)
}

/// When the last backup was made.
pub(super) async fn backup(app: &App) -> Result<Finding> {
    let last_ms: Option<i64> =
        sqlx::query_scalar("select (extract(epoch from max(at)) * 1000)::bigint from backup_made")
            .fetch_one(&app.pool)
            .await?;
    let known = match last_ms {
        Some(at_ms) => Backups::LastAt(at_ms),
        None if has_private_database(app) => Backups::Never,
        None => Backups::Elsewhere,
    };
    Ok(health::backup(known, app.now()))
}

/// Whether the running backup has everything.
pub(super) async fn running(app: &App) -> Result<Vec<Finding>> {
    if !has_private_database(app) {
        return Ok(Vec::new());
    }
    let (data, of) = (app.data.clone(), app.lineage);
    // a folder on another computer may take long to answer
    let seen = tokio::task::spawn_blocking(move || running::seen(&data, of)).await??;
    Ok(health::running(seen.as_ref(), app.now()))
}

/// Says whether the database is the hub's own.
pub(super) fn has_private_database(app: &App) -> bool {
    app.data.join("postgres").is_dir()
}

/// When the log was signed and verified.
pub(super) async fn audit(app: &App) -> Result<Vec<Finding>> {
    let (has_grown, signed_ms): (bool, Option<i64>) = sqlx::query_as(
        "select size > coalesce((select max(size) from audit_head), 0),
            coalesce((select max(at_ms) from audit_head), (select at_ms from audit_log where leaf = 0)) from audit_tree",
    )
    .fetch_one(&app.pool)
    .await?;
    let verified: Option<(i64, bool)> = sqlx::query_as(
        "select (extract(epoch from at) * 1000)::bigint, is_whole from audit_looked order by id desc limit 1",
    )
    .fetch_optional(&app.pool)
    .await?;
    let seen = AuditSeen {
        signed_ms,
        has_grown,
        verified,
    };
    Ok(health::audit(&seen, app.now()))
}

/// What departments have not been told, or could not take.
pub(super) async fn events(app: &App) -> Result<Vec<Finding>> {
    let (waiting, oldest_ms, set_aside): (i64, Option<i64>, i64) = sqlx::query_as(
        "with waits as (
            select recorded_ms as since_ms from event where published_at is null and set_aside_at is null
            union all
            select (extract(epoch from arrived_at) * 1000)::bigint from event_inbox where taken_at is null and set_aside_at is null
         )
         select count(*) filter (where since_ms < $1), min(since_ms),
            (select count(*) from event where set_aside_at is not null)
            + (select count(*) from event_inbox where set_aside_at is not null and taken_at is null)
         from waits",
    )
    .bind(app.now().0 - LONG_MS)
    .fetch_one(&app.pool)
    .await?;
    let seen = EventsSeen {
        waiting: waiting.unsigned_abs(),
        oldest_ms,
        set_aside: set_aside.unsigned_abs(),
    };
    Ok(health::events(&seen, app.now()))
}

/// Whether services that are a process of their own hear what they are told.
pub(super) async fn nats(app: &App) -> Vec<Finding> {
    match app.place.nats() {
        Some(nats) => health::nats(&nats.look().await),
        None => Vec::new(),
    }
}

/// Slots that wait for a decision.
pub(super) async fn decisions(app: &App) -> Result<Finding> {
    let (count, oldest_ms): (i64, Option<i64>) =
        sqlx::query_as("select count(*), min(came_ms) from booking_request")
            .fetch_one(&app.pool)
            .await?;
    let now = app.now();
    Ok(health::decisions(count.unsigned_abs(), oldest_ms, now))
}

/// Held work that waits for a person.
pub(super) async fn held(app: &App) -> Result<Finding> {
    let (count, oldest_ms): (i64, Option<i64>) = sqlx::query_as(
        "select count(*), (extract(epoch from min(held_at)) * 1000)::bigint from held_change
         where taken_at is null and decided_at is null and resent_at is null",
    )
    .fetch_one(&app.pool)
    .await?;
    Ok(health::held(count.unsigned_abs(), oldest_ms, app.now()))
}
