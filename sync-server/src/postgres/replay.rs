//! A cluster that was put back takes in the log that was kept after its copy was made: all of it, or up to a moment.

use super::outgoing::Cluster;
use super::{Keep, Postgres, must};
use anyhow::{Context, Result};
use sqlx::{ConnectOptions, Connection};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long taking in a log may take.
const WAIT: Duration = Duration::from_secs(12 * 3_600);
/// What PostgreSQL says when the log ends before the moment it was told.
const ENDED_BEFORE: &str = "recovery ended before configured recovery target was reached";

impl Cluster {
    /// Returns a folder from which the cluster takes its log: pieces under their names.
    pub(crate) fn incoming(&self) -> Result<PathBuf> {
        let incoming = self.0.dir.join("incoming");
        super::make_dir(&incoming, self.0.runs_as)?;
        Ok(incoming)
    }
}

/// Starts a cluster that was put back, lets it take in what lies in its folder, and stops it. Returns when the last thing was
/// written that it holds now, as PostgreSQL says it; nothing when nothing came.
pub(crate) async fn replay(data: &Path, until: Option<jiff::Timestamp>) -> Result<Option<String>> {
    let cluster = Cluster::of(data)?;
    let incoming = cluster.incoming()?;
    let at = cluster.0.cluster();
    let (settings, signal) = (at.join("postgresql.auto.conf"), at.join("recovery.signal"));
    let before = fs::read_to_string(&settings).context("reading the settings of the copy")?;
    let told = |until| before.clone() + &wanted(&incoming, until);
    fs::write(&settings, told(until))?;
    fs::write(&signal, "")?;
    if let Some((user, group)) = cluster.0.runs_as {
        let mut own = Command::new("chown");
        own.arg("--recursive").arg(format!("{user}:{group}"));
        own.arg(&incoming).arg(&signal);
        must(own, "giving the log to its account")?;
    }
    let postgres = match start(data).await {
        // the log ends before the moment: all of it is wanted
        Err(error) if until.is_some() && format!("{error:#}").contains(ENDED_BEFORE) => {
            fs::write(&settings, told(None))?;
            start(data).await?
        }
        started => started?,
    };
    let last = last_written(&postgres).await;
    fs::write(&settings, before)?;
    fs::remove_dir_all(&incoming)?;
    tokio::task::spawn_blocking(move || postgres.stop()).await?;
    last
}

/// Starts it as one that is kept: one that is thrown away goes with who used it last.
async fn start(data: &Path) -> Result<Postgres> {
    let data = data.to_owned();
    let started = move || Postgres::start_within(&data, Keep::Durable, WAIT);
    tokio::task::spawn_blocking(started).await?
}

async fn last_written(postgres: &Postgres) -> Result<Option<String>> {
    let mut db = postgres.options("postgres").connect().await?;
    let last = sqlx::query_scalar(
        "select to_char(pg_last_xact_replay_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
    )
    .fetch_one(&mut db)
    .await?;
    db.close().await?;
    Ok(last)
}

/// Returns the settings of a cluster that takes in a log.
fn wanted(incoming: &Path, until: Option<jiff::Timestamp>) -> String {
    let from = incoming.display().to_string();
    let from = from.replace('%', "%%").replace('\'', "''");
    let mut lines = vec![
        String::new(),
        format!("restore_command = 'cp \"{from}/%f\" \"%p\"'"),
        "recovery_target_timeline = 'current'".into(),
        "recovery_target_action = 'promote'".into(),
        "hot_standby = off".into(),
    ];
    // a letter for the zone is not allowed here
    let until = until.map(|until| until.strftime("%Y-%m-%d %H:%M:%S%.6f+00"));
    lines.extend(until.map(|until| format!("recovery_target_time = '{until}'")));
    lines.join("\n") + "\n"
}
