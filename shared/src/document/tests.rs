use super::*;
use crate::record::Kind;
use serde_json::json;

fn stamp(device: u32) -> Stamp {
    Stamp {
        staff: StaffId(Uuid::from_u128(u128::from(device))),
        now: Now(1_800_000_000_000),
        device,
        incarnation: 0,
    }
}

fn ada() -> Edited {
    let draft = json!({
        "name": [{ "use": "official", "family": "García", "given": "Ada" }],
        "telecom": [{ "value": "0123 456" }],
        "allergy": [{ "substance": "Penicillin", "verification": "confirmed" }],
        "birthDate": "1984-03", "notes": "Walks with a stick."
    });
    create(Kind::Patient, &draft, &stamp(1))
}

fn edited(doc: &[u8], base: &Heads, draft: Value, device: u32) -> Edited {
    edit(Kind::Patient, doc, base, &draft, &stamp(device))
        .unwrap()
        .unwrap()
}

#[test]
fn a_body_comes_back_as_it_was_written() {
    let ada = ada();
    assert_eq!(ada.body["birthDate"], "1984-03");
    assert_eq!(ada.body["name"][0]["family"], "García");
    assert_eq!(ada.body["notes"], "Walks with a stick.");
    assert_eq!(ada.body["address"], json!([]));
    assert_eq!(heads(&ada.doc), Some(ada.heads.clone()));
    assert_eq!(ada.heads.to_string().parse::<Heads>().unwrap(), ada.heads);
    let again = merge(Kind::Patient, None, &[ada.change.clone(), ada.change]).unwrap();
    assert_eq!((again.body, again.heads), (ada.body, ada.heads));
}

#[test]
fn only_what_differs_is_written_and_saying_nothing_new_writes_nothing() {
    let ada = ada();
    assert!(
        edit(Kind::Patient, &ada.doc, &ada.heads, &ada.body, &stamp(1))
            .unwrap()
            .is_none()
    );
    let after = edited(
        &ada.doc,
        &ada.heads,
        json!({ "birthDate": "1984-03-05", "bed": null }),
        1,
    );
    assert_eq!(
        after.writes,
        [Write {
            path: "birthDate".into(),
            value: json!("1984-03-05")
        }]
    );
    assert_eq!(after.body["telecom"], ada.body["telecom"]);
}

#[test]
fn different_fields_and_both_new_elements_and_both_texts_survive() {
    let ada = ada();
    let notes = ada.body["notes"].as_str().unwrap().to_owned();
    let here = json!({ "bed": "A-1", "telecom": [{ "value": "111 111" }], "notes": format!("Tall. {notes}") });
    let there = json!({ "gender": "female", "telecom": [{ "value": "222 222" }], "notes": format!("{notes} Deaf.") });
    let here = edited(&ada.doc, &ada.heads, here, 1);
    let there = edited(&ada.doc, &ada.heads, there, 2);
    let one = merge(
        Kind::Patient,
        Some(&here.doc),
        std::slice::from_ref(&there.change),
    )
    .unwrap();
    let two = merge(
        Kind::Patient,
        Some(&there.doc),
        std::slice::from_ref(&here.change),
    )
    .unwrap();
    assert_eq!((&one.body, &one.heads), (&two.body, &two.heads));
    assert_eq!(one.conflicts, 0);
    assert_eq!(one.body["telecom"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&one.body["bed"], &one.body["gender"]),
        (&json!("A-1"), &json!("female"))
    );
    assert_eq!(one.body["notes"], "Tall. Walks with a stick. Deaf.");
}

#[test]
fn the_same_field_becomes_a_conflict_that_shows_everything_and_can_be_settled() {
    let ada = ada();
    let first = edited(&ada.doc, &ada.heads, json!({ "bed": "A-1" }), 1);
    let here = edited(&first.doc, &first.heads, json!({ "bed": "A-2" }), 1);
    let there = edited(&ada.doc, &ada.heads, json!({ "bed": "B-9" }), 2);
    let both = merge(
        Kind::Patient,
        Some(&here.doc),
        std::slice::from_ref(&there.change),
    )
    .unwrap();
    assert_eq!(both.conflicts, 1);
    let items = conflicts(Kind::Patient, &both.doc, 1).unwrap();
    assert_eq!(
        (items[0].path.as_str(), &items[0].before),
        ("bed", &Value::Null)
    );
    let values: Vec<_> = items[0]
        .values
        .iter()
        .map(|v| (v.value.clone(), v.is_here, v.device))
        .collect();
    assert!(
        values.contains(&(json!("A-2"), true, 1)) && values.contains(&(json!("B-9"), false, 2)),
        "{values:?}"
    );
    assert_eq!(items[0].values[0].value, both.body["bed"]);
    let settled = write(
        Kind::Patient,
        &both.doc,
        &[Write {
            path: "bed".into(),
            value: json!("B-9"),
        }],
        None,
        &stamp(1),
    );
    let settled = settled.unwrap().unwrap();
    assert_eq!(
        (settled.conflicts, &settled.body["bed"]),
        (0, &json!("B-9"))
    );
}

#[test]
fn a_form_opened_on_an_old_version_does_not_overwrite_in_silence() {
    let ada = ada();
    let newer = edited(
        &ada.doc,
        &ada.heads,
        json!({ "bed": "A-1", "gender": "female" }),
        1,
    );
    let late = edited(&newer.doc, &ada.heads, json!({ "bed": "A-7" }), 1);
    assert_eq!(late.conflicts, 1, "both beds are kept");
    assert_eq!(late.body["gender"], "female");
    assert!(
        edit(
            Kind::Patient,
            &ada.doc,
            &newer.heads,
            &json!({ "bed": "x" }),
            &stamp(1)
        )
        .is_err()
    );
}

#[test]
fn an_allergy_edited_while_it_was_struck_out_holds() {
    let ada = ada();
    let id = ada.body["allergy"][0]["id"].clone();
    let strike = json!({ "allergy": [{ "id": id, "verification": "entered-in-error", "strikeReason": "Wrong chart" }] });
    let strike = edited(&ada.doc, &ada.heads, strike, 1);
    let edit =
        json!({ "allergy": [{ "id": id, "reaction": "Swelling" }, { "substance": "Latex" }] });
    let edit = edited(&ada.doc, &ada.heads, edit, 2);
    let both = merge(
        Kind::Patient,
        Some(&strike.doc),
        std::slice::from_ref(&edit.change),
    )
    .unwrap();
    assert_eq!(both.body["allergy"].as_array().unwrap().len(), 2);
    assert_eq!(both.body["allergy"][0]["verification"], "confirmed");
    assert_eq!(both.conflicts, 1);
    // without a contradiction, the strike-out holds
    assert_eq!(
        strike.body["allergy"][0]["verification"],
        "entered-in-error"
    );
}

#[test]
fn history_says_who_changed_what() {
    let ada = ada();
    let after = edited(
        &ada.doc,
        &ada.heads,
        json!({ "bed": "A-1", "notes": "Walks." }),
        2,
    );
    let steps = history(Kind::Patient, &after.doc).unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!((steps[0].device, steps[0].staff), (2, Some(stamp(2).staff)));
    let bed = steps[0]
        .fields
        .iter()
        .find(|field| field.path == "bed")
        .unwrap();
    assert_eq!((&bed.before, &bed.after), (&Value::Null, &json!("A-1")));
    let notes = steps[0]
        .fields
        .iter()
        .find(|field| field.path == "notes")
        .unwrap();
    assert_eq!(
        (&notes.before, &notes.after),
        (&json!("Walks with a stick."), &json!("Walks."))
    );
}

#[test]
fn a_refused_change_goes_with_all_that_builds_on_it() {
    let ada = ada();
    let one = edited(&ada.doc, &ada.heads, json!({ "bed": "A-1" }), 1);
    let two = edited(&one.doc, &one.heads, json!({ "gender": "female" }), 1);
    let rest = without(Kind::Patient, &two.doc, &[one.hash])
        .unwrap()
        .unwrap();
    assert_eq!((rest.heads, rest.body), (ada.heads, ada.body));
    assert!(
        without(Kind::Patient, &two.doc, &[ada.hash])
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_change_without_its_parents_says_what_is_missing() {
    let ada = ada();
    let one = edited(&ada.doc, &ada.heads, json!({ "bed": "A-1" }), 1);
    let merged = merge(Kind::Patient, None, &[one.change]).unwrap();
    assert_eq!(merged.missing, [ada.hash]);
}

#[test]
fn a_change_made_again_on_its_old_version_takes_nothing_of_others_away() {
    let ada = ada();
    let notes = ada.body["notes"].as_str().unwrap().to_owned();
    let other = json!({ "notes": format!("{notes} Line of B."), "bed": "B-2" });
    let theirs = edited(&ada.doc, &ada.heads, other, 2);
    let ours = [
        Write {
            path: "notes".into(),
            value: json!(format!("{notes} Line of A.")),
        },
        Write {
            path: "bed".into(),
            value: json!("A-2"),
        },
    ];
    let again = write(
        Kind::Patient,
        &theirs.doc,
        &ours,
        Some(&ada.heads),
        &stamp(1),
    );
    let again = again.unwrap().unwrap();
    let text = again.body["notes"].as_str().unwrap();
    assert!(
        text.contains("Line of A.") && text.contains("Line of B."),
        "{text}"
    );
    assert_eq!(again.conflicts, 1, "both beds are kept");
}
