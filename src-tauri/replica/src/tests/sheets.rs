//! The diary, and what is noted when somebody comes.

use super::reading::visit;
use super::*;
use shared::desk::{Diary, DiaryAsk, Visit};
use shared::ids::DepartmentId;
use shared::scheduling::clinic::{Clinic, Hours, Schedule};
use shared::scheduling::sheet::{Place, Sheet};

const HEART: u128 = 5;
const DOCTOR: u128 = 201;

/// A desk that knows one doctor, who has a break at noon. It is nine o'clock on a Monday.
fn desk() -> Desk {
    let desk = Desk::new(1);
    let clinic = Clinic::of_zone(jiff::tz::TimeZone::UTC);
    let mut doctor = Schedule::full_week(
        StaffId(id(DOCTOR)),
        vec![DepartmentId(id(HEART)), DepartmentId(id(6))],
        &clinic,
    );
    doctor.breaks = vec![Hours {
        from: jiff::civil::time(12, 0, 0, 0),
        to: jiff::civil::time(13, 0, 0, 0),
    }];
    let reference = shared::staff::Reference {
        zone: "UTC".into(),
        schedules: vec![doctor],
        ..Default::default()
    };
    desk.replica
        .write(Lasting::Yes, |db| meta::REFERENCE.set(db, &reference))
        .unwrap();
    desk.register(10, "García");
    desk
}

fn book(desk: &Desk, number: u128, start: &str, more: Value) -> Row {
    let mut draft = visit(start);
    let members = draft.as_object_mut().expect("an object");
    members.extend(more.as_object().cloned().unwrap_or_default());
    desk.save(&new(Kind::Appointment, number, draft))
        .expect("it is sound")
}

fn ask(from: &str, days: u32) -> DiaryAsk {
    DiaryAsk {
        practitioner: None,
        department: Some(DepartmentId(id(HEART))),
        from: from.into(),
        days,
    }
}

fn times(sheet: &Sheet, is: Place) -> Vec<&str> {
    let of = sheet.places.iter().filter(|place| place.is == is);
    of.map(|place| place.time.as_str()).collect()
}

fn ids(visits: &[Visit]) -> Vec<RecordId> {
    visits.iter().map(|visit| visit.appointment.id).collect()
}

#[test]
fn a_diary_has_every_slot_of_its_doctors_and_what_they_have_in_other_departments() {
    let desk = desk();
    book(&desk, 30, "2027-03-02T09:30:00Z", json!({}));
    // in another department, and of another ward
    book(
        &desk,
        31,
        "2027-03-02T10:00:00Z",
        json!({ "department": id(6), "ward": id(2), "status": "pending" }),
    );
    book(
        &desk,
        32,
        "2027-03-02T11:00:00Z",
        json!({ "status": "cancelled", "cancelReason": "rang" }),
    );
    book(&desk, 33, "2027-03-03T09:00:00Z", json!({}));
    // somebody else's, elsewhere
    book(
        &desk,
        34,
        "2027-03-02T11:00:00Z",
        json!({ "practitioner": id(202), "department": id(7), "status": "cancelled", "cancelReason": "rang" }),
    );
    let Diary { visits, sheets } = desk.replica.diary(&ask("2027-03-02", 1)).unwrap();
    assert_eq!(ids(&visits), [record(30), record(31), record(32)]);
    assert_eq!(visits[0].patient.as_ref().unwrap().id, record(10));
    assert_eq!(sheets.len(), 1);
    assert_eq!(times(&sheets[0], Place::Taken), ["09:30", "10:00"]);
    assert_eq!(times(&sheets[0], Place::Break), ["12:00", "12:30"]);
    assert_eq!(
        (sheets[0].counted, times(&sheets[0], Place::Free).len()),
        (2, 14)
    );
    let week = desk.replica.diary(&ask("2027-03-01", 60)).unwrap();
    assert_eq!(week.sheets.len(), 7);
    assert_eq!(week.visits.len(), 4);
    assert_eq!(times(&week.sheets[5], Place::Closed).len(), 18);
    let of_doctor = DiaryAsk {
        practitioner: Some(StaffId(id(202))),
        department: None,
        ..ask("2027-03-02", 1)
    };
    // whose hours nobody told: the visits are shown all the same
    let diary = desk.replica.diary(&of_doctor).unwrap();
    assert_eq!(
        (ids(&diary.visits), diary.sheets.len()),
        (vec![record(34)], 0)
    );
    assert_eq!(
        desk.replica.diary(&ask("soon", 1)).unwrap(),
        Diary::default()
    );
}

#[test]
fn who_comes_gets_the_moment_and_the_next_number_of_the_department() {
    let desk = desk();
    let first = book(&desk, 30, "2027-03-01T11:00:00Z", json!({}));
    let second = book(&desk, 31, "2027-03-01T11:30:00Z", json!({}));
    let tomorrow = book(&desk, 32, "2027-03-02T11:00:00Z", json!({}));
    let noted = |row: &Row| (row.body["arrived"].clone(), row.body["queue"].clone());
    let arrive = |row: &Row| desk.edit(row, json!({ "status": "arrived" }));
    let now = json!("2027-03-01T09:00:00Z");
    let second = arrive(&second);
    assert_eq!(noted(&second), (now.clone(), json!(1)));
    assert_eq!(noted(&arrive(&first)), (now.clone(), json!(2)));
    assert_eq!(noted(&arrive(&tomorrow)), (now.clone(), json!(1)));
    let in_room = desk.edit(&second, json!({ "status": "checked-in" }));
    assert_eq!(noted(&in_room), (now, json!(1)));
    let back = desk.edit(&in_room, json!({ "status": "booked" }));
    assert_eq!(noted(&back), (Value::Null, Value::Null));
}

#[test]
fn who_came_without_a_time_gets_the_slot_that_is_running_and_pressing_twice_is_one_visit() {
    let desk = desk();
    let draft = json!({ "patient": record(10), "practitioner": id(DOCTOR), "department": id(HEART),
        "ward": ward(), "status": "arrived", "reason": "dizzy" });
    let row = desk
        .save(&new(Kind::Appointment, 40, draft.clone()))
        .expect("the doctor is there");
    assert_eq!(row.body["start"], "2027-03-01T09:00:00Z");
    assert_eq!(row.body["minutes"], 30);
    assert_eq!(row.body["queue"], 1);
    let again = desk.save(&new(Kind::Appointment, 40, draft.clone()));
    assert_eq!(again.expect("the same").heads, row.heads);
    // another is another visit, in the same slot
    let other = desk.save(&new(Kind::Appointment, 41, draft.clone()));
    assert_eq!(other.expect("taken too").body["queue"], 2);
    let check = |draft: &Value| {
        let checked = desk.replica.check(Kind::Appointment, None, draft);
        let problems = checked.expect("readable").problems;
        problems
            .iter()
            .map(|problem| format!("{} {}", problem.code, problem.field))
            .collect::<Vec<_>>()
    };
    assert!(check(&draft).is_empty());
    let blank = json!({ "patient": record(10), "status": "arrived", "ward": ward() });
    assert_eq!(
        check(&blank),
        ["required department", "required practitioner"]
    );
    let mut nobody = draft;
    nobody["practitioner"] = json!(id(299));
    let refused = desk.save(&new(Kind::Appointment, 42, nobody));
    assert_eq!(codes(&refused.unwrap_err()), ["practitioner.unknown"]);
}

#[test]
fn nobody_is_marked_as_not_come_before_the_slot_is_over() {
    let desk = desk();
    let row = book(&desk, 30, "2027-03-01T11:00:00Z", json!({}));
    let missed = Save {
        base: Some(row.heads.clone()),
        ..new(Kind::Appointment, 30, json!({ "status": "noshow" }))
    };
    let refused = desk.save(&missed).expect_err("it has not begun");
    assert_eq!(codes(&refused), ["appointment.not_over"]);
    assert_eq!(refused[0].with["end"], "2027-03-01T11:30:00Z");
}
