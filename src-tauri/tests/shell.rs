//! What the window may do is written down twice and compared: in its configuration and here.

use serde_json::{Value, json};
use shared::access::calls::{DESK, Needs};
use shared::record::Kind;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(here(path)).expect("a file of this repository")
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

#[test]
fn the_window_may_hear_events_and_nothing_more() {
    let files: Vec<_> = fs::read_dir(here("capabilities"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["desk.json"]);
    let desk = json_of("capabilities/desk.json");
    assert_eq!(
        desk["permissions"],
        json!(["core:event:allow-listen", "core:event:allow-unlisten"])
    );
    assert_eq!(desk["windows"], json!(["main"]));
    assert_eq!(desk["local"], json!(true));
    assert_eq!(desk.get("remote"), None);
    assert_eq!(desk.get("webviews"), None);
    assert_eq!(
        json_of("tauri.conf.json")["app"]["security"]["capabilities"],
        json!(["desk"])
    );
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    let conf = json_of("tauri.conf.json");
    let app = &conf["app"];
    assert_eq!(app["withGlobalTauri"], json!(false));
    assert_eq!(
        app["security"]["assetProtocol"],
        json!({ "enable": false, "scope": [] })
    );
    assert_eq!(
        app["security"]["csp"],
        json!({
            "default-src": "'none'",
            "script-src": "'self'",
            // Mantine writes its variables into style elements as the page runs
            "style-src": "'self' 'unsafe-inline'",
            "img-src": "'self' data:",
            "font-src": "'self'",
            "connect-src": "ipc: http://ipc.localhost",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-src": "'none'",
            "object-src": "'none'",
            "worker-src": "'none'",
        })
    );
    assert_eq!(conf["build"].get("devUrl"), None);
    assert_eq!(app["windows"].as_array().map(Vec::len), Some(1));
}

/// What a directive may name: this program's own pages, its commands, pictures inside a page, or nothing.
const SOURCES: [&str; 6] = [
    "'none'",
    "'self'",
    "data:",
    "ipc:",
    "http://ipc.localhost",
    "'unsafe-inline'",
];

/// Returns what is wrong with a policy.
fn flaws(policy: &Value) -> Vec<String> {
    let directives = policy.as_object().expect("directives");
    let mut found = Vec::new();
    for (directive, sources) in directives {
        for source in sources.as_str().unwrap_or("*").split(' ') {
            let is_style = source == "'unsafe-inline'" && directive != "style-src";
            let is_picture = source == "data:" && directive != "img-src";
            if !SOURCES.contains(&source) || is_style || is_picture {
                found.push(format!("{directive} {source}"));
            }
        }
    }
    if directives.get("default-src") != Some(&json!("'none'")) {
        found.push("default-src".into());
    }
    found
}

#[test]
fn no_directive_lets_in_what_is_elsewhere_or_made_up_by_a_page() {
    let conf = json_of("tauri.conf.json");
    let security = &conf["app"]["security"];
    assert_eq!(flaws(&security["csp"]), Vec::<String>::new());
    assert_eq!(
        security["dangerousDisableAssetCspModification"],
        json!(["style-src"])
    );
    for (directive, sources) in [
        ("script-src", "'self' 'unsafe-inline'"),
        ("script-src", "'self' 'unsafe-eval'"),
        ("script-src", "'self' https://cdn.example.org"),
        ("connect-src", "ipc: http://localhost:4600"),
        ("img-src", "*"),
        ("default-src", "'self'"),
        ("script-src", "'self' data:"),
    ] {
        let mut worse = security["csp"].clone();
        worse[directive] = json!(sources);
        assert_eq!(flaws(&worse).len(), 1, "{directive} {sources}");
    }
}

/// Names between `before` and the next `after`, wherever `before` stands.
fn names<'a>(text: &'a str, before: &str, after: char) -> BTreeSet<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}

#[test]
fn the_window_asks_for_exactly_the_commands_there_are() {
    let (asked, offered) = (text("../ui/src/backend/tauri.ts"), text("src/commands.rs"));
    let handler = names(&offered, "generate_handler![", ']');
    let handler = handler.first().expect("one handler");
    let offered: BTreeSet<&str> = handler
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names(&asked, "invoke('", '\''), offered);
}

#[test]
fn every_command_asks_what_the_table_says_it_needs() {
    let commands = text("src/commands.rs");
    let mut found = BTreeSet::new();
    for command in commands.split("#[tauri::command").skip(1) {
        let name = command
            .split("fn ")
            .nth(1)
            .and_then(|rest| rest.split('(').next())
            .expect("a name");
        let declared = DESK.iter().find(|(of, _)| *of == name);
        let (_, needs) = declared.unwrap_or_else(|| unreachable!("{name} is not in the table"));
        let (person, reader) = (
            command.contains("desk.person()?"),
            command.contains("desk.reader("),
        );
        let asks = match needs {
            Needs::Nothing | Needs::Code => !person && !reader,
            Needs::Read(Kind::Patient) => command.contains("desk.reader(Kind::Patient)?"),
            Needs::Read(Kind::Appointment | Kind::Prescription) => reader,
            // the replica asks for the record and for each field
            Needs::ReadAsked => {
                command.contains("desk.reader(kind)?")
                    || command.contains("desk.reader(ask.kind)?")
                    || command.contains("&person.actor")
            }
            Needs::WriteAsked | Needs::Do(_) => command.contains("&person.actor"),
            // what answers nothing tells nobody anything
            Needs::Person => {
                person && (command.contains("person.reads(") || command.contains("Answer<()>"))
            }
            Needs::Device
            | Needs::DeviceAndAuthors
            | Needs::DeviceAndPassword(_)
            | Needs::Gateway
            | Needs::Central => false,
        };
        assert!(asks, "{name} needs {needs:?}");
        found.insert(name);
    }
    let declared: BTreeSet<&str> = DESK.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, declared);
}
