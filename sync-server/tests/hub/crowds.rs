//! A hundred who want to see one doctor on one day. `WARDBOOK_ROUNDS=n` runs another number of rounds.

use crate::desk::Made;
use crate::slots::House;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use shared::access::Role;
use shared::ids::StaffId;
use shared::record::Kind;
use shared::scheduling::clinic::Clinic;
use shared::sync::wire::{Envelope, Verdict};
use sqlx::Row;
use sync_server::scheduling::decide;
use uuid::Uuid;

const ROUNDS: usize = 200;
const BOOKERS: usize = 100;
const DESKS: usize = 10;
/// In one round of so many, each of the hundred is a push of its own; in the others, each push brings five of them.
const APART: usize = 10;
/// The first day: what is lent of doctors' time is of the days before.
const FIRST_DAY: i64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_for_one_doctor_are_eight() {
    let rounds = std::env::var("WARDBOOK_ROUNDS").map_or(ROUNDS, |text| {
        text.parse().expect("WARDBOOK_ROUNDS is a number")
    });
    let house = House::new(DESKS, BOOKERS).await;
    let today = house.hub.app.today();
    // all of them within what is looked through for something to offer
    let days: Vec<Date> = (FIRST_DAY..FIRST_DAY + 56)
        .map(|after| today.saturating_add(after.days()))
        .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
        .collect();
    let mut doctors = vec![house.hub.doctor];
    for nth in 1..rounds.div_ceil(days.len()) {
        let name = format!("doctor{nth}");
        doctors.push(house.hub.add_staff(&name, &[Role::Doctor]).await);
    }
    for round in 0..rounds {
        let (doctor, day) = (doctors[round / days.len()], days[round % days.len()]);
        let together = if round % APART == 0 { 1 } else { 5 };
        crowd(&house, doctor, day, together).await;
    }
    house.is_sound().await;
    // each was told once what became of it, and who lost got offers with it; what was offered and taken since is replaced
    let told: Vec<(String, i64)> = sqlx::query_as(
        "select type, count(*) from event where type not like '%slot_offered%'
            and (type not like '%rebooking%' or jsonb_array_length(data -> 'offers') = 3)
         group by type order by type",
    )
    .fetch_all(&house.hub.app.pool)
    .await
    .expect("what was told");
    let told: Vec<(&str, usize)> = told
        .iter()
        .map(|(name, count)| (name.as_str(), usize::try_from(*count).expect("a count")))
        .collect();
    assert_eq!(
        told,
        [
            (
                "org.wardbook.appointment.needs_rebooking.v1",
                (BOOKERS - 8) * rounds
            ),
            ("org.wardbook.appointment.scheduled.v1", 8 * rounds)
        ]
    );
}

/// A hundred book at once, so many of them with each push, over all eighteen slots of the day; eight of them are seen.
async fn crowd(house: &House, doctor: StaffId, day: Date, together: usize) {
    let slots = Clinic::of_zone(house.hub.app.zone()).day(day);
    let book = |nth: usize| {
        let start = jiff::Timestamp::from_millisecond(slots[nth % slots.len()].start_ms);
        let mut draft = house.visit(nth, &start.expect("a time").to_string(), "pending");
        draft["practitioner"] = serde_json::json!(doctor);
        house.desks[nth % DESKS].make(Kind::Appointment, &draft)
    };
    let made: Vec<Made> = (0..BOOKERS).map(book).collect();
    let by_desk = (0..DESKS).map(|desk| (desk, made.iter().skip(desk).step_by(DESKS)));
    let pushes = by_desk.flat_map(|(desk, made)| {
        let envelopes: Vec<Envelope> = made.map(Made::envelope).collect();
        let pushes: Vec<Vec<Envelope>> = envelopes.chunks(together).map(<[_]>::to_vec).collect();
        pushes.into_iter().map(move |some| (desk, some))
    });
    let pushes = pushes.map(async |(desk, some)| house.desks[desk].push(some).await);
    for verdicts in futures::future::join_all(pushes).await {
        assert_eq!(verdicts, vec![Verdict::Taken; together]);
    }
    decide::settle(&house.hub.app).await.expect("it is decided");
    let ids: Vec<Uuid> = made.iter().map(|made| made.id.0).collect();
    let rows = sqlx::query(
        "select body ->> 'status' as status, count(*) as visits, count(distinct decided.appointment) as decided, sum(decisions)::bigint as decisions
         from record left join (
            select appointment, count(*) as decisions from booking_decision where said_at is not null group by appointment
         ) decided on decided.appointment = record.id
         where record.id = any($1) group by 1 order by 1",
    )
    .bind(ids)
    .fetch_all(&house.hub.app.pool)
    .await
    .expect("what became of them");
    let count = |row: &sqlx::postgres::PgRow, name| row.get::<i64, _>(name);
    let found: Vec<(String, [i64; 3])> = rows
        .iter()
        .map(|row| {
            let counts = ["visits", "decided", "decisions"].map(|name| count(row, name));
            (row.get("status"), counts)
        })
        .collect();
    let expect = [
        ("booked".to_owned(), [8; 3]),
        ("waitlist".to_owned(), [92; 3]),
    ];
    assert_eq!(found, expect, "{day} of {doctor}");
    // what those who wait are offered later is another test's
    sqlx::query("delete from waiting")
        .execute(&house.hub.app.pool)
        .await
        .expect("nobody waits");
}
