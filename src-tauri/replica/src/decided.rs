//! What a person at the hub decided about held work of this desk: it is settled here, or says why it was refused.

use crate::error::Result;
use crate::held::{self, Kept};
use crate::hub::Hub;
use crate::store::Lasting;
use crate::{Replica, outbox, row};
use rusqlite::Connection;
use shared::clock::Now;
use shared::document::{self, Stamp, Write};
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::judge;
use shared::sync::wire::{Decided, unhex};
use std::collections::BTreeSet;

/// What a held item says once it was refused.
const REFUSED: &str = "held.refused";

/// Asks what was decided, when there is anything that could have been.
pub(crate) async fn hear(replica: &Replica, hub: &Hub) -> Result<()> {
    let asking = replica.clone();
    let waits =
        tokio::task::spawn_blocking(move || asking.read(|db| Ok(!undecided(db)?.is_empty())))
            .await??;
    if !waits {
        return Ok(());
    }
    let decided: Vec<Decided> = hub.json("/sync/v1/held", replica.now()).await?;
    let settling = replica.clone();
    tokio::task::spawn_blocking(move || settling.settle_held(&decided)).await?
}

fn undecided(db: &Connection) -> Result<Vec<Kept>> {
    let is_open = |kept: &Kept| kept.problems.iter().all(|problem| problem.code != REFUSED);
    Ok(held::all(db)?.into_iter().filter(is_open).collect())
}

impl Replica {
    /// Settles held work that was decided. Safe to repeat.
    pub(crate) fn settle_held(&self, decided: &[Decided]) -> Result<()> {
        let changed = self.write(Lasting::Yes, |db| {
            let mut changed: BTreeSet<(Kind, RecordId)> = BTreeSet::new();
            for kept in undecided(db)? {
                let Some(decision) = decided.iter().find(|one| one.hash == kept.id) else {
                    continue;
                };
                let (kind, record) = (kept.kind, kept.record);
                let is_settled = if decision.is_released {
                    self.released(db, kept)?
                } else {
                    refused(db, kept, decision)?;
                    true
                };
                if is_settled {
                    changed.insert((kind, record));
                }
            }
            Ok(changed)
        })?;
        if changed.is_empty() {
            return Ok(());
        }
        self.read(|db| {
            self.0.mirror.follow_held(db);
            self.0.mirror.follow(db, &places(db)?);
            Ok(())
        })?;
        self.tell(&changed);
        self.0.nudge.notify_one();
        Ok(())
    }

    /// Drops held work that is part of the record by now. What was typed after it goes on as unsent work. Says whether
    /// the record has come already.
    fn released(&self, db: &Connection, kept: Kept) -> Result<bool> {
        let Some(stored) = row::stored(db, kept.kind, kept.record)? else {
            return Ok(false);
        };
        let hash = unhex(&kept.id).and_then(|bytes| bytes.try_into().ok());
        let change = match hash {
            Some(hash) => document::changes(&stored.doc, &[hash])?.pop(),
            None => None,
        };
        let Some(change) = change else {
            return Ok(false);
        };
        let later = later_than(&change, &kept.writes);
        held::remove(db, &kept.id)?;
        let stamp = Stamp {
            now: Now(kept.at_ms),
            ..self.stamp(db, kept.staff)?
        };
        let edited = document::write(kept.kind, &stored.doc, &later, None, &stamp)?;
        if let Some(edited) = edited {
            let (kind, record, base) = (kept.kind, kept.record, stored.heads.clone());
            self.keep_unchecked(db, kind, record, Some(&stored), &edited, base, kept.staff)?;
        }
        Ok(true)
    }
}

/// Leaves what was refused where it is, to be put right or withdrawn, and says who refused it and why.
fn refused(db: &Connection, mut kept: Kept, decision: &Decided) -> Result<()> {
    let problem = Problem::new(REFUSED, "")
        .with("who", &decision.by)
        .with("reason", &decision.reason);
    kept.problems.push(problem);
    held::put(db, &kept)
}

/// Returns what was written after a change: everything but the first write of each path that the change has.
fn later_than(change: &[u8], writes: &[Write]) -> Vec<Write> {
    let mut of_change: Vec<String> = judge::inspect(change)
        .map(|seen| seen.writes.into_iter().map(|write| write.path).collect())
        .unwrap_or_default();
    let mut later = Vec::new();
    for write in writes {
        match of_change.iter().position(|path| *path == write.path) {
            Some(place) => drop(of_change.swap_remove(place)),
            None => later.push(write.clone()),
        }
    }
    later
}

fn places(db: &Connection) -> Result<Vec<i64>> {
    Ok(outbox::all(db)?.iter().map(|item| item.lseq).collect())
}
