//! A desk: what it knows, what it promises, and what it has not sent yet.

use super::{Clinics, HEART, HOUR_MS, MINUTE_MS};
use crate::hub::Hub;
use shared::ids::{RecordId, StaffId};
use shared::sample::Dice;
use shared::scheduling::clinic::Slot;
use shared::scheduling::leases::{Allotment, Confidence, Lent, Promise};
use shared::scheduling::visit::{Change, around, asks_anew, problems, slot_of};
use shared::scheduling::{Appointment, AppointmentStatus, Move};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A change of an appointment as a desk sends it.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) number: u64,
    pub(crate) appointment: RecordId,
    /// As the desk saw it.
    pub(crate) before: Option<Appointment>,
    pub(crate) after: Appointment,
    /// By the desk's clock.
    pub(crate) at_ms: i64,
    /// It was said to the patient that this holds.
    pub(crate) promise: Promise,
    /// The desk's clock was not set since it heard the hub, nor before this is sent.
    pub(crate) is_sure: bool,
}

pub(crate) struct Desk {
    place: usize,
    sent: u64,
    /// By how much its clock is ahead, and was when it heard the hub.
    ahead_ms: i64,
    ahead_heard_ms: i64,
    lent: Vec<Lent>,
    given: BTreeSet<(StaffId, i64)>,
    pub(crate) outbox: VecDeque<Command>,
    known: BTreeMap<RecordId, Appointment>,
}

impl Desk {
    pub(crate) fn new(place: usize) -> Self {
        Self {
            place,
            sent: 0,
            ahead_ms: 0,
            ahead_heard_ms: 0,
            lent: Vec::new(),
            given: BTreeSet::new(),
            outbox: VecDeque::new(),
            known: BTreeMap::new(),
        }
    }

    pub(crate) fn ahead_ms(&self) -> i64 {
        self.ahead_ms
    }

    fn is_sure(&self) -> bool {
        self.ahead_ms == self.ahead_heard_ms
    }

    /// The hub's time, as this desk reckons it.
    fn hub_ms(&self, now_ms: i64) -> i64 {
        now_ms + self.ahead_ms - self.ahead_heard_ms
    }

    /// Somebody sets its clock, by days at most.
    pub(crate) fn set_clock(&mut self, dice: &mut Dice) {
        let by = dice.below(4 * 24 * 60) as i64 - 2 * 24 * 60;
        self.ahead_ms = [by * MINUTE_MS, by * 10, HOUR_MS, 0][dice.below(4)];
        for command in &mut self.outbox {
            command.is_sure = false;
        }
    }

    pub(crate) fn book(
        &mut self,
        dice: &mut Dice,
        clinics: &Clinics,
        now_ms: i64,
        (id, patient, doctor, slot): (RecordId, RecordId, StaffId, Slot),
    ) {
        // half of the time in what it was lent
        let own: Vec<(StaffId, i64)> = self
            .lent
            .iter()
            .flat_map(|lent| {
                lent.lease
                    .slots
                    .iter()
                    .map(|start| (lent.practitioner, *start))
            })
            .collect();
        let (doctor, start_ms) = if own.is_empty() || dice.below(2) == 0 {
            (doctor, slot.start_ms)
        } else {
            own[dice.below(own.len())]
        };
        let after = Appointment {
            patient: Some(patient),
            practitioner: Some(doctor),
            department: Some(HEART),
            start: Some(text(start_ms)),
            minutes: Some(30),
            status: AppointmentStatus::Pending,
            ..Appointment::default()
        };
        self.save(clinics, id, after, now_ms);
    }

    pub(crate) fn cancel(&mut self, dice: &mut Dice, now_ms: i64) {
        let Some((id, mut after)) = self.one(dice) else {
            return;
        };
        if !matches!(
            after.status,
            AppointmentStatus::Booked | AppointmentStatus::Pending | AppointmentStatus::Waitlist
        ) {
            return;
        }
        after.status = AppointmentStatus::Cancelled;
        self.send(id, after, now_ms, Promise::ToBeConfirmed);
    }

    /// Who lost a slot takes what they were offered, or something is noted about them; who has one is moved.
    pub(crate) fn rebook(&mut self, dice: &mut Dice, clinics: &Clinics, now_ms: i64) {
        let Some((id, mut after)) = self.one(dice) else {
            return;
        };
        let to = clinics.slot(dice);
        match after.status {
            AppointmentStatus::Waitlist if dice.below(3) == 0 => {
                after.notes.push_str("Called. ");
                return self.send(id, after, now_ms, Promise::ToBeConfirmed);
            }
            AppointmentStatus::Waitlist => {
                let Some(offer) = after.offers.first().cloned() else {
                    return;
                };
                (after.practitioner, after.start) = (offer.practitioner, offer.start);
            }
            AppointmentStatus::Booked => {
                let made = Move {
                    id: self.sent.to_string(),
                    from: after.start.clone(),
                    to: Some(text(to.start_ms)),
                    reason: None,
                };
                after.moves.push(made);
                after.start = Some(text(to.start_ms));
            }
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Cancelled
            | AppointmentStatus::NoShow
            | AppointmentStatus::Arrived
            | AppointmentStatus::CheckedIn
            | AppointmentStatus::Fulfilled
            | AppointmentStatus::EnteredInError => return,
        }
        after.status = AppointmentStatus::Pending;
        self.save(clinics, id, after, now_ms);
    }

    fn one(&self, dice: &mut Dice) -> Option<(RecordId, Appointment)> {
        let nth = dice.below(self.known.len());
        let (id, known) = self.known.iter().nth(nth)?;
        Some((*id, known.clone()))
    }

    /// Saves what the rules allow by what this desk knows, with what it may promise.
    fn save(&mut self, clinics: &Clinics, id: RecordId, mut after: Appointment, now_ms: i64) {
        let (before, t_ms) = (self.known.get(&id), self.hub_ms(now_ms));
        let (Some(doctor), Some(slot)) = (after.practitioner, slot_of(&after, &clinics.clinic))
        else {
            return;
        };
        let confidence = if self.is_sure() {
            Confidence::Sure
        } else {
            Confidence::Low
        };
        let allotment = Allotment::new(self.lent.clone(), self.given.clone());
        let promise = allotment.promise(doctor, &slot, t_ms, confidence);
        let kept = match promise {
            Promise::Confirmed => 0,
            Promise::ToBeConfirmed => allotment.kept(doctor, slot.date, t_ms),
        };
        let others = self.known.iter().filter(|(other, _)| **other != id);
        let change = Change {
            before,
            after: &after,
            clinic: &clinics.clinic,
            schedule: clinics.schedules.get(&doctor),
            around: around(
                &after,
                &clinics.clinic,
                others.map(|(_, known)| known),
                kept,
            ),
            t_ms,
        };
        if !problems(&change).is_empty() || !asks_anew(before, &after) {
            return;
        }
        if promise == Promise::Confirmed {
            after.status = AppointmentStatus::Booked;
            self.given.insert((doctor, slot.start_ms));
        }
        self.send(id, after, now_ms, promise);
    }

    fn send(&mut self, id: RecordId, after: Appointment, now_ms: i64, promise: Promise) {
        self.sent += 1;
        let before = self.known.insert(id, after.clone());
        self.outbox.push_back(Command {
            number: self.sent * 100 + self.place as u64,
            appointment: id,
            before,
            after,
            // changes say whole seconds
            at_ms: (now_ms + self.ahead_ms) / 1_000 * 1_000,
            promise,
            is_sure: self.is_sure(),
        });
    }

    /// Hears that the first of what it sent has come, what it is lent, and what became of its appointments.
    pub(crate) fn hear(&mut self, hub: &Hub<'_>, answered: usize) {
        self.outbox.drain(..answered);
        self.ahead_heard_ms = self.ahead_ms;
        self.lent = hub.lent_to(self.place);
        let unsent = self.outbox.iter().filter_map(|command| {
            let start = command
                .after
                .start
                .as_deref()?
                .parse::<jiff::Timestamp>()
                .ok()?;
            Some((command.after.practitioner?, start.as_millisecond()))
        });
        self.given = unsent.collect();
        let waits: BTreeSet<RecordId> = self
            .outbox
            .iter()
            .map(|command| command.appointment)
            .collect();
        for (id, known) in &mut self.known {
            if let Some(body) = hub.bodies.get(id).filter(|_| !waits.contains(id)) {
                *known = body.clone();
            }
        }
    }
}

/// A moment as records have it.
pub(crate) fn text(at_ms: i64) -> String {
    shared::clock::Now(at_ms).rfc3339()
}
