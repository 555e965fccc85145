//! Finds out when changes were made, where that matters: their desk was stopped, their author left, or their chart did.

use crate::sync::accept::Charts;
use crate::sync::lock::Locked;
use crate::sync::weigh::{Letter, Source};
use shared::clock::Now;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::sync::clocks::{Ahead, CLOCK_SET_MS, Heard};
use shared::sync::judge::Inspected;
use shared::sync::late::{Made, Said, Stopped, made};
use shared::sync::wire::{Hash, PUSH_BYTES, PUSH_ENVELOPES};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Says whether it matters for the desk or an author. Nearly every push comes from those who were not stopped, and costs
/// nothing here.
pub(crate) fn matters(source: &Source, locked: &Locked) -> bool {
    let has_left = || locked.staff.values().any(|author| author.left_ms.is_some());
    !source.reviewed && (locked.stopped_ms.is_some() || has_left())
}

/// Returns when each change of a push was made, by the hub's clock.
pub(crate) async fn made_at(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    ahead: &Ahead,
    now: Now,
) -> sqlx::Result<BTreeMap<Hash, Made>> {
    let read: Vec<&Inspected> = read(letters).collect();
    let taken = taken(tx, source, &read).await?;
    let said = |seen: &&Inspected| Said {
        at_ms: seen.at_s.saturating_mul(1_000),
        follows_ms: newest(&taken, &seen.deps),
    };
    let said: Vec<Said> = read.iter().map(said).collect();
    let made = made(&said, ahead, now.0);
    Ok(read.iter().map(|seen| seen.hash).zip(made).collect())
}

/// Returns by how much the clock of a device was ahead when it made the changes of a push, and writes down what it is now.
/// Nearly every clock goes as it did, which costs nothing here.
pub(crate) async fn ahead(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    locked: &Locked,
    now: Now,
) -> sqlx::Result<Ahead> {
    let Some(heard) = heard(source, letters, now) else {
        return Ok(Ahead::surely(0));
    };
    let after = locked.clock.after(&heard);
    if after != locked.clock {
        sqlx::query("update device set clock_ahead_ms = $2, clock_was_ms = $3 where id = $1")
            .bind(source.device.0)
            .bind(after.ahead_ms)
            .bind(after.was_ms)
            .execute(tx)
            .await?;
    }
    Ok(locked.clock.ahead(&heard))
}

/// What a push tells of its device's clock.
fn heard(source: &Source, letters: &[Letter], now: Now) -> Option<Heard> {
    let ahead_ms = source.ahead_ms?;
    Some(Heard {
        ahead_ms,
        reckoned_ms: source.waybill.as_ref().map_or(ahead_ms, |waybill| {
            waybill.sent_at_ms.saturating_sub(waybill.anchor_ms)
        }),
        is_all: brings_all(source, letters, now),
    })
}

/// Says whether a push brings everything that its desk had to send. One that is full, or that is said again, may have others
/// behind it.
pub(crate) fn brings_all(source: &Source, letters: &[Letter], now: Now) -> bool {
    let size: usize = letters.iter().map(|letter| letter.change.len()).sum();
    let has_room = letters.len() < PUSH_ENVELOPES && size < PUSH_BYTES / 2;
    let called_ms = now.0.saturating_add(source.ahead_ms.unwrap_or(0));
    let is_new = |sent_ms: i64| called_ms.abs_diff(sent_ms) <= CLOCK_SET_MS.unsigned_abs();
    let waybill = source.waybill.as_ref();
    has_room && waybill.is_none_or(|waybill| is_new(waybill.sent_at_ms))
}

/// Returns the changes that were made after their desk was stopped or their author left, each with what is to be said of it.
pub(crate) fn late(
    letters: &[Letter],
    locked: &Locked,
    made: &BTreeMap<Hash, Made>,
) -> BTreeMap<Hash, Problem> {
    let problem = |seen: &Inspected| {
        let author = seen.staff.and_then(|staff| locked.staff.get(&staff));
        let stopped = Stopped {
            desk_ms: locked.stopped_ms,
            author_ms: author.and_then(|author| author.left_ms),
        };
        let problem = stopped.allows(made.get(&seen.hash)?.at_ms).err()?;
        Some((seen.hash, problem))
    };
    read(letters).filter_map(problem).collect()
}

/// Returns the charts of a push that left the device's ward, and when it was told to forget them.
pub(crate) async fn left(
    tx: &mut PgConnection,
    source: &Source,
    charts: &Charts,
) -> sqlx::Result<BTreeMap<RecordId, i64>> {
    let Some(ward) = source.ward.filter(|_| !source.reviewed) else {
        return Ok(BTreeMap::new());
    };
    let unseen = charts
        .iter()
        .filter(|(_, wards)| !wards.is_empty() && !wards.contains(&ward));
    let unseen: Vec<Uuid> = unseen.map(|(chart, _)| chart.0).collect();
    if unseen.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "select chart, forgotten_ms from chart_leaving where ward = $1 and chart = any($2) and forgotten_ms is not null",
    )
    .bind(ward.0)
    .bind(unseen)
    .fetch_all(tx)
    .await?;
    let known = rows.into_iter();
    Ok(known
        .map(|(chart, until)| (RecordId(chart), until))
        .collect())
}

fn read(letters: &[Letter]) -> impl Iterator<Item = &Inspected> {
    letters
        .iter()
        .filter_map(|letter| letter.seen.as_ref().ok())
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
    if deps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "select hash, (extract(epoch from taken_at) * 1000)::bigint from change where hash = any($1) and device <> $2",
    )
    .bind(deps)
    .bind(source.device.0)
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().collect())
}
