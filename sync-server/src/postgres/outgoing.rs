//! The log of the private PostgreSQL on its way out. Each *piece* of it that is full, or half a minute old, is laid beside the
//! cluster, from where the hub carries it away. PostgreSQL never waits for the place it goes to.

use super::{Home, Keep};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A piece that anything was written to is closed after so many seconds.
pub(crate) const CLOSED_EVERY_S: u32 = 30;

/// The files of a private cluster, for whoever copies them while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Cluster(pub(super) Home);

/// A piece that waits to be carried away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// As PostgreSQL calls it; in order of age.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// When it was closed, milliseconds since 1970.
    pub(crate) closed_ms: i64,
}

impl Home {
    fn outgoing(&self) -> PathBuf {
        self.dir.join("outgoing")
    }

    /// Settings by which PostgreSQL lays pieces out, if there is a folder for them. A piece that is there already under its
    /// name was laid out before a crash.
    pub(super) fn lays_out(&self) -> [String; 4] {
        let out = self.outgoing().display().to_string();
        let out = out.replace('%', "%%").replace('\'', "'\\''");
        let command = format!(
            "test ! -d '{out}' || cmp -s '%p' '{out}/%f' || {{ cp '%p' '{out}/%f.part' && sync '{out}/%f.part' \
             && mv '{out}/%f.part' '{out}/%f' && sync '{out}'; }}"
        );
        [
            "-c".into(),
            "archive_mode=on".into(),
            "-c".into(),
            format!("archive_command={command}"),
        ]
    }
}

impl Cluster {
    /// Returns the cluster of a data directory.
    pub(crate) fn of(data: &Path) -> Result<Self> {
        Ok(Self(Home::prepare(data, Keep::Durable)?))
    }

    /// Returns where pieces are laid out.
    pub(crate) fn outgoing(&self) -> PathBuf {
        self.0.outgoing()
    }

    /// Has pieces laid out from now on.
    pub(crate) fn lay_out(&self) -> Result<()> {
        super::make_dir(&self.outgoing(), self.0.runs_as)
    }

    /// Has none laid out any more, and removes those that are.
    pub(crate) fn lay_out_nothing(&self) -> Result<()> {
        match fs::remove_dir_all(self.outgoing()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).context("removing the log that waits")
            }
            _ => Ok(()),
        }
    }

    /// Returns the pieces that wait, oldest first.
    pub(crate) fn waiting(&self) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        let entries = match fs::read_dir(self.outgoing()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(pieces),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let about = entry.metadata()?;
            if name.ends_with(".part") || !about.is_file() {
                continue;
            }
            let closed = about.modified()?.duration_since(UNIX_EPOCH);
            let closed_ms = closed.unwrap_or_default().as_millis();
            pieces.push(Piece {
                name,
                bytes: about.len(),
                closed_ms: i64::try_from(closed_ms).unwrap_or(i64::MAX),
            });
        }
        pieces.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(pieces)
    }
}
