//! S7: what a desk does when the hub stops it or wants it emptied.

use super::hospital::{Locker, RIGHT};
use super::*;
use crate::store::lock;
use shared::orders::Order;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Asks until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn files(dir: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name != "desk.lock"));
    found
}

/// A desk at work: Ada signed in, a ward loaded, the courier running.
async fn at_work(faults: &[&str]) -> (Locker, crate::Watch) {
    let locker = Locker::with(faults).await;
    let watch = locker.cabinet().start();
    locker.sign_in("ada", RIGHT).await.unwrap();
    let cabinet = locker.cabinet();
    until("the first load", || {
        cabinet.status().unwrap().link == shared::desk::Link::Online
    })
    .await;
    (locker, watch)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_desk_locks_stays_locked_and_goes_on_when_it_may() {
    let scenario = async |faults: &[&str]| {
        let (mut locker, watch) = at_work(faults).await;
        let cabinet = locker.cabinet();
        locker.office().order = Order::Suspend;
        let calls = lock(&locker.hub.calls).len();
        cabinet.nudge();
        let deadline = Instant::now() + Duration::from_secs(5);
        while cabinet.replica().is_ok() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let is_locked = cabinet.replica().is_err();
        let asked = lock(&locker.hub.calls)[calls..].to_vec();
        assert!(asked.iter().any(|call| call == "/identity/v1/status"));
        drop((watch, cabinet));
        locker.go_offline();
        locker.restart();
        let offline = locker.answer("ada", RIGHT).await;
        locker.go_online();
        let online = locker.answer("ada", RIGHT).await;
        locker.office().order = Order::Active;
        locker.wait(1);
        assert_eq!(locker.answer("ada", RIGHT).await, "yes");
        locker.go_offline();
        locker.restart();
        assert_eq!(locker.answer("ada", RIGHT).await, "yes", "as before");
        let suspended = "device.suspended";
        is_locked && offline == suspended && online == suspended
    };
    assert!(scenario(&[]).await);
    assert!(!scenario(&["do not obey"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_closed_while_the_time_is_noted_goes_on() {
    let (locker, watch) = at_work(&[]).await;
    let cabinet = locker.cabinet();
    cabinet.replica().unwrap().shut();
    cabinet.tick().expect("the time is noted all the same");
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_to_be_emptied_is_unreadable_and_empty_within_two_seconds_and_says_so() {
    let (mut locker, watch) = at_work(&[]).await;
    let cabinet = locker.cabinet();
    for number in 0..50 {
        locker.register(100 + number, "García");
    }
    let key = **cabinet.state().open.as_ref().map(|open| &open.key).unwrap();
    let (stolen, names) = (locker.root.path().join("stolen"), files(&locker.dir()));
    std::fs::create_dir(&stolen).unwrap();
    let replica = cabinet.replica().unwrap();
    locker.office().order = Order::WipeNow;
    cabinet.nudge();
    until("an empty desk", || files(&locker.dir()).is_empty()).await;
    until("the confirmation", || locker.office().wiped.len() == 1).await;
    let took_ms = locker.office().wiped[0];
    assert!(took_ms < 2_000, "{took_ms} ms");
    assert!(names.iter().any(|path| path.ends_with("slots.json")));
    // nothing of the keys is left, in either place: once the hub knows, not even the signing key
    let keychain = locker.keychain().join("desk.keychain");
    until("an empty keychain", || {
        std::fs::read_to_string(&keychain).unwrap() == "{}"
    })
    .await;
    assert!(matches!(replica.status(), Err(crate::Error::Locked)));
    assert!(
        replica.reference().is_err(),
        "whoever still holds it reads nothing"
    );
    let desk = cabinet.desk().unwrap();
    let code = desk.trouble.map(|problem| problem.code);
    assert_eq!((desk.ward, code.as_deref()), (None, Some("device.wiped")));
    drop((watch, cabinet, replica));
    locker.cabinet = None;
    assert_ne!(key, [0; 32]);
    locker.restart();
    assert_eq!(locker.cabinet().desk().unwrap().ward, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_go_first_so_that_files_that_stayed_cannot_be_opened() {
    // the power goes after the first lines of the emptying: everything on the disk is still there
    let (mut locker, watch) = at_work(&[]).await;
    drop(watch);
    let kept = locker.root.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    for path in files(&locker.dir()) {
        if path.is_file() {
            std::fs::copy(&path, kept.join(path.file_name().unwrap())).unwrap();
        }
    }
    let cabinet = locker.cabinet();
    cabinet.empty().unwrap();
    drop(cabinet);
    locker.cabinet = None;
    for entry in std::fs::read_dir(&kept).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), locker.dir().join(entry.file_name())).unwrap();
    }
    // with all files back and what is left of the keychain, nothing opens
    let found = crate::Cabinet::find(&locker.places()).unwrap();
    let desk = found.desk().unwrap();
    let code = desk.trouble.map(|problem| problem.code);
    assert_eq!(
        (desk.ward, code.as_deref()),
        (None, Some("keychain.unavailable"))
    );
    assert!(found.replica().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptying_that_was_cut_short_is_finished_at_the_next_start() {
    let (mut locker, watch) = at_work(&[]).await;
    drop(watch);
    let (dir, aside) = (locker.dir(), locker.root.path().join("aside"));
    std::fs::rename(dir.join("current"), &aside).unwrap();
    let cabinet = locker.cabinet();
    cabinet.empty().unwrap();
    drop(cabinet);
    locker.cabinet = None;
    // as the program left it that was killed: the mark is there, and so is a file
    let keychain = crate::keychain::Keychain::file(locker.keychain().join("desk.keychain"));
    let text = keychain.get("emptied").unwrap().unwrap();
    let mut mark: Value = serde_json::from_slice(&text).unwrap();
    mark["took_ms"] = Value::Null;
    keychain
        .set("emptied", mark.to_string().as_bytes())
        .unwrap();
    std::fs::rename(&aside, dir.join("ward-1.db")).unwrap();
    locker.restart();
    assert_eq!(files(&dir), Vec::<PathBuf>::new());
    locker.cabinet().confirm().await.unwrap();
    assert_eq!(locker.office().wiped, [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_work_leaves_before_a_desk_is_emptied_when_that_was_ordered() {
    let scenario = async |order: Order| {
        let (locker, _watch) = at_work(&[]).await;
        let cabinet = locker.cabinet();
        // nothing of it may leave before the order comes
        locker.go_offline();
        for number in 0..30 {
            locker.register(100 + number, "García");
        }
        assert_eq!(cabinet.status().unwrap().waiting, 30);
        locker.office().order = order;
        locker.go_online();
        cabinet.nudge();
        until("an empty desk", || files(&locker.dir()).is_empty()).await;
        lock(&locker.hub.ward).docs.len()
    };
    assert_eq!(scenario(Order::WipeAfterUpload).await, 30);
    assert_eq!(scenario(Order::WipeNow).await, 0, "otherwise it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_desk_with_unsent_work_waits_for_somebody_to_unlock_it() {
    let mut locker = Locker::new().await;
    locker.sign_in("ada", RIGHT).await.unwrap();
    locker.register(1, "García");
    locker.restart();
    assert_eq!(
        locker.cabinet().desk().unwrap().unsent,
        1,
        "the screen can say so"
    );
    locker.office().order = Order::WipeAfterUpload;
    let watch = locker.cabinet().start();
    until("the order", || {
        let desk = locker.cabinet().desk().unwrap();
        desk.trouble
            .is_some_and(|problem| problem.code == "device.emptying")
    })
    .await;
    assert!(!files(&locker.dir()).is_empty(), "work is not thrown away");
    // the hub lets nobody in, but the password opens what is to be sent
    locker.go_offline();
    assert_eq!(locker.answer("ada", RIGHT).await, "device.emptying");
    locker.go_online();
    locker.cabinet().nudge();
    until("an empty desk", || files(&locker.dir()).is_empty()).await;
    assert_eq!(lock(&locker.hub.ward).docs.len(), 1);
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_desk_without_unsent_work_is_emptied_at_once() {
    let mut locker = Locker::new().await;
    locker.sign_in("ada", RIGHT).await.unwrap();
    locker.restart();
    locker.office().order = Order::WipeAfterUpload;
    locker.cabinet().hear().await.unwrap();
    assert_eq!(files(&locker.dir()), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_another_hub_are_not_obeyed() {
    let (locker, _watch) = at_work(&[]).await;
    let cabinet = locker.cabinet();
    {
        let mut office = locker.office();
        office.key = ed25519_dalek::SigningKey::from_bytes(&[6; 32]);
        office.order = Order::WipeNow;
    }
    assert!(cabinet.hear().await.is_err());
    assert!(cabinet.replica().is_ok());
    assert!(!files(&locker.dir()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_emptied_can_be_connected_again() {
    let mut locker = Locker::new().await;
    locker.office().order = Order::WipeNow;
    locker.cabinet().hear().await.unwrap();
    locker.go_offline();
    locker.restart();
    locker.go_online();
    locker.office().order = Order::Active;
    let cabinet = locker.cabinet();
    cabinet
        .enrol(&locker.address, "CODE", "again")
        .await
        .unwrap();
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
}
