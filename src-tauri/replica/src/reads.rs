//! What screens read. Nothing here loads a document, but history and conflicts, which a person asks for.

use crate::error::Result;
use crate::row;
use crate::{Replica, meta};
use jiff::civil::Date;
use rusqlite::{Connection, Row as SqlRow, params};
use shared::desk::{Chart, Conflict, DeskState, HistoryEntry, ListAsk, Page, Row, Visit};
use shared::document;
use shared::ids::{RecordId, WardId};
use shared::record::Kind;
use shared::search;
use shared::staff::Reference;
use std::collections::BTreeSet;

/// Rows of one page, at most.
const PAGE: u32 = 200;
/// Rows a search looks at before it puts the best first.
const CANDIDATES: u32 = 200;
/// Appointments or prescriptions of one chart, at most; the newest are shown.
const CHART: u32 = 500;
/// Appointments of one ward in one day, at most.
pub(crate) const DAY: u32 = 2_000;
/// Records with conflicts that are listed, at most.
const CONFLICTS: u32 = 1_000;

impl Replica {
    /// Returns a record.
    pub fn row(&self, kind: Kind, id: RecordId) -> Result<Option<Row>> {
        self.read(|db| row::find(db, &self.0.flight, kind, id))
    }

    /// Returns a page of a list: patients by name, what takes place newest first.
    pub fn list(&self, ask: &ListAsk) -> Result<Page> {
        self.read(|db| {
            let wards = match ask.ward {
                Some(ward) => vec![row::ward(Some(ward))],
                None => all_wards(db, ask.kind)?,
            };
            let limit = ask.limit.clamp(1, PAGE);
            let mut found: Vec<(String, Row)> = Vec::new();
            for ward in &wards {
                found.extend(self.listed(db, ask, ward, limit)?);
            }
            let is_more = found.len() > limit as usize;
            if wards.len() > 1 {
                found.sort_by(|a, b| (&a.0, a.1.id).cmp(&(&b.0, b.1.id)));
                if newest_first(ask.kind) {
                    found.reverse();
                }
            }
            found.truncate(limit as usize);
            let next = found
                .last()
                .filter(|_| is_more)
                .map(|(sort, row)| format!("{}/{sort}", row.id));
            let mut total = 0;
            for ward in &wards {
                total += count(db, ask.kind, ward)?;
            }
            Ok(Page {
                rows: found.into_iter().map(|(_, row)| row).collect(),
                total,
                next,
            })
        })
    }

    fn listed(
        &self,
        db: &Connection,
        ask: &ListAsk,
        ward: &[u8],
        limit: u32,
    ) -> Result<Vec<(String, Row)>> {
        // one more than asked for says whether there is a next page
        let limit = limit + 1;
        let read =
            |row: &SqlRow<'_>| Ok((row.get::<_, String>(8)?, row::read(row, &self.0.flight)?));
        let after = ask.after.as_deref().and_then(|after| after.split_once('/'));
        let after = after.and_then(|(id, sort)| Some((id.parse::<RecordId>().ok()?, sort)));
        let (compare, order) = if newest_first(ask.kind) {
            ("<", "desc")
        } else {
            (">", "asc")
        };
        let columns = row::COLUMNS;
        let order = format!("order by sort {order}, id {order} limit");
        let rows = match after {
            None => {
                let sql = format!(
                    "select {columns}, sort from record where kind = ?1 and ward = ?2 {order} ?3"
                );
                let mut statement = db.prepare_cached(&sql)?;
                statement
                    .query_map(params![ask.kind.number(), ward, limit], read)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            }
            Some((id, sort)) => {
                let sql = format!(
                    "select {columns}, sort from record where kind = ?1 and ward = ?2 and (sort, id) {compare} (?3, ?4) {order} ?5"
                );
                let mut statement = db.prepare_cached(&sql)?;
                let params = params![ask.kind.number(), ward, sort, id.0.as_bytes(), limit];
                statement
                    .query_map(params, read)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            }
        };
        Ok(rows?)
    }

    /// Returns patients that have all the words, those that have them whole before those that only begin with them.
    pub fn search(&self, text: &str, limit: u32) -> Result<Vec<Row>> {
        let Some(begins) = search::fts_query(text) else {
            return Ok(Vec::new());
        };
        let whole = begins.replace("\"*", "\"");
        let limit = limit.clamp(1, PAGE);
        self.read(|db| {
            let mut keys = matches(db, &whole, CANDIDATES)?;
            if keys.len() < CANDIDATES as usize {
                let seen: BTreeSet<i64> = keys.iter().copied().collect();
                keys.extend(
                    matches(db, &begins, CANDIDATES)?
                        .into_iter()
                        .filter(|key| !seen.contains(key)),
                );
            }
            let sql = format!("select {} from record where key = ?1", row::COLUMNS);
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = Vec::with_capacity(limit as usize);
            for key in keys.into_iter().take(limit as usize) {
                rows.extend(
                    statement
                        .query_map([key], |row| row::read(row, &self.0.flight))?
                        .collect::<rusqlite::Result<Vec<_>>>()?,
                );
            }
            Ok(rows)
        })
    }

    /// Returns a patient with what belongs to them.
    pub fn chart(&self, id: RecordId) -> Result<Option<Chart>> {
        self.read(|db| {
            let Some(patient) = row::find(db, &self.0.flight, Kind::Patient, id)? else {
                return Ok(None);
            };
            let appointments = self.of_subject(db, id, Kind::Appointment)?;
            let prescriptions = self.of_subject(db, id, Kind::Prescription)?;
            Ok(Some(Chart {
                patient,
                appointments,
                prescriptions,
            }))
        })
    }

    fn of_subject(&self, db: &Connection, subject: RecordId, kind: Kind) -> Result<Vec<Row>> {
        let columns = row::COLUMNS;
        let sql = format!(
            "select {columns} from record where subject = ?1 and kind = ?2 order by at desc limit ?3"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let params = params![subject.0.as_bytes(), kind.number(), CHART];
        let rows = statement.query_map(params, |row| row::read(row, &self.0.flight))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the appointments of a ward on a day of the hospital's calendar, earliest first, with their patients.
    pub fn day(&self, ward: WardId, date: &str) -> Result<Vec<Visit>> {
        let Ok(date) = date.parse::<Date>() else {
            return Ok(Vec::new());
        };
        let zone = self.zone();
        self.read(|db| {
            let starts = |date: Date| date.to_zoned(zone.clone()).map(|start| start.timestamp().to_string());
            let (Ok(from), Ok(until)) = (starts(date), starts(date.saturating_add(jiff::Span::new().days(1)))) else {
                return Ok(Vec::new());
            };
            let columns = row::COLUMNS;
            let sql = format!(
                "select {columns} from record where kind = ?1 and ward = ?2 and at >= ?3 and at < ?4 order by at, id limit ?5"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let params = params![Kind::Appointment.number(), row::ward(Some(ward)), from, until, DAY];
            let rows = statement.query_map(params, |row| row::read(row, &self.0.flight))?.collect::<rusqlite::Result<Vec<_>>>()?;
            rows.into_iter().map(|appointment| self.visit(db, appointment)).collect()
        })
    }

    pub(crate) fn visit(&self, db: &Connection, appointment: Row) -> Result<Visit> {
        let patient = appointment.body["patient"]
            .as_str()
            .and_then(|id| id.parse().ok());
        let patient = match patient {
            Some(id) => row::find(db, &self.0.flight, Kind::Patient, id)?,
            None => None,
        };
        Ok(Visit {
            appointment,
            patient,
        })
    }

    /// Returns who changed what in a record, newest first.
    pub fn history(&self, kind: Kind, id: RecordId) -> Result<Vec<HistoryEntry>> {
        let stored = self.read(|db| row::stored(db, kind, id))?;
        Ok(stored
            .map(|stored| document::history(kind, &stored.doc))
            .transpose()?
            .unwrap_or_default())
    }

    /// Returns the fields of a record on which two places disagree.
    pub fn conflicts(&self, kind: Kind, id: RecordId) -> Result<Vec<Conflict>> {
        let (stored, device) =
            self.read(|db| Ok((row::stored(db, kind, id)?, meta::DEVICE.get(db)?)))?;
        let here = device.map_or(0, |device| device.number);
        Ok(stored
            .map(|stored| document::conflicts(kind, &stored.doc, here))
            .transpose()?
            .unwrap_or_default())
    }

    /// Returns the records on which two places disagree.
    pub fn conflict_list(&self) -> Result<Vec<Row>> {
        self.read(|db| {
            let columns = row::COLUMNS;
            let sql = format!(
                "select {columns} from record where conflicts > 0 order by kind, sort limit ?1"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([CONFLICTS], |row| row::read(row, &self.0.flight))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Returns wards, departments, staff and medicines as the hub last told them.
    pub fn reference(&self) -> Result<Reference> {
        self.read(|db| Ok(meta::REFERENCE.get(db)?.unwrap_or_default()))
    }

    /// Returns what this desk is before anybody signs in. Who is signed in is the window's to know.
    pub fn desk(&self) -> Result<DeskState> {
        self.read(|db| {
            let device = meta::DEVICE.get(db)?;
            let reference = meta::REFERENCE.get(db)?;
            let ward = device.as_ref().map(|device| device.ward);
            let known = reference
                .iter()
                .flat_map(|r| &r.wards)
                .find(|w| Some(w.id) == ward);
            Ok(DeskState {
                ward,
                ward_name: known.map(|ward| ward.name.clone()),
                hospital: reference
                    .as_ref()
                    .map(|r| r.hospital.clone())
                    .filter(|name| !name.is_empty()),
                device_name: device.map(|device| device.name),
                known_staff: Vec::new(),
                is_locked: false,
                unsent: crate::outbox::count(db)?,
                keychain: None,
                trouble: None,
                session: None,
            })
        })
    }
}

/// Prescriptions and appointments are looked for from today backwards, people by name.
fn newest_first(kind: Kind) -> bool {
    match kind {
        Kind::Patient => false,
        Kind::Appointment | Kind::Prescription => true,
    }
}

pub(crate) fn all_wards(db: &Connection, kind: Kind) -> Result<Vec<Vec<u8>>> {
    let mut statement = db.prepare_cached("select ward from tally where kind = ?1 and n > 0")?;
    Ok(statement
        .query_map([kind.number()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn count(db: &Connection, kind: Kind, ward: &[u8]) -> Result<u64> {
    let mut statement =
        db.prepare_cached("select coalesce(sum(n), 0) from tally where kind = ?1 and ward = ?2")?;
    let n: i64 = statement.query_row(params![kind.number(), ward], |row| row.get(0))?;
    Ok(n.max(0).cast_unsigned())
}

/// Returns the keys of records whose words match an FTS5 query.
pub(crate) fn matches(db: &Connection, query: &str, limit: u32) -> Result<Vec<i64>> {
    let mut statement =
        db.prepare_cached("select rowid from record_text where record_text match ?1 limit ?2")?;
    Ok(statement
        .query_map(params![query, limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}
