//! What was held is kept whole until a person decides, and its author hears of it.

use crate::desk::{Desk, codes};
use crate::real::RealDesk;
use crate::trust::{desk_of, hub, people};
use replica::{Courier, Replica};
use serde_json::json;
use shared::access::Role;
use shared::console::HeldState;
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::wire::{Decided, FeedItem, Verdict, hex};
use sync_server::sync::held::{IncludeDecided, Released, list, refuse, release, show};
use sync_server::testing::TestHub;
use sync_server::world;

const REVIEWER: &str = "one manager";

#[tokio::test]
async fn what_was_held_is_shown_whole_and_let_in() {
    let hub = hub().await;
    people(&hub).await;
    let desk = desk_of(&hub, hub.ward, hub.receptionist).await;
    let reader = Desk::new(&hub, hub.ward).await;
    let patient = desk.patient("Held");
    assert_eq!(desk.push(vec![patient.envelope()]).await, [Verdict::Taken]);
    let blood = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
    assert_eq!(
        codes(&desk.push(vec![blood.envelope()]).await[0]),
        ["not_allowed"]
    );
    let lines = list(&hub.app, IncludeDecided::No).await.unwrap();
    let name = hex(&blood.edited.hash);
    assert_eq!(
        lines.iter().map(|line| &line.hash).collect::<Vec<_>>(),
        [&name]
    );
    let whole = show(&hub.app, &name[..8]).await.unwrap();
    assert_eq!(whole.bytes, hex(&blood.edited.change));
    assert_eq!(
        (whole.writes[0].path.as_str(), &whole.writes[0].value),
        ("bloodGroup", &json!("A+"))
    );

    // nobody but a clinical manager decides
    for role in ["one doctor", "one admin", "one auditor", "reception"] {
        assert_eq!(
            release(&hub.app, &name, role).await.unwrap_err().code(),
            "not_allowed"
        );
    }
    assert_eq!(
        release(&hub.app, &name, "nobody").await.unwrap_err().code(),
        "staff.unknown"
    );
    assert_eq!(
        release(&hub.app, "abcdef0123", REVIEWER)
            .await
            .unwrap_err()
            .code(),
        "held.gone"
    );

    let place = reader.feed(0).await.to;
    assert_eq!(
        release(&hub.app, &name[..8], REVIEWER).await.unwrap(),
        Released::Taken
    );
    let news = reader.feed(place).await.items;
    assert!(
        matches!(&news[..], [FeedItem::Change { change, .. }] if *change == blood.edited.change)
    );
    // its own desk gets it as well: it had taken it out
    assert_eq!(desk.feed(place).await.items, news);
    assert_eq!(
        release(&hub.app, &name, REVIEWER).await.unwrap_err().code(),
        "held.decided"
    );
    assert!(list(&hub.app, IncludeDecided::No).await.unwrap().is_empty());
    let told: Vec<Decided> = desk.get("/sync/v1/held").await.json();
    assert!(matches!(&told[..], [one] if one.hash == name && one.is_released));
    assert_eq!(
        reader.get("/sync/v1/held").await.json::<Vec<Decided>>(),
        [],
        "only its own desk"
    );
}

#[tokio::test]
async fn what_is_unsound_stays_out_whoever_lets_it_in() {
    let hub = hub().await;
    people(&hub).await;
    let desk = Desk::new(&hub, hub.ward).await;
    let nameless = desk.make(Kind::Patient, &json!({ "bed": "A-1" }));
    desk.push(vec![nameless.envelope()]).await;
    let name = hex(&nameless.edited.hash);
    let released = release(&hub.app, &name, REVIEWER).await.unwrap();
    assert!(
        matches!(released, Released::NotYet(problems) if problems[0].code == "patient.name_required")
    );
    // and it still waits
    assert_eq!(list(&hub.app, IncludeDecided::No).await.unwrap().len(), 1);
    refuse(&hub.app, &name, REVIEWER, " ").await.unwrap_err();
    refuse(&hub.app, &name, REVIEWER, "Nobody has no name")
        .await
        .unwrap();
    let told: Vec<Decided> = desk.get("/sync/v1/held").await.json();
    assert_eq!(
        (told[0].is_released, told[0].reason.as_str()),
        (false, "Nobody has no name")
    );
    assert_eq!(
        list(&hub.app, IncludeDecided::Yes).await.unwrap()[0].state,
        HeldState::Refused
    );
}

#[tokio::test]
async fn what_somebody_wrote_again_waits_for_nobody() {
    let hub = hub().await;
    let mut desk = desk_of(&hub, hub.ward, hub.receptionist).await;
    let patient = desk.patient("Again");
    desk.push(vec![patient.envelope()]).await;
    let blood = desk.edit(&patient, &json!({ "bloodGroup": "A+" }));
    let birth = desk.edit(&patient, &json!({ "bloodGroup": "B+" }));
    desk.push(vec![blood.envelope()]).await;
    desk.incarnation += 1;
    desk.push(vec![birth.envelope()]).await;
    let waiting = list(&hub.app, IncludeDecided::No).await.unwrap();
    assert!(!waiting.is_empty());
    // a doctor puts it right
    desk.staff = hub.doctor;
    desk.incarnation += 1;
    let again = desk.edit(&patient, &json!({ "bloodGroup": "A+", "bed": "A-1" }));
    assert_eq!(desk.push(vec![again.envelope()]).await, [Verdict::Taken]);
    let all = list(&hub.app, IncludeDecided::Yes).await.unwrap();
    let state = |hash| {
        all.iter()
            .find(|line| line.hash == hex(hash))
            .unwrap()
            .state
    };
    assert_eq!(state(&blood.edited.hash), HeldState::Resent);
    assert_ne!(
        state(&birth.edited.hash),
        HeldState::Resent,
        "that says something else"
    );
    people(&hub).await;
    let late = release(&hub.app, &hex(&blood.edited.hash), REVIEWER).await;
    assert_eq!(late.unwrap_err().code(), "held.decided");
}

/// A real desk with somebody who became a clerk while it was offline.
struct Clerk(RealDesk);

impl Clerk {
    async fn new(hub: &TestHub) -> Self {
        let mut desk = RealDesk::beside(hub).await;
        desk.actor.staff = hub.nurse;
        desk.actor.roles = vec![Role::Nurse];
        Courier::round(&desk.replica).await.expect("it works");
        Self(desk)
    }

    fn replica(&self) -> &Replica {
        &self.0.replica
    }

    fn save(&self, id: RecordId, draft: serde_json::Value) {
        let row = self.replica().row(Kind::Patient, id).expect("it works");
        let saved = self.0.save(id, row.map(|row| row.heads), draft);
        saved.expect("it is sound");
    }

    fn body(&self, id: RecordId) -> serde_json::Value {
        self.replica()
            .row(Kind::Patient, id)
            .expect("it works")
            .expect("it is here")
            .body
    }
}

async fn role_at_the_hub(hub: &TestHub, role: &str) {
    sqlx::query("update staff set roles = array[$2] where id = $1")
        .bind(hub.nurse.0)
        .bind(role)
        .execute(&hub.app.pool)
        .await
        .expect("the hub answers");
}

async fn only_held(hub: &TestHub) -> String {
    let mut lines = list(&hub.app, IncludeDecided::No).await.expect("it works");
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0).hash
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_hears_of_a_release_and_later_edits_survive() {
    let hub = hub().await;
    people(&hub).await;
    let desk = Clerk::new(&hub).await;
    let id = RecordId(world::new_id());
    desk.save(
        id,
        json!({ "name": [{ "family": "Author" }], "ward": hub.ward }),
    );
    Courier::round(desk.replica()).await.unwrap();
    role_at_the_hub(&hub, "reception").await;
    desk.save(id, json!({ "bloodGroup": "A+" }));
    desk.save(id, json!({ "bed": "A-7" }));
    let round = Courier::round(desk.replica()).await.unwrap();
    assert_eq!(round.held, 1);
    assert_eq!(
        (&desk.body(id)["bloodGroup"], &desk.body(id)["bed"]),
        (&json!(null), &json!("A-7"))
    );
    assert_eq!(desk.replica().held().unwrap().len(), 1);

    release(&hub.app, &only_held(&hub).await, REVIEWER)
        .await
        .unwrap();
    Courier::round(desk.replica()).await.unwrap();
    assert_eq!(desk.replica().held().unwrap(), []);
    assert_eq!(
        (&desk.body(id)["bloodGroup"], &desk.body(id)["bed"]),
        (&json!("A+"), &json!("A-7"))
    );
    let at_hub: serde_json::Value = sqlx::query_scalar("select body from record")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(at_hub, desk.body(id), "desk and hub hold the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_reads_why_it_was_refused() {
    let hub = hub().await;
    people(&hub).await;
    let desk = Clerk::new(&hub).await;
    let id = RecordId(world::new_id());
    desk.save(
        id,
        json!({ "name": [{ "family": "Author" }], "ward": hub.ward }),
    );
    Courier::round(desk.replica()).await.unwrap();
    role_at_the_hub(&hub, "reception").await;
    desk.save(id, json!({ "bloodGroup": "A+" }));
    Courier::round(desk.replica()).await.unwrap();
    refuse(
        &hub.app,
        &only_held(&hub).await,
        REVIEWER,
        "Ask the laboratory first",
    )
    .await
    .unwrap();
    for _ in 0..2 {
        Courier::round(desk.replica()).await.unwrap();
    }
    let held = desk.replica().held().unwrap();
    let codes: Vec<&str> = held[0]
        .problems
        .iter()
        .map(|problem| problem.code.as_str())
        .collect();
    assert_eq!(
        codes,
        ["not_allowed", "held.refused"],
        "told once, beside why it was held"
    );
    let said = &held[0].problems[1].with;
    assert_eq!(
        (said["reason"].as_str(), said["who"].as_str()),
        ("Ask the laboratory first", "one manager")
    );
    assert_eq!(
        held[0].draft["bloodGroup"], "A+",
        "what was typed is still there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_held_whole_comes_back_with_what_was_typed_after_it() {
    let hub = hub().await;
    people(&hub).await;
    let desk = Clerk::new(&hub).await;
    role_at_the_hub(&hub, "lab").await;
    let id = RecordId(world::new_id());
    desk.save(
        id,
        json!({ "name": [{ "family": "Whole" }], "bed": "A-1", "ward": hub.ward }),
    );
    desk.save(id, json!({ "bed": "A-2" }));
    Courier::round(desk.replica()).await.unwrap();
    assert!(
        desk.replica().row(Kind::Patient, id).unwrap().is_none(),
        "held whole"
    );
    role_at_the_hub(&hub, "nurse").await;
    release(&hub.app, &only_held(&hub).await, REVIEWER)
        .await
        .unwrap();
    for _ in 0..2 {
        Courier::round(desk.replica()).await.unwrap();
    }
    assert_eq!(desk.replica().held().unwrap(), []);
    assert_eq!(desk.body(id)["bed"], "A-2");
    let at_hub: serde_json::Value = sqlx::query_scalar("select body from record")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(at_hub["bed"], "A-2");
}
