//! Commands that need no open database.

use super::say;
use crate::backup::{BackupCommand, restore};
use crate::config::Config;
use crate::doctor::{self, AsJson};
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// What opens the database by itself, or has none yet.
#[derive(Subcommand, Debug)]
pub(super) enum ApartCommand {
    /// Everything the hub has, in one sealed file
    Backup {
        #[command(subcommand)]
        command: BackupCommand,
    },
    /// Look at everything and say what somebody has to see to; ends with 0, 1 for what is worth a look, 2 for what is broken
    Doctor {
        /// For a program that reads it
        #[arg(long)]
        json: bool,
    },
    /// Put a backup back into an empty data directory; desks then give back what the hub took since
    Restore {
        /// The file, or the folder of a running backup
        backup: PathBuf,
        /// As it was at a moment, such as 2027-03-01T12:30:00Z: of a running backup
        #[arg(long)]
        until: Option<jiff::Timestamp>,
        /// File that holds the key of backups
        #[arg(long, env = "WARDBOOK_BACKUP_KEY_FILE")]
        key: PathBuf,
    },
}

impl ApartCommand {
    pub(super) async fn run(self, config: &Config) -> Result<ExitCode> {
        match self {
            ApartCommand::Backup { command } => say(&command.run(config).await?)?,
            ApartCommand::Restore { backup, until, key } => {
                say(&restore(config, &backup, &key, until).await?.lines())?;
            }
            ApartCommand::Doctor { json } => {
                let as_json = if json { AsJson::Yes } else { AsJson::No };
                let report = doctor::run(config).await;
                say(&doctor::printed(&report, as_json)?)?;
                return Ok(doctor::status(&report));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
