//! What a desk shows: the shapes the replica hands to the screen. Generated into `ui/src/backend/types.gen.ts`.

use crate::access::Role;
use crate::audit::entry::What;
use crate::ids::{DepartmentId, RecordId, StaffId, WardId};
use crate::matching::Likeness;
use crate::payments::desk::Unposted;
use crate::prescriptions::Standing;
use crate::problem::Problem;
use crate::record::Kind;
use crate::scheduling::leases::Promise;
use crate::scheduling::sheet::Sheet;
use crate::staff::Staff;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Where a record is on its way to the hospital. The screen never says more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum SyncState {
    /// Everything in it is known to the hub.
    Accepted,
    /// On its way; no answer yet.
    Sent,
    /// Safe on this computer only.
    Saved,
    /// The hub did not take a change: a person has to deal with it. See [`Held`].
    Held,
}

/// A record as lists and charts show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Row {
    pub id: RecordId,
    pub kind: Kind,
    /// The record itself: a `Patient`, an `Appointment` or a `Prescription`.
    #[ts(type = "unknown")]
    pub body: Value,
    /// The version this is, hex heads separated by spaces. Travels with a draft as `base`.
    pub heads: String,
    pub state: SyncState,
    /// Fields on which two places disagree.
    #[ts(type = "number")]
    pub conflicts: u32,
    /// What the signatures of a prescription are worth; nothing for other kinds.
    pub standing: Option<Standing>,
    /// Who changed it last, and when (RFC 3339 in UTC, by the clock of the desk they used).
    pub changed_by: Option<StaffId>,
    pub changed_at: Option<String>,
}

/// Somebody here already who may be the person on a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Likely {
    pub row: Row,
    pub likeness: Likeness,
}

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Page {
    pub rows: Vec<Row>,
    /// How many there are in all.
    #[ts(type = "number")]
    pub total: u64,
    /// Give it back to get the next page; nothing at the end.
    pub next: Option<String>,
}

/// What to list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ListAsk {
    pub kind: Kind,
    pub ward: Option<WardId>,
    /// At most 200.
    pub limit: u32,
    pub after: Option<String>,
}

/// A patient's chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Chart {
    pub patient: Row,
    /// Newest first.
    pub appointments: Vec<Row>,
    /// Newest first.
    pub prescriptions: Vec<Row>,
}

/// An appointment with its patient, for the ward's day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Visit {
    pub appointment: Row,
    /// Nothing while the patient's record has not arrived at this desk.
    pub patient: Option<Row>,
}

/// Whom and when a patient may see. What is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct FreeAsk {
    pub practitioner: Option<StaffId>,
    pub department: Option<DepartmentId>,
    /// First and last day of the hospital's calendar, `2027-03-01`.
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    /// Leaves out when the patient is somewhere else.
    pub patient: Option<RecordId>,
    /// The appointment that is to be moved: it does not stand in its own way.
    pub moved: Option<RecordId>,
    /// At most 200.
    pub limit: u32,
}

/// A slot that is free as far as this desk knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct FreeSlot {
    pub practitioner: StaffId,
    /// RFC 3339 in UTC.
    pub start: String,
    /// What may be said to the patient.
    pub promise: Promise,
}

/// What a form asks the desk to save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Save {
    pub kind: Kind,
    /// Made by the form for a new record, so that pressing Save twice makes one.
    pub id: RecordId,
    /// The heads the form was opened on; nothing for a new record.
    pub base: Option<String>,
    /// Members that are absent stay as they are; `null` empties a field. List elements without `id` are new.
    #[ts(type = "unknown")]
    pub draft: Value,
    /// The held item this edit puts right, if any. It goes when the save succeeds.
    pub held: Option<String>,
}

/// What a save answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum SaveAnswer {
    /// It is safe on this computer, whatever happens next.
    Saved { row: Row },
    /// Nothing was changed; the form keeps what was typed.
    Problems { problems: Vec<Problem> },
}

/// One step in the life of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct HistoryEntry {
    pub staff: Option<StaffId>,
    /// RFC 3339 in UTC, by the clock of the desk.
    pub at: String,
    /// Number of the device it was made on.
    #[ts(type = "number")]
    pub device: u32,
    pub fields: Vec<FieldChange>,
}

/// One thing that was done with a chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct AuditLine {
    pub what: What,
    pub staff: Option<StaffId>,
    /// RFC 3339 in UTC, by the clock of the desk.
    pub at: String,
}

/// What was done with a chart at a desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct AuditTrail {
    /// Newest first.
    pub lines: Vec<AuditLine>,
    /// The desk's entries are not as they were written.
    pub trouble: Option<Problem>,
}

/// What a step changed at one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct FieldChange {
    pub path: String,
    #[ts(type = "unknown")]
    pub before: Value,
    #[ts(type = "unknown")]
    pub after: Value,
}

/// One field about which a person has to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Conflict {
    pub path: String,
    /// Which rule decided so far.
    pub rule: Problem,
    /// What it was before both edits.
    #[ts(type = "unknown")]
    pub before: Value,
    /// Every value written, the one that shows now first.
    pub values: Vec<Version>,
}

/// One of the values of a conflict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Version {
    #[ts(type = "unknown")]
    pub value: Value,
    pub staff: Option<StaffId>,
    pub at: String,
    #[ts(type = "number")]
    pub device: u32,
    /// Written on this desk.
    pub is_here: bool,
}

/// A change that the hub has not accepted yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Waiting {
    pub kind: Kind,
    pub record: RecordId,
    /// The patient it is about, if this desk knows them.
    pub patient: Option<RecordId>,
    /// The patient's name as lists show it.
    pub patient_name: String,
    /// The first path segments that were written, such as `telecom`, for words.
    pub fields: Vec<String>,
    pub is_new: bool,
    pub staff: StaffId,
    pub at: String,
    pub state: SyncState,
    /// What went wrong the last time it was sent, as a code; nothing when it was not tried or just waits.
    pub last_error: Option<String>,
}

/// A change that the hub did not take, kept until a person deals with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Held {
    pub id: String,
    pub kind: Kind,
    pub record: RecordId,
    pub patient: Option<RecordId>,
    pub patient_name: String,
    pub problems: Vec<Problem>,
    /// What was written: paths and values, to fill the form again.
    pub fields: Vec<FieldChange>,
    /// The record as it would be with the change: a draft to open the form with.
    #[ts(type = "unknown")]
    pub draft: Value,
    /// Whether the record itself never reached the hub.
    pub is_new: bool,
    pub staff: StaffId,
    pub at: String,
    /// Withdrawn by a person; can be brought back.
    pub is_withdrawn: bool,
}

/// How the desk and the hub stand with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum Link {
    /// The hub answered the last call.
    Online,
    /// It did not.
    Offline,
    /// A round is under way.
    Syncing,
    /// The first load, or a rebuild, is under way.
    Loading,
    /// The hub does not know this device any more, or wants a newer version.
    Refused,
}

/// The sync line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct SyncStatus {
    pub link: Link,
    /// Changes that the hub has not accepted yet.
    #[ts(type = "number")]
    pub waiting: u32,
    #[ts(type = "number")]
    pub held: u32,
    /// Records with a conflict.
    #[ts(type = "number")]
    pub conflicts: u32,
    /// Money that was recorded here and is not in the hospital's books.
    pub unposted: Option<Unposted>,
    /// When the hub last confirmed that this desk has everything, RFC 3339 in UTC.
    pub synced_at: Option<String>,
    /// Records done and records in all, while loading or sending.
    #[ts(type = "[number, number] | null")]
    pub progress: Option<(u64, u64)>,
    /// Why it does not go on, as a code with blanks to fill: `hub.unreachable`, `disk.full`, `device.unknown` …
    pub trouble: Option<Problem>,
    /// How many seconds this computer's clock is ahead of the hub's (negative: behind), when more than 120.
    #[ts(type = "number | null")]
    pub clock_ahead_s: Option<i64>,
    /// Hospital numbers left on this desk.
    #[ts(type = "number")]
    pub numbers_left: u32,
    pub replica_bytes: f64,
    /// What was found and done when the replica was opened, as a code: `replica.rebuilt` after damage. Nothing normally.
    pub notice: Option<Problem>,
}

/// Who is at the desk, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Session {
    pub staff: Staff,
    pub roles: Vec<Role>,
    pub ward: WardId,
    /// Number of this device, to tell here from other places.
    #[ts(type = "number")]
    pub device: u32,
    /// After how many minutes the screen locks that nobody touches.
    #[ts(type = "number")]
    pub idle_minutes: u32,
}

/// What the desk is, before anybody signs in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DeskState {
    /// Nothing until the device was enrolled.
    pub ward: Option<WardId>,
    pub ward_name: Option<String>,
    pub hospital: Option<String>,
    pub device_name: Option<String>,
    /// Staff who can sign in here without the hub, because they did before.
    pub known_staff: Vec<Staff>,
    pub session: Option<Session>,
    /// Nobody has unlocked the replica since this program started: nothing is read, and nothing is sent.
    pub is_locked: bool,
    /// Changes that wait to be sent; while the desk is locked, as far as is known.
    #[ts(type = "number")]
    pub unsent: u32,
    /// Where the desk's secrets are; nothing for a desk that has none.
    pub keychain: Option<KeychainPlace>,
    /// Why nobody can sign in, or what was done to this desk: `device.suspended`, `device.wiped`, `keychain.unavailable` …
    pub trouble: Option<Problem>,
}

/// Where a desk keeps its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum KeychainPlace {
    /// The keychain of the operating system.
    System,
    /// A file beside the replica: weaker, because who copies the whole disk has it too.
    File,
}

/// Allergy and similar warnings about a draft. Advice, never a refusal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Checked {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
}

/// Whose diary, and when: of one doctor, or of a department's doctors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DiaryAsk {
    pub practitioner: Option<StaffId>,
    pub department: Option<DepartmentId>,
    /// The first of the hospital's local days, `YYYY-MM-DD`.
    pub from: String,
    /// At most 7.
    pub days: u32,
}

/// A diary, as far as this desk knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Diary {
    /// Earliest first. All that the doctors have, also in other departments.
    pub visits: Vec<Visit>,
    /// A day of a doctor each: by doctor, then by day.
    pub sheets: Vec<Sheet>,
}
