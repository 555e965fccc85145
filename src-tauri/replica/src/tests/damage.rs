use super::*;
use crate::files::beside;
use shared::sample::Dice;
use std::fs;
use std::path::PathBuf;

/// A desk with one accepted and two unsent patients, closed; the directory it lies in.
fn closed(number: u32) -> TempDir {
    let desk = Desk::new(number);
    desk.register(10, "Accepted");
    let items = desk.replica.next_push(0).unwrap().unwrap().items;
    desk.replica
        .answered(&items, &[shared::sync::wire::Verdict::Taken])
        .unwrap();
    desk.register(11, "Unsent");
    let row = desk.register(12, "Edited");
    desk.edit(&row, json!({ "bed": "A-12" }));
    let Desk { replica, dir, .. } = desk;
    drop(replica);
    dir
}

fn main_file(dir: &TempDir) -> PathBuf {
    let name = fs::read_to_string(dir.path().join("current")).unwrap();
    dir.path().join(name.trim())
}

fn unsent_is_here(replica: &Replica) -> bool {
    let edited = replica.row(Kind::Patient, record(12)).unwrap();
    let waiting = replica.read(crate::outbox::all).unwrap();
    let both = [11, 12]
        .iter()
        .all(|number| waiting.iter().any(|item| item.record == record(*number)));
    both && edited.is_some_and(|row| row.body["bed"] == "A-12")
        && replica.row(Kind::Patient, record(11)).unwrap().is_some()
}

fn notice(replica: &Replica) -> Option<String> {
    replica.status().unwrap().notice.map(|problem| problem.code)
}

fn aside(dir: &TempDir) -> usize {
    fs::read_dir(dir.path().join("aside")).map_or(0, |entries| entries.count())
}

#[test]
fn a_replica_that_is_gone_or_garbage_is_rebuilt_and_unsent_work_is_saved_first() {
    for (name, harm) in [
        (
            "gone",
            (|path: &PathBuf| fs::remove_file(path).unwrap()) as fn(&PathBuf),
        ),
        ("garbage", |path| fs::write(path, vec![42; 50_000]).unwrap()),
        ("empty", |path| fs::write(path, b"").unwrap()),
        ("first page", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[..4096].fill(1);
            fs::write(path, bytes).unwrap();
        }),
    ] {
        let dir = closed(1);
        harm(&main_file(&dir));
        let replica = open(dir.path());
        assert!(unsent_is_here(&replica), "{name}");
        assert_eq!(
            notice(&replica).as_deref(),
            Some("replica.rebuilt"),
            "{name}"
        );
        assert!(
            replica.read(|db| meta::REBUILD.get(db)).unwrap().is_some(),
            "{name}: the rest comes from the hub"
        );
        assert_eq!(
            replica.read(|db| meta::DEVICE.get(db)).unwrap(),
            Some(device(1)),
            "{name}"
        );
        assert_eq!(
            aside(&dir) > 0,
            name != "gone",
            "{name}: the old file is kept"
        );
    }
}

#[test]
fn another_devices_replica_is_kept_aside() {
    let (dir, other) = (closed(1), closed(2));
    fs::copy(main_file(&other), main_file(&dir)).unwrap();
    let replica = open(dir.path());
    assert_eq!(notice(&replica).as_deref(), Some("replica.foreign"));
    assert!(unsent_is_here(&replica));
    assert_eq!(
        replica
            .read(|db| meta::DEVICE.get(db))
            .unwrap()
            .unwrap()
            .number,
        1
    );
    assert!(aside(&dir) > 0);
}

#[test]
fn with_the_wrong_key_nothing_is_lost_and_nothing_is_shown() {
    let dir = closed(1);
    let replica = open_with(dir.path(), [8; 32], None).unwrap();
    assert_eq!(notice(&replica).as_deref(), Some("replica.foreign"));
    assert!(
        replica.desk().unwrap().ward.is_none()
            && replica.row(Kind::Patient, record(10)).unwrap().is_none()
    );
    assert!(aside(&dir) >= 4, "both files and why");
}

#[test]
fn a_damaged_mirror_is_made_again() {
    let dir = closed(1);
    fs::write(dir.path().join("outbox.db"), vec![7; 9_000]).unwrap();
    let replica = open(dir.path());
    assert!(unsent_is_here(&replica));
    let reflection = replica.0.mirror.reflection().unwrap();
    assert_eq!(
        (reflection.items.len(), reflection.device),
        (3, Some(device(1)))
    );
}

#[test]
fn any_bit_flip_or_cut_is_harmless_or_found_and_unsent_work_survives() {
    let (mut found, mut total) = (0, 0);
    for seed in 0..24_u64 {
        let mut dice = Dice::new(seed);
        let dir = closed(1);
        let path = main_file(&dir);
        let mut bytes = fs::read(&path).unwrap();
        if dice.below(4) == 0 {
            bytes.truncate(dice.below(bytes.len()));
        } else {
            let place = dice.below(bytes.len());
            bytes[place] ^= 1 << dice.below(8);
        }
        fs::write(&path, &bytes).unwrap();
        let replica = open(dir.path());
        total += 1;
        // what opening does not meet, the check in the background does
        if notice(&replica).is_some() {
            found += 1;
        } else if !replica.verify().unwrap_or(false) {
            found += 1;
            replica.rescue_now().unwrap();
        }
        assert!(unsent_is_here(&replica), "seed {seed}");
        assert!(replica.verify().unwrap(), "seed {seed}");
    }
    assert_eq!(found, total, "every page carries a seal");
}

#[test]
fn a_lost_log_is_noticed_and_what_it_held_comes_back() {
    let desk = Desk::new(1);
    desk.register(10, "Accepted");
    let before = TempDir::new().unwrap();
    let items = desk.replica.next_push(0).unwrap().unwrap().items;
    desk.replica
        .answered(&items, &[shared::sync::wire::Verdict::Taken])
        .unwrap();
    // what is in the file now, without its log, as a crash and a zealous cleaner would leave it
    desk.replica.store().close();
    let path = desk.replica.store().path.clone();
    desk.register(11, "Unsent");
    let row = desk.register(12, "Edited");
    desk.edit(&row, json!({ "bed": "A-12" }));
    for name in ["current", "outbox.db", "outbox.db-wal"] {
        fs::copy(desk.dir.path().join(name), before.path().join(name)).unwrap();
    }
    fs::copy(&path, before.path().join(path.file_name().unwrap())).unwrap();
    assert!(beside(&path, "-wal").exists());
    let replica = open(before.path());
    assert!(unsent_is_here(&replica));
    assert_eq!(
        replica.read(meta::numbers_left).unwrap(),
        0,
        "numbers given since are not given twice"
    );
}

#[test]
fn an_old_copy_that_was_put_back_takes_a_new_incarnation() {
    let desk = Desk::new(1);
    desk.replica.store().close();
    let old = fs::read(&desk.replica.store().path).unwrap();
    desk.register(10, "Accepted");
    let items = desk.replica.next_push(0).unwrap().unwrap().items;
    desk.replica
        .answered(&items, &[shared::sync::wire::Verdict::Taken])
        .unwrap();
    let path = desk.replica.store().path.clone();
    let Desk { replica, dir, .. } = desk;
    drop(replica);
    fs::write(path, old).unwrap();
    let replica = open(dir.path());
    assert_eq!(
        replica.read(|db| meta::INCARNATION.get(db)).unwrap(),
        Some(1)
    );
    assert!(replica.read(|db| meta::REBUILD.get(db)).unwrap().is_some());
}

#[test]
fn a_crash_between_mirror_and_replica_loses_nothing() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    desk.replica.0.mirror.note(&[{
        // as if the power went before the commit
        let stamp = desk
            .replica
            .read(|db| desk.replica.stamp(db, desk.actor.staff))
            .unwrap();
        let stored = desk
            .replica
            .read(|db| crate::row::stored(db, Kind::Patient, row.id))
            .unwrap()
            .unwrap();
        let edited = shared::document::edit(
            Kind::Patient,
            &stored.doc,
            &stored.heads,
            &json!({ "bed": "A-12" }),
            &stamp,
        );
        let edited = edited.unwrap().unwrap();
        let item = crate::outbox::Item::of(
            Kind::Patient,
            row.id,
            &edited,
            stored.heads,
            desk.actor.staff,
            NOON_MS,
            false,
        );
        crate::outbox::Item { lseq: 2, ..item }
    }]);
    let desk = desk.reopened();
    assert_eq!(desk.row(10).unwrap().body["bed"], "A-12");
    assert_eq!(desk.unsent().len(), 2);
}
