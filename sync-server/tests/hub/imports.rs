//! Records from elsewhere: taken, already here, or skipped with a reason.

use crate::desk::Desk;
use serde_json::{Value, json};
use shared::document::Heads;
use shared::record::Kind;
use shared::sync::wire::{FeedItem, Verdict};
use sqlx::Row;
use std::path::{Path, PathBuf};
use sync_server::import::{self, Ask, Outcome, Report};
use sync_server::testing::TestHub;

fn samples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
}

async fn import(hub: &TestHub, path: PathBuf) -> Report {
    import::run(
        &hub.app,
        &Ask {
            paths: vec![path],
            ward: None,
        },
    )
    .await
    .expect("the import runs to its end")
}

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let hub = TestHub::start().await;
    let first = import(&hub, samples("synthea-r4")).await;
    assert_eq!(
        first.count_of("Patient", Outcome::Taken),
        9,
        "{}",
        first.table()
    );
    assert_eq!(
        first.count_of("MedicationRequest", Outcome::Taken),
        20,
        "{}",
        first.table()
    );
    assert_eq!(first.count_of("Observation", Outcome::Skipped), 463);
    let places = || async {
        sqlx::query_as::<_, (i64, i64)>(
            "select (select sum(seq)::bigint from ward), (select count(*) from change)",
        )
        .fetch_one(&hub.app.pool)
        .await
        .unwrap()
    };
    let before = places().await;
    let second = import(&hub, samples("synthea-r4")).await;
    assert_eq!(
        (
            second.count(Outcome::Taken),
            second.count(Outcome::Changed),
            second.count(Outcome::AlreadyHere)
        ),
        (0, 0, 29)
    );
    assert_eq!(places().await, before);
    // everybody has a hospital number of ours, none twice
    let numbers: Vec<String> =
        sqlx::query_scalar("select distinct body ->> 'mrn' from record where kind = 1")
            .fetch_all(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(numbers.len(), 9);
    assert!(
        numbers
            .iter()
            .all(|mrn| mrn.len() == 9 && shared::patients::is_mrn(mrn)),
        "{numbers:?}"
    );
}

#[tokio::test]
async fn nothing_a_ward_could_act_on_is_made_up() {
    let hub = TestHub::start().await;
    import(&hub, samples("synthea-r4")).await;
    let active: i64 = sqlx::query_scalar(
        "select count(*) from record where kind = 3 and body ->> 'status' = 'active'",
    )
    .fetch_one(&hub.app.pool)
    .await
    .unwrap();
    assert_eq!(active, 0, "no dosage in the source, so nothing is active");
    let row = sqlx::query("select body from record where kind = 3 and body #>> '{line,0,medicine}' = 'Ibuprofen 200 MG Oral Tablet' limit 1")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    let body: Value = row.get("body");
    let line = &body["line"][0];
    assert_eq!(
        (&line["dose"], &line["unit"], &line["route"], &line["prn"]),
        (&json!("200"), &json!("mg"), &json!("oral"), &json!(true))
    );
    assert_eq!(line["frequency"], Value::Null, "nothing is made up");
    assert_eq!(line["instructions"], "Not given in the source: frequency.");
}

#[tokio::test]
async fn every_resource_of_the_official_examples_is_accounted_for() {
    let hub = TestHub::start().await;
    let report = import(&hub, samples("hl7-r4-examples")).await;
    // 94 lines, four of them bundles with patients of their own
    let patients = [Outcome::Taken, Outcome::AlreadyHere, Outcome::Skipped]
        .map(|outcome| report.count_of("Patient", outcome));
    assert_eq!(patients, [6, 0, 4], "{}", report.table());
    let reasons: Vec<&str> = report
        .lines
        .iter()
        .filter(|line| line.resource == "Patient")
        .map(|line| line.reason.as_str())
        .filter(|why| !why.is_empty())
        .collect();
    let nameless = "not valid: patient.name_required name";
    assert_eq!(
        reasons,
        ["not a person", "twice in the source", nameless, nameless]
    );
    let reason = |kind: &str| {
        report
            .lines
            .iter()
            .find(|line| line.resource == kind)
            .unwrap()
            .reason
            .clone()
    };
    assert!(
        reason("Appointment").starts_with("dangling reference: Patient/example"),
        "{}",
        report.table()
    );
    assert_eq!(
        reason("RelatedPerson"),
        "dangling reference: Patient/example"
    );
    assert!(
        report.count_of("MedicationRequest", Outcome::Taken) >= 7,
        "{}",
        report.table()
    );
    let active: Vec<String> = sqlx::query_scalar("select body #>> '{line,0,frequency}' from record where kind = 3 and body ->> 'status' = 'active' order by 1")
        .fetch_all(&hub.app.pool)
        .await
        .unwrap();
    assert!(
        !active.is_empty(),
        "where the source says everything it is active: {}",
        report.table()
    );
}

fn bundle(birth: &str, phone: &str) -> Value {
    json!({ "resourceType": "Bundle", "type": "collection", "entry": [
        { "fullUrl": "urn:uuid:1", "resource": { "resourceType": "Patient", "name": [{ "family": "Ngata", "given": ["Hēmi"] }],
            "birthDate": birth, "telecom": [{ "system": "phone", "value": phone }] } },
        { "resource": { "resourceType": "AllergyIntolerance", "id": "a", "patient": { "reference": "urn:uuid:1" },
            "code": { "text": "Penicillin" }, "criticality": "high" } },
        { "resource": { "resourceType": "AllergyIntolerance", "id": "b", "patient": { "reference": "urn:uuid:9" }, "code": { "text": "Nuts" } } },
        { "resource": { "resourceType": "Flag", "id": "c", "status": "active", "subject": { "reference": "urn:uuid:1" }, "code": { "text": "Fall risk" } } },
        { "resource": { "resourceType": "RelatedPerson", "id": "d", "patient": { "reference": "urn:uuid:1" },
            "name": [{ "given": ["Mere"] }], "relationship": [{ "coding": [{ "code": "WIFE" }] }] } },
        { "resource": { "resourceType": "Patient", "id": "nameless", "birthDate": "1990-01-01" } },
        { "resource": { "resourceType": "Patient", "id": "wrong", "name": [{ "family": "X" }], "birthDate": "1990-13-01" } },
        { "resource": { "resourceType": "Appointment", "id": "e", "status": "booked", "start": "2027-03-01T09:00:00+01:00", "minutesDuration": 20,
            "participant": [{ "actor": { "reference": "urn:uuid:1" } }] } },
        { "resource": { "resourceType": "Appointment", "id": "f", "status": "booked", "start": "soon",
            "participant": [{ "actor": { "reference": "urn:uuid:1" } }] } },
        { "resource": { "resourceType": "MedicationRequest", "id": "g", "status": "active", "authoredOn": "2027-01-01",
            "subject": { "reference": "urn:uuid:1" }, "medicationCodeableConcept": { "text": "Amoxicillin 500 MG Oral Capsule" },
            "dosageInstruction": [{ "text": "one three times a day", "timing": { "code": { "coding": [{ "code": "TID" }] } } }] } },
    ]})
}

async fn import_bundle(hub: &TestHub, birth: &str, phone: &str) -> Report {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("a.json");
    std::fs::write(&file, bundle(birth, phone).to_string()).expect("the folder can be written");
    import(hub, file).await
}

async fn the_patient(hub: &TestHub) -> sqlx::postgres::PgRow {
    sqlx::query("select id, ward, body, doc || tail as doc, heads from record join document on record = id where kind = 1")
        .fetch_one(&hub.app.pool)
        .await
        .expect("there is one patient")
}

#[tokio::test]
async fn each_resource_becomes_part_of_a_record_or_says_why_not() {
    let hub = TestHub::start().await;
    let report = import_bundle(&hub, "1984-03-05", "555-0100").await;
    let outcomes: Vec<(&str, Outcome, &str)> = report
        .lines
        .iter()
        .map(|line| {
            (
                line.resource.as_str(),
                line.outcome,
                line.reason.split(':').next().unwrap(),
            )
        })
        .collect();
    for expected in [
        ("Patient", Outcome::Taken, ""),
        ("AllergyIntolerance", Outcome::Taken, ""),
        ("AllergyIntolerance", Outcome::Skipped, "dangling reference"),
        ("Flag", Outcome::Taken, ""),
        ("RelatedPerson", Outcome::Taken, ""),
        ("Patient", Outcome::Skipped, "not valid"),
        ("Patient", Outcome::Skipped, "bad date"),
        ("Appointment", Outcome::Taken, ""),
        ("Appointment", Outcome::Skipped, "bad date"),
        ("MedicationRequest", Outcome::Taken, ""),
    ] {
        assert!(outcomes.contains(&expected), "{expected:?} in {outcomes:?}");
    }
    let row = the_patient(&hub).await;
    let body: Value = row.get("body");
    assert_eq!(
        (&body["allergy"][0]["substance"], &body["alert"][0]["text"]),
        (&json!("Penicillin"), &json!("Fall risk"))
    );
    assert_eq!(body["contact"][0]["relationship"], "wife");
}

#[tokio::test]
async fn a_source_that_changed_touches_only_what_changed_there() {
    let hub = TestHub::start().await;
    import_bundle(&hub, "1984-03-05", "555-0100").await;
    // a ward changes the birth date; the source changes the phone
    let row = the_patient(&hub).await;
    let ward: uuid::Uuid = row.get("ward");
    let desk = Desk::new(&hub, shared::ids::WardId(ward)).await;
    let base = Heads::from_bytes(row.get("heads"));
    let edited = shared::document::edit(
        Kind::Patient,
        row.get("doc"),
        &base,
        &json!({ "birthDate": "1984-03-06" }),
        &desk.stamp(),
    )
    .unwrap()
    .unwrap();
    let envelope = shared::sync::wire::Envelope {
        kind: 1,
        record: shared::ids::RecordId(row.get("id")),
        change: edited.change,
    };
    assert_eq!(desk.push(vec![envelope]).await, [Verdict::Taken]);
    let report = import_bundle(&hub, "1984-03-05", "555-0199").await;
    assert_eq!(
        (
            report.count_of("Patient", Outcome::Changed),
            report.count(Outcome::Taken)
        ),
        (1, 0),
        "{report:?}"
    );
    let body: Value = the_patient(&hub).await.get("body");
    assert_eq!(
        body["birthDate"], "1984-03-06",
        "what the ward put right stays"
    );
    let phones: Vec<&Value> = body["telecom"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phone| &phone["value"])
        .collect();
    assert_eq!(phones, [&json!("555-0100"), &json!("555-0199")]);
    // the ward's desk hears of it
    assert!(
        desk.feed(0)
            .await
            .items
            .iter()
            .any(|item| matches!(item, FeedItem::Change { .. }))
    );
}
