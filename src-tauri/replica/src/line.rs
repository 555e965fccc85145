//! This desk's place in the line of its pushes, and what it does when the hub has it elsewhere.
//!
//! A push that may have left is kept in memory and said again word for word until there is an answer, so that one place
//! never gets two pushes. What a run of the program forgets is found out at its first contact: the hub says what it has,
//! and a desk knows its own work from work it never did. That spares writing anything down before a push.
//! A run that has something to send takes for granted at first that it is where it left off, which spares the question:
//! the hub takes a push only in its place.

use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::outbox::Item;
use crate::push::Sender;
use crate::receive::rebuild;
use crate::store::{Lasting, lock};
use crate::{meta, outbox, row};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use shared::document;
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::waybill::{Found, Place, Standing, Waybill, compare};
use shared::sync::wire::{self, Envelope, Hash, Push, PushAnswer, Verdict};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Where this run of the program stands.
#[derive(Debug)]
pub(crate) struct Line {
    /// The place was compared with the hub's.
    is_settled: AtomicBool,
    /// The hub is of the version before and knows nothing of places.
    is_unnumbered: AtomicBool,
    place: Mutex<Place>,
    pending: Mutex<Option<Arc<Pending>>>,
    run: u64,
    begun: Instant,
}

/// A push that may have left and was not answered.
#[derive(Debug)]
struct Pending {
    frame: Vec<u8>,
    waybill: Option<Waybill>,
    /// What of the outbox it carries.
    items: Vec<Item>,
}

impl Line {
    #[expect(
        clippy::disallowed_methods,
        reason = "chance names a run of the program; nothing is decided by its value"
    )]
    pub(crate) fn new() -> Self {
        Self {
            is_settled: AtomicBool::new(false),
            is_unnumbered: AtomicBool::new(false),
            place: Mutex::default(),
            pending: Mutex::default(),
            run: rand::random(),
            begun: Instant::now(),
        }
    }

    /// Forgets that the place was compared: the hub was put back, and knows less of it.
    pub(crate) fn unsettle(&self) {
        self.is_settled.store(false, Ordering::Relaxed);
    }

    /// Writes down where the desk is now, in the transaction of what an answer did.
    pub(crate) fn note(&self, db: &Connection) -> Result<()> {
        meta::PLACE.set(db, &lock(&self.place))
    }
}

/// Compares this desk's place with the hub's, once in a run and whenever the hub says that they differ.
pub(crate) async fn settle(replica: &Replica, hub: &Hub) -> Result<()> {
    let line = &replica.0.line;
    if line.is_settled.load(Ordering::Relaxed) {
        return Ok(());
    }
    let own = blocking(replica, |replica| replica.read(|db| meta::PLACE.get(db))).await?;
    let from = own.unwrap_or_default();
    let path = format!(
        "/sync/v1/standing?incarnation={}&dseq={}",
        from.incarnation, from.dseq
    );
    let standing: Standing = match hub.json(&path, replica.now()).await {
        Err(Error::Refused { status: 404, .. }) => {
            line.is_unnumbered.store(true, Ordering::Relaxed);
            line.is_settled.store(true, Ordering::Relaxed);
            return Ok(());
        }
        answer => answer?,
    };
    blocking(replica, move |replica| replica.settle_at(own, &standing)).await?;
    // the hub knows of it what it will ever know, and so does the outbox
    *lock(&line.pending) = None;
    line.is_settled.store(true, Ordering::Relaxed);
    Ok(())
}

/// Makes sure that the place is known before anything is sent. With work to send, the place that was noted last will do.
pub(crate) async fn settle_or_assume(replica: &Replica, hub: &Hub) -> Result<()> {
    if is_settled(replica) {
        return Ok(());
    }
    let noted = blocking(replica, |replica| {
        replica.read(|db| {
            let place = meta::PLACE.get(db)?;
            let incarnation = meta::INCARNATION.get(db)?.unwrap_or(0);
            let is_waiting = outbox::count(db)? > 0;
            Ok(place.filter(|place| is_waiting && place.incarnation == incarnation))
        })
    })
    .await?;
    match noted {
        Some(place) => {
            *lock(&replica.0.line.place) = place;
            Ok(())
        }
        None => settle(replica, hub).await,
    }
}

pub(crate) fn is_settled(replica: &Replica) -> bool {
    replica.0.line.is_settled.load(Ordering::Relaxed)
}

/// Says whether the hub refused a push because this run took a wrong place for granted: then it asks.
pub(crate) fn is_elsewhere(replica: &Replica, sent: &Result<Vec<Verdict>>) -> bool {
    !is_settled(replica) && matches!(sent, Err(Error::Refused { status: 409, .. }))
}

/// Says again what may have left and was not answered. Returns what it carried with what the hub says of it.
pub(crate) async fn say_again(
    replica: &Replica,
    hub: &Hub,
) -> Result<Option<(Vec<Item>, Vec<Verdict>)>> {
    let pending = lock(&replica.0.line.pending).clone();
    let Some(pending) = pending else {
        return Ok(None);
    };
    let verdicts = deliver(replica, hub, &pending, || ()).await?;
    Ok(Some((pending.items.clone(), verdicts)))
}

/// Sends changes as the next push. `items` are those of them that wait in the outbox.
pub(crate) async fn push(
    replica: &Replica,
    hub: &Hub,
    sender: Sender,
    envelopes: Vec<Envelope>,
    items: &[Item],
    has_left: impl FnOnce() + Send + 'static,
) -> Result<Vec<Verdict>> {
    let now = replica.now();
    let frame = wire::encode(&Push {
        device: sender.device,
        incarnation: sender.incarnation,
        sent_at_ms: now.0,
        envelopes,
    });
    let line = &replica.0.line;
    let waybill = if line.is_unnumbered.load(Ordering::Relaxed) {
        None
    } else {
        let ahead = blocking(replica, |replica| replica.read(|db| meta::AHEAD.get(db))).await?;
        let (dseq, prev) = lock(&line.place).next(sender.incarnation);
        Some(Waybill {
            org: hub.org(),
            device: sender.device,
            incarnation: sender.incarnation,
            dseq,
            prev,
            sent_at_ms: now.0,
            boot_ms: u64::try_from(line.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            run: line.run,
            anchor_ms: now.0 - ahead.unwrap_or(0),
            body: Sha256::digest(&frame).into(),
            is_settled: is_settled(replica),
        })
    };
    let pending = Arc::new(Pending {
        frame,
        waybill,
        items: items.to_vec(),
    });
    *lock(&line.pending) = Some(pending.clone());
    deliver(replica, hub, &pending, has_left).await
}

async fn deliver(
    replica: &Replica,
    hub: &Hub,
    pending: &Pending,
    has_left: impl FnOnce() + Send + 'static,
) -> Result<Vec<Verdict>> {
    let line = &replica.0.line;
    let text = pending.waybill.as_ref().map(Waybill::text);
    let answer: Result<PushAnswer> = hub
        .post_push(replica.now(), pending.frame.clone(), text, has_left)
        .await;
    match answer {
        Ok(answer) => {
            *lock(&line.pending) = None;
            if let Some(waybill) = &pending.waybill {
                *lock(&line.place) = waybill.place();
                line.is_settled.store(true, Ordering::Relaxed);
            }
            Ok(answer.verdicts)
        }
        Err(error) => {
            if let Error::Refused { status, .. } = &error
                && *status < 500
            {
                // it was heard and not taken
                *lock(&line.pending) = None;
            }
            if let Error::Refused {
                status: 403 | 409, ..
            } = &error
            {
                line.is_settled.store(false, Ordering::Relaxed);
            }
            Err(error)
        }
    }
}

impl Replica {
    /// Takes the hub's place where only answers were lost. Where the hub had pushes that this replica knows nothing of,
    /// it was put back from an old copy, or is one: it becomes another actor and is loaded anew, and the hub has what it
    /// still sends of before looked at by a person.
    fn settle_at(&self, own: Option<Place>, standing: &Standing) -> Result<()> {
        let found = self.read(|db| {
            compare(own.as_ref(), standing, |record, hash| {
                knows(db, *record, hash)
            })
        })?;
        match found {
            Found::Same | Found::Moved => {
                *lock(&self.0.line.place) = standing.place;
                self.write(Lasting::Refetchable, |db| self.0.line.note(db))
            }
            Found::RolledBack => {
                tracing::error!(
                    "This replica is an old copy of what the hub has heard from already"
                );
                *lock(&self.0.line.place) = own.unwrap_or_default();
                self.write(Lasting::Yes, |db| {
                    let here = meta::INCARNATION.get(db)?.unwrap_or(0);
                    meta::INCARNATION.set(db, &here.max(standing.place.incarnation))?;
                    meta::next_incarnation(db)?;
                    // numbers given since are not known here, and must not be given twice
                    meta::NUMBERS.clear(db)?;
                    meta::PADS.clear(db)?;
                    rebuild(db, "replica.rolled_back")?;
                    meta::NOTICE.set(db, &"replica.rolled_back".to_owned())
                })?;
                self.copy_to_mirror()?;
                self.tell_reloaded();
                Ok(())
            }
        }
    }
}

/// Says whether a change is in this replica: waiting, or part of its record.
fn knows(db: &Connection, record: RecordId, hash: &Hash) -> Result<bool> {
    if outbox::place(db, hash)?.is_some() {
        return Ok(true);
    }
    for kind in Kind::ALL {
        if let Some(stored) = row::stored(db, kind, record)? {
            return Ok(!document::changes(&stored.doc, &[*hash])?.is_empty());
        }
    }
    Ok(false)
}
