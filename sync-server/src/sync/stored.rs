//! What is at hand of a record, as the short way of weighing wants it.

use crate::sync::weigh::{After, Before, Written};
use shared::document::Merged;
use shared::sync::follow::{Saved, Stored};
use shared::sync::judge::Inspected;

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
