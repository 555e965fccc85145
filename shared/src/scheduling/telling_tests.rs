use super::*;
use crate::ids::{DepartmentId, RecordId, StaffId, WardId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use AppointmentStatus::{
    Arrived, Booked, Cancelled as GivenUp, EnteredInError, Fulfilled, NoShow as Missed, Pending,
    Waitlist,
};

const TEN: &str = "2027-03-01T10:00:00Z";
const NOON: &str = "2027-03-01T12:00:00Z";
const HOUR_MS: i64 = 3_600_000;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_millisecond()
}

fn appointment(start: &str, status: AppointmentStatus) -> Appointment {
    let id = Uuid::from_u128;
    Appointment {
        patient: Some(RecordId(id(1))),
        practitioner: Some(StaffId(id(2))),
        department: Some(DepartmentId(id(3))),
        ward: Some(WardId(id(4))),
        start: Some(start.into()),
        minutes: Some(30),
        status,
        ..Appointment::default()
    }
}

/// What is told when an appointment has come to say this, an hour and more before ten.
#[derive(Clone, Copy)]
struct Case<'a> {
    had: bool,
    has: bool,
    steps: &'a [Step],
    t_ms: i64,
}

const QUIET: Case<'static> = Case {
    had: true,
    has: true,
    steps: &[],
    t_ms: 0,
};

fn tell(told: Option<&What>, after: &Appointment, case: Case<'_>) -> Vec<(i64, What)> {
    let changed = Changed {
        after,
        holds: Holds {
            before: case.had,
            now: case.has,
        },
        steps: case.steps,
        t_ms: case.t_ms,
        is_by_hub: false,
        clinic: &Clinic::of_zone(TimeZone::UTC),
    };
    news(told, &changed)
}

fn one(told: Option<&What>, after: &Appointment, case: Case<'_>) -> Option<What> {
    let mut news = tell(told, after, case);
    assert!(news.len() <= 1, "{news:?}");
    news.pop().map(|(_, what)| what)
}

fn scheduled(start: &str) -> What {
    one(None, &appointment(start, Booked), QUIET).expect("it is told")
}

fn short(what: Option<What>) -> &'static str {
    what.map_or("", |what| {
        let name = what.name().strip_prefix("org.wardbook.appointment.");
        name.expect("one of appointments")
    })
}

/// What is told last, by what was told before and what the appointment says now.
#[test]
fn others_are_told_the_difference_and_nothing_twice() {
    let stands = scheduled(TEN);
    let moved = one(Some(&stands), &appointment(NOON, Booked), QUIET);
    let lost = one(Some(&stands), &appointment(TEN, Waitlist), QUIET);
    let gone = one(Some(&stands), &appointment(TEN, GivenUp), QUIET);
    let done = one(Some(&stands), &appointment(TEN, Fulfilled), QUIET);
    let missed = one(Some(&stands), &appointment(TEN, Missed), QUIET);
    let reminded = Some(What::Reminder(
        stands.visit().expect("it is about one").clone(),
    ));
    let stands = Some(stands);
    #[rustfmt::skip]
    let cases = [
        (&None, Booked, "scheduled.v1"), (&None, Arrived, "scheduled.v1"), (&None, Pending, ""), (&None, Waitlist, ""),
        (&None, Fulfilled, "completed.v1"), (&None, Missed, "no_show.v1"), (&None, GivenUp, "cancelled.v1"),
        (&stands, Booked, ""), (&stands, Arrived, ""), (&stands, Pending, ""), (&stands, Waitlist, "needs_rebooking.v1"),
        (&stands, Fulfilled, "completed.v1"), (&stands, Missed, "no_show.v1"), (&stands, GivenUp, "cancelled.v1"),
        (&stands, EnteredInError, "cancelled.v1"), (&reminded, Booked, ""), (&reminded, GivenUp, "cancelled.v1"),
        (&moved, Booked, "rescheduled.v1"), (&lost, Booked, "scheduled.v1"), (&lost, Waitlist, ""), (&lost, GivenUp, "cancelled.v1"),
        (&gone, Booked, "scheduled.v1"), (&gone, GivenUp, ""), (&gone, EnteredInError, ""), (&gone, Fulfilled, "completed.v1"),
        (&done, Fulfilled, ""), (&done, Arrived, ""), (&missed, Missed, ""), (&missed, Arrived, ""), (&missed, Booked, "scheduled.v1"),
        (&missed, Fulfilled, "completed.v1"),
    ];
    for (told, status, expect) in cases {
        let said = one(told.as_ref(), &appointment(TEN, status), QUIET);
        assert_eq!(short(said), expect, "{told:?} and then {status:?}");
    }
}

#[test]
fn an_appointment_without_its_slot_is_not_told_to_stand() {
    let case = Case {
        has: false,
        ..QUIET
    };
    assert_eq!(one(None, &appointment(TEN, Booked), case), None);
    let stands = scheduled(TEN);
    assert_eq!(one(Some(&stands), &appointment(NOON, Booked), case), None);
    // who never had one and gives up has nothing to be told
    let never = Case { had: false, ..case };
    assert_eq!(one(None, &appointment(TEN, GivenUp), never), None);
    // who lost it is told so, also when nothing was told before
    let lost = Appointment {
        lost: Some("slot.taken".into()),
        ..appointment(TEN, Waitlist)
    };
    assert_eq!(short(one(None, &lost, never)), "needs_rebooking.v1");
}

#[test]
fn a_move_says_from_where() {
    let stands = scheduled(TEN);
    let moved = one(Some(&stands), &appointment(NOON, Booked), QUIET);
    let Some(What::Rescheduled(moved)) = moved else {
        unreachable!("it is a move: {moved:?}");
    };
    assert_eq!(moved.from_start.as_millisecond(), at(TEN));
    assert_eq!(moved.visit.start.as_millisecond(), at(NOON));
    assert_eq!(moved.from_practitioner, moved.visit.practitioner);
}

#[test]
fn giving_up_costs_by_when_it_was_done() {
    let stands = scheduled(TEN);
    let fee = |told: Option<&What>, case: Case<'_>, status| {
        let said = one(told, &appointment(TEN, status), case);
        let Some(What::Cancelled(cancelled)) = said else {
            unreachable!("it is given up: {said:?}");
        };
        cancelled.fee
    };
    let left = |ms: i64| Case {
        t_ms: at(TEN) - ms,
        ..QUIET
    };
    assert_eq!(
        fee(Some(&stands), left(2 * HOUR_MS + 1), GivenUp),
        Fee::Nothing
    );
    assert_eq!(fee(Some(&stands), left(2 * HOUR_MS), GivenUp), Fee::Half);
    assert_eq!(fee(Some(&stands), left(1), GivenUp), Fee::Half);
    assert_eq!(fee(Some(&stands), left(0), GivenUp), Fee::Whole);
    assert_eq!(fee(Some(&stands), left(1), EnteredInError), Fee::Nothing);
    let lost = one(Some(&stands), &appointment(TEN, Waitlist), QUIET).expect("it is lost");
    let nothing_had = Case {
        had: false,
        has: false,
        ..left(1)
    };
    assert_eq!(fee(Some(&lost), nothing_had, GivenUp), Fee::Nothing);
    // booked and given up at one desk before anybody heard of it
    let step = |status, t_ms| Step { status, t_ms };
    let steps = [step(Booked, 0), step(GivenUp, at(TEN) - 1)];
    let both = Case {
        steps: &steps,
        ..nothing_had
    };
    assert_eq!(fee(None, both, GivenUp), Fee::Half);
}

#[test]
fn what_a_merge_does_not_show_is_told_all_the_same_and_once() {
    let stands = scheduled(TEN);
    let missed = one(Some(&stands), &appointment(TEN, Missed), QUIET);
    let step = Step {
        status: GivenUp,
        t_ms: at(TEN) - 3 * HOUR_MS,
    };
    let case = Case {
        steps: &[step],
        t_ms: at(NOON),
        ..QUIET
    };
    let news = tell(missed.as_ref(), &appointment(TEN, Missed), case);
    assert_eq!(news.len(), 1, "{news:?}");
    let (at_ms, What::Cancelled(cancelled)) = &news[0] else {
        unreachable!("it is given up: {news:?}");
    };
    assert_eq!((*at_ms, cancelled.fee), (step.t_ms, Fee::Nothing));
    assert!(cancelled.is_contested && news[0].1.is_contested());
    // a visit that two doctors closed differently is told twice, the one that shows last
    let steps = [
        Step {
            status: Missed,
            t_ms: 1,
        },
        Step {
            status: Fulfilled,
            t_ms: 2,
        },
    ];
    let case = Case {
        steps: &steps,
        ..QUIET
    };
    let news = tell(Some(&stands), &appointment(TEN, Fulfilled), case);
    let said: Vec<_> = news
        .iter()
        .map(|(_, what)| (what.name(), what.is_contested()))
        .collect();
    assert_eq!(
        said,
        [
            ("org.wardbook.appointment.no_show.v1", true),
            ("org.wardbook.appointment.completed.v1", false)
        ]
    );
}

#[test]
fn a_patient_is_reminded_a_day_before_unless_told_since() {
    let start = at(TEN);
    let due = |told, now| is_reminder_due(start, told, now);
    let day = 24 * HOUR_MS;
    assert!(!due(None, start - day - 1));
    assert!(due(None, start - day));
    assert!(due(Some(start - day - 1), start - 1));
    assert!(!due(Some(start - day), start - 1));
    assert!(!due(None, start));
}

#[test]
fn who_waits_is_told_of_each_new_offer() {
    let offer = |start: &str| crate::scheduling::Offer {
        id: "1".into(),
        practitioner: Some(StaffId(Uuid::from_u128(5))),
        start: Some(start.into()),
    };
    let waits = |offers: Vec<_>| Appointment {
        practitioner: None,
        offers,
        ..appointment(TEN, Waitlist)
    };
    let none = Case {
        had: false,
        has: false,
        ..QUIET
    };
    assert_eq!(one(None, &waits(Vec::new()), none), None);
    let first = one(None, &waits(vec![offer(TEN)]), none);
    assert_eq!(short(first.clone()), "slot_offered.v1");
    assert_eq!(one(first.as_ref(), &waits(vec![offer(TEN)]), none), None);
    let second = one(first.as_ref(), &waits(vec![offer(NOON)]), none);
    assert_eq!(short(second), "slot_offered.v1");
    // the same for who lost one
    let lost = |offers| Appointment {
        lost: Some("slot.taken".into()),
        offers,
        ..appointment(TEN, Waitlist)
    };
    let told = one(None, &lost(vec![offer(NOON)]), none);
    assert_eq!(short(told.clone()), "needs_rebooking.v1");
    assert_eq!(one(told.as_ref(), &lost(vec![offer(NOON)]), none), None);
    let again = one(told.as_ref(), &lost(vec![offer(TEN)]), none);
    assert_eq!(short(again), "slot_offered.v1");
}
