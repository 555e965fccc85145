//! `POST /sync/v1/audit`: what desks wrote down comes in. Everything is kept; what does not fit raises an alarm.

use super::key::AuditKey;
use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::session::Sending;
use crate::sync::push::{framed, refuse};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use ed25519_dalek::VerifyingKey;
use metrics::counter;
use sha2::{Digest, Sha256};
use shared::audit::Hash;
use shared::audit::chain::{BATCH_ENTRIES, Batch, BatchAnswer, Checker, Flaw, HubKey, Link};
use shared::audit::entry::{Entry, Place, What};
use shared::audit::start::{Locked, unlock};
use shared::ids::DeviceId;
use shared::problem::Problem;
use shared::sync::wire::{Frame, hex};
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;

/// Returns the key with which a desk locks the first key of its chain
#[utoipa::path(
    get, path = "/sync/v1/audit/key", operation_id = "audit_key", tag = "sync",
    responses(
        (status = 200, description = "The hub's audit keys", body = crate::api::HubKey),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn key(State(app): State<App>, _signed: Sending) -> Json<HubKey> {
    let AuditKey { sign, unlock, .. } = &app.audit.key;
    let text = |key: &ed25519_dalek::SigningKey| hex(key.verifying_key().as_bytes());
    Json(HubKey {
        sign: text(sign),
        lock: text(unlock),
    })
}

/// Takes audit entries of a desk
#[utoipa::path(
    post, path = "/sync/v1/audit", operation_id = "audit", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/vnd.wardbook.frame", description = "A frame of `Batch`"),
    responses(
        (status = 200, description = "A frame of `BatchAnswer`: everything up to a place is kept", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn arrive(State(app): State<App>, Sending(signed): Sending) -> Result<Response> {
    let frame = Frame::open(&signed.body).map_err(refuse)?;
    let batch: Batch = frame.read().map_err(refuse)?;
    if batch.device != signed.device.id {
        return Err(Error::Forbidden(Problem::new("device.other", "")));
    }
    if batch.links.len() > BATCH_ENTRIES {
        return Err(Error::TooLarge(
            Problem::new("push.too_many", "").with("max", BATCH_ENTRIES),
        ));
    }
    let Some(last) = batch.links.last().map(|link| link.seq) else {
        return Err(Error::Malformed(Problem::new("shape", "")));
    };
    // a place is counted in 63 bits by the database
    if batch
        .links
        .iter()
        .any(|link| i64::try_from(link.seq).is_err())
    {
        return Err(Error::Malformed(Problem::new("shape", "")));
    }
    let mut tx = app.pool.begin().await?;
    let alarms = keep(&mut tx, &app.audit.key, &batch).await?;
    for (flaw, place, of) in &alarms {
        let entry = deed(What::Alarm, batch.device, None)
            .because(flaw.code())
            .at_place(*place)
            .of(*of);
        note(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    for (flaw, place, _) in &alarms {
        counter!("wardbook_audit_alarms_total", "flaw" => flaw.code()).increment(1);
        tracing::error!(
            device.id = %batch.device, audit.flaw = flaw.code(), audit.incarnation = place.incarnation, audit.seq = place.seq,
            "The audit entries of a desk are not whole"
        );
    }
    tracing::debug!(audit.entries = batch.links.len(), "Took audit entries");
    Ok(framed(frame.version, &BatchAnswer { upto: last }))
}

/// Keeps what is new of a batch; returns what is wrong with it.
async fn keep(
    db: &mut PgConnection,
    key: &AuditKey,
    batch: &Batch,
) -> Result<Vec<(Flaw, Place, Hash)>> {
    let incarnation = batch.incarnation;
    let (mut checker, is_new) = take_up(db, key, batch).await?;
    let mut alarms = Vec::new();
    let mut alarm = |flaw, seq, of| alarms.push((flaw, Place { incarnation, seq }, of));
    if is_new && checker.key.is_none() {
        alarm(Flaw::Lock, 1, checker.head);
    }
    let had = had(db, batch).await?;
    let mut first_bad: Option<Flaw> = None;
    let mut new: Vec<(&Link, Hash, Option<Flaw>)> = Vec::new();
    for link in &batch.links {
        let print = print(link);
        if had.contains(&(link.seq, print))
            || new
                .iter()
                .any(|(other, known, _)| other.seq == link.seq && *known == print)
        {
            continue;
        }
        let expected = checker.next;
        let mut flaw = checker.follow(link).err();
        if flaw.is_none() && link.seq == 1 && !begins_rightly(db, batch, link).await? {
            flaw = Some(Flaw::Beginning);
        }
        // one alarm for each kind of flaw: what follows on one is seldom another
        if let Some(found) = flaw.filter(|found| first_bad != Some(*found)) {
            let at = if found == Flaw::Gap {
                expected
            } else {
                link.seq
            };
            alarm(found, at, link.hash);
            first_bad = flaw;
        }
        new.push((link, print, flaw));
    }
    if let Some(last) = batch.links.last().filter(|_| !new.is_empty()) {
        if !batch.is_signed_by(&device_key(db, batch.device).await?) {
            alarm(Flaw::Signature, last.seq, last.hash);
        }
        write(db, batch, &new).await?;
        leave(db, batch, &checker).await?;
    }
    Ok(alarms)
}

/// Locks the chain of a batch and returns how far it came, and whether this is its beginning.
async fn take_up(db: &mut PgConnection, key: &AuditKey, batch: &Batch) -> Result<(Checker, bool)> {
    let first = unlock(&batch.begun, batch.device, batch.incarnation, &key.unlock);
    let fresh = Checker::begin(batch.device, batch.incarnation, first);
    let begun = serde_json::to_vec(&batch.begun).map_err(|error| Error::Bug(error.into()))?;
    let made = sqlx::query(
        "insert into audit_chain (device, incarnation, next_seq, head, seal_key, begun) values ($1, $2, 1, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(batch.device.0)
    .bind(i32::from(batch.incarnation))
    .bind(fresh.head.as_slice())
    .bind(fresh.key.map(|key| key.to_vec()))
    .bind(begun)
    .execute(&mut *db)
    .await?
    .rows_affected();
    let row = sqlx::query("select next_seq, head, seal_key from audit_chain where device = $1 and incarnation = $2 for update")
        .bind(batch.device.0)
        .bind(i32::from(batch.incarnation))
        .fetch_one(db)
        .await?;
    let hash = |bytes: Vec<u8>| Hash::try_from(bytes).ok();
    let checker = Checker {
        next: row.get::<i64, _>("next_seq").cast_unsigned(),
        head: hash(row.get("head")).unwrap_or_default(),
        key: row.get::<Option<Vec<u8>>, _>("seal_key").and_then(hash),
    };
    Ok((checker, made == 1))
}

async fn leave(db: &mut PgConnection, batch: &Batch, checker: &Checker) -> sqlx::Result<()> {
    sqlx::query("update audit_chain set next_seq = $3, head = $4, seal_key = $5 where device = $1 and incarnation = $2")
        .bind(batch.device.0)
        .bind(i32::from(batch.incarnation))
        .bind(checker.next.cast_signed())
        .bind(checker.head.as_slice())
        .bind(checker.key.map(|key| key.to_vec()))
        .execute(db)
        .await?;
    Ok(())
}

/// Returns what is here already of a batch.
async fn had(db: &mut PgConnection, batch: &Batch) -> sqlx::Result<BTreeSet<(u64, Hash)>> {
    let places: Vec<i64> = batch
        .links
        .iter()
        .map(|link| link.seq.cast_signed())
        .collect();
    let rows = sqlx::query("select seq, print from audit_desk where device = $1 and incarnation = $2 and seq = any($3)")
        .bind(batch.device.0)
        .bind(i32::from(batch.incarnation))
        .bind(places)
        .fetch_all(db)
        .await?;
    let known = |row: &sqlx::postgres::PgRow| {
        let print = Hash::try_from(row.get::<Vec<u8>, _>("print")).ok()?;
        Some((row.get::<i64, _>("seq").cast_unsigned(), print))
    };
    Ok(rows.iter().filter_map(known).collect())
}

/// Says whether a chain begins as one should, after the whole of the one before it.
async fn begins_rightly(db: &mut PgConnection, batch: &Batch, link: &Link) -> sqlx::Result<bool> {
    let Some(entry) = Entry::from_bytes(&link.entry).filter(|entry| entry.what == What::ChainBegan)
    else {
        return Ok(false);
    };
    let before = sqlx::query(
        "select incarnation, next_seq, head from audit_chain
         where device = $1 and incarnation <> $2 and next_seq > 1 order by incarnation desc limit 1",
    )
    .bind(batch.device.0)
    .bind(i32::from(batch.incarnation))
    .fetch_optional(db)
    .await?;
    let named = entry.place.zip(entry.of);
    Ok(match (before, named) {
        (None, None) => true,
        (Some(row), Some((place, head))) => {
            i32::from(place.incarnation) == row.get::<i32, _>("incarnation")
                && place.seq.cast_signed() == row.get::<i64, _>("next_seq") - 1
                && head.as_slice() == row.get::<Vec<u8>, _>("head")
        }
        (Some(_), None) | (None, Some(_)) => false,
    })
}

async fn device_key(db: &mut PgConnection, device: DeviceId) -> Result<VerifyingKey> {
    let key: Vec<u8> = sqlx::query_scalar("select public_key from device where id = $1")
        .bind(device.0)
        .fetch_one(db)
        .await?;
    let key = key
        .try_into()
        .ok()
        .and_then(|key| VerifyingKey::from_bytes(&key).ok());
    key.ok_or_else(|| Error::Forbidden(Problem::new("device.unknown", "")))
}

async fn write(
    db: &mut PgConnection,
    batch: &Batch,
    new: &[(&Link, Hash, Option<Flaw>)],
) -> sqlx::Result<()> {
    fn all<'a, T>(
        new: &'a [(&Link, Hash, Option<Flaw>)],
        part: impl Fn(&'a (&Link, Hash, Option<Flaw>)) -> T,
    ) -> Vec<T> {
        new.iter().map(part).collect()
    }
    sqlx::query(
        "insert into audit_desk (device, incarnation, seq, entry, hash, seal, print, flaw)
         select $1, $2, * from unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[])
         on conflict do nothing",
    )
    .bind(batch.device.0)
    .bind(i32::from(batch.incarnation))
    .bind(all(new, |(link, _, _)| link.seq.cast_signed()))
    .bind(all(new, |(link, _, _)| link.entry.as_slice()))
    .bind(all(new, |(link, _, _)| link.hash.as_slice()))
    .bind(all(new, |(link, _, _)| link.seal.as_slice()))
    .bind(all(new, |(_, print, _)| print.as_slice()))
    .bind(all(new, |(_, _, flaw)| flaw.map(Flaw::code)))
    .execute(&mut *db)
    .await?;
    let Some(last) = batch.links.last() else {
        return Ok(());
    };
    sqlx::query("insert into audit_signature (device, incarnation, seq, hash, signature) values ($1, $2, $3, $4, $5) on conflict do nothing")
        .bind(batch.device.0)
        .bind(i32::from(batch.incarnation))
        .bind(last.seq.cast_signed())
        .bind(last.hash.as_slice())
        .bind(&batch.signature)
        .execute(db)
        .await?;
    Ok(())
}

/// Names one version of an entry.
pub(super) fn print(link: &Link) -> Hash {
    let hash = Sha256::new()
        .chain_update(link.hash)
        .chain_update(link.seal);
    hash.chain_update(&link.entry).finalize().into()
}

/// Reads the locked first key of a chain as it was kept.
pub(super) fn begun(bytes: &[u8]) -> Option<Locked> {
    serde_json::from_slice(bytes).ok()
}
