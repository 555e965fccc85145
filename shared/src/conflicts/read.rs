//! Reads items off a document: a function of its changes alone, not of the order in which they came.
//!
//! A value is contended when somebody else wrote the same field without having seen it. Automerge says which operations
//! each one replaces, so what was settled later, knowingly or not, is found as well as what is open.

use super::{Item, ItemKind, Settled, Side};
use crate::clock::instant;
use crate::document::{self, DocumentError, device_of, of_scalar, staff_of, value_at};
use crate::ids::RecordId;
use crate::merging::{LinkType, replaced_by};
use crate::problem::Problem;
use crate::record::{self, Kind};
use crate::scheduling::AppointmentStatus;
use crate::sync::wire::hex;
use automerge::legacy::{Key, ObjectId, OpType};
use automerge::{ActorId, AutoCommit, ChangeHash, ROOT, ReadDoc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Changes of a record in which items are looked for; a desk would need years to write as many into one.
const CHANGES: usize = 5_000;

/// Returns every item of a record, open or settled, the open ones first.
pub fn items(kind: Kind, record: RecordId, doc: &[u8]) -> Result<Vec<Item>, DocumentError> {
    let mut doc = document::load(doc)?;
    Ok(of_document(kind, record, &mut doc))
}

/// Returns the items that are seen without the history of a record: a slot that went to somebody else.
pub fn of_body(kind: Kind, record: RecordId, body: &Value) -> Option<Item> {
    let is_lost = kind == Kind::Appointment
        && body["status"] == AppointmentStatus::Waitlist.word()
        && body["lost"].is_string();
    let code = body["lost"].as_str().filter(|_| is_lost)?;
    let start = body["start"].as_str().unwrap_or_default();
    Some(Item {
        id: name(
            record,
            ItemKind::Invariant,
            &[b"lost", code.as_bytes(), start.as_bytes()],
        ),
        kind: ItemKind::Invariant,
        rule: Problem::new(code, "start"),
        paths: vec!["start".into()],
        before: vec![body["start"].clone()],
        sides: Vec::new(),
        settled: None,
    })
}

/// Counts the open items of a document.
pub(crate) fn count(kind: Kind, doc: &mut AutoCommit) -> u32 {
    let items = of_document(kind, RecordId(Uuid::nil()), doc);
    let counts = |item: &&Item| item.settled.is_none() && item.kind != ItemKind::Duplicate;
    items.iter().filter(counts).count() as u32
}

/// Says whether people ever wrote into it apart from each other. Where nobody did there are no items.
pub(crate) fn has_branches(doc: &mut AutoCommit) -> bool {
    doc.get_heads().len() > 1
        || doc
            .get_changes_meta(&[])
            .iter()
            .any(|made| made.deps.len() > 1)
}

/// Returns every item of a document, the open ones first.
pub(crate) fn of_document(kind: Kind, record: RecordId, doc: &mut AutoCommit) -> Vec<Item> {
    let is_linked = kind == Kind::Patient && doc.keys(ROOT).any(|path| path.starts_with("link/"));
    if !has_branches(doc) && !is_linked {
        return Vec::new();
    }
    let Some(past) = Past::of(doc) else {
        return Vec::new();
    };
    let reader = Reader {
        kind,
        record,
        doc,
        past: &past,
    };
    let mut items = reader.hard();
    items.extend(reader.soft());
    items.extend(reader.unsound());
    items.extend(reader.late());
    items.sort_by(|a, b| {
        let place = |item: &Item| (item.settled.is_some(), item.paths.clone(), item.id.clone());
        place(a).cmp(&place(b))
    });
    items
}

/// Names an item by what it is about: the same wherever it is found.
fn name(record: RecordId, kind: ItemKind, about: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    digest.update(record.0.as_bytes());
    digest.update([kind.number()]);
    for part in about {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize()[..16])
}

type OpName = (u64, ActorId);

/// One value written at a path.
struct Wrote {
    change: usize,
    path: String,
    value: Value,
    replaced: Vec<OpName>,
}

struct Made {
    hash: ChangeHash,
    author: Side,
    /// All changes it builds on, each a bit.
    past: Vec<u64>,
}

/// What happened to a document, oldest first.
struct Past {
    changes: Vec<Made>,
    writes: BTreeMap<OpName, Wrote>,
    /// Values that were replaced, by somebody who had seen them.
    replaced: BTreeSet<OpName>,
}

impl Past {
    /// Reads it off a document; nothing of one with too many changes.
    fn of(doc: &mut AutoCommit) -> Option<Self> {
        let all = doc.get_changes(&[]);
        if all.len() > CHANGES {
            return None;
        }
        let words = all.len().div_ceil(64);
        let mut places: BTreeMap<ChangeHash, usize> = BTreeMap::new();
        let mut past = Self {
            changes: Vec::with_capacity(all.len()),
            writes: BTreeMap::new(),
            replaced: BTreeSet::new(),
        };
        for (place, change) in all.iter().enumerate() {
            let mut before = vec![0; words];
            for parent in change.deps().iter().filter_map(|dep| places.get(dep)) {
                let known: &Made = &past.changes[*parent];
                for (word, theirs) in before.iter_mut().zip(&known.past) {
                    *word |= theirs;
                }
                before[parent / 64] |= 1 << (parent % 64);
            }
            places.insert(change.hash(), place);
            past.changes.push(Made {
                hash: change.hash(),
                author: Side {
                    change: hex(&change.hash().0),
                    staff: staff_of(change.message()),
                    at: instant(change.timestamp()),
                    device: device_of(change.actor_id()).map_or(0, |(device, _)| device),
                    values: Vec::new(),
                },
                past: before,
            });
            past.read(place, change);
        }
        Some(past)
    }

    fn read(&mut self, place: usize, change: &automerge::Change) {
        let (first, actor) = (change.start_op().get(), change.actor_id().clone());
        for (nth, op) in change.decode().operations.iter().enumerate() {
            let (ObjectId::Root, Key::Map(path), OpType::Put(value)) =
                (&op.obj, &op.key, &op.action)
            else {
                continue;
            };
            let replaced: Vec<OpName> = op
                .pred
                .iter()
                .map(|id| (id.counter(), id.actor().clone()))
                .collect();
            self.replaced.extend(replaced.iter().cloned());
            let wrote = Wrote {
                change: place,
                path: path.to_string(),
                value: of_scalar(value),
                replaced,
            };
            self.writes
                .insert((first + nth as u64, actor.clone()), wrote);
        }
    }

    fn builds_on(&self, later: usize, earlier: usize) -> bool {
        self.changes[later].past[earlier / 64] >> (earlier % 64) & 1 == 1
    }

    /// Returns those of these changes that none of the others builds on.
    fn newest(&self, among: &BTreeSet<usize>) -> BTreeSet<usize> {
        let is_newest = |one: &&usize| !among.iter().any(|other| self.builds_on(*other, **one));
        among.iter().filter(is_newest).copied().collect()
    }

    /// Returns the version that all of these changes build on.
    fn shared(&self, changes: &BTreeSet<usize>) -> Vec<ChangeHash> {
        let all = |one: &usize| changes.iter().all(|change| self.builds_on(*change, *one));
        let known: BTreeSet<usize> = (0..self.changes.len()).filter(all).collect();
        self.newest(&known)
            .into_iter()
            .map(|place| self.changes[place].hash)
            .collect()
    }

    fn settled(&self, by: Option<usize>) -> Option<Settled> {
        let Side {
            change, staff, at, ..
        } = self.changes[by?].author.clone();
        Some(Settled { change, staff, at })
    }
}

/// What contends, by the place of each change, and who settled it.
type Contended = BTreeMap<BTreeSet<usize>, Option<usize>>;

/// Notes what contends. What several settled apart from each other was settled by the one whose name comes first.
fn note(found: &mut Contended, past: &Past, sides: BTreeSet<usize>, by: Option<usize>) {
    let known = found.entry(sides).or_insert(by);
    if let (Some(was), Some(by)) = (*known, by)
        && past.changes[by].hash < past.changes[was].hash
    {
        *known = Some(by);
    }
}

struct Reader<'a> {
    kind: Kind,
    record: RecordId,
    doc: &'a AutoCommit,
    past: &'a Past,
}

impl Reader<'_> {
    /// Fields into which different values were written apart from each other.
    fn hard(&self) -> Vec<Item> {
        let past = self.past;
        let mut shown: BTreeMap<&str, Vec<&Wrote>> = BTreeMap::new();
        let mut found: BTreeMap<&str, Contended> = BTreeMap::new();
        for (name, wrote) in &past.writes {
            if !past.replaced.contains(name) {
                shown.entry(&wrote.path).or_default().push(wrote);
            }
            let replaced: Vec<&Wrote> = wrote
                .replaced
                .iter()
                .filter_map(|name| past.writes.get(name))
                .collect();
            if let Some(sides) = differing(&replaced) {
                note(
                    found.entry(&wrote.path).or_default(),
                    past,
                    sides,
                    Some(wrote.change),
                );
            }
        }
        for (path, values) in shown {
            if let Some(sides) = differing(&values) {
                note(found.entry(path).or_default(), past, sides, None);
            }
        }
        let item = |path: &str, (sides, by): (&BTreeSet<usize>, &Option<usize>)| {
            let code = if path.starts_with("allergy/")
                && self.kind.preference(path, &"confirmed".into()).is_some()
            {
                "rule.allergy_holds"
            } else if self
                .kind
                .preference(path, &"entered-in-error".into())
                .is_some()
            {
                "rule.furthest"
            } else {
                "rule.same_everywhere"
            };
            self.item(
                ItemKind::Hard,
                path,
                code,
                vec![path.to_owned()],
                sides,
                *by,
            )
        };
        let items = found
            .iter()
            .flat_map(|(path, all)| all.iter().map(|one| item(path, one)));
        items.collect()
    }

    /// Fields that mean something only together, written apart from each other.
    fn soft(&self) -> Vec<Item> {
        let past = self.past;
        let mut groups: BTreeMap<String, (BTreeSet<&str>, BTreeSet<usize>)> = BTreeMap::new();
        for wrote in past.writes.values() {
            if let Some(group) = self.kind.together(&wrote.path) {
                let (paths, writers) = groups.entry(group).or_default();
                paths.insert(&wrote.path);
                writers.insert(wrote.change);
            }
        }
        let mut items = Vec::new();
        for (group, (paths, writers)) in &groups {
            let mut found = Contended::new();
            for writer in writers {
                let known: BTreeSet<usize> = writers
                    .iter()
                    .filter(|other| past.builds_on(*writer, **other))
                    .copied()
                    .collect();
                note(&mut found, past, past.newest(&known), Some(*writer));
            }
            note(&mut found, past, past.newest(writers), None);
            for (sides, by) in found.iter().filter(|(sides, _)| sides.len() > 1) {
                let paths = self.apart(paths, sides);
                if paths.len() > 1 {
                    items.push(self.item(
                        ItemKind::Soft,
                        group,
                        "rule.together",
                        paths,
                        sides,
                        *by,
                    ));
                }
            }
        }
        items
    }

    /// Returns the paths that sides changed, unless all say the same.
    fn apart(&self, paths: &BTreeSet<&str>, sides: &BTreeSet<usize>) -> Vec<String> {
        let before = self.past.shared(sides);
        let mut changed = Vec::new();
        let mut is_same = true;
        for path in paths {
            let was = value_at(self.kind, self.doc, path, &before);
            let said: Vec<Value> = sides.iter().map(|side| self.said(*side, path)).collect();
            is_same &= said.windows(2).all(|two| two[0] == two[1]);
            if said.iter().any(|value| *value != was) {
                changed.push((*path).to_owned());
            }
        }
        if is_same { Vec::new() } else { changed }
    }

    fn said(&self, side: usize, path: &str) -> Value {
        value_at(self.kind, self.doc, path, &[self.past.changes[side].hash])
    }

    fn item(
        &self,
        kind: ItemKind,
        about: &str,
        code: &str,
        paths: Vec<String>,
        sides: &BTreeSet<usize>,
        by: Option<usize>,
    ) -> Item {
        let before = self.past.shared(sides);
        let mut made: Vec<&Made> = sides.iter().map(|side| &self.past.changes[*side]).collect();
        made.sort_by_key(|made| made.hash);
        let mut parts: Vec<&[u8]> = vec![about.as_bytes()];
        parts.extend(made.iter().map(|made| made.hash.0.as_slice()));
        let side = |made: &&Made| Side {
            values: paths
                .iter()
                .map(|path| value_at(self.kind, self.doc, path, &[made.hash]))
                .collect(),
            ..made.author.clone()
        };
        Item {
            id: name(self.record, kind, &parts),
            kind,
            rule: Problem::new(code, about),
            before: paths
                .iter()
                .map(|path| value_at(self.kind, self.doc, path, &before))
                .collect(),
            sides: made.iter().map(side).collect(),
            settled: self.past.settled(by),
            paths,
        }
    }

    /// What was written into a record by those who had not heard that it was replaced.
    fn late(&self) -> Vec<Item> {
        let past = self.past;
        let Some(other) = replaced_by(&document::read_body(self.kind, self.doc)) else {
            return Vec::new();
        };
        let is_link = |path: &str| path.starts_with("link/");
        let is_merge =
            |wrote: &&Wrote| is_link(&wrote.path) && wrote.value == LinkType::ReplacedBy.word();
        let Some(merge) = past
            .writes
            .values()
            .filter(is_merge)
            .map(|wrote| wrote.change)
            .max()
        else {
            return Vec::new();
        };
        let mut paths: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for wrote in past.writes.values() {
            paths.entry(wrote.change).or_default().insert(&wrote.path);
        }
        let is_late = |change: &usize| {
            let is_of_links = paths
                .get(change)
                .is_some_and(|paths| paths.iter().all(|path| is_link(path)));
            *change != merge && !past.builds_on(merge, *change) && !is_of_links
        };
        let item = |change: usize| {
            // a change that writes no field edits the text
            let written = paths.get(&change).map_or_else(
                || vec!["notes".into()],
                |paths| paths.iter().map(|path| (*path).to_owned()).collect(),
            );
            let mut item = self.item(
                ItemKind::Duplicate,
                "",
                "patient.replaced",
                written,
                &BTreeSet::from([change]),
                None,
            );
            item.rule = item.rule.with("other", other);
            item
        };
        (0..past.changes.len()).filter(is_late).map(item).collect()
    }

    /// Rules that every edit kept and all of them together break.
    fn unsound(&self) -> Vec<Item> {
        let body = document::read_body(self.kind, self.doc);
        let mut problems = record::check(self.kind, &body);
        problems.extend(contradiction(self.kind, &body));
        problems.sort();
        problems.dedup();
        let item = |rule: Problem| Item {
            id: name(
                self.record,
                ItemKind::Invariant,
                &[rule.field.as_bytes(), rule.code.as_bytes()],
            ),
            kind: ItemKind::Invariant,
            paths: vec![rule.field.clone()],
            before: vec![Value::Null],
            rule,
            sides: Vec::new(),
            settled: None,
        };
        problems.into_iter().map(item).collect()
    }
}

/// Returns who wrote these values, if they differ.
fn differing(values: &[&Wrote]) -> Option<BTreeSet<usize>> {
    let first = values.first()?;
    let differ = values.iter().any(|wrote| wrote.value != first.value);
    differ.then(|| values.iter().map(|wrote| wrote.change).collect())
}

/// What one desk may say and another too, but never both.
fn contradiction(kind: Kind, body: &Value) -> Option<Problem> {
    let holds = |allergy: &Value| {
        !matches!(
            allergy["verification"].as_str(),
            Some("refuted" | "entered-in-error")
        )
    };
    let has = || {
        body["allergy"]
            .as_array()
            .is_some_and(|all| all.iter().any(holds))
    };
    let is = kind == Kind::Patient && body["noKnownAllergies"] == true && has();
    is.then(|| Problem::new("allergy.none_and_some", "noKnownAllergies"))
}
