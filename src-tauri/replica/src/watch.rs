//! Keeps the desk in touch with the hub, open or locked, and does what the hub orders.

use crate::base::Replica;
use crate::cabinet::Cabinet;
use crate::contact::{self, Moment};
use crate::courier::{self, Courier, LET_IN, jitter};
use crate::error::{Error, Result};
use crate::meta;
use crate::news::Event;
use crate::slots::{Slot, Slots};
use crate::store::lock;
use shared::ids::StaffId;
use shared::orders::{Order, Status};
use shared::staff::Staff;
use shared::sync::exchange::next_try_ms;
use shared::unlock::{self, Age, OfflineGrant};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

/// How often a desk looks at its clock, and how often one that is locked asks for its orders.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    cabinet: Cabinet,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
        *lock(&self.cabinet.0.courier) = None;
    }
}

impl Slots {
    /// Notes that the hub was heard and stopped nothing. What it said before that is old.
    pub(crate) fn heard(&mut self, moment: Moment) {
        if moment.hub_ms <= self.hub_ms {
            return;
        }
        self.hub_ms = moment.hub_ms;
        self.contact_ms = moment.at_ms;
        // the hub has said what time it is: a clock that was set right may go on from there
        self.latest_ms = moment.at_ms;
        self.ahead_ms = moment.at_ms - moment.hub_ms;
        self.policy_version = self.policy_version.max(moment.policy_version);
        self.order = Order::Active;
    }
}

impl Cabinet {
    /// Starts watching. Has to be called on a Tokio runtime.
    pub fn start(&self) -> Watch {
        Watch {
            cabinet: self.clone(),
            task: tokio::spawn(run(self.clone())),
        }
    }

    /// Asks for the desk's orders while it is locked, and does as it is told.
    pub(crate) async fn hear(&self) -> Result<()> {
        let slots = self.slots()?;
        let hub = self.hub(&slots)?;
        let at = self.now();
        let answer = contact::ask(&hub, &slots.device, openers(&slots), at).await;
        self.note_waiting(answer.as_ref().err());
        let status = answer?;
        let may_go_on = status.order == Order::Active;
        let cabinet = self.clone();
        tokio::task::spawn_blocking(move || cabinet.obey(&status, at.0)).await??;
        if may_go_on && let Some(papers) = hub.renewed(at).await? {
            // whoever comes back after months must still be able to sign in
            let keep =
                move |cabinet: &Cabinet| cabinet.change(|slots| slots.device.papers = Some(papers));
            work(self, keep).await?;
            tracing::info!("This device has its next certificate");
        }
        Ok(())
    }

    /// Asks of an open desk who has to sign in at the hub again, and takes away what they unlock it with: otherwise an old
    /// password would still open it once the hub cannot be reached.
    async fn ask_about_staff(&self) -> Result<()> {
        let slots = self.slots()?;
        let hub = self.hub(&slots)?;
        let asking = contact::ask(&hub, &slots.device, openers(&slots), self.now());
        let status = asking.await?;
        if status.left.is_empty() {
            return Ok(());
        }
        work(self, move |cabinet| {
            cabinet.take_slots_of(|staff| status.left.contains(&staff.id))
        })
        .await
    }

    /// Shows that nobody has let this desk in yet, or that somebody has.
    fn note_waiting(&self, error: Option<&Error>) {
        let waits = error
            .filter(|error| courier::is_pending(error))
            .and_then(|error| error.problems().into_iter().next());
        let before = std::mem::replace(&mut self.state().waits, waits.clone());
        if before != waits {
            self.tell(Event::Status(Box::new(self.locked_status())));
        }
    }

    /// Does what the hub orders.
    pub(crate) fn obey(&self, status: &Status, at_ms: i64) -> Result<()> {
        let moment = Moment {
            at_ms,
            counted: Instant::now(),
            hub_ms: status.now_ms,
            policy_version: status.policy_version,
        };
        if !status.left.is_empty() {
            self.take_slots_of(|staff| status.left.contains(&staff.id))?;
        }
        if self.is_planted("do not obey") {
            return Ok(());
        }
        let order = status.order;
        self.change(|slots| {
            slots.heard(moment);
            slots.order = order;
        })?;
        match order {
            Order::Active => Ok(()),
            Order::Suspend => {
                tracing::warn!("The hub has stopped this desk");
                self.close()
            }
            Order::WipeAfterUpload if self.may_hold_unsent_work() => {
                tracing::warn!("The hub empties this desk when its work has been sent");
                self.tell(Event::Reloaded);
                Ok(())
            }
            Order::WipeAfterUpload | Order::WipeNow => self.empty(),
        }
    }

    /// An open replica says by itself when everything has left; a locked one is believed only if it was closed in order.
    fn may_hold_unsent_work(&self) -> bool {
        let state = self.state();
        let of_slots = |slots: &Slots| slots.was_left_open || slots.unsent > 0;
        state.open.is_some() || state.slots.as_ref().is_some_and(of_slots)
    }

    /// Notes the time, closes a replica that is too old, and takes away the slots of staff who left.
    pub(crate) fn look(&self) -> Result<()> {
        self.tick()?;
        let is_open = self.state().open.is_some();
        let slots = self.slots()?;
        let is_locked = unlock::age(slots.contact_ms, self.now().0) == Age::Locked;
        if is_open && is_locked && !self.is_planted("stay open") {
            tracing::warn!("The hub was not heard for too long: this desk is locked");
            return self.close();
        }
        Ok(())
    }

    /// Takes away the slots of staff who work here no more.
    pub(crate) fn take_slots_of(&self, left: impl Fn(&Staff) -> bool) -> Result<()> {
        let slots = self.slots()?;
        for (who, slot) in &slots.people {
            let grant: Option<OfflineGrant> = serde_json::from_str(&slot.grant.text).ok();
            if grant.is_none_or(|grant| left(&grant.staff)) {
                self.take_slot(who)?;
            }
        }
        Ok(())
    }

    fn look_at_staff(&self, replica: &Replica) -> Result<()> {
        let Some(reference) = replica.read(|db| meta::REFERENCE.get(db))? else {
            return Ok(());
        };
        self.take_slots_of(|staff| {
            let now = reference.staff.iter().find(|one| one.id == staff.id);
            now.is_some_and(|now| !now.is_active)
        })
    }
}

/// Returns who can unlock a desk.
fn openers(slots: &Slots) -> Vec<StaffId> {
    let owner = |slot: &Slot| {
        let grant: OfflineGrant = serde_json::from_str(&slot.grant.text).ok()?;
        Some(grant.staff.id)
    };
    slots.people.values().filter_map(owner).collect()
}

async fn run(cabinet: Cabinet) {
    let mut failed = 0;
    loop {
        let open = cabinet
            .state()
            .open
            .as_ref()
            .map(|open| open.replica.clone());
        if let Some(replica) = open {
            attend(&cabinet, &replica).await;
            failed = 0;
            continue;
        }
        let is_known = cabinet.state().slots.is_some();
        let heard = if is_known {
            cabinet.hear().await
        } else {
            cabinet.confirm().await
        };
        let wait = match heard {
            Ok(()) => {
                failed = 0;
                LOOK_AGAIN
            }
            Err(error) => {
                failed += 1;
                tracing::debug!(%error, "A locked desk could not hear its orders");
                if courier::is_pending(&error) {
                    LET_IN
                } else {
                    Duration::from_millis(next_try_ms(failed, jitter()))
                }
            }
        };
        tokio::select! {
            () = cabinet.0.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Carries for an open replica until it is closed.
async fn attend(cabinet: &Cabinet, replica: &Replica) {
    let (mut told, mut events) = (replica.0.told.subscribe(), replica.events());
    *lock(&cabinet.0.courier) = Some(Courier::start(replica.clone()));
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    while cabinet.state().open.is_some() {
        let done = tokio::select! {
            () = cabinet.0.changed.notified() => Ok(()),
            _ = looks.tick() => work(cabinet, Cabinet::look).await,
            news = told.changed() => {
                let status = told.borrow_and_update().clone();
                match (news, status) {
                    (Ok(()), Some(status)) => {
                        let at = cabinet.now().0;
                        work(cabinet, move |cabinet| cabinet.obey(&status, at)).await
                    }
                    (Ok(()) | Err(_), _) => Ok(()),
                }
            }
            event = events.recv() => match event {
                Ok(Event::Reloaded) => {
                    cabinet.tell(Event::Reloaded);
                    let replica = replica.clone();
                    let asking = cabinet.clone();
                    // beside the rest: an order that comes meanwhile waits for no answer
                    tokio::spawn(async move {
                        if let Err(error) = asking.ask_about_staff().await {
                            tracing::debug!(%error, "Could not ask who has to sign in at the hub again");
                        }
                    });
                    work(cabinet, move |cabinet| cabinet.look_at_staff(&replica)).await
                }
                Ok(event) => {
                    cabinet.tell(event);
                    Ok(())
                }
                Err(RecvError::Lagged(_)) => {
                    cabinet.tell(Event::Reloaded);
                    Ok(())
                }
                Err(RecvError::Closed) => Ok(()),
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, "Could not do what keeps this desk safe; it is tried again");
        }
    }
    *lock(&cabinet.0.courier) = None;
    cabinet.tell(Event::Status(Box::new(cabinet.locked_status())));
}

async fn work(
    cabinet: &Cabinet,
    what: impl FnOnce(&Cabinet) -> Result<()> + Send + 'static,
) -> Result<()> {
    let cabinet = cabinet.clone();
    tokio::task::spawn_blocking(move || what(&cabinet)).await?
}
