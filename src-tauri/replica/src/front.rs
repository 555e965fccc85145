//! What a desk shows of itself to whoever stands before it, open or locked.

use crate::cabinet::{Cabinet, State};
use crate::error::{Error, Result};
use crate::identity;
use crate::slots::Slots;
use shared::access::Actor;
use shared::desk::{DeskState, KeychainPlace, Link, Session, SyncStatus};
use shared::orders::Order;
use shared::problem::Problem;
use shared::staff::{Reference, Staff};
use shared::unlock::OfflineGrant;

impl Cabinet {
    /// Returns what the desk is, before anybody signs in.
    pub fn desk(&self) -> Result<DeskState> {
        let state = self.state();
        let Some(slots) = &state.slots else {
            return Ok(DeskState {
                trouble: state.trouble.clone(),
                ..nothing(self.0.keychain.place())
            });
        };
        let open = match &state.open {
            Some(open) => Some(open.replica.desk()?),
            None => None,
        };
        let unsent = open.as_ref().map_or(slots.unsent, |open| open.unsent);
        let (ward_name, hospital) = open
            .map(|open| (open.ward_name, open.hospital))
            .unwrap_or_default();
        Ok(DeskState {
            ward: Some(slots.device.ward),
            ward_name: ward_name.or_else(|| slots.ward_name.clone()),
            hospital: hospital.or_else(|| slots.hospital.clone()),
            device_name: Some(slots.device.name.clone()),
            known_staff: self.known_staff(slots),
            session: None,
            is_locked: state.open.is_none(),
            unsent,
            keychain: Some(self.0.keychain.place()),
            trouble: self.trouble(slots, &state),
        })
    }

    fn trouble(&self, slots: &Slots, state: &State) -> Option<Problem> {
        match slots.order {
            Order::Active => state.trouble.clone(),
            Order::Suspend => Some(Problem::new("device.suspended", "")),
            Order::WipeAfterUpload | Order::WipeNow => Some(Problem::new("device.emptying", "")),
        }
    }

    fn known_staff(&self, slots: &Slots) -> Vec<Staff> {
        let grants = slots.people.values().filter_map(|slot| {
            let grant: OfflineGrant = serde_json::from_str(&slot.grant.text).ok()?;
            Some(grant.staff)
        });
        grants.collect()
    }

    /// Returns how desk and hub stand with each other; while the desk is locked, that nothing goes on.
    pub fn status(&self) -> Result<SyncStatus> {
        match self.replica() {
            Ok(replica) => replica.status(),
            Err(_) => Ok(self.locked_status()),
        }
    }

    pub(crate) fn locked_status(&self) -> SyncStatus {
        let state = self.state();
        let unsent = state.slots.as_ref().map_or(0, |slots| slots.unsent);
        SyncStatus {
            link: Link::Offline,
            waiting: unsent,
            held: 0,
            conflicts: 0,
            unposted: None,
            synced_at: None,
            progress: None,
            trouble: state.slots.as_ref().map(|_| match &state.waits {
                Some(problem) => problem.clone(),
                None => Problem::new("replica.locked", ""),
            }),
            clock_ahead_s: None,
            numbers_left: 0,
            replica_bytes: 0.0,
            notice: None,
        }
    }

    /// Returns the wards, staff and medicines; nobody, while the desk is locked.
    pub fn reference(&self) -> Result<Reference> {
        match self.replica() {
            Ok(replica) => replica.reference(),
            Err(_) => Ok(Reference::default()),
        }
    }

    /// Returns who acts when a person who signed in here does something.
    pub fn actor(&self, session: &Session) -> Result<Actor> {
        let state = self.state();
        let slots = state.slots.as_ref().ok_or(Error::NotEnrolled)?;
        Ok(identity::actor(slots.device.id, session))
    }
}

fn nothing(keychain: KeychainPlace) -> DeskState {
    DeskState {
        ward: None,
        ward_name: None,
        hospital: None,
        device_name: None,
        known_staff: Vec::new(),
        session: None,
        is_locked: false,
        unsent: 0,
        keychain: Some(keychain),
        trouble: None,
    }
}
