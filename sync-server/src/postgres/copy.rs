//! A copy of everything the private PostgreSQL holds, and a cluster made of one.

use super::outgoing::Cluster;
use super::{Home, Keep, NAME, PORT, Postgres, binaries, must};
use anyhow::{Result, ensure};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

impl Cluster {
    /// Copies everything it holds as it is at one moment, beside its files, and checks the copy. Others go on meanwhile.
    /// The copy is removed with what is returned.
    pub(crate) fn copy(&self) -> Result<TempDir> {
        let home = &self.0;
        let beside = tempfile::Builder::new()
            .prefix("copy.")
            .tempdir_in(&home.dir)?;
        if let Some((user, group)) = home.runs_as {
            chown(beside.path(), Some(user), Some(group))?;
        }
        let bin = binaries()?;
        let mut copy = home.command(&bin.join("pg_basebackup"));
        copy.arg("--pgdata").arg(beside.path());
        copy.arg("--host").arg(&home.socket);
        copy.args(["--port", &PORT.to_string(), "--username", NAME])
            .args(["--checkpoint", "fast", "--wal-method", "stream"])
            .args(["--manifest-checksums", "SHA256", "--no-password"]);
        must(copy, "copying the database")?;
        home.check(&bin, beside.path())?;
        Ok(beside)
    }
}

impl Postgres {
    /// Puts a copy in the place of a cluster, where there is none yet.
    pub fn put_back(data: &Path, copy: &Path, keep: Keep) -> Result<()> {
        let home = Home::prepare(data, keep)?;
        let cluster = home.cluster();
        ensure!(
            !cluster.exists(),
            "there is a database already in {}",
            home.dir.display()
        );
        let half = home.dir.join("data.new");
        let mut carry = Command::new("cp");
        carry
            .args(["--archive", "--reflink=auto"])
            .arg(copy)
            .arg(&half);
        must(carry, "moving the database to its place")?;
        if let Some((user, group)) = home.runs_as {
            let mut own = Command::new("chown");
            own.arg("--recursive")
                .arg(format!("{user}:{group}"))
                .arg(&half);
            must(own, "giving the database to its account")?;
        }
        fs::set_permissions(&half, fs::Permissions::from_mode(0o700))?;
        home.check(&binaries()?, &half)?;
        fs::rename(&half, &cluster)?;
        Ok(())
    }
}

impl Home {
    /// Checks every file of a copy against what was noted when it was made.
    fn check(&self, bin: &Path, copy: &Path) -> Result<()> {
        let mut check = self.command(&bin.join("pg_verifybackup"));
        check.args(["--exit-on-error", "--quiet"]).arg(copy);
        must(check, "checking the copy of the database")
    }
}
