//! Tells the hub what was given a number here, in order, as often as it takes, and notes what became of it.

use super::{bills, pads, receipts};
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::meta;
use crate::store::Lasting;
use shared::payments::desk::{
    DOCUMENTS_MAX, Document, Outcome, ReceiptsAnswer, ReceiptsAsk, Settled,
};
use std::sync::atomic::Ordering;

const CALL: &str = "/sync/v1/receipts";

/// Sends what waits.
pub(crate) async fn send(replica: &Replica, hub: &Hub) -> Result<()> {
    loop {
        let documents = blocking(replica, |replica| {
            replica.read(|db| receipts::unposted(db, DOCUMENTS_MAX))
        })
        .await?;
        if documents.is_empty() {
            return Ok(());
        }
        let count = documents.len();
        let is_told = tell_or_part(replica, hub, documents).await?;
        if count < DOCUMENTS_MAX || !is_told {
            return Ok(());
        }
    }
}

/// Asks what receipts are numbered with, when something of it is missing.
pub(crate) async fn ask_numbers(replica: &Replica, hub: &Hub) -> Result<()> {
    let are_wanted = blocking(replica, |replica| {
        let year = replica.today().year();
        replica.read(|db| pads::are_wanted(db, year))
    })
    .await?;
    if are_wanted {
        tell(replica, hub, Vec::new()).await?;
    }
    Ok(())
}

/// Tells documents together; one by one when the hub does not take them together, so that one does not keep back the others.
async fn tell_or_part(replica: &Replica, hub: &Hub, documents: Vec<Document>) -> Result<bool> {
    if tell(replica, hub, documents.clone()).await? {
        return Ok(true);
    }
    if documents.len() < 2 {
        return Ok(false);
    }
    let mut is_told = false;
    for document in documents {
        is_told |= tell(replica, hub, vec![document]).await?;
    }
    Ok(is_told)
}

/// Says whether the hub took them.
async fn tell(replica: &Replica, hub: &Hub, documents: Vec<Document>) -> Result<bool> {
    let incarnation = blocking(replica, |replica| {
        replica.read(|db| Ok(meta::INCARNATION.get(db)?.unwrap_or(0)))
    })
    .await?;
    let ask = ReceiptsAsk {
        incarnation,
        documents,
    };
    let answer: Result<ReceiptsAnswer> = hub.post_json(CALL, replica.now(), &ask).await;
    match answer {
        Ok(answer) => {
            blocking(replica, move |replica| replica.settle_receipts(&answer)).await?;
            Ok(true)
        }
        Err(Error::Refused { status, .. }) if !matches!(status, 401 | 403 | 426 | 429) => {
            if !ask.documents.is_empty() {
                tracing::error!(
                    http.status = status,
                    "The hub did not take what was given a number here; it is kept"
                );
            }
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

impl Replica {
    /// Notes what became of what was told, and what may be numbered from now on.
    pub(crate) fn settle_receipts(&self, answer: &ReceiptsAnswer) -> Result<()> {
        let changed = self.write(Lasting::Yes, |db| {
            let mut changed = 0;
            for settled in &answer.settled {
                changed += usize::from(settle(db, settled)?);
            }
            pads::keep(db, &answer.pads)?;
            Ok(changed)
        })?;
        self.mirror_receipts()?;
        if changed > 0 {
            self.0.wants_bills.store(true, Ordering::Relaxed);
        }
        self.tell_status();
        Ok(())
    }
}

fn settle(db: &rusqlite::Connection, settled: &Settled) -> Result<bool> {
    let Some((document, outcome)) = receipts::settle(db, settled)? else {
        return Ok(false);
    };
    match (outcome, receipts::paid(&document)) {
        (Outcome::Posted { applied, .. }, Some((bill, _))) => bills::paid(db, bill, applied)?,
        (
            Outcome::Posted { .. }
            | Outcome::Excepted { .. }
            | Outcome::Kept { .. }
            | Outcome::Voided,
            _,
        ) => bills::ask_anew(db, document.patient)?,
    }
    Ok(true)
}
