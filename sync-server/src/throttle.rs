//! Makes guessing slow.

use crate::error::{Error, Result};
use shared::problem::Problem;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Wrong tries in a row before somebody has to wait.
pub(crate) const FREE_TRIES: u32 = 5;
/// Longest wait after wrong tries.
const WAIT_MAX_S: u64 = 300;
/// People whose wrong tries are remembered, at most.
const REMEMBERED: usize = 10_000;

/// Remembers wrong passwords, so that guessing is slow. In memory: a restart forgives.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<BTreeMap<String, (u32, i64)>>);

impl Throttle {
    /// Lets somebody try who does not have to wait.
    pub(crate) fn pass(&self, who: &str, now_ms: i64) -> Result<()> {
        match self.wait_s(who, now_ms) {
            0 => Ok(()),
            wait => Err(Error::TooMany {
                problem: Problem::new("sign_in.wait", "password").with("seconds", wait),
                retry_after_s: wait,
            }),
        }
    }

    /// Notes a try that was wrong: the fifth in a row makes them wait.
    pub(crate) fn failed(&self, who: &str, now_ms: i64) {
        self.wrong(who, now_ms, FREE_TRIES);
    }

    /// Returns how many seconds somebody has to wait.
    pub(crate) fn wait_s(&self, who: &str, now_ms: i64) -> u64 {
        let until = self
            .0
            .lock()
            .ok()
            .and_then(|tries| tries.get(who).map(|(_, until)| *until))
            .unwrap_or(0);
        u64::try_from((until - now_ms).max(0))
            .unwrap_or(0)
            .div_ceil(1000)
    }

    /// Notes a wrong try; those after `free` make them wait.
    pub(crate) fn wrong(&self, who: &str, now_ms: i64, free: u32) {
        let Ok(mut tries) = self.0.lock() else { return };
        if tries.len() >= REMEMBERED {
            tries.retain(|_, (_, until)| *until > now_ms);
        }
        let (count, until) = tries.entry(who.to_owned()).or_default();
        *count += 1;
        if *count >= free {
            let wait_s = (1_u64 << (*count - free).min(16)).min(WAIT_MAX_S);
            *until = now_ms + i64::try_from(wait_s * 1000).unwrap_or(i64::MAX);
        }
    }

    /// Forgets the wrong tries of somebody who was right.
    pub(crate) fn right(&self, who: &str) {
        if let Ok(mut tries) = self.0.lock() {
            tries.remove(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_becomes_slow_and_stays_bounded() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            throttle.wrong("a", 0, FREE_TRIES);
        }
        assert_eq!(throttle.wait_s("a", 0), 0);
        throttle.wrong("a", 0, FREE_TRIES);
        throttle.wrong("a", 0, FREE_TRIES);
        assert_eq!(throttle.wait_s("a", 0), 2);
        assert_eq!(throttle.wait_s("a", 2000), 0);
        for _ in 0..100 {
            throttle.wrong("a", 0, FREE_TRIES);
        }
        assert_eq!(throttle.wait_s("a", 0), WAIT_MAX_S);
        throttle.right("a");
        assert_eq!(throttle.wait_s("a", 0), 0);
    }
}
