//! The hub's own key: what it signs for desks to believe later. It lies in a file that only the hub's account may read.

use crate::world;
use anyhow::{Context, Result, ensure};
use ed25519_dalek::SigningKey;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Returns the key kept in a directory; makes one where there is none.
pub(crate) fn find(data: &Path) -> Result<SigningKey> {
    fs::create_dir_all(data).context("making the hub's directory")?;
    let path = data.join("hub.key");
    match read(&path) {
        Ok(Some(key)) => Ok(key),
        Ok(None) => {
            make(data, &path)?;
            read(&path)?.context("the hub's key was just written")
        }
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> Result<Option<SigningKey>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("reading the hub's key"),
    };
    ensure!(bytes.len() == 32, "the hub's key does not have 32 bytes");
    Ok(bytes.as_slice().try_into().ok().map(SigningKey::from_bytes))
}

/// Writes beside and links, so that there is a whole key or none, and the first of two programs that make one wins.
fn make(data: &Path, path: &Path) -> Result<()> {
    let half = data.join(format!("hub.key.{}", world::new_id().simple()));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)
        .context("making the hub's key")?;
    file.write_all(&world::new_secret())?;
    file.sync_all()?;
    let linked = fs::hard_link(&half, path);
    fs::remove_file(&half)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).context("keeping the hub's key")
        }
        Ok(()) | Err(_) => Ok(fs::File::open(data)?.sync_all()?),
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_hub_has_one_key_for_good_that_only_it_reads() {
        let dir = tempfile::tempdir().unwrap();
        let key = find(dir.path()).unwrap();
        assert_eq!(find(dir.path()).unwrap(), key);
        let path = dir.path().join("hub.key");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(&path, b"short").unwrap();
        assert!(find(dir.path()).is_err(), "and is never replaced");
    }
}
