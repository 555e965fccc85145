//! Emergency access at a desk: opened with one's own password and a reason, for an hour, to read and to leave a note.
//!
//! The key of the summaries lies in the slots of those who may open them, under their passwords. Between two openings it
//! is nowhere in this program, so an open replica shows nothing of them.

use crate::base::Replica;
use crate::cabinet::Cabinet;
use crate::error::{Error, Result};
use crate::summaries;
use crate::tried::Typed;
use crate::unlock::Why;
use crate::wrap::Secret;
use shared::access::{Actor, Role, Task, may_do};
use shared::audit::entry::{Entry, What};
use shared::clock::Now;
use shared::emergency::summary::{FOUND_AT_MOST, Summary, unseal};
use shared::emergency::{Emergency, Opening, OpeningLine, Review, ReviewAsk, may_open};
use shared::ids::{DeviceId, OpeningId, RecordId, StaffId};
use shared::problem::Problem;
use shared::record::Kind;
use uuid::Uuid;

/// Purpose of use "emergency treatment", as audit entries say it.
const TREATMENT: &str = "etreat";

/// The emergency access while it lasts.
pub(crate) struct Opened {
    opening: Opening,
    /// The newest first.
    keys: Vec<Secret>,
    /// The latest time seen meanwhile.
    latest_ms: i64,
}

impl Cabinet {
    /// Opens the emergency access for somebody who is signed in, if this is their password. What is wrong with it counts as
    /// a wrong password when signing in.
    pub async fn break_glass(
        &self,
        actor: &Actor,
        username: &str,
        password: &str,
        reason: &str,
    ) -> Result<Emergency> {
        let asked = if self.is_planted("any reason") {
            "planted reason"
        } else {
            reason
        };
        let roles = if self.is_planted("any role") {
            &[Role::Doctor][..]
        } else {
            &actor.roles
        };
        may_open(roles, asked).map_err(Error::Problems)?;
        self.replica()?;
        let typed = Typed {
            username,
            password,
            chosen: None,
        };
        let proven = self.prove(typed, Why::Emergency).await;
        if proven.is_err() && !self.is_planted("no note of a wrong password") {
            // as at the door: who tried is known, whatever the password was for
            self.note_try(username, Some(actor.staff), &proven)?;
        }
        let (session, attempt) = proven?;
        // whoever was asked may know of fewer roles by now
        may_do(&session.roles, Task::BreakGlass).map_err(|it| Error::Problems(vec![it]))?;
        if session.staff.id != actor.staff {
            return Err(problem("sign_in.wrong", "password"));
        }
        let (cabinet, staff, reason) = (self.clone(), actor.staff, reason.to_owned());
        let work = move || {
            let keys = cabinet.emergency_keys(&attempt, staff)?;
            if keys.is_empty() {
                return Err(problem("emergency.no_key", ""));
            }
            cabinet.begin_emergency(staff, &reason, keys)
        };
        tokio::task::spawn_blocking(work).await?
    }

    fn begin_emergency(
        &self,
        staff: StaffId,
        reason: &str,
        keys: Vec<Secret>,
    ) -> Result<Emergency> {
        self.forget_emergency();
        let now = self.now();
        let opening = Opening::begin(OpeningId(new_id()), staff, reason, now);
        let replica = self.replica()?;
        let entry = replica.entry(What::EmergencyOpened, staff);
        // on the disk before anything is shown
        keep(&replica, &opening, Some(entry.of(opening.mark())))?;
        replica.0.is_urgent.notify_one();
        let shown = shown(&replica, &opening)?;
        tracing::warn!(staff.id = %staff, "The emergency access was opened");
        self.state().emergency = Some(Opened {
            opening,
            keys,
            latest_ms: now.0,
        });
        Ok(shown)
    }

    /// Returns the emergency access of somebody while it lasts.
    pub fn emergency(&self, actor: &Actor) -> Result<Option<Emergency>> {
        let Some((opening, _)) = self.current(actor) else {
            return Ok(None);
        };
        shown(&self.replica()?, &opening).map(Some)
    }

    /// Finds in-patients of other wards by name, hospital number or birth date.
    pub fn emergency_search(&self, actor: &Actor, text: &str) -> Result<Vec<Summary>> {
        let (_, keys) = self.current(actor).ok_or_else(closed)?;
        let device = self.slots()?.device.id;
        let sealed = self.replica()?.read(summaries::all)?;
        let open = sealed.iter().filter_map(|(patient, sealed)| {
            let summary = unseal_any(&keys, device, *patient, sealed)?;
            summary.is_found_by(text).then_some(summary)
        });
        Ok(open.take(FOUND_AT_MOST).collect())
    }

    /// Returns the summary of one, and notes that it was read.
    pub fn emergency_summary(&self, actor: &Actor, patient: RecordId) -> Result<Option<Summary>> {
        let (opening, keys) = self.current(actor).ok_or_else(closed)?;
        let (device, replica) = (self.slots()?.device.id, self.replica()?);
        let sealed = replica.read(|db| summaries::one(db, patient))?;
        let found = sealed.and_then(|sealed| unseal_any(&keys, device, patient, &sealed));
        if found.is_some()
            && let Some(next) = opening.look(patient, self.now())
        {
            let entry = replica.entry(What::ChartViewed, actor.staff);
            let entry = entry.about(Kind::Patient, patient).of(next.mark());
            self.go_on(&replica, next, Some(entry))?;
        }
        Ok(found)
    }

    /// Leaves a note, which goes to the hub with the opening.
    pub fn emergency_note(
        &self,
        actor: &Actor,
        patient: Option<RecordId>,
        text: &str,
    ) -> Result<Emergency> {
        let (opening, _) = self.current(actor).ok_or_else(closed)?;
        let next = opening.note(patient, text, self.now());
        let next = next.map_err(Error::Problems)?;
        let replica = self.replica()?;
        let shown = shown(&replica, &next)?;
        self.go_on(&replica, next, None)?;
        Ok(shown)
    }

    /// Ends somebody's before its time.
    pub fn end_emergency(&self, actor: &Actor) {
        if self.current(actor).is_some() {
            self.forget_emergency();
        }
    }

    /// Ends it before its time, whoever's it is: nobody is signed in any more, or somebody else. The key is forgotten.
    pub fn forget_emergency(&self) {
        let Some(opened) = self.state().emergency.take() else {
            return;
        };
        let now = self.now();
        let is_over = !opened.opening.is_open(opened.latest_ms, now);
        let Ok(replica) = self.replica() else { return };
        if !is_over && let Err(error) = keep(&replica, &opened.opening.end(now), None) {
            tracing::warn!(%error, "The end of an emergency access was not written down");
        }
    }

    /// What becomes of openings: a clinical manager who proves who they are lists them, and may say what they found. The
    /// hub alone can do this.
    pub async fn review_emergency(
        &self,
        actor: &Actor,
        username: &str,
        password: &str,
        review: Option<Review>,
    ) -> Result<Vec<OpeningLine>> {
        may_do(&actor.roles, Task::ReviewEmergency)
            .map_err(|problem| Error::Problems(vec![problem]))?;
        let replica = self.replica()?;
        let ask = ReviewAsk {
            username: username.to_owned().into(),
            password: password.to_owned().into(),
            review,
        };
        let hub = replica.hub()?;
        hub.post_json("/sync/v1/emergency/review", replica.now(), &ask)
            .await
    }

    /// Returns what somebody has opened, with its keys. What is over is forgotten.
    fn current(&self, actor: &Actor) -> Option<(Opening, Vec<Secret>)> {
        let now = self.now();
        let mut state = self.state();
        let opened = state.emergency.as_mut()?;
        if !opened.opening.is_open(opened.latest_ms, now) && !self.is_planted("it never ends") {
            state.emergency = None;
            return None;
        }
        opened.latest_ms = opened.latest_ms.max(now.0);
        (opened.opening.staff == actor.staff).then(|| (opened.opening.clone(), opened.keys.clone()))
    }

    /// Keeps what was added.
    fn go_on(&self, replica: &Replica, next: Opening, entry: Option<Entry>) -> Result<()> {
        keep(replica, &next, entry)?;
        if let Some(opened) = self.state().emergency.as_mut()
            && opened.opening.id == next.id
        {
            opened.opening = next;
        }
        Ok(())
    }
}

fn unseal_any(
    keys: &[Secret],
    device: DeviceId,
    patient: RecordId,
    sealed: &[u8],
) -> Option<Summary> {
    let open = |key: &Secret| unseal(key, device, patient, sealed);
    keys.iter().find_map(open)
}

/// Keeps an opening, and writes down why somebody did what they did.
fn keep(replica: &Replica, opening: &Opening, entry: Option<Entry>) -> Result<()> {
    let entry = entry.map(|entry| entry.because(TREATMENT));
    replica.keep_opening(opening, entry.as_ref())
}

fn shown(replica: &Replica, opening: &Opening) -> Result<Emergency> {
    let (people, upto) = replica.read(summaries::standing)?;
    Ok(Emergency {
        id: opening.id,
        reason: opening.reason.clone(),
        from: Now(opening.from_ms).rfc3339(),
        until: Now(opening.until_ms).rfc3339(),
        people,
        as_of: upto.map(|upto| Now(upto.at_ms).rfc3339()),
        notes: u32::try_from(opening.notes.len()).unwrap_or(u32::MAX),
    })
}

fn closed() -> Error {
    problem("emergency.closed", "")
}

fn problem(code: &str, field: &str) -> Error {
    Error::Problems(vec![Problem::new(code, field)])
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where a desk names an opening"
)]
fn new_id() -> Uuid {
    Uuid::now_v7()
}
