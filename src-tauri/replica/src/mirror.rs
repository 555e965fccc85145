//! The second copy of unsent work, in a file of its own: one damaged file must not lose what a person typed.
//!
//! It is written just before the replica commits and never flushed by itself. A power cut is the replica's affair, whose
//! commits are flushed; the mirror is for a replica that cannot be read any more. It also remembers who this device is
//! and how far its changes were counted, so that a replica put back from an old copy is noticed.

use crate::audit;
use crate::error::{Disk, Error, Result};
use crate::files::{self, Dir};
use crate::held::{self, Kept};
use crate::meta::{self, Device};
use crate::openings;
use crate::outbox::{self, Item};
use crate::payments::receipts;
use crate::store::{self, Key, lock};
use rusqlite::{Connection, OpenFlags};
use shared::emergency::Opening;
use shared::payments::desk::Document;
use shared::sync::waybill::Place;
use std::sync::Mutex;

const TABLES: &str = "
create table if not exists outbox (
    lseq integer primary key autoincrement, kind integer not null, record blob not null, hash blob not null,
    change blob not null, writes text not null, base blob not null, staff blob not null, at_ms integer not null,
    is_new integer not null, parked integer not null
);
create table if not exists held (
    id text primary key, kind integer not null, record blob not null, writes text not null, fields text not null,
    problems text not null, staff blob not null, at_ms integer not null, is_new integer not null,
    is_withdrawn integer not null
);
create table if not exists audit (
    incarnation integer not null, seq integer not null, at_ms integer not null, record blob, is_sent integer not null,
    entry blob not null, hash blob not null, seal blob not null, primary key (incarnation, seq)
);
create table if not exists audit_chain (incarnation integer primary key, first blob, locked blob);
create table if not exists emergency_opening (
    id blob primary key, from_ms integer not null, version integer not null, sent integer not null, body text not null
) without rowid;
create table if not exists receipt (
    number text primary key, id blob not null unique, patient blob not null, at_ms integer not null, body text not null,
    is_printed integer not null default 0, outcome text
) without rowid;
create table if not exists meta (name text primary key, value blob not null) without rowid;
";

/// The second copy. Failing to write it is logged and never stops a save.
#[derive(Debug)]
pub(crate) struct Mirror {
    dir: Dir,
    key: Key,
    connection: Mutex<Option<Connection>>,
}

/// What the mirror holds.
#[derive(Debug, Default)]
pub(crate) struct Reflection {
    pub(crate) device: Option<Device>,
    pub(crate) incarnation: u16,
    pub(crate) last_place: i64,
    /// The newest push that was answered.
    pub(crate) place: Option<Place>,
    pub(crate) items: Vec<Item>,
    pub(crate) held: Vec<Kept>,
    /// Where the audit chain ends, and its entries that were not sent.
    pub(crate) audit: audit::Copied,
    /// Openings of the emergency access that were not sent.
    pub(crate) openings: Vec<Opening>,
    /// What was given a number and is not posted.
    pub(crate) receipts: Vec<Document>,
}

impl Mirror {
    /// Opens the mirror. Says what is wrong with the file when it has to be put aside.
    pub(crate) fn open(dir: &Dir, key: &Key) -> (Mirror, Option<Error>) {
        dir.keep_room();
        let result = connect(dir, key);
        let (connection, error) = match result {
            Ok(connection) => (Some(connection), None),
            Err(error) => (None, Some(error)),
        };
        (
            Mirror {
                dir: dir.clone(),
                key: key.clone(),
                connection: Mutex::new(connection),
            },
            error,
        )
    }

    /// Begins anew with an empty file; the old one must have been moved away.
    pub(crate) fn renew(&self) {
        let mut connection = lock(&self.connection);
        *connection = None;
        match files::remove(&self.dir.mirror()).and_then(|()| connect(&self.dir, &self.key)) {
            Ok(fresh) => *connection = Some(fresh),
            Err(error) => tracing::warn!(%error, "No second copy of unsent work can be kept"),
        }
    }

    /// Closes the file; nothing is noted any more.
    pub(crate) fn close(&self) {
        *lock(&self.connection) = None;
    }

    /// Reads everything.
    pub(crate) fn reflection(&self) -> Result<Reflection> {
        let guard = lock(&self.connection);
        let Some(db) = guard.as_ref() else {
            return Ok(Reflection::default());
        };
        Ok(Reflection {
            device: meta::DEVICE.get(db)?,
            incarnation: meta::INCARNATION.get(db)?.unwrap_or(0),
            last_place: outbox::last_place(db)?,
            place: meta::PLACE.get(db)?,
            items: outbox::all(db)?,
            held: held::all(db)?,
            audit: audit::copied(db)?,
            openings: openings::all_unsent(db)?,
            receipts: receipts::unposted(db, usize::MAX)?,
        })
    }

    /// Notes changes that are about to be committed.
    pub(crate) fn note(&self, items: &[Item]) {
        let _ = self.attempt(|db| {
            items
                .iter()
                .try_for_each(|item| outbox::put(db, item).map(drop))
        });
    }

    /// Takes changes out again whose commit failed.
    pub(crate) fn retract(&self, replica: &Connection, items: &[Item]) {
        let retract = |db: &Connection| {
            items
                .iter()
                .try_for_each(|item| outbox::remove(db, item.lseq))?;
            outbox::count_on(db, outbox::last_place(replica)?)
        };
        if self.attempt(retract) == Err(Disk::Full) && self.dir.free_room() {
            // what was kept free for this moment is enough to take back what nobody was told is saved
            let _ = self.attempt(retract);
        }
    }

    /// Does after the replica what it did with some changes.
    pub(crate) fn follow(&self, replica: &Connection, lseqs: &[i64]) {
        let _ = self.attempt(|db| {
            put_place(replica, db)?;
            if outbox::count(replica)? == 0 {
                // not all: a save that is about to commit has noted itself here already
                let last = lseqs.iter().max().copied().unwrap_or(0);
                db.execute("delete from outbox where lseq <= ?1", [last])?;
                return Ok(());
            }
            lseqs
                .iter()
                .try_for_each(|lseq| match outbox::get(replica, *lseq)? {
                    Some(item) => outbox::put(db, &item).map(drop),
                    None => outbox::remove(db, *lseq),
                })
        });
    }

    /// Copies the work a person has to deal with.
    pub(crate) fn follow_held(&self, replica: &Connection) {
        let _ = self.attempt(|db| {
            db.execute("delete from held", [])?;
            held::all(replica)?
                .iter()
                .try_for_each(|kept| held::put(db, kept))
        });
    }

    /// Copies the audit entries that were not sent.
    pub(crate) fn follow_audit(&self, replica: &Connection) {
        let _ = self.attempt(|db| {
            let last = meta::AUDIT_PEN
                .get(db)?
                .map(|pen| (pen.incarnation, pen.seq));
            audit::put_copied(db, &audit::copied_after(replica, last)?)
        });
    }

    /// Forgets audit entries that were sent.
    pub(crate) fn forget_audit(&self, incarnation: u16, upto: u64) {
        let _ = self.attempt(|db| audit::forget_sent(db, incarnation, upto));
    }

    /// Copies the openings of the emergency access that were not sent.
    pub(crate) fn follow_openings(&self, replica: &Connection) {
        let _ = self.attempt(|db| {
            db.execute("delete from emergency_opening", [])?;
            openings::put_all(db, &openings::all_unsent(replica)?)
        });
    }

    /// Copies what was given a number and is not posted.
    pub(crate) fn follow_receipts(&self, replica: &Connection) {
        let _ = self.attempt(|db| {
            db.execute("delete from receipt", [])?;
            receipts::put_missing(db, &receipts::unposted(replica, usize::MAX)?)
        });
    }

    /// Moves its write-ahead log into the file and empties it.
    pub(crate) fn empty_log(&self) {
        let guard = lock(&self.connection);
        if let Some(db) = guard.as_ref()
            && let Err(error) = db.execute_batch("pragma wal_checkpoint(truncate)")
        {
            tracing::debug!(%error, "The log of the second copy is emptied later");
        }
    }

    /// Makes it the same as the replica, whatever was in it.
    pub(crate) fn copy(&self, replica: &Connection) {
        let _ = self.attempt(|db| {
            db.execute_batch(
                "delete from outbox; delete from held; delete from audit; delete from audit_chain;
                delete from emergency_opening; delete from receipt; delete from meta;",
            )?;
            outbox::all(replica)?
                .iter()
                .try_for_each(|item| outbox::put(db, item).map(drop))?;
            held::all(replica)?
                .iter()
                .try_for_each(|kept| held::put(db, kept))?;
            audit::put_copied(db, &audit::copied(replica)?)?;
            openings::put_all(db, &openings::all_unsent(replica)?)?;
            receipts::put_missing(db, &receipts::unposted(replica, usize::MAX)?)?;
            outbox::count_on(db, outbox::last_place(replica)?)?;
            meta::INCARNATION.set(db, &meta::INCARNATION.get(replica)?.unwrap_or(0))?;
            put_place(replica, db)?;
            meta::DEVICE
                .get(replica)?
                .map_or(Ok(()), |device| meta::DEVICE.set(db, &device))
        });
    }

    /// Runs a transaction. Whoever calls may go on whatever comes of it; what went wrong is logged here.
    fn attempt(&self, work: impl Fn(&Connection) -> Result<()>) -> Result<(), Disk> {
        let mut guard = lock(&self.connection);
        let Some(db) = guard.as_mut() else {
            return Ok(());
        };
        let result = db.transaction().map_err(Error::from).and_then(|tx| {
            work(&tx)?;
            Ok(tx.commit()?)
        });
        let Err(error) = result else {
            return Ok(());
        };
        tracing::warn!(%error, "Could not write the second copy of unsent work");
        let disk = error.disk().unwrap_or(Disk::Failed);
        if disk == Disk::Damaged {
            // made again from the replica at the next start
            *guard = None;
        }
        Err(disk)
    }
}

fn put_place(replica: &Connection, mirror: &Connection) -> Result<()> {
    let place = meta::PLACE.get(replica)?;
    place.map_or(Ok(()), |place| meta::PLACE.set(mirror, &place))
}

fn connect(dir: &Dir, key: &Key) -> Result<Connection> {
    let connection = store::connect(
        &dir.mirror(),
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -1000;",
    )?;
    connection.execute_batch(TABLES)?;
    if store::is_whole(&connection)? {
        Ok(connection)
    } else {
        Err(damaged())
    }
}

/// Returns the error of a file that is not whole.
pub(crate) fn damaged() -> Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Error::Sqlite(rusqlite::Error::SqliteFailure(code, None))
}
