//! What people type is in no log: 500 markers, each planted once in a name, a phone, a note, a password, a search, a file
//! or an address, through the hub and a real desk, while calls fail and programs panic, with everything logged that any
//! library has to say.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

mod real;

use real::RealDesk;
use replica::Courier;
use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::RecordId;
use shared::record::Kind;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use sync_server::import::{self, Ask};
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::world;

const MARKERS: usize = 500;
const STEM: &str = "zqxmarker";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes markers, each of them once.
#[derive(Default)]
struct Markers(usize);

impl Markers {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{STEM}{:03}", self.0)
    }

    fn patient(&mut self, hub: &TestHub) -> Value {
        json!({
            "name": [{ "family": self.next(), "given": self.next() }], "ward": hub.ward, "bed": self.next(),
            "telecom": [{ "value": self.next() }], "notes": self.next(), "nationalId": self.next(),
            "allergy": [{ "substance": self.next(), "verification": "confirmed" }],
        })
    }
}

struct Desk(RealDesk);

impl Desk {
    fn save(&self, id: RecordId, base: Option<String>, draft: Value) -> Option<String> {
        self.0.save(id, base, draft).ok()
    }

    /// Everything a person does at a desk, rightly and wrongly.
    async fn work(&self, hub: &TestHub, markers: &mut Markers) {
        let id = RecordId(world::new_id());
        let base = self.save(id, None, markers.patient(hub));
        assert!(base.is_some(), "a sound patient is saved");
        self.save(
            id,
            base.clone(),
            json!({ "notes": markers.next(), "bed": markers.next() }),
        );
        // refused: no such date, no such element, no such version, not theirs
        self.save(id, base.clone(), json!({ "birthDate": markers.next() }));
        self.save(
            id,
            base,
            json!({ "telecom": [{ "id": markers.next(), "value": markers.next() }] }),
        );
        self.save(id, Some(markers.next()), json!({ "notes": markers.next() }));
        self.save(
            RecordId(world::new_id()),
            None,
            json!({ "name": markers.next(), "mrn": markers.next() }),
        );
        for limit in [0, 50] {
            self.0.replica.search(&markers.next(), limit).unwrap();
            self.0
                .replica
                .search(&format!("\"{} ' *", markers.next()), limit)
                .unwrap();
        }
        self.0.replica.viewed(hub.doctor, id);
        let outcome = self.0.replica.sign_in("doctor", &markers.next()).await;
        self.0.replica.sign_in_tried("doctor", None, &outcome);
        let outcome = self
            .0
            .replica
            .sign_in(&markers.next(), &markers.next())
            .await;
        self.0
            .replica
            .sign_in_tried(&markers.next(), None, &outcome);
        // a settled conflict that is none, a held change that is none
        let _ = self.0.replica.resolve(
            &self.0.actor,
            Kind::Patient,
            id,
            "notes",
            &json!(markers.next()),
            &markers.next(),
        );
        let _ = self.0.replica.withdraw(&self.0.actor, &markers.next());
        let _ = self.0.replica.day(hub.ward, &markers.next());
        let _ = self
            .0
            .replica
            .enrol(&markers.next(), &markers.next(), &markers.next())
            .await;
        let _ = Courier::round(&self.0.replica).await;
    }
}

/// Calls the hub with what is no message, as anybody may.
async fn call_wrongly(hub: &TestHub, markers: &mut Markers) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |method: Method, path: String, body: String, header: String| {
        let call = http
            .request(method, format!("{}{path}", hub.url()))
            .body(body);
        call.header("authorization", header)
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
    };
    let enrol =
        json!({ "code": markers.next(), "name": markers.next(), "public_key": markers.next() });
    send(
        Method::POST,
        "/identity/v1/enrol".into(),
        enrol.to_string(),
        markers.next(),
    )
    .await;
    send(
        Method::POST,
        "/identity/v1/enrol".into(),
        markers.next(),
        markers.next(),
    )
    .await;
    send(
        Method::POST,
        format!("/sync/v1/push?{}", markers.next()),
        markers.next(),
        markers.next(),
    )
    .await;
    send(
        Method::POST,
        "/sync/v1/audit".into(),
        markers.next(),
        markers.next(),
    )
    .await;
    send(
        Method::GET,
        format!("/{}", markers.next()),
        String::new(),
        markers.next(),
    )
    .await;
    send(
        Method::GET,
        format!("/sync/v1/feed?after={}", markers.next()),
        String::new(),
        format!("Device {}", markers.next()),
    )
    .await;
}

async fn import(hub: &TestHub, dir: &Path, markers: &mut Markers) {
    let family = markers.next();
    let text = format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"{}\",\"name\":[{{\"family\":\"{family}\"}}]}}\n{{\"{}\n",
        markers.next(),
        markers.next()
    );
    let file = dir.join(format!("{}.ndjson", markers.next()));
    std::fs::write(&file, text).unwrap();
    let ask = Ask {
        paths: vec![file, dir.join(markers.next())],
        ward: None,
    };
    let _ = import::run(&hub.app, &ask).await;
}

fn panic_with(text: String) {
    let panicked =
        std::thread::spawn(move || assert!(text.is_empty(), "could not read {text}")).join();
    assert!(panicked.is_err());
}

/// What people named is in the hub, and not in what leaves it for whoever helps.
async fn nothing_of_it_is_in_a_support_file(hub: &TestHub, markers: &mut Markers) {
    let named = markers.next();
    for table in ["device", "staff", "department", "ward"] {
        let sql = format!("update {table} set name = '{named} ' || id");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&hub.app.pool)
            .await
            .unwrap();
    }
    // stopped, so that the report names it
    sqlx::raw_sql("update device set suspended_at = now() where number > 0")
        .execute(&hub.app.pool)
        .await
        .unwrap();
    let report = sync_server::doctor::report(&hub.app).await.unwrap();
    let shown = serde_json::to_string(&report).unwrap();
    assert!(shown.contains(&named), "the page names workstations");
    let file = sync_server::doctor::support::file(&hub.app).await.unwrap();
    let mut tar = tar::Archive::new(zstd::Decoder::new(file.as_slice()).unwrap());
    let mut names = Vec::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert!(!text.to_lowercase().contains(STEM), "{names:?}");
        assert!(text.len() > 100, "{names:?}");
    }
    let expect = ["report.json", "about.json", "counts.json", "log.ndjson"];
    assert_eq!(names, expect.map(|name| format!("wardbook-support/{name}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_typed_is_in_any_log() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber =
        sync_server::logs::subscriber("trace", move || sync_server::logs::Kept(writer.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    logs::on_panic(|| "reference".to_owned());
    let mut markers = Markers::default();
    let hub = TestHub::start().await;
    let desk = Desk(RealDesk::beside(&hub).await);
    let session = desk.0.replica.sign_in("doctor", PASSWORD).await;
    assert!(session.is_ok());
    for _ in 0..10 {
        desk.work(&hub, &mut markers).await;
        call_wrongly(&hub, &mut markers).await;
    }
    import(&hub, desk.0.dir.path(), &mut markers).await;
    panic_with(markers.next());
    // the database refuses from now on and quotes the row it refuses
    hub.as_owner("alter table record add constraint broken check (false) not valid")
        .await
        .unwrap();
    while markers.0 < MARKERS - 8 {
        desk.save(RecordId(world::new_id()), None, markers.patient(&hub));
        let _ = Courier::round(&desk.0.replica).await;
        call_wrongly(&hub, &mut markers).await;
    }
    desk.0.replica.settle_audit();
    nothing_of_it_is_in_a_support_file(&hub, &mut markers).await;
    tokio::task::spawn_blocking(move || drop(desk))
        .await
        .unwrap();
    while markers.0 < MARKERS {
        panic_with(markers.next());
    }

    // what this test itself finds wrong is said aloud
    let _ = std::panic::take_hook();
    let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let hits: Vec<&str> = log
        .lines()
        .filter(|line| line.to_lowercase().contains(STEM))
        .take(5)
        .collect();
    assert_eq!(hits, Vec::<&str>::new());
    for wanted in [
        "A call failed for a reason inside the hub",
        "panic.place",
        "\"error.code\":\"database.23514.broken\"",
        "Answered a push",
    ] {
        assert!(log.contains(wanted), "{wanted}");
    }
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}
