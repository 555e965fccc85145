use super::*;
use shared::desk::SyncState;
use shared::staff::{Reference, Ward};

#[test]
fn a_save_is_flushed_before_it_is_answered() {
    let desk = Desk::new(1);
    desk.replica
        .write(Lasting::Yes, |db| {
            let level: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            assert_eq!(
                level, 2,
                "synchronous is FULL in every transaction of a person"
            );
            Ok(())
        })
        .unwrap();
    desk.replica
        .write(Lasting::Refetchable, |_| Ok(()))
        .unwrap();
    desk.replica
        .write(Lasting::Yes, |db| {
            let level: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            assert_eq!(level, 2, "and again after one that was not");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_new_patient_gets_a_number_and_waits_to_be_sent() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García López");
    assert_eq!(row.body["mrn"], shared::patients::mrn(1_000));
    assert_eq!(row.state, SyncState::Saved);
    assert_eq!(row.changed_by, Some(desk.actor.staff));
    let waiting = desk.replica.waiting().unwrap();
    assert_eq!((waiting.len(), waiting[0].is_new), (1, true));
    assert_eq!(waiting[0].patient_name, "García López, Ana María");
    assert_eq!(
        desk.register(11, "Silva").body["mrn"],
        shared::patients::mrn(1_001)
    );
}

#[test]
fn pressing_save_twice_makes_one_record() {
    let desk = Desk::new(1);
    let first = desk.register(10, "García");
    let again = desk
        .save(&new(Kind::Patient, 10, person("García")))
        .unwrap();
    assert_eq!(first.heads, again.heads);
    assert_eq!(desk.unsent().len(), 1);
    let other = desk.save(&new(Kind::Patient, 10, person("Another")));
    assert_eq!(codes(&other.unwrap_err()), ["record.exists"]);
}

#[test]
fn two_records_with_the_same_words_are_two_changes() {
    let desk = Desk::new(1);
    desk.replica
        .write(Lasting::Yes, |db| meta::NUMBERS.clear(db))
        .unwrap();
    desk.register(10, "García");
    desk.register(11, "García");
    let hashes: Vec<_> = desk.unsent().iter().map(|item| item.hash).collect();
    assert!(hashes.len() == 2 && hashes[0] != hashes[1]);
}

#[test]
fn saving_what_was_not_changed_answers_with_what_is_there() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let again = desk.edit(&row, row.body.clone());
    assert_eq!(row.heads, again.heads);
    assert_eq!(desk.unsent().len(), 1);
}

#[test]
fn a_form_merges_against_the_version_it_was_opened_on() {
    let desk = Desk::new(1);
    let opened = desk.register(10, "García");
    desk.edit(&opened, json!({ "bed": "A-12" }));
    let merged = desk.edit(&opened, json!({ "bloodGroup": "A+" }));
    assert_eq!(
        (&merged.body["bed"], &merged.body["bloodGroup"]),
        (&json!("A-12"), &json!("A+"))
    );
}

#[test]
fn an_unsound_draft_changes_nothing_and_names_the_field() {
    let desk = Desk::new(1);
    let wrong = desk.save(&new(
        Kind::Patient,
        10,
        json!({ "birthDate": "2099-01-01", "name": [] }),
    ));
    let problems = wrong.unwrap_err();
    assert_eq!(
        codes(&problems),
        ["patient.name_required", "birth_date.in_future"]
    );
    assert!(desk.row(10).is_none() && desk.unsent().is_empty());
    assert_eq!(
        desk.register(11, "Silva").body["mrn"],
        shared::patients::mrn(1_000),
        "no number was used up"
    );
}

#[test]
fn a_ward_that_the_hospital_does_not_have_is_refused_at_the_desk() {
    let desk = Desk::new(1);
    let in_ward = |id, ward: WardId| {
        let draft = json!({ "name": [{ "family": "Silva" }], "ward": ward });
        desk.save(&new(Kind::Patient, id, draft))
    };
    let (known, other) = (WardId(Uuid::from_u128(901)), WardId(Uuid::from_u128(902)));
    assert!(in_ward(10, other).is_ok(), "it was told of no wards yet");
    let reference = Reference {
        wards: vec![Ward {
            id: known,
            name: "Surgical B".into(),
        }],
        ..Default::default()
    };
    let told = |db: &rusqlite::Transaction<'_>| meta::REFERENCE.set(db, &reference);
    desk.replica.write(Lasting::Yes, told).unwrap();
    assert!(in_ward(11, known).is_ok());
    let problems = in_ward(12, other).unwrap_err();
    assert_eq!(codes(&problems), ["ward.unknown"]);
    assert_eq!(problems[0].field, "ward");
}

#[test]
fn who_may_not_write_a_field_is_told_which() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let clerk = actor(2, &[Role::Reception], &device(1));
    let ask = Save {
        kind: Kind::Patient,
        id: row.id,
        base: Some(row.heads),
        draft: json!({ "bloodGroup": "A+" }),
        held: None,
    };
    match desk.replica.save(&clerk, &ask).unwrap() {
        SaveAnswer::Problems { problems } => assert_eq!(
            (codes(&problems), problems[0].field.as_str()),
            (vec!["not_allowed"], "bloodGroup")
        ),
        SaveAnswer::Saved { .. } => panic!("a clerk wrote a blood group"),
    }
}

#[test]
fn without_numbers_a_patient_is_saved_and_gets_one_later() {
    let desk = Desk::new(1);
    desk.replica
        .write(Lasting::Yes, |db| meta::NUMBERS.clear(db))
        .unwrap();
    assert_eq!(desk.register(10, "García").body["mrn"], Value::Null);
    desk.replica
        .write(Lasting::Yes, |db| {
            meta::NUMBERS.set(
                db,
                &vec![NumberBlock {
                    from: 77,
                    until: 99,
                }],
            )
        })
        .unwrap();
    desk.replica.give_numbers_late().unwrap();
    assert_eq!(desk.row(10).unwrap().body["mrn"], shared::patients::mrn(77));
    assert_eq!(desk.unsent().len(), 2);
    desk.replica.give_numbers_late().unwrap();
    assert_eq!(desk.unsent().len(), 2, "once");
}

fn order() -> Value {
    json!({ "patient": record(10), "ward": ward(), "authoredOn": "2027-03-01T09:00:00Z",
        "line": [{ "medicine": "Paracetamol", "dose": "1", "unit": "g", "route": "oral", "frequency": "QID" }] })
}

#[test]
fn a_signature_is_bound_to_the_words_on_the_screen() {
    use shared::prescriptions::Standing;
    let desk = Desk::new(1);
    desk.register(10, "García");
    let drafted = desk.save(&new(Kind::Prescription, 20, order())).unwrap();
    assert_eq!(drafted.standing, Some(Standing::Unsigned));
    let changed = desk.edit(&drafted, json!({ "notes": "after food" }));
    let old = desk
        .replica
        .sign(&desk.actor, record(20), &drafted.heads)
        .unwrap();
    assert!(
        matches!(old, SaveAnswer::Problems { problems } if codes(&problems) == ["signature.moved"])
    );
    let nurse = actor(3, &[Role::Nurse], &device(1));
    let refused = desk
        .replica
        .sign(&nurse, record(20), &changed.heads)
        .unwrap();
    assert!(
        matches!(refused, SaveAnswer::Problems { problems } if codes(&problems) == ["not_allowed"])
    );
    let SaveAnswer::Saved { row } = desk
        .replica
        .sign(&desk.actor, record(20), &changed.heads)
        .unwrap()
    else {
        panic!("a doctor may sign")
    };
    assert_eq!(
        (row.standing, &row.body["status"]),
        (Some(Standing::Signed), &json!("active"))
    );
    let again = desk.edit(&row, json!({ "notes": "before food" }));
    assert_eq!(again.standing, Some(Standing::ChangedSinceSigned));
}

#[test]
fn a_disagreement_is_settled_as_it_was_on_the_screen() {
    let desk = Desk::new(1);
    let settle = |value: &str, heads: &str| {
        let (kind, id) = (Kind::Patient, record(10));
        let answer = desk
            .replica
            .resolve(&desk.actor, kind, id, "bed", &json!(value), heads);
        answer.expect("the disk is sound")
    };
    let is_refused = |answer| matches!(answer, SaveAnswer::Problems { problems } if codes(&problems) == ["conflict.moved"]);
    let row = desk.register(10, "García");
    desk.edit(&row, json!({ "bed": "A-1" }));
    let seen = desk.edit(&row, json!({ "bed": "B-2" }));
    assert_eq!(seen.conflicts, 1);
    desk.edit(&row, json!({ "bed": "C-3" }));
    assert!(
        is_refused(settle("A-1", &seen.heads)),
        "nobody has looked at C-3"
    );
    assert_eq!(desk.row(10).unwrap().conflicts, 1);

    let seen = desk.row(10).unwrap();
    desk.edit(&seen, json!({ "bloodGroup": "A+" }));
    let SaveAnswer::Saved { row } = settle("A-1", &seen.heads) else {
        panic!("another field has nothing to do with it")
    };
    assert_eq!((row.conflicts, &row.body["bed"]), (0, &json!("A-1")));
    desk.edit(&row, json!({ "bed": "D-4" }));
    assert!(
        is_refused(settle("C-3", &row.heads)),
        "undoing would write over D-4"
    );
    assert!(is_refused(settle("C-3", &"00".repeat(32))));
    assert_eq!(desk.row(10).unwrap().body["bed"], "D-4");
}

#[test]
fn everything_is_there_after_opening_again() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let row = desk.edit(&row, json!({ "bed": "A-12" }));
    let desk = desk.reopened();
    assert_eq!(desk.row(10).unwrap(), row);
    assert_eq!(desk.unsent().len(), 2);
    assert!(desk.replica.status().unwrap().notice.is_none());
}

#[test]
fn two_programs_cannot_have_one_replica() {
    let desk = Desk::new(1);
    assert!(matches!(
        open_with(desk.dir.path(), [7; 32], None),
        Err(crate::Error::Busy)
    ));
}

#[test]
fn what_is_settled_has_a_place_in_the_record() {
    let desk = Desk::new(1);
    let row = desk.register(1, "García");
    for path in [
        "name/",
        "",
        "/",
        "name/1 2/family",
        "name/00001.1.0/a/b",
        "nöte",
    ] {
        let value = json!({ "family": "Other" });
        let answer =
            desk.replica
                .resolve(&desk.actor, Kind::Patient, row.id, path, &value, &row.heads);
        let SaveAnswer::Problems { problems } = answer.unwrap() else {
            unreachable!("{path} is written");
        };
        assert!(
            codes(&problems).contains(&"change.shape"),
            "{path}: {problems:?}"
        );
    }
    assert_eq!(desk.unsent().len(), 1, "nothing but the registration waits");
}
