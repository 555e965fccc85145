//! What the hub signs: a text and its signature, so that a desk can believe it later without asking.

use crate::sync::wire::{hex, unhex};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A message the hub signed. The text is kept as it was signed: writing it again might give other bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    pub text: String,
    /// Ed25519, hex.
    pub signature: String,
}

impl Sealed {
    /// Signs a message. `purpose` keeps a message of one sort from being taken for another.
    pub fn new<T: Serialize>(key: &SigningKey, purpose: &str, message: &T) -> Self {
        let text = serde_json::to_string(message).expect("messages have string keys only");
        let signature = hex(&key.sign(&signed_text(purpose, &text)).to_bytes());
        Self { text, signature }
    }

    /// Returns the message if the owner of a key signed it for this purpose.
    pub fn open<T: DeserializeOwned>(&self, key: &VerifyingKey, purpose: &str) -> Option<T> {
        let signature = unhex(&self.signature).and_then(|s| Signature::from_slice(&s).ok())?;
        key.verify_strict(&signed_text(purpose, &self.text), &signature)
            .ok()?;
        serde_json::from_str(&self.text).ok()
    }
}

/// Reads a public key out of hex.
pub fn public_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = unhex(text)?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes)
        .ok()
        .filter(|key| !key.is_weak())
}

fn signed_text(purpose: &str, text: &str) -> Vec<u8> {
    format!("wardbook hub 1\n{purpose}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_were_signed_for_this_purpose_are_believed() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let sealed = Sealed::new(&key, "grant", &vec![1, 2]);
        let check = |sealed: &Sealed, key: &SigningKey, purpose: &str| {
            sealed.open::<Vec<u8>>(&key.verifying_key(), purpose)
        };
        assert_eq!(check(&sealed, &key, "grant"), Some(vec![1, 2]));
        assert_eq!(check(&sealed, &key, "status"), None);
        let other = SigningKey::from_bytes(&[2; 32]);
        assert_eq!(check(&sealed, &other, "grant"), None);
        let changed = Sealed {
            text: "[1,3]".into(),
            ..sealed.clone()
        };
        assert_eq!(check(&changed, &key, "grant"), None);
        let cut = Sealed {
            signature: sealed.signature[..60].into(),
            ..sealed
        };
        assert_eq!(check(&cut, &key, "grant"), None);
    }
}
