use super::*;
use shared::desk::Likely;
use shared::matching::Grade;
use shared::matching::evidence::Reason;

fn likely(desk: &Desk, draft: &Value) -> Vec<Likely> {
    desk.replica.likely(draft).expect("readable")
}

fn ids(likely: &[Likely]) -> Vec<RecordId> {
    likely.iter().map(|one| one.row.id).collect()
}

/// A desk with García, her twin, her daughter of the same name, and others.
fn desk() -> Desk {
    let desk = Desk::new(1);
    let with = |number: u128, changes: Value| {
        let mut body = person("García");
        for (field, value) in changes.as_object().expect("fields").clone() {
            body[field] = value;
        }
        desk.save(&new(Kind::Patient, number, body)).expect("sound");
    };
    with(10, json!({ "nationalId": "6405545819" }));
    with(
        11,
        json!({ "name": [{ "family": "García", "given": "Beatriz" }] }),
    );
    with(12, json!({ "birthDate": "2011-10-28" }));
    with(
        13,
        json!({ "birthDate": "1951-11-20", "name": [{ "family": "Okafor", "given": "Chinedu" }], "telecom": [] }),
    );
    desk
}

#[test]
fn who_is_registered_again_is_shown_with_the_reasons_and_without_a_network() {
    let desk = desk();
    let check = |changes: Value, grade: Grade, reason: Reason| {
        let mut draft = person("García");
        for (field, value) in changes.as_object().expect("fields").clone() {
            draft[field] = value;
        }
        let found = likely(&desk, &draft);
        assert_eq!(found[0].row.id, record(10), "{changes}");
        // her twin and her daughter at most as something to look at
        let others: Vec<Grade> = found[1..].iter().map(|one| one.likeness.grade).collect();
        assert!(others.iter().all(|of| *of == Grade::Possible), "{found:?}");
        assert_eq!(found[0].likeness.grade, grade, "{changes}: {found:?}");
        assert!(
            found[0].likeness.reasons.contains(&reason),
            "{changes}: {found:?}"
        );
    };
    check(json!({}), Grade::Certain, Reason::PhoneSame);
    check(
        json!({ "birthDate": "1984-05-03" }),
        Grade::Certain,
        Reason::BirthSwapped,
    );
    check(
        json!({ "name": [{ "family": "Ana Maria", "given": "Garzia" }] }),
        Grade::Probable,
        Reason::NameOrder,
    );
    // by the birth date alone: no letter of the name is the same
    check(
        json!({ "name": [{ "family": "Гарсиа", "given": "Ана Мария" }], "telecom": [] }),
        Grade::Probable,
        Reason::BirthSame,
    );
    // by the card alone
    check(
        json!({ "nationalId": "6405545819", "birthDate": "1990-01-01", "telecom": [] }),
        Grade::Probable,
        Reason::IdSame,
    );
    // by the phone alone, as people say it
    check(
        json!({ "name": [{ "family": "Gracía", "given": "Ana María" }], "birthDate": "1984-03-06", "telecom": [{ "value": "600123456" }] }),
        Grade::Probable,
        Reason::BirthSlip,
    );
}

#[test]
fn a_form_that_says_too_little_is_like_nobody() {
    let desk = desk();
    for draft in [
        json!({}),
        json!({ "name": [{ "family": "García" }] }),
        json!({ "name": [{ "id": "new-1", "family": "", "given": null }], "birthDate": "", "telecom": [{ "value": "" }] }),
        json!({ "name": 7 }),
        json!("\" OR *"),
    ] {
        assert_eq!(ids(&likely(&desk, &draft)), [], "{draft}");
    }
}

#[test]
fn the_likeliest_come_first_and_not_more_than_five() {
    let desk = Desk::new(1);
    for number in 20..30 {
        desk.register(number, "García");
    }
    let mut draft = person("García");
    draft["nationalId"] = json!("6405545819");
    let mut known = draft.clone();
    known["name"][0]["given"] = json!("Ana");
    desk.save(&new(Kind::Patient, 40, known)).expect("sound");
    let found = likely(&desk, &draft);
    assert_eq!(found.len(), 5);
    assert_eq!(found[0].row.id, record(40));
}
