//! Who comes: when, with which number in the queue, and in which slot when they had none.

use crate::problem::Problem;
use crate::scheduling::clinic::{Clinic, SLOT_MINUTES, Schedule, Slot};
use crate::scheduling::visit::slot_of;
use crate::scheduling::{Appointment, AppointmentStatus};
use jiff::Timestamp;

/// Numbers of one department's queue on one day, at most.
pub const QUEUE_MAX: u32 = 999;

/// What a new status says of somebody's coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// They have just come: the moment and a number in the queue are to be noted.
    Came,
    /// They have not come after all: what was noted goes.
    TakenBack,
    /// Nothing is to be noted.
    Same,
}

/// Says what becomes of the note of an arrival when a visit gets a status.
pub fn coming(before: Option<&Appointment>, after: AppointmentStatus) -> Coming {
    let is_noted = before.is_some_and(|visit| visit.arrived.is_some());
    let is_here = matches!(
        after,
        AppointmentStatus::Arrived | AppointmentStatus::CheckedIn
    );
    // who was seen has come, and who gave up may have
    let stays = matches!(
        after,
        AppointmentStatus::Fulfilled | AppointmentStatus::Cancelled
    );
    match (is_here, is_noted) {
        (true, false) => Coming::Came,
        (false, true) if !stays => Coming::TakenBack,
        (true, true) | (false, _) => Coming::Same,
    }
}

/// Returns the next number of the queue in which a visit waits: of its department, on its local day, given the visits that
/// are known. Two desks apart can give one number twice; when somebody came tells them apart.
pub fn next_in_queue<'a>(
    of: &Appointment,
    known: impl IntoIterator<Item = &'a Appointment>,
    clinic: &Clinic,
) -> u32 {
    let day = |visit: &Appointment| slot_of(visit, clinic).map(|slot| slot.date);
    let is_same = |other: &&Appointment| other.department == of.department && day(other) == day(of);
    let last = known.into_iter().filter(is_same).filter_map(|it| it.queue);
    last.max().unwrap_or(0).saturating_add(1).min(QUEUE_MAX)
}

/// Returns the slot of a patient who came without one: the one that is running, or the next in which the doctor sees patients
/// that day. Others may have it too: who stands at the counter is not sent away for that.
///
/// # Errors
/// Why the doctor sees nobody any more that day, as [`Schedule::works`], or `slot.hours` when the clinic has closed.
pub fn walk_in(clinic: &Clinic, schedule: &Schedule, now_ms: i64) -> Result<Slot, Problem> {
    let mut refused = None;
    for slot in clinic.day(clinic.day_of(now_ms)) {
        if slot.end_ms <= now_ms {
            continue;
        }
        match schedule.works(&slot) {
            Ok(()) => return Ok(slot),
            Err(problem) => refused = Some(problem),
        }
    }
    match refused {
        Some(problem) => Err(problem),
        None => clinic.slot_at(now_ms).and_then(|slot| {
            schedule.works(&slot)?;
            Ok(slot)
        }),
    }
}

/// Returns what an appointment says of a slot.
pub fn said(slot: &Slot) -> (String, u32) {
    let start = Timestamp::from_millisecond(slot.start_ms).unwrap_or_default();
    (start.to_string(), SLOT_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DepartmentId, StaffId};
    use crate::scheduling::clinic::Hours;
    use jiff::civil::{date, time};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    const HEART: DepartmentId = DepartmentId(Uuid::from_u128(1));
    const SKIN: DepartmentId = DepartmentId(Uuid::from_u128(2));
    use AppointmentStatus::{Arrived, Booked, Cancelled, CheckedIn, Fulfilled, NoShow};

    fn clinic() -> Clinic {
        Clinic::of_zone(TimeZone::get("Europe/London").expect("the zone is known"))
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    fn visit(department: DepartmentId, start: &str, queue: Option<u32>) -> Appointment {
        Appointment {
            department: Some(department),
            start: Some(start.into()),
            minutes: Some(30),
            queue,
            ..Appointment::default()
        }
    }

    #[test]
    fn an_arrival_is_noted_once_and_goes_when_it_is_taken_back() {
        let noted = Appointment {
            arrived: Some("2027-03-01T09:05:00Z".into()),
            ..Appointment::default()
        };
        let unknown = Appointment::default();
        for (before, after, expect) in [
            (None, Arrived, Coming::Came),
            (Some(&unknown), CheckedIn, Coming::Came),
            (Some(&noted), CheckedIn, Coming::Same),
            (Some(&noted), Fulfilled, Coming::Same),
            (Some(&noted), Booked, Coming::TakenBack),
            (Some(&noted), NoShow, Coming::TakenBack),
            (Some(&unknown), NoShow, Coming::Same),
            (Some(&unknown), Cancelled, Coming::Same),
            (Some(&unknown), Fulfilled, Coming::Same),
        ] {
            assert_eq!(coming(before, after), expect, "{after:?}");
        }
    }

    #[test]
    fn a_queue_is_one_of_its_department_and_its_local_day() {
        // 23:30 in London is the day before in UTC's reckoning of summer time
        let known = [
            visit(HEART, "2027-07-01T09:00:00Z", Some(4)),
            visit(HEART, "2027-07-01T09:30:00Z", None),
            visit(SKIN, "2027-07-01T10:00:00Z", Some(9)),
            visit(HEART, "2027-06-30T23:30:00Z", Some(5)),
            visit(HEART, "2027-06-30T10:00:00Z", Some(7)),
        ];
        let next =
            |department, start| next_in_queue(&visit(department, start, None), &known, &clinic());
        assert_eq!(next(HEART, "2027-07-01T16:00:00Z"), 6);
        assert_eq!(next(SKIN, "2027-07-01T16:00:00Z"), 10);
        assert_eq!(next(HEART, "2027-07-02T09:00:00Z"), 1);
        let full = [visit(HEART, "2027-07-01T09:00:00Z", Some(QUEUE_MAX))];
        let last = visit(HEART, "2027-07-01T16:00:00Z", None);
        assert_eq!(next_in_queue(&last, &full, &clinic()), QUEUE_MAX);
    }

    #[test]
    fn who_walks_in_gets_the_running_slot_or_the_next_one_that_day() {
        let clinic = clinic();
        let mut ada = Schedule::full_week(StaffId(Uuid::from_u128(1)), vec![HEART], &clinic);
        ada.breaks = vec![Hours {
            from: time(12, 0, 0, 0),
            to: time(13, 0, 0, 0),
        }];
        ada.leave = vec![(date(2027, 3, 3), date(2027, 3, 5))];
        let check = |now: &str, expect: &str| {
            let got = walk_in(&clinic, &ada, at(now));
            let got = got.map_or_else(|problem| problem.code, |slot| slot.time.to_string());
            assert_eq!(got, expect, "{now}");
        };
        // a Monday
        check("2027-03-01T07:10:00Z", "09:00:00");
        check("2027-03-01T10:00:00Z", "10:00:00");
        check("2027-03-01T10:29:59Z", "10:00:00");
        check("2027-03-01T12:10:00Z", "13:00:00");
        check("2027-03-01T17:59:59Z", "17:30:00");
        check("2027-03-01T18:00:00Z", "slot.hours");
        check("2027-03-03T10:00:00Z", "practitioner.leave");
        // a Saturday
        check("2027-03-06T10:00:00Z", "practitioner.hours");
    }
}
