//! What the rules say of a change when nobody knows for sure at what time it was made. Source: RULES 3.5, TIM-3.
//!
//! Every rule about an appointment is kinder to its patient the earlier something was done: a slot is still to be had, a visit
//! is given up for less, nobody is a no-show yet. So the earlier time counts, and where the later one would have made a
//! difference, a person looks at it.

use crate::problem::Problem;
use crate::scheduling::AppointmentStatus;
use crate::scheduling::rules::{Fee, cancellation, rfc3339};
use crate::scheduling::visit::{Change, problems, slot_of, wants_slot};

/// What becomes of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every rule that it breaks.
    pub problems: Vec<Problem>,
    /// What a person is to look at: at the later time it would have been something else.
    pub doubt: Option<Problem>,
}

/// Returns what becomes of a change that was made at its time, or up to `latest_ms`.
pub fn outcome(change: &Change<'_>, latest_ms: i64) -> Outcome {
    let broken = problems(change);
    let later = Change {
        t_ms: latest_ms,
        ..*change
    };
    if latest_ms <= change.t_ms || says(change, &broken) == says(&later, &problems(&later)) {
        return Outcome {
            problems: broken,
            doubt: None,
        };
    }
    let doubt = Problem::new("appointment.time_uncertain", "")
        .with("from", rfc3339(change.t_ms))
        .with("until", rfc3339(latest_ms));
    Outcome {
        problems: broken,
        doubt: Some(doubt),
    }
}

/// What can differ with the time: whether it may be, and what giving up costs.
fn says(change: &Change<'_>, broken: &[Problem]) -> (bool, Option<Fee>) {
    let before = change.before.filter(|before| wants_slot(before.status));
    let gave_up = before.filter(|_| change.after.status == AppointmentStatus::Cancelled);
    let slot = gave_up.and_then(|before| slot_of(before, change.clinic));
    let fee = slot.and_then(|slot| cancellation(slot.start_ms, change.t_ms).ok());
    (broken.is_empty(), fee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DepartmentId, StaffId};
    use crate::scheduling::clinic::{Clinic, Schedule};
    use crate::scheduling::rules::Around;
    use crate::scheduling::{Appointment, Move};
    use AppointmentStatus::{Arrived, Booked, Cancelled, NoShow, Pending, Waitlist};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    const HEART: DepartmentId = DepartmentId(Uuid::from_u128(1));
    const ADA: StaffId = StaffId(Uuid::from_u128(2));
    const HOUR_MS: i64 = 3_600_000;
    // a Monday
    const TEN: &str = "2027-03-01T10:00:00Z";
    const NOON: &str = "2027-03-01T12:00:00Z";

    fn at(text: &str) -> i64 {
        let at: jiff::Timestamp = text.parse().expect("a time");
        at.as_millisecond()
    }

    fn visit(start: &str, status: AppointmentStatus) -> Appointment {
        Appointment {
            practitioner: Some(ADA),
            department: Some(HEART),
            start: Some(start.into()),
            minutes: Some(30),
            status,
            ..Appointment::default()
        }
    }

    /// Checks a change between so many milliseconds before ten o'clock: the codes of what it breaks, and whether it is doubted.
    fn check(
        (before, after): (Option<&Appointment>, &Appointment),
        (first_ms, last_ms): (i64, i64),
        expect: (&[&str], bool),
    ) {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let schedule = Schedule::full_week(ADA, vec![HEART], &clinic);
        let change = Change {
            before,
            after,
            clinic: &clinic,
            schedule: Some(&schedule),
            around: Around::default(),
            t_ms: at(TEN) - first_ms,
        };
        let found = outcome(&change, at(TEN) - last_ms);
        let codes: Vec<&str> = found
            .problems
            .iter()
            .map(|problem| problem.code.as_str())
            .collect();
        let told = (codes.as_slice(), found.doubt.is_some());
        assert_eq!(told, expect, "{after:?} {first_ms} {last_ms}");
    }

    #[test]
    fn of_two_times_the_one_that_is_better_for_the_patient_counts_and_is_doubted() {
        let booked = visit(TEN, Booked);
        let (given_up, moved) = (visit(TEN, Cancelled), visit(NOON, Booked));
        // booking: two hours before
        for status in [Booked, Pending] {
            let new = visit(TEN, status);
            check((None, &new), (3 * HOUR_MS, 2 * HOUR_MS), (&[], false));
            check((None, &new), (3 * HOUR_MS, 2 * HOUR_MS - 1), (&[], true));
            let late: &[&str] = &["appointment.lead_time"];
            check((None, &new), (2 * HOUR_MS - 1, HOUR_MS), (late, false));
        }
        // moving: more than an hour before
        let both = (Some(&booked), &moved);
        check(both, (2 * HOUR_MS, HOUR_MS + 1), (&[], false));
        check(both, (2 * HOUR_MS, HOUR_MS), (&[], true));
        let late: &[&str] = &["appointment.within_1h"];
        // too late for one rule or for two
        check(both, (HOUR_MS, -1), (late, false));
        // giving up: for nothing, for half, and not from the start on
        let both = (Some(&booked), &given_up);
        check(both, (3 * HOUR_MS, 2 * HOUR_MS + 1), (&[], false));
        check(both, (3 * HOUR_MS, 2 * HOUR_MS), (&[], true));
        check(both, (2 * HOUR_MS, 1), (&[], false));
        check(both, (1, 0), (&[], true));
        check(both, (0, -HOUR_MS), (&["appointment.too_late"], false));
        // who needs rebooking gives up for nothing whenever they like
        let waits = visit(TEN, Waitlist);
        check((Some(&waits), &given_up), (3 * HOUR_MS, 1), (&[], false));
        // a no-show: from the end of the slot on
        let gone = (Some(&booked), &visit(TEN, NoShow));
        let end_ms = -HOUR_MS / 2;
        check(gone, (end_ms, end_ms - HOUR_MS), (&[], false));
        check(gone, (0, end_ms), (&["appointment.not_over"], true));
        check(gone, (0, end_ms + 1), (&["appointment.not_over"], false));
    }

    #[test]
    fn what_does_not_depend_on_the_time_is_never_doubted() {
        let booked = visit(TEN, Booked);
        let told = Appointment {
            notes: "told".into(),
            ..booked.clone()
        };
        let wide = (9 * HOUR_MS, -9 * HOUR_MS);
        check((Some(&booked), &told), wide, (&[], false));
        check((None, &visit(TEN, Arrived)), wide, (&[], false));
        // a third move is one whenever it was made
        let twice = Appointment {
            moves: vec![Move::default(); 2],
            ..booked
        };
        let third = (Some(&twice), &visit(NOON, Booked));
        let often: &[&str] = &["appointment.move_limit"];
        check(third, (9 * HOUR_MS, 2 * HOUR_MS), (often, false));
        // nor is a time that is known
        check(
            (None, &visit(TEN, Booked)),
            (HOUR_MS, HOUR_MS),
            (&["appointment.lead_time"], false),
        );
    }
}
