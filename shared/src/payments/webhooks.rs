//! What a gateway says by itself is believed if it is signed, and then only as far as it cannot contradict what is known.

use crate::money::Money;
use crate::problem::Problem;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

/// Bytes of a body, at most.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// How far the time of a signature may be off, both ways.
const OFF_BY_MAX_S: u64 = 300;
/// Signatures in one header, at most.
const SIGNATURES_MAX: usize = 10;
/// A gateway that dates no signature is not believed about what is older: what it said once cannot be said again later.
const OLDEST_S: i64 = 16 * 86_400;

fn refused() -> Problem {
    Problem::new("webhook.signature", "")
}

/// Says whether a body is signed as Stripe signs: `t=1700000000,v1=…`, over the time and the bytes, by any of the secrets.
///
/// # Errors
/// `webhook.signature`.
pub fn check_stripe(
    header: &str,
    body: &[u8],
    secrets: &[&[u8]],
    now_s: i64,
) -> Result<(), Problem> {
    if body.len() > BODY_BYTES_MAX {
        return Err(refused());
    }
    let (mut times, mut signatures) = (Vec::new(), Vec::new());
    for item in header.split(',') {
        match item.trim().split_once('=') {
            Some(("t", time)) => times.push(time),
            Some(("v1", signature)) => signatures.push(signature),
            Some(_) | None => {}
        }
    }
    let [time] = times[..] else {
        return Err(refused());
    };
    let is_number = time.bytes().all(|c| c.is_ascii_digit());
    let at_s: i64 = is_number
        .then(|| time.parse().ok())
        .flatten()
        .ok_or_else(refused)?;
    if now_s.abs_diff(at_s) > OFF_BY_MAX_S || signatures.len() > SIGNATURES_MAX {
        return Err(refused());
    }
    let is_signed = |secret: &&[u8]| {
        let mut signatures = signatures.iter();
        signatures.any(|signature| is_by(secret, &[time.as_bytes(), b".", body], signature))
    };
    if secrets.iter().any(is_signed) {
        return Ok(());
    }
    Err(refused())
}

/// Says whether a body is signed as Razorpay signs: over the bytes alone, in hex, by any of the secrets.
///
/// # Errors
/// `webhook.signature`.
pub fn check_razorpay(header: &str, body: &[u8], secrets: &[&[u8]]) -> Result<(), Problem> {
    let is_signed = |secret: &&[u8]| is_by(secret, &[body], header.trim());
    if body.len() <= BODY_BYTES_MAX && secrets.iter().any(is_signed) {
        return Ok(());
    }
    Err(refused())
}

/// Says whether what has no dated signature is young enough to be listened to.
///
/// # Errors
/// `webhook.too_old`.
pub fn check_age(created_s: i64, now_s: i64) -> Result<(), Problem> {
    if now_s.saturating_sub(created_s) <= OLDEST_S {
        return Ok(());
    }
    Err(Problem::new("webhook.too_old", ""))
}

/// Compares in a time that says nothing about where two signatures differ.
fn is_by(secret: &[u8], parts: &[&[u8]], signature: &str) -> bool {
    let Some(signature) = bytes(signature) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(&signature).is_ok()
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digit = |c: u8| {
        char::from(c)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let hex: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// How far a payment is at a gateway. What is further along comes later here, so that the latest of all that was heard, in whatever
/// order and however often, is how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtGateway {
    Created,
    Authorized,
    /// It may still be captured when it is tried again, but not the other way round.
    Failed,
    Captured,
    PartiallyRefunded,
    Refunded,
}

impl AtGateway {
    /// Every state, from first to last.
    pub const ALL: [AtGateway; 6] = [
        AtGateway::Created,
        AtGateway::Authorized,
        AtGateway::Failed,
        AtGateway::Captured,
        AtGateway::PartiallyRefunded,
        AtGateway::Refunded,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            AtGateway::Created => "created",
            AtGateway::Authorized => "authorized",
            AtGateway::Failed => "failed",
            AtGateway::Captured => "captured",
            AtGateway::PartiallyRefunded => "partially_refunded",
            AtGateway::Refunded => "refunded",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Returns how far it is after something was heard.
    #[must_use]
    pub fn heard(self, said: Self) -> Self {
        self.max(said)
    }

    /// Says whether money came in.
    pub fn is_captured(self) -> bool {
        self >= AtGateway::Captured
    }
}

/// What a payment is about: ours, or as a gateway tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    pub payment: Option<Uuid>,
    pub amount: Money,
}

/// Says whether a gateway speaks of the payment we know.
///
/// # Errors
/// `payment.gateway_mismatch`, with the field that differs: nothing is posted, and a person looks at it.
pub fn check_about(ours: &About, theirs: &About) -> Result<(), Problem> {
    let field = match () {
        () if ours.payment.is_none() || ours.payment != theirs.payment => "payment",
        () if ours.amount.currency != theirs.amount.currency => "currency",
        () if ours.amount.minor != theirs.amount.minor => "amount_minor",
        () => return Ok(()),
    };
    Err(Problem::new("payment.gateway_mismatch", field))
}
