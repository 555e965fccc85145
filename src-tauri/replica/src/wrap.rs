//! How a key is locked away with a password: stretched, mixed with secrets of the keychain, and used to seal another key.
//! There is nothing to compare a password with; a wrong one makes a key that opens nothing.

use crate::error::{Error, Result};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key or a secret; wiped from memory when it is not needed any more.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// What stretching a password costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    memory_kib: u32,
    passes: u32,
}

impl Cost {
    /// 64 MiB, three passes: about a tenth of a second at a desk, and as much for every guess.
    pub(crate) const FULL: Cost = Cost {
        memory_kib: 65_536,
        passes: 3,
    };
    /// For tests that sign in many times.
    #[cfg(any(test, feature = "cheap-passwords"))]
    pub(crate) const SMALL: Cost = Cost {
        memory_kib: 64,
        passes: 1,
    };
}

/// Something sealed under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    nonce: [u8; 24],
    bytes: Vec<u8>,
}

/// Stretches a password with Argon2id.
pub(crate) fn stretch(password: &str, salt: &[u8; 16], cost: Cost) -> Result<Secret> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32))
        .map_err(|_| Error::Nonsense("argon2"))?;
    let mut stretched = Secret::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, stretched.as_mut())
        .map_err(|_| Error::Nonsense("argon2"))?;
    Ok(stretched)
}

/// Makes a key out of parts that are all needed. `purpose` keeps keys of one sort from being used for another.
pub(crate) fn derive(parts: &[&[u8]], purpose: &str) -> Secret {
    let all = Zeroizing::new(parts.concat());
    let mut key = Secret::default();
    Hkdf::<Sha256>::new(None, &all)
        .expand(purpose.as_bytes(), key.as_mut())
        .expect("32 bytes are within what HKDF gives");
    key
}

/// Seals bytes under a key. `about` is not hidden, but without the same words nothing opens.
pub(crate) fn wrap(key: &Secret, bytes: &[u8], about: &str) -> Wrapped {
    let nonce = chance();
    let payload = Payload {
        msg: bytes,
        aad: about.as_bytes(),
    };
    let bytes = XChaCha20Poly1305::new(key.as_ref().into())
        .encrypt(XNonce::from_slice(&nonce), payload)
        .expect("what a desk seals is short");
    Wrapped { nonce, bytes }
}

/// Opens what was sealed; nothing when the key or the words are others.
pub(crate) fn unwrap(key: &Secret, wrapped: &Wrapped, about: &str) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload {
        msg: &wrapped.bytes,
        aad: about.as_bytes(),
    };
    XChaCha20Poly1305::new(key.as_ref().into())
        .decrypt(XNonce::from_slice(&wrapped.nonce), payload)
        .ok()
        .map(Zeroizing::new)
}

/// The same for a key.
pub(crate) fn unwrap_key(key: &Secret, wrapped: &Wrapped, about: &str) -> Option<Secret> {
    secret(&unwrap(key, wrapped, about)?)
}

/// Reads a key out of bytes.
pub(crate) fn secret(bytes: &[u8]) -> Option<Secret> {
    bytes.try_into().ok().map(Secret::new)
}

/// Makes a new secret.
pub(crate) fn new_secret() -> Secret {
    Secret::new(chance())
}

/// Draws bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "keys, salts and nonces have to be chance; nothing is decided by them"
)]
pub(crate) fn chance<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_costs_what_it_should() {
        // RFC 9106's Argon2id with our parameters, so that nobody makes them smaller unnoticed
        let Cost { memory_kib, passes } = Cost::FULL;
        assert_eq!((memory_kib, passes), (64 * 1024, 3));
        let one = stretch("right", &[1; 16], Cost::SMALL).unwrap();
        assert_eq!(one, stretch("right", &[1; 16], Cost::SMALL).unwrap());
        assert_ne!(one, stretch("right", &[2; 16], Cost::SMALL).unwrap());
        assert_ne!(one, stretch("Right", &[1; 16], Cost::SMALL).unwrap());
    }

    #[test]
    fn every_part_is_needed_to_open() {
        let key = derive(&[b"password", b"device"], "kek");
        let wrapped = wrap(&key, &[7; 32], "ada|desk|1");
        assert_eq!(*unwrap_key(&key, &wrapped, "ada|desk|1").unwrap(), [7; 32]);
        for other in [
            derive(&[b"passwort", b"device"], "kek"),
            derive(&[b"password", b"elsewhere"], "kek"),
            derive(&[b"password", b"device"], "slots"),
        ] {
            assert_eq!(unwrap_key(&other, &wrapped, "ada|desk|1"), None);
        }
        assert_eq!(unwrap_key(&key, &wrapped, "ada|desk|2"), None);
        let mut damaged = wrapped.clone();
        damaged.bytes[0] ^= 1;
        assert_eq!(unwrap_key(&key, &damaged, "ada|desk|1"), None);
        assert_ne!(wrap(&key, &[7; 32], "").nonce, wrapped.nonce);
    }
}
