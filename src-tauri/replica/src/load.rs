//! A first load: the ward as the hub has it, into a file beside the one in use, which it replaces when it is complete.
//!
//! Segments come two at a time and are checked, read and folded in one thread while another writes. Each is a transaction
//! with its number, so a load goes on where it was after a crash of this program. It is not flushed before the end: after
//! a crash of the computer it begins anew.

use crate::audit;
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::files::{self, Dir};
use crate::hub::Hub;
use crate::meta::Item;
use crate::store::{Key, Lasting, Store, connect};
use crate::{held, meta, outbox, rescue, row};
use futures::{StreamExt, stream};
use rusqlite::{Connection, OpenFlags, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::document;
use shared::migrations;
use shared::record::{self, Keys};
use shared::sync::wire::{self, Manifest, Segment, SegmentRecord};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Segments asked for at the same time.
const AT_ONCE: usize = 2;
/// Page cache while loading, KiB.
const CACHE_KIB: u32 = 24_000;
const SILENCE: Duration = Duration::from_secs(20);
/// Bytes of a manifest, at most: 20 million records.
const MANIFEST_BYTES: usize = 4 << 20;

/// What a load is made of, kept in its file.
const PLAN: Item<Plan> = Item::new("plan");
/// The segment that comes next.
const NEXT: Item<usize> = Item::new("next");

#[derive(Clone, Serialize, Deserialize)]
struct Plan {
    manifest: Manifest,
    /// Names the time since this computer was started: what was written before is not certain to be there.
    boot: Option<String>,
}

/// A record with what it is found by.
struct Ready {
    record: SegmentRecord,
    heads: Vec<u8>,
    keys: Keys,
}

/// A load under way.
struct Loading {
    path: PathBuf,
    generation: u64,
    plan: Plan,
    next: usize,
}

/// Loads the ward and puts it into use. Goes on with a load that was cut short.
pub(crate) async fn load(replica: &Replica, hub: &Hub) -> Result<()> {
    let mut loading = begin(replica, hub).await?;
    let total = loading.plan.manifest.records;
    replica.set_progress(Some((0, total)));
    loop {
        match fetch(replica, hub, &mut loading).await {
            Ok(()) => break,
            // the hub does not keep this snapshot any more
            Err(Error::Refused {
                status: 404 | 410, ..
            }) if loading.next > 0 => {
                files::remove(&loading.path)?;
                loading = begin(replica, hub).await?;
            }
            Err(error) => return Err(error),
        }
    }
    let owner = replica.clone();
    tokio::task::spawn_blocking(move || finish(&owner, &loading)).await??;
    replica.set_progress(None);
    tracing::info!(records = total, "Loaded the ward from the hub");
    Ok(())
}

/// Finds the load to go on with, or plans a new one.
async fn begin(replica: &Replica, hub: &Hub) -> Result<Loading> {
    let boot = boot();
    if let Some(loading) = resume(&replica.0.dir, &replica.0.key, boot.as_deref()) {
        tracing::info!(segment = loading.next, "Goes on with a load");
        return Ok(loading);
    }
    let bytes = hub
        .bytes("/sync/v1/bootstrap", replica.now(), SILENCE, MANIFEST_BYTES)
        .await?;
    let manifest: Manifest = wire::decode(&bytes).map_err(|error| Error::Nonsense(error.code()))?;
    let generation = replica.0.dir.newest()? + 1;
    let path = replica.0.dir.loading(generation);
    files::remove(&path)?;
    let plan = Plan { manifest, boot };
    let db = open(&path, &replica.0.key)?;
    db.execute_batch(&format!(
        "begin; {}; {}; commit;",
        section("tables"),
        section("text")
    ))?;
    db.execute(
        "insert into record_text (record_text, rank) values ('automerge', 0)",
        [],
    )?;
    db.execute(
        "insert into record_text (record_text, rank) values ('crisismerge', 1999)",
        [],
    )?;
    PLAN.set(&db, &plan)?;
    Ok(Loading {
        path,
        generation,
        plan,
        next: 0,
    })
}

fn resume(dir: &Dir, key: &Key, boot: Option<&str>) -> Option<Loading> {
    let generation = dir.loads().ok()?.into_iter().max()?;
    let path = dir.loading(generation);
    let found = open(&path, key).and_then(|db| Ok((PLAN.get(&db)?, NEXT.get(&db)?)));
    let (plan, next) = found.ok()?;
    let plan = plan.filter(|plan| boot.is_some() && plan.boot.as_deref() == boot)?;
    Some(Loading {
        path,
        generation,
        plan,
        next: next.unwrap_or(0),
    })
}

/// Fetches what is missing, two segments at a time, and writes each as it comes.
async fn fetch(replica: &Replica, hub: &Hub, loading: &mut Loading) -> Result<()> {
    let (to_reader, frames) = sync_channel::<Vec<u8>>(1);
    let (to_writer, rows) = sync_channel::<Vec<Ready>>(1);
    let sums: Vec<wire::Hash> = loading.plan.manifest.segments[loading.next..]
        .iter()
        .map(|(sum, _)| *sum)
        .collect();
    let reading = tokio::task::spawn_blocking(move || read_all(&frames, &to_writer, &sums));
    let (owner, path, from) = (replica.clone(), loading.path.clone(), loading.next);
    let total = loading.plan.manifest.records;
    let writing = tokio::task::spawn_blocking(move || write_all(&owner, &path, from, total, &rows));
    let fetched = fetch_all(replica, hub, loading, to_reader).await;
    let read = reading.await?;
    loading.next = writing.await??;
    // what went wrong first is what is told
    fetched.and(read)
}

async fn fetch_all(
    replica: &Replica,
    hub: &Hub,
    loading: &Loading,
    to_reader: SyncSender<Vec<u8>>,
) -> Result<()> {
    let Manifest {
        snapshot, segments, ..
    } = &loading.plan.manifest;
    let calls = (loading.next..segments.len()).map(|number| async move {
        let path = format!("/sync/v1/bootstrap/{snapshot}/{number}");
        hub.bytes(&path, replica.now(), SILENCE, wire::FRAME_BYTES + 1_024)
            .await
    });
    let mut calls = stream::iter(calls).buffered(AT_ONCE);
    while let Some(frame) = calls.next().await {
        let frame = frame?;
        let to_reader = to_reader.clone();
        let handed = tokio::task::spawn_blocking(move || to_reader.send(frame)).await?;
        if handed.is_err() {
            // the reader has ended, and says why
            return Ok(());
        }
    }
    Ok(())
}

/// Checks and reads segments, and folds what their records are found by.
fn read_all(
    frames: &Receiver<Vec<u8>>,
    to_writer: &SyncSender<Vec<Ready>>,
    sums: &[wire::Hash],
) -> Result<()> {
    for (frame, sum) in frames.iter().zip(sums) {
        let found: wire::Hash = Sha256::digest(&frame).into();
        if found != *sum {
            return Err(Error::Unreachable("segment damaged on its way".into()));
        }
        let segment: Segment =
            wire::decode(&frame).map_err(|error| Error::Nonsense(error.code()))?;
        let ready = segment
            .records
            .into_iter()
            .map(ready)
            .collect::<Result<Vec<_>>>()?;
        if to_writer.send(ready).is_err() {
            // the writer has ended, and says why
            return Ok(());
        }
    }
    Ok(())
}

fn ready(record: SegmentRecord) -> Result<Ready> {
    let heads = document::heads(&record.doc)
        .ok_or(Error::Nonsense("document"))?
        .to_bytes();
    let keys = record::keys_of_text(row::kind(record.kind), &record.body);
    Ok(Ready {
        record,
        heads,
        keys,
    })
}

/// Writes segments as they come, each with its number; returns the one that comes next.
fn write_all(
    replica: &Replica,
    path: &Path,
    from: usize,
    total: u64,
    rows: &Receiver<Vec<Ready>>,
) -> Result<usize> {
    let mut db = open(path, &replica.0.key)?;
    let mut next = from;
    let mut done = (from * wire::SEGMENT_RECORDS) as u64;
    for segment in rows.iter() {
        let tx = db.transaction()?;
        write_segment(&tx, &segment)?;
        next += 1;
        NEXT.set(&tx, &next)?;
        tx.commit()?;
        done += segment.len() as u64;
        replica.set_progress(Some((done, total)));
    }
    Ok(next)
}

fn write_segment(db: &Connection, segment: &[Ready]) -> Result<()> {
    let mut insert = db.prepare_cached(row::INSERT)?;
    let mut words = db.prepare_cached("insert into record_text (rowid, words) values (?1, ?2)")?;
    for Ready {
        record,
        heads,
        keys,
    } in segment
    {
        insert.execute(params![
            record.id.0.as_bytes(),
            record.kind,
            record.conflicts,
            row::ward(keys.ward),
            keys.subject.map(|id| id.0.into_bytes()),
            keys.at,
            keys.sort,
            record.changed_by.map(|staff| staff.0.into_bytes()),
            record.changed_at,
            heads,
            record.body,
            record.doc,
            None::<Vec<u8>>,
        ])?;
        if !keys.search.is_empty() {
            words.execute(params![db.last_insert_rowid(), keys.search])?;
        }
    }
    Ok(())
}

/// Builds what searches the tables, flushes the file and puts it into use in place of the one before.
fn finish(replica: &Replica, loading: &Loading) -> Result<()> {
    let db = open(&loading.path, &replica.0.key)?;
    db.execute_batch(&format!(
        "begin; {}; {}; insert into tally (kind, ward, n) select kind, ward, count(*) from record group by kind, ward;
         insert into record_text (record_text) values ('optimize');
         insert into record_text (record_text, rank) values ('automerge', 4);
         insert into record_text (record_text, rank) values ('crisismerge', 16); commit;",
        section("indexes"),
        section("counting")
    ))?;
    db.execute_batch("begin")?;
    for (_, sql) in &migrations::WARD[1..] {
        db.execute_batch(sql)?;
    }
    db.execute_batch(&format!(
        "pragma user_version = {}; commit",
        migrations::WARD.len()
    ))?;
    drop(db);
    File::open(&loading.path)?.sync_all()?;
    swap(replica, loading)
}

/// Puts a loaded file into use. Nobody saves meanwhile; what is unsent, held and known only here is carried over.
fn swap(replica: &Replica, loading: &Loading) -> Result<()> {
    let dir = &replica.0.dir;
    let path = dir.ward(loading.generation);
    std::fs::rename(&loading.path, &path)?;
    dir.sync()?;
    let new = Store::open(&path, loading.generation, &replica.0.key)?;
    let old = replica.store();
    old.retire(|| {
        let carried = old.read(|from| carry(replica, from, &new, &loading.plan.manifest));
        carried?;
        dir.set_current(loading.generation)?;
        replica.set_store(new.clone());
        Ok(())
    })?;
    old.close();
    replica.forget_zone();
    replica.copy_to_mirror()?;
    dir.tidy(loading.generation, None)?;
    replica.tell_reloaded();
    Ok(())
}

fn carry(replica: &Replica, old: &Connection, new: &Store, manifest: &Manifest) -> Result<()> {
    let was_loaded = meta::LOADED.get(old)?.unwrap_or(false) || meta::REBUILD.get(old)?.is_some();
    let done = new.write(Lasting::Yes, |db| {
        rescue::copy_rows(old, db, "meta", "name, value")?;
        meta::REBUILD.clear(db)?;
        PLAN.clear(db)?;
        NEXT.clear(db)?;
        meta::LOADED.set(db, &true)?;
        meta::CURSOR.set(db, &manifest.upto)?;
        if was_loaded {
            // the hub tells a new incarnation its own earlier changes, of which the snapshot may lack the last
            meta::next_incarnation(db)?;
            meta::OWN_TOO.set(db, &true)?;
        }
        rescue::copy_rows(old, db, "numberless", "record, staff")?;
        rescue::copy_emergency(old, db)?;
        rescue::copy_payments(old, db)?;
        audit::copy(old, db)?;
        for kept in held::all(old)? {
            held::put(db, &kept)?;
        }
        replica.apply_again(db, &outbox::all(old)?)?;
        outbox::count_on(db, outbox::last_place(old)?)
    })?;
    done.ok_or(Error::Busy)
}

/// Opens a file that is being loaded: nothing is flushed, and only pages that were there before are journalled. Freed
/// pages are overwritten all the same (`secure_delete`), as a page that was never written would have no seal.
fn open(path: &Path, key: &Key) -> Result<Connection> {
    let db = connect(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    db.execute_batch(&format!(
        "pragma journal_mode = truncate; pragma synchronous = off; pragma locking_mode = exclusive;
         pragma cache_size = -{CACHE_KIB};"
    ))?;
    Ok(db)
}

/// Returns a part of the first migration.
fn section(name: &str) -> &'static str {
    let (_, sql) = migrations::WARD[0];
    let marked = sql.split("--: ").find(|part| part.starts_with(name));
    marked
        .and_then(|part| part.strip_prefix(name))
        .expect("the first migration has this section")
}

fn boot() -> Option<String> {
    // elsewhere than on Linux a load that was cut short begins anew
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
}
