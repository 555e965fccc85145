//! Who waits for a slot: offered what is free, in the order of who presses, who lost one and who waits longest.

use crate::desk::{Made, slot};
use crate::events::told;
use crate::slots::{HOUR_MS, House};
use serde_json::{Value, json};
use shared::scheduling::waiting::OFFER_MS;
use shared::sync::wire::Verdict;
use sync_server::scheduling::waiting;

/// Puts a patient on the list who would see anybody of the department, from the first slot on.
async fn wait(house: &House, patient: usize, priority: &str) -> Made {
    let mut draft = house.visit(patient, &slot(0), "waitlist");
    draft["practitioner"] = Value::Null;
    draft["priority"] = json!(priority);
    let made = house.ago_as(0, &draft, 0);
    assert_eq!(house.push(0, &made).await, Verdict::Taken);
    made
}

/// The start that somebody is offered first.
async fn offered(house: &House, made: &Made) -> Value {
    house.body(made.id).await["offer"][0]["start"].clone()
}

async fn sweep(house: &House) {
    waiting::sweep(&house.hub.app).await.expect("it is offered");
}

/// Lets the time pass for which an offer is made to one person.
async fn pass(house: &House) {
    sqlx::query("update waiting set offered_ms = offered_ms - $1")
        .bind(OFFER_MS)
        .execute(&house.hub.app.pool)
        .await
        .expect("time passes");
    sweep(house).await;
}

async fn listed(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from waiting")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("a count")
}

#[tokio::test]
async fn each_free_slot_is_offered_to_one_person_and_then_to_the_next() {
    let house = House::new(1, 4).await;
    let first = house.ago(0, 0, &slot(0), 0);
    let loser = house.ago(0, 1, &slot(0), 0);
    for made in [&first, &loser] {
        assert_eq!(house.push(0, made).await, Verdict::Taken);
    }
    assert_eq!(house.status(&loser).await, "waitlist");
    let routine = wait(&house, 2, "routine").await;
    let urgent = wait(&house, 3, "urgent").await;
    assert_eq!(listed(&house).await, 3);
    for _ in 0..2 {
        sweep(&house).await;
        // who lost a slot was offered something at once
        assert_eq!(offered(&house, &loser).await, slot(1));
        assert_eq!(offered(&house, &urgent).await, slot(2));
        assert_eq!(offered(&house, &routine).await, slot(3));
    }
    let pool = &house.hub.app.pool;
    assert_eq!(told(pool, urgent.id).await, ["slot_offered"]);
    assert_eq!(told(pool, loser.id).await, ["needs_rebooking"]);
    // nobody took anything: what one let pass goes to the next, and never to them again
    pass(&house).await;
    assert_eq!(offered(&house, &urgent).await, slot(1));
    assert_eq!(offered(&house, &loser).await, slot(2));
    assert_eq!(offered(&house, &routine).await, slot(4));
    assert_eq!(
        told(pool, urgent.id).await,
        ["slot_offered", "slot_offered"]
    );
    assert_eq!(
        told(pool, loser.id).await,
        ["needs_rebooking", "slot_offered"]
    );
    // one is taken, and another is given up: it is offered to who presses most of those left
    let take = json!({ "status": "pending", "practitioner": house.hub.doctor, "start": slot(1) });
    let taken = house.desks[0].edit(&urgent, &take);
    let gone = json!({ "status": "cancelled", "cancelReason": "ill" });
    let gone = house.desks[0].edit(&first, &gone);
    for made in [&taken, &gone] {
        assert_eq!(house.push(0, made).await, Verdict::Taken);
    }
    assert_eq!(house.status(&urgent).await, "booked");
    assert_eq!(listed(&house).await, 2);
    pass(&house).await;
    assert_eq!(offered(&house, &loser).await, slot(0));
    assert_eq!(offered(&house, &routine).await, slot(2));
    // what was offered and given to somebody else meanwhile is replaced without waiting
    let other = house.ago(0, 3, &slot(2), 0);
    assert_eq!(house.push(0, &other).await, Verdict::Taken);
    sweep(&house).await;
    assert_eq!(offered(&house, &routine).await, slot(3));
    assert_eq!(offered(&house, &loser).await, slot(0));
}

#[tokio::test]
async fn what_presses_more_gets_what_several_asked_for() {
    let house = House::new(2, 2).await;
    house.silence(1).await;
    let early = house.ago(0, 0, &slot(0), 2 * HOUR_MS);
    assert_eq!(house.push(0, &early).await, Verdict::Taken);
    let mut draft = house.visit(1, &slot(0), "pending");
    draft["priority"] = json!("emergency");
    let late = house.ago_as(1, &draft, HOUR_MS);
    assert_eq!(house.push(1, &late).await, Verdict::Taken);
    house.close_window().await;
    assert_eq!(house.status(&late).await, "booked");
    assert_eq!(house.status(&early).await, "waitlist");
}
