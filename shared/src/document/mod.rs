//! A record as an Automerge document, and what may be done to it.
//!
//! A document is one flat map from *path* to scalar: `birthDate`, `telecom/00002.7.0/value`. Texts that people write
//! together ([`Kind::texts`]) are Automerge texts at the same level. There are no nested objects, so two places that
//! add to one list can never hide each other's element, and what a change writes is read off its operations without
//! the document. Nothing is ever deleted: a field is emptied by `null`, an element of a list gets an end.
//!
//! A *body* is the same as JSON for a screen: `{"birthDate": …, "telecom": [{"id": "00002.7.0", "value": …}], "notes": …}`.

mod body;
mod clock;
mod edit;
mod history;
mod merge;
#[cfg(test)]
mod tests;

pub use body::draft_of;
pub(crate) use body::{of_scalar, read_now as read_body};
pub use clock::Clock;
pub use edit::{create, edit, write};
pub(crate) use edit::{is_element_id, next_element};
pub(crate) use history::value_at;
pub use history::{conflicts, has_moved, history};
pub use merge::{body_at, changes, changes_of, heads, merge, without};
pub(crate) use merge::{leb128, load, merged, tail_bytes};

use crate::clock::Now;
use crate::ids::{DeviceNumber, StaffId};
use automerge::{ActorId, ChangeHash};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

pub use crate::sync::wire::Hash;

/// The version of a document: the hashes of its last changes, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Heads(pub Vec<Hash>);

impl Heads {
    /// Returns the hashes one after the other, 32 bytes each.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Reads hashes written one after the other; a rest is dropped.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(
            bytes
                .chunks_exact(32)
                .filter_map(|hash| hash.try_into().ok())
                .collect(),
        )
    }

    pub(crate) fn of(hashes: Vec<ChangeHash>) -> Self {
        let mut hashes: Vec<Hash> = hashes.into_iter().map(|hash| hash.0).collect();
        hashes.sort_unstable();
        Self(hashes)
    }

    pub(crate) fn hashes(&self) -> Vec<ChangeHash> {
        self.0.iter().copied().map(ChangeHash).collect()
    }
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self
            .0
            .iter()
            .map(|hash| crate::sync::wire::hex(hash))
            .collect();
        f.write_str(&texts.join(" "))
    }
}

impl FromStr for Heads {
    type Err = DocumentError;

    fn from_str(text: &str) -> Result<Self, DocumentError> {
        let hash =
            |part: &str| crate::sync::wire::unhex(part).and_then(|bytes| bytes.try_into().ok());
        let hashes: Option<Vec<Hash>> = text.split_whitespace().map(hash).collect();
        hashes.map(Self).ok_or(DocumentError::UnknownVersion)
    }
}

/// Who makes a change, when and where. Goes into the change itself, under its hash.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub staff: StaffId,
    pub now: Now,
    pub device: DeviceNumber,
    /// Grows when a replica was restored, copied or had to drop changes.
    pub incarnation: u16,
}

impl Stamp {
    pub(crate) fn actor(&self) -> ActorId {
        let mut bytes = [0; 6];
        bytes[..4].copy_from_slice(&self.device.to_be_bytes());
        bytes[4..].copy_from_slice(&self.incarnation.to_be_bytes());
        ActorId::from(bytes)
    }
}

/// Reads the device and incarnation out of an actor. Automerge puts bytes in front when it edits an old version.
pub(crate) fn device_of(actor: &ActorId) -> Option<(DeviceNumber, u16)> {
    let bytes = actor.to_bytes();
    let own = bytes.get(bytes.len().checked_sub(6)?..)?;
    let device = DeviceNumber::from_be_bytes(own[..4].try_into().ok()?);
    Some((device, u16::from_be_bytes(own[4..].try_into().ok()?)))
}

pub(crate) fn staff_of(message: Option<&str>) -> Option<StaffId> {
    message
        .and_then(|text| Uuid::try_parse(text).ok())
        .map(StaffId)
}

/// One value a person wrote: what is kept to make the change again if it has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    pub path: String,
    pub value: Value,
}

/// A document after an edit.
#[derive(Clone, Debug)]
pub struct Edited {
    pub doc: Vec<u8>,
    /// The change alone, not deflated: what travels.
    pub change: Vec<u8>,
    pub hash: Hash,
    pub heads: Heads,
    pub body: Value,
    pub writes: Vec<Write>,
    /// How many items are open: see [`crate::conflicts`].
    pub conflicts: u32,
    /// Where the document stands.
    pub clock: Clock,
}

/// A document after changes from elsewhere.
#[derive(Clone, Debug)]
pub struct Merged {
    pub doc: Vec<u8>,
    pub heads: Heads,
    pub body: Value,
    /// How many items are open: see [`crate::conflicts`].
    pub conflicts: u32,
    /// Whether people ever wrote into it apart from each other.
    pub has_branches: bool,
    /// Where the document stands.
    pub clock: Clock,
    /// Changes that others build on and that are not here. When there are some, nothing may be stored.
    pub missing: Vec<Hash>,
}

/// Why a document could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("the document or change is damaged: {0}")]
    Damaged(String),
    #[error("the version is not part of this document")]
    UnknownVersion,
}

impl From<automerge::AutomergeError> for DocumentError {
    fn from(error: automerge::AutomergeError) -> Self {
        Self::Damaged(error.to_string())
    }
}
