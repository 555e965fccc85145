//! Backups: `wardbook-hub backup` and `wardbook-hub restore`.
//!
//! A backup is one file: what the private PostgreSQL holds as it was at one moment, and the hub's own keys, packed (tar,
//! zstd) and sealed for a key that lies elsewhere (age). Whoever takes the hub's computer can open none of its backups,
//! and whoever has only the programs `age`, `zstd` and `tar` can open them without this one. The [`running`] backup adds to
//! that what happens between two of them.

mod archive;
mod make;
mod restore;
pub(crate) mod running;

pub use archive::{About, new_key};
pub use make::make;
pub use restore::{Restored, restore, verify};

use crate::config::Config;
use anyhow::{Result, bail};
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done about backups.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum BackupCommand {
    /// Make the key that opens backups; prints what backups are sealed for. Keep the file anywhere but on this computer
    Key {
        /// File to write the key to
        #[arg(long)]
        to: PathBuf,
    },
    /// Write everything the hub has into one sealed file, while it serves
    Make {
        /// File to write, such as /mnt/backup/wardbook-2027-03-01.age
        #[arg(long)]
        to: PathBuf,
        /// What it is sealed for, as `backup key` printed it; several with commas, any of them opens it
        #[arg(
            long,
            env = "WARDBOOK_BACKUP_FOR",
            value_delimiter = ',',
            required = true
        )]
        sealed_for: Vec<String>,
    },
    /// Keep a running backup in a folder while the hub serves: a whole copy every day, and what comes in between within a
    /// minute
    Running {
        /// The folder: on another disk, better on another computer
        #[arg(long, required_unless_present = "off")]
        to: Option<PathBuf>,
        /// What it is sealed for, as `backup key` printed it; several with commas, any of them opens it
        #[arg(
            long,
            env = "WARDBOOK_BACKUP_FOR",
            value_delimiter = ',',
            required_unless_present = "off"
        )]
        sealed_for: Vec<String>,
        /// For how many days back it can be put back
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3_650))]
        days: u16,
        /// Keep none any more. What is in the folder stays there
        #[arg(long, conflicts_with = "to")]
        off: bool,
    },
    /// Open a backup, or a running one as it is now, start what is in it beside the hub, and check all of it
    Verify {
        backup: PathBuf,
        /// File that holds the key
        #[arg(long, env = "WARDBOOK_BACKUP_KEY_FILE")]
        key: PathBuf,
    },
}

impl BackupCommand {
    /// Runs the command; returns what to say.
    pub(crate) async fn run(self, config: &Config) -> Result<String> {
        if config.url()?.is_some() {
            bail!(
                "the database is a server of your own: back it up with its own tools, such as pg_basebackup and its \
                 archive_command, and the folder {} beside it",
                config.data.display()
            );
        }
        match self {
            BackupCommand::Key { to } => new_key(&to),
            BackupCommand::Make { to, sealed_for } => {
                let made = make(config, &to, &sealed_for).await?;
                Ok(format!("{}\n{}", to.display(), made.lines()))
            }
            BackupCommand::Running {
                to,
                sealed_for,
                days,
                off: _,
            } => match to {
                Some(to) => {
                    running::begin(config, &to, sealed_for, days).await?;
                    Ok(format!("kept in {} while the hub serves", to.display()))
                }
                None => {
                    running::end(config).await?;
                    Ok("kept no more".to_owned())
                }
            },
            BackupCommand::Verify { backup, key } => {
                Ok(verify(config, &backup, &key).await?.lines())
            }
        }
    }
}
