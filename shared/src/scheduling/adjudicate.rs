//! Who gets what several asked for while apart: one answer, in whatever order the requests arrive. Source: RULES 3.9, APT-4.

use crate::ids::{DeviceId, RecordId, StaffId};
use crate::planted::{self, Fault};
use crate::scheduling::clinic::{DAY_CAP, Slot};
use crate::sync::wire::Hash;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// From the first request for a slot until it is decided, unless all who could ask have been heard before.
pub const WINDOW_MS: i64 = 10 * 60_000;

/// How pressing a visit is. FHIR `Appointment.priority`; the first of them goes first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "kebab-case")]
#[ts(export_to = "types.gen.ts")]
pub enum Priority {
    Emergency,
    Urgent,
    #[default]
    Routine,
}

impl Priority {
    /// Every priority, the most pressing first: its place is its number in the database.
    pub const ALL: [Priority; 3] = [Priority::Emergency, Priority::Urgent, Priority::Routine];
}

/// A wish for a slot, in the order in which wishes are met: derived from the order of its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    pub priority: Priority,
    /// Whether the desk had no lease on the slot: those that had one go first.
    pub is_unleased: bool,
    /// When it was made, as the hub reckons it: milliseconds since 1970.
    pub t_ms: i64,
    pub device: DeviceId,
    /// The change that made it.
    pub command: Hash,
    pub appointment: RecordId,
    pub patient: RecordId,
    pub practitioner: StaffId,
    pub slot: Slot,
}

/// What is decided already, and is never taken back.
#[derive(Clone, Debug, Default)]
pub struct Booked {
    /// Slots of each doctor and of each patient.
    doctors: BTreeMap<StaffId, Vec<Slot>>,
    patients: BTreeMap<RecordId, Vec<Slot>>,
    days: BTreeMap<(StaffId, Date), u32>,
}

impl Booked {
    /// Notes an appointment that stands.
    pub fn add(&mut self, practitioner: StaffId, patient: RecordId, slot: Slot) {
        self.doctors.entry(practitioner).or_default().push(slot);
        self.patients.entry(patient).or_default().push(slot);
        *self.days.entry((practitioner, slot.date)).or_default() += 1;
    }

    /// Notes a slot that is lent: nobody else can have it, and it takes a place of the day.
    pub fn lend(&mut self, practitioner: StaffId, slot: Slot) {
        if planted::is_on(Fault::AnyLease) {
            return;
        }
        self.doctors.entry(practitioner).or_default().push(slot);
        *self.days.entry((practitioner, slot.date)).or_default() += 1;
    }

    fn left(&self, practitioner: StaffId, date: Date) -> u32 {
        let counted = self.days.get(&(practitioner, date)).copied();
        DAY_CAP.saturating_sub(counted.unwrap_or(0))
    }

    /// Returns what stands in the way of a request.
    pub fn against(&self, request: &Request) -> Option<Lost> {
        let meets = |slots: Option<&Vec<Slot>>| {
            slots.is_some_and(|slots| slots.iter().any(|slot| slot.overlaps(&request.slot)))
        };
        let is_any = planted::is_on(Fault::AnySlot);
        if !is_any && meets(self.doctors.get(&request.practitioner)) {
            return Some(Lost::Slot);
        }
        if meets(self.patients.get(&request.patient)) {
            return Some(Lost::Patient);
        }
        let day = (request.practitioner, request.slot.date);
        let counted = self.days.get(&day).copied().unwrap_or(0);
        (counted >= DAY_CAP && !planted::is_on(Fault::AnyDay)).then_some(Lost::Day)
    }
}

/// Why a request was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lost {
    /// Another patient has the doctor then.
    Slot,
    /// The patient is somewhere else then.
    Patient,
    /// The doctor's day is full.
    Day,
}

impl Lost {
    /// Returns the code a person's sentence is looked up by.
    pub fn code(self) -> &'static str {
        match self {
            Lost::Slot => "slot.taken",
            Lost::Patient => "patient.taken",
            Lost::Day => "practitioner.day_full",
        }
    }
}

/// Decides about requests, given what stands. The answers are in the order in which the requests were met, whatever order they
/// were given in.
pub fn adjudicate(
    mut booked: Booked,
    mut requests: Vec<Request>,
) -> Vec<(Request, Result<(), Lost>)> {
    if !planted::is_on(Fault::FirstCome) {
        requests.sort();
    }
    requests.dedup();
    let decide = |request: Request| {
        let outcome = match booked.against(&request) {
            Some(lost) => Err(lost),
            None => {
                booked.add(request.practitioner, request.patient, request.slot);
                Ok(())
            }
        };
        (request, outcome)
    };
    requests.into_iter().map(decide).collect()
}

/// A change that came this soon after it was made was made at a desk that could ask.
pub const ONLINE_MS: i64 = 10_000;

/// What is said at once of a request that has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Stands,
    Lost(Lost),
    /// Others may have asked before, and are to be heard.
    Waits,
}

/// Decides about a request where it comes, given what stands (without what the desk itself was lent) and who waits.
pub fn at_once(booked: &Booked, open: &[Request], request: &Request, came_ms: i64) -> Answer {
    if let Some(lost) = booked.against(request) {
        return Answer::Lost(lost);
    }
    if !request.is_unleased {
        return Answer::Stands;
    }
    let is_same_day = |other: &&Request| {
        (other.practitioner, other.slot.date) == (request.practitioner, request.slot.date)
    };
    let on_day = open.iter().filter(is_same_day).count();
    let left = booked.left(request.practitioner, request.slot.date) as usize;
    let meets = open.iter().any(|other| may_clash(other, request));
    if came_ms - request.t_ms > ONLINE_MS || meets || on_day >= left {
        return Answer::Waits;
    }
    Answer::Stands
}

/// Says whether two requests want the same doctor, or the same patient, at one time.
fn may_clash(one: &Request, other: &Request) -> bool {
    one.slot.overlaps(&other.slot)
        && (one.practitioner == other.practitioner || one.patient == other.patient)
}

/// A request that waits, and when it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub request: Request,
    pub came_ms: i64,
}

/// Returns the requests that are to be decided now: those that hang together are decided together, once the window of the
/// first of them has closed.
pub fn due(waiting: &[Waiting], heard_ms: Option<i64>, now_ms: i64) -> Vec<Request> {
    let mut due = Vec::new();
    for together in groups(waiting) {
        let first = together.iter().map(|one| one.came_ms).min();
        let newest = together.iter().map(|one| one.request.t_ms).max();
        if let (Some(first), Some(newest)) = (first, newest)
            && is_due(first, newest, heard_ms, now_ms)
        {
            due.extend(together.iter().map(|one| one.request.clone()));
        }
    }
    due
}

/// Parts requests into those that hang together: by a doctor's day, or by a patient who is wanted twice at one time.
fn groups(waiting: &[Waiting]) -> Vec<Vec<&Waiting>> {
    let mut groups: Vec<Vec<&Waiting>> = Vec::new();
    for one in waiting {
        let hangs = |other: &&Waiting| {
            let (a, b) = (&one.request, &other.request);
            (a.practitioner, a.slot.date) == (b.practitioner, b.slot.date) || may_clash(a, b)
        };
        let (with, mut apart): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|group| group.iter().any(&hangs));
        let mut joined: Vec<&Waiting> = with.into_iter().flatten().collect();
        joined.push(one);
        apart.push(joined);
        groups = apart;
    }
    groups
}

/// Says whether requests for a slot may be decided now: `first_ms` is when the first of them came, `heard_ms` when each desk
/// that could still bring one was heard last, the least of them.
pub fn is_due(first_ms: i64, newest_ms: i64, heard_ms: Option<i64>, now_ms: i64) -> bool {
    now_ms - first_ms >= WINDOW_MS || heard_ms.is_none_or(|heard| heard >= newest_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::clinic::Clinic;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    fn slot(number: i8) -> Slot {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let at = time(9 + number / 2, number % 2 * 30, 0, 0);
        clinic.slot_on(date(2027, 3, 1), at).expect("a slot")
    }

    fn request(number: u8, patient: u128, doctor: u128, at: i8, t_ms: i64) -> Request {
        Request {
            priority: Priority::Routine,
            is_unleased: true,
            t_ms,
            device: DeviceId(Uuid::from_u128(u128::from(number % 3))),
            command: [number; 32],
            appointment: RecordId(Uuid::from_u128(u128::from(number))),
            patient: RecordId(Uuid::from_u128(patient)),
            practitioner: StaffId(Uuid::from_u128(doctor)),
            slot: slot(at),
        }
    }

    /// Calls with every order of a list.
    fn each_order<T: Clone>(list: &mut Vec<T>, from: usize, call: &mut impl FnMut(&[T])) {
        if from == list.len() {
            call(list);
            return;
        }
        for other in from..list.len() {
            list.swap(from, other);
            each_order(list, from + 1, call);
            list.swap(from, other);
        }
    }

    fn winners(decided: &[(Request, Result<(), Lost>)]) -> Vec<u8> {
        decided
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(request, _)| request.command[0])
            .collect()
    }

    #[test]
    fn of_up_to_six_for_one_slot_the_same_one_wins_in_every_order() {
        for count in 1..=6_u8 {
            let mut requests: Vec<Request> = (1..=count)
                .map(|number| {
                    request(
                        number,
                        u128::from(number),
                        1,
                        0,
                        100 - i64::from(number % 4),
                    )
                })
                .collect();
            let expect = adjudicate(Booked::default(), requests.clone());
            assert_eq!(winners(&expect).len(), 1);
            let mut orders = 0;
            each_order(&mut requests, 0, &mut |order| {
                assert_eq!(adjudicate(Booked::default(), order.to_vec()), expect);
                orders += 1;
            });
            assert_eq!(orders, (1..=u32::from(count)).product::<u32>());
        }
    }

    #[test]
    fn clashes_that_hang_together_come_out_the_same_in_every_order() {
        // two doctors, one patient twice at one time, one slot three times
        let mut requests = vec![
            request(1, 1, 1, 0, 50),
            request(2, 2, 1, 0, 40),
            request(3, 2, 2, 0, 30),
            request(4, 3, 2, 0, 20),
            request(5, 4, 1, 1, 60),
            request(6, 1, 2, 1, 10),
        ];
        let expect = adjudicate(Booked::default(), requests.clone());
        assert_eq!(winners(&expect), [6, 4, 2, 5]);
        each_order(&mut requests, 0, &mut |order| {
            assert_eq!(adjudicate(Booked::default(), order.to_vec()), expect);
        });
    }

    #[test]
    fn what_presses_goes_first_then_who_had_a_lease_then_who_was_first() {
        let first = |change: &dyn Fn(&mut Request)| {
            let mut late = request(2, 2, 1, 0, 99);
            change(&mut late);
            winners(&adjudicate(
                Booked::default(),
                vec![request(1, 1, 1, 0, 1), late],
            ))
        };
        assert_eq!(first(&|_| {}), [1]);
        assert_eq!(first(&|late| late.is_unleased = false), [2]);
        assert_eq!(first(&|late| late.priority = Priority::Urgent), [2]);
        assert_eq!(first(&|late| late.t_ms = 0), [2]);
        // a tie is broken by device, then by command
        assert_eq!(
            first(&|late| (late.t_ms, late.device) = (1, DeviceId(Uuid::nil()))),
            [2]
        );
    }

    #[test]
    fn what_stands_is_never_taken_back() {
        let mut booked = Booked::default();
        booked.add(
            StaffId(Uuid::from_u128(1)),
            RecordId(Uuid::from_u128(9)),
            slot(0),
        );
        let mut pressing = request(1, 1, 1, 0, 0);
        pressing.priority = Priority::Emergency;
        let decided = adjudicate(booked, vec![pressing]);
        assert_eq!(decided[0].1, Err(Lost::Slot));
    }

    #[test]
    fn the_ninth_of_a_day_loses_whoever_it_is() {
        let requests = (0..12).map(|number| {
            request(
                number,
                u128::from(number),
                1,
                number as i8,
                i64::from(number),
            )
        });
        let decided = adjudicate(Booked::default(), requests.collect());
        assert_eq!(winners(&decided), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(
            decided[8..]
                .iter()
                .all(|(_, outcome)| *outcome == Err(Lost::Day))
        );
    }

    #[test]
    fn a_request_said_twice_is_one() {
        let one = request(1, 1, 1, 0, 0);
        assert_eq!(
            adjudicate(Booked::default(), vec![one.clone(), one]).len(),
            1
        );
    }

    #[test]
    fn a_desk_that_can_ask_is_answered_at_once_unless_others_ask_for_the_same() {
        let came_ms = 20_000;
        let online = request(1, 1, 1, 0, came_ms - ONLINE_MS);
        let offline = request(1, 1, 1, 0, came_ms - ONLINE_MS - 1);
        let say = |booked: &Booked, open: &[Request], request: &Request| {
            at_once(booked, open, request, came_ms)
        };
        let none = Booked::default();
        assert_eq!(say(&none, &[], &online), Answer::Stands);
        assert_eq!(say(&none, &[], &offline), Answer::Waits);
        let leased = Request {
            is_unleased: false,
            ..offline.clone()
        };
        assert_eq!(
            say(&none, &[request(2, 2, 1, 0, 0)], &leased),
            Answer::Stands
        );
        // somebody waits for the slot, or the patient for another doctor; another slot of a day with room is no matter
        assert_eq!(
            say(&none, &[request(2, 2, 1, 0, 0)], &online),
            Answer::Waits
        );
        assert_eq!(
            say(&none, &[request(2, 1, 2, 0, 0)], &online),
            Answer::Waits
        );
        assert_eq!(
            say(&none, &[request(2, 2, 1, 1, 0)], &online),
            Answer::Stands
        );
        // what stands is not asked again
        let mut booked = Booked::default();
        booked.lend(online.practitioner, slot(0));
        assert_eq!(say(&booked, &[], &offline), Answer::Lost(Lost::Slot));
        // the last place of a day is wanted by two
        let mut full = Booked::default();
        for place in 5..12 {
            full.lend(online.practitioner, slot(place));
        }
        assert_eq!(say(&full, &[], &online), Answer::Stands);
        assert_eq!(
            say(&full, &[request(2, 2, 1, 1, 0)], &online),
            Answer::Waits
        );
        full.lend(online.practitioner, slot(12));
        assert_eq!(say(&full, &[], &online), Answer::Lost(Lost::Day));
    }

    #[test]
    fn requests_that_hang_together_are_decided_together() {
        let waits = |number, patient, doctor, at, came_ms| Waiting {
            request: request(number, patient, doctor, at, 0),
            came_ms,
        };
        // 1 and 2 share a day, 2 and 3 a patient; 4 stands alone
        let mut waiting = vec![
            waits(1, 1, 1, 0, 0),
            waits(3, 2, 2, 1, 500),
            waits(2, 2, 1, 1, 400),
            waits(4, 4, 4, 0, 300),
        ];
        let numbers = |waiting: &[Waiting], now_ms| {
            let due = due(waiting, Some(-1), now_ms);
            let mut numbers: Vec<u8> = due.iter().map(|one| one.command[0]).collect();
            numbers.sort_unstable();
            numbers
        };
        each_order(&mut waiting, 0, &mut |order| {
            assert!(numbers(order, WINDOW_MS - 1).is_empty());
            assert_eq!(numbers(order, WINDOW_MS), [1, 2, 3]);
            assert_eq!(numbers(order, WINDOW_MS + 300), [1, 2, 3, 4]);
        });
    }

    #[test]
    fn requests_are_decided_when_all_were_heard_or_ten_minutes_went_by() {
        assert!(!is_due(0, 50, Some(49), WINDOW_MS - 1));
        assert!(is_due(0, 50, Some(50), 51));
        assert!(is_due(0, 50, Some(49), WINDOW_MS));
        assert!(is_due(0, 50, None, 51));
    }
}
