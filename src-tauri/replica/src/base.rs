//! The replica itself: its files, its clock, and the way every read and write takes.

use crate::audit::clerk::Clerk;
use crate::contact::Heard;
use crate::diary;
use crate::error::{Disk, Result};
use crate::files::{Dir, Lock};
use crate::flight::Flight;
use crate::line::Line;
use crate::meta;
use crate::mirror::Mirror;
use crate::news::News;
use crate::row;
use crate::store::{Key, Lasting, Store, lock};
use crate::wrap::Secret;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction};
use shared::clock::Now;
use shared::document::Heads;
use shared::ids::RecordId;
use shared::orders::Status;
use shared::sync::digest::{self, Digest};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

/// Where a replica lies and how it is opened.
#[derive(Clone)]
pub struct Options {
    pub dir: PathBuf,
    /// The raw 256-bit key of its files.
    pub key: [u8; 32],
    /// Address of the hub, in place of the one the device was enrolled at.
    pub hub: Option<String>,
}

/// Reads the time. Handed in, so that tests say what time it is.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// The ward's own copy. Cheap to clone; all clones are the same replica.
#[derive(Clone)]
pub struct Replica(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) dir: Dir,
    pub(crate) lock: Lock,
    pub(crate) key: Key,
    pub(crate) clock: Clock,
    pub(crate) hub: Option<String>,
    pub(crate) store: Arc<RwLock<Arc<Store>>>,
    pub(crate) clerk: Clerk,
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) flight: Flight,
    pub(crate) line: Line,
    pub(crate) news: News,
    /// Something waits to be sent, or to be looked at.
    pub(crate) nudge: Notify,
    /// Somebody opened the emergency access: what it shows is asked for now.
    pub(crate) is_urgent: Notify,
    /// A cashier looks: bills are asked for now.
    pub(crate) wants_bills: AtomicBool,
    /// The device's signing key, when it is kept in a keychain and not in the replica.
    pub(crate) signing: Option<Secret>,
    pub(crate) heard: Arc<Heard>,
    /// What the hub last ordered, when it stopped this desk.
    pub(crate) told: watch::Sender<Option<Status>>,
    /// A page was found that is not what was written: the courier rescues what can be read.
    pub(crate) is_damaged: AtomicBool,
    /// What whoever looks for a free slot would otherwise wait for.
    pub(crate) diary: diary::Kept,
    zone: Mutex<Option<TimeZone>>,
}

impl Inner {
    pub(crate) fn new(
        options: &Options,
        clock: Clock,
        dir: Dir,
        lock: Lock,
        store: Arc<Store>,
        mirror: Mirror,
        signing: Option<Secret>,
    ) -> Self {
        let (store, mirror) = (Arc::new(RwLock::new(store)), Arc::new(mirror));
        Self {
            clerk: Clerk::start(store.clone(), mirror.clone()),
            dir,
            lock,
            key: Key(Zeroizing::new(options.key)),
            clock,
            hub: options.hub.clone(),
            store,
            mirror,
            flight: Flight::default(),
            line: Line::new(),
            news: News::default(),
            nudge: Notify::new(),
            is_urgent: Notify::new(),
            wants_bills: AtomicBool::new(false),
            signing,
            heard: Arc::default(),
            told: watch::Sender::new(None),
            is_damaged: AtomicBool::new(false),
            diary: diary::Kept::default(),
            zone: Mutex::default(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // what was only just seen is written down before the file is closed
        self.clerk.end();
        self.store
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .close();
        self.lock.closed();
    }
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replica")
    }
}

impl Replica {
    /// Returns the generation in use.
    pub(crate) fn store(&self) -> Arc<Store> {
        self.0
            .store
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts another generation into use.
    pub(crate) fn set_store(&self, store: Arc<Store>) {
        *self.0.store.write().unwrap_or_else(PoisonError::into_inner) = store;
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let result = self.store().read(work);
        self.notice(result)
    }

    /// Runs one transaction on the generation in use, whichever that is by then.
    pub(crate) fn write<T>(
        &self,
        lasting: Lasting,
        work: impl Fn(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        loop {
            if let Some(value) = self.notice(self.store().write(lasting, &work))? {
                return Ok(value);
            }
        }
    }

    fn notice<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && error.disk() == Some(Disk::Damaged)
        {
            tracing::error!(%error, "The replica is damaged");
            self.0.is_damaged.store(true, Ordering::Relaxed);
            self.0.nudge.notify_one();
        }
        result
    }

    /// Closes the replica in good order. Whoever still holds it is told that it is locked.
    pub(crate) fn shut(&self) {
        self.store().shut();
        self.0.mirror.close();
        self.0.lock.closed();
    }

    /// Lets go of every file at once, before they are removed.
    pub(crate) fn abandon(&self) {
        self.store().abandon();
        self.0.mirror.close();
        self.0.lock.closed();
    }

    pub(crate) fn now(&self) -> Now {
        (self.0.clock)()
    }

    /// Returns today's date at the hospital.
    pub(crate) fn today(&self) -> Date {
        let moment = Timestamp::from_millisecond(self.now().0).unwrap_or_default();
        moment.to_zoned(self.zone()).date()
    }

    /// Returns the hospital's time zone; UTC until the hub has told it.
    pub(crate) fn zone(&self) -> TimeZone {
        let mut zone = lock(&self.0.zone);
        if zone.is_none() {
            let reference = self.read(|db| meta::REFERENCE.get(db)).ok().flatten();
            *zone = reference.and_then(|reference| TimeZone::get(&reference.zone).ok());
        }
        zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Forgets the time zone, which is read again when it is next asked for.
    pub(crate) fn forget_zone(&self) {
        *lock(&self.0.zone) = None;
    }

    /// Returns what this replica holds, to be compared with the hub's.
    pub fn digest(&self) -> Result<Digest> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "select kind, id, heads from record where id not in (select record from leaving)",
            )?;
            let records = statement.query_map([], |row| {
                let heads = Heads::from_bytes(row.get_ref(2)?.as_blob()?);
                Ok((
                    row::kind(row.get(0)?),
                    RecordId(row::uuid(row.get_ref(1)?.as_blob()?)),
                    heads,
                ))
            })?;
            Ok(digest::of(records.collect::<rusqlite::Result<Vec<_>>>()?))
        })
    }

    /// Checks every page of the file against its seal. When one is not what was written, the courier, or the next start,
    /// rescues what can be read and loads the rest from the hub.
    pub fn verify(&self) -> Result<bool> {
        let whole = self.store().is_whole()?;
        if !whole {
            self.notice(Err::<(), _>(crate::mirror::damaged())).ok();
        }
        Ok(whole)
    }
}

/// Reads this computer's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost function that reads the clock; everything else is handed it"
)]
pub(crate) fn system_clock() -> Clock {
    Arc::new(|| Now(Timestamp::now().as_millisecond()))
}
