//! Every kind of harm a disk or a zealous cleaner can do to one file, many times over.

use super::*;
use crate::files::beside;
use shared::emergency::Opening;
use shared::ids::OpeningId;
use shared::sample::Dice;
use std::fs;
use std::path::{Path, PathBuf};

/// Harmed copies that are opened; more with `CORRUPTIONS`.
const RUNS: u64 = 300;
/// Bytes of a page.
const PAGE: usize = 4096;

/// The files of a desk as a power cut leaves them: one accepted patient, two with unsent work.
struct Image {
    dir: TempDir,
    main: String,
    /// The main file before the unsent work.
    old: Vec<u8>,
}

impl Image {
    fn new() -> Self {
        let desk = Desk::new(1);
        desk.register(10, "Accepted");
        let items = desk.replica.next_push(0).unwrap().unwrap().items;
        desk.replica
            .answered(&items, &[shared::sync::wire::Verdict::Taken])
            .unwrap();
        desk.replica.store().close();
        let path = desk.replica.store().path.clone();
        let old = fs::read(&path).unwrap();
        desk.register(11, "Unsent");
        let row = desk.register(12, "Edited");
        desk.edit(&row, json!({ "bed": "A-12" }));
        desk.replica.keep_opening(&opening(), None).unwrap();
        payments::equip(&desk);
        let cashier = actor(2, &[Role::Billing], &device(1));
        let taken = desk
            .replica
            .take_money(&cashier, &payments::ask(1, 1, 10_500));
        taken.unwrap();
        let dir = TempDir::new().unwrap();
        copy(desk.dir.path(), dir.path());
        Self {
            main: path.file_name().unwrap().to_str().unwrap().to_owned(),
            dir,
            old,
        }
    }
}

/// An emergency that nobody has heard of yet.
fn opening() -> Opening {
    Opening {
        id: OpeningId(id(40)),
        version: 3,
        staff: StaffId(id(41)),
        reason: "Collapsed in the lift".into(),
        from_ms: NOON_MS,
        until_ms: NOON_MS + 3_600_000,
        ended_ms: None,
        looked: Vec::new(),
        notes: Vec::new(),
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn change(path: &Path, harm: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap_or_default();
    harm(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn flip(bytes: &mut [u8], dice: &mut Dice, times: usize) {
    for _ in 0..times {
        let place = dice.below(bytes.len());
        bytes[place] ^= 1 << dice.below(8);
    }
}

/// One kind of harm to one file of a copy.
type Harm = fn(&Image, &Path, &mut Dice);

const HARMS: [(&str, Harm); 11] = [
    ("a bit of the file", |image, dir, dice| {
        change(&dir.join(&image.main), |bytes| flip(bytes, dice, 1));
    }),
    ("many bits of the file", |image, dir, dice| {
        change(&dir.join(&image.main), |bytes| flip(bytes, dice, 40));
    }),
    ("a file cut short", |image, dir, dice| {
        change(&dir.join(&image.main), |bytes| cut(bytes, dice));
    }),
    ("a page of nothing", |image, dir, dice| {
        change(&dir.join(&image.main), |bytes| {
            let page = dice.below(bytes.len() / PAGE);
            bytes[page * PAGE..(page + 1) * PAGE].fill(0);
        });
    }),
    ("a log cut short", |image, dir, dice| {
        change(&log(image, dir), |bytes| cut(bytes, dice));
    }),
    ("bits of the log", |image, dir, dice| {
        change(&log(image, dir), |bytes| flip(bytes, dice, 8));
    }),
    ("no log", |image, dir, _| remove(&log(image, dir))),
    ("an old copy of the file", |image, dir, _| {
        remove(&log(image, dir));
        fs::write(dir.join(&image.main), &image.old).unwrap();
    }),
    ("bits of the second copy", |_, dir, dice| {
        change(&dir.join("outbox.db"), |bytes| flip(bytes, dice, 8));
    }),
    ("bits of the second copy's log", |_, dir, dice| {
        change(&dir.join("outbox.db-wal"), |bytes| flip(bytes, dice, 8));
    }),
    ("no log of the second copy", |_, dir, _| {
        remove(&dir.join("outbox.db-wal"));
    }),
];

fn log(image: &Image, dir: &Path) -> PathBuf {
    beside(&dir.join(&image.main), "-wal")
}

fn cut(bytes: &mut Vec<u8>, dice: &mut Dice) {
    bytes.truncate(dice.below(bytes.len()));
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn unsent_is_here(replica: &Replica) -> bool {
    let waiting = replica.read(crate::outbox::all).unwrap();
    let is_here = |number: u128| {
        waiting.iter().any(|item| item.record == record(number))
            && replica
                .row(Kind::Patient, record(number))
                .unwrap()
                .is_some()
    };
    let bed = replica.row(Kind::Patient, record(12)).unwrap();
    let opened = replica.read(crate::openings::unsent).unwrap();
    let money = replica.read(crate::payments::receipts::count_unposted);
    opened == [opening()]
        && money.unwrap() == (1, Some(NOON_MS))
        && is_here(11)
        && is_here(12)
        && bed.is_some_and(|row| row.body["bed"] == "A-12")
}

/// What the hub has is here, or the replica knows that it has to be loaded anew.
fn accepted_is_here_or_comes(replica: &Replica) -> bool {
    replica.row(Kind::Patient, record(10)).unwrap().is_some()
        || replica.read(|db| meta::REBUILD.get(db)).unwrap().is_some()
        || replica.read(|db| meta::LOADED.get(db)).unwrap() != Some(true)
}

#[test]
fn no_harm_to_one_file_loses_unsent_work() {
    let runs = std::env::var("CORRUPTIONS")
        .ok()
        .and_then(|text| text.parse().ok());
    let image = Image::new();
    for seed in 0..runs.unwrap_or(RUNS) {
        let mut dice = Dice::new(seed);
        let (name, harm) = HARMS[dice.below(HARMS.len())];
        let dir = TempDir::new().unwrap();
        copy(image.dir.path(), dir.path());
        harm(&image, dir.path(), &mut dice);
        let replica = open(dir.path());
        // what opening does not meet, the check in the background does
        if !replica.verify().unwrap_or(false) {
            replica.rescue_now().unwrap();
        }
        assert!(unsent_is_here(&replica), "seed {seed}: {name}");
        assert!(accepted_is_here_or_comes(&replica), "seed {seed}: {name}");
        assert!(replica.verify().unwrap(), "seed {seed}: {name}");
    }
}
