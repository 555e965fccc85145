//! Which files a replica consists of, and how one generation takes the place of another.
//!
//! `current` names the generation in use, `ward-<n>.db`; it is replaced by a rename, so there is never none. `outbox.db`
//! is the mirror of unsent work. `loading-<n>.db` is a first load under way. `aside/` keeps files that were damaged or
//! not this desk's. `slots.json` and its copy hold what opens them all. `in-use` is there while the replica is open, so that a crash is noticed; it is also the lock.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The endings SQLite gives to the files beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// Kept free for a disk that is full: enough to take a change back out of the second copy.
const ROOM_BYTES: usize = 64 << 10;

/// The directory of a replica.
#[derive(Clone, Debug)]
pub(crate) struct Dir(pub(crate) PathBuf);

/// Keeps other programs out of the directory while it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: Mutex<Option<File>>,
    path: PathBuf,
    /// The program that had it before did not close it.
    pub(crate) was_left_open: bool,
}

impl Lock {
    /// Notes that everything was closed in good order.
    pub(crate) fn closed(&self) {
        let Some(_file) = self.file.lock().ok().and_then(|mut file| file.take()) else {
            return;
        };
        if let Err(error) = fs::write(&self.path, b"") {
            tracing::debug!(%error, "Could not note a good close; the next start checks the whole file");
        }
    }
}

/// Keeps a file locked while it lives.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

impl Hold {
    /// Takes a file for this program alone.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let mut options = File::options();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(Error::Busy),
            Err(fs::TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Dir {
    /// Returns how many megabytes are free where it is, if the system says.
    pub(crate) fn free_mb(&self) -> Option<u32> {
        let disk = rustix::fs::statvfs(&self.0).ok()?;
        let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        u32::try_from(bytes >> 20).ok()
    }

    /// Takes the directory for this program alone.
    pub(crate) fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(&self.0)?;
        let path = self.0.join("in-use");
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Error::Busy),
            Err(fs::TryLockError::Error(error)) => return Err(error.into()),
        }
        let was_left_open = file.metadata()?.len() > 0;
        // a full disk must not keep a ward from reading
        if let Err(error) = (&file).write_all(b"open") {
            tracing::warn!(%error, "Could not note that the replica is open");
        }
        Ok(Lock {
            file: Mutex::new(Some(file)),
            path,
            was_left_open,
        })
    }

    /// Returns the generation in use, if there is one.
    pub(crate) fn current(&self) -> Result<Option<u64>> {
        match fs::read_to_string(self.0.join("current")) {
            Ok(text) => Ok(text
                .trim()
                .strip_prefix("ward-")
                .and_then(|t| t.strip_suffix(".db"))
                .and_then(|n| n.parse().ok())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a generation into use. The file it names must be whole and on the disk already.
    pub(crate) fn set_current(&self, generation: u64) -> Result<()> {
        replace(
            &self.0.join("current"),
            format!("ward-{generation}.db\n").as_bytes(),
        )
    }

    /// Makes renames and new files of the directory last.
    pub(crate) fn sync(&self) -> Result<()> {
        sync(&self.0)
    }

    pub(crate) fn ward(&self, generation: u64) -> PathBuf {
        self.0.join(format!("ward-{generation}.db"))
    }

    pub(crate) fn loading(&self, generation: u64) -> PathBuf {
        self.0.join(format!("loading-{generation}.db"))
    }

    /// Keeps some room on the disk for the moment when it is full, if there is any.
    pub(crate) fn keep_room(&self) {
        let path = self.0.join("room");
        if !path.exists()
            && let Err(error) = std::fs::write(&path, vec![0x55; ROOM_BYTES])
        {
            tracing::debug!(%error, "No room could be kept for a full disk");
            // half of it would be of no use
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Gives the room back that was kept; says whether there was some.
    pub(crate) fn free_room(&self) -> bool {
        std::fs::remove_file(self.0.join("room")).is_ok()
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.0.join("outbox.db")
    }

    /// Returns the greatest generation of which there is a file, 0 when there is none.
    pub(crate) fn newest(&self) -> Result<u64> {
        let numbers = self.names("ward-")?.into_iter().map(|(number, _)| number);
        Ok(numbers
            .chain(
                self.names("loading-")?
                    .into_iter()
                    .map(|(number, _)| number),
            )
            .max()
            .unwrap_or(0))
    }

    /// Removes generations that are not in use, and what is left of loads other than `loading`.
    pub(crate) fn tidy(&self, current: u64, loading: Option<u64>) -> Result<()> {
        for (number, path) in self.names("ward-")? {
            if number != current {
                remove(&path)?;
            }
        }
        for (number, path) in self.names("loading-")? {
            if Some(number) != loading {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Returns the loads under way.
    pub(crate) fn loads(&self) -> Result<Vec<u64>> {
        Ok(self
            .names("loading-")?
            .into_iter()
            .map(|(number, _)| number)
            .collect())
    }

    fn names(&self, prefix: &str) -> Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or("");
            let number = name
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(".db"))
                .and_then(|n| n.parse().ok());
            found.extend(number.map(|number: u64| (number, path)));
        }
        Ok(found)
    }

    /// Moves a database and what lies beside it to `aside/`, with a note why. Returns where it went.
    pub(crate) fn set_aside(&self, path: &Path, why: &str, at: &str) -> Result<PathBuf> {
        let aside = self.0.join("aside");
        fs::create_dir_all(&aside)?;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("file");
        let stamp: String = at.chars().filter(char::is_ascii_alphanumeric).collect();
        let target = (0..)
            .map(|n| aside.join(format!("{stamp}-{n}-{name}")))
            .find(|target| !target.exists());
        let target = target.expect("there is always a number that is not taken");
        rename_if_there(path, &target)?;
        for ending in BESIDE {
            rename_if_there(&beside(path, ending), &beside(&target, ending))?;
        }
        fs::write(beside(&target, ".why.txt"), format!("{at} {why}\n"))?;
        Ok(target)
    }
}

/// Writes a whole file, or leaves the one that was there. Only its owner may read it; it is on the disk when this returns.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = beside(path, ".new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync)
}

/// Makes renames and new files of a directory last.
fn sync(dir: &Path) -> Result<()> {
    // Windows has no way to open a directory, and does not need it
    if cfg!(unix) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Removes a database and what lies beside it.
pub(crate) fn remove(path: &Path) -> Result<()> {
    for path in BESIDE
        .iter()
        .map(|ending| beside(path, ending))
        .chain([path.to_owned()])
    {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Returns the path with an ending put after it.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn rename_if_there(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
