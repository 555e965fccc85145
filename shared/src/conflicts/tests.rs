use super::settle::{Choice, at, settle};
use super::{Item, ItemKind, read};
use crate::clock::Now;
use crate::document::{self, Edited, Heads, Stamp};
use crate::ids::{RecordId, StaffId};
use crate::record::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

const RECORD: RecordId = RecordId(Uuid::from_u128(7));

fn stamp(device: u32) -> Stamp {
    let staff = StaffId(Uuid::from_u128(u128::from(device)));
    Stamp {
        staff,
        now: Now(1_800_000_000_000),
        device,
        incarnation: 0,
    }
}

fn edit(kind: Kind, from: &Edited, device: u32, draft: Value) -> Edited {
    let edited = document::edit(kind, &from.doc, &from.heads, &draft, &stamp(device));
    edited.expect("its own version").expect("it differs")
}

/// What two desks wrote apart on top of the same version, together.
fn apart(kind: Kind, first: Value, one: Value, other: Value) -> (Vec<u8>, Value, Vec<Item>) {
    let first = document::create(kind, &first, &stamp(1));
    let (one, other) = (edit(kind, &first, 2, one), edit(kind, &first, 3, other));
    let merged = document::merge(kind, Some(&one.doc), &[other.change]).expect("a merge");
    let items = read::items(kind, RECORD, &merged.doc).expect("a document");
    let open = items.iter().filter(|item| item.settled.is_none()).count();
    assert_eq!(
        merged.conflicts as usize, open,
        "the count beside a record is of its open items"
    );
    (merged.doc, merged.body, items)
}

fn patient() -> Value {
    json!({ "name": [{ "family": "García" }], "bed": "A-1", "telecom": [{ "value": "020" }] })
}

fn check(kind: Kind, first: Value, one: Value, other: Value, expect: &[(ItemKind, &str, &[&str])]) {
    let (_, _, items) = apart(kind, first, one, other);
    let found: Vec<(ItemKind, &str, Vec<&str>)> = items
        .iter()
        .map(|item| {
            (
                item.kind,
                item.rule.code.as_str(),
                item.paths.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    let expect: Vec<_> = expect
        .iter()
        .map(|(kind, code, paths)| (*kind, *code, paths.to_vec()))
        .collect();
    assert_eq!(found, expect);
}

#[test]
fn what_was_written_apart_is_an_item_of_its_kind() {
    use ItemKind::{Hard, Invariant, Soft};
    let nobody: [(ItemKind, &str, &[&str]); 0] = [];
    check(
        Kind::Patient,
        patient(),
        json!({ "bed": "A-2" }),
        json!({ "bed": "A-3" }),
        &[(Hard, "rule.same_everywhere", &["bed"])],
    );
    check(
        Kind::Patient,
        patient(),
        json!({ "bed": "A-2" }),
        json!({ "bed": "A-2" }),
        &nobody,
    );
    check(
        Kind::Patient,
        patient(),
        json!({ "gender": "male" }),
        json!({ "bloodGroup": "A+" }),
        &nobody,
    );
    check(
        Kind::Patient,
        patient(),
        json!({ "notes": "one" }),
        json!({ "notes": "two" }),
        &nobody,
    );
    let ward = Uuid::from_u128(1).to_string();
    check(
        Kind::Patient,
        patient(),
        json!({ "ward": ward }),
        json!({ "bed": "A-2" }),
        &[(Soft, "rule.together", &["bed", "ward"])],
    );
    let allergic = json!({ "allergy": [{ "substance": "Latex", "verification": "confirmed" }] });
    check(
        Kind::Patient,
        patient(),
        allergic,
        json!({ "noKnownAllergies": true }),
        &[(Invariant, "allergy.none_and_some", &["noKnownAllergies"])],
    );
}

#[test]
fn a_dose_and_its_unit_written_apart_are_looked_at_together() {
    let first =
        json!({ "line": [{ "id": "1", "medicine": "Digoxin", "dose": "1", "unit": "mg" }] });
    let (dose, unit) = (
        json!({ "line": [{ "id": "1", "dose": "125" }] }),
        json!({ "line": [{ "id": "1", "unit": "mcg" }] }),
    );
    let (_, _, items) = apart(Kind::Prescription, first, dose, unit);
    let soft: Vec<&Item> = items
        .iter()
        .filter(|item| item.kind == ItemKind::Soft)
        .collect();
    assert_eq!(soft[0].paths, ["line/1/dose", "line/1/unit"]);
    assert_eq!(soft[0].before, [json!("1"), json!("mg")]);
    let mut said: Vec<_> = soft[0]
        .sides
        .iter()
        .map(|side| (side.device, side.values.clone()))
        .collect();
    said.sort_by_key(|(device, _)| *device);
    assert_eq!(
        said,
        [
            (2, vec![json!("125"), json!("mg")]),
            (3, vec![json!("1"), json!("mcg")])
        ]
    );
}

#[test]
fn an_allergy_that_holds_says_which_rule_decided() {
    let first = json!({ "name": [{ "family": "A" }], "allergy": [{ "id": "1", "substance": "Latex", "verification": "confirmed" }] });
    let struck =
        json!({ "allergy": [{ "id": "1", "verification": "refuted", "strikeReason": "Tested" }] });
    let worse = json!({ "allergy": [{ "id": "1", "reaction": "Anaphylaxis" }] });
    check(
        Kind::Patient,
        first,
        struck,
        worse,
        &[(
            ItemKind::Hard,
            "rule.allergy_holds",
            &["allergy/1/verification"],
        )],
    );
}

#[test]
fn a_slot_that_went_to_somebody_else_is_seen_without_the_history() {
    let lost =
        json!({ "status": "waitlist", "lost": "slot.taken", "start": "2027-03-01T09:00:00Z" });
    let item = read::of_body(Kind::Appointment, RECORD, &lost).expect("it lost its slot");
    assert_eq!(
        (item.kind, item.rule.code.as_str()),
        (ItemKind::Invariant, "slot.taken")
    );
    for other in [
        json!({ "status": "booked", "lost": "slot.taken" }),
        json!({ "status": "waitlist", "lost": null }),
    ] {
        assert_eq!(
            read::of_body(Kind::Appointment, RECORD, &other),
            None,
            "{other}"
        );
    }
    assert_eq!(read::of_body(Kind::Patient, RECORD, &lost), None);
}

/// Settles the first item of a document and returns what it says then.
fn settled(
    kind: Kind,
    (doc, body, items): &(Vec<u8>, Value, Vec<Item>),
    choice: &Choice,
) -> (Value, Vec<Item>) {
    let by = stamp(0);
    let found = settle(kind, &items[0], body, choice, &by).expect("it can be done");
    let edited = document::write(kind, doc, &found.writes, None, &by)
        .expect("a document")
        .expect("it writes");
    let after = read::items(kind, RECORD, &edited.doc).expect("a document");
    assert!(
        after.iter().all(|item| item.settled.is_some()),
        "{choice:?} leaves nothing open"
    );
    assert_eq!(after[0].id, items[0].id, "it is the same item");
    assert_eq!(edited.conflicts, 0);
    let undone = document::write(kind, &edited.doc, &found.undo, None, &by)
        .expect("a document")
        .expect("it writes");
    assert_eq!(
        at(&undone.body, &items[0].paths[0]),
        at(body, &items[0].paths[0]),
        "undo of {choice:?}"
    );
    (edited.body, after)
}

#[test]
fn each_choice_says_what_holds_and_can_be_taken_back() {
    let beds = apart(
        Kind::Patient,
        patient(),
        json!({ "bed": "A-2" }),
        json!({ "bed": "A-3" }),
    );
    let side = |bed: &str| {
        let is = |side: &&super::Side| side.values == [json!(bed)];
        beds.2[0]
            .sides
            .iter()
            .position(|side| is(&side))
            .expect("a side") as u32
    };
    let shown = beds.1["bed"].clone();
    let check = |choice: Choice, expect: Value| {
        assert_eq!(
            settled(Kind::Patient, &beds, &choice).0["bed"],
            expect,
            "{choice:?}"
        )
    };
    check(Choice::Keep, shown.clone());
    check(Choice::Dismiss, shown);
    check(Choice::Take { side: side("A-2") }, json!("A-2"));
    check(Choice::Take { side: side("A-3") }, json!("A-3"));
    check(Choice::Restore, json!("A-1"));
    check(
        Choice::Write {
            values: vec![json!("B-9")],
        },
        json!("B-9"),
    );
    for wrong in [
        Choice::Both,
        Choice::Take { side: 2 },
        Choice::Write { values: Vec::new() },
    ] {
        let answer = settle(Kind::Patient, &beds.2[0], &beds.1, &wrong, &stamp(0));
        assert!(answer.is_err(), "{wrong:?}");
    }
}

#[test]
fn both_of_two_phones_are_two_phones_and_both_of_two_texts_one() {
    let first = json!({ "name": [{ "family": "A" }], "telecom": [{ "id": "1", "use": "home", "value": "020" }] });
    let phone = |value: &str| json!({ "telecom": [{ "id": "1", "value": value }] });
    let phones = apart(Kind::Patient, first, phone("021"), phone("022"));
    let (body, _) = settled(Kind::Patient, &phones, &Choice::Both);
    let mut values: Vec<(&str, &str)> = body["telecom"]
        .as_array()
        .expect("phones")
        .iter()
        .map(|phone| {
            (
                phone["use"].as_str().unwrap_or(""),
                phone["value"].as_str().unwrap_or(""),
            )
        })
        .collect();
    values.sort_unstable();
    assert_eq!(values, [("home", "021"), ("home", "022")]);
    let first =
        json!({ "name": [{ "family": "A" }], "allergy": [{ "id": "1", "substance": "Latex" }] });
    let reaction = |text: &str| json!({ "allergy": [{ "id": "1", "reaction": text }] });
    let texts = apart(Kind::Patient, first, reaction("Rash"), reaction("Fever"));
    let (body, _) = settled(Kind::Patient, &texts, &Choice::Both);
    let said = body["allergy"][0]["reaction"].as_str().expect("a reaction");
    assert!(["Fever; Rash", "Rash; Fever"].contains(&said), "{said}");
}

#[test]
fn what_somebody_overwrote_without_looking_is_still_an_item() {
    let (doc, _, items) = apart(
        Kind::Patient,
        patient(),
        json!({ "bed": "A-2" }),
        json!({ "bed": "A-3" }),
    );
    let heads: Heads = document::heads(&doc).expect("heads");
    let edited = document::edit(
        Kind::Patient,
        &doc,
        &heads,
        &json!({ "bed": "C-1" }),
        &stamp(4),
    );
    let edited = edited.expect("a document").expect("it differs");
    let after = read::items(Kind::Patient, RECORD, &edited.doc).expect("a document");
    let settled = after[0].settled.as_ref().expect("somebody settled it");
    assert_eq!(
        (after.len(), &after[0].id, settled.staff),
        (1, &items[0].id, Some(stamp(4).staff))
    );
    assert_eq!(
        after[0].sides, items[0].sides,
        "both values are kept with it"
    );
}
