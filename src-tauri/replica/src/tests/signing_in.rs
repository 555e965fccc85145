//! S5: unlocking a desk without the hub. Every control is taken away once, to see that its test notices.

use super::hospital::{HOUR, Locker, RIGHT, member};
use super::*;
use shared::seal::Sealed;
use shared::unlock::OfflineGrant;
use std::fs;
use std::path::Path;

const DAY: i64 = 24 * HOUR;

/// A desk where Ada signed in once, started again without the hub.
pub(super) async fn offline(faults: &[&str]) -> Locker {
    let mut locker = Locker::with(faults).await;
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
    locker.go_offline();
    locker.restart();
    locker
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Puts back what starts with a name, as it was.
pub(super) fn put_back(kept: &Path, place: &Path, start: &str) {
    for entry in fs::read_dir(kept).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_string_lossy().starts_with(start) {
            fs::copy(kept.join(&name), place.join(&name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_desk_is_locked_until_somebody_unlocks_it_and_opens_without_the_hub() {
    let locker = offline(&[]).await;
    let cabinet = locker.cabinet();
    assert!(cabinet.replica().is_err());
    let desk = cabinet.desk().unwrap();
    assert!(desk.is_locked);
    assert_eq!(desk.ward, Some(ward()));
    assert_eq!(desk.known_staff, [member("ada")]);
    assert_eq!(desk.keychain, Some(shared::desk::KeychainPlace::File));
    assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
    assert!(cabinet.replica().is_err(), "a wrong password opens nothing");
    locker.wait(1_000);
    let session = locker.sign_in(" Ada ", RIGHT).await.unwrap();
    assert_eq!(session.roles, [Role::Doctor, Role::Nurse]);
    assert!(cabinet.replica().is_ok());
    assert!(!cabinet.desk().unwrap().is_locked);
    assert_eq!(locker.answer("bob", RIGHT).await, "sign_in.offline_unknown");
}

#[tokio::test]
async fn the_hub_says_when_a_desk_locks_and_the_desk_knows_it_without_the_hub() {
    let mut locker = Locker::new().await;
    for (chosen, expect) in [(3, 3), (600, 60), (0, 1)] {
        locker.office().idle_minutes = chosen;
        let session = locker.sign_in("ada", RIGHT).await.unwrap();
        assert_eq!(session.idle_minutes, expect);
        locker.go_offline();
        locker.restart();
        let session = locker.sign_in("ada", RIGHT).await.unwrap();
        assert_eq!(session.idle_minutes, expect, "offline");
        locker.go_online();
    }
}

#[tokio::test]
async fn nothing_made_of_a_password_is_kept() {
    let locker = Locker::new().await;
    locker.sign_in("ada", RIGHT).await.unwrap();
    let replica = locker.cabinet().replica().unwrap();
    let tables: u32 = replica
        .read(|db| {
            let sql = "select count(*) from sqlite_master where name = 'pass'";
            Ok(db.query_row(sql, [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn each_wrong_password_makes_the_next_wait_longer_also_after_a_restart() {
    let scenario = async |faults: &[&str]| {
        let mut locker = offline(faults).await;
        let mut waits = Vec::new();
        for wait in [1, 2, 4, 8] {
            assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
            locker.restart();
            locker.wait(wait * 1_000 - 1);
            waits.push(locker.answer("ada", RIGHT).await == "sign_in.wait");
            if !waits[waits.len() - 1] {
                break;
            }
            locker.wait(1);
        }
        let is_right = locker.answer("ada", RIGHT).await == "yes";
        is_right && waits == [true; 4]
    };
    assert!(scenario(&[]).await);
    assert!(
        !scenario(&["no delay"]).await,
        "and without delays it shows"
    );
}

#[tokio::test]
async fn ten_wrong_passwords_take_the_slot_and_the_hub_gives_it_back() {
    let scenario = async |faults: &[&str]| {
        let mut locker = offline(faults).await;
        locker.guess("ada", 10).await;
        let is_gone = locker.answer("ada", RIGHT).await == "sign_in.offline_unknown";
        let nobody = locker.cabinet().desk().unwrap().known_staff.is_empty();
        locker.go_online();
        assert_eq!(locker.answer("ada", RIGHT).await, "yes", "the hub opens it");
        locker.go_offline();
        locker.restart();
        assert_eq!(locker.answer("ada", RIGHT).await, "yes", "and gave a slot");
        is_gone && nobody
    };
    assert!(scenario(&[]).await);
    assert!(!scenario(&["keep the slot"]).await);
}

#[tokio::test]
async fn putting_an_old_slot_file_or_an_old_keychain_back_does_not_help() {
    // T4: which of the two is put back, after how many wrong passwords, and what the right one gets then
    let scenario = async |what: &str, guesses: u32, faults: &[&str]| {
        let mut locker = offline(faults).await;
        let (slots, keychain) = (locker.root.path().join("a"), locker.root.path().join("b"));
        copy(&locker.dir(), &slots);
        copy(&locker.keychain(), &keychain);
        locker.guess("ada", guesses).await;
        locker.stop();
        match what {
            "slots" => put_back(&slots, &locker.dir(), "slots"),
            _ => put_back(&keychain, &locker.keychain(), "desk"),
        }
        locker.restart();
        if guesses < 10 {
            // one more wrong one is the tenth, wherever it was counted
            locker.guess("ada", 1).await;
        }
        locker.answer("ada", RIGHT).await
    };
    for what in ["slots", "keychain"] {
        for guesses in [9, 10] {
            let got = scenario(what, guesses, &[]).await;
            assert_eq!(got, "sign_in.offline_unknown", "{what} after {guesses}");
        }
    }
    let got = scenario("slots", 10, &["keep the pepper"]).await;
    assert_eq!(got, "yes", "without the person's part it would help");
    let got = scenario("slots", 9, &["trust the file"]).await;
    assert_eq!(got, "yes", "and so it would if only the file counted");
}

#[tokio::test]
async fn a_grant_ends_when_the_hub_said_by_the_hubs_clock() {
    let scenario = async |faults: &[&str]| {
        let locker = offline(faults).await;
        locker.wait(72 * HOUR);
        assert_eq!(
            locker.answer("ada", RIGHT).await,
            "yes",
            "to the last moment"
        );
        locker.wait(1);
        locker.answer("ada", RIGHT).await
    };
    assert_eq!(scenario(&[]).await, "sign_in.expired");
    assert_eq!(scenario(&["grants last for ever"]).await, "yes");
}

#[tokio::test]
async fn a_grant_that_the_hub_did_not_sign_opens_nothing() {
    let scenario = async |faults: &[&str]| {
        let mut locker = offline(faults).await;
        // an insider with the keychain writes a longer grant into the slots
        locker.stop();
        let secret = locker.secret();
        let mut slots = crate::slots::Slots::read(&locker.dir(), &secret)
            .unwrap()
            .unwrap();
        let slot = slots.people.get_mut("ada").unwrap();
        let mut grant: OfflineGrant = serde_json::from_str(&slot.grant.text).unwrap();
        grant.not_after_ms += 365 * DAY;
        slot.grant = Sealed {
            text: serde_json::to_string(&grant).unwrap(),
            ..slot.grant.clone()
        };
        let place = shared::desk::KeychainPlace::File;
        slots.write(&locker.dir(), &secret, place).unwrap();
        locker.restart();
        locker.answer("ada", RIGHT).await
    };
    assert_eq!(scenario(&[]).await, "sign_in.grant_invalid");
    assert_eq!(scenario(&["believe any grant"]).await, "yes");
}

#[tokio::test]
async fn a_clock_that_was_set_back_opens_nothing_until_the_hub_is_heard() {
    let scenario = async |restored: bool, faults: &[&str]| {
        let mut locker = offline(faults).await;
        copy(&locker.dir(), &locker.root.path().join("a"));
        locker.wait(71 * HOUR);
        locker.cabinet().tick().unwrap();
        locker.stop();
        if restored {
            put_back(&locker.root.path().join("a"), &locker.dir(), "slots");
        }
        locker.restart();
        locker.wait(-4 * 60_000);
        assert_eq!(
            locker.answer("ada", RIGHT).await,
            "yes",
            "clocks are set right"
        );
        locker.restart();
        locker.wait(-2 * 60_000);
        let got = locker.answer("ada", RIGHT).await;
        locker.go_online();
        assert_eq!(
            locker.answer("ada", RIGHT).await,
            "yes",
            "the hub knows the time"
        );
        locker.go_offline();
        locker.restart();
        assert_eq!(
            locker.answer("ada", RIGHT).await,
            "yes",
            "and it goes on from there"
        );
        got
    };
    assert_eq!(scenario(false, &[]).await, "sign_in.clock_back");
    assert_eq!(scenario(true, &[]).await, "sign_in.clock_back");
    assert_eq!(scenario(false, &["believe the clock"]).await, "yes");
}

#[tokio::test]
async fn a_desk_ages_without_contact_to_read_only_and_then_to_locked() {
    let mut locker = Locker::new().await;
    locker.office().grant_ms = 100 * DAY;
    locker.sign_in("ada", RIGHT).await.unwrap();
    locker.go_offline();
    locker.wait(30 * DAY);
    assert!(matches!(
        locker.register(1, "García"),
        SaveAnswer::Saved { .. }
    ));
    locker.wait(1);
    let SaveAnswer::Problems { problems } = locker.register(2, "García") else {
        unreachable!("what is written after thirty days is refused");
    };
    assert_eq!(codes(&problems), ["replica.read_only"]);
    locker.wait(15 * DAY - 1);
    locker.restart();
    assert_eq!(
        locker.answer("ada", RIGHT).await,
        "yes",
        "it can still be read"
    );
    locker.restart();
    locker.wait(1);
    assert_eq!(locker.answer("ada", RIGHT).await, "replica.too_old");
    locker.go_online();
    assert_eq!(locker.answer("ada", RIGHT).await, "yes");
}

#[tokio::test]
async fn an_open_desk_is_locked_after_forty_five_days_and_one_contact_makes_it_young() {
    let scenario = async |faults: &[&str]| {
        let locker = Locker::with(faults).await;
        locker.office().grant_ms = 100 * DAY;
        locker.sign_in("ada", RIGHT).await.unwrap();
        locker.go_offline();
        let cabinet = locker.cabinet();
        let is_open = || {
            cabinet.look().expect("it looks at its clock");
            cabinet.replica().is_ok()
        };
        locker.wait(30 * DAY + 1);
        assert!(is_open(), "it can be read");
        locker.wait(15 * DAY - 1);
        assert!(is_open(), "on the last day too");
        locker.wait(1);
        let stayed_open = is_open();
        locker.go_online();
        assert_eq!(locker.answer("ada", RIGHT).await, "yes");
        let replica = locker.cabinet().replica().expect("open again");
        // a sign-in alone brings nothing of what others wrote meanwhile
        let SaveAnswer::Problems { problems } = locker.register(1, "García") else {
            unreachable!("nothing is written before the first round");
        };
        assert_eq!(codes(&problems), ["replica.read_only"]);
        let round = crate::Courier::round(&replica).await;
        round.expect("the hub answers");
        let saved = locker.register(1, "García");
        assert!(matches!(saved, SaveAnswer::Saved { .. }), "{saved:?}");
        stayed_open
    };
    assert!(!scenario(&[]).await);
    assert!(scenario(&["stay open"]).await);
}

#[tokio::test]
async fn a_password_that_the_hub_knows_no_more_opens_nothing_either() {
    let mut locker = Locker::new().await;
    locker.sign_in("ada", RIGHT).await.unwrap();
    locker.office().password = "changed since".into();
    assert_eq!(locker.answer("ada", RIGHT).await, "sign_in.wrong");
    locker.go_offline();
    locker.restart();
    assert_eq!(locker.answer("ada", RIGHT).await, "sign_in.offline_unknown");
    locker.go_online();
    assert_eq!(locker.answer("ada", "changed since").await, "yes");
}

#[tokio::test]
async fn somebody_new_signs_in_at_a_running_or_a_locked_desk_through_the_hub_and_gets_a_slot() {
    let mut locker = offline(&[]).await;
    locker.go_online();
    assert_eq!(
        locker.answer("bob", RIGHT).await,
        "yes",
        "nobody had unlocked it"
    );
    assert_eq!(locker.answer("cleo", RIGHT).await, "yes");
    locker.go_offline();
    locker.restart();
    for who in ["ada", "bob", "cleo"] {
        assert_eq!(locker.answer(who, RIGHT).await, "yes");
    }
}

#[tokio::test]
async fn an_answer_that_was_meant_for_another_call_or_comes_from_another_hub_lets_nobody_in() {
    let locker = offline(&[]).await;
    locker.go_online();
    locker.office().key = ed25519_dalek::SigningKey::from_bytes(&[6; 32]);
    assert_eq!(locker.answer("bob", "anything").await, "sign_in.wrong");
    assert_eq!(locker.answer("bob", RIGHT).await, "sign_in.offline_unknown");
    assert!(locker.cabinet().replica().is_err());
}

#[tokio::test]
async fn somebody_who_left_loses_their_slot_at_the_next_contact() {
    // T6, S7: for a person
    let locker = offline(&[]).await;
    locker.go_online();
    locker.office().left = vec![member("ada").id];
    locker.cabinet().hear().await.unwrap();
    locker.go_offline();
    assert_eq!(locker.answer("ada", RIGHT).await, "sign_in.offline_unknown");
}

#[tokio::test]
async fn a_desk_opens_with_passwords_as_costly_as_they_should_be() {
    let mut locker = Locker::new().await;
    locker.sign_in("ada", RIGHT).await.unwrap();
    locker.stop();
    let clock = crate::base::system_clock();
    let cabinet =
        crate::Cabinet::find_at(&locker.places(), clock, crate::wrap::Cost::FULL).unwrap();
    let stretched = crate::wrap::stretch(RIGHT, &[0; 16], crate::wrap::Cost::FULL);
    assert!(stretched.is_ok());
    assert!(cabinet.desk().unwrap().is_locked);
}
