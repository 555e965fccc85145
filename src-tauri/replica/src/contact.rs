//! Being heard by the hub, for certain: when it was, and what it ordered.

use crate::audit::send::send_all;
use crate::base::Replica;
use crate::error::{Error, Result};
use crate::exchange::{blocking, push_all};
use crate::hub::Hub;
use crate::meta::{self, Device};
use crate::payments::{self, receipts};
use crate::store::{Lasting, lock};
use crate::{courier, openings, outbox, wrap};
use shared::clock::Now;
use shared::device::Report;
use shared::health::Compared;
use shared::ids::StaffId;
use shared::orders::{Contact, Order, STATUS, Status, StatusAsk};
use shared::problem::Problem;
use shared::scheduling::leases::Confidence;
use shared::seal::{Sealed, public_key};
use shared::sync::wire::hex;
use shared::unlock::{self, Age};
use std::sync::Mutex;
use std::time::Instant;

/// How often the last contact is written down.
const WRITE_AFTER_MS: i64 = 10 * 60_000;

/// The last call that the hub said it heard, and what this desk says of itself with each.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    last: Mutex<Option<Moment>>,
    /// Changes that wait to be sent; nothing while nobody has counted them.
    unsent: Mutex<Option<u32>>,
    /// Megabytes that are free where it keeps its files.
    free_mb: Mutex<Option<u32>>,
    /// What it found when it compared its copy with the hub's.
    copy: Mutex<Option<Compared>>,
}

/// When that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// By this computer's clock.
    pub(crate) at_ms: i64,
    /// By what goes on whether or not somebody sets the clock.
    pub(crate) counted: Instant,
    pub(crate) hub_ms: i64,
    pub(crate) policy_version: u32,
}

impl Heard {
    /// Notes an answer, if the hub this desk belongs to signed that it heard just this call.
    pub(crate) fn note(
        &self,
        hub_key: Option<&str>,
        authorization: &str,
        said: Option<&str>,
        at: Now,
    ) {
        let contact = match hub_key {
            Some(key) => {
                said.and_then(|said| Contact::read(said, &public_key(key)?, authorization))
            }
            // enrolled before hubs had keys: every answer counts
            None => Some(Contact {
                now_ms: at.0,
                policy_version: 0,
            }),
        };
        if let Some(contact) = contact {
            *lock(&self.last) = Some(Moment {
                at_ms: at.0,
                counted: Instant::now(),
                hub_ms: contact.now_ms,
                policy_version: contact.policy_version,
            });
        }
    }

    pub(crate) fn last(&self) -> Option<Moment> {
        *lock(&self.last)
    }

    /// Notes how much waits to be sent.
    pub(crate) fn note_unsent(&self, unsent: u32) {
        *lock(&self.unsent) = Some(unsent);
    }

    /// Notes how much room is left.
    pub(crate) fn note_free(&self, free_mb: Option<u32>) {
        *lock(&self.free_mb) = free_mb;
    }

    /// Notes what a comparison found.
    pub(crate) fn note_copy(&self, copy: Compared) {
        *lock(&self.copy) = Some(copy);
    }

    /// Returns what to say with a call.
    pub(crate) fn report(&self) -> Option<Report> {
        let unsent = (*lock(&self.unsent))?;
        Some(Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            unsent,
            free_mb: *lock(&self.free_mb),
            copy: lock(&self.copy).clone(),
        })
    }
}

impl Replica {
    /// Says how sure this desk is of the time.
    pub(crate) fn confidence(&self) -> Confidence {
        let since = |moment: Moment| {
            let counted = moment.counted.elapsed().as_millis();
            let counted = i64::try_from(counted).unwrap_or(i64::MAX);
            (self.now().0 - moment.at_ms, counted)
        };
        Confidence::since(self.0.heard.last().map(since))
    }

    /// Prepares calls to the hub.
    pub(crate) fn hub(&self) -> Result<Hub> {
        Hub::new(self.device()?, self.0.hub.as_deref(), self.0.heard.clone())
    }

    /// Returns who this device is, with its signing key wherever that is kept.
    pub(crate) fn device(&self) -> Result<Device> {
        self.read(|db| self.signing_device(db))
    }

    pub(crate) fn signing_device(&self, db: &rusqlite::Connection) -> Result<Device> {
        let mut device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
        if let Some(signing) = &self.0.signing {
            device.secret = Some(**signing);
        }
        Ok(device)
    }

    /// Refuses what is written at a desk that the hub has not heard for too long.
    pub(crate) fn must_be_fresh(&self, db: &rusqlite::Connection) -> Result<()> {
        let heard = self.0.heard.last().map(|moment| moment.at_ms);
        let Some(contact) = heard.max(meta::CONTACT.get(db)?) else {
            return Ok(());
        };
        match unlock::age(contact, self.now().0) {
            Age::Fresh => Ok(()),
            Age::ReadOnly | Age::Locked => {
                Err(Error::Problems(vec![Problem::new("replica.read_only", "")]))
            }
        }
    }
}

/// Writes down when the hub was last heard, now and then.
pub(crate) async fn note(replica: &Replica) -> Result<()> {
    let Some(Moment { at_ms, .. }) = replica.0.heard.last() else {
        return Ok(());
    };
    blocking(replica, move |replica| {
        let kept = replica.read(|db| meta::CONTACT.get(db))?;
        if kept.is_some_and(|kept| (at_ms - kept).abs() < WRITE_AFTER_MS) {
            return Ok(());
        }
        replica.write(Lasting::Refetchable, |db| meta::CONTACT.set(db, &at_ms))
    })
    .await
}

/// Says whether the hub refused a call because it stopped this desk: it then has orders for it.
pub(crate) fn is_stopped(error: &Error) -> bool {
    let stopped = ["device.suspended", "device.wiped", "device.revoked"];
    matches!(error, Error::Refused { status: 403, problems }
        if problems.iter().any(|problem| stopped.contains(&problem.code.as_str())))
}

/// Asks what the hub orders, and believes only what it signed as an answer to just this question.
pub(crate) async fn ask(
    hub: &Hub,
    device: &Device,
    staff: Vec<StaffId>,
    at: Now,
) -> Result<Status> {
    let ask = StatusAsk {
        nonce: hex(&wrap::chance::<16>()),
        staff,
    };
    let sealed: Sealed = hub.post_json("/identity/v1/status", at, &ask).await?;
    let key = device.hub_key.as_deref().and_then(public_key);
    let status: Option<Status> = key.and_then(|key| sealed.open(&key, STATUS));
    status
        .filter(|status| status.answers(device.id, &ask))
        .ok_or(Error::Nonsense("status"))
}

/// Hears what the hub orders of an open replica. Unsent work is sent before the replica is said to be emptied.
pub(crate) async fn hear(replica: &Replica) -> Result<()> {
    let hub = replica.hub()?;
    let status = ask(&hub, &replica.device()?, Vec::new(), replica.now()).await?;
    let order = status.order;
    replica.0.told.send_replace(Some(status.clone()));
    if order != Order::WipeAfterUpload {
        return Ok(());
    }
    openings::send(replica, &hub).await?;
    payments::send::send(replica, &hub).await?;
    while blocking(replica, |replica| replica.read(outbox::count)).await? > 0 {
        let mut round = courier::Round::default();
        push_all(replica, &hub, &mut round).await?;
    }
    let (unposted, _) = blocking(replica, |replica| replica.read(receipts::count_unposted)).await?;
    if unposted > 0 {
        tracing::error!(
            count = unposted,
            "The hub did not take the money that was recorded here: this desk is not emptied"
        );
        return Ok(());
    }
    send_audit(replica, &hub).await?;
    replica.0.told.send_replace(Some(Status {
        order: Order::WipeNow,
        ..status
    }));
    Ok(())
}

/// Sends who did what; a hub that does not want it cannot get it later either.
async fn send_audit(replica: &Replica, hub: &Hub) -> Result<()> {
    match send_all(replica, hub).await {
        Err(Error::Refused { status, .. }) => {
            tracing::warn!(
                http.status = status,
                "The hub did not take the audit entries"
            );
            Ok(())
        }
        other => other,
    }
}
