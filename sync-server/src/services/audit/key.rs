//! The hub's audit key: a file that only the hub's account may read, and that is in no database.

use crate::secrets::kept;
use ed25519_dalek::SigningKey;
use shared::audit::{Hash, seal};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Signs tree heads, seals leaves, and unlocks the first keys of the desks' chains.
pub(crate) struct AuditKey {
    pub(crate) sign: SigningKey,
    pub(crate) unlock: SigningKey,
    pub(crate) leaf: Hash,
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}

impl AuditKey {
    /// Reads the key in a directory, making one from `chance` where there is none.
    pub(crate) fn open(dir: &Path, chance: Hash) -> io::Result<Self> {
        let secret = kept(dir, "audit.key", || Ok(chance.to_vec()))?;
        let secret = Hash::try_from(secret).map_err(|_| {
            io::Error::new(
                ErrorKind::InvalidData,
                "the audit key does not have 32 bytes",
            )
        })?;
        Ok(Self {
            sign: SigningKey::from_bytes(&secret),
            unlock: SigningKey::from_bytes(&seal::derive("wardbook audit unlock 1", &[&secret])),
            leaf: seal::derive("wardbook audit leaf 1", &[&secret]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_has_one_key_for_good_that_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let key = AuditKey::open(dir.path(), [1; 32]).unwrap();
        let again = AuditKey::open(dir.path(), [2; 32]).unwrap();
        assert_eq!(key.sign.to_bytes(), again.sign.to_bytes());
        assert_ne!(key.sign.to_bytes(), key.unlock.to_bytes());
        let mode = fs::metadata(dir.path().join("audit.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join("audit.key"), b"short").unwrap();
        assert!(AuditKey::open(dir.path(), [1; 32]).is_err());
    }
}
