//! Who may write what, as one table that is reviewed when it changes.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use shared::access::{Action, Actor, Role, may};
use shared::ids::{DeviceId, StaffId, WardId};
use shared::record::Kind;
use uuid::Uuid;

const FIELDS: &[(Kind, &[&str])] = &[
    (
        Kind::Patient,
        &[
            "name/1/family",
            "birthDate",
            "telecom/1/value",
            "ward",
            "bed",
            "allergy/1/substance",
            "alert/1/text",
            "bloodGroup",
            "notes",
        ],
    ),
    (Kind::Appointment, &["start", "status", "notes"]),
    (
        Kind::Prescription,
        &["line/1/dose", "status", "signature/1/staff"],
    ),
];

#[test]
fn the_table_of_roles_is_the_reviewed_one() {
    let mut table = String::new();
    for role in Role::ALL {
        let id = Uuid::nil();
        let actor = Actor {
            staff: StaffId(id),
            roles: vec![role],
            ward: WardId(id),
            device: DeviceId(id),
        };
        for (kind, fields) in FIELDS {
            let reads = if may(&actor, Action::Read(*kind)).is_ok() {
                "reads"
            } else {
                "-"
            };
            let writes: Vec<&str> = fields
                .iter()
                .copied()
                .filter(|field| may(&actor, Action::Write(*kind, field)).is_ok())
                .collect();
            table.push_str(&format!(
                "{:<11} {:<13} {reads:<6} {}\n",
                format!("{role:?}"),
                kind.word(),
                writes.join(" ")
            ));
        }
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
