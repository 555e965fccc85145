//! What is kept of doctors' time: one statement to a function. Rows of a doctor's day are written by whoever has locked it.

use crate::events::outbox::Known;
use jiff::Timestamp;
use jiff::civil::Date;
use shared::ids::{DeviceId, RecordId, StaffId};
use shared::scheduling::adjudicate::{Booked, Priority, Request, Waiting};
use shared::scheduling::clinic::{Clinic, Slot};
use shared::scheduling::free::touched;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A doctor's day.
pub(crate) type Day = (StaffId, Date);

/// What an appointment has, or waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Had {
    pub(crate) practitioner: StaffId,
    pub(crate) patient: RecordId,
    pub(crate) slot: Slot,
    pub(crate) waits: bool,
}

/// What is kept of some appointments.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) had: BTreeMap<RecordId, Had>,
    /// Those on the waiting list.
    pub(crate) listed: BTreeSet<RecordId>,
    /// What others were told of each.
    pub(crate) known: BTreeMap<RecordId, Known>,
}

/// Returns what is kept of appointments.
pub(crate) async fn kept(
    db: &mut PgConnection,
    clinic: &Clinic,
    appointments: &[Uuid],
) -> sqlx::Result<Kept> {
    let rows = sqlx::query(KEPT).bind(appointments).fetch_all(db).await?;
    let mut kept = Kept::default();
    for row in &rows {
        let appointment = RecordId(row.get("appointment"));
        match row.get("is") {
            "listed" => {
                kept.listed.insert(appointment);
            }
            "told" => kept.known.entry(appointment).or_default().add(row),
            is => {
                let had = Had {
                    practitioner: StaffId(row.get("practitioner")),
                    patient: RecordId(row.get("patient")),
                    slot: slot(row, clinic),
                    waits: is == "waits",
                };
                kept.had.insert(appointment, had);
            }
        }
    }
    Ok(kept)
}

const KEPT: &str = "select 'has' as is, appointment, practitioner, patient, starts_ms, ends_ms,
        null::integer as nth, null as type, null::jsonb as data, null::boolean as is_contested, null::bigint as recorded_ms
    from booking where appointment = any($1)
    union all select 'waits', appointment, practitioner, patient, starts_ms, ends_ms, null, null, null, null, null
    from booking_request where appointment = any($1)
    union all select 'listed', appointment, null, null, null, null, null, null, null, null, null
    from waiting where appointment = any($1)
    union all (select 'told', subject, null, null, null, null, nth, type, data, is_contested, recorded_ms
    from event where subject = any($1) order by subject, nth)";

fn slot(row: &PgRow, clinic: &Clinic) -> Slot {
    piece(row.get("starts_ms"), row.get("ends_ms"), clinic)
}

/// Returns a piece of time with its local day.
pub(crate) fn piece(start_ms: i64, end_ms: i64, clinic: &Clinic) -> Slot {
    let at = Timestamp::from_millisecond(start_ms).unwrap_or_default();
    let local = clinic.zone.to_datetime(at);
    Slot {
        start_ms,
        end_ms,
        date: local.date(),
        time: local.time(),
    }
}

/// Locks doctors' days, in order, making those that are not there.
pub(crate) async fn lock_days(db: &mut PgConnection, days: &BTreeSet<Day>) -> sqlx::Result<()> {
    let (doctors, days) = columns(days);
    sqlx::query(
        "insert into doctor_day (practitioner, day) select practitioner, day::date
         from unnest($1::uuid[], $2::text[]) with ordinality as wanted (practitioner, day, nth) order by nth
         on conflict (practitioner, day) do update set day = excluded.day",
    )
    .bind(doctors)
    .bind(days)
    .execute(db)
    .await?;
    Ok(())
}

fn columns(days: &BTreeSet<Day>) -> (Vec<Uuid>, Vec<String>) {
    let days = days.iter().map(|(doctor, day)| (doctor.0, day.to_string()));
    days.unzip()
}

/// What stands around some requests, and what the desk that asks was lent of it.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) booked: Booked,
    /// The desk's own, by doctor and start; not among what stands.
    pub(crate) own: BTreeMap<(StaffId, i64), i64>,
}

/// Returns what stands on the days and of the patients of some requests. `desk` asks for just these slots.
pub(crate) async fn standing(
    db: &mut PgConnection,
    clinic: &Clinic,
    requests: &[Request],
    desk: Option<DeviceId>,
) -> sqlx::Result<Standing> {
    let days = days_of(requests);
    let (doctors, days) = columns(&days);
    let rows = sqlx::query(STANDING)
        .bind(doctors)
        .bind(days)
        .bind(patients(requests))
        .bind(requests.iter().map(|one| one.slot.start_ms).min())
        .bind(requests.iter().map(|one| one.slot.end_ms).max())
        .fetch_all(db)
        .await?;
    let mut standing = Standing::default();
    for row in &rows {
        let (doctor, slot) = (StaffId(row.get("practitioner")), slot(row, clinic));
        let is_asked = |one: &Request| one.practitioner == doctor && one.slot == slot;
        match row.get::<Option<Uuid>, _>("patient").map(RecordId) {
            Some(patient) => standing.booked.add(doctor, patient, slot),
            None if desk
                .is_some_and(|desk| row.get::<Option<Uuid>, _>("lent_to") == Some(desk.0))
                && requests.iter().any(is_asked) =>
            {
                standing.own.insert((doctor, slot.start_ms), row.get("id"));
            }
            None => standing.booked.lend(doctor, slot),
        }
    }
    Ok(standing)
}

const STANDING: &str = "select id, practitioner, patient, lent_to, starts_ms, ends_ms from booking
        join unnest($1::uuid[], $2::text[]) as wanted (doctor, on_day)
            on booking.practitioner = wanted.doctor and booking.day = wanted.on_day::date
    union select id, practitioner, patient, lent_to, starts_ms, ends_ms from booking
        where patient = any($3) and ends_ms > $4 and starts_ms < $5";

/// Returns the days of some requests.
pub(crate) fn days_of(requests: &[Request]) -> BTreeSet<Day> {
    let day = |one: &Request| (one.practitioner, one.slot.date);
    requests.iter().map(day).collect()
}

fn patients(requests: &[Request]) -> Vec<Uuid> {
    requests.iter().map(|one| one.patient.0).collect()
}

/// Returns who waits on the days and of the patients of some requests.
pub(crate) async fn open_around(
    db: &mut PgConnection,
    clinic: &Clinic,
    requests: &[Request],
) -> sqlx::Result<Vec<Waiting>> {
    let (doctors, days) = columns(&days_of(requests));
    let rows = sqlx::query(
        "select appointment, practitioner, patient, starts_ms, ends_ms, made_ms, came_ms, device, change, priority from booking_request
         where patient = any($3) or exists (select 1 from unnest($1::uuid[], $2::text[]) as wanted (doctor, on_day)
            where practitioner = wanted.doctor and day = wanted.on_day::date)",
    )
    .bind(doctors)
    .bind(days)
    .bind(patients(requests))
    .fetch_all(db)
    .await?;
    Ok(rows.iter().map(|row| waiting(row, clinic)).collect())
}

/// Returns who waits, the first that came first, up to a number.
pub(crate) async fn open(
    db: &mut PgConnection,
    clinic: &Clinic,
    most: i64,
) -> sqlx::Result<Vec<Waiting>> {
    let rows = sqlx::query(
        "select appointment, practitioner, patient, starts_ms, ends_ms, made_ms, came_ms, device, change, priority from booking_request
         order by came_ms, appointment limit $1",
    )
    .bind(most)
    .fetch_all(db)
    .await?;
    Ok(rows.iter().map(|row| waiting(row, clinic)).collect())
}

/// Reads how pressing something is.
pub(crate) fn priority(row: &PgRow) -> Priority {
    let nth = usize::try_from(row.get::<i16, _>("priority")).unwrap_or_default();
    Priority::ALL.get(nth).copied().unwrap_or_default()
}

/// Returns the number of a priority in the database.
pub(crate) fn number(priority: Priority) -> i16 {
    let nth = Priority::ALL.iter().position(|one| *one == priority);
    nth.and_then(|nth| i16::try_from(nth).ok())
        .unwrap_or_default()
}

fn waiting(row: &PgRow, clinic: &Clinic) -> Waiting {
    let request = Request {
        priority: priority(row),
        is_unleased: true,
        t_ms: row.get("made_ms"),
        device: DeviceId(row.get("device")),
        command: row.get::<&[u8], _>("change").try_into().unwrap_or_default(),
        appointment: RecordId(row.get("appointment")),
        patient: RecordId(row.get("patient")),
        practitioner: StaffId(row.get("practitioner")),
        slot: slot(row, clinic),
    };
    Waiting {
        request,
        came_ms: row.get("came_ms"),
    }
}

/// Forgets what appointments had or waited for, and what was decided about it and not said yet.
pub(crate) async fn forget(db: &mut PgConnection, appointments: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query(
        "with freed as (delete from booking where appointment = any($1)),
              pointless as (update booking_decision set is_pointless = true where appointment = any($1) and said_at is null)
         delete from booking_request where appointment = any($1)",
    )
    .bind(appointments)
    .execute(db)
    .await?;
    Ok(())
}

/// Gives a slot to an appointment.
pub(crate) async fn give(
    db: &mut PgConnection,
    clinic: &Clinic,
    request: &Request,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into booking (practitioner, day, starts_ms, ends_ms, slots, appointment, patient)
         values ($1, $2::date, $3, $4, $5, $6, $7)",
    )
    .bind(request.practitioner.0)
    .bind(request.slot.date.to_string())
    .bind(request.slot.start_ms)
    .bind(request.slot.end_ms)
    .bind(touched(clinic, &request.slot).cast_signed())
    .bind(request.appointment.0)
    .bind(request.patient.0)
    .execute(db)
    .await?;
    Ok(())
}

/// Gives what a desk was lent to the appointment for which it gave it away.
pub(crate) async fn give_lent(
    db: &mut PgConnection,
    lease: i64,
    request: &Request,
) -> sqlx::Result<()> {
    sqlx::query("update booking set appointment = $2, patient = $3, lent_to = null where id = $1")
        .bind(lease)
        .bind(request.appointment.0)
        .bind(request.patient.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Lets an appointment wait.
pub(crate) async fn wait(
    db: &mut PgConnection,
    clinic: &Clinic,
    waiting: &Waiting,
) -> sqlx::Result<()> {
    let request = &waiting.request;
    sqlx::query(
        "insert into booking_request (appointment, practitioner, patient, day, starts_ms, ends_ms, slots, made_ms, came_ms, device, change, priority)
         values ($1, $2, $3, $4::date, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(request.appointment.0)
    .bind(request.practitioner.0)
    .bind(request.patient.0)
    .bind(request.slot.date.to_string())
    .bind(request.slot.start_ms)
    .bind(request.slot.end_ms)
    .bind(touched(clinic, &request.slot).cast_signed())
    .bind(request.t_ms)
    .bind(waiting.came_ms)
    .bind(request.device.0)
    .bind(request.command.as_slice())
    .bind(number(request.priority))
    .execute(db)
    .await?;
    Ok(())
}

/// Whether an appointment says already what was decided about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Already,
    NotYet,
}

/// Writes down what was decided. What was decided before and not said has no point any more.
pub(crate) async fn decided(
    db: &mut PgConnection,
    appointment: RecordId,
    outcome: &str,
    said: Said,
) -> sqlx::Result<()> {
    sqlx::query(
        "with pointless as (update booking_decision set is_pointless = true where appointment = $1 and said_at is null)
         insert into booking_decision (appointment, outcome, said_at) values ($1, $2, case when $3 then now() end)",
    )
    .bind(appointment.0)
    .bind(outcome)
    .bind(said == Said::Already)
    .execute(db)
    .await?;
    Ok(())
}
