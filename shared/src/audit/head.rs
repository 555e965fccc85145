//! A signed tree head: the hub's word on how long its log was at a moment, and what was in it.

use super::Hash;
use crate::sync::wire::{hex, unhex};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    pub size: u64,
    pub root: Hash,
    /// Milliseconds since 1970, by the hub's clock.
    pub at_ms: i64,
}

/// A tree head with its signature, as it is kept in a second place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    pub head: TreeHead,
    pub signature: [u8; 64],
}

/// A signed head as texts: one line of the second place, and what a desk shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct HeadLine {
    #[ts(type = "number")]
    pub size: u64,
    pub root: String,
    #[ts(type = "number")]
    pub at_ms: i64,
    pub signature: String,
}

impl TreeHead {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"wardbook tree head 1\n".to_vec();
        bytes.extend(self.size.to_be_bytes());
        bytes.extend(self.root);
        bytes.extend(self.at_ms.to_be_bytes());
        bytes
    }

    /// Signs it.
    pub fn sign(self, key: &SigningKey) -> SignedHead {
        let signature = key.sign(&self.to_bytes()).to_bytes();
        SignedHead {
            head: self,
            signature,
        }
    }
}

impl SignedHead {
    /// Says whether the owner of a key signed this head.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&self.head.to_bytes(), &signature).is_ok()
    }

    /// Returns it as texts.
    pub fn to_texts(&self) -> HeadLine {
        HeadLine {
            size: self.head.size,
            root: hex(&self.head.root),
            at_ms: self.head.at_ms,
            signature: hex(&self.signature),
        }
    }

    /// Returns it as one line of JSON.
    pub fn to_line(&self) -> String {
        serde_json::to_string(&self.to_texts()).expect("numbers and texts are JSON")
    }

    /// Reads one line; nothing when it is not a head.
    pub fn from_line(line: &str) -> Option<Self> {
        Self::from_texts(&serde_json::from_str(line).ok()?)
    }

    /// Reads its texts; nothing when they are not a head.
    pub fn from_texts(line: &HeadLine) -> Option<Self> {
        let root = unhex(&line.root)?.try_into().ok()?;
        let signature = unhex(&line.signature)?.try_into().ok()?;
        let (size, at_ms) = (line.size, line.at_ms);
        let head = TreeHead { size, root, at_ms };
        Some(Self { head, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_worth_only_what_was_signed() {
        let (key, other) = (
            SigningKey::from_bytes(&[1; 32]),
            SigningKey::from_bytes(&[2; 32]),
        );
        let head = TreeHead {
            size: 7,
            root: [3; 32],
            at_ms: 9,
        };
        let signed = head.sign(&key);
        assert!(signed.is_signed_by(&key.verifying_key()));
        assert!(!signed.is_signed_by(&other.verifying_key()));
        assert_eq!(
            SignedHead::from_line(&signed.to_line()).as_ref(),
            Some(&signed)
        );
        let changed = |change: fn(&mut TreeHead)| {
            let mut signed = signed.clone();
            change(&mut signed.head);
            signed.is_signed_by(&key.verifying_key())
        };
        assert!(!changed(|head| head.size = 8));
        assert!(!changed(|head| head.root[0] = 4));
        assert!(!changed(|head| head.at_ms = 10));
        assert_eq!(SignedHead::from_line("{}"), None);
    }
}
