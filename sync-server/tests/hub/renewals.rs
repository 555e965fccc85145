//! A desk that nobody opens for months keeps its certificate good, through real TLS and by a clock the test holds.

use crate::audits::log;
use crate::cabinets::{code_of, until};
use replica::{Cabinet, Clock, Places};
use shared::audit::entry::{Reason, What};
use shared::clock::Now;
use shared::desk::Link;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use sync_server::services::devices;
use sync_server::testing::TestHub;
use sync_server::world;

/// A certificate is good for 90 days and renewed when 30 are left.
const DUE_AFTER_MS: i64 = 60 * 86_400_000;
const MINUTE_MS: i64 = 60_000;

fn find(root: &Path, ahead_ms: &Arc<AtomicI64>) -> Cabinet {
    let places = Places {
        dir: root.join("desk"),
        keychain: Some(root.join("keychain")),
        hub: None,
    };
    let ahead_ms = ahead_ms.clone();
    let clock: Clock = Arc::new(move || Now(world::now().0 + ahead_ms.load(Ordering::SeqCst)));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Cabinet::find_by(&places, clock.clone()) {
            // what ran before lets go of the desk a moment after it was told to end
            Err(replica::Error::Busy) if Instant::now() < deadline => std::thread::yield_now(),
            found => return found.expect("the desk is found"),
        }
    }
}

/// Certificates that the hub gave to desks that had one.
async fn renewals(hub: &TestHub) -> usize {
    let log = log(hub).await;
    let is_one = |reason: Option<&Reason>| reason.map(Reason::as_str) == Some("device.certificate");
    log.iter()
        .filter(|entry| entry.what == What::Administered && is_one(entry.reason.as_ref()))
        .count()
}

/// Opens the desk, and closes it when it has heard everything.
async fn open_and_close(cabinet: &Cabinet) {
    assert_eq!(code_of(cabinet, "doctor").await, "yes");
    until("the desk to hear everything", || {
        cabinet.status().expect("a desk").link == Link::Online
    })
    .await;
    cabinet.close().expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_desk_renews_its_certificate_on_the_day_it_is_due_and_once() {
    let hub = TestHub::start().await;
    let address = format!("https://127.0.0.1:{}", hub.serve_tls().await);
    let code = hub.code(hub.ward).await;
    let told = devices::invitation(&hub.app, &code, &address).typed();
    let root = tempfile::tempdir().expect("a directory");
    // by its own clock it got its papers a minute less than sixty days ago
    let ahead = Arc::new(AtomicI64::new(MINUTE_MS - DUE_AFTER_MS));
    let cabinet = find(root.path(), &ahead);
    let enrolled = cabinet.enrol(&address, &told, "Desk").await;
    enrolled.expect("the code is right");
    cabinet.close().expect("closed");
    hub.approve().await;
    drop(cabinet);

    ahead.store(0, Ordering::SeqCst);
    let cabinet = find(root.path(), &ahead);
    let watch = cabinet.start();
    open_and_close(&cabinet).await;
    assert_eq!(renewals(&hub).await, 0, "not due yet");
    drop((watch, cabinet));

    ahead.store(MINUTE_MS + 1_000, Ordering::SeqCst);
    let cabinet = find(root.path(), &ahead);
    let watch = cabinet.start();
    let deadline = Instant::now() + Duration::from_secs(20);
    while renewals(&hub).await == 0 {
        assert!(Instant::now() < deadline, "the locked desk renews");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(cabinet.replica().is_err(), "nobody opened it");
    open_and_close(&cabinet).await;
    drop((watch, cabinet));

    let cabinet = find(root.path(), &ahead);
    let _watch = cabinet.start();
    open_and_close(&cabinet).await;
    assert_eq!(renewals(&hub).await, 1, "the new one is kept and shown");
}
