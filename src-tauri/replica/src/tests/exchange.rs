//! The courier against a stand-in for the hub. What the real hub does is tested with the real hub.

use super::stand_in::{StandIn, start};
use super::*;
use crate::courier::{Courier, Round};
use shared::desk::{Link, SyncState};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A desk of that hub, not loaded yet.
pub(super) fn desk_of(address: &str) -> Desk {
    let dir = TempDir::new().unwrap();
    let replica = open_with(dir.path(), [7; 32], Some(address.to_owned())).unwrap();
    let numbers = vec![NumberBlock {
        from: 9_000,
        until: 9_900,
    }];
    replica
        .write(Lasting::Yes, |db| {
            meta::DEVICE
                .set(db, &device(1))
                .and_then(|()| meta::NUMBERS.set(db, &numbers))
        })
        .unwrap();
    Desk {
        replica,
        dir,
        actor: actor(1, &[Role::Doctor], &device(1)),
    }
}

pub(super) fn elsewhere(hub: &StandIn, patients: u128) -> Desk {
    let other = Desk::new(2);
    (0..patients)
        .for_each(|number| drop(other.register(1_000 + number, &format!("Family{number}"))));
    hub.ward.lock().unwrap().take_all_of(&other);
    other
}

pub(super) async fn round(desk: &Desk) -> crate::Result<Round> {
    Courier::round(&desk.replica).await
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_brings_everything_and_a_round_without_news_is_one_small_call() {
    let (hub, address) = start();
    let other = elsewhere(&hub, 90);
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    assert_eq!(
        desk.replica.digest().unwrap(),
        other.replica.digest().unwrap()
    );
    assert_eq!(desk.replica.search("family7", 50).unwrap().len(), 11);
    assert_eq!(desk.replica.reference().unwrap().version, 3);
    let again = round(&desk).await.unwrap();
    assert_eq!((again.calls, again.received), (1, 0));
    assert!(again.bytes_sent + again.bytes_received < 1_000, "{again:?}");
    assert!(desk.replica.verify().unwrap());
    assert_eq!(
        std::fs::read_dir(desk.dir.path())
            .unwrap()
            .filter(|e| e
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .ends_with(".db"))
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cut_off_goes_on_where_it_was() {
    let (hub, address) = start();
    let other = elsewhere(&hub, 90);
    let desk = desk_of(&address);
    hub.ward.lock().unwrap().manifest();
    let sizes: Vec<usize> = hub
        .ward
        .lock()
        .unwrap()
        .segments
        .iter()
        .map(Vec::len)
        .collect();
    // the last segment is smaller than the others: all are cut but that one, then all but some
    hub.cut_after.store(sizes[0] / 2, Ordering::SeqCst);
    assert!(round(&desk).await.is_err());
    assert!(
        desk.row(1_000).is_none(),
        "nothing is shown before it is complete"
    );
    hub.cut_after.store(0, Ordering::SeqCst);
    round(&desk).await.unwrap();
    assert_eq!(
        desk.replica.digest().unwrap(),
        other.replica.digest().unwrap()
    );
    let calls = hub.calls.lock().unwrap();
    assert_eq!(
        calls
            .iter()
            .filter(|path| path.as_str() == "/sync/v1/bootstrap")
            .count(),
        1,
        "planned once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_while_a_load_is_under_way_is_carried_over() {
    let (hub, address) = start();
    elsewhere(&hub, 30);
    let desk = desk_of(&address);
    desk.register(10, "García");
    round(&desk).await.unwrap();
    assert_eq!(desk.row(10).unwrap().state, SyncState::Accepted);
    assert!(desk.row(1_000).is_some());
    assert_eq!(hub.ward.lock().unwrap().docs.len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_replica_is_rebuilt_with_own_changes_and_unsent_work() {
    let (hub, address) = start();
    elsewhere(&hub, 30);
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    desk.register(10, "Accepted");
    round(&desk).await.unwrap();
    desk.register(11, "Unsent");
    let path = desk.replica.store().path.clone();
    let Desk {
        replica,
        dir,
        actor,
    } = desk;
    drop(replica);
    std::fs::write(path, vec![42; 30_000]).unwrap();
    let replica = open_with(dir.path(), [7; 32], Some(address)).unwrap();
    let desk = Desk {
        replica,
        dir,
        actor,
    };
    assert_eq!(desk.row(11).unwrap().state, SyncState::Saved);
    round(&desk).await.unwrap();
    assert_eq!(desk.replica.status().unwrap().waiting, 0);
    for number in [10, 11, 1_000] {
        assert_eq!(
            desk.row(number).unwrap().state,
            SyncState::Accepted,
            "{number}"
        );
    }
    desk.register(12, "Afterwards");
    assert_eq!(round(&desk).await.unwrap().accepted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_courier_carries_by_itself_through_a_cut_and_says_how_it_stands() {
    let (hub, address) = start();
    elsewhere(&hub, 3);
    let desk = desk_of(&address);
    let courier = Courier::start(desk.replica.clone());
    until("loaded", || desk.row(1_000).is_some()).await;
    until("online", || {
        desk.replica.status().unwrap().link == Link::Online
    })
    .await;
    desk.register(10, "García");
    until("accepted", || {
        desk.row(10).unwrap().state == SyncState::Accepted
    })
    .await;
    hub.is_down.store(true, Ordering::SeqCst);
    until("offline", || {
        desk.replica.status().unwrap().link == Link::Offline
    })
    .await;
    assert_eq!(
        desk.replica.status().unwrap().trouble.unwrap().code,
        "hub.unreachable"
    );
    let row = desk.register(11, "Silva");
    desk.edit(&row, json!({ "bed": "taken" }));
    assert_eq!(desk.row(11).unwrap().state, SyncState::Saved);
    let other = Desk::new(4);
    other.register(2_000, "Other");
    hub.ward.lock().unwrap().take_all_of(&other);
    hub.is_down.store(false, Ordering::SeqCst);
    courier.nudge();
    until("held", || desk.replica.status().unwrap().held == 1).await;
    until("news", || desk.row(2_000).is_some()).await;
    until("nothing waits", || {
        desk.replica.status().unwrap().waiting == 0
    })
    .await;
    assert_eq!(
        (
            desk.row(11).unwrap().state,
            &desk.row(11).unwrap().body["bed"]
        ),
        (SyncState::Held, &Value::Null)
    );
    courier.stop();
    assert_eq!(desk.replica.status().unwrap().link, Link::Offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_go_in_full_pushes_and_are_answered_at_once() {
    let (hub, address) = start();
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    (0..600).for_each(|number| drop(desk.register(3_000 + number, "García")));
    // audit entries travel by themselves
    let calls = || {
        hub.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|path| !path.contains("/audit"))
            .count()
    };
    let before = calls();
    let done = round(&desk).await.unwrap();
    assert_eq!(
        (done.accepted, done.calls),
        (600, 2),
        "one push and one pull"
    );
    assert_eq!(calls() - before, 2);
    assert_eq!(desk.replica.status().unwrap().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_hub_nobody_new_can_sign_in() {
    let desk = desk_of("http://127.0.0.1:1");
    let error = desk.replica.sign_in("ada", "secret").await.unwrap_err();
    assert_eq!(codes(&error.problems()), ["sign_in.offline_unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_loaded_file_has_its_seal() {
    let (hub, address) = start();
    let mut dice = shared::sample::Dice::new(5);
    let stamp = shared::document::Stamp {
        staff: StaffId(id(3)),
        now: Now(NOON_MS),
        device: 9,
        incarnation: 0,
    };
    for serial in 0..2_000_u32 {
        let draft = shared::sample::patient(&mut dice, serial, ward());
        let made = shared::document::create(Kind::Patient, &draft, &stamp);
        hub.ward.lock().unwrap().docs.insert(
            record(5_000 + u128::from(serial)),
            (Kind::Patient, made.doc),
        );
    }
    let desk = desk_of(&address);
    round(&desk).await.unwrap();
    assert!(
        desk.replica.verify().unwrap(),
        "a page that was never written would look like damage"
    );
}
