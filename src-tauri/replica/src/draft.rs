//! A draft beside the record it is of.

use serde_json::Value;
use shared::record::{self, Kind};

/// Returns a body with a draft laid over it as a form does it: new elements keep the names the form gave them, so that a
/// problem names the field the person sees.
pub(crate) fn laid_over(kind: Kind, body: Value, draft: &Value) -> Value {
    let mut members = body.as_object().cloned().unwrap_or_default();
    for (name, value) in draft.as_object().into_iter().flatten() {
        match (
            value.as_array(),
            members.get_mut(name).and_then(Value::as_array_mut),
        ) {
            (Some(elements), Some(old)) if kind.lists().contains(&name.as_str()) => {
                elements
                    .iter()
                    .for_each(|element| lay_element(old, element));
            }
            _ => {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(members)
}

fn lay_element(elements: &mut Vec<Value>, new: &Value) {
    let id = new["id"].as_str().unwrap_or("");
    match elements
        .iter_mut()
        .find(|old| !id.is_empty() && old["id"] == id)
    {
        Some(old) => {
            for (name, value) in new.as_object().into_iter().flatten() {
                old[name.as_str()] = value.clone();
            }
        }
        None => elements.push(new.clone()),
    }
}

/// Says whether a draft for a new record is what was made of it already: Save was pressed twice.
pub(crate) fn is_same(kind: Kind, draft: &Value, body: &Value) -> bool {
    let plain = |value: &Value| {
        let mut full = record::complete(kind, value).unwrap_or(Value::Null);
        full["mrn"] = Value::Null;
        for list in kind.lists() {
            full[*list]
                .as_array_mut()
                .into_iter()
                .flatten()
                .for_each(|element| element["id"] = Value::Null);
        }
        full
    };
    plain(draft) == plain(body)
}
