//! Making a document, and changing it the way a form does.

use super::body::{self, to_scalar};
use super::{Clock, DocumentError, Edited, Heads, Stamp, Write};
use crate::conflicts;
use crate::record::{self, Kind};
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};
use serde_json::{Map, Value};

/// Makes a record out of a draft. What the draft leaves out gets its default.
pub fn create(kind: Kind, draft: &Value, stamp: &Stamp) -> Edited {
    let mut doc = AutoCommit::new().with_actor(stamp.actor());
    let mut writes = Vec::new();
    let full = with_defaults(kind, draft);
    let mut ids = Ids::new(&Value::Null, stamp);
    for (member, value) in members(&full) {
        if kind.texts().contains(&member.as_str()) || value.is_null() {
            continue;
        }
        match value.as_array() {
            Some(elements) if kind.lists().contains(&member.as_str()) => {
                for element in elements {
                    writes.extend(element_writes(
                        member,
                        &ids.take(element),
                        &Value::Null,
                        element,
                    ));
                }
            }
            Some(_) | None => writes.push(Write {
                path: member.clone(),
                value: value.clone(),
            }),
        }
    }
    for write in &writes {
        doc.put(ROOT, write.path.as_str(), to_scalar(&write.value))
            .expect("the root of a new document is a map");
    }
    // texts exist from the beginning, so that no two places ever make one each
    for text in kind.texts() {
        let id = doc
            .put_object(ROOT, *text, ObjType::Text)
            .expect("the root of a new document is a map");
        let value = full[*text].as_str().unwrap_or("");
        if !value.is_empty() {
            doc.splice_text(&id, 0, 0, value)
                .expect("the text was just made");
            writes.push(Write {
                path: (*text).into(),
                value: value.into(),
            });
        }
    }
    finish(kind, doc, writes, stamp).expect("a new document always has a change")
}

/// Changes a record as a form does that was opened on version `base`: only what the draft says otherwise than that
/// version is written, beside whatever happened since. Members the draft leaves out stay; `null` empties a field; list
/// elements without id are new. Returns nothing when the draft says nothing new.
pub fn edit(
    kind: Kind,
    doc: &[u8],
    base: &Heads,
    draft: &Value,
    stamp: &Stamp,
) -> Result<Option<Edited>, DocumentError> {
    let mut doc = super::load(doc)?.with_actor(stamp.actor());
    let now = Heads::of(doc.get_heads());
    let current = body::read(kind, &doc, None);
    let is_old = now != *base;
    let before = if is_old {
        if base.0.iter().any(|hash| {
            doc.get_change_meta_by_hash(&automerge::ChangeHash(*hash))
                .is_none()
        }) {
            return Err(DocumentError::UnknownVersion);
        }
        body::read(kind, &doc, Some(&base.hashes()))
    } else {
        current.clone()
    };
    let writes = differences(kind, &before, draft, Ids::new(&current, stamp));
    if writes.is_empty() {
        return Ok(None);
    }
    if is_old {
        doc.isolate(&base.hashes());
    }
    apply(kind, &mut doc, &writes)?;
    Ok(finish(kind, doc, writes, stamp))
}

/// Writes paths: on top of the newest version to settle a conflict, or on the version `base`, beside whatever happened
/// since, to make a change again. A base that is not part of the document means the newest version.
pub fn write(
    kind: Kind,
    doc: &[u8],
    writes: &[Write],
    base: Option<&Heads>,
    stamp: &Stamp,
) -> Result<Option<Edited>, DocumentError> {
    let mut doc = super::load(doc)?.with_actor(stamp.actor());
    if let Some(base) = base.filter(|base| !base.0.is_empty()) {
        let is_known = base
            .hashes()
            .iter()
            .all(|hash| doc.get_change_meta_by_hash(hash).is_some());
        if is_known && Heads::of(doc.get_heads()) != *base {
            doc.isolate(&base.hashes());
        }
    }
    apply(kind, &mut doc, writes)?;
    Ok(finish(kind, doc, writes.to_vec(), stamp))
}

fn apply(kind: Kind, doc: &mut AutoCommit, writes: &[Write]) -> Result<(), DocumentError> {
    for write in writes {
        if !kind.texts().contains(&write.path.as_str()) {
            let value = to_scalar(&write.value);
            if doc
                .get(ROOT, write.path.as_str())?
                .is_some_and(|(old, _)| old.as_scalar() == Some(&value))
            {
                // Automerge drops a write of the same value; said again on purpose, it must count as a write
                doc.put(ROOT, write.path.as_str(), ())?;
            }
            doc.put(ROOT, write.path.as_str(), value)?;
            continue;
        }
        let text = write.value.as_str().unwrap_or("");
        let id = match doc.get(ROOT, write.path.as_str())? {
            Some((_, id)) => id,
            None => doc.put_object(ROOT, write.path.as_str(), ObjType::Text)?,
        };
        doc.update_text(&id, text)?;
    }
    Ok(())
}

fn finish(kind: Kind, mut doc: AutoCommit, writes: Vec<Write>, stamp: &Stamp) -> Option<Edited> {
    let message = stamp.staff.0.simple().to_string();
    let hash = doc.commit_with(
        CommitOptions::default()
            .with_message(message)
            .with_time(stamp.now.seconds()),
    )?;
    doc.integrate();
    let change = doc.get_change_by_hash(&hash)?;
    let heads = Heads::of(doc.get_heads());
    Some(Edited {
        body: body::read(kind, &doc, None),
        conflicts: conflicts::read::count(kind, &mut doc),
        clock: Clock::of(&mut doc),
        doc: doc.save_nocompress(),
        change: change.raw_bytes().to_vec(),
        hash: hash.0,
        heads,
        writes,
    })
}

/// Returns what a draft says otherwise than a version.
fn differences(kind: Kind, before: &Value, draft: &Value, mut ids: Ids) -> Vec<Write> {
    let mut writes = Vec::new();
    let full = with_defaults(kind, draft);
    for (member, value) in members(draft) {
        if !kind.lists().contains(&member.as_str()) {
            if !same(value, &before[member]) {
                writes.push(Write {
                    path: member.clone(),
                    value: value.clone(),
                });
            }
            continue;
        }
        for (place, element) in value.as_array().into_iter().flatten().enumerate() {
            let known = element["id"]
                .as_str()
                .filter(|id| !id.is_empty())
                .and_then(|id| {
                    before[member]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .find(|old| old["id"] == id)
                });
            let Some(old) = known else {
                writes.extend(element_writes(
                    member,
                    &ids.take(element),
                    &Value::Null,
                    &full[member][place],
                ));
                continue;
            };
            let id = old["id"].as_str().unwrap_or("");
            let mut changed = element_writes(member, id, old, element);
            let restated = kind
                .restated(member)
                .map(|name| format!("{member}/{id}/{name}"));
            if let Some(path) = restated
                .filter(|path| !changed.is_empty() && changed.iter().all(|w| w.path != *path))
            {
                let name = path.rsplit('/').next().unwrap_or("");
                changed.push(Write {
                    value: old[name].clone(),
                    path,
                });
            }
            writes.extend(changed);
        }
    }
    writes
}

fn element_writes(list: &str, id: &str, old: &Value, element: &Value) -> Vec<Write> {
    let changed = members(element)
        .filter(|(member, value)| member.as_str() != "id" && !same(value, &old[member.as_str()]));
    changed
        .map(|(member, value)| Write {
            path: format!("{list}/{id}/{member}"),
            value: value.clone(),
        })
        .collect()
}

fn same(new: &Value, old: &Value) -> bool {
    new == old || (is_blank(new) && is_blank(old))
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns the draft with the defaults of its type, and with what the type does not know kept.
fn with_defaults(kind: Kind, draft: &Value) -> Value {
    let mut full = record::complete(kind, draft).unwrap_or_else(|| draft.clone());
    if let (Some(full), Some(draft)) = (full.as_object_mut(), draft.as_object()) {
        let unknown: Map<String, Value> = draft
            .iter()
            .filter(|(key, _)| !full.contains_key(*key))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        full.extend(unknown);
    }
    full
}

/// Names new elements of lists: a number that grows within the document, the device and its incarnation.
struct Ids {
    next: u64,
    tail: String,
}

impl Ids {
    fn new(body: &Value, stamp: &Stamp) -> Self {
        let elements = members(body)
            .filter_map(|(_, value)| value.as_array())
            .flatten();
        let used = elements
            .filter_map(|element| element["id"].as_str()?.split('.').next().map(str::to_owned));
        let last = used
            .filter_map(|number| u64::from_str_radix(&number, 36).ok())
            .filter(|n| *n < 60_000_000)
            .max();
        Self {
            next: last.unwrap_or(0) + 1,
            tail: format!(
                "{}.{}",
                base36(stamp.device.into()),
                base36(stamp.incarnation.into())
            ),
        }
    }

    /// Returns the id an element brings along, or a new one.
    fn take(&mut self, element: &Value) -> String {
        if let Some(id) = element["id"].as_str().filter(|id| is_element_id(id)) {
            return id.to_owned();
        }
        let id = format!("{:0>5}.{}", base36(self.next), self.tail);
        self.next += 1;
        id
    }
}

/// Returns the id of the nth element that is added to a list at once.
pub(crate) fn next_element(body: &Value, nth: usize, stamp: &Stamp) -> String {
    let mut ids = Ids::new(body, stamp);
    ids.next += nth as u64;
    ids.take(&Value::Null)
}

/// Says whether a text may name an element of a list: 1 to 40 of `a-z 0-9 . -`.
pub(crate) fn is_element_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-')
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8(digits).expect("base 36 digits are ASCII")
}
