//! D8: emergency access at a desk. Every control is taken away once, to see that its test notices.

use super::hospital::{HOUR, Locker, RIGHT, member, own_key};
use super::tried::tries;
use super::*;
use crate::courier::Courier;
use crate::store::lock;
use crate::{openings, summaries};
use shared::audit::entry::{Entry, What};
use shared::desk::Session;
use shared::emergency::Emergency;
use shared::emergency::keys::{self, HolderKey};
use shared::emergency::summary::{SummaryItem, seal, summary};
use shared::sync::wire::hex;
use std::sync::atomic::Ordering;

const WHY: &str = "Collapsed in the lift";
const MINUTE: i64 = 60_000;
const KEY: [u8; 32] = [9; 32];

fn stranger(number: u128, family: &str) -> SummaryItem {
    stranger_under(&KEY, number, family)
}

fn stranger_under(key: &[u8; 32], number: u128, family: &str) -> SummaryItem {
    let body = json!({ "name": [{ "id": "1", "family": family, "given": "Zzgivenzz" }], "ward": id(77), "bed": "B-1",
        "allergy": [{ "id": "2", "substance": "Zzpenicillinzz", "verification": "confirmed" }] });
    let patient = record(number);
    let made = summary(patient, &body, &[]).expect("an in-patient");
    SummaryItem::Here {
        patient,
        sealed: seal(key, [number as u8; 24], device(1).id, &made),
    }
}

/// A desk at which Ada is signed in, that knows of two strangers.
async fn desk(faults: &[&str]) -> (Locker, Session) {
    let locker = Locker::with(faults).await;
    lock(&locker.hub.ward).summaries = vec![stranger(50, "Zzstrangerzz"), stranger(51, "Otherzz")];
    let session = locker.sign_in("ada", RIGHT).await.expect("signed in");
    let replica = locker.cabinet().replica().expect("open");
    Courier::round(&replica).await.expect("the hub answers");
    let hub = replica.hub().expect("a hub");
    summaries::fetch(&replica, &hub).await.expect("summaries");
    (locker, session)
}

async fn open(locker: &Locker, session: &Session, password: &str, why: &str) -> String {
    match try_open(locker, session, password, why).await {
        Ok(_) => "yes".into(),
        Err(problems) => problems.join(" "),
    }
}

async fn try_open(
    locker: &Locker,
    session: &Session,
    password: &str,
    why: &str,
) -> Result<Emergency, Vec<String>> {
    let cabinet = locker.cabinet();
    let actor = cabinet.actor(session).expect("a desk");
    let opened = cabinet.break_glass(&actor, "ada", password, why).await;
    opened.map_err(|error| error.problems().into_iter().map(|it| it.code).collect())
}

fn found(locker: &Locker, session: &Session, text: &str) -> Result<usize, String> {
    let cabinet = locker.cabinet();
    let actor = cabinet.actor(session).expect("a desk");
    let found = cabinet.emergency_search(&actor, text);
    found
        .map(|found| found.len())
        .map_err(|error| error.problems().remove(0).code)
}

fn shut() -> Result<usize, String> {
    Err("emergency.closed".into())
}

fn kept(locker: &Locker) -> Vec<shared::emergency::Opening> {
    let replica = locker.cabinet().replica().expect("open");
    replica.read(openings::unsent).expect("readable")
}

#[tokio::test]
async fn it_takes_a_role_a_reason_and_ones_own_password() {
    let scenario = async |faults: &[&str]| {
        let (locker, mut session) = desk(faults).await;
        locker.go_offline();
        let short = open(&locker, &session, RIGHT, "  because  ").await;
        session.roles = vec![Role::Reception];
        let other = open(&locker, &session, RIGHT, WHY).await;
        session.roles = vec![Role::Doctor];
        let wrong = open(&locker, &session, "wrong", WHY).await;
        let soon = open(&locker, &session, RIGHT, WHY).await;
        let nothing_yet = found(&locker, &session, "zz");
        locker.wait(1_000);
        let right = open(&locker, &session, RIGHT, WHY).await;
        let all = [short, other, wrong, soon, right];
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        (nothing_yet == shut(), all.join(","))
    };
    let expect = "emergency.reason_short,not_allowed,sign_in.wrong,sign_in.wait,yes".to_owned();
    assert_eq!(scenario(&[]).await, (true, expect.clone()));
    for fault in ["any reason", "any role", "no delay"] {
        assert_ne!(scenario(&[fault]).await, (true, expect.clone()), "{fault}");
    }
}

#[tokio::test]
async fn wrong_passwords_count_as_they_do_when_signing_in_and_take_the_slot() {
    let (locker, session) = desk(&[]).await;
    locker.go_offline();
    for _ in 0..10 {
        locker.wait(301_000);
        assert_eq!(open(&locker, &session, "wrong", WHY).await, "sign_in.wrong");
    }
    locker.wait(301_000);
    assert_eq!(
        open(&locker, &session, RIGHT, WHY).await,
        "sign_in.offline_unknown"
    );
}

#[tokio::test]
async fn whoever_the_hub_gives_no_key_opens_nothing() {
    let (locker, session) = desk(&[]).await;
    locker.office().emergency = None;
    assert_eq!(
        open(&locker, &session, RIGHT, WHY).await,
        "emergency.no_key"
    );
    assert_eq!(found(&locker, &session, "zz"), shut());
    assert!(kept(&locker).is_empty());
}

#[tokio::test]
async fn what_is_vital_is_found_without_the_hub_and_until_sixty_minutes_have_passed() {
    let scenario = async |faults: &[&str]| {
        let (locker, session) = desk(faults).await;
        locker.go_offline();
        assert_eq!(found(&locker, &session, "stranger"), shut());
        let shown = try_open(&locker, &session, RIGHT, WHY).await.expect("open");
        assert_eq!((shown.people, shown.reason.as_str()), (2, WHY));
        assert_eq!(shown.as_of.as_deref(), Some("2027-03-01T09:00:00Z"));
        assert_eq!(shown.until, "2027-03-01T10:00:00Z");
        assert_eq!(found(&locker, &session, "zzstr zzgiv"), Ok(1));
        let actor = locker.cabinet().actor(&session).unwrap();
        let one = locker.cabinet().emergency_summary(&actor, record(50));
        let one = one.unwrap().expect("known here");
        assert_eq!(
            one.patient.allergy[0].substance.as_deref(),
            Some("Zzpenicillinzz")
        );
        let none = locker.cabinet().emergency_summary(&actor, record(99));
        assert_eq!(none.unwrap(), None);
        locker.wait(60 * MINUTE - 1);
        assert_eq!(found(&locker, &session, "zz"), Ok(2), "59:59.999");
        locker.wait(1);
        assert!(locker.cabinet().replica().is_ok(), "the desk stays open");
        let is_shut = found(&locker, &session, "zz") == shut();
        let is_gone = locker.cabinet().emergency(&actor).unwrap().is_none();
        let note = locker.cabinet().emergency_note(&actor, None, "late");
        is_shut && is_gone && note.is_err()
    };
    assert!(scenario(&[]).await);
    assert!(!scenario(&["it never ends"]).await);
}

#[tokio::test]
async fn a_clock_that_was_set_back_keeps_nobody_out_and_makes_it_no_longer() {
    let (locker, session) = desk(&[]).await;
    locker.wait(HOUR);
    locker.cabinet().tick().unwrap();
    locker.go_offline();
    locker.wait(-HOUR);
    assert_eq!(locker.answer("ada", RIGHT).await, "sign_in.clock_back");
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    locker.wait(50 * MINUTE);
    assert_eq!(found(&locker, &session, "zz"), Ok(2));
    locker.wait(-49 * MINUTE);
    assert_eq!(found(&locker, &session, "zz"), shut(), "set back meanwhile");
}

#[tokio::test]
async fn an_open_replica_shows_nothing_of_the_summaries() {
    let (locker, session) = desk(&[]).await;
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    assert_eq!(found(&locker, &session, "zz"), Ok(2));
    let replica = locker.cabinet().replica().unwrap();
    let rows = replica.read(|db| {
        let tables: Vec<String> = db
            .prepare(
                "select name from sqlite_master where type = 'table' and name <> 'record_text'",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut all = String::new();
        for table in tables {
            for row in crate::rescue::rows_of(db, &format!("select * from {table}"))? {
                for cell in row {
                    if let rusqlite::types::Value::Blob(bytes) = &cell {
                        all.push_str(&String::from_utf8_lossy(bytes));
                    }
                    all.push_str(&format!("{cell:?}"));
                }
            }
        }
        Ok(all)
    });
    let rows = rows.unwrap();
    assert!(
        rows.contains(WHY),
        "the reason waits to be sent: this reads every row"
    );
    for word in ["Zzstrangerzz", "Zzgivenzz", "Zzpenicillinzz", "Otherzz"] {
        assert!(!rows.contains(word), "{word}");
    }
    // nor does the file beside it give the key without the password
    let slots = locker.cabinet().slots().unwrap();
    let text = serde_json::to_string(&slots).unwrap();
    assert!(slots.people["ada"].emergency.is_some());
    assert!(!text.contains(&serde_json::to_string(&KEY).unwrap()));
}

#[tokio::test]
async fn a_key_that_is_changed_opens_for_whoever_may_without_their_signing_in_and_for_nobody_else()
{
    const NEXT: [u8; 32] = [4; 32];
    let (locker, session) = desk(&[]).await;
    let sealed_for = |username: &str| HolderKey {
        staff: member(username).id,
        sealed: hex(&keys::seal(
            &own_key(username),
            [6; 24],
            device(1).id,
            &NEXT,
        )),
    };
    let (old, new) = (
        stranger(50, "Zzstrangerzz"),
        stranger_under(&NEXT, 51, "Otherzz"),
    );
    let newer = stranger_under(&NEXT, 50, "Zzstrangerzz");
    for (holders, summaries, expect) in [
        // on the way from one to the other
        (vec![sealed_for("ada")], vec![old, new.clone()], 2),
        (
            vec![sealed_for("bob"), sealed_for("ada")],
            vec![newer.clone(), new.clone()],
            2,
        ),
        // who may open them no more has only the key from before
        (vec![sealed_for("bob")], vec![newer.clone(), new.clone()], 0),
        (vec![], vec![newer, new], 0),
    ] {
        lock(&locker.hub.ward).holder_keys = holders;
        lock(&locker.hub.ward).summaries = summaries;
        let replica = locker.cabinet().replica().expect("open");
        let emptied = replica.write(Lasting::Refetchable, |db| {
            meta::EMERGENCY.set(db, &summaries::Upto::default())
        });
        emptied.expect("it begins anew");
        let hub = replica.hub().expect("a hub");
        summaries::fetch(&replica, &hub).await.expect("summaries");
        assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
        assert_eq!(found(&locker, &session, "zz"), Ok(expect));
    }
}

#[tokio::test]
async fn it_ends_with_its_owners_word_with_the_desk_and_for_everybody_else() {
    let (mut locker, session) = desk(&[]).await;
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    let other = locker.sign_in("bob", RIGHT).await.unwrap();
    assert_eq!(found(&locker, &other, "zz"), shut(), "it is Ada's");
    assert_eq!(found(&locker, &session, "zz"), Ok(2));
    locker.wait(MINUTE);
    let cabinet = locker.cabinet();
    cabinet.end_emergency(&cabinet.actor(&other).unwrap());
    assert_eq!(found(&locker, &session, "zz"), Ok(2), "Bob ends his own");
    cabinet.end_emergency(&cabinet.actor(&session).unwrap());
    drop(cabinet);
    assert_eq!(found(&locker, &session, "zz"), shut());
    assert_eq!(kept(&locker)[0].ended_ms, Some(NOON_MS + MINUTE));
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    locker.go_offline();
    locker.restart();
    let again = locker.sign_in("ada", RIGHT).await.unwrap();
    assert_eq!(
        found(&locker, &again, "zz"),
        shut(),
        "closing the desk ended it"
    );
    let ended: Vec<bool> = kept(&locker)
        .iter()
        .map(|it| it.ended_ms.is_some())
        .collect();
    assert_eq!(ended, [true, true], "and both wait to be sent");
}

#[tokio::test]
async fn it_is_sent_before_everything_else_and_once_however_often_the_line_breaks() {
    let (locker, session) = desk(&[]).await;
    let replica = locker.cabinet().replica().unwrap();
    locker.go_offline();
    locker.register(1, "Waiting");
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    let actor = locker.cabinet().actor(&session).unwrap();
    locker
        .cabinet()
        .emergency_summary(&actor, record(50))
        .unwrap();
    locker
        .cabinet()
        .emergency_summary(&actor, record(50))
        .unwrap();
    let noted = locker
        .cabinet()
        .emergency_note(&actor, Some(record(50)), "Adrenaline");
    assert_eq!(noted.unwrap().notes, 1);
    locker.go_online();
    locker.hub.calls.lock().unwrap().clear();
    // every answer is lost on its way: the desk cannot know that it arrived
    locker.hub.cut_after.store(30, Ordering::SeqCst);
    for _ in 0..3 {
        assert!(Courier::round(&replica).await.is_err());
    }
    locker.hub.cut_after.store(0, Ordering::SeqCst);
    Courier::round(&replica).await.unwrap();
    let calls = locker.hub.calls.lock().unwrap().clone();
    assert_eq!(calls[0], "/sync/v1/emergency/openings");
    let first = |what: &str| calls.iter().position(|call| call.starts_with(what));
    assert!(first("/sync/v1/emergency/openings") < first("/sync/v1/push"));
    let sent = lock(&locker.hub.ward).openings.clone();
    assert!(
        sent.len() > 1 && sent.iter().all(|it| it == &sent[0]),
        "word for word"
    );
    assert_eq!((sent[0].looked.len(), sent[0].notes.len()), (1, 1));
    let count = sent.len();
    Courier::round(&replica).await.unwrap();
    assert_eq!(
        lock(&locker.hub.ward).openings.len(),
        count,
        "it has arrived"
    );
    locker.cabinet().end_emergency(&actor);
    Courier::round(&replica).await.unwrap();
    let last = lock(&locker.hub.ward).openings.last().cloned().unwrap();
    assert!(last.ended_ms.is_some() && last.version > sent[0].version);
}

#[tokio::test]
async fn who_opened_it_and_whom_they_looked_at_is_in_the_chain() {
    let (locker, session) = desk(&[]).await;
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    let actor = locker.cabinet().actor(&session).unwrap();
    locker
        .cabinet()
        .emergency_summary(&actor, record(50))
        .unwrap();
    let replica = locker.cabinet().replica().unwrap();
    replica.settle_audit();
    let entries = replica.read(|db| {
        let mut all = db.prepare("select entry from audit order by incarnation, seq")?;
        let rows = all.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    });
    let entries: Vec<Entry> = entries
        .unwrap()
        .iter()
        .filter_map(|bytes| Entry::from_bytes(bytes))
        .filter(|entry| {
            entry
                .reason
                .as_ref()
                .is_some_and(|it| it.as_str() == "etreat")
        })
        .collect();
    let what: Vec<What> = entries.iter().map(|entry| entry.what).collect();
    assert_eq!(what, [What::EmergencyOpened, What::ChartViewed]);
    assert_eq!(entries[1].record, Some((Kind::Patient, record(50))));
    assert!(entries.iter().all(|entry| entry.staff == Some(actor.staff)));
    assert_eq!(entries[0].of, entries[1].of);
    assert_eq!(replica.first_bad_entry().unwrap(), None);
}

#[tokio::test]
async fn what_was_opened_outlives_a_damaged_and_a_rebuilt_replica() {
    let (locker, session) = desk(&[]).await;
    locker.go_offline();
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    let replica = locker.cabinet().replica().unwrap();
    replica.rescue_now().unwrap();
    assert_eq!(kept(&locker).len(), 1);
    assert_eq!(found(&locker, &session, "zz"), Ok(2));
    locker.go_online();
    Courier::round(&replica).await.unwrap();
    assert_eq!(lock(&locker.hub.ward).openings.len(), 1);
    assert_eq!(
        found(&locker, &session, "zz"),
        Ok(2),
        "after loading the ward anew"
    );
}

#[tokio::test]
async fn somebody_who_went_home_is_forgotten_and_a_page_that_is_whole_begins_anew() {
    let (locker, session) = desk(&[]).await;
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    let replica = locker.cabinet().replica().unwrap();
    let hub = replica.hub().unwrap();
    let patient = record(50);
    lock(&locker.hub.ward)
        .summaries
        .push(SummaryItem::Gone { patient });
    summaries::fetch(&replica, &hub).await.unwrap();
    assert_eq!(found(&locker, &session, "zz"), Ok(1));
    // a hub that was put back from a copy begins to count anew
    replica
        .write(Lasting::Refetchable, |db| meta::EMERGENCY.clear(db))
        .unwrap();
    lock(&locker.hub.ward).summaries = vec![stranger(60, "Newzz")];
    summaries::fetch(&replica, &hub).await.unwrap();
    assert_eq!(found(&locker, &session, "other"), Ok(0));
    assert_eq!(found(&locker, &session, "new"), Ok(1));
}

#[tokio::test]
async fn an_emptied_desk_has_reported_it_and_keeps_nothing() {
    let (locker, session) = desk(&[]).await;
    locker.go_offline();
    assert_eq!(open(&locker, &session, RIGHT, WHY).await, "yes");
    locker.cabinet().close().unwrap();
    assert_eq!(
        locker.cabinet().desk().unwrap().unsent,
        1,
        "nobody empties this unsent"
    );
    let again = locker.sign_in("ada", RIGHT).await.unwrap();
    assert_eq!(open(&locker, &again, RIGHT, WHY).await, "yes");
    locker.go_online();
    locker.office().order = shared::orders::Order::WipeAfterUpload;
    let replica = locker.cabinet().replica().unwrap();
    crate::contact::hear(&replica).await.unwrap();
    assert_eq!(lock(&locker.hub.ward).openings.len(), 2);
    locker.cabinet().empty().unwrap();
    assert!(locker.cabinet().state().emergency.is_none());
}

#[tokio::test]
async fn a_wrong_password_for_it_is_written_down_like_one_at_the_door() {
    let scenario = async |faults: &[&str]| {
        let (locker, session) = desk(faults).await;
        let short = open(&locker, &session, RIGHT, "short").await;
        assert_eq!(short, "emergency.reason_short", "no password was looked at");
        assert_eq!(open(&locker, &session, "wrong", WHY).await, "sign_in.wrong");
        locker.wait(2_000);
        assert_eq!(locker.answer("ada", "wrong").await, "sign_in.wrong");
        tries(&locker)
    };
    let one = (Some(member("ada").id), "sign_in.wrong".to_owned());
    assert_eq!(scenario(&[]).await, [one.clone(), one.clone()]);
    assert_eq!(scenario(&["no note of a wrong password"]).await, [one]);
}
