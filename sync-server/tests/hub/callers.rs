//! Who may call: known devices, with a signature over just this call.

use crate::desk::{Desk, new_key};
use reqwest::{Method, StatusCode};
use shared::ids::DeviceId;
use shared::sync::wire::{self, SIGNED_WITHIN_MS, Verdict};
use sync_server::testing::TestHub;
use sync_server::world;

#[tokio::test]
async fn only_a_known_device_that_signed_just_this_call_is_heard() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let (path, now, id) = (
        "/sync/v1/feed?after=0",
        world::now().0,
        desk.enrolled.device,
    );
    let check = async |header: Option<String>, path: &str, status: StatusCode, code: &str| {
        let answer = desk.send(Method::GET, path, header, Vec::new()).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    };
    let sign = |key, id, method, path, at| Some(wire::sign(key, id, method, path, at, b""));
    let (signed_out, other_key) = (StatusCode::UNAUTHORIZED, new_key());
    check(None, path, signed_out, "device.signature").await;
    check(
        Some("Bearer x".into()),
        path,
        signed_out,
        "device.signature",
    )
    .await;
    check(
        sign(&other_key, id, "GET", path, now),
        path,
        signed_out,
        "device.signature",
    )
    .await;
    check(
        sign(&desk.key, id, "POST", path, now),
        path,
        signed_out,
        "device.signature",
    )
    .await;
    check(
        sign(&desk.key, id, "GET", path, now),
        "/sync/v1/feed?after=1",
        signed_out,
        "device.signature",
    )
    .await;
    check(
        sign(&desk.key, DeviceId(world::new_id()), "GET", path, now),
        path,
        signed_out,
        "device.unknown",
    )
    .await;
    check(
        sign(&desk.key, id, "GET", path, now - SIGNED_WITHIN_MS - 60_000),
        path,
        signed_out,
        "device.clock",
    )
    .await;
}

#[tokio::test]
async fn a_desk_whose_clock_is_wrong_by_two_hours_is_heard() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let (path, at) = ("/sync/v1/feed?after=0", world::now().0 - 7_200_000);
    let header = wire::sign(&desk.key, desk.enrolled.device, "GET", path, at, b"");
    let answer = desk.send(Method::GET, path, Some(header), Vec::new()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_signature_covers_the_body_and_a_call_that_is_repeated_has_no_effect() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let body = wire::encode(&desk.push_of(vec![desk.patient("A").envelope()]));
    let other = wire::encode(&desk.push_of(vec![desk.patient("B").envelope()]));
    let header = wire::sign(
        &desk.key,
        desk.enrolled.device,
        "POST",
        "/sync/v1/push",
        world::now().0,
        &body,
    );
    let send = async |body: &Vec<u8>| {
        desk.send(
            Method::POST,
            "/sync/v1/push",
            Some(header.clone()),
            body.clone(),
        )
        .await
    };
    assert_eq!(send(&other).await.code(), "device.signature");
    assert_eq!(
        send(&body).await.frame::<wire::PushAnswer>().verdicts,
        [Verdict::Taken]
    );
    assert_eq!(
        send(&body).await.frame::<wire::PushAnswer>().verdicts,
        [Verdict::Had]
    );
}

#[tokio::test]
async fn a_device_that_was_revoked_is_told_so_and_gets_nothing() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let envelope = desk.patient("A").envelope();
    sqlx::query("update device set revoked_at = now() where id = $1")
        .bind(desk.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .unwrap();
    for path in [
        "/sync/v1/feed",
        "/sync/v1/live",
        "/sync/v1/bootstrap",
        "/sync/v1/reference",
        "/sync/v1/digest",
    ] {
        let answer = desk.get(path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "device.revoked"),
            "{path}"
        );
    }
    let answer = desk
        .call(
            Method::POST,
            "/sync/v1/push",
            wire::encode(&desk.push_of(vec![envelope])),
        )
        .await;
    assert_eq!(answer.code(), "device.revoked");
}

#[tokio::test]
async fn a_device_speaks_only_for_itself() {
    let hub = TestHub::start().await;
    let (desk, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    let push = other.push_of(vec![other.patient("A").envelope()]);
    let answer = desk
        .call(Method::POST, "/sync/v1/push", wire::encode(&push))
        .await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::FORBIDDEN, "device.other")
    );
}
