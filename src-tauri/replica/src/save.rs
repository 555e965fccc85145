//! What a person writes at this desk: decided here, safe on this computer when the answer comes.

use crate::audit;
use crate::draft::{is_same, laid_over};
use crate::error::{Disk, Error, Result};
use crate::outbox::Item;
use crate::row::{self, Stored, Version};
use crate::store::Lasting;
use crate::{Replica, held, meta, outbox};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use shared::access::{Action, Actor, may};
use shared::audit::entry::What;
use shared::clock::Now;
use shared::desk::{Checked, Row, Save, SaveAnswer};
use shared::document::{self, Edited, Heads, Stamp, Write, draft_of};
use shared::ids::{RecordId, StaffId, WardId};
use shared::patients::Patient;
use shared::prescriptions::{self, Prescription};
use shared::problem::Problem;
use shared::record::{self, Kind};
use shared::sync::{allow, judge};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One edit about to be stored.
struct Edit<'a> {
    kind: Kind,
    id: RecordId,
    stored: Option<&'a Stored>,
    base: Heads,
    /// The record as its author sees it, to be checked.
    seen: Value,
    edited: Edited,
}

impl Edit<'_> {
    /// Returns the record as its author saw it; nothing of one that is being made.
    fn before(&self) -> Result<Cow<'_, Value>> {
        let Some(stored) = self.stored else {
            return Ok(Cow::Owned(Value::Null));
        };
        if self.base == stored.heads {
            return Ok(Cow::Borrowed(&stored.body));
        }
        let body = document::body_at(self.kind, &stored.doc, &self.base)?;
        Ok(Cow::Owned(body))
    }
}

impl Replica {
    /// Says what is wrong with a draft, and what to think of before saving it.
    pub fn check(&self, kind: Kind, id: Option<RecordId>, draft: &Value) -> Result<Checked> {
        let problems = match self.as_saved(kind, draft)? {
            Ok(draft) => {
                let mut problems = judge::problems(kind, &draft, self.today());
                if kind == Kind::Appointment {
                    problems.extend(self.advice(id, &draft)?);
                }
                problems
            }
            Err(problems) => problems,
        };
        let prescription: Option<Prescription> = match kind {
            Kind::Prescription => record::parse(draft).ok(),
            Kind::Patient | Kind::Appointment => None,
        };
        let Some((prescription, patient)) =
            prescription.and_then(|p| p.patient.map(|patient| (p, patient)))
        else {
            return Ok(Checked {
                problems,
                warnings: Vec::new(),
            });
        };
        let patient = self
            .row(Kind::Patient, patient)?
            .and_then(|row| record::parse::<Patient>(&row.body).ok());
        let warnings = patient
            .map(|patient| prescriptions::warnings(&prescription, &patient))
            .unwrap_or_default();
        Ok(Checked { problems, warnings })
    }

    /// Saves what a form holds. Nothing is half saved: on any problem the record is as it was.
    pub fn save(&self, actor: &Actor, ask: &Save) -> Result<SaveAnswer> {
        let answer = self.store_edit(ask.kind, ask.id, |db, noted| {
            let stored = row::stored(db, ask.kind, ask.id)?;
            let ask = &*self.with_arrival(db, ask, stored.as_ref())?;
            let ask = &*self.promised(db, ask, stored.as_ref())?;
            let edit = match (&stored, &ask.base) {
                (Some(stored), Some(base)) => {
                    self.edit_of(db, actor, ask, stored, row::heads(base)?)?
                }
                (None, None) => Some(self.creation_of(db, actor, ask)?),
                (Some(stored), None) if is_same(ask.kind, &ask.draft, &stored.body) => None,
                (Some(_), None) => return Err(problem("record.exists")),
                (None, Some(_)) => return Err(problem("record.gone")),
            };
            if let Some(id) = &ask.held {
                held::remove(db, id)?;
            }
            match edit {
                Some(edit) => self.keep(db, actor, &edit, noted),
                None => Ok(()),
            }
        })?;
        if ask.held.is_some() {
            self.read(|db| {
                self.0.mirror.follow_held(db);
                Ok(())
            })?;
        }
        Ok(answer)
    }

    /// Puts a doctor's name under a prescription as it was on the screen.
    pub fn sign(&self, actor: &Actor, id: RecordId, heads: &str) -> Result<SaveAnswer> {
        let kind = Kind::Prescription;
        self.store_edit(kind, id, |db, noted| {
            may(actor, Action::Write(kind, "signature"))
                .map_err(|problem| Error::Problems(vec![problem]))?;
            let stored = row::stored(db, kind, id)?.ok_or_else(|| problem("record.gone"))?;
            if stored.heads != row::heads(heads)? {
                return Err(problem("signature.moved"));
            }
            if !matches!(
                stored.body["status"].as_str(),
                Some("draft" | "active" | "on-hold")
            ) {
                return Err(Error::Problems(vec![Problem::new(
                    "prescription.not_open",
                    "status",
                )]));
            }
            let signature = json!({
                "staff": actor.staff,
                "at": self.now().rfc3339(),
                "heads": heads,
                "digest": prescriptions::signed_digest(&stored.body),
            });
            let draft = json!({ "status": "active", "signature": [signature] });
            let edited = document::edit(
                kind,
                &stored.doc,
                &stored.heads,
                &draft,
                &self.stamp(db, actor.staff)?,
            )?;
            let edited = edited.expect("a signature is always new");
            let seen = draft_of(kind, &stored.body, &edited.writes);
            let edit = Edit {
                kind,
                id,
                base: stored.heads.clone(),
                stored: Some(&stored),
                seen,
                edited,
            };
            self.keep(db, actor, &edit, noted)
        })
    }

    /// Settles a field on which two places disagree, as it was on the screen at `heads`.
    pub fn resolve(
        &self,
        actor: &Actor,
        kind: Kind,
        id: RecordId,
        path: &str,
        value: &Value,
        heads: &str,
    ) -> Result<SaveAnswer> {
        self.store_edit(kind, id, |db, noted| {
            let stored = row::stored(db, kind, id)?.ok_or_else(|| problem("record.gone"))?;
            let seen = row::heads(heads)?;
            if stored.heads != seen && document::has_moved(&stored.doc, path, &seen)? {
                return Err(Error::Problems(vec![Problem::new("conflict.moved", path)]));
            }
            let writes = [Write {
                path: path.to_owned(),
                value: value.clone(),
            }];
            let Some(edited) = document::write(
                kind,
                &stored.doc,
                &writes,
                None,
                &self.stamp(db, actor.staff)?,
            )?
            else {
                return Ok(());
            };
            let seen = edited.body.clone();
            let edit = Edit {
                kind,
                id,
                base: stored.heads.clone(),
                stored: Some(&stored),
                seen,
                edited,
            };
            self.keep(db, actor, &edit, noted)?;
            audit::note(
                db,
                &self
                    .entry(What::ConflictSettled, actor.staff)
                    .about(kind, id),
            )
        })
    }

    /// Takes back a change the hub did not take. It stays in the list and can be brought back.
    pub fn withdraw(&self, actor: &Actor, id: &str) -> Result<()> {
        self.set_withdrawn(actor, id, true)
    }

    /// Brings a withdrawn change back to be dealt with.
    pub fn restore(&self, actor: &Actor, id: &str) -> Result<()> {
        self.set_withdrawn(actor, id, false)
    }

    fn set_withdrawn(&self, actor: &Actor, id: &str, is_withdrawn: bool) -> Result<()> {
        let kept = self.write(Lasting::Yes, |db| {
            let kept = held::get(db, id)?.ok_or_else(|| problem("held.gone"))?;
            // whoever may look at a record may say what becomes of refused work on it
            may(actor, Action::Read(kept.kind))
                .map_err(|problem| Error::Problems(vec![problem]))?;
            db.prepare_cached("update held set is_withdrawn = ?2 where id = ?1")?
                .execute(params![id, is_withdrawn])?;
            let what = if is_withdrawn {
                What::HeldWithdrawn
            } else {
                What::HeldRestored
            };
            audit::note(
                db,
                &self.entry(what, actor.staff).about(kept.kind, kept.record),
            )?;
            Ok(kept)
        })?;
        self.read(|db| {
            self.0.mirror.follow_held(db);
            Ok(())
        })?;
        self.tell(&BTreeSet::from([(kept.kind, kept.record)]));
        Ok(())
    }

    /// Runs one edit in one lasting transaction, with the mirror written just before it commits.
    fn store_edit(
        &self,
        kind: Kind,
        id: RecordId,
        work: impl Fn(&Connection, &RefCell<Vec<Item>>) -> Result<()>,
    ) -> Result<SaveAnswer> {
        let noted = RefCell::new(Vec::new());
        let result = self.write(Lasting::Yes, |db| {
            noted.borrow_mut().clear();
            self.must_be_fresh(db)?;
            work(db, &noted)?;
            let row =
                row::find(db, &self.0.flight, kind, id)?.ok_or_else(|| problem("record.gone"))?;
            if !noted.borrow().is_empty() {
                self.0.flight.landed(&[id]);
                self.0.mirror.note(&noted.borrow());
            }
            Ok(row)
        });
        match result {
            Ok(row) => {
                self.set_disk(None);
                self.0.clerk.saved();
                self.0.nudge.notify_one();
                self.tell(&BTreeSet::from([(kind, id)]));
                Ok(SaveAnswer::Saved {
                    row: unsent(row, &noted.borrow()),
                })
            }
            Err(Error::Problems(problems)) => Ok(SaveAnswer::Problems { problems }),
            Err(error) => self.not_saved(error, &noted.borrow()),
        }
    }

    fn not_saved(&self, error: Error, noted: &[Item]) -> Result<SaveAnswer> {
        if !noted.is_empty() {
            // best effort: what stays in the mirror is sent at the next start, which loses nothing either
            let _ = self.read(|db| {
                self.0.mirror.retract(db, noted);
                Ok(())
            });
        }
        let Some(disk) = error.disk() else {
            return Err(error);
        };
        tracing::error!(%error, "Could not save");
        let problems = error.problems();
        if disk == Disk::Damaged {
            self.0
                .is_damaged
                .store(true, std::sync::atomic::Ordering::Relaxed);
            self.0.nudge.notify_one();
        }
        self.set_disk(problems.first().cloned());
        Ok(SaveAnswer::Problems { problems })
    }

    fn edit_of<'a>(
        &self,
        db: &Connection,
        actor: &Actor,
        ask: &Save,
        stored: &'a Stored,
        base: Heads,
    ) -> Result<Option<Edit<'a>>> {
        let stamp = self.stamp(db, actor.staff)?;
        let Some(edited) = document::edit(ask.kind, &stored.doc, &base, &ask.draft, &stamp)? else {
            return Ok(None);
        };
        let before = if base == stored.heads {
            stored.body.clone()
        } else {
            document::body_at(ask.kind, &stored.doc, &base)?
        };
        let seen = laid_over(ask.kind, before, &ask.draft);
        Ok(Some(Edit {
            kind: ask.kind,
            id: ask.id,
            stored: Some(stored),
            base,
            seen,
            edited,
        }))
    }

    fn creation_of<'a>(&self, db: &Connection, actor: &Actor, ask: &Save) -> Result<Edit<'a>> {
        let mut draft = ask.draft.clone();
        if ask.kind == Kind::Patient {
            self.give_number(db, actor.staff, ask, &mut draft)?;
        }
        if let Some(members) = draft
            .as_object_mut()
            .filter(|members| !members.contains_key("mrn"))
        {
            // two beginnings with the same words in the same second would be one change to the hub
            members.insert("serial".into(), json!(outbox::last_place(db)? + 1));
        }
        let edited = document::create(ask.kind, &draft, &self.stamp(db, actor.staff)?);
        let base = Heads::default();
        Ok(Edit {
            kind: ask.kind,
            id: ask.id,
            stored: None,
            base,
            seen: draft,
            edited,
        })
    }

    /// Stores an edit that is allowed and sound, with its place in the outbox.
    fn keep(
        &self,
        db: &Connection,
        actor: &Actor,
        edit: &Edit<'_>,
        noted: &RefCell<Vec<Item>>,
    ) -> Result<()> {
        let edited = &edit.edited;
        let before = edit.before()?;
        let mut problems = allow::forbidden(edit.kind, &before, &edited.writes, actor);
        problems.extend(allow::rewritten(edit.kind, &before, &edited.writes, actor));
        problems.extend(judge::problems(edit.kind, &edit.seen, self.today()));
        problems.extend(judge::misplaced(&edited.writes));
        problems.extend(unknown_ward(db, &edited.writes)?);
        if edit.kind == Kind::Appointment {
            problems.extend(self.booking_problems(db, edit.id, &before, &edit.seen)?);
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        let item = self.keep_unchecked(
            db,
            edit.kind,
            edit.id,
            edit.stored,
            edited,
            edit.base.clone(),
            actor.staff,
        )?;
        noted.borrow_mut().push(item);
        Ok(())
    }

    /// Stores an edit and its place in the outbox.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a column of the row that is written"
    )]
    pub(crate) fn keep_unchecked(
        &self,
        db: &Connection,
        kind: Kind,
        id: RecordId,
        stored: Option<&Stored>,
        edited: &Edited,
        base: Heads,
        staff: StaffId,
    ) -> Result<Item> {
        let now = self.now();
        put_edited(db, kind, id, stored, edited, staff, now)?;
        let mut item = Item::of(kind, id, edited, base, staff, now.0, stored.is_none());
        item.lseq = outbox::put(db, &item)?;
        audit::saved(db, &item)?;
        Ok(item)
    }
}

/// Stores the record of an edit.
pub(crate) fn put_edited(
    db: &Connection,
    kind: Kind,
    id: RecordId,
    stored: Option<&Stored>,
    edited: &Edited,
    staff: StaffId,
    now: Now,
) -> Result<()> {
    let Edited {
        doc,
        heads,
        clock,
        body,
        conflicts,
        ..
    } = edited;
    let version = Version {
        kind,
        id,
        doc,
        heads,
        clock,
        body,
        conflicts: *conflicts,
        by: Some(staff),
        at: now.seconds(),
    };
    row::put(db, &version, stored)
}

impl Replica {
    pub(crate) fn stamp(&self, db: &Connection, staff: StaffId) -> Result<Stamp> {
        let device = meta::DEVICE.get(db)?.ok_or(Error::NotEnrolled)?;
        let incarnation = meta::INCARNATION.get(db)?.unwrap_or(0);
        Ok(Stamp {
            staff,
            now: self.now(),
            device: device.number,
            incarnation,
        })
    }
}

/// Returns the row as the person who saved it sees it.
fn unsent(row: Row, noted: &[Item]) -> Row {
    let state = if noted.is_empty() || row.state == shared::desk::SyncState::Held {
        row.state
    } else {
        shared::desk::SyncState::Saved
    };
    Row { state, ..row }
}

fn problem(code: &str) -> Error {
    Error::Problems(vec![Problem::new(code, "")])
}

/// Returns the problem of a ward that the hospital does not have, as far as this desk was told of wards.
fn unknown_ward(db: &Connection, writes: &[Write]) -> Result<Option<Problem>> {
    let written = writes.iter().find(|write| write.path == "ward");
    let Some(ward) = written.and_then(|write| write.value.as_str()) else {
        return Ok(None);
    };
    let is = |id: WardId| id.to_string() == ward;
    if meta::DEVICE.get(db)?.is_some_and(|device| is(device.ward)) {
        return Ok(None);
    }
    let wards = meta::REFERENCE.get(db)?.unwrap_or_default().wards;
    let is_known = wards.is_empty() || wards.iter().any(|known| is(known.id));
    Ok((!is_known).then(|| Problem::new("ward.unknown", "ward")))
}
