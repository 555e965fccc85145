//! The key of the ward's encrypted database.
//!
//! It lies in a file beside the database that only the desk's account may read. Whoever copies the whole directory has
//! both; the operating system's keychain takes its place behind this one function.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use rand::RngCore;

/// Length of the key in bytes.
const KEY_BYTES: usize = 32;

/// Returns the key of the database in a directory, making one for a directory that has none.
pub(crate) fn database_key(dir: &Path) -> io::Result<[u8; KEY_BYTES]> {
    match read_key(&dir.join("key")) {
        Err(error) if error.kind() == ErrorKind::NotFound => make_key(dir),
        answer => answer,
    }
}

fn read_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| {
        io::Error::new(
            ErrorKind::InvalidData,
            "the key file does not hold 32 bytes",
        )
    })
}

/// Writes beside and renames, so that a power cut leaves a whole key or none.
fn make_key(dir: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    #[expect(
        clippy::disallowed_methods,
        reason = "a secret comes from the system's randomness, never from a seed"
    )]
    rand::rng().fill_bytes(&mut key);
    let (half, whole) = (dir.join("key.half"), dir.join("key"));
    let mut file = for_owner().open(&half)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&half, &whole)?;
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    Ok(key)
}

fn for_owner() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::database_key;
    use std::fs;

    #[test]
    fn a_directory_has_one_key_for_good() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = database_key(one.path()).unwrap();
        assert_eq!(database_key(one.path()).unwrap(), key);
        assert_ne!(database_key(other.path()).unwrap(), key);
        assert_ne!(key, [0; 32]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        database_key(dir.path()).unwrap();
        assert_eq!(
            fs::metadata(dir.path().join("key"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_damaged_key_is_kept_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        for wrong in [&b"short"[..], &[7; 33]] {
            fs::write(dir.path().join("key"), wrong).unwrap();
            assert!(database_key(dir.path()).is_err());
            assert_eq!(fs::read(dir.path().join("key")).unwrap(), wrong);
        }
    }

    #[test]
    fn a_key_left_half_written_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("key.half"), b"half").unwrap();
        let key = database_key(dir.path()).unwrap();
        assert_eq!(database_key(dir.path()).unwrap(), key);
    }
}
