//! What a desk says of its copy after it compared it with what the hub holds.

use super::exchange::{desk_of, elsewhere, round};
use super::stand_in::start;
use super::*;
use crate::exchange::{Outcome, compare_if_due};
use shared::sync::digest::Digest;

const DAY_MS: i64 = 86_400_000;

/// Has a desk compare that did so a day ago; returns whether it found the same, how many records, and the digest it said.
async fn compared(theirs: impl FnOnce(&Digest) -> Digest) -> (bool, u32, bool) {
    let (hub, address) = start();
    let other = elsewhere(&hub, 3);
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    let whole = other.replica.digest().unwrap();
    hub.ward.lock().unwrap().digest = theirs(&whole);
    desk.replica.status().unwrap();
    desk.replica
        .write(Lasting::Yes, |db| {
            meta::COMPARED.set(db, &(desk.replica.now().0 - DAY_MS - 1))
        })
        .unwrap();
    let found = compare_if_due(&desk.replica, &desk.replica.hub().unwrap())
        .await
        .unwrap();
    if found == Outcome::Done {
        round(&desk).await.unwrap();
    }
    let said = hub
        .ward
        .lock()
        .unwrap()
        .report
        .clone()
        .expect("it says how it is");
    assert!(said.free_mb.is_some(), "{said:?}");
    let copy = said.copy.expect("it says what it found");
    (copy.is_same, copy.records, copy.digest == whole.short())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_says_what_it_found_when_it_compared_its_copy() {
    assert_eq!(compared(Digest::clone).await, (true, 3, true));
    assert_eq!(
        compared(|_| Digest::default()).await,
        (false, 3, true),
        "before it loads anew"
    );
}
