//! The waiting list: kept beside the appointments that say so, and offered what becomes free.

use super::book::{Sender, Visit};
use super::write::{Draft, write};
use super::{decide, search, tables};
use crate::app::App;
use crate::error::{Error, Result};
use serde_json::json;
use shared::document::Heads;
use shared::ids::{DepartmentId, RecordId, StaffId};
use shared::record;
use shared::scheduling::clinic::Clinic;
use shared::scheduling::free::{Free, Wish};
use shared::scheduling::visit::slot_of;
use shared::scheduling::waiting::{Offered, Place, Waiter, offers};
use shared::scheduling::{Appointment, AppointmentStatus};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// How often is looked for something to offer.
const EVERY: Duration = Duration::from_secs(60);
/// People who are looked after in one go; the others wait for the next.
const AT_ONCE: i64 = 200;
/// Slots that are looked through for each.
const CHOICE: usize = 50;

/// Puts appointments on the list that say that they wait, and takes the others off it.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    clinic: &Clinic,
    sender: Sender,
    visits: &[Visit<'_>],
    listed: &BTreeSet<RecordId>,
) -> sqlx::Result<()> {
    let mut off = Vec::new();
    for visit in visits {
        let body = record::parse::<Appointment>(visit.body).ok();
        let waits = |body: &Appointment| body.status == AppointmentStatus::Waitlist;
        match body.filter(waits) {
            Some(body) => put(tx, clinic, sender, visit, &body).await?,
            None if listed.contains(&visit.appointment) => off.push(visit.appointment.0),
            None => {}
        }
    }
    if off.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from waiting where appointment = any($1)")
        .bind(off)
        .execute(tx)
        .await?;
    Ok(())
}

/// Puts one on the list, with what they were offered when they lost their slot. Who is there already keeps their place.
async fn put(
    tx: &mut PgConnection,
    clinic: &Clinic,
    sender: Sender,
    visit: &Visit<'_>,
    body: &Appointment,
) -> sqlx::Result<()> {
    let (Some(patient), Some(slot)) = (body.patient, slot_of(body, clinic)) else {
        return Ok(());
    };
    let place = |offer: &shared::scheduling::Offer| {
        let start: jiff::Timestamp = offer.start.as_deref()?.parse().ok()?;
        Some((offer.practitioner?, start.as_millisecond()))
    };
    let offered: Option<Place> = body.offers.iter().find_map(place);
    sqlx::query(
        "insert into waiting (appointment, patient, practitioner, department, from_ms, since_ms, is_lost, priority,
            offered_by, offered_start_ms, offered_ms)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $9 is null then null else $11 end)
         on conflict (appointment) do update set patient = excluded.patient, practitioner = excluded.practitioner,
            department = excluded.department, from_ms = excluded.from_ms, is_lost = excluded.is_lost, priority = excluded.priority",
    )
    .bind(visit.appointment.0)
    .bind(patient.0)
    .bind(body.practitioner.map(|it| it.0))
    .bind(body.department.map(|it| it.0))
    .bind(slot.start_ms)
    .bind(visit.made.at_ms)
    .bind(body.lost.is_some())
    .bind(tables::number(body.priority))
    .bind(offered.map(|(practitioner, _)| practitioner.0))
    .bind(offered.map(|(_, start_ms)| start_ms))
    .bind(sender.came_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Offers what is free every minute, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Nobody on the waiting list could be offered anything; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Offers what is free to those who wait.
pub async fn sweep(app: &App) -> Result<()> {
    let waiters = waiters(app).await?;
    if waiters.is_empty() {
        return Ok(());
    }
    let now_ms = app.now().0;
    let found = find_all(app, &waiters, now_ms).await?;
    let none = Vec::new();
    let find =
        |waiter: &Waiter| Ok::<_, Error>(found.get(&waiter.appointment).unwrap_or(&none).clone());
    let made: BTreeMap<RecordId, Place> = offers(waiters, now_ms, find)?.into_iter().collect();
    offer(app, &made, now_ms).await
}

async fn waiters(app: &App) -> Result<Vec<Waiter>> {
    let rows = sqlx::query(
        "select appointment, practitioner, department, from_ms, since_ms, is_lost, priority, offered_by, offered_start_ms, offered_ms,
            exists (select 1 from booking where booking.practitioner = offered_by
                and ends_ms > offered_start_ms and starts_ms <= offered_start_ms) or exists (
                select 1 from doctor_day where doctor_day.practitioner = offered_by and counted + lent >= 8
                and day = (to_timestamp(offered_start_ms / 1000.0) at time zone hospital.zone)::date) as is_taken
         from waiting cross join hospital order by priority, is_lost desc, since_ms, appointment limit $1",
    )
    .bind(AT_ONCE)
    .fetch_all(&app.pool)
    .await?;
    Ok(rows.iter().map(waiter).collect())
}

fn waiter(row: &PgRow) -> Waiter {
    let offered = || {
        Some(Offered {
            place: (
                StaffId(row.get::<Option<Uuid>, _>("offered_by")?),
                row.get::<Option<i64>, _>("offered_start_ms")?,
            ),
            at_ms: row.get::<Option<i64>, _>("offered_ms")?,
            is_taken: row.get::<Option<bool>, _>("is_taken").unwrap_or_default(),
        })
    };
    Waiter {
        priority: tables::priority(row),
        only_waits: !row.get::<bool, _>("is_lost"),
        since_ms: row.get("since_ms"),
        appointment: RecordId(row.get("appointment")),
        practitioner: row.get::<Option<Uuid>, _>("practitioner").map(StaffId),
        department: row.get::<Option<Uuid>, _>("department").map(DepartmentId),
        from_ms: row.get("from_ms"),
        offered: offered(),
    }
}

/// Finds what each of them could have who has no offer that is good.
async fn find_all(
    app: &App,
    waiters: &[Waiter],
    now_ms: i64,
) -> Result<BTreeMap<RecordId, Vec<Free>>> {
    let clinic = Clinic::of_zone(app.zone());
    let mut found = BTreeMap::new();
    for waiter in waiters {
        if waiter
            .offered
            .is_some_and(|offered| offered.is_good(now_ms))
        {
            continue;
        }
        let wish = Wish {
            practitioner: waiter.practitioner,
            department: waiter.department,
            not_before: Some(clinic.day_of(waiter.from_ms.max(now_ms))),
            not_after: None,
            now_ms,
            count: CHOICE,
        };
        found.insert(waiter.appointment, search::find(app, &wish).await?);
    }
    Ok(found)
}

/// Writes offers into the appointments of those to whom they are made.
async fn offer(app: &App, made: &BTreeMap<RecordId, Place>, now_ms: i64) -> Result<()> {
    let ids: Vec<Uuid> = made.keys().map(|id| id.0).collect();
    let rows = sqlx::query(
        "select record.id, record.heads, document.doc || record.tail as doc from record join document on document.record = record.id
         where record.id = any($1) and record.body ->> 'status' = 'waitlist'",
    )
    .bind(&ids)
    .fetch_all(&app.pool)
    .await?;
    let draft = |row: &PgRow| {
        let appointment = RecordId(row.get("id"));
        let (practitioner, start_ms) = made.get(&appointment)?;
        let mut offer = decide::none();
        offer[0]["practitioner"] = json!(practitioner);
        offer[0]["start"] = json!(search::rfc3339(*start_ms));
        Some(Draft {
            appointment,
            doc: row.get("doc"),
            heads: Heads::from_bytes(row.get("heads")),
            says: json!({ "offer": offer }),
        })
    };
    let drafts: Vec<Draft> = rows.iter().filter_map(draft).collect();
    for (draft, says) in drafts.iter().zip(write(app, &drafts).await?) {
        if let Some((practitioner, start_ms)) = made.get(&draft.appointment)
            && says
        {
            sqlx::query(
                "update waiting set offered_by = $2, offered_start_ms = $3, offered_ms = $4 where appointment = $1",
            )
            .bind(draft.appointment.0)
            .bind(practitioner.0)
            .bind(start_ms)
            .bind(now_ms)
            .execute(&app.pool)
            .await?;
        }
    }
    Ok(())
}
