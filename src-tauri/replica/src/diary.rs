//! Doctors' diaries as this desk knows them, kept in memory for whoever looks for a free slot: reading every appointment of
//! three months for each key press would take too long. What changes is told to it, and looked at when somebody asks next.

use crate::base::Replica;
use crate::error::Result;
use crate::store::lock;
use crate::{allotment, meta, row};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};
use shared::desk::{FreeAsk, FreeSlot, Visit};
use shared::ids::{RecordId, StaffId};
use shared::record::Kind;
use shared::scheduling::clinic::{Clinic, Schedule, Slot};
use shared::scheduling::free::{Diary, Free, Given, Slots, Wish, touched};
use shared::scheduling::leases::{Allotment, Confidence, Promise};
use shared::scheduling::visit::{slot_of, wants_slot};
use shared::scheduling::{Appointment, AppointmentStatus};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// How far ahead is looked, in days.
const AHEAD_DAYS: i64 = 90;
/// How long somebody is listed who lost a slot, in days after it.
const BEHIND_DAYS: i64 = 90;
/// Slots that are returned at most.
const MOST: usize = 200;
/// Changed appointments above which everything is read again.
const MANY: usize = 2_000;

/// When the house and its doctors see patients, as the hub last told.
#[derive(Debug)]
pub(crate) struct House {
    /// Of the reference data it was made of.
    version: Option<u64>,
    pub(crate) clinic: Clinic,
    pub(crate) schedules: BTreeMap<StaffId, Schedule>,
}

/// What is kept between two questions.
#[derive(Default)]
pub(crate) struct Kept {
    house: Mutex<Option<Arc<House>>>,
    pages: Mutex<Option<Pages>>,
    heard: Mutex<Heard>,
}

/// What changed since somebody asked.
#[derive(Default)]
struct Heard {
    appointments: BTreeSet<RecordId>,
    is_everything: bool,
}

/// The diary of every doctor with what is given away of it.
struct Pages {
    house: Arc<House>,
    from: Date,
    diary: Diary,
    /// What each appointment takes.
    taken: HashMap<RecordId, (StaffId, Date)>,
    /// What is taken of each day, and by which appointment.
    days: BTreeMap<(StaffId, Date), Vec<(RecordId, Slots)>>,
    /// Days of which something is lent: of those more is kept than is taken.
    lent: BTreeSet<(StaffId, Date)>,
    /// Appointments that lost their slot.
    rebooking: BTreeSet<RecordId>,
}

impl Kept {
    /// Notes that records changed.
    pub(crate) fn changed(&self, changed: &BTreeSet<(Kind, RecordId)>) {
        let appointments = changed
            .iter()
            .filter(|(kind, _)| *kind == Kind::Appointment);
        let mut heard = lock(&self.heard);
        heard.appointments.extend(appointments.map(|(_, id)| *id));
        heard.is_everything |= heard.appointments.len() > MANY;
    }

    /// Notes that anything may have changed.
    pub(crate) fn reloaded(&self) {
        lock(&self.heard).is_everything = true;
    }
}

impl Replica {
    /// Returns when doctors see patients.
    pub(crate) fn house(&self, db: &Connection) -> Result<Arc<House>> {
        let version = meta::REFERENCE_VERSION.get(db)?;
        let known = lock(&self.0.diary.house).clone();
        if let Some(house) = known.filter(|house| house.version == version) {
            return Ok(house);
        }
        let reference = meta::REFERENCE.get(db)?.unwrap_or_default();
        let schedules = reference.schedules.into_iter();
        let house = Arc::new(House {
            version,
            clinic: Clinic::of_zone(TimeZone::get(&reference.zone).unwrap_or(TimeZone::UTC)),
            schedules: schedules.map(|one| (one.practitioner, one)).collect(),
        });
        *lock(&self.0.diary.house) = Some(house.clone());
        Ok(house)
    }

    /// Returns free slots as far as this desk knows, soonest first, each with what may be said of it.
    pub fn free(&self, ask: &FreeAsk) -> Result<Vec<FreeSlot>> {
        let limit = (ask.limit as usize).min(MOST);
        let day = |day: &Option<String>| day.as_deref().and_then(|day| day.parse().ok());
        self.with_pages(|db, pages| {
            let t_ms = self.hub_ms(db)?;
            let allotment = allotment::read(db)?;
            pages.keep(&allotment, ask.moved, t_ms);
            let elsewhere = match ask.patient {
                Some(patient) => of_patient(db, &pages.house.clinic, patient, ask.moved)?,
                None => Vec::new(),
            };
            let wish = Wish {
                practitioner: ask.practitioner,
                department: ask.department,
                not_before: day(&ask.not_before),
                not_after: day(&ask.not_after),
                now_ms: t_ms,
                // as many more as may be left out
                count: limit + elsewhere.len() * pages.house.schedules.len(),
            };
            let sure = self.confidence();
            let mut found = pages.find(&wish, &allotment, sure);
            found.retain(|(free, _)| !elsewhere.iter().any(|slot| slot.overlaps(&free.slot)));
            Ok(found.into_iter().take(limit).map(said).collect())
        })
    }

    /// Returns the appointments that lost their slot, in the order of their slots.
    pub fn rebooking(&self) -> Result<Vec<Visit>> {
        self.with_pages(|db, pages| {
            let mut visits = Vec::new();
            for id in &pages.rebooking {
                let row = row::find(db, &self.0.flight, Kind::Appointment, *id)?;
                if let Some(row) = row {
                    visits.push(self.visit(db, row)?);
                }
            }
            visits.sort_by_key(|visit: &Visit| visit.appointment.body["start"].to_string());
            Ok(visits)
        })
    }

    /// Runs something on the diary as it is now.
    fn with_pages<T>(&self, work: impl FnOnce(&Connection, &mut Pages) -> Result<T>) -> Result<T> {
        let mut kept = lock(&self.0.diary.pages);
        // before the reading begins: what comes meanwhile is looked at the next time
        let heard = std::mem::take(&mut *lock(&self.0.diary.heard));
        let result = self.read(|db| {
            let house = self.house(db)?;
            let today = house.clinic.day_of(self.hub_ms(db)?);
            let known = kept.take().filter(|pages| {
                !heard.is_everything && pages.from == today && Arc::ptr_eq(&pages.house, &house)
            });
            let mut pages = match known {
                Some(mut pages) => {
                    for id in &heard.appointments {
                        pages.put(*id, one(db, *id)?.as_ref());
                    }
                    pages
                }
                None => Pages::read(db, house, today)?,
            };
            let answer = work(db, &mut pages)?;
            *kept = Some(pages);
            Ok(answer)
        });
        if result.is_err() {
            *kept = None;
        }
        result
    }
}

fn said((free, promise): (Free, Promise)) -> FreeSlot {
    FreeSlot {
        practitioner: free.practitioner,
        start: shared::clock::Now(free.slot.start_ms).rfc3339(),
        promise,
    }
}

fn one(db: &Connection, id: RecordId) -> Result<Option<Appointment>> {
    let sql = "select body from record where id = ?1 and kind = ?2";
    let body: Option<String> = db
        .prepare_cached(sql)?
        .query_row(
            params![id.0.as_bytes(), Kind::Appointment.number()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
}

/// Returns when a patient is somewhere.
fn of_patient(
    db: &Connection,
    clinic: &Clinic,
    patient: RecordId,
    apart: Option<RecordId>,
) -> Result<Vec<Slot>> {
    let sql = "select id, body from record where subject = ?1 and kind = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![patient.0.as_bytes(), Kind::Appointment.number()])?;
    let mut slots = Vec::new();
    while let Some(row) = rows.next()? {
        let id = RecordId(row::uuid(row.get_ref(0)?.as_blob()?));
        let body: Option<Appointment> = serde_json::from_str(row.get_ref(1)?.as_str()?).ok();
        let wants = body.filter(|body| wants_slot(body.status) && Some(id) != apart);
        slots.extend(wants.and_then(|body| slot_of(&body, clinic)));
    }
    Ok(slots)
}

impl Pages {
    fn read(db: &Connection, house: Arc<House>, from: Date) -> Result<Self> {
        let schedules: Vec<Schedule> = house.schedules.values().cloned().collect();
        let days = usize::try_from(AHEAD_DAYS).unwrap_or_default();
        let mut pages = Self {
            diary: Diary::new(&house.clinic, &schedules, from, days),
            house,
            from,
            taken: HashMap::new(),
            days: BTreeMap::new(),
            lent: BTreeSet::new(),
            rebooking: BTreeSet::new(),
        };
        let first = from.saturating_sub(BEHIND_DAYS.days()).to_string();
        let sql = "select id, body from record where kind = ?1 and ward = ?2 and at >= ?3";
        for ward in crate::reads::all_wards(db, Kind::Appointment)? {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![Kind::Appointment.number(), ward, first])?;
            while let Some(row) = rows.next()? {
                let id = RecordId(row::uuid(row.get_ref(0)?.as_blob()?));
                let body: Option<Appointment> =
                    serde_json::from_str(row.get_ref(1)?.as_str()?).ok();
                pages.put(id, body.as_ref());
            }
        }
        Ok(pages)
    }

    /// Puts an appointment as it is now in the place of what it was.
    fn put(&mut self, id: RecordId, body: Option<&Appointment>) {
        if let Some(day) = self.taken.remove(&id) {
            self.days
                .entry(day)
                .or_default()
                .retain(|(of, _)| *of != id);
            self.show(day, None, 0);
        }
        self.rebooking.remove(&id);
        let Some(body) = body else {
            return;
        };
        if body.status == AppointmentStatus::Waitlist {
            self.rebooking.insert(id);
        }
        let slot = slot_of(body, &self.house.clinic).filter(|slot| slot.date >= self.from);
        if let (true, Some(doctor), Some(slot)) = (wants_slot(body.status), body.practitioner, slot)
        {
            let whole = || touched(&self.house.clinic, &slot);
            let slots = self.diary.bit(&slot).unwrap_or_else(whole);
            let day = (doctor, slot.date);
            self.taken.insert(id, day);
            self.days.entry(day).or_default().push((id, slots));
            self.show(day, None, 0);
        }
    }

    /// Writes into the diary what is taken of a day and how many places are kept, without an appointment that is to be moved:
    /// its slot is no other slot, but it counts no more.
    fn show(&mut self, day: (StaffId, Date), moved: Option<RecordId>, kept: u32) {
        let taken = self.days.get(&day).map(Vec::as_slice).unwrap_or_default();
        let counted = taken.iter().filter(|(id, _)| Some(*id) != moved).count();
        let given = Given {
            slots: taken.iter().fold(0, |all, (_, slots)| all | slots),
            counted: u32::try_from(counted).unwrap_or(u32::MAX) + kept,
        };
        self.diary.give(day.0, day.1, given);
    }

    /// Keeps the places that are lent: whoever books another slot does not get them.
    fn keep(&mut self, allotment: &Allotment, moved: Option<RecordId>, t_ms: i64) {
        for day in std::mem::take(&mut self.lent) {
            self.show(day, None, 0);
        }
        let starts = allotment.starts();
        let mut days: BTreeSet<_> = starts
            .iter()
            .map(|(day, _, doctor)| (*doctor, *day))
            .collect();
        days.extend(moved.and_then(|id| self.taken.get(&id).copied()));
        for day in &days {
            self.show(*day, moved, allotment.kept(day.0, day.1, t_ms));
        }
        self.lent = days;
    }

    /// Finds free slots: those anybody may ask for, and among them or beside them those that are this desk's own.
    fn find(
        &self,
        wish: &Wish,
        allotment: &Allotment,
        confidence: Confidence,
    ) -> Vec<(Free, Promise)> {
        let mut found: BTreeSet<Free> = self.diary.find(wish).into_iter().collect();
        let promise =
            |free: &Free| allotment.promise(free.practitioner, &free.slot, wish.now_ms, confidence);
        let last = found.last().filter(|_| found.len() >= wish.count).copied();
        for (_, start_ms, practitioner) in allotment.starts() {
            let own = self.own(start_ms, practitioner, wish);
            let own = own.filter(|free| last.is_none_or(|last| *free < last));
            found.extend(own.filter(|free| promise(free) == Promise::Confirmed));
        }
        found
            .into_iter()
            .map(|free| (free, promise(&free)))
            .collect()
    }

    /// Returns a lent slot if it is wished for and nobody has it.
    fn own(&self, start_ms: i64, practitioner: StaffId, wish: &Wish) -> Option<Free> {
        let schedule = self.house.schedules.get(&practitioner)?;
        let slot = self.house.clinic.slot_at(start_ms).ok()?;
        let bit = self.diary.bit(&slot)?;
        let taken = self.days.get(&(practitioner, slot.date));
        let is_taken = taken.is_some_and(|taken| taken.iter().any(|(_, slots)| slots & bit != 0));
        let is_wished = wish.wants(schedule)
            && wish.not_before.is_none_or(|day| day <= slot.date)
            && wish.not_after.is_none_or(|day| slot.date <= day);
        let is_free = is_wished && !is_taken && schedule.works(&slot).is_ok();
        is_free.then_some(Free { slot, practitioner })
    }
}
