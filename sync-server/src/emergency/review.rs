//! What clinical managers see of openings of the emergency access, and what they find.

use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use serde_json::Value;
use shared::access::{Role, Task, may_do};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::emergency::{
    Finding, LookedLine, NoteLine, Opening, OpeningLine, Review, ReviewLine, may_review,
};
use shared::ids::{DeviceId, OpeningId, StaffId};
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record;
use sqlx::postgres::PgRow;
use sqlx::types::Json as Column;
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Openings that are listed, at most.
const LISTED: i64 = 500;

/// Whether a list has what was reviewed as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeReviewed {
    Yes,
    No,
}

/// Notes what somebody found about an opening.
pub async fn review(app: &App, by: StaffId, roles: &[Role], said: &Review) -> Result<()> {
    may_do(roles, Task::ReviewEmergency).map_err(Error::Forbidden)?;
    let mut tx = app.pool.begin().await?;
    // two who review at once: the second one is told
    let row = sqlx::query(sqlx::AssertSqlSafe(format!("{FIND} for update of opening")))
        .bind(said.device.0)
        .bind(said.opening.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| Error::Missing(Problem::new("emergency.unknown", "")))?;
    let opening = opening_of(&row);
    let state = opening.state(reviewed(&row), app.now());
    may_review(&opening, state, by, said).map_err(Error::Invalid)?;
    sqlx::query(
        "insert into emergency_review (device, opening, version, by, finding, words) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(said.device.0)
    .bind(said.opening.0)
    .bind(row.get::<i32, _>("version"))
    .bind(by.0)
    .bind(said.finding.word())
    .bind(said.words.trim())
    .execute(&mut *tx)
    .await?;
    let entry = deed(What::EmergencyReviewed, said.device, Some(by));
    let entry = entry.of(opening.mark()).because(said.finding.word());
    note(&mut tx, &entry).await?;
    Ok(tx.commit().await?)
}

const FIND: &str = "select device, id, version, body,
        (extract(epoch from arrived_at) * 1000)::bigint as arrived_ms,
        (select max(version) from emergency_review done where done.device = opening.device and done.opening = opening.id) as reviewed
    from emergency_opening opening where device = $1 and id = $2";

/// Lists openings, the oldest first.
pub async fn lines(app: &App, also_reviewed: IncludeReviewed) -> Result<Vec<OpeningLine>> {
    let mut db = app.pool.acquire().await?;
    let rows = sqlx::query(LIST)
        .bind(also_reviewed == IncludeReviewed::Yes)
        .bind(LISTED)
        .fetch_all(&mut *db)
        .await?;
    let mut patients: Vec<Uuid> = Vec::new();
    for row in &rows {
        patients.extend(opening_of(row).looked.iter().map(|one| one.patient.0));
    }
    let names = names(&mut db, &patients).await?;
    let mut reviews = reviews(&mut db).await?;
    let now = app.now();
    Ok(rows
        .iter()
        .map(|row| {
            let key = (row.get("device"), row.get("id"));
            line(row, &names, reviews.remove(&key).unwrap_or_default(), now)
        })
        .collect())
}

const LIST: &str = "with listed as (
        select opening.*, (extract(epoch from arrived_at) * 1000)::bigint as arrived_ms,
            (select max(version) from emergency_review done where done.device = opening.device and done.opening = opening.id) as reviewed
        from emergency_opening opening)
    select listed.device, listed.id, version, body, flaws, arrived_ms, reviewed, listed.staff, device.name as desk,
        coalesce(ward.name, '') as ward, coalesce(staff.name, '') as who,
        (select count(*) from emergency_opening other where other.staff = listed.staff
            and abs(other.from_ms - listed.from_ms) <= 30 * 86400000::bigint) as lately
    from listed join device on device.id = listed.device left join ward on ward.id = device.ward
        left join staff on staff.id = listed.staff
    where $1 or coalesce(reviewed, 0) < version
    order by listed.from_ms, listed.id limit $2";

fn opening_of(row: &PgRow) -> Opening {
    let Column(opening): Column<Opening> = row.get("body");
    opening.believed(row.get("arrived_ms"))
}

fn reviewed(row: &PgRow) -> Option<u32> {
    row.get::<Option<i32>, _>("reviewed").map(i32::unsigned_abs)
}

fn line(
    row: &PgRow,
    names: &BTreeMap<Uuid, String>,
    reviews: Vec<ReviewLine>,
    now: Now,
) -> OpeningLine {
    let opening = opening_of(row);
    let Column(flaws) = row.get("flaws");
    let looked = opening.looked.iter().map(|one| LookedLine {
        patient: one.patient,
        name: names.get(&one.patient.0).cloned().unwrap_or_default(),
        at: Now(one.at_ms).rfc3339(),
    });
    let notes = opening.notes.iter().map(|note| NoteLine {
        patient: note.patient,
        text: note.text.clone(),
        at: Now(note.at_ms).rfc3339(),
    });
    OpeningLine {
        id: OpeningId(row.get("id")),
        device: DeviceId(row.get("device")),
        version: opening.version,
        desk: row.get("desk"),
        ward: row.get("ward"),
        staff: StaffId(row.get("staff")),
        who: row.get("who"),
        reason: opening.reason.clone(),
        from: Now(opening.from_ms).rfc3339(),
        until: Now(opening.ended_ms.unwrap_or(opening.until_ms)).rfc3339(),
        due: Now(opening.due_ms()).rfc3339(),
        state: opening.state(reviewed(row), now),
        looked: looked.collect(),
        notes: notes.collect(),
        flaws,
        lately: u32::try_from(row.get::<i64, _>("lately")).unwrap_or(u32::MAX),
        reviews,
    }
}

/// Returns the names of patients.
pub(crate) async fn names(
    db: &mut PgConnection,
    patients: &[Uuid],
) -> sqlx::Result<BTreeMap<Uuid, String>> {
    let rows = sqlx::query("select id, body from record where id = any($1) and kind = 1")
        .bind(patients)
        .fetch_all(db)
        .await?;
    let name = |row: &PgRow| {
        let body: Value = row.get("body");
        let patient: Option<Patient> = record::parse(&body).ok();
        let name = patient.as_ref().and_then(Patient::display_name);
        let parts = name.map(|name| [name.family.as_deref(), name.given.as_deref()]);
        let parts: Vec<&str> = parts.into_iter().flatten().flatten().collect();
        (row.get("id"), parts.join(", "))
    };
    Ok(rows.iter().map(name).collect())
}

async fn reviews(db: &mut PgConnection) -> sqlx::Result<BTreeMap<(Uuid, Uuid), Vec<ReviewLine>>> {
    let rows = sqlx::query(
        "select device, opening, staff.name, (extract(epoch from at) * 1000)::bigint as at_ms, finding, words
         from emergency_review join staff on staff.id = by order by number",
    )
    .fetch_all(db)
    .await?;
    let mut found: BTreeMap<(Uuid, Uuid), Vec<ReviewLine>> = BTreeMap::new();
    for row in rows {
        let of = found.entry((row.get("device"), row.get("opening")));
        of.or_default().push(ReviewLine {
            by: row.get("name"),
            at: Now(row.get("at_ms")).rfc3339(),
            finding: Finding::parse(row.get("finding")).unwrap_or(Finding::Questioned),
            words: row.get("words"),
        });
    }
    Ok(found)
}

/// Finds one by the beginning of its id.
pub async fn find(app: &App, id: &str) -> Result<OpeningLine> {
    let gone = || Error::Missing(Problem::new("emergency.unknown", ""));
    if id.len() < 6 {
        return Err(gone());
    }
    let all = lines(app, IncludeReviewed::Yes).await?;
    let begins = |line: &OpeningLine| line.id.to_string().starts_with(&id.to_lowercase());
    let mut found = all.into_iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(line), None) => Ok(line),
        (Some(_), Some(_)) | (None, _) => Err(gone()),
    }
}

/// Returns somebody who may review, by username.
pub async fn reviewer(app: &App, name: &str) -> Result<(StaffId, Vec<Role>)> {
    let row = sqlx::query("select id, username, name, roles, departments, is_active from staff where username = $1 and is_active")
        .bind(crate::people::username(name))
        .fetch_optional(&app.pool)
        .await?
        .ok_or_else(|| Error::Missing(Problem::new("staff.unknown", "by")))?;
    let staff = crate::people::member(&row);
    may_do(&staff.roles, Task::ReviewEmergency).map_err(Error::Forbidden)?;
    Ok((staff.id, staff.roles))
}
