//! T46: what a ward is to forget is erased with every trace, but not while somebody's work is about it.

use super::receiving::page;
use super::*;
use crate::row;
use shared::sync::wire::{FeedItem, Verdict};

fn forget(kind: Kind, number: u128) -> FeedItem {
    FeedItem::Forget {
        kind: kind.number(),
        record: record(number),
    }
}

/// Pages of the search index that a word can be read in: its own tables do not show what was deleted.
fn words(desk: &Desk, word: &str) -> i64 {
    let sql = "select count(*) from record_text_data where instr(block, cast(?1 as blob)) > 0";
    let count = desk
        .replica
        .read(|db| Ok(db.query_row(sql, [word], |row| row.get(0))?));
    count.expect("readable")
}

fn count(desk: &Desk, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    let count = desk
        .replica
        .read(|db| Ok(db.query_row(&sql, [], |row| row.get(0))?));
    count.expect("readable")
}

fn send_all(desk: &Desk) {
    let items = desk.unsent();
    let verdicts = vec![Verdict::Taken; items.len()];
    desk.replica.answered(&items, &verdicts).expect("written");
}

fn log_bytes(desk: &Desk) -> u64 {
    let log = crate::files::beside(&desk.replica.store().path, "-wal");
    std::fs::metadata(log).map_or(0, |about| about.len())
}

#[test]
fn nothing_of_a_forgotten_chart_is_left() {
    let desk = Desk::new(1);
    // many, so that the index has several parts
    for number in 10..60 {
        desk.register(number, &format!("Zzgone{number}"));
    }
    desk.register(60, "Zzstays");
    send_all(&desk);
    assert!(words(&desk, "zzgone") > 0);
    let items = (10..60).map(|n| forget(Kind::Patient, n)).collect();
    desk.replica.receive(0, &page(0, items)).unwrap();
    assert_eq!((count(&desk, "record"), count(&desk, "leaving")), (1, 0));
    assert_eq!(words(&desk, "zzgone"), 0, "no words of theirs are left");
    assert!(words(&desk, "zzstays") > 0);
    assert_eq!(log_bytes(&desk), 0, "nor are pages");
    let overwrites = desk
        .replica
        .read(|db| Ok(db.pragma_query_value(None, "secure_delete", |row| row.get::<_, i64>(0))?));
    assert_eq!(overwrites.unwrap(), 1, "freed pages are overwritten");
}

#[test]
fn a_chart_with_unsent_or_held_work_waits_and_the_digest_does_not_count_it() {
    let desk = Desk::new(1);
    let empty = desk.replica.digest().unwrap();
    let patient = desk.register(10, "Zzgone");
    send_all(&desk);
    let edited = desk.edit(&patient, json!({ "bed": "4" }));
    let items = vec![forget(Kind::Patient, 10)];
    desk.replica.receive(0, &page(0, items)).unwrap();
    assert!(desk.row(10).is_some(), "it is unsent");
    assert_eq!(desk.replica.digest().unwrap(), empty);
    let unsent = desk.unsent();
    let held = Verdict::Held {
        problems: vec![Problem::new("not_allowed", "bed")],
    };
    desk.replica.answered(&unsent, &[held]).unwrap();
    desk.replica.forget_what_left().unwrap();
    assert!(desk.row(10).is_some(), "it is held");
    let kept = desk.replica.held().unwrap();
    desk.replica.withdraw(&desk.actor, &kept[0].id).unwrap();
    desk.replica.forget_what_left().unwrap();
    assert!(desk.row(10).is_none());
    drop(edited);
}

#[test]
fn what_comes_back_before_it_was_erased_stays() {
    let desk = Desk::new(1);
    let patient = desk.register(10, "Zzgone");
    send_all(&desk);
    desk.edit(&patient, json!({ "bed": "4" }));
    let items = vec![forget(Kind::Patient, 10)];
    desk.replica.receive(0, &page(0, items)).unwrap();
    let stored = desk
        .replica
        .read(|db| row::stored(db, Kind::Patient, record(10)))
        .unwrap()
        .unwrap();
    let whole = FeedItem::Whole {
        kind: 1,
        record: record(10),
        body: stored.body.to_string(),
        doc: stored.doc,
    };
    desk.replica.receive(1, &page(1, vec![whole])).unwrap();
    send_all(&desk);
    desk.replica.forget_what_left().unwrap();
    assert!(desk.row(10).is_some());
}
