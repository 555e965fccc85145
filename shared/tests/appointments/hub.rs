//! The hub: what it gave away, who waits, what it has to say, and what it told. Each call is one of its transactions, so that
//! between any two of them it may have been killed.

use super::{Clinics, Command};
use crate::desk::text;
use shared::events::What;
use shared::ids::{DeviceId, RecordId, StaffId};
use shared::scheduling::adjudicate::{
    Answer, Booked, Lost, Request, Waiting, adjudicate, at_once, due,
};
use shared::scheduling::clinic::{DAY_CAP, Slot};
use shared::scheduling::leases::{self, Lease, Lent, Promise, has_ended};
use shared::scheduling::rules::LEAD_MS;
use shared::scheduling::telling::{Changed, Holds, Step, news};
use shared::scheduling::visit::{Change, around, problems, slot_of, wants_slot};
use shared::scheduling::{Appointment, AppointmentStatus, Offer};
use shared::sync::clocks::Ahead;
use shared::sync::late::{Said, made};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How often things came up, over all seeds.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) stood: u64,
    pub(crate) stood_lent: u64,
    pub(crate) waited: u64,
    pub(crate) lost: u64,
    pub(crate) rebooked: u64,
    pub(crate) cancelled: u64,
    pub(crate) repeated: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.stood += other.stood;
        self.stood_lent += other.stood_lent;
        self.waited += other.waited;
        self.lost += other.lost;
        self.rebooked += other.rebooked;
        self.cancelled += other.cancelled;
        self.repeated += other.repeated;
    }
}

#[derive(Clone, Copy)]
struct Row {
    doctor: StaffId,
    patient: RecordId,
    slot: Slot,
}

pub(crate) struct Hub<'a> {
    clinics: &'a Clinics,
    booked: BTreeMap<RecordId, Row>,
    lent: BTreeMap<(StaffId, i64), (usize, Slot)>,
    open: Vec<Waiting>,
    heard_ms: Vec<i64>,
    had: BTreeSet<u64>,
    pub(crate) bodies: BTreeMap<RecordId, Appointment>,
    /// Decided, and not said in the appointment yet.
    unsaid: BTreeMap<RecordId, Result<(), Lost>>,
    told: BTreeMap<RecordId, Vec<What>>,
    /// How often each lost a slot and said so.
    losses: BTreeMap<RecordId, usize>,
    pub(crate) tally: Tally,
}

impl<'a> Hub<'a> {
    pub(crate) fn new(clinics: &'a Clinics, desks: usize) -> Self {
        Self {
            clinics,
            booked: BTreeMap::new(),
            lent: BTreeMap::new(),
            open: Vec::new(),
            heard_ms: vec![0; desks],
            had: BTreeSet::new(),
            bodies: BTreeMap::new(),
            unsaid: BTreeMap::new(),
            told: BTreeMap::new(),
            losses: BTreeMap::new(),
            tally: Tally::default(),
        }
    }

    /// Takes what a desk sends, each command once.
    pub(crate) fn take(&mut self, desk: usize, sent: &[Command], ahead_ms: i64, now_ms: i64) {
        let said = sent.iter().map(|command| Said {
            at_ms: command.at_ms,
            follows_ms: i64::MIN,
        });
        let said: Vec<Said> = said.collect();
        for (command, made) in sent
            .iter()
            .zip(made(&said, &Ahead::surely(ahead_ms), now_ms))
        {
            if self.had.insert(command.number) {
                self.take_one(desk, command, made.at_ms, now_ms);
            } else {
                self.tally.repeated += 1;
            }
        }
    }

    fn take_one(&mut self, desk: usize, command: &Command, t_ms: i64, now_ms: i64) {
        let (id, after) = (command.appointment, &command.after);
        let schedule = after
            .practitioner
            .and_then(|doctor| self.clinics.schedules.get(&doctor));
        let found = problems(&Change {
            before: command.before.as_ref(),
            after,
            clinic: &self.clinics.clinic,
            schedule,
            around: around(after, &self.clinics.clinic, [], 0),
            t_ms,
        });
        if !found.is_empty() {
            let is_kept = command.promise == Promise::ToBeConfirmed || !command.is_sure;
            assert!(
                is_kept || after.status != AppointmentStatus::Booked,
                "{command:?}: {found:?}"
            );
            return;
        }
        if command.before.is_some() && !self.bodies.contains_key(&id) {
            // what it builds on was held
            return;
        }
        let had = self.booked.remove(&id).is_some();
        self.open.retain(|one| one.request.appointment != id);
        self.unsaid.remove(&id);
        self.bodies.insert(id, after.clone());
        self.tally.rebooked += u64::from(command.before.is_some() && wants_slot(after.status));
        self.tally.cancelled += u64::from(after.status == AppointmentStatus::Cancelled);
        if wants_slot(after.status) {
            self.grant(desk, command, t_ms, now_ms);
        }
        let step = Step {
            status: after.status,
            t_ms,
        };
        self.tell(id, had, &[step], t_ms, By::Desk);
    }

    fn grant(&mut self, desk: usize, command: &Command, t_ms: i64, now_ms: i64) {
        let Some(mut request) = self.request(desk, command, t_ms) else {
            return;
        };
        let own = (request.practitioner, request.slot.start_ms);
        let is_lent = self.lent.get(&own).is_some_and(|(of, _)| *of == desk);
        request.is_unleased = !is_lent;
        let open: Vec<Request> = self.open.iter().map(|one| one.request.clone()).collect();
        let standing = self.standing(is_lent.then_some(own));
        let id = request.appointment;
        match at_once(&standing, &open, &request, now_ms) {
            Answer::Stands => {
                if is_lent {
                    self.lent.remove(&own);
                }
                self.tally.stood_lent += u64::from(is_lent);
                self.give(&request);
                if command.after.status.asks_for_slot() {
                    self.unsaid.insert(id, Ok(()));
                }
            }
            Answer::Waits => {
                self.tally.waited += 1;
                let came_ms = now_ms;
                self.open.push(Waiting { request, came_ms });
            }
            Answer::Lost(lost) => {
                let is_promised = command.promise == Promise::Confirmed && command.is_sure;
                assert!(
                    !is_promised || lost == Lost::Patient,
                    "{lost:?} at {now_ms}, t {t_ms}, heard {:?}: {command:?}",
                    self.heard_ms[desk]
                );
                self.unsaid.insert(id, Err(lost));
            }
        }
    }

    fn request(&self, desk: usize, command: &Command, t_ms: i64) -> Option<Request> {
        let after = &command.after;
        let mut number = [0; 32];
        number[..8].copy_from_slice(&command.number.to_be_bytes());
        Some(Request {
            priority: after.priority,
            is_unleased: true,
            t_ms,
            device: DeviceId(Uuid::from_u128(desk as u128)),
            command: number,
            appointment: command.appointment,
            patient: after.patient?,
            practitioner: after.practitioner?,
            slot: slot_of(after, &self.clinics.clinic)?,
        })
    }

    fn give(&mut self, request: &Request) {
        self.tally.stood += 1;
        let row = Row {
            doctor: request.practitioner,
            patient: request.patient,
            slot: request.slot,
        };
        self.booked.insert(request.appointment, row);
    }

    /// What stands, but for a slot that whoever asks was lent.
    fn standing(&self, own: Option<(StaffId, i64)>) -> Booked {
        let mut booked = Booked::default();
        for row in self.booked.values() {
            booked.add(row.doctor, row.patient, row.slot);
        }
        for (place, (_, slot)) in self.lent.iter().filter(|(place, _)| Some(**place) != own) {
            booked.lend(place.0, *slot);
        }
        booked
    }

    pub(crate) fn decide(&mut self, now_ms: i64) {
        let heard_ms = self.heard_ms.iter().min().copied();
        let requests = due(&self.open, heard_ms, now_ms);
        if requests.is_empty() {
            return;
        }
        let ids: BTreeSet<RecordId> = requests.iter().map(|one| one.appointment).collect();
        self.open
            .retain(|one| !ids.contains(&one.request.appointment));
        for (request, outcome) in adjudicate(self.standing(None), requests) {
            if outcome.is_ok() {
                self.give(&request);
            }
            self.unsaid.insert(request.appointment, outcome);
        }
    }

    /// Writes into appointments what was decided.
    pub(crate) fn say(&mut self, now_ms: i64) {
        for (id, outcome) in std::mem::take(&mut self.unsaid) {
            let offers = self.offers(id);
            let Some(body) = self.bodies.get_mut(&id) else {
                continue;
            };
            match outcome {
                Ok(()) => {
                    body.status = AppointmentStatus::Booked;
                    (body.lost, body.offers) = (None, Vec::new());
                }
                Err(lost) => {
                    body.status = AppointmentStatus::Waitlist;
                    (body.lost, body.offers) = (Some(lost.code().to_owned()), offers);
                    *self.losses.entry(id).or_default() += 1;
                    self.tally.lost += 1;
                }
            }
            let status = body.status;
            let had = self.booked.contains_key(&id);
            let step = Step {
                status,
                t_ms: now_ms,
            };
            self.tell(id, had, &[step], now_ms, By::Hub);
        }
    }

    /// The first slot that the doctor has free.
    fn offers(&self, id: RecordId) -> Vec<Offer> {
        let doctor = self.bodies.get(&id).and_then(|body| body.practitioner);
        let Some(doctor) = doctor else {
            return Vec::new();
        };
        let free = self
            .clinics
            .days
            .iter()
            .find_map(|(_, slots)| self.free(doctor, slots).first().copied());
        let offer = free.map(|slot| Offer {
            id: "1".into(),
            practitioner: Some(doctor),
            start: Some(text(slot.start_ms)),
        });
        offer.into_iter().collect()
    }

    fn free(&self, doctor: StaffId, slots: &[Slot]) -> Vec<Slot> {
        let is_taken = |slot: &&Slot| {
            self.lent.contains_key(&(doctor, slot.start_ms))
                || self
                    .booked
                    .values()
                    .any(|row| row.doctor == doctor && row.slot == **slot)
        };
        slots
            .iter()
            .filter(|slot| !is_taken(slot))
            .copied()
            .collect()
    }

    fn tell(&mut self, id: RecordId, before: bool, steps: &[Step], t_ms: i64, by: By) {
        let changed = Changed {
            after: &self.bodies[&id],
            holds: Holds {
                before,
                now: self.booked.contains_key(&id),
            },
            steps,
            t_ms,
            is_by_hub: by == By::Hub,
            clinic: &self.clinics.clinic,
        };
        let told = self.told.entry(id).or_default();
        let last = told.iter().rev().find(|what| !what.is_contested());
        let new = news(last, &changed);
        told.extend(new.into_iter().map(|(_, what)| what));
    }

    /// Notes that a desk was heard, with nothing left unsent.
    pub(crate) fn hear(&mut self, desk: usize, now_ms: i64) {
        self.heard_ms[desk] = now_ms;
    }

    pub(crate) fn lend(&mut self, now_ms: i64) {
        for doctor in self.clinics.schedules.keys() {
            for (date, slots) in &self.clinics.days {
                let mut free = self.free(*doctor, slots);
                free.retain(|slot| slot.start_ms - now_ms > 2 * LEAD_MS);
                let (counted, lent) = self.counted(*doctor, *date);
                let day = leases::Day {
                    free: free.clone(),
                    counted,
                    lent,
                };
                let lease = leases::lend(&day, &BTreeMap::new(), lent as usize);
                for (nth, start_ms) in lease.slots.iter().enumerate() {
                    let slot = free.iter().find(|slot| slot.start_ms == *start_ms);
                    let slot = *slot.expect("what is lent was free");
                    let desk = (date.day().unsigned_abs() as usize + nth) % self.heard_ms.len();
                    self.lent.insert((*doctor, *start_ms), (desk, slot));
                }
            }
        }
    }

    fn counted(&self, doctor: StaffId, date: jiff::civil::Date) -> (u32, u32) {
        let on_day = |of: StaffId, slot: &Slot| of == doctor && slot.date == date;
        let counted = self
            .booked
            .values()
            .filter(|row| on_day(row.doctor, &row.slot));
        let lent = self
            .lent
            .iter()
            .filter(|((of, _), (_, slot))| on_day(*of, slot));
        (counted.count() as u32, lent.count() as u32)
    }

    pub(crate) fn take_back(&mut self, now_ms: i64) {
        let heard_ms = &self.heard_ms;
        self.lent.retain(|(_, start_ms), (desk, _)| {
            let is_heard = heard_ms[*desk] >= start_ms - LEAD_MS;
            !(has_ended(*start_ms, now_ms) && (is_heard || *start_ms <= now_ms))
        });
    }

    pub(crate) fn lent_to(&self, desk: usize) -> Vec<Lent> {
        let mut lent: BTreeMap<_, Lease> = BTreeMap::new();
        for ((doctor, start_ms), (of, slot)) in &self.lent {
            if *of == desk {
                let lease = lent.entry((*doctor, slot.date)).or_default();
                lease.slots.insert(*start_ms);
                lease.tokens += 1;
            }
        }
        let one = |((practitioner, day), lease)| Lent {
            practitioner,
            day,
            lease,
        };
        lent.into_iter().map(one).collect()
    }

    /// Nobody who has a slot shares it, and no day holds more than eight.
    pub(crate) fn must_be_sound(&self, about: &str) {
        let rows: Vec<&Row> = self.booked.values().collect();
        for (nth, one) in rows.iter().enumerate() {
            for other in &rows[nth + 1..] {
                let is_same = one.doctor == other.doctor || one.patient == other.patient;
                assert!(
                    !(is_same && one.slot.overlaps(&other.slot)),
                    "{about}: twice"
                );
            }
        }
        for (doctor, start_ms) in self.lent.keys() {
            let is_given = |row: &&&Row| (row.doctor, row.slot.start_ms) == (*doctor, *start_ms);
            assert_eq!(
                rows.iter().filter(is_given).count(),
                0,
                "{about}: lent and given"
            );
        }
        for doctor in self.clinics.schedules.keys() {
            for (date, _) in &self.clinics.days {
                let (counted, lent) = self.counted(*doctor, *date);
                assert!(
                    counted + lent <= DAY_CAP,
                    "{about}: {counted} and {lent} lent"
                );
            }
        }
        let moves = self.bodies.values().map(|body| body.moves.len()).max();
        assert!(moves.unwrap_or(0) <= 2, "{about}: moved {moves:?} times");
    }

    /// What appointments say is what they have, and each was told once of each slot it got or lost.
    pub(crate) fn must_be_told(&self, about: &str) {
        assert!(
            self.open.is_empty() && self.unsaid.is_empty(),
            "{about}: not decided"
        );
        for (id, body) in &self.bodies {
            let told = &self.told[id];
            let has = self.booked.get(id);
            assert_eq!(
                body.status == AppointmentStatus::Booked,
                has.is_some(),
                "{about}"
            );
            let lost = told
                .iter()
                .filter(|what| matches!(what, What::NeedsRebooking(_)));
            let losses = self.losses.get(id).copied().unwrap_or(0);
            assert_eq!(lost.count(), losses, "{about}: {told:?}");
            let last = told.last();
            let stands = |visit: &shared::events::Visit| {
                has.is_some_and(|row| {
                    (row.doctor, row.slot.start_ms)
                        == (visit.practitioner, visit.start.as_millisecond())
                })
            };
            let is_right = match (has, last) {
                (Some(_), Some(What::Scheduled(visit))) => stands(visit),
                (Some(_), Some(What::Rescheduled(moved))) => stands(&moved.visit),
                (None, Some(What::NeedsRebooking(_))) => body.status == AppointmentStatus::Waitlist,
                (None, Some(What::Cancelled(_)) | None) => {
                    body.status == AppointmentStatus::Cancelled
                }
                (_, _) => false,
            };
            assert!(is_right, "{about}: {:?} after {told:?}", body.status);
        }
    }
}

/// Who changed an appointment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Desk,
    Hub,
}
