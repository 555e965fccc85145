//! What the hub said of changes that were sent, marked in one transaction per answer.

use crate::error::{Error, Result};
use crate::outbox::Item;
use crate::store::Lasting;
use crate::{Replica, meta, outbox, row};
use rusqlite::Connection;
use shared::document::{self, Hash};
use shared::ids::{DeviceId, RecordId};
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::judge;
use shared::sync::wire::{Envelope, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// How often a change is sent again because the hub lacks what it builds on, before a person has to look.
const PARKED_AT_MOST: u32 = 6;

/// Who a push comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) device: DeviceId,
    pub(crate) incarnation: u16,
}

impl Sender {
    pub(crate) fn of(db: &Connection) -> Result<Self> {
        Ok(Self {
            device: meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?.id,
            incarnation: meta::INCARNATION.get(db)?.unwrap_or(0),
        })
    }
}

/// What to send next.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) sender: Sender,
    pub(crate) items: Vec<Item>,
    /// The records of which nothing waits behind these.
    pub(crate) covered: Vec<RecordId>,
}

/// What one answer did.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) accepted: u64,
    pub(crate) held: u64,
    /// Changes the hub asked for: to be sent before the rest.
    pub(crate) asked_for: Vec<Envelope>,
}

impl Replica {
    /// Returns the next changes to send after a place; nothing when the replica has to be loaded anew first.
    pub(crate) fn next_push(&self, after: i64) -> Result<Option<Next>> {
        self.read(|db| {
            if self.must_restart(db)? {
                return Ok(None);
            }
            let sender = Sender::of(db)?;
            let items = outbox::next(db, after)?;
            let last = items.last().map_or(0, |item| item.lseq);
            let records: BTreeSet<RecordId> = items.iter().map(|item| item.record).collect();
            let mut covered = Vec::new();
            for record in records {
                if !outbox::has_later(db, record, last)? {
                    covered.push(record);
                }
            }
            Ok(Some(Next {
                sender,
                items,
                covered,
            }))
        })
    }

    /// Marks what the hub said of changes, all at once.
    pub(crate) fn answered(&self, items: &[Item], verdicts: &[Verdict]) -> Result<Answered> {
        if items.len() != verdicts.len() {
            return Err(Error::Nonsense("not one verdict per change"));
        }
        let (answered, touched, changed) = self.write(Lasting::Refetchable, |db| {
            self.0.line.note(db)?;
            let mut answered = Answered::default();
            if all_taken(verdicts) && outbox::is_just(db, items)? {
                outbox::clear(db)?;
                answered.accepted = items.len() as u64;
                let places = items.iter().map(|item| item.lseq).collect();
                let changed = items.iter().map(|item| (item.kind, item.record)).collect();
                return Ok((answered, places, changed));
            }
            let mut touched: Vec<i64> = Vec::new();
            let mut changed: BTreeSet<(Kind, RecordId)> = BTreeSet::new();
            let mut refused: BTreeMap<RecordId, BTreeMap<Hash, Vec<Problem>>> = BTreeMap::new();
            for (item, verdict) in items.iter().zip(verdicts) {
                changed.insert((item.kind, item.record));
                touched.push(item.lseq);
                match verdict {
                    Verdict::Taken | Verdict::Had => {
                        answered.accepted += 1;
                        // by hash: what waits at this place now may be another change
                        if outbox::place(db, &item.hash)? == Some(item.lseq) {
                            outbox::remove(db, item.lseq)?;
                        }
                    }
                    Verdict::Held { problems } | Verdict::Refused { problems } => {
                        answered.held += 1;
                        refused
                            .entry(item.record)
                            .or_default()
                            .insert(item.hash, problems.clone());
                    }
                    Verdict::Parked { missing } => match parked(db, item, missing)? {
                        Parked::Ask(envelopes) => answered.asked_for.extend(envelopes),
                        Parked::Wait => {}
                        Parked::GiveUp(problem) => {
                            answered.held += 1;
                            refused
                                .entry(item.record)
                                .or_default()
                                .insert(item.hash, vec![problem]);
                        }
                    },
                }
            }
            for (record, why) in &refused {
                touched.extend(self.refuse(db, *record, why)?);
            }
            Ok((answered, touched, changed))
        })?;
        self.0.flight.landed(
            &changed
                .iter()
                .map(|(_, record)| *record)
                .collect::<Vec<_>>(),
        );
        self.read(|db| {
            self.0.mirror.follow(db, &touched);
            if answered.held > 0 {
                self.0.mirror.follow_held(db);
            }
            Ok(())
        })?;
        self.tell(&changed);
        Ok(answered)
    }

    /// Notes why changes could not be sent, for the list of what waits.
    pub(crate) fn not_sent(&self, items: &[Item], code: Option<String>) -> Result<()> {
        let places: Vec<i64> = items.iter().map(|item| item.lseq).collect();
        self.0
            .flight
            .landed(&items.iter().map(|item| item.record).collect::<Vec<_>>());
        let is_known = self.read(|db| {
            let sql = "select error from outbox where lseq = ?1";
            let first: Option<Option<String>> = db
                .prepare_cached(sql)?
                .query_map([places.first()], |row| row.get(0))?
                .next()
                .transpose()?;
            Ok(first.is_none_or(|known| known == code))
        })?;
        if !is_known {
            self.write(Lasting::Refetchable, |db| {
                outbox::note_error(db, &places, code.as_deref())
            })?;
        }
        self.tell_status();
        Ok(())
    }
}

fn all_taken(verdicts: &[Verdict]) -> bool {
    verdicts
        .iter()
        .all(|verdict| matches!(verdict, Verdict::Taken | Verdict::Had))
}

enum Parked {
    /// Sent again behind these.
    Ask(Vec<Envelope>),
    /// What it builds on waits too and is answered first.
    Wait,
    GiveUp(Problem),
}

fn parked(db: &Connection, item: &Item, missing: &[Hash]) -> Result<Parked> {
    let mut unsent = false;
    for hash in missing {
        unsent |= outbox::place(db, hash)?.is_some();
    }
    // the hub lost them, or never had them: they are in our document
    let changes = match row::stored(db, item.kind, item.record)? {
        Some(stored) => document::changes(&stored.doc, missing)?,
        None => Vec::new(),
    };
    let device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
    let seen = |change: Vec<u8>| Some((judge::inspect(&change).ok()?, change));
    let (own, others): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .filter_map(seen)
        .partition(|(seen, _)| seen.device == device.number);
    let is_elsewhere = others.iter().any(|(seen, _)| missing.contains(&seen.hash));
    if is_elsewhere {
        // only the desk that made them can give them back to a hub that lost them
        outbox::note_error(db, &[item.lseq], Some("change.parents_elsewhere"))?;
    } else {
        outbox::note_parked(db, item.lseq)?;
        if item.parked >= PARKED_AT_MOST {
            return Ok(Parked::GiveUp(Problem::new("change.parents_missing", "")));
        }
    }
    if unsent || (own.is_empty() && is_elsewhere) {
        return Ok(Parked::Wait);
    }
    if own.is_empty() {
        return Ok(Parked::GiveUp(Problem::new("change.parents_missing", "")));
    }
    let envelope = |(_, change)| Envelope {
        kind: item.kind.number(),
        record: item.record,
        change,
    };
    Ok(Parked::Ask(own.into_iter().map(envelope).collect()))
}
