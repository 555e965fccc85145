//! Any edits, in any order, any number of times: every place ends with the same record, and nothing is lost.
//! A failing case prints its seed; `SEED=n cargo test -p shared --test merge` runs just that one.

use serde_json::{Value, json};
use shared::access::{Actor, Role};
use shared::clock::Now;
use shared::conflicts::{Item, read};
use shared::document::{self, Clock, Heads, Merged, Stamp};
use shared::ids::{DeviceId, RecordId, StaffId, WardId};
use shared::record::Kind;
use shared::sample::Dice;
use shared::sync::follow::{self, Saved, Stored};
use shared::sync::judge::{self, Judged};
use std::collections::BTreeSet;

const SEEDS: u64 = 150;

#[expect(
    clippy::disallowed_methods,
    reason = "a failing seed is given to the test from outside"
)]
fn seeds() -> Vec<u64> {
    match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().expect("SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    }
}

struct Place {
    stamp: Stamp,
    doc: Vec<u8>,
    heads: Heads,
    body: Value,
}

impl Place {
    fn take(&mut self, changes: &[Vec<u8>]) {
        let merged =
            document::merge(Kind::Patient, Some(&self.doc), changes).expect("a merge never fails");
        if merged.missing.is_empty() {
            (self.doc, self.heads, self.body) = (merged.doc, merged.heads, merged.body);
        }
    }
}

fn stamp(device: u32) -> Stamp {
    let staff = StaffId(uuid::Uuid::from_u128(u128::from(device)));
    Stamp {
        staff,
        now: Now(1_800_000_000_000),
        device,
        incarnation: 0,
    }
}

fn begin(dice: &mut Dice) -> (Vec<Place>, Vec<Vec<u8>>) {
    let ward = WardId(dice.id(1));
    let first = document::create(
        Kind::Patient,
        &shared::sample::patient(dice, 1, ward),
        &stamp(1),
    );
    let place = |device| Place {
        stamp: stamp(device),
        doc: first.doc.clone(),
        heads: first.heads.clone(),
        body: first.body.clone(),
    };
    (vec![place(1), place(2), place(3)], vec![first.change])
}

fn draft(dice: &mut Dice, body: &Value) -> Value {
    let word = format!("w{}", dice.below(1_000_000));
    let notes = body["notes"].as_str().unwrap_or("");
    match dice.below(6) {
        0 => json!({ "bed": word }),
        1 => json!({ "gender": dice.pick(&["female", "male", "other"]) }),
        2 => json!({ "telecom": [{ "value": format!("0{word}") }] }),
        3 => json!({ "telecom": [{ "id": body["telecom"][0]["id"], "value": word }] }),
        4 => json!({ "allergy": [{ "substance": word, "verification": "confirmed" }] }),
        _ => json!({ "notes": format!("{word} {notes}") }),
    }
}

#[test]
fn places_that_exchange_everything_hold_the_same_and_lose_nothing() {
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (mut places, mut changes) = begin(&mut dice);
        let mut texts = BTreeSet::new();
        for _ in 0..12 {
            let place = &mut places[dice.below(3)];
            let draft = draft(&mut dice, &place.body);
            let base = place.heads.clone();
            let edit = document::edit(Kind::Patient, &place.doc, &base, &draft, &place.stamp)
                .expect("its own document");
            if let Some(edit) = edit {
                texts.extend(draft["allergy"][0]["substance"].as_str().map(str::to_owned));
                changes.push(edit.change);
                (place.doc, place.heads, place.body) = (edit.doc, edit.heads, edit.body);
            }
            if dice.below(3) == 0 {
                let some: Vec<Vec<u8>> = (0..4)
                    .map(|_| changes[dice.below(changes.len())].clone())
                    .collect();
                places[dice.below(3)].take(&some);
            }
        }
        for place in &mut places {
            let mut order = changes.clone();
            for at in (1..order.len()).rev() {
                order.swap(at, dice.below(at + 1));
            }
            order.extend(changes.iter().take(3).cloned());
            place.take(&order);
        }
        for place in &places {
            assert_eq!(place.heads, places[0].heads, "SEED={seed}");
            assert_eq!(place.body, places[0].body, "SEED={seed}");
            assert_eq!(
                document::heads(&place.doc).as_ref(),
                Some(&place.heads),
                "SEED={seed}"
            );
        }
        let substances: BTreeSet<String> = places[0].body["allergy"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|allergy| allergy["substance"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(
            substances, texts,
            "every allergy is still there, SEED={seed}"
        );
    }
}

fn assert_same(short: &Merged, long: &Merged, seed: u64) {
    assert_eq!(
        (&short.body, &short.heads, &short.clock),
        (&long.body, &long.heads, &long.clock),
        "SEED={seed}"
    );
    let kept = Clock::from_bytes(&short.clock.to_bytes());
    assert_eq!(kept.as_ref(), Some(&short.clock));
    assert_eq!(document::heads(&short.doc).as_ref(), Some(&short.heads));
    let again = document::merge(Kind::Patient, Some(&short.doc), &[])
        .expect("changes behind a document load");
    assert_eq!(
        (&again.body, &again.heads),
        (&long.body, &long.heads),
        "SEED={seed}"
    );
}

#[test]
fn the_short_way_says_what_the_long_way_says() {
    let mut short_ways = 0;
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (mut places, changes) = begin(&mut dice);
        let place = &mut places[0];
        let merged = document::merge(Kind::Patient, None, &changes).expect("a beginning");
        let (mut hub, mut body, mut heads, mut clock) =
            (merged.doc, merged.body, merged.heads, merged.clock);
        for _ in 0..10 {
            let draft = draft(&mut dice, &place.body);
            let base = place.heads.clone();
            let edit = document::edit(Kind::Patient, &place.doc, &base, &draft, &place.stamp)
                .expect("its own document");
            let Some(edit) = edit else { continue };
            let seen = judge::inspect(&edit.change).expect("an honest change");
            let actor = Actor {
                staff: place.stamp.staff,
                roles: vec![Role::Nurse],
                ward: WardId(uuid::Uuid::nil()),
                device: DeviceId(uuid::Uuid::nil()),
            };
            let today = jiff::civil::date(2027, 1, 1);
            let author = judge::Author::own(&actor, 1);
            let long = judge::judge(Kind::Patient, Some(&hub), &seen, author, today);
            let stored = Stored {
                saved: Saved::Whole(&hub),
                body: &body,
                heads: &heads,
                clock: &clock,
                conflicts: 0,
            };
            let short = follow::judge(Kind::Patient, &stored, &seen, author, today);
            short_ways += u32::from(short.is_some());
            if let (Some(Judged::Taken(short)), Judged::Taken(long)) = (&short, &long) {
                assert_same(short, long, seed);
            } else if short.is_some() {
                assert!(
                    matches!((&short, &long), (Some(Judged::Held(a)), Judged::Held(b)) if a == b),
                    "SEED={seed}"
                );
                continue;
            }
            let next = match (short, long) {
                (Some(Judged::Taken(next)), _) | (None, Judged::Taken(next)) => next,
                (_, other) => {
                    assert!(matches!(other, Judged::Held(_)), "SEED={seed}");
                    continue;
                }
            };
            (hub, body, heads, clock) = (next.doc, next.body, next.heads, next.clock);
            (place.doc, place.heads, place.body) = (edit.doc, edit.heads, edit.body);
        }
    }
    assert!(short_ways > 0, "the short way is never taken");
}

#[test]
fn a_change_that_hides_from_the_clock_goes_the_long_way() {
    let mut dice = Dice::new(1);
    let (places, changes) = begin(&mut dice);
    let merged = document::merge(Kind::Patient, None, &changes).expect("a beginning");
    let stored = Stored {
        saved: Saved::Whole(&merged.doc),
        body: &merged.body,
        heads: &merged.heads,
        clock: &merged.clock,
        conflicts: 0,
    };
    let edit = |draft: Value, place: &Place| {
        document::edit(
            Kind::Patient,
            &place.doc,
            &place.heads,
            &draft,
            &place.stamp,
        )
        .expect("its own")
        .expect("it differs")
    };
    let one = edit(json!({ "bed": "X-1" }), &places[0]);
    let seen = |edit: &document::Edited| judge::inspect(&edit.change).expect("an honest change");
    assert!(follow::apply(Kind::Patient, &stored, &seen(&one)).is_some());
    let text = edit(json!({ "notes": "other" }), &places[0]);
    assert!(
        follow::apply(Kind::Patient, &stored, &seen(&text)).is_none(),
        "a text needs its document"
    );
    let other = Stored {
        clock: &Clock::default(),
        ..stored.clone()
    };
    assert!(
        follow::apply(Kind::Patient, &other, &seen(&one)).is_none(),
        "an unknown state proves nothing"
    );
    let disputed = Stored {
        conflicts: 1,
        ..stored
    };
    assert!(
        follow::apply(Kind::Patient, &disputed, &seen(&one)).is_none(),
        "conflicts need their document"
    );
}

/// Everything that shows, and everything that an item holds.
fn kept(body: &Value, items: &[Item]) -> String {
    let of_items = items.iter().flat_map(|item| &item.sides);
    let values: Vec<&Value> = of_items.flat_map(|side| &side.values).collect();
    format!("{body} {}", json!(values))
}

/// Edits made apart, each place on top of what it has: the changes, and which words nobody wrote over on purpose.
fn edits_apart(
    dice: &mut Dice,
    places: &mut [Place],
    changes: &mut Vec<Vec<u8>>,
) -> BTreeSet<String> {
    let mut alive: BTreeSet<String> = BTreeSet::new();
    for _ in 0..10 {
        let place = &mut places[dice.below(3)];
        let word = format!("w{}", dice.below(1_000_000));
        let ward = WardId(dice.id(2)).to_string();
        let (draft, over) = match dice.below(4) {
            0 => (json!({ "bed": word }), place.body["bed"].clone()),
            1 => (
                json!({ "nationalId": word }),
                place.body["nationalId"].clone(),
            ),
            2 => (json!({ "ward": ward }), place.body["ward"].clone()),
            _ => (
                json!({ "telecom": [{ "id": place.body["telecom"][0]["id"], "value": word }] }),
                place.body["telecom"][0]["value"].clone(),
            ),
        };
        let edit = document::edit(
            Kind::Patient,
            &place.doc,
            &place.heads,
            &draft,
            &place.stamp,
        );
        let Some(edit) = edit.expect("its own document") else {
            continue;
        };
        // what its author saw and wrote over is history, not a loss
        alive.remove(over.as_str().unwrap_or_default());
        alive.insert(edit.writes[0].value.as_str().expect("a word").to_owned());
        changes.push(edit.change);
        (place.doc, place.heads, place.body) = (edit.doc, edit.heads, edit.body);
        if dice.below(4) == 0 {
            let some: Vec<Vec<u8>> = (0..4)
                .map(|_| changes[dice.below(changes.len())].clone())
                .collect();
            places[dice.below(3)].take(&some);
        }
    }
    alive
}

#[test]
fn every_place_has_the_same_items_and_no_value_is_absent() {
    let (mut open, mut settled) = (0, 0);
    for seed in seeds() {
        let mut dice = Dice::new(seed);
        let (mut places, mut changes) = begin(&mut dice);
        let alive = edits_apart(&mut dice, &mut places, &mut changes);
        for place in &mut places {
            let mut order = changes.clone();
            for at in (1..order.len()).rev() {
                order.swap(at, dice.below(at + 1));
            }
            // in pieces, as feeds bring them; what builds on others comes again
            for piece in order.chunks(3).chain([changes.as_slice()]) {
                place.take(piece);
            }
        }
        let record = RecordId(uuid::Uuid::from_u128(9));
        let items: Vec<Vec<Item>> = places
            .iter()
            .map(|place| read::items(Kind::Patient, record, &place.doc).expect("its own document"))
            .collect();
        assert!(items.iter().all(|of| *of == items[0]), "SEED={seed}");
        let kept = kept(&places[0].body, &items[0]);
        for word in &alive {
            assert!(
                kept.contains(word),
                "{word} is nowhere, SEED={seed}: {kept}"
            );
        }
        open += items[0]
            .iter()
            .filter(|item| item.settled.is_none())
            .count();
        settled += items[0]
            .iter()
            .filter(|item| item.settled.is_some())
            .count();
    }
    assert!(
        open > 100 && settled > 10,
        "{open} open, {settled} settled: too few to show anything"
    );
}
