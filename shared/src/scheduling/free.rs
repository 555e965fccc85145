//! Finds free slots: the next with a doctor, in a department, after a day.
//!
//! A doctor's day is a set of slots, one bit each, so that two hundred doctors and ninety days are a few thousand words.

use crate::ids::{DepartmentId, StaffId};
use crate::scheduling::clinic::{Clinic, DAY_CAP, Schedule, Slot};
use crate::scheduling::rules::LEAD_MS;
use jiff::civil::Date;

/// Slots of one local day, the first in the lowest bit.
pub type Slots = u64;

/// Returns the slots of its day that a piece of time touches.
pub fn touched(clinic: &Clinic, piece: &Slot) -> Slots {
    let day = clinic.day(piece.date);
    let touches = |(at, slot): (usize, &Slot)| Slots::from(slot.overlaps(piece)) << at;
    day.iter().enumerate().map(touches).sum()
}

/// What is given away of one doctor's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Slots booked, or lent to somebody else.
    pub slots: Slots,
    /// Appointments that count, and places lent to somebody else.
    pub counted: u32,
}

/// Who sees patients when, over some days.
#[derive(Clone, Debug)]
pub struct Diary {
    from: Date,
    /// The slots of each day.
    days: Vec<Vec<Slot>>,
    doctors: Vec<Doctor>,
}

#[derive(Clone, Debug)]
struct Doctor {
    id: StaffId,
    departments: Vec<DepartmentId>,
    /// For each day: the slots in which they see patients, and what is given away of them.
    open: Vec<Slots>,
    given: Vec<Given>,
}

/// Whom and when somebody wants to see. What is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub practitioner: Option<StaffId>,
    pub department: Option<DepartmentId>,
    /// Not before this day.
    pub not_before: Option<Date>,
    /// Not after this day.
    pub not_after: Option<Date>,
    /// Slots that begin before this moment plus the lead are out of reach: milliseconds since 1970.
    pub now_ms: i64,
    /// Returns so many.
    pub count: usize,
}

impl Wish {
    /// Says whether somebody is whom one wants to see, or one of them.
    pub fn wants(&self, schedule: &Schedule) -> bool {
        self.is_met_by(schedule.practitioner, &schedule.departments)
    }

    fn is_met_by(&self, doctor: StaffId, departments: &[DepartmentId]) -> bool {
        self.practitioner.is_none_or(|id| doctor == id)
            && self.department.is_none_or(|it| departments.contains(&it))
    }
}

/// A slot with a doctor who has it free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    pub slot: Slot,
    pub practitioner: StaffId,
}

impl Diary {
    /// Opens the diary of some doctors for `days` days.
    pub fn new(clinic: &Clinic, schedules: &[Schedule], from: Date, days: usize) -> Self {
        let days: Vec<Vec<Slot>> = from
            .series(jiff::Span::new().days(1))
            .take(days)
            .map(|day| clinic.day(day))
            .collect();
        let doctor = |schedule: &Schedule| Doctor {
            id: schedule.practitioner,
            departments: schedule.departments.clone(),
            open: days.iter().map(|day| open(schedule, day)).collect(),
            given: vec![Given::default(); days.len()],
        };
        let mut doctors: Vec<Doctor> = schedules.iter().map(doctor).collect();
        doctors.sort_by_key(|doctor| doctor.id);
        Self {
            from,
            days,
            doctors,
        }
    }

    /// Returns the same days with only those doctors whom somebody wants to see.
    pub fn of(&self, wish: &Wish) -> Self {
        Self {
            from: self.from,
            days: self.days.clone(),
            doctors: self.wanted(wish).cloned().collect(),
        }
    }

    /// Returns its doctors.
    pub fn doctors(&self) -> Vec<StaffId> {
        self.doctors.iter().map(|doctor| doctor.id).collect()
    }

    fn wanted(&self, wish: &Wish) -> impl Iterator<Item = &Doctor> {
        let wish = wish.clone();
        self.doctors
            .iter()
            .filter(move |doctor| wish.is_met_by(doctor.id, &doctor.departments))
    }

    /// Returns the bit of a slot on its day; nothing when no slot begins then.
    pub fn bit(&self, slot: &Slot) -> Option<Slots> {
        let day = &self.days[self.place(slot.date)?];
        let at = day.binary_search_by_key(&slot.start_ms, |slot| slot.start_ms);
        Some(1 << at.ok()?)
    }

    /// Notes what is given away of a doctor's day. Days and doctors that are not in the diary do not matter.
    pub fn give(&mut self, practitioner: StaffId, date: Date, given: Given) {
        let Some(place) = self.place(date) else {
            return;
        };
        if let Ok(at) = self
            .doctors
            .binary_search_by_key(&practitioner, |doctor| doctor.id)
        {
            self.doctors[at].given[place] = given;
        }
    }

    /// Returns free slots, soonest first; of one time in order of the doctors' ids.
    pub fn find(&self, wish: &Wish) -> Vec<Free> {
        let wanted: Vec<&Doctor> = self.wanted(wish).collect();
        let first = wish.not_before.and_then(|day| self.place(day)).unwrap_or(0);
        let mut found = Vec::new();
        for (place, day) in self.days.iter().enumerate().skip(first) {
            if wish
                .not_after
                .is_some_and(|most| day.first().is_some_and(|slot| slot.date > most))
            {
                break;
            }
            if wish
                .not_before
                .is_some_and(|least| day.first().is_some_and(|slot| slot.date < least))
            {
                continue;
            }
            for doctor in &wanted {
                found.extend(doctor.free_on(place, day, wish.now_ms));
            }
            if found.len() >= wish.count {
                break;
            }
        }
        found.sort();
        found.truncate(wish.count);
        found
    }

    fn place(&self, date: Date) -> Option<usize> {
        let days = (date - self.from).get_days();
        usize::try_from(days)
            .ok()
            .filter(|place| *place < self.days.len())
    }
}

impl Doctor {
    fn free_on<'a>(
        &'a self,
        place: usize,
        day: &'a [Slot],
        now_ms: i64,
    ) -> impl Iterator<Item = Free> + 'a {
        let given = self.given[place];
        let left = if given.counted < DAY_CAP {
            self.open[place] & !given.slots
        } else {
            0
        };
        let is_in_reach = move |slot: &&Slot| slot.start_ms - now_ms >= LEAD_MS;
        bits(left)
            .filter_map(|at| day.get(at))
            .filter(is_in_reach)
            .map(|slot| Free {
                slot: *slot,
                practitioner: self.id,
            })
    }
}

fn open(schedule: &Schedule, day: &[Slot]) -> Slots {
    let works = |(at, slot): (usize, &Slot)| Slots::from(schedule.works(slot).is_ok()) << at;
    day.iter().enumerate().map(works).sum()
}

/// Returns the places of the bits that are set, lowest first.
fn bits(mut set: Slots) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros() as usize;
        (set != 0).then(|| {
            set &= set - 1;
            at
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    const HEART: DepartmentId = DepartmentId(Uuid::from_u128(1));
    const SKIN: DepartmentId = DepartmentId(Uuid::from_u128(2));
    const ADA: StaffId = StaffId(Uuid::from_u128(10));
    const MUSA: StaffId = StaffId(Uuid::from_u128(11));

    fn clinic() -> Clinic {
        Clinic::of_zone(TimeZone::get("Europe/London").expect("the zone is known"))
    }

    fn diary() -> Diary {
        let clinic = clinic();
        let schedules = [
            Schedule::full_week(ADA, vec![HEART], &clinic),
            Schedule::full_week(MUSA, vec![HEART, SKIN], &clinic),
        ];
        // a Monday
        Diary::new(&clinic, &schedules, date(2027, 3, 1), 30)
    }

    fn found(diary: &Diary, wish: &Wish) -> Vec<(String, StaffId)> {
        let said = |free: &Free| {
            (
                format!("{} {}", free.slot.date, free.slot.time),
                free.practitioner,
            )
        };
        diary.find(wish).iter().map(said).collect()
    }

    #[test]
    fn the_next_free_slots_come_soonest_first() {
        let wish = Wish {
            count: 3,
            ..Wish::default()
        };
        assert_eq!(
            found(&diary(), &wish),
            [
                ("2027-03-01 09:00:00".into(), ADA),
                ("2027-03-01 09:00:00".into(), MUSA),
                ("2027-03-01 09:30:00".into(), ADA)
            ]
        );
        let skin = Wish {
            department: Some(SKIN),
            count: 1,
            ..Wish::default()
        };
        assert_eq!(
            found(&diary(), &skin),
            [("2027-03-01 09:00:00".into(), MUSA)]
        );
        let later = Wish {
            practitioner: Some(ADA),
            not_before: Some(date(2027, 3, 6)),
            count: 1,
            ..Wish::default()
        };
        // over the weekend
        assert_eq!(
            found(&diary(), &later),
            [("2027-03-08 09:00:00".into(), ADA)]
        );
        let until = Wish {
            not_after: Some(date(2027, 3, 7)),
            ..later
        };
        assert!(found(&diary(), &until).is_empty());
        assert_eq!(found(&diary().of(&skin), &skin), found(&diary(), &skin));
        assert_eq!(diary().of(&skin).doctors(), [MUSA]);
        let beyond = Wish {
            not_before: Some(date(2028, 1, 1)),
            count: 1,
            ..Wish::default()
        };
        assert!(found(&diary(), &beyond).is_empty());
    }

    #[test]
    fn what_is_given_away_or_too_soon_is_not_found() {
        let mut diary = diary();
        let slot = |hour, minute| {
            clinic()
                .slot_on(date(2027, 3, 1), time(hour, minute, 0, 0))
                .expect("a slot")
        };
        let taken = diary.bit(&slot(9, 30)).expect("a bit");
        assert_eq!(touched(&clinic(), &slot(9, 30)), taken);
        diary.give(
            ADA,
            date(2027, 3, 1),
            Given {
                slots: taken,
                counted: 1,
            },
        );
        let now_ms = slot(9, 0).start_ms - LEAD_MS + 1;
        let wish = Wish {
            practitioner: Some(ADA),
            now_ms,
            count: 1,
            ..Wish::default()
        };
        assert_eq!(found(&diary, &wish), [("2027-03-01 10:00:00".into(), ADA)]);
        diary.give(
            ADA,
            date(2027, 3, 1),
            Given {
                slots: taken,
                counted: DAY_CAP,
            },
        );
        assert_eq!(found(&diary, &wish), [("2027-03-02 09:00:00".into(), ADA)]);
    }

    #[test]
    fn the_search_agrees_with_the_rules_over_the_day_clocks_change() {
        use crate::scheduling::rules::{Around, Ask, may_book};
        let (diary, clinic) = (diary(), clinic());
        let schedule = Schedule::full_week(ADA, vec![HEART], &clinic);
        let now_ms = clinic
            .slot_on(date(2027, 3, 26), time(9, 0, 0, 0))
            .expect("a slot")
            .start_ms;
        let wish = Wish {
            practitioner: Some(ADA),
            now_ms,
            not_before: Some(date(2027, 3, 26)),
            count: 1_000,
            ..Wish::default()
        };
        let offered: Vec<i64> = diary
            .find(&wish)
            .iter()
            .map(|free| free.slot.start_ms)
            .collect();
        let mut allowed = Vec::new();
        let mut start_ms = now_ms;
        while clinic.day_of(start_ms) <= date(2027, 3, 30) {
            let ask = Ask {
                clinic: &clinic,
                schedule: &schedule,
                department: HEART,
                start_ms,
                t_ms: now_ms,
                around: Around::default(),
            };
            if may_book(&ask).is_ok() {
                allowed.push(start_ms);
            }
            start_ms += 15 * 60_000;
        }
        assert_eq!(offered, allowed);
    }
}
