//! Bringing in changes from elsewhere, and taking refused ones out again.

use super::{Clock, DocumentError, Hash, Heads, Merged, body, device_of};
use crate::conflicts;
use crate::ids::DeviceNumber;
use crate::record::Kind;
use automerge::{AutoCommit, Change, ChangeHash};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

pub(crate) fn load(doc: &[u8]) -> Result<AutoCommit, DocumentError> {
    Ok(AutoCommit::load(doc)?)
}

/// Returns what a document is now.
pub(crate) fn merged(kind: Kind, mut doc: AutoCommit) -> Merged {
    let missing = doc
        .get_missing_deps(&[])
        .into_iter()
        .map(|hash| hash.0)
        .collect();
    Merged {
        heads: Heads::of(doc.get_heads()),
        body: body::read(kind, &doc, None),
        conflicts: conflicts::read::count(kind, &mut doc),
        has_branches: conflicts::read::has_branches(&mut doc),
        clock: Clock::of(&mut doc),
        missing,
        doc: doc.save_nocompress(),
    }
}

/// Brings changes into a document, or makes one of them. A change that is already in has no effect; a merge never fails
/// for what the changes say. When [`Merged::missing`] is not empty some were set aside: store nothing, get those first.
pub fn merge(kind: Kind, doc: Option<&[u8]>, changes: &[Vec<u8>]) -> Result<Merged, DocumentError> {
    let mut doc = doc.map_or_else(|| Ok(AutoCommit::new()), load)?;
    let read = |bytes: &Vec<u8>| {
        Change::from_bytes(bytes.clone()).map_err(|e| DocumentError::Damaged(e.to_string()))
    };
    doc.apply_changes(changes.iter().map(read).collect::<Result<Vec<_>, _>>()?)?;
    Ok(merged(kind, doc))
}

/// Returns the document without some changes and without all that build on them; nothing when no change is left.
pub fn without(kind: Kind, doc: &[u8], refused: &[Hash]) -> Result<Option<Merged>, DocumentError> {
    let mut gone: BTreeSet<ChangeHash> = refused.iter().copied().map(ChangeHash).collect();
    let mut left = Vec::new();
    // changes come parents first
    for change in load(doc)?.get_changes(&[]) {
        if gone.contains(&change.hash()) || change.deps().iter().any(|dep| gone.contains(dep)) {
            gone.insert(change.hash());
        } else {
            left.push(change);
        }
    }
    if left.is_empty() {
        return Ok(None);
    }
    let mut rest = AutoCommit::new();
    rest.apply_changes(left)?;
    Ok(Some(merged(kind, rest)))
}

/// Returns the body at a version.
pub fn body_at(kind: Kind, doc: &[u8], heads: &Heads) -> Result<Value, DocumentError> {
    let mut doc = load(doc)?;
    if heads
        .hashes()
        .iter()
        .any(|hash| doc.get_change_meta_by_hash(hash).is_none())
    {
        return Err(DocumentError::UnknownVersion);
    }
    Ok(body::read(kind, &doc, Some(&heads.hashes())))
}

/// Reads the heads off a saved document and the changes behind it, without Automerge. Nothing when it is not one.
pub fn heads(doc: &[u8]) -> Option<Heads> {
    let (saved, mut tail) = chunk(doc, DOCUMENT)?;
    let mut rest = saved;
    for _ in 0..leb128(&mut rest)? {
        let length = usize::try_from(leb128(&mut rest)?).ok()?;
        rest = rest.get(length..)?;
    }
    let count = usize::try_from(leb128(&mut rest)?).ok()?;
    let mut heads = Heads::from_bytes(rest.get(..count.checked_mul(32)?)?);
    while !tail.is_empty() {
        let (mut change, after) = chunk(tail, CHANGE)?;
        let hash: Hash = Sha256::digest(&tail[8..tail.len() - after.len()]).into();
        let deps = usize::try_from(leb128(&mut change)?).ok()?;
        let deps = Heads::from_bytes(change.get(..deps.checked_mul(32)?)?);
        heads.0.retain(|head| !deps.0.contains(head));
        heads.0.push(hash);
        tail = after;
    }
    heads.0.sort_unstable();
    Some(heads)
}

/// Returns how many bytes of changes follow a saved document.
pub(crate) fn tail_bytes(doc: &[u8]) -> Option<usize> {
    chunk(doc, DOCUMENT).map(|(_, tail)| tail.len())
}

const DOCUMENT: u8 = 0;
const CHANGE: u8 = 1;

/// Splits a chunk of a kind off: what is in it, and what follows.
fn chunk(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    const MAGIC_CHECKSUM: usize = 8;
    let mut rest = bytes
        .get(MAGIC_CHECKSUM..)
        .filter(|rest| rest.first() == Some(&kind))?
        .get(1..)?;
    let length = usize::try_from(leb128(&mut rest)?).ok()?;
    Some((rest.get(..length)?, &rest[length..]))
}

/// Reads an unsigned LEB128 number and steps over it.
pub(crate) fn leb128(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Returns the named changes of a document and all that they build on, oldest first: what a place that lacks them asks for.
pub fn changes(doc: &[u8], asked_for: &[Hash]) -> Result<Vec<Vec<u8>>, DocumentError> {
    let mut wanted: BTreeSet<ChangeHash> = asked_for.iter().copied().map(ChangeHash).collect();
    let mut found = Vec::new();
    for change in load(doc)?.get_changes(&[]).into_iter().rev() {
        if wanted.contains(&change.hash()) {
            wanted.extend(change.deps());
            found.push(change.raw_bytes().to_vec());
        }
    }
    found.reverse();
    Ok(found)
}

/// Returns every change of a document that a device made, oldest first.
pub fn changes_of(doc: &[u8], device: DeviceNumber) -> Result<Vec<Vec<u8>>, DocumentError> {
    let made = |change: &&Change| device_of(change.actor_id()).is_some_and(|(by, _)| by == device);
    let all = load(doc)?.get_changes(&[]);
    Ok(all
        .iter()
        .filter(made)
        .map(|change| change.raw_bytes().to_vec())
        .collect())
}
