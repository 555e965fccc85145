//! Work made after its desk was stopped, or after its author left, is for a person to look at. Work from before is not.

use crate::planted::{self, Fault};
use crate::problem::Problem;

/// What is known of when a change was made. All times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// By the desk's clock.
    pub at_ms: i64,
    /// By how much the desk's clock was ahead of the hub's, as the desk reckons it.
    pub ahead_ms: i64,
    /// When the hub took the newest work of others that it builds on: it cannot be older.
    pub follows_ms: i64,
}

/// Returns when each change of a push was made, by the hub's clock. They come in the order in which they were made, none of
/// them before what it builds on, none after it came.
pub fn made(said: impl IntoIterator<Item = Said>, came_ms: i64) -> Vec<i64> {
    let mut before = i64::MIN;
    let one = |said: Said| {
        let reckoned = said.at_ms.saturating_sub(said.ahead_ms);
        before = reckoned.max(said.follows_ms).max(before).min(came_ms);
        before
    };
    said.into_iter().map(one).collect()
}

/// When a desk and the authors of what it sends were stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    pub desk_ms: Option<i64>,
    pub author_ms: Option<i64>,
}

impl Stopped {
    /// Says whether work made then may become part of the record.
    pub fn allows(&self, made_ms: i64) -> Result<(), Problem> {
        let is_late = |stopped: Option<i64>| stopped.is_some_and(|stopped| stopped < made_ms);
        if planted::is_on(Fault::AnyTimeAfterStop) {
            return Ok(());
        }
        if is_late(self.desk_ms) {
            return Err(Problem::new("device.made_after_stop", ""));
        }
        if is_late(self.author_ms) {
            return Err(Problem::new("staff.made_after_leaving", ""));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_desk_says_of_the_time_is_kept_within_what_the_hub_knows() {
        let check = |said: &[(i64, i64, i64)], expect: &[i64]| {
            let said = said.iter().map(|(at_ms, ahead_ms, follows_ms)| Said {
                at_ms: *at_ms,
                ahead_ms: *ahead_ms,
                follows_ms: *follows_ms,
            });
            assert_eq!(made(said, 100), expect);
        };
        check(&[(50, 0, 0)], &[50]);
        // a clock that is ahead, and one that is behind
        check(&[(950, 900, 0)], &[50]);
        check(&[(-850, -900, 0)], &[50]);
        // nothing is made after it came, nor before what it builds on
        check(&[(101, 0, 0)], &[100]);
        check(&[(10, 0, 70)], &[70]);
        // set back in between
        check(&[(60, 0, 0), (20, 0, 0), (80, 0, 0)], &[60, 60, 80]);
        check(&[(i64::MIN, i64::MAX, i64::MIN)], &[i64::MIN]);
    }

    #[test]
    fn only_what_was_made_after_a_stop_is_held() {
        let check = |desk_ms, author_ms, expect: &str| {
            let stopped = Stopped { desk_ms, author_ms };
            let code = stopped
                .allows(50)
                .err()
                .map_or(String::new(), |said| said.code);
            assert_eq!(code, expect, "{stopped:?}");
        };
        check(None, None, "");
        check(Some(50), Some(50), "");
        check(Some(49), None, "device.made_after_stop");
        check(None, Some(49), "staff.made_after_leaving");
        check(Some(49), Some(49), "device.made_after_stop");
        check(Some(51), Some(51), "");
    }
}
