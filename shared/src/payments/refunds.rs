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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn inr() -> Currency {
        Currency::parse("INR").expect("a currency")
    }

    #[test]
    fn a_refund_goes_back_to_the_latest_payments_first_and_never_beyond_them() {
        let of = |payment: u8, captured: i64, refunded: i64| Source {
            payment,
            captured,
            refunded,
        };
        let sources = [of(1, 4_000, 0), of(2, 6_500, 500)];
        let check = |minor: i64, expect: &[(u8, i64)]| {
            assert_eq!(to_sources(minor, &sources).as_deref(), Ok(expect));
        };
        check(1, &[(2, 1)]);
        check(6_000, &[(2, 6_000)]);
        check(6_001, &[(2, 6_000), (1, 1)]);
        check(10_000, &[(2, 6_000), (1, 4_000)]);
        let refused = to_sources(10_001, &sources).expect_err("more than was paid");
        assert_eq!(refused.code, "refund.exceeds_paid");
        assert_eq!(refused.with["max"], "10000");
        assert!(to_sources::<u8>(1, &[]).is_err());
    }

    #[test]
    fn above_a_limit_two_people_agree() {
        let limits = Limits::of(inr());
        assert!(!needs_second(1_000_000, Way::Other, limits));
        assert!(needs_second(1_000_001, Way::Other, limits));
        assert!(!needs_second(200_000, Way::Cash, limits));
        assert!(needs_second(200_001, Way::Cash, limits));
        let [one, other] = [1, 2].map(|id| StaffId(Uuid::from_u128(id)));
        assert_eq!(may_agree(one, other), Ok(()));
        assert_eq!(
            may_agree(one, one).expect_err("alone").code,
            "refund.same_person"
        );
    }

    #[test]
    fn what_ended_stays_and_what_failed_is_still_owed() {
        use RefundStep::{Canceled, Failed, Pending, RequiresAction, Succeeded};
        assert_eq!(RequiresAction.then(Pending), Ok(Pending));
        assert_eq!(Pending.then(Succeeded), Ok(Succeeded));
        for ended in [Succeeded, Failed, Canceled] {
            for next in RefundStep::ALL {
                assert_eq!(ended.then(next).expect_err("it ended").code, "refund.state");
            }
        }
        assert!(Pending.then(Pending).is_err() && RequiresAction.then(RequiresAction).is_err());
        let counting = RefundStep::ALL.into_iter().filter(|step| step.counts());
        assert_eq!(
            counting.collect::<Vec<_>>(),
            [Pending, RequiresAction, Succeeded]
        );
    }
}
