//! Two records of one person: found, merged with all that belongs to them, and parted again. What a ward writes meanwhile that has
//! not heard of it is never lost.

use crate::conflicts::{Wards, list, save, settle, tell, whole};
use crate::console::Browser;
use crate::desk::Desk;
use crate::real::RealDesk;
use crate::trust::hub;
use replica::Courier;
use serde_json::{Value, json};
use shared::conflicts::settle::Choice;
use shared::ids::RecordId;
use shared::merging::{MergeAsk, MergeDone, Pair};
use shared::record::Kind;
use shared::sync::wire::Verdict;
use sync_server::testing::TestHub;
use sync_server::{duplicates, merging, world};

/// A second record of the patient, at the other ward's desk and with an order.
async fn second(wards: &Wards) -> (RecordId, RecordId) {
    let (patient, order) = (RecordId(world::new_id()), RecordId(world::new_id()));
    let draft =
        json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": wards.hub.other_ward });
    save(&wards.other, Kind::Patient, patient, draft);
    save(
        &wards.other,
        Kind::Prescription,
        order,
        self::order(patient, wards.hub.ward),
    );
    wards.exchange().await;
    (patient, order)
}

fn order(patient: RecordId, ward: shared::ids::WardId) -> Value {
    let line = json!([{ "medicine": "Paracetamol", "dose": "500", "unit": "mg", "route": "oral", "frequency": "QID" }]);
    json!({ "patient": patient, "ward": ward, "status": "draft", "line": line })
}

fn body(desk: &RealDesk, kind: Kind, id: RecordId) -> Value {
    desk.replica
        .row(kind, id)
        .expect("readable")
        .expect("the desk has it")
        .body
}

/// Whom a desk finds by the name.
fn found(desk: &RealDesk) -> Vec<RecordId> {
    let rows = desk.replica.search("garcia", 10).expect("readable");
    let mut ids: Vec<RecordId> = rows.into_iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn merged_records_are_one_in_both_wards_and_two_again_when_parted() {
    let wards = Wards::new().await;
    let (gone, order) = second(&wards).await;
    let ask = MergeAsk {
        gone,
        kept: wards.patient,
    };
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let pair: Pair = mia
        .json(&format!(
            "/console/v1/patients/pair?one={gone}&other={}",
            wards.patient
        ))
        .await;
    assert_eq!((pair.one_has, pair.other_has), (1, 1));
    let done: MergeDone = tell(&mut mia, "/console/v1/patients/merge", &ask).await;
    assert_eq!(done.moved, 1);
    wards.exchange().await;
    let link = &wards.same(Kind::Patient, gone)["body"]["link"][0];
    assert_eq!(
        (&link["type"], &link["other"]),
        (&json!("replaced-by"), &json!(wards.patient))
    );
    let link = &wards.same(Kind::Patient, wards.patient)["body"]["link"][0];
    assert_eq!(
        (&link["type"], &link["other"]),
        (&json!("replaces"), &json!(gone))
    );
    for desk in [&wards.one, &wards.other] {
        assert_eq!(
            found(desk),
            [wards.patient],
            "who looks for them finds the record that is used"
        );
        assert_eq!(
            body(desk, Kind::Prescription, order)["patient"],
            json!(wards.patient)
        );
        let chart = desk
            .replica
            .chart(wards.patient)
            .expect("readable")
            .expect("it is there");
        assert_eq!(chart.prescriptions.len(), 2);
    }
    let done: MergeDone = tell(&mut mia, "/console/v1/patients/part", &ask).await;
    assert_eq!(done.moved, 1);
    wards.exchange().await;
    let mut both = [gone, wards.patient];
    both.sort_unstable();
    for desk in [&wards.one, &wards.other] {
        assert_eq!(found(desk), both);
        assert_eq!(
            body(desk, Kind::Prescription, order)["patient"],
            json!(gone)
        );
        assert_eq!(
            body(desk, Kind::Prescription, wards.order)["patient"],
            json!(wards.patient)
        );
    }
    assert_eq!(
        mia.say("/console/v1/patients/part", &ask).await,
        ["merge.none"]
    );
}

#[tokio::test]
async fn only_two_records_in_use_are_merged() {
    let wards = Wards::new().await;
    let (gone, _) = second(&wards).await;
    let ask = MergeAsk {
        gone,
        kept: wards.patient,
    };
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let _: MergeDone = tell(&mut mia, "/console/v1/patients/merge", &ask).await;
    assert_eq!(
        mia.say("/console/v1/patients/merge", &ask).await,
        ["merge.replaced"]
    );
    let twice = MergeAsk { gone, kept: gone };
    assert_eq!(
        mia.say("/console/v1/patients/merge", &twice).await,
        ["merge.same"]
    );
}

#[tokio::test]
async fn what_was_written_offline_into_a_record_that_was_replaced_is_moved_or_listed() {
    let wards = Wards::new().await;
    let (gone, _) = second(&wards).await;
    // the other ward does not hear of the merge yet
    save(
        &wards.other,
        Kind::Patient,
        gone,
        json!({ "bed": "B-7", "notes": "Wears glasses" }),
    );
    let late = RecordId(world::new_id());
    save(
        &wards.other,
        Kind::Prescription,
        late,
        order(gone, wards.hub.other_ward),
    );
    let mut mia = Browser::of(&wards.hub, "mia", "manager").await;
    let ask = MergeAsk {
        gone,
        kept: wards.patient,
    };
    let _: MergeDone = tell(&mut mia, "/console/v1/patients/merge", &ask).await;
    wards.exchange().await;
    merging::go_on(&wards.hub.app).await.expect("gone on with");
    wards.exchange().await;
    assert_eq!(
        wards.same(Kind::Prescription, late)["body"]["patient"],
        json!(wards.patient),
        "it belongs to the record that is used"
    );
    let item = list(&mut mia, "?kind=duplicate").await.remove(0);
    assert_eq!(
        (item.rule.code.as_str(), item.record),
        ("patient.replaced", Some(gone))
    );
    let looked = whole(&mut mia, &item).await;
    assert_eq!(looked.other, Some(wards.patient));
    let said = looked.item.paths.iter().zip(&looked.item.sides[0].values);
    assert!(
        said.clone()
            .any(|(path, value)| path == "bed" && value == "B-7"),
        "{:?}",
        looked.item
    );
    assert_eq!(
        wards.same(Kind::Patient, gone)["body"]["notes"],
        "Wears glasses",
        "nothing of it is lost"
    );
    let _: MergeDone = tell(&mut mia, "/console/v1/patients/part", &ask).await;
    wards.exchange().await;
    assert_eq!(
        wards.same(Kind::Prescription, late)["body"]["patient"],
        json!(gone),
        "it was written for them"
    );
    assert_eq!(list(&mut mia, "?kind=duplicate").await, []);
    assert_eq!(wards.same(Kind::Patient, gone)["body"]["bed"], "B-7");
}

#[tokio::test]
async fn a_merge_that_was_cut_off_is_gone_on_with() {
    let wards = Wards::new().await;
    let (gone, order) = second(&wards).await;
    sqlx::query("insert into patient_merge (gone, kept, by) values ($1, $2, $3)")
        .bind(gone.0)
        .bind(wards.patient.0)
        .bind(wards.hub.doctor.0)
        .execute(&wards.hub.app.pool)
        .await
        .expect("it was begun");
    merging::go_on(&wards.hub.app).await.expect("gone on with");
    wards.exchange().await;
    assert_eq!(found(&wards.one), [wards.patient]);
    assert_eq!(
        body(&wards.one, Kind::Prescription, order)["patient"],
        json!(wards.patient)
    );
    Courier::round(&wards.one.replica).await.expect("exchanged");
}

/// Two desks register one person, and a stranger.
async fn registered_twice(hub: &TestHub) -> [RecordId; 3] {
    let desk = Desk::new(hub, hub.ward).await;
    let person = |given: &str, birth: &str| {
        json!({ "name": [{ "family": "Okonkwo", "given": given }], "birthDate": birth, "gender": "female", "ward": hub.ward,
            "telecom": [{ "value": "020 7946 0101" }], "nationalId": "AB 12 34 56 C" })
    };
    let mut stranger = person("Ngozi", "1999-12-01");
    stranger["telecom"] = json!([]);
    stranger["nationalId"] = json!(null);
    let made = [
        person("Amara", "1984-03-05"),
        person("Amarah", "1984-03-05"),
        stranger,
    ]
    .map(|draft| desk.make(Kind::Patient, &draft));
    let verdicts = desk
        .push(made.iter().map(crate::desk::Made::envelope).collect())
        .await;
    assert_eq!(verdicts, [Verdict::Taken, Verdict::Taken, Verdict::Taken]);
    made.map(|made| made.id)
}

#[tokio::test]
async fn who_was_registered_twice_is_listed_until_a_person_has_said_something() {
    let hub = hub().await;
    let [one, other, _] = registered_twice(&hub).await;
    duplicates::sweep(&hub.app).await.expect("looked for");
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let items = list(&mut mia, "?kind=duplicate").await;
    assert_eq!(items.len(), 1, "{items:?}");
    let looked = whole(&mut mia, &items[0]).await;
    let mut pair = [looked.line.record, looked.other];
    pair.sort_unstable();
    let mut expect = [Some(one), Some(other)];
    expect.sort_unstable();
    assert_eq!(pair, expect);
    let reasons = &items[0].rule.with["reasons"];
    for reason in ["birthSame", "idSame", "phoneSame"] {
        assert!(reasons.contains(reason), "{reasons}");
    }
    assert_eq!(settle(&mut mia, &items[0], Choice::Dismiss).await.done, 1);
    sqlx::query("delete from patient_keyed")
        .execute(&hub.app.pool)
        .await
        .expect("they are looked at again");
    duplicates::sweep(&hub.app).await.expect("looked for");
    assert_eq!(
        list(&mut mia, "?kind=duplicate").await,
        [],
        "a person said that they are two"
    );
    sqlx::query("delete from conflict_item")
        .execute(&hub.app.pool)
        .await
        .expect("forgotten");
    sqlx::query("delete from patient_keyed")
        .execute(&hub.app.pool)
        .await
        .expect("they are looked at again");
    duplicates::sweep(&hub.app).await.expect("looked for");
    let _: MergeDone = tell(
        &mut mia,
        "/console/v1/patients/merge",
        &MergeAsk {
            gone: one,
            kept: other,
        },
    )
    .await;
    assert_eq!(list(&mut mia, "?kind=duplicate").await, []);
    duplicates::sweep(&hub.app).await.expect("looked for");
    assert_eq!(list(&mut mia, "?kind=duplicate").await, []);
    assert_eq!(
        list(&mut mia, "?state=settled").await[0].action.as_deref(),
        Some("merged")
    );
}

#[tokio::test]
async fn a_person_is_matched_with_those_here_in_the_words_of_fhir() {
    let hub = hub().await;
    let [one, other, stranger] = registered_twice(&hub).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let patient = json!({
        "resourceType": "Patient", "name": [{ "family": "Okonkwo", "given": ["Amara"] }], "birthDate": "1984-03-05", "gender": "female",
        "telecom": [{ "system": "phone", "value": "02079460101" }],
        "identifier": [{ "type": { "coding": [{ "code": "NI" }] }, "value": "AB123456C" }],
    });
    let ask = |more: Vec<Value>| {
        let parameters: Vec<Value> =
            std::iter::once(json!({ "name": "resource", "resource": patient }))
                .chain(more)
                .collect();
        json!({ "resourceType": "Parameters", "parameter": parameters })
    };
    let bundle: Value = tell(&mut mia, "/fhir/Patient/$match", &ask(Vec::new())).await;
    assert_eq!(
        (&bundle["resourceType"], &bundle["type"]),
        (&json!("Bundle"), &json!("searchset"))
    );
    let entries = bundle["entry"].as_array().expect("matches");
    let ids: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["resource"]["id"].as_str())
        .collect();
    assert_eq!(ids[0], one.to_string(), "the likeliest first");
    assert!(
        ids.contains(&other.to_string().as_str()) && !ids.contains(&stranger.to_string().as_str()),
        "{bundle}"
    );
    let search = &entries[0]["search"];
    assert_eq!(
        (&search["mode"], &search["extension"][0]["valueCode"]),
        (&json!("match"), &json!("certain"))
    );
    assert!(
        search["score"]
            .as_f64()
            .is_some_and(|score| score > 0.99 && score <= 1.0),
        "{search}"
    );
    assert!(
        search["extension"][1]["valueString"]
            .as_str()
            .is_some_and(|why| why.contains("idSame")),
        "{search}"
    );
    let first: Value = tell(
        &mut mia,
        "/fhir/Patient/$match",
        &ask(vec![json!({ "name": "count", "valueInteger": 1 })]),
    )
    .await;
    assert_eq!(first["total"], 1);
    for wrong in [
        json!({}),
        json!({ "resourceType": "Parameters" }),
        json!({ "resourceType": "Parameters", "parameter": [{ "name": "resource", "resource": { "resourceType": "Group" } }] }),
    ] {
        assert_eq!(
            mia.say("/fhir/Patient/$match", &wrong).await,
            ["shape"],
            "{wrong}"
        );
    }
}
