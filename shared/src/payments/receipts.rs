//! Numbers of receipts: a series for each life of a desk, running without a gap.

use crate::problem::Problem;
use std::collections::BTreeMap;
use std::fmt;

/// The number on a receipt: `26A1-K7Q-000123` is the 123rd of desk series K7Q, at facility A1, in the year 26.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptNumber {
    pub series: Series,
    pub number: u32,
}

/// What runs from one on: the year, the facility and the desk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series(String);

/// The last number that a series has room for.
pub const NUMBER_MAX: u32 = 999_999;

impl Series {
    /// Makes a series of a year, the two letters of a facility and the three of a desk's life.
    pub fn new(year: u8, facility: &str, desk: &str) -> Option<Self> {
        Self::parse(&format!("{year:02}{facility}-{desk}"))
    }

    /// Reads `26A1-K7Q`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |c: u8| c.is_ascii_digit() || c.is_ascii_uppercase();
        let fits = |(at, c): (usize, &u8)| match at {
            0 | 1 => c.is_ascii_digit(),
            4 => *c == b'-',
            _ => is_letter(*c),
        };
        let bytes = text.as_bytes();
        let is_one = bytes.len() == 8 && bytes.iter().enumerate().all(fits);
        is_one.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ReceiptNumber {
    /// Reads a number of fifteen characters.
    pub fn parse(text: &str) -> Option<Self> {
        let (series, number) = text.rsplit_once('-')?;
        let is_number = number.len() == 6 && number.bytes().all(|c| c.is_ascii_digit());
        let number: u32 = is_number.then(|| number.parse().ok()).flatten()?;
        let series = Series::parse(series)?;
        (number > 0).then_some(Self { series, number })
    }

    /// Returns the number after `last` of a series.
    ///
    /// # Errors
    /// `receipt.series_full`.
    pub fn after(series: Series, last: u32) -> Result<Self, Problem> {
        if last >= NUMBER_MAX {
            return Err(Problem::new("receipt.series_full", "").with("series", series));
        }
        Ok(Self {
            series,
            number: last + 1,
        })
    }
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.series, self.number)
    }
}

/// What a series of receipts shows when all that came of it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Numbers that are missing although a later one came.
    pub gaps: Vec<u32>,
    /// Numbers that stand for two different things.
    pub doubled: Vec<u32>,
}

/// Looks at the numbers of one series with the digest of what each is for, in whatever order they came.
pub fn look(came: impl IntoIterator<Item = (u32, u64)>) -> Looked {
    let mut looked = Looked::default();
    let mut known: BTreeMap<u32, u64> = BTreeMap::new();
    for (number, what) in came {
        let before = *known.entry(number).or_insert(what);
        if before != what && !looked.doubled.contains(&number) {
            looked.doubled.push(number);
        }
    }
    let mut next = 1;
    for number in known.into_keys() {
        looked.gaps.extend(next..number);
        next = number + 1;
    }
    looked.doubled.sort_unstable();
    looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        let check = |text: &str| {
            let read = ReceiptNumber::parse(text).map(|number| number.to_string());
            assert_eq!(read.as_deref(), Some(text));
            assert!(text.len() <= 16);
        };
        check("26A1-K7Q-000123");
        check("99ZZ-000-999999");
        for wrong in [
            "",
            "26A1-K7Q-000000",
            "26A1-K7Q-0123",
            "26A1-K7Q-1000000",
            "2XA1-K7Q-000123",
            "26a1-K7Q-000123",
            "26A1_K7Q-000123",
            "26A1-K7Q-00012x",
            "26A1-K7Q-+00123",
            "26A1-K7QQ-00123",
            "26Ä-K7Q-000123",
        ] {
            assert_eq!(ReceiptNumber::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_series_runs_from_one_to_its_end() {
        let series = Series::new(26, "A1", "K7Q").expect("a series");
        let first = ReceiptNumber::after(series.clone(), 0).expect("room");
        assert_eq!(first.to_string(), "26A1-K7Q-000001");
        let last = ReceiptNumber::after(series.clone(), NUMBER_MAX - 1).expect("room");
        assert_eq!(last.number, NUMBER_MAX);
        let full = ReceiptNumber::after(series, NUMBER_MAX).expect_err("no room");
        assert_eq!(full.code, "receipt.series_full");
        assert_eq!(Series::new(26, "A1X", "K7"), None);
    }

    #[test]
    fn gaps_and_doubles_show_in_whatever_order_receipts_come() {
        let check = |came: &[(u32, u64)], gaps: &[u32], doubled: &[u32]| {
            let expect = Looked {
                gaps: gaps.to_vec(),
                doubled: doubled.to_vec(),
            };
            assert_eq!(look(came.iter().copied()), expect, "{came:?}");
            assert_eq!(look(came.iter().rev().copied()), expect, "{came:?}");
        };
        check(&[], &[], &[]);
        check(&[(1, 7), (2, 8), (3, 9)], &[], &[]);
        check(&[(1, 7), (1, 7), (2, 8)], &[], &[]);
        check(&[(2, 8), (5, 9)], &[1, 3, 4], &[]);
        check(&[(1, 7), (1, 8), (2, 9), (1, 9)], &[], &[1]);
    }
}
