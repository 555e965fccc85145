//! What the console and the hub say to each other about items.

use super::settle::Choice;
use super::{Item, ItemKind};
use crate::ids::{RecordId, StaffId, WardId};
use crate::problem::Problem;
use crate::record::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// An item as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictLine {
    /// Its name, hex.
    pub id: String,
    pub kind: ItemKind,
    pub rule: Problem,
    /// The path it is about, or empty.
    pub field: String,
    pub record: Option<RecordId>,
    pub record_kind: Option<Kind>,
    /// The patient it is about, in words.
    pub about: Option<String>,
    /// The workstation it is about, in words.
    pub desk: Option<String>,
    pub ward: Option<WardId>,
    /// RFC 3339 in UTC.
    pub raised_at: String,
    pub owner: Option<StaffId>,
    pub settled_at: Option<String>,
    pub settled_by: Option<StaffId>,
    /// What was done about it, a code.
    pub action: Option<String>,
    /// Whether that can be taken back.
    pub can_undo: bool,
}

/// A page of items: the oldest open ones first, or those settled last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictPage {
    pub lines: Vec<ConflictLine>,
    pub next: Option<String>,
    /// Open items that the list is narrowed to; 10 000 stands for as many or more.
    pub waiting: u32,
}

/// An item with all that it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictWhole {
    pub line: ConflictLine,
    pub item: Item,
    /// What each of its paths says now.
    #[ts(type = "unknown[]")]
    pub now: Vec<Value>,
    /// The workstation of each side, in words.
    pub desks: Vec<String>,
    /// Whether whoever asks may settle it.
    pub may_settle: bool,
    /// Whether all of it can be kept.
    pub may_keep_both: bool,
    /// The other record, of two that may be of one person.
    pub other: Option<RecordId>,
}

/// Settles items, each by the same choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictSettle {
    /// At most [`AT_ONCE`].
    pub ids: Vec<String>,
    pub choice: Choice,
}

/// Takes back what was done about items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictUndo {
    pub ids: Vec<String>,
}

/// Says that whoever asks looks after items, or does not any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictOwn {
    pub ids: Vec<String>,
    pub is_mine: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictDone {
    pub done: u32,
    /// Items for which it could not be done.
    pub left: Vec<ConflictLeft>,
}

/// Why an item stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ConflictLeft {
    pub id: String,
    pub problem: Problem,
}

/// Items that are settled by one call, at most.
pub const AT_ONCE: usize = 500;
