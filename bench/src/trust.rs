//! What it costs not to believe what desks send.

use crate::device::{Made, now};
use crate::figures::{Figures, median};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use shared::access::{Actor, Role};
use shared::document::{self, Clock, Heads, Stamp};
use shared::ids::{DeviceId, StaffId, WardId};
use shared::record::Kind;
use shared::sync::follow::{self, Saved, Stored};
use shared::sync::judge::{Author, Judged, inspect, is_timely};
use shared::sync::{guard, judge};
use std::hint::black_box;
use std::time::{Duration, Instant};
use uuid::Uuid;

const EDITS: usize = 500;
const ROUNDS: usize = 20;

/// An edit of one field as it arrives, and the record it is for.
struct Arrived {
    tail: Vec<u8>,
    body: Value,
    heads: Heads,
    clock: Clock,
    change: Vec<u8>,
}

impl Arrived {
    fn stored(&self) -> Stored<'_> {
        Stored {
            saved: Saved::Tail(&self.tail),
            body: &self.body,
            heads: &self.heads,
            clock: &self.clock,
            conflicts: 0,
        }
    }
}

/// Compares what the hub does with an honest push of one-field edits, on one thread and without its database, with the
/// same less stages three to seven. *With*: measuring each change before it is unpacked, unpacking and reading it, order,
/// permission for every operation, soundness of the record, and adding it to the record with its clock, keys of the log
/// aside. *Without*: unpacking, reading and adding alone. What both do besides (signature, frame, PostgreSQL) would
/// only bring the ratio nearer to one.
pub(crate) fn cost(patients: &[Made], size: usize, figures: &mut Figures) -> Result<()> {
    let stamp = Stamp {
        staff: StaffId(Uuid::from_u128(1)),
        now: now(),
        device: 7,
        incarnation: 0,
    };
    let some: Result<Vec<Arrived>> = patients
        .iter()
        .take(EDITS)
        .map(|made| arrived(made, &stamp))
        .collect();
    let some = some?;
    ensure!(!some.is_empty(), "there are patients");
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with.push(judged(&some, &stamp)?);
        without.push(believed(&some)?);
    }
    let (with, without) = (median(&mut with), median(&mut without));
    let each = |seconds: f64| seconds / some.len() as f64 * 1e6;
    figures.add("trust_judged_us", size, each(with), "µs");
    figures.add("trust_believed_us", size, each(without), "µs");
    figures.add("trust_cost_ratio", size, with / without, "ratio");
    Ok(())
}

fn arrived(made: &Made, stamp: &Stamp) -> Result<Arrived> {
    let kind = Kind::Patient;
    let merged = document::merge(kind, Some(&made.doc), &[])?;
    let draft = json!({ "bed": "T-1" });
    let edited = document::edit(kind, &made.doc, &made.heads, &draft, stamp)?;
    Ok(Arrived {
        tail: Vec::new(),
        body: merged.body,
        heads: merged.heads,
        clock: merged.clock,
        change: edited.context("the bed is another one")?.change,
    })
}

/// Returns how long a hub takes that judges.
fn judged(some: &[Arrived], stamp: &Stamp) -> Result<Duration> {
    let id = Uuid::from_u128(1);
    let actor = Actor {
        staff: stamp.staff,
        roles: vec![Role::Nurse],
        ward: WardId(id),
        device: DeviceId(id),
    };
    let today = jiff::civil::date(2027, 3, 1);
    let begun = now_exactly();
    for one in some {
        let seen = inspect(&one.change).map_err(|problem| anyhow::anyhow!(problem.code))?;
        ensure!(is_timely(seen.at_s, stamp.now.seconds()), "made just now");
        let author = Author::own(&actor, stamp.device);
        let judged = follow::judge(Kind::Patient, &one.stored(), &seen, author, today);
        ensure!(
            matches!(black_box(judged), Some(Judged::Taken(_))),
            "an honest edit is taken the short way"
        );
    }
    Ok(begun.elapsed())
}

/// Returns how long one would take that believes everything.
fn believed(some: &[Arrived]) -> Result<Duration> {
    let mut apart = Duration::ZERO;
    let begun = now_exactly();
    for one in some {
        let measuring = now_exactly();
        // part of reading, and taken off again
        black_box(guard::guard(&one.change)).map_err(|problem| anyhow::anyhow!(problem.code))?;
        apart += 2 * measuring.elapsed();
        let seen = judge::inspect(&one.change).map_err(|problem| anyhow::anyhow!(problem.code))?;
        let added = follow::apply(Kind::Patient, &one.stored(), &seen);
        ensure!(black_box(added).is_some(), "it follows directly");
    }
    Ok(begun.elapsed().saturating_sub(apart))
}

/// Reads the clock that only counts.
fn now_exactly() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::RecordId;
    use shared::sample::{Dice, patient};

    #[test]
    fn what_distrust_costs_can_be_measured() {
        let (mut dice, ward) = (Dice::new(1), WardId(Uuid::from_u128(2)));
        let stamp = Stamp {
            staff: StaffId(Uuid::from_u128(3)),
            now: now(),
            device: 9,
            incarnation: 0,
        };
        let make = |dice: &mut Dice| {
            let draft = patient(dice, 10_000_001, ward);
            let edited = document::create(Kind::Patient, &draft, &stamp);
            Made {
                id: RecordId(dice.id(1)),
                doc: edited.doc,
                heads: edited.heads,
            }
        };
        let patients: Vec<Made> = (0..50).map(|_| make(&mut dice)).collect();
        cost(&patients, 50, &mut Figures::default()).expect("it is measured");
    }
}
