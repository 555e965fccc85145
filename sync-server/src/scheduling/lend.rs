//! Lends desks some of doctors' time, so that they can give it away without the hub, and takes back what nobody can use.
//!
//! A lease is a row of `booking` that names a desk instead of an appointment: what keeps two patients out of one slot keeps
//! everybody else out of a lent one, and lent places count for the day like booked ones.

use super::hours;
use super::tables::{self, Day};
use crate::app::App;
use crate::error::Result;
use crate::session::Signed;
use axum::Json;
use axum::extract::State;
use jiff::ToSpan;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use shared::ids::StaffId;
use shared::scheduling::clinic::{Clinic, Schedule, Slot};
use shared::scheduling::free::touched;
use shared::scheduling::leases::{self, Lease, Lent, has_ended};
use shared::scheduling::rules::LEAD_MS;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How often leases are looked after.
const EVERY: Duration = Duration::from_secs(60);
/// For how many days ahead desks are lent something.
pub const DAYS: i32 = 14;
/// Until when a slot is worth lending: two hours before it, the desk has to give it back.
const WORTH_MS: i64 = 4 * 3_600_000;

/// Lends and takes back, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = look_after(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Leases could not be looked after; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes back what nobody can use any more, and lends what is missing.
pub async fn look_after(app: &App) -> Result<()> {
    take_back(app).await?;
    let clinic = Clinic::of_zone(app.zone());
    let mut db = app.pool.acquire().await?;
    let borrowers = borrowers(&mut db).await?;
    let schedules = hours::all(&mut db, &clinic).await?;
    let habits = habits(&mut db, &clinic).await?;
    drop(db);
    let none = BTreeMap::new();
    for schedule in &schedules {
        let habits = habits.get(&schedule.practitioner).unwrap_or(&none);
        if let Some(desks) = borrowers.get(&schedule.practitioner) {
            lend_days(app, &clinic, schedule, desks, habits).await?;
        }
    }
    Ok(())
}

/// Lends of one doctor's days what is missing there.
async fn lend_days(
    app: &App,
    clinic: &Clinic,
    schedule: &Schedule,
    desks: &[Uuid],
    habits: &BTreeMap<Time, u32>,
) -> Result<()> {
    let (today, now_ms) = (app.today(), app.now().0);
    let mut db = app.pool.acquire().await?;
    let given = given(&mut db, schedule.practitioner, today).await?;
    for day in today.series(1.day()).take(DAYS.unsigned_abs() as usize) {
        let (lease, _) = chosen(clinic, schedule, day, given.get(&day), habits, now_ms);
        if lease.slots.is_empty() {
            continue;
        }
        let mut tx = app.pool.begin().await?;
        let one: Day = (schedule.practitioner, day);
        tables::lock_days(&mut tx, &BTreeSet::from([one])).await?;
        // as it is now that the day is ours
        let given = self::given(&mut tx, schedule.practitioner, day).await?;
        let (lease, slots) = chosen(clinic, schedule, day, given.get(&day), habits, now_ms);
        let lent = slots
            .iter()
            .filter(|slot| lease.slots.contains(&slot.start_ms));
        for (nth, slot) in lent.enumerate() {
            // another desk begins each day, so that none has all first ones
            let turn = usize::from(day.day().unsigned_abs()) + nth;
            lend_one(
                &mut tx,
                clinic,
                schedule.practitioner,
                slot,
                desks[turn % desks.len()],
            )
            .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// What is given away of a day: slots, appointments that count, places lent.
type GivenDay = (u64, u32, u32);

fn chosen(
    clinic: &Clinic,
    schedule: &Schedule,
    day: Date,
    given: Option<&GivenDay>,
    habits: &BTreeMap<Time, u32>,
    now_ms: i64,
) -> (Lease, Vec<Slot>) {
    let (taken, counted, lent) = given.copied().unwrap_or_default();
    let is_free = |slot: &Slot| {
        schedule.works(slot).is_ok()
            && slot.start_ms - now_ms > WORTH_MS
            && taken & touched(clinic, slot) == 0
    };
    let mut free = clinic.day(day);
    free.retain(is_free);
    let day = leases::Day {
        free,
        counted,
        lent,
    };
    let lease = leases::lend(&day, habits, lent as usize);
    (lease, day.free)
}

async fn given(
    db: &mut PgConnection,
    doctor: StaffId,
    from: Date,
) -> sqlx::Result<BTreeMap<Date, GivenDay>> {
    let rows = sqlx::query(
        "select to_char(day, 'YYYY-MM-DD') as day, slots, counted, lent from doctor_day
         where practitioner = $1 and day >= $2::date and day < $2::date + $3",
    )
    .bind(doctor.0)
    .bind(from.to_string())
    .bind(DAYS)
    .fetch_all(db)
    .await?;
    let one = |row: &sqlx::postgres::PgRow| {
        let (slots, counted, lent): (i64, i32, i32) =
            (row.get("slots"), row.get("counted"), row.get("lent"));
        let given = (
            slots.cast_unsigned(),
            counted.unsigned_abs(),
            lent.unsigned_abs(),
        );
        Some((row.get::<&str, _>("day").parse().ok()?, given))
    };
    Ok(rows.iter().filter_map(one).collect())
}

async fn lend_one(
    db: &mut PgConnection,
    clinic: &Clinic,
    doctor: StaffId,
    slot: &Slot,
    desk: Uuid,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into booking (practitioner, day, starts_ms, ends_ms, slots, lent_to) values ($1, $2::date, $3, $4, $5, $6)",
    )
    .bind(doctor.0)
    .bind(slot.date.to_string())
    .bind(slot.start_ms)
    .bind(slot.end_ms)
    .bind(touched(clinic, slot).cast_signed())
    .bind(desk)
    .execute(db)
    .await?;
    Ok(())
}

/// Returns the desks of the wards in whose departments each doctor works. A desk alone can know what it gave away, so what
/// is lent is lent to one.
async fn borrowers(db: &mut PgConnection) -> sqlx::Result<BTreeMap<StaffId, Vec<Uuid>>> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select distinct staff.id, device.id from staff
         join department on department.id = any(staff.departments)
         join device on device.ward = department.ward
         where staff.is_active and device.state = 'active' and device.ordered = 'active' order by staff.id, device.id",
    )
    .fetch_all(db)
    .await?;
    let mut borrowers: BTreeMap<StaffId, Vec<Uuid>> = BTreeMap::new();
    for (doctor, desk) in rows {
        borrowers.entry(StaffId(doctor)).or_default().push(desk);
    }
    Ok(borrowers)
}

/// Returns how often each time of day was booked with each doctor lately.
async fn habits(
    db: &mut PgConnection,
    clinic: &Clinic,
) -> sqlx::Result<BTreeMap<StaffId, BTreeMap<Time, u32>>> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "select practitioner, starts_ms from booking
         where appointment is not null and day between current_date - 60 and current_date",
    )
    .fetch_all(db)
    .await?;
    let mut habits: BTreeMap<StaffId, BTreeMap<Time, u32>> = BTreeMap::new();
    for (doctor, start_ms) in rows {
        if let Ok(slot) = clinic.slot_at(start_ms) {
            let of_doctor = habits.entry(StaffId(doctor)).or_default();
            *of_doctor.entry(slot.time).or_default() += 1;
        }
    }
    Ok(habits)
}

/// Takes back what was lent and cannot be given any more. A desk that was not heard since may have given it in time, and
/// has it until the slot begins; one that was revoked has nothing, nor has one that was stopped for a day: nobody can tell when it
/// goes on, and others wait.
async fn take_back(app: &App) -> Result<()> {
    let clinic = Clinic::of_zone(app.zone());
    let now_ms = app.now().0;
    let mut tx = app.pool.begin().await?;
    let rows = sqlx::query(
        "select booking.id, practitioner, starts_ms, ends_ms, device.state = 'revoked' or coalesce(stopped_for > interval '1 day', false) as is_gone,
            coalesce((extract(epoch from device.seen_at) * 1000)::bigint, 0) as heard_ms
         from booking join device on device.id = booking.lent_to
         cross join lateral (select now() - least(suspended_at, case when ordered <> 'active' then ordered_at end) as stopped_for) stopped
         where starts_ms < $1 or device.state = 'revoked' or stopped_for > interval '1 day'",
    )
    .bind(now_ms + LEAD_MS)
    .fetch_all(&mut *tx)
    .await?;
    let (mut days, mut over) = (BTreeSet::new(), Vec::new());
    for row in &rows {
        let start_ms: i64 = row.get("starts_ms");
        let is_heard = row.get::<i64, _>("heard_ms") >= start_ms - LEAD_MS;
        let is_over = has_ended(start_ms, now_ms) && (is_heard || start_ms <= now_ms);
        if is_over || row.get("is_gone") {
            let slot = tables::piece(start_ms, row.get("ends_ms"), &clinic);
            days.insert((StaffId(row.get("practitioner")), slot.date));
            over.push(row.get::<i64, _>("id"));
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    tables::lock_days(&mut tx, &days).await?;
    // what was given away meanwhile is nobody's to take
    sqlx::query("delete from booking where id = any($1) and lent_to is not null")
        .bind(over)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Returns what this desk was lent
#[utoipa::path(
    get, path = "/sync/v1/leases", operation_id = "leases", tag = "sync",
    responses(
        (status = 200, description = "Slots that the desk can give away by itself", body = Vec<LentShape>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn lent(State(app): State<App>, signed: Signed) -> Result<Json<Vec<Lent>>> {
    let rows: Vec<(Uuid, String, Vec<i64>)> = sqlx::query_as(
        "select practitioner, to_char(day, 'YYYY-MM-DD'), array_agg(starts_ms order by starts_ms) from booking
         where lent_to = $1 group by practitioner, day order by day, practitioner",
    )
    .bind(signed.device.id.0)
    .fetch_all(&app.pool)
    .await?;
    let one = |(practitioner, day, slots): (Uuid, String, Vec<i64>)| {
        let tokens = u32::try_from(slots.len()).ok()?;
        let slots = slots.into_iter().collect();
        Some(Lent {
            practitioner: StaffId(practitioner),
            day: day.parse().ok()?,
            lease: Lease { slots, tokens },
        })
    };
    Ok(Json(rows.into_iter().filter_map(one).collect()))
}

/// What a desk was lent of one doctor's day, as the OpenAPI document describes it: a test compares it with the message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Lent)]
pub(crate) struct LentShape {
    practitioner: Uuid,
    /// Local day, `2027-03-01`
    day: String,
    lease: LeaseShape,
}

/// Slots that a desk can give away by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Lease)]
pub(crate) struct LeaseShape {
    /// Milliseconds since 1970
    slots: Vec<i64>,
    /// How many of them
    tokens: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_that_of_the_message() {
        let (slots, tokens) = ([1, 2].into(), 2);
        let real = serde_json::json!(Lent {
            practitioner: StaffId(Uuid::nil()),
            day: jiff::civil::date(2027, 3, 1),
            lease: Lease { slots, tokens },
        });
        let described: LentShape = serde_json::from_value(real.clone()).expect("the same shape");
        assert_eq!(serde_json::json!(described), real);
    }
}
