//! Who of those here may be the person on a form: asked while somebody is registered, with or without a network.

use crate::Replica;
use crate::error::Result;
use crate::reads::matches;
use crate::row;
use rusqlite::Connection;
use serde_json::Value;
use shared::desk::{Likely, Row};
use shared::matching::traits::Traits;
use shared::matching::{compare, look};
use shared::patients::Patient;
use shared::record;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Records one query brings to be compared, at most.
const CANDIDATES: u32 = 200;
/// Patients that are shown, at most.
const SHOWN: usize = 5;

impl Replica {
    /// Returns the patients who may be the one a form describes, the likeliest first. A draft that is no patient is like
    /// nobody.
    pub fn likely(&self, draft: &Value) -> Result<Vec<Likely>> {
        let Ok(patient) = record::parse::<Patient>(draft) else {
            return Ok(Vec::new());
        };
        let traits = Traits::of(&patient);
        let mut likely = self.read(|db| {
            let mut likely = Vec::new();
            for row in self.candidates(db, &patient)? {
                let Ok(other) = record::parse::<Patient>(&row.body) else {
                    continue;
                };
                let likeness = compare(&traits, &Traits::of(&other));
                likely.extend(likeness.map(|likeness| Likely { row, likeness }));
            }
            Ok(likely)
        })?;
        likely.sort_by_key(|one| (Reverse(one.likeness.decibans), one.row.id));
        likely.truncate(SHOWN);
        Ok(likely)
    }

    fn candidates(&self, db: &Connection, patient: &Patient) -> Result<Vec<Row>> {
        let mut keys = BTreeSet::new();
        for query in look::queries(patient) {
            keys.extend(matches(db, &query, CANDIDATES)?);
        }
        let sql = format!("select {} from record where key = ?1", row::COLUMNS);
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let found = statement.query_map([key], |row| row::read(row, &self.0.flight))?;
            rows.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(rows)
    }
}
