//! Who gets a slot: decided once by the hub, said in the appointment, the same on every replica.

use crate::desk::{Desk, Made, codes, slot};
use serde_json::{Value, json};
use shared::document::{self, Stamp};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::scheduling::adjudicate::WINDOW_MS;
use shared::sync::wire::{FeedItem, Verdict};
use sync_server::scheduling::{decide, waiting};
use sync_server::sync::accept::accept;
use sync_server::sync::weigh::Source;
use sync_server::testing::TestHub;
use sync_server::world;

pub(crate) const HOUR_MS: i64 = 3_600_000;

/// A hub with desks in both wards and as many patients as are wanted.
pub(crate) struct House {
    pub(crate) hub: TestHub,
    pub(crate) desks: Vec<Desk>,
    pub(crate) patients: Vec<RecordId>,
}

impl House {
    pub(crate) async fn new(desks: usize, patients: usize) -> Self {
        let hub = crate::trust::hub().await;
        let mut here = Vec::new();
        for nth in 0..desks {
            let ward = if nth % 2 == 0 {
                hub.ward
            } else {
                hub.other_ward
            };
            here.push(Desk::new(&hub, ward).await);
        }
        let made: Vec<Made> = (0..patients).map(|_| here[0].patient("Slot")).collect();
        let mut envelopes: Vec<_> = made.iter().map(Made::envelope).collect();
        // so that the other ward sees them too
        let seen = made.iter().map(|patient| {
            let line = json!({ "medicine": "Paracetamol", "dose": "500", "unit": "mg", "route": "oral", "frequency": "QID" });
            let order = json!({ "patient": patient.id, "ward": hub.other_ward, "status": "draft", "line": [line] });
            here[0].make(Kind::Prescription, &order).envelope()
        });
        envelopes.extend(seen);
        for some in envelopes.chunks(500) {
            let verdicts = here[0].push(some.to_vec()).await;
            assert!(
                verdicts.iter().all(|verdict| *verdict == Verdict::Taken),
                "{verdicts:?}"
            );
        }
        let patients = made.iter().map(|patient| patient.id).collect();
        Self {
            hub,
            desks: here,
            patients,
        }
    }

    pub(crate) fn visit(&self, patient: usize, start: &str, status: &str) -> Value {
        json!({ "patient": self.patients[patient], "practitioner": self.hub.doctor, "department": self.hub.department,
            "ward": self.hub.ward, "start": start, "minutes": 30, "status": status })
    }

    /// An appointment as a desk makes it that many milliseconds ago.
    pub(crate) fn ago(&self, desk: usize, patient: usize, start: &str, ago_ms: i64) -> Made {
        let draft = self.visit(patient, start, "pending");
        self.ago_as(desk, &draft, ago_ms)
    }

    /// The same that says what is given.
    pub(crate) fn ago_as(&self, desk: usize, draft: &Value, ago_ms: i64) -> Made {
        let desk = &self.desks[desk];
        let mut stamp: Stamp = desk.stamp();
        stamp.now.0 -= ago_ms;
        Made {
            kind: Kind::Appointment,
            id: RecordId(world::new_id()),
            edited: document::create(Kind::Appointment, draft, &stamp),
        }
    }

    pub(crate) async fn push(&self, desk: usize, made: &Made) -> Verdict {
        self.desks[desk].push(vec![made.envelope()]).await.remove(0)
    }

    pub(crate) async fn body(&self, id: RecordId) -> Value {
        sqlx::query_scalar("select body from record where id = $1")
            .bind(id.0)
            .fetch_one(&self.hub.app.pool)
            .await
            .expect("the record is there")
    }

    pub(crate) async fn status(&self, made: &Made) -> String {
        self.body(made.id).await["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    }

    /// What was decided about an appointment, in order.
    pub(crate) async fn decided(&self, made: &Made) -> Vec<String> {
        sqlx::query_scalar("select outcome from booking_decision where appointment = $1 and said_at is not null order by id")
            .bind(made.id.0)
            .fetch_all(&self.hub.app.pool)
            .await
            .expect("the decisions")
    }

    /// Makes a desk one that was not heard for a day: it may still bring something.
    pub(crate) async fn silence(&self, desk: usize) {
        sqlx::query("update device set seen_at = null, enrolled_at = now() - interval '1 day' where id = $1")
            .bind(self.desks[desk].enrolled.device.0)
            .execute(&self.hub.app.pool)
            .await
            .expect("the desk is silent");
    }

    /// Closes the window of everything that waits.
    pub(crate) async fn close_window(&self) {
        sqlx::query("update booking_request set came_ms = came_ms - $1")
            .bind(WINDOW_MS)
            .execute(&self.hub.app.pool)
            .await
            .expect("the window closes");
        decide::settle(&self.hub.app).await.expect("it is decided");
    }

    /// No doctor and no patient is given away twice, and no day holds more than eight: by what appointments say.
    pub(crate) async fn is_sound(&self) {
        let twice: i64 = sqlx::query_scalar(
            "select count(*) from record a join record b on a.id < b.id and a.at = b.at
                and (a.body ->> 'practitioner' = b.body ->> 'practitioner' or a.subject = b.subject)
             where a.kind = 2 and b.kind = 2 and a.body ->> 'status' = 'booked' and b.body ->> 'status' = 'booked'",
        )
        .fetch_one(&self.hub.app.pool)
        .await
        .expect("a count");
        assert_eq!(twice, 0);
        let without: i64 = sqlx::query_scalar(
            "select count(*) from record left join booking on booking.appointment = record.id
             where kind = 2 and ((body ->> 'status' = 'booked') <> (booking.id is not null))",
        )
        .fetch_one(&self.hub.app.pool)
        .await
        .expect("a count");
        assert_eq!(without, 0, "what an appointment says is what it has");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_desks_at_one_slot_one_gets_it_and_the_other_is_told_what_is_free() {
    let house = House::new(2, 2).await;
    for nth in 0..8 {
        let start = slot(nth);
        let book = async |desk: usize| {
            let draft = house.visit(desk, &start, "pending");
            let made = house.desks[desk].make(Kind::Appointment, &draft);
            assert_eq!(house.push(desk, &made).await, Verdict::Taken);
            made
        };
        let (one, other) = futures::join!(book(0), book(1));
        let mut said = [house.status(&one).await, house.status(&other).await];
        let lost = if said[0] == "waitlist" { &one } else { &other };
        said.sort_unstable();
        assert_eq!(said, ["booked", "waitlist"]);
        let body = house.body(lost.id).await;
        assert_eq!(body["lost"], "slot.taken");
        let offers = body["offer"].as_array().expect("offers");
        assert_eq!(offers.len(), 3);
        for offer in offers {
            assert_ne!(offer["start"], start);
            assert_eq!(offer["practitioner"], house.hub.doctor.to_string());
        }
        assert_eq!(house.decided(lost).await, ["slot.taken"]);
    }
    house.is_sound().await;
    // every replica is told the same
    for desk in &house.desks {
        let page = desk.feed(0).await;
        let decisions = page
            .items
            .iter()
            .filter(|item| matches!(item, FeedItem::Change { .. }));
        assert!(decisions.count() >= 16, "{}", page.items.len());
    }
}

#[tokio::test]
async fn what_stands_frees_its_slot_when_it_is_cancelled_or_moved() {
    let house = House::new(1, 3).await;
    let desk = &house.desks[0];
    let first = desk.make(Kind::Appointment, &house.visit(0, &slot(0), "booked"));
    assert_eq!(house.push(0, &first).await, Verdict::Taken);
    assert_eq!(house.status(&first).await, "booked");
    // it says already what was decided: the hub writes nothing
    assert_eq!(house.decided(&first).await, ["stands"]);
    let moved = desk.edit(
        &first,
        &json!({ "start": slot(1), "move": [{ "from": slot(0), "to": slot(1) }] }),
    );
    assert_eq!(house.push(0, &moved).await, Verdict::Taken);
    let second = desk.make(Kind::Appointment, &house.visit(1, &slot(0), "booked"));
    let third = desk.make(Kind::Appointment, &house.visit(2, &slot(1), "booked"));
    for made in [&second, &third] {
        assert_eq!(house.push(0, made).await, Verdict::Taken);
    }
    assert_eq!(house.status(&second).await, "booked");
    assert_eq!(house.status(&third).await, "waitlist");
    let ill = json!({ "status": "cancelled", "cancelReason": "ill" });
    let again = desk.make(Kind::Appointment, &house.visit(2, &slot(1), "booked"));
    // one push cancels and gives the slot away again
    let verdicts = desk
        .push(vec![desk.edit(&moved, &ill).envelope(), again.envelope()])
        .await;
    assert_eq!(verdicts, [Verdict::Taken, Verdict::Taken]);
    assert_eq!(house.status(&again).await, "booked");
    house.is_sound().await;
}

#[tokio::test]
async fn what_a_desk_could_know_is_held_by_the_time_at_which_it_was_made() {
    let house = House::new(1, 1).await;
    let soon = world::now().0 + HOUR_MS;
    let text = jiff::Timestamp::from_millisecond(soon)
        .expect("a time")
        .to_string();
    let late = house.ago(0, 0, &text, 0);
    let said = codes(&house.push(0, &late).await);
    assert!(
        said.contains(&"appointment.lead_time".to_owned()),
        "{said:?}"
    );
    // made in time, come late: its lead is not what is wrong with it
    let early = house.ago(0, 0, &text, 2 * HOUR_MS);
    let said = codes(&house.push(0, &early).await);
    assert!(
        !said.contains(&"appointment.lead_time".to_owned()),
        "{said:?}"
    );
    let off_grid = house.ago(0, 0, "2028-01-03T09:15:00Z", 0);
    assert_eq!(codes(&house.push(0, &off_grid).await), ["slot.grid"]);
    let sunday = house.ago(0, 0, "2028-01-02T09:00:00Z", 0);
    assert_eq!(codes(&house.push(0, &sunday).await), ["practitioner.hours"]);
    let mut nobody = house.visit(0, &slot(0), "pending");
    nobody["practitioner"] = json!(house.hub.nurse);
    let nobody = house.desks[0].make(Kind::Appointment, &nobody);
    assert_eq!(
        codes(&house.push(0, &nobody).await),
        ["practitioner.unknown"]
    );
    let count: i64 = sqlx::query_scalar("select count(*) from booking")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("a count");
    assert_eq!(count, 0);
}

/// The moment of a text.
pub(crate) fn at(text: &str) -> i64 {
    let at: jiff::Timestamp = text.parse().expect("a time");
    at.as_millisecond()
}

/// Every order of a few things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let into = |order: Vec<usize>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    };
    orders(count - 1).into_iter().flat_map(into).collect()
}

#[tokio::test]
async fn of_up_to_four_offline_requests_the_same_one_wins_in_whatever_order_they_come() {
    let house = House::new(5, 4).await;
    house.silence(4).await;
    let mut day = 0;
    for count in 1..=4 {
        for order in orders(count) {
            let start = slot(8 * day);
            day += 1;
            // the last one was made first
            let made: Vec<Made> = (0..count)
                .map(|nth| house.ago(nth, nth, &start, HOUR_MS * (1 + nth as i64)))
                .collect();
            for nth in &order {
                assert_eq!(house.push(*nth, &made[*nth]).await, Verdict::Taken);
                assert_eq!(house.status(&made[*nth]).await, "pending", "{order:?}");
            }
            house.close_window().await;
            for (nth, made) in made.iter().enumerate() {
                let (status, outcome) = if nth == count - 1 {
                    ("booked", "stands")
                } else {
                    ("waitlist", "slot.taken")
                };
                assert_eq!(house.status(made).await, status, "{order:?}");
                assert_eq!(house.decided(made).await, [outcome], "{order:?}");
            }
            // what stands is never displaced by who comes later, however early that was made
            let late = house.ago(0, 0, &start, 9 * HOUR_MS);
            assert_eq!(house.push(0, &late).await, Verdict::Taken);
            assert_eq!(house.status(&late).await, "waitlist");
        }
    }
    house.is_sound().await;
}

#[tokio::test]
async fn who_asks_online_waits_only_for_those_who_asked_for_the_same() {
    let house = House::new(2, 3).await;
    house.silence(1).await;
    let offline = house.ago(0, 0, &slot(0), HOUR_MS);
    assert_eq!(house.push(0, &offline).await, Verdict::Taken);
    assert_eq!(house.status(&offline).await, "pending");
    // each is sent as soon as it is made, or it would not be asked online
    let same = house.ago(1, 1, &slot(0), 0);
    assert_eq!(house.push(1, &same).await, Verdict::Taken);
    let next = house.ago(1, 2, &slot(1), 0);
    assert_eq!(house.push(1, &next).await, Verdict::Taken);
    assert_eq!(house.status(&next).await, "booked");
    // both desks have been heard since: nobody is left who could have asked before
    decide::settle(&house.hub.app).await.expect("it is decided");
    assert_eq!(house.status(&offline).await, "booked");
    assert_eq!(house.status(&same).await, "waitlist");
}

#[tokio::test]
async fn a_hub_that_was_killed_before_it_could_say_what_it_decided_says_it_once() {
    let mut house = House::new(2, 4).await;
    house.silence(0).await;
    let (first, second) = (
        house.ago(0, 0, &slot(0), HOUR_MS),
        house.ago(1, 1, &slot(0), HOUR_MS),
    );
    for (nth, made) in [&first, &second].into_iter().enumerate() {
        assert_eq!(house.push(nth, made).await, Verdict::Taken);
    }
    let online = house.ago(0, 2, &slot(8), 0);
    assert_eq!(house.push(0, &online).await, Verdict::Taken);
    assert_eq!(house.status(&online).await, "booked");
    // decided, and gone before it was said; not what who lost was offered, or they would be offered something else
    let late = house.ago(0, 3, &slot(8), 0);
    let desk = &house.desks[0].enrolled;
    let source = Source {
        device: desk.device,
        number: desk.number,
        incarnation: 1,
        ward: Some(desk.ward),
        waybill: None,
        reviewed: false,
        ahead_ms: None,
    };
    let verdicts = accept(&house.hub.app, &source, vec![late.envelope()]).await;
    assert_eq!(verdicts.expect("it is taken"), [Verdict::Taken]);
    assert_eq!(
        (house.status(&late).await, house.decided(&late).await.len()),
        ("pending".into(), 0)
    );
    // said, and gone before that was noted
    house.close_window().await;
    assert_eq!(house.status(&late).await, "waitlist");
    sqlx::query("update booking_decision set said_at = null")
        .execute(&house.hub.app.pool)
        .await
        .expect("it is forgotten");
    house.hub.restart().await;
    for _ in 0..2 {
        decide::settle(&house.hub.app).await.expect("it is decided");
        // what was offered is free, and stays offered
        waiting::sweep(&house.hub.app).await.expect("it is offered");
    }
    for made in [&first, &second, &online, &late] {
        assert_eq!(house.decided(made).await.len(), 1);
        let written: i64 = sqlx::query_scalar("select count(*) from change where record = $1")
            .bind(made.id.0)
            .fetch_one(&house.hub.app.pool)
            .await
            .expect("a count");
        assert_eq!(written, 2, "what the desk wrote, and what the hub said");
    }
    house.is_sound().await;
}

#[tokio::test]
async fn free_slots_are_those_that_nobody_has() {
    let house = House::new(1, 8).await;
    let hub = &house.hub;
    let desk = &house.desks[0];
    let monday = {
        use jiff::ToSpan;
        let day = hub.app.today().tomorrow().expect("a day");
        let weekday = i64::from(day.weekday().to_monday_zero_offset());
        day.checked_add((7 - weekday).days()).expect("a Monday")
    };
    let free = async |more: &str| {
        let path = format!("/sync/v1/free?count=200&from={monday}{more}");
        let found: Vec<Value> = desk.get(&path).await.json();
        let starts = found
            .iter()
            .map(|free| free["start"].as_str().expect("a start").to_owned());
        starts.collect::<Vec<_>>()
    };
    let before = free("").await;
    assert_eq!(
        before,
        free(&format!("&department={}", hub.department)).await
    );
    assert_eq!(before, free(&format!("&practitioner={}", hub.doctor)).await);
    assert!(
        free(&format!("&practitioner={}", hub.nurse))
            .await
            .is_empty()
    );
    let made = house.ago(0, 0, &before[3], 0);
    assert_eq!(house.push(0, &made).await, Verdict::Taken);
    let after = free("").await;
    assert!(!after.contains(&before[3]));
    assert_eq!(after[..3], before[..3]);
    // the eighth of a day takes the rest of it
    let on_day: Vec<&String> = before
        .iter()
        .filter(|start| start[..10] == before[0][..10])
        .collect();
    for (patient, start) in on_day
        .iter()
        .filter(|start| ***start != before[3])
        .take(7)
        .enumerate()
    {
        let made = house.ago(0, patient + 1, start, 0);
        assert_eq!(house.push(0, &made).await, Verdict::Taken);
        assert_eq!(house.status(&made).await, "booked");
    }
    assert!(
        free("")
            .await
            .iter()
            .all(|start| start[..10] != before[0][..10])
    );
    // a leave is known at once
    sqlx::query("insert into schedule (practitioner, hours, leave) values ($1, '[[],[],[],[],[],[],[]]', '[]')")
        .bind(hub.doctor.0)
        .execute(&hub.app.pool)
        .await
        .expect("no hours any more");
    assert!(free("").await.is_empty());
}
