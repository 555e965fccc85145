//! What the money screens of the central console and the hub say to each other. The hub describes the same in
//! `sync-server/src/api/office.rs`.

use crate::ids::StaffId;
use crate::money::currency::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use uuid::Uuid;

/// Something that a person has to look at, or did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ExceptionLine {
    #[ts(type = "number")]
    pub id: i64,
    /// A word of [`crate::billing::Exception`] or of [`crate::billing::reconcile::Check`].
    pub kind: String,
    /// What it is about where that is no bill: a payment, a journal, a series.
    pub subject: Option<String>,
    pub bill: Option<Uuid>,
    pub appointment: Option<Uuid>,
    #[ts(type = "string | null")]
    pub currency: Option<Currency>,
    /// The two figures that differ.
    #[ts(type = "number | null")]
    pub expected: Option<i64>,
    #[ts(type = "number | null")]
    pub found: Option<i64>,
    /// What a person would have to write, if that is known.
    #[ts(type = "unknown")]
    pub prepared: Option<Value>,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// When it was found last; nothing for what was told once.
    #[ts(type = "number | null")]
    pub seen_ms: Option<i64>,
    pub settled: Option<SettledBy>,
}

/// Who settled something, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct SettledBy {
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub reason: String,
}

/// A page of what a person has to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ExceptionPage {
    pub lines: Vec<ExceptionLine>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many nobody has settled.
    #[ts(type = "number")]
    pub open: i64,
    /// When the books were looked through last.
    pub reconciled: Option<Reconciled>,
}

/// The books were looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Reconciled {
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What does not add up, and how much of it was not known before.
    pub found: u32,
    pub new: u32,
}

/// Settles something with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct SettleAsk {
    #[ts(type = "number")]
    pub exception: i64,
    pub reason: String,
}
