//! The waiting list: who is offered a slot that is free. Source: RULES 3.9, APT-4 and APT-5.
//!
//! Who waits has an appointment that says so (`waitlist`), with the first day that suits as its start; whoever lost a slot to
//! somebody else waits too, and goes before who only waits.

use crate::ids::{DepartmentId, RecordId, StaffId};
use crate::scheduling::adjudicate::Priority;
use crate::scheduling::free::Free;
use crate::scheduling::rules::LEAD_MS;
use std::collections::BTreeSet;

/// So long an offer is made to one person alone.
pub const OFFER_MS: i64 = 2 * 3_600_000;

/// A slot of somebody: its doctor, and when it begins.
pub type Place = (StaffId, i64);

/// Somebody who waits, in the order in which offers are made: derived from the order of the fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiter {
    pub priority: Priority,
    /// Nobody took a slot from them: those go after who lost one.
    pub only_waits: bool,
    pub since_ms: i64,
    pub appointment: RecordId,
    /// Whom they want to see; anybody of the department if nobody is named.
    pub practitioner: Option<StaffId>,
    pub department: Option<DepartmentId>,
    pub from_ms: i64,
    pub offered: Option<Offered>,
}

/// What somebody was offered last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offered {
    pub place: Place,
    pub at_ms: i64,
    /// Somebody has it now.
    pub is_taken: bool,
}

impl Offered {
    /// Says whether nobody else is offered the same.
    pub fn is_good(&self, now_ms: i64) -> bool {
        let is_in_reach = self.place.1 - now_ms >= LEAD_MS;
        !self.is_taken && is_in_reach && now_ms - self.at_ms < OFFER_MS
    }
}

/// Makes offers to those who have none: each free slot to one of them, never again the one they let pass. `find` looks for what
/// somebody could have, soonest first.
pub fn offers<E>(
    mut waiters: Vec<Waiter>,
    now_ms: i64,
    mut find: impl FnMut(&Waiter) -> Result<Vec<Free>, E>,
) -> Result<Vec<(RecordId, Place)>, E> {
    waiters.sort();
    let good = |waiter: &Waiter| waiter.offered.filter(|offered| offered.is_good(now_ms));
    let mut offered: BTreeSet<Place> = waiters
        .iter()
        .filter_map(|waiter| Some(good(waiter)?.place))
        .collect();
    let mut made = Vec::new();
    for waiter in waiters.iter().filter(|waiter| good(waiter).is_none()) {
        let passed = waiter.offered.map(|offered| offered.place);
        let found = find(waiter)?;
        let places = found
            .iter()
            .map(|free| (free.practitioner, free.slot.start_ms));
        let new = places
            .filter(|place| place.1 >= waiter.from_ms && Some(*place) != passed)
            .find(|place| !offered.contains(place));
        if let Some(place) = new {
            offered.insert(place);
            made.push((waiter.appointment, place));
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::clinic::Clinic;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use std::convert::Infallible;
    use uuid::Uuid;

    const MUSA: StaffId = StaffId(Uuid::from_u128(3));
    const HOUR_MS: i64 = 3_600_000;

    fn free(count: usize) -> Vec<Free> {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let slots = clinic.day(date(2027, 3, 1)).into_iter().take(count);
        slots
            .map(|slot| Free {
                slot,
                practitioner: MUSA,
            })
            .collect()
    }

    fn waiter(number: u128, since_ms: i64) -> Waiter {
        Waiter {
            priority: Priority::Routine,
            only_waits: true,
            since_ms,
            appointment: RecordId(Uuid::from_u128(number)),
            practitioner: None,
            department: None,
            from_ms: 0,
            offered: None,
        }
    }

    /// Which slot each of them is offered, the first of the day being 0.
    fn made(waiters: Vec<Waiter>, count: usize, now_ms: i64) -> Vec<(u128, usize)> {
        let all = free(18);
        let find = |_: &Waiter| Ok::<_, Infallible>(free(count));
        let Ok(made) = offers(waiters, now_ms, find);
        let nth = |start_ms| all.iter().position(|free| free.slot.start_ms == start_ms);
        made.into_iter()
            .map(|(id, place)| (id.0.as_u128(), nth(place.1).expect("a slot")))
            .collect()
    }

    #[test]
    fn what_presses_goes_first_then_who_lost_one_then_who_waits_longest() {
        let pressing = Waiter {
            priority: Priority::Urgent,
            ..waiter(4, 99)
        };
        let lost = Waiter {
            only_waits: false,
            ..waiter(3, 50)
        };
        let mut waiters = vec![waiter(1, 20), waiter(2, 10), lost, pressing];
        let expect = [(4, 0), (3, 1), (2, 2), (1, 3)];
        assert_eq!(made(waiters.clone(), 18, 0), expect);
        waiters.reverse();
        assert_eq!(made(waiters.clone(), 18, 0), expect);
        assert_eq!(made(waiters, 2, 0), expect[..2]);
    }

    #[test]
    fn a_slot_is_offered_to_one_at_a_time_and_to_the_next_when_they_let_it_pass() {
        let start_ms = free(1)[0].slot.start_ms;
        let now_ms = start_ms - 48 * HOUR_MS;
        let has = |number, at_ms, is_taken| Waiter {
            offered: Some(Offered {
                place: (MUSA, start_ms),
                at_ms,
                is_taken,
            }),
            ..waiter(number, 0)
        };
        let next = waiter(2, 1);
        let say = |first: Waiter, count| made(vec![first, next.clone()], count, now_ms);
        assert_eq!(say(has(1, now_ms, false), 1), []);
        assert_eq!(say(has(1, now_ms - OFFER_MS + 1, false), 1), []);
        assert_eq!(say(has(1, now_ms - OFFER_MS, false), 1), [(2, 0)]);
        assert_eq!(say(has(1, now_ms - OFFER_MS, false), 2), [(1, 1), (2, 0)]);
        // somebody took it before them: something else is looked for at once
        assert_eq!(say(has(1, now_ms, true), 2), [(1, 1), (2, 0)]);
        // nobody can have it any more
        let late = Offered {
            place: (MUSA, start_ms),
            at_ms: start_ms - LEAD_MS,
            is_taken: false,
        };
        assert!(late.is_good(start_ms - LEAD_MS));
        assert!(!late.is_good(start_ms - LEAD_MS + 1));
    }

    #[test]
    fn nothing_is_offered_before_the_day_that_suits() {
        let mut later = waiter(1, 0);
        later.from_ms = free(4)[3].slot.start_ms;
        assert_eq!(made(vec![later.clone()], 18, 0), [(1, 3)]);
        assert_eq!(made(vec![later], 3, 0), []);
    }
}
