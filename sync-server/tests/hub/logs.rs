//! What the log must not hold: anything a person typed.

use crate::desk::Desk;
use reqwest::Method;
use serde_json::json;
use shared::record::Kind;
use shared::sync::wire;
use std::io::Write;
use std::sync::{Arc, Mutex};
use sync_server::import::{self, Ask};
use sync_server::testing::TestHub;

/// Stands for a name, a number, a password: it is nowhere in the log, whatever goes wrong.
const MARKER: &str = "zqxmarker";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics here").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Types the marker wherever something can be typed, rightly and wrongly.
async fn do_everything(hub: &TestHub, desk: &Desk) {
    let patient = desk.patient(MARKER);
    let mrn = format!("{MARKER}-1");
    let draft =
        json!({ "name": [{ "family": MARKER }], "mrn": mrn, "telecom": [{ "value": MARKER }] });
    let wrong = desk.make(Kind::Patient, &draft);
    desk.push(vec![patient.envelope(), wrong.envelope()]).await;
    let with_mrn = || {
        desk.make(
            Kind::Patient,
            &json!({ "name": [{ "family": MARKER }], "mrn": mrn }),
        )
    };
    desk.push(vec![with_mrn().envelope(), with_mrn().envelope()])
        .await;
    desk.call(Method::POST, "/sync/v1/push", MARKER.into())
        .await;
    desk.call(Method::POST, "/sync/v1/push", wire::encode(&MARKER))
        .await;
    desk.get(&format!("/sync/v1/feed?after={MARKER}")).await;
    desk.get(&format!("/{MARKER}")).await;
    desk.get("/sync/v1/bootstrap").await;
    let sign_in = json!({ "username": MARKER, "password": MARKER });
    desk.post("/identity/v1/sign-in", &sign_in).await;
    let dir = tempfile::tempdir().expect("the test can do this");
    std::fs::write(dir.path().join("a.ndjson"), format!("{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"{MARKER}\"}}]}}\n{{\"{MARKER}\n")).expect("the test can do this");
    let ask = Ask {
        paths: vec![dir.path().to_owned()],
        ward: None,
    };
    import::run(&hub.app, &ask)
        .await
        .expect("the test can do this");
    // a failure inside the hub: the database refuses and quotes the row
    hub.as_owner("alter table record add constraint broken check (false) not valid")
        .await
        .expect("the test can do this");
    let answer = desk
        .call(
            Method::POST,
            "/sync/v1/push",
            wire::encode(&desk.push_of(vec![desk.patient(MARKER).envelope()])),
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (500, "hub.failed")
    );
}

#[tokio::test]
async fn the_log_names_nobody() {
    let kept = Kept::default();
    let writer = kept.clone();
    // With a single subscriber, tracing asks the thread that comes by an event first whether anybody wants it, for good;
    // beside a second one it asks both, whatever the other tests of this program do meanwhile.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    // the test, the hub and its tasks are on one thread, which this guard covers
    let subscriber =
        sync_server::logs::subscriber("debug,sync_server=trace", move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let hub = TestHub::start().await;
    let desk = Desk::new(&hub, hub.ward).await;

    do_everything(&hub, &desk).await;

    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    for wanted in [
        "Answered a push",
        "Made a first load",
        "A call failed for a reason inside the hub",
        "request.id",
    ] {
        assert!(log.contains(wanted), "{wanted} in {log}");
    }
    let told: Vec<&str> = log
        .lines()
        .filter(|line| line.to_lowercase().contains(MARKER))
        .collect();
    assert_eq!(told, Vec::<&str>::new());
    for line in log.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
}
