//! Two wards and the hub as real processes, a wire that is cut, slowed, shortened and repeats itself, and SIGKILL at any
//! moment: when all is well again everybody holds the same, and nothing anybody was told was saved is missing.
//!
//! A failing run prints its seed; `SEED=n cargo test -p sync-server --test wards_faults` replays the choices.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says where it stands"
)]

#[expect(dead_code, reason = "each test program takes what it needs")]
mod faults;

use faults::desk::Desk;
use faults::hub::Hub;
use faults::{LONGEST, folder, until};
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::sample::Dice;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use sync_server::testing::proxy::Proxy;

const PHASES: usize = 8;
const EDITS: usize = 5;

/// What one side was told is saved.
#[derive(Debug, Default)]
struct Acknowledged {
    /// Last value of each field that both sides write. When the desk was killed before it answered, what it may have
    /// saved besides.
    bed: Vec<String>,
    gender: Vec<String>,
    phones: BTreeSet<String>,
    allergies: BTreeSet<String>,
    words: BTreeSet<String>,
}

struct Side {
    desk: Desk,
    wire: Proxy,
    staff: StaffId,
    acknowledged: Acknowledged,
    marks: u64,
}

impl Side {
    /// Makes one edit, of a kind by chance. What is answered is remembered here, outside the system.
    fn edit(&mut self, dice: &mut Dice, patient: &str, name: &str, is_killed: bool) {
        self.marks += 1;
        let word = format!("{name}{}", self.marks);
        let Some(row) = self
            .desk
            .ask(&json!({ "do": "row", "kind": "patient", "id": patient }))
        else {
            return;
        };
        let notes = row["body"]["notes"].as_str().unwrap_or("");
        let mut draft = match dice.below(6) {
            0 => json!({ "bed": word }),
            1 if name == "a" => json!({ "nationalId": word }),
            1 => json!({ "deceased": format!("2020-01-{:02}", 1 + dice.below(28)) }),
            2 => {
                json!({ "telecom": [{ "use": "mobile", "value": format!("0700 {:06} {word}", self.marks) }] })
            }
            3 => json!({ "notes": format!("{word} {notes}") }),
            4 => json!({ "allergy": [{ "substance": word, "verification": "confirmed" }] }),
            _ => json!({ "gender": dice.pick(&["female", "male", "other"]), "bed": word }),
        };
        if draft["gender"] == row["body"]["gender"] {
            // it says what is there already: nothing is written, so nothing is promised
            draft.as_object_mut().unwrap().remove("gender");
        }
        let save = json!({ "do": "save", "kind": "patient", "id": patient, "staff": self.staff, "draft": draft, "mark": word });
        let answers = if is_killed {
            self.desk.tell(&save);
            std::thread::sleep(Duration::from_micros(dice.below(3_000) as u64));
            self.desk.kill()
        } else {
            self.desk.ask(&save).into_iter().collect()
        };
        let saved = answers
            .iter()
            .any(|answer| answer["saved"] == word.as_str());
        for answer in answers {
            assert!(
                answer["problems"].is_null(),
                "refused at the desk: {answer}"
            );
        }
        if saved {
            self.acknowledged.take(&draft, &word);
        } else {
            self.acknowledged.may_have(&draft);
        }
    }

    fn status(&mut self) -> Option<Value> {
        self.desk.ask(&json!({ "do": "status" }))
    }
}

impl Acknowledged {
    fn take(&mut self, draft: &Value, word: &str) {
        for (path, values) in [("bed", &mut self.bed), ("gender", &mut self.gender)] {
            if let Some(value) = draft[path].as_str() {
                *values = vec![value.to_owned()];
            }
        }
        self.phones
            .extend(draft["telecom"][0]["value"].as_str().map(str::to_owned));
        self.allergies
            .extend(draft["allergy"][0]["substance"].as_str().map(str::to_owned));
        if draft["notes"].is_string() {
            self.words.insert(word.to_owned());
        }
    }

    fn may_have(&mut self, draft: &Value) {
        for (path, values) in [("bed", &mut self.bed), ("gender", &mut self.gender)] {
            // with no answer before it, nothing was promised
            if let Some(value) = draft[path].as_str().filter(|_| !values.is_empty()) {
                values.push(value.to_owned());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_saved_survives_cuts_and_kills_on_all_sides() {
    let seed = std::env::var("SEED").map_or(1, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut dice = Dice::new(seed);
    let folder = folder();
    let mut hub = Hub::start(&folder.path().join("hub"));
    let mut a = side(&hub, folder.path(), "Medical A").await;
    let mut b = side(&hub, folder.path(), "Surgical B").await;
    let patient = admit(&mut dice, &mut a, &mut b).await;
    let strike = strike_and_edit(&mut a, &mut b, &patient, &mut hub).await;
    for phase in 0..PHASES {
        for side in [&mut a, &mut b] {
            side.wire.set_cut(true);
            side.acknowledged.bed.clear();
            side.acknowledged.gender.clear();
        }
        for _ in 0..EDITS {
            let is_killed = dice.below(4) == 0;
            a.edit(&mut dice, &patient, "a", is_killed);
            let is_killed = dice.below(4) == 0;
            b.edit(&mut dice, &patient, "b", is_killed);
        }
        heal_badly(&mut dice, &mut hub, &mut a, &mut b).await;
        settle(&mut hub, &mut a, &mut b, seed, phase).await;
        for side in [&mut a, &mut b] {
            compare(side, &patient);
        }
        check_nothing_missing(&mut a, &mut b, &patient, &strike, seed, phase);
    }
}

async fn side(hub: &Hub, folder: &Path, ward: &str) -> Side {
    let wire = Proxy::start(hub.addr).await.unwrap();
    let mut desk = Desk::new(&folder.join(ward), &wire.url());
    let enrol = json!({ "do": "enrol", "code": hub.code(ward) });
    let answer = until(|| {
        desk.ask(&enrol)
            .filter(|answer| answer["ok"] == true || !answer["why"].to_string().contains("unreach"))
    });
    assert_eq!(answer["ok"], true, "{answer}");
    hub.approve();
    let reference = until(|| {
        desk.ask(&json!({ "do": "reference" }))
            .filter(|reference| reference["staff"].as_array().is_some_and(|s| !s.is_empty()))
    });
    let doctors: Vec<&Value> = reference["staff"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["roles"][0] == "doctor" && s["isActive"] == true)
        .collect();
    let doctor = if ward == "Medical A" {
        doctors.first()
    } else {
        doctors.last()
    };
    let staff = doctor.unwrap()["id"].as_str().unwrap().parse().unwrap();
    Side {
        desk,
        wire,
        staff,
        acknowledged: Acknowledged::default(),
        marks: 0,
    }
}

/// Registers a patient at A and books them at B's ward, so that both wards see the chart.
async fn admit(dice: &mut Dice, a: &mut Side, b: &mut Side) -> String {
    let reference = a.desk.ask(&json!({ "do": "reference" })).unwrap();
    let ward = |name: &str| {
        reference["wards"]
            .as_array()
            .unwrap()
            .iter()
            .find(|w| w["name"] == name)
            .unwrap()["id"]
            .clone()
    };
    let there = ward("Surgical B");
    let department = reference["departments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["ward"] == there)
        .unwrap()["id"]
        .clone();
    let (patient, visit) = (dice.id(1).to_string(), dice.id(2).to_string());
    let draft = json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": ward("Medical A"), "notes": "begin",
        "allergy": [{ "substance": "Penicillin", "verification": "confirmed" }] });
    let save = |kind: &str, id: &str, draft: Value| json!({ "do": "save", "kind": kind, "id": id, "staff": a_staff(a), "draft": draft, "isNew": true });
    let saves = [
        save("patient", &patient, draft),
        save(
            "appointment",
            &visit,
            json!({ "patient": patient, "practitioner": b.staff, "department": department, "ward": there,
            "start": "2030-03-01T09:00:00Z", "minutes": 30, "status": "booked" }),
        ),
    ];
    for save in saves {
        let answer = a.desk.ask(&save).unwrap();
        assert!(answer["problems"].is_null(), "{answer}");
    }
    until(|| {
        b.desk
            .ask(&json!({ "do": "row", "kind": "patient", "id": patient }))
            .filter(|row| !row.is_null())
    });
    patient
}

fn a_staff(side: &Side) -> StaffId {
    side.staff
}

/// Strikes an allergy out at A while B writes down the reaction to it. It has to hold, and to be an item.
async fn strike_and_edit(a: &mut Side, b: &mut Side, patient: &str, hub: &mut Hub) -> String {
    let row = a
        .desk
        .ask(&json!({ "do": "row", "kind": "patient", "id": patient }))
        .unwrap();
    let id = row["body"]["allergy"][0]["id"].as_str().unwrap().to_owned();
    for side in [&mut *a, &mut *b] {
        side.wire.set_cut(true);
    }
    let save = |side: &Side, draft: Value| json!({ "do": "save", "kind": "patient", "id": patient, "staff": side.staff, "draft": draft });
    let strike = save(
        a,
        json!({ "allergy": [{ "id": id, "verification": "entered-in-error", "strikeReason": "Other patient" }] }),
    );
    let edit = save(
        b,
        json!({ "allergy": [{ "id": id, "reaction": "Swelling" }] }),
    );
    assert!(a.desk.ask(&strike).unwrap()["problems"].is_null());
    assert!(b.desk.ask(&edit).unwrap()["problems"].is_null());
    for side in [&mut *a, &mut *b] {
        side.wire.set_cut(false);
    }
    settle(hub, a, b, 0, 0).await;
    id
}

/// Heals the wires with faults still on, kills everybody at moments of chance, then heals for good.
async fn heal_badly(dice: &mut Dice, hub: &mut Hub, a: &mut Side, b: &mut Side) {
    for side in [&mut *a, &mut *b] {
        side.wire
            .set_delay(Duration::from_millis(dice.below(20) as u64));
        side.wire.set_answers_end_after(if dice.below(2) == 0 {
            100 + dice.below(2_000) as u64
        } else {
            0
        });
        side.wire.set_cut(false);
        side.desk.start();
        side.desk.tell(&json!({ "do": "status" }));
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(dice.below(250) as u64)).await;
        match dice.below(5) {
            0 => {
                a.desk.kill();
            }
            1 => {
                b.desk.kill();
            }
            2 => {
                hub.kill();
                hub.restart();
            }
            3 => a.wire.repeat(1 + dice.below(8)).await,
            _ => b.wire.drop_connections(),
        }
    }
    for side in [a, b] {
        side.wire.set_delay(Duration::ZERO);
        side.wire.set_answers_end_after(0);
        side.wire.repeat(dice.below(4)).await;
        // an answer of before may still be on its way: a new process says only what it is asked
        side.desk.kill();
        side.desk.start();
    }
}

/// Waits until nothing waits anywhere and all three hold the same.
async fn settle(hub: &mut Hub, a: &mut Side, b: &mut Side, seed: u64, phase: usize) {
    let deadline = Instant::now() + LONGEST;
    loop {
        let (one, two) = (a.status().unwrap(), b.status().unwrap());
        let calm = |status: &Value| {
            status["waiting"] == 0 && status["held"].as_array().is_some_and(Vec::is_empty)
        };
        let same = one["digest"] == two["digest"];
        if calm(&one) && calm(&two) && same {
            let at_hub = hub.digest().await;
            if at_hub.is_some_and(|digest| serde_json::to_value(digest).unwrap() == one["digest"]) {
                return;
            }
        }
        assert!(
            Instant::now() < deadline,
            "SEED={seed}, phase {phase}: not the same after {LONGEST:?}:\n{one}\n{two}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn compare(side: &mut Side, patient: &str) {
    let row = side
        .desk
        .ask(&json!({ "do": "row", "kind": "patient", "id": patient }))
        .unwrap();
    assert_eq!(row["state"], "accepted", "{row}");
}

fn check_nothing_missing(
    a: &mut Side,
    b: &mut Side,
    patient: &str,
    strike: &str,
    seed: u64,
    phase: usize,
) {
    let at = format!("SEED={seed}, phase {phase}");
    let ask = |desk: &mut Desk, what: &str| {
        desk.ask(&json!({ "do": what, "kind": "patient", "id": patient }))
            .unwrap()
    };
    let row = ask(&mut a.desk, "row");
    let (conflicts, history) = (ask(&mut a.desk, "conflicts"), ask(&mut b.desk, "history"));
    let body = &row["body"];
    let held_by = |path: &str| -> BTreeSet<String> {
        let item = conflicts
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["path"] == path);
        let versions = item
            .and_then(|item| item["values"].as_array())
            .into_iter()
            .flatten();
        versions
            .filter_map(|version| version["value"].as_str().map(str::to_owned))
            .chain(body[path].as_str().map(str::to_owned))
            .collect()
    };
    for (name, side) in [("a", &*a), ("b", &*b)] {
        for (path, value) in [
            ("bed", &side.acknowledged.bed),
            ("gender", &side.acknowledged.gender),
        ] {
            if !value.is_empty() {
                let kept = held_by(path);
                let found = value.iter().find(|value| kept.contains(*value));
                let value = found.unwrap_or_else(|| {
                    panic!("{at}: {name}'s {path} {value:?} is gone: {conflicts}")
                });
                let author = history.as_array().unwrap().iter().find(|step| {
                    step["fields"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|field| field["path"] == path && field["after"] == value.as_str())
                        && step["staff"] == side.staff.to_string()
                });
                assert!(
                    author.is_some(),
                    "{at}: history does not say that {name} wrote {value}: {history}"
                );
            }
        }
        let texts = |list: &str, member: &str| -> BTreeSet<String> {
            body[list]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|e| e[member].as_str().map(str::to_owned))
                .collect()
        };
        assert!(
            texts("telecom", "value").is_superset(&side.acknowledged.phones),
            "{at}: a phone of {name} is gone"
        );
        assert!(
            texts("allergy", "substance").is_superset(&side.acknowledged.allergies),
            "{at}: an allergy of {name} is gone"
        );
        for word in &side.acknowledged.words {
            assert!(
                body["notes"].as_str().unwrap().contains(word),
                "{at}: {name}'s note {word} is gone"
            );
        }
    }
    let struck = body["allergy"]
        .as_array()
        .unwrap()
        .iter()
        .find(|allergy| allergy["id"] == strike)
        .unwrap();
    assert_eq!(
        (&struck["verification"], &struck["reaction"]),
        (&json!("confirmed"), &json!("Swelling")),
        "{at}"
    );
    let path = format!("allergy/{strike}/verification");
    assert!(
        conflicts
            .as_array()
            .unwrap()
            .iter()
            .any(|item| item["path"] == path.as_str()),
        "{at}: the strike-out is no item"
    );
}
