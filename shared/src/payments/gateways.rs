//! How a gateway is asked, so that it takes or gives back money once, whatever is lost on the way.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// How soon somebody looks again what became of something.
pub const LOOK_AGAIN_MS: i64 = 30_000;
/// The same for what the payer leaves lying.
pub const LOOK_LATER_MS: i64 = 10 * 60_000;
/// A call that was lost on its way arrives within this or not at all.
pub const ON_ITS_WAY_MS: i64 = 60_000;
/// After so long without the payer's doing anything it is not waited for any more.
pub const FORGOTTEN_MS: i64 = 24 * 3_600_000;

/// Returns what a gateway knows an attempt by: always the same for the same attempt at the same thing, so that a call which is
/// repeated is known to be one. Made of the name as RFC 9562 says for SHA-256.
pub fn key_of(id: Uuid, attempt: u32) -> Uuid {
    let digest = Sha256::new()
        .chain_update(id)
        .chain_update(attempt.to_be_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// Calls that are made under one key.
const CALLS_MAX: u32 = 3;

/// What is done about something that a gateway says it does not have, though it was asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    SameKey,
    /// The last call may still be on its way.
    Wait,
    /// Some gateways answer a key for ever as they did first, also that they failed.
    NewKey,
}

/// Says what is done after so many calls under one key, the last at `asked_ms`.
pub fn again(calls: u32, asked_ms: i64, now_ms: i64) -> Again {
    match calls {
        ..CALLS_MAX => Again::SameKey,
        CALLS_MAX.. if now_ms.saturating_sub(asked_ms) > ON_ITS_WAY_MS => Again::NewKey,
        CALLS_MAX.. => Again::Wait,
    }
}

/// Returns how long is waited before somebody looks again at what began so long ago.
pub fn look_again_ms(age_ms: i64) -> i64 {
    if age_ms < 3_600_000 {
        LOOK_AGAIN_MS
    } else {
        LOOK_LATER_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_has_one_key_and_no_two_have_the_same() {
        let [one, other] = [1, 2].map(Uuid::from_u128);
        assert_eq!(key_of(one, 1), key_of(one, 1));
        assert_ne!(key_of(one, 1), key_of(one, 2));
        assert_ne!(key_of(one, 1), key_of(other, 1));
        assert_eq!(key_of(one, 1).get_version_num(), 8);
    }

    #[test]
    fn a_new_key_is_used_when_the_old_one_does_not_help_and_no_call_is_on_its_way() {
        assert_eq!(again(0, 0, i64::MAX), Again::SameKey);
        assert_eq!(again(2, 0, i64::MAX), Again::SameKey);
        assert_eq!(again(3, 0, ON_ITS_WAY_MS), Again::Wait);
        assert_eq!(again(3, 0, ON_ITS_WAY_MS + 1), Again::NewKey);
        assert_eq!(again(u32::MAX, i64::MAX, 0), Again::Wait);
    }

    #[test]
    fn what_is_left_lying_is_looked_at_less_often() {
        assert_eq!(look_again_ms(0), 30_000);
        assert_eq!(look_again_ms(3_599_999), 30_000);
        assert_eq!(look_again_ms(3_600_000), 600_000);
    }
}
