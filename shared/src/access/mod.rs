//! Who may do what: ten roles, and one [`table`] of what each may do, in which state of a record and in whose ward.
//!
//! Asked first by the replica and again by the hub. [`calls`] says what every call and command needs.

pub mod calls;
pub mod parts;
pub mod table;

use crate::ids::{DeviceId, StaffId, WardId};
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::record::Kind;
use parts::{Part, State};
use serde::{Deserialize, Serialize};
use table::{Reach, Right, reach};
use ts_rs::TS;

/// What somebody is here to do.
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
    /// The clinical manager.
    Manager,
    Admin,
    Auditor,
    /// A patient, who has no business at a desk of the staff.
    Patient,
}

impl Role {
    /// Every role, in the order a menu and the table show them.
    pub const ALL: [Role; 10] = [
        Role::Reception,
        Role::Nurse,
        Role::Doctor,
        Role::Pharmacist,
        Role::Lab,
        Role::Billing,
        Role::Manager,
        Role::Admin,
        Role::Auditor,
        Role::Patient,
    ];

    /// Says whether signing in centrally takes a second factor: for those who decide what others may do, or see all of it.
    pub fn needs_second_factor(self) -> bool {
        match self {
            Role::Manager | Role::Admin | Role::Auditor => true,
            Role::Reception
            | Role::Nurse
            | Role::Doctor
            | Role::Pharmacist
            | Role::Lab
            | Role::Billing
            | Role::Patient => false,
        }
    }
}

/// Who is doing something, where and from which device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub staff: StaffId,
    pub roles: Vec<Role>,
    pub ward: WardId,
    pub device: DeviceId,
}

/// Something besides reading and writing records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// See who looked at a chart.
    ReadAudit,
    /// Release or refuse changes that the hub keeps for a person to look at.
    ReviewHeld,
    /// Settle what was decided without asking anybody, as far as they may write it.
    SettleConflicts,
    /// Say that two records are of one person, and that they are not.
    MergePatients,
    /// Sign in at the central console.
    UseConsole,
    /// Open the emergency access to in-patients of other wards.
    BreakGlass,
    /// Look at what the emergency access was used for.
    ReviewEmergency,
    /// Take payments, void bills and give money back.
    Cashier,
    /// Agree to what another gives back.
    AgreeRefund,
    /// Read the hospital's books.
    ReadBooks,
    /// Look through the books, settle what needs a person, and close the day.
    KeepBooks,
    /// Ask insurers, and write down what they say.
    Insure,
    /// Say what visits cost.
    SetPrices,
    /// Look up what the whole hospital's audit log has, and have it verified.
    SearchAudit,
    /// Let workstations in, stop and empty them, and see how they and the hub are.
    RunDevices,
    /// Say who works here, as what, and who may sign in.
    RunStaff,
    /// Open, name and close wards and departments.
    RunWards,
    /// Choose what the hospital may choose.
    ChooseSettings,
    /// Say when doctors see patients.
    PlanHours,
    /// See the whole in figures, and the lists behind them, without anybody's name.
    SeeOverview,
    /// Tell patients what became of their appointments, and note that.
    TellPatients,
}

impl Task {
    /// Every task.
    pub const ALL: [Task; 21] = [
        Task::ReadAudit,
        Task::ReviewHeld,
        Task::SettleConflicts,
        Task::MergePatients,
        Task::UseConsole,
        Task::BreakGlass,
        Task::ReviewEmergency,
        Task::Cashier,
        Task::AgreeRefund,
        Task::ReadBooks,
        Task::KeepBooks,
        Task::Insure,
        Task::SetPrices,
        Task::SearchAudit,
        Task::RunDevices,
        Task::RunStaff,
        Task::RunWards,
        Task::ChooseSettings,
        Task::PlanHours,
        Task::SeeOverview,
        Task::TellPatients,
    ];

    /// Returns its word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Task::ReadAudit => "audit",
            Task::ReviewHeld => "held",
            Task::SettleConflicts => "conflicts",
            Task::MergePatients => "merge",
            Task::UseConsole => "console",
            Task::BreakGlass => "emergency",
            Task::ReviewEmergency => "emergency_review",
            Task::Cashier => "cashier",
            Task::AgreeRefund => "refund_agree",
            Task::ReadBooks => "books",
            Task::KeepBooks => "books_keep",
            Task::Insure => "insurance",
            Task::SetPrices => "prices",
            Task::SearchAudit => "audit_search",
            Task::RunDevices => "devices",
            Task::RunStaff => "staff",
            Task::RunWards => "wards",
            Task::ChooseSettings => "settings",
            Task::PlanHours => "hours",
            Task::SeeOverview => "overview",
            Task::TellPatients => "notices",
        }
    }
}

/// Something a person may or may not do to what their own ward sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read records of a kind.
    Read(Kind),
    /// Write the field at a document path, such as `allergy/0001k.00000007/substance`, in some state of the record.
    Write(Kind, &'a str),
    /// The same in one state of the record.
    WriteIn(State, &'a str),
    Do(Task),
}

/// Says whether an actor may do something in their own ward; the problem names the field.
pub fn may(actor: &Actor, action: Action<'_>) -> Result<(), Problem> {
    may_in(actor, action, Reach::OwnWard)
}

/// Says whether an actor may do something to what their own ward sees, or to what it does not see.
pub fn may_in(actor: &Actor, action: Action<'_>, whose: Reach) -> Result<(), Problem> {
    if planted::is_on(Fault::AnyRoleMayAll) {
        return Ok(());
    }
    let allows = |right: Right| {
        let mut roles = actor.roles.iter();
        roles.any(|role| reach(*role, right).is_some_and(|reach| reach >= whose))
    };
    let (is_allowed, field) = match action {
        Action::Read(kind) => (allows(Right::Read(kind)), ""),
        Action::Do(task) => (allows(Right::Do(task)), task.word()),
        Action::WriteIn(state, path) => {
            let part = part_of(state.kind(), path)?;
            (allows(Right::Write(part, state)), path)
        }
        Action::Write(kind, path) => {
            let part = part_of(kind, path)?;
            let mut states = State::of_kind(kind).iter();
            (states.any(|state| allows(Right::Write(part, *state))), path)
        }
    };
    if is_allowed {
        Ok(())
    } else {
        Err(Problem::new("not_allowed", field))
    }
}

/// What is not known to be harmless is looked at by a person.
fn part_of(kind: Kind, path: &str) -> Result<Part, Problem> {
    let field = path.split('/').next().unwrap_or("");
    Part::of(kind, field).ok_or_else(|| Problem::new("field.unknown", path))
}

/// Says whether somebody may see who looked at a chart.
pub fn may_read_audit(roles: &[Role]) -> Result<(), Problem> {
    may_do(roles, Task::ReadAudit)
}

/// Says whether somebody with these roles may do a task anywhere at all.
pub fn may_do(roles: &[Role], task: Task) -> Result<(), Problem> {
    let mut roles = roles.iter();
    if roles.any(|role| reach(*role, Right::Do(task)).is_some()) {
        Ok(())
    } else {
        Err(Problem::new("not_allowed", task.word()))
    }
}
