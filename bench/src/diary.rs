//! How soon a desk finds free slots by itself, among 200 doctors over 90 days.

use crate::desk;
use crate::device::{Made, now};
use crate::figures::{Figures, percentile, say};
use crate::hub::Hub;
use anyhow::{Context, Result, ensure};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use replica::Replica;
use serde_json::json;
use shared::desk::FreeAsk;
use shared::ids::{DepartmentId, RecordId, StaffId};
use shared::sample::Dice;
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

const DAYS: usize = 90;
const SEARCHES: usize = 600;
/// Visits in one push.
const PUSH: usize = 500;

/// Who is looked for: every doctor of one department.
pub(crate) struct Doctors {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) department: Uuid,
    pub(crate) ward: Uuid,
}

/// Gives each doctor a visit on every working day, loads a desk, and looks for free slots there.
pub(crate) async fn measure(
    hub: &mut Hub,
    patients: &[Made],
    (size, dir): (usize, &Path),
    doctors: &Doctors,
    figures: &mut Figures,
) -> Result<()> {
    say("  … looking for free slots at a desk");
    let device = hub.device().await?;
    let mut visits = Vec::new();
    for (nth, (doctor, day)) in days(doctors)?.into_iter().enumerate() {
        let at = day.at(11, 0, 0, 0).to_zoned(zone()?)?.timestamp();
        let patient = patients[nth % patients.len()].id;
        let draft = json!({
            "patient": patient, "practitioner": doctor, "department": doctors.department, "ward": doctors.ward,
            "start": at.to_string(), "minutes": 30, "status": "booked",
        });
        let id = RecordId(Dice::new(nth as u64 + 7_777).id(now().0.unsigned_abs()));
        visits.push(device.book(id, &draft));
    }
    for some in visits.chunks(PUSH) {
        device.push(some.to_vec()).await?;
    }
    let code = hub.code()?;
    let loaded = desk::in_own_process(&hub.url, &code, dir)?;
    ensure!(loaded.records > 0, "nothing was loaded");
    let replica = desk::open(dir, None)?;
    let (first, mut times) = tokio::task::block_in_place(|| searches(&replica, doctors))?;
    figures.add("desk_diary_ms", size, first.as_secs_f64() * 1e3, "ms");
    let p99 = percentile(&mut times, 99) * 1e3;
    figures.add("desk_slot_search_p99_ms", size, p99, "ms");
    Ok(())
}

/// Returns how long the first search took, which reads what is known of every doctor, and each one after it.
fn searches(replica: &Replica, doctors: &Doctors) -> Result<(Duration, Vec<Duration>)> {
    let mut times = Vec::with_capacity(SEARCHES);
    for nth in 0..=SEARCHES {
        let mut ask = FreeAsk {
            limit: 20,
            ..FreeAsk::default()
        };
        match nth % 3 {
            0 => ask.practitioner = Some(StaffId(doctors.ids[nth % doctors.ids.len()])),
            1 => ask.department = Some(DepartmentId(doctors.department)),
            _ => ask.limit = 200,
        }
        let begun = Instant::now();
        let found = replica.free(&ask)?;
        times.push(begun.elapsed());
        ensure!(found.len() > 2, "nothing is free");
    }
    Ok((times.remove(0), times))
}

/// Returns every working day of every doctor, from tomorrow on.
fn days(doctors: &Doctors) -> Result<Vec<(Uuid, Date)>> {
    let today = jiff::Timestamp::from_millisecond(now().0)?
        .to_zoned(zone()?)
        .date();
    let works = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let days: Vec<Date> = today
        .series(1.day())
        .skip(1)
        .take(DAYS)
        .filter(works)
        .collect();
    let of = |doctor: &Uuid| days.iter().map(|day| (*doctor, *day)).collect::<Vec<_>>();
    Ok(doctors.ids.iter().flat_map(of).collect())
}

fn zone() -> Result<TimeZone> {
    TimeZone::get("Europe/London").context("the sample hospital's zone")
}
