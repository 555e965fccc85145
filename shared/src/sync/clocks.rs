//! How far a desk's clock can have been off when its changes were made: it may have been set since. Source: RULES 3.5, TIM-2.
//!
//! A desk says with each push by how much it reckons to be ahead, and the hub hears it. What the clock was at the push before
//! counts too, as long as the desk may still have work that it made then.

/// A clock that went so much more, or less, than time did was set.
pub const CLOCK_SET_MS: i64 = 5 * 60_000;
/// So much of a difference is the way of a call, or a slow clock, and is not written down.
const NOTED_MS: i64 = 30_000;

/// What the hub remembers of a desk's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// By how much it was ahead of the hub's when the desk pushed last; nothing before it ever did.
    pub ahead_ms: Option<i64>,
    /// The same before it was set, while the desk may still send what it made until then.
    pub was_ms: Option<i64>,
}

/// What a push tells of its desk's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// By how much it is ahead.
    pub ahead_ms: i64,
    /// By how much it was when the desk heard the hub last.
    pub reckoned_ms: i64,
    /// Everything that the desk had to send when it called is in the push.
    pub is_all: bool,
}

/// By how much a clock was ahead when the changes of a push were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    pub least_ms: i64,
    /// As the desk reckoned.
    pub reckoned_ms: i64,
    pub most_ms: i64,
}

impl Ahead {
    /// Of a clock that was not set.
    pub fn surely(ms: i64) -> Self {
        Self {
            least_ms: ms,
            reckoned_ms: ms,
            most_ms: ms,
        }
    }
}

fn is_set(from_ms: i64, to_ms: i64) -> bool {
    from_ms.abs_diff(to_ms) > CLOCK_SET_MS.unsigned_abs()
}

impl Clock {
    /// Returns by how much it was ahead when the changes of a push were made: for sure what the desk reckons, unless
    /// something says otherwise.
    pub fn ahead(&self, heard: &Heard) -> Ahead {
        let known = [self.ahead_ms, self.was_ms].into_iter().flatten();
        let reckoned_ms = heard.reckoned_ms;
        let fold = |all: Ahead, ms: i64| Ahead {
            least_ms: all.least_ms.min(ms),
            most_ms: all.most_ms.max(ms),
            ..all
        };
        let ahead = known
            .chain([heard.ahead_ms])
            .fold(Ahead::surely(reckoned_ms), fold);
        if is_set(ahead.least_ms, ahead.most_ms) {
            ahead
        } else {
            Ahead::surely(reckoned_ms)
        }
    }

    /// Returns what is remembered once a push was taken.
    pub fn after(&self, heard: &Heard) -> Self {
        let now_ms = heard.ahead_ms;
        let before = self.ahead_ms.filter(|before| is_set(*before, now_ms));
        let is_noted = self
            .ahead_ms
            .is_some_and(|known| known.abs_diff(now_ms) <= NOTED_MS.unsigned_abs());
        Self {
            ahead_ms: if is_noted {
                self.ahead_ms
            } else {
                Some(now_ms)
            },
            was_ms: before.or(self.was_ms).filter(|_| !heard.is_all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn heard(ahead_ms: i64, reckoned_ms: i64) -> Heard {
        Heard {
            ahead_ms,
            reckoned_ms,
            is_all: true,
        }
    }

    fn clock(ahead_ms: i64) -> Clock {
        Clock {
            ahead_ms: Some(ahead_ms),
            was_ms: None,
        }
    }

    #[test]
    fn a_clock_that_was_set_leaves_open_by_how_much_it_was_ahead() {
        let check = |clock: Clock, heard, (least_ms, reckoned_ms, most_ms)| {
            let expect = Ahead {
                least_ms,
                reckoned_ms,
                most_ms,
            };
            assert_eq!(clock.ahead(&heard), expect, "{clock:?} {heard:?}");
        };
        // nobody knows better than the desk, or it is right to five minutes
        check(Clock::default(), heard(7, 7), (7, 7, 7));
        check(clock(0), heard(0, CLOCK_SET_MS), [CLOCK_SET_MS; 3].into());
        let more = CLOCK_SET_MS + 1;
        check(clock(0), heard(more, more), (0, more, more));
        check(clock(0), heard(-more, -more), (-more, -more, 0));
        // set since the desk heard the hub
        check(clock(0), heard(HOUR_MS, 0), (0, 0, HOUR_MS));
        check(Clock::default(), heard(-HOUR_MS, 0), (-HOUR_MS, 0, 0));
        // and before the push before, of which not everything has come
        let twice = Clock {
            ahead_ms: Some(0),
            was_ms: Some(2 * HOUR_MS),
        };
        check(twice, heard(0, 0), (0, 0, 2 * HOUR_MS));
        // what nobody can mean
        let most = heard(i64::MAX, i64::MIN);
        check(clock(0), most, (i64::MIN, i64::MIN, i64::MAX));
    }

    #[test]
    fn what_a_clock_was_is_remembered_until_all_that_was_made_by_it_has_come() {
        let part = |ahead_ms| Heard {
            is_all: false,
            ..heard(ahead_ms, ahead_ms)
        };
        let begun = clock(0).after(&part(HOUR_MS));
        let both = Clock {
            ahead_ms: Some(HOUR_MS),
            was_ms: Some(0),
        };
        assert_eq!(begun, both);
        assert_eq!(begun.after(&part(HOUR_MS)), both);
        assert_eq!(begun.after(&heard(HOUR_MS, HOUR_MS)), clock(HOUR_MS));
        // set once more meanwhile
        assert_eq!(begun.after(&part(0)).was_ms, Some(HOUR_MS));
        // a clock that was not set is nothing to write down, until it is slow for long
        assert_eq!(clock(0).after(&part(NOTED_MS)), clock(0));
        assert_eq!(clock(0).after(&part(NOTED_MS + 1)), clock(NOTED_MS + 1));
        assert_eq!(Clock::default().after(&heard(0, 0)), clock(0));
    }
}
