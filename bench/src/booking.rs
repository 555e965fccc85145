//! How many visits are booked a second, and how soon each is decided; how soon free slots are found.

use crate::device::{Made, now};
use crate::diary::Doctors;
use crate::figures::{Figures, percentile, say};
use crate::hub::Hub;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use shared::ids::RecordId;
use shared::sample::Dice;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::{Duration, Instant};
use uuid::Uuid;

const DESKS: usize = 16;
const DOCTORS: usize = 200;
const DAYS: usize = 90;
/// Visits of a doctor on a day.
const DAY: usize = 8;
const SEARCHES: usize = 300;

/// Books visits one by one at many desks: each call is answered when its slot is decided and the appointment says so. Then
/// looks for free slots among 200 doctors over 90 days. Returns the doctors.
pub(crate) async fn measure(
    hub: &mut Hub,
    patients: &[Made],
    size: usize,
    figures: &mut Figures,
) -> Result<Doctors> {
    say("  … booking at sixteen desks");
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(hub.postgres.clone())
        .await?;
    let (doctors, department, ward) = doctors(&pool).await?;
    let each = (patients.len() / DESKS).min(250);
    ensure!(each > 0, "too few patients for sixteen desks");
    let mut work = Vec::new();
    for desk in 0..DESKS {
        let device = hub.device().await?;
        let own = patients[desk * each..(desk + 1) * each].to_vec();
        let doctors = doctors.clone();
        work.push(async move {
            let mut times = Vec::with_capacity(each);
            for (nth, patient) in own.iter().enumerate() {
                let place = desk * each + nth;
                let draft = json!({
                    "patient": patient.id, "practitioner": doctors[place % DOCTORS], "department": department,
                    "ward": ward, "start": start(place / DOCTORS)?, "minutes": 30, "status": "pending",
                });
                let id = RecordId(Dice::new(place as u64 + 77).id(now().0.unsigned_abs()));
                let envelope = device.book(id, &draft);
                let begun = Instant::now();
                device.push(vec![envelope]).await?;
                times.push(begun.elapsed());
            }
            Ok::<_, anyhow::Error>(times)
        });
    }
    let begun = Instant::now();
    let running: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    let mut times = Vec::new();
    for desk in running {
        times.extend(desk.await??);
    }
    let took = begun.elapsed();
    let booked: i64 = sqlx::query_scalar(
        "select count(*) from record join booking on appointment = record.id
         where body ->> 'status' = 'booked' and practitioner = any($1)",
    )
    .bind(&doctors)
    .fetch_one(&pool)
    .await?;
    ensure!(
        usize::try_from(booked)? == times.len(),
        "{booked} of {} booked",
        times.len()
    );
    figures.add(
        "bookings_per_s",
        size,
        times.len() as f64 / took.as_secs_f64(),
        "bookings/s",
    );
    figures.add(
        "booking_p99_ms",
        size,
        percentile(&mut times, 99) * 1e3,
        "ms",
    );
    searching(hub, &pool, (&doctors, department), size, figures).await?;
    Ok(Doctors {
        ids: doctors,
        department,
        ward,
    })
}

async fn searching(
    hub: &mut Hub,
    pool: &PgPool,
    (doctors, department): (&[Uuid], Uuid),
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    say("  … looking for free slots of two hundred doctors");
    sqlx::query(FILL)
        .bind(doctors)
        .bind(i32::try_from(DAYS)?)
        .execute(pool)
        .await?;
    let device = hub.device().await?;
    let mut times: Vec<Duration> = Vec::with_capacity(SEARCHES);
    for nth in 0..SEARCHES {
        let path = match nth % 3 {
            0 => format!("/sync/v1/free?practitioner={}", doctors[nth % DOCTORS]),
            1 => format!("/sync/v1/free?department={department}"),
            _ => "/sync/v1/free?count=200".into(),
        };
        let begun = Instant::now();
        let found = device.get(&path).await?;
        times.push(begun.elapsed());
        ensure!(found.len() > 2, "nothing is free");
    }
    figures.add(
        "slot_search_p99_ms",
        size,
        percentile(&mut times, 99) * 1e3,
        "ms",
    );
    Ok(())
}

/// Half of all slots are given away, at random.
const FILL: &str = "insert into doctor_day (practitioner, day, counted, slots)
    select doctor, current_date + nth, 4, 1 + (random() * 262142)::bigint from unnest($1::uuid[]) doctor, generate_series(0, $2 - 1) nth
    on conflict do nothing";

/// Makes doctors who work whenever the clinic is open.
async fn doctors(pool: &PgPool) -> Result<(Vec<Uuid>, Uuid, Uuid)> {
    let (department, ward): (Uuid, Uuid) = sqlx::query_as(
        "select department.id, ward from department join ward on ward.id = department.ward order by ward.name, department.name limit 1",
    )
    .fetch_one(pool)
    .await?;
    let doctors = sqlx::query_scalar(
        "insert into staff (id, username, name, roles, departments)
         select gen_random_uuid(), 'bench-' || nth, 'Bench', '{doctor}', array[$1] from generate_series(1, $2) nth returning id",
    )
    .bind(department)
    .bind(i32::try_from(DOCTORS)?)
    .fetch_all(pool)
    .await?;
    Ok((doctors, department, ward))
}

/// Returns a slot of each doctor: eight of every weekday, from a Monday far enough that nothing of it is lent.
fn start(nth: usize) -> Result<String> {
    let (day, place) = (nth / DAY, nth % DAY);
    let days = i64::try_from(day / 5 * 7 + day % 5)?;
    let at = jiff::civil::date(2040, 1, 2)
        .checked_add(jiff::Span::new().days(days))?
        .at(9, 0, 0, 0)
        .checked_add(jiff::Span::new().minutes(i64::try_from(place * 30)?))?;
    let zone = jiff::tz::TimeZone::get("Europe/London").context("the sample hospital's zone")?;
    Ok(at.to_zoned(zone)?.timestamp().to_string())
}
