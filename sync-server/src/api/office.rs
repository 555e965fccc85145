//! The shapes of what the money screens of the console are told and say.

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
