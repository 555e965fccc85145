//! A first load, in a process of its own: how long it takes and how much memory.

use crate::figures::say;
use crate::hub::{read, rss_mb};
use anyhow::{Context, Result};
use replica::{Cabinet, Courier, Options, Places, Replica};
use serde::{Deserialize, Serialize};
use shared::desk::ListAsk;
use shared::record::Kind;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The key of every replica of the bench.
pub(crate) const KEY: [u8; 32] = [7; 32];

/// What a first load came to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) seconds: f64,
    pub(crate) records: usize,
    pub(crate) rss_mb: f64,
}

/// Opens a replica, as the window does.
pub(crate) fn open(dir: &Path, hub: Option<String>) -> Result<Replica> {
    Ok(Replica::open(&Options {
        dir: dir.to_owned(),
        key: KEY,
        hub,
    })?)
}

/// Enrols and loads a desk as people have it, locked, with its secrets in a folder of its own.
pub(crate) async fn locked(hub: &str, code: &str, dir: &Path, keychain: &Path) -> Result<()> {
    let cabinet = Cabinet::find(&Places {
        dir: dir.to_owned(),
        keychain: Some(keychain.to_owned()),
        hub: None,
    })?;
    cabinet.enrol(hub, code, "bench").await?;
    Courier::round(&cabinet.replica()?).await?;
    Ok(cabinet.close()?)
}

/// Loads a ward in a process of its own.
pub(crate) fn in_own_process(hub: &str, code: &str, dir: &Path) -> Result<Loaded> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command
        .args(["load", hub, code])
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()?;
    let answer = read(
        &mut BufReader::new(child.stdout.take().context("the desk answers")?),
        "LOADED ",
    )?;
    anyhow::ensure!(child.wait()?.success(), "the desk failed");
    Ok(serde_json::from_str(&answer)?)
}

/// The same while this process goes on, for instance as the wire.
pub(crate) async fn in_own_process_async(
    hub: String,
    code: String,
    dir: PathBuf,
) -> Result<Loaded> {
    tokio::task::spawn_blocking(move || in_own_process(&hub, &code, &dir)).await?
}

/// Is the desk: enrols, loads, and says how long it took.
pub(crate) async fn load(hub: &str, code: &str, dir: &Path) -> Result<()> {
    let replica = open(dir, Some(hub.to_owned()))?;
    replica.enrol(hub, code, "bench").await?;
    let start = Instant::now();
    Courier::round(&replica).await?;
    let seconds = start.elapsed().as_secs_f64();
    let ask = ListAsk {
        kind: Kind::Patient,
        ward: None,
        limit: 1,
        after: None,
    };
    let records = usize::try_from(replica.list(&ask)?.total)?;
    let loaded = Loaded {
        seconds,
        records,
        rss_mb: rss_mb(std::process::id())?,
    };
    say(&format!("LOADED {}", serde_json::to_string(&loaded)?));
    Ok(())
}
