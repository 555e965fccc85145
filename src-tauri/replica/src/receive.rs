//! What the hub took, applied here: one page of the feed in one transaction with the place it goes up to.

use crate::error::{Error, Result};
use crate::row::{self, Version};
use crate::store::Lasting;
use crate::{Replica, leaving, meta, outbox};
use rusqlite::{Connection, params};
use shared::document::{self, Merged};
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::wire::{FeedItem, FeedPage, Hash};
use shared::sync::{follow, judge};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a message of the feed could not be applied.
enum Trouble {
    /// The message is no good: it is put aside, the rest goes on.
    Message(String),
    /// The replica lacks what the message builds on: it is loaded anew.
    Replica(&'static str),
    /// The disk or database: the page is tried again later.
    World(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::World(error.into())
    }
}

impl Replica {
    /// Applies a page of the feed that was asked for from a place on. Safe to repeat.
    pub(crate) fn receive(&self, after: u64, page: &FeedPage) -> Result<()> {
        let now = self.now();
        let (changed, settled) = self.write(Lasting::Refetchable, |db| {
            let mut changed = BTreeSet::new();
            let mut settled = Vec::new();
            if meta::CURSOR.get(db)?.unwrap_or(0) != after {
                // applied by somebody else meanwhile
                return Ok((changed, settled));
            }
            if page.to != after + page.items.len() as u64 {
                return rebuild(db, "feed.gap").map(|()| (changed, settled));
            }
            for (item, place) in page.items.iter().zip(after + 1..) {
                match self.apply(db, item, &mut changed, &mut settled) {
                    Ok(()) => {}
                    Err(Trouble::World(error)) => return Err(error),
                    Err(Trouble::Message(reason)) => put_aside(db, place, item, &reason)?,
                    Err(Trouble::Replica(reason)) => {
                        put_aside(db, place, item, reason)?;
                        rebuild(db, reason)?;
                    }
                }
            }
            meta::CURSOR.set(db, &page.to)?;
            meta::AHEAD.set(db, &(now.0 - page.now_ms))?;
            if !page.more {
                meta::SYNCED.set(db, &now.0)?;
            }
            Ok((changed, settled))
        })?;
        if !settled.is_empty() {
            self.read(|db| {
                self.0.mirror.follow(db, &settled);
                Ok(())
            })?;
        }
        self.tell(&changed);
        let is_leaving = |item: &FeedItem| matches!(item, FeedItem::Forget { .. });
        if !settled.is_empty() || page.items.iter().any(is_leaving) {
            self.forget_what_left()?;
        }
        Ok(())
    }

    fn apply(
        &self,
        db: &Connection,
        item: &FeedItem,
        changed: &mut BTreeSet<(Kind, RecordId)>,
        settled: &mut Vec<i64>,
    ) -> Result<(), Trouble> {
        match item {
            FeedItem::Change {
                kind,
                record,
                change,
            } => {
                let kind = known(*kind)?;
                leaving::came_back(db, *record)?;
                let hash = apply_change(db, kind, *record, change)?;
                settled.extend(settle(db, &hash)?.map(|(lseq, _)| lseq));
                changed.insert((kind, *record));
            }
            FeedItem::Whole {
                kind, record, doc, ..
            } => {
                let kind = known(*kind)?;
                leaving::came_back(db, *record)?;
                settled.extend(self.apply_whole(db, kind, *record, doc)?);
                changed.insert((kind, *record));
            }
            FeedItem::Forget { kind, record } => {
                leaving::note(db, known(*kind)?, *record)?;
            }
            FeedItem::Echo { hash } => {
                if let Some((lseq, what)) = settle(db, hash)? {
                    settled.push(lseq);
                    changed.insert(what);
                }
            }
        }
        Ok(())
    }

    /// Takes a record whole, and puts what is unsent of it on top.
    fn apply_whole(
        &self,
        db: &Connection,
        kind: Kind,
        id: RecordId,
        doc: &[u8],
    ) -> Result<Vec<i64>, Trouble> {
        let before = row::stored(db, kind, id)?;
        // what the hub took since it wrote this page is only in ours
        let ours = before
            .as_ref()
            .and_then(|before| document::changes(&before.doc, &before.heads.0).ok())
            .unwrap_or_default();
        let merged = guarded(|| document::merge(kind, Some(doc), &ours))?;
        let (by, at) = last_author(kind, &merged.doc);
        row::put(db, &Version::of(kind, id, &merged, by, at), before.as_ref())?;
        let unsent = outbox::of_record(db, id)?;
        self.apply_again(db, &unsent)?;
        Ok(unsent.iter().map(|item| item.lseq).collect())
    }
}

fn known(kind: u8) -> Result<Kind, Trouble> {
    Kind::from_number(kind).ok_or_else(|| Trouble::Message("kind.unknown".into()))
}

/// Takes one change of a record; returns its hash.
fn apply_change(db: &Connection, kind: Kind, id: RecordId, change: &[u8]) -> Result<Hash, Trouble> {
    let seen = judge::inspect(change).map_err(|problem| Trouble::Message(problem.code))?;
    let before = row::stored(db, kind, id)?;
    if before.is_none() && !seen.deps.is_empty() {
        return Err(Trouble::Replica("feed.record_missing"));
    }
    let short = before.as_ref().and_then(|before| {
        let clock = before.clock.as_ref()?;
        let row::Stored {
            doc,
            body,
            heads,
            conflicts,
            ..
        } = before;
        follow::apply(
            kind,
            &follow::Stored {
                saved: follow::Saved::Whole(doc),
                body,
                heads,
                clock,
                conflicts: *conflicts,
            },
            &seen,
        )
    });
    let merged = match short {
        Some(merged) => merged,
        None => guarded(|| {
            document::merge(
                kind,
                before.as_ref().map(|before| before.doc.as_slice()),
                &[change.to_vec()],
            )
        })?,
    };
    if !merged.missing.is_empty() {
        return Err(Trouble::Replica("feed.parents_missing"));
    }
    row::put(
        db,
        &Version::of(kind, id, &merged, seen.staff, seen.at_s),
        before.as_ref(),
    )?;
    Ok(seen.hash)
}

/// Runs work on a document from elsewhere. A document that brings the library down blocks itself alone.
fn guarded(
    work: impl FnOnce() -> Result<Merged, document::DocumentError>,
) -> Result<Merged, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(merged)) => Ok(merged),
        Ok(Err(error)) => Err(Trouble::Message(error.to_string())),
        Err(_) => Err(Trouble::Message("record.damaged".into())),
    }
}

/// Takes a change out of the outbox: the hub has it.
pub(crate) fn settle(db: &Connection, hash: &Hash) -> Result<Option<(i64, (Kind, RecordId))>> {
    let Some(item) = outbox::place(db, hash)?
        .map(|lseq| outbox::get(db, lseq))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    outbox::remove(db, item.lseq)?;
    Ok(Some((item.lseq, (item.kind, item.record))))
}

/// Returns who changed a document last, and when.
pub(crate) fn last_author(kind: Kind, doc: &[u8]) -> (Option<shared::ids::StaffId>, i64) {
    let newest = document::history(kind, doc)
        .ok()
        .and_then(|history| history.into_iter().next());
    let at = newest
        .as_ref()
        .and_then(|entry| entry.at.parse::<jiff::Timestamp>().ok());
    (
        newest.and_then(|entry| entry.staff),
        at.map_or(0, jiff::Timestamp::as_second),
    )
}

/// Notes that the replica has to be loaded anew, and why.
pub(crate) fn rebuild(db: &Connection, reason: &str) -> Result<()> {
    tracing::warn!(reason, "The replica is to be loaded anew from the hub");
    meta::REBUILD.set(db, &reason.to_owned())
}

fn put_aside(db: &Connection, place: u64, item: &FeedItem, reason: &str) -> Result<()> {
    let (kind, record, bytes): (u8, RecordId, &[u8]) = match item {
        FeedItem::Change {
            kind,
            record,
            change,
        } => (*kind, *record, change),
        FeedItem::Whole {
            kind, record, doc, ..
        } => (*kind, *record, doc),
        FeedItem::Forget { kind, record } => (*kind, *record, &[]),
        FeedItem::Echo { hash } => (0, RecordId(uuid::Uuid::nil()), hash),
    };
    tracing::error!(record.id = %record, feed.seq = place, reason, "Put a message of the feed aside");
    let sql = "insert or replace into set_aside (place, kind, record, reason, bytes) values (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        place.cast_signed(),
        kind,
        record.0.as_bytes(),
        reason,
        bytes
    ])?;
    Ok(())
}
