//! The shapes of what the money screens of the console are told and say.

use super::money::{Balance, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that a person has to look at, or did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ExceptionLine {
    id: i64,
    kind: String,
    subject: Option<String>,
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    currency: Option<String>,
    /// The two figures that differ, in minor units
    expected: Option<i64>,
    found: Option<i64>,
    prepared: Option<serde_json::Value>,
    at_ms: i64,
    /// When it was found last
    seen_ms: Option<i64>,
    settled: Option<SettledBy>,
}

/// Who settled something, when and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SettledBy {
    by: Uuid,
    at_ms: i64,
    reason: String,
}

/// A page of what a person has to look at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ExceptionPage {
    lines: Vec<ExceptionLine>,
    /// Where the next page begins
    next: Option<String>,
    /// How many nobody has settled
    open: i64,
    /// When the books were looked through last
    reconciled: Option<Reconciled>,
}

/// The books were looked through.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reconciled {
    at_ms: i64,
    found: u32,
    new: u32,
}

/// Settles something with a reason.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SettleAsk {
    exception: i64,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// A drawer, and when it was counted last.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DrawerLine {
    drawer: String,
    currency: String,
    /// Whether money went in or out since
    has_moved: bool,
    counted: Option<CountLine>,
}

/// What somebody counted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CountLine {
    expected: i64,
    counted: i64,
    /// What stayed for change
    kept: i64,
    by: Uuid,
    at_ms: i64,
}

/// Counts a drawer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CountAsk {
    /// Made by whoever asks
    count: Uuid,
    #[schema(max_length = 64)]
    drawer: String,
    counted: Money,
    /// Of it, what stays for change; the rest goes to the safe
    left_minor: i64,
}

/// A day of the books.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DayLine {
    day: String,
    /// Nothing for the one that is open
    closed: Option<ClosedBy>,
    /// What is counted in it although it happened on a day that was closed before
    late: u32,
}

/// Who closed a day, and when.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClosedBy {
    by: Uuid,
    at_ms: i64,
}

/// A page of days, the open one first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DayPage {
    lines: Vec<DayLine>,
    next: Option<String>,
}

/// What a day brought to the accounts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DayWhole {
    line: DayLine,
    /// The day before which everything was closed already
    since: Option<String>,
    accounts: Vec<Balance>,
    /// The first hundred of what came late
    late: Vec<LateLine>,
}

/// Something that came after its day was closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LateLine {
    journal: i64,
    why: String,
    bill: Option<Uuid>,
    currency: String,
    minor: i64,
    occurred_ms: i64,
    recorded_ms: i64,
}

/// Closes a day, and those before it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CloseAsk {
    #[schema(example = "2026-11-21")]
    day: String,
}

/// Brings in what a gateway says it paid out.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SettlementAsk {
    #[schema(max_length = 64)]
    provider: String,
    /// CSV: `reference, payment, kind, amount, currency, at`, or as Stripe and Razorpay give it out
    file: String,
}

/// A file of a gateway.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SettlementLine {
    id: i64,
    provider: String,
    lines: u32,
    /// Lines that no file had before
    new: u32,
    by: Uuid,
    at_ms: i64,
}
