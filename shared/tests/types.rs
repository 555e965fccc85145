//! Writes the TypeScript of everything a desk shows, and of who may do what, to `ui/src/backend/types.gen.ts`, and fails
//! when it was not current.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use serde::Serialize;
use serde_json::Value;
use shared::access::{Action, Actor, Role, Task, may, may_do};
use shared::audit::entry::What;
use shared::desk::{
    AuditLine, AuditTrail, Chart, Checked, Conflict, DeskState, Held, HistoryEntry, KeychainPlace,
    ListAsk, Page, Row, Save, SaveAnswer, Session,
};
use shared::desk::{FieldChange, Link, SyncState, SyncStatus, Version, Visit, Waiting};
use shared::emergency::summary::{Medicine, Summary};
use shared::emergency::{
    Emergency, Finding, LookedLine, NoteLine, OpeningLine, OpeningState, Review, ReviewLine,
};
use shared::ids::{DepartmentId, DeviceId, OpeningId, RecordId, StaffId, WardId};
use shared::patients::{
    Address, AddressUse, Alert, Allergy, BloodGroup, Contact, ContactPoint, ContactUse, Criticality,
};
use shared::patients::{Gender, HumanName, NameUse, Patient, Verification};
use shared::prescriptions::{
    Frequency, Line, Prescription, PrescriptionStatus, Route, Signature, Standing, Unit,
};
use shared::problem::Problem;
use shared::record::Kind;
use shared::scheduling::clinic::{Hours, Schedule};
use shared::scheduling::{Appointment, AppointmentStatus, Move, Offer};
use shared::staff::{Department, Reference, Staff, Ward};
use ts_rs::{Config, TS};
use uuid::Uuid;

#[test]
fn the_types_of_the_screen_are_current() {
    let config = Config::default();
    let mut text =
        String::from("// Generated from shared/ by `cargo test -p shared`. Do not edit.\n");
    macro_rules! write {
        ($($name:ident)+) => {$(
            text.push_str("\nexport ");
            text.push_str(&$name::decl(&config));
            text.push('\n');
        )+};
    }
    write! {
        RecordId StaffId DeviceId WardId DepartmentId OpeningId Kind Role Problem Patient HumanName ContactPoint Address Contact Allergy Alert Gender NameUse ContactUse AddressUse
        Criticality Verification BloodGroup Appointment Move Offer AppointmentStatus Prescription Line Signature
        PrescriptionStatus Unit Route Frequency Standing Staff Ward Department Hours Schedule Reference SyncState Row Page ListAsk Chart
        Visit Save SaveAnswer HistoryEntry FieldChange Conflict Version Waiting Held Link SyncStatus Session DeskState KeychainPlace Checked What AuditLine AuditTrail
        Summary Medicine Emergency OpeningState Finding Review OpeningLine LookedLine NoteLine ReviewLine
    }
    text.push_str(&access());
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../ui/src/backend/types.gen.ts"
    );
    let was = std::fs::read_to_string(path).unwrap_or_default();
    if was != text {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/backend")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    assert!(
        was == text,
        "types.gen.ts was out of date and has been written again: look at the difference and run once more"
    );
}

/// Which buttons to offer: the answers of `may`, role by role and field by field.
fn access() -> String {
    let mut text = String::from(
        "\n/** What each role may read, and which fields it may write: as `shared/src/access` answers. */\n\
         export const access: Record<Role, Record<Kind, { reads: boolean, writes: readonly string[] }>> = {\n",
    );
    let id = Uuid::from_u128(1);
    for role in Role::ALL {
        let actor = Actor {
            staff: StaffId(id),
            roles: vec![role],
            ward: WardId(id),
            device: DeviceId(id),
        };
        text.push_str(&format!("  {}: {{\n", word(&role)));
        for kind in Kind::ALL {
            let reads = may(&actor, Action::Read(kind)).is_ok();
            let mut writes = fields(kind);
            writes.retain(|field| may(&actor, Action::Write(kind, field)).is_ok());
            text.push_str(&format!(
                "    {}: {{ reads: {reads}, writes: {writes:?} }},\n",
                kind.word()
            ));
        }
        text.push_str("  },\n");
    }
    text.push_str("};\n\n/** The tasks each role may do somewhere. */\nexport const tasks: Record<Role, readonly string[]> = {\n");
    for role in Role::ALL {
        let mut words = Task::ALL.to_vec();
        words.retain(|task| may_do(&[role], *task).is_ok());
        let words: Vec<&str> = words.into_iter().map(Task::word).collect();
        text.push_str(&format!("  {}: {words:?},\n", word(&role)));
    }
    text + "};\n"
}

fn word(role: &Role) -> String {
    let word = serde_json::to_value(role).ok();
    let word = word.as_ref().and_then(Value::as_str);
    word.expect("a role is one word").to_owned()
}

fn fields(kind: Kind) -> Vec<String> {
    let members = match kind {
        Kind::Patient => members(&Patient::default()),
        Kind::Appointment => members(&Appointment::default()),
        Kind::Prescription => members(&Prescription::default()),
    };
    assert!(!members.is_empty(), "{kind:?} has fields");
    members
}

fn members(record: &impl Serialize) -> Vec<String> {
    let record = serde_json::to_value(record).ok();
    let record = record.as_ref().and_then(Value::as_object);
    let members = record.expect("a record is a JSON object").keys();
    let mut members: Vec<String> = members.cloned().collect();
    members.sort_unstable();
    members
}
