//! Bills of the ward's patients as the hub last told them: asked for beside the exchange, and when a cashier looks.

use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::meta;
use crate::store::Lasting;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use shared::billing::BillState;
use shared::ids::RecordId;
use shared::payments::desk::{BUCKETS, BillsAnswer, BillsAsk, Bucket, DeskBill, bucket_of};
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// How often the hub is asked while nobody looks.
const AGAIN_MS: i64 = 60_000;
/// Once somebody looks, not more often than this.
const LOOKS_MS: i64 = 2_000;

/// How far the bills go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Upto {
    /// When the hub last said that these are all, by this computer's clock.
    pub(crate) at_ms: Option<i64>,
    /// The marks of the parts.
    known: Vec<String>,
}

/// Asks what changed, when it is time.
pub(crate) async fn refresh(replica: &Replica, hub: &Hub) -> Result<()> {
    let now_ms = replica.now().0;
    let upto = blocking(replica, |replica| replica.read(|db| meta::BILLS.get(db))).await?;
    let since = upto.and_then(|upto| upto.at_ms).map(|at_ms| now_ms - at_ms);
    let again_ms = if replica.0.wants_bills.swap(false, Ordering::Relaxed) {
        LOOKS_MS
    } else {
        AGAIN_MS
    };
    // a clock that went back must not make it wait longer
    if since.is_some_and(|since| (0..again_ms).contains(&since)) {
        return Ok(());
    }
    fetch(replica, hub).await
}

/// Fetches the parts that changed.
pub(crate) async fn fetch(replica: &Replica, hub: &Hub) -> Result<()> {
    loop {
        let upto = blocking(replica, |replica| replica.read(|db| meta::BILLS.get(db))).await?;
        let mut known = upto.unwrap_or_default().known;
        known.resize(usize::from(BUCKETS), String::new());
        let ask = BillsAsk { known };
        let answer: Result<BillsAnswer> =
            hub.post_json("/sync/v1/bills", replica.now(), &ask).await;
        let answer = match answer {
            Err(Error::Refused { status, .. }) if !matches!(status, 401 | 403 | 426) => {
                // a hub of the version before knows nothing of it
                tracing::debug!(http.status = status, "The hub told no bills");
                return Ok(());
            }
            other => other?,
        };
        if answer.more && answer.buckets.is_empty() {
            return Err(Error::Nonsense("bills"));
        }
        let more = answer.more;
        blocking(replica, move |replica| replica.keep_bills(&answer)).await?;
        if !more {
            return Ok(());
        }
    }
}

impl Replica {
    pub(crate) fn keep_bills(&self, answer: &BillsAnswer) -> Result<()> {
        let now_ms = self.now().0;
        self.write(Lasting::Refetchable, |db| {
            let mut upto = meta::BILLS.get(db)?.unwrap_or_default();
            upto.known.resize(usize::from(BUCKETS), String::new());
            for bucket in &answer.buckets {
                keep(db, bucket)?;
                if let Some(mark) = upto.known.get_mut(usize::from(bucket.number)) {
                    mark.clone_from(&bucket.mark);
                }
            }
            if !answer.more {
                upto.at_ms = Some(now_ms);
            }
            meta::BILLS.set(db, &upto)
        })?;
        self.tell_status();
        Ok(())
    }
}

fn keep(db: &Connection, bucket: &Bucket) -> Result<()> {
    db.prepare_cached("delete from bill where bucket = ?1")?
        .execute([bucket.number])?;
    for bill in &bucket.bills {
        put(db, bill)?;
    }
    Ok(())
}

fn put(db: &Connection, bill: &DeskBill) -> Result<()> {
    let body = serde_json::to_string(bill).map_err(|_| Error::Nonsense("json"))?;
    let sql = "insert or replace into bill (id, patient, bucket, number, body) values (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        bill.id.as_bytes(),
        bill.patient.0.as_bytes(),
        bucket_of(bill.patient),
        bill.number,
        body
    ])?;
    Ok(())
}

/// Lays on a bill what the hub has just said that it took for it, until it tells the bill anew.
pub(crate) fn paid(db: &Connection, id: Uuid, applied: i64) -> Result<()> {
    let Some(mut bill) = one(db, id)? else {
        return Ok(());
    };
    bill.balance.minor = (bill.balance.minor - applied).max(0);
    bill.state = match bill.balance.minor {
        0 => BillState::Paid,
        _ => BillState::PartiallyPaid,
    };
    put(db, &bill)?;
    ask_anew(db, bill.patient)
}

/// Has the part of a patient's bills told anew.
pub(crate) fn ask_anew(db: &Connection, patient: RecordId) -> Result<()> {
    let mut upto = meta::BILLS.get(db)?.unwrap_or_default();
    if let Some(mark) = upto.known.get_mut(usize::from(bucket_of(patient))) {
        mark.clear();
    }
    meta::BILLS.set(db, &upto)
}

/// Has everything told anew: not all that was here could be copied.
pub(crate) fn ask_all_anew(db: &Connection) -> Result<()> {
    let mut upto = meta::BILLS.get(db)?.unwrap_or_default();
    upto.known.clear();
    meta::BILLS.set(db, &upto)
}

/// Returns a patient's bills, the newest first.
pub(crate) fn of_patient(db: &Connection, patient: RecordId) -> Result<Vec<DeskBill>> {
    let sql = "select body from bill where patient = ?1 order by number desc";
    let bodies = db
        .prepare_cached(sql)?
        .query_map([patient.0.as_bytes()], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let read = |body: &String| serde_json::from_str(body).ok();
    Ok(bodies.iter().filter_map(read).collect())
}

/// Returns a bill.
pub(crate) fn one(db: &Connection, id: Uuid) -> Result<Option<DeskBill>> {
    let sql = "select body from bill where id = ?1";
    let body: Option<String> = db
        .prepare_cached(sql)?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
}

/// Forgets the bills of a patient whom the ward sees no more.
pub(crate) fn forget(db: &Connection, patient: RecordId) -> Result<()> {
    db.prepare_cached("delete from bill where patient = ?1")?
        .execute([patient.0.as_bytes()])?;
    Ok(())
}
