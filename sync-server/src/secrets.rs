//! Secrets in files that only the hub's account may read, made once and kept.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Reads a secret in a directory, making it where there is none.
pub(crate) fn kept(
    dir: &Path,
    name: &str,
    make: impl FnOnce() -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    match fs::read(dir.join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => write(dir, name, &make()?),
        read => read,
    }
}

/// Writes beside and links, so that a power cut leaves a whole secret or none, and two programs make one.
fn write(dir: &Path, name: &str, secret: &[u8]) -> io::Result<Vec<u8>> {
    fs::create_dir_all(dir)?;
    let half = dir.join(format!("{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)?;
    file.write_all(secret)?;
    file.sync_all()?;
    let linked = fs::hard_link(&half, dir.join(name));
    fs::remove_file(&half)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::open(dir)?.sync_all()?;
    fs::read(dir.join(name))
}
