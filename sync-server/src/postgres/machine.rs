//! What this computer has for a private PostgreSQL: its programs, its account, and folders that belong to it.

use anyhow::{Context, Result, ensure};
use nix::unistd::{Uid, User};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Finds Debian's server binaries, the newest version first, or those in PATH.
pub(super) fn binaries() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort_unstable();
    let in_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let places = versions
        .into_iter()
        .rev()
        .map(|(_, dir)| dir)
        .chain(in_path);
    places.into_iter().find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists()).context(
        "no PostgreSQL server binaries in /usr/lib/postgresql or PATH. Install them with `apt-get install postgresql`, \
         or name a server of your own with --database-url",
    )
}

pub(super) fn postgres_user() -> Result<(u32, u32)> {
    let user = User::from_name("postgres")?.context(
        "PostgreSQL refuses to run as root and there is no user `postgres`. Install it with `apt-get install postgresql`",
    )?;
    Ok((user.uid.as_raw(), user.gid.as_raw()))
}

/// Makes a directory that belongs to whom the server runs as, and to nobody else.
pub(super) fn make_dir(dir: &Path, runs_as: Option<(u32, u32)>) -> Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::create_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => made.with_context(|| format!("making {}", dir.display()))?,
    }
    let about = fs::symlink_metadata(dir)?;
    let owner = runs_as.map_or(Uid::effective().as_raw(), |(user, _)| user);
    let ours = about.uid() == owner || about.uid() == Uid::effective().as_raw();
    ensure!(
        about.is_dir() && ours,
        "{} belongs to somebody else",
        dir.display()
    );
    if let Some((user, group)) = runs_as {
        chown(dir, Some(user), Some(group))?;
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    Ok(())
}

pub(super) fn can_reach(dir: &Path, runs_as: Option<(u32, u32)>) -> bool {
    let Some((user, group)) = runs_as else {
        return true;
    };
    let tried = Command::new("/bin/sh")
        .args(["-c", "cd \"$0\""])
        .arg(dir)
        .current_dir("/")
        .uid(user)
        .gid(group)
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

pub(super) fn short_hash(path: &Path) -> String {
    shared::sync::wire::hex(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..6])
}

/// Runs a program that says by its status whether it did what it should.
pub(super) fn must(mut program: Command, what: &'static str) -> Result<()> {
    let done = program.output().context(what)?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{what}: {}", said.trim());
    Ok(())
}
