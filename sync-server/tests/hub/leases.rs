//! What desks may give away by themselves: lent by the hub, kept from everybody else, taken back when nobody can use it.

use crate::desk::client;
use crate::slots::{HOUR_MS, House};
use shared::clock::Now;
use shared::scheduling::leases::Lent;
use shared::sync::wire::{self, PUSH_ENVELOPES, Verdict};
use sqlx::Row;
use sync_server::scheduling::lend;
use sync_server::world;

/// Moves what was lent so that it begins in so many milliseconds.
async fn begins_in(house: &House, ms: i64) {
    sqlx::query("update booking set starts_ms = $1, ends_ms = $1 + 1800000, day = to_timestamp($1 / 1000)::date where lent_to is not null")
        .bind(house.hub.app.now().0 + ms)
        .execute(&house.hub.app.pool)
        .await
        .expect("it is moved");
}

async fn lent(house: &House) -> i64 {
    sqlx::query_scalar("select count(*) from booking where lent_to is not null")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("a count")
}

/// Lends both desks what there is, and leaves the first its first slot alone.
async fn one_lent(house: &House) -> i64 {
    lend::look_after(&house.hub.app).await.expect("it is lent");
    let lent: Vec<Lent> = house.desks[0].get("/sync/v1/leases").await.json();
    let start = *lent[0].lease.slots.first().expect("a slot");
    sqlx::query("delete from booking where starts_ms <> $1")
        .bind(start)
        .execute(&house.hub.app.pool)
        .await
        .expect("the others go");
    start
}

#[tokio::test]
async fn every_day_a_third_of_the_places_is_lent_and_no_more_when_asked_again() {
    let house = House::new(2, 1).await;
    for _ in 0..2 {
        lend::look_after(&house.hub.app).await.expect("it is lent");
        let days: Vec<(i32, i32)> = sqlx::query_as("select counted, lent from doctor_day")
            .fetch_all(&house.hub.app.pool)
            .await
            .expect("the days");
        assert!(
            (9..=lend::DAYS).contains(&i32::try_from(days.len()).expect("a few")),
            "{days:?}"
        );
        assert!(
            days.iter().all(|(_, lent)| (0..=2).contains(lent)),
            "{days:?}"
        );
    }
    // both desks have some, none of it twice, and each is told of its own
    let mut all = Vec::new();
    for desk in &house.desks {
        let lent: Vec<Lent> = desk.get("/sync/v1/leases").await.json();
        assert!(!lent.is_empty());
        for one in lent {
            assert_eq!(one.practitioner, house.hub.doctor);
            assert_eq!(one.lease.tokens as usize, one.lease.slots.len());
            all.extend(one.lease.slots);
        }
    }
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count as i64), (count, lent(&house).await));
}

#[tokio::test]
async fn a_slot_that_a_desk_was_lent_is_its_own_whenever_it_comes() {
    let house = House::new(2, 2).await;
    let start = Now(one_lent(&house).await).rfc3339();
    let first = house.ago(1, 1, &start, 3 * HOUR_MS);
    assert_eq!(house.push(1, &first).await, Verdict::Taken);
    assert_eq!(house.status(&first).await, "waitlist");
    let own = house.ago(0, 0, &start, HOUR_MS);
    assert_eq!(house.push(0, &own).await, Verdict::Taken);
    assert_eq!(house.status(&own).await, "booked");
    let row = sqlx::query("select counted, lent from doctor_day where counted + lent > 0")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("the day");
    assert_eq!(
        (row.get::<i32, _>("counted"), row.get::<i32, _>("lent")),
        (1, 0)
    );
}

#[tokio::test]
async fn what_is_lent_counts_for_the_day() {
    let house = House::new(1, 9).await;
    let first = crate::slots::at(&crate::desk::slot(0));
    for nth in 0..2 {
        sqlx::query("insert into booking (practitioner, day, starts_ms, ends_ms, slots, lent_to) values ($1, '2028-01-03', $2, $2 + 1800000, $3, $4)")
            .bind(house.hub.doctor.0)
            .bind(first + (16 + nth) * HOUR_MS / 2)
            .bind(1_i64 << (16 + nth))
            .bind(house.desks[0].enrolled.device.0)
            .execute(&house.hub.app.pool)
            .await
            .expect("it is lent");
    }
    let mut said = Vec::new();
    for patient in 0..7 {
        let made = house.ago(
            0,
            patient,
            &crate::desk::slot(u32::try_from(patient).expect("few")),
            0,
        );
        assert_eq!(house.push(0, &made).await, Verdict::Taken);
        said.push((
            house.status(&made).await,
            house.body(made.id).await["lost"].clone(),
        ));
    }
    assert!(
        said[..6].iter().all(|(status, _)| status == "booked"),
        "{said:?}"
    );
    assert_eq!(said[6], ("waitlist".into(), "practitioner.day_full".into()));
}

#[tokio::test]
async fn a_lease_ends_two_hours_before_its_slot_once_its_desk_was_heard() {
    let house = House::new(1, 1).await;
    one_lent(&house).await;
    // two hours and a minute before, it is the desk's
    begins_in(&house, 2 * HOUR_MS + 60_000).await;
    lend::look_after(&house.hub.app)
        .await
        .expect("looked after");
    assert!(lent(&house).await > 0);
    sqlx::query("delete from booking where starts_ms > $1")
        .bind(house.hub.app.now().0 + 3 * HOUR_MS)
        .execute(&house.hub.app.pool)
        .await
        .expect("only the first is left");
    let left = async || {
        let near: i64 = sqlx::query_scalar("select count(*) from booking where starts_ms < $1")
            .bind(house.hub.app.now().0 + 3 * HOUR_MS)
            .fetch_one(&house.hub.app.pool)
            .await
            .expect("a count");
        near
    };
    // nobody may book it any more, but the desk may have done so in time
    begins_in_near(&house, 2 * HOUR_MS - 60_000).await;
    house.silence(0).await;
    lend::look_after(&house.hub.app)
        .await
        .expect("looked after");
    assert_eq!(left().await, 1);
    // heard since: it has not
    sqlx::query("update device set seen_at = now() where state = 'active'")
        .execute(&house.hub.app.pool)
        .await
        .expect("it is heard");
    lend::look_after(&house.hub.app)
        .await
        .expect("looked after");
    assert_eq!(left().await, 0);
}

#[tokio::test]
async fn a_desk_that_has_more_to_send_was_not_heard_out() {
    let house = House::new(1, 1).await;
    one_lent(&house).await;
    begins_in(&house, 2 * HOUR_MS - 600_000).await;
    house.silence(0).await;
    let desk = &house.desks[0];
    let lease: i64 = sqlx::query_scalar("select id from booking where lent_to is not null")
        .fetch_one(&house.hub.app.pool)
        .await
        .expect("one is lent");
    let is_lent = async || {
        lend::look_after(&house.hub.app)
            .await
            .expect("looked after");
        sqlx::query_scalar::<_, bool>("select exists (select 1 from booking where id = $1)")
            .bind(lease)
            .fetch_one(&house.hub.app.pool)
            .await
            .expect("an answer")
    };
    assert!(is_lent().await);
    // as much as one push holds: what it promised may be in the next one
    let patient = desk.patient("Noor");
    desk.push(vec![patient.envelope(); PUSH_ENVELOPES]).await;
    assert!(is_lent().await);
    // it asks for news, and says that something waits
    let ask = async |unsent: u32| {
        let path = "/sync/v1/feed?after=0";
        let device = desk.enrolled.device;
        let signed = wire::sign(&desk.key, device, "GET", path, world::now().0, &[]);
        let call = client().get(format!("{}{path}", house.hub.url()));
        let call = call.header(wire::SIGNATURE_HEADER, signed);
        let answer = call.header("wardbook-desk", format!("1.0.0 {unsent}"));
        assert!(
            answer
                .send()
                .await
                .expect("an answer")
                .status()
                .is_success()
        );
    };
    ask(1).await;
    assert!(is_lent().await);
    // nothing waits any more: it has not given it away
    ask(0).await;
    assert!(!is_lent().await);
}

#[tokio::test]
async fn a_desk_that_is_stopped_for_a_day_has_nothing_any_more() {
    let house = House::new(1, 1).await;
    let stopped = async |since: &str| {
        sqlx::query("update device set suspended_at = now() - $2::text::interval where id = $1")
            .bind(house.desks[0].enrolled.device.0)
            .bind(since)
            .execute(&house.hub.app.pool)
            .await
            .expect("it is stopped");
        lend::look_after(&house.hub.app)
            .await
            .expect("looked after");
        lent(&house).await
    };
    one_lent(&house).await;
    // it may go on soon, with what it promised meanwhile
    assert_eq!(stopped("23 hours").await, 1);
    assert_eq!(stopped("25 hours").await, 0);
}

/// The same for the one that begins soon.
async fn begins_in_near(house: &House, ms: i64) {
    let now_ms = house.hub.app.now().0;
    sqlx::query("update booking set starts_ms = $1, ends_ms = $1 + 1800000 where lent_to is not null and starts_ms < $2")
        .bind(now_ms + ms)
        .bind(now_ms + 3 * HOUR_MS)
        .execute(&house.hub.app.pool)
        .await
        .expect("it is moved");
}

#[tokio::test]
async fn what_is_given_away_twice_or_beyond_the_day_does_not_go_into_the_database() {
    let house = House::new(1, 1).await;
    let booking = |doctor: u128, patient: u128, start_ms: i64| {
        let id = uuid::Uuid::from_u128;
        sqlx::query(
            "insert into booking (practitioner, day, starts_ms, ends_ms, slots, appointment, patient)
             values ($1, '2027-03-01', $2, $2 + 1800000, 1, gen_random_uuid(), $3)",
        )
        .bind(id(doctor))
        .bind(start_ms)
        .bind(id(patient))
        .execute(&house.hub.app.pool)
    };
    let code = |refused: sqlx::Error| {
        let refused = refused.into_database_error().expect("the database says so");
        refused.code().map(|code| code.into_owned())
    };
    booking(1, 10, 0).await.expect("the first has it");
    let doctor = booking(1, 11, 900_000)
        .await
        .expect_err("the doctor is taken");
    assert_eq!(code(doctor).as_deref(), Some("23P01"));
    let patient = booking(2, 10, 900_000)
        .await
        .expect_err("the patient is taken");
    assert_eq!(code(patient).as_deref(), Some("23P01"));
    booking(1, 11, 1_800_000)
        .await
        .expect("the next slot is free");
    let ninth = sqlx::query("update doctor_day set counted = 8, lent = 1 where practitioner = $1")
        .bind(uuid::Uuid::from_u128(1))
        .execute(&house.hub.app.pool)
        .await
        .expect_err("eight are as many as there are");
    assert_eq!(code(ninth).as_deref(), Some("23514"));
}
