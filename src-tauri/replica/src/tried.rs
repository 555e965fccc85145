//! Sign-ins that failed at a locked desk: kept among the slots, and in the audit chain as soon as somebody opens the desk.
//!
//! While the desk is locked there is no chain to write in. The slots are sealed, on the disk before the person is
//! answered, and hold no name: who it would have been is an id, and nothing when the desk does not know the name.

use crate::base::Replica;
use crate::cabinet::Cabinet;
use crate::error::{Error, Result};
use crate::store::Lasting;
use crate::{audit, meta, wrap};
use serde::{Deserialize, Serialize};
use shared::audit::entry::{Entry, Place, What};
use shared::ids::{DeviceId, StaffId};
use shared::unlock::OfflineGrant;
use uuid::Uuid;

/// Sign-ins kept one by one. What comes on top of them while nobody opens the desk is only counted.
const KEPT: usize = 1_000;

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// By chance: what is in the chain already is not written again.
    id: [u8; 8],
    at_ms: i64,
    staff: Option<StaffId>,
    code: String,
    /// Later ones that are only counted.
    more: u64,
}

/// What somebody typed.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    /// Instead of a password that was given for once.
    pub(crate) chosen: Option<&'a str>,
}

impl Tried {
    fn entry(&self) -> Entry {
        let device = DeviceId(Uuid::nil());
        let entry = Entry::new(What::UnlockFailed, self.at_ms, device, self.staff);
        let entry = entry.because(&self.code);
        let more = Place {
            incarnation: 0,
            seq: self.more,
        };
        if self.more == 0 {
            entry
        } else {
            entry.at_place(more)
        }
    }
}

/// Adds one; says nothing of who when there are too many.
fn keep(all: &mut Vec<Tried>, one: Tried) {
    if all.len() < KEPT {
        all.push(one);
    } else if let Some(last) = all.last_mut() {
        last.more += 1;
    }
}

impl Cabinet {
    /// Returns who a name belongs to, if this desk knows it.
    pub(crate) fn owner_of_slot(&self, who: &str) -> Option<StaffId> {
        let state = self.state();
        let slot = state.slots.as_ref()?.people.get(who)?;
        let grant: OfflineGrant = serde_json::from_str(&slot.grant.text).ok()?;
        Some(grant.staff.id)
    }

    /// Notes what came of a sign-in: in the chain of an open desk, or beside a locked one.
    pub(crate) fn note_try<T>(
        &self,
        username: &str,
        staff: Option<StaffId>,
        outcome: &Result<T>,
    ) -> Result<()> {
        let replica = self.state().open.as_ref().map(|open| open.replica.clone());
        if let Some(replica) = replica {
            replica.sign_in_tried(username, staff, outcome);
            return Ok(());
        }
        let Err(Error::Problems(problems)) = outcome else {
            // nothing was tried that could have succeeded
            return Ok(());
        };
        if self.is_planted("keep no tries") {
            return Ok(());
        }
        let one = Tried {
            id: wrap::chance(),
            at_ms: self.now().0,
            staff,
            code: problems
                .first()
                .map_or_else(String::new, |problem| problem.code.clone()),
            more: 0,
        };
        self.change(|slots| keep(&mut slots.tried, one))
    }

    /// Writes into the chain what was tried while the desk was locked. Each once, also when the program ends before the
    /// slots forget it.
    pub(crate) fn chain_tries(&self, replica: &Replica) -> Result<()> {
        let tried = self.state().slots.as_ref().map(|slots| slots.tried.clone());
        let tried = tried.unwrap_or_default();
        if tried.is_empty() {
            return Ok(());
        }
        let is_known = |known: &[[u8; 8]], one: &Tried| {
            known.contains(&one.id) && !self.is_planted("chain tries again")
        };
        replica.write(Lasting::Yes, |db| {
            let known = meta::TRIED.get(db)?.unwrap_or_default();
            for one in tried.iter().filter(|one| !is_known(&known, one)) {
                audit::note(db, &one.entry())?;
            }
            meta::TRIED.set(db, &tried.iter().map(|one| one.id).collect())
        })?;
        replica.0.clerk.saved();
        self.change(|slots| {
            slots
                .tried
                .retain(|one| tried.iter().all(|done| done.id != one.id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_are_kept_and_the_rest_is_counted() {
        let mut all = Vec::new();
        for at_ms in 0..1_003 {
            let one = Tried {
                id: wrap::chance(),
                at_ms,
                staff: None,
                code: "sign_in.wrong".into(),
                more: 0,
            };
            keep(&mut all, one);
        }
        assert_eq!(all.len(), KEPT);
        let last = all[KEPT - 1].entry();
        assert_eq!(last.at_ms, 999);
        assert_eq!(last.place.map(|place| place.seq), Some(3));
        assert_eq!(all[0].entry().place, None);
    }
}
