//! What one running desk holds: the cabinet with its replica, and who is signed in.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use replica::{Cabinet, Replica, Watch};
use serde::Serialize;
use shared::access::{self, Action, Actor};
use shared::desk::{Chart, Session};
use shared::problem::Problem;
use shared::record::Kind;
use shared::unlock::session_is_over;

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
    since_ms: i64,
    touched_ms: i64,
}

impl Person {
    /// Somebody who signed in just now.
    pub(crate) fn new(session: Session, actor: Actor, now_ms: i64) -> Self {
        Self {
            session,
            actor,
            since_ms: now_ms,
            touched_ms: now_ms,
        }
    }

    fn is_over(&self, now_ms: i64) -> bool {
        let idle = self.session.idle_minutes;
        session_is_over(self.since_ms, self.touched_ms, idle, now_ms)
    }

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
    pub(crate) cabinet: Cabinet,
    _watch: Watch,
    person: Mutex<Option<Person>>,
}

impl Desk {
    /// Starts talking to the hub, with nobody signed in. Has to be called on a Tokio runtime.
    pub(crate) fn open(cabinet: Cabinet) -> Self {
        Self {
            _watch: cabinet.start(),
            cabinet,
            person: Mutex::new(None),
        }
    }

    /// Returns the replica, if somebody has unlocked it.
    pub(crate) fn replica(&self) -> Answer<Replica> {
        Ok(self.cabinet.replica()?)
    }

    /// Returns who is signed in; otherwise the command that asks does nothing.
    pub(crate) fn person(&self) -> Answer<Person> {
        self.somebody()
            .ok_or_else(|| Problem::new("signed_out", "").into())
    }

    /// Returns who is signed in, if anybody. A session ends with its shift, at a desk that nobody touches, and with the
    /// replica, whatever the screen thinks.
    pub(crate) fn somebody(&self) -> Option<Person> {
        self.at(now_ms())
    }

    fn at(&self, now_ms: i64) -> Option<Person> {
        let mut seat = self.seat_of();
        let is_over = seat.as_ref().is_some_and(|person| person.is_over(now_ms));
        if is_over || self.cabinet.replica().is_err() {
            *seat = None;
            self.cabinet.forget_emergency();
        }
        seat.clone()
    }

    /// Puts somebody in the place of whoever was signed in.
    pub(crate) fn seat(&self, person: Person) {
        self.cabinet.forget_emergency();
        *self.seat_of() = Some(person);
    }

    /// Nobody is signed in any more. The replica stays open for whoever comes next.
    pub(crate) fn leave(&self) {
        self.cabinet.forget_emergency();
        *self.seat_of() = None;
    }

    /// Notes that somebody is at the desk.
    pub(crate) fn touch(&self, now_ms: i64) {
        if let Some(person) = self.seat_of().as_mut() {
            person.touched_ms = now_ms;
        }
    }

    fn seat_of(&self) -> MutexGuard<'_, Option<Person>> {
        self.person.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns who is signed in if they may read a kind of record.
    pub(crate) fn reader(&self, kind: Kind) -> Answer<Person> {
        let person = self.person()?;
        person.may_read(kind)?;
        Ok(person)
    }
}

/// Reads this computer's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the outermost function that reads the clock; everything else is handed it"
)]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::{Desk, Person, now_ms};
    use replica::{Cabinet, Places};
    use shared::access::Actor;
    use shared::desk::Session;
    use shared::ids::{DeviceId, StaffId, WardId};
    use shared::staff::Staff;

    fn person(since_ms: i64) -> Person {
        let (id, ward) = (StaffId(Default::default()), WardId(Default::default()));
        let staff = Staff {
            id,
            username: "ada".into(),
            name: "Ada".into(),
            roles: vec![],
            departments: vec![],
            is_active: true,
        };
        let session = Session {
            staff,
            roles: vec![],
            ward,
            device: 1,
            idle_minutes: shared::unlock::IDLE_MINUTES,
        };
        let actor = Actor {
            staff: id,
            roles: vec![],
            ward,
            device: DeviceId(Default::default()),
        };
        Person::new(session, actor, since_ms)
    }

    #[test]
    fn a_session_ends_as_soon_as_the_hospital_wants() {
        let minutes = |count: i64| count * 60_000;
        let mut one = person(0);
        one.session.idle_minutes = 2;
        assert!(!one.is_over(minutes(7)));
        assert!(one.is_over(minutes(7) + 1));
    }

    #[tokio::test]
    async fn a_session_ends_with_the_replica_whatever_the_screen_thinks() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places {
            dir: dir.path().join("desk"),
            keychain: Some(dir.path().to_owned()),
            hub: None,
        };
        let desk = Desk::open(Cabinet::find(&places).unwrap());
        desk.seat(person(now_ms()));
        assert!(desk.person().is_err(), "the replica is locked");
    }
}
