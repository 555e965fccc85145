//! What may go back to a patient, by which way, and who has to agree.

use crate::ids::StaffId;
use crate::money::currency::Currency;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStep {
    Pending,
    /// A second person has to agree, or the gateway wants something.
    RequiresAction,
    Succeeded,
    /// What was to be paid back is still owed.
    Failed,
    Canceled,
}

impl RefundStep {
    /// Every step.
    pub const ALL: [RefundStep; 5] = [
        RefundStep::Pending,
        RefundStep::RequiresAction,
        RefundStep::Succeeded,
        RefundStep::Failed,
        RefundStep::Canceled,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            RefundStep::Pending => "pending",
            RefundStep::RequiresAction => "requires_action",
            RefundStep::Succeeded => "succeeded",
            RefundStep::Failed => "failed",
            RefundStep::Canceled => "canceled",
        }
    }

    /// Says whether its money is spoken for.
    pub fn counts(self) -> bool {
        match self {
            RefundStep::Pending | RefundStep::RequiresAction | RefundStep::Succeeded => true,
            RefundStep::Failed | RefundStep::Canceled => false,
        }
    }

    /// Says whether one may follow on this one.
    ///
    /// # Errors
    /// `refund.state`.
    pub fn then(self, next: Self) -> Result<Self, Problem> {
        let may = match self {
            RefundStep::RequiresAction => next != RefundStep::RequiresAction,
            RefundStep::Pending => next != RefundStep::Pending,
            RefundStep::Succeeded | RefundStep::Failed | RefundStep::Canceled => false,
        };
        if may {
            return Ok(next);
        }
        Err(Problem::new("refund.state", "state").with("state", self.word()))
    }
}

/// A payment that money can go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source<Id> {
    pub payment: Id,
    pub captured: i64,
    /// Refunds of it that count.
    pub refunded: i64,
}

/// Spreads a refund over the payments of a bill, the latest first: `sources` are in the order in which they were made.
///
/// # Errors
/// `refund.exceeds_paid`.
pub fn to_sources<Id: Clone>(
    minor: i64,
    sources: &[Source<Id>],
) -> Result<Vec<(Id, i64)>, Problem> {
    let mut left = minor;
    let mut parts = Vec::new();
    for source in sources.iter().rev() {
        let part = (source.captured - source.refunded).max(0).min(left);
        if part > 0 {
            parts.push((source.payment.clone(), part));
            left -= part;
        }
    }
    if left > 0 {
        let most = minor - left;
        return Err(Problem::new("refund.exceeds_paid", "amount_minor").with("max", most));
    }
    Ok(parts)
}

/// Above what a second person agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub any_minor: i64,
    pub cash_minor: i64,
}

impl Limits {
    /// Returns what holds where the hospital sets nothing else: 10 000, and 2 000 in cash.
    pub fn of(currency: Currency) -> Self {
        let unit = 10_i64.pow(u32::from(currency.exponent()));
        Self {
            any_minor: 10_000 * unit,
            cash_minor: 2_000 * unit,
        }
    }
}

/// By which way money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Cash,
    Other,
}

/// Says whether a second person has to agree.
pub fn needs_second(minor: i64, way: Way, limits: Limits) -> bool {
    let most = match way {
        Way::Cash => limits.cash_minor.min(limits.any_minor),
        Way::Other => limits.any_minor,
    };
    minor > most
}

/// Says whether somebody may agree to what another asked for.
///
/// # Errors
/// `refund.same_person`.
pub fn may_agree(asked: StaffId, agrees: StaffId) -> Result<(), Problem> {
    if asked == agrees {
        return Err(Problem::new("refund.same_person", "by"));
    }
    Ok(())
}
