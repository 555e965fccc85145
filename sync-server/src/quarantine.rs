//! The command line of what was held: `wardbook-hub quarantine`.

use crate::app::App;
use crate::sync::held::{self, IncludeDecided, Released};
use anyhow::{Result, bail};
use clap::Subcommand;
use shared::console::HeldLine;
use shared::problem::Problem;
use shared::record::Kind;

/// What can be done about held changes.
#[derive(Subcommand, Debug)]
pub(crate) enum QuarantineCommand {
    /// List what waits for a decision, and the devices that are slowed down because much of theirs was held
    List {
        /// Also what was decided already
        #[arg(long)]
        all: bool,
    },
    /// Show one with all that it writes; the beginning of its name is enough. Shows what is in the record
    Show { hash: String },
    /// Let one in after all
    Release {
        hash: String,
        /// Username of the clinical manager who looked at it
        #[arg(long)]
        by: String,
    },
    /// Refuse one for good; its author is told
    Refuse {
        hash: String,
        /// Username of the clinical manager who looked at it
        #[arg(long)]
        by: String,
        /// What the author is told
        #[arg(long)]
        reason: String,
    },
}

impl QuarantineCommand {
    /// Runs it and returns what to say.
    pub(crate) async fn run(self, app: &App) -> Result<String> {
        match self {
            QuarantineCommand::List { all } => {
                let include = if all {
                    IncludeDecided::Yes
                } else {
                    IncludeDecided::No
                };
                let mut lines: Vec<String> = held::list(app, include)
                    .await?
                    .iter()
                    .map(in_words)
                    .collect();
                let slowed = held::slowed(app).await?;
                lines.extend(slowed.iter().map(|one| {
                    let (device, held) = (one.device, one.held_this_hour);
                    format!(
                        "slowed down: device {device} ({}), {held} held this hour",
                        one.name
                    )
                }));
                Ok(lines.join("\n"))
            }
            QuarantineCommand::Show { hash } => {
                let whole = held::show(app, &hash).await.map_err(said)?;
                Ok(serde_json::to_string_pretty(&whole)?)
            }
            QuarantineCommand::Release { hash, by } => {
                match held::release(app, &hash, &by).await.map_err(said)? {
                    Released::Taken => Ok("released: it is part of the record".into()),
                    Released::NotYet(problems) => {
                        bail!(
                            "it cannot be part of the record as it is: {}",
                            codes(&problems)
                        )
                    }
                }
            }
            QuarantineCommand::Refuse { hash, by, reason } => {
                held::refuse(app, &hash, &by, &reason).await.map_err(said)?;
                Ok("refused: its author is told".into())
            }
        }
    }
}

/// Ids and codes only: what is in a change is shown one by one.
fn in_words(line: &HeldLine) -> String {
    let staff = line
        .staff
        .map_or_else(|| "-".into(), |staff| staff.to_string());
    let weight = if line.is_final { "final" } else { "held" };
    let hash = line.hash.get(..12).unwrap_or(&line.hash);
    let kind = line.kind.map_or("unknown", Kind::word);
    format!(
        "{hash}  {}  {}  {weight}  {kind} {}  device {}  staff {staff}  {}",
        line.held_at,
        line.state.word(),
        line.record,
        line.device,
        codes(&line.problems)
    )
}

fn codes(problems: &[Problem]) -> String {
    let words: Vec<String> = problems
        .iter()
        .map(|problem| {
            format!("{} {}", problem.code, problem.field)
                .trim()
                .to_owned()
        })
        .collect();
    words.join(", ")
}

fn said(error: crate::error::Error) -> anyhow::Error {
    match error.code().as_str() {
        "held.gone" => {
            anyhow::anyhow!("there is no held change whose name begins like this, or more than one")
        }
        "held.decided" => anyhow::anyhow!("somebody has already decided about it"),
        "not_allowed" => anyhow::anyhow!("only a clinical manager may decide about held changes"),
        "staff.unknown" => anyhow::anyhow!("there is nobody with this username"),
        _ => error.into(),
    }
}
