//! Who looked at a chart, as far as this desk knows, and whether its own chain is as it was written.

use super::link;
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::meta;
use rusqlite::Connection;
use shared::access::{Actor, may_read_audit};
use shared::audit::chain::{Checker, Flaw, Link};
use shared::audit::entry::{Entry, Place, What};
use shared::clock::Now;
use shared::desk::{AuditLine, AuditTrail};
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::Kind;

/// Lines of one chart that are shown, at most: the newest.
const LINES: u32 = 500;

impl Replica {
    /// Returns what was done with a chart at this desk, newest first. Looking is itself noted.
    pub fn audit_trail(&self, actor: &Actor, patient: RecordId) -> Result<AuditTrail> {
        may_read_audit(&actor.roles).map_err(|problem| Error::Problems(vec![problem]))?;
        self.0.clerk.saw(
            self.entry(What::AuditRead, actor.staff)
                .about(Kind::Patient, patient),
        );
        self.settle_audit();
        let lines = self.read(|db| lines(db, patient))?;
        let trouble = self.first_bad_entry()?.map(|(place, flaw)| {
            Problem::new("audit.not_whole", "")
                .with("place", format!("{}.{}", place.incarnation, place.seq))
                .with("flaw", flaw.code())
        });
        Ok(AuditTrail { lines, trouble })
    }

    /// Says whether a sheet about a record was printed at this desk before, as long as its entries are kept here.
    pub fn was_printed(&self, kind: Kind, record: RecordId) -> Result<bool> {
        self.settle_audit();
        let sql = "select entry from audit where record = ?1";
        let entries = self.read(|db| {
            let mut found = db.prepare_cached(sql)?;
            let rows = found.query_map([record.0.as_bytes()], |row| row.get::<_, Vec<u8>>(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        })?;
        let is_print =
            |entry: Entry| entry.what == What::Printed && entry.record == Some((kind, record));
        Ok(entries
            .iter()
            .filter_map(|bytes| Entry::from_bytes(bytes))
            .any(is_print))
    }

    /// Returns the first entry of this desk's chains that is not as it was written. Seals are for the hub to check.
    pub fn first_bad_entry(&self) -> Result<Option<(Place, Flaw)>> {
        let (links, pen, device) = self.read(|db| {
            let sql =
                "select incarnation, seq, entry, hash, seal from audit order by incarnation, seq";
            let links = db
                .prepare_cached(sql)?
                .query_map([], link)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((links, meta::AUDIT_PEN.get(db)?, meta::DEVICE.get(db)?))
        })?;
        let (Some(pen), Some(device)) = (pen, device) else {
            return Ok(None);
        };
        let is_any = links
            .iter()
            .any(|(incarnation, _)| *incarnation == pen.incarnation);
        for chain in links.chunk_by(|(one, _), (next, _)| one == next) {
            let incarnation = chain[0].0;
            let links: Vec<Link> = chain.iter().map(|(_, link)| link.clone()).collect();
            let end = (incarnation == pen.incarnation).then_some((pen.seq, pen.head));
            // older entries were sent and erased: the first that is left is where it begins
            let first = &links[0];
            let bad = if first.seq == 1 {
                Checker::begin(device.id, incarnation, None).first_bad(&links, end)
            } else {
                Checker::after(first.seq, first.hash).first_bad(&links[1..], end)
            };
            if let Some((seq, flaw)) = bad {
                return Ok(Some((Place { incarnation, seq }, flaw)));
            }
        }
        let gone = Place {
            incarnation: pen.incarnation,
            seq: 1,
        };
        Ok((!is_any && pen.seq > 0).then_some((gone, Flaw::Gap)))
    }
}

fn lines(db: &Connection, patient: RecordId) -> Result<Vec<AuditLine>> {
    let sql = "select entry from audit where record = ?1 order by at_ms desc, incarnation desc, seq desc limit ?2";
    let entries = db
        .prepare_cached(sql)?
        .query_map(rusqlite::params![patient.0.as_bytes(), LINES], |row| {
            row.get::<_, Vec<u8>>(0)
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let line = |entry: Entry| AuditLine {
        what: entry.what,
        staff: entry.staff,
        at: Now(entry.at_ms).rfc3339(),
    };
    Ok(entries
        .iter()
        .filter_map(|bytes| Entry::from_bytes(bytes))
        .map(line)
        .collect())
}
