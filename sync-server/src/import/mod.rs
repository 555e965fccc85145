//! Records from elsewhere.

use crate::app::App;
use anyhow::Result;
use serde::Serialize;
use shared::ids::WardId;
use std::path::PathBuf;

/// What to import.
#[derive(Clone, Debug)]
pub struct Ask {
    pub paths: Vec<PathBuf>,
    pub ward: Option<WardId>,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub struct Report {}

impl Report {
    /// Returns the report for people.
    pub fn table(&self) -> String {
        String::new()
    }
}

/// Imports.
pub async fn run(_app: &App, _ask: &Ask) -> Result<Report> {
    Ok(Report {})
}
