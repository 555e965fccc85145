//! What consultations cost, and from when on. A visit costs what was the price when it was booked; a later one never touches it.

use crate::administration::{PriceChange, PriceLine, PriceState};
use crate::ids::DepartmentId;
use crate::money::currency::Currency;
use crate::problem::Problem;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// How far ahead a price is planned, at most.
const DAYS_AHEAD: i32 = 731;

/// Returns what is wrong with a new price. There is one currency for all of them.
pub fn check(change: &PriceChange, today: Date, currency: Option<Currency>) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(change.net.of_document().err());
    if let Some(currency) = currency {
        problems.extend(currency.must_be(change.net.currency).err());
    }
    if change.from < today {
        problems.push(Problem::new("price.past", "from").with("today", today));
    }
    if (change.from - today).get_days() > DAYS_AHEAD {
        problems.push(Problem::new("price.far", "from").with("days", DAYS_AHEAD));
    }
    problems
}

/// A price as far as its time is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: i64,
    pub department: Option<DepartmentId>,
    pub from_ms: i64,
}

/// Says what becomes of each price: of those of a department, the one with the latest beginning counts, and of those the one
/// that was said last.
pub fn states(said: &[Said], now_ms: i64) -> Vec<PriceState> {
    let mut last_of: BTreeMap<(Option<DepartmentId>, i64), i64> = BTreeMap::new();
    let mut in_force: BTreeMap<Option<DepartmentId>, (i64, i64)> = BTreeMap::new();
    for one in said {
        let last = last_of.entry((one.department, one.from_ms)).or_default();
        *last = one.id.max(*last);
        if one.from_ms <= now_ms {
            let now = in_force.entry(one.department).or_insert((i64::MIN, 0));
            *now = (one.from_ms, one.id).max(*now);
        }
    }
    let state = |one: &Said| {
        if last_of.get(&(one.department, one.from_ms)) != Some(&one.id) {
            PriceState::Replaced
        } else if one.from_ms > now_ms {
            PriceState::Planned
        } else if in_force.get(&one.department) == Some(&(one.from_ms, one.id)) {
            PriceState::InForce
        } else {
            PriceState::Past
        }
    };
    said.iter().map(state).collect()
}

/// Returns the price that was said last for a department: what a form was opened on.
pub fn newest(lines: &[PriceLine], department: Option<DepartmentId>) -> Option<i64> {
    let own = lines.iter().filter(|line| line.department == department);
    own.map(|line| line.id).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;
    use jiff::civil::date;
    use uuid::Uuid;

    fn currency(letters: &str) -> Currency {
        Currency::parse(letters).expect("a currency")
    }

    #[test]
    fn a_price_is_from_today_on_and_not_for_a_far_day() {
        let check = |from: Date, of: &str, minor: i64, expect: &[&str]| {
            let change = PriceChange {
                department: None,
                net: Money::new(minor, currency(of)),
                from,
                base: None,
            };
            let found = check(&change, date(2027, 3, 1), Some(currency("INR")));
            let codes: Vec<&str> = found.iter().map(|it| it.code.as_str()).collect();
            assert_eq!(codes, expect, "{from}");
        };
        check(date(2027, 3, 1), "INR", 0, &[]);
        check(date(2029, 3, 1), "INR", 10, &[]);
        check(date(2027, 2, 28), "INR", 10, &["price.past"]);
        check(date(2029, 3, 2), "INR", 10, &["price.far"]);
        check(date(2027, 3, 1), "EUR", 10, &["money.currency_mismatch"]);
        check(date(2027, 3, 1), "INR", -1, &["money.out_of_range"]);
    }

    #[test]
    fn the_price_with_the_latest_beginning_counts_and_then_the_one_said_last() {
        use PriceState::{InForce, Past, Planned, Replaced};
        let cardiology = Some(DepartmentId(Uuid::from_u128(1)));
        let of = |id, department, from_ms| Said {
            id,
            department,
            from_ms,
        };
        let said = [
            of(1, None, 0),
            of(2, None, 50),
            of(3, None, 50),
            of(4, None, 200),
            of(5, None, 200),
            of(6, cardiology, 10),
            // said last, but from before
            of(7, None, 20),
        ];
        let expect = [Past, Replaced, InForce, Replaced, Planned, InForce, Past];
        assert_eq!(states(&said, 100), expect);
        assert_eq!(states(&said[..1], -1), [Planned]);
        assert_eq!(states(&[], 0), []);
    }
}
