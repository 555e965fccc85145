//! Promises a desk may make by itself: the hub lends it some slots of a doctor's day, and as many of the day's places.
//! Source: RULES 3.9, APT-1…3.
//!
//! A slot that is lent can be given by nobody else, and what is lent and booked never exceeds the day's places; so a booking
//! in a slot of one's own is certain without asking. A lease ends two hours before its slot: after that nobody may book it,
//! so the hub can take it back with no risk.

use crate::ids::StaffId;
use crate::scheduling::clinic::{DAY_CAP, Slot};
use crate::scheduling::rules::LEAD_MS;
use crate::sync::clocks::CLOCK_SET_MS;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// Of the places of a doctor's day, how much is lent to all desks together, in per cent. Places are what is scarce: a day has
/// more slots than places, and lending a third of the slots would leave next to none for who asks the hub.
pub const SHARE_PERCENT: usize = 30;
/// A desk that is not sure of the time stops this much earlier.
pub const UNSURE_MS: i64 = 10 * 60_000;

/// What a ward is lent of one doctor's day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Starts of the slots, milliseconds since 1970.
    pub slots: BTreeSet<i64>,
    /// Places of the day that go with them.
    pub tokens: u32,
}

/// How sure a desk is of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    Sure,
    /// It was restarted since it heard the hub, or its clock was set.
    Low,
}

impl Confidence {
    /// Says how sure a desk is that heard the hub so many milliseconds ago by its clock, and so many by what it counted
    /// since; nothing when it has not heard it since it was started. Source: RULES 3.5, TIM-2.
    pub fn since(heard: Option<(i64, i64)>) -> Self {
        match heard {
            Some((by_clock, counted)) if (by_clock - counted).abs() <= CLOCK_SET_MS => Self::Sure,
            Some(_) | None => Self::Low,
        }
    }
}

/// What a desk may say to a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub enum Promise {
    /// It holds, whatever others do.
    Confirmed,
    /// The hub decides: the slip says so.
    ToBeConfirmed,
}

/// Returns what a desk may say of a slot. `used` are the slots of the lease that it has given already.
pub fn promise(
    lease: Option<&Lease>,
    used: &BTreeSet<i64>,
    start_ms: i64,
    t_ms: i64,
    confidence: Confidence,
) -> Promise {
    let Some(lease) = lease else {
        return Promise::ToBeConfirmed;
    };
    let margin = match confidence {
        Confidence::Sure => 0,
        Confidence::Low => UNSURE_MS,
    };
    let is_own = lease.slots.contains(&start_ms) && !used.contains(&start_ms);
    let has_token = used.len() < lease.tokens as usize;
    if is_own && has_token && t_ms + margin <= start_ms - LEAD_MS {
        Promise::Confirmed
    } else {
        Promise::ToBeConfirmed
    }
}

/// Says whether a slot that was lent and not given can be taken back: nobody can make a valid booking of it any more.
pub fn has_ended(start_ms: i64, now_ms: i64) -> bool {
    now_ms > start_ms - LEAD_MS
}

/// A doctor's day as the hub has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Slots that are neither booked nor lent, in order.
    pub free: Vec<Slot>,
    /// Appointments that count.
    pub counted: u32,
    /// Places lent to all wards together and not used yet.
    pub lent: u32,
}

/// Chooses what more is lent of a day of which `has` places are lent already: the slots that were given away most often before, later ones first where there is no habit
/// yet, since early ones go at the counter. Never more places than the day has left.
pub fn lend(day: &Day, habits: &BTreeMap<Time, u32>, has: usize) -> Lease {
    let whole = (day.free.len() + has).min(DAY_CAP as usize);
    let share = (whole * SHARE_PERCENT / 100).saturating_sub(has);
    let left = DAY_CAP.saturating_sub(day.counted + day.lent) as usize;
    let mut free = day.free.clone();
    free.sort_by_key(|slot| {
        (
            Reverse(habits.get(&slot.time).copied().unwrap_or(0)),
            Reverse(slot.start_ms),
        )
    });
    let slots: BTreeSet<i64> = free
        .iter()
        .take(share.min(left))
        .map(|slot| slot.start_ms)
        .collect();
    Lease {
        tokens: u32::try_from(slots.len()).unwrap_or(DAY_CAP),
        slots,
    }
}

/// What a desk was lent of one doctor's day, as the hub tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    pub practitioner: StaffId,
    pub day: Date,
    pub lease: Lease,
}

/// What a desk was lent, and what of it it has given away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allotment {
    lent: BTreeMap<(StaffId, Date), Lease>,
    given: BTreeSet<(StaffId, i64)>,
}

impl Allotment {
    /// Makes it of what the hub said last and of what was given away since: `given` names doctors and starts.
    pub fn new(
        lent: impl IntoIterator<Item = Lent>,
        given: impl IntoIterator<Item = (StaffId, i64)>,
    ) -> Self {
        let lent = lent
            .into_iter()
            .map(|one| ((one.practitioner, one.day), one.lease));
        Self {
            lent: lent.collect(),
            given: given.into_iter().collect(),
        }
    }

    /// Returns what the desk may say of a slot.
    pub fn promise(
        &self,
        practitioner: StaffId,
        slot: &Slot,
        t_ms: i64,
        confidence: Confidence,
    ) -> Promise {
        let lease = self.lent.get(&(practitioner, slot.date));
        let used = self.used(practitioner, lease);
        promise(lease, &used, slot.start_ms, t_ms, confidence)
    }

    /// Returns how many places of a doctor's day are lent and not given away: nobody gets them for another slot.
    pub fn kept(&self, practitioner: StaffId, day: Date, t_ms: i64) -> u32 {
        let Some(lease) = self.lent.get(&(practitioner, day)) else {
            return 0;
        };
        let used = self.used(practitioner, Some(lease));
        let is_kept = |start: &&i64| !used.contains(*start) && !has_ended(**start, t_ms);
        let kept = lease.slots.iter().filter(is_kept).count();
        let tokens = (lease.tokens as usize).saturating_sub(used.len());
        u32::try_from(kept.min(tokens)).unwrap_or(DAY_CAP)
    }

    /// Returns the starts of what was lent, with their doctors and days, in order of the days.
    pub fn starts(&self) -> Vec<(Date, i64, StaffId)> {
        let of_day = |((practitioner, day), lease): (&(StaffId, Date), &Lease)| {
            let (practitioner, day) = (*practitioner, *day);
            let start = move |start: i64| (day, start, practitioner);
            lease.slots.clone().into_iter().map(start)
        };
        let mut starts: Vec<_> = self.lent.iter().flat_map(of_day).collect();
        starts.sort_unstable();
        starts
    }

    fn used(&self, practitioner: StaffId, lease: Option<&Lease>) -> BTreeSet<i64> {
        let slots = lease.into_iter().flat_map(|lease| &lease.slots);
        slots
            .copied()
            .filter(|start| self.given.contains(&(practitioner, *start)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::clinic::Clinic;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;

    fn day(counted: u32, lent: u32) -> Day {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        Day {
            free: clinic.day(date(2027, 3, 1)),
            counted,
            lent,
        }
    }

    #[test]
    fn a_desk_promises_a_slot_of_its_own_once_and_in_time() {
        let lease = Lease {
            slots: [10 * LEAD_MS, 11 * LEAD_MS].into(),
            tokens: 1,
        };
        let say = |start_ms, used: &[i64], t_ms, confidence| {
            let used = used.iter().copied().collect();
            promise(Some(&lease), &used, start_ms, t_ms, confidence) == Promise::Confirmed
        };
        let (start, sure, low) = (10 * LEAD_MS, Confidence::Sure, Confidence::Low);
        assert!(say(start, &[], 0, sure));
        // not one that is not lent, not twice, not without a place of the day
        assert!(!say(start + 1, &[], 0, sure));
        assert!(!say(start, &[start], 0, sure));
        assert!(!say(start, &[11 * LEAD_MS], 0, sure));
        // to the millisecond, and ten minutes earlier by a clock that is not certain
        assert!(say(start, &[], start - LEAD_MS, sure));
        assert!(!say(start, &[], start - LEAD_MS + 1, sure));
        assert!(say(start, &[], start - LEAD_MS - UNSURE_MS, low));
        assert!(!say(start, &[], start - LEAD_MS - UNSURE_MS + 1, low));
        assert_eq!(
            promise(None, &BTreeSet::new(), start, 0, sure),
            Promise::ToBeConfirmed
        );
    }

    #[test]
    fn a_lease_is_taken_back_only_when_nobody_can_use_it() {
        let start = 10 * LEAD_MS;
        let lease = Lease {
            slots: [start].into(),
            tokens: 1,
        };
        for t in [start - LEAD_MS - 1, start - LEAD_MS, start - LEAD_MS + 1] {
            let can_use = promise(Some(&lease), &BTreeSet::new(), start, t, Confidence::Sure)
                == Promise::Confirmed;
            assert_eq!(has_ended(start, t), !can_use);
        }
    }

    #[test]
    fn a_third_of_the_places_is_lent_by_habit_and_never_more_than_the_day_holds() {
        let habits = [(time(10, 0, 0, 0), 5), (time(11, 30, 0, 0), 9)].into();
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let times = |habits: &BTreeMap<Time, u32>| {
            let lease = lend(&day(0, 0), habits, 0);
            assert_eq!((lease.slots.len(), lease.tokens), (2, 2));
            let time = |start: &i64| clinic.slot_at(*start).expect("a slot").time;
            lease.slots.iter().map(time).collect::<Vec<_>>()
        };
        assert_eq!(times(&habits), [time(10, 0, 0, 0), time(11, 30, 0, 0)]);
        assert_eq!(
            times(&BTreeMap::new()),
            [time(17, 0, 0, 0), time(17, 30, 0, 0)]
        );
        assert_eq!(lend(&day(5, 0), &habits, 0).tokens, 2);
        assert_eq!(lend(&day(7, 0), &habits, 0).tokens, 1);
        assert_eq!(lend(&day(6, 1), &habits, 1).tokens, 1);
        assert_eq!(lend(&day(6, 2), &habits, 2).tokens, 0);
        // so much is lent already
        assert_eq!(lend(&day(0, 2), &habits, 2).tokens, 0);
    }

    #[test]
    fn two_promises_never_use_one_place_of_the_day() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let slots = clinic.day(date(2027, 3, 1));
        let doctor = StaffId(uuid::Uuid::from_u128(7));
        let lent = |slots: &[Slot], tokens| Lent {
            practitioner: doctor,
            day: date(2027, 3, 1),
            lease: Lease {
                slots: slots.iter().map(|slot| slot.start_ms).collect(),
                tokens,
            },
        };
        let check = |tokens, given: &[usize], expect: &[Promise], kept| {
            let given = given.iter().map(|nth| (doctor, slots[*nth].start_ms));
            let allotment = Allotment::new([lent(&slots[..2], tokens)], given);
            let say = |nth: usize| allotment.promise(doctor, &slots[nth], 0, Confidence::Sure);
            assert_eq!((0..3).map(say).collect::<Vec<_>>(), expect);
            assert_eq!(allotment.kept(doctor, date(2027, 3, 1), 0), kept);
        };
        let (yes, no) = (Promise::Confirmed, Promise::ToBeConfirmed);
        check(2, &[], &[yes, yes, no], 2);
        check(2, &[0], &[no, yes, no], 1);
        check(2, &[0, 1], &[no, no, no], 0);
        // fewer places than slots
        check(1, &[0], &[no, no, no], 0);
        // what was given and is not lent any more uses nothing
        check(2, &[5], &[yes, yes, no], 2);
    }

    #[test]
    fn a_desk_is_sure_of_the_time_while_its_clock_goes_with_it() {
        let check = |heard, expect| assert_eq!(Confidence::since(heard), expect);
        check(None, Confidence::Low);
        check(Some((0, 0)), Confidence::Sure);
        check(
            Some((3_600_000, 3_600_000 - CLOCK_SET_MS)),
            Confidence::Sure,
        );
        check(
            Some((3_600_000, 3_600_000 - CLOCK_SET_MS - 1)),
            Confidence::Low,
        );
        check(Some((-3_600_000, 0)), Confidence::Low);
    }
}
