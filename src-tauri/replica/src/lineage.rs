//! What a desk does when the hub was put back from a backup: it goes back to the place that both still share, and gives
//! back every change of its own that the hub lost. Nothing that a person was told is accepted rests on the hub alone.

use crate::error::{Error, Result};
use crate::exchange::blocking;
use crate::hub::Hub;
use crate::outbox::Item;
use crate::payments::receipts;
use crate::store::Lasting;
use crate::{Replica, meta, outbox, row};
use rusqlite::Connection;
use shared::document::{self, Heads};
use shared::ids::{DeviceNumber, HUB_NUMBER, RecordId};
use shared::record::Kind;
use shared::sync::judge;
use shared::sync::lineage::{HASHES, Hashes, Lineage};
use shared::sync::wire::{self, Hash};
use std::collections::BTreeSet;

/// Records that are looked through at a time.
const RECORDS: usize = 500;

/// A change of this desk, or of the hub itself, with the record it is part of.
struct Made {
    kind: Kind,
    record: RecordId,
    hash: Hash,
    change: Vec<u8>,
}

/// Records that were looked through, and where the next begin.
struct Page {
    own: Vec<Made>,
    /// What the hub wrote: it decides anew what it forgot, perhaps otherwise.
    hubs: Vec<Made>,
    next: i64,
}

/// Asks of which lineage the hub is, and goes back with it if it was put back.
pub(crate) async fn settle(replica: &Replica, hub: &Hub) -> Result<()> {
    let (known, after) = blocking(replica, |replica| {
        replica.read(|db| Ok((meta::LINEAGE.get(db)?, meta::CURSOR.get(db)?.unwrap_or(0))))
    })
    .await?;
    let of = known.map(|id| format!("&of={id}")).unwrap_or_default();
    let path = format!("/sync/v1/lineage?after={after}{of}");
    match hub.json(&path, replica.now()).await {
        Ok(lineage) => blocking(replica, move |replica| replica.enter(lineage)).await,
        // a hub of the version before knows of no lineages
        Err(Error::Refused { status: 404, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says whether the hub still has to be asked which of this desk's changes it lost, or of which lineage it is.
pub(crate) fn is_due(db: &Connection) -> Result<bool> {
    Ok(meta::LINEAGE.get(db)?.is_none() || meta::GIVING_BACK.get(db)?.is_some())
}

/// Gives back what the hub lost of this desk's changes: they wait in the outbox again. Goes on where it was cut short.
pub(crate) async fn give_back(replica: &Replica, hub: &Hub) -> Result<()> {
    loop {
        let page = blocking(replica, Replica::own_changes).await?;
        let Some(page) = page else {
            return Ok(());
        };
        let mut missing = BTreeSet::new();
        let all: Vec<&Made> = page.own.iter().chain(&page.hubs).collect();
        for some in all.chunks(HASHES) {
            let asked: Hashes = some.iter().map(|made| made.hash).collect();
            let answer: Hashes = hub
                .post_frame("/sync/v1/missing", replica.now(), wire::encode(&asked))
                .await?;
            missing.extend(answer.iter());
        }
        blocking(replica, move |replica| replica.wait_again(page, &missing)).await?;
    }
}

impl Replica {
    /// Goes back to the place that is shared with a lineage, unless it is the one that is known.
    pub(crate) fn enter(&self, lineage: Lineage) -> Result<()> {
        let is_back = self.write(Lasting::Yes, |db| {
            let (known, cursor) = (meta::LINEAGE.get(db)?, meta::CURSOR.get(db)?);
            if known == Some(lineage.id) {
                return Ok(false);
            }
            meta::LINEAGE.set(db, &lineage.id)?;
            let is_back = known.is_some() || cursor.is_some_and(|cursor| lineage.shared < cursor);
            if !is_back {
                return Ok(false);
            }
            if let Some(cursor) = cursor {
                meta::CURSOR.set(db, &cursor.min(lineage.shared))?;
            }
            // a hub that was put back may have lent to others since what it lent here
            meta::LENT.clear(db)?;
            meta::GIVING_BACK.set(db, &0)?;
            meta::NOTICE.set(db, &"hub.put_back".to_owned())?;
            // what the hub still has in its books it posts only once
            receipts::tell_again(db)?;
            // what the hub still has of the log it takes only once
            db.execute("update audit set is_sent = 0 where is_sent = 1", [])?;
            Ok(true)
        })?;
        if is_back {
            self.0.line.unsettle();
            tracing::warn!(lineage = %lineage.id, "The hub was put back from a backup; this desk gives back what it has");
            self.tell_reloaded();
        }
        Ok(())
    }

    /// Returns the changes by this desk and by the hub of the next records; nothing when all were looked through.
    fn own_changes(&self) -> Result<Option<Page>> {
        self.read(|db| {
            let (Some(after), Some(device)) = (meta::GIVING_BACK.get(db)?, meta::DEVICE.get(db)?)
            else {
                return Ok(None);
            };
            let sql = "select key, kind, id from record where key > ?1 order by key limit ?2";
            let mut statement = db.prepare_cached(sql)?;
            let ids = statement.query_map((after, RECORDS as i64), |row| {
                let id = RecordId(row::uuid(row.get_ref(2)?.as_blob()?));
                Ok((row.get::<_, i64>(0)?, row::kind(row.get(1)?), id))
            })?;
            let mut page = Page {
                own: Vec::new(),
                hubs: Vec::new(),
                next: after,
            };
            for found in ids {
                let (key, kind, record) = found?;
                page.next = key;
                let Some(stored) = row::stored(db, kind, record)? else {
                    continue;
                };
                let made = |number| made_by(kind, record, &stored.doc, number);
                page.own.extend(made(device.number)?);
                page.hubs.extend(made(HUB_NUMBER)?);
            }
            Ok(Some(page))
        })
    }

    /// Puts what is missing at the hub into the outbox, forgets what the hub has forgotten of its own, and notes how far
    /// this desk has looked.
    fn wait_again(&self, page: Page, missing: &BTreeSet<Hash>) -> Result<()> {
        let (waiting, touched, told) = self.write(Lasting::Yes, |db| {
            let (mut waiting, mut told) = (Vec::new(), BTreeSet::new());
            for own in &page.own {
                if !missing.contains(&own.hash) || outbox::place(db, &own.hash)?.is_some() {
                    continue;
                }
                let Some(mut item) = item(own) else { continue };
                item.lseq = outbox::put(db, &item)?;
                told.insert((own.kind, own.record));
                waiting.push(item);
            }
            let mut touched = Vec::new();
            for hubs in page.hubs.chunk_by(|one, other| one.record == other.record) {
                let lost = hubs.iter().map(|made| made.hash);
                let lost: Vec<Hash> = lost.filter(|hash| missing.contains(hash)).collect();
                let Some(of) = hubs.first().filter(|_| !lost.is_empty()) else {
                    continue;
                };
                touched.extend(self.forget_too(db, (of.kind, of.record), &lost)?);
                told.insert((of.kind, of.record));
            }
            if meta::GIVING_BACK.get(db)? == Some(page.next) {
                meta::GIVING_BACK.clear(db)?;
            } else {
                meta::GIVING_BACK.set(db, &page.next)?;
            }
            Ok((waiting, touched, told))
        })?;
        self.0.mirror.note(&waiting);
        self.read(|db| {
            self.0.mirror.follow(db, &touched);
            Ok(())
        })?;
        self.tell(&told);
        Ok(())
    }
}

/// Returns the changes of a record that a device made.
fn made_by(
    kind: Kind,
    record: RecordId,
    doc: &[u8],
    number: DeviceNumber,
) -> Result<impl Iterator<Item = Made>> {
    let changes = document::changes_of(doc, number)?;
    Ok(changes.into_iter().filter_map(move |change| {
        let hash = judge::inspect(&change).ok()?.hash;
        Some(Made {
            kind,
            record,
            hash,
            change,
        })
    }))
}

/// Makes a change wait that was accepted once. Nothing when nobody is named in it: then no person made it.
fn item(own: &Made) -> Option<Item> {
    let seen = judge::inspect(&own.change).ok()?;
    Some(Item {
        lseq: 0,
        kind: own.kind,
        record: own.record,
        hash: own.hash,
        change: own.change.clone(),
        writes: seen.writes,
        is_new: seen.deps.is_empty(),
        base: Heads(seen.deps),
        staff: seen.staff?,
        at_ms: seen.at_s * 1_000,
        parked: 0,
    })
}
