//! The first load: everything up to a place, in pieces that can be fetched again.

use crate::desk::{Desk, Made};
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::sync::wire::{Hash, Manifest, Segment, Verdict};
use std::collections::BTreeSet;
use sync_server::testing::TestHub;

async fn fill(desk: &Desk, count: usize) -> Vec<Made> {
    let made: Vec<Made> = (0..count).map(|n| desk.patient(&format!("P{n}"))).collect();
    for some in made.chunks(500) {
        let verdicts = desk.push(some.iter().map(Made::envelope).collect()).await;
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Taken));
    }
    made
}

#[tokio::test]
async fn a_first_load_holds_the_ward_up_to_its_place_and_can_be_resumed() {
    let hub = TestHub::start().await;
    let (desk, elsewhere) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let made = fill(&desk, 1_100).await;
    fill(&elsewhere, 3).await;
    let manifest: Manifest = desk.get("/sync/v1/bootstrap").await.frame();
    assert_eq!(
        (manifest.upto, manifest.records, manifest.segments.len()),
        (1_100, 1_100, 2)
    );
    // changed after the snapshot was made: comes by the feed
    let later = desk.edit(&made[0], &json!({ "bed": "A-1" }));
    desk.push(vec![later.envelope()]).await;
    let mut ids = BTreeSet::new();
    // backwards, and one of them twice, as after a broken line
    for number in [1, 0, 1] {
        let answer = desk
            .get(&format!(
                "/sync/v1/bootstrap/{}/{number}",
                manifest.snapshot
            ))
            .await;
        let (hash, length) = manifest.segments[number];
        assert_eq!(Hash::from(Sha256::digest(&answer.body)), hash);
        assert_eq!(answer.body.len(), length as usize);
        for record in answer.frame::<Segment>().records {
            let body: serde_json::Value = serde_json::from_str(&record.body).unwrap();
            let merged =
                shared::document::merge(shared::record::Kind::Patient, Some(&record.doc), &[])
                    .unwrap();
            assert_eq!(body, merged.body);
            assert_eq!(record.changed_by, Some(hub.doctor));
            ids.insert(record.id);
        }
    }
    assert_eq!(ids, made.iter().map(|made| made.id).collect());
    let feed = desk.feed(manifest.upto).await;
    assert_eq!(feed.items.len(), 1);
    // few changes: the same again; in another ward it cannot be read
    assert_eq!(
        desk.get("/sync/v1/bootstrap")
            .await
            .frame::<Manifest>()
            .snapshot,
        manifest.snapshot
    );
    let answer = elsewhere
        .get(&format!("/sync/v1/bootstrap/{}/0", manifest.snapshot))
        .await;
    assert_eq!(answer.code(), "snapshot.gone");
}

#[tokio::test]
async fn a_first_load_is_made_anew_when_much_has_changed_and_two_are_kept() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut snapshots = Vec::new();
    for _ in 0..3 {
        fill(&desk, 250).await;
        let (one, other) = futures::join!(
            desk.get("/sync/v1/bootstrap"),
            desk.get("/sync/v1/bootstrap")
        );
        let (one, other): (Manifest, Manifest) = (one.frame(), other.frame());
        assert_eq!(
            one.snapshot, other.snapshot,
            "two desks at once wait for one"
        );
        snapshots.push(one.snapshot);
    }
    let get = async |snapshot: u64| {
        desk.get(&format!("/sync/v1/bootstrap/{snapshot}/0"))
            .await
            .status
            .as_u16()
    };
    assert_eq!(
        [
            get(snapshots[0]).await,
            get(snapshots[1]).await,
            get(snapshots[2]).await
        ],
        [404, 200, 200]
    );
}

#[tokio::test]
async fn an_empty_ward_has_an_empty_first_load() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let manifest: Manifest = desk.get("/sync/v1/bootstrap").await.frame();
    assert_eq!(
        (manifest.upto, manifest.records, manifest.segments.len()),
        (0, 0, 0)
    );
}
