//! What a change of an appointment does to its slot, and whether it may: asked of the version its author saw and of the one
//! they made, at the time it was made. The desk asks before it saves, the hub when it takes the change.

use crate::problem::Problem;
use crate::scheduling::clinic::{Clinic, SLOT_MINUTES, Schedule, Slot};
use crate::scheduling::rules::{
    Around, Ask, LEAD_MS, cancellation, may_book, may_mark_no_show, may_move,
};
use crate::scheduling::{Appointment, AppointmentStatus};
use jiff::Timestamp;

/// Returns when an appointment begins, milliseconds since 1970.
pub fn start_ms(appointment: &Appointment) -> Option<i64> {
    let start: Timestamp = appointment.start.as_deref()?.parse().ok()?;
    Some(start.as_millisecond())
}

/// Returns the slot that an appointment is about, also one that no rule would give; nothing when it says no time.
pub fn slot_of(appointment: &Appointment, clinic: &Clinic) -> Option<Slot> {
    let start_ms = start_ms(appointment)?;
    if let Ok(slot) = clinic.slot_at(start_ms) {
        return Some(slot);
    }
    let start = Timestamp::from_millisecond(start_ms).ok()?;
    let local = clinic.zone.to_datetime(start);
    let minutes = i64::from(appointment.minutes.unwrap_or_default());
    Some(Slot {
        start_ms,
        end_ms: start_ms.saturating_add(minutes * 60_000),
        date: local.date(),
        time: local.time(),
    })
}

/// Says whether an appointment has its slot or asks for it.
pub fn wants_slot(status: AppointmentStatus) -> bool {
    status.holds_slot() || status.asks_for_slot()
}

/// Says whether somebody has to say what became of a visit: nobody came by its end, or who came was never seen that day. The
/// hub notes a no-show by itself where it can; this is what is left to people.
pub fn is_unresolved(appointment: &Appointment, clinic: &Clinic, now_ms: i64) -> bool {
    let Some(slot) = slot_of(appointment, clinic) else {
        return false;
    };
    match appointment.status {
        AppointmentStatus::Proposed | AppointmentStatus::Pending | AppointmentStatus::Booked => {
            slot.end_ms <= now_ms
        }
        // doctors are late
        AppointmentStatus::Arrived | AppointmentStatus::CheckedIn => {
            slot.date < clinic.day_of(now_ms)
        }
        AppointmentStatus::Waitlist
        | AppointmentStatus::Cancelled
        | AppointmentStatus::NoShow
        | AppointmentStatus::Fulfilled
        | AppointmentStatus::EnteredInError => false,
    }
}

/// Says whether a change asks for a slot that the appointment did not have, so far as whoever makes it can tell. Who has come
/// asks for nothing any more.
pub fn asks_anew(before: Option<&Appointment>, after: &Appointment) -> bool {
    if !wants_slot(after.status) || after.status.is_fact() {
        return false;
    }
    before
        .filter(|before| wants_slot(before.status))
        .is_none_or(|before| {
            (before.start.as_ref(), before.practitioner)
                != (after.start.as_ref(), after.practitioner)
        })
}

/// Returns what a desk knows around the slot that an appointment is to have: `others` are the appointments it has of that
/// day, and of that patient. Whoever waits for a decision counts like who has it: this desk should not send two patients
/// to one slot. `kept` are the places of the day that are lent, so that nobody gets them for this slot.
pub fn around<'a>(
    appointment: &Appointment,
    clinic: &Clinic,
    others: impl IntoIterator<Item = &'a Appointment>,
    kept: u32,
) -> Around {
    let mut around = Around {
        counted: kept,
        ..Around::default()
    };
    let Some(slot) = slot_of(appointment, clinic).filter(|_| !appointment.status.is_fact()) else {
        return Around::default();
    };
    for other in others.into_iter().filter(|other| wants_slot(other.status)) {
        let Some(theirs) = slot_of(other, clinic) else {
            continue;
        };
        let is_same_doctor =
            other.practitioner.is_some() && other.practitioner == appointment.practitioner;
        let is_same_patient = other.patient.is_some() && other.patient == appointment.patient;
        around.doctor_is_taken |= is_same_doctor && theirs.overlaps(&slot);
        around.patient_is_taken |= is_same_patient && theirs.overlaps(&slot);
        around.counted += u32::from(is_same_doctor && theirs.date == slot.date);
    }
    around
}

/// A change of an appointment, at the time `t_ms` at which it was made.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub before: Option<&'a Appointment>,
    pub after: &'a Appointment,
    pub clinic: &'a Clinic,
    /// Of the doctor named afterwards; nothing when there is none of that name.
    pub schedule: Option<&'a Schedule>,
    /// What others have is nothing that a change is refused for at the hub; a desk says what it knows.
    pub around: Around,
    pub t_ms: i64,
}

/// Returns every rule that a change breaks, each with its field and what would be allowed.
pub fn problems(change: &Change<'_>) -> Vec<Problem> {
    let (after, status, t_ms) = (change.after, change.after.status, change.t_ms);
    let before = change.before.filter(|before| wants_slot(before.status));
    let old = before.and_then(|before| slot_of(before, change.clinic));
    let Some(new) = slot_of(after, change.clinic) else {
        // a body without a time is unsound, and that is said elsewhere
        return Vec::new();
    };
    let became = |is: AppointmentStatus| {
        status == is && change.before.is_none_or(|before| before.status != is)
    };
    if let (true, Some(old)) = (became(AppointmentStatus::Cancelled), old) {
        return cancellation(old.start_ms, t_ms).err().into_iter().collect();
    }
    let mut problems = Vec::new();
    if became(AppointmentStatus::NoShow) {
        problems.extend(may_mark_no_show(new.end_ms, t_ms).err());
    }
    if !wants_slot(status) {
        return problems;
    }
    let is_new_length = before.is_none_or(|before| before.minutes != after.minutes);
    if is_new_length && after.minutes != Some(SLOT_MINUTES) {
        problems.push(Problem::new("slot.minutes", "minutes").with("minutes", SLOT_MINUTES));
    }
    let is_same = before.is_some_and(|before| {
        before.start == after.start && before.practitioner == after.practitioner
    });
    let is_elsewhere = before.is_some_and(|before| before.department != after.department);
    if is_same && !is_elsewhere {
        return problems;
    }
    let Some(schedule) = change.schedule else {
        problems.push(Problem::new("practitioner.unknown", "practitioner"));
        return problems;
    };
    let Some(department) = after.department else {
        return problems;
    };
    if is_same {
        if !schedule.departments.contains(&department) {
            problems.push(Problem::new("department.mismatch", "department"));
        }
        return problems;
    }
    // who stands at the counter did not have to say so two hours before
    let came_by = if status.is_fact() {
        new.start_ms - LEAD_MS
    } else {
        t_ms
    };
    let ask = Ask {
        clinic: change.clinic,
        schedule,
        department,
        start_ms: new.start_ms,
        t_ms: came_by.min(t_ms),
        around: change.around,
    };
    let found = match (before, old) {
        (Some(before), Some(old)) => may_move(old.start_ms, before.moves.len(), &ask).err(),
        (Some(_) | None, _) => may_book(&ask).err(),
    };
    let is_other_doctor = before.is_some_and(|before| before.practitioner != after.practitioner);
    problems.extend(found.unwrap_or_default());
    // the same time with somebody else is another slot
    problems.retain(|problem| !(is_other_doctor && problem.code == "appointment.same_slot"));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{DepartmentId, RecordId, StaffId};
    use crate::scheduling::Move;
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    const HEART: DepartmentId = DepartmentId(Uuid::from_u128(1));
    const ADA: StaffId = StaffId(Uuid::from_u128(2));
    const MUSA: StaffId = StaffId(Uuid::from_u128(3));
    const HOUR_MS: i64 = 3_600_000;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
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

    fn codes(before: Option<&Appointment>, after: &Appointment, t_ms: i64) -> Vec<String> {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let doctor = after.practitioner.unwrap_or(ADA);
        let schedule = Schedule::full_week(doctor, vec![HEART], &clinic);
        let change = Change {
            before,
            after,
            clinic: &clinic,
            schedule: Some(&schedule),
            around: Around::default(),
            t_ms,
        };
        problems(&change)
            .into_iter()
            .map(|problem| problem.code)
            .collect()
    }

    // a Monday
    const TEN: &str = "2027-03-01T10:00:00Z";
    const NOON: &str = "2027-03-01T12:00:00Z";
    use AppointmentStatus::{Arrived, Booked, Cancelled, CheckedIn, NoShow, Pending, Waitlist};

    #[test]
    fn a_booking_is_asked_for_its_lead_its_hours_and_its_department() {
        let ten = at(TEN);
        for status in [Booked, Pending] {
            assert!(codes(None, &visit(TEN, status), ten - 2 * HOUR_MS).is_empty());
            assert_eq!(
                codes(None, &visit(TEN, status), ten - 2 * HOUR_MS + 1),
                ["appointment.lead_time"]
            );
        }
        let early = visit("2027-03-01T08:30:00Z", Booked);
        assert_eq!(codes(None, &early, 0), ["slot.hours"]);
        let elsewhere = Appointment {
            department: Some(DepartmentId(Uuid::nil())),
            ..visit(TEN, Booked)
        };
        assert_eq!(codes(None, &elsewhere, 0), ["department.mismatch"]);
        // also where only the department changes
        assert_eq!(
            codes(Some(&visit(TEN, Booked)), &elsewhere, 0),
            ["department.mismatch"]
        );
    }

    #[test]
    fn a_slot_is_booked_as_a_whole() {
        let lasts = |minutes| Appointment {
            minutes: Some(minutes),
            ..visit(TEN, Booked)
        };
        assert!(codes(None, &lasts(30), 0).is_empty());
        for minutes in [5, 29, 31, 60] {
            assert_eq!(codes(None, &lasts(minutes), 0), ["slot.minutes"]);
            let made_longer = codes(Some(&lasts(30)), &lasts(minutes), 0);
            assert_eq!(made_longer, ["slot.minutes"]);
            // what was brought in like that is left like that
            let noted = codes(Some(&lasts(minutes)), &lasts(minutes), 0);
            assert!(noted.is_empty(), "{noted:?}");
        }
    }

    #[test]
    fn a_move_is_counted_and_rebooking_what_was_lost_is_none() {
        let (ten, now) = (at(TEN), at(TEN) - 90 * 60_000);
        let booked = visit(TEN, Booked);
        assert!(codes(Some(&booked), &visit(NOON, Booked), now).is_empty());
        assert_eq!(
            codes(Some(&booked), &visit(NOON, Booked), ten - HOUR_MS),
            ["appointment.within_1h"]
        );
        let twice = Appointment {
            moves: vec![Move::default(); 2],
            ..visit(TEN, Booked)
        };
        assert_eq!(
            codes(Some(&twice), &visit(NOON, Booked), now),
            ["appointment.move_limit"]
        );
        let lost = Appointment {
            status: Waitlist,
            ..twice
        };
        assert!(codes(Some(&lost), &visit(NOON, Pending), now).is_empty());
        // the same time with another doctor is another slot
        let other = Appointment {
            practitioner: Some(MUSA),
            ..visit(TEN, Booked)
        };
        assert!(codes(Some(&booked), &other, 0).is_empty());
    }

    #[test]
    fn only_another_slot_is_asked_for_anew() {
        let check = |before: Option<&Appointment>, after: &Appointment, expect| {
            assert_eq!(asks_anew(before, after), expect, "{before:?} {after:?}");
        };
        let (booked, moved) = (visit(TEN, Booked), visit(NOON, Booked));
        check(None, &booked, true);
        check(None, &visit(TEN, Pending), true);
        check(Some(&booked), &moved, true);
        check(Some(&visit(TEN, Waitlist)), &visit(TEN, Pending), true);
        check(Some(&visit(TEN, Cancelled)), &booked, true);
        // the same again, who came, and who gives up
        check(Some(&visit(TEN, Pending)), &booked, false);
        check(Some(&visit(TEN, Arrived)), &booked, false);
        check(None, &visit(TEN, Arrived), false);
        check(Some(&booked), &visit(NOON, Waitlist), false);
        check(Some(&booked), &visit(NOON, Cancelled), false);
    }

    #[test]
    fn a_visit_is_unresolved_from_its_end_and_one_who_came_from_the_next_day() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let (end, midnight) = (at(TEN) + HOUR_MS / 2, at(TEN) + 14 * HOUR_MS);
        let check = |status, from: Option<i64>| {
            for now_ms in [
                end - 1,
                end,
                midnight - 1,
                midnight,
                midnight + 48 * HOUR_MS,
            ] {
                let is = is_unresolved(&visit(TEN, status), &clinic, now_ms);
                assert_eq!(
                    is,
                    from.is_some_and(|from| now_ms >= from),
                    "{status:?} {now_ms}"
                );
            }
        };
        for status in [Booked, Pending, AppointmentStatus::Proposed] {
            check(status, Some(end));
        }
        for status in [Arrived, CheckedIn] {
            check(status, Some(midnight));
        }
        for status in [Cancelled, NoShow, Waitlist, AppointmentStatus::Fulfilled] {
            check(status, None);
        }
        let without = Appointment {
            start: None,
            ..visit(TEN, Booked)
        };
        assert!(!is_unresolved(&without, &clinic, midnight));
    }

    #[test]
    fn a_desk_knows_who_has_the_doctor_the_patient_and_the_day() {
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let (mine, other) = (RecordId(Uuid::from_u128(8)), RecordId(Uuid::from_u128(9)));
        let of = |doctor, patient, start: &str, status| Appointment {
            practitioner: Some(doctor),
            patient: Some(patient),
            ..visit(start, status)
        };
        let check = |others: &[Appointment], kept, expect: (bool, bool, u32)| {
            let found = around(&of(ADA, mine, TEN, Pending), &clinic, others, kept);
            let found = (found.doctor_is_taken, found.patient_is_taken, found.counted);
            assert_eq!(found, expect, "{others:?}");
        };
        check(&[], 2, (false, false, 2));
        check(&[of(ADA, other, TEN, Booked)], 0, (true, false, 1));
        check(&[of(ADA, other, TEN, Pending)], 0, (true, false, 1));
        for status in [NoShow, Arrived, CheckedIn, AppointmentStatus::Fulfilled] {
            check(&[of(ADA, other, NOON, status)], 1, (false, false, 2));
        }
        check(&[of(MUSA, mine, TEN, Booked)], 0, (false, true, 0));
        for status in [Cancelled, Waitlist] {
            check(&[of(ADA, mine, TEN, status)], 0, (false, false, 0));
        }
        check(
            &[of(ADA, other, "2027-03-02T10:00:00Z", Booked)],
            0,
            (false, false, 0),
        );
        // who stands at the counter is there, whoever else has the slot
        let here = around(
            &of(ADA, mine, TEN, Arrived),
            &clinic,
            &[of(ADA, other, TEN, Booked)],
            8,
        );
        assert_eq!(here, Around::default());
    }

    #[test]
    fn what_becomes_of_a_visit_has_its_time() {
        let (ten, booked) = (at(TEN), visit(TEN, Booked));
        assert!(codes(Some(&booked), &visit(TEN, Cancelled), ten - 1).is_empty());
        assert_eq!(
            codes(Some(&booked), &visit(TEN, Cancelled), ten),
            ["appointment.too_late"]
        );
        assert_eq!(
            codes(Some(&booked), &visit(TEN, NoShow), ten + 1),
            ["appointment.not_over"]
        );
        assert!(codes(Some(&booked), &visit(TEN, NoShow), ten + HOUR_MS / 2).is_empty());
        assert!(codes(Some(&booked), &visit(TEN, CheckedIn), ten - 1).is_empty());
        let seen = visit(TEN, AppointmentStatus::Fulfilled);
        assert!(codes(Some(&visit(TEN, CheckedIn)), &seen, ten + 1).is_empty());
        // who needs rebooking gives up for nothing whenever they like
        assert!(codes(Some(&visit(TEN, Waitlist)), &visit(TEN, Cancelled), ten).is_empty());
        // who comes without having booked did not have to say so before
        assert!(codes(None, &visit(TEN, Arrived), ten).is_empty());
        assert_eq!(
            codes(None, &visit(TEN, Booked), ten),
            ["appointment.lead_time"]
        );
        // nothing else about a visit has a time
        let told = Appointment {
            notes: "told".into(),
            ..visit(TEN, Booked)
        };
        assert!(codes(Some(&booked), &told, ten + 9 * HOUR_MS).is_empty());
    }
}
