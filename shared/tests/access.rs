//! Who may do what, as one table that is reviewed when it changes.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use serde::Serialize;
use shared::access::calls::{DESK, HUB, may_call};
use shared::access::parts::Part;
use shared::access::table::{Reach, TABLE, reach};
use shared::access::{Action, Actor, Role, may};
use shared::ids::{DeviceId, StaffId, WardId};
use shared::patients::Patient;
use shared::prescriptions::Prescription;
use shared::record::Kind;
use shared::scheduling::Appointment;
use std::collections::BTreeSet;
use uuid::Uuid;

#[test]
fn the_table_of_roles_is_the_reviewed_one() {
    let mut table = String::from("What\n");
    for (right, _) in TABLE {
        let whose = |role| match reach(role, *right) {
            Some(Reach::OwnWard) => format!("{role:?}").to_lowercase(),
            Some(Reach::Hospital) => format!("{role:?} (any ward)").to_lowercase(),
            None => "-".into(),
        };
        let line: Vec<String> = Role::ALL.into_iter().map(whose).collect();
        table.push_str(&format!(
            "{:<32} {}\n",
            format!("{right:?}"),
            line.join(" ")
        ));
    }
    table.push_str("\nFields\n");
    for part in Part::ALL {
        table.push_str(&format!(
            "{:<32} {}\n",
            format!("{part:?}"),
            part.fields().join(" ")
        ));
    }
    let who = |needs| {
        let roles = Role::ALL.into_iter().filter(|role| may_call(*role, needs));
        let words: Vec<String> = roles
            .map(|role| format!("{role:?}").to_lowercase())
            .collect();
        if words.len() == Role::ALL.len() {
            "any role".into()
        } else {
            words.join(" ")
        }
    };
    table.push_str("\nCalls to the hub\n");
    for (method, path, needs) in HUB {
        let call = format!("{method} {path}");
        table.push_str(&format!(
            "{call:<45} {:<18} {}\n",
            format!("{needs:?}"),
            who(*needs)
        ));
    }
    table.push_str("\nCommands of a desk\n");
    for (command, needs) in DESK {
        table.push_str(&format!(
            "{command:<15} {:<18} {}\n",
            format!("{needs:?}"),
            who(*needs)
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access.txt");
    if std::env::var_os("REVIEWED").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        table, reviewed,
        "who may do what has changed: review it, then run this test once with REVIEWED=1"
    );
}

#[test]
fn every_field_of_every_record_is_part_of_something() {
    fn fields(record: &impl Serialize) -> BTreeSet<String> {
        let record = serde_json::to_value(record).unwrap();
        record.as_object().unwrap().keys().cloned().collect()
    }
    for kind in Kind::ALL {
        let of_type = match kind {
            Kind::Patient => fields(&Patient::default()),
            Kind::Appointment => fields(&Appointment::default()),
            Kind::Prescription => fields(&Prescription::default()),
        };
        let parts = Part::ALL.into_iter().filter(|part| part.kind() == kind);
        let mut in_parts: Vec<&str> = parts.flat_map(|part| part.fields()).copied().collect();
        let count = in_parts.len();
        in_parts.retain(|field| *field != "serial");
        assert_eq!(count, in_parts.len() + 1, "{kind:?}");
        let in_parts: BTreeSet<String> = in_parts.into_iter().map(str::to_owned).collect();
        assert_eq!(of_type, in_parts, "{kind:?}");
        assert_eq!(
            count,
            of_type.len() + 1,
            "{kind:?}: a field is in two parts"
        );
    }
}

#[test]
fn what_nobody_knows_is_not_allowed_to_anybody() {
    let id = Uuid::nil();
    let everybody = Actor {
        staff: StaffId(id),
        roles: Role::ALL.to_vec(),
        ward: WardId(id),
        device: DeviceId(id),
    };
    let problem = may(&everybody, Action::Write(Kind::Patient, "shoe/1/size")).unwrap_err();
    assert_eq!(
        (problem.code.as_str(), problem.field.as_str()),
        ("field.unknown", "shoe/1/size")
    );
    let nobody = Actor {
        roles: Vec::new(),
        ..everybody
    };
    assert_eq!(
        may(&nobody, Action::Read(Kind::Patient)).unwrap_err().code,
        "not_allowed"
    );
}
