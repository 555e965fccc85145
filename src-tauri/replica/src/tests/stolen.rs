//! S6: what somebody reads who has the disk of a desk, but not its keychain.

use super::hospital::{Locker, RIGHT};
use super::*;
use crate::store::Key;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const PATIENTS: u128 = 120;

/// A word nobody would write: found anywhere, it is ours.
fn marker(number: u128, part: &str) -> String {
    format!("Qx{part}{number:03}vjz")
}

/// Everything in a directory, file by file.
fn read_all(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path.display().to_string(), bytes));
        }
    }
}

/// Which of these words can be read, as UTF-8 in any case or as UTF-16.
fn words_in(bytes: &[u8], words: &[String]) -> Vec<String> {
    let lower = bytes.to_ascii_lowercase();
    // markers share their beginning: only where that stands is there more to compare
    let starts = |step: usize| {
        let lower = &lower;
        (0..lower.len())
            .filter(move |at| lower.get(*at) == Some(&b'q') && lower.get(at + step) == Some(&b'x'))
    };
    let is_at = |at: usize, step: usize, word: &str| {
        word.bytes()
            .enumerate()
            .all(|(n, byte)| lower.get(at + n * step) == Some(&byte.to_ascii_lowercase()))
    };
    let mut found = Vec::new();
    for step in [1, 2] {
        for at in starts(step) {
            found.extend(words.iter().filter(|word| is_at(at, step, word)).cloned());
        }
    }
    found
}

fn markers() -> Vec<String> {
    let parts = ["fam", "giv", "not", "pho", "adr"];
    let all = (0..PATIENTS).flat_map(|number| parts.map(|part| marker(number, part)));
    all.chain(["Zzadazz".into(), "Zzdeskzz".into(), RIGHT.into()])
        .collect()
}

fn draft(number: u128) -> Value {
    json!({
        "name": [{ "family": marker(number, "fam"), "given": marker(number, "giv") }],
        "birthDate": "1984-03-05", "ward": ward(), "notes": marker(number, "not"),
        "telecom": [{ "value": format!("+44 {number}"), "use": "mobile" }],
        "address": [{ "line": marker(number, "adr"), "city": marker(number, "pho") }],
    })
}

/// A day at a desk: registers, edits, sends some, keeps some unsent, searches, is damaged once and rescued.
async fn a_day(locker: &mut Locker) {
    let cabinet = locker.cabinet();
    let watch = cabinet.start();
    locker.sign_in("ada", RIGHT).await.unwrap();
    let actor = actor(1, &[Role::Doctor], &device(1));
    let deadline = Instant::now() + Duration::from_secs(20);
    for number in 0..PATIENTS {
        if number == PATIENTS / 2 {
            while cabinet.status().unwrap().waiting > 0 {
                assert!(Instant::now() < deadline, "half of it is sent");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            locker.go_offline();
        }
        let replica = cabinet.replica().unwrap();
        let answer = replica.save(&actor, &new(Kind::Patient, number + 1, draft(number)));
        assert!(matches!(answer, Ok(SaveAnswer::Saved { .. })), "{answer:?}");
    }
    let replica = cabinet.replica().unwrap();
    assert_eq!(replica.search(&marker(7, "fam"), 5).unwrap().len(), 1);
    assert!(replica.status().unwrap().waiting >= 60);
    replica.rescue_now().unwrap();
    cabinet.tick().unwrap();
    assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_disk_shows_nothing_of_what_was_written_and_opens_with_nothing_on_it() {
    let mut locker = Locker::new().await;
    a_day(&mut locker).await;
    let words = markers();
    assert!(words.len() >= 500);
    // pulled out of the running desk, with write-ahead logs and all
    let mut files = Vec::new();
    read_all(&locker.dir(), &mut files);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in [
        "ward-3.db",
        "ward-3.db-wal",
        "outbox.db",
        "slots.json",
        "aside/",
    ] {
        assert!(
            names.iter().any(|name| name.contains(wanted)),
            "{wanted} in {names:?}"
        );
    }
    for (name, bytes) in &files {
        assert_eq!(words_in(bytes, &words), Vec::<String>::new(), "in {name}");
    }
    let key = locker
        .cabinet()
        .state()
        .open
        .as_ref()
        .map(|open| open.key.clone())
        .unwrap();
    opens_with_nothing_on_the_disk(&locker, &files, &key);
    locker.stop();
    // the search itself finds what lies open: otherwise it would prove nothing
    let open = locker.dir().join("note.txt");
    std::fs::write(&open, marker(3, "not").to_uppercase()).unwrap();
    let wide: Vec<u8> = marker(9, "fam")
        .bytes()
        .flat_map(|byte| [byte, 0])
        .collect();
    assert_eq!(
        words_in(&std::fs::read(&open).unwrap(), &words),
        [marker(3, "not")]
    );
    assert_eq!(words_in(&wide, &words), [marker(9, "fam")]);
}

/// Tries every 32 bytes of every file that is not a database as the key, and takes the keychain away.
fn opens_with_nothing_on_the_disk(
    locker: &Locker,
    files: &[(String, Vec<u8>)],
    key: &crate::wrap::Secret,
) {
    for (name, bytes) in files {
        let is_there = bytes.windows(32).any(|window| window == key.as_ref());
        assert!(!is_there, "the key lies in {name}");
        let hex = shared::sync::wire::hex(key.as_ref());
        let text = bytes.to_ascii_lowercase();
        assert!(
            !text.windows(64).any(|window| window == hex.as_bytes()),
            "{name}"
        );
    }
    let copy = locker.root.path().join("stolen");
    std::fs::create_dir(&copy).unwrap();
    for (name, bytes) in files.iter().filter(|(name, _)| !name.contains("aside")) {
        let name = Path::new(name).file_name().unwrap();
        std::fs::write(copy.join(name), bytes).unwrap();
    }
    let database = copy.join("ward-3.db");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let reads = |key: [u8; 32]| {
        let key = Key(Zeroizing::new(key));
        let db = crate::store::connect(&database, &key, flags).unwrap();
        db.query_row("select count(*) from record", [], |row| {
            row.get::<_, u32>(0)
        })
    };
    assert!(reads([0; 32]).is_err());
    assert_eq!(reads(**key).unwrap(), 120, "only the key is missing");
    let places = crate::Places {
        dir: copy,
        keychain: Some(locker.root.path().join("a keychain of the thief")),
        hub: None,
    };
    let found = crate::Cabinet::find(&places).unwrap();
    let desk = found.desk().unwrap();
    let code = desk.trouble.map(|problem| problem.code);
    assert_eq!(
        (desk.ward, code.as_deref()),
        (None, Some("keychain.unavailable"))
    );
    assert!(found.replica().is_err());
}
