//! A doctor's day as a diary shows it: each slot with what it is.

use crate::ids::{DepartmentId, StaffId};
use crate::problem::Problem;
use crate::scheduling::clinic::{Clinic, DAY_CAP, Schedule, Slot};
use crate::scheduling::rules::{Around, Ask, may_book};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// What a slot of a doctor's day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum Place {
    /// Nobody has it, as far as is known.
    Free,
    /// A patient has it.
    Taken,
    /// Nobody has it, and it begins too soon to be booked, or is over.
    Soon,
    /// Nobody has it, and the doctor has as many patients that day as they may.
    Full,
    Break,
    Leave,
    /// The doctor does not work then.
    Closed,
}

/// A slot in a diary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct PlaceAt {
    /// RFC 3339 in UTC.
    pub start: String,
    /// The hospital's clock, `09:30`.
    pub time: String,
    pub is: Place,
    /// Why it cannot be booked: the first thing the rules say; nothing when it is free.
    pub why: Option<Problem>,
}

/// One doctor's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Sheet {
    pub practitioner: StaffId,
    /// The hospital's local day.
    #[ts(type = "string")]
    pub date: Date,
    /// Appointments that count, of `most`.
    pub counted: u32,
    pub most: u32,
    pub places: Vec<PlaceAt>,
}

/// Returns a doctor's day, given the slots that are known to be somebody's: each counts.
pub fn sheet(
    clinic: &Clinic,
    schedule: &Schedule,
    date: Date,
    taken: &[Slot],
    now_ms: i64,
) -> Sheet {
    let is_today = |slot: &&Slot| slot.date == date;
    let counted = taken.iter().filter(is_today).count();
    let counted = u32::try_from(counted).unwrap_or(u32::MAX);
    // whichever the doctor has: a sheet is of all of them
    let department = schedule.departments.first().copied();
    let department = department.unwrap_or(DepartmentId(Uuid::nil()));
    let place = |slot: Slot| {
        let around = Around {
            doctor_is_taken: taken.iter().any(|other| other.overlaps(&slot)),
            patient_is_taken: false,
            counted,
        };
        let found = may_book(&Ask {
            clinic,
            schedule,
            department,
            start_ms: slot.start_ms,
            t_ms: now_ms,
            around,
        });
        let problems = found.err().unwrap_or_default();
        let (is, why) = what(&problems);
        PlaceAt {
            start: super::rules::rfc3339(slot.start_ms),
            time: slot.time.strftime("%H:%M").to_string(),
            is,
            why,
        }
    };
    Sheet {
        practitioner: schedule.practitioner,
        date,
        counted,
        most: DAY_CAP,
        places: clinic.day(date).into_iter().map(place).collect(),
    }
}

/// Returns the most lasting of the reasons against a slot: what is closed is closed whoever has it.
fn what(problems: &[Problem]) -> (Place, Option<Problem>) {
    const ORDER: [(&str, Place); 6] = [
        ("practitioner.leave", Place::Leave),
        ("practitioner.hours", Place::Closed),
        ("practitioner.break", Place::Break),
        ("slot.taken", Place::Taken),
        ("appointment.lead_time", Place::Soon),
        ("practitioner.day_full", Place::Full),
    ];
    for (code, place) in ORDER {
        if let Some(problem) = problems.iter().find(|problem| problem.code == code) {
            return (place, Some(problem.clone()));
        }
    }
    match problems.first() {
        Some(problem) => (Place::Closed, Some(problem.clone())),
        None => (Place::Free, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduling::clinic::Hours;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;

    // a Monday
    const DAY: Date = date(2027, 3, 1);

    fn ada(clinic: &Clinic) -> Schedule {
        let mut ada = Schedule::full_week(
            StaffId(Uuid::from_u128(1)),
            vec![DepartmentId(Uuid::from_u128(2))],
            clinic,
        );
        ada.hours[0] = vec![Hours {
            from: time(9, 0, 0, 0),
            to: time(16, 0, 0, 0),
        }];
        ada.breaks = vec![Hours {
            from: time(12, 0, 0, 0),
            to: time(13, 0, 0, 0),
        }];
        ada.leave = vec![(date(2027, 3, 2), date(2027, 3, 2))];
        ada
    }

    fn words(sheet: &Sheet, is: Place) -> Vec<&str> {
        let of = sheet.places.iter().filter(|place| place.is == is);
        of.map(|place| place.time.as_str()).collect()
    }

    #[test]
    fn every_slot_of_a_day_says_what_it_is_and_why() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let ada = ada(&clinic);
        let ten = clinic
            .slot_on(DAY, time(10, 0, 0, 0))
            .expect("a slot of the day");
        let sheet_at = |date, taken: &[Slot], now_ms| sheet(&clinic, &ada, date, taken, now_ms);
        // at half past eight: until half past ten nobody can be booked any more
        let day = sheet_at(DAY, &[ten], ten.start_ms - 90 * 60_000);
        assert_eq!(day.places.len(), 18);
        assert_eq!(words(&day, Place::Taken), ["10:00"]);
        assert_eq!(words(&day, Place::Soon), ["09:00", "09:30"]);
        assert_eq!(words(&day, Place::Break), ["12:00", "12:30"]);
        assert_eq!(
            words(&day, Place::Closed),
            ["16:00", "16:30", "17:00", "17:30"]
        );
        assert_eq!(words(&day, Place::Free).len(), 9);
        assert_eq!((day.counted, day.most), (1, 8));
        for place in &day.places {
            assert_eq!(place.is == Place::Free, place.why.is_none(), "{place:?}");
        }
        let leave = sheet_at(date(2027, 3, 2), &[], 0);
        assert_eq!(words(&leave, Place::Leave).len(), 18);
    }

    #[test]
    fn a_full_day_has_no_free_place_and_the_next_is_not_touched() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let ada = ada(&clinic);
        let taken: Vec<Slot> = clinic.day(DAY).into_iter().take(8).collect();
        let day = sheet(&clinic, &ada, DAY, &taken, 0);
        assert_eq!(words(&day, Place::Free), Vec::<&str>::new());
        assert_eq!(words(&day, Place::Full).len(), 6);
        assert_eq!(day.counted, 8);
        let next = sheet(&clinic, &ada, date(2027, 3, 3), &taken, 0);
        assert_eq!(next.counted, 0);
        assert_eq!(words(&next, Place::Free).len(), 16);
    }
}
