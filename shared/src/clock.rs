//! Time comes in as an argument. This is the one shape it has.

use jiff::Timestamp;

/// A moment, as milliseconds since 1970 in UTC, read from a clock by somebody who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now(pub i64);

impl Now {
    /// Returns the moment as RFC 3339 in UTC with whole seconds: `2027-03-01T09:00:00Z`.
    pub fn rfc3339(self) -> String {
        instant(self.0.div_euclid(1000))
    }

    /// Returns whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// Returns seconds since 1970 as RFC 3339 in UTC; a moment no calendar holds becomes the first one.
pub fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}
