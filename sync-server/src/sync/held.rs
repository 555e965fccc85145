//! What was held: listed, looked at, let in or refused by a person, and told to the desk it came from.

use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::people::{role_of, username};
use crate::session::Signed;
use crate::sync::accept::accept;
use crate::sync::weigh::Source;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::document::Write;
use shared::ids::{DeviceId, RecordId, StaffId, WardId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::exchange::HELD_AN_HOUR;
use shared::sync::judge::inspect;
use shared::sync::wire::{Decided, Envelope, Hash, Verdict, hex};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// Decisions a desk is told of, at most: those of its newest held work.
const TOLD: i64 = 1_000;
/// Letters of what a person says about a refusal, at most.
const REASON_CHARS: usize = 500;

/// A held change as a list shows it.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The name of the change; its beginning is enough where one is asked for.
    pub hash: String,
    pub held_at: String,
    pub device: Uuid,
    pub staff: Option<Uuid>,
    pub kind: String,
    pub record: Uuid,
    /// Whether it can never be let in as it is.
    pub is_final: bool,
    pub problems: Vec<Problem>,
    /// `waiting`, `released`, `refused` or `resent`: somebody wrote it again and it was taken.
    pub state: &'static str,
}

/// A held change with all that it writes.
#[derive(Debug, Serialize)]
pub struct Whole {
    #[serde(flatten)]
    pub line: Line,
    pub username: Option<String>,
    pub desk: Option<String>,
    pub reason: Option<String>,
    /// What it writes, field by field; nothing where the change cannot be read.
    pub writes: Vec<Write>,
    /// The record as it is; nothing for one that is not there.
    pub record_now: Option<Value>,
    /// The change itself, hex.
    pub bytes: String,
}

/// A device that is slowed down.
#[derive(Debug, Serialize)]
pub struct Slowed {
    pub device: Uuid,
    pub name: String,
    pub held_this_hour: i64,
}

/// What came of letting a change in.
#[derive(Debug, PartialEq, Eq)]
pub enum Released {
    /// It is part of the record.
    Taken,
    /// It still cannot be: these are the reasons.
    NotYet(Vec<Problem>),
}

/// Lists what waits for a person, or everything that was ever held; oldest first.
pub async fn list(app: &App, also_decided: IncludeDecided) -> Result<Vec<Line>> {
    let rows = sqlx::query(LIST)
        .bind(also_decided == IncludeDecided::Yes)
        .fetch_all(&app.pool)
        .await?;
    Ok(rows.iter().map(line).collect())
}

/// Whether a list has what was decided as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeDecided {
    Yes,
    No,
}

const LIST: &str = "select hash, held_at::text, device, staff, kind, record, is_final, problems,
        taken_at is not null as is_taken, decided_at is not null as is_decided, resent_at is not null as is_resent
    from held_change where $1 or (taken_at is null and decided_at is null and resent_at is null) order by held_change.held_at, hash";

/// Lists the devices of which so much was held within an hour that they are slowed down.
pub async fn slowed(app: &App) -> Result<Vec<Slowed>> {
    let rows = sqlx::query(
        "select device.id, device.name, count(*) as held from held_change join device on device.id = held_change.device
         where held_at > now() - interval '1 hour' group by device.id having count(*) > $1 order by count(*) desc",
    )
    .bind(i64::try_from(HELD_AN_HOUR).unwrap_or(i64::MAX))
    .fetch_all(&app.pool)
    .await?;
    let slowed = |row: &PgRow| Slowed {
        device: row.get("id"),
        name: row.get("name"),
        held_this_hour: row.get("held"),
    };
    Ok(rows.iter().map(slowed).collect())
}

/// Shows one whole.
pub async fn show(app: &App, hash: &str) -> Result<Whole> {
    let row = find(app, hash).await?;
    let bytes: Vec<u8> = row.get("bytes");
    let line = line(&row);
    let now = sqlx::query_scalar("select body from record where id = $1")
        .bind(line.record)
        .fetch_optional(&app.pool)
        .await?;
    Ok(Whole {
        username: row.get("username"),
        desk: row.get("desk"),
        reason: row.get("reason"),
        writes: inspect(&bytes).map_or_else(|_| Vec::new(), |seen| seen.writes),
        record_now: now,
        bytes: hex(&bytes),
        line,
    })
}

/// Lets a change in by the word of a reviewer. It is judged once more: what is unsound, or taken by another record by
/// now, stays out.
pub async fn release(app: &App, hash: &str, reviewer: &str) -> Result<Released> {
    let by = reviewer_of(app, reviewer).await?;
    let row = find(app, hash).await?;
    let (name, envelope) = undecided(&row)?;
    let seen = inspect(&envelope.change).map_err(|problem| Error::Invalid(vec![problem]))?;
    let number: Option<i64> = row.get("number");
    let source = Source {
        device: DeviceId(row.get("device")),
        number: number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(seen.device),
        incarnation: seen.incarnation,
        ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
        waybill: None,
        reviewed: true,
    };
    let verdict = accept(app, &source, vec![envelope]).await?.pop();
    match verdict {
        Some(Verdict::Taken | Verdict::Had) => {
            decide(app, &row, &name, by, None).await?;
            Ok(Released::Taken)
        }
        Some(Verdict::Held { problems } | Verdict::Refused { problems }) => {
            Ok(Released::NotYet(problems))
        }
        Some(Verdict::Parked { .. }) | None => Ok(Released::NotYet(vec![Problem::new(
            "change.parents_missing",
            "",
        )])),
    }
}

/// Refuses a change for good; its author is told why.
pub async fn refuse(app: &App, hash: &str, reviewer: &str, reason: &str) -> Result<()> {
    let by = reviewer_of(app, reviewer).await?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::Invalid(vec![Problem::new("required", "reason")]));
    }
    if reason.chars().count() > REASON_CHARS {
        let problem = Problem::new("too_long", "reason").with("max", REASON_CHARS);
        return Err(Error::Invalid(vec![problem]));
    }
    let row = find(app, hash).await?;
    let (name, _) = undecided(&row)?;
    decide(app, &row, &name, by, Some(reason)).await
}

async fn decide(
    app: &App,
    row: &PgRow,
    hash: &Hash,
    by: StaffId,
    reason: Option<&str>,
) -> Result<()> {
    let mut tx = app.pool.begin().await?;
    sqlx::query("update held_change set decided_at = now(), decided_by = $2, reason = $3 where hash = $1 and decided_at is null")
        .bind(hash.as_slice())
        .bind(by.0)
        .bind(reason)
        .execute(&mut *tx)
        .await?;
    let what = deed(What::Administered, DeviceId(row.get("device")), Some(by)).of(*hash);
    let what = match kind_of(row) {
        Some(kind) => what.about(kind, RecordId(row.get("record"))),
        None => what,
    };
    let code = if reason.is_some() {
        "held.refused"
    } else {
        "held.released"
    };
    note(&mut tx, &what.because(code)).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns the id of somebody who may decide about held work.
async fn reviewer_of(app: &App, name: &str) -> Result<StaffId> {
    let row = sqlx::query("select id, roles from staff where username = $1 and is_active")
        .bind(username(name))
        .fetch_optional(&app.pool)
        .await?
        .ok_or_else(|| Error::Missing(Problem::new("staff.unknown", "by")))?;
    let words: Vec<String> = row.get("roles");
    let roles: Vec<_> = words.iter().filter_map(|word| role_of(word)).collect();
    may_do(&roles, Task::ReviewHeld).map_err(Error::Forbidden)?;
    Ok(StaffId(row.get("id")))
}

/// Finds one by the beginning of its name.
async fn find(app: &App, hash: &str) -> Result<PgRow> {
    let gone = || Error::Missing(Problem::new("held.gone", "hash"));
    if hash.len() < 6 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(gone());
    }
    let mut rows = sqlx::query(FIND)
        .bind(hash.to_lowercase())
        .fetch_all(&app.pool)
        .await?;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        _ => Err(gone()),
    }
}

const FIND: &str = "select hash, held_at::text, held_change.device, held_change.staff, kind, record, is_final, problems,
        taken_at is not null as is_taken, decided_at is not null as is_decided, resent_at is not null as is_resent, reason, bytes, device.number, device.ward, device.name as desk, staff.username
    from held_change left join device on device.id = held_change.device left join staff on staff.id = held_change.staff
    where starts_with(encode(hash, 'hex'), $1) limit 2";

fn undecided(row: &PgRow) -> Result<(Hash, Envelope)> {
    if state(row) != "waiting" {
        return Err(Error::Clash(Problem::new("held.decided", "hash")));
    }
    let hash = Hash::try_from(row.get::<&[u8], _>("hash"))
        .map_err(|_| Error::Missing(Problem::new("held.gone", "hash")))?;
    let envelope = Envelope {
        kind: kind_of(row).map_or(0, Kind::number),
        record: RecordId(row.get("record")),
        change: row.get("bytes"),
    };
    Ok((hash, envelope))
}

fn kind_of(row: &PgRow) -> Option<Kind> {
    let number = u8::try_from(row.get::<i16, _>("kind")).ok()?;
    Kind::from_number(number)
}

fn line(row: &PgRow) -> Line {
    let sqlx::types::Json(problems) = row.get("problems");
    Line {
        hash: hex(row.get("hash")),
        held_at: row.get("held_at"),
        device: row.get("device"),
        staff: row.get("staff"),
        kind: kind_of(row).map_or("unknown", Kind::word).into(),
        record: row.get("record"),
        is_final: row.get("is_final"),
        problems,
        state: state(row),
    }
}

fn state(row: &PgRow) -> &'static str {
    match (
        row.get("is_taken"),
        row.get("is_decided"),
        row.get("is_resent"),
    ) {
        (true, _, _) => "released",
        (false, true, _) => "refused",
        (false, false, true) => "resent",
        (false, false, false) => "waiting",
    }
}

/// Says what was decided about held work of the device
#[utoipa::path(
    get, path = "/sync/v1/held", operation_id = "held", tag = "sync",
    responses(
        (status = 200, description = "Decisions, the newest first", body = Vec<crate::api::Decided>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn held(State(app): State<App>, signed: Signed) -> Result<Json<Vec<Decided>>> {
    let rows = sqlx::query(DECIDED)
        .bind(signed.device.id.0)
        .bind(TOLD)
        .fetch_all(&app.pool)
        .await?;
    let decided = |row: &PgRow| Decided {
        hash: hex(row.get("hash")),
        is_released: row.get("is_released"),
        by: row.get("by"),
        reason: row.get("reason"),
    };
    Ok(Json(rows.iter().map(decided).collect()))
}

const DECIDED: &str = "select hash, taken_at is not null as is_released, coalesce(staff.name, '') as by, coalesce(reason, '') as reason
    from held_change left join staff on staff.id = decided_by
    where device = $1 and coalesce(taken_at, decided_at) is not null
    order by coalesce(taken_at, decided_at) desc limit $2";
