//! What has to be known of a document to add a change to it without loading it: the last operation of every actor, and
//! which operation wrote each value that shows.
//!
//! A desk edits one field of a record that nobody else touched; that is nearly every change there is. Loading, merging and
//! saving the document for it costs a hundred times more than looking at this. See [`crate::sync::follow`].

use automerge::{ActorId, AutoCommit, ObjId, ROOT, ReadDoc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where a document stands. Kept beside it; worth nothing when the document holds conflicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub(crate) max_op: u64,
    /// Every actor and the number of its last change.
    actors: Vec<(Vec<u8>, u64)>,
    /// The operation that wrote each path: hash of the path, counter, place of the actor. Sorted.
    writers: Vec<(u64, u64, u16)>,
}

impl Clock {
    /// Reads one from its bytes; nothing when they are not one, which only means the longer way.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// Returns it as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_allocvec(self).expect("postcard takes every vector of numbers")
    }

    /// Reads it off a document.
    pub(crate) fn of(doc: &mut AutoCommit) -> Self {
        let mut clock = Clock::default();
        for change in doc.get_changes_meta(&[]) {
            clock.max_op = clock.max_op.max(change.max_op);
            let place = clock.place(change.actor.to_bytes());
            clock.actors[usize::from(place)].1 = clock.actors[usize::from(place)].1.max(change.seq);
        }
        for item in doc.map_range(ROOT, ..) {
            if let ObjId::Id(counter, actor, _) = item.id() {
                let place = clock.place(actor.to_bytes());
                clock.writers.push((path_hash(&item.key), counter, place));
            }
        }
        clock.writers.sort_unstable();
        clock
    }

    /// Returns the number of the last change of an actor; 0 when it made none.
    pub(crate) fn last_seq(&self, actor: &ActorId) -> u64 {
        self.actors
            .iter()
            .find(|(known, _)| known == actor.to_bytes())
            .map_or(0, |(_, seq)| *seq)
    }

    /// Says whether an operation at a path overwrites just what shows there.
    pub(crate) fn overwrites(&self, path: &str, replaced: &[(u64, ActorId)]) -> bool {
        match (self.writer(path), replaced) {
            (None, []) => true,
            (Some((counter, actor)), [(old, by)]) => counter == *old && actor == by.to_bytes(),
            (_, _) => false,
        }
    }

    /// Notes that an operation wrote a path.
    pub(crate) fn wrote(&mut self, path: &str, counter: u64, actor: &ActorId) {
        let (hash, place) = (path_hash(path), self.place(actor.to_bytes()));
        match self.writers.binary_search_by_key(&hash, |entry| entry.0) {
            Ok(found) => self.writers[found] = (hash, counter, place),
            Err(gap) => self.writers.insert(gap, (hash, counter, place)),
        }
    }

    /// Notes that an actor made a change.
    pub(crate) fn changed(&mut self, actor: &ActorId, seq: u64, max_op: u64) {
        let place = self.place(actor.to_bytes());
        self.actors[usize::from(place)].1 = seq;
        self.max_op = max_op;
    }

    fn writer(&self, path: &str) -> Option<(u64, &[u8])> {
        let found = self
            .writers
            .binary_search_by_key(&path_hash(path), |entry| entry.0)
            .ok()?;
        let (_, counter, place) = self.writers[found];
        self.actors
            .get(usize::from(place))
            .map(|(actor, _)| (counter, actor.as_slice()))
    }

    fn place(&mut self, actor: &[u8]) -> u16 {
        let known = self.actors.iter().position(|(known, _)| known == actor);
        let place = known.unwrap_or_else(|| {
            self.actors.push((actor.to_vec(), 0));
            self.actors.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

fn path_hash(path: &str) -> u64 {
    let digest = Sha256::digest(path.as_bytes());
    u64::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ])
}
