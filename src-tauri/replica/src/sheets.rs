//! The diary of a doctor or of a department: their visits, and what each slot of their days is.

use crate::Replica;
use crate::error::Result;
use crate::meta;
use crate::reads::{DAY, all_wards};
use crate::row;
use jiff::Span;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use shared::desk::{Diary, DiaryAsk, Row};
use shared::ids::StaffId;
use shared::record::{self, Kind};
use shared::scheduling::Appointment;
use shared::scheduling::clinic::{Clinic, Schedule, Slot};
use shared::scheduling::sheet::sheet;
use shared::scheduling::visit::{slot_of, wants_slot};
use std::collections::BTreeMap;

/// Days of one diary, at most.
const DAYS: u32 = 7;

impl Replica {
    /// Returns a diary as far as this desk knows it: all that the doctors have, whatever ward it is of.
    pub fn diary(&self, ask: &DiaryAsk) -> Result<Diary> {
        let Ok(from) = ask.from.parse::<Date>() else {
            return Ok(Diary::default());
        };
        let clinic = Clinic::of_zone(self.zone());
        let days = i64::from(ask.days.clamp(1, DAYS));
        let now_ms = self.now().0;
        self.read(|db| {
            let reference = meta::REFERENCE.get(db)?.unwrap_or_default();
            let mut shown = reference.schedules;
            shown.retain(|schedule| is_asked(ask, schedule));
            let mut taken: BTreeMap<StaffId, Vec<Slot>> = BTreeMap::new();
            let mut visits = Vec::new();
            for row in self.between(db, &clinic, from, days)? {
                let Ok(visit) = record::parse::<Appointment>(&row.body) else {
                    continue;
                };
                let is_shown = shown
                    .iter()
                    .any(|schedule| Some(schedule.practitioner) == visit.practitioner);
                let is_asked = ask
                    .practitioner
                    .is_some_and(|id| visit.practitioner == Some(id))
                    || ask
                        .department
                        .is_some_and(|id| visit.department == Some(id));
                if !is_shown && !is_asked {
                    continue;
                }
                if let (Some(doctor), true) = (visit.practitioner, wants_slot(visit.status)) {
                    taken
                        .entry(doctor)
                        .or_default()
                        .extend(slot_of(&visit, &clinic));
                }
                visits.push(self.visit(db, row)?);
            }
            let none = Vec::new();
            let mut sheets = Vec::new();
            for schedule in &shown {
                let taken = taken.get(&schedule.practitioner).unwrap_or(&none);
                for day in 0..days {
                    let date = from.saturating_add(Span::new().days(day));
                    sheets.push(sheet(&clinic, schedule, date, taken, now_ms));
                }
            }
            Ok(Diary { visits, sheets })
        })
    }

    /// Returns every appointment this desk has of some local days, earliest first.
    fn between(&self, db: &Connection, clinic: &Clinic, from: Date, days: i64) -> Result<Vec<Row>> {
        let starts = |date: Date| {
            let start = date.to_zoned(clinic.zone.clone());
            start.map(|start| start.timestamp().to_string())
        };
        let until = from.saturating_add(Span::new().days(days));
        let (Ok(from), Ok(until)) = (starts(from), starts(until)) else {
            return Ok(Vec::new());
        };
        let columns = row::COLUMNS;
        let sql = format!(
            "select {columns} from record where kind = ?1 and ward = ?2 and at >= ?3 and at < ?4 order by at, id limit ?5"
        );
        let most = DAY * u32::try_from(days).unwrap_or(DAYS);
        let mut rows: Vec<Row> = Vec::new();
        for ward in all_wards(db, Kind::Appointment)? {
            let mut statement = db.prepare_cached(&sql)?;
            let params = params![Kind::Appointment.number(), ward, from, until, most];
            let found = statement.query_map(params, |row| row::read(row, &self.0.flight))?;
            rows.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        let start = |row: &Row| row.body["start"].as_str().unwrap_or_default().to_owned();
        rows.sort_by_cached_key(|row| (start(row), row.id));
        Ok(rows)
    }
}

fn is_asked(ask: &DiaryAsk, schedule: &Schedule) -> bool {
    ask.practitioner
        .is_some_and(|id| schedule.practitioner == id)
        || ask
            .department
            .is_some_and(|id| schedule.departments.contains(&id))
}
