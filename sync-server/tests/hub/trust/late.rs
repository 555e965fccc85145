//! T6, S7: what is written after a desk was stopped, or after its author left, is looked at; what was written before is theirs.

use crate::desk::{Desk, Made, codes};
use crate::trust::hub;
use serde_json::json;
use shared::document::{self, Stamp};
use shared::ids::RecordId;
use shared::orders::Order;
use shared::record::Kind;
use shared::sync::waybill::{self, Waybill, signed_path};
use shared::sync::wire::{self, PushAnswer, Verdict};
use sync_server::services::orders::{IsActive, order, set_active};
use sync_server::testing::TestHub;
use sync_server::world;

const HOUR_MS: i64 = 3_600_000;

/// A patient written so long ago, by the desk's clock.
fn written(desk: &Desk, ago_ms: i64) -> Made {
    let stamp = Stamp {
        now: shared::clock::Now(world::now().0 - ago_ms),
        ..desk.stamp()
    };
    let draft =
        json!({ "name": [{ "family": "Unsent", "given": "Test" }], "ward": desk.enrolled.ward });
    Made {
        kind: Kind::Patient,
        id: RecordId(world::new_id()),
        edited: document::create(Kind::Patient, &draft, &stamp),
    }
}

/// Puts what happened two hours into the past, so that there is a before and an after.
async fn was_two_hours_ago(hub: &TestHub) {
    for statement in [
        "update device set ordered_at = ordered_at - interval '2 hours'",
        "update staff set left_at = left_at - interval '2 hours'",
        "update change set taken_at = taken_at - interval '3 hours'",
    ] {
        hub.as_owner(statement).await.expect("time goes back");
    }
}

/// What becomes of work from before and from after.
async fn check(hub: &TestHub, desk: &Desk, after: &str) {
    let (before, late) = (written(desk, 3 * HOUR_MS), written(desk, HOUR_MS));
    let verdicts = desk.push(vec![before.envelope(), late.envelope()]).await;
    assert_eq!(verdicts[0], Verdict::Taken, "{after}");
    assert_eq!(codes(&verdicts[1]), [after]);
    let kept: i64 = sqlx::query_scalar(
        "select count(*) from held_change where record = $1 and not is_final and taken_at is null",
    )
    .bind(late.id.0)
    .fetch_one(&hub.app.pool)
    .await
    .expect("a count");
    assert_eq!(kept, 1, "it is kept for a person");
}

#[tokio::test]
async fn work_from_after_a_stop_is_held_and_from_before_is_taken() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    order(&hub.app, desk.enrolled.device.0, Order::Suspend, None)
        .await
        .unwrap();
    was_two_hours_ago(&hub).await;
    // the stricter order comes later; it was stopped by the first
    order(
        &hub.app,
        desk.enrolled.device.0,
        Order::WipeAfterUpload,
        None,
    )
    .await
    .unwrap();
    check(&hub, &desk, "device.made_after_stop").await;

    let desk = Desk::new(&hub, hub.ward).await;
    set_active(&hub.app, "doctor", IsActive::No, None)
        .await
        .unwrap();
    was_two_hours_ago(&hub).await;
    check(&hub, &desk, "staff.made_after_leaving").await;
}

#[tokio::test]
async fn who_comes_back_may_go_on() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    for is_active in [IsActive::No, IsActive::Yes] {
        set_active(&hub.app, "doctor", is_active, None)
            .await
            .unwrap();
    }
    for ordered in [Order::Suspend, Order::Active] {
        order(&hub.app, desk.enrolled.device.0, ordered, None)
            .await
            .unwrap();
    }
    let verdicts = desk.push(vec![written(&desk, 0).envelope()]).await;
    assert_eq!(verdicts, [Verdict::Taken]);
}

#[tokio::test]
async fn what_builds_on_newer_work_of_others_is_not_older_than_that() {
    let hub = hub().await;
    let (desk, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    set_active(&hub.app, "nurse", IsActive::No, None)
        .await
        .unwrap();
    was_two_hours_ago(&hub).await;
    let newer = other.patient("Newer");
    assert_eq!(other.push(vec![newer.envelope()]).await, [Verdict::Taken]);
    let stamp = Stamp {
        staff: hub.nurse,
        now: shared::clock::Now(world::now().0 - 3 * HOUR_MS),
        ..desk.stamp()
    };
    let draft = json!({ "notes": "back-dated" });
    let edited = document::edit(
        newer.kind,
        &newer.edited.doc,
        &newer.edited.heads,
        &draft,
        &stamp,
    );
    let backdated = Made {
        kind: newer.kind,
        id: newer.id,
        edited: edited.expect("the version is there").expect("it differs"),
    };
    let verdicts = desk.push(vec![backdated.envelope()]).await;
    assert_eq!(codes(&verdicts[0]), ["staff.made_after_leaving"]);
}

#[tokio::test]
async fn a_desk_whose_clock_is_wrong_is_asked_by_how_much() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    order(
        &hub.app,
        desk.enrolled.device.0,
        Order::WipeAfterUpload,
        None,
    )
    .await
    .unwrap();
    was_two_hours_ago(&hub).await;
    // its clock is four hours ahead: what it wrote three hours ago it dates an hour from now
    let made = written(&desk, -HOUR_MS);
    let body = wire::encode(&desk.push_of(vec![made.envelope()]));
    let waybill = Waybill {
        org: hub.app.authority.digest(),
        device: desk.enrolled.device,
        incarnation: desk.incarnation,
        dseq: 1,
        prev: [0; 32],
        sent_at_ms: world::now().0 + 4 * HOUR_MS,
        boot_ms: 1,
        run: 1,
        is_settled: true,
        anchor_ms: world::now().0,
        body: <sha2::Sha256 as sha2::Digest>::digest(&body).into(),
    };
    let (path, text) = ("/sync/v1/push", waybill.text());
    let header = wire::sign(
        &desk.key,
        desk.enrolled.device,
        "POST",
        &signed_path(path, &text),
        world::now().0,
        &body,
    );
    let more = [(waybill::HEADER, text.as_str())];
    let answer = desk
        .send_with(reqwest::Method::POST, path, Some(header), body, &more)
        .await;
    assert_eq!(answer.frame::<PushAnswer>().verdicts, [Verdict::Taken]);
}
