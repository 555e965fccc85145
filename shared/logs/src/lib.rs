//! How hub and desk write their logs: JSON lines that hold ids, codes, counts and durations, and nothing else.
//!
//! A field is shown if its name is in [`FIELDS`] and its value looks like an id, a code or a number. Of any other field
//! only the name is written. The sentence of an event is shown when one of our own crates says it, as those are fixed
//! texts (a test of the house holds them to it); of other libraries only the place of the event is.
//! A crate by itself because both programs need it, neither may depend on the other, and `shared` does not log.

mod line;
mod panics;

pub use line::{Lines, subscriber};
pub use panics::on_panic;

/// Fields whose values are shown, in order of the alphabet.
pub const FIELDS: &[&str] = &[
    "address",
    "audit.entries",
    "audit.flaw",
    "audit.incarnation",
    "audit.seq",
    "consumer",
    "count",
    "device.id",
    "duration_ms",
    "error",
    "error.code",
    "error.kind",
    "event.id",
    "event.seq",
    "feed.seq",
    "held",
    "http.method",
    "http.route",
    "http.status",
    "is_old",
    "migration",
    "panic.place",
    "panic.reference",
    "push.changes",
    "reason",
    "record.id",
    "records",
    "request.id",
    "segment",
    "size_bytes",
    "staff.id",
    "unsent",
    "ward",
    "zone",
];

/// Our own crates, whose sentences are fixed.
const OURS: [&str; 7] = [
    "bench",
    "desktop",
    "drive",
    "headless_desk",
    "logs",
    "replica",
    "sync_server",
];
/// Characters of a value, at most.
const VALUE_CHARS: usize = 128;

/// Says whether a field's value may be shown.
pub fn is_shown(field: &str) -> bool {
    FIELDS.binary_search(&field).is_ok()
}

/// Says whether a text looks like an id, a code, a route or a place in a program.
pub fn is_plain(field: &str, text: &str) -> bool {
    let is_code = |c: char| c.is_ascii_alphanumeric() || "._-:/{}".contains(c);
    let is_short = (1..=VALUE_CHARS).contains(&text.len()) && text.chars().all(is_code);
    // an error shows itself only where it is a code: its sentence may quote what it could not read
    let is_dotted =
        field != "error" || (text.contains('.') && !text.chars().any(|c| c.is_ascii_uppercase()));
    is_short && is_dotted
}

/// Says whether an event's sentence is one of ours.
pub fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or("");
    OURS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(FIELDS.is_sorted());
        assert!(OURS.is_sorted());
    }

    #[test]
    fn ids_and_codes_are_plain_and_what_people_type_is_not() {
        for (field, text, expect) in [
            ("request.id", "01935f2e-0000-7000-8000-000000000000", true),
            (
                "http.route",
                "/sync/v1/bootstrap/{snapshot}/{segment}",
                true,
            ),
            ("panic.place", "src/lib.rs:3:9", true),
            ("error", "sqlite.13", true),
            ("error", "Ada", false),
            ("error", "ada", false),
            ("reason", "Ada Lovell", false),
            ("reason", "", false),
            ("reason", "é", false),
        ] {
            assert_eq!(is_plain(field, text), expect, "{field} {text}");
        }
        assert!(!is_plain("reason", &"a".repeat(VALUE_CHARS + 1)));
        assert!(is_shown("record.id") && !is_shown("name"));
        assert!(is_ours("replica::save") && !is_ours("sqlx::query") && !is_ours("replicas"));
    }
}
