//! What was held: listed, looked at, let in or refused by a person, and told to the desk it came from.

use crate::app::App;
use crate::books::reason_of;
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
use shared::clock::Now;
use shared::console::{HeldLine, HeldState};
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

/// A held change with all that it writes.
#[derive(Debug, Serialize)]
pub struct Whole {
    #[serde(flatten)]
    pub line: HeldLine,
    pub username: Option<String>,
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
pub async fn list(app: &App, also_decided: IncludeDecided) -> Result<Vec<HeldLine>> {
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

macro_rules! lines {
    ($which:literal) => {
        concat!(
            "select hash, (extract(epoch from held_at) * 1000000)::bigint as held_us, held_change.device, held_change.staff, kind,
                record, is_final, problems, taken_at is not null as is_taken, decided_at is not null as is_decided,
                resent_at is not null as is_resent, reason, bytes, device.number, device.ward,
                coalesce(device.name, '') as desk, staff.username
            from held_change left join device on device.id = held_change.device
                left join staff on staff.id = held_change.staff ",
            $which
        )
    };
}

const LIST: &str = lines!(
    "where $1 or (taken_at is null and decided_at is null and resent_at is null) order by held_change.held_at, hash"
);

/// A place in the list of held work: when the one before was held, in microseconds, and its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) held_us: i64,
    pub(crate) hash: Vec<u8>,
}

/// Returns what comes after a place, oldest first, and where the last of it stands.
pub(crate) async fn after(
    app: &App,
    also_decided: IncludeDecided,
    place: &Place,
    most: i64,
) -> Result<(Vec<HeldLine>, Option<Place>)> {
    let sql = match also_decided {
        IncludeDecided::Yes => PAGE,
        IncludeDecided::No => PAGE_WAITING,
    };
    let rows = sqlx::query(sql)
        .bind(place.held_us)
        .bind(&place.hash)
        .bind(most)
        .fetch_all(&app.pool)
        .await?;
    let last = rows.last().map(|row| Place {
        held_us: row.get("held_us"),
        hash: row.get("hash"),
    });
    Ok((rows.iter().map(line).collect(), last))
}

const PAGE: &str = lines!(
    "where (held_at, hash) > ('epoch'::timestamptz + $1 * interval '1 microsecond', $2) order by held_at, hash limit $3"
);
const PAGE_WAITING: &str = lines!(
    "where taken_at is null and decided_at is null and resent_at is null
        and (held_at, hash) > ('epoch'::timestamptz + $1 * interval '1 microsecond', $2) order by held_at, hash limit $3"
);

/// Counts what waits for a person.
pub(crate) async fn waiting(app: &App) -> Result<u32> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from held_change where taken_at is null and decided_at is null and resent_at is null",
    )
    .fetch_one(&app.pool)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

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
        .bind(line.record.0)
        .fetch_optional(&app.pool)
        .await?;
    Ok(Whole {
        username: row.get("username"),
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
        ahead_ms: None,
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
    let reason = reason_of(reason, REASON_CHARS)?;
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

const FIND: &str = lines!("where starts_with(encode(hash, 'hex'), $1) limit 2");

fn undecided(row: &PgRow) -> Result<(Hash, Envelope)> {
    if state(row) != HeldState::Waiting {
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

fn line(row: &PgRow) -> HeldLine {
    let sqlx::types::Json(problems) = row.get("problems");
    HeldLine {
        hash: hex(row.get("hash")),
        held_at: Now(row.get::<i64, _>("held_us") / 1_000).rfc3339(),
        device: DeviceId(row.get("device")),
        desk: row.get("desk"),
        ward: row.get::<Option<Uuid>, _>("ward").map(WardId),
        staff: row.get::<Option<Uuid>, _>("staff").map(StaffId),
        kind: kind_of(row),
        record: RecordId(row.get("record")),
        is_final: row.get("is_final"),
        problems,
        state: state(row),
    }
}

fn state(row: &PgRow) -> HeldState {
    match (
        row.get("is_taken"),
        row.get("is_decided"),
        row.get("is_resent"),
    ) {
        (true, _, _) => HeldState::Released,
        (false, true, _) => HeldState::Refused,
        (false, false, true) => HeldState::Resent,
        (false, false, false) => HeldState::Waiting,
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
