//! The shapes of what the console is told and says about items.

use super::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An item as a list shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictLine {
    /// Its name, hex
    id: String,
    /// `hard`, `soft`, `invariant`, `duplicate`, `quarantine`, `stale`, `money` or `clock`
    kind: String,
    /// Which rule decided
    rule: Problem,
    /// The path it is about, or empty
    field: String,
    record: Option<Uuid>,
    record_kind: Option<String>,
    /// The patient it is about
    about: Option<String>,
    /// The workstation it is about
    desk: Option<String>,
    ward: Option<Uuid>,
    raised_at: String,
    /// Who looks after it
    owner: Option<Uuid>,
    settled_at: Option<String>,
    settled_by: Option<Uuid>,
    /// What was done about it, a code
    action: Option<String>,
    can_undo: bool,
}

/// A page of items.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConflictPage {
    lines: Vec<ConflictLine>,
    next: Option<String>,
    /// Open items that the list is narrowed to, 10 000 at most
    waiting: u32,
}

/// What one author said.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Side {
    /// The change, hex
    change: String,
    staff: Option<Uuid>,
    at: String,
    /// Number of the device; 0 is the hub
    device: u32,
    /// For each path
    values: Vec<Value>,
}

/// Who settled an item by writing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Settled {
    change: String,
    staff: Option<Uuid>,
    at: String,
}

/// A decision, its fields and its sides.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Item {
    id: String,
    kind: String,
    rule: Problem,
    paths: Vec<String>,
    /// For each path
    before: Vec<Value>,
    sides: Vec<Side>,
    settled: Option<Settled>,
}

/// An item with all that it says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictWhole {
    line: ConflictLine,
    item: Item,
    /// For each path
    now: Vec<Value>,
    /// The workstation of each side
    desks: Vec<String>,
    may_settle: bool,
    may_keep_both: bool,
    /// The other record, of two that may be of one person
    other: Option<Uuid>,
}

/// What a person decided.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "lowercase")]
pub(crate) enum Choice {
    Keep,
    Take { side: u32 },
    Both,
    Restore,
    Write { values: Vec<Value> },
    Dismiss,
}

/// Settles items.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConflictSettle {
    #[schema(max_items = 500)]
    ids: Vec<String>,
    choice: Choice,
}

/// Opens items again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConflictUndo {
    #[schema(max_items = 500)]
    ids: Vec<String>,
}

/// Says who looks after items.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictOwn {
    #[schema(max_items = 500)]
    ids: Vec<String>,
    is_mine: bool,
}

/// Why an item stays as it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConflictLeft {
    id: String,
    problem: Problem,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConflictDone {
    done: u32,
    left: Vec<ConflictLeft>,
}

/// Two patients to be merged, or parted again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MergeAsk {
    /// The record that is replaced
    gone: Uuid,
    /// The record that is used from now on
    kept: Uuid,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MergeDone {
    /// Appointments and prescriptions that went to the other record, or back
    moved: u32,
}

/// Two records that may be of one person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pair {
    one: Uuid,
    other: Uuid,
    one_body: Value,
    other_body: Value,
    /// Appointments and prescriptions of each
    one_has: u32,
    other_has: u32,
}
