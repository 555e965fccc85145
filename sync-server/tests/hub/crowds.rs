//! A hundred who want to see one doctor on one day. `WARDBOOK_ROUNDS=200` is the long run.

use crate::desk::slot;
use crate::slots::{HOUR_MS, House};
use shared::record::Kind;
use shared::sync::wire::Verdict;
use sync_server::scheduling::decide;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_for_one_doctor_are_eight() {
    let rounds: u32 = std::env::var("WARDBOOK_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let house = House::new(10, 100).await;
    for round in 0..rounds {
        let bookers = (0..100_usize).map(async |nth| {
            // all eighteen slots of the day
            let first = slot(round * 8)
                .parse::<jiff::Timestamp>()
                .expect("a time")
                .as_millisecond();
            let start = first + (nth as i64 % 18) * HOUR_MS / 2;
            let start = jiff::Timestamp::from_millisecond(start)
                .expect("a time")
                .to_string();
            let made =
                house.desks[nth % 10].make(Kind::Appointment, &house.visit(nth, &start, "pending"));
            assert_eq!(house.push(nth % 10, &made).await, Verdict::Taken);
            made
        });
        let made = futures::future::join_all(bookers).await;
        decide::settle(&house.hub.app).await.expect("it is decided");
        let mut counts = std::collections::BTreeMap::new();
        for made in &made {
            *counts.entry(house.status(made).await).or_insert(0) += 1;
            assert_eq!(house.decided(made).await.len(), 1);
        }
        assert_eq!(counts.get("booked"), Some(&8), "round {round}: {counts:?}");
        assert_eq!(
            counts.get("waitlist"),
            Some(&92),
            "round {round}: {counts:?}"
        );
    }
    house.is_sound().await;
    // each was told once what became of it, and who lost got offers with it
    let told: Vec<(String, i64)> = sqlx::query_as(
        "select type, count(*) from event where type not like '%rebooking%' or jsonb_array_length(data -> 'offers') = 3
         group by type order by type",
    )
    .fetch_all(&house.hub.app.pool)
    .await
    .expect("what was told");
    let rounds = i64::from(rounds);
    let told: Vec<(&str, i64)> = told
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(
        told,
        [
            ("org.wardbook.appointment.needs_rebooking.v1", 92 * rounds),
            ("org.wardbook.appointment.scheduled.v1", 8 * rounds)
        ]
    );
}
