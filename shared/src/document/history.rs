//! Who changed what, and where two places disagree. Asked for by a person, so it may load the document.

use super::{DocumentError, Heads, body, device_of, load, staff_of};
use crate::clock::instant;
use crate::desk::{Conflict, FieldChange, HistoryEntry, Version};
use crate::ids::DeviceNumber;
use crate::record::Kind;
use automerge::{AutoCommit, ChangeHash, ChangeMetadata, ObjId, ROOT, ReadDoc};
use serde_json::Value;
use std::collections::BTreeSet;

/// Returns every step in the life of a record, newest first.
pub fn history(kind: Kind, doc: &[u8]) -> Result<Vec<HistoryEntry>, DocumentError> {
    let mut doc = load(doc)?;
    let changes = doc.get_changes(&[]);
    let mut steps: Vec<HistoryEntry> = Vec::with_capacity(changes.len());
    for change in changes {
        let paths = crate::sync::judge::written_paths(&change.decode());
        let before = change.deps().to_vec();
        let after = [change.hash()];
        let field = |path: &String| FieldChange {
            before: value_at(kind, &doc, path, &before),
            after: value_at(kind, &doc, path, &after),
            path: path.clone(),
        };
        let fields: Vec<FieldChange> = paths
            .iter()
            .map(field)
            .filter(|field| field.before != field.after)
            .collect();
        steps.push(HistoryEntry {
            staff: staff_of(change.message()),
            at: instant(change.timestamp()),
            device: device_of(change.actor_id()).map_or(0, |(device, _)| device),
            fields,
        });
    }
    steps.reverse();
    Ok(steps)
}

/// Returns the fields on which two places disagree, with every value, who wrote it, and what it was before.
pub fn conflicts(
    kind: Kind,
    doc: &[u8],
    here: DeviceNumber,
) -> Result<Vec<Conflict>, DocumentError> {
    let mut doc = load(doc)?;
    let paths: BTreeSet<String> = doc
        .map_range(ROOT, ..)
        .filter(|item| item.conflict)
        .map(|item| item.key.into_owned())
        .collect();
    let shown = body::read(kind, &doc, None);
    let mut found = Vec::new();
    for path in paths {
        let values = body::differing(&doc, &path);
        if values.len() < 2 {
            continue;
        }
        let before = values
            .first()
            .and_then(|(_, id)| before_of(&mut doc, &path, id))
            .unwrap_or(Value::Null);
        let now = at_path(&shown, &path);
        let mut versions: Vec<Version> = values
            .into_iter()
            .filter_map(|(value, id)| version(&doc, value, &id, here))
            .collect();
        versions.sort_by_key(|version| version.value != now);
        found.push(Conflict {
            path,
            before,
            values: versions,
        });
    }
    Ok(found)
}

/// Says whether a field holds other values now than in the version somebody looked at.
pub fn has_moved(doc: &[u8], path: &str, seen: &Heads) -> Result<bool, DocumentError> {
    let mut doc = load(doc)?;
    let seen = seen.hashes();
    let is_known = |hash| doc.get_change_meta_by_hash(hash).is_some();
    if !seen.iter().all(is_known) {
        return Ok(true);
    }
    let then = doc.get_all_at(ROOT, path, &seen).unwrap_or_default();
    let now = doc.get_all(ROOT, path).unwrap_or_default();
    Ok(!then
        .iter()
        .map(|(_, id)| id)
        .eq(now.iter().map(|(_, id)| id)))
}

fn version(doc: &AutoCommit, value: Value, id: &ObjId, here: DeviceNumber) -> Option<Version> {
    let hash = doc.hash_for_opid(id)?;
    let mut doc = doc.clone();
    let change = doc.get_change_meta_by_hash(&hash)?;
    let device = device_of(&change.actor).map_or(0, |(device, _)| device);
    Some(Version {
        value,
        staff: staff_of(change.message.as_deref()),
        at: instant(change.timestamp),
        device,
        is_here: device == here,
    })
}

/// Returns what a field was before the writer of an operation began to change it.
fn before_of(doc: &mut AutoCommit, path: &str, id: &ObjId) -> Option<Value> {
    const STEPS: usize = 100;
    let mut hash = doc.hash_for_opid(id)?;
    for _ in 0..STEPS {
        let change: ChangeMetadata<'static> = doc.get_change_meta_by_hash(&hash)?.into_owned();
        let (value, earlier) = winner_at(doc, path, &change.deps)?;
        let earlier_hash = doc.hash_for_opid(&earlier)?;
        let same_writer = doc.get_change_meta_by_hash(&earlier_hash)?.actor == change.actor;
        let is_genesis = doc.get_change_meta_by_hash(&earlier_hash)?.deps.is_empty();
        if !same_writer || is_genesis {
            return Some(value);
        }
        hash = earlier_hash;
    }
    None
}

fn winner_at(doc: &AutoCommit, path: &str, heads: &[ChangeHash]) -> Option<(Value, ObjId)> {
    let (value, id) = doc.get_at(ROOT, path, heads).ok()??;
    Some((body::of_value(&value), id))
}

fn value_at(kind: Kind, doc: &AutoCommit, path: &str, heads: &[ChangeHash]) -> Value {
    if heads.is_empty() {
        return Value::Null;
    }
    if kind.texts().contains(&path) {
        let id = doc.get(ROOT, path).ok().flatten().map(|(_, id)| id);
        return id
            .and_then(|id| doc.text_at(id, heads).ok())
            .map_or(Value::Null, Value::String);
    }
    winner_at(doc, path, heads).map_or(Value::Null, |(value, _)| value)
}

fn at_path(body: &Value, path: &str) -> Value {
    let mut parts = path.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(list), Some(id), Some(member)) => {
            let elements = body[list].as_array().into_iter().flatten();
            elements
                .filter(|element| element["id"] == id)
                .map(|element| element[member].clone())
                .next()
                .unwrap_or(Value::Null)
        }
        (_, _, _) => body[path].clone(),
    }
}
