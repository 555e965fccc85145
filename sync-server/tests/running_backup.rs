//! The running backup, by real programs: everything is killed, the hub's disk is lost, and it is put back as it was at a moment.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

#[path = "faults/hub.rs"]
#[expect(dead_code, reason = "each test program takes what it needs")]
mod hub;

use hub::Hub;
use replica::{Courier, Options, Replica};
use serde_json::json;
use shared::access::{Actor, Role};
use shared::desk::{Save, SaveAnswer};
use shared::ids::{DeviceId, RecordId, StaffId, WardId};
use shared::record::Kind;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use sync_server::world;
use tempfile::TempDir;
use uuid::Uuid;

/// What may be lost: a piece is closed within half of it.
const LOST_AT_MOST: Duration = Duration::from_secs(60);

/// Asks again until there is something.
fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(120), "nothing came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A folder for a hub, its backups, and a desk.
struct House {
    dir: TempDir,
    hub: Hub,
    desk: Replica,
    actor: Actor,
}

impl House {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        // so that PostgreSQL's account reaches it
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut hub = Hub::start(&dir.path().join("hub"));
        hub.wait();
        let desk = Replica::open(&Options {
            dir: dir.path().join("desk"),
            key: [7; 32],
            hub: Some(format!("http://{}", hub.addr)),
        })
        .unwrap();
        let code = hub.code("Medical A");
        let url = format!("http://{}", hub.addr);
        desk.enrol(&url, &code, "Desk").await.unwrap();
        hub.approve();
        let mut db = hub.database().await.unwrap();
        let (device, ward): (Uuid, Uuid) =
            sqlx::query_as("select id, ward from device order by number desc limit 1")
                .fetch_one(&mut db)
                .await
                .unwrap();
        let staff: Uuid = sqlx::query_scalar(
            "select id from staff where 'doctor' = any(roles) and is_active limit 1",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        let actor = Actor {
            staff: StaffId(staff),
            roles: vec![Role::Doctor],
            ward: WardId(ward),
            device: DeviceId(device),
        };
        Self {
            dir,
            hub,
            desk,
            actor,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, data: &str, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardbook-hub"));
        command.arg("--data").arg(self.path(data)).args(words);
        command.current_dir(self.dir.path()).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// Runs a command that must work; returns what it says.
    fn says(&self, data: &str, words: &[&str]) -> String {
        let output = self.run(data, words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Saves a patient at the desk, and has the hub accept it.
    async fn accepted(&self, family: &str) -> RecordId {
        let id = RecordId(world::new_id());
        let ask = Save {
            kind: Kind::Patient,
            id,
            base: None,
            draft: json!({ "name": [{ "family": family }], "ward": self.actor.ward }),
            held: None,
        };
        let saved = self.desk.save(&self.actor, &ask).unwrap();
        assert!(matches!(saved, SaveAnswer::Saved { .. }), "{saved:?}");
        let since = Instant::now();
        while Courier::round(&self.desk).await.is_err() || self.desk.status().unwrap().waiting > 0 {
            assert!(since.elapsed() < Duration::from_secs(60), "not accepted");
        }
        id
    }

    /// Waits until what was accepted is in the folder; it is there within a minute.
    async fn carried(&self) {
        let mut db = self.hub.database().await.unwrap();
        let piece: String =
            sqlx::query_scalar("select pg_walfile_name(pg_current_wal_insert_lsn())")
                .fetch_one(&mut db)
                .await
                .unwrap();
        let since = Instant::now();
        let name = format!("{piece}.piece.age");
        until(|| self.kept().into_iter().find(|path| path.ends_with(&name)));
        assert!(since.elapsed() < LOST_AT_MOST, "{:?}", since.elapsed());
    }

    /// Returns how many of these the hub has.
    async fn count(&self, ids: &[RecordId]) -> i64 {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        sqlx::query_scalar("select count(*) from record where id = any($1)")
            .bind(ids)
            .fetch_one(&mut until_open(&self.hub).await)
            .await
            .unwrap()
    }

    /// Returns what is in the folder.
    fn kept(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for life in fs::read_dir(self.path("away"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let inside = fs::read_dir(life.path()).into_iter().flatten().flatten();
            files.extend(inside.map(|file| file.path()));
        }
        files.sort();
        files
    }

    fn copies(&self) -> usize {
        let is_copy = |path: &&PathBuf| path.to_string_lossy().ends_with(".copy.age");
        self.kept().iter().filter(is_copy).count()
    }

    /// Returns the first piece that goes on from the copy.
    fn first_piece(&self) -> PathBuf {
        let kept = self.kept();
        let copy = kept
            .iter()
            .find(|path| path.to_string_lossy().ends_with(".copy.age"));
        let (folder, name) = (
            copy.unwrap().parent().unwrap(),
            copy.unwrap().file_name().unwrap(),
        );
        let first = name.to_str().unwrap().split_once('-').unwrap().1;
        folder.join(first.replace(".copy.age", ".piece.age"))
    }

    /// Kills the hub and its PostgreSQL at once, and loses their disk.
    fn lose(&mut self) {
        let pid = fs::read_to_string(self.path("hub/postgres/data/postmaster.pid")).unwrap();
        self.hub.kill();
        let pid = pid.lines().next().unwrap();
        let killed = Command::new("kill").args(["-KILL", pid]).status().unwrap();
        assert!(killed.success());
        until(|| fs::remove_dir_all(self.path("hub")).ok());
    }

    /// Returns which of these the database of a folder holds; looks through its books and its log.
    async fn holds(&self, data: &str, ids: &[RecordId]) -> Vec<bool> {
        self.says(data, &["audit", "verify"]);
        let hub = Hub::start(&self.path(data));
        let mut db = until_open(&hub).await;
        let uneven: i64 = sqlx::query_scalar(
            "select count(*) from (select from billing.posting group by journal having sum(debit) <> sum(credit)) as uneven",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        assert_eq!(uneven, 0);
        let mut found = Vec::new();
        for id in ids {
            let here = sqlx::query_scalar("select exists (select 1 from record where id = $1)");
            found.push(here.bind(id.0).fetch_one(&mut db).await.unwrap());
        }
        found
    }
}

async fn until_open(hub: &Hub) -> sqlx::PgConnection {
    let since = Instant::now();
    loop {
        if let Some(db) = hub.database().await {
            return db;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "no database");
        tokio::task::yield_now().await;
    }
}

fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_disk_is_lost_is_put_back_to_a_moment_or_to_the_last_minute_and_desks_give_the_rest()
 {
    let mut house = House::new().await;
    fs::create_dir(house.path("away")).unwrap();
    let sealed_for = house.says("hub", &["backup", "key", "--to", "key"]);
    let first = house.accepted("First").await;
    let begin = [
        "backup",
        "running",
        "--to",
        "away",
        "--sealed-for",
        sealed_for.trim(),
    ];
    house.says("hub", &begin);
    until(|| (house.copies() == 1).then_some(()));

    let second = house.accepted("Second").await;
    let between = jiff::Timestamp::from_millisecond(world::now().0).unwrap();
    let third = house.accepted("Third").await;
    house.carried().await;

    // its folder is away: the hub goes on, says so, and catches up
    fs::rename(house.path("away"), house.path("gone")).unwrap();
    let fourth = house.accepted("Fourth").await;
    let ill = house.run("hub", &["doctor"]);
    let said = String::from_utf8_lossy(&ill.stdout).into_owned();
    assert!(said.contains("cannot be reached"), "{said}");
    assert_ne!(ill.status.code(), Some(0));
    fs::rename(house.path("gone"), house.path("away")).unwrap();
    house.carried().await;
    let well = house.run("hub", &["doctor"]);
    let said = String::from_utf8_lossy(&well.stdout).into_owned();
    assert!(
        said.contains("has everything but the last minute"),
        "{said}"
    );

    let late = jiff::Timestamp::from_millisecond(world::now().0).unwrap();
    let late = late.to_string();
    let lost = house.accepted("Lost").await;
    let all = [first, second, third, fourth, lost];
    house.lose();

    let moment = between.to_string();
    let put_back = ["restore", "away", "--key", "key", "--until", &moment];
    let said = house.says("then", &put_back);
    assert!(
        said.contains("the last thing written that is there is of"),
        "{said}"
    );
    let held = house.holds("then", &all).await;
    assert_eq!(held, [true, true, false, false, false]);

    let said = house.says("hub", &["restore", "away", "--key", "key"]);
    assert!(!said.contains("MISSING"), "{said}");
    let held = house.holds("hub", &all).await;
    // the last was accepted a moment before: with it goes only what came in the last minute
    assert_eq!(held[..4], [true; 4]);
    house.hub.restart();
    house.hub.wait();
    house.accepted("After").await;
    let since = Instant::now();
    while house.count(&all).await < 5 {
        let status = house.desk.status().unwrap();
        assert!(since.elapsed() < LOST_AT_MOST, "not given back: {status:?}");
        let _ = Courier::round(&house.desk).await;
    }
    let first_piece = house.first_piece();
    // somebody begins it again: one that was put back to be looked at writes nothing into the folder
    assert_eq!(house.copies(), 1);
    house.says("hub", &begin);
    until(|| (house.copies() == 2).then_some(()));

    // a piece that is damaged, and one that is missing: what came before is put back, and it is said
    let put_back =
        |to: &str| house.says(to, &["restore", "away", "--key", "key", "--until", &late]);
    damage(&first_piece);
    let said = put_back("damaged");
    assert!(said.contains("IS MISSING OR DAMAGED"), "{said}");
    fs::remove_file(&first_piece).unwrap();
    let said = put_back("missing");
    assert!(said.contains("IS MISSING OR DAMAGED"), "{said}");
}
