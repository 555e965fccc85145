//! Refused work, kept until a person deals with it.

use crate::error::Result;
use crate::row::{json, kind, uuid};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use serde_json::Value;
use shared::desk::FieldChange;
use shared::document::Write;
use shared::ids::{RecordId, StaffId};
use shared::problem::Problem;
use shared::record::Kind;

/// One refused command, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) record: RecordId,
    pub(crate) writes: Vec<Write>,
    pub(crate) fields: Vec<FieldChange>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) staff: StaffId,
    pub(crate) at_ms: i64,
    pub(crate) is_new: bool,
    pub(crate) is_withdrawn: bool,
}

const COLUMNS: &str =
    "id, kind, record, writes, fields, problems, staff, at_ms, is_new, is_withdrawn";

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get(0)?,
        kind: kind(row.get(1)?),
        record: RecordId(uuid(row.get_ref(2)?.as_blob()?)),
        writes: json(row.get_ref(3)?.as_str()?),
        fields: json(row.get_ref(4)?.as_str()?),
        problems: json(row.get_ref(5)?.as_str()?),
        staff: StaffId(uuid(row.get_ref(6)?.as_blob()?)),
        at_ms: row.get(7)?,
        is_new: row.get(8)?,
        is_withdrawn: row.get(9)?,
    })
}

/// Keeps a refused command, in place of the one of the same id if there is one.
pub(crate) fn put(db: &Connection, kept: &Kept) -> Result<()> {
    let sql = "insert or replace into held
        (id, kind, record, writes, fields, problems, staff, at_ms, is_new, is_withdrawn)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    db.prepare_cached(sql)?.execute(params![
        kept.id,
        kept.kind.number(),
        kept.record.0.as_bytes(),
        text(&kept.writes),
        text(&kept.fields),
        text(&kept.problems),
        kept.staff.0.as_bytes(),
        kept.at_ms,
        kept.is_new,
        kept.is_withdrawn,
    ])?;
    Ok(())
}

/// Returns everything kept, oldest first.
pub(crate) fn all(db: &Connection) -> Result<Vec<Kept>> {
    let sql = format!("select {COLUMNS} from held order by at_ms, id");
    Ok(db
        .prepare_cached(&sql)?
        .query_map([], read)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Returns one.
pub(crate) fn get(db: &Connection, id: &str) -> Result<Option<Kept>> {
    let sql = format!("select {COLUMNS} from held where id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([id], read).optional()?)
}

/// Drops one: the person's edit took its place.
pub(crate) fn remove(db: &Connection, id: &str) -> Result<()> {
    db.prepare_cached("delete from held where id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Returns how many a person still has to deal with.
pub(crate) fn count(db: &Connection) -> Result<u32> {
    Ok(db
        .prepare_cached("select count(*) from held where is_withdrawn = 0")?
        .query_row([], |row| row.get(0))?)
}

/// Returns what a command wrote, beside what was there: the screen shows both.
pub(crate) fn fields(before: &Value, writes: &[Write]) -> Vec<FieldChange> {
    let field = |write: &Write| FieldChange {
        before: at(before, &write.path),
        after: write.value.clone(),
        path: write.path.clone(),
    };
    writes.iter().map(field).collect()
}

/// Returns what a body has at a path, such as `telecom/00001.7.0/value`.
fn at(body: &Value, path: &str) -> Value {
    let parts: Vec<&str> = path.splitn(3, '/').collect();
    match parts.as_slice() {
        [list, id, member] => {
            let element = body[*list]
                .as_array()
                .into_iter()
                .flatten()
                .find(|element| element["id"] == *id);
            element.map_or(Value::Null, |element| element[*member].clone())
        }
        _ => body[path].clone(),
    }
}

fn text<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what is kept has string keys only")
}
