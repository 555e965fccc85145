//! May the author of a change write each thing it writes, as the record was when they wrote it?
//!
//! Asked of every operation, not of what the change comes to: what is set and set back in one change is judged as well.

use crate::access::parts::{Part, State};
use crate::access::{Action, Actor, may};
use crate::document::Write;
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::record::Kind;
use serde_json::Value;

/// Returns what of a change its author may not write to a record that was `before`.
pub fn forbidden(kind: Kind, before: &Value, writes: &[Write], actor: &Actor) -> Vec<Problem> {
    let state = State::of(kind, before);
    judged(before, writes)
        .filter_map(|write| in_state(state, write, actor).err())
        .collect()
}

/// The same for whoever may write to a record in whatever state: the hub itself, which brings in what ended elsewhere,
/// decides about slots and says which records are of one person, and what belongs to which of them.
pub fn forbidden_always(kind: Kind, writes: &[Write], actor: &Actor) -> Vec<Problem> {
    let is_decision = |write: &&Write| {
        let field = write.path.split('/').next().unwrap_or_default();
        matches!(Part::of(kind, field), Some(Part::Decision | Part::Link))
            || kind.subject_path() == Some(field)
    };
    writes
        .iter()
        .filter(|write| !is_decision(write))
        .filter_map(|write| may(actor, Action::Write(kind, &write.path)).err())
        .collect()
}

/// Returns the same answer without the record where it is the same in every state; nothing where that has to be looked at.
pub fn forbidden_in_any_state(kind: Kind, writes: &[Write], actor: &Actor) -> Option<Vec<Problem>> {
    let mut answers = State::of_kind(kind).iter().map(|state| {
        writes
            .iter()
            .filter_map(|write| in_state(*state, write, actor).err())
            .collect::<Vec<_>>()
    });
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}

fn in_state(state: State, write: &Write, actor: &Actor) -> Result<(), Problem> {
    if planted::is_on(Fault::AnyState) {
        return may(actor, Action::Write(state.kind(), &write.path));
    }
    may(actor, Action::WriteIn(state, &write.path))
}

/// Every write; with a fault planted, only those that make a difference in the end.
fn judged<'a>(before: &'a Value, writes: &'a [Write]) -> impl Iterator<Item = &'a Write> {
    writes.iter().filter(|write| {
        if !planted::is_on(Fault::NetDifference) {
            return true;
        }
        let last = writes.iter().rfind(|other| other.path == write.path);
        last.is_some_and(|last| last.value != before[&write.path])
    })
}

/// Returns what of a change breaks what was said once and for all: a signature is its author's own, and neither it nor
/// a move of an appointment is ever written again.
pub fn rewritten(kind: Kind, before: &Value, writes: &[Write], actor: &Actor) -> Vec<Problem> {
    let mut problems = Vec::new();
    for write in writes {
        let Some((list, rest)) = write.path.split_once('/') else {
            continue;
        };
        if !kind.said_once().contains(&list) {
            continue;
        }
        let id = rest.split('/').next().unwrap_or_default();
        let elements = before[list].as_array().map(Vec::as_slice);
        let is_here = elements
            .unwrap_or_default()
            .iter()
            .any(|element| element["id"] == id);
        if is_here {
            problems.push(Problem::new("element.said_once", &write.path));
        } else if write.path.ends_with("/staff") && !is_own(write, actor) {
            problems.push(Problem::new("signature.not_own", &write.path));
        }
    }
    problems
}

fn is_own(write: &Write, actor: &Actor) -> bool {
    write.value == actor.staff.to_string()
}

/// Says whether a change writes into a list whose elements are said once.
pub fn says_once(kind: Kind, writes: &[Write]) -> bool {
    let of = |write: &Write| {
        let list = write.path.split('/').next().unwrap_or_default();
        kind.said_once().contains(&list)
    };
    writes.iter().any(of)
}
