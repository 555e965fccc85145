//! Writes the description of all events to `docs/asyncapi.json`, and fails when it was not current.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use shared::events::asyncapi::document;

#[test]
fn the_description_of_the_events_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.json");
    let text = serde_json::to_string_pretty(&document()).expect("it is JSON") + "\n";
    let before = std::fs::read_to_string(path).unwrap_or_default();
    if before != text {
        std::fs::write(path, &text).expect("the description can be written");
    }
    assert!(
        before == text,
        "docs/asyncapi.json was not current; it is now, look at what changed"
    );
}
