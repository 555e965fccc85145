//! What patients have to be told: waits until somebody tells them by phone, and says why where nobody can.

use crate::console::Browser;
use crate::desk::slot;
use crate::slots::House;
use crate::trust::{desk_of, hub};
use serde_json::json;
use shared::ids::RecordId;
use shared::notices::{NoticeKind, NoticeLine, NoticePage, NoticeSaid, NoticeState, Telling};
use shared::record::Kind;
use shared::sample::Dice;
use shared::sync::wire::Verdict;
use std::time::{Duration, Instant};
use sync_server::testing::TestHub;
use sync_server::world;
use uuid::Uuid;

const NOTICES: &str = "/console/v1/notices";
const DAY_MS: i64 = 24 * 3_600_000;

/// All of a list, page by page.
async fn all(browser: &mut Browser, query: &str) -> Vec<NoticeLine> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page: NoticePage = browser.json(&format!("{NOTICES}?{query}{after}")).await;
        found.extend(page.lines);
        let Some(next) = page.next else {
            return found;
        };
        after = format!("&after={next}");
    }
}

async fn say(browser: &mut Browser, line: &NoticeLine, telling: Telling) -> Vec<String> {
    let said = NoticeSaid {
        appointment: line.appointment,
        nth: line.nth,
        telling,
    };
    browser.say(&format!("{NOTICES}/said"), &said).await
}

#[tokio::test]
async fn what_becomes_of_a_booking_waits_until_somebody_tells_the_patient() {
    let house = House::new(1, 1).await;
    let desk = &house.desks[0];
    let booked = desk.make(Kind::Appointment, &house.visit(0, &slot(0), "pending"));
    assert_eq!(house.push(0, &booked).await, Verdict::Taken);
    let mut mia = Browser::of(&house.hub, "mia", "manager").await;
    let begun = Instant::now();
    let line = loop {
        if let Some(line) = all(&mut mia, "").await.pop() {
            break line;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing waits");
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (line.appointment, line.kind, line.state, line.tries),
        (booked.id, NoticeKind::Scheduled, NoticeState::Waiting, 0)
    );
    assert_eq!(
        say(&mut mia, &line, Telling::NotReached).await,
        Vec::<String>::new()
    );
    let tried = all(&mut mia, "state=waiting").await.remove(0);
    assert!(
        tried.tries == 1 && tried.tried_at.is_some(),
        "it waits on: {tried:?}"
    );
    assert_eq!(
        say(&mut mia, &line, Telling::Told).await,
        Vec::<String>::new()
    );
    assert_eq!(all(&mut mia, "").await, []);
    let told = all(&mut mia, "state=told").await.remove(0);
    assert!(told.told_by.is_some() && told.told_at.is_some(), "{told:?}");
    // nobody is told twice, and what was told is not counted as a try
    for telling in [Telling::Told, Telling::NotReached] {
        assert_eq!(say(&mut mia, &line, telling).await, ["notice.over"]);
    }
    assert_eq!(all(&mut mia, "state=told").await, [told]);
}

async fn plant(
    hub: &TestHub,
    patient: Uuid,
    kind: &str,
    (start_ms, at_ms): (i64, i64),
    is_pointless: bool,
) -> RecordId {
    let appointment = world::new_id();
    sqlx::query("insert into notice (appointment, nth, kind, patient, start_ms, at_ms, is_pointless) values ($1, 1, $2, $3, $4, $5, $6)")
        .bind(appointment)
        .bind(kind)
        .bind(patient)
        .bind(start_ms)
        .bind(at_ms)
        .bind(is_pointless)
        .execute(&hub.app.pool)
        .await
        .expect("a notice");
    RecordId(appointment)
}

#[tokio::test]
async fn each_list_has_just_what_belongs_there_each_once_and_in_order() {
    let hub = hub().await;
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| world::now().0.unsigned_abs());
    eprintln!("SEED={seed}");
    let (mut dice, now_ms) = (Dice::new(seed), world::now().0);
    let people = [world::new_id(), world::new_id()];
    let (mut waiting, mut over) = (Vec::new(), Vec::new());
    for _ in 0..240 {
        let kind = NoticeKind::ALL[dice.below(8)].word();
        let days = i64::try_from(dice.below(20)).expect("small") - 10;
        // an hour aside of the boundary, so that nothing gets late meanwhile
        let start_ms = now_ms + days * DAY_MS + 3_600_000;
        let is_pointless = dice.below(4) == 0;
        let is_late = match kind {
            "no_show" | "needs_rebooking" => days < -7,
            _ => days < 0,
        };
        let times = (start_ms, start_ms - DAY_MS);
        let made = plant(&hub, people[dice.below(2)], kind, times, is_pointless).await;
        let list = if is_pointless || is_late {
            &mut over
        } else {
            &mut waiting
        };
        list.push(made);
    }
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    for (state, mut expect) in [("waiting", waiting), ("over", over)] {
        let lines = all(&mut mia, &format!("state={state}")).await;
        let starts: Vec<&str> = lines.iter().map(|line| line.start.as_str()).collect();
        let in_order = match state {
            "waiting" => starts.is_sorted(),
            _ => starts.iter().rev().is_sorted(),
        };
        assert!(in_order, "{state}");
        let mut found: Vec<RecordId> = lines.iter().map(|line| line.appointment).collect();
        found.sort_unstable();
        expect.sort_unstable();
        assert_eq!(found, expect, "{state}");
        let mut of_people = Vec::new();
        for one in people {
            of_people.extend(all(&mut mia, &format!("state={state}&patient={one}")).await);
        }
        assert_eq!(of_people.len(), lines.len(), "{state}: each of one patient");
    }
    for wrong in ["?state=sent", "?after=x", "?after=1~2~3"] {
        let status = mia.get(&format!("{NOTICES}{wrong}")).await.status();
        assert_eq!(status.as_u16(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn who_cannot_be_told_is_listed_with_the_reason() {
    let hub = hub().await;
    let desk = desk_of(&hub, hub.ward, hub.receptionist).await;
    let person = |more: serde_json::Value| {
        let mut draft =
            json!({ "name": [{ "family": "García", "given": "Ada" }], "ward": hub.ward });
        draft
            .as_object_mut()
            .expect("a body")
            .extend(more.as_object().expect("fields").clone());
        desk.make(Kind::Patient, &draft)
    };
    let phone = json!([{ "value": "020 7946 0101" }]);
    let (reached, silent) = (person(json!({ "telecom": phone })), person(json!({})));
    let dead = person(json!({ "telecom": phone }));
    for made in [&reached, &silent, &dead] {
        assert_eq!(desk.push(vec![made.envelope()]).await, [Verdict::Taken]);
    }
    let died = "update record set body = jsonb_set(body::jsonb, '{deceased}', '\"2026\"')::json where id = $1";
    sqlx::query(died)
        .bind(dead.id.0)
        .execute(&hub.app.pool)
        .await
        .expect("they died");
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let times = (world::now().0 + DAY_MS, world::now().0);
    for (patient, code) in [
        (reached.id.0, None),
        (silent.id.0, Some("notice.no_phone")),
        (dead.id.0, Some("notice.deceased")),
        (world::new_id(), Some("notice.nobody")),
    ] {
        plant(&hub, patient, "reminder", times, false).await;
        let line = all(&mut mia, &format!("patient={patient}")).await.remove(0);
        let found = line.barrier.map(|problem| problem.code);
        assert_eq!(found.as_deref(), code);
        if code.is_none() {
            assert_eq!(
                (line.name.as_str(), &line.phones[..]),
                ("García, Ada", &["020 7946 0101".to_owned()][..])
            );
        }
    }
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    assert_eq!(wei.get(NOTICES).await.status().as_u16(), 403);
}
