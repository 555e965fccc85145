//! What a person does about an item: an ordinary edit that says again what is to hold, on top of all sides.

use super::{Item, ItemKind};
use crate::document::{Stamp, Write, next_element};
use crate::problem::Problem;
use crate::record::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// What a person decided about an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub enum Choice {
    /// What shows is right.
    Keep,
    /// What this side said is right.
    Take { side: u32 },
    /// All of it: another element of a list, or the texts one after the other.
    Both,
    /// What it was before all sides is right.
    Restore,
    /// Something else is right, for each path of the item.
    Write {
        #[ts(type = "unknown[]")]
        values: Vec<Value>,
    },
    /// There was nothing to decide.
    Dismiss,
}

impl Choice {
    /// Returns its word, for the log.
    pub fn word(&self) -> &'static str {
        match self {
            Choice::Keep => "keep",
            Choice::Take { .. } => "take",
            Choice::Both => "both",
            Choice::Restore => "restore",
            Choice::Write { .. } => "write",
            Choice::Dismiss => "dismiss",
        }
    }
}

/// What is written for a choice, and what would take it back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settlement {
    pub writes: Vec<Write>,
    pub undo: Vec<Write>,
}

/// Fields whose texts may be joined: what two people wrote about one thing.
const JOINABLE: [&str; 8] = [
    "reason",
    "text",
    "reaction",
    "instructions",
    "relationship",
    "notes",
    "strikeReason",
    "prnReason",
];

/// Says whether all of what the sides said can be kept.
pub fn may_keep_both(kind: Kind, item: &Item) -> bool {
    item.kind == ItemKind::Hard
        && item
            .paths
            .iter()
            .all(|path| is_joinable(path) || list_of(kind, path).is_some())
}

/// Returns what is written for a choice into a record that says `body` now.
pub fn settle(
    kind: Kind,
    item: &Item,
    body: &Value,
    choice: &Choice,
    stamp: &Stamp,
) -> Result<Settlement, Problem> {
    let now: Vec<Value> = item.paths.iter().map(|path| at(body, path)).collect();
    let no = |code: &str| Err(Problem::new(code, "choice"));
    let says = match choice {
        // nothing was written apart: the item is closed, and the record stays as it is
        Choice::Keep | Choice::Dismiss if item.sides.is_empty() => return Ok(Settlement::default()),
        Choice::Keep | Choice::Dismiss => now.clone(),
        Choice::Take { side } => match item.sides.get(*side as usize) {
            Some(side) => side.values.clone(),
            None => return no("conflict.no_side"),
        },
        Choice::Both if !may_keep_both(kind, item) => return no("conflict.not_both"),
        Choice::Both => return Ok(both(kind, item, body, &now, stamp)),
        Choice::Restore if item.sides.is_empty() => return no("conflict.no_side"),
        Choice::Restore => item.before.clone(),
        Choice::Write { values } if values.len() != item.paths.len() => {
            return no("conflict.no_side");
        }
        Choice::Write { values } => values.clone(),
    };
    Ok(Settlement {
        writes: writes(&item.paths, says),
        undo: writes(&item.paths, now),
    })
}

fn writes(paths: &[String], values: Vec<Value>) -> Vec<Write> {
    let write = |(path, value): (&String, Value)| Write {
        path: path.clone(),
        value,
    };
    paths.iter().zip(values).map(write).collect()
}

fn both(kind: Kind, item: &Item, body: &Value, now: &[Value], stamp: &Stamp) -> Settlement {
    let mut settlement = Settlement {
        writes: Vec::new(),
        undo: writes(&item.paths, now.to_vec()),
    };
    for (place, path) in item.paths.iter().enumerate() {
        let shown = &now[place];
        let mut others: Vec<&Value> = item
            .sides
            .iter()
            .filter_map(|side| side.values.get(place))
            .collect();
        others.retain(|value| *value != shown && !value.is_null() && value.as_str() != Some(""));
        others.dedup();
        if let Some(list) = list_of(kind, path) {
            settlement.writes.push(Write {
                path: path.clone(),
                value: shown.clone(),
            });
            let element = path
                .split('/')
                .nth(1)
                .and_then(|id| element(body, list, id));
            for (nth, other) in others.into_iter().enumerate() {
                let id = next_element(body, nth, stamp);
                add(&mut settlement, (list, &id), (path, other), element, stamp);
            }
            continue;
        }
        let texts = std::iter::once(shown)
            .chain(others)
            .filter_map(Value::as_str);
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        settlement.writes.push(Write {
            path: path.clone(),
            value: texts.join("; ").into(),
        });
    }
    settlement
}

/// Adds an element to a list that says what another says, but for one member; taking it back ends it.
fn add(
    settlement: &mut Settlement,
    (list, id): (&str, &str),
    (path, value): (&str, &Value),
    like: Option<&Value>,
    stamp: &Stamp,
) {
    let member = path.rsplit('/').next().unwrap_or_default();
    let members = like.and_then(Value::as_object).into_iter().flatten();
    let same = members
        .filter(|(name, value)| !["id", member].contains(&name.as_str()) && !value.is_null());
    let same = same.map(|(name, value)| (name.as_str(), value));
    for (name, value) in same.chain([(member, value)]) {
        settlement.writes.push(Write {
            path: format!("{list}/{id}/{name}"),
            value: value.clone(),
        });
    }
    let ended = stamp.now.rfc3339().into();
    settlement.undo.push(Write {
        path: format!("{list}/{id}/ended"),
        value: ended,
    });
}

fn is_joinable(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|member| JOINABLE.contains(&member))
}

/// Returns the list to which a second element may be added for what a path says.
fn list_of(kind: Kind, path: &str) -> Option<&str> {
    let list = path.split_once('/')?.0;
    let is =
        kind == Kind::Patient && ["name", "telecom", "address", "contact", "alert"].contains(&list);
    (is && !path.ends_with("/ended")).then_some(list)
}

fn element<'a>(body: &'a Value, list: &str, id: &str) -> Option<&'a Value> {
    body[list]
        .as_array()?
        .iter()
        .find(|element| element["id"] == id)
}

/// Returns what a body says at a document path.
pub fn at(body: &Value, path: &str) -> Value {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [list, id, member] => element(body, list, id)
            .map(|element| element[*member].clone())
            .unwrap_or_default(),
        _ => body[path].clone(),
    }
}
