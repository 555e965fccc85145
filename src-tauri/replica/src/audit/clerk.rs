//! Writes down who looked, beside the reading: a chart opens as fast as before, and a moment later it is on the disk.

use crate::audit::note;
use crate::error::Result;
use crate::mirror::Mirror;
use crate::store::{Lasting, Store, lock};
use shared::audit::entry::{Entry, What};
use shared::ids::{RecordId, StaffId};
use shared::record::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long entries are gathered, so that many cost one flush.
const GATHER: Duration = Duration::from_millis(200);
/// How long until writing is tried again when the disk would not take it.
const AGAIN: Duration = Duration::from_secs(1);
/// Entries of one transaction, at most.
const AT_ONCE: usize = 1_000;
/// Reading the same thing again within this time is the same view.
const SAME_VIEW_MS: i64 = 3_600_000;

enum Word {
    Note(Entry),
    /// A save wrote entries of its own.
    Saved,
    Settle(SyncSender<()>),
    End,
}

/// What a person read last, in each way of reading: kind of deed, then who, what and when.
type Seen = BTreeMap<What, (Option<StaffId>, Option<(Kind, RecordId)>, i64)>;

/// Keeps what has to be written down until it is.
pub(crate) struct Clerk {
    words: Sender<Word>,
    hand: Mutex<Option<JoinHandle<()>>>,
    seen: Mutex<Seen>,
    found: Mutex<Option<(StaffId, i64, BTreeSet<RecordId>)>>,
}

impl Clerk {
    /// Starts writing into whatever generation is in use.
    pub(crate) fn start(store: Arc<RwLock<Arc<Store>>>, mirror: Arc<Mirror>) -> Self {
        let (words, heard) = mpsc::channel();
        let hand = std::thread::Builder::new().name("replica-audit".into());
        let hand = hand.spawn(move || write_down(&store, &mirror, &heard));
        if let Err(error) = &hand {
            tracing::error!(%error, "No thread to write down who looked");
        }
        Self {
            words,
            hand: Mutex::new(hand.ok()),
            seen: Mutex::default(),
            found: Mutex::default(),
        }
    }

    /// Notes a reading, unless it is the same as the last.
    pub(crate) fn saw(&self, entry: Entry) {
        let mut seen = lock(&self.seen);
        let is_same = seen.get(&entry.what).is_some_and(|(staff, record, at)| {
            *staff == entry.staff
                && *record == entry.record
                && (0..SAME_VIEW_MS).contains(&(entry.at_ms - at))
        });
        if !is_same {
            seen.insert(entry.what, (entry.staff, entry.record, entry.at_ms));
            self.note(entry);
        }
    }

    /// Notes an entry.
    pub(crate) fn note(&self, entry: Entry) {
        // it only ends with the replica
        let _ = self.words.send(Word::Note(entry));
    }

    /// Hears that a save wrote entries of its own.
    pub(crate) fn saved(&self) {
        // it only ends with the replica
        let _ = self.words.send(Word::Saved);
    }

    /// Remembers what a search found.
    pub(crate) fn found(&self, staff: StaffId, at_ms: i64, records: BTreeSet<RecordId>) {
        *lock(&self.found) = Some((staff, at_ms, records));
    }

    /// Says whether a person's last search found a record, and not before a moment.
    pub(crate) fn was_found(&self, staff: StaffId, record: RecordId, since_ms: i64) -> bool {
        lock(&self.found).as_ref().is_some_and(|(by, at, records)| {
            *by == staff && *at >= since_ms && records.contains(&record)
        })
    }

    /// Waits until everything noted before is written.
    pub(crate) fn settle(&self) {
        let (done, waiting) = mpsc::sync_channel(1);
        if self.words.send(Word::Settle(done)).is_ok() {
            // it ends without an answer only when the thread is gone
            let _ = waiting.recv();
        }
    }

    /// Writes what is left and ends.
    pub(crate) fn end(&self) {
        let _ = self.words.send(Word::End);
        if let Some(hand) = lock(&self.hand).take()
            && hand.join().is_err()
        {
            tracing::error!("Writing down who looked ended early");
        }
    }
}

fn write_down(store: &RwLock<Arc<Store>>, mirror: &Mirror, heard: &Receiver<Word>) {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let word = if entries.is_empty() {
            heard.recv().unwrap_or(Word::End)
        } else {
            // what could not be written is kept and tried again
            match heard.recv_timeout(AGAIN) {
                Ok(word) => word,
                Err(RecvTimeoutError::Timeout) => {
                    write_some(store, &mut entries);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => Word::End,
            }
        };
        let (answer, is_end) = gather(word, &mut entries, heard);
        write_some(store, &mut entries);
        copy(store, mirror);
        if let Some(answer) = answer {
            // whoever asked may have gone
            let _ = answer.send(());
        }
        if is_end {
            if !entries.is_empty() {
                tracing::error!(
                    count = entries.len(),
                    "Entries of who looked could not be written"
                );
            }
            return;
        }
    }
}

/// Takes what else comes in a moment, until somebody waits for it.
fn gather(
    first: Word,
    entries: &mut Vec<Entry>,
    heard: &Receiver<Word>,
) -> (Option<SyncSender<()>>, bool) {
    let mut word = first;
    loop {
        match word {
            Word::Note(entry) => entries.push(entry),
            Word::Saved => {}
            Word::Settle(answer) => return (Some(answer), false),
            Word::End => return (None, true),
        }
        if entries.len() >= AT_ONCE {
            return (None, false);
        }
        word = match heard.recv_timeout(GATHER) {
            Ok(word) => word,
            Err(RecvTimeoutError::Timeout) => return (None, false),
            Err(RecvTimeoutError::Disconnected) => return (None, true),
        };
    }
}

fn write_some(store: &RwLock<Arc<Store>>, entries: &mut Vec<Entry>) {
    while !entries.is_empty() {
        let some = entries.len().min(AT_ONCE);
        if let Err(error) = write_all(store, &entries[..some]) {
            tracing::error!(%error, count = entries.len(), "Could not write down who looked; it is tried again");
            return;
        }
        entries.drain(..some);
    }
}

fn write_all(store: &RwLock<Arc<Store>>, entries: &[Entry]) -> Result<()> {
    loop {
        let current = store.read().unwrap_or_else(PoisonError::into_inner).clone();
        let work =
            |db: &rusqlite::Transaction<'_>| entries.iter().try_for_each(|entry| note(db, entry));
        if current.write(Lasting::Yes, work)?.is_some() {
            return Ok(());
        }
    }
}

/// Brings the second copy of unsent work up to date.
fn copy(store: &RwLock<Arc<Store>>, mirror: &Mirror) {
    let current = store.read().unwrap_or_else(PoisonError::into_inner).clone();
    let copied = current.read(|db| {
        mirror.follow_audit(db);
        Ok(())
    });
    if let Err(error) = copied {
        tracing::warn!(%error, "Could not read what the second copy lacks");
    }
}
