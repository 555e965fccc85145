//! S7: what a desk gets that was stopped or is to be emptied, and how soon.

use crate::desk::{Desk, client};
use crate::trust;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::orders::{Order, STATUS, Status, StatusAsk, Wiped};
use shared::seal::{Sealed, public_key};
use shared::sync::wire::Verdict;
use sync_server::services::orders::{
    IsActive, order, set_active, set_idle_minutes, set_offline_hours,
};
use sync_server::testing::{PASSWORD, TestHub};

async fn status(desk: &Desk, ask: &StatusAsk) -> Status {
    let sealed: Sealed = desk.post("/identity/v1/status", ask).await.json();
    let key = public_key(&desk.enrolled.hub_key).expect("a key");
    let status: Status = sealed.open(&key, STATUS).expect("signed by the hub");
    assert!(status.answers(desk.enrolled.device, ask));
    status
}

fn ask(nonce: &str) -> StatusAsk {
    StatusAsk {
        nonce: nonce.into(),
        staff: Vec::new(),
    }
}

/// Every operation that a device may call, as the hub describes itself, with its path filled in.
async fn operations(hub: &TestHub) -> Vec<(Method, String)> {
    let answer = client().get(format!("{}/openapi.json", hub.url()));
    let document: Value = answer
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("an object") {
        for (method, operation) in methods.as_object().expect("an object") {
            if operation["security"][0]["device"].is_array() {
                let method =
                    Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
                let path = path.replace("{snapshot}", "1").replace("{segment}", "0");
                let query = match path.as_str() {
                    "/sync/v1/feed" | "/sync/v1/live" | "/sync/v1/lineage" => "?after=0",
                    "/sync/v1/standing" => "?incarnation=0&dseq=0",
                    _ => "",
                };
                found.push((method, format!("{path}{query}")));
            }
        }
    }
    assert!(found.len() >= 10, "{found:?}");
    found
}

#[tokio::test]
async fn a_stopped_desk_gets_its_orders_and_nothing_else() {
    let hub = trust::hub().await;
    let all = operations(&hub).await;
    for (ordered, code, may) in [
        (Order::Suspend, "device.suspended", &[][..]),
        (Order::WipeNow, "device.wiped", &[][..]),
        (
            Order::WipeAfterUpload,
            "device.wiped",
            &[
                "/sync/v1/push",
                "/sync/v1/emergency/openings",
                "/sync/v1/receipts",
                "/sync/v1/standing?incarnation=0&dseq=0",
                "/sync/v1/lineage?after=0",
                "/sync/v1/missing",
                "/sync/v1/audit",
                "/sync/v1/audit/key",
                "/identity/v1/certificate",
            ][..],
        ),
    ] {
        let desk = Desk::new(&hub, hub.ward).await;
        let device = desk.enrolled.device;
        order(&hub.app, device.0, ordered, None).await.unwrap();
        for (method, path) in &all {
            if ["/identity/v1/status", "/identity/v1/wiped"].contains(&path.as_str()) {
                continue;
            }
            let answer = desk.call(method.clone(), path, b"{}".to_vec()).await;
            if may.contains(&path.as_str()) {
                assert_ne!(answer.status, StatusCode::FORBIDDEN, "it may send: {path}");
            } else {
                let got = (answer.status, answer.code());
                assert_eq!(got, (StatusCode::FORBIDDEN, code.to_owned()), "{path}");
            }
        }
        assert_eq!(status(&desk, &ask("n")).await.order, ordered);
    }
}

#[tokio::test]
async fn a_desk_that_was_revoked_is_told_to_stop() {
    let hub = trust::hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    sqlx::query("update device set revoked_at = now() where id = $1")
        .bind(desk.enrolled.device.0)
        .execute(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(
        desk.get("/sync/v1/feed?after=0").await.code(),
        "device.revoked"
    );
    assert_eq!(status(&desk, &ask("n")).await.order, Order::Suspend);
}

#[tokio::test]
async fn an_order_reaches_a_desk_that_waits_for_news_at_once() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let begun = std::time::Instant::now();
    let waiting = desk.get("/sync/v1/live?after=0");
    let stopping = async {
        while hub.app.news.waiting(hub.ward) == 0 {
            assert!(begun.elapsed().as_secs() < 10, "the call should be waiting");
            tokio::task::yield_now().await;
        }
        order(&hub.app, desk.enrolled.device.0, Order::Suspend, None).await
    };
    let (answer, stopped) = futures::join!(waiting, stopping);
    stopped.unwrap();
    assert_eq!(answer.code(), "device.suspended");
    assert!(
        begun.elapsed().as_secs() < 15,
        "the call ends before its time"
    );
    order(&hub.app, desk.enrolled.device.0, Order::Active, None)
        .await
        .unwrap();
    assert_eq!(status(&desk, &ask("again")).await.order, Order::Active);
    assert_eq!(desk.feed(0).await.items.len(), 0, "and goes on");
}

#[tokio::test]
async fn what_was_unsent_is_taken_before_a_desk_is_emptied_and_then_it_is_known_no_more() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let wiped = Wiped {
        at_ms: 0,
        took_ms: 9,
    };
    let early = desk.post("/identity/v1/wiped", &wiped).await;
    assert_eq!(early.code(), "device.not_wiped", "nobody ordered it");
    let device = desk.enrolled.device.0;
    let unsent = desk.patient("Unsent").envelope();
    order(&hub.app, device, Order::WipeAfterUpload, None)
        .await
        .unwrap();
    let verdicts = desk.push(vec![unsent]).await;
    assert_eq!(verdicts, [Verdict::Taken]);
    assert_eq!(
        desk.post("/identity/v1/wiped", &wiped).await.status,
        StatusCode::OK
    );
    assert_eq!(
        desk.post("/identity/v1/wiped", &wiped).await.status,
        StatusCode::OK,
        "the answer may have been lost"
    );
    let kept: i64 =
        sqlx::query_scalar("select count(*) from audit_deed where position($1 in entry) > 0")
            .bind(device.as_bytes().as_slice())
            .fetch_one(&hub.app.pool)
            .await
            .unwrap();
    assert_eq!(kept, 4, "enrolled, ordered, and emptied twice");
    assert!(
        order(&hub.app, device, Order::Active, None).await.is_err(),
        "there is nothing to resume"
    );
}

#[tokio::test]
async fn a_desk_that_was_suspended_before_sends_its_work_when_it_is_to_be_emptied() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let device = desk.enrolled.device.0;
    let unsent = desk.patient("Unsent").envelope();
    // as when there are two replicas of it
    sqlx::query("update device set suspended_at = now() where id = $1")
        .bind(device)
        .execute(&hub.app.pool)
        .await
        .unwrap();
    let push = shared::sync::wire::encode(&desk.push_of(vec![unsent.clone()]));
    let refused = desk.call(Method::POST, "/sync/v1/push", push).await;
    assert_eq!(refused.code(), "device.suspended");
    order(&hub.app, device, Order::WipeAfterUpload, None)
        .await
        .unwrap();
    assert_eq!(desk.push(vec![unsent]).await, [Verdict::Taken]);
    let news = desk.get("/sync/v1/feed?after=0").await;
    assert_eq!(news.code(), "device.wiped", "it gets nothing");
}

#[tokio::test]
async fn a_desk_hears_which_of_its_staff_left() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let asked = StatusAsk {
        nonce: "n".into(),
        staff: vec![hub.doctor, hub.nurse],
    };
    assert_eq!(status(&desk, &asked).await.left, []);
    set_active(&hub.app, " Nurse", IsActive::No, None)
        .await
        .unwrap();
    assert_eq!(status(&desk, &asked).await.left, [hub.nurse]);
    set_active(&hub.app, "nurse", IsActive::Yes, None)
        .await
        .unwrap();
    assert_eq!(status(&desk, &asked).await.left, []);
    assert!(
        set_active(&hub.app, "import", IsActive::Yes, None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_hospital_chooses_how_long_a_grant_lasts() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    set_offline_hours(&hub.app, 10).await.unwrap();
    assert!(set_offline_hours(&hub.app, 15 * 24).await.is_err());
    let ask = json!({ "username": "doctor", "password": PASSWORD });
    let before = sync_server::world::now().0;
    let signed_in: Value = desk.post("/identity/v1/sign-in", &ask).await.json();
    let after = sync_server::world::now().0;
    let grant: Value = serde_json::from_str(signed_in["grant"]["text"].as_str().unwrap()).unwrap();
    let begun = grant["not_after_ms"].as_i64().unwrap() - 10 * 3_600_000;
    assert!((before..=after).contains(&begun), "ten hours from now");
}

#[tokio::test]
async fn the_hospital_chooses_when_a_desk_locks_that_nobody_touches() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let ask = json!({ "username": "doctor", "password": PASSWORD });
    for (chosen, expect) in [(None, 10), (Some(1), 1), (Some(60), 60)] {
        if let Some(minutes) = chosen {
            set_idle_minutes(&hub.app, minutes).await.unwrap();
        }
        let signed_in: Value = desk.post("/identity/v1/sign-in", &ask).await.json();
        let text = signed_in["grant"]["text"].as_str().unwrap();
        let grant: Value = serde_json::from_str(text).unwrap();
        assert_eq!(grant["idle_minutes"], expect);
    }
    for minutes in [0, 61] {
        assert!(set_idle_minutes(&hub.app, minutes).await.is_err());
    }
}
