//! HMAC-SHA-256, and keys that come one from another and never back.

use super::Hash;
use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

/// Returns the HMAC of parts one after the other, under a key of 32 bytes.
pub fn mac(key: &Hash, parts: &[&[u8]]) -> Hash {
    let pad = |with: u8| {
        let mut block = [with; BLOCK];
        block
            .iter_mut()
            .zip(key)
            .for_each(|(byte, key)| *byte ^= key);
        Sha256::new().chain_update(block)
    };
    let inner = parts
        .iter()
        .fold(pad(0x36), |hash, part| hash.chain_update(part));
    pad(0x5c).chain_update(inner.finalize()).finalize().into()
}

/// Returns a key for one purpose out of another key.
pub fn derive(purpose: &str, parts: &[&[u8]]) -> Hash {
    let hash = Sha256::new().chain_update(purpose).chain_update([0]);
    parts
        .iter()
        .fold(hash, |hash, part| hash.chain_update(part))
        .finalize()
        .into()
}

/// Returns the key after this one. There is no way from it to this one.
pub fn next(key: &Hash) -> Hash {
    derive("wardbook audit key 1", &[key])
}

/// Compares without saying by its duration where the difference is.
pub fn is_same(one: &Hash, other: &Hash) -> bool {
    one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::hex;

    #[test]
    fn it_is_the_hmac_of_everybody_else() {
        // RFC 4231, case 2, whose key is "Jefe" and thus padded with zeros
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let found = mac(&key, &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            hex(&found),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(is_same(&found, &found) && !is_same(&found, &key));
    }
}
