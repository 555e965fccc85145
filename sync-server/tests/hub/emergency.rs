//! D8: emergency access at the hub: who gets which summaries, what was opened, and who looks at it.

use crate::console::Browser;
use crate::desk::{Answer, Desk, Made};
use crate::trust::{hub, people};
use replica::{Cabinet, Places};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::access::Role;
use shared::clock::Now;
use shared::emergency::summary::{Summary, SummaryItem, SummaryPage, unseal};
use shared::emergency::{Finding, OPEN_MS, Opening, OpeningLine, OpeningState, REVIEW_MS, Review};
use shared::ids::{OpeningId, RecordId, StaffId};
use shared::sync::wire::{SignedIn, unhex};
use std::time::{Duration, Instant};
use sync_server::emergency::review::{IncludeReviewed, find, lines, review, reviewer};
use sync_server::testing::{PASSWORD, TestHub};
use sync_server::world;
use uuid::Uuid;

const WHY: &str = "Collapsed in the lift";

pub(crate) async fn sign_in(desk: &Desk, username: &str) -> SignedIn {
    let ask = json!({ "username": username, "password": PASSWORD });
    desk.post("/identity/v1/sign-in", &ask).await.json()
}

async fn key_of(desk: &Desk) -> [u8; 32] {
    let key = sign_in(desk, "doctor").await.emergency;
    let key = unhex(&key.expect("a doctor gets it")).expect("hex");
    key.try_into().expect("32 bytes")
}

pub(crate) async fn page(desk: &Desk, after: u64) -> SummaryPage {
    let path = format!("/sync/v1/emergency?after={after}");
    desk.get(&path).await.frame()
}

pub(crate) fn read(desk: &Desk, key: &[u8; 32], page: &SummaryPage) -> Vec<Summary> {
    let one = |item: &SummaryItem| match item {
        SummaryItem::Here { patient, sealed } => {
            let summary = unseal(key, desk.enrolled.device, *patient, sealed);
            Some(summary.expect("sealed for this desk"))
        }
        SummaryItem::Gone { .. } => None,
    };
    page.items.iter().filter_map(one).collect()
}

fn gone(page: &SummaryPage) -> Vec<RecordId> {
    let one = |item: &SummaryItem| match item {
        SummaryItem::Gone { patient } => Some(*patient),
        SummaryItem::Here { .. } => None,
    };
    page.items.iter().filter_map(one).collect()
}

pub(crate) fn in_patient(desk: &Desk, family: &str, bed: Option<&str>) -> Made {
    let draft = json!({ "name": [{ "family": family, "given": "Test" }], "ward": desk.enrolled.ward, "bed": bed,
        "allergy": [{ "substance": "Penicillin", "verification": "confirmed" }] });
    desk.make(shared::record::Kind::Patient, &draft)
}

#[tokio::test]
async fn a_desk_gets_the_in_patients_of_other_wards_sealed_and_hears_of_every_change() {
    let hub = hub().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let key = key_of(&here).await;
    let stranger = in_patient(&there, "Zzstrangerzz", Some("B-1"));
    let outpatient = in_patient(&there, "Outzz", None);
    let own = in_patient(&here, "Ownzz", Some("A-1"));
    there
        .push(vec![stranger.envelope(), outpatient.envelope()])
        .await;
    here.push(vec![own.envelope()]).await;
    let first = page(&here, 0).await;
    let found = read(&here, &key, &first);
    assert_eq!(
        found.iter().map(|it| it.id).collect::<Vec<_>>(),
        [stranger.id]
    );
    assert_eq!(
        found[0].patient.allergy[0].substance.as_deref(),
        Some("Penicillin")
    );
    assert!(first.is_whole && !first.more);
    let bytes = format!("{:?}", first.items);
    assert!(
        !bytes.contains("Zzstranger") && !bytes.contains("90, 122, 115, 116"),
        "sealed"
    );
    // another desk's key opens nothing here
    let other_key = key_of(&there).await;
    let SummaryItem::Here { patient, sealed } = &first.items[0] else {
        unreachable!("found above")
    };
    assert_eq!(
        unseal(&other_key, here.enrolled.device, *patient, sealed),
        None
    );

    let again = page(&here, first.to).await;
    assert_eq!(
        (again.items.len(), again.to, again.is_whole),
        (0, first.to, false)
    );
    // what no summary shows makes no new one
    let moved = there.edit(&stranger, &json!({ "notes": "private" }));
    there.push(vec![moved.envelope()]).await;
    assert_eq!(page(&here, first.to).await.items, []);
    let moved = there.edit(&moved, &json!({ "bloodGroup": "A-" }));
    there.push(vec![moved.envelope()]).await;
    let news = page(&here, first.to).await;
    let found = read(&here, &key, &news);
    assert_eq!(found[0].patient.blood_group.map(|it| it.word()), Some("A-"));
    // discharged
    let home = there.edit(&moved, &json!({ "bed": null }));
    there.push(vec![home.envelope()]).await;
    let last = page(&here, news.to).await;
    assert_eq!(gone(&last), [stranger.id]);
    // a hub that was put back from a copy counts anew, and says so
    let ahead = page(&here, last.to + 1_000).await;
    assert!(ahead.is_whole);
}

#[tokio::test]
async fn somebody_who_comes_to_the_ward_is_no_stranger_any_more_and_medicines_come_with_the_chart()
{
    let hub = hub().await;
    let (here, there) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let key = key_of(&here).await;
    let stranger = in_patient(&there, "Movingzz", Some("B-1"));
    there.push(vec![stranger.envelope()]).await;
    let first = page(&here, 0).await;
    let order = json!({ "patient": stranger.id, "ward": hub.other_ward, "status": "active",
        "line": [{ "medicine": "Warfarin", "dose": "5", "unit": "mg", "route": "oral", "frequency": "QD" }] });
    let order = there.make(shared::record::Kind::Prescription, &order);
    there.push(vec![order.envelope()]).await;
    let news = page(&here, first.to).await;
    let found = read(&here, &key, &news);
    assert_eq!(
        found[0].medicines[0].line.medicine.as_deref(),
        Some("Warfarin")
    );
    let moved = there.edit(&stranger, &json!({ "ward": hub.ward, "bed": "A-9" }));
    there.push(vec![moved.envelope()]).await;
    assert_eq!(gone(&page(&here, news.to).await), [stranger.id]);
    let key = key_of(&there).await;
    let theirs = read(&there, &key, &page(&there, 0).await);
    assert_eq!(theirs.len(), 1, "and is one for the ward they left");
}

#[tokio::test]
async fn only_those_who_treat_get_the_key() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    assert!(sign_in(&desk, "nurse").await.emergency.is_some());
    assert_eq!(sign_in(&desk, "reception").await.emergency, None);
}

fn opening(staff: StaffId, ago_ms: i64) -> Opening {
    let at = Now(world::now().0 - ago_ms);
    Opening::begin(OpeningId(world::new_id()), staff, WHY, at)
}

async fn report(desk: &Desk, opening: &Opening) -> Answer {
    desk.post("/sync/v1/emergency/openings", opening).await
}

async fn count(hub: &TestHub, sql: &'static str) -> i64 {
    let counted = sqlx::query_scalar(sql).fetch_one(&hub.app.pool).await;
    counted.expect("the database answers")
}

#[tokio::test]
async fn a_reason_that_no_database_keeps_is_looked_at_all_the_same() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let strange = Opening {
        reason: "a reason\0 of some length".into(),
        ..opening(hub.nurse, OPEN_MS)
    };
    assert_eq!(report(&desk, &strange).await.status, 200);
    let kept = lines(&hub.app, IncludeReviewed::No).await.expect("lines");
    assert_eq!(kept.len(), 1);
}

#[tokio::test]
async fn what_was_opened_is_kept_once_and_nobody_writes_over_it() {
    let hub = hub().await;
    let (desk, other) = (
        Desk::new(&hub, hub.ward).await,
        Desk::new(&hub, hub.other_ward).await,
    );
    let first = opening(hub.nurse, OPEN_MS);
    for _ in 0..3 {
        assert_eq!(report(&desk, &first).await.status, 200);
    }
    let second = first
        .look(RecordId(Uuid::nil()), world::now())
        .expect("new");
    assert_eq!(report(&desk, &second).await.status, 200);
    // an answer that was lost is asked for again, after newer ones
    assert_eq!(report(&desk, &first).await.status, 200);
    let kept = lines(&hub.app, IncludeReviewed::No).await.expect("lines");
    assert_eq!(
        (kept.len(), kept[0].version, kept[0].looked.len()),
        (1, 2, 1)
    );
    assert_eq!(kept[0].flaws, []);
    // another desk says the same id: it has its own
    let mut forged = opening(hub.doctor, OPEN_MS);
    (forged.id, forged.version) = (first.id, 9);
    assert_eq!(report(&other, &forged).await.status, 200);
    let kept = lines(&hub.app, IncludeReviewed::No).await.expect("lines");
    assert_eq!(kept.len(), 2);
    let own = kept.iter().find(|line| line.staff == hub.nurse);
    assert_eq!(own.map(|line| line.version), Some(2));
    // nor does the same desk make it somebody else's
    let mut turned = second.clone();
    (turned.staff, turned.version) = (hub.doctor, 7);
    assert_eq!(report(&desk, &turned).await.status, 200);
    assert_eq!(
        count(
            &hub,
            "select count(*) from emergency_opening where version = 7"
        )
        .await,
        0
    );
    assert_eq!(
        count(&hub, "select count(*) from audit_deed").await - 2,
        deeds_before(&hub).await
    );
    let mut long = first.clone();
    long.reason = "x".repeat(501);
    assert_eq!(report(&desk, &long).await.code(), "too_long");
    let nonsense = desk
        .post("/sync/v1/emergency/openings", &json!({ "id": 1 }))
        .await;
    assert_eq!(nonsense.code(), "shape");
    // whoever may not is written down all the same, and shown as such
    assert_eq!(
        report(&desk, &opening(hub.receptionist, OPEN_MS))
            .await
            .status,
        200
    );
    let kept = lines(&hub.app, IncludeReviewed::No).await.expect("lines");
    let flawed: Vec<&str> = kept
        .iter()
        .flat_map(|it| &it.flaws)
        .map(|it| it.code.as_str())
        .collect();
    assert_eq!(flawed, ["not_allowed"]);
}

/// Deeds other than openings that were reported.
async fn deeds_before(hub: &TestHub) -> i64 {
    let entries: Vec<Vec<u8>> = sqlx::query_scalar("select entry from audit_deed")
        .fetch_all(&hub.app.pool)
        .await
        .expect("entries");
    let is_other = |entry: &&Vec<u8>| {
        let entry = shared::audit::entry::Entry::from_bytes(entry).expect("an entry");
        entry.what != shared::audit::entry::What::EmergencyOpened
    };
    i64::try_from(entries.iter().filter(is_other).count()).expect("few")
}

fn said(line: &OpeningLine, finding: Finding, words: &str) -> Review {
    Review {
        device: line.device,
        opening: line.id,
        version: line.version,
        finding,
        words: words.into(),
    }
}

async fn waiting(hub: &TestHub) -> Vec<OpeningLine> {
    lines(&hub.app, IncludeReviewed::No).await.expect("lines")
}

#[tokio::test]
async fn a_manager_reviews_what_others_opened_once_for_all_that_is_in_it() {
    let hub = hub().await;
    let people = people(&hub).await;
    let desk = Desk::new(&hub, hub.ward).await;
    let manager = people[&Role::Manager];
    // a manager who is a nurse too
    sqlx::query("update staff set roles = '{manager,nurse}' where id = $1")
        .bind(manager.0)
        .execute(&hub.app.pool)
        .await
        .expect("a role more");
    let own = opening(manager, OPEN_MS);
    let others = opening(hub.nurse, REVIEW_MS);
    let still_open = opening(hub.doctor, 0);
    for one in [&own, &others, &still_open] {
        assert_eq!(report(&desk, one).await.status, 200);
    }
    let list = waiting(&hub).await;
    let states: Vec<OpeningState> = list.iter().map(|line| line.state).collect();
    use OpeningState::{Open, Overdue, ToReview};
    assert_eq!(states, [Overdue, ToReview, Open], "the oldest first");
    let by = async |line: &OpeningLine, finding: Finding, words: &str| {
        let (staff, roles) = reviewer(&hub.app, "one manager").await.expect("a manager");
        let done = review(&hub.app, staff, &roles, &said(line, finding, words)).await;
        done.err()
            .map_or_else(|| "yes".into(), |error| error.code())
    };
    assert_eq!(by(&list[1], Finding::Accepted, "").await, "emergency.own");
    assert_eq!(
        by(&list[2], Finding::Accepted, "").await,
        "emergency.still_open"
    );
    assert_eq!(by(&list[0], Finding::Questioned, "").await, "required");
    assert_eq!(by(&list[0], Finding::Questioned, "Why three?").await, "yes");
    assert_eq!(
        by(&list[0], Finding::Accepted, "").await,
        "emergency.reviewed_already"
    );
    let mut unknown = list[0].clone();
    unknown.id = OpeningId(world::new_id());
    assert_eq!(
        by(&unknown, Finding::Accepted, "").await,
        "emergency.unknown"
    );
    for role in ["one doctor", "one admin", "one auditor", "reception"] {
        let refused = reviewer(&hub.app, role).await.expect_err("not a manager");
        assert_eq!(refused.code(), "not_allowed", "{role}");
    }
    assert_eq!(waiting(&hub).await.len(), 2);
    // what comes later is looked at again
    let more = others
        .look(RecordId(world::new_id()), world::now())
        .expect("new");
    report(&desk, &more).await;
    let list = waiting(&hub).await;
    assert_eq!((list.len(), list[0].state), (3, Overdue));
    assert_eq!(list[0].reviews[0].words, "Why three?");
    let mut old = list[0].clone();
    old.version = 1;
    assert_eq!(by(&old, Finding::Accepted, "").await, "emergency.moved");
    assert_eq!(by(&list[0], Finding::Accepted, "").await, "yes");
    let one = find(&hub.app, &others.id.to_string()).await.expect("found");
    assert_eq!((one.state, one.reviews.len()), (OpeningState::Reviewed, 2));
}

#[tokio::test]
async fn a_manager_at_a_desk_shows_who_they_are_with_every_call() {
    let hub = hub().await;
    crate::console::hire(&hub, "mona", "manager").await;
    let desk = Desk::new(&hub, hub.ward).await;
    let one = opening(hub.nurse, OPEN_MS);
    report(&desk, &one).await;
    let ask = async |username: &str, password: &str, review: Value| {
        let ask = json!({ "username": username, "password": password, "review": review });
        desk.post("/sync/v1/emergency/review", &ask).await
    };
    assert_eq!(
        ask("mona", "wrong", Value::Null).await.code(),
        "sign_in.wrong"
    );
    assert_eq!(
        ask("doctor", PASSWORD, Value::Null).await.code(),
        "not_allowed"
    );
    let list: Vec<OpeningLine> = ask("mona", PASSWORD, Value::Null).await.json();
    assert_eq!((list.len(), list[0].reason.as_str()), (1, WHY));
    let accepted = serde_json::to_value(said(&list[0], Finding::Accepted, "")).expect("JSON");
    let list: Vec<OpeningLine> = ask("mona", PASSWORD, accepted).await.json();
    assert_eq!(list.len(), 0);
}

#[tokio::test]
async fn the_console_shows_openings_to_clinical_managers_alone() {
    let hub = hub().await;
    let people = people(&hub).await;
    let desk = Desk::new(&hub, hub.ward).await;
    report(&desk, &opening(hub.nurse, OPEN_MS)).await;
    let unknown = json!({ "device": Uuid::nil(), "opening": Uuid::nil(), "version": 1, "finding": "accepted", "words": "" });
    for (role, staff) in &people {
        let mut browser = Browser::new(&hub);
        let token = format!("token of {role:?}");
        sqlx::query("insert into console_session (hash, staff) values ($1, $2)")
            .bind(Sha256::digest(token.as_bytes()).to_vec())
            .bind(staff.0)
            .execute(&hub.app.pool)
            .await
            .expect("a session");
        browser.cookies.push(("__Host-wardbook".into(), token));
        let listed = browser.get("/console/v1/emergency").await;
        let reviewed = browser.post("/console/v1/emergency/review", &unknown).await;
        let statuses = (listed.status().as_u16(), reviewed.status().as_u16());
        let expect = if *role == Role::Manager {
            (200, 404)
        } else {
            (403, 403)
        };
        assert_eq!(statuses, expect, "{role:?}");
        if *role != Role::Manager {
            continue;
        }
        let list: Vec<OpeningLine> = listed.json().await.expect("lines");
        let accepted = serde_json::to_value(said(&list[0], Finding::Accepted, "")).expect("JSON");
        let done = browser
            .post("/console/v1/emergency/review", &accepted)
            .await;
        assert_eq!(done.status(), 200);
    }
    assert_eq!(waiting(&hub).await.len(), 0);
}

async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_desk_opens_it_without_the_hub_and_the_hub_hears_of_it() {
    let hub = hub().await;
    let there = Desk::new(&hub, hub.other_ward).await;
    let stranger = in_patient(&there, "Strangerzz", Some("B-1"));
    there.push(vec![stranger.envelope()]).await;
    let root = tempfile::tempdir().expect("a directory");
    let places = |hub: Option<String>| Places {
        dir: root.path().join("desk"),
        keychain: Some(root.path().join("keychain")),
        hub,
    };
    let cabinet = Cabinet::find(&places(None)).expect("a desk");
    let code = hub.code(hub.ward).await;
    cabinet
        .enrol(&hub.url(), &code, "Desk")
        .await
        .expect("enrolled");
    hub.approve().await;
    let session = cabinet.sign_in("doctor", PASSWORD).await.expect("known");
    let watch = cabinet.start();
    let actor = cabinet.actor(&session).expect("a desk");
    let open = async || {
        let opened = cabinet.break_glass(&actor, "doctor", PASSWORD, WHY).await;
        Some(opened.expect("open")).filter(|it| it.people == 1)
    };
    until("the summaries, which come by themselves", open).await;
    let found = cabinet.emergency_search(&actor, "strang").expect("open");
    assert_eq!(found[0].id, stranger.id);
    let one = cabinet
        .emergency_summary(&actor, stranger.id)
        .expect("open");
    assert!(one.is_some());
    cabinet
        .emergency_note(&actor, Some(stranger.id), "Adrenaline given")
        .expect("open");
    // who came since is asked for at once, not minutes later
    let newcomer = in_patient(&there, "Newcomerzz", Some("B-2"));
    there.push(vec![newcomer.envelope()]).await;
    cabinet.end_emergency(&actor);
    let again = cabinet.break_glass(&actor, "doctor", PASSWORD, WHY).await;
    again.expect("open");
    until("the newcomer", async || {
        let found = cabinet.emergency_search(&actor, "newcomer").expect("open");
        (!found.is_empty()).then_some(())
    })
    .await;
    cabinet.end_emergency(&actor);
    let line = until("the report", async || {
        let list = waiting(&hub).await;
        let noted =
            |line: &OpeningLine| !line.notes.is_empty() && line.state == OpeningState::ToReview;
        list.into_iter().find(noted)
    })
    .await;
    assert_eq!(
        (line.who.as_str(), line.looked[0].name.as_str()),
        ("Test doctor", "Strangerzz, Test")
    );
    assert_eq!(line.notes[0].text, "Adrenaline given");
    drop(watch);
}
