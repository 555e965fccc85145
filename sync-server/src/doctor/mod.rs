//! How the hub and its workstations are: `wardbook-hub doctor`, and the console's page of the same.
//!
//! What is gathered here is judged by `shared::health`, a rule for each check.

mod desks;
mod hub;
pub mod support;
mod words;

use crate::app::{App, Options};
use crate::config::Config;
use crate::database::{self, Connected};
use crate::error::Error;
use crate::{contacts, migrate, world};
use anyhow::Result;
use shared::health::{self, Finding, Grade, HealthReport, Shape};
use std::process::ExitCode;

/// Looks at everything from inside a hub whose database answers.
pub async fn report(app: &App) -> crate::error::Result<HealthReport> {
    let mut findings = vec![
        health::shape(migrate::shape(&app.pool).await?),
        hub::disk(&app.data),
    ];
    findings.extend(inside(app).await?);
    Ok(reported(findings))
}

/// Looks at everything from outside, also where nothing answers; starts the private database if need be, and changes nothing.
pub async fn run(config: &Config) -> HealthReport {
    let mut findings = Vec::new();
    match database::connect(config).await {
        Ok(connected) => findings.extend(beside(config, connected).await),
        Err(error) => {
            tracing::warn!(
                error.code = Error::Bug(error).code(),
                "The database does not answer"
            );
            findings.push(health::unreachable());
        }
    }
    findings.insert(findings.len().min(1), hub::disk(&config.data));
    reported(findings)
}

async fn beside(config: &Config, connected: Connected) -> Vec<Finding> {
    let found = through(config, &connected).await;
    let closed = connected.close().await;
    match found.and_then(|found| closed.map(|()| found)) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(
                error.code = Error::Bug(error).code(),
                "The database cannot be asked"
            );
            vec![health::unreachable()]
        }
    }
}

async fn through(config: &Config, connected: &Connected) -> Result<Vec<Finding>> {
    let shape = migrate::shape(&connected.owner).await?;
    let mut findings = vec![health::shape(shape)];
    if shape == Shape::Current {
        let pool = connected.as_hub(config.database_connections).await?;
        let app = App::new(pool, Options::of(config, false)).await?;
        app.place.set(&config.place)?;
        let found = inside(&app).await;
        app.pool.close().await;
        findings.extend(found?);
    }
    Ok(findings)
}

/// Every check that asks the database.
async fn inside(app: &App) -> crate::error::Result<Vec<Finding>> {
    // what workstations said a moment ago counts
    contacts::keep(app).await?;
    let mut findings = vec![hub::backup(app).await?];
    findings.extend(hub::running(app).await?);
    findings.extend(hub::audit(app).await?);
    findings.extend(hub::events(app).await?);
    findings.extend(hub::nats(app).await);
    findings.push(hub::decisions(app).await?);
    findings.push(hub::held(app).await?);
    findings.extend(desks::all(app).await?);
    Ok(findings)
}

fn reported(findings: Vec<Finding>) -> HealthReport {
    HealthReport {
        at: world::now().rfc3339(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        findings,
    }
}

/// Returns what to print.
pub fn printed(report: &HealthReport, as_json: AsJson) -> Result<String> {
    match as_json {
        AsJson::Yes => Ok(serde_json::to_string_pretty(report)?),
        AsJson::No => Ok(words::lines(report)),
    }
}

/// Whether a program or a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsJson {
    Yes,
    No,
}

/// Returns the status with which the program ends.
pub fn status(report: &HealthReport) -> ExitCode {
    match report.grade() {
        Grade::Ok => ExitCode::SUCCESS,
        Grade::Look => ExitCode::from(1),
        Grade::Broken => ExitCode::from(2),
    }
}
