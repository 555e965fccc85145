//! The command line of the emergency access: `wardbook-hub emergency`.

pub(crate) mod holders;
pub mod review;

use crate::app::App;
use crate::emergency::review::IncludeReviewed;
use anyhow::{Result, bail};
use clap::Subcommand;
use shared::emergency::{Finding, OpeningLine, OpeningState, Review};

/// What can be done about openings of the emergency access.
#[derive(Subcommand, Debug)]
pub(crate) enum EmergencyCommand {
    /// List what waits for a review, the oldest first
    List {
        /// Also what was reviewed already
        #[arg(long)]
        all: bool,
    },
    /// Show one with its reason, notes and patients; the beginning of its id is enough
    Show { id: String },
    /// Say what a clinical manager found about one
    Review {
        id: String,
        /// Username of the clinical manager who looked at it; never whoever opened it
        #[arg(long)]
        by: String,
        /// It was right to open it
        #[arg(
            long,
            conflicts_with = "question",
            required_unless_present = "question"
        )]
        accept: bool,
        /// It is questioned, in these words
        #[arg(long)]
        question: Option<String>,
    },
}

impl EmergencyCommand {
    /// Runs it and returns what to say.
    pub(crate) async fn run(self, app: &App) -> Result<String> {
        match self {
            EmergencyCommand::List { all } => {
                let include = if all {
                    IncludeReviewed::Yes
                } else {
                    IncludeReviewed::No
                };
                let lines = review::lines(app, include).await?;
                Ok(lines.iter().map(in_words).collect::<Vec<_>>().join("\n"))
            }
            EmergencyCommand::Show { id } => {
                let line = review::find(app, &id).await.map_err(said)?;
                Ok(serde_json::to_string_pretty(&line)?)
            }
            EmergencyCommand::Review {
                id,
                by,
                accept: _,
                question,
            } => {
                let (staff, roles) = review::reviewer(app, &by).await.map_err(said)?;
                let line = review::find(app, &id).await.map_err(said)?;
                let finding = match question {
                    Some(_) => Finding::Questioned,
                    None => Finding::Accepted,
                };
                let found = Review {
                    device: line.device,
                    opening: line.id,
                    version: line.version,
                    finding,
                    words: question.unwrap_or_default(),
                };
                if let Err(error) = review::review(app, staff, &roles, &found).await {
                    bail!(said(error));
                }
                Ok(format!("reviewed: {}", finding.word()))
            }
        }
    }
}

/// Ids and codes only: reasons and notes are shown one by one.
fn in_words(line: &OpeningLine) -> String {
    let state = match line.state {
        OpeningState::Open => "open",
        OpeningState::ToReview => "to review",
        OpeningState::Overdue => "OVERDUE",
        OpeningState::Reviewed => "reviewed",
    };
    let flaws: Vec<&str> = line.flaws.iter().map(|flaw| flaw.code.as_str()).collect();
    let text = format!(
        "{}  {}  {state}  until {}  device {}  staff {}  {} looked at  {} in 30 days  {}",
        line.id,
        line.from,
        line.due,
        line.device,
        line.staff,
        line.looked.len(),
        line.lately,
        flaws.join(", ")
    );
    text.trim_end().to_owned()
}

fn said(error: crate::error::Error) -> anyhow::Error {
    match error.code().as_str() {
        "emergency.unknown" => {
            anyhow::anyhow!("there is no opening whose id begins like this, or more than one")
        }
        "emergency.own" => anyhow::anyhow!("nobody reviews what they opened themselves"),
        "emergency.still_open" => anyhow::anyhow!("it is still open"),
        "emergency.reviewed_already" => anyhow::anyhow!("somebody has already reviewed it"),
        "not_allowed" => anyhow::anyhow!("only a clinical manager may review it"),
        "required" => anyhow::anyhow!("a question needs words"),
        "staff.unknown" => anyhow::anyhow!("there is nobody with this username"),
        _ => error.into(),
    }
}
