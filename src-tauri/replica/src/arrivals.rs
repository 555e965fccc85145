//! What is noted when a patient comes: the moment, a number in the queue and, for who booked nothing, a slot.

use crate::error::{Error, Result};
use crate::reads::DAY;
use crate::row::{self, Stored};
use crate::{Replica, meta};
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use shared::desk::Save;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::{self, Kind};
use shared::scheduling::arrival::{Coming, coming, next_in_queue, said, walk_in};
use shared::scheduling::clinic::Clinic;
use shared::scheduling::{Appointment, AppointmentStatus};
use std::borrow::Cow;

impl Replica {
    /// Returns what is asked to be saved, with the note of an arrival where the status says that somebody came.
    pub(crate) fn with_arrival<'a>(
        &self,
        db: &Connection,
        ask: &'a Save,
        stored: Option<&Stored>,
    ) -> Result<Cow<'a, Save>> {
        let same = Ok(Cow::Borrowed(ask));
        let status = ask.draft["status"]
            .as_str()
            .and_then(AppointmentStatus::parse);
        let (Kind::Appointment, Some(status)) = (ask.kind, status) else {
            return same;
        };
        let before: Option<Appointment> =
            stored.and_then(|stored| record::parse(&stored.body).ok());
        let noted = match (coming(before.as_ref(), status), &before, &ask.base) {
            // Save was pressed twice: what was noted the first time is the answer
            (_, Some(_), None) => kept(ask, stored),
            (Coming::Came, before, _) => self.came(db, ask, before.as_ref())?,
            (Coming::TakenBack, _, _) => Map::from_iter([
                ("arrived".into(), Value::Null),
                ("queue".into(), Value::Null),
            ]),
            (Coming::Same, _, _) => return same,
        };
        let mut with = ask.clone();
        if let Some(members) = with.draft.as_object_mut() {
            members.extend(noted);
        }
        Ok(Cow::Owned(with))
    }

    /// Returns a draft as it would be saved, for its form to ask what is wrong with it.
    ///
    /// # Errors
    /// The problems of one who came without a time and cannot have one.
    pub(crate) fn as_saved(
        &self,
        kind: Kind,
        draft: &Value,
    ) -> Result<std::result::Result<Value, Vec<Problem>>> {
        let ask = Save {
            kind,
            id: RecordId(uuid::Uuid::nil()),
            base: None,
            draft: draft.clone(),
            held: None,
        };
        match self.read(|db| Ok(self.with_arrival(db, &ask, None)?.into_owned())) {
            Ok(ask) => Ok(Ok(ask.draft)),
            Err(Error::Problems(problems)) => Ok(Err(problems)),
            Err(error) => Err(error),
        }
    }

    fn came(
        &self,
        db: &Connection,
        ask: &Save,
        before: Option<&Appointment>,
    ) -> Result<Map<String, Value>> {
        let clinic = Clinic::of_zone(self.zone());
        let mut noted = Map::from_iter([("arrived".into(), json!(self.now().rfc3339()))]);
        let mut visit = match before {
            Some(before) => before.clone(),
            None => record::parse(&ask.draft).unwrap_or_default(),
        };
        if before.is_none() && visit.start.is_none() {
            let (start, minutes) = self.walked_in(db, &visit, &clinic)?;
            noted.insert("start".into(), json!(start));
            noted.insert("minutes".into(), json!(minutes));
            visit.start = Some(start);
        }
        let known = arrivals(db, &visit)?;
        let queue = next_in_queue(&visit, &known, &clinic);
        noted.insert("queue".into(), json!(queue));
        Ok(noted)
    }

    fn walked_in(
        &self,
        db: &Connection,
        visit: &Appointment,
        clinic: &Clinic,
    ) -> Result<(String, u32)> {
        let missing = [
            ("department", visit.department.is_none()),
            ("practitioner", visit.practitioner.is_none()),
        ];
        let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
        let missing: Vec<Problem> = missing
            .map(|(field, _)| Problem::new("required", field))
            .collect();
        if !missing.is_empty() {
            return Err(Error::Problems(missing));
        }
        let reference = meta::REFERENCE.get(db)?.unwrap_or_default();
        let schedules = reference.schedules;
        let schedule = schedules
            .iter()
            .find(|schedule| Some(schedule.practitioner) == visit.practitioner);
        let refused = |problem| Error::Problems(vec![problem]);
        let schedule = schedule
            .ok_or_else(|| refused(Problem::new("practitioner.unknown", "practitioner")))?;
        let slot = walk_in(clinic, schedule, self.now().0).map_err(refused)?;
        Ok(said(&slot))
    }
}

/// Returns what was noted before of what a repeated ask leaves open.
fn kept(ask: &Save, stored: Option<&Stored>) -> Map<String, Value> {
    let body = stored.and_then(|stored| stored.body.as_object());
    let open = |name: &&str| ask.draft[*name].is_null();
    let noted = ["start", "minutes", "arrived", "queue"]
        .into_iter()
        .filter(open);
    let of_body = |name: &str| Some((name.to_owned(), body?.get(name)?.clone()));
    noted.filter_map(of_body).collect()
}

/// Returns the visits of the same ward around the day of one: with a day to spare on either side, whatever the zone.
fn arrivals(db: &Connection, visit: &Appointment) -> Result<Vec<Appointment>> {
    let Some(start) = visit.start.as_deref().and_then(|at| at.parse().ok()) else {
        return Ok(Vec::new());
    };
    let start: jiff::Timestamp = start;
    let day = jiff::SignedDuration::from_hours(36);
    let (from, until) = (start.saturating_sub(day), start.saturating_add(day));
    let (Ok(from), Ok(until)) = (from, until) else {
        return Ok(Vec::new());
    };
    let mut statement = db.prepare_cached(
        "select body from record where kind = ?1 and ward = ?2 and at >= ?3 and at < ?4 order by at, id limit ?5",
    )?;
    let params = params![
        Kind::Appointment.number(),
        row::ward(visit.ward),
        from.to_string(),
        until.to_string(),
        3 * DAY
    ];
    let rows = statement.query_map(params, |row| row.get::<_, String>(0))?;
    let mut visits = Vec::new();
    for body in rows {
        visits.extend(record::parse(&row::json::<Value>(&body?)).ok());
    }
    Ok(visits)
}
