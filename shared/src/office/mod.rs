//! What the money screens of the central console and the hub say to each other. The hub describes the same in
//! `sync-server/src/api/office.rs`, `insurance.rs` and `bills.rs`.

pub mod bills;
pub mod charges;
pub mod claims;

use crate::ids::StaffId;
use crate::money::Money;
use crate::money::currency::Currency;
use jiff::civil::Date;
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

/// A drawer, and when it was counted last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DrawerLine {
    pub drawer: String,
    #[ts(type = "string")]
    pub currency: Currency,
    /// Whether money went in or out since.
    pub has_moved: bool,
    pub counted: Option<CountLine>,
}

/// What somebody counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct CountLine {
    #[ts(type = "number")]
    pub expected: i64,
    #[ts(type = "number")]
    pub counted: i64,
    /// What stayed for change.
    #[ts(type = "number")]
    pub kept: i64,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Counts a drawer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountAsk {
    /// Made by whoever asks.
    pub count: Uuid,
    pub drawer: String,
    pub counted: Money,
    /// Of it, what stays for change; the rest goes to the safe.
    pub left_minor: i64,
}

/// A day of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DayLine {
    pub day: String,
    /// Nothing for the one that is open.
    pub closed: Option<ClosedBy>,
    /// What is counted in it although it happened on a day that was closed before.
    pub late: u32,
}

/// Who closed a day, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ClosedBy {
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// A page of days, the open one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DayPage {
    pub lines: Vec<DayLine>,
    pub next: Option<String>,
}

/// What a day, with those before it that were not closed by themselves, brought to the accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct DayWhole {
    pub line: DayLine,
    /// The day before which everything was closed already.
    pub since: Option<String>,
    pub accounts: Vec<AccountLine>,
    /// The first hundred of what came late.
    pub late: Vec<LateLine>,
}

/// What is on one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct AccountLine {
    pub account: u16,
    /// Which drawer or provider.
    pub part: String,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub debit_minor: i64,
    #[ts(type = "number")]
    pub credit_minor: i64,
}

/// Something that came after its day was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LateLine {
    #[ts(type = "number")]
    pub journal: i64,
    pub why: String,
    pub bill: Option<Uuid>,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub minor: i64,
    #[ts(type = "number")]
    pub occurred_ms: i64,
    #[ts(type = "number")]
    pub recorded_ms: i64,
}

/// Closes a day, and those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAsk {
    pub day: Date,
}

/// Brings in what a gateway says it paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettlementAsk {
    pub provider: String,
    /// The file, as it was given out.
    pub file: String,
}

/// A file of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct SettlementLine {
    #[ts(type = "number")]
    pub id: i64,
    pub provider: String,
    pub lines: u32,
    /// Lines that no file had before.
    pub new: u32,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}
