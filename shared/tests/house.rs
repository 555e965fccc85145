//! The house rules that no compiler holds: who may import whom, how long things may be, what must exist together.
//! ARCHITECTURE.md says why.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads and writes files of the project; the crate does not"
)]

use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const DEPARTMENTS: [&str; 4] = ["patients", "prescriptions", "scheduling", "staff"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(under: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(under)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "dist", "target", "gen", "sqlx-sqlite-stub"]
                    .contains(&name.as_str())
                {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending))
                && !name.ends_with(".gen.ts")
            {
                let shown = path
                    .strip_prefix(root())
                    .unwrap_or(&path)
                    .display()
                    .to_string();
                found.push((shown, fs::read_to_string(&path).unwrap_or_default()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing found under {under}");
    found
}

fn rust() -> Vec<(String, String)> {
    ["shared", "sync-server", "src-tauri", "bench"]
        .iter()
        .flat_map(|room| files(room, &[".rs"]))
        .collect()
}

fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.split("//").next().unwrap_or("")))
        .filter(|(_, l)| !l.trim().is_empty())
}

#[test]
fn every_file_is_one_idea() {
    let long: Vec<String> = rust()
        .into_iter()
        .chain(files("ui", &[".ts", ".tsx"]))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "over {FILE_LINES} lines:\n{}",
        long.join("\n")
    );
}

/// Returns where the bracket closes that was opened before a text.
fn end_of_call(text: &str) -> usize {
    let (mut depth, mut is_quoted) = (1, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Returns the sentence of each event of a file with the line it begins on.
fn sentences(text: &str) -> Vec<(usize, String)> {
    let levels = ["error!(", "warn!(", "info!(", "debug!(", "trace!("];
    let mut found = Vec::new();
    for level in levels {
        for (at, begin) in text.match_indices(&format!("tracing::{level}")) {
            let rest = &text[at + begin.len()..];
            let end = end_of_call(rest);
            let quoted = rest[..end].split('"').skip(1).step_by(2);
            found.extend(quoted.map(|part| (text[..at].lines().count(), part.to_owned())));
        }
    }
    found
}

#[test]
fn what_the_log_says_is_fixed_and_only_its_fields_differ() {
    let mut found = Vec::new();
    for (path, text) in rust()
        .into_iter()
        .filter(|(path, _)| !path.contains("/tests/"))
    {
        let blanks = sentences(&text)
            .into_iter()
            .filter(|(_, said)| said.contains('{'));
        found.extend(blanks.map(|(line, said)| format!("{path}:{line} says {said}")));
    }
    assert!(
        found.is_empty(),
        "a name could stand in a sentence of the log:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_function_fits_on_a_screen() {
    let mut long = Vec::new();
    for (path, text) in rust() {
        let mut start: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words = line
                .trim_start()
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ")
                .trim_start_matches("async ")
                .trim_start_matches("const ");
            if words.starts_with("fn ") && line.trim_end().ends_with('{') {
                start = Some((number, indent));
            }
            if let Some((from, depth)) =
                start.filter(|(_, depth)| line.trim_end() == format!("{}}}", " ".repeat(*depth)))
            {
                let _ = depth;
                if number - from + 1 > FUNCTION_LINES {
                    long.push(format!(
                        "{path}:{} has {} lines",
                        from + 1,
                        number - from + 1
                    ));
                }
                start = None;
            }
        }
    }
    assert!(
        long.is_empty(),
        "over {FUNCTION_LINES} lines:\n{}",
        long.join("\n")
    );
}

fn forbid(under: &str, words: &[&str], why: &str) {
    let mut found = Vec::new();
    for (path, text) in files(under, &[".rs"]) {
        // what follows the tests' heading may make up records of any kind
        let own = text.split("#[cfg(test)]").next().unwrap_or("").to_owned();
        for (number, line) in code(&own) {
            found.extend(
                words
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{path}:{number} says {word}")),
            );
        }
    }
    assert!(found.is_empty(), "{why}:\n{}", found.join("\n"));
}

#[test]
fn what_syncs_does_not_know_departments() {
    forbid(
        "sync-server/src/sync",
        &["patients::", "scheduling::", "prescriptions::"],
        "sync moves records of any kind",
    );
}

#[test]
fn no_service_calls_another_and_only_the_door_writes_records() {
    for (path, text) in files("sync-server/src/services", &[".rs"]) {
        let own = Path::new(&path)
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        for (number, line) in code(&text) {
            let others = line.contains("services::") && !line.contains(&format!("services::{own}"));
            assert!(!others, "{path}:{number} calls another service");
            assert!(
                !line.contains("sync::accept"),
                "{path}:{number} goes around the door"
            );
        }
    }
    let writes = [
        "insert into record",
        "update record",
        "insert into change",
        "insert into feed",
        "insert into chart",
        "update chart",
        "delete from record",
        "delete from change",
        "delete from feed",
    ];
    for (path, text) in files("sync-server/src", &[".rs", ".sql"]) {
        if path.contains("/sync/") {
            continue;
        }
        let own = text.split("#[cfg(test)]").next().unwrap_or("");
        for (number, line) in code(own) {
            assert!(
                !writes.iter().any(|w| line.to_lowercase().contains(w)),
                "{path}:{number} writes the record beside the door"
            );
        }
    }
}

#[test]
fn money_is_never_a_float() {
    let rooms = [
        "shared/src/money",
        "shared/src/ledger",
        "shared/src/billing",
        "shared/src/payments",
    ];
    for room in rooms {
        forbid(room, &["f32", "f64"], "money is in whole minor units");
    }
}

#[test]
fn rooms_depend_only_on_what_they_may() {
    let allowed = [
        (
            "shared",
            &[
                "tauri",
                "rusqlite",
                "sqlx",
                "axum",
                "tokio",
                "reqwest",
                "tracing",
                "replica",
                "sync-server",
                "rand",
            ][..],
        ),
        (
            "src-tauri/replica",
            &["tauri", "sqlx", "axum", "sync-server"][..],
        ),
        ("src-tauri", &["rusqlite", "automerge", "sqlx", "axum"][..]),
        (
            "src-tauri/print",
            &["tauri", "rusqlite", "replica", "tokio", "reqwest"][..],
        ),
        (
            "sync-server",
            &["rusqlite", "tauri", "replica", "print"][..],
        ),
    ];
    for (room, forbidden) in allowed {
        let text = fs::read_to_string(root().join(room).join("Cargo.toml"))
            .expect("every room has a Cargo.toml");
        let own = text
            .split("[dependencies]")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next())
            .unwrap_or("");
        for line in own.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or("");
            assert!(!forbidden.contains(&name), "{room} may not use {name}");
        }
    }
}

#[test]
fn every_kind_has_its_department_everywhere() {
    let migrations = files("migrations", &[".sql"]);
    for department in DEPARTMENTS.iter().filter(|name| **name != "staff") {
        let file = migrations.iter().any(|(path, text)| {
            path.ends_with(&format!("_{department}.sql")) && text.contains("create view")
        });
        assert!(file, "no migration makes the view of {department}");
        assert!(
            root().join(format!("ui/src/{department}")).is_dir(),
            "ui/src/{department} is missing"
        );
        let home = [format!("{department}.rs"), format!("{department}/mod.rs")];
        assert!(
            home.iter()
                .any(|file| root().join("shared/src").join(file).is_file()),
            "shared/src/{department}.rs is missing"
        );
    }
    let commented = migrations
        .iter()
        .filter(|(_, text)| !text.trim_start().starts_with("--"))
        .map(|(path, _)| path.clone());
    assert_eq!(
        commented.collect::<Vec<_>>(),
        Vec::<String>::new(),
        "a migration begins by saying what it is for"
    );
}

#[test]
fn screens_reach_the_desk_through_one_file_and_no_department_reaches_another() {
    for (path, text) in files("ui/src", &[".ts", ".tsx"]) {
        let folder = path.split('/').nth(2).unwrap_or("").to_owned();
        for (number, line) in code(&text) {
            let imports = line.contains("from '") || line.contains("from \"");
            let tauri = imports && line.contains("@tauri-apps/");
            assert!(
                !tauri || path.contains("backend/tauri."),
                "{path}:{number} talks to the desk by itself"
            );
            let folders = [
                "patients",
                "prescriptions",
                "scheduling",
                "diary",
                "identity",
                "emergency",
            ];
            for other in folders.iter().filter(|other| **other != folder) {
                let inside = folders.contains(&folder.as_str());
                let reaches = imports && inside && line.contains(&format!("../{other}/"));
                assert!(!reaches, "{path}:{number} reaches into {other}");
            }
        }
    }
}

#[test]
fn no_secret_lies_in_the_repository() {
    let signs = [
        ("-----BEGIN ", "PRIVATE KEY"),
        ("-----BEGIN ", "RSA PRIVATE"),
        ("-----BEGIN ", "EC PRIVATE"),
        ("-----BEGIN ", "OPENSSH PRIVATE"),
        ("sk_", "live_"),
        ("rzp_", "live_"),
        ("AK", "IA"),
        ("postgres://", "wardbook:"),
    ];
    let endings = [
        ".rs", ".ts", ".tsx", ".mjs", ".json", ".toml", ".md", ".sql", ".yml", ".pem", ".key",
        ".env", "dev",
    ];
    let found: Vec<String> = files(".", &endings)
        .into_iter()
        .filter(|(_, text)| {
            signs
                .iter()
                .any(|(first, second)| text.contains(&format!("{first}{second}")))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(found.is_empty(), "looks like a secret in {found:?}");
}
