//! Where a desk keeps what must not lie beside its replica: the operating system's keychain, or, where there is none, a
//! file that only the desk's account may read. The file is weaker: who copies the whole disk has it too.
//!
//! Small named secrets: the device's own secret and signing key, what belongs to each person, the latest time seen. Any
//! other key of this desk can lie here too.

use crate::error::{Error, Result};
use crate::files;
use serde::{Deserialize, Serialize};
use shared::desk::KeychainPlace;
use shared::sync::wire::{hex, unhex};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The name under which a system's keychain shows what is ours.
const SERVICE: &str = "org.wardbook.desk";
/// How long a system's keychain may take to say that it works.
const PATIENCE: Duration = Duration::from_secs(3);

/// One of two places.
#[derive(Debug)]
pub(crate) enum Keychain {
    /// `desk` tells the desks of one computer from each other.
    System {
        desk: String,
    },
    File(Beside),
}

/// A file of secrets. One program writes it, one call at a time.
#[derive(Debug)]
pub(crate) struct Beside {
    path: PathBuf,
    one: Mutex<()>,
}

#[derive(Default, Serialize, Deserialize)]
struct Contents(BTreeMap<String, String>);

impl Drop for Contents {
    fn drop(&mut self) {
        self.0.values_mut().for_each(zeroize::Zeroize::zeroize);
    }
}

impl Keychain {
    /// Finds the keychain of the desk in a directory. `known` is where its secrets are, for a desk that has some; a new
    /// one gets the system's if that works. `folder` takes the place of both.
    pub(crate) fn find(
        dir: &Path,
        folder: Option<&Path>,
        known: Option<KeychainPlace>,
    ) -> Result<Self> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
            return Ok(Self::file(folder.join(file_name(dir))));
        }
        let beside = dir.with_file_name(file_name(dir));
        let system = Self::System {
            desk: dir.display().to_string(),
        };
        match known {
            Some(KeychainPlace::System) => Ok(system),
            Some(KeychainPlace::File) => Ok(Self::file(beside)),
            None if beside.exists() => Ok(Self::file(beside)),
            None if system_works(&dir.display().to_string()) => Ok(system),
            None => {
                tracing::warn!(
                    "This computer has no keychain: the desk's secrets lie in a file beside its directory"
                );
                Ok(Self::file(beside))
            }
        }
    }

    pub(crate) fn file(path: PathBuf) -> Self {
        Self::File(Beside {
            path,
            one: Mutex::default(),
        })
    }

    pub(crate) fn place(&self) -> KeychainPlace {
        match self {
            Keychain::System { .. } => KeychainPlace::System,
            Keychain::File(_) => KeychainPlace::File,
        }
    }

    /// Reads a secret; nothing when there is none of this name.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self {
            Keychain::System { desk } => match entry(desk, name)?.get_secret() {
                Ok(secret) => Ok(Some(Zeroizing::new(secret))),
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(unavailable(&error)),
            },
            Keychain::File(file) => {
                let _one = crate::store::lock(&file.one);
                let contents = file.read()?;
                let found = contents.0.get(name).and_then(|text| unhex(text));
                Ok(found.map(Zeroizing::new))
            }
        }
    }

    /// Keeps a secret. It is safe when this returns.
    pub(crate) fn set(&self, name: &str, secret: &[u8]) -> Result<()> {
        match self {
            Keychain::System { desk } => entry(desk, name)?
                .set_secret(secret)
                .map_err(|error| unavailable(&error)),
            Keychain::File(file) => file.change(|contents| {
                contents.insert(name.to_owned(), hex(secret));
            }),
        }
    }

    /// Forgets a secret.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        match self {
            Keychain::System { desk } => match entry(desk, name)?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(unavailable(&error)),
            },
            Keychain::File(file) => file.change(|contents| {
                contents.remove(name);
            }),
        }
    }
}

impl Beside {
    fn read(&self) -> Result<Contents> {
        match std::fs::read(&self.path) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                // what cannot be read is kept as it is: writing over it would lose the desk's key for good
                serde_json::from_slice(&bytes).map_err(|_| Error::Keychain("damaged"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Contents::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn change(&self, work: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<()> {
        let _one = crate::store::lock(&self.one);
        let mut contents = self.read()?;
        work(&mut contents.0);
        let text = serde_json::to_vec(&contents).expect("names and text are JSON");
        files::replace(&self.path, &Zeroizing::new(text))
    }
}

/// `desk` of `/var/desk` is `desk.keychain`.
fn file_name(dir: &Path) -> PathBuf {
    let name = dir.file_name().unwrap_or("desk".as_ref());
    files::beside(Path::new(name), ".keychain")
}

/// Says whether the system has a keychain that keeps and returns something, before somebody loses patience with it.
fn system_works(desk: &str) -> bool {
    let (sender, answers) = mpsc::channel();
    let desk = desk.to_owned();
    let probe = move || {
        let works = || -> keyring::Result<bool> {
            let entry = keyring::v1::Entry::new(SERVICE, &format!("{desk} probe"))?;
            entry.set_secret(b"probe")?;
            let is_kept = entry.get_secret()? == b"probe";
            entry.delete_credential()?;
            Ok(is_kept)
        };
        let works = works();
        if let Err(error) = &works {
            tracing::info!(error = kind(error), "The system's keychain does not work");
        }
        // whoever asked may have gone on without the answer
        let _ = sender.send(works.unwrap_or(false));
    };
    let started = std::thread::Builder::new()
        .name("keychain-probe".into())
        .spawn(probe);
    started.is_ok() && answers.recv_timeout(PATIENCE).unwrap_or(false)
}

fn entry(desk: &str, name: &str) -> Result<keyring::v1::Entry> {
    keyring::v1::Entry::new(SERVICE, &format!("{desk} {name}")).map_err(|error| unavailable(&error))
}

fn unavailable(error: &keyring::Error) -> Error {
    Error::Keychain(kind(error))
}

/// Says what went wrong without quoting what a keychain said: that could hold what it keeps.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the errors of a library; only some are told apart"
)]
fn kind(error: &keyring::Error) -> &'static str {
    match error {
        keyring::Error::NoStorageAccess(_) => "locked or not allowed",
        keyring::Error::NoDefaultStore => "there is none",
        keyring::Error::PlatformFailure(_) => "the system failed",
        _ => "it did not do as asked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_secrets_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let desk = dir.path().join("desk");
        let keychain = Keychain::find(&desk, Some(dir.path()), None).unwrap();
        assert_eq!(keychain.place(), KeychainPlace::File);
        assert_eq!(keychain.get("device").unwrap(), None);
        keychain.set("device", &[1, 2]).unwrap();
        keychain.set("tls", &[0; 300]).unwrap();
        let again = Keychain::find(&desk, Some(dir.path()), None).unwrap();
        assert_eq!(again.get("device").unwrap().unwrap().to_vec(), [1, 2]);
        again.remove("device").unwrap();
        assert_eq!(keychain.get("device").unwrap(), None);
        assert_eq!(keychain.get("tls").unwrap().unwrap().len(), 300);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let about = std::fs::metadata(dir.path().join("desk.keychain")).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_file_is_kept_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("desk.keychain");
        std::fs::write(&path, "{\"device\"").unwrap();
        let keychain = Keychain::file(path.clone());
        assert!(keychain.get("device").is_err());
        assert!(keychain.set("device", &[1]).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"device\"");
    }

    #[test]
    fn a_desk_that_has_secrets_in_a_file_goes_on_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("desk.keychain"), "{}").unwrap();
        let desk = dir.path().join("desk");
        let found = Keychain::find(&desk, None, None).unwrap();
        assert_eq!(found.place(), KeychainPlace::File);
        let known = Keychain::find(&desk, None, Some(KeychainPlace::System)).unwrap();
        assert_eq!(
            known.place(),
            KeychainPlace::System,
            "never quietly the weaker one"
        );
    }
}
