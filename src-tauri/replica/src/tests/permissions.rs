//! Every role × every field × every state of a record, as a person at this desk tries it.

use super::{Desk, actor, codes, device, new, person, record, ward};
use crate::Replica;
use serde_json::{Value, json};
use shared::access::parts::{Part, State};
use shared::access::table::{Right, reach};
use shared::access::{Actor, Role};
use shared::desk::{Row, Save, SaveAnswer};
use shared::patients::mrn;
use shared::record::Kind;

/// A record in each state, made by a doctor.
fn records(desk: &Desk) -> Vec<(State, Row)> {
    let mut whole = person("Matrix");
    whole["address"] = json!([{ "city": "York" }]);
    whole["contact"] = json!([{ "name": "Kin" }]);
    whole["allergy"] = json!([{ "substance": "Latex" }]);
    whole["alert"] = json!([{ "text": "Falls" }]);
    let make = |kind, number, draft: Value| desk.save(&new(kind, number, draft)).expect("sound");
    let alive = make(Kind::Patient, 1, whole.clone());
    whole["deceased"] = json!("2026-01-01");
    let visit = |start: &str| {
        json!({ "patient": alive.id, "practitioner": desk.actor.staff, "department": super::id(9), "ward": ward(),
            "start": start, "minutes": 20, "status": "booked" })
    };
    let planned = make(Kind::Appointment, 3, visit("2027-03-01T09:00:00Z"));
    let over = make(Kind::Appointment, 4, visit("2027-03-01T10:00:00Z"));
    let reason = json!({ "status": "cancelled", "cancelReason": "ill" });
    let order = |number: u128, status: &str| {
        let line = json!([{ "medicine": "Paracetamol", "dose": "500", "unit": "mg", "route": "oral", "frequency": "QID" }]);
        let draft = json!({ "patient": alive.id, "ward": ward(), "status": status, "stopReason": "over", "line": line });
        make(Kind::Prescription, number, draft)
    };
    let to_sign = order(7, "active");
    let signed = desk
        .replica
        .sign(&desk.actor, to_sign.id, &to_sign.heads)
        .expect("the disk is fine");
    let SaveAnswer::Saved { row: signed } = signed else {
        unreachable!("a doctor signs: {signed:?}")
    };
    vec![
        (State::Deceased, make(Kind::Patient, 2, whole)),
        (State::Alive, alive.clone()),
        (State::Planned, planned),
        (State::Over, desk.edit(&over, reason)),
        (State::Draft, order(5, "draft")),
        (State::Ordered, order(6, "active")),
        (State::Signed, signed),
        (State::Ended, order(8, "stopped")),
    ]
}

/// A draft that writes one field, with nothing wrong but perhaps the permission.
fn draft(row: &Row, field: &str, by: &Actor, nth: u32) -> Value {
    let id = row.body[field][0]["id"].clone();
    let value = match field {
        "name" => json!([{ "id": id, "family": format!("N{nth}") }]),
        "telecom" => json!([{ "id": id, "value": format!("555 {nth}") }]),
        "address" => json!([{ "id": id, "city": format!("C{nth}") }]),
        "contact" => json!([{ "id": id, "name": format!("K{nth}") }]),
        "allergy" => json!([{ "id": id, "reaction": format!("R{nth}") }]),
        "alert" => json!([{ "id": id, "text": format!("A{nth}") }]),
        "line" => json!([{ "id": id, "instructions": format!("I{nth}") }]),
        "move" => json!([{ "reason": "later" }]),
        "offer" => json!([{ "start": format!("T{nth}") }]),
        "link" => json!([{ "type": "replaces" }]),
        "signature" => json!([{ "staff": by.staff }]),
        "mrn" => json!(mrn(nth)),
        "birthDate" => json!("1980-01-02"),
        "gender" => json!("male"),
        "bloodGroup" => json!("A+"),
        "noKnownAllergies" => json!(true),
        "deceased" => json!("2026-02-02"),
        "serial" => json!(900 + nth),
        "ward" | "patient" | "practitioner" | "department" => json!(super::id(u128::from(nth))),
        "start" => json!(format!(
            "2028-01-01T{:02}:{:02}:00Z",
            nth / 60 % 24,
            nth % 60
        )),
        "minutes" => json!(25),
        "priority" => json!("urgent"),
        "arrived" => json!("2027-03-01T09:00:00Z"),
        "queue" => json!(nth % 999 + 1),
        "status" if row.kind == Kind::Appointment => json!("noshow"),
        "status" => json!("entered-in-error"),
        "authoredOn" => json!("2027-01-01T00:00:00Z"),
        _ => json!(format!("T{nth}")),
    };
    json!({ field: value })
}

fn tried(replica: &Replica, by: &Actor, row: &Row, draft: Value) -> Result<(), Vec<String>> {
    let ask = Save {
        kind: row.kind,
        id: row.id,
        // as it was in the state, whatever was written since
        base: Some(row.heads.clone()),
        draft,
        held: None,
    };
    match replica.save(by, &ask).expect("the disk is fine") {
        SaveAnswer::Saved { .. } => Ok(()),
        SaveAnswer::Problems { problems } => {
            Err(codes(&problems).into_iter().map(str::to_owned).collect())
        }
    }
}

#[test]
fn every_role_saves_what_the_table_says_and_nothing_else() {
    let desk = Desk::new(1);
    let mut cells = 0;
    for (state, row) in records(&desk) {
        assert_eq!(State::of(row.kind, &row.body), state);
        for role in Role::ALL {
            let by = actor(1, &[role], &device(1));
            for part in Part::ALL.into_iter().filter(|part| part.kind() == row.kind) {
                for field in part.fields() {
                    cells += 1;
                    let cell = format!("{role:?}, {state:?}, {field}");
                    let answer = tried(&desk.replica, &by, &row, draft(&row, field, &by, cells));
                    if reach(role, Right::Write(part, state)).is_some() {
                        assert_eq!(answer, Ok(()), "{cell}");
                    } else {
                        let codes = answer.expect_err(&cell);
                        assert!(
                            codes.contains(&"not_allowed".to_owned()),
                            "{cell}: {codes:?}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(cells, 10 * (2 * 18 + 2 * 17 + 4 * 9), "every cell");
    assert!(desk.row(1).is_some_and(|row| row.id == record(1)));
}
