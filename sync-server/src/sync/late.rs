//! Finds what was made after its desk was stopped or after its author left.

use crate::sync::lock::Locked;
use crate::sync::weigh::{Letter, Source};
use shared::clock::Now;
use shared::problem::Problem;
use shared::sync::judge::Inspected;
use shared::sync::late::{Said, Stopped, made};
use shared::sync::wire::Hash;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Returns the changes of a push that were made too late, each with what is to be said of it. Nearly every push comes from a
/// desk and from people who were not stopped, and costs nothing here.
pub(crate) async fn late(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    locked: &Locked,
    now: Now,
) -> sqlx::Result<BTreeMap<Hash, Problem>> {
    let has_left = locked.staff.values().any(|author| author.left_ms.is_some());
    if source.reviewed || (locked.stopped_ms.is_none() && !has_left) {
        return Ok(BTreeMap::new());
    }
    let read: Vec<&Inspected> = letters
        .iter()
        .filter_map(|letter| letter.seen.as_ref().ok())
        .collect();
    let taken = taken(tx, source, &read).await?;
    let waybill = source.waybill.as_ref();
    let ahead_ms = waybill.map_or(0, |waybill| {
        waybill.sent_at_ms.saturating_sub(waybill.anchor_ms)
    });
    let said = |seen: &&Inspected| Said {
        at_ms: seen.at_s.saturating_mul(1_000),
        ahead_ms,
        follows_ms: newest(&taken, &seen.deps),
    };
    let made = made(read.iter().map(said), now.0);
    let is_late = |(seen, made_ms): (&&Inspected, i64)| {
        let author = seen.staff.and_then(|staff| locked.staff.get(&staff));
        let stopped = Stopped {
            desk_ms: locked.stopped_ms,
            author_ms: author.and_then(|author| author.left_ms),
        };
        Some((seen.hash, stopped.allows(made_ms).err()?))
    };
    Ok(read.iter().zip(made).filter_map(is_late).collect())
}

fn newest(taken: &BTreeMap<Vec<u8>, i64>, deps: &[Hash]) -> i64 {
    let of = |dep: &Hash| taken.get(dep.as_slice()).copied();
    deps.iter().filter_map(of).max().unwrap_or(i64::MIN)
}

/// Returns when the hub took what these changes build on, of what other desks wrote: what a desk wrote itself it may have
/// had for long.
async fn taken(
    tx: &mut PgConnection,
    source: &Source,
    read: &[&Inspected],
) -> sqlx::Result<BTreeMap<Vec<u8>, i64>> {
    let deps: Vec<Vec<u8>> = read
        .iter()
        .flat_map(|seen| seen.deps.iter().map(|dep| dep.to_vec()))
        .collect();
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "select hash, (extract(epoch from taken_at) * 1000)::bigint from change where hash = any($1) and device <> $2",
    )
    .bind(deps)
    .bind(source.device.0)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}
