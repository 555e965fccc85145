//! A replica that was copied or put back from an old copy, while work goes on: it is found out, and nobody's work is lost.
//! `SEED=… cargo test -p sync-server --test clones` repeats one run.

#![expect(clippy::unwrap_used, reason = "what does not hold ends the test")]

#[expect(dead_code, reason = "each test program takes what it needs")]
mod real;

use real::{RealDesk, open, save};
use replica::{Courier, Replica};
use serde_json::{Value, json};
use shared::access::Actor;
use shared::ids::{DeviceId, RecordId, WardId};
use shared::record::Kind;
use shared::sample::Dice;
use std::collections::BTreeMap;
use std::path::Path;
use sync_server::services::devices;
use sync_server::testing::TestHub;
use sync_server::world;
use tempfile::TempDir;

const RUNS: u64 = 40;
/// Rounds after which replicas agree, at most.
const ROUNDS: usize = 10;

/// What happens to the copy and to the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// The original goes on, is lost, and the copy is put in its place.
    PutBack,
    /// Both go on, one after the other and by turns.
    Copied,
}

/// A replica in a directory, and what its person was told is saved: a word that is nowhere else, and its record.
struct Desk {
    dir: TempDir,
    replica: Option<Replica>,
    actor: Actor,
    saved: BTreeMap<String, RecordId>,
    patients: Vec<RecordId>,
}

impl Desk {
    async fn new(hub: &TestHub, ward: WardId) -> Self {
        let RealDesk {
            replica,
            actor,
            dir,
        } = RealDesk::new(hub, &hub.url(), ward).await;
        Courier::round(&replica).await.unwrap();
        Self {
            dir,
            replica: Some(replica),
            actor,
            saved: BTreeMap::new(),
            patients: Vec::new(),
        }
    }

    /// Copies the closed directory, as a backup or a disk image does.
    fn copy(&mut self) -> Self {
        self.close();
        let dir = TempDir::new().unwrap();
        copy(self.dir.path(), dir.path());
        Self {
            dir,
            replica: None,
            actor: self.actor.clone(),
            saved: BTreeMap::new(),
            patients: self.patients.clone(),
        }
    }

    fn close(&mut self) {
        self.replica = None;
    }

    fn replica(&mut self) -> &Replica {
        self.replica
            .get_or_insert_with(|| open(self.dir.path(), None))
    }

    /// Registers somebody, or changes somebody who is there.
    fn save(&mut self, dice: &mut Dice) {
        let word = format!("W{}", &world::new_id().simple().to_string()[20..]);
        let known = self.patients.clone();
        let chosen = (!known.is_empty() && dice.below(2) == 0)
            .then(|| known[dice.below(known.len())])
            .and_then(|id| self.replica().row(Kind::Patient, id).unwrap());
        let (id, base, draft): (RecordId, Option<String>, Value) = match chosen {
            Some(row) => (row.id, Some(row.heads), json!({ "bed": word })),
            None => (
                RecordId(world::new_id()),
                None,
                json!({ "name": [{ "family": word }], "ward": self.actor.ward }),
            ),
        };
        let actor = self.actor.clone();
        save(self.replica(), &actor, id, base, draft).expect("it is sound");
        self.saved.insert(word, id);
        if !self.patients.contains(&id) {
            self.patients.push(id);
        }
    }

    /// Tries a round; what goes wrong is what the hub says of this replica.
    async fn round(&mut self) -> Result<(), String> {
        let done = Courier::round(self.replica()).await;
        done.map(drop).map_err(|error| {
            let problem = error.problems().into_iter().next();
            problem.map_or_else(|| error.to_string(), |problem| problem.code)
        })
    }

    /// Words of work that waits or is held here.
    fn keeps(&mut self, word: &str) -> bool {
        let replica = self.replica().clone();
        let held = serde_json::to_string(&replica.held().unwrap()).unwrap();
        let waiting = replica.waiting().unwrap();
        let mut rows = waiting
            .iter()
            .filter_map(|waiting| replica.row(waiting.kind, waiting.record).unwrap());
        held.contains(word) || rows.any(|row| row.body.to_string().contains(word))
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// What the hub has: every change it ever took or kept for a person to look at. Words stand in them as they were typed.
async fn hub_has(hub: &TestHub) -> Vec<u8> {
    let all: Vec<Vec<u8>> =
        sqlx::query_scalar("select bytes from change union all select bytes from held_change")
            .fetch_all(&hub.app.pool)
            .await
            .unwrap();
    all.concat()
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|some| some == word.as_bytes())
}

async fn alarms(hub: &TestHub, device: DeviceId) -> Vec<String> {
    sqlx::query_scalar("select code from device_alarm where device = $1 order by id")
        .bind(device.0)
        .fetch_all(&hub.app.pool)
        .await
        .unwrap()
}

async fn rounds(desk: &mut Desk) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..ROUNDS {
        match desk.round().await {
            Ok(()) if desk.replica().status().unwrap().waiting == 0 => return said,
            Ok(()) => {}
            Err(code) => said.push(code),
        }
    }
    said
}

async fn some_work(desk: &mut Desk, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        if dice.below(3) > 0 {
            desk.save(dice);
        } else {
            // refused or not: work goes on
            let _ = desk.round().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_replica_is_found_out_and_loses_nothing() {
    let hub = TestHub::start().await;
    let mut observer = Desk::new(&hub, hub.ward).await;
    let chosen = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = chosen.map_or(0..RUNS, |seed| seed..seed + 1);
    for seed in seeds {
        println!("SEED={seed}");
        let story = if seed % 2 == 0 {
            Story::PutBack
        } else {
            Story::Copied
        };
        run(&hub, &mut observer, story, seed).await;
    }
}

async fn run(hub: &TestHub, observer: &mut Desk, story: Story, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut original = Desk::new(hub, hub.ward).await;
    let device = original.actor.device;
    original.save(&mut dice);
    some_work(&mut original, &mut dice).await;
    let mut copied = original.copy();
    // before they part, the copy holds the same unsent work
    let before = original.saved.clone();
    original.save(&mut dice);
    some_work(&mut original, &mut dice).await;
    original.round().await.unwrap();
    if story == Story::PutBack {
        let lost = std::mem::take(&mut original.saved);
        original.close();
        let has = hub_has(hub).await;
        for word in lost.keys() {
            assert!(
                contains(&has, word),
                "{seed}: acknowledged by the hub, {word}"
            );
        }
    }
    copied.saved = before;
    some_work(&mut copied, &mut dice).await;
    for _ in 0..3 {
        if story == Story::Copied {
            original.save(&mut dice);
            some_work(&mut original, &mut dice).await;
        }
        some_work(&mut copied, &mut dice).await;
    }
    copied.save(&mut dice);
    rounds(&mut copied).await;
    if story == Story::Copied {
        original.save(&mut dice);
        rounds(&mut original).await;
    }
    let alarmed = alarms(hub, device).await;
    assert!(
        alarmed.iter().any(|code| code == "device.rolled_back"),
        "{seed}: an old copy is found out, {alarmed:?}"
    );
    let notice = copied.replica().status().unwrap().notice;
    assert!(
        notice.is_some(),
        "{seed}: the desk says that it was an old copy"
    );
    if story == Story::Copied {
        stop_the_second(hub, &mut original, &mut copied, &alarmed, seed).await;
    }
    check(hub, observer, &mut original, &mut copied, seed).await;
}

/// Both replicas are stopped; an administrator takes one away and lets the other go on.
async fn stop_the_second(
    hub: &TestHub,
    original: &mut Desk,
    copied: &mut Desk,
    alarmed: &[String],
    seed: u64,
) {
    assert!(
        alarmed.iter().any(|code| code.starts_with("waybill.")),
        "{seed}: {alarmed:?}"
    );
    for desk in [&mut *original, &mut *copied] {
        let said = rounds(desk).await;
        assert!(
            said.iter().all(|code| code == "device.suspended") && !said.is_empty(),
            "{seed}: {said:?}"
        );
    }
    let device = original.actor.device;
    for desk in [copied, original] {
        devices::approve(&hub.app, device, hub.doctor)
            .await
            .unwrap();
        rounds(desk).await;
    }
    // whoever is left goes on alone
    devices::approve(&hub.app, device, hub.doctor)
        .await
        .unwrap();
}

/// Nothing that was saved is lost, and who goes on agrees with the ward.
async fn check(
    hub: &TestHub,
    observer: &mut Desk,
    original: &mut Desk,
    copied: &mut Desk,
    seed: u64,
) {
    let said = rounds(copied).await;
    let has = hub_has(hub).await;
    for desk in [original, &mut *copied] {
        for (word, record) in desk.saved.clone() {
            assert!(
                contains(&has, &word) || desk.keeps(&word),
                "{seed}: {word} of {record} is lost"
            );
        }
    }
    assert_eq!(
        copied.replica().status().unwrap().waiting,
        0,
        "{seed}: {said:?}"
    );
    rounds(observer).await;
    rounds(copied).await;
    assert_eq!(
        copied.replica().digest().unwrap(),
        observer.replica().digest().unwrap(),
        "{seed}: the ward agrees"
    );
}
