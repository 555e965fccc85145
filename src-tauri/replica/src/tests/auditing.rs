//! Who did what at a desk: each thing once, chained, and never lost on its way to the hub.

use super::stand_in::hub_secret;
use super::*;
use crate::courier::Courier;
use rusqlite::Connection;
use shared::audit::chain::{Batch, Checker, Flaw, Link, origin};
use shared::audit::entry::{Entry, Place, Reason, What};
use shared::audit::start;
use shared::sample::Dice;
use std::sync::atomic::{AtomicI64, Ordering};

impl Desk {
    /// Every entry, oldest first.
    fn entries(&self) -> Vec<Entry> {
        self.replica.settle_audit();
        let links = self.replica.read(|db| {
            let sql = "select entry from audit order by incarnation, seq";
            Ok(db
                .prepare(sql)?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<Vec<u8>>>>()?)
        });
        let read =
            |bytes: &Vec<u8>| Entry::from_bytes(bytes).expect("what was written is an entry");
        links.expect("readable").iter().map(read).collect()
    }

    fn deeds(&self) -> Vec<What> {
        self.entries().iter().map(|entry| entry.what).collect()
    }

    fn tamper(&self, work: impl Fn(&Connection) -> rusqlite::Result<()>) {
        self.replica
            .write(Lasting::Yes, |db| Ok(work(db)?))
            .expect("the row is changed");
    }
}

#[test]
fn a_sheet_that_was_printed_before_is_known_again() {
    let desk = Desk::new(1);
    let (slip, other) = (record(1), record(2));
    let was_printed = |id| desk.replica.was_printed(Kind::Appointment, id).unwrap();
    assert!(!was_printed(slip));
    desk.replica
        .sheet_printed(desk.actor.staff, Kind::Appointment, slip, "slip");
    // known at once, however soon it is asked for again
    assert!(was_printed(slip));
    assert!(!was_printed(other));
    let last = desk.entries().pop().expect("an entry");
    assert_eq!(last.what, What::Printed);
    assert_eq!(last.reason.as_ref().map(Reason::as_str), Some("slip"));
}

#[test]
fn each_change_and_each_view_is_written_down_once() {
    let desk = Desk::new(1);
    let row = desk.register(1, "Chukwu");
    let row = desk.edit(&row, json!({ "bed": "4" }));
    let staff = desk.actor.staff;
    for _ in 0..5 {
        // the screen reads the chart again whenever something changes
        desk.replica.viewed(staff, row.id);
    }
    desk.replica.viewed(staff, record(2));
    desk.replica.viewed(staff, row.id);
    desk.replica.viewed(StaffId(id(9)), row.id);
    desk.replica.history_read(staff, Kind::Patient, row.id);
    desk.replica.printed(staff, row.id);
    desk.replica.signed_out(staff);

    let entries = desk.entries();
    let deeds: Vec<What> = entries.iter().map(|entry| entry.what).collect();
    use What::{ChainBegan, ChangeSaved, ChartViewed, HistoryRead, Printed, SignedOut};
    let views = [ChartViewed; 4];
    assert_eq!(
        deeds,
        [
            &[ChainBegan, ChangeSaved, ChangeSaved][..],
            &views,
            &[HistoryRead, Printed, SignedOut]
        ]
        .concat()
    );
    let hashes: Vec<_> = entries[1..3].iter().map(|entry| entry.of).collect();
    let unsent: Vec<_> = desk.unsent().iter().map(|item| Some(item.hash)).collect();
    assert_eq!(hashes, unsent);
    assert!(entries.iter().all(|entry| entry.device == device(1).id));
    assert_eq!(entries[3].record, Some((Kind::Patient, row.id)));
    assert_eq!(desk.replica.first_bad_entry().unwrap(), None);
}

#[test]
fn a_view_an_hour_later_is_a_new_one_and_says_if_a_search_led_there() {
    let dir = TempDir::new().unwrap();
    let now = Arc::new(AtomicI64::new(NOON_MS));
    let clock = now.clone();
    let options = Options {
        dir: dir.path().to_owned(),
        key: [7; 32],
        hub: None,
    };
    let replica = Replica::open_at(
        &options,
        Arc::new(move || Now(clock.load(Ordering::SeqCst))),
    )
    .unwrap();
    replica
        .write(Lasting::Yes, |db| meta::DEVICE.set(db, &device(1)))
        .unwrap();
    let actor = actor(1, &[Role::Doctor], &device(1));
    let desk = Desk {
        replica,
        dir,
        actor,
    };
    let staff = desk.actor.staff;
    desk.replica.viewed(staff, record(1));
    now.fetch_add(3_599_999, Ordering::SeqCst);
    desk.replica.viewed(staff, record(1));
    now.fetch_add(1, Ordering::SeqCst);
    desk.replica.found(staff, [record(1)].into_iter());
    desk.replica.viewed(staff, record(1));
    let reasons: Vec<_> = desk.entries()[1..]
        .iter()
        .map(|entry| entry.reason.clone())
        .collect();
    let reasons: Vec<_> = reasons
        .iter()
        .map(|reason| reason.as_ref().map(|r| r.as_str()))
        .collect();
    assert_eq!(reasons, [None, Some("search")]);
}

#[test]
fn a_save_that_is_refused_leaves_no_entry() {
    let desk = Desk::new(1);
    desk.save(&new(Kind::Patient, 1, json!({ "name": [] })))
        .unwrap_err();
    assert_eq!(desk.deeds(), []);
}

#[test]
fn what_was_seen_is_written_before_the_desk_closes() {
    let desk = Desk::new(1);
    desk.replica.viewed(desk.actor.staff, record(1));
    let desk = desk.reopened();
    assert_eq!(desk.deeds(), [What::ChainBegan, What::ChartViewed]);
}

#[test]
fn only_those_who_may_are_told_who_looked_and_that_is_written_down_too() {
    let desk = Desk::new(1);
    let row = desk.register(1, "Chukwu");
    desk.replica.viewed(desk.actor.staff, row.id);
    assert!(desk.replica.audit_trail(&desk.actor, row.id).is_err());
    let auditor = actor(2, &[Role::Auditor], &device(1));
    let trail = desk.replica.audit_trail(&auditor, row.id).unwrap();
    let deeds: Vec<_> = trail
        .lines
        .iter()
        .map(|line| (line.what, line.staff))
        .collect();
    let (staff, auditor) = (Some(desk.actor.staff), Some(auditor.staff));
    let expected = [
        (What::AuditRead, auditor),
        (What::ChartViewed, staff),
        (What::ChangeSaved, staff),
    ];
    assert_eq!(deeds, expected);
    assert_eq!(trail.trouble, None);
}

/// Follows the chains of batches as the hub does; returns the first bad place.
fn check(batches: &[Batch]) -> Option<(u16, u64, Flaw)> {
    let mut all: Vec<(u16, Link)> = Vec::new();
    for batch in batches {
        assert!(
            batch.is_signed_by(&ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key())
        );
        all.extend(
            batch
                .links
                .iter()
                .map(|link| (batch.incarnation, link.clone())),
        );
    }
    all.chunk_by(|a, b| a.0 == b.0).find_map(|chain| {
        let incarnation = chain[0].0;
        let batch = batches
            .iter()
            .find(|batch| batch.incarnation == incarnation)?;
        let first = start::unlock(&batch.begun, batch.device, incarnation, &hub_secret());
        assert!(first.is_some(), "the first key was locked for the hub");
        let links: Vec<Link> = chain.iter().map(|(_, link)| link.clone()).collect();
        let bad = Checker::begin(batch.device, incarnation, first).first_bad(&links, None);
        bad.map(|(seq, flaw)| (incarnation, seq, flaw))
    })
}

#[tokio::test]
async fn ten_thousand_views_without_the_hub_reach_it_in_batches_and_once() {
    let (hub, address) = stand_in::start();
    let desk = Desk::new(1);
    let dir = desk.dir;
    drop(desk.replica);
    let replica = open_with(dir.path(), [7; 32], Some(address)).unwrap();
    for n in 0..10_000 {
        replica.viewed(desk.actor.staff, record(n % 3 + n / 3 * 3));
    }
    hub.cut_after.store(40, Ordering::SeqCst);
    assert!(Courier::round(&replica).await.is_err());
    hub.cut_after.store(0, Ordering::SeqCst);
    Courier::round(&replica).await.unwrap();
    Courier::round(&replica).await.unwrap();
    let batches = hub.ward.lock().unwrap().audited.clone();
    assert_eq!(
        batches
            .iter()
            .map(|batch| batch.links.len())
            .collect::<Vec<_>>(),
        [&[1_000; 10][..], &[1]].concat()
    );
    assert_eq!(check(&batches), None);
    let entries = batches.iter().flat_map(|batch| &batch.links);
    let seen = entries.filter_map(|link| Entry::from_bytes(&link.entry)?.record);
    assert!(seen.map(|(_, record)| record).eq((0..10_000).map(record)));
    // the key of the first entry is nowhere on this desk any more
    let open: i64 = replica
        .read(|db| Ok(db.query_row("select count(first) from audit_chain", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(open, 0);
}

/// Edits of a desk's rows; more with `TAMPERINGS`.
const EDITS: u64 = 1_000;
/// Entries of the chain that is edited.
const ENTRIES: i64 = 13;

/// Does something to a row of a chain; returns which entry that shows at.
fn edit(db: &Connection, dice: &mut Dice, at: i64) -> rusqlite::Result<i64> {
    // seals are the hub's to look at: a desk has forgotten their keys
    let column = ["entry", "hash"][dice.below(2)];
    let (place, bit) = (dice.below(4_096), 1 << dice.below(8));
    let read = |seq: i64| {
        let sql = format!("select {column} from audit where seq = ?1");
        db.query_row(&sql, [seq], |row| row.get::<_, Vec<u8>>(0))
    };
    match dice.below(6) {
        0 => {
            let mut bytes = read(at)?;
            let length = bytes.len();
            bytes[place % length] ^= bit;
            let sql = format!("update audit set {column} = ?2 where seq = ?1");
            db.execute(&sql, rusqlite::params![at, bytes])?;
        }
        1 => {
            // of another entry of the same chain
            let other = 1 + (at + dice.below(ENTRIES as usize - 1) as i64) % ENTRIES;
            let sql = format!("update audit set {column} = ?2 where seq = ?1");
            db.execute(&sql, rusqlite::params![at, read(other)?])?;
        }
        2 => drop(db.execute("delete from audit where seq = ?1", [at])?),
        3 if at < ENTRIES => {
            db.execute("update audit set seq = -1 where seq = ?1", [at])?;
            db.execute("update audit set seq = ?1 where seq = ?1 + 1", [at])?;
            db.execute("update audit set seq = ?1 + 1 where seq = -1", [at])?;
        }
        4 => {
            db.execute("delete from audit where seq = ?1", [at])?;
            db.execute("update audit set seq = -seq where seq > ?1", [at])?;
            db.execute("update audit set seq = -seq - 1 where seq < 0", [])?;
        }
        _ => drop(db.execute("delete from audit where seq >= ?1", [at])?),
    }
    Ok(at)
}

#[tokio::test]
async fn whatever_is_done_to_the_rows_of_a_desk_shows() {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    let (seed, edits) = (
        number("SEED").unwrap_or(20_270_303),
        number("TAMPERINGS").unwrap_or(EDITS),
    );
    println!("seed {seed}, {edits} edits");
    let mut dice = Dice::new(seed);
    let desk = Desk::new(1);
    for n in 1..ENTRIES as u128 {
        desk.replica.viewed(desk.actor.staff, record(n));
    }
    desk.replica.settle_audit();
    desk.tamper(|db| {
        db.execute("create table kept as select * from audit", [])
            .map(drop)
    });
    for round in 0..edits {
        // the first is the beginning of the chain
        let at = 2 + dice.below(ENTRIES as usize - 1) as i64;
        let chance = dice.roll();
        let tampered = desk.replica.write(Lasting::Refetchable, |db| {
            Ok(edit(db, &mut Dice::new(chance), at)?)
        });
        let expected = Place {
            incarnation: 0,
            seq: tampered.expect("the row is changed").cast_unsigned(),
        };
        let found = desk.replica.first_bad_entry().unwrap();
        let found = found.map(|(place, _)| place);
        assert_eq!(found, Some(expected), "seed {seed} round {round}");
        let put_back = "delete from audit; insert into audit select * from kept";
        let back = desk
            .replica
            .write(Lasting::Refetchable, |db| Ok(db.execute_batch(put_back)?));
        back.expect("as it was");
    }
    assert_eq!(desk.replica.first_bad_entry().unwrap(), None);
}

#[tokio::test]
async fn whoever_cuts_entries_off_and_mends_the_end_is_found_out_by_the_hub() {
    let (hub, address) = stand_in::start();
    let desk = Desk::new(1);
    for n in 0..8 {
        desk.replica.viewed(desk.actor.staff, record(n));
    }
    desk.replica.settle_audit();
    // the end is moved back as well: at the desk nothing is left that could tell
    desk.tamper(|db| {
        let mut pen = serde_json::to_value(meta::AUDIT_PEN.get(db).unwrap().unwrap()).unwrap();
        let head: Vec<u8> =
            db.query_row("select hash from audit where seq = 5", [], |row| row.get(0))?;
        pen["seq"] = json!(5);
        pen["head"] = json!(head);
        meta::AUDIT_PEN
            .set(db, &serde_json::from_value(pen).unwrap())
            .unwrap();
        db.execute("delete from audit where seq > 5", []).map(drop)
    });
    assert_eq!(desk.replica.first_bad_entry().unwrap(), None);
    desk.replica.viewed(desk.actor.staff, record(20));
    desk.replica.settle_audit();
    let device = desk.actor.device;
    let hub_at =
        crate::hub::Hub::new(super::device(1), Some(&address), Default::default()).unwrap();
    crate::audit::send::send_all(&desk.replica, &hub_at)
        .await
        .unwrap();
    let batches = hub.ward.lock().unwrap().audited.clone();
    assert_eq!(check(&batches), Some((0, 6, Flaw::Seal)));
    assert_eq!(batches[0].links.len(), 6);
    assert_ne!(origin(device, 0), origin(device, 1));
}

#[test]
fn a_desk_that_lost_its_file_keeps_its_entries_and_begins_a_chain_that_names_the_last() {
    let desk = Desk::new(1);
    desk.register(1, "Chukwu");
    desk.replica.viewed(desk.actor.staff, record(1));
    let before = desk.entries();
    let Desk {
        replica,
        dir,
        actor,
    } = desk;
    let pen = replica.read(|db| meta::AUDIT_PEN.get(db)).unwrap().unwrap();
    drop(replica);
    for entry in std::fs::read_dir(dir.path()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("ward") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    let desk = Desk {
        replica: open(dir.path()),
        dir,
        actor,
    };
    desk.replica.viewed(desk.actor.staff, record(2));
    let after = desk.entries();
    assert_eq!(after[..before.len()], before);
    let began = &after[before.len()];
    assert_eq!((began.what, began.of), (What::ChainBegan, Some(pen.head)));
    assert_eq!(
        began.place,
        Some(Place {
            incarnation: 0,
            seq: pen.seq
        })
    );
}

#[test]
fn a_desk_put_back_from_an_old_copy_is_noticed_by_its_entries_alone() {
    let desk = Desk::new(1);
    desk.replica.viewed(desk.actor.staff, record(1));
    desk.replica.settle_audit();
    let Desk {
        replica,
        dir,
        actor,
    } = desk;
    drop(replica);
    let file = dir.path().join("old");
    let ward = std::fs::read_dir(dir.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let ward = ward
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .find(|path| path.to_string_lossy().contains("ward-"))
        .unwrap();
    std::fs::copy(&ward, &file).unwrap();
    let replica = open(dir.path());
    replica.viewed(actor.staff, record(2));
    drop(replica);
    std::fs::copy(&file, &ward).unwrap();
    let desk = Desk {
        replica: open(dir.path()),
        dir,
        actor,
    };
    desk.replica.viewed(desk.actor.staff, record(3));
    let viewed: Vec<_> = desk
        .entries()
        .iter()
        .filter_map(|entry| entry.record)
        .map(|(_, id)| id)
        .collect();
    assert_eq!(viewed, [record(1), record(2), record(3)]);
    assert_eq!(
        desk.replica.read(|db| meta::INCARNATION.get(db)).unwrap(),
        Some(1)
    );
}
