//! From the flat map to the JSON a screen shows, and back.

use super::Write;
use crate::record::Kind;
use automerge::{
    AutoCommit, ChangeHash, ObjType, ROOT, ReadDoc, ScalarValue, ScalarValueRef, Value as DocValue,
    ValueRef,
};
use serde_json::{Map, Value, json};

/// Reads the body of a document, now or at a version.
pub(super) fn read(kind: Kind, doc: &AutoCommit, at: Option<&[ChangeHash]>) -> Value {
    let mut body = empty(kind);
    let range = match at {
        None => doc.map_range(ROOT, ..),
        Some(heads) => doc.map_range_at(ROOT, .., heads),
    };
    for item in range {
        let value = match &item.value {
            ValueRef::Object(ObjType::Text) => {
                let text = match at {
                    None => doc.text(item.id()),
                    Some(heads) => doc.text_at(item.id(), heads),
                };
                Value::String(text.unwrap_or_default())
            }
            ValueRef::Object(_) => continue,
            ValueRef::Scalar(_) if item.conflict => chosen(kind, doc, &item.key, at),
            ValueRef::Scalar(scalar) => of_scalar_ref(scalar),
        };
        put(&mut body, kind, &item.key, value);
    }
    sorted(kind, body)
}

/// Reads the body of a document as it is now.
pub(crate) fn read_now(kind: Kind, doc: &AutoCommit) -> Value {
    read(kind, doc, None)
}

fn sorted(kind: Kind, mut body: Map<String, Value>) -> Value {
    for list in kind.lists() {
        if let Some(Value::Array(elements)) = body.get_mut(*list) {
            elements.sort_by(|a, b| a["id"].as_str().cmp(&b["id"].as_str()));
        }
    }
    Value::Object(body)
}

/// Returns the value that shows where several were written apart from each other.
fn chosen(kind: Kind, doc: &AutoCommit, path: &str, at: Option<&[ChangeHash]>) -> Value {
    let all = match at {
        None => doc.get_all(ROOT, path),
        Some(heads) => doc.get_all_at(ROOT, path, heads),
    };
    let values: Vec<Value> = all
        .unwrap_or_default()
        .iter()
        .map(|(value, _)| of_value(value))
        .collect();
    let preferred = values
        .iter()
        .max_by_key(|value| kind.preference(path, value));
    // the last one is Automerge's winner, the same everywhere
    match preferred {
        Some(value) if kind.preference(path, value).is_some() => value.clone(),
        Some(_) | None => values.last().cloned().unwrap_or(Value::Null),
    }
}

fn empty(kind: Kind) -> Map<String, Value> {
    let lists = kind
        .lists()
        .iter()
        .map(|list| ((*list).to_owned(), json!([])));
    lists
        .chain(
            kind.texts()
                .iter()
                .map(|text| ((*text).to_owned(), json!(""))),
        )
        .collect()
}

/// Puts a value at a path of a body.
pub(super) fn put(body: &mut Map<String, Value>, kind: Kind, path: &str, value: Value) {
    let mut parts = path.splitn(3, '/');
    let (Some(list), Some(id), Some(member)) = (parts.next(), parts.next(), parts.next()) else {
        body.insert(path.to_owned(), value);
        return;
    };
    if !kind.lists().contains(&list) {
        // written by a newer program: shown to nobody here, kept in the document
        return;
    }
    let Some(elements) = body.entry(list).or_insert_with(|| json!([])).as_array_mut() else {
        return;
    };
    let place = elements
        .iter()
        .rposition(|element| element["id"] == id)
        .unwrap_or_else(|| {
            elements.push(json!({ "id": id }));
            elements.len() - 1
        });
    elements[place][member] = value;
}

/// Returns a body with writes laid over it: what the record would be with a change that was held.
pub fn draft_of(kind: Kind, body: &Value, writes: &[Write]) -> Value {
    let mut members = body.as_object().cloned().unwrap_or_default();
    for write in writes {
        put(&mut members, kind, &write.path, write.value.clone());
    }
    sorted(kind, members)
}

pub(super) fn of_value(value: &DocValue<'_>) -> Value {
    value.as_scalar().map_or(Value::Null, of_scalar)
}

pub(crate) fn of_scalar(scalar: &ScalarValue) -> Value {
    match scalar {
        ScalarValue::Str(text) => Value::String(text.to_string()),
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => json!(number),
        ScalarValue::Uint(number) => json!(number),
        ScalarValue::Boolean(truth) => json!(truth),
        ScalarValue::F64(number) => json!(number),
        ScalarValue::Counter(_)
        | ScalarValue::Bytes(_)
        | ScalarValue::Unknown { .. }
        | ScalarValue::Null => Value::Null,
    }
}

/// The same for a value borrowed from the document: the read path of every body.
fn of_scalar_ref(scalar: &ScalarValueRef<'_>) -> Value {
    match scalar {
        ScalarValueRef::Str(text) => Value::String(text.to_string()),
        ScalarValueRef::Int(number) | ScalarValueRef::Timestamp(number) => json!(number),
        ScalarValueRef::Uint(number) => json!(number),
        ScalarValueRef::Boolean(truth) => json!(truth),
        ScalarValueRef::F64(number) => json!(number),
        ScalarValueRef::Counter(_)
        | ScalarValueRef::Bytes(_)
        | ScalarValueRef::Unknown { .. }
        | ScalarValueRef::Null => Value::Null,
    }
}

pub(super) fn to_scalar(value: &Value) -> ScalarValue {
    match value {
        Value::String(text) => ScalarValue::Str(text.as_str().into()),
        Value::Bool(truth) => ScalarValue::Boolean(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => ScalarValue::Int(whole),
            None => ScalarValue::Str(number.to_string().into()),
        },
        Value::Null => ScalarValue::Null,
        // no record has one: kept as text rather than lost
        Value::Array(_) | Value::Object(_) => ScalarValue::Str(value.to_string().into()),
    }
}
