//! When doctors see patients, said at the console: known to desks, never over what somebody else said.

use crate::console::Browser;
use crate::desk::Desk;
use crate::trust::hub;
use jiff::civil::{date, time};
use shared::console::{HoursChange, HoursChanged};
use shared::ids::StaffId;
use shared::scheduling::clinic::{Hours, Schedule};
use shared::staff::Reference;
use sync_server::world;

async fn schedule_of(browser: &mut Browser, doctor: StaffId) -> Schedule {
    let reference: Reference = browser.json("/console/v1/reference").await;
    let mut all = reference.schedules.into_iter();
    all.find(|one| one.practitioner == doctor)
        .expect("a doctor has hours")
}

fn mornings(base: &Schedule) -> Schedule {
    let mut draft = base.clone();
    for spans in &mut draft.hours {
        for span in spans {
            span.to = time(12, 0, 0, 0);
        }
    }
    draft
}

async fn say(browser: &mut Browser, base: &Schedule, draft: &Schedule) -> Vec<String> {
    let change = HoursChange {
        base: base.clone(),
        draft: draft.clone(),
    };
    browser.say("/console/v1/hours", &change).await
}

#[tokio::test]
async fn every_desk_learns_when_a_doctor_sees_patients() {
    let hub = hub().await;
    let desk = Desk::new(&hub, hub.ward).await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let base = schedule_of(&mut mia, hub.doctor).await;
    let before: Reference = desk.get("/sync/v1/reference").await.json();
    let mut draft = mornings(&base);
    draft.leave.push((date(2090, 1, 2), date(2090, 1, 6)));
    assert!(say(&mut mia, &base, &draft).await.is_empty());
    let after: Reference = desk.get("/sync/v1/reference").await.json();
    assert!(after.version > before.version, "desks ask for it");
    let known = after
        .schedules
        .iter()
        .find(|one| one.practitioner == hub.doctor);
    assert_eq!(known, Some(&draft));
}

#[tokio::test]
async fn hours_that_somebody_changed_are_not_overwritten() {
    let hub = hub().await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let mut wei = Browser::of(&hub, "wei", "admin").await;
    let base = schedule_of(&mut mia, hub.doctor).await;
    let first = mornings(&base);
    assert!(say(&mut mia, &base, &first).await.is_empty());
    let mut second = base.clone();
    second.breaks.push(Hours {
        from: time(13, 0, 0, 0),
        to: time(14, 0, 0, 0),
    });
    assert_eq!(say(&mut wei, &base, &second).await, ["hours.changed"]);
    assert_eq!(schedule_of(&mut wei, hub.doctor).await, first);
    // taken back as it was said
    assert!(say(&mut mia, &first, &base).await.is_empty());
    assert_eq!(schedule_of(&mut wei, hub.doctor).await, base);
}

#[tokio::test]
async fn hours_that_cannot_be_are_refused_and_only_doctors_have_some() {
    let hub = hub().await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let base = schedule_of(&mut mia, hub.doctor).await;
    let mut draft = base.clone();
    draft.hours[0][0].from = time(19, 0, 0, 0);
    draft.leave.push((date(2090, 1, 6), date(2090, 1, 2)));
    assert_eq!(
        say(&mut mia, &base, &draft).await,
        ["hours.order", "leave.order"]
    );
    for nobody in [hub.nurse, StaffId(world::new_id())] {
        let theirs = Schedule {
            practitioner: nobody,
            ..base.clone()
        };
        assert_eq!(
            say(&mut mia, &theirs, &theirs).await,
            ["practitioner.unknown"]
        );
    }
    // hours of one doctor are not said by the form of another
    let other = Schedule {
        practitioner: hub.nurse,
        ..base.clone()
    };
    assert_eq!(say(&mut mia, &other, &base).await, ["shape"]);
}

#[tokio::test]
async fn what_stands_outside_the_hours_is_said_and_stays() {
    let hub = hub().await;
    let mut mia = Browser::of(&hub, "mia", "manager").await;
    let base = schedule_of(&mut mia, hub.doctor).await;
    // ten and three o'clock on a Monday, in UTC as the hospital of the tests
    for (n, start) in ["2090-01-02T10:00:00Z", "2090-01-02T15:00:00Z"]
        .into_iter()
        .enumerate()
    {
        sqlx::query(
            "insert into booking (practitioner, day, starts_ms, ends_ms, slots, appointment, patient)
             select $1, '2090-01-02', ms, ms + 1800000, $3, gen_random_uuid(), gen_random_uuid()
             from (select (extract(epoch from $2::timestamptz) * 1000)::bigint as ms) at",
        )
        .bind(hub.doctor.0)
        .bind(start)
        .bind(1_i64 << n)
        .execute(&hub.app.pool)
        .await
        .expect("they are booked");
    }
    let change = HoursChange {
        draft: mornings(&base),
        base,
    };
    let said = serde_json::to_value(&change).expect("it is JSON");
    let changed: HoursChanged = mia
        .post("/console/v1/hours", &said)
        .await
        .json()
        .await
        .expect("an answer");
    assert_eq!(changed.outside, ["2090-01-02T15:00:00Z"]);
    let left: i64 =
        sqlx::query_scalar("select count(*) from booking where appointment is not null")
            .fetch_one(&hub.app.pool)
            .await
            .expect("the bookings");
    assert_eq!(left, 2, "nobody loses a place by it");
}
