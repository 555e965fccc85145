//! Records as they lie in the table: read as lists show them, written with what they are found by.

use crate::error::{Error, Result};
use crate::flight::Flight;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use serde_json::Value;
use shared::clock::instant;
use shared::desk::{Row, SyncState};
use shared::document::{Clock, Heads, Merged};
use shared::ids::{RecordId, StaffId, WardId};
use shared::prescriptions;
use shared::record::{self, Kind};
use uuid::Uuid;

/// Columns of a [`Row`], in the order [`read`] takes them. Where a record is on its way to the hospital is what outbox and
/// held work say: written down once more it could be wrong.
pub(crate) const COLUMNS: &str = "id, kind,
    case when exists (select 1 from held where held.record = record.id and is_withdrawn = 0) then 2
        else exists (select 1 from outbox where outbox.record = record.id) end,
    conflicts, changed_by, changed_at, heads, body";

const SAVED: i64 = 1;
const HELD: i64 = 2;

/// Reads the columns of [`COLUMNS`].
pub(crate) fn read(row: &SqlRow<'_>, flight: &Flight) -> rusqlite::Result<Row> {
    let id = RecordId(uuid(row.get_ref(0)?.as_blob()?));
    let kind = kind(row.get(1)?);
    let state = match row.get(2)? {
        HELD => SyncState::Held,
        SAVED if flight.has(id) => SyncState::Sent,
        SAVED => SyncState::Saved,
        _ => SyncState::Accepted,
    };
    let body: Value = serde_json::from_str(row.get_ref(7)?.as_str()?).unwrap_or(Value::Null);
    let changed_by: Option<[u8; 16]> = row.get(4)?;
    let changed_at: i64 = row.get(5)?;
    Ok(Row {
        id,
        kind,
        heads: Heads::from_bytes(row.get_ref(6)?.as_blob()?).to_string(),
        state,
        conflicts: row.get(3)?,
        changed_by: changed_by.map(|bytes| StaffId(Uuid::from_bytes(bytes))),
        changed_at: (changed_at > 0).then(|| instant(changed_at)),
        standing: (kind == Kind::Prescription).then(|| prescriptions::standing(&body)),
        body,
    })
}

/// Reads one record as lists show it.
pub(crate) fn find(
    connection: &Connection,
    flight: &Flight,
    kind: Kind,
    id: RecordId,
) -> Result<Option<Row>> {
    let sql = format!("select {COLUMNS} from record where id = ?1 and kind = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement
        .query_row(params![id.0.as_bytes(), kind.number()], |row| {
            read(row, flight)
        })
        .optional()?)
}

/// A record as an edit needs it.
pub(crate) struct Stored {
    pub(crate) key: i64,
    pub(crate) heads: Heads,
    pub(crate) clock: Option<Clock>,
    pub(crate) conflicts: u32,
    pub(crate) body: Value,
    pub(crate) doc: Vec<u8>,
}

/// Reads one record with its document.
pub(crate) fn stored(connection: &Connection, kind: Kind, id: RecordId) -> Result<Option<Stored>> {
    let sql =
        "select key, heads, clock, conflicts, body, doc from record where id = ?1 and kind = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![id.0.as_bytes(), kind.number()], |row| {
        Ok(Stored {
            key: row.get(0)?,
            heads: Heads::from_bytes(row.get_ref(1)?.as_blob()?),
            clock: row
                .get_ref(2)?
                .as_blob_or_null()?
                .and_then(Clock::from_bytes),
            conflicts: row.get(3)?,
            body: serde_json::from_str(row.get_ref(4)?.as_str()?).unwrap_or(Value::Null),
            doc: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// A version of a record to be stored.
pub(crate) struct Version<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: RecordId,
    pub(crate) doc: &'a [u8],
    pub(crate) heads: &'a Heads,
    pub(crate) clock: &'a Clock,
    pub(crate) body: &'a Value,
    pub(crate) conflicts: u32,
    pub(crate) by: Option<StaffId>,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

impl<'a> Version<'a> {
    /// Makes the version of a document that took changes in.
    pub(crate) fn of(
        kind: Kind,
        id: RecordId,
        merged: &'a Merged,
        by: Option<StaffId>,
        at: i64,
    ) -> Self {
        let Merged {
            doc,
            heads,
            clock,
            body,
            conflicts,
            ..
        } = merged;
        Self {
            kind,
            id,
            doc,
            heads,
            clock,
            body,
            conflicts: *conflicts,
            by,
            at,
        }
    }
}

/// Stores a version in place of the one before, touching no index that does not change.
pub(crate) fn put(
    connection: &Connection,
    version: &Version<'_>,
    before: Option<&Stored>,
) -> Result<()> {
    let keys = record::keys(version.kind, version.body);
    let Some(before) = before else {
        return add(connection, version, &keys);
    };
    let sql = "update record set conflicts = ?2, changed_by = ?3, changed_at = ?4, heads = ?5, clock = ?6, body = ?7, doc = ?8
        where key = ?1";
    connection.prepare_cached(sql)?.execute(params![
        before.key,
        version.conflicts,
        version.by.map(|staff| staff.0.into_bytes()),
        version.at,
        version.heads.to_bytes(),
        version.clock.to_bytes(),
        version.body.to_string(),
        version.doc,
    ])?;
    let old = record::keys(version.kind, &before.body);
    if (old.ward, old.subject, &old.at, &old.sort)
        != (keys.ward, keys.subject, &keys.at, &keys.sort)
    {
        let sql = "update record set ward = ?2, subject = ?3, at = ?4, sort = ?5 where key = ?1";
        let subject = keys.subject.map(|id| id.0.into_bytes());
        connection.prepare_cached(sql)?.execute(params![
            before.key,
            ward(keys.ward),
            subject,
            keys.at,
            keys.sort
        ])?;
    }
    if old.search != keys.search {
        connection
            .prepare_cached("delete from record_text where rowid = ?1")?
            .execute([before.key])?;
        put_text(connection, before.key, &keys.search)?;
    }
    Ok(())
}

/// Inserts a record. Used row by row in a first load too, which is why it is one statement.
pub(crate) const INSERT: &str = "insert into record
    (id, kind, conflicts, ward, subject, at, sort, changed_by, changed_at, heads, body, doc, clock)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

fn add(connection: &Connection, version: &Version<'_>, keys: &record::Keys) -> Result<()> {
    connection.prepare_cached(INSERT)?.execute(params![
        version.id.0.as_bytes(),
        version.kind.number(),
        version.conflicts,
        ward(keys.ward),
        keys.subject.map(|id| id.0.into_bytes()),
        keys.at,
        keys.sort,
        version.by.map(|staff| staff.0.into_bytes()),
        version.at,
        version.heads.to_bytes(),
        version.body.to_string(),
        version.doc,
        version.clock.to_bytes(),
    ])?;
    put_text(connection, connection.last_insert_rowid(), &keys.search)
}

pub(crate) fn put_text(connection: &Connection, key: i64, words: &str) -> Result<()> {
    if !words.is_empty() {
        connection
            .prepare_cached("insert into record_text (rowid, words) values (?1, ?2)")?
            .execute(params![key, words])?;
    }
    Ok(())
}

/// Erases a record.
pub(crate) fn erase(connection: &Connection, id: RecordId) -> Result<()> {
    connection
        .prepare_cached("delete from record where id = ?1")?
        .execute([id.0.as_bytes()])?;
    Ok(())
}

/// Returns a ward as it lies in a column: never null, so that a list can go on from one.
pub(crate) fn ward(ward: Option<WardId>) -> Vec<u8> {
    ward.map(|ward| ward.0.into_bytes().to_vec())
        .unwrap_or_default()
}

/// Reads an id; one of the wrong length is nobody's.
pub(crate) fn uuid(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_default()
}

/// Reads a kind. The table only ever gets numbers of kinds.
pub(crate) fn kind(number: u8) -> Kind {
    Kind::from_number(number).unwrap_or(Kind::Patient)
}

/// Reads JSON this program wrote.
pub(crate) fn json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// Reads the version a form was opened on.
pub(crate) fn heads(text: &str) -> Result<Heads> {
    text.parse().map_err(Error::Document)
}
