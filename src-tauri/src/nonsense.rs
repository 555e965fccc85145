//! Nonsense through the window's one door: every command answers it, nothing breaks, and what was saved is sound.
//!
//! `SEED=…` repeats a run, `FUZZ=…` says how often each command is given.

mod made;

use crate::desk::{Desk, now_ms};
use crate::{commands, context};
use jiff::Timestamp;
use made::Nonsense;
use replica::{Cabinet, Places};
use serde_json::{Value, json};
use shared::access::Role;
use shared::access::calls::{DESK, Needs};
use shared::sample::Dice;
use std::time::{Duration, Instant};
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::world;
use tauri::async_runtime::block_on;
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};

/// Calls of each command.
const CALLS: usize = 10_000;
/// The same for nobody, who gets no further than the first line.
const CALLS_OF_NOBODY: usize = 200;
/// What an answer may not hold: words of the inside.
const INSIDE: [&str; 6] = [
    "panicked",
    "sqlite",
    "insert into",
    "select ",
    "src/",
    "/tmp",
];
/// The page that the window shows.
const OWN: &str = "tauri://localhost/";

/// A window on a desk of a real hub, without a display.
struct Window {
    hub: TestHub,
    view: WebviewWindow<MockRuntime>,
    app: App<MockRuntime>,
    _root: tempfile::TempDir,
}

impl Drop for Window {
    fn drop(&mut self) {
        // what still writes when the process ends falls over what was taken down already
        let _ = self.app.state::<Desk>().cabinet.close();
    }
}

impl Window {
    fn open() -> Self {
        let root = tempfile::tempdir().unwrap();
        let places = Places {
            dir: root.path().join("desk"),
            keychain: Some(root.path().join("keychain")),
            hub: None,
        };
        let hub = block_on(TestHub::start());
        let cabinet = Cabinet::find_cheap(&places).unwrap();
        block_on(async {
            // so that no command stops at a role
            hub.add_staff("every", &Role::ALL).await;
            let code = hub.code(hub.ward).await;
            cabinet.enrol(&hub.url(), &code, "Desk").await.unwrap();
            hub.approve().await;
        });
        let desk = block_on(async { Desk::open(cabinet) });
        let app = commands::register(mock_builder())
            .manage(desk)
            .build(context())
            .unwrap();
        let view = WebviewWindowBuilder::new(&app, "main", Default::default())
            .build()
            .unwrap();
        Self {
            hub,
            view,
            app,
            _root: root,
        }
    }

    fn ask(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        self.ask_from(OWN, INVOKE_KEY, command, arguments)
    }

    fn ask_from(
        &self,
        page: &str,
        key: &str,
        command: &str,
        arguments: Value,
    ) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.into(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: page.parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: key.into(),
        };
        let answer = get_ipc_response(&self.view, request)?;
        Ok(answer.deserialize().unwrap())
    }

    fn sign_in(&self) {
        let asked = json!({ "username": "every", "password": PASSWORD });
        self.ask("sign_in", asked).unwrap();
    }

    fn save(&self, kind: &str, draft: Value) -> (String, String) {
        self.try_save(kind, draft).expect("it is saved")
    }

    fn try_save(&self, kind: &str, draft: Value) -> Option<(String, String)> {
        let id = world::new_id();
        let ask = json!({ "kind": kind, "id": id, "base": null, "draft": draft, "held": null });
        let answer = self.ask("save", json!({ "ask": ask })).unwrap();
        let heads = answer["row"]["heads"].as_str();
        Some((id.to_string(), heads?.to_owned()))
    }

    /// Makes a record of each kind; returns all that can be known of them.
    fn some_records(&self) -> Vec<String> {
        let (ward, doctor) = (self.hub.ward, self.hub.doctor);
        let patient = json!({ "name": [{ "family": "Fuzz" }], "ward": ward, "allergy": [{ "substance": "Latex" }] });
        let patient = self.save("patient", patient);
        let order = json!({
            "patient": patient.0, "ward": ward, "status": "active",
            "line": [{ "medicine": "Paracetamol", "dose": "500", "unit": "mg", "route": "oral", "frequency": "QID" }],
        });
        let order = self.save("prescription", order);
        // on the first day that the clinic and the rules allow
        let visit = (2..12).find_map(|day| {
            let start = (now_ms() / 86_400_000 + day) * 86_400_000 + 10 * 3_600_000;
            let start = Timestamp::from_millisecond(start).unwrap().to_string();
            let visit = json!({
                "patient": patient.0, "ward": ward, "practitioner": doctor, "department": self.hub.department,
                "start": start, "minutes": 30,
            });
            self.try_save("appointment", visit)
        });
        let visit = visit.expect("some day is open");
        let records = [patient, order, visit]
            .into_iter()
            .flat_map(|(id, heads)| [id, heads]);
        let others = [ward.0, doctor.0, world::new_id()].map(|id| id.to_string());
        records.chain(others).collect()
    }

    /// What was saved is sound: the hub takes it.
    fn everything_reaches_the_hub(&mut self) {
        block_on(self.hub.restart());
        self.sign_in();
        self.until("everything to leave", |cabinet| {
            cabinet.nudge();
            cabinet.status().unwrap().waiting == 0
        });
        let held = self.ask("held", json!({})).unwrap();
        assert_eq!(held, json!([]));
        let desk = self.app.state::<Desk>();
        assert!(desk.cabinet.replica().unwrap().verify().unwrap());
    }

    fn until(&self, what: &str, holds: impl Fn(&Cabinet) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        let desk = self.app.state::<Desk>();
        while !holds(&desk.cabinet) {
            assert!(Instant::now() < deadline, "waited for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A command and what it is given, as `commands.rs` says.
struct Command {
    name: &'static str,
    /// Name and type of each.
    parameters: Vec<(&'static str, &'static str)>,
}

fn commands() -> Vec<Command> {
    let text = include_str!("commands.rs");
    let mut all: Vec<Command> = text
        .split("#[tauri::command")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.split_once("fn ")?.1.split_once('(')?;
            let given = rest.split_once(')')?.0.trim();
            let given = given.strip_prefix("desk: State<'_, Desk>")?;
            let parameters = given.split(',').filter_map(|one| one.split_once(": "));
            Some(Command {
                name,
                parameters: parameters
                    .map(|(name, of)| (name.trim(), of.trim()))
                    .collect(),
            })
        })
        .collect();
    // those first that read all that was noted, those last that end something
    all.sort_by_key(|command| match command.name {
        "audit_trail" | "audit_chain" | "audit_log" => 0,
        "end_emergency" | "sign_in" => 2,
        "sign_out" => 3,
        _ => 1,
    });
    assert_eq!(all.len(), DESK.len());
    all
}

fn number_of(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Says what is wrong with a refusal: it is problems that have a sentence, or that an argument has the wrong shape.
fn flaw(refusal: &Value, words: &Value) -> Option<String> {
    let text = refusal.to_string().to_lowercase();
    if let Some(inside) = INSIDE.iter().find(|inside| text.contains(*inside)) {
        return Some(format!("says {inside}: {text}"));
    }
    if let Some(said) = refusal.as_str() {
        let is_shape = said.starts_with("invalid args `") || said.contains("missing required key");
        return (!is_shape).then(|| said.to_owned());
    }
    let problems = refusal.as_array();
    let Some(problems) = problems.filter(|problems| !problems.is_empty()) else {
        return Some(format!("says nothing: {refusal}"));
    };
    let is_said = |problem: &&Value| {
        let code = problem["code"].as_str().unwrap_or_default();
        words[format!("problem.{code}")].is_string()
    };
    let unsaid = problems.iter().find(|problem| !is_said(problem));
    unsaid.map(|problem| format!("has no words for {problem}"))
}

fn words() -> Value {
    serde_json::from_str(include_str!("../../ui/src/words/en.json")).unwrap()
}

/// Gives a command many times; fails at the first answer that is not one.
fn give(window: &Window, command: &Command, nonsense: &mut Nonsense, words: &Value, calls: usize) {
    let began = Instant::now();
    let mut refused = 0;
    for call in 0..calls {
        let arguments = nonsense.arguments(command);
        let shown = arguments.to_string().chars().take(400).collect::<String>();
        if let Err(refusal) = window.ask(command.name, arguments) {
            refused += 1;
            let flaw = flaw(&refusal, words);
            assert_eq!(flaw, None, "{} {shown}, call {call}", command.name);
        }
    }
    println!("{}: {refused} refused, {:?}", command.name, began.elapsed());
}

#[test]
fn nonsense_through_the_window_is_answered_and_what_was_saved_of_it_is_sound() {
    let (seed, calls) = (
        number_of("SEED", 1),
        number_of("FUZZ", CALLS as u64) as usize,
    );
    println!("seed {seed}, {calls} calls of each command");
    let mut window = Window::open();
    window.sign_in();
    let known = window.some_records();
    let asked = json!({ "password": PASSWORD, "reason": "somebody collapsed" });
    window.ask("break_glass", asked).unwrap();
    // without the hub: its own doors have a test of their own, and a password is asked of nobody else
    block_on(window.hub.stop());
    let ward = window.hub.ward;
    let mut nonsense = Nonsense {
        dice: Dice::new(seed),
        known,
        ward,
    };
    let words = words();
    for command in commands() {
        give(&window, &command, &mut nonsense, &words, calls);
    }
    // nobody is there any more
    for command in commands() {
        let needs = DESK
            .iter()
            .find(|(name, _)| *name == command.name)
            .map(|(_, needs)| *needs);
        if matches!(needs, Some(Needs::Nothing | Needs::Code)) {
            continue;
        }
        for _ in 0..CALLS_OF_NOBODY {
            let answer = window.ask(command.name, nonsense.arguments(&command));
            let refusal = answer.expect_err(command.name);
            let is_signed_out = refusal[0]["code"] == json!("signed_out");
            assert!(
                is_signed_out || refusal.is_string(),
                "{} {refusal}",
                command.name
            );
        }
    }
    window.everything_reaches_the_hub();
}

#[test]
fn a_page_from_elsewhere_is_heard_by_no_command() {
    let window = Window::open();
    for command in commands() {
        let elsewhere = [
            "https://example.org/",
            "http://localhost/",
            "tauri://elsewhere/",
            "http://127.0.0.1:4600/",
        ];
        for page in elsewhere {
            let answer = window.ask_from(page, INVOKE_KEY, command.name, json!({}));
            let refusal = answer.expect_err(command.name).to_string();
            assert!(
                refusal.contains("not allowed"),
                "{} from {page}: {refusal}",
                command.name
            );
        }
    }
    assert!(window.ask("status", json!({})).is_ok());
}
