//! What a desk may promise of doctors' time by itself, what it refuses, and what it finds free.

use super::*;
use crate::allotment::Lending;
use crate::courier::Courier;
use crate::tests::stand_in::start;
use jiff::civil::{date, time};
use jiff::tz::TimeZone;
use shared::desk::{FreeAsk, FreeSlot};
use shared::ids::DepartmentId;
use shared::scheduling::clinic::{Clinic, Schedule};
use shared::scheduling::leases::{Lease, Lent, Promise};
use shared::staff::Reference;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR_MS: i64 = 3_600_000;
/// The day of [`NOON_MS`], a Monday; the clinic of these tests keeps UTC.
const TODAY: &str = "2027-03-01";

fn doctor(number: u128) -> StaffId {
    StaffId(id(900 + number))
}

fn department() -> DepartmentId {
    DepartmentId(id(800))
}

fn reference() -> Reference {
    let clinic = Clinic::of_zone(TimeZone::UTC);
    let schedule = |number| Schedule::full_week(doctor(number), vec![department()], &clinic);
    Reference {
        version: 3,
        zone: "UTC".into(),
        schedules: vec![schedule(1), schedule(2)],
        ..Reference::default()
    }
}

fn lent(starts: &[&str], tokens: u32) -> Lent {
    Lent {
        practitioner: doctor(1),
        day: starts[0][..10].parse().expect("a day"),
        lease: Lease {
            slots: starts.iter().map(|start| ms(start)).collect(),
            tokens,
        },
    }
}

pub(super) fn ms(start: &str) -> i64 {
    let start: jiff::Timestamp = start.parse().expect("a time");
    start.as_millisecond()
}

/// A time of a day of March.
pub(super) fn on(day: u32, clock: &str) -> String {
    format!("2027-03-{day:02}T{clock}:00Z")
}

/// A desk that knows two doctors and ten patients, and was lent something a moment ago.
pub(super) fn desk(lent: &[Lent]) -> Desk {
    let desk = Desk::new(1);
    for number in 10..20 {
        desk.register(number, "García");
    }
    tell(&desk, lent);
    desk
}

fn tell(desk: &Desk, lent: &[Lent]) {
    let replica = &desk.replica;
    let told = replica.write(Lasting::Yes, |db| {
        meta::REFERENCE.set(db, &reference())?;
        meta::REFERENCE_VERSION.set(db, &3)
    });
    told.expect("written");
    replica.forget_zone();
    replica
        .keep_lent(Lending::of(lent.to_vec(), NOON_MS))
        .expect("written");
    replica.0.heard.note(None, "", None, Now(NOON_MS));
}

pub(super) fn visit(patient: u128, start: &str) -> Value {
    json!({ "patient": record(patient), "practitioner": doctor(1), "department": department(), "ward": ward(),
        "start": start, "minutes": 30, "status": "pending" })
}

/// Books and says what is promised, or the codes of why not.
pub(super) fn book(desk: &Desk, number: u128, draft: Value) -> Result<Row, Vec<String>> {
    let told = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.code).collect();
    desk.save(&new(Kind::Appointment, number, draft))
        .map_err(told)
}

fn status(desk: &Desk, number: u128, draft: Value) -> String {
    let row = book(desk, number, draft).expect("booked");
    row.body["status"].as_str().expect("a status").to_owned()
}

pub(super) fn change(desk: &Desk, row: &Row, draft: Value) -> Result<Row, Vec<String>> {
    let told = |problems: Vec<Problem>| problems.into_iter().map(|problem| problem.code).collect();
    let (kind, id, base) = (row.kind, row.id, Some(row.heads.clone()));
    let held = None;
    desk.save(&Save {
        kind,
        id,
        base,
        draft,
        held,
    })
    .map_err(told)
}

#[test]
fn a_lent_slot_is_promised_without_a_network_and_any_other_is_to_be_confirmed() {
    let own = on(2, "10:00");
    let desk = desk(&[lent(&[&own], 1)]);
    assert_eq!(status(&desk, 50, visit(10, &on(2, "11:00"))), "pending");
    assert_eq!(status(&desk, 51, visit(11, &own)), "booked");
    // whatever the screen thought of it
    let mut sure = visit(12, &on(2, "12:00"));
    sure["status"] = json!("booked");
    assert_eq!(status(&desk, 52, sure), "pending");
    let mut other = visit(13, &own);
    other["practitioner"] = json!(doctor(2));
    assert_eq!(status(&desk, 53, other), "pending");
    // pressed twice it is one, and still promised
    let again = book(&desk, 51, visit(11, &own)).expect("the same");
    assert_eq!(again.body["status"], "booked");
    assert_eq!(desk.unsent().len(), 10 + 4);
}

#[test]
fn what_was_given_away_is_not_promised_again_until_the_hub_says_anew_what_is_lent() {
    let (first, second) = (on(2, "10:00"), on(2, "10:30"));
    let desk = desk(&[lent(&[&first, &second], 1)]);
    let row = book(&desk, 50, visit(10, &first)).expect("booked");
    assert_eq!(row.body["status"], "booked");
    // there is one place for the two, also after an answer that crossed what is unsent
    tell(&desk, &[lent(&[&first, &second], 1)]);
    assert_eq!(status(&desk, 51, visit(11, &second)), "pending");
    let gone = json!({ "status": "cancelled", "cancelReason": "ill" });
    change(&desk, &row, gone).expect("cancelled");
    assert_eq!(status(&desk, 52, visit(12, &first)), "pending");
    // also over a restart
    let desk = desk.reopened();
    desk.replica.0.heard.note(None, "", None, Now(NOON_MS));
    assert_eq!(status(&desk, 53, visit(13, &on(2, "13:00"))), "pending");
    // the hub's answer was written before it knew of what is unsent here
    tell(&desk, &[lent(&[&first, &second], 2)]);
    assert_eq!(
        book(&desk, 54, visit(14, &first)),
        Err(vec!["slot.taken".into()])
    );
    let elsewhere = on(3, "10:00");
    tell(&desk, &[lent(&[&elsewhere], 1)]);
    assert_eq!(status(&desk, 55, visit(15, &elsewhere)), "booked");
}

#[test]
fn a_promise_ends_two_hours_before_and_ten_minutes_earlier_by_a_clock_that_is_not_certain() {
    let starts = [on(1, "11:00"), on(1, "11:30")];
    let lent = lent(&[&starts[0], &starts[1]], 2);
    let sure = desk(std::slice::from_ref(&lent));
    // to the millisecond
    assert_eq!(status(&sure, 50, visit(10, &starts[0])), "booked");
    let unsure = desk(&[lent]).reopened();
    assert_eq!(status(&unsure, 50, visit(10, &starts[0])), "pending");
    assert_eq!(status(&unsure, 51, visit(11, &starts[1])), "booked");
    // a clock that was set since it heard the hub
    let clock = Arc::new(AtomicI64::new(NOON_MS));
    let dir = TempDir::new().expect("a directory");
    let options = Options {
        dir: dir.path().to_owned(),
        key: [7; 32],
        hub: None,
    };
    let at = clock.clone();
    let now: crate::Clock = Arc::new(move || Now(at.load(Ordering::SeqCst)));
    let replica = Replica::open_at(&options, now).expect("it opens");
    replica.0.heard.note(None, "", None, Now(NOON_MS));
    assert_eq!(
        replica.confidence(),
        shared::scheduling::leases::Confidence::Sure
    );
    clock.fetch_add(HOUR_MS, Ordering::SeqCst);
    assert_eq!(
        replica.confidence(),
        shared::scheduling::leases::Confidence::Low
    );
}

#[test]
fn the_rules_of_the_hub_are_asked_before_a_save_and_each_names_its_field() {
    let desk = desk(&[]);
    let check = |change: Value, expect: &[(&str, &str)]| {
        let mut draft = visit(10, &on(2, "10:00"));
        for (member, value) in change.as_object().expect("members") {
            draft[member] = value.clone();
        }
        let checked = desk.replica.check(Kind::Appointment, None, &draft);
        let said = checked.expect("readable").problems;
        let said: Vec<_> = said.iter().map(|it| (&*it.code, &*it.field)).collect();
        assert_eq!(said, expect, "{change}");
        let ask = new(Kind::Appointment, 50, draft);
        if let Err(problems) = desk.save(&ask) {
            let said: Vec<_> = problems.iter().map(|it| (&*it.code, &*it.field)).collect();
            assert_eq!(said, expect, "{change}");
        } else {
            assert_eq!(expect, [], "{change}");
        }
    };
    let lead = ("appointment.lead_time", "start");
    check(json!({ "start": on(1, "10:30") }), &[lead]);
    check(
        json!({ "start": on(2, "08:30") }),
        &[("slot.hours", "start")],
    );
    check(
        json!({ "start": on(2, "09:15") }),
        &[("slot.grid", "start")],
    );
    let closed = ("practitioner.hours", "start");
    check(json!({ "start": on(7, "10:00") }), &[closed]);
    let nobody = ("practitioner.unknown", "practitioner");
    check(json!({ "practitioner": doctor(7) }), &[nobody]);
    let elsewhere = ("department.mismatch", "department");
    check(json!({ "department": ward() }), &[elsewhere]);
    check(
        json!({ "practitioner": null }),
        &[("required", "practitioner")],
    );
    assert!(desk.unsent().len() == 10, "nothing was saved");
    // the last moment at which it is allowed
    check(json!({ "start": on(1, "11:00") }), &[]);
}

#[test]
fn what_this_desk_knows_to_be_taken_it_does_not_give_away_again() {
    let desk = desk(&[]);
    assert_eq!(status(&desk, 50, visit(10, &on(2, "09:00"))), "pending");
    let taken = book(&desk, 51, visit(11, &on(2, "09:00")));
    assert_eq!(taken, Err(vec!["slot.taken".into()]));
    let mut twice = visit(10, &on(2, "09:00"));
    twice["practitioner"] = json!(doctor(2));
    let taken = book(&desk, 51, twice.clone());
    assert_eq!(taken, Err(vec!["patient.taken".into()]));
    twice["start"] = json!(on(2, "09:30"));
    assert_eq!(status(&desk, 51, twice), "pending");
    for nth in 0..7_u128 {
        let start = on(2, &format!("1{}:30", nth));
        assert_eq!(status(&desk, 60 + nth, visit(11 + nth, &start)), "pending");
    }
    let full = book(&desk, 70, visit(18, &on(2, "10:00")));
    assert_eq!(full, Err(vec!["practitioner.day_full".into()]));
    // who gives up makes room
    let row = desk
        .replica
        .row(Kind::Appointment, record(50))
        .expect("readable");
    let gone = json!({ "status": "cancelled", "cancelReason": "ill" });
    change(&desk, &row.expect("there"), gone).expect("cancelled");
    assert_eq!(status(&desk, 70, visit(18, &on(2, "10:00"))), "pending");
}

#[test]
fn places_that_are_lent_are_left_to_the_slots_that_are_lent() {
    let (own, other) = (on(2, "17:00"), on(2, "17:30"));
    let desk = desk(&[lent(&[&own, &other], 2)]);
    for nth in 0..6_u128 {
        let start = on(2, &format!("1{}:00", nth));
        assert_eq!(status(&desk, 50 + nth, visit(10 + nth, &start)), "pending");
    }
    let full = book(&desk, 60, visit(16, &on(2, "09:00")));
    assert_eq!(full, Err(vec!["practitioner.day_full".into()]));
    // one of the day may still be moved within it
    let first = desk.replica.row(Kind::Appointment, record(50));
    let first = first.expect("readable").expect("there");
    let earlier = json!({ "start": on(2, "09:00") });
    change(&desk, &first, earlier).expect("moved");
    assert_eq!(free_on(&desk, TODAY), (14, 0));
    assert_eq!(free_on(&desk, "2027-03-02"), (2, 2));
    assert_eq!(status(&desk, 60, visit(16, &own)), "booked");
    assert_eq!(status(&desk, 61, visit(17, &other)), "booked");
}

/// Slots the first doctor has free on a day, and how many of them are this desk's own.
fn free_on(desk: &Desk, day: &str) -> (usize, usize) {
    let ask = FreeAsk {
        practitioner: Some(doctor(1)),
        not_before: Some(day.into()),
        not_after: Some(day.into()),
        limit: 200,
        ..FreeAsk::default()
    };
    let found = desk.replica.free(&ask).expect("readable");
    let own = found
        .iter()
        .filter(|free| free.promise == Promise::Confirmed);
    (found.len(), own.count())
}

#[test]
fn an_appointment_is_moved_by_the_rules_and_says_again_whether_it_is_promised() {
    let (own, next) = (on(2, "10:00"), on(3, "10:00"));
    let desk = desk(&[lent(&[&own], 1), lent(&[&next], 1)]);
    let row = book(&desk, 50, visit(10, &own)).expect("booked");
    let to = |from: &str, to: &str| json!({ "start": to, "move": [{ "from": from, "to": to, "reason": "work" }] });
    let elsewhere = on(4, "10:00");
    let row = change(&desk, &row, to(&own, &elsewhere)).expect("moved");
    assert_eq!(row.body["status"], "pending");
    let row = change(&desk, &row, to(&elsewhere, &next)).expect("moved");
    assert_eq!(row.body["status"], "booked");
    let third = change(&desk, &row, to(&next, &on(5, "10:00")));
    assert_eq!(third, Err(vec!["appointment.move_limit".into()]));
    // what was refused is no move
    let moves = desk.replica.row(Kind::Appointment, row.id);
    let moves = moves.expect("readable").expect("it is there").body["move"].clone();
    assert_eq!(moves.as_array().map(Vec::len), Some(2));
    // nothing else about it asks for anything
    let told = change(&desk, &row, json!({ "notes": "told" })).expect("saved");
    assert_eq!(told.body["status"], "booked");
    let here = change(&desk, &told, json!({ "status": "arrived" })).expect("saved");
    let back = change(&desk, &here, json!({ "status": "booked" })).expect("taken back");
    assert_eq!(back.body["status"], "booked");
    let early = change(&desk, &back, json!({ "status": "noshow" }));
    assert_eq!(early, Err(vec!["appointment.not_over".into()]));
}

#[test]
fn whoever_lost_a_slot_is_listed_until_they_have_another_and_no_move_is_counted() {
    let (own, lost) = (on(3, "10:00"), on(2, "10:00"));
    let desk = desk(&[lent(&[&own], 1)]);
    let row = book(&desk, 50, visit(10, &lost)).expect("booked");
    assert_eq!(desk.replica.rebooking().expect("readable").len(), 0);
    let row = change(&desk, &row, json!({ "status": "waitlist" })).expect("saved");
    let listed = desk.replica.rebooking().expect("readable");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].appointment.id, row.id);
    assert_eq!(listed[0].patient.as_ref().map(|it| it.id), Some(record(10)));
    // whose slot it was is free for others
    assert_eq!(status(&desk, 51, visit(11, &lost)), "pending");
    let taken = change(&desk, &row, json!({ "status": "pending", "start": lost }));
    assert_eq!(taken, Err(vec!["slot.taken".into()]));
    let offer = json!({ "status": "pending", "start": own, "practitioner": doctor(1) });
    let row = change(&desk, &row, offer).expect("taken");
    assert_eq!(row.body["status"], "booked");
    assert!(row.body["move"].as_array().is_none_or(Vec::is_empty));
    assert_eq!(desk.replica.rebooking().expect("readable").len(), 0);
}

#[test]
fn what_is_found_free_is_just_what_can_be_booked() {
    let own = on(3, "12:00");
    let desk = desk(&[lent(&[&own], 1)]);
    status(&desk, 50, visit(10, &on(2, "10:00")));
    let mut other = visit(11, &on(2, "11:00"));
    other["practitioner"] = json!(doctor(2));
    status(&desk, 51, other);
    let ask = FreeAsk {
        patient: Some(record(11)),
        practitioner: Some(doctor(1)),
        not_after: Some("2027-03-09".into()),
        limit: 200,
        ..FreeAsk::default()
    };
    let found = desk.replica.free(&ask).expect("readable");
    let confirmed: Vec<&FreeSlot> = found
        .iter()
        .filter(|free| free.promise == Promise::Confirmed)
        .collect();
    assert_eq!(confirmed.len(), 1);
    assert_eq!(confirmed[0].start, own);
    let offered: BTreeSet<i64> = found.iter().map(|free| ms(&free.start)).collect();
    let clinic = Clinic::of_zone(TimeZone::UTC);
    let mut allowed = BTreeSet::new();
    for day in date(2027, 3, 1).series(jiff::Span::new().days(1)).take(9) {
        let first = clinic
            .slot_on(day, time(9, 0, 0, 0))
            .expect("a slot")
            .start_ms;
        for start in (-4..40).map(|nth| Now(first + nth * HOUR_MS / 4).rfc3339()) {
            let draft = visit(11, &start);
            let checked = desk.replica.check(Kind::Appointment, None, &draft);
            if checked.expect("readable").problems.is_empty() {
                allowed.insert(ms(&start));
            }
        }
    }
    assert_eq!(offered, allowed);
}

#[test]
fn the_next_free_is_found_with_a_doctor_in_a_department_and_not_before_a_day() {
    let desk = desk(&[]);
    let next = |ask: FreeAsk| {
        let found = desk
            .replica
            .free(&FreeAsk { limit: 1, ..ask })
            .expect("readable");
        found
            .first()
            .map(|free| (free.start.clone(), free.practitioner))
    };
    let soonest = Some((on(1, "11:00"), doctor(1)));
    assert_eq!(next(FreeAsk::default()), soonest);
    status(&desk, 50, visit(10, &on(1, "11:00")));
    let own = FreeAsk {
        practitioner: Some(doctor(1)),
        ..FreeAsk::default()
    };
    assert_eq!(next(own.clone()), Some((on(1, "11:30"), doctor(1))));
    let any = FreeAsk {
        department: Some(department()),
        ..FreeAsk::default()
    };
    assert_eq!(next(any), Some((on(1, "11:00"), doctor(2))));
    let nowhere = FreeAsk {
        department: Some(DepartmentId(id(7))),
        ..FreeAsk::default()
    };
    assert_eq!(next(nowhere), None);
    let later = FreeAsk {
        not_before: Some("2027-03-06".into()),
        ..own.clone()
    };
    assert_eq!(next(later), Some((on(8, "09:00"), doctor(1))));
    // what another desk did is known when it has come
    desk.replica
        .row(Kind::Appointment, record(50))
        .expect("readable")
        .map(|row| {
            change(
                &desk,
                &row,
                json!({ "status": "cancelled", "cancelReason": "ill" }),
            )
        })
        .expect("there")
        .expect("cancelled");
    assert_eq!(next(own), soonest);
}

#[tokio::test]
async fn what_is_lent_comes_with_the_exchange_and_is_asked_again_once_something_was_given_away() {
    let (hub, address) = start();
    let (first, second) = (on(2, "10:00"), on(2, "10:30"));
    hub.ward.lock().expect("free").lent = vec![lent(&[&first], 1)];
    let desk = Desk::new(1);
    let known = desk.replica.write(Lasting::Yes, |db| {
        let device = Device {
            hub: address.clone(),
            ..device(1)
        };
        meta::DEVICE.set(db, &device)?;
        meta::REFERENCE.set(db, &reference())?;
        meta::REFERENCE_VERSION.set(db, &3)
    });
    known.expect("written");
    let asked = || {
        let calls = hub.calls.lock().expect("free");
        calls
            .iter()
            .filter(|path| *path == "/sync/v1/leases")
            .count()
    };
    for _ in 0..2 {
        Courier::round(&desk.replica).await.expect("a round");
        assert_eq!(asked(), 1, "nothing was given away");
    }
    desk.register(10, "García");
    desk.register(11, "Haddad");
    assert_eq!(status(&desk, 50, visit(10, &first)), "booked");
    hub.ward.lock().expect("free").lent = vec![lent(&[&second], 1)];
    Courier::round(&desk.replica).await.expect("a round");
    assert_eq!(asked(), 2);
    assert_eq!(status(&desk, 51, visit(11, &second)), "booked");
}
