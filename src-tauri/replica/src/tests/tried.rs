//! Who tried to open a locked desk is known as soon as somebody did open it, also when the program was killed between.

use super::hospital::{Locker, RIGHT, member};
use super::*;
use shared::audit::entry::{Entry, What};
use std::fs;

/// The entries of who tried to sign in, oldest first.
pub(super) fn tries(locker: &Locker) -> Vec<(Option<StaffId>, String)> {
    let replica = locker.cabinet().replica().expect("open");
    replica.settle_audit();
    let rows = replica.read(|db| {
        let sql = "select entry from audit order by incarnation, seq";
        Ok(db
            .prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<Vec<u8>>>>()?)
    });
    assert_eq!(replica.first_bad_entry().expect("readable"), None);
    rows.expect("readable")
        .iter()
        .filter_map(|bytes| Entry::from_bytes(bytes))
        .filter(|entry| entry.what == What::UnlockFailed)
        .map(|entry| {
            let reason = entry.reason.map(|reason| reason.as_str().to_owned());
            (entry.staff, reason.unwrap_or_default())
        })
        .collect()
}

/// Ends the program as a power cut does.
fn kill(locker: &mut Locker) {
    drop(locker.cabinet.take());
    locker.restart();
}

/// A locked desk that Ada can open without the hub, at which two people tried.
async fn tried_at(faults: &[&str]) -> Locker {
    let mut locker = Locker::with(faults).await;
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
    locker.go_offline();
    locker.restart();
    assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
    kill(&mut locker);
    locker.wait(1_000);
    let unknown = locker.answer("Zzmallory", "wrong").await;
    assert_eq!(unknown, "sign_in.offline_unknown");
    kill(&mut locker);
    locker
}

#[tokio::test]
async fn who_tried_at_a_locked_desk_is_written_down_once_somebody_opens_it() {
    let scenario = async |faults: &[&str]| {
        let locker = tried_at(faults).await;
        for file in ["slots.json", "slots.copy.json"] {
            let text = fs::read_to_string(locker.dir().join(file)).unwrap();
            assert!(!text.contains("sign_in.") && !text.contains("mallory"));
        }
        assert_eq!(locker.answer("ada", RIGHT).await, "yes");
        tries(&locker)
    };
    let ada = Some(member("ada").id);
    let both = [
        (ada, "sign_in.wrong".to_owned()),
        (None, "sign_in.offline_unknown".to_owned()),
    ];
    assert_eq!(scenario(&[]).await, both);
    assert_eq!(scenario(&["keep no tries"]).await, []);
}

#[tokio::test]
async fn the_last_wrong_password_still_tells_whose_it_was() {
    let mut locker = Locker::new().await;
    for who in ["ada", "bob"] {
        assert_eq!(locker.answer(who, RIGHT).await, "yes");
    }
    locker.go_offline();
    locker.restart();
    locker.guess("ada", 10).await;
    assert_eq!(locker.answer("bob", RIGHT).await, "yes");
    let found = tries(&locker);
    let ada = Some(member("ada").id);
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|(staff, _)| *staff == ada));
}

#[tokio::test]
async fn a_desk_that_is_killed_between_chain_and_slots_writes_nothing_twice() {
    let scenario = async |faults: &[&str]| {
        let mut locker = tried_at(faults).await;
        let kept = locker.root.path().join("kept");
        fs::create_dir_all(&kept).unwrap();
        let files = ["slots.json", "slots.copy.json"];
        for file in files {
            fs::copy(locker.dir().join(file), kept.join(file)).unwrap();
        }
        assert_eq!(locker.answer("ada", RIGHT).await, "yes");
        assert_eq!(tries(&locker).len(), 2);
        // the chain was written, the slots were not
        locker.stop();
        for file in files {
            fs::copy(kept.join(file), locker.dir().join(file)).unwrap();
        }
        locker.restart();
        assert_eq!(locker.answer("ada", RIGHT).await, "yes");
        tries(&locker).len()
    };
    assert_eq!(scenario(&[]).await, 2);
    assert_eq!(scenario(&["chain tries again"]).await, 4);
}

#[tokio::test]
async fn a_desk_that_is_open_writes_at_once_and_only_there() {
    let mut locker = Locker::new().await;
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
    locker.go_offline();
    assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
    assert_eq!(tries(&locker).len(), 1);
    locker.wait(1_000);
    locker.restart();
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
    assert_eq!(tries(&locker).len(), 1);
}
