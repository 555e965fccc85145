//! The line of pushes of each device: every push has its place behind the one before, or it is not taken.

use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::session::Sending;
use crate::sync::store::keep_held;
use crate::sync::weigh::{Letter, Source};
use axum::Json;
use axum::extract::{Query, State};
use metrics::counter;
use serde::Deserialize;
use shared::audit::entry::What;
use shared::device::DeviceState;
use shared::ids::RecordId;
use shared::orders::Order;
use shared::problem::Problem;
use shared::sync::waybill::{
    Doubt, Flaw, Known, Place, Pushed, REMEMBERED, Remembered, Standing, Step, Waybill, follows,
};
use shared::sync::wire::{Hash, Verdict};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Reads what is doubted from `doubted` and `doubted_ms`.
pub(crate) fn doubt(row: &PgRow) -> Option<Doubt> {
    let incarnation = row.get::<Option<i32>, _>("doubted")?;
    Some(Doubt {
        incarnation: u16::try_from(incarnation).ok()?,
        until_ms: row.get::<Option<i64>, _>("doubted_ms")?,
    })
}

/// What became of a push that is not simply the next one.
pub(crate) enum Looked {
    /// It may be taken.
    Taken,
    /// It may not. What is written is to be kept all the same.
    Stopped(Error),
}

/// Looks at a push that is not simply the next one. The device is locked from here on.
pub(crate) async fn look(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
) -> Result<Looked> {
    let row = sqlx::query(
        "select state, ordered, push_incarnation, dseq, push_hash, push_run, doubted, doubted_ms from device where id = $1 for update",
    )
    .bind(source.device.0)
    .fetch_one(&mut *tx)
    .await?;
    // one that is to be emptied sends what it has first
    if Order::of_word(row.get("ordered")) != Order::WipeAfterUpload {
        DeviceState::of_word(row.get("state"))
            .may_work()
            .map_err(Error::Forbidden)?;
    }
    let known = Known {
        place: place(&row, "push_incarnation", "push_hash"),
        run: row.get::<i64, _>("push_run").cast_unsigned(),
        doubt: doubt(&row),
    };
    let Some(waybill) = &source.waybill else {
        // a desk of the version before says nothing of places; one that did goes on doing so
        return if known.place.dseq == 0 {
            Ok(Looked::Taken)
        } else {
            Err(Error::Clash(Problem::new("waybill.missing", "")))
        };
    };
    let here = remembered(tx, waybill).await?;
    match follows(&known, here, waybill) {
        Ok(Step::Again) => Ok(Looked::Taken),
        Ok(Step::Next | Step::Begins) => {
            step(tx, waybill, letters).await?;
            Ok(Looked::Taken)
        }
        Ok(Step::RolledBack) => {
            sqlx::query(
                "update device set doubted = push_incarnation, doubted_ms = $2 where id = $1",
            )
            .bind(waybill.device.0)
            .bind(waybill.sent_at_ms)
            .execute(&mut *tx)
            .await?;
            step(tx, waybill, letters).await?;
            alarm(tx, waybill, "device.rolled_back").await?;
            Ok(Looked::Taken)
        }
        Err(flaw) if flaw.proves_two() && waybill.is_settled => {
            stop(tx, source, waybill, letters, flaw).await?;
            Ok(Looked::Stopped(Error::Forbidden(Problem::new(
                "device.suspended",
                "",
            ))))
        }
        Err(flaw) => {
            counter!("wardbook_pushes_out_of_line_total", "code" => flaw.code()).increment(1);
            Err(Error::Clash(flaw.problem()))
        }
    }
}

/// Suspends both replicas of a device, and keeps what came for a person to look at: it is somebody's work.
async fn stop(
    tx: &mut PgConnection,
    source: &Source,
    waybill: &Waybill,
    letters: &[Letter],
    flaw: Flaw,
) -> Result<()> {
    sqlx::query("update device set suspended_at = now() where id = $1")
        .bind(waybill.device.0)
        .execute(&mut *tx)
        .await?;
    let taken = taken(tx, letters).await?;
    let held = |letter: &Letter| match &letter.seen {
        Ok(seen) if taken.contains(&seen.hash) => Verdict::Had,
        Ok(_) | Err(_) => Verdict::Held {
            problems: vec![Problem::new("device.rolled_back", "")],
        },
    };
    let verdicts: Vec<Verdict> = letters.iter().map(held).collect();
    keep_held(tx, source, letters, &verdicts).await?;
    alarm(tx, waybill, flaw.code()).await?;
    Ok(())
}

async fn taken(tx: &mut PgConnection, letters: &[Letter]) -> sqlx::Result<Vec<Hash>> {
    let hashes: Vec<Vec<u8>> = letters
        .iter()
        .filter_map(|letter| Some(letter.seen.as_ref().ok()?.hash.to_vec()))
        .collect();
    let found: Vec<Vec<u8>> = sqlx::query_scalar("select hash from change where hash = any($1)")
        .bind(hashes)
        .fetch_all(tx)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|hash| hash.try_into().ok())
        .collect())
}

/// Writes the place down: slowly, for what is not simply the next one. See `LOCK_DEVICE` for what is.
async fn step(tx: &mut PgConnection, waybill: &Waybill, letters: &[Letter]) -> sqlx::Result<()> {
    sqlx::query(
        "with here as (
            update device set push_incarnation = $2, dseq = $3, push_hash = $4, push_run = $7, incarnation = greatest(incarnation, $2)
            where id = $1
        )
        insert into device_push (device, incarnation, dseq, hash, body, changes) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(waybill.device.0)
    .bind(i32::from(waybill.incarnation))
    .bind(waybill.dseq.cast_signed())
    .bind(waybill.hash().to_vec())
    .bind(waybill.body.to_vec())
    .bind(changes_of(letters))
    .bind(waybill.run.cast_signed())
    .execute(tx)
    .await?;
    Ok(())
}

async fn alarm(tx: &mut PgConnection, waybill: &Waybill, code: &str) -> sqlx::Result<()> {
    tracing::error!(device.id = %waybill.device, alarm = code, incarnation = waybill.incarnation, dseq = waybill.dseq,
        "There is an old replica of a workstation, or a second one");
    counter!("wardbook_device_alarms_total", "code" => code.to_owned()).increment(1);
    note(tx, &deed(What::Alarm, waybill.device, None).because(code)).await?;
    sqlx::query(
        "insert into device_alarm (device, code, incarnation, dseq) values ($1, $2, $3, $4)",
    )
    .bind(waybill.device.0)
    .bind(code)
    .bind(i32::from(waybill.incarnation))
    .bind(waybill.dseq.cast_signed())
    .execute(tx)
    .await?;
    Ok(())
}

async fn remembered(tx: &mut PgConnection, waybill: &Waybill) -> sqlx::Result<Remembered> {
    let body: Option<Vec<u8>> = sqlx::query_scalar(
        "select body from device_push where device = $1 and incarnation = $2 and dseq = $3",
    )
    .bind(waybill.device.0)
    .bind(i32::from(waybill.incarnation))
    .bind(waybill.dseq.cast_signed())
    .fetch_optional(tx)
    .await?;
    Ok(match body {
        None => Remembered::Nothing,
        Some(body) if body == waybill.body => Remembered::Same,
        Some(_) => Remembered::Other,
    })
}

/// Returns record and hash of each change that could be read.
pub(crate) fn changes_of(letters: &[Letter]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(letters.len() * CHANGE);
    for letter in letters {
        if let Ok(seen) = &letter.seen {
            bytes.extend(letter.record.0.as_bytes());
            bytes.extend(seen.hash);
        }
    }
    bytes
}

const CHANGE: usize = 16 + 32;

fn place(row: &PgRow, incarnation: &str, hash: &str) -> Place {
    Place {
        incarnation: u16::try_from(row.get::<i32, _>(incarnation)).unwrap_or(u16::MAX),
        dseq: row.get::<i64, _>("dseq").cast_unsigned(),
        hash: row.get::<Vec<u8>, _>(hash).try_into().unwrap_or_default(),
    }
}

/// The place a desk asks about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    incarnation: u16,
    dseq: i64,
}

/// Says where the pushes of the device have come to
#[utoipa::path(
    get, path = "/sync/v1/standing", operation_id = "standing", tag = "sync", params(From),
    responses(
        (status = 200, description = "`Standing` as JSON: the newest place, and what was in the pushes from the place asked about on", content_type = "application/json", body = serde_json::Value),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn standing(
    State(app): State<App>,
    Query(from): Query<From>,
    Sending(signed): Sending,
) -> Result<Json<Standing>> {
    let device = signed.device.id.0;
    let row = sqlx::query("select push_incarnation, dseq, push_hash from device where id = $1")
        .bind(device)
        .fetch_one(&app.pool)
        .await?;
    let pushes = sqlx::query(
        "select incarnation, dseq, hash, changes from device_push
         where device = $1 and incarnation = $2 and dseq >= $3 order by dseq limit $4",
    )
    .bind(device)
    .bind(i32::from(from.incarnation))
    .bind(from.dseq)
    .bind(REMEMBERED + 1)
    .fetch_all(&app.pool)
    .await?;
    Ok(Json(Standing {
        place: place(&row, "push_incarnation", "push_hash"),
        pushes: pushes.iter().map(pushed).collect(),
    }))
}

fn pushed(row: &PgRow) -> Pushed {
    let changes: Vec<u8> = row.get("changes");
    let change = |bytes: &[u8]| {
        let record = Uuid::from_slice(&bytes[..16]).ok()?;
        Some((RecordId(record), bytes[16..].try_into().ok()?))
    };
    Pushed {
        place: place(row, "incarnation", "hash"),
        changes: changes.chunks_exact(CHANGE).filter_map(change).collect(),
    }
}
