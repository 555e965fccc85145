//! Who may do what, as one match. Asked first by the replica and again by the hub.

use crate::ids::{DeviceId, StaffId, WardId};
use crate::problem::Problem;
use crate::record::Kind;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a member of staff is here to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum Role {
    Reception,
    Nurse,
    Doctor,
    Pharmacist,
    Lab,
    Billing,
    Manager,
    Admin,
    Auditor,
}

impl Role {
    /// Says whether the role has business at the central console.
    pub fn uses_console(self) -> bool {
        match self {
            Role::Pharmacist | Role::Billing | Role::Manager | Role::Admin | Role::Auditor => true,
            Role::Reception | Role::Nurse | Role::Doctor | Role::Lab => false,
        }
    }

    /// Says whether signing in centrally takes a second factor: for those who decide what others may do, or see all of it.
    pub fn needs_second_factor(self) -> bool {
        match self {
            Role::Manager | Role::Admin | Role::Auditor => true,
            Role::Reception
            | Role::Nurse
            | Role::Doctor
            | Role::Pharmacist
            | Role::Lab
            | Role::Billing => false,
        }
    }

    /// Every role, in the order a menu shows them.
    pub const ALL: [Role; 9] = [
        Role::Reception,
        Role::Nurse,
        Role::Doctor,
        Role::Pharmacist,
        Role::Lab,
        Role::Billing,
        Role::Manager,
        Role::Admin,
        Role::Auditor,
    ];
}

/// Who is doing something, where and from which device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub staff: StaffId,
    pub roles: Vec<Role>,
    pub ward: WardId,
    pub device: DeviceId,
}

/// Something a person may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read records of a kind.
    Read(Kind),
    /// Write the field at a document path, such as `allergy/0001k.00000007/substance`.
    Write(Kind, &'a str),
}

/// Says whether an actor may do something; the problem names the field.
pub fn may(actor: &Actor, action: Action<'_>) -> Result<(), Problem> {
    if actor.roles.iter().any(|role| role_may(*role, action)) {
        return Ok(());
    }
    let field = match action {
        Action::Read(_) => "",
        Action::Write(_, path) => path,
    };
    Err(Problem::new("not_allowed", field))
}

/// Says whether somebody may see who looked at a chart.
pub fn may_read_audit(roles: &[Role]) -> Result<(), Problem> {
    let reads = |role: &Role| matches!(role, Role::Manager | Role::Auditor);
    if roles.iter().any(reads) {
        Ok(())
    } else {
        Err(Problem::new("not_allowed", "audit"))
    }
}

fn role_may(role: Role, action: Action<'_>) -> bool {
    match action {
        Action::Read(kind) => may_read(role, kind),
        Action::Write(kind, path) => may_write(role, kind, path.split('/').next().unwrap_or("")),
    }
}

fn may_read(role: Role, kind: Kind) -> bool {
    match role {
        Role::Nurse | Role::Doctor | Role::Pharmacist | Role::Manager | Role::Auditor => true,
        Role::Reception | Role::Billing => kind != Kind::Prescription,
        Role::Lab => kind == Kind::Patient,
        Role::Admin => false,
    }
}

fn may_write(role: Role, kind: Kind, field: &str) -> bool {
    let clinical = matches!(
        field,
        "allergy" | "noKnownAllergies" | "alert" | "bloodGroup" | "notes" | "deceased"
    );
    match (role, kind) {
        (Role::Doctor, Kind::Patient | Kind::Appointment | Kind::Prescription) => true,
        (Role::Nurse, Kind::Patient | Kind::Appointment) => true,
        (Role::Nurse, Kind::Prescription) => false,
        (Role::Reception, Kind::Patient) => !clinical,
        (Role::Reception, Kind::Appointment) => true,
        (Role::Reception, Kind::Prescription) => false,
        (Role::Pharmacist, Kind::Patient) => matches!(field, "allergy" | "noKnownAllergies"),
        (Role::Pharmacist, Kind::Appointment | Kind::Prescription) => false,
        (Role::Manager, Kind::Patient | Kind::Appointment) => !clinical,
        (Role::Manager, Kind::Prescription) => false,
        (
            Role::Lab | Role::Billing | Role::Admin | Role::Auditor,
            Kind::Patient | Kind::Appointment | Kind::Prescription,
        ) => false,
    }
}
