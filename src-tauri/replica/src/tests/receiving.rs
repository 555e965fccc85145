use super::*;
use crate::receive::last_author;
use shared::desk::{Link, SyncState};
use shared::document::{self, Stamp};
use shared::sync::wire::{FeedItem, FeedPage, Hash, Verdict};

pub(super) fn page(after: u64, items: Vec<FeedItem>) -> FeedPage {
    FeedPage {
        to: after + items.len() as u64,
        more: false,
        reference: 0,
        now_ms: NOON_MS,
        items,
    }
}

pub(super) fn change_of(item: &crate::outbox::Item) -> FeedItem {
    FeedItem::Change {
        kind: item.kind.number(),
        record: item.record,
        change: item.change.clone(),
    }
}

fn all_changes(desk: &Desk) -> Vec<FeedItem> {
    desk.unsent().iter().map(change_of).collect()
}

fn heads(desk: &Desk, number: u128) -> String {
    desk.row(number).unwrap().heads
}

fn echoes(desk: &Desk) -> Vec<FeedItem> {
    desk.unsent()
        .iter()
        .map(|item| FeedItem::Echo { hash: item.hash })
        .collect()
}

#[test]
fn what_another_desk_wrote_shows_here_with_its_author() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    let row = a.register(10, "García");
    a.edit(&row, json!({ "bed": "A-12" }));
    b.replica.receive(0, &page(0, all_changes(&a))).unwrap();
    let there = b.row(10).unwrap();
    assert_eq!(
        (there.heads, &there.body["bed"], there.changed_by),
        (heads(&a, 10), &json!("A-12"), Some(a.actor.staff))
    );
    assert_eq!(there.state, SyncState::Accepted);
    assert_eq!(b.replica.search("garcia", 5).unwrap().len(), 1);
    assert_eq!(b.replica.digest().unwrap(), a.replica.digest().unwrap());
}

#[test]
fn a_page_that_comes_twice_has_one_effect() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    a.register(10, "García");
    let once = page(0, all_changes(&a));
    b.replica.receive(0, &once).unwrap();
    b.replica.receive(0, &once).unwrap();
    assert_eq!(b.replica.read(|db| meta::CURSOR.get(db)).unwrap(), Some(1));
    assert_eq!(b.replica.digest().unwrap(), a.replica.digest().unwrap());
}

#[test]
fn an_echo_says_that_the_hub_has_it() {
    let desk = Desk::new(1);
    desk.register(10, "García");
    desk.replica.receive(0, &page(0, echoes(&desk))).unwrap();
    assert!(desk.unsent().is_empty());
    assert_eq!(desk.row(10).unwrap().state, SyncState::Accepted);
}

#[test]
fn one_bad_message_is_put_aside_and_the_rest_goes_on() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    a.register(10, "García");
    let mut items = vec![
        FeedItem::Change {
            kind: 1,
            record: record(77),
            change: vec![1, 2, 3],
        },
        FeedItem::Change {
            kind: 9,
            record: record(78),
            change: vec![],
        },
        FeedItem::Whole {
            kind: 1,
            record: record(79),
            body: "{}".into(),
            doc: vec![9; 40],
        },
    ];
    items.extend(all_changes(&a));
    b.replica.receive(0, &page(0, items)).unwrap();
    assert_eq!(heads(&b, 10), heads(&a, 10));
    let trouble = b.replica.status().unwrap().trouble.unwrap();
    assert_eq!(
        (trouble.code.as_str(), trouble.with["count"].as_str()),
        ("feed.set_aside", "3")
    );
    assert!(
        b.replica
            .read(|db| meta::REBUILD.get(db))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_gap_or_a_missing_parent_asks_for_a_rebuild() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    let row = a.register(10, "García");
    a.edit(&row, json!({ "bed": "A-12" }));
    let second = all_changes(&a).pop().unwrap();
    b.replica
        .receive(0, &page(0, vec![second.clone()]))
        .unwrap();
    assert_eq!(
        b.replica
            .read(|db| meta::REBUILD.get(db))
            .unwrap()
            .as_deref(),
        Some("feed.record_missing")
    );
    let c = Desk::new(3);
    let gap = FeedPage {
        to: 5,
        ..page(0, vec![second])
    };
    c.replica.receive(0, &gap).unwrap();
    assert_eq!(
        c.replica
            .read(|db| meta::REBUILD.get(db))
            .unwrap()
            .as_deref(),
        Some("feed.gap")
    );
    assert_eq!(
        c.replica.read(|db| meta::CURSOR.get(db)).unwrap(),
        None,
        "nothing of it was believed"
    );
}

#[test]
fn a_record_comes_whole_and_goes_when_the_ward_may_not_see_it() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    a.register(10, "García");
    let stored = a
        .replica
        .read(|db| crate::row::stored(db, Kind::Patient, record(10)))
        .unwrap()
        .unwrap();
    let whole = FeedItem::Whole {
        kind: 1,
        record: record(10),
        body: stored.body.to_string(),
        doc: stored.doc.clone(),
    };
    b.replica.receive(0, &page(0, vec![whole])).unwrap();
    assert_eq!(heads(&b, 10), heads(&a, 10));
    assert_eq!(
        b.row(10).unwrap().changed_by,
        last_author(Kind::Patient, &stored.doc).0
    );
    b.replica
        .receive(
            1,
            &page(
                1,
                vec![FeedItem::Forget {
                    kind: 1,
                    record: record(10),
                }],
            ),
        )
        .unwrap();
    assert!(b.row(10).is_none() && b.replica.search("garcia", 5).unwrap().is_empty());
    assert_eq!(
        b.replica
            .list(&shared::desk::ListAsk {
                kind: Kind::Patient,
                ward: None,
                limit: 5,
                after: None
            })
            .unwrap()
            .total,
        0
    );
}

#[test]
fn one_field_written_on_both_sides_is_a_conflict_until_somebody_settles_it() {
    let (a, b) = (Desk::new(1), Desk::new(2));
    let row = a.register(10, "García");
    b.replica.receive(0, &page(0, all_changes(&a))).unwrap();
    a.edit(&row, json!({ "bed": "A-1" }));
    let theirs = b.row(10).unwrap();
    b.edit(&theirs, json!({ "bed": "B-2" }));
    a.replica
        .receive(0, &page(0, echoes(&a)[..1].to_vec()))
        .unwrap();
    a.replica.receive(1, &page(1, all_changes(&b))).unwrap();
    b.replica.receive(1, &page(1, all_changes(&a))).unwrap();
    assert_eq!(heads(&a, 10), heads(&b, 10));
    assert_eq!(
        (
            a.row(10).unwrap().conflicts,
            a.replica.conflict_list().unwrap().len()
        ),
        (1, 1)
    );
    let found = a.replica.conflicts(Kind::Patient, record(10)).unwrap();
    assert_eq!(
        found[0]
            .values
            .iter()
            .filter(|version| version.is_here)
            .count(),
        1
    );
    let (bed, looked_at) = (json!("A-1"), heads(&a, 10));
    let settled = a
        .replica
        .resolve(&a.actor, Kind::Patient, record(10), "bed", &bed, &looked_at)
        .unwrap();
    assert!(
        matches!(settled, SaveAnswer::Saved { row } if row.conflicts == 0 && row.body["bed"] == "A-1")
    );
    assert!(a.replica.conflict_list().unwrap().is_empty());
}

fn answer(desk: &Desk, verdict: impl Fn(usize) -> Verdict) -> crate::push::Answered {
    let items = desk.replica.next_push(0).unwrap().unwrap().items;
    let verdicts: Vec<Verdict> = (0..items.len()).map(verdict).collect();
    desk.replica.answered(&items, &verdicts).unwrap()
}

fn no(code: &str) -> Verdict {
    Verdict::Held {
        problems: vec![Problem::new(code, "mrn")],
    }
}

#[test]
fn a_refused_change_is_held_and_what_came_after_is_made_again() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    answer(&desk, |_| Verdict::Taken);
    let accepted = heads(&desk, 10);
    let row = desk.edit(&row, json!({ "bed": "A-12" }));
    let row = desk.edit(&row, json!({ "bloodGroup": "A+" }));
    desk.edit(&row, json!({ "notes": "sleeps badly" }));
    desk.register(11, "Silva");
    let parent = desk.unsent()[0].hash;
    let answered = answer(&desk, |place| match place {
        0 => no("bed.taken"),
        1 | 2 => Verdict::Parked {
            missing: vec![parent],
        },
        _ => Verdict::Taken,
    });
    assert_eq!(
        (answered.accepted, answered.held),
        (1, 1),
        "the other patient went on"
    );
    let now = desk.row(10).unwrap();
    assert_eq!(
        (
            &now.body["bed"],
            &now.body["bloodGroup"],
            &now.body["notes"]
        ),
        (&Value::Null, &json!("A+"), &json!("sleeps badly"))
    );
    assert_eq!(now.state, SyncState::Held);
    let held = desk.replica.held().unwrap();
    assert_eq!(
        (held.len(), codes(&held[0].problems), &held[0].draft["bed"]),
        (1, vec!["bed.taken"], &json!("A-12"))
    );
    assert_eq!(held[0].fields[0].path, "bed");
    let again = desk.unsent();
    assert_eq!(again.len(), 2);
    let seen = shared::sync::judge::inspect(&again[0].change).unwrap();
    assert_eq!(
        (seen.incarnation, seen.staff),
        (1, Some(desk.actor.staff)),
        "under a new actor, as the same person"
    );
    assert_eq!(
        document::Heads(seen.deps).to_string(),
        accepted,
        "on what the hub has"
    );
    answer(&desk, |_| Verdict::Taken);
    // put right and sent again
    let ask = Save {
        kind: Kind::Patient,
        id: record(10),
        base: Some(heads(&desk, 10)),
        draft: json!({ "bed": "A-13" }),
        held: Some(held[0].id.clone()),
    };
    assert_eq!(desk.save(&ask).unwrap().state, SyncState::Saved);
    assert!(desk.replica.held().unwrap().is_empty());
    answer(&desk, |_| Verdict::Taken);
    assert_eq!(desk.row(10).unwrap().state, SyncState::Accepted);
}

#[test]
fn a_refused_new_record_is_held_whole_and_can_be_registered_again() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    desk.edit(&row, json!({ "bed": "A-12" }));
    let parent = desk.unsent()[0].hash;
    answer(&desk, |place| {
        if place == 0 {
            no("mrn.taken")
        } else {
            Verdict::Parked {
                missing: vec![parent],
            }
        }
    });
    assert!(desk.row(10).is_none() && desk.unsent().is_empty());
    let held = desk.replica.held().unwrap().remove(0);
    assert!(held.is_new);
    assert_eq!(
        (&held.draft["name"][0]["family"], &held.draft["bed"]),
        (&json!("García"), &json!("A-12"))
    );
    assert_eq!(held.patient_name, "García, Ana María");
    let ask = Save {
        kind: Kind::Patient,
        id: record(10),
        base: None,
        draft: held.draft,
        held: Some(held.id),
    };
    let row = desk.save(&ask).unwrap();
    assert_eq!(
        row.body["mrn"],
        shared::patients::mrn(1_001),
        "a number that was taken is not kept"
    );
    assert_eq!(row.body["bed"], "A-12");
    let desk = desk.reopened();
    assert!(desk.replica.held().unwrap().is_empty());
    assert_eq!(desk.unsent().len(), 1);
}

#[test]
fn held_work_is_withdrawn_and_brought_back() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    answer(&desk, |_| Verdict::Taken);
    desk.edit(&row, json!({ "bed": "A-12" }));
    answer(&desk, |_| no("bed.taken"));
    let held = desk.replica.held().unwrap().remove(0);
    desk.replica.withdraw(&desk.actor, &held.id).unwrap();
    assert_eq!(
        (
            desk.row(10).unwrap().state,
            desk.replica.status().unwrap().held
        ),
        (SyncState::Accepted, 0)
    );
    assert!(desk.replica.held().unwrap()[0].is_withdrawn);
    desk.replica.restore(&desk.actor, &held.id).unwrap();
    let desk = desk.reopened();
    assert_eq!(
        (
            desk.row(10).unwrap().state,
            desk.replica.status().unwrap().held
        ),
        (SyncState::Held, 1)
    );
}

#[test]
fn the_hub_is_sent_what_it_says_it_lacks() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let first: Hash = desk.unsent()[0].hash;
    answer(&desk, |_| Verdict::Taken);
    desk.edit(&row, json!({ "bed": "A-12" }));
    // a hub that was put back from a copy does not know the first any more
    let answered = answer(&desk, |_| Verdict::Parked {
        missing: vec![first],
    });
    assert_eq!(answered.asked_for.len(), 1);
    let sent = shared::sync::judge::inspect(&answered.asked_for[0].change).unwrap();
    assert_eq!(sent.hash, first);
    for _ in 0..10 {
        if desk.unsent().is_empty() {
            break;
        }
        answer(&desk, |_| Verdict::Parked {
            missing: vec![first],
        });
    }
    assert!(desk.unsent().is_empty(), "it does not go round for ever");
    assert_eq!(
        codes(&desk.replica.held().unwrap()[0].problems),
        ["change.parents_missing"]
    );
}

#[test]
fn a_record_is_sent_only_once_its_last_byte_left() {
    let desk = Desk::new(1);
    let row = desk.register(10, "García");
    let covered = desk.replica.next_push(0).unwrap().unwrap().covered;
    desk.replica.0.flight.board(&covered);
    assert_eq!(desk.row(10).unwrap().state, SyncState::Saved);
    desk.replica.0.flight.left(&covered);
    assert_eq!(desk.row(10).unwrap().state, SyncState::Sent);
    assert_eq!(
        desk.edit(&row, json!({ "bed": "A-12" })).state,
        SyncState::Saved
    );
    assert_eq!(
        desk.row(10).unwrap().state,
        SyncState::Saved,
        "the new change has not left"
    );
    desk.replica.0.flight.board(&covered);
    desk.replica.0.flight.left(&covered);
    desk.replica
        .not_sent(&desk.unsent(), Some("hub.unreachable".into()))
        .unwrap();
    assert_eq!(desk.row(10).unwrap().state, SyncState::Saved);
    assert_eq!(
        desk.replica.waiting().unwrap()[0].last_error.as_deref(),
        Some("hub.unreachable")
    );
    assert_eq!(desk.replica.status().unwrap().link, Link::Offline);
}

#[test]
fn any_edits_in_any_order_end_alike() {
    for seed in 0..12_u64 {
        let (a, b) = (Desk::new(1), Desk::new(2));
        let mut dice = shared::sample::Dice::new(seed);
        let row = a.register(10, "García");
        let first = all_changes(&a);
        b.replica.receive(0, &page(0, first)).unwrap();
        let mut rows = [row, b.row(10).unwrap()];
        for _ in 0..8 {
            let side = dice.below(2);
            let desk = [&a, &b][side];
            let draft = match dice.below(4) {
                0 => json!({ "bed": format!("B-{}", dice.below(9)) }),
                1 => {
                    json!({ "notes": format!("{} {}", rows[side].body["notes"].as_str().unwrap(), dice.below(99)) })
                }
                2 => json!({ "telecom": [{ "value": format!("60012345{}", dice.below(9)) }] }),
                _ => json!({ "allergy": [{ "substance": format!("pollen {}", dice.below(9)) }] }),
            };
            rows[side] = desk.edit(&rows[side], draft);
        }
        let (from_a, from_b) = (all_changes(&a)[1..].to_vec(), all_changes(&b));
        a.replica.receive(0, &page(0, from_b)).unwrap();
        b.replica.receive(1, &page(1, from_a)).unwrap();
        assert_eq!(
            a.row(10).unwrap().body,
            b.row(10).unwrap().body,
            "seed {seed}"
        );
        assert_eq!(
            a.replica.digest().unwrap(),
            b.replica.digest().unwrap(),
            "seed {seed}"
        );
    }
}

#[test]
fn a_stamp_never_uses_a_number_twice() {
    let desk = Desk::new(1);
    desk.register(10, "García");
    let stamp: Stamp = desk
        .replica
        .read(|db| desk.replica.stamp(db, desk.actor.staff))
        .unwrap();
    assert_eq!((stamp.device, stamp.incarnation), (1, 0));
}
