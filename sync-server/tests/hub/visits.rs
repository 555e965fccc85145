//! What the hub looks after between the booking and the visit: reminders, and who did not come.

use crate::desk::{Made, codes};
use crate::events::{data, told};
use crate::slots::{HOUR_MS, House};
use serde_json::json;
use shared::clock::Now;
use shared::document::{self, Stamp};
use shared::events::{Event, Visit, What};
use shared::ids::{DeviceId, RecordId};
use shared::record::Kind;
use shared::sync::wire::Verdict;
use sync_server::events::outbox;
use sync_server::scheduling::{no_show, remind};
use sync_server::sync::accept::accept;
use sync_server::sync::weigh::Source;
use sync_server::world;

const MINUTE_MS: i64 = 60_000;

/// An appointment that begins so long from now, to the minute; the hub brings it in from elsewhere, and no rule is asked.
async fn brought(house: &House, patient: usize, from_now_ms: i64) -> (Made, i64) {
    let start_ms = (world::now().0 + from_now_ms).div_euclid(MINUTE_MS) * MINUTE_MS;
    let draft = house.visit(patient, &Now(start_ms).rfc3339(), "booked");
    let hub = "00000000-0000-8000-8000-000000000000";
    let stamp = Stamp {
        device: 0,
        ..house.desks[0].stamp()
    };
    let made = Made {
        kind: Kind::Appointment,
        id: RecordId(world::new_id()),
        edited: document::create(Kind::Appointment, &draft, &stamp),
    };
    let source = Source {
        device: hub.parse::<DeviceId>().expect("the hub's own id"),
        number: 0,
        incarnation: 1,
        ward: None,
        waybill: None,
        reviewed: false,
        ahead_ms: None,
    };
    let verdicts = accept(&house.hub.app, &source, vec![made.envelope()]).await;
    assert_eq!(verdicts.expect("it is taken"), [Verdict::Taken]);
    (made, start_ms)
}

/// The same of which its patient was told.
pub(crate) async fn known(house: &House, patient: usize, from_now_ms: i64) -> Made {
    let (made, start_ms) = brought(house, patient, from_now_ms).await;
    let moment = |ms| jiff::Timestamp::from_millisecond(ms).expect("a time");
    let visit = Visit {
        patient: house.patients[patient],
        practitioner: house.hub.doctor,
        department: None,
        ward: None,
        start: moment(start_ms),
        end: moment(start_ms + HOUR_MS / 2),
    };
    let told_ms = world::now().0 - 72 * HOUR_MS;
    let event = Event {
        subject: made.id,
        nth: 1,
        at_ms: told_ms,
        recorded_ms: told_ms,
        what: What::Scheduled(visit),
    };
    let mut db = house.hub.app.pool.acquire().await.expect("a connection");
    outbox::tell(&mut db, &[event]).await.expect("it is told");
    made
}

async fn unresolved(house: &House) -> Vec<RecordId> {
    no_show::sweep(&house.hub.app)
        .await
        .expect("it is looked at")
}

#[tokio::test]
async fn who_did_not_come_is_noted_once_every_desk_was_heard_and_else_left_to_a_person() {
    let mut house = House::new(2, 4).await;
    // the hub looks only when it is asked to
    let missed = known(&house, 0, -50 * MINUTE_MS).await;
    let here = known(&house, 1, -100 * MINUTE_MS).await;
    let running = known(&house, 2, -20 * MINUTE_MS).await;
    let (elsewhere, _) = brought(&house, 3, -150 * MINUTE_MS).await;
    let arrived = house.desks[0].edit(&here, &json!({ "status": "arrived" }));
    assert_eq!(house.push(0, &arrived).await, Verdict::Taken);
    house.silence(1).await;
    assert_eq!(unresolved(&house).await, [missed.id]);
    assert_eq!(house.status(&missed).await, "booked");
    // it asks for news, so it has sent what it had
    house.desks[1].feed(0).await;
    assert_eq!(unresolved(&house).await, []);
    assert_eq!(house.status(&missed).await, "noshow");
    assert_eq!(
        told(&house.hub.app.pool, missed.id).await,
        ["scheduled", "no_show"]
    );
    assert_eq!(
        data(&house.hub.app.pool, missed.id, 2).await["isAutomatic"],
        true
    );
    for made in [&running, &elsewhere] {
        assert_eq!(house.status(made).await, "booked");
    }
    assert_eq!(house.status(&here).await, "arrived");
    // a suspended desk may still bring something
    let other = known(&house, 2, -200 * MINUTE_MS).await;
    sqlx::query(
        "update device set suspended_at = now(), seen_at = now() - interval '1 day' where id = $1",
    )
    .bind(house.desks[1].enrolled.device.0)
    .execute(&house.hub.app.pool)
    .await
    .expect("it is suspended");
    assert_eq!(unresolved(&house).await, [other.id]);
    sqlx::query("update device set revoked_at = now() where id = $1")
        .bind(house.desks[1].enrolled.device.0)
        .execute(&house.hub.app.pool)
        .await
        .expect("it is gone");
    assert_eq!(unresolved(&house).await, []);
    house.hub.restart().await;
    assert_eq!(unresolved(&house).await, []);
    assert_eq!(told(&house.hub.app.pool, missed.id).await.len(), 2);
}

#[tokio::test]
async fn a_person_notes_who_did_not_come_from_the_end_of_the_slot_on() {
    let house = House::new(1, 2).await;
    house.silence(0).await;
    let over = known(&house, 0, -50 * MINUTE_MS).await;
    let running = known(&house, 1, -20 * MINUTE_MS).await;
    let mark = |made: &Made| house.desks[0].edit(made, &json!({ "status": "noshow" }));
    let early = mark(&running);
    assert_eq!(
        codes(&house.push(0, &early).await),
        ["appointment.not_over"]
    );
    let noted = mark(&over);
    assert_eq!(house.push(0, &noted).await, Verdict::Taken);
    assert_eq!(
        told(&house.hub.app.pool, over.id).await,
        ["scheduled", "no_show"]
    );
    assert_eq!(
        data(&house.hub.app.pool, over.id, 2).await["isAutomatic"],
        false
    );
}

#[tokio::test]
async fn patients_are_reminded_a_day_before_once() {
    let house = House::new(1, 4).await;
    let app = &house.hub.app;
    let soon = known(&house, 0, 23 * HOUR_MS).await;
    let later = known(&house, 1, 25 * HOUR_MS).await;
    let (elsewhere, _) = brought(&house, 2, 22 * HOUR_MS).await;
    let fresh = known(&house, 3, 21 * HOUR_MS).await;
    sqlx::query("update event set recorded_ms = $2 where subject = $1")
        .bind(fresh.id.0)
        .bind(world::now().0 - HOUR_MS)
        .execute(&app.pool)
        .await
        .expect("it was told an hour ago");
    for _ in 0..2 {
        remind::sweep(app).await.expect("they are reminded");
    }
    let pool = &app.pool;
    assert_eq!(told(pool, soon.id).await, ["scheduled", "reminder"]);
    assert_eq!(told(pool, elsewhere.id).await, ["reminder"]);
    assert_eq!(told(pool, later.id).await, ["scheduled"]);
    assert_eq!(told(pool, fresh.id).await, ["scheduled"]);
    // given up after the reminder, it is told as ever, and costs nothing a day before
    let gone = json!({ "status": "cancelled", "cancelReason": "ill" });
    let gone = house.desks[0].edit(&soon, &gone);
    assert_eq!(house.push(0, &gone).await, Verdict::Taken);
    assert_eq!(
        told(pool, soon.id).await,
        ["scheduled", "reminder", "cancelled"]
    );
    assert_eq!(data(pool, soon.id, 3).await["fee"], "nothing");
}
