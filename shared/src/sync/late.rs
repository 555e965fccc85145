//! Work made after its desk was stopped, or after its author left, is for a person to look at. Work from before is not.

use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::sync::clocks::Ahead;

/// What is known of when a change was made. All times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// By the desk's clock.
    pub at_ms: i64,
    /// When the hub took the newest work of others that it builds on: it cannot be older.
    pub follows_ms: i64,
}

/// When a change was made, by the hub's clock. The three are the same unless its desk's clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub earliest_ms: i64,
    /// As the desk reckoned.
    pub at_ms: i64,
    pub latest_ms: i64,
}

impl Made {
    /// Of what was made at a time that is known.
    pub fn surely(at_ms: i64) -> Self {
        Self {
            earliest_ms: at_ms,
            at_ms,
            latest_ms: at_ms,
        }
    }
}

/// Returns when each change of a push was made. They come in the order in which they were made, none of them before what it
/// builds on, none after it came.
pub fn made(said: &[Said], ahead: &Ahead, came_ms: i64) -> Vec<Made> {
    let mut before = [i64::MIN; 3];
    let one = |said: &Said| {
        // a clock that was more ahead says a later time of the same moment
        let ahead = [ahead.most_ms, ahead.reckoned_ms, ahead.least_ms];
        before = std::array::from_fn(|nth| {
            let reckoned = said.at_ms.saturating_sub(ahead[nth]);
            let known = reckoned.max(said.follows_ms).max(before[nth]);
            known.min(came_ms)
        });
        let [earliest_ms, at_ms, latest_ms] = before;
        Made {
            earliest_ms,
            at_ms,
            latest_ms,
        }
    };
    said.iter().map(one).collect()
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
        let check = |said: &[(i64, i64)], ahead_ms, expect: &[i64]| {
            let found = made(&all(said), &Ahead::surely(ahead_ms), 100);
            let expect: Vec<Made> = expect.iter().copied().map(Made::surely).collect();
            assert_eq!(found, expect);
        };
        check(&[(50, 0)], 0, &[50]);
        // a clock that is ahead, and one that is behind
        check(&[(950, 0)], 900, &[50]);
        check(&[(-850, 0)], -900, &[50]);
        // nothing is made after it came, nor before what it builds on
        check(&[(101, 0)], 0, &[100]);
        check(&[(10, 70)], 0, &[70]);
        // set back in between
        check(&[(60, 0), (20, 0), (80, 0)], 0, &[60, 60, 80]);
        check(&[(i64::MIN, i64::MIN)], i64::MAX, &[i64::MIN]);
    }

    fn all(said: &[(i64, i64)]) -> Vec<Said> {
        let one = |(at_ms, follows_ms): &(i64, i64)| Said {
            at_ms: *at_ms,
            follows_ms: *follows_ms,
        };
        said.iter().map(one).collect()
    }

    #[test]
    fn by_a_clock_that_was_set_a_change_was_made_between_two_times() {
        let check = |said: &[(i64, i64)], expect: &[(i64, i64, i64)]| {
            let ahead = Ahead {
                least_ms: -30,
                reckoned_ms: -30,
                most_ms: 20,
            };
            let found = made(&all(said), &ahead, 100);
            let times = |made: &Made| (made.earliest_ms, made.at_ms, made.latest_ms);
            assert_eq!(found.iter().map(times).collect::<Vec<_>>(), expect);
        };
        check(&[(50, 0)], &[(30, 80, 80)]);
        // within what is known all the same, and in order
        check(&[(90, 75)], &[(75, 100, 100)]);
        check(
            &[(50, 0), (10, 0), (60, 55)],
            &[(30, 80, 80), (30, 80, 80), (55, 90, 90)],
        );
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
