//! Every role × every field × every state of a record × own and other ward, as a change signed by a real device.

use crate::desk::{Desk, Made, codes, slot};
use crate::trust::{desk_of, hub, people};
use serde_json::{Value, json};
use shared::access::Role;
use shared::access::parts::{Part, State};
use shared::access::table::{Right, reach};
use shared::document::{self, Write};
use shared::ids::RecordId;
use shared::patients::mrn;
use shared::record::Kind;
use shared::sync::wire::{Envelope, Verdict};
use sync_server::testing::TestHub;

/// A record in each state, made by a doctor of the first ward.
struct Records(Vec<(State, Made)>);

impl Records {
    async fn make(hub: &TestHub) -> Self {
        let desk = Desk::new(hub, hub.ward).await;
        let patient = json!({
            "name": [{ "family": "Matrix" }], "telecom": [{ "value": "555 1234" }],
            "address": [{ "city": "York" }], "contact": [{ "name": "Kin" }],
            "allergy": [{ "substance": "Latex" }], "alert": [{ "text": "Falls" }], "ward": hub.ward,
        });
        let mut made = Vec::new();
        let alive = desk.make(Kind::Patient, &patient);
        let mut late = patient;
        late["deceased"] = json!("2026-01-01");
        let id = alive.id;
        made.push((State::Alive, alive));
        made.push((State::Deceased, desk.make(Kind::Patient, &late)));
        let slot = |hour: u32| format!("2027-03-01T{hour:02}:00:00Z");
        made.push((
            State::Planned,
            desk.appointment(hub, id, hub.ward, &slot(9)),
        ));
        let over = desk.appointment(hub, id, hub.ward, &slot(10));
        let reason = json!({ "status": "cancelled", "cancelReason": "ill" });
        let (over, begun) = (desk.edit(&over, &reason), over);
        let mut envelopes: Vec<Envelope> = vec![begun.envelope()];
        made.push((State::Over, over));
        for (state, status) in [
            (State::Draft, "draft"),
            (State::Ordered, "active"),
            (State::Signed, "active"),
            (State::Ended, "stopped"),
        ] {
            let order = desk.make(Kind::Prescription, &order(hub, id, status));
            if state != State::Signed {
                made.push((state, order));
                continue;
            }
            let digest = shared::prescriptions::signed_digest(&order.edited.body);
            let signature = json!({ "signature": [{ "staff": desk.staff, "digest": digest }] });
            envelopes.push(order.envelope());
            made.push((state, desk.edit(&order, &signature)));
        }
        // the patients first, then what is theirs
        envelopes.splice(0..0, made[..2].iter().map(|(_, made)| made.envelope()));
        envelopes.extend(made[2..].iter().map(|(_, made)| made.envelope()));
        let verdicts = desk.push(envelopes).await;
        assert!(
            verdicts.iter().all(|verdict| *verdict == Verdict::Taken),
            "{verdicts:?}"
        );
        for (state, made) in &made {
            assert_eq!(State::of(made.kind, &made.edited.body), *state);
        }
        Self(made)
    }
}

fn order(hub: &TestHub, patient: RecordId, status: &str) -> Value {
    json!({
        "patient": patient, "ward": hub.ward, "status": status, "stopReason": "over",
        "line": [{ "medicine": "Paracetamol", "dose": "500", "unit": "mg", "route": "oral", "frequency": "QID" }],
    })
}

/// What is written to a field so that nothing but a permission could be wrong with it. `nth` makes it one of its own.
fn write(hub: &TestHub, field: &str, made: &Made, staff: &Value, nth: u32) -> Write {
    let body = &made.edited.body;
    let element = |list: &str| {
        body[list][0]["id"]
            .as_str()
            .unwrap_or("00001.9.9")
            .to_owned()
    };
    let write = |path: String, value: Value| Write { path, value };
    let in_list =
        |member: &str, value: Value| write(format!("{field}/{}/{member}", element(field)), value);
    let new = |member: &str, value: Value| write(format!("{field}/{nth:05}.9.9/{member}"), value);
    let value = match field {
        "name" => return in_list("family", json!(format!("N{nth}"))),
        "telecom" => return in_list("value", json!(format!("555 {nth}"))),
        "address" => return in_list("city", json!(format!("C{nth}"))),
        "contact" => return in_list("name", json!(format!("K{nth}"))),
        "allergy" => return in_list("reaction", json!(format!("R{nth}"))),
        "alert" => return in_list("text", json!(format!("A{nth}"))),
        "line" => return in_list("instructions", json!(format!("I{nth}"))),
        "move" => return new("reason", json!("later")),
        "offer" => return new("start", json!(slot(nth))),
        "link" => return new("other", json!(RecordId(sync_server::world::new_id()))),
        "signature" => return new("staff", staff.clone()),
        "mrn" => json!(mrn(nth)),
        "birthDate" => json!("1980-01-02"),
        "gender" => json!("female"),
        "bloodGroup" => json!("A+"),
        "noKnownAllergies" => json!(true),
        "deceased" => json!("2026-02-02"),
        "serial" => json!(nth),
        "ward" => json!(hub.ward),
        "patient" => body["patient"].clone(),
        "practitioner" => json!(hub.doctor),
        "department" => json!(hub.department),
        "start" => json!(slot(nth)),
        "minutes" => json!(30),
        "priority" => json!("urgent"),
        "arrived" => json!("2027-01-01T00:00:00Z"),
        "queue" => json!(nth % 999 + 1),
        "status" if made.kind == Kind::Appointment => json!("arrived"),
        "status" => json!("entered-in-error"),
        "authoredOn" => json!("2027-01-01T00:00:00Z"),
        _ => json!(format!("T{nth}")),
    };
    write(field.into(), value)
}

#[tokio::test]
async fn every_role_writes_what_the_table_says_and_nothing_else() {
    let hub = hub().await;
    let (people, records) = (people(&hub).await, Records::make(&hub).await);
    let mut cells = 0;
    for (role, staff) in people {
        for ward in [hub.ward, hub.other_ward] {
            let mut desk = desk_of(&hub, ward, staff).await;
            let mut asked = Vec::new();
            let mut envelopes = Vec::new();
            for (state, made) in &records.0 {
                for part in Part::ALL
                    .into_iter()
                    .filter(|part| part.kind() == made.kind)
                {
                    for field in part.fields() {
                        cells += 1;
                        desk.incarnation += 1;
                        let write = write(&hub, field, made, &json!(staff), cells);
                        let change = document::write(
                            made.kind,
                            &made.edited.doc,
                            &[write],
                            None,
                            &desk.stamp(),
                        );
                        let change = change.unwrap().unwrap().change;
                        envelopes.push(Envelope {
                            kind: made.kind.number(),
                            record: made.id,
                            change,
                        });
                        let right = Right::Write(part, *state);
                        let expect = match reach(role, right) {
                            _ if ward == hub.other_ward => Expect::Nothing,
                            Some(_) => Expect::Taken,
                            None => Expect::Held,
                        };
                        asked.push((expect, *state, *field));
                    }
                }
            }
            let verdicts = desk.push(envelopes).await;
            let who = format!(
                "{role:?} at {}",
                if ward == hub.ward {
                    "home"
                } else {
                    "the other ward"
                }
            );
            for ((expect, state, field), verdict) in asked.into_iter().zip(&verdicts) {
                check(expect, verdict, &format!("{who}, {state:?}, {field}"));
            }
        }
    }
    assert_eq!(cells, 10 * 2 * (2 * 18 + 2 * 17 + 4 * 9), "every cell");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Taken,
    Held,
    /// What is said of a record that nobody has.
    Nothing,
}

fn check(expect: Expect, verdict: &Verdict, cell: &str) {
    let is_so = match expect {
        Expect::Taken => *verdict == Verdict::Taken,
        Expect::Held => {
            let code = codes(verdict).into_iter().next();
            matches!(verdict, Verdict::Held { .. }) && code.as_deref() == Some("not_allowed")
        }
        Expect::Nothing => matches!(verdict, Verdict::Parked { .. }),
    };
    assert!(is_so, "{cell}: {verdict:?}");
}

#[tokio::test]
async fn a_write_that_is_taken_back_in_the_same_change_is_still_a_write() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Hidden");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    let clerk = desk_of(&hub, hub.ward, hub.receptionist).await;
    let blood = |value: Value| Write {
        path: "bloodGroup".into(),
        value,
    };
    let bed = Write {
        path: "bed".into(),
        value: json!("A-1"),
    };
    // hidden behind what a clerk may write
    let writes = [blood(json!("A+")), bed, blood(Value::Null)];
    let hidden = document::write(
        Kind::Patient,
        &patient.edited.doc,
        &writes,
        None,
        &clerk.stamp(),
    );
    let change = hidden.unwrap().unwrap().change;
    let envelope = Envelope {
        kind: 1,
        record: patient.id,
        change,
    };
    assert_eq!(
        codes(&clerk.push(vec![envelope]).await[0]),
        ["not_allowed", "not_allowed"]
    );
}

#[test]
fn every_role_is_in_the_matrix() {
    assert_eq!(Role::ALL.len(), 10);
}
