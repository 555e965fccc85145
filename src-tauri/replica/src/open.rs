//! Opening a replica: what is there, whether it is this desk's and whole, and what was left unsaved by a crash.

use crate::audit;
use crate::base::{Clock, Inner, system_clock};
use crate::error::{Disk, Result};
use crate::files::Dir;
use crate::mirror::{Mirror, Reflection};
use crate::openings;
use crate::outbox::Item;
use crate::payments::receipts;
use crate::receive::rebuild;
use crate::rescue::{self, Rescue};
use crate::store::{Key, Lasting, Store};
use crate::wrap::Secret;
use crate::{Options, Replica, meta, outbox};
use rusqlite::Connection;
use shared::document::Hash;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use zeroize::Zeroizing;

impl Replica {
    /// Opens the replica in a directory, or makes an empty one. Damage is found and put right: what cannot be read is
    /// moved to `aside/`, unsent work is saved first, and the rest comes from the hub.
    pub fn open(options: &Options) -> Result<Replica> {
        Self::open_at(options, system_clock())
    }

    /// The same with a clock.
    pub fn open_at(options: &Options, clock: Clock) -> Result<Replica> {
        Self::open_signing(options, clock, None)
    }

    /// The same for a device whose signing key is kept in a keychain.
    pub(crate) fn open_signing(
        options: &Options,
        clock: Clock,
        signing: Option<Secret>,
    ) -> Result<Replica> {
        let dir = Dir(options.dir.clone());
        let key = Key(Zeroizing::new(options.key));
        let lock = dir.lock()?;
        let at = clock().rfc3339();
        let (mirror, trouble) = Mirror::open(&dir, &key);
        let mut mirror_lost = false;
        if let Some(error) = trouble.filter(|error| error.disk() == Some(Disk::Damaged)) {
            tracing::error!(%error, "The second copy of unsent work is damaged and begun anew");
            dir.set_aside(
                &dir.mirror(),
                "not readable with this desk's key, or damaged",
                &at,
            )?;
            mirror.renew();
            mirror_lost = true;
        }
        let reflection = mirror.reflection().unwrap_or_default();
        let found = find(&dir, &key, &reflection)?;
        let (store, rescue) = match found {
            Found::Sound(store) => (store, None),
            Found::Nothing => (Store::open(&dir.ward(1), 1, &key)?, None),
            Found::Unsound(rescue) => (
                Store::open(&dir.ward(dir.newest()? + 1), dir.newest()? + 1, &key)?,
                Some(rescue),
            ),
        };
        let was_left_open = lock.was_left_open;
        let put_aside = rescue
            .as_ref()
            .and_then(|rescue| Some((rescue.path.clone()?, rescue.why)));
        let replica = Replica(Arc::new(Inner::new(
            options,
            clock,
            dir.clone(),
            lock,
            store,
            mirror,
            signing,
        )));
        match rescue {
            Some(rescue) => {
                replica.fill(&replica.store(), &rescue, &reflection, mirror_lost)?;
                replica.copy_to_mirror()?;
            }
            None => replica.settle_in(&reflection)?,
        }
        let generation = replica.store().generation;
        if dir.current()? != Some(generation) {
            dir.set_current(generation)?;
        }
        if let Some((path, why)) = put_aside {
            dir.set_aside(&path, why, &at)?;
        }
        dir.tidy(generation, dir.loads()?.into_iter().max())?;
        if was_left_open {
            check_behind(Arc::downgrade(&replica.0));
        }
        Ok(replica)
    }

    /// Makes the replica agree with its mirror; damage that shows on the way is put right.
    fn settle_in(&self, reflection: &Reflection) -> Result<()> {
        match self
            .catch_up(reflection)
            .and_then(|()| self.take_openings(reflection))
            .and_then(|()| self.take_receipts(reflection))
            .and_then(|()| self.status().map(drop))
        {
            Err(error) if error.disk() == Some(Disk::Damaged) => self.rescue_now(),
            other => other,
        }
    }

    /// Brings what only the mirror has into the replica: a save that was under way when the power went, or everything
    /// since an old copy of the replica was put back.
    fn catch_up(&self, reflection: &Reflection) -> Result<()> {
        let (known, last, incarnation, pen) = self.read(|db| {
            let known: BTreeSet<(i64, Hash)> = outbox::all(db)?
                .iter()
                .map(|item| (item.lseq, item.hash))
                .collect();
            Ok((
                known,
                outbox::last_place(db)?,
                meta::INCARNATION.get(db)?.unwrap_or(0),
                meta::AUDIT_PEN.get(db)?,
            ))
        })?;
        let mirrored: BTreeSet<(i64, Hash)> = reflection
            .items
            .iter()
            .map(|item| (item.lseq, item.hash))
            .collect();
        let orphans: Vec<_> = reflection
            .items
            .iter()
            .filter(|item| item.lseq > last)
            .cloned()
            .collect();
        // audit entries are copied after they are safe, so a copy that has more belongs to a newer replica
        let is_audit_behind = audit::is_behind(pen.as_ref(), reflection.audit.pen.as_ref());
        let is_behind = reflection.last_place > last || is_audit_behind;
        if is_behind {
            let is_old = is_audit_behind
                || orphans.len() as i64 != reflection.last_place - last
                || reflection.incarnation > incarnation;
            tracing::warn!(
                count = orphans.len(),
                is_old,
                "The replica is behind its second copy of unsent work"
            );
            let catching_up = CatchingUp {
                reflection,
                orphans: &orphans,
                incarnation,
                is_old,
                is_audit_behind,
            };
            let caught_up = self.write(Lasting::Yes, |db| self.take_over(db, &catching_up));
            match caught_up {
                // a full disk keeps nobody from reading; what only the mirror has was never said to be saved
                Err(error) if error.disk() == Some(Disk::Full) && !is_old => {
                    tracing::warn!("No room to catch up with the second copy of unsent work");
                    return Ok(());
                }
                caught_up => caught_up?,
            }
        }
        let is_same = known == mirrored
            && !is_behind
            && reflection.incarnation == incarnation
            && reflection.last_place == last;
        if !is_same || self.read(|db| meta::DEVICE.get(db))? != reflection.device {
            self.copy_to_mirror()?;
        }
        Ok(())
    }

    /// Writes down who opened the emergency access, where only the mirror knows.
    fn take_openings(&self, reflection: &Reflection) -> Result<()> {
        if self.read(|db| openings::has_all(db, &reflection.openings))? {
            return Ok(());
        }
        let taken = self.write(Lasting::Yes, |db| {
            openings::put_all(db, &reflection.openings)
        });
        match taken {
            // a full disk keeps nobody from reading; the mirror keeps them
            Err(error) if error.disk() == Some(Disk::Full) => Ok(()),
            taken => taken,
        }
    }

    /// Writes down what was given a number, where only the mirror knows; and the other way round.
    fn take_receipts(&self, reflection: &Reflection) -> Result<()> {
        let (has_all, own) = self.read(|db| {
            let own = receipts::unposted(db, usize::MAX)?;
            Ok((receipts::has_all(db, &reflection.receipts)?, own))
        })?;
        if !has_all {
            let taken = self.write(Lasting::Yes, |db| {
                receipts::put_missing(db, &reflection.receipts)
            });
            match taken {
                // a full disk keeps nobody from reading; the mirror keeps them
                Err(error) if error.disk() == Some(Disk::Full) => return Ok(()),
                taken => taken?,
            }
        }
        if own == reflection.receipts {
            return Ok(());
        }
        self.mirror_receipts()
    }

    /// Writes what only the mirror has.
    fn take_over(&self, db: &Connection, from: &CatchingUp<'_>) -> Result<()> {
        let reflection = from.reflection;
        if from.is_old {
            meta::INCARNATION.set(db, &reflection.incarnation.max(from.incarnation))?;
            // the copy that was not put back knows where this desk is
            reflection
                .place
                .map_or(Ok(()), |place| meta::PLACE.set(db, &place))?;
            meta::next_incarnation(db)?;
            // numbers of receipts given since are not known here, and must not be given twice
            meta::PADS.clear(db)?;
            rebuild(db, "replica.restored")?;
            meta::NOTICE.set(db, &"replica.rebuilt".to_owned())?;
        }
        if from.is_audit_behind {
            audit::put_copied(db, &reflection.audit)?;
        }
        self.apply_again(db, from.orphans)?;
        // numbers given since are not known here, and must not be given twice
        meta::NUMBERS.clear(db)?;
        outbox::count_on(db, reflection.last_place)
    }
}

/// How far the replica is behind its mirror.
struct CatchingUp<'a> {
    reflection: &'a Reflection,
    /// Changes that only the mirror has.
    orphans: &'a [Item],
    incarnation: u16,
    /// An old copy was put back, or a log was lost.
    is_old: bool,
    is_audit_behind: bool,
}

/// What lies in the directory.
enum Found {
    Nothing,
    Sound(Arc<Store>),
    Unsound(Rescue),
}

fn find(dir: &Dir, key: &Key, reflection: &Reflection) -> Result<Found> {
    let named = dir.current()?;
    let newest = Some(dir.newest()?).filter(|newest| *newest > 0 && dir.ward(*newest).exists());
    let Some(generation) = named.filter(|named| dir.ward(*named).exists()).or(newest) else {
        // the replica is gone, but what was unsent is not
        return Ok(if reflection.device.is_some() {
            Found::Unsound(Rescue::gone())
        } else {
            Found::Nothing
        });
    };
    let path = dir.ward(generation);
    let opened = Store::open(&path, generation, key).and_then(|store| {
        let device = store.read(|db| {
            db.query_row("select count(*) from outbox, held", [], |_| Ok(()))?;
            meta::DEVICE.get(db)
        })?;
        Ok((store, device))
    });
    match opened {
        Ok((store, device)) => Ok(match (&device, &reflection.device) {
            (Some(here), Some(mirrored)) if here.id != mirrored.id => {
                drop(store);
                Found::Unsound(Rescue::foreign(path))
            }
            (None, Some(_)) => {
                drop(store);
                Found::Unsound(Rescue::damaged(path))
            }
            (Some(_) | None, _) => Found::Sound(store),
        }),
        Err(error)
            if matches!(error.disk(), Some(Disk::Damaged)) || rescue::is_unreadable(&error) =>
        {
            tracing::error!(%error, "The replica cannot be read");
            Ok(Found::Unsound(Rescue::damaged(path)))
        }
        Err(error) => Err(error),
    }
}

/// Does work on this thread when nobody else wants the processor.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::debug!(%error, "The check runs at full pace");
    }
    work()
}

/// Checks the whole file in a thread of its own, because it was not closed in good order. It gives way to everything else:
/// somebody waits for their desk just now.
fn check_behind(replica: Weak<Inner>) {
    let Some(store) = replica.upgrade().map(|inner| Replica(inner).store()) else {
        return;
    };
    let check = move || match quietly(|| store.is_whole()) {
        Ok(true) => tracing::debug!("Every page of the replica is as it was written"),
        Ok(false) | Err(_) => {
            tracing::error!("The replica is damaged");
            if let Some(inner) = replica.upgrade() {
                inner.is_damaged.store(true, Ordering::Relaxed);
                inner.nudge.notify_one();
            }
        }
    };
    if let Err(error) = std::thread::Builder::new()
        .name("replica-check".into())
        .spawn(check)
    {
        tracing::warn!(%error, "No thread to check the replica");
    }
}
