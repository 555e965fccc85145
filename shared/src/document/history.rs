//! Who changed what, and where two places disagree. Asked for by a person, so it may load the document.

use super::{DocumentError, Heads, body, device_of, load, staff_of};
use crate::clock::instant;
use crate::conflicts::settle::at;
use crate::conflicts::{ItemKind, Side, read};
use crate::desk::{Conflict, FieldChange, HistoryEntry, Version};
use crate::ids::{DeviceNumber, RecordId};
use crate::record::Kind;
use automerge::{AutoCommit, ChangeHash, ObjId, ROOT, ReadDoc};
use serde_json::Value;
use uuid::Uuid;

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

/// Returns the fields about which a person has to decide, with every value, who wrote it, and what it was before.
pub fn conflicts(
    kind: Kind,
    doc: &[u8],
    here: DeviceNumber,
) -> Result<Vec<Conflict>, DocumentError> {
    let mut doc = load(doc)?;
    let shown = body::read(kind, &doc, None);
    let mut found: Vec<Conflict> = Vec::new();
    for item in read::of_document(kind, RecordId(Uuid::nil()), &mut doc) {
        if item.settled.is_some() || item.kind == ItemKind::Duplicate {
            continue;
        }
        for (place, path) in item.paths.iter().enumerate() {
            if found.iter().all(|conflict| conflict.path != *path) {
                let versions = item.sides.iter().map(|side| version(side, place, here));
                let mut values: Vec<Version> = Vec::new();
                for version in versions {
                    if values.iter().all(|known| known.value != version.value) {
                        values.push(version);
                    }
                }
                let now = at(&shown, path);
                values.sort_by_key(|version| version.value != now);
                found.push(Conflict {
                    path: path.clone(),
                    rule: item.rule.clone(),
                    before: item.before[place].clone(),
                    values,
                });
            }
        }
    }
    Ok(found)
}

fn version(side: &Side, place: usize, here: DeviceNumber) -> Version {
    Version {
        value: side.values[place].clone(),
        staff: side.staff,
        at: side.at.clone(),
        device: side.device,
        is_here: side.device == here,
    }
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

fn winner_at(doc: &AutoCommit, path: &str, heads: &[ChangeHash]) -> Option<(Value, ObjId)> {
    let (value, id) = doc.get_at(ROOT, path, heads).ok()??;
    Some((body::of_value(&value), id))
}

pub(crate) fn value_at(kind: Kind, doc: &AutoCommit, path: &str, heads: &[ChangeHash]) -> Value {
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
