//! What one running desk holds: the replica, the courier that talks to the hub, and who is signed in.

use std::sync::{Mutex, PoisonError};

use replica::{Courier, Replica};
use serde::Serialize;
use shared::access::{self, Action, Actor};
use shared::desk::{Chart, Session};
use shared::problem::Problem;
use shared::record::Kind;

/// Why a command did nothing, in the shape that the screen shows beside its fields.
#[derive(Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Refusal(Vec<Problem>);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<replica::Error> for Refusal {
    fn from(error: replica::Error) -> Self {
        Self(error.problems())
    }
}

/// What a command answers.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// Somebody who signed in, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) session: Session,
    pub(crate) actor: Actor,
}

impl Person {
    /// Refuses a kind of record that this person may not read.
    pub(crate) fn may_read(&self, kind: Kind) -> Answer<()> {
        Ok(access::may(&self.actor, Action::Read(kind))?)
    }

    /// Says whether this person may read a kind of record: for lists that hold several kinds.
    pub(crate) fn reads(&self, kind: Kind) -> bool {
        self.may_read(kind).is_ok()
    }

    /// Takes out of a chart what this person may not read.
    pub(crate) fn part_of(&self, mut chart: Chart) -> Chart {
        let parts = [
            (Kind::Appointment, &mut chart.appointments),
            (Kind::Prescription, &mut chart.prescriptions),
        ];
        for (_, rows) in parts.into_iter().filter(|(kind, _)| !self.reads(*kind)) {
            rows.clear();
        }
        chart
    }
}

/// The state behind every command.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) replica: Replica,
    pub(crate) courier: Courier,
    person: Mutex<Option<Person>>,
}

impl Desk {
    /// Starts talking to the hub for a replica, with nobody signed in. Has to be called on a Tokio runtime.
    pub(crate) fn open(replica: Replica) -> Self {
        let courier = Courier::start(replica.clone());
        Self {
            replica,
            courier,
            person: Mutex::new(None),
        }
    }

    /// Returns who is signed in; otherwise the command that asks does nothing.
    pub(crate) fn person(&self) -> Answer<Person> {
        self.somebody()
            .ok_or_else(|| Problem::new("signed_out", "").into())
    }

    /// Returns who is signed in, if anybody.
    pub(crate) fn somebody(&self) -> Option<Person> {
        self.person
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts somebody in the place of whoever was signed in.
    pub(crate) fn seat(&self, person: Option<Person>) {
        *self.person.lock().unwrap_or_else(PoisonError::into_inner) = person;
    }

    /// Returns who is signed in if they may read a kind of record.
    pub(crate) fn reader(&self, kind: Kind) -> Answer<Person> {
        let person = self.person()?;
        person.may_read(kind)?;
        Ok(person)
    }
}
