//! Drawers: what is in one is counted, what it has more or less than the books say is written down, and what is not left for
//! change goes to the safe.

use super::Method;
use crate::ledger::{Journal, journals};
use crate::money::Money;
use crate::problem::Problem;

/// The drawer to which all others bring what they do not keep.
pub const SAFE: &str = "safe";

/// Somebody counted a drawer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub drawer: String,
    pub counted: Money,
    /// Of it, what stays for change.
    pub left_minor: i64,
}

/// What comes of a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// More than the books say; below nothing it is less.
    pub over_minor: i64,
    pub journals: Vec<Journal>,
}

impl Count {
    /// Says what a count comes to when the books say so much.
    ///
    /// # Errors
    /// What is wrong with the name, `money.out_of_range`, `drawer.left_too_much`, and `drawer.safe` when something of the safe
    /// should go to the safe.
    pub fn against(&self, expected: i64) -> Result<Counted, Problem> {
        let cash = Method::Cash {
            drawer: self.drawer.clone(),
        };
        cash.check()?;
        let counted = self.counted.of_document()?;
        if !(0..=counted.minor).contains(&self.left_minor) {
            let problem = Problem::new("drawer.left_too_much", "left_minor");
            return Err(problem.with("max", counted));
        }
        let moved = counted.minor - self.left_minor;
        if self.drawer == SAFE && moved > 0 {
            return Err(Problem::new("drawer.safe", "left_minor"));
        }
        let over_minor = counted.minor - expected;
        let difference = journals::counted(counted.currency, &self.drawer, counted.minor, expected);
        let to_safe = journals::moved(counted.currency, &self.drawer, SAFE, moved);
        let is_something = |journal: &Journal| !journal.postings().is_empty();
        Ok(Counted {
            over_minor,
            journals: [difference, to_safe]
                .into_iter()
                .filter(is_something)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::currency::Currency;

    fn count(drawer: &str, minor: i64, left_minor: i64) -> Count {
        let inr = Currency::parse("INR").expect("a currency");
        Count {
            drawer: drawer.into(),
            counted: Money::new(minor, inr),
            left_minor,
        }
    }

    fn shown(counted: &Counted) -> String {
        let lines = counted.journals.iter().flat_map(Journal::postings);
        let lines = lines.map(|line| format!("{}{:+}", line.account, line.debit - line.credit));
        lines.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_over_or_short_is_written_and_the_rest_goes_to_the_safe() {
        let check = |of: Count, expected: i64, over: i64, lines: &str| {
            let counted = of.against(expected).expect("a count");
            assert_eq!(
                (counted.over_minor, shown(&counted).as_str()),
                (over, lines),
                "{of:?}"
            );
        };
        check(count("front", 50_000, 50_000), 50_000, 0, "");
        check(
            count("front", 49_900, 49_900),
            50_000,
            -100,
            "5010+100 1000:front-100",
        );
        check(
            count("front", 50_100, 50_100),
            50_000,
            100,
            "1000:front+100 5010-100",
        );
        check(
            count("front", 49_900, 10_000),
            50_000,
            -100,
            "5010+100 1000:front-100 1000:safe+39900 1000:front-39900",
        );
        check(count("safe", 7, 7), 7, 0, "");
        check(count("front", 0, 0), 0, 0, "");
    }

    #[test]
    fn a_count_that_cannot_be_is_refused() {
        let check = |of: Count, code: &str| {
            assert_eq!(of.against(0).expect_err("refused").code, code);
        };
        check(count("", 1, 1), "required");
        check(count("the front", 1, 1), "payment.name");
        check(count("front", -1, 0), "money.out_of_range");
        check(count("front", 1, 2), "drawer.left_too_much");
        check(count("front", 1, -1), "drawer.left_too_much");
        check(count("safe", 2, 1), "drawer.safe");
    }
}
