//! The short way to take a change: when it follows directly on what is here, the record after it is known without
//! loading the document. The answer is the same as the long way's ([`super::judge`]), which a test compares.

use super::judge::{Author, Inspected, Judged, is_own, not_allowed, problems_after};
use crate::document::{self, Clock, Heads, Merged};
use crate::merging::replaced_by;
use crate::record::Kind;
use jiff::civil::Date;
use serde_json::Value;

/// Bytes by which changes may lengthen a saved document before it is saved anew, the long way.
const TAIL_BYTES: usize = 4 << 10;

/// What is at hand of a record's document.
#[derive(Clone, Copy, Debug)]
pub enum Saved<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// The changes behind what was saved last: enough to lengthen it.
    Tail(&'a [u8]),
}

impl<'a> Saved<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Saved::Whole(bytes) | Saved::Tail(bytes) => bytes,
        }
    }

    fn tail_bytes(self) -> Option<usize> {
        match self {
            Saved::Whole(doc) => document::tail_bytes(doc),
            Saved::Tail(tail) => Some(tail.len()),
        }
    }
}

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct Stored<'a> {
    pub saved: Saved<'a>,
    pub body: &'a Value,
    pub heads: &'a Heads,
    pub clock: &'a Clock,
    pub conflicts: u32,
}

/// Decides about a change that follows directly on a stored record; nothing when it has to go the long way.
pub fn judge(
    kind: Kind,
    stored: &Stored<'_>,
    seen: &Inspected,
    author: Author<'_>,
    today: Date,
) -> Option<Judged> {
    if !is_own(seen, author) {
        return None;
    }
    let merged = apply(kind, stored, seen)?;
    // its parents are all that is here, so its author saw what is stored
    if !not_allowed(kind, stored.body, seen, author).is_empty() {
        return None;
    }
    let new = seen.writes.iter().map(|write| &write.value);
    let found = problems_after(kind, &merged.body, new, today);
    Some(if found.is_empty() {
        Judged::Taken(Box::new(merged))
    } else {
        Judged::Held(found)
    })
}

/// Adds a change to a record that it follows directly on; nothing when it has to go the long way. The answer's `doc` is
/// what was at hand, with the change behind it.
pub fn apply(kind: Kind, stored: &Stored<'_>, seen: &Inspected) -> Option<Merged> {
    if replaced_by(stored.body).is_some() {
        // what is written into it now is an item, which is read off the document
        return None;
    }
    let mut deps = Heads(seen.deps.clone());
    deps.0.sort_unstable();
    let change_actor = seen.actor();
    let is_next = deps == *stored.heads
        && stored.conflicts == 0
        && !deps.0.is_empty()
        && seen.start_op == stored.clock.max_op + 1
        && seen.seq == stored.clock.last_seq(change_actor) + 1
        && stored.saved.tail_bytes()? < TAIL_BYTES;
    if !is_next {
        return None;
    }
    let mut clock = stored.clock.clone();
    for (place, put) in seen.puts()?.iter().enumerate() {
        if !clock.overwrites(&put.path, &put.replaced) {
            return None;
        }
        clock.wrote(&put.path, seen.start_op + place as u64, change_actor);
    }
    clock.changed(change_actor, seen.seq, seen.max_op);
    Some(Merged {
        doc: [stored.saved.bytes(), seen.bytes()].concat(),
        heads: Heads(vec![seen.hash]),
        body: document::draft_of(kind, stored.body, &seen.writes),
        conflicts: 0,
        has_branches: false,
        missing: Vec::new(),
        clock,
    })
}
