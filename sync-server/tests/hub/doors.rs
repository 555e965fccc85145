//! Everything around the sync: problems, descriptions, figures, health.

use crate::desk::{Desk, client};
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::access::calls;
use std::collections::BTreeSet;
use sync_server::testing::TestHub;

#[tokio::test]
async fn every_failure_is_a_problem_document() {
    let hub = TestHub::start().await;
    let http = client();
    let check = async |call: reqwest::RequestBuilder, status: u16, code: &str| {
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let request = answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(document["problems"][0]["code"], code, "{document}");
        assert_eq!(document["request"], request);
    };
    let url = |path: &str| format!("{}{path}", hub.url());
    check(http.get(url("/nothing/here")), 404, "http.no_such_address").await;
    check(http.delete(url("/health/live")), 405, "http.method").await;
    check(
        http.post(url("/identity/v1/enrol")).body("x"),
        415,
        "http.media_type",
    )
    .await;
    check(
        http.post(url("/identity/v1/enrol"))
            .header("content-type", "application/json")
            .body("{"),
        400,
        "shape",
    )
    .await;
    check(
        http.post(url("/identity/v1/enrol"))
            .json(&json!({ "code": "x".repeat(5 << 20) })),
        413,
        "http.too_large",
    )
    .await;
    check(
        http.get(url("/sync/v1/feed?after=minus")),
        400,
        "http.malformed",
    )
    .await;
}

#[tokio::test]
async fn the_hub_describes_itself() {
    let hub = TestHub::start().await;
    let document: Value = client()
        .get(format!("{}/openapi.json", hub.url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::from([("get".into(), "/openapi.json".into())]);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.clone(), path.clone()));
            assert!(operation["operationId"].is_string(), "{method} {path}");
            let has_default = operation["responses"]["default"].is_object();
            assert!(
                has_default || ["/health/live", "/metrics"].contains(&path.as_str()),
                "{method} {path}"
            );
        }
    }
    let declared: BTreeSet<(String, String)> = calls::HUB
        .iter()
        .map(|(method, path, _)| ((*method).into(), (*path).into()))
        .collect();
    assert_eq!(described, declared);
}

#[tokio::test]
async fn figures_have_route_templates_and_no_ids() {
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;
    desk.push(vec![desk.patient("Zzyzx").envelope()]).await;
    desk.get("/sync/v1/bootstrap/12345678/0").await;
    let text = client()
        .get(format!("{}/metrics", hub.url()))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for wanted in [
        "wardbook_changes_total{verdict=\"taken\"}",
        "route=\"/sync/v1/bootstrap/{snapshot}/{segment}\"",
        "wardbook_http_request_duration_seconds_bucket",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    for unwanted in ["12345678", "Zzyzx", &desk.enrolled.device.to_string()] {
        assert!(!text.contains(unwanted), "{unwanted}");
    }
}

#[tokio::test]
async fn the_hub_says_whether_it_can_work() {
    let hub = TestHub::start().await;
    let get = async |path: &str| {
        client()
            .get(format!("{}{path}", hub.url()))
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        (get("/health/live").await, get("/health/ready").await),
        (StatusCode::OK, StatusCode::OK)
    );
    // a database of an older version
    hub.as_owner("delete from migration where name = '0012_unlock.hub'")
        .await
        .unwrap();
    assert_eq!(
        (get("/health/live").await, get("/health/ready").await),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
}

#[tokio::test]
async fn a_hub_that_stops_sends_home_who_waits_and_goes_on_where_it_was() {
    let mut hub = TestHub::start().await;
    let (desk, reader) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.ward).await,
    );
    desk.push(vec![desk.patient("Before").envelope()]).await;
    let place = reader.feed(0).await.to;
    let begun = std::time::Instant::now();
    let waiting = reader.get("/sync/v1/live?after=1");
    let restart = async {
        while hub.app.news.waiting(hub.ward) == 0 {
            assert!(begun.elapsed().as_secs() < 10, "the call should be waiting");
            tokio::task::yield_now().await;
        }
        hub.restart().await;
    };
    let (answer, ()) = futures::join!(waiting, restart);
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        begun.elapsed().as_secs() < 20,
        "it does not wait for the long call to time out"
    );
    desk.push(vec![desk.patient("After").envelope()]).await;
    assert_eq!(reader.feed(place).await.items.len(), 1);
}
