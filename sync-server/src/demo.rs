//! The sample hospital.

use crate::app::App;
use anyhow::Result;

pub(crate) async fn run(_app: &App) -> Result<String> {
    Ok(String::new())
}
