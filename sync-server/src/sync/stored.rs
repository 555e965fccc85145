//! What is at hand of a record, as the short way of weighing wants it.

use crate::sync::weigh::{After, Before, Written};
use shared::document::Merged;
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::sync::follow::{Saved, Stored};
use shared::sync::judge::Inspected;

/// The document of this record has to be looked at.
pub(crate) struct Wanted(pub(crate) RecordId);

/// Why a letter was not taken.
pub(crate) enum Stop {
    Wanted(Wanted),
    Held(Vec<Problem>),
}

impl From<Wanted> for Stop {
    fn from(wanted: Wanted) -> Self {
        Stop::Wanted(wanted)
    }
}

impl From<Vec<Problem>> for Stop {
    fn from(problems: Vec<Problem>) -> Self {
        Stop::Held(problems)
    }
}

pub(crate) fn has(doc: &[u8], seen: &Inspected) -> bool {
    shared::document::changes(doc, &[seen.hash]).is_ok_and(|found| !found.is_empty())
}

pub(crate) fn stored_before(before: &Before) -> Stored<'_> {
    let Before {
        tail,
        body,
        heads,
        clock,
        conflicts,
        ..
    } = before;
    Stored {
        saved: Saved::Tail(tail),
        body,
        heads,
        clock,
        conflicts: *conflicts,
    }
}

pub(crate) fn stored_after(after: &After) -> Stored<'_> {
    let Merged {
        doc,
        body,
        heads,
        clock,
        conflicts,
        ..
    } = &after.merged;
    Stored {
        saved: match after.written {
            Written::Anew => Saved::Whole(doc),
            Written::Behind => Saved::Tail(doc),
        },
        body,
        heads,
        clock,
        conflicts: *conflicts,
    }
}
