//! The description of every event for whoever wants to hear them: AsyncAPI 3, made from the events themselves.

use super::accounts::Accounts;
use super::{Event, SOURCE, What, examples};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Data that may be missing.
const MAY_BE_NULL: [&str; 7] = [
    "department",
    "ward",
    "why",
    "appointment",
    "bill",
    "addsTo",
    "basedOn",
];
/// Data that is one of a few words.
const WORDS: [(&str, &[&str]); 1] = [("fee", &["nothing", "half", "whole"])];

/// What each department tells, and what it is about.
const CHANNELS: [(&str, &str, &str); 5] = [
    (
        "appointment",
        "Appointments",
        "What becomes of appointments. The subject is the appointment.",
    ),
    ("bill", "Bills", "What is billed. The subject is the bill."),
    (
        "payment",
        "Payments",
        "What becomes of payments. The subject is the payment.",
    ),
    (
        "pharmacy",
        "Pharmacy",
        "What a pharmacy did. The subject is the order.",
    ),
    (
        "lab",
        "Laboratory",
        "What a laboratory did. The subject is the order.",
    ),
];

/// Returns the description.
pub fn document() -> Value {
    let (mut messages, mut operations) = (Map::new(), Map::new());
    let mut channels: Map<String, Value> = CHANNELS
        .into_iter()
        .map(|(word, title, about)| {
            let address = format!("wardbook.{word}");
            let channel =
                json!({ "address": address, "title": title, "description": about, "messages": {} });
            (word.to_owned(), channel)
        })
        .collect();
    for event in examples() {
        let (name, word) = (short(event.what.name()), channel_of(event.what.name()));
        let here = json!({ "$ref": format!("#/channels/{word}/messages/{name}") });
        let channel = json!({ "$ref": format!("#/channels/{word}") });
        operations.insert(
            format!("tell_{name}"),
            json!({ "action": "send", "channel": channel, "messages": [here] }),
        );
        channels[word]["messages"][&name] =
            json!({ "$ref": format!("#/components/messages/{name}") });
        messages.insert(name, message(&event));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Wardbook events", "version": "1.0.0",
            "description": "What the hub tells, as CloudEvents 1.0. Each event comes at least once and in any order: `id` says \
                whether it was heard before, `sequence` which of two about one subject is the newer. No event holds a name or a text of a person.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages },
    })
}

/// Returns `appointment_scheduled` of `org.wardbook.appointment.scheduled.v1`.
fn short(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let end = parts.len().saturating_sub(1);
    parts[2.min(end)..end].join("_")
}

/// Returns `appointment` of `org.wardbook.appointment.scheduled.v1`.
pub(super) fn channel_of(name: &str) -> &str {
    name.split('.').nth(2).unwrap_or_default()
}

fn message(event: &Event) -> Value {
    let json = event.to_json();
    json!({
        "name": event.what.name(),
        "title": short(event.what.name()).replace('_', " "),
        "summary": summary(&event.what),
        "contentType": "application/cloudevents+json",
        "payload": envelope(event, &json),
        "examples": [{ "payload": json }],
    })
}

fn summary(what: &What) -> &'static str {
    match what {
        What::Scheduled(_) => "An appointment stands that did not.",
        What::Rescheduled(_) => "An appointment stands at another time, or with somebody else.",
        What::Cancelled(_) => {
            "An appointment was given up. `time` is when, by which `fee` was reckoned; one that is contested shows \
             something else, which another change says, until a person settles it."
        }
        What::Completed(_) => "A visit took place. Contested as with one that was cancelled.",
        What::NoShow(_) => "Nobody came. Contested as with one that was cancelled.",
        What::Reminder(_) => "An appointment begins within a day.",
        What::NeedsRebooking(_) => "An appointment lost its slot to another and needs a new one.",
        What::SlotOffered(_) => {
            "Somebody who waits for a slot may have one: theirs to take for a while, not kept for them."
        }
        What::Accounts(accounts) => about_accounts(accounts),
    }
}

fn about_accounts(accounts: &Accounts) -> &'static str {
    match accounts {
        Accounts::BillCreated(_) => "A bill was issued.",
        Accounts::PaymentCompleted(_) => "Money is in the books.",
        Accounts::PaymentFailed(_) => {
            "A gateway did not take the money that it was asked for. Should it come after all, a later event says so."
        }
        Accounts::OrderCompleted(_) => "A pharmacy handed out what was ordered. It is billed.",
        Accounts::TestCompleted(_) => {
            "A laboratory has the result of what was ordered. It is billed."
        }
    }
}

fn envelope(event: &Event, json: &Value) -> Value {
    let mut properties = Map::new();
    for (name, value) in json.as_object().into_iter().flatten() {
        let schema = match name.as_str() {
            "specversion" => json!({ "const": "1.0" }),
            "source" => json!({ "const": SOURCE }),
            "type" => json!({ "const": event.what.name() }),
            "datacontenttype" => json!({ "const": "application/json" }),
            "sequence" => json!({ "type": "string", "pattern": "^[0-9]{10}$" }),
            _ => schema(name, value),
        };
        properties.insert(name.clone(), schema);
    }
    object(properties)
}

fn schema(name: &str, value: &Value) -> Value {
    if let Some((_, words)) = WORDS.iter().find(|(word, _)| *word == name) {
        return json!({ "enum": words });
    }
    match value {
        Value::Object(members) => {
            let one = |(name, value): (&String, &Value)| (name.clone(), schema(name, value));
            object(members.iter().map(one).collect())
        }
        Value::Array(items) => {
            json!({ "type": "array", "items": items.first().map_or(Value::Bool(true), |item| schema("", item)) })
        }
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) => string(name, text),
        Value::Null => json!({}),
    }
}

fn string(name: &str, text: &str) -> Value {
    let kind = if MAY_BE_NULL.contains(&name) {
        json!(["string", "null"])
    } else {
        json!("string")
    };
    if Uuid::parse_str(text).is_ok() {
        json!({ "type": kind, "format": "uuid" })
    } else if text.parse::<jiff::Timestamp>().is_ok() {
        json!({ "type": kind, "format": "date-time" })
    } else {
        json!({ "type": kind })
    }
}

fn object(properties: Map<String, Value>) -> Value {
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says whether the hub's own reading takes an event with one member of its data changed.
    fn is_read(event: &Event, change: impl FnOnce(&mut Map<String, Value>)) -> bool {
        let mut json = event.to_json();
        change(json["data"].as_object_mut().expect("data is an object"));
        Event::parse(&json).is_ok()
    }

    #[test]
    fn what_is_described_as_needed_is_needed_and_what_may_be_missing_may() {
        for event in examples() {
            let payload = &message(&event)["payload"]["properties"]["data"];
            let properties = payload["properties"].as_object().expect("properties");
            assert!(!properties.is_empty());
            for (name, schema) in properties {
                let may_be_null = schema["type"] == json!(["string", "null"]);
                let null = |data: &mut Map<String, Value>| {
                    data.insert(name.clone(), Value::Null);
                };
                assert_eq!(is_read(&event, null), may_be_null, "{name}");
                let wrong = |data: &mut Map<String, Value>| {
                    data.insert(name.clone(), json!(["?"]));
                };
                assert!(!is_read(&event, wrong), "{name}");
            }
        }
    }

    #[test]
    fn every_word_of_a_list_of_words_is_taken_and_no_other() {
        let event = &examples()[2];
        for (name, words) in WORDS {
            for word in words {
                let set = |data: &mut Map<String, Value>| {
                    data.insert(name.into(), json!(word));
                };
                assert!(is_read(event, set), "{word}");
            }
            let other = |data: &mut Map<String, Value>| {
                data.insert(name.into(), json!("double"));
            };
            assert!(!is_read(event, other));
        }
    }

    #[test]
    fn every_type_is_described_once() {
        let document = document();
        let names: Vec<String> = examples()
            .iter()
            .map(|one| one.what.name().into())
            .collect();
        let messages = document["components"]["messages"].as_object();
        let mut described: Vec<&str> = messages
            .expect("messages")
            .values()
            .filter_map(|message| message["name"].as_str())
            .collect();
        let mut expect: Vec<&str> = names.iter().map(String::as_str).collect();
        described.sort_unstable();
        expect.sort_unstable();
        assert_eq!(described, expect);
        assert!(document["operations"]["tell_appointment_no_show"].is_object());
    }
}
