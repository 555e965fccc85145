//! Who did what: `wardbook-hub audit`.

use super::say;
use crate::database::Opened;
use crate::services::audit::show::{About, show};
use crate::services::audit::{settle, verify};
use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use uuid::Uuid;

/// What can be asked of the log.
#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// Check every entry, every signed head and every desk's chain; says the first bad entry and fails if there is one
    Verify {
        /// File of signed heads from another place
        #[arg(long)]
        head: Option<PathBuf>,
    },
    /// List entries
    Show {
        #[command(flatten)]
        about: AboutArgs,
        /// The newest so many
        #[arg(long, default_value_t = 200)]
        limit: u32,
    },
    /// Sign the log as it is now and write its head down
    Sign,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct AboutArgs {
    /// About a record
    #[arg(long)]
    record: Option<Uuid>,
    /// What a member of staff did
    #[arg(long)]
    staff: Option<Uuid>,
    /// Entries of desks that were not whole when they came
    #[arg(long)]
    alarms: bool,
}

impl AuditCommand {
    pub(super) async fn run(self, opened: &Opened) -> Result<()> {
        let app = &opened.app;
        match self {
            AuditCommand::Verify { head } => {
                let found = verify::verify(app, head.as_deref()).await?;
                say(&serde_json::to_string_pretty(&found)?)?;
                ensure!(found.is_whole(), "the audit log is not as it was written");
                Ok(())
            }
            AuditCommand::Show { about, limit } => {
                let about = match (about.record, about.staff) {
                    (Some(record), _) => About::Record(record),
                    (None, Some(staff)) => About::Staff(staff),
                    (None, None) => About::Alarms,
                };
                settle(app).await?;
                say(&show(app, about, limit).await?.join("\n"))
            }
            AuditCommand::Sign => say(&format!("signed at {}", settle(app).await?)),
        }
    }
}
