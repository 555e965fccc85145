//! When to try again.

/// Longest wait between two tries, milliseconds.
const LONGEST_MS: u64 = 30_000;

/// Returns how long to wait before the next try after so many failures in a row: 0.1 s, doubled each time up to 30 s,
/// give or take a quarter. `jitter` is any number; its last three digits spread the desks of a hospital.
pub fn next_try_ms(failures: u32, jitter: u32) -> u64 {
    let wait = (100_u64 << failures.saturating_sub(1).min(12)).min(LONGEST_MS);
    wait * 3 / 4 + wait / 2 * u64::from(jitter % 1_000) / 1_000
}

/// Changes of a device in an hour that may not be taken before it is slowed down.
pub const HELD_AN_HOUR: u64 = 20;

/// Records a device may add in an hour, unless the hospital chose another number: several times what a department that
/// registers the whole day writes.
pub const NEW_AN_HOUR: u64 = 20_000;

/// Returns how long a device waits between two pushes when so many of its changes were not taken within an hour: a minute
/// for each twenty, at most an hour. What it has to say that is good gets through, slowly; nothing of it is lost.
pub fn wait_after_held_s(held: u64) -> u64 {
    if held <= HELD_AN_HOUR {
        return 0;
    }
    (held / HELD_AN_HOUR).saturating_mul(60).min(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_much_waits_longer_and_longer() {
        let waits = [0, 20, 21, 40, 400, 1_200, u64::MAX].map(wait_after_held_s);
        assert_eq!(waits, [0, 0, 60, 120, 1_200, 3_600, 3_600]);
    }

    #[test]
    fn waiting_grows_and_stays_within_bounds() {
        assert_eq!(next_try_ms(1, 0), 75);
        assert_eq!(next_try_ms(2, 500), 200);
        for failures in 0..200 {
            assert!((75..=37_500).contains(&next_try_ms(failures, 999)));
        }
    }
}
