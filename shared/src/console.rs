//! What the central console and the hub say to each other. The hub describes the same in `sync-server/src/api/console.rs`.

use crate::access::Role;
use crate::audit::entry::What;
use crate::desk::FieldChange;
use crate::ids::{DeviceId, LookId, RecordId, StaffId, WardId};
use crate::orders::Order;
use crate::problem::Problem;
use crate::record::Kind;
use crate::scheduling::clinic::Schedule;
use crate::staff::Staff;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is told before anybody is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct ConsoleDoor {
    pub hospital: String,
    /// Whether people may sign in by the hospital's own directory.
    pub has_directory: bool,
}

/// Who is signed in at the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct ConsolePerson {
    pub staff: StaffId,
    pub username: String,
    pub name: String,
    pub roles: Vec<Role>,
    pub has_second_factor: bool,
    /// Their role asks for a second factor and they have none: nothing else is open to them before.
    pub sets_up_factor: bool,
}

/// Which list changed, as the console is told while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum ConsoleNews {
    /// Everything may have: it was not listened to for a while.
    All,
    Held,
    Devices,
    Reference,
    Emergency,
    Conflicts,
    /// The session has ended.
    SignedOut,
}

impl ConsoleNews {
    /// Reads the word of a list as the database says it.
    pub fn of_word(word: &str) -> Self {
        match word {
            "held" => ConsoleNews::Held,
            "devices" => ConsoleNews::Devices,
            "reference" => ConsoleNews::Reference,
            "emergency" => ConsoleNews::Emergency,
            "conflicts" => ConsoleNews::Conflicts,
            _ => ConsoleNews::All,
        }
    }
}

/// What became of held work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum HeldState {
    Waiting,
    /// A person let it in, or it was taken after all.
    Released,
    Refused,
    /// Somebody wrote it again and it was taken.
    Resent,
}

impl HeldState {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            HeldState::Waiting => "waiting",
            HeldState::Released => "released",
            HeldState::Refused => "refused",
            HeldState::Resent => "resent",
        }
    }
}

/// A held change as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct HeldLine {
    /// The name of the change, hex.
    pub hash: String,
    /// RFC 3339 in UTC.
    pub held_at: String,
    pub device: DeviceId,
    pub desk: String,
    pub ward: Option<WardId>,
    pub staff: Option<StaffId>,
    /// Nothing for a kind that this hub does not know.
    pub kind: Option<Kind>,
    pub record: RecordId,
    /// It can never be let in as it is.
    pub is_final: bool,
    pub problems: Vec<Problem>,
    pub state: HeldState,
}

/// A held change with all that it writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct HeldWhole {
    pub line: HeldLine,
    /// The patient it is about, in words; nothing where the record is not there.
    pub about: Option<String>,
    /// What it writes, field by field, beside what the record has now; nothing where the change cannot be read.
    pub writes: Vec<FieldChange>,
    pub is_in_record: bool,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// A page of held work, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct HeldPage {
    pub lines: Vec<HeldLine>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// All that wait.
    pub waiting: u32,
}

/// What a person decides about held work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct HeldDecision {
    pub hash: String,
    /// Why it is refused; nothing to let it in.
    pub refusal: Option<String>,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct HeldDecided {
    /// Why it cannot be part of the record as it is: it waits on.
    pub problems: Vec<Problem>,
}

/// How a workstation stands with the hospital, with what it was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum DeviceStanding {
    Pending,
    Active,
    Suspended,
    Revoked,
    /// Is emptied at its next contact, after it has sent what is unsent.
    WipeAfterUpload,
    /// Is emptied at its next contact.
    WipeNow,
    Emptied,
}

/// A sign that something is wrong with a workstation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Alarm {
    pub code: String,
    pub at: String,
}

/// A workstation as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DeviceLine {
    pub id: DeviceId,
    pub number: u32,
    pub name: String,
    pub ward: Option<WardId>,
    pub standing: DeviceStanding,
    pub invited_by: Option<StaffId>,
    pub approved_by: Option<StaffId>,
    pub enrolled: String,
    /// When the hub last heard it.
    pub seen: Option<String>,
    /// What it said of itself then: its version, and how many changes it had not sent.
    pub version: Option<String>,
    pub unsent: Option<u32>,
    /// Changes of its that wait for a person.
    pub held: u32,
    /// So much was held within an hour that it is slowed down.
    pub is_slowed: bool,
    pub alarm: Option<Alarm>,
}

/// A page of workstations, in order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DevicePage {
    pub lines: Vec<DeviceLine>,
    pub next: Option<String>,
}

/// Lets a workstation in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct DeviceApproval {
    pub device: DeviceId,
}

/// Orders something of a workstation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct DeviceOrder {
    pub device: DeviceId,
    pub order: Order,
    /// The name of the workstation, typed by whoever has it emptied.
    pub name: String,
}

/// A member of staff as the console lists them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct StaffLine {
    pub staff: Staff,
    /// One of their roles asks for a code that changes.
    pub needs_second_factor: bool,
    /// They have one.
    pub has_second_factor: bool,
    /// They were given a password, or work under the hub's own name.
    pub can_sign_in: bool,
    /// Until when the password is good that an administrator gave them; nothing once they chose their own. RFC 3339 in UTC.
    pub once_until: Option<String>,
}

/// A page of staff, by username.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct StaffPage {
    pub lines: Vec<StaffLine>,
    pub next: Option<String>,
    /// For how long desks without the network let people in by what they heard last.
    pub offline_hours: u32,
}

/// Lets somebody sign in, or not any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffActive {
    pub username: String,
    pub is_active: bool,
}

/// What came of another word about somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct StaffChanged {
    /// Visits that they have still to come: somebody looks whether these stand.
    pub visits: u32,
}

/// Says when a doctor sees patients from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct HoursChange {
    /// As it was when the form was opened: what somebody else has changed since is not overwritten.
    pub base: Schedule,
    pub draft: Schedule,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct HoursChanged {
    /// When appointments begin that stand and are outside the hours now, soonest first; a hundred at most.
    pub outside: Vec<String>,
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LogLine {
    #[ts(type = "number")]
    pub leaf: u64,
    /// Nothing for an entry that cannot be read.
    pub what: Option<What>,
    pub at: String,
    pub device: DeviceId,
    pub desk: String,
    pub staff: Option<StaffId>,
    pub kind: Option<Kind>,
    pub record: Option<RecordId>,
    pub reason: Option<String>,
    /// Why it is not as it was written.
    pub flaw: Option<String>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LogPage {
    pub lines: Vec<LogLine>,
    pub next: Option<String>,
}

/// Which look at the whole log to hear of; nothing for a new one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct LookRun {
    pub run: Option<LookId>,
}
