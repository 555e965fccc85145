//! When doctors see patients, and whether a change of an appointment keeps the rules.

use jiff::tz::TimeZone;
use serde_json::Value;
use shared::ids::{DepartmentId, StaffId};
use shared::record;
use shared::scheduling::Appointment;
use shared::scheduling::clinic::{Clinic, Schedule};
use shared::scheduling::rules::Around;
use shared::scheduling::unsure::{Outcome, outcome};
use shared::scheduling::visit::Change;
use shared::sync::late::Made;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The hours of some doctors, and of the house.
#[derive(Debug)]
pub(crate) struct Hours {
    pub(crate) clinic: Clinic,
    pub(crate) schedules: BTreeMap<StaffId, Schedule>,
}

impl Hours {
    /// Returns the hours of the house, and of nobody.
    pub(crate) fn none(zone: TimeZone) -> Self {
        Self {
            clinic: Clinic::of_zone(zone),
            schedules: BTreeMap::new(),
        }
    }

    /// Reads the hours of some doctors. Whoever is none has no hours.
    pub(crate) async fn of(
        db: &mut PgConnection,
        zone: TimeZone,
        doctors: Vec<Uuid>,
    ) -> sqlx::Result<Self> {
        let mut hours = Self::none(zone);
        if doctors.is_empty() {
            return Ok(hours);
        }
        let rows = sqlx::query(OF_SOME).bind(doctors).fetch_all(db).await?;
        let schedules = rows.iter().map(|row| schedule(row, &hours.clinic));
        hours.schedules = schedules
            .map(|schedule| (schedule.practitioner, schedule))
            .collect();
        Ok(hours)
    }

    /// Returns what becomes of a change of an appointment, by the time at which it was made.
    pub(crate) fn outcome(&self, before: &Value, after: &Value, made: Made) -> Outcome {
        let Ok(after) = record::parse::<Appointment>(after) else {
            return Outcome::default();
        };
        let before = record::parse::<Appointment>(before).ok();
        let schedule = after.practitioner.and_then(|id| self.schedules.get(&id));
        let change = Change {
            before: before.as_ref(),
            after: &after,
            clinic: &self.clinic,
            schedule,
            around: Around::default(),
            t_ms: made.earliest_ms,
        };
        outcome(&change, made.latest_ms)
    }
}

macro_rules! schedules {
    ($which:literal) => {
        concat!(
            "select staff.id, staff.departments, hours, breaks, leave from staff
            left join schedule on schedule.practitioner = staff.id
            where 'doctor' = any(staff.roles) and staff.is_active ",
            $which
        )
    };
}

const OF_SOME: &str = schedules!("and staff.id = any($1)");
const OF_ALL: &str = schedules!("order by staff.id");

/// Reads the hours of every doctor.
pub(crate) async fn all(db: &mut PgConnection, clinic: &Clinic) -> sqlx::Result<Vec<Schedule>> {
    let rows = sqlx::query(OF_ALL).fetch_all(db).await?;
    Ok(rows.iter().map(|row| schedule(row, clinic)).collect())
}

fn schedule(row: &PgRow, clinic: &Clinic) -> Schedule {
    let departments: Vec<Uuid> = row.get("departments");
    let departments = departments.into_iter().map(DepartmentId).collect();
    let whole = Schedule::full_week(StaffId(row.get("id")), departments, clinic);
    let Some(Json(hours)) = row.get("hours") else {
        return whole;
    };
    let Json(breaks) = row.get("breaks");
    let Json(leave) = row.get("leave");
    Schedule {
        hours,
        breaks,
        leave,
        ..whole
    }
}

/// Reads the hours of one doctor, whom nobody else changes meanwhile; nothing for somebody who is none.
pub(crate) async fn of_one(
    db: &mut PgConnection,
    clinic: &Clinic,
    doctor: StaffId,
) -> sqlx::Result<Option<Schedule>> {
    sqlx::query("select id from staff where id = $1 for update")
        .bind(doctor.0)
        .execute(&mut *db)
        .await?;
    let rows = sqlx::query(OF_SOME)
        .bind(vec![doctor.0])
        .fetch_all(db)
        .await?;
    Ok(rows.first().map(|row| schedule(row, clinic)))
}

/// Says when a doctor sees patients from now on.
pub(crate) async fn set(db: &mut PgConnection, schedule: &Schedule) -> sqlx::Result<()> {
    sqlx::query(
        "insert into schedule (practitioner, hours, breaks, leave) values ($1, $2, $3, $4)
         on conflict (practitioner) do update set hours = excluded.hours, breaks = excluded.breaks, leave = excluded.leave",
    )
    .bind(schedule.practitioner.0)
    .bind(Json(&schedule.hours))
    .bind(Json(&schedule.breaks))
    .bind(Json(&schedule.leave))
    .execute(db)
    .await?;
    Ok(())
}
