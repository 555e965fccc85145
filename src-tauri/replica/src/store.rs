//! One generation of the replica: an encrypted SQLite file with one writer, a few readers and a keeper.

use crate::error::{Disk, Error, Result};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use shared::migrations;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Connections kept for reading, at most. More readers than that open and close their own.
const READERS: usize = 4;
/// Page cache of the writer, and of each reader, in KiB.
const WRITER_CACHE_KIB: u32 = 16_000;
const READER_CACHE_KIB: u32 = 8_000;
const STATEMENTS: usize = 96;
/// Commits after which the keeper moves the write-ahead log into the file, so that no save has to.
const KEEP_AFTER: u32 = 512;
/// The write-ahead log at which the writer does it itself after all: 64 MB.
const PAGES_AT_MOST: u32 = 16_000;

/// The raw 256-bit key of the files.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// How certain a commit has to be before it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// On the disk when it returns: everything a person saved.
    Yes,
    /// May be lost in a power cut, never torn: what the hub would send again.
    Refetchable,
}

/// One generation, open.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) path: PathBuf,
    pub(crate) generation: u64,
    key: Key,
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Another generation took its place: nothing may be written here any more.
    retired: AtomicBool,
    /// The replica was locked: nothing may be read here either, by whoever still holds it.
    shut: AtomicBool,
    commits: AtomicU32,
    keeper: Sender<()>,
}

impl Store {
    /// Opens a generation that is there, or makes an empty one.
    pub(crate) fn open(path: &Path, generation: u64, key: &Key) -> Result<Arc<Store>> {
        let writer = writer(path, key)?;
        migrate(&writer)?;
        let keeper = keep(path.to_owned(), key.clone());
        Ok(Arc::new(Store {
            path: path.to_owned(),
            generation,
            key: key.clone(),
            writer: Mutex::new(Some(writer)),
            readers: Mutex::default(),
            retired: AtomicBool::new(false),
            shut: AtomicBool::new(false),
            commits: AtomicU32::new(0),
            keeper,
        }))
    }

    /// Runs reads on a connection of their own: they see one moment and wait for nobody.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.shut.load(Ordering::Acquire) {
            return Err(Error::Locked);
        }
        let free = lock(&self.readers).pop();
        let reader = match free {
            Some(reader) => reader,
            None => reader(&self.path, &self.key)?,
        };
        let result = reader
            .unchecked_transaction()
            .map_err(Error::from)
            .and_then(|tx| work(&tx));
        let mut readers = lock(&self.readers);
        let is_sound = !matches!(&result, Err(error) if error.disk().is_some());
        if readers.len() < READERS && is_sound && !self.shut.load(Ordering::Acquire) {
            readers.push(reader);
        }
        result
    }

    /// Runs one transaction; everything or nothing. Nothing comes back when another generation has taken this one's place.
    pub(crate) fn write<T>(
        &self,
        lasting: Lasting,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut guard = lock(&self.writer);
        if self.shut.load(Ordering::Acquire) {
            return Err(Error::Locked);
        }
        if self.retired.load(Ordering::Acquire) {
            return Ok(None);
        }
        let result = self.transact(&mut guard, lasting, work);
        if let Err(error) = &result
            && matches!(error.disk(), Some(Disk::Failed | Disk::Damaged))
        {
            // after a failed fsync nothing this connection remembers can be believed
            *guard = None;
        }
        drop(guard);
        if self.commits.fetch_add(1, Ordering::Relaxed) % KEEP_AFTER == KEEP_AFTER - 1 {
            // the keeper only ends with the store
            let _ = self.keeper.send(());
        }
        result.map(Some)
    }

    fn transact<T>(
        &self,
        slot: &mut Option<Connection>,
        lasting: Lasting,
        work: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let connection = match slot {
            Some(connection) => connection,
            None => slot.insert(writer(&self.path, &self.key)?),
        };
        if lasting == Lasting::Refetchable {
            connection.pragma_update(None, "synchronous", "normal")?;
        }
        let result = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::from)
            .and_then(|tx| {
                let value = work(&tx)?;
                tx.commit()?;
                Ok(value)
            });
        if lasting == Lasting::Refetchable {
            connection.pragma_update(None, "synchronous", "full")?;
        }
        result
    }

    /// Keeps everybody from writing while another generation is made to take this one's place. When `work` succeeds this
    /// one is retired for good.
    pub(crate) fn retire<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let _nobody_writes = lock(&self.writer);
        let value = work()?;
        self.retired.store(true, Ordering::Release);
        Ok(value)
    }

    /// Checks every page against its seal. Long: about half a second for 100 000 patients.
    pub(crate) fn is_whole(&self) -> Result<bool> {
        is_whole(&reader(&self.path, &self.key)?)
    }

    /// Returns the bytes of the files on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        let paths = [self.path.clone(), crate::files::beside(&self.path, "-wal")];
        paths
            .iter()
            .filter_map(|path| std::fs::metadata(path).ok())
            .map(|about| about.len())
            .sum()
    }

    /// Moves the write-ahead log into the file and empties it, unless somebody reads there just now.
    pub(crate) fn empty_log(&self) -> Result<()> {
        let guard = lock(&self.writer);
        if let Some(writer) = guard.as_ref() {
            writer.execute_batch("pragma wal_checkpoint(truncate)")?;
        }
        Ok(())
    }

    /// Closes at once what is kept open, and lets nobody in any more. The file is left as it is: it is about to go.
    pub(crate) fn abandon(&self) {
        self.shut.store(true, Ordering::Release);
        lock(&self.readers).clear();
        if let Some(connection) = lock(&self.writer).take() {
            let no_tidying = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            if let Err(error) = connection.set_db_config(no_tidying, true) {
                tracing::debug!(%error, "The write-ahead log is tidied once more");
            }
        }
    }

    /// Closes in good order, and lets nobody in any more.
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::Release);
        self.close();
    }

    /// Moves the write-ahead log into the file and closes what is kept open.
    pub(crate) fn close(&self) {
        lock(&self.readers).clear();
        let mut writer = lock(&self.writer);
        if let Some(connection) = writer.take()
            && let Err(error) = connection.execute_batch("pragma wal_checkpoint(truncate)")
        {
            tracing::warn!(%error, "Could not tidy the replica while closing it");
        }
    }
}

/// Locks even after a panic elsewhere: a transaction that did not commit left nothing behind.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a file with its key and the settings that all connections have.
pub(crate) fn connect(path: &Path, key: &Key, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let hex = Zeroizing::new(shared::sync::wire::hex(&*key.0));
    // every page is sealed with HMAC-SHA-256: processors have it built in, and reading a page costs half as much
    connection.execute_batch(&Zeroizing::new(format!(
        "pragma key = \"x'{}'\"; pragma cipher_hmac_algorithm = HMAC_SHA256;
         pragma cipher_log_level = none; pragma cipher_memory_security = off;",
        *hex
    )))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "pragma temp_store = memory; pragma foreign_keys = on; pragma secure_delete = on;",
    )?;
    Ok(connection)
}

fn writer(path: &Path, key: &Key) -> Result<Connection> {
    let connection = connect(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    connection.execute_batch(&format!(
        "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = {PAGES_AT_MOST};
         pragma journal_size_limit = 8388608; pragma cache_size = -{WRITER_CACHE_KIB};"
    ))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    assert!(
        synchronous >= 2,
        "a save that a power cut undoes is worse than none"
    );
    assert_eq!(journal, "wal", "readers must not wait for a save");
    Ok(connection)
}

fn reader(path: &Path, key: &Key) -> Result<Connection> {
    let connection = connect(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(&format!(
        "pragma query_only = on; pragma cache_size = -{READER_CACHE_KIB};"
    ))?;
    Ok(connection)
}

/// Checks every page of a database against its seal.
pub(crate) fn is_whole(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare("pragma cipher_integrity_check")?;
    Ok(statement.query([])?.next()?.is_none())
}

/// Runs what is new of the migrations.
fn migrate(connection: &Connection) -> Result<()> {
    let done: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, (name, sql)) in migrations::WARD
        .iter()
        .enumerate()
        .skip(usize::try_from(done).unwrap_or(0))
    {
        let number = index + 1;
        connection.execute_batch(&format!(
            "begin immediate; {sql}\n; pragma user_version = {number}; commit;"
        ))?;
        tracing::debug!(migration = name, "Ran a migration");
    }
    Ok(())
}

/// Starts the thread that moves the write-ahead log into the file beside the writer, until the store is gone.
fn keep(path: PathBuf, key: Key) -> Sender<()> {
    let (sender, signals) = mpsc::channel();
    let work = move || {
        let mut connection = None;
        loop {
            match signals.recv_timeout(Duration::from_secs(30)) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => {
                    // nothing to do for a while: give the memory back
                    connection = None;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if connection.is_none() {
                connection = connect(&path, &key, OpenFlags::SQLITE_OPEN_READ_WRITE).ok();
            }
            let result = connection.as_ref().map(|c| {
                c.execute_batch("pragma synchronous = full; pragma wal_checkpoint(passive)")
            });
            if let Some(Err(error)) = result {
                tracing::debug!(%error, "Could not tidy the write-ahead log; it is tried again");
                connection = None;
            }
        }
    };
    if let Err(error) = std::thread::Builder::new()
        .name("replica-keeper".into())
        .spawn(work)
    {
        tracing::warn!(%error, "No thread to tidy the write-ahead log; saves do it themselves");
    }
    sender
}
