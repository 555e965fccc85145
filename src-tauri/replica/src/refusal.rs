//! A change the hub did not take: taken out of the record, kept for a person, and what came after it made again.

use crate::error::Result;
use crate::held::{self, Kept};
use crate::outbox::Item;
use crate::receive::last_author;
use crate::row::{self, Version};
use crate::save::put_edited;
use crate::{Replica, meta, outbox};
use rusqlite::Connection;
use serde_json::Value;
use shared::clock::Now;
use shared::document::{self, Hash, Heads, Stamp};
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::Kind;
use shared::sync::judge;
use std::collections::{BTreeMap, BTreeSet};

impl Replica {
    /// Takes refused changes of one record out of it. Everything that waits after them is written again on what is left,
    /// under a new actor, so that it does not depend on them. Returns the places that were touched.
    pub(crate) fn refuse(
        &self,
        db: &Connection,
        record: RecordId,
        why: &BTreeMap<Hash, Vec<Problem>>,
    ) -> Result<Vec<i64>> {
        let items = outbox::of_record(db, record)?;
        let Some(kind) = items.first().map(|item| item.kind) else {
            return Ok(Vec::new());
        };
        let touched = items.iter().map(|item| item.lseq).collect();
        let (refused, later, kept) = sort_out(items, why);
        debug_assert!(kept.iter().all(|item| !why.contains_key(&item.hash)));
        let hashes: Vec<Hash> = refused.iter().map(|item| item.hash).collect();
        let before = row::stored(db, kind, record)?;
        let rest = before
            .as_ref()
            .map(|b| document::without(kind, &b.doc, &hashes))
            .transpose()?
            .flatten();
        let (Some(before), Some(rest)) = (before, rest) else {
            hold_whole(db, kind, record, refused, later, why)?;
            return Ok(touched);
        };
        let (by, at) = last_author(kind, &rest.doc);
        row::put(db, &Version::of(kind, record, &rest, by, at), Some(&before))?;
        // what a change was written on, once refused changes are gone and later ones made again
        let mut now: BTreeMap<Hash, Vec<Hash>> = BTreeMap::new();
        for item in refused {
            now.insert(item.hash, base_of(&now, &item).0);
            let fields = held::fields(&rest.body, &item.writes);
            outbox::remove(db, item.lseq)?;
            held::put(
                db,
                &keep(
                    &item,
                    fields,
                    why.get(&item.hash).cloned().unwrap_or_default(),
                ),
            )?;
        }
        meta::next_incarnation(db)?;
        for item in later {
            let (hash, base) = (item.hash, base_of(&now, &item));
            let again = self.write_again(db, item, Some(&base))?;
            now.insert(hash, again.map_or(base.0, |hash| vec![hash]));
        }
        Ok(touched)
    }

    /// Takes out of a record what the hub wrote and has forgotten. What waits and builds on it is made again on what is
    /// left, under a new actor. Returns the places that were touched.
    pub(crate) fn forget_too(
        &self,
        db: &Connection,
        (kind, record): (Kind, RecordId),
        forgotten: &[Hash],
    ) -> Result<Vec<i64>> {
        let lost = || vec![Problem::new("change.parents_missing", "")];
        let why = forgotten.iter().map(|hash| (*hash, lost())).collect();
        let (_, later, _) = sort_out(outbox::of_record(db, record)?, &why);
        let touched = later.iter().map(|item| item.lseq).collect();
        let before = row::stored(db, kind, record)?;
        let rest = before
            .as_ref()
            .map(|b| document::without(kind, &b.doc, forgotten))
            .transpose()?
            .flatten();
        let (Some(before), Some(rest)) = (before, rest) else {
            if later.is_empty() {
                // the hub began it: nobody else has it any more
                return Ok(touched);
            }
            let why = later.iter().map(|item| (item.hash, lost())).collect();
            hold_whole(db, kind, record, later, Vec::new(), &why)?;
            return Ok(touched);
        };
        let (by, at) = last_author(kind, &rest.doc);
        row::put(db, &Version::of(kind, record, &rest, by, at), Some(&before))?;
        if !later.is_empty() {
            meta::next_incarnation(db)?;
        }
        for item in later {
            self.write_again(db, item, None)?;
        }
        Ok(touched)
    }

    /// Makes a change again on a version of its record, or on the newest, as the same person at the same time. Returns the
    /// hash it has now; nothing when nothing is left of it.
    pub(crate) fn write_again(
        &self,
        db: &Connection,
        item: Item,
        base: Option<&Heads>,
    ) -> Result<Option<Hash>> {
        let Some(stored) = row::stored(db, item.kind, item.record)? else {
            return Ok(None);
        };
        let stamp = Stamp {
            now: Now(item.at_ms),
            ..self.stamp(db, item.staff)?
        };
        match document::write(item.kind, &stored.doc, &item.writes, base, &stamp)? {
            Some(edited) => {
                put_edited(
                    db,
                    item.kind,
                    item.record,
                    Some(&stored),
                    &edited,
                    item.staff,
                    Now(item.at_ms),
                )?;
                let again = Item {
                    base: stored.heads,
                    is_new: false,
                    ..item.rewritten(&edited)
                };
                outbox::put(db, &again)?;
                Ok(Some(edited.hash))
            }
            // nothing is left of it to write: others wrote the same
            None => {
                outbox::remove(db, item.lseq)?;
                Ok(None)
            }
        }
    }

    /// Brings unsent changes into records that came from elsewhere: as they are where what they build on is there,
    /// otherwise made again. Those whose record is not there wait for it.
    pub(crate) fn apply_again(&self, db: &Connection, items: &[Item]) -> Result<()> {
        let mut is_new_actor = false;
        for item in items {
            let stored = row::stored(db, item.kind, item.record)?;
            let doc = stored.as_ref().map(|stored| stored.doc.as_slice());
            let begins = judge::inspect(&item.change).is_ok_and(|seen| seen.deps.is_empty());
            if doc.is_none() && !begins {
                outbox::put(db, item)?;
                continue;
            }
            let merged = document::merge(item.kind, doc, std::slice::from_ref(&item.change));
            match merged.ok().filter(|merged| merged.missing.is_empty()) {
                Some(merged) => {
                    if stored
                        .as_ref()
                        .is_none_or(|stored| stored.heads != merged.heads)
                    {
                        let version = Version::of(
                            item.kind,
                            item.record,
                            &merged,
                            Some(item.staff),
                            Now(item.at_ms).seconds(),
                        );
                        row::put(db, &version, stored.as_ref())?;
                    }
                    outbox::put(db, item)?;
                }
                None => {
                    if !is_new_actor {
                        meta::next_incarnation(db)?;
                        is_new_actor = true;
                    }
                    outbox::put(db, item)?;
                    self.write_again(db, item.clone(), None)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns what a change builds on, where its parents were refused or made again.
fn base_of(now: &BTreeMap<Hash, Vec<Hash>>, item: &Item) -> Heads {
    let deps = judge::inspect(&item.change).map_or_else(|_| Vec::new(), |seen| seen.deps);
    let moved = |dep: Hash| now.get(&dep).cloned().unwrap_or_else(|| vec![dep]);
    let mut base: Vec<Hash> = deps.into_iter().flat_map(moved).collect();
    base.sort_unstable();
    base.dedup();
    Heads(base)
}

/// Parts what waits of a record into what was refused, what builds on that, and what does not.
fn sort_out(
    items: Vec<Item>,
    why: &BTreeMap<Hash, Vec<Problem>>,
) -> (Vec<Item>, Vec<Item>, Vec<Item>) {
    let mut gone: BTreeSet<Hash> = why.keys().copied().collect();
    let (mut refused, mut later, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let deps = judge::inspect(&item.change)
            .map(|seen| seen.deps)
            .unwrap_or_default();
        if why.contains_key(&item.hash) {
            refused.push(item);
        } else if deps.iter().any(|dep| gone.contains(dep)) {
            gone.insert(item.hash);
            later.push(item);
        } else {
            kept.push(item);
        }
    }
    (refused, later, kept)
}

/// Holds a record whose first change was refused, with all that came after: one piece of work for one person.
fn hold_whole(
    db: &Connection,
    kind: Kind,
    record: RecordId,
    refused: Vec<Item>,
    later: Vec<Item>,
    why: &BTreeMap<Hash, Vec<Problem>>,
) -> Result<()> {
    let mut all: Vec<Item> = refused.into_iter().chain(later).collect();
    all.sort_by_key(|item| item.lseq);
    let mut problems: Vec<Problem> = Vec::new();
    for problem in all.iter().filter_map(|item| why.get(&item.hash)).flatten() {
        if !problems.contains(problem) {
            problems.push(problem.clone());
        }
    }
    for item in &all {
        outbox::remove(db, item.lseq)?;
    }
    let Some(first) = all.first() else {
        return Ok(());
    };
    let writes: Vec<_> = all.iter().flat_map(|item| item.writes.clone()).collect();
    let is_here = row::stored(db, kind, record)?.is_some();
    let fields = held::fields(&Value::Null, &writes);
    held::put(
        db,
        &Kept {
            writes,
            is_new: is_here || first.is_new,
            ..keep(first, fields, problems)
        },
    )?;
    row::erase(db, record)
}

fn keep(item: &Item, fields: Vec<shared::desk::FieldChange>, problems: Vec<Problem>) -> Kept {
    Kept {
        // named after the change, so that hearing the same refusal twice keeps one
        id: shared::sync::wire::hex(&item.hash),
        kind: item.kind,
        record: item.record,
        writes: item.writes.clone(),
        fields,
        problems,
        staff: item.staff,
        at_ms: item.at_ms,
        is_new: item.is_new,
        is_withdrawn: false,
    }
}
