//! A ward desk as a process of its own, told what to do line by line, so that it can be killed at any moment.

use replica::{Courier, Options, Replica};
use serde_json::{Value, json};
use shared::access::{Actor, Role};
use shared::desk::{Save, SaveAnswer};
use shared::ids::{DeviceId, RecordId, StaffId};
use shared::record::Kind;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Says to this same program that it is a desk, and which.
pub(crate) const ROLE: &str = "WARDBOOK_TEST_DESK";
const ANSWER: &str = "DESK ";
/// A desk that says nothing for so long has failed.
const LONGEST: Duration = Duration::from_secs(60);

/// A desk, seen from the test.
pub(crate) struct Desk {
    dir: PathBuf,
    hub: String,
    process: Option<Process>,
}

struct Process {
    child: Child,
    commands: ChildStdin,
    answers: Receiver<Value>,
}

impl Desk {
    pub(crate) fn new(dir: &Path, hub: &str) -> Self {
        Self {
            dir: dir.to_owned(),
            hub: hub.to_owned(),
            process: None,
        }
    }

    /// Starts the desk if it does not run.
    pub(crate) fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        let role = json!({ "dir": self.dir, "hub": self.hub }).to_string();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["faults::desk_process", "--exact", "--nocapture"])
            .env(ROLE, role);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // the test harness of that process says things before and between
                if let Some(at) = line.find(ANSWER) {
                    let _ = sender.send(serde_json::from_str(&line[at + ANSWER.len()..]).unwrap());
                }
            }
        });
        self.process = Some(Process {
            child,
            commands,
            answers,
        });
    }

    /// Tells the desk something, without waiting for an answer.
    pub(crate) fn tell(&mut self, command: &Value) {
        self.start();
        if let Some(process) = &mut self.process {
            let _ = writeln!(process.commands, "{command}");
        }
    }

    /// Asks the desk; nothing when it was killed before it answered.
    pub(crate) fn ask(&mut self, command: &Value) -> Option<Value> {
        self.tell(command);
        self.process.as_ref()?.answers.recv_timeout(LONGEST).ok()
    }

    /// Kills the desk at once, as a power cut of the program would. Returns the answers it still gave.
    pub(crate) fn kill(&mut self) -> Vec<Value> {
        let Some(mut process) = self.process.take() else {
            return Vec::new();
        };
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        process.answers.iter().collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Is the desk, until it is told no more.
pub(crate) async fn run(role: &str) {
    let role: Value = serde_json::from_str(role).unwrap();
    let dir = PathBuf::from(role["dir"].as_str().unwrap());
    let hub = role["hub"].as_str().unwrap().to_owned();
    let replica = Replica::open(&Options {
        dir,
        key: [9; 32],
        hub: Some(hub.clone()),
    })
    .unwrap();
    let mut courier: Option<Courier> = None;
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if asked
                .send(serde_json::from_str::<Value>(&line).unwrap())
                .is_err()
            {
                break;
            }
        }
    });
    while let Some(ask) = asks.recv().await {
        if courier.is_none() && replica.desk().unwrap().ward.is_some() {
            courier = Some(Courier::start(replica.clone()));
        }
        if ask["do"] == "hurry" {
            courier.iter().for_each(Courier::nudge);
        }
        let answer = answer(&replica, &hub, &ask).await;
        println!("{ANSWER}{answer}");
    }
}

async fn answer(replica: &Replica, hub: &str, ask: &Value) -> Value {
    let record = || ask["id"].as_str().unwrap().parse::<RecordId>().unwrap();
    let kind = || Kind::parse(ask["kind"].as_str().unwrap()).unwrap();
    match ask["do"].as_str().unwrap() {
        "enrol" => {
            let done = replica
                .enrol(hub, ask["code"].as_str().unwrap(), "desk")
                .await;
            json!({ "ok": done.is_ok(), "why": done.err().map(|error| error.to_string()) })
        }
        "reference" => serde_json::to_value(replica.reference().unwrap()).unwrap(),
        "save" => {
            let staff: StaffId = ask["staff"].as_str().unwrap().parse().unwrap();
            let reference = replica.reference().unwrap();
            let roles = reference
                .staff
                .iter()
                .find(|person| person.id == staff)
                .unwrap()
                .roles
                .clone();
            let ward = replica.desk().unwrap().ward.unwrap();
            let actor = Actor {
                staff,
                roles,
                ward,
                device: DeviceId(staff.0),
            };
            let base = match ask["isNew"].as_bool() {
                Some(true) => None,
                _ => Some(replica.row(kind(), record()).unwrap().unwrap().heads),
            };
            let save = Save {
                kind: kind(),
                id: record(),
                base,
                draft: ask["draft"].clone(),
                held: None,
            };
            match replica.save(&actor, &save).unwrap() {
                SaveAnswer::Saved { row } => json!({ "saved": ask["mark"], "row": row }),
                SaveAnswer::Problems { problems } => json!({ "problems": problems }),
            }
        }
        "row" => serde_json::to_value(replica.row(kind(), record()).unwrap()).unwrap(),
        "hurry" => json!({ "ok": true }),
        "conflicts" => serde_json::to_value(replica.conflicts(kind(), record()).unwrap()).unwrap(),
        "history" => serde_json::to_value(replica.history(kind(), record()).unwrap()).unwrap(),
        "status" => {
            let status = replica.status().unwrap();
            let digest = replica.digest().unwrap();
            let held = replica.held().unwrap();
            json!({ "waiting": status.waiting, "held": held, "link": status.link, "digest": digest, "trouble": status.trouble })
        }
        "account" | "take" => money(replica, ask),
        other => panic!("a desk cannot {other}"),
    }
}

/// What somebody who takes money does here.
fn money(replica: &Replica, ask: &Value) -> Value {
    let reference = replica.reference().unwrap();
    let mut staff = reference.staff.iter();
    let cashier = staff
        .find(|person| person.roles == [Role::Billing])
        .unwrap();
    let actor = Actor {
        staff: cashier.id,
        roles: cashier.roles.clone(),
        ward: replica.desk().unwrap().ward.unwrap(),
        device: DeviceId(cashier.id.0),
    };
    if ask["do"] == "account" {
        let patient = ask["patient"].as_str().unwrap().parse().unwrap();
        let unposted = replica.unposted(&actor).unwrap().len();
        let account = replica.account(&actor, patient).unwrap();
        return json!({ "account": account, "unposted": unposted });
    }
    match replica.take_money(&actor, &serde_json::from_value(ask["ask"].clone()).unwrap()) {
        Ok(line) => json!({ "number": line.number }),
        Err(error) => json!({ "problems": error.problems() }),
    }
}
