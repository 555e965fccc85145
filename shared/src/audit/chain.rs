//! A desk's chain: each entry names the one before it, and is sealed with a key that is forgotten at once.
//!
//! `hash(n) = SHA-256(0x00 ‖ entry(n) ‖ hash(n-1))`, `seal(n) = HMAC(key(n), n ‖ hash(n))`, and `key(n+1)` follows from
//! `key(n)` but not the other way. A desk only has the next key, so whoever takes it can neither change what it wrote
//! nor cut entries off and go on: the hub, which knows the first key, sees that the seal is not the one of that place.

use super::entry::{ENTRY_BYTES, Entry};
use super::start::Locked;
use super::{Hash, seal};
use crate::ids::DeviceId;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Entries of one batch, at most.
pub const BATCH_ENTRIES: usize = 1_000;
/// Missing entries over which a chain is followed by its seals.
const GAP_MAX: u64 = 10_000_000;

/// One entry in its chain, as it is stored and travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Counts from 1.
    pub seq: u64,
    /// See [`Entry::to_bytes`].
    pub entry: Vec<u8>,
    pub hash: Hash,
    pub seal: Hash,
}

/// Entries of one chain on their way to the hub, in order, with the device's signature over the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub device: DeviceId,
    pub incarnation: u16,
    pub begun: Locked,
    pub links: Vec<Link>,
    /// Ed25519 over [`head_bytes`] of the last link.
    pub signature: Vec<u8>,
}

/// What the hub answers: everything up to and with this place is there for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAnswer {
    pub upto: u64,
}

/// What the hub tells desks so that they can lock the first keys of their chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubKey {
    /// Ed25519 public key of the tree heads, hex.
    pub sign: String,
    /// The key to lock with, hex.
    pub lock: String,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Entries before it are missing.
    Gap,
    /// Another entry is at its place already.
    Fork,
    /// It is not an entry.
    Shape,
    /// It is not what its hash says, or does not follow on the one before.
    Hash,
    /// It is not sealed with the key of its place.
    Seal,
    /// The device did not sign the head.
    Signature,
    /// The first key cannot be unlocked, so no seal can be checked.
    Lock,
    /// The chain begins with something else than its beginning, or after one the hub does not know.
    Beginning,
}

impl Flaw {
    /// Returns the code an alarm carries as its reason.
    pub fn code(self) -> &'static str {
        match self {
            Flaw::Gap => "chain.gap",
            Flaw::Fork => "chain.fork",
            Flaw::Shape => "chain.shape",
            Flaw::Hash => "chain.hash",
            Flaw::Seal => "chain.seal",
            Flaw::Signature => "chain.signature",
            Flaw::Lock => "chain.lock",
            Flaw::Beginning => "chain.beginning",
        }
    }
}

/// Returns what a chain has in place of a hash before its first entry.
pub fn origin(device: DeviceId, incarnation: u16) -> Hash {
    let incarnation = incarnation.to_be_bytes();
    seal::derive(
        "wardbook audit chain 1",
        &[device.0.as_bytes(), &incarnation],
    )
}

/// Returns the hash of an entry after the one before it.
pub fn hash(entry: &[u8], before: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([0]).chain_update(entry);
    hash.chain_update(before).finalize().into()
}

fn seal_of(key: &Hash, seq: u64, hash: &Hash) -> Hash {
    seal::mac(key, &[&seq.to_be_bytes(), hash])
}

/// Returns what a device signs of the head of its chain.
pub fn head_bytes(device: DeviceId, incarnation: u16, seq: u64, hash: &Hash) -> Vec<u8> {
    let mut bytes = b"wardbook chain head 1\n".to_vec();
    bytes.extend(device.0.as_bytes());
    bytes.extend(incarnation.to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.extend(hash);
    bytes
}

/// The end of a chain that is being written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pen {
    pub incarnation: u16,
    /// Place of the last entry; 0 before the first.
    pub seq: u64,
    pub head: Hash,
    key: Hash,
}

impl std::fmt::Debug for Pen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pen at {}.{}", self.incarnation, self.seq)
    }
}

impl Pen {
    /// Begins a chain with its first key.
    pub fn begin(device: DeviceId, incarnation: u16, first: Hash) -> Self {
        let head = origin(device, incarnation);
        Self {
            incarnation,
            seq: 0,
            head,
            key: first,
        }
    }

    /// Writes an entry. The key it was sealed with is gone afterwards.
    pub fn write(&mut self, entry: &Entry) -> Link {
        let entry = entry.to_bytes();
        self.seq += 1;
        self.head = hash(&entry, &self.head);
        let seal = seal_of(&self.key, self.seq, &self.head);
        self.key = seal::next(&self.key);
        Link {
            seq: self.seq,
            entry,
            hash: self.head,
            seal,
        }
    }
}

impl Batch {
    /// Makes a batch of links that follow one another, signed by the device. There has to be at least one.
    pub fn sign(
        device: DeviceId,
        incarnation: u16,
        begun: Locked,
        links: Vec<Link>,
        key: &SigningKey,
    ) -> Self {
        let last = links.last().expect("a batch has entries");
        let bytes = head_bytes(device, incarnation, last.seq, &last.hash);
        let signature = key.sign(&bytes).to_bytes().to_vec();
        Self {
            device,
            incarnation,
            begun,
            links,
            signature,
        }
    }

    /// Says whether the device signed the last hash of the batch.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let Some(last) = self.links.last() else {
            return false;
        };
        let bytes = head_bytes(self.device, self.incarnation, last.seq, &last.hash);
        Signature::from_slice(&self.signature)
            .is_ok_and(|signature| key.verify_strict(&bytes, &signature).is_ok())
    }
}

/// Follows a chain from its beginning, at the hub as it comes and again whenever it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Checker {
    /// The place that comes next.
    pub next: u64,
    /// Hash of the entry before it.
    pub head: Hash,
    /// Key of the next place; nothing when it cannot be known.
    pub key: Option<Hash>,
}

impl Checker {
    /// Begins to follow a chain whose first key is known, or not: then seals are not looked at.
    pub fn begin(device: DeviceId, incarnation: u16, first: Option<Hash>) -> Self {
        Self {
            next: 1,
            head: origin(device, incarnation),
            key: first,
        }
    }

    /// Follows a chain that a desk kept from some place on.
    pub fn after(seq: u64, head: Hash) -> Self {
        Self {
            next: seq + 1,
            head,
            key: None,
        }
    }

    /// Looks at the next link and says what is wrong with it. Goes on from what the link itself says, so that the links
    /// after a bad one are judged by themselves.
    pub fn follow(&mut self, link: &Link) -> Result<(), Flaw> {
        if link.seq < self.next {
            return Err(Flaw::Fork);
        }
        let missing = link.seq - self.next;
        if missing > 0 {
            self.key = self.key.filter(|_| missing <= GAP_MAX);
            let forward = |key| (0..missing).fold(key, |key, _| seal::next(&key));
            self.key = self.key.map(forward);
        }
        let is_sealed = self
            .key
            .is_none_or(|key| seal::is_same(&seal_of(&key, link.seq, &link.hash), &link.seal));
        let is_entry = link.entry.len() <= ENTRY_BYTES && Entry::from_bytes(&link.entry).is_some();
        let is_next = hash(&link.entry, &self.head) == link.hash;
        self.next = link.seq.saturating_add(1);
        self.head = link.hash;
        self.key = self.key.map(|key| seal::next(&key));
        match (missing, is_entry, is_next, is_sealed) {
            (1.., _, _, _) => Err(Flaw::Gap),
            (0, false, _, _) => Err(Flaw::Shape),
            (0, true, false, _) => Err(Flaw::Hash),
            (0, true, true, false) => Err(Flaw::Seal),
            (0, true, true, true) => Ok(()),
        }
    }

    /// Follows links and returns the place of the first bad one and what is wrong there. `end` is the place and hash up to
    /// which there has to be something: a chain that ends before was cut off.
    pub fn first_bad<'a>(
        mut self,
        links: impl IntoIterator<Item = &'a Link>,
        end: Option<(u64, Hash)>,
    ) -> Option<(u64, Flaw)> {
        for link in links {
            let expected = self.next;
            if let Err(flaw) = self.follow(link) {
                return Some((expected, flaw));
            }
        }
        let (last, hash) = end?;
        if self.next <= last {
            return Some((self.next, Flaw::Gap));
        }
        let is_end = self.next == last + 1 && self.head == hash;
        (!is_end).then_some((last, Flaw::Hash))
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
