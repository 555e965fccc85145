//! T46: a ward that a patient left forgets them after a week, and loses nobody's work by it.

use crate::desk::{Desk, codes};
use crate::real::RealDesk;
use crate::trust;
use replica::Courier;
use serde_json::json;
use shared::clock::Now;
use shared::document::{self, Stamp};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::digest::Digest;
use shared::sync::leaving::KEEP_MS;
use shared::sync::wire::{FeedItem, Verdict};
use sync_server::sync::leaving::sweep;
use sync_server::testing::TestHub;
use sync_server::world;

const MINUTE_MS: i64 = 60_000;

/// A patient of the first ward whom a real desk there has, and who went to the other ward just now.
async fn moved(hub: &TestHub, desk: &RealDesk) -> RecordId {
    let id = RecordId(world::new_id());
    let draft = json!({ "name": [{ "family": "Leaving" }], "ward": hub.ward });
    let base = desk.save(id, None, draft).expect("saved");
    Courier::round(&desk.replica).await.expect("taken");
    let gone = json!({ "ward": hub.other_ward });
    desk.save(id, Some(base), gone).expect("moved");
    Courier::round(&desk.replica).await.expect("taken");
    id
}

fn has(desk: &RealDesk, id: RecordId) -> bool {
    let row = desk.replica.row(Kind::Patient, id).expect("readable");
    let found = desk.replica.search("leaving", 5).expect("readable");
    assert_eq!(row.is_some(), !found.is_empty(), "both or neither");
    row.is_some()
}

/// Says what the hub and the desk hold of the ward.
async fn agree(hub: &TestHub, desk: &RealDesk) {
    let other = Desk::new(hub, hub.ward).await;
    let theirs: Digest = other.get("/sync/v1/digest").await.json();
    assert_eq!(desk.replica.digest().expect("readable"), theirs);
}

/// Notes that it left, and comes back after a week.
async fn a_week_later(hub: &TestHub) -> u64 {
    let now = world::now().0;
    assert_eq!(sweep(&hub.app, Now(now)).await.expect("swept"), 0);
    let early = sweep(&hub.app, Now(now + KEEP_MS - MINUTE_MS)).await;
    assert_eq!(early.expect("swept"), 0, "a week is a week");
    sweep(&hub.app, Now(now + KEEP_MS)).await.expect("swept")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ward_forgets_who_went_to_another_and_gets_them_whole_when_they_come_back() {
    let hub = trust::hub().await;
    let desk = RealDesk::new(&hub, &hub.url(), hub.ward).await;
    let there = RealDesk::new(&hub, &hub.url(), hub.other_ward).await;
    let id = moved(&hub, &desk).await;
    assert!(has(&desk, id));
    assert_eq!(a_week_later(&hub).await, 1);
    Courier::round(&desk.replica).await.expect("heard");
    assert!(!has(&desk, id));
    agree(&hub, &desk).await;
    // a desk that is loaded now never sees them
    let new = RealDesk::new(&hub, &hub.url(), hub.ward).await;
    Courier::round(&new.replica).await.expect("loaded");
    assert!(!has(&new, id));

    Courier::round(&there.replica).await.expect("heard");
    let base = there.replica.row(Kind::Patient, id).unwrap().unwrap().heads;
    let draft = json!({ "ward": hub.ward, "notes": "came back" });
    there.save(id, Some(base), draft).expect("saved");
    Courier::round(&there.replica).await.expect("taken");
    Courier::round(&desk.replica).await.expect("heard");
    assert!(has(&desk, id));
    let row = desk.replica.row(Kind::Patient, id).unwrap().unwrap();
    assert_eq!(row.body["notes"], "came back");
    agree(&hub, &desk).await;
    // and may leave again: now the other ward is the one that forgets
    assert_eq!(a_week_later(&hub).await, 1);
    Courier::round(&there.replica).await.expect("heard");
    assert!(!has(&there, id) && has(&desk, id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_to_come_keeps_a_chart_and_so_does_coming_back_in_time() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Visiting");
    let visit = desk.appointment(&hub, patient.id, hub.ward, "2090-01-02T09:00:00Z");
    let gone = desk.edit(&patient, &json!({ "ward": hub.other_ward }));
    let all = [&patient, &visit, &gone]
        .map(|made| made.envelope())
        .to_vec();
    assert_eq!(desk.push(all).await, [const { Verdict::Taken }; 3]);
    assert_eq!(a_week_later(&hub).await, 0, "somebody expects them");

    let other = desk.patient("Returning");
    let gone = desk.edit(&other, &json!({ "ward": hub.other_ward }));
    let all = [&other, &gone].map(|made| made.envelope()).to_vec();
    desk.push(all).await;
    let now = world::now().0;
    sweep(&hub.app, Now(now)).await.unwrap();
    let back = desk.edit(&gone, &json!({ "ward": hub.ward }));
    desk.push(vec![back.envelope()]).await;
    let swept = sweep(&hub.app, Now(now + KEEP_MS)).await.unwrap();
    assert_eq!(swept, 0, "the push has the last word");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_from_before_a_ward_forgot_still_counts_and_shows_it_nothing_again() {
    let hub = trust::hub().await;
    let desk = RealDesk::new(&hub, &hub.url(), hub.ward).await;
    let id = moved(&hub, &desk).await;
    let base = desk.replica.row(Kind::Patient, id).unwrap().unwrap().heads;
    // written without the network, before anybody forgot anything
    let draft = json!({ "notes": "written in the cellar" });
    desk.save(id, Some(base), draft).expect("saved");
    assert_eq!(a_week_later(&hub).await, 1);
    Courier::round(&desk.replica).await.expect("taken");
    Courier::round(&desk.replica).await.expect("heard");
    assert!(!has(&desk, id));
    let notes: String = sqlx::query_scalar("select body->>'notes' from record where id = $1")
        .bind(id.0)
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(notes, "written in the cellar");
    agree(&hub, &desk).await;
}

#[tokio::test]
async fn what_is_written_after_a_ward_forgot_is_looked_at() {
    let hub = trust::hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Leaving");
    let gone = desk.edit(&patient, &json!({ "ward": hub.other_ward }));
    desk.push(vec![patient.envelope(), gone.envelope()]).await;
    let ago = world::now().0 - KEEP_MS - 60 * MINUTE_MS;
    sweep(&hub.app, Now(ago)).await.unwrap();
    assert_eq!(sweep(&hub.app, Now(ago + KEEP_MS)).await.unwrap(), 1);
    let items = desk.feed(0).await.items;
    assert!(matches!(items.last(), Some(FeedItem::Forget { record, .. }) if *record == patient.id));
    let edit = |at_ms: i64| {
        let stamp = Stamp {
            now: Now(at_ms),
            ..desk.stamp()
        };
        let draft = json!({ "notes": "from afar" });
        let (doc, heads) = (&gone.edited.doc, &gone.edited.heads);
        document::edit(gone.kind, doc, heads, &draft, &stamp)
            .expect("the version is there")
            .expect("it differs")
            .change
    };
    let envelope = |change| shared::sync::wire::Envelope {
        change,
        ..gone.envelope()
    };
    let now = world::now().0;
    let late = desk.push(vec![envelope(edit(now))]).await;
    assert_eq!(codes(&late[0]), ["record.left"], "kept for a person");
}
