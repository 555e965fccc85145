//! What the hub says in new appointments about their slots, in the transaction that decided: who waits for the answer has it
//! with the next news, and nothing is left to be said later.

use super::DECIDER;
use super::decide::booked;
use super::write::stamp;
use crate::app::App;
use crate::conflicts::keep;
use crate::sync::weigh::{After, Known, Source, Weighed, Written};
use serde_json::Value;
use shared::document::{self, Edited, Merged};
use shared::ids::{RecordId, StaffId};
use shared::record::{self, Kind};
use shared::scheduling::Appointment;
use std::collections::{BTreeMap, BTreeSet};

/// Changes of the hub's own that a push brings about.
#[derive(Debug, Default)]
pub(crate) struct Answers(BTreeMap<RecordId, Edited>);

impl Answers {
    /// Prepares what is to be said where a slot is given, so that nothing can fail once it was.
    pub(crate) fn prepare(app: &App, source: &Source, weighed: &Weighed) -> Self {
        if source.ward.is_none() {
            return Self::default();
        }
        let asking = weighed.records.iter().filter(|after| asks(after));
        let answer = |after: &After| {
            let (doc, heads) = (&after.merged.doc, &after.merged.heads);
            let said = document::edit(Kind::Appointment, doc, heads, &booked(), &stamp(app));
            // what cannot be said now is tried again, and shown in the log, by who says the rest
            Some((after.id, said.ok().flatten()?))
        };
        Self(asking.filter_map(answer).collect())
    }

    /// Returns what an appointment says when it has its slot, if that can be said at once.
    pub(crate) fn of(&self, appointment: RecordId) -> Option<&Value> {
        self.0.get(&appointment).map(|said| &said.body)
    }

    /// Keeps what is said, makes it part of the records, and forgets the rest.
    pub(crate) fn give(
        mut self,
        given: &BTreeSet<RecordId>,
        weighed: &mut Weighed,
        known: &Known,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        for after in &mut weighed.records {
            let said = self.0.remove(&after.id);
            let Some(said) = said.filter(|_| given.contains(&after.id)) else {
                continue;
            };
            after.changed_by = Some(DECIDER);
            after.changed_at = known.now_s;
            after.keys = record::keys(after.kind, &said.body);
            after.merged = Merged {
                doc: said.doc,
                heads: said.heads,
                body: said.body,
                conflicts: said.conflicts,
                clock: said.clock,
                missing: Vec::new(),
                has_branches: after.merged.has_branches,
            };
            after.looked = keep::look(known.records.get(&after.id), after);
            answers.push(Answer {
                record: after.id,
                staff: DECIDER,
                hash: said.hash,
                change: said.change,
            });
        }
        answers
    }
}

/// A change that the hub made.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) record: RecordId,
    pub(crate) staff: StaffId,
    pub(crate) hash: shared::sync::wire::Hash,
    pub(crate) change: Vec<u8>,
}

/// Says whether a record is an appointment that asks for a slot, and is here whole.
fn asks(after: &After) -> bool {
    after.kind == Kind::Appointment
        && after.reclaimed
        && after.written == Written::Anew
        && record::parse::<Appointment>(&after.merged.body)
            .is_ok_and(|body| body.status.asks_for_slot())
}
