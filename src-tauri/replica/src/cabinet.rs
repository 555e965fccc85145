//! The locked cabinet around a replica: closed until somebody unlocks it, whoever is signed in.
//!
//! The replica's key is nowhere on the disk. Beside the replica lie slots, each with the key sealed for one person
//! (`slots.rs`); in the keychain lies the secret without which no slot can even be tried (`keychain.rs`). `unlock.rs` opens
//! the cabinet, `wipe.rs` empties it, and `watch.rs` does what the hub orders.

use crate::base::{Clock, Options, Replica, system_clock};
use crate::courier::Courier;
use crate::emergency::Opened;
use crate::error::{Error, Result};
use crate::identity::{self, Known};
use crate::keychain::Keychain;
use crate::meta::{self, Device};
use crate::news::Event;
use crate::papers::Papers;
use crate::slots::Slots;
use crate::store::lock;
use crate::wrap::{self, Cost, Secret};
use crate::{files, openings, outbox, payments};
use serde::{Deserialize, Serialize};
use shared::clock::Now;
use shared::desk::KeychainPlace;
use shared::orders::Order;
use shared::problem::Problem;
use shared::sync::wire::{NumberBlock, unhex};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, broadcast};

/// Names in the keychain.
pub(crate) const DEVICE: &str = "device";
pub(crate) const SIGNING: &str = "signing";
pub(crate) const MARKS: &str = "marks";
/// What the key is sealed under together with the hub.
pub(crate) const HUB_HALF: &str = "wardbook hub half 1";
/// The latest time seen is written down when it has grown by so much.
const MARK_AFTER_MS: i64 = 60_000;
/// Events that somebody who listens may be behind.
const BACKLOG: usize = 256;

/// Where a desk lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// Its directory.
    pub dir: PathBuf,
    /// Folder for a file of secrets, in place of the operating system's keychain.
    pub keychain: Option<PathBuf>,
    /// Address of the hub, in place of the one the desk was enrolled at.
    pub hub: Option<String>,
}

/// A desk's replica and who may open it. Cheap to clone; all clones are the same cabinet.
#[derive(Clone, Debug)]
pub struct Cabinet(pub(crate) Arc<Inside>);

pub(crate) struct Inside {
    pub(crate) places: Places,
    pub(crate) clock: Clock,
    pub(crate) cost: Cost,
    pub(crate) keychain: Keychain,
    pub(crate) state: Mutex<State>,
    /// Carries for the replica while it is open.
    pub(crate) courier: Mutex<Option<Courier>>,
    /// It was opened, closed or emptied, or somebody is in a hurry.
    pub(crate) changed: Notify,
    pub(crate) events: broadcast::Sender<Event>,
    #[cfg(test)]
    pub(crate) planted: crate::tests::planted::Planted,
    _lock: files::Hold,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) slots: Option<Slots>,
    pub(crate) open: Option<Open>,
    pub(crate) emergency: Option<Opened>,
    /// What was done to this desk, or why it cannot be used.
    pub(crate) trouble: Option<Problem>,
    /// What the hub says of a locked desk that nobody has let in yet.
    pub(crate) waits: Option<Problem>,
    /// There is a desk here that this keychain does not open.
    is_barred: bool,
}

/// An open replica, and the key it was opened with, for whoever signs in next.
pub(crate) struct Open {
    pub(crate) replica: Replica,
    pub(crate) key: Secret,
}

/// What the keychain remembers of the slots' own marks, so that putting back an old file does not set them back.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Marks {
    latest_ms: i64,
    contact_ms: i64,
    order: Order,
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inside")
    }
}

impl Cabinet {
    /// Finds a desk, or the place for a new one. Nothing of the replica is opened.
    pub fn find(places: &Places) -> Result<Cabinet> {
        Self::find_by(places, system_clock())
    }

    /// The same by another clock.
    pub fn find_by(places: &Places, clock: Clock) -> Result<Cabinet> {
        Self::find_at(places, clock, Cost::FULL)
    }

    /// The same with passwords that cost nothing to try, for tests of whoever sits above.
    #[cfg(feature = "cheap-passwords")]
    pub fn find_cheap(places: &Places) -> Result<Cabinet> {
        Self::find_at(places, system_clock(), Cost::SMALL)
    }

    pub(crate) fn find_at(places: &Places, clock: Clock, cost: Cost) -> Result<Cabinet> {
        std::fs::create_dir_all(&places.dir)?;
        let hold = files::Hold::take(&places.dir.join("desk.lock"))?;
        let known = Slots::keychain(&places.dir);
        // slots that cannot be read are somebody's all the same: no new desk is made over them
        let place = known
            .as_ref()
            .map_or(Some(KeychainPlace::System), |known| *known);
        let keychain = Keychain::find(&places.dir, places.keychain.as_deref(), place)?;
        let cabinet = Self(Arc::new(Inside {
            places: places.clone(),
            clock,
            cost,
            keychain,
            state: Mutex::default(),
            courier: Mutex::default(),
            changed: Notify::new(),
            events: broadcast::channel(BACKLOG).0,
            #[cfg(test)]
            planted: crate::tests::planted::Planted::default(),
            _lock: hold,
        }));
        match known.and_then(|known| cabinet.look_inside(known)) {
            Err(Error::Keychain(why)) => {
                tracing::error!(why, "This desk's keychain cannot be used");
                let mut state = cabinet.state();
                state.trouble = Some(Problem::new("keychain.unavailable", ""));
                state.is_barred = true;
            }
            other => other?,
        }
        Ok(cabinet)
    }

    fn look_inside(&self, known: Option<KeychainPlace>) -> Result<()> {
        self.go_on_emptying()?;
        let Some(secret) = self.device_secret()? else {
            // with slots it is another computer's desk, or somebody emptied the keychain
            return match known {
                Some(_) => Err(Error::Keychain("nothing in it for this desk")),
                None => Ok(()),
            };
        };
        let slots = Slots::read(self.dir(), &secret)?;
        self.state().slots = slots.map(|slots| self.marked(slots)).transpose()?;
        Ok(())
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    pub(crate) fn now(&self) -> Now {
        (self.0.clock)()
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0.places.dir
    }

    /// Returns the replica if it is open and the hub did not stop this desk.
    pub fn replica(&self) -> Result<Replica> {
        let state = self.state();
        let is_stopped = state
            .slots
            .as_ref()
            .is_none_or(|slots| slots.order != Order::Active);
        match &state.open {
            Some(open) if !is_stopped => Ok(open.replica.clone()),
            Some(_) | None => Err(Error::Locked),
        }
    }

    /// Returns what happens at this desk from now on, whether it is open or not.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    pub(crate) fn tell(&self, event: Event) {
        // nobody listening is no failure
        let _ = self.0.events.send(event);
    }

    /// Tries to reach the hub now, however long it would have waited.
    pub fn nudge(&self) {
        if let Some(courier) = lock(&self.0.courier).as_ref() {
            courier.nudge();
        }
        self.0.changed.notify_one();
    }

    /// Makes this desk known to a hub with a one-time code, and opens its empty replica.
    pub async fn enrol(&self, hub: &str, code: &str, name: &str) -> Result<()> {
        let (is_known, is_barred) = {
            let state = self.state();
            (state.slots.is_some(), state.is_barred)
        };
        if is_barred {
            return Err(Error::Keychain("it does not open this desk"));
        }
        if is_known {
            return Err(Error::Problems(vec![Problem::new("enrol.already", "")]));
        }
        let cabinet = self.clone();
        let signing = tokio::task::spawn_blocking(move || cabinet.new_secrets()).await??;
        let at = self.now();
        let known = match identity::enrol(hub, code, name, &signing, at).await {
            // left in the keychain by a desk that was here before
            Err(error) if is_used(&error) => {
                let cabinet = self.clone();
                let work = move || {
                    cabinet.0.keychain.remove(SIGNING)?;
                    cabinet.new_secrets()
                };
                let signing = tokio::task::spawn_blocking(work).await??;
                identity::enrol(hub, code, name, &signing, at).await?
            }
            answer => answer?,
        };
        let cabinet = self.clone();
        tokio::task::spawn_blocking(move || cabinet.fit_out(known)).await?
    }

    /// Makes the desk's own secrets, once: an answer that was lost is given again for the same key.
    fn new_secrets(&self) -> Result<Secret> {
        let keychain = &self.0.keychain;
        self.forget_emptying()?;
        if self.device_secret()?.is_none() {
            keychain.set(DEVICE, wrap::new_secret().as_ref())?;
        }
        if let Some(signing) = self.signing()? {
            return Ok(signing);
        }
        let signing = wrap::new_secret();
        keychain.set(SIGNING, signing.as_ref())?;
        Ok(signing)
    }

    /// Makes the replica of a desk that has just become known.
    fn fit_out(&self, known: Known) -> Result<()> {
        let key = wrap::new_secret();
        let device = known.device;
        let mut slots = Slots::new(device.clone(), self.now().0);
        slots.hub = Some(self.seal_for_hub(&known.share, &device, &key)?);
        self.write(&mut slots)?;
        {
            let mut state = self.state();
            state.slots = Some(slots);
            state.trouble = None;
        }
        self.open(&key, &[known.numbers])
    }

    /// Seals the replica's key under the hub's half and this desk's.
    pub(crate) fn seal_for_hub(
        &self,
        share: &str,
        device: &Device,
        key: &Secret,
    ) -> Result<wrap::Wrapped> {
        let half = self.hub_half(share)?;
        Ok(wrap::wrap(&half, key.as_ref(), &device.id.to_string()))
    }

    pub(crate) fn hub_half(&self, share: &str) -> Result<Secret> {
        let share = unhex(share).filter(|share| share.len() == 32);
        let share = share.ok_or(Error::Nonsense("share"))?;
        let secret = self
            .device_secret()?
            .ok_or(Error::Keychain("nothing in it for this desk"))?;
        Ok(wrap::derive(&[&share, secret.as_ref()], HUB_HALF))
    }

    /// Opens the replica with its key, unless it is open.
    pub(crate) fn open(&self, key: &Secret, numbers: &[NumberBlock]) -> Result<()> {
        let mut state = self.state();
        if state.open.is_some() {
            return Ok(());
        }
        let slots = state.slots.as_ref().ok_or(Error::NotEnrolled)?;
        let options = Options {
            dir: self.dir().to_owned(),
            key: **key,
            hub: self.0.places.hub.clone(),
        };
        let replica = Replica::open_signing(&options, self.0.clock.clone(), self.signing()?)?;
        match (
            replica.read(|db| meta::DEVICE.get(db))?,
            &slots.device.papers,
        ) {
            (None, _) => replica.settle(&slots.device, numbers)?,
            // a locked desk renews its papers too
            (Some(device), Some(papers)) if device.papers.as_ref() != Some(papers) => {
                replica.keep_papers(papers)?;
            }
            (Some(_), _) => {}
        }
        state.open = Some(Open {
            replica: replica.clone(),
            key: key.clone(),
        });
        drop(state);
        if let Err(error) = self.chain_tries(&replica) {
            // they stay where they are until the next opening
            tracing::error!(%error, "Could not chain the sign-ins of the locked desk");
        }
        self.change(|slots| slots.was_left_open = true)?;
        self.0.changed.notify_one();
        self.tell(Event::Reloaded);
        Ok(())
    }

    /// Closes the replica; its key is forgotten.
    pub fn close(&self) -> Result<()> {
        self.tick()?;
        self.forget_emergency();
        let open = self.state().open.take();
        let Some(Open { replica, .. }) = open else {
            return Ok(());
        };
        *lock(&self.0.courier) = None;
        let unsent = replica.read(unsent)?;
        replica.shut();
        self.change(|slots| {
            slots.unsent = unsent;
            slots.was_left_open = false;
        })?;
        self.0.changed.notify_one();
        self.tell(Event::Reloaded);
        Ok(())
    }

    pub(crate) fn device_secret(&self) -> Result<Option<Secret>> {
        let kept = self.0.keychain.get(DEVICE)?;
        Ok(kept.and_then(|kept| wrap::secret(&kept)))
    }

    pub(crate) fn signing(&self) -> Result<Option<Secret>> {
        let kept = self.0.keychain.get(SIGNING)?;
        Ok(kept.and_then(|kept| wrap::secret(&kept)))
    }

    /// Writes the slots, and what the keychain remembers of them.
    pub(crate) fn write(&self, slots: &mut Slots) -> Result<()> {
        let marks = Marks {
            latest_ms: slots.latest_ms,
            contact_ms: slots.contact_ms,
            order: slots.order,
        };
        let text = serde_json::to_vec(&marks).expect("numbers and a word");
        self.0.keychain.set(MARKS, &text)?;
        let secret = self
            .device_secret()?
            .ok_or(Error::Keychain("it is empty"))?;
        slots.write(self.dir(), &secret, self.0.keychain.place())
    }

    /// Changes the slots and writes them.
    pub(crate) fn change(&self, work: impl FnOnce(&mut Slots)) -> Result<()> {
        let mut state = self.state();
        let Some(slots) = state.slots.as_mut() else {
            return Ok(());
        };
        work(slots);
        self.write(slots)
    }

    /// Returns the slots with the stricter of what they and the keychain say.
    fn marked(&self, mut slots: Slots) -> Result<Slots> {
        let kept = self.0.keychain.get(MARKS)?;
        let marks: Marks = kept
            .and_then(|kept| serde_json::from_slice(&kept).ok())
            .unwrap_or_default();
        slots.latest_ms = slots.latest_ms.max(marks.latest_ms);
        slots.contact_ms = slots.contact_ms.max(marks.contact_ms);
        slots.order = slots.order.max(marks.order);
        Ok(slots)
    }

    /// Notes the time, and what has to be known while the desk is locked. To be called once a minute.
    pub fn tick(&self) -> Result<()> {
        let now = self.now().0;
        let replica = self.state().open.as_ref().map(|open| open.replica.clone());
        let seen = match replica.as_ref().map(Seen::of) {
            // somebody closed it in this moment, and noted all of this
            Some(Err(Error::Locked)) | None => None,
            Some(seen) => Some(seen?),
        };
        let mut state = self.state();
        let Some(slots) = state.slots.as_mut() else {
            return Ok(());
        };
        let mut is_new = now >= slots.latest_ms + MARK_AFTER_MS;
        slots.latest_ms = slots.latest_ms.max(now);
        if let Some(seen) = seen {
            is_new |= seen.note_in(slots);
        }
        if is_new { self.write(slots) } else { Ok(()) }
    }
}

fn is_used(error: &Error) -> bool {
    let codes = error.problems();
    codes
        .iter()
        .any(|problem| problem.code == "device.key_used")
}

/// Counts what waits to be sent: nobody empties a desk that has some.
fn unsent(db: &rusqlite::Connection) -> Result<u32> {
    let openings = u32::try_from(openings::unsent(db)?.len()).unwrap_or(u32::MAX);
    let (receipts, _) = payments::receipts::count_unposted(db)?;
    Ok(outbox::count(db)?
        .saturating_add(openings)
        .saturating_add(receipts))
}

/// What an open replica tells the slots.
struct Seen {
    unsent: u32,
    ahead_ms: i64,
    ward_name: Option<String>,
    hospital: Option<String>,
    contact: Option<crate::contact::Moment>,
    papers: Option<Papers>,
}

impl Seen {
    fn of(replica: &Replica) -> Result<Self> {
        let desk = replica.desk()?;
        let (unsent, ahead, device) =
            replica.read(|db| Ok((unsent(db)?, meta::AHEAD.get(db)?, meta::DEVICE.get(db)?)))?;
        Ok(Self {
            unsent,
            ahead_ms: ahead.unwrap_or(0),
            ward_name: desk.ward_name,
            hospital: desk.hospital,
            contact: replica.0.heard.last(),
            papers: device.and_then(|device| device.papers),
        })
    }

    /// Says whether something is worth writing down at once.
    fn note_in(self, slots: &mut Slots) -> bool {
        let is_new = slots.unsent != self.unsent
            || slots.ward_name != self.ward_name
            || slots.hospital != self.hospital
            || slots.device.papers != self.papers;
        slots.unsent = self.unsent;
        slots.ahead_ms = self.ahead_ms;
        slots.ward_name = self.ward_name;
        slots.hospital = self.hospital;
        slots.device.papers = self.papers;
        if let Some(contact) = self.contact {
            slots.heard(contact);
        }
        is_new
    }
}
