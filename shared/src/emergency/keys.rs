//! How the key of a desk's summaries is changed without locking anybody out who may open them.
//!
//! Everybody who may has a key of their own at each desk, which never changes and lies in their slot. The key of the summaries
//! is sealed under each of these and lies beside the summaries. A new one is sealed for those who may open them now: they
//! need not sign in again, not even unlock; whoever may no more has nothing that opens it.

use crate::ids::{DeviceId, StaffId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A key is changed after this long, also when nobody left.
pub const KEY_MS: i64 = 30 * 24 * 3_600_000;
const NONCE: usize = 24;

/// The key of a desk's summaries, sealed for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderKey {
    pub staff: StaffId,
    /// Hex.
    pub sealed: String,
}

/// Says whether the key of a desk's summaries is to be changed: somebody who was given it may not open them any more, or it
/// is old.
pub fn is_due(made_ms: i64, now_ms: i64, may_open: impl IntoIterator<Item = bool>) -> bool {
    now_ms - made_ms >= KEY_MS || may_open.into_iter().any(|may| !may)
}

/// Returns somebody's own key at a desk, made of a secret of that desk which only the hub knows.
pub fn own(secret: &[u8; 32], staff: StaffId) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(b"wardbook emergency holder 1");
    mac.update(staff.0.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Seals the key of a desk's summaries under somebody's own. `nonce` is chance, used for this alone.
pub fn seal(own: &[u8; 32], nonce: [u8; NONCE], device: DeviceId, key: &[u8; 32]) -> Vec<u8> {
    let about = about(device);
    let payload = Payload {
        msg: key,
        aad: about.as_bytes(),
    };
    let sealed = XChaCha20Poly1305::new(own.into())
        .encrypt(XNonce::from_slice(&nonce), payload)
        .expect("a key is short");
    [&nonce[..], &sealed].concat()
}

/// Unseals it; nothing with somebody else's key, or at another desk.
pub fn unseal(own: &[u8; 32], device: DeviceId, sealed: &[u8]) -> Option<[u8; 32]> {
    let (nonce, bytes) = sealed.split_at_checked(NONCE)?;
    let about = about(device);
    let payload = Payload {
        msg: bytes,
        aad: about.as_bytes(),
    };
    let key = XChaCha20Poly1305::new(own.into()).decrypt(XNonce::from_slice(nonce), payload);
    key.ok()?.try_into().ok()
}

fn about(device: DeviceId) -> String {
    format!("wardbook emergency key 1 {device}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn person(n: u128) -> StaffId {
        StaffId(Uuid::from_u128(n))
    }

    #[test]
    fn what_is_sealed_for_one_opens_for_nobody_else_and_at_no_other_desk() {
        let desk = |n| DeviceId(Uuid::from_u128(n));
        let (ada, mona) = (own(&[1; 32], person(1)), own(&[1; 32], person(2)));
        let sealed = seal(&ada, [5; NONCE], desk(1), &[7; 32]);
        assert_eq!(unseal(&ada, desk(1), &sealed), Some([7; 32]));
        assert_eq!(unseal(&mona, desk(1), &sealed), None);
        assert_eq!(unseal(&ada, desk(2), &sealed), None);
        assert_eq!(unseal(&own(&[2; 32], person(1)), desk(1), &sealed), None);
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert_eq!(unseal(&ada, desk(1), &broken), None);
        }
        assert_eq!(unseal(&ada, desk(1), &sealed[..20]), None);
    }

    #[test]
    fn a_key_is_changed_when_somebody_left_or_it_is_old() {
        let check = |now_ms, may: &[bool], expect| {
            assert_eq!(is_due(1_000, now_ms, may.iter().copied()), expect);
        };
        check(1_000, &[], false);
        check(1_000, &[true, true], false);
        check(1_000, &[true, false], true);
        check(1_000 + KEY_MS - 1, &[true], false);
        check(1_000 + KEY_MS, &[true], true);
    }
}
