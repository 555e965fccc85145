//! Nonsense at every door: the hub answers with a problem, says nothing of its inside, and goes on.

use crate::desk::{Answer, Desk};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use shared::sample::Dice;
use shared::sync::wire;
use std::fmt::Write;
use sync_server::testing::TestHub;

/// Calls at each door; more with `FUZZ`.
const CALLS: usize = 2_000;
/// Calls under way at the same time.
const AT_ONCE: usize = 16;
/// What no answer to nonsense may hold: words of the inside.
const INSIDE: [&str; 7] = [
    "panicked",
    "backtrace",
    "sqlx",
    "insert into",
    "select ",
    "src/",
    "relation \"",
];
/// Bytes of an answer that refuses, at most.
const ANSWER_BYTES: usize = 64 << 10;

/// One way into the hub, as it describes itself.
struct Door {
    method: Method,
    path: String,
    /// Names in the path and the query.
    names: Vec<String>,
    /// Members of its JSON body.
    members: Vec<String>,
}

fn doors(document: &Value) -> Vec<Door> {
    let mut doors = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let named = operation["parameters"].as_array().into_iter().flatten();
            doors.push(Door {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                names: named
                    .filter_map(|it| Some(it["name"].as_str()?.to_owned()))
                    .collect(),
                members: members(document, operation),
            });
        }
    }
    doors
}

fn members(document: &Value, operation: &Value) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let named = schema["$ref"]
        .as_str()
        .and_then(|name| document.pointer(name.trim_start_matches('#')));
    let properties = named.unwrap_or(schema)["properties"].as_object();
    properties
        .map(|all| all.keys().cloned().collect())
        .unwrap_or_default()
}

/// Makes nonsense, the same from the same seed.
struct Nonsense {
    dice: Dice,
}

impl Nonsense {
    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.dice.below(from.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.dice.below(most))
            .map(|_| self.dice.below(256) as u8)
            .collect()
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.dice.below(if depth == 0 { 8 } else { 10 }) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1e308),
            5 => json!("\u{0}\u{202e}'; drop table record; --"),
            6 => json!("x".repeat(self.dice.below(4_000))),
            7 => json!("ada"),
            8 => json!([self.value(depth - 1), self.value(depth - 1)]),
            _ => json!({ "": self.value(depth - 1), "a": self.value(depth - 1) }),
        }
    }

    fn path(&mut self, door: &Door) -> String {
        let mut path = door.path.clone();
        let mut query = String::new();
        for name in &door.names {
            // no small number: a place in the feed at which a call would wait for news
            let odd = [
                "-1",
                "99999999999999999999",
                "0",
                "%00",
                "%ff",
                "a'b",
                "",
                "1e9",
                "../..",
                "0x10",
                "777",
            ];
            let value = *self.pick(&odd);
            let hole = format!("{{{name}}}");
            if path.contains(&hole) {
                path = path.replace(&hole, if value.is_empty() { "-" } else { value });
            } else {
                let _ = write!(query, "&{name}={value}");
            }
        }
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", &query[1..])
        }
    }

    fn body(&mut self, door: &Door, frame: &[u8]) -> Vec<u8> {
        if door.method == Method::GET {
            return Vec::new();
        }
        match self.dice.below(10) {
            0 => self.bytes(400),
            1 => vec![b'['; 20_000],
            2 => self.damaged(frame),
            3 => [frame, &self.bytes(40)].concat(),
            4 => frame[..self.dice.below(frame.len())].to_vec(),
            5 => wire::encode(&self.value(2).to_string()),
            6 => self.json_twice(door),
            _ => self.json(door),
        }
    }

    fn damaged(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut bytes = frame.to_vec();
        for _ in 0..=self.dice.below(4) {
            let place = self.dice.below(bytes.len());
            bytes[place] ^= 1 << self.dice.below(8);
        }
        bytes
    }

    fn json(&mut self, door: &Door) -> Vec<u8> {
        let mut object = serde_json::Map::new();
        for member in &door.members {
            if self.dice.below(4) > 0 {
                object.insert(member.clone(), self.value(2));
            }
        }
        let mut bytes = Value::Object(object).to_string().into_bytes();
        if self.dice.below(3) == 0 {
            let place = self.dice.below(bytes.len());
            bytes[place] = self.dice.below(256) as u8;
        }
        bytes
    }

    fn json_twice(&mut self, door: &Door) -> Vec<u8> {
        let member = door.members.first().map_or("a", String::as_str);
        format!("{{\"{member}\":1,\"{member}\":\"\",\"{member}\":[{{}}]}}").into_bytes()
    }
}

fn seed() -> u64 {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    seed.unwrap_or(1)
}

fn check(door: &Door, path: &str, answer: &Answer) {
    let what = format!("{} {path}: {}", door.method, answer.status);
    assert!(answer.status.as_u16() < 500, "{what}");
    if answer.status.is_success() {
        return;
    }
    assert!(
        answer.body.len() <= ANSWER_BYTES,
        "{what}: {} bytes",
        answer.body.len()
    );
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    for word in INSIDE {
        assert!(!text.contains(word), "{what} says {word}: {text}");
    }
}

#[tokio::test]
async fn nonsense_at_every_door_is_answered_and_changes_nothing() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Fuzz");
    desk.push(vec![patient.envelope()]).await;
    let frame = wire::encode(&desk.push_of(vec![patient.envelope()]));
    let before = desk.get("/sync/v1/digest").await.json::<Value>();
    let calls = std::env::var("FUZZ")
        .ok()
        .and_then(|text| text.parse().ok());
    let (seed, calls) = (seed(), calls.unwrap_or(CALLS));
    println!("seed {seed}, {calls} calls at each door");
    let document: Value = desk.get("/openapi.json").await.json();
    for door in doors(&document) {
        let mut nonsense = Nonsense {
            dice: Dice::new(seed),
        };
        let asks: Vec<_> = (0..calls)
            .map(|_| {
                (
                    nonsense.path(&door),
                    nonsense.body(&door, &frame),
                    nonsense.dice.below(5),
                )
            })
            .collect();
        let (door, desk) = (&door, &desk);
        let answers = stream::iter(asks).map(|(path, body, signer)| async move {
            let answer = if signer == 0 {
                desk.send(door.method.clone(), &path, None, body).await
            } else {
                desk.call(door.method.clone(), &path, body).await
            };
            check(door, &path, &answer);
        });
        answers.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }
    assert_eq!(desk.get("/sync/v1/digest").await.json::<Value>(), before);
}
