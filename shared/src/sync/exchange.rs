//! When to try again.

/// Longest wait between two tries, milliseconds.
const LONGEST_MS: u64 = 30_000;

/// Returns how long to wait before the next try after so many failures in a row: 0.1 s, doubled each time up to 30 s,
/// give or take a quarter. `jitter` is any number; its last three digits spread the desks of a hospital.
pub fn next_try_ms(failures: u32, jitter: u32) -> u64 {
    let wait = (100_u64 << failures.saturating_sub(1).min(12)).min(LONGEST_MS);
    wait * 3 / 4 + wait / 2 * u64::from(jitter % 1_000) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_stays_within_bounds() {
        assert_eq!(next_try_ms(1, 0), 75);
        assert_eq!(next_try_ms(2, 500), 200);
        for failures in 0..200 {
            assert!((75..=37_500).contains(&next_try_ms(failures, 999)));
        }
    }
}
