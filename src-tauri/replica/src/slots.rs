//! What lies beside the replica to open it with: for each person who may, the replica's key sealed under their password.
//!
//! The file says nothing to somebody who does not have the desk's keychain: all of it is sealed under a secret from there.
//! It is written twice, one file after the other, because a single damaged file must not lose unsent work.

use crate::error::{Error, Result};
use crate::files;
use crate::meta::Device;
use crate::tried::Tried;
use crate::wrap::{self, Secret, Wrapped};
use serde::{Deserialize, Serialize};
use shared::desk::KeychainPlace;
use shared::orders::Order;
use shared::seal::Sealed;
use shared::unlock::Tries;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const FILES: [&str; 2] = ["slots.json", "slots.copy.json"];
const VERSION: u32 = 1;
const PURPOSE: &str = "wardbook slots 1";

/// Who may open the replica, and what a desk has to know while it is closed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slots {
    /// Grows with every writing.
    written: u64,
    /// Without its signing key, which is in the keychain.
    pub(crate) device: Device,
    pub(crate) ward_name: Option<String>,
    pub(crate) hospital: Option<String>,
    /// By folded username.
    pub(crate) people: BTreeMap<String, Slot>,
    /// The replica's key sealed under the hub's half and the desk's: for somebody whom the hub knows.
    pub(crate) hub: Option<Wrapped>,
    /// The latest time that was seen on this computer's clock, milliseconds since 1970.
    pub(crate) latest_ms: i64,
    /// When the hub was last heard, by this computer's clock.
    pub(crate) contact_ms: i64,
    /// What the hub's clock said then: what it said earlier is old.
    pub(crate) hub_ms: i64,
    /// How far this computer's clock is ahead of the hub's.
    pub(crate) ahead_ms: i64,
    pub(crate) order: Order,
    pub(crate) policy_version: u32,
    /// Changes that waited when the replica was last seen open.
    pub(crate) unsent: u32,
    /// The replica was not closed in order since: there may be more that waits.
    pub(crate) was_left_open: bool,
    /// Sign-ins that failed while the desk was locked.
    #[serde(default)]
    pub(crate) tried: Vec<Tried>,
}

/// What one person opens the replica with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) salt: [u8; 16],
    pub(crate) key: Wrapped,
    /// The key of the emergency summaries, for somebody who may open them. Nothing else opens it.
    #[serde(default)]
    pub(crate) emergency: Option<Wrapped>,
    /// Their own key, which opens what that one is changed to.
    #[serde(default)]
    pub(crate) emergency_own: Option<Wrapped>,
    /// A signed [`shared::unlock::OfflineGrant`].
    pub(crate) grant: Sealed,
    pub(crate) tries: Tries,
}

/// What can be read without the keychain.
#[derive(Serialize, Deserialize)]
struct Cover {
    version: u32,
    keychain: KeychainPlace,
    sealed: Wrapped,
}

impl Slots {
    pub(crate) fn new(device: Device, now_ms: i64) -> Self {
        Self {
            written: 0,
            device,
            ward_name: None,
            hospital: None,
            people: BTreeMap::new(),
            hub: None,
            latest_ms: now_ms,
            contact_ms: now_ms,
            hub_ms: i64::MIN,
            ahead_ms: 0,
            order: Order::Active,
            policy_version: 0,
            unsent: 0,
            was_left_open: false,
            tried: Vec::new(),
        }
    }

    /// Reads the newest that is whole; nothing when there is none at all.
    pub(crate) fn read(dir: &Path, device_secret: &Secret) -> Result<Option<Self>> {
        let key = key(device_secret);
        let covers = covers(dir)?;
        if covers.is_empty() {
            return Ok(None);
        }
        let found = covers.iter().filter_map(|cover| {
            let text = wrap::unwrap(&key, &cover.sealed, PURPOSE)?;
            serde_json::from_slice::<Slots>(&text).ok()
        });
        let newest = found.max_by_key(|slots| slots.written);
        newest.map(Some).ok_or(Error::Keychain("another desk's"))
    }

    /// Writes both files. What this returns after is safe.
    pub(crate) fn write(
        &mut self,
        dir: &Path,
        device_secret: &Secret,
        keychain: KeychainPlace,
    ) -> Result<()> {
        self.written += 1;
        let text = serde_json::to_vec(self).expect("what we keep has string keys only");
        let cover = Cover {
            version: VERSION,
            keychain,
            sealed: wrap::wrap(&key(device_secret), &text, PURPOSE),
        };
        let text = serde_json::to_vec(&cover).expect("what we keep has string keys only");
        FILES
            .iter()
            .try_for_each(|name| files::replace(&dir.join(name), &text))
    }

    /// Returns where the secrets to these slots are; nothing when there are no slots.
    pub(crate) fn keychain(dir: &Path) -> Result<Option<KeychainPlace>> {
        let place = covers(dir)?.first().map(|cover| cover.keychain);
        if place.is_none() && paths(dir).any(|path| path.exists()) {
            return Err(Error::Keychain("slots damaged"));
        }
        Ok(place)
    }

    /// Removes both files.
    pub(crate) fn erase(dir: &Path) -> Result<()> {
        for path in paths(dir) {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn paths(dir: &Path) -> impl Iterator<Item = PathBuf> {
    FILES.iter().map(move |name| dir.join(name))
}

/// Reads the files that are whole.
fn covers(dir: &Path) -> Result<Vec<Cover>> {
    let mut found = Vec::new();
    for path in paths(dir) {
        match std::fs::read(&path) {
            Ok(bytes) => found.extend(serde_json::from_slice::<Cover>(&bytes).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    found.retain(|cover| cover.version == VERSION);
    Ok(found)
}

fn key(device_secret: &Secret) -> Secret {
    wrap::derive(&[device_secret.as_ref()], PURPOSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::device;

    fn slots() -> Slots {
        Slots::new(
            Device {
                secret: None,
                ..device(1)
            },
            5,
        )
    }

    #[test]
    fn one_damaged_file_of_the_two_loses_nothing() {
        let secret = wrap::new_secret();
        for (name, other) in [(FILES[0], FILES[1]), (FILES[1], FILES[0])] {
            let dir = tempfile::tempdir().unwrap();
            slots()
                .write(dir.path(), &secret, KeychainPlace::File)
                .unwrap();
            for damage in [&b""[..], b"{", b"\0\0\0\0"] {
                std::fs::write(dir.path().join(name), damage).unwrap();
                let found = Slots::read(dir.path(), &secret).unwrap().unwrap();
                assert_eq!(found.device.name, "desk 1");
            }
            std::fs::write(dir.path().join(other), "").unwrap();
            let both = Slots::keychain(dir.path());
            assert!(both.is_err(), "a desk with damaged slots is no new desk");
        }
    }

    #[test]
    fn the_newest_of_the_two_counts() {
        let (dir, secret) = (tempfile::tempdir().unwrap(), wrap::new_secret());
        let mut slots = slots();
        let write = |slots: &mut Slots| slots.write(dir.path(), &secret, KeychainPlace::File);
        write(&mut slots).unwrap();
        let old = std::fs::read(dir.path().join(FILES[1])).unwrap();
        slots.unsent = 7;
        write(&mut slots).unwrap();
        // the power went between the two
        std::fs::write(dir.path().join(FILES[1]), old).unwrap();
        let found = Slots::read(dir.path(), &secret).unwrap().unwrap();
        assert_eq!(found.unsent, 7);
        assert!(Slots::read(dir.path(), &wrap::new_secret()).is_err());
        Slots::erase(dir.path()).unwrap();
        assert!(Slots::read(dir.path(), &secret).unwrap().is_none());
        assert_eq!(Slots::keychain(dir.path()).unwrap(), None);
    }
}
