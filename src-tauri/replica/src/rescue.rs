//! Saving what can be read out of a replica that is damaged, lost or another desk's.

use crate::audit;
use crate::error::{Error, Result};
use crate::held::{self, Kept};
use crate::meta::Device;
use crate::mirror::Reflection;
use crate::openings;
use crate::outbox::{self, Item};
use crate::payments::{bills, receipts};
use crate::receive::rebuild;
use crate::store::{Key, Lasting, Store, connect};
use crate::{Replica, meta};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use shared::sync::waybill::Place;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Rows read together; where that fails, one by one.
const CHUNK: i64 = 500;
/// Rows that fail one after the other before the rest is given up.
const FAILURES: i64 = 20_000;

const RECORD: &str = "key, id, kind, conflicts, ward, subject, at, sort, changed_by, changed_at, heads, clock, body, doc";

/// A replica that cannot be used as it is.
#[derive(Debug)]
pub(crate) struct Rescue {
    /// Where it lies; nothing when it is gone.
    pub(crate) path: Option<PathBuf>,
    pub(crate) why: &'static str,
    /// What a person is told.
    notice: &'static str,
    /// What is in it may be used.
    is_ours: bool,
}

impl Rescue {
    pub(crate) fn gone() -> Self {
        Self {
            path: None,
            why: "gone",
            notice: "replica.rebuilt",
            is_ours: false,
        }
    }

    pub(crate) fn damaged(path: PathBuf) -> Self {
        Self {
            path: Some(path),
            why: "damaged, or not readable with this desk's key",
            notice: "replica.rebuilt",
            is_ours: true,
        }
    }

    pub(crate) fn foreign(path: PathBuf) -> Self {
        Self {
            path: Some(path),
            why: "the replica of another device",
            notice: "replica.foreign",
            is_ours: false,
        }
    }
}

/// Says whether an error means that the file is no replica, as SQLite and SQLCipher put it.
pub(crate) fn is_unreadable(error: &Error) -> bool {
    // a page whose seal does not fit reads as nothing at all, so tables are missing
    matches!(error, Error::Sqlite(rusqlite::Error::SqliteFailure(code, _)) if code.code == rusqlite::ErrorCode::Unknown)
        || matches!(error, Error::Sqlite(rusqlite::Error::SqlInputError { .. }))
}

impl Replica {
    /// Rescues what can be read while the desk runs, because a page turned out not to be what was written.
    pub(crate) fn rescue_now(&self) -> Result<()> {
        let old = self.store();
        let generation = self.0.dir.newest()? + 1;
        let fresh = Store::open(&self.0.dir.ward(generation), generation, &self.0.key)?;
        let reflection = self.0.mirror.reflection().unwrap_or_default();
        let rescue = Rescue::damaged(old.path.clone());
        let filled = old.retire(|| {
            self.fill(&fresh, &rescue, &reflection, false)?;
            self.0.dir.set_current(generation)?;
            self.set_store(fresh.clone());
            Ok(())
        });
        if let Err(error) = filled {
            drop(fresh);
            crate::files::remove(&self.0.dir.ward(generation))?;
            return Err(error);
        }
        self.copy_to_mirror()?;
        self.0.is_damaged.store(false, Ordering::Relaxed);
        old.close();
        self.0
            .dir
            .set_aside(&old.path, rescue.why, &self.now().rfc3339())?;
        self.tell_reloaded();
        Ok(())
    }

    /// Fills an empty generation with what can be read of another and with what the mirror has.
    pub(crate) fn fill(
        &self,
        fresh: &Store,
        rescue: &Rescue,
        reflection: &Reflection,
        mirror_lost: bool,
    ) -> Result<()> {
        let old = rescue
            .path
            .as_ref()
            .filter(|_| rescue.is_ours)
            .and_then(|path| reader(path, &self.0.key).ok());
        let Salvage {
            device,
            incarnation,
            last,
            items,
            kept,
        } = salvage(old.as_ref(), reflection);
        let count = items.len();
        let notice = if device.is_none() && mirror_lost {
            "replica.foreign"
        } else {
            rescue.notice
        };
        let records = fresh.write(Lasting::Yes, |db| {
            if let Some(device) = &device {
                meta::DEVICE.set(db, device)?;
            }
            meta::INCARNATION.set(db, &incarnation)?;
            meta::next_incarnation(db)?;
            meta::NOTICE.set(db, &notice.to_owned())?;
            if let Some(place) = newest_place(old.as_ref(), reflection) {
                meta::PLACE.set(db, &place)?;
            }
            rebuild(db, notice)?;
            let records = match &old {
                Some(old) => copy_tables(old, db)?,
                None => 0,
            };
            if audit::is_behind(
                meta::AUDIT_PEN.get(db)?.as_ref(),
                reflection.audit.pen.as_ref(),
            ) {
                audit::put_copied(db, &reflection.audit)?;
            }
            openings::put_all(db, &reflection.openings)?;
            receipts::put_missing(db, &reflection.receipts)?;
            self.apply_again(db, &items.values().cloned().collect::<Vec<_>>())?;
            kept.values().try_for_each(|kept| held::put(db, kept))?;
            outbox::count_on(db, last.max(items.keys().next_back().copied().unwrap_or(0)))?;
            Ok(records)
        })?;
        tracing::warn!(
            unsent = count,
            held = kept.len(),
            records,
            why = rescue.why,
            "Saved what could be read of a replica"
        );
        self.forget_zone();
        Ok(())
    }

    pub(crate) fn copy_to_mirror(&self) -> Result<()> {
        self.read(|db| {
            self.0.mirror.copy(db);
            Ok(())
        })
    }
}

fn reader(path: &std::path::Path, key: &Key) -> Result<Connection> {
    let connection = connect(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()))?;
    Ok(connection)
}

/// What was unsent, and whose it is.
struct Salvage {
    device: Option<Device>,
    incarnation: u16,
    last: i64,
    items: BTreeMap<i64, Item>,
    kept: BTreeMap<String, Kept>,
}

/// Puts together what the old file and the mirror have of unsent work.
fn salvage(old: Option<&Connection>, reflection: &Reflection) -> Salvage {
    let Reflection {
        device,
        incarnation,
        last_place,
        place: _,
        items,
        held,
        audit: _,
        openings: _,
        receipts: _,
    } = reflection;
    let mut found = Salvage {
        device: device.clone(),
        incarnation: *incarnation,
        last: *last_place,
        items: items.iter().map(|item| (item.lseq, item.clone())).collect(),
        kept: held
            .iter()
            .map(|kept| (kept.id.clone(), kept.clone()))
            .collect(),
    };
    let Some(old) = old else { return found };
    found.device = found.device.or(meta::DEVICE.get(old).ok().flatten());
    found.incarnation = found
        .incarnation
        .max(meta::INCARNATION.get(old).ok().flatten().unwrap_or(0));
    found.last = found.last.max(outbox::last_place(old).unwrap_or(0));
    let items = salvaged_items(old, found.last);
    found
        .items
        .extend(items.into_iter().map(|item| (item.lseq, item)));
    let held = held::all(old).unwrap_or_default();
    found
        .kept
        .extend(held.into_iter().map(|kept| (kept.id.clone(), kept)));
    found
}

/// Returns the newest push that was answered, if either file still says so. A desk that does not know asks the hub.
fn newest_place(old: Option<&Connection>, reflection: &Reflection) -> Option<Place> {
    let here = old.and_then(|old| meta::PLACE.get(old).ok().flatten());
    here.into_iter()
        .chain(reflection.place)
        .max_by_key(|place| (place.incarnation, place.dseq))
}

fn salvaged_items(old: &Connection, last: i64) -> Vec<Item> {
    if let Ok(items) = outbox::all(old) {
        return items;
    }
    let one_by_one = (1..=last)
        .rev()
        .take(100_000)
        .filter_map(|lseq| outbox::get(old, lseq).ok().flatten());
    one_by_one.collect()
}

/// Copies what can be read of the tables that a rebuild from the hub does not bring at once. Returns how many records.
fn copy_tables(old: &Connection, new: &Connection) -> Result<u64> {
    for item in [
        "reference",
        "synced",
        "contact",
        "emergency",
        "bills",
        "audit_pen",
        "audit_hub",
    ] {
        let value = old.query_row("select value from meta where name = ?1", [item], |row| {
            row.get::<_, Vec<u8>>(0)
        });
        if let Ok(value) = value {
            new.execute(
                "insert or replace into meta (name, value) values (?1, ?2)",
                rusqlite::params![item, value],
            )?;
        }
    }
    copy_rows(old, new, "numberless", "record, staff")?;
    copy_emergency(old, new)?;
    // not what receipts are numbered with: the last number may be among what cannot be read
    copy_payments(old, new)?;
    bills::ask_all_anew(new)?;
    audit::copy(old, new)?;
    let records = copy_records(old, new)?;
    reindex(new)?;
    Ok(records)
}

/// Copies what was opened in emergencies, and the sealed summaries.
pub(crate) fn copy_emergency(old: &Connection, new: &Connection) -> Result<()> {
    copy_rows(old, new, "emergency_summary", "patient, sealed")?;
    copy_rows(old, new, "emergency_key", "staff, sealed")?;
    let columns = "id, from_ms, version, sent, body";
    copy_rows(old, new, "emergency_opening", columns)
}

/// Copies bills, and what was given a number.
pub(crate) fn copy_payments(old: &Connection, new: &Connection) -> Result<()> {
    copy_rows(old, new, "bill", "id, patient, bucket, number, body")?;
    let columns = "number, id, patient, at_ms, body, is_printed, outcome";
    copy_rows(old, new, "receipt", columns)
}

/// Copies the rows of a small table as far as they can be read.
pub(crate) fn copy_rows(
    old: &Connection,
    new: &Connection,
    table: &str,
    columns: &str,
) -> Result<()> {
    let rows = rows_of(old, &format!("select {columns} from {table}")).unwrap_or_default();
    rows.iter()
        .try_for_each(|row| insert(new, table, columns, row))
}

fn copy_records(old: &Connection, new: &Connection) -> Result<u64> {
    let last: i64 = old
        .query_row("select max(key) from record", [], |row| row.get(0))
        .unwrap_or(i64::MAX);
    let (mut from, mut copied, mut failed) = (1_i64, 0, 0);
    while from <= last && failed < FAILURES {
        let until = from.saturating_add(CHUNK);
        let together = rows_of(
            old,
            &format!("select {RECORD} from record where key >= {from} and key < {until}"),
        );
        let rows = match together {
            Ok(rows) => rows,
            Err(_) => {
                let one = |key| {
                    rows_of(
                        old,
                        &format!("select {RECORD} from record where key = {key}"),
                    )
                    .unwrap_or_default()
                };
                (from..until).flat_map(one).collect()
            }
        };
        failed = if rows.is_empty() { failed + CHUNK } else { 0 };
        for row in &rows {
            insert(new, "record", RECORD, row)?;
        }
        copied += rows.len() as u64;
        from = until;
    }
    Ok(copied)
}

/// Makes the text index of records that were copied without it.
fn reindex(db: &Connection) -> Result<()> {
    let mut bodies = db.prepare("select key, kind, body from record")?;
    let mut rows = bodies.query([])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        let body = serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
        let words = shared::record::keys(crate::row::kind(row.get(1)?), &body).search;
        crate::row::put_text(db, key, &words)?;
    }
    Ok(())
}

pub(crate) fn rows_of(db: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut statement = db.prepare_cached(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|index| row.get(index)).collect())?;
    rows.collect()
}

pub(crate) fn insert(db: &Connection, table: &str, columns: &str, row: &[Cell]) -> Result<()> {
    let marks = vec!["?"; row.len()].join(", ");
    let sql = format!("insert or replace into {table} ({columns}) values ({marks})");
    db.prepare_cached(&sql)?.execute(params_from_iter(row))?;
    Ok(())
}
