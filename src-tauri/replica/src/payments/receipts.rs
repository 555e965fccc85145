//! What was given a number here, as it lies in the replica. Nothing of it is ever deleted.

use crate::error::{Error, Result};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use shared::ids::RecordId;
use shared::payments::desk::{DeskBill, Document, Given, Outcome, ReceiptLine, Settled};
use uuid::Uuid;

const COLUMNS: &str = "receipt.body, receipt.is_printed, receipt.outcome,
    (select other.number from receipt other where other.patient = receipt.patient
        and json_extract(other.body, '$.what.void.of') = receipt.number limit 1)";

fn line(row: &Row<'_>) -> rusqlite::Result<Option<ReceiptLine>> {
    let body: String = row.get(0)?;
    let Ok(document) = serde_json::from_str::<Document>(&body) else {
        return Ok(None);
    };
    let outcome: Option<String> = row.get(2)?;
    Ok(Some(ReceiptLine {
        is_printed: row.get(1)?,
        outcome: outcome.and_then(|outcome| serde_json::from_str(&outcome).ok()),
        voided_by: row.get(3)?,
        ..document.line()
    }))
}

fn lines(db: &Connection, having: &str, params: impl rusqlite::Params) -> Result<Vec<ReceiptLine>> {
    let sql = format!("select {COLUMNS} from receipt {having}");
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params, line)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Returns what was given to a patient, the newest first.
pub(crate) fn of_patient(
    db: &Connection,
    patient: RecordId,
    most: u32,
) -> Result<Vec<ReceiptLine>> {
    let having = "where patient = ?1 order by at_ms desc, number desc limit ?2";
    lines(db, having, params![patient.0.as_bytes(), most])
}

/// Returns what was given for a bill and nobody posted.
pub(crate) fn of_bill(db: &Connection, bill: &DeskBill) -> Result<Vec<ReceiptLine>> {
    let having = "where patient = ?1 and outcome is null order by at_ms";
    let mut found = lines(db, having, [bill.patient.0.as_bytes()])?;
    found.retain(|line| line.bill == bill.id);
    Ok(found)
}

/// Returns a receipt by its number.
pub(crate) fn one(db: &Connection, number: &str) -> Result<Option<ReceiptLine>> {
    Ok(lines(db, "where number = ?1", [number])?.pop())
}

/// Returns a receipt by what the form called it.
pub(crate) fn by_id(db: &Connection, id: Uuid) -> Result<Option<ReceiptLine>> {
    Ok(lines(db, "where id = ?1", [id.as_bytes()])?.pop())
}

/// Returns what is not posted, oldest first.
pub(crate) fn unposted_lines(db: &Connection) -> Result<Vec<ReceiptLine>> {
    lines(db, "where outcome is null order by at_ms, number", [])
}

/// Counts what is not posted, and says when the oldest was given.
pub(crate) fn count_unposted(db: &Connection) -> Result<(u32, Option<i64>)> {
    let sql = "select count(*), min(at_ms) from receipt where outcome is null";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(db.prepare_cached(sql)?.query_row([], row)?)
}

/// Returns what is not posted, in the order of the numbers.
pub(crate) fn unposted(db: &Connection, most: usize) -> Result<Vec<Document>> {
    let sql = "select body from receipt where outcome is null order by number limit ?1";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let bodies = db
        .prepare_cached(sql)?
        .query_map([most], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |body: &String| serde_json::from_str(body).ok();
    Ok(bodies.iter().filter_map(read).collect())
}

/// Keeps a document.
pub(crate) fn put(db: &Connection, document: &Document) -> Result<()> {
    let body = serde_json::to_string(document).map_err(|_| Error::Nonsense("json"))?;
    let sql = "insert into receipt (number, id, patient, at_ms, body) values (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        document.number,
        document.id.as_bytes(),
        document.patient.0.as_bytes(),
        document.at_ms,
        body
    ])?;
    Ok(())
}

/// Keeps documents that only another file has.
pub(crate) fn put_missing(db: &Connection, documents: &[Document]) -> Result<()> {
    for document in documents {
        if one(db, &document.number)?.is_none() && by_id(db, document.id)?.is_none() {
            put(db, document)?;
        }
    }
    Ok(())
}

/// Says whether all of these are kept.
pub(crate) fn has_all(db: &Connection, documents: &[Document]) -> Result<bool> {
    for document in documents {
        if by_id(db, document.id)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Notes what became of one. Returns it with what it was, if that was not known.
pub(crate) fn settle(db: &Connection, settled: &Settled) -> Result<Option<(Document, Outcome)>> {
    let outcome = serde_json::to_string(&settled.outcome).map_err(|_| Error::Nonsense("json"))?;
    let sql =
        "update receipt set outcome = ?2 where number = ?1 and outcome is null returning body";
    let body: Option<String> = db
        .prepare_cached(sql)?
        .query_row(params![settled.number, outcome], |row| row.get(0))
        .optional()?;
    let document = body.and_then(|body| serde_json::from_str(&body).ok());
    Ok(document.map(|document| (document, settled.outcome)))
}

/// Has everything told again: the hub was put back from a backup, and may have lost it.
pub(crate) fn tell_again(db: &Connection) -> Result<()> {
    db.execute("update receipt set outcome = null", [])?;
    Ok(())
}

/// Notes that one was printed.
pub(crate) fn printed(db: &Connection, number: &str) -> Result<()> {
    db.prepare_cached("update receipt set is_printed = 1 where number = ?1")?
        .execute([number])?;
    Ok(())
}

/// Returns the bill and the amount of a receipt; nothing for another document.
pub(crate) fn paid(document: &Document) -> Option<(Uuid, i64)> {
    match &document.what {
        Given::Receipt { amount, .. } => Some((document.bill, amount.minor)),
        Given::Void { .. } => None,
    }
}
