//! The world outside: the clock, new ids and randomness. Everything else takes them as arguments.

use rand::Rng;
use shared::clock::Now;
use uuid::Uuid;

/// Reads the clock.
#[expect(clippy::disallowed_methods, reason = "this is the hub's only clock")]
pub fn now() -> Now {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Now(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Makes an id.
#[expect(clippy::disallowed_methods, reason = "this is where the hub makes ids")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// Draws one of the letters given, `count` times.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hub's only source of randomness"
)]
pub fn draw(letters: &[u8], count: usize) -> String {
    let mut random = rand::rng();
    (0..count)
        .map(|_| char::from(letters[random.random_range(0..letters.len())]))
        .collect()
}

/// Makes a key.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hub's only source of randomness"
)]
pub fn new_key() -> [u8; 32] {
    rand::rng().random()
}

/// Makes a salt.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hub's only source of randomness"
)]
pub fn new_salt() -> [u8; 16] {
    rand::rng().random()
}

/// Makes a secret of 32 bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hub's only source of randomness"
)]
pub fn new_secret() -> [u8; 32] {
    rand::rng().random()
}

/// Makes what is used once to seal something.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the hub's only source of randomness"
)]
pub(crate) fn nonce() -> [u8; 24] {
    rand::rng().random()
}
