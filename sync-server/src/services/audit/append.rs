//! Takes what happened into the log: each row of each source once, in order.
//!
//! Rows get their numbers before they are committed, so a later one may be seen before an earlier one. What is safe to
//! take is found out without any lock: the last number given is read first, then the number the next transaction will
//! have. Once every transaction before that one has ended, no row up to that number can appear any more.

use super::leaf::{self, Leaf};
use super::source::{self, Source};
use crate::app::App;
use crate::error::{Error, Result};
use shared::audit::tree::Growing;
use sqlx::Row;
use std::time::Duration;

/// Rows that are taken in one transaction.
const AT_ONCE: i64 = 2_000;
/// How long to wait for transactions under way, in all. What they did is taken the next time.
const TURNS: u32 = 40;
const TURN: Duration = Duration::from_millis(25);

/// Takes everything that was committed before. Returns how many leaves there are new.
pub(crate) async fn append_all(app: &App) -> Result<u64> {
    let mut added = 0;
    let given = given(app).await?;
    if given.is_empty() || !all_ended(app).await? {
        return Ok(0);
    }
    loop {
        let (some, is_more) = append_some(app, &given).await?;
        added += some;
        if !is_more {
            return Ok(added);
        }
    }
}

/// Returns the sources that have more than the log took, and the last number given in each.
async fn given(app: &App) -> Result<Vec<(Source, i64)>> {
    let mut given = Vec::new();
    let mut db = app.pool.acquire().await?;
    for source in source::ALL {
        let (table, column) = source.table();
        let row = sqlx::query(
            "select coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), 0) as last, done
             from audit_source where source = $3",
        )
        .bind(table)
        .bind(column)
        .bind(source.number())
        .fetch_one(&mut *db)
        .await?;
        let (last, done): (i64, i64) = (row.get("last"), row.get("done"));
        if last > done {
            given.push((source, last));
        }
    }
    Ok(given)
}

/// Waits until every transaction that is under way now has ended; says whether they did.
async fn all_ended(app: &App) -> Result<bool> {
    let number = |text: String| {
        text.parse::<u64>()
            .map_err(|_| Error::Bug(anyhow::anyhow!("a transaction number")))
    };
    let next = number(
        sqlx::query_scalar("select pg_snapshot_xmax(pg_current_snapshot())::text")
            .fetch_one(&app.pool)
            .await?,
    )?;
    for _ in 0..TURNS {
        let oldest = number(
            sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text")
                .fetch_one(&app.pool)
                .await?,
        )?;
        if oldest >= next {
            return Ok(true);
        }
        tokio::time::sleep(TURN).await;
    }
    tracing::debug!("A transaction takes long; the audit log waits for it");
    Ok(false)
}

/// Takes some rows; says how many leaves there are new and whether there is more to take.
async fn append_some(app: &App, given: &[(Source, i64)]) -> Result<(u64, bool)> {
    let mut tx = app.pool.begin().await?;
    let row = sqlx::query("select size, peaks from audit_tree for update")
        .fetch_one(&mut *tx)
        .await?;
    let size = row.get::<i64, _>("size").cast_unsigned();
    let mut tree = Growing::from_bytes(size, row.get("peaks"))
        .ok_or_else(|| Error::Bug(anyhow::anyhow!("the tree of the audit log is damaged")))?;
    let (mut leaves, mut is_more) = (Vec::new(), false);
    for (source, upto) in given {
        let done: i64 = sqlx::query_scalar("select done from audit_source where source = $1")
            .bind(source.number())
            .fetch_one(&mut *tx)
            .await?;
        if done >= *upto {
            continue;
        }
        let rows = source.after(&mut tx, done, *upto, AT_ONCE).await?;
        let is_full = rows.len() as i64 == AT_ONCE;
        let done = rows.last().filter(|_| is_full).map_or(*upto, |(id, _)| *id);
        is_more |= done < *upto;
        for (id, entry) in rows {
            if let Some(entry) = entry {
                let leaf = Leaf::new(&app.audit.key, tree.size(), source.number(), id, &entry);
                tree.push(shared::audit::tree::leaf(&leaf.entry));
                leaves.push(leaf);
            }
        }
        sqlx::query("update audit_source set done = $2 where source = $1")
            .bind(source.number())
            .bind(done)
            .execute(&mut *tx)
            .await?;
    }
    if !leaves.is_empty() {
        leaf::insert(&mut tx, &leaves).await?;
        sqlx::query("update audit_tree set size = $1, peaks = $2")
            .bind(tree.size().cast_signed())
            .bind(tree.peaks())
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok((leaves.len() as u64, is_more))
}
