//! Visits that are over are listed until somebody says what became of them.

use super::booking::{book, change, desk, ms, on, visit};
use super::{Desk, record, ward};
use crate::{Options, Replica};
use serde_json::json;
use shared::clock::Now;
use shared::ids::RecordId;
use std::sync::Arc;

/// The same desk at another time.
fn at(desk: Desk, now_ms: i64) -> Desk {
    let Desk {
        replica,
        dir,
        actor,
    } = desk;
    drop(replica);
    let options = Options {
        dir: dir.path().to_owned(),
        key: [7; 32],
        hub: None,
    };
    let replica = Replica::open_at(&options, Arc::new(move || Now(now_ms))).expect("it opens");
    Desk {
        replica,
        dir,
        actor,
    }
}

fn listed(desk: &Desk) -> Vec<RecordId> {
    let visits = desk.replica.unresolved(ward()).expect("readable");
    assert!(visits.iter().all(|visit| visit.patient.is_some()));
    visits.iter().map(|visit| visit.appointment.id).collect()
}

#[test]
fn a_visit_is_listed_from_its_end_until_somebody_closes_it() {
    let desk = desk(&[]);
    let (first, second) = (on(2, "10:00"), on(2, "11:00"));
    let later = book(&desk, 51, visit(11, &second)).expect("booked");
    let early = book(&desk, 50, visit(10, &first)).expect("booked");
    assert_eq!(listed(&desk), []);
    let desk = at(desk, ms(&on(2, "10:30")) - 1);
    assert_eq!(listed(&desk), []);
    let desk = at(desk, ms(&on(2, "12:00")));
    assert_eq!(listed(&desk), [early.id, later.id]);
    assert_eq!(listed(&desk)[0], record(50));
    // who came is with the doctor, perhaps for long, and forgotten by tomorrow
    let came = change(&desk, &later, json!({ "status": "arrived" })).expect("saved");
    assert_eq!(listed(&desk), [early.id]);
    change(&desk, &early, json!({ "status": "noshow" })).expect("saved");
    assert_eq!(listed(&desk), []);
    let desk = at(desk, ms(&on(3, "08:00")));
    assert_eq!(listed(&desk), [later.id]);
    change(&desk, &came, json!({ "status": "fulfilled" })).expect("saved");
    assert_eq!(listed(&desk), []);
}
