//! Changes the hub has not accepted yet, in the order in which this device made them.

use crate::error::Result;
use crate::row::{json, kind, uuid};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use shared::document::{Edited, Hash, Heads, Write};
use shared::ids::{RecordId, StaffId};
use shared::record::Kind;
use shared::sync::wire;

/// One unsent change, with the command it came from.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) lseq: i64,
    pub(crate) kind: Kind,
    pub(crate) record: RecordId,
    pub(crate) hash: Hash,
    pub(crate) change: Vec<u8>,
    pub(crate) writes: Vec<Write>,
    pub(crate) base: Heads,
    pub(crate) staff: StaffId,
    pub(crate) at_ms: i64,
    pub(crate) is_new: bool,
    /// How often the hub asked for what it builds on.
    pub(crate) parked: u32,
}

const COLUMNS: &str =
    "lseq, kind, record, hash, change, writes, base, staff, at_ms, is_new, parked";

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        lseq: row.get(0)?,
        kind: kind(row.get(1)?),
        record: RecordId(uuid(row.get_ref(2)?.as_blob()?)),
        hash: row.get(3)?,
        change: row.get(4)?,
        writes: json(row.get_ref(5)?.as_str()?),
        base: Heads::from_bytes(row.get_ref(6)?.as_blob()?),
        staff: StaffId(uuid(row.get_ref(7)?.as_blob()?)),
        at_ms: row.get(8)?,
        is_new: row.get(9)?,
        parked: row.get(10)?,
    })
}

impl Item {
    /// Makes the item of an edit; its place is given when it is added.
    pub(crate) fn of(
        kind: Kind,
        record: RecordId,
        edited: &Edited,
        base: Heads,
        staff: StaffId,
        at_ms: i64,
        is_new: bool,
    ) -> Self {
        let (hash, change, writes) = (edited.hash, edited.change.clone(), edited.writes.clone());
        Self {
            lseq: 0,
            kind,
            record,
            hash,
            change,
            writes,
            base,
            staff,
            at_ms,
            is_new,
            parked: 0,
        }
    }

    /// Puts another change in the place of the one that was here: the same command, written on another version.
    pub(crate) fn rewritten(self, edited: &Edited) -> Self {
        Self {
            hash: edited.hash,
            change: edited.change.clone(),
            parked: 0,
            ..self
        }
    }
}

/// Adds a change at the end, or at its own place when it has one; returns the place.
pub(crate) fn put(db: &Connection, item: &Item) -> Result<i64> {
    let sql = "insert into outbox
        (lseq, kind, record, hash, change, writes, base, staff, at_ms, is_new, parked)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        on conflict (lseq) do update set hash = ?4, change = ?5, base = ?7, is_new = ?10, parked = ?11";
    db.prepare_cached(sql)?.execute(params![
        (item.lseq > 0).then_some(item.lseq),
        item.kind.number(),
        item.record.0.as_bytes(),
        item.hash,
        item.change,
        serde_json::to_string(&item.writes).expect("writes are JSON"),
        item.base.to_bytes(),
        item.staff.0.as_bytes(),
        item.at_ms,
        item.is_new,
        item.parked,
    ])?;
    Ok(db.last_insert_rowid())
}

/// Returns one change.
pub(crate) fn get(db: &Connection, lseq: i64) -> Result<Option<Item>> {
    let sql = format!("select {COLUMNS} from outbox where lseq = ?1");
    Ok(db
        .prepare_cached(&sql)?
        .query_row([lseq], read)
        .optional()?)
}

/// Returns the place of a change; nothing when it does not wait any more.
pub(crate) fn place(db: &Connection, hash: &Hash) -> Result<Option<i64>> {
    let mut statement = db.prepare_cached("select lseq from outbox where hash = ?1")?;
    Ok(statement.query_row([hash], |row| row.get(0)).optional()?)
}

/// Returns everything that waits, oldest first.
pub(crate) fn all(db: &Connection) -> Result<Vec<Item>> {
    let sql = format!("select {COLUMNS} from outbox order by lseq");
    Ok(db
        .prepare_cached(&sql)?
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Returns what waits of one record, oldest first.
pub(crate) fn of_record(db: &Connection, record: RecordId) -> Result<Vec<Item>> {
    let sql = format!("select {COLUMNS} from outbox where record = ?1 order by lseq");
    Ok(db
        .prepare_cached(&sql)?
        .query_map([record.0.as_bytes()], read)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Says whether something of a record waits after a place.
pub(crate) fn has_later(db: &Connection, record: RecordId, lseq: i64) -> Result<bool> {
    let mut statement =
        db.prepare_cached("select exists (select 1 from outbox where record = ?1 and lseq > ?2)")?;
    Ok(statement.query_row(params![record.0.as_bytes(), lseq], |row| row.get(0))?)
}

/// Returns the next changes to send after a place: as many as one push may hold.
pub(crate) fn next(db: &Connection, after: i64) -> Result<Vec<Item>> {
    let sql = format!("select {COLUMNS} from outbox where lseq > ?1 order by lseq limit ?2");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after, wire::PUSH_ENVELOPES as i64])?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let item = read(row)?;
        bytes += item.change.len();
        if bytes > wire::PUSH_BYTES && !items.is_empty() {
            break;
        }
        items.push(item);
    }
    Ok(items)
}

/// Takes a change out.
pub(crate) fn remove(db: &Connection, lseq: i64) -> Result<()> {
    db.prepare_cached("delete from outbox where lseq = ?1")?
        .execute([lseq])?;
    Ok(())
}

/// Says whether these changes are all that waits.
pub(crate) fn is_just(db: &Connection, items: &[Item]) -> Result<bool> {
    if usize::try_from(count(db)?) != Ok(items.len()) {
        return Ok(false);
    }
    let mut statement = db.prepare_cached("select lseq, hash from outbox order by lseq")?;
    let mut rows = statement.query([])?;
    for item in items {
        match rows.next()? {
            // by hash too: what waits at this place now may be another change
            Some(row)
                if row.get_ref(0)?.as_i64()? == item.lseq
                    && row.get_ref(1)?.as_blob()? == item.hash => {}
            Some(_) | None => return Ok(false),
        }
    }
    Ok(true)
}

/// Takes everything out: one page each for table and indexes, however much it was.
pub(crate) fn clear(db: &Connection) -> Result<()> {
    db.execute("delete from outbox", [])?;
    Ok(())
}

/// Returns how many changes wait.
pub(crate) fn count(db: &Connection) -> Result<u32> {
    Ok(db
        .prepare_cached("select count(*) from outbox")?
        .query_row([], |row| row.get(0))?)
}

/// Returns the greatest place that was ever given.
pub(crate) fn last_place(db: &Connection) -> Result<i64> {
    let mut statement = db.prepare_cached(
        "select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Goes on counting after a place.
pub(crate) fn count_on(db: &Connection, place: i64) -> Result<()> {
    db.execute("delete from sqlite_sequence where name = 'outbox'", [])?;
    db.execute(
        "insert into sqlite_sequence (name, seq) values ('outbox', ?1)",
        [place],
    )?;
    Ok(())
}

/// Notes what went wrong with changes the last time, as a code; nothing clears it.
pub(crate) fn note_error(db: &Connection, lseqs: &[i64], code: Option<&str>) -> Result<()> {
    let mut statement = db.prepare_cached("update outbox set error = ?2 where lseq = ?1")?;
    for lseq in lseqs {
        statement.execute(params![lseq, code])?;
    }
    Ok(())
}

/// Notes that the hub asked for what a change builds on.
pub(crate) fn note_parked(db: &Connection, lseq: i64) -> Result<()> {
    db.prepare_cached("update outbox set parked = parked + 1 where lseq = ?1")?
        .execute([lseq])?;
    Ok(())
}
