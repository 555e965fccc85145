//! Summaries of in-patients of other wards: fetched beside everything else, kept as sealed as they came.

use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::{Outcome, blocking};
use crate::hub::Hub;
use crate::store::Lasting;
use crate::{meta, row};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use shared::emergency::keys::HolderKey;
use shared::emergency::summary::{SummaryItem, SummaryPage};
use shared::ids::{RecordId, StaffId};
use shared::sync::wire::unhex;
use std::time::Duration;

/// How often a desk asks what changed: what is read in an emergency is at most so old while there is a network.
const AGAIN_MS: i64 = 5 * 60_000;

/// A desk that was opened just now has somebody waiting for it.
const NOT_AT_ONCE_MS: i64 = 10_000;

/// How far the summaries go, and when the hub last said that they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upto {
    pub(crate) seq: u64,
    pub(crate) at_ms: i64,
}

/// Asks now and then, and when somebody opens the emergency access, as long as there is a session with the hub. No
/// exchange waits for it.
pub(crate) async fn follow(replica: &Replica, hub: &Hub) -> Result<Outcome> {
    loop {
        let upto = blocking(replica, |replica| {
            replica.read(|db| meta::EMERGENCY.get(db))
        })
        .await?;
        let since = upto.map_or(AGAIN_MS, |upto| replica.now().0 - upto.at_ms);
        // a clock that went back must not make it wait longer
        let wait = (AGAIN_MS - since)
            .clamp(NOT_AT_ONCE_MS, AGAIN_MS)
            .unsigned_abs();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            () = replica.0.is_urgent.notified() => {}
        }
        match fetch(replica, hub).await {
            Err(Error::Refused { status, .. }) if !matches!(status, 401 | 403 | 426) => {
                tracing::warn!(http.status = status, "The hub gave no emergency summaries");
                tokio::time::sleep(Duration::from_millis(AGAIN_MS.unsigned_abs())).await;
            }
            other => other?,
        }
    }
}

/// Fetches what changed: the keys first, so that nothing comes that nobody here can open.
pub(crate) async fn fetch(replica: &Replica, hub: &Hub) -> Result<()> {
    let keys: Vec<HolderKey> = hub.json("/sync/v1/emergency/keys", replica.now()).await?;
    blocking(replica, move |replica| replica.keep_keys(&keys)).await?;
    loop {
        let after = blocking(replica, |replica| {
            replica.read(|db| Ok(meta::EMERGENCY.get(db)?.unwrap_or_default().seq))
        })
        .await?;
        let path = format!("/sync/v1/emergency?after={after}");
        let page: SummaryPage = hub.frame(&path, replica.now()).await?;
        let more = page.more;
        if more && page.to <= after && !page.is_whole {
            return Err(Error::Nonsense("emergency"));
        }
        blocking(replica, move |replica| replica.keep_summaries(&page)).await?;
        if !more {
            return Ok(());
        }
    }
}

impl Replica {
    /// Keeps the keys in place of those from before.
    fn keep_keys(&self, keys: &[HolderKey]) -> Result<()> {
        self.write(Lasting::Refetchable, |db| {
            db.execute("delete from emergency_key", [])?;
            let sql = "insert into emergency_key (staff, sealed) values (?1, ?2)";
            let mut statement = db.prepare_cached(sql)?;
            for key in keys {
                let sealed = unhex(&key.sealed).ok_or(Error::Nonsense("emergency key"))?;
                statement.execute(params![key.staff.0.as_bytes(), sealed])?;
            }
            Ok(())
        })
    }

    fn keep_summaries(&self, page: &SummaryPage) -> Result<()> {
        let upto = Upto {
            seq: page.to,
            at_ms: self.now().0,
        };
        self.write(Lasting::Refetchable, |db| {
            if page.is_whole {
                db.execute("delete from emergency_summary", [])?;
            }
            page.items.iter().try_for_each(|item| keep(db, item))?;
            meta::EMERGENCY.set(db, &upto)
        })
    }
}

fn keep(db: &Connection, item: &SummaryItem) -> Result<()> {
    match item {
        SummaryItem::Here { patient, sealed } => {
            let sql = "insert or replace into emergency_summary (patient, sealed) values (?1, ?2)";
            db.prepare_cached(sql)?
                .execute(params![patient.0.as_bytes(), sealed])?;
        }
        SummaryItem::Gone { patient } => {
            let sql = "delete from emergency_summary where patient = ?1";
            db.prepare_cached(sql)?.execute([patient.0.as_bytes()])?;
        }
    }
    Ok(())
}

/// Returns every summary as it lies here.
pub(crate) fn all(db: &Connection) -> Result<Vec<(RecordId, Vec<u8>)>> {
    let mut statement =
        db.prepare_cached("select patient, sealed from emergency_summary order by patient")?;
    let rows = statement.query_map([], |one| {
        let patient = RecordId(row::uuid(one.get_ref(0)?.as_blob()?));
        Ok((patient, one.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Returns the summary of one patient as it lies here.
pub(crate) fn one(db: &Connection, patient: RecordId) -> Result<Option<Vec<u8>>> {
    let sql = "select sealed from emergency_summary where patient = ?1";
    let found = db
        .prepare_cached(sql)?
        .query_row([patient.0.as_bytes()], |row| row.get(0));
    Ok(found.optional()?)
}

/// Returns the key of the summaries as it is sealed for somebody.
pub(crate) fn key_of(db: &Connection, staff: StaffId) -> Result<Option<Vec<u8>>> {
    let sql = "select sealed from emergency_key where staff = ?1";
    let found = db
        .prepare_cached(sql)?
        .query_row([staff.0.as_bytes()], |row| row.get(0));
    Ok(found.optional()?)
}

/// Returns how many there are, and how far they go.
pub(crate) fn standing(db: &Connection) -> Result<(u32, Option<Upto>)> {
    let count = db
        .prepare_cached("select count(*) from emergency_summary")?
        .query_row([], |row| row.get(0))?;
    Ok((count, meta::EMERGENCY.get(db)?))
}
