//! What a desk may add in an hour, and how long a call may take to arrive.

use crate::desk::Desk;
use crate::real::RealDesk;
use crate::trust::hub;
use replica::Courier;
use serde_json::json;
use shared::desk::Link;
use shared::ids::RecordId;
use shared::sync::wire::Verdict;
use std::time::{Duration, Instant};
use sync_server::router::router_within;
use sync_server::testing::TestHub;
use sync_server::world;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn records(hub: &TestHub) -> i64 {
    sqlx::query_scalar("select count(*) from record")
        .fetch_one(&hub.app.pool)
        .await
        .expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_desk_adds_beyond_its_share_waits_there_and_is_taken_later() {
    let mut hub = hub().await;
    hub.restart_with(3).await;
    let desk = RealDesk::new(&hub, &hub.url(), hub.ward).await;
    let register = || {
        let draft = json!({ "name": [{ "family": "Many" }], "ward": hub.ward });
        desk.save(RecordId(world::new_id()), None, draft)
            .expect("saved");
    };
    (0..3).for_each(|_| register());
    Courier::round(&desk.replica).await.expect("taken");
    (0..2).for_each(|_| register());
    let refused = Courier::round(&desk.replica).await.expect_err("too many");
    assert_eq!(refused.problems()[0].code, "push.quota");
    assert_eq!(records(&hub).await, 3);
    assert_eq!(desk.replica.status().expect("readable").waiting, 2);
    // it is no other desk's loss
    let other = Desk::new(&hub, hub.ward).await;
    let verdicts = other.push(vec![other.patient("Other").envelope()]).await;
    assert_eq!(verdicts, [Verdict::Taken]);
    // nor is it forgotten when the hub is started again
    hub.restart_with(3).await;
    let refused = Courier::round(&desk.replica).await.expect_err("too many");
    assert_eq!(refused.problems()[0].code, "push.quota");
    hub.restart_with(100).await;
    Courier::round(&desk.replica).await.expect("taken");
    assert_eq!(records(&hub).await, 6);
    assert_eq!(desk.replica.status().expect("readable").waiting, 0);
}

/// Asks again until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for {what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_has_to_wait_says_why_and_goes_on_hearing_what_others_do() {
    let mut hub = hub().await;
    hub.restart_with(1).await;
    let desk = RealDesk::beside(&hub).await;
    let draft = || json!({ "name": [{ "family": "Waiting" }], "ward": hub.ward });
    let courier = Courier::start(desk.replica.clone());
    let status = || desk.replica.status().expect("readable");
    for _ in 0..2 {
        let id = RecordId(world::new_id());
        desk.save(id, None, draft()).expect("saved");
        let is_new = || status().waiting == 0 || status().trouble.is_some();
        until("an answer", is_new).await;
    }
    let says_why = || {
        status()
            .trouble
            .is_some_and(|said| said.code == "push.quota")
    };
    until("the reason", says_why).await;
    assert_eq!((status().link, status().waiting), (Link::Online, 1));
    let other = Desk::new(&hub, hub.ward).await;
    let made = other.patient("Elsewhere");
    other.push(vec![made.envelope()]).await;
    let is_here = || desk.replica.row(made.kind, made.id).expect("readable");
    until("news", || is_here().is_some()).await;
    assert_eq!(status().waiting, 1, "nothing is lost and nothing is sent");
    courier.stop();
}

/// Sends the beginning of a call and then a byte now and then, until there is an answer.
async fn trickle(stream: &mut TcpStream, path: &str) -> String {
    let device = world::new_id();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: hub\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\
         authorization: Device {device}.0.00\r\nwardbook-console: 1\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("it listens");
    let mut answer = vec![0; 4_096];
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let reading = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut answer));
        match reading.await {
            Ok(read) => {
                answer.truncate(read.expect("an answer"));
                return String::from_utf8_lossy(&answer).into_owned();
            }
            Err(_) if Instant::now() > deadline => return "no answer".into(),
            // however much came already, the whole is late
            Err(_) => stream.write_all(b"x").await.expect("it listens"),
        }
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_is_not_waited_for() {
    let hub = hub().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router_within(hub.app.clone(), Duration::from_millis(200));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    for path in ["/sync/v1/push", "/identity/v1/status", "/sync/v1/audit"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = trickle(&mut stream, path).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("http.timeout"), "{path}: {answer}");
    }
    serving.abort();
}
