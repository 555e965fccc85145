//! Appointments as a desk may promise them: the rules the hub will ask, as advice before a save, and whether a slot is this
//! desk's own to give away.

use crate::base::Replica;
use crate::draft::laid_over;
use crate::error::Result;
use crate::row::{self, Stored};
use crate::{allotment, meta};
use rusqlite::{Connection, Rows, params};
use serde_json::{Value, json};
use shared::desk::Save;
use shared::document;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::{self, Kind};
use shared::scheduling::clinic::{Clinic, Slot};
use shared::scheduling::leases::Promise;
use shared::scheduling::visit::{Change, around, asks_anew, problems, slot_of};
use shared::scheduling::{Appointment, AppointmentStatus};
use std::borrow::Cow;
use std::collections::BTreeMap;

impl Replica {
    /// Returns the time as the hub reckons it, milliseconds since 1970.
    pub(crate) fn hub_ms(&self, db: &Connection) -> Result<i64> {
        Ok(self.now().0 - meta::AHEAD.get(db)?.unwrap_or(0))
    }

    /// Returns every rule that a change of an appointment breaks, as far as this desk knows. A desk that was not told when
    /// doctors see patients leaves it to the hub.
    pub(crate) fn booking_problems(
        &self,
        db: &Connection,
        id: RecordId,
        before: &Value,
        after: &Value,
    ) -> Result<Vec<Problem>> {
        let house = self.house(db)?;
        let before = record::parse::<Appointment>(before).ok();
        let Ok(after) = record::parse::<Appointment>(after) else {
            return Ok(Vec::new());
        };
        // what is missing is said elsewhere
        let (Some(practitioner), Some(_), Some(slot)) = (
            after.practitioner,
            after.department,
            slot_of(&after, &house.clinic),
        ) else {
            return Ok(Vec::new());
        };
        if house.schedules.is_empty() {
            return Ok(Vec::new());
        }
        let t_ms = self.hub_ms(db)?;
        let allotment = allotment::read(db)?;
        let own = allotment.promise(practitioner, &slot, t_ms, self.confidence());
        let kept = match own {
            Promise::Confirmed => 0,
            Promise::ToBeConfirmed => allotment.kept(practitioner, slot.date, t_ms),
        };
        let mut others = around_slot(db, &house.clinic, &slot, after.patient)?;
        others.remove(&id);
        Ok(problems(&Change {
            before: before.as_ref(),
            after: &after,
            clinic: &house.clinic,
            schedule: house.schedules.get(&practitioner),
            around: around(&after, &house.clinic, others.values(), kept),
            t_ms,
        }))
    }

    /// Returns the rules that a draft breaks, laid over the appointment it is of.
    pub(crate) fn advice(&self, id: Option<RecordId>, draft: &Value) -> Result<Vec<Problem>> {
        self.read(|db| {
            let stored = match id {
                Some(id) => row::stored(db, Kind::Appointment, id)?,
                None => None,
            };
            let before = stored.map_or(Value::Null, |stored| stored.body);
            let after = laid_over(Kind::Appointment, before.clone(), draft);
            let id = id.unwrap_or(RecordId(uuid::Uuid::nil()));
            self.booking_problems(db, id, &before, &after)
        })
    }

    /// Returns what is asked to be saved with what this desk may promise of it: *booked* in a slot of its own, which is given
    /// away with that, and *pending* in any other.
    pub(crate) fn promised<'a>(
        &self,
        db: &Connection,
        ask: &'a Save,
        stored: Option<&Stored>,
    ) -> Result<Cow<'a, Save>> {
        if ask.kind != Kind::Appointment {
            return Ok(Cow::Borrowed(ask));
        }
        let before = match (stored, &ask.base) {
            (Some(stored), Some(base)) => {
                let base = row::heads(base)?;
                if base == stored.heads {
                    stored.body.clone()
                } else {
                    document::body_at(ask.kind, &stored.doc, &base)?
                }
            }
            (Some(stored), None) => return Ok(as_decided(ask, &stored.body)),
            (None, _) => Value::Null,
        };
        let after = laid_over(ask.kind, before.clone(), &ask.draft);
        let Ok(after) = record::parse::<Appointment>(&after) else {
            return Ok(Cow::Borrowed(ask));
        };
        let before = record::parse::<Appointment>(&before).ok();
        if !asks_anew(before.as_ref().filter(|_| stored.is_some()), &after) {
            return Ok(Cow::Borrowed(ask));
        }
        let house = self.house(db)?;
        let status = match (after.practitioner, slot_of(&after, &house.clinic)) {
            (Some(practitioner), Some(slot)) => {
                let t_ms = self.hub_ms(db)?;
                let allotment = allotment::read(db)?;
                match allotment.promise(practitioner, &slot, t_ms, self.confidence()) {
                    Promise::Confirmed => {
                        allotment::give(db, practitioner, slot.start_ms)?;
                        AppointmentStatus::Booked
                    }
                    Promise::ToBeConfirmed => AppointmentStatus::Pending,
                }
            }
            (_, _) => AppointmentStatus::Pending,
        };
        Ok(with_status(ask, status.word()))
    }
}

fn with_status<'a>(ask: &Save, status: &str) -> Cow<'a, Save> {
    let mut ask = ask.clone();
    ask.draft["status"] = json!(status);
    Cow::Owned(ask)
}

/// A form that is sent twice says what it asked for, the record what was promised.
fn as_decided<'a>(ask: &'a Save, body: &Value) -> Cow<'a, Save> {
    let status =
        |body: &Value| AppointmentStatus::parse(body["status"].as_str().unwrap_or("booked"));
    let asks = |status| {
        matches!(
            status,
            Some(AppointmentStatus::Booked | AppointmentStatus::Pending)
        )
    };
    match &body["status"] {
        Value::String(decided) if asks(status(body)) && asks(status(&ask.draft)) => {
            with_status(ask, decided)
        }
        _ => Cow::Borrowed(ask),
    }
}

/// Returns the appointments of a slot's day, and those of the patient on that day.
fn around_slot(
    db: &Connection,
    clinic: &Clinic,
    slot: &Slot,
    patient: Option<RecordId>,
) -> Result<BTreeMap<RecordId, Appointment>> {
    let mut found = BTreeMap::new();
    let day = |date: jiff::civil::Date| {
        let start = date
            .to_zoned(clinic.zone.clone())
            .map(|start| start.timestamp());
        start.unwrap_or_default().to_string()
    };
    let (from, until) = (
        day(slot.date),
        day(slot.date.tomorrow().unwrap_or(slot.date)),
    );
    let kind = Kind::Appointment.number();
    let sql = "select id, body from record where kind = ?1 and ward = ?2 and at >= ?3 and at < ?4";
    for ward in crate::reads::all_wards(db, Kind::Appointment)? {
        let mut statement = db.prepare_cached(sql)?;
        take(
            statement.query(params![kind, ward, from, until])?,
            &mut found,
        )?;
    }
    if let Some(patient) = patient {
        let sql =
            "select id, body from record where subject = ?1 and kind = ?2 and at >= ?3 and at < ?4";
        let mut statement = db.prepare_cached(sql)?;
        take(
            statement.query(params![patient.0.as_bytes(), kind, from, until])?,
            &mut found,
        )?;
    }
    Ok(found)
}

fn take(mut rows: Rows<'_>, found: &mut BTreeMap<RecordId, Appointment>) -> Result<()> {
    while let Some(row) = rows.next()? {
        let id = RecordId(row::uuid(row.get_ref(0)?.as_blob()?));
        if let Ok(body) = serde_json::from_str(row.get_ref(1)?.as_str()?) {
            found.insert(id, body);
        }
    }
    Ok(())
}
