//! Real desks with their keychains at a real hub: unlocking without it (S5), and what it orders (S7).

use crate::console::Browser;
use crate::console_staff::did;
use replica::{Cabinet, Places};
use serde_json::json;
use shared::administration::{OneTime, Reset, StaffReset};
use shared::desk::{Link, Save, SaveAnswer, Session};
use shared::ids::RecordId;
use shared::orders::Order;
use shared::record::Kind;
use std::path::Path;
use std::time::{Duration, Instant};
use sync_server::services::devices;
use sync_server::services::orders::{IsActive, order, set_active};
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::world;

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn find(root: &Path, hub: Option<String>) -> Cabinet {
    let places = Places {
        dir: root.join("desk"),
        keychain: Some(root.join("keychain")),
        hub,
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Cabinet::find(&places) {
            // what ran before lets go of the desk a moment after it was told to end
            Err(replica::Error::Busy) if Instant::now() < deadline => std::thread::yield_now(),
            found => return found.expect("the desk is found"),
        }
    }
}

pub(crate) async fn code_of(cabinet: &Cabinet, who: &str) -> String {
    let error = cabinet.sign_in(who, PASSWORD).await.err();
    error.map_or_else(|| "yes".into(), |error| error.problems().remove(0).code)
}

fn save(cabinet: &Cabinet, session: &Session, family: &str) -> RecordId {
    let id = RecordId(world::new_id());
    let draft = json!({ "name": [{ "family": family, "given": "Test" }], "ward": session.ward });
    let ask = Save {
        kind: Kind::Patient,
        id,
        base: None,
        draft,
        held: None,
    };
    let actor = cabinet.actor(session).expect("a desk");
    let replica = cabinet.replica().expect("open");
    let answer = replica.save(&actor, &ask).expect("the disk is fine");
    assert!(matches!(answer, SaveAnswer::Saved { .. }), "{answer:?}");
    id
}

async fn device_of(hub: &TestHub) -> uuid::Uuid {
    let newest = "select id from device order by number desc limit 1";
    sqlx::query_scalar(newest)
        .fetch_one(&hub.app.pool)
        .await
        .expect("a device")
}

fn is_empty(root: &Path) -> bool {
    let entries = std::fs::read_dir(root.join("desk")).expect("a directory");
    entries
        .flatten()
        .all(|entry| entry.file_name() == "desk.lock")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_unlocked_without_the_hub_and_by_somebody_new_with_it() {
    let mut hub = TestHub::start().await;
    let root = tempfile::tempdir().unwrap();
    let cabinet = find(root.path(), None);
    cabinet
        .enrol(&hub.url(), &hub.code(hub.ward).await, "Desk")
        .await
        .unwrap();
    hub.approve().await;
    let session = cabinet.sign_in("doctor", PASSWORD).await.unwrap();
    assert_eq!(session.staff.id, hub.doctor);
    save(&cabinet, &session, "Unsent");
    cabinet.close().unwrap();
    drop(cabinet);
    let cabinet = find(root.path(), Some("http://127.0.0.1:1".into()));
    assert!(
        cabinet.replica().is_err(),
        "locked until somebody unlocks it"
    );
    assert_eq!(cabinet.desk().unwrap().unsent, 1);
    assert_eq!(code_of(&cabinet, "nurse").await, "sign_in.offline_unknown");
    assert_eq!(code_of(&cabinet, "doctor").await, "yes");
    cabinet.close().unwrap();
    drop(cabinet);
    let cabinet = find(root.path(), None);
    assert_eq!(
        code_of(&cabinet, "nurse").await,
        "yes",
        "the hub has its half of a key"
    );
    let _watch = cabinet.start();
    until("unsent work to leave", || {
        let status = cabinet.status().unwrap();
        status.waiting == 0 && status.link == Link::Online
    })
    .await;
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_suspended_resumed_and_emptied_after_its_work_has_arrived() {
    let hub = TestHub::start().await;
    let root = tempfile::tempdir().unwrap();
    let cabinet = find(root.path(), None);
    let _watch = cabinet.start();
    cabinet
        .enrol(&hub.url(), &hub.code(hub.ward).await, "Desk")
        .await
        .unwrap();
    hub.approve().await;
    let device = device_of(&hub).await;
    let session = cabinet.sign_in("doctor", PASSWORD).await.unwrap();
    until("the first load", || {
        cabinet.status().unwrap().link == Link::Online
    })
    .await;
    order(&hub.app, device, Order::Suspend, None).await.unwrap();
    until("the desk to lock", || cabinet.replica().is_err()).await;
    assert_eq!(code_of(&cabinet, "doctor").await, "device.suspended");
    order(&hub.app, device, Order::Active, None).await.unwrap();
    assert_eq!(code_of(&cabinet, "doctor").await, "yes");
    set_active(&hub.app, "doctor", IsActive::No, None)
        .await
        .unwrap();
    until("the slot to go", || {
        cabinet.desk().unwrap().known_staff.is_empty()
    })
    .await;
    set_active(&hub.app, "doctor", IsActive::Yes, None)
        .await
        .unwrap();
    let id = save(&cabinet, &session, "Unsent");
    order(&hub.app, device, Order::WipeAfterUpload, None)
        .await
        .unwrap();
    until("an empty desk", || is_empty(root.path())).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let wiped: bool =
            sqlx::query_scalar("select wiped_at is not null from device where id = $1")
                .bind(device)
                .fetch_one(&hub.app.pool)
                .await
                .unwrap();
        if wiped {
            break;
        }
        assert!(Instant::now() < deadline, "the desk says that it is empty");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let arrived: i64 = sqlx::query_scalar("select count(*) from record where id = $1")
        .bind(id.0)
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(arrived, 1, "its work arrived before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_desk_shows_its_certificate_and_waits_until_somebody_lets_it_in() {
    let hub = TestHub::start().await;
    let address = format!("https://127.0.0.1:{}", hub.serve_tls().await);
    let code = hub.code(hub.ward).await;
    let told = devices::invitation(&hub.app, &code, &address).typed();
    let root = tempfile::tempdir().unwrap();
    let cabinet = find(root.path(), None);
    cabinet.enrol(&address, &told, "Desk").await.unwrap();
    cabinet.close().unwrap();
    drop(cabinet);
    let cabinet = find(root.path(), None);
    let watch = cabinet.start();
    let trouble = || {
        cabinet
            .status()
            .unwrap()
            .trouble
            .map(|problem| problem.code)
    };
    until("the desk to hear that it waits", || {
        trouble() == Some("device.pending".into())
    })
    .await;
    assert_eq!(code_of(&cabinet, "doctor").await, "device.pending");
    hub.approve().await;
    until("the desk to hear that it was let in", || {
        trouble() == Some("replica.locked".into())
    })
    .await;
    assert_eq!(code_of(&cabinet, "doctor").await, "yes");
    until("the first load", || {
        cabinet.status().unwrap().link == Link::Online
    })
    .await;
    drop(watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_desk_forgets_a_password_that_was_reset_and_takes_the_one_that_is_chosen() {
    let mut hub = crate::trust::hub().await;
    let root = tempfile::tempdir().unwrap();
    let cabinet = find(root.path(), None);
    let _watch = cabinet.start();
    cabinet
        .enrol(&hub.url(), &hub.code(hub.ward).await, "Desk")
        .await
        .unwrap();
    hub.approve().await;
    cabinet.sign_in("doctor", PASSWORD).await.unwrap();
    until("the first load", || {
        cabinet.status().unwrap().link == Link::Online
    })
    .await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let ask = StaffReset {
        staff: hub.doctor,
        what: Reset::Password,
        base: None,
    };
    let given: OneTime = did(&mut wei, "/console/v1/staff/reset", &ask).await;
    // nobody locked it, and nobody tried the old password: once the hub is gone it would open the desk
    until("the slot to go", || {
        cabinet.desk().unwrap().known_staff.is_empty()
    })
    .await;
    let chosen = "correct horse battery";
    let error = cabinet.sign_in("doctor", &given.password).await.err();
    assert!(format!("{error:?}").contains("sign_in.choose_password"));
    let choosing = cabinet.sign_in_choosing("doctor", &given.password, Some("short"));
    assert!(format!("{:?}", choosing.await.err()).contains("password.short"));
    let choosing = cabinet.sign_in_choosing("doctor", &given.password, Some(chosen));
    choosing.await.unwrap();
    hub.stop().await;
    cabinet.close().unwrap();
    assert_eq!(code_of(&cabinet, "doctor").await, "sign_in.wrong");
    let choosing = cabinet.sign_in_choosing("doctor", PASSWORD, Some(chosen));
    assert!(format!("{:?}", choosing.await.err()).contains("sign_in.choose_online"));
    let deadline = Instant::now() + Duration::from_secs(20);
    // a wrong password makes one wait a second
    while let Err(error) = cabinet.sign_in("doctor", chosen).await {
        assert!(format!("{error:?}").contains("sign_in.wait"), "{error:?}");
        assert!(Instant::now() < deadline, "the wait ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
