//! Visits that are over and of which nobody has said what became of them.

use crate::base::Replica;
use crate::error::Result;
use crate::row;
use jiff::{Timestamp, ToSpan};
use rusqlite::params;
use shared::desk::Visit;
use shared::ids::WardId;
use shared::record::{self, Kind};
use shared::scheduling::Appointment;
use shared::scheduling::visit::is_unresolved;

/// So far back is looked, in days.
const BEHIND_DAYS: i64 = 90;
/// Visits that are returned at most: who has closed these sees the next.
const MOST: usize = 200;

impl Replica {
    /// Returns the visits of a ward that somebody has to close, oldest first.
    pub fn unresolved(&self, ward: WardId) -> Result<Vec<Visit>> {
        self.read(|db| {
            let (house, now_ms) = (self.house(db)?, self.hub_ms(db)?);
            let now = Timestamp::from_millisecond(now_ms).unwrap_or_default();
            let from = now - (24 * BEHIND_DAYS).hours();
            let columns = row::COLUMNS;
            let sql = format!(
                "select {columns} from record where kind = ?1 and ward = ?2 and at >= ?3 and at < ?4 order by at, id"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let params = params![
                Kind::Appointment.number(),
                row::ward(Some(ward)),
                from.to_string(),
                now.to_string()
            ];
            let mut visits = Vec::new();
            for row in statement.query_map(params, |row| row::read(row, &self.0.flight))? {
                let row = row?;
                let body = record::parse::<Appointment>(&row.body);
                if body.is_ok_and(|body| is_unresolved(&body, &house.clinic, now_ms)) {
                    visits.push(self.visit(db, row)?);
                }
                if visits.len() == MOST {
                    break;
                }
            }
            Ok(visits)
        })
    }
}
