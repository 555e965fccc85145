//! The whole decision about one change of one record, given what is known here. Pure: the hub adds what needs its
//! database (a number used twice, a slot given away), the desk uses the same to look at its own drafts.

use super::wire::Hash;
use super::{allow, guard};
use crate::access::Actor;
use crate::document::{self, Merged, Write, device_of, of_scalar, staff_of};
use crate::ids::{DeviceNumber, StaffId};
use crate::patients::{self, Patient};
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::record::{self, Kind, Record};
use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{ActorId, AutoCommit, Change, ChangeHash, ExpandedChange, ObjType};
use jiff::civil::Date;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a change says of itself, read without its document.
#[derive(Clone, Debug)]
pub struct Inspected {
    pub hash: Hash,
    pub deps: Vec<Hash>,
    pub device: DeviceNumber,
    pub incarnation: u16,
    pub seq: u64,
    pub start_op: u64,
    pub max_op: u64,
    pub staff: Option<StaffId>,
    /// Seconds since 1970 by the desk's clock.
    pub at_s: i64,
    /// Every path written, with its value; a text that was edited appears once, with `null`.
    pub writes: Vec<Write>,
    /// Every scalar written at a path; nothing when a text was edited too.
    puts: Option<Vec<Put>>,
    change: Change,
}

/// A scalar written at a path, and the operations it replaces.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) path: String,
    pub(crate) replaced: Vec<(u64, ActorId)>,
}

impl Inspected {
    pub(crate) fn actor(&self) -> &ActorId {
        self.change.actor_id()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.change.raw_bytes()
    }

    pub(crate) fn puts(&self) -> Option<&[Put]> {
        self.puts.as_deref()
    }
}

/// Who stands behind a change.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    pub actor: &'a Actor,
    /// The device it came from.
    pub number: DeviceNumber,
    pub authority: Authority,
}

/// By whose word a change is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// By what its author may do.
    Own,
    /// The same whatever state a record is in: the hub itself brings in what ended elsewhere.
    Hub,
    /// By a person who looked at it. What is unsound stays unsound.
    Reviewer,
}

impl<'a> Author<'a> {
    /// Returns the author of a change that came from a desk.
    pub fn own(actor: &'a Actor, number: DeviceNumber) -> Self {
        Self {
            actor,
            number,
            authority: Authority::Own,
        }
    }
}

/// What is decided about a change.
#[derive(Debug)]
pub enum Judged {
    /// Sound and allowed; the record with it.
    Taken(Box<Merged>),
    /// It is part of the record already.
    Had,
    /// It builds on changes that are not here.
    Parked(Vec<Hash>),
    /// Well-formed, but a person has to look at it.
    Held(Vec<Problem>),
    /// It can never be part of a record.
    Refused(Vec<Problem>),
}

/// Reads a change within the limits of [`guard`]. The problem is final: such a change can never be taken.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, Problem> {
    inspect_if(bytes, |_| true)
}

/// The same, but unpacks the change only when there is room for as many operations.
pub fn inspect_if(bytes: &[u8], has_room: impl FnOnce(u64) -> bool) -> Result<Inspected, Problem> {
    let operations = guard::guard(bytes)?;
    if !has_room(operations) && !planted::is_on(Fault::AnySize) {
        return Err(Problem::new("push.too_large", "").with("max", guard::PUSH_OPS));
    }
    // whatever Automerge cannot bear blocks itself alone
    let malformed = || Problem::new("change.malformed", "");
    catch_unwind(AssertUnwindSafe(|| unpack(bytes))).unwrap_or_else(|_| Err(malformed()))
}

fn unpack(bytes: &[u8]) -> Result<Inspected, Problem> {
    let malformed = |_| Problem::new("change.malformed", "");
    let change = Change::from_bytes(bytes.to_vec()).map_err(malformed)?;
    let (start_op, ops) = (change.start_op().get(), change.len() as u64);
    if (ops > guard::CHANGE_OPS && !planted::is_on(Fault::AnySize))
        || start_op.saturating_add(ops) > guard::OP_MAX
    {
        return Err(Problem::new("change.too_many_ops", "").with("max", guard::CHANGE_OPS));
    }
    let (device, incarnation) =
        device_of(change.actor_id()).ok_or_else(|| Problem::new("change.actor", ""))?;
    let expanded = change.decode();
    Ok(Inspected {
        hash: change.hash().0,
        deps: change.deps().iter().map(|dep| dep.0).collect(),
        device,
        incarnation,
        seq: change.seq(),
        start_op,
        max_op: change.max_op(),
        staff: staff_of(change.message()),
        at_s: change.timestamp(),
        writes: writes(&expanded)?,
        puts: puts(&expanded),
        change,
    })
}

/// Decides about a change of a record whose saved document is `doc` (nothing when the record is new here). `actor` is the
/// member of staff named in the change, as the hub knows them; `number` the device it came from.
pub fn judge(
    kind: Kind,
    doc: Option<&[u8]>,
    seen: &Inspected,
    author: Author<'_>,
    today: Date,
) -> Judged {
    let work = || decide(kind, doc, seen, author, today);
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| refused("change.malformed"))
}

fn refused(code: &str) -> Judged {
    Judged::Refused(vec![Problem::new(code, "")])
}

/// Says whether a change carries the name of the device it came from and of the person who is said to have made it.
pub(crate) fn is_own(seen: &Inspected, author: Author<'_>) -> bool {
    let is_own = seen.device == author.number && seen.staff == Some(author.actor.staff);
    is_own || planted::is_on(Fault::AnyAuthor)
}

fn decide(
    kind: Kind,
    doc: Option<&[u8]>,
    seen: &Inspected,
    author: Author<'_>,
    today: Date,
) -> Judged {
    if !is_own(seen, author) {
        return refused("change.actor");
    }
    let mut document = match doc.map(document::load) {
        None => AutoCommit::new(),
        Some(Ok(document)) => document,
        Some(Err(_)) => return Judged::Held(vec![Problem::new("record.damaged", "")]),
    };
    if document
        .get_change_meta_by_hash(&ChangeHash(seen.hash))
        .is_some()
    {
        return Judged::Had;
    }
    match order(&mut document, doc.is_some(), seen) {
        Order::Sound => {}
        Order::Missing(missing) => return Judged::Parked(missing),
        Order::Wrong(code) => return refused(code),
    }
    let forbidden = match without_looking(kind, seen, author) {
        Some(forbidden) => forbidden,
        // as its author saw the record
        None => match doc.map(|doc| before(kind, doc, seen)) {
            Some(Err(_)) => return refused("change.malformed"),
            Some(Ok(body)) => not_allowed(kind, &body, seen, author),
            None => not_allowed(kind, &Value::Null, seen, author),
        },
    };
    if !forbidden.is_empty() {
        return Judged::Held(forbidden);
    }
    if document.apply_changes([seen.change.clone()]).is_err() {
        return refused("change.malformed");
    }
    let after = document::merged(kind, document);
    if !after.missing.is_empty() {
        return Judged::Parked(after.missing);
    }
    // judged as its author saw it: what others did meanwhile is not their doing
    let as_written = if after.heads.0 == [seen.hash] {
        Ok(after.body.clone())
    } else {
        document::body_at(kind, &after.doc, &document::Heads(vec![seen.hash]))
    };
    match as_written {
        Err(_) => refused("change.malformed"),
        Ok(body) => match problems(kind, &body, today) {
            found if found.is_empty() => Judged::Taken(Box::new(after)),
            found => Judged::Held(found),
        },
    }
}

fn before(kind: Kind, doc: &[u8], seen: &Inspected) -> Result<Value, document::DocumentError> {
    document::body_at(kind, doc, &document::Heads(seen.deps.clone()))
}

/// Returns what its author may not write, where that does not depend on what the record was before.
fn without_looking(kind: Kind, seen: &Inspected, author: Author<'_>) -> Option<Vec<Problem>> {
    if allow::says_once(kind, &seen.writes) {
        return None;
    }
    match author.authority {
        Authority::Own => allow::forbidden_in_any_state(kind, &seen.writes, author.actor),
        Authority::Hub => Some(allow::forbidden_always(kind, &seen.writes, author.actor)),
        Authority::Reviewer => Some(Vec::new()),
    }
}

/// Returns what the author of a change may not write to a record that was `before`, and what may never be written.
pub(crate) fn not_allowed(
    kind: Kind,
    before: &Value,
    seen: &Inspected,
    author: Author<'_>,
) -> Vec<Problem> {
    let (writes, actor) = (&seen.writes, author.actor);
    let mut problems = match author.authority {
        Authority::Own => allow::forbidden(kind, before, writes, actor),
        Authority::Hub => return allow::forbidden_always(kind, writes, actor),
        Authority::Reviewer => Vec::new(),
    };
    problems.extend(allow::rewritten(kind, before, writes, actor));
    problems
}

/// Seconds since 1970 of the first day on which a change can have been made.
const FIRST_S: i64 = 946_684_800;
/// Seconds by which a desk's clock may be ahead: clocks are off by hours, after a repair by months.
const AHEAD_S: i64 = 366 * 86_400;

/// Says whether a change can have been made when it says it was.
pub fn is_timely(at_s: i64, now_s: i64) -> bool {
    (FIRST_S..=now_s.saturating_add(AHEAD_S)).contains(&at_s) || planted::is_on(Fault::AnyTime)
}

/// Returns everything that is wrong with a body today. The same for a desk's draft and at the hub.
pub fn problems(kind: Kind, body: &Value, today: Date) -> Vec<Problem> {
    problems_after(kind, body, [body], today)
}

/// Returns everything that is wrong with a body today of which only these values are new.
pub(crate) fn problems_after<'a>(
    kind: Kind,
    body: &Value,
    new: impl IntoIterator<Item = &'a Value>,
    today: Date,
) -> Vec<Problem> {
    if planted::is_on(Fault::AnyContent) {
        return Vec::new();
    }
    let mut found = match kind {
        // read once: reading costs more than all the rules
        Kind::Patient => match record::parse::<Patient>(body) {
            Ok(patient) => {
                let mut found = patient.check();
                found.extend(patients::check_on(&patient, today));
                found
            }
            Err(problem) => vec![problem],
        },
        Kind::Appointment | Kind::Prescription => record::check(kind, body),
    };
    if new.into_iter().any(has_nul) {
        found.push(Problem::new("shape", "").with("word", "U+0000"));
    }
    found
}

/// Says whether a text holds the character that no database text can hold.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(members) => members.values().any(has_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

enum Order {
    Sound,
    Missing(Vec<Hash>),
    Wrong(&'static str),
}

/// Checks that a change follows from its parents, as Automerge makes them.
fn order(document: &mut AutoCommit, exists: bool, seen: &Inspected) -> Order {
    let mut missing = Vec::new();
    let mut greatest = 0;
    for dep in &seen.deps {
        match document.get_change_meta_by_hash(&ChangeHash(*dep)) {
            Some(parent) => greatest = greatest.max(parent.max_op),
            None => missing.push(*dep),
        }
    }
    if !missing.is_empty() {
        return Order::Missing(missing);
    }
    if seen.deps.is_empty() && exists {
        // a second beginning of a record that is here
        return Order::Wrong("change.second_beginning");
    }
    // Automerge counts on from all its author had: also from what a form on an older version did not build on, and from
    // changes of theirs that were held
    let all = document.get_changes_meta(&[]);
    let highest = all.iter().map(|c| c.max_op).max().unwrap_or(0);
    let expected = greatest + 1..=highest + 1 + guard::CHANGE_OPS;
    if !expected.contains(&seen.start_op) && !planted::is_on(Fault::AnyStartOp) {
        return Order::Wrong("change.start_op");
    }
    let actor = seen.change.actor_id();
    let last = all
        .iter()
        .filter(|c| *c.actor == *actor)
        .map(|c| c.seq)
        .max();
    if seen.seq != last.unwrap_or(0) + 1 {
        return Order::Wrong("change.seq");
    }
    Order::Sound
}

/// Reads what a change writes off its operations. Anything but writing scalars and editing texts is a problem.
fn writes(change: &ExpandedChange) -> Result<Vec<Write>, Problem> {
    let shape = || Problem::new("change.shape", "");
    let mut found: Vec<Write> = Vec::new();
    let mut edits_text = false;
    for op in &change.operations {
        match (&op.obj, &op.key) {
            (ObjectId::Root, Key::Map(path)) => {
                let value = match &op.action {
                    OpType::Put(scalar) => of_scalar(scalar),
                    // a new record has an empty text before anybody writes in it
                    OpType::Make(ObjType::Text) if is_text(path) && change.deps.is_empty() => {
                        continue;
                    }
                    OpType::Make(ObjType::Text) if is_text(path) => Value::Null,
                    OpType::Make(_)
                    | OpType::Delete
                    | OpType::Increment(_)
                    | OpType::MarkBegin(..)
                    | OpType::MarkEnd(_) => {
                        return Err(shape());
                    }
                };
                if !is_path(path) || (is_text(path) && matches!(op.action, OpType::Put(_))) {
                    return Err(shape());
                }
                found.push(Write {
                    path: path.to_string(),
                    value,
                });
            }
            (ObjectId::Id(_), Key::Seq(_)) if is_letter(op) => edits_text = true,
            (ObjectId::Root, Key::Seq(_)) | (ObjectId::Id(_), _) => return Err(shape()),
        }
    }
    // the only objects a document has are its texts, and every kind has the one
    if edits_text && !found.iter().any(|write| write.path == NOTES) {
        found.push(Write {
            path: NOTES.into(),
            value: Value::Null,
        });
    }
    Ok(found)
}

fn puts(change: &ExpandedChange) -> Option<Vec<Put>> {
    let put = |op: &Op| match (&op.key, &op.action) {
        (Key::Map(path), OpType::Put(_)) => {
            let replaced = op
                .pred
                .iter()
                .map(|id| (id.counter(), id.actor().clone()))
                .collect();
            Some(Put {
                path: path.to_string(),
                replaced,
            })
        }
        (_, _) => None,
    };
    change.operations.iter().map(put).collect()
}

const NOTES: &str = "notes";

fn is_text(path: &str) -> bool {
    path == NOTES
}

fn is_letter(op: &Op) -> bool {
    match &op.action {
        OpType::Put(_) => op
            .primitive_value()
            .is_some_and(|value| of_scalar(&value).is_string()),
        OpType::Delete => true,
        OpType::Make(_) | OpType::Increment(_) | OpType::MarkBegin(..) | OpType::MarkEnd(_) => {
            false
        }
    }
}

/// Returns what is wrong with where something is written; the hub would not take it.
pub fn misplaced(writes: &[Write]) -> Option<Problem> {
    let is_wrong = writes.iter().any(|write| !is_path(&write.path));
    is_wrong.then(|| Problem::new("change.shape", ""))
}

/// Says whether a text may be a path: `member` or `list/element/member`.
fn is_path(path: &str) -> bool {
    let word = |part: &str| {
        (1..=40).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [member] => word(member),
        [list, id, member] => word(list) && document::is_element_id(id) && word(member),
        _ => false,
    }
}

/// Returns the paths that a change writes, each once; nothing of a change of another shape.
pub(crate) fn written_paths(change: &ExpandedChange) -> Vec<String> {
    let mut paths: Vec<String> = writes(change)
        .unwrap_or_default()
        .into_iter()
        .map(|write| write.path)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
