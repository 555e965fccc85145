//! Writes the TypeScript of everything a desk shows to `ui/src/backend/types.gen.ts`, and fails when it was not current.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use shared::access::Role;
use shared::desk::{
    Chart, Checked, Conflict, DeskState, Held, HistoryEntry, ListAsk, Page, Row, Save, SaveAnswer,
    Session,
};
use shared::desk::{FieldChange, Link, SyncState, SyncStatus, Version, Visit, Waiting};
use shared::ids::{DepartmentId, DeviceId, RecordId, StaffId, WardId};
use shared::patients::{
    Address, AddressUse, Alert, Allergy, BloodGroup, Contact, ContactPoint, ContactUse, Criticality,
};
use shared::patients::{Gender, HumanName, NameUse, Patient, Verification};
use shared::prescriptions::{
    Frequency, Line, Prescription, PrescriptionStatus, Route, Signature, Standing, Unit,
};
use shared::problem::Problem;
use shared::record::Kind;
use shared::scheduling::{Appointment, AppointmentStatus, Move};
use shared::staff::{Department, Reference, Staff, Ward};
use ts_rs::{Config, TS};

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
        RecordId StaffId DeviceId WardId DepartmentId Kind Role Problem Patient HumanName ContactPoint Address Contact Allergy Alert Gender NameUse ContactUse AddressUse
        Criticality Verification BloodGroup Appointment Move AppointmentStatus Prescription Line Signature
        PrescriptionStatus Unit Route Frequency Standing Staff Ward Department Reference SyncState Row Page ListAsk Chart
        Visit Save SaveAnswer HistoryEntry FieldChange Conflict Version Waiting Held Link SyncStatus Session DeskState Checked
    }
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
