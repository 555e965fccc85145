//! Every row of RULES 3.5, TIM-4, and its zone vectors.

use super::*;
use crate::ids::StaffId;
use jiff::civil::{Date, date, time};
use jiff::tz::TimeZone;
use uuid::Uuid;

const MINUTE: i64 = 60_000;
const HEART: DepartmentId = DepartmentId(Uuid::from_u128(7));

fn clinic(zone: &str) -> Clinic {
    Clinic::of_zone(TimeZone::get(zone).expect("the zone is known"))
}

fn utc(text: &str) -> i64 {
    let at: Timestamp = text.parse().expect("an instant");
    at.as_millisecond()
}

fn every_day(clinic: &Clinic) -> Schedule {
    let mut schedule = Schedule::full_week(StaffId(Uuid::from_u128(1)), vec![HEART], clinic);
    schedule.hours = std::array::from_fn(|_| schedule.hours[0].clone());
    schedule
}

fn codes(problems: Vec<Problem>) -> Vec<String> {
    problems.into_iter().map(|problem| problem.code).collect()
}

/// Books in a zone at `start`, at the moment `t`.
fn book(zone: &str, start_ms: i64, t_ms: i64, around: Around) -> Vec<String> {
    let clinic = clinic(zone);
    let schedule = every_day(&clinic);
    let ask = Ask {
        clinic: &clinic,
        schedule: &schedule,
        department: HEART,
        start_ms,
        t_ms,
        around,
    };
    may_book(&ask).err().map_or(Vec::new(), codes)
}

fn reschedule(
    zone: &str,
    from_ms: i64,
    moves: usize,
    start_ms: i64,
    t_ms: i64,
) -> Result<bool, Vec<String>> {
    let clinic = clinic(zone);
    let schedule = every_day(&clinic);
    let ask = Ask {
        clinic: &clinic,
        schedule: &schedule,
        department: HEART,
        start_ms,
        t_ms,
        around: Around::default(),
    };
    may_move(from_ms, moves, &ask)
        .map(|moved| moved.inside_fee_window)
        .map_err(codes)
}

const NOON: &str = "2027-03-01T12:00:00Z";

#[test]
fn a_slot_is_booked_two_hours_before() {
    let (zone, s) = ("UTC", utc(NOON));
    let none = Around::default();
    assert!(book(zone, s, s - LEAD_MS, none).is_empty());
    assert_eq!(
        book(zone, s, s - LEAD_MS + 1, none),
        ["appointment.lead_time"]
    );
    assert!(book(zone, s, s - 30 * 24 * HOUR_MS, none).is_empty());
}

#[test]
fn slots_begin_on_the_half_hour_between_nine_and_half_past_five() {
    let day = utc("2027-03-01T00:00:00Z");
    let check = |hour: i64, minute: i64, expect: &[&str]| {
        let start = day + hour * HOUR_MS + minute * MINUTE;
        let said = book("UTC", start, day - HOUR_MS, Around::default());
        assert!(
            expect.iter().all(|code| said.contains(&(*code).to_owned())),
            "{hour}:{minute} {said:?}"
        );
        assert_eq!(
            said.is_empty(),
            expect.is_empty(),
            "{hour}:{minute} {said:?}"
        );
    };
    check(9, 0, &[]);
    check(9, 30, &[]);
    check(17, 30, &[]);
    check(18, 0, &["slot.hours"]);
    check(8, 30, &["slot.hours"]);
    check(9, 15, &["slot.grid"]);
    check(17, 45, &["slot.hours"]);
    // one second off
    assert_eq!(
        clinic("UTC")
            .slot_at(day + 9 * HOUR_MS + 1_000)
            .map_err(|it| it.code),
        Err("slot.grid".into())
    );
}

#[test]
fn a_refusal_says_what_would_be_allowed() {
    let problem = clinic("UTC")
        .slot_at(utc("2027-03-01T09:15:00Z"))
        .expect_err("off the grid");
    assert_eq!(
        (
            problem.with["before"].as_str(),
            problem.with["after"].as_str()
        ),
        ("09:00", "09:30")
    );
    let problem = clinic("UTC")
        .slot_at(utc("2027-03-01T18:00:00Z"))
        .expect_err("closed");
    assert_eq!(
        (
            problem.with["opens"].as_str(),
            problem.with["last"].as_str()
        ),
        ("09:00", "17:30")
    );
    let s = utc(NOON);
    let clinic = clinic("UTC");
    let schedule = every_day(&clinic);
    let ask = Ask {
        clinic: &clinic,
        schedule: &schedule,
        department: HEART,
        start_ms: s,
        t_ms: s - HOUR_MS,
        around: Around::default(),
    };
    let problems = may_book(&ask).expect_err("too soon");
    assert_eq!(problems[0].with["earliest"], "2027-03-01T13:00:00Z");
}

#[test]
fn an_appointment_is_not_moved_within_the_last_hour() {
    let (from, to) = (utc(NOON), utc("2027-03-02T12:00:00Z"));
    assert_eq!(
        reschedule("UTC", from, 0, to, from - HOUR_MS),
        Err(vec!["appointment.within_1h".into()])
    );
    assert_eq!(reschedule("UTC", from, 0, to, from - HOUR_MS - 1), Ok(true));
    // later, but not when cancelling would cost nothing
    assert_eq!(
        reschedule("UTC", from, 0, to, from - FREE_CANCEL_MS),
        Ok(true)
    );
    assert_eq!(
        reschedule("UTC", from, 0, to, from - FREE_CANCEL_MS - 1),
        Ok(false)
    );
}

#[test]
fn the_new_slot_keeps_the_lead() {
    let (from, to) = (utc("2027-03-02T12:00:00Z"), utc(NOON));
    assert_eq!(reschedule("UTC", from, 0, to, to - LEAD_MS), Ok(false));
    assert_eq!(
        reschedule("UTC", from, 0, to, to - LEAD_MS + 1),
        Err(vec!["appointment.lead_time".into()])
    );
}

#[test]
fn an_appointment_is_moved_twice_and_never_to_where_it_is() {
    let (from, to, t) = (
        utc(NOON),
        utc("2027-03-02T12:00:00Z"),
        utc("2027-02-20T12:00:00Z"),
    );
    assert!(reschedule("UTC", from, 0, to, t).is_ok());
    assert!(reschedule("UTC", from, 1, to, t).is_ok());
    assert_eq!(
        reschedule("UTC", from, 2, to, t),
        Err(vec!["appointment.move_limit".into()])
    );
    assert_eq!(
        reschedule("UTC", from, 0, from, t),
        Err(vec!["appointment.same_slot".into()])
    );
}

#[test]
fn cancelling_costs_half_from_two_hours_before_and_ends_at_the_start() {
    let s = utc(NOON);
    let check = |t: i64, expect: Result<Fee, &str>| {
        assert_eq!(
            cancellation(s, t).map_err(|it| it.code),
            expect.map_err(str::to_owned),
            "{}",
            s - t
        );
    };
    check(s - FREE_CANCEL_MS - 1, Ok(Fee::Nothing));
    check(s - FREE_CANCEL_MS, Ok(Fee::Half));
    check(s - 1, Ok(Fee::Half));
    check(s, Err("appointment.too_late"));
    check(s + 1, Err("appointment.too_late"));
}

#[test]
fn a_no_show_is_marked_once_the_slot_has_ended() {
    let end = utc(NOON);
    assert_eq!(may_mark_no_show(end, end), Ok(Fee::Whole));
    assert_eq!(
        may_mark_no_show(end, end - 1).map_err(|it| it.code),
        Err("appointment.not_over".into())
    );
    assert_eq!(no_show(end, end - 1, None), NoShow::NotYet);
    assert_eq!(no_show(end, end, None), NoShow::Automatic);
    assert_eq!(no_show(end, end, Some(end)), NoShow::Automatic);
    assert_eq!(
        no_show(end, end + HOUR_MS, Some(end - 1)),
        NoShow::Unresolved
    );
}

#[test]
fn a_doctor_sees_eight_on_a_day_and_one_at_a_time() {
    let (s, t) = (utc(NOON), utc("2027-02-20T12:00:00Z"));
    let around = |doctor_is_taken, patient_is_taken, counted| Around {
        doctor_is_taken,
        patient_is_taken,
        counted,
    };
    assert!(book("UTC", s, t, around(false, false, 7)).is_empty());
    assert_eq!(
        book("UTC", s, t, around(false, false, 8)),
        ["practitioner.day_full"]
    );
    assert_eq!(book("UTC", s, t, around(true, false, 3)), ["slot.taken"]);
    assert_eq!(book("UTC", s, t, around(false, true, 3)), ["patient.taken"]);
    assert_eq!(
        book("UTC", s, t, around(true, true, 8)),
        ["slot.taken", "patient.taken", "practitioner.day_full"]
    );
}

#[test]
fn slots_that_touch_do_not_overlap() {
    let clinic = clinic("UTC");
    let slot = |text: &str| clinic.slot_at(utc(text)).expect("a slot");
    let (nine, half, ten) = (
        slot("2027-03-01T09:00:00Z"),
        slot("2027-03-01T09:30:00Z"),
        slot("2027-03-01T10:00:00Z"),
    );
    assert!(!nine.overlaps(&half) && !half.overlaps(&nine) && !nine.overlaps(&ten));
    assert!(nine.overlaps(&nine));
}

#[test]
fn a_doctor_sees_patients_of_their_department_in_their_hours() {
    let (clinic, t_ms) = (clinic("UTC"), utc("2027-02-20T12:00:00Z"));
    let mut schedule = Schedule::full_week(StaffId(Uuid::from_u128(1)), vec![HEART], &clinic);
    schedule.breaks.push(crate::scheduling::clinic::Hours {
        from: time(12, 0, 0, 0),
        to: time(13, 0, 0, 0),
    });
    schedule.leave.push((date(2027, 3, 3), date(2027, 3, 5)));
    let check = |department: u128, start: &str, expect: &[&str]| {
        let department = DepartmentId(Uuid::from_u128(department));
        let ask = Ask {
            clinic: &clinic,
            schedule: &schedule,
            department,
            start_ms: utc(start),
            t_ms,
            around: Around::default(),
        };
        assert_eq!(
            may_book(&ask).err().map_or(Vec::new(), codes),
            expect,
            "{start}"
        );
    };
    check(7, "2027-03-01T11:30:00Z", &[]);
    check(8, "2027-03-01T11:30:00Z", &["department.mismatch"]);
    check(7, "2027-03-01T12:00:00Z", &["practitioner.break"]);
    check(7, "2027-03-01T12:30:00Z", &["practitioner.break"]);
    check(7, "2027-03-01T13:00:00Z", &[]);
    check(7, "2027-03-02T09:00:00Z", &[]);
    check(7, "2027-03-03T09:00:00Z", &["practitioner.leave"]);
    check(7, "2027-03-05T17:30:00Z", &["practitioner.leave"]);
    // a Saturday
    check(7, "2027-03-06T09:00:00Z", &["practitioner.hours"]);
}

#[test]
fn london_on_the_day_clocks_go_forward() {
    let s = clinic("Europe/London")
        .slot_on(date(2027, 3, 28), time(10, 0, 0, 0))
        .expect("a slot");
    assert_eq!(s.start_ms, utc("2027-03-28T09:00:00Z"));
    let start = s.start_ms;
    assert!(
        book(
            "Europe/London",
            start,
            utc("2027-03-28T07:00:00Z"),
            Around::default()
        )
        .is_empty()
    );
    assert_eq!(
        book(
            "Europe/London",
            start,
            utc("2027-03-28T07:00:00Z") + 1,
            Around::default()
        ),
        ["appointment.lead_time"]
    );
    let later = utc("2027-03-29T09:00:00Z");
    assert_eq!(
        reschedule(
            "Europe/London",
            start,
            0,
            later,
            utc("2027-03-28T08:00:00Z")
        ),
        Err(vec!["appointment.within_1h".into()])
    );
    assert_eq!(
        length_of(&clinic("Europe/London"), date(2027, 3, 28)),
        23 * 60
    );
}

#[test]
fn new_york_on_the_days_clocks_change() {
    let clinic = clinic("America/New_York");
    let nine = time(9, 0, 0, 0);
    let back = clinic.slot_on(date(2026, 11, 1), nine).expect("a slot");
    assert_eq!(back.start_ms, utc("2026-11-01T14:00:00Z"));
    assert_eq!(
        cancellation(back.start_ms, utc("2026-11-01T12:00:00Z")),
        Ok(Fee::Half)
    );
    assert_eq!(
        cancellation(back.start_ms, utc("2026-11-01T12:00:00Z") - 1),
        Ok(Fee::Nothing)
    );
    assert_eq!(length_of(&clinic, date(2026, 11, 1)), 25 * 60);
    let twice = clinic
        .slot_on(date(2026, 11, 1), time(1, 30, 0, 0))
        .expect_err("it occurs twice");
    assert_eq!(
        (
            twice.code.as_str(),
            twice.with["first"].as_str(),
            twice.with["second"].as_str()
        ),
        ("start.twice", "-04", "-05")
    );
    let forward = clinic.slot_on(date(2027, 3, 14), nine).expect("a slot");
    assert_eq!(forward.start_ms, utc("2027-03-14T13:00:00Z"));
    let line = utc("2027-03-14T11:00:00Z");
    assert_eq!(cancellation(forward.start_ms, line - 1), Ok(Fee::Nothing));
    assert_eq!(cancellation(forward.start_ms, line), Ok(Fee::Half));
    let gap = clinic
        .slot_on(date(2027, 3, 14), time(2, 30, 0, 0))
        .expect_err("it does not exist");
    assert_eq!(gap.code, "start.no_such_time");
}

#[test]
fn kolkata_to_the_millisecond() {
    let zone = "Asia/Kolkata";
    let s = clinic(zone)
        .slot_on(date(2026, 12, 1), time(10, 0, 0, 0))
        .expect("a slot")
        .start_ms;
    assert_eq!(s, utc("2026-12-01T04:30:00Z"));
    let line = utc("2026-12-01T02:30:00Z");
    assert_eq!(cancellation(s, line - 1), Ok(Fee::Nothing));
    assert_eq!(cancellation(s, line), Ok(Fee::Half));
    assert!(book(zone, s, line, Around::default()).is_empty());
    assert_eq!(
        book(zone, s, line + 1, Around::default()),
        ["appointment.lead_time"]
    );
    let (later, hour) = (s + 24 * HOUR_MS, utc("2026-12-01T03:30:00Z"));
    assert_eq!(reschedule(zone, s, 0, later, hour - 1), Ok(true));
    assert_eq!(
        reschedule(zone, s, 0, later, hour),
        Err(vec!["appointment.within_1h".into()])
    );
}

#[test]
fn every_day_of_every_kind_has_its_eighteen_slots() {
    let check = |zone: &str, day: Date, minutes: i64| {
        let clinic = clinic(zone);
        let slots = clinic.day(day);
        assert_eq!(slots.len(), 18, "{zone} {day}");
        assert!(
            slots.windows(2).all(|two| two[0].end_ms == two[1].start_ms),
            "{zone} {day}"
        );
        assert_eq!(length_of(&clinic, day), minutes, "{zone} {day}");
    };
    check("Australia/Lord_Howe", date(2027, 4, 4), 24 * 60 + 30);
    check("Australia/Lord_Howe", date(2027, 10, 3), 23 * 60 + 30);
    check("Europe/London", date(2028, 2, 29), 24 * 60);
    check("Europe/London", date(2027, 12, 31), 24 * 60);
    check("America/New_York", date(2026, 11, 1), 25 * 60);
}

/// Returns the length of a local day in minutes.
fn length_of(clinic: &Clinic, day: Date) -> i64 {
    let midnight = |day: Date| {
        let zoned = day.to_zoned(clinic.zone.clone()).expect("midnight exists");
        zoned.timestamp().as_millisecond()
    };
    (midnight(day.tomorrow().expect("there is one")) - midnight(day)) / MINUTE
}
