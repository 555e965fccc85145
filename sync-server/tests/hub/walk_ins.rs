//! Who came without a time: a fact that the hub keeps, whoever else has the doctor then.

use crate::desk::{Made, codes, slot};
use crate::slots::House;
use serde_json::json;
use shared::record::Kind;
use shared::sync::wire::Verdict;

/// Somebody at the counter, as a desk notes them.
fn walk_in(house: &House, patient: usize, start: &str, queue: u32) -> Made {
    let mut draft = house.visit(patient, start, "arrived");
    draft["arrived"] = json!(start);
    draft["queue"] = json!(queue);
    house.desks[0].make(Kind::Appointment, &draft)
}

async fn given(house: &House, made: &Made) -> i64 {
    sqlx::query_scalar("select count(*) from booking where appointment = $1")
        .bind(made.id.0)
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("a count")
}

#[tokio::test]
async fn who_walks_in_is_kept_beside_what_stands_and_has_what_nobody_has() {
    let house = House::new(1, 4).await;
    let booked = house.ago(0, 0, &slot(0), 0);
    assert_eq!(house.push(0, &booked).await, Verdict::Taken);
    assert_eq!(house.status(&booked).await, "booked");

    let beside = walk_in(&house, 1, &slot(0), 1);
    assert_eq!(house.push(0, &beside).await, Verdict::Taken);
    let body = house.body(beside.id).await;
    assert_eq!(
        (&body["status"], &body["queue"]),
        (&json!("arrived"), &json!(1))
    );
    assert_eq!(
        (given(&house, &beside).await, given(&house, &booked).await),
        (0, 1)
    );
    assert_eq!(house.status(&booked).await, "booked", "nobody is displaced");

    let alone = walk_in(&house, 2, &slot(1), 2);
    assert_eq!(house.push(0, &alone).await, Verdict::Taken);
    assert_eq!(given(&house, &alone).await, 1);
    let after = house.ago(0, 3, &slot(1), 0);
    assert_eq!(house.push(0, &after).await, Verdict::Taken);
    assert_eq!(house.status(&after).await, "waitlist");
}

#[tokio::test]
async fn who_walks_in_is_held_when_the_doctor_sees_nobody_or_the_note_is_nonsense() {
    let house = House::new(1, 1).await;
    let evening = walk_in(&house, 0, "2028-01-03T19:00:00Z", 1);
    assert_eq!(codes(&house.push(0, &evening).await), ["slot.hours"]);
    let many = walk_in(&house, 0, &slot(0), 1_000);
    assert_eq!(codes(&house.push(0, &many).await), ["queue.invalid"]);
}
