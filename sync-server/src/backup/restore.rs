//! Putting a backup back, and trying out whether that would work.

use super::archive::{self, About};
use super::running::place::{self, Chosen};
use crate::config::Config;
use crate::database::{self, Opened};
use crate::deeds::{HUB, deed, note};
use crate::postgres::{Cluster, Keep, Postgres, replay};
use crate::services::audit::{settle, verify as log};
use crate::sync::lineage;
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use shared::audit::entry::What;
use std::fs;
use std::path::Path;

/// What was put back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup said of itself.
    pub about: About,
    /// Records that are there.
    pub records: i64,
    /// Changes that are there.
    pub changes: i64,
    /// Of a running backup.
    pub went: Option<Went>,
}

/// How far a running backup went on from its whole copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Went {
    /// When the last thing was written that is there, as PostgreSQL says it; nothing when nothing came after the copy.
    pub last: Option<String>,
    /// The piece that is missing or damaged although later ones are there.
    pub hole: Option<String>,
}

impl Went {
    fn lines(&self) -> String {
        let last = match &self.last {
            Some(last) => format!("\nthe last thing written that is there is of {last}"),
            None => "\nnothing was written after that copy".to_owned(),
        };
        let hole = self.hole.as_ref().map(|piece| {
            format!("\nTHE PIECE {piece} IS MISSING OR DAMAGED: nothing that came after it could be put back")
        });
        last + &hole.unwrap_or_default()
    }
}

impl Restored {
    /// Returns it as lines to print.
    pub fn lines(&self) -> String {
        let Self {
            about,
            records,
            changes,
            went,
        } = self;
        let went = went.as_ref().map(Went::lines).unwrap_or_default();
        format!(
            "{}\nput back and checked: {records} records, {changes} changes, the audit log is whole{went}",
            about.lines()
        )
    }
}

/// Puts a backup back into a data directory that is empty, a running one as it was at a moment. Desks give back by
/// themselves what the hub took since.
pub async fn restore(
    config: &Config,
    backup: &Path,
    key: &Path,
    until: Option<Timestamp>,
) -> Result<Restored> {
    let is_empty = match fs::read_dir(&config.data) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => true,
    };
    ensure!(
        is_empty,
        "{} is not empty: a backup is put back into a folder of its own, and nothing is written over. Name another \
         with --data, or move what is there away",
        config.data.display()
    );
    let (about, went) = unpack(config, (backup, key), until, Keep::Durable).await?;
    let opened = database::open_kept(config, true, Keep::Durable).await?;
    let restored = begin_anew(&opened, about, went).await;
    opened.close().await?;
    restored
}

/// Puts a backup back beside the hub, checks it, and takes it away again.
pub async fn verify(config: &Config, backup: &Path, key: &Path) -> Result<Restored> {
    let folder = tempfile::tempdir().context("making a folder to put it back in")?;
    let config = Config {
        data: folder.path().join("hub"),
        ..config.clone()
    };
    let (about, went) = unpack(&config, (backup, key), None, Keep::ThrowAway).await?;
    let opened = database::open_kept(&config, true, Keep::ThrowAway).await?;
    let found = check(&opened, about, went).await;
    opened.close().await?;
    found
}

async fn unpack(
    config: &Config,
    (backup, key): (&Path, &Path),
    until: Option<Timestamp>,
    keep: Keep,
) -> Result<(About, Option<Went>)> {
    let chosen = if backup.is_dir() {
        let until_ms = until.map(Timestamp::as_millisecond);
        Some(place::choose(backup, until_ms)?)
    } else {
        let why = "a backup in one file is of one moment: --until goes with the folder of a running backup";
        ensure!(until.is_none(), why);
        None
    };
    let copy = chosen.as_ref().map_or(backup, |chosen| &chosen.copy);
    let (data, copy, opener) = (config.data.clone(), copy.to_owned(), key.to_owned());
    let unpacked = move || {
        fs::create_dir_all(&data)?;
        let unpacked = tempfile::tempdir_in(&data)?;
        let about = archive::read(&copy, &opener, unpacked.path())?;
        let files = unpacked.path().join(archive::FILES);
        for entry in fs::read_dir(&files).context("this backup holds no keys")? {
            let entry = entry?;
            fs::rename(entry.path(), data.join(entry.file_name()))?;
        }
        Postgres::put_back(&data, &unpacked.path().join(archive::DATABASE), keep)?;
        Ok::<About, anyhow::Error>(about)
    };
    let about = tokio::task::spawn_blocking(unpacked).await??;
    let went = match chosen {
        Some(chosen) => Some(go_on(&config.data, chosen, key, until).await?),
        None => None,
    };
    Ok((about, went))
}

/// Has the copy that was put back take in what was kept after it.
async fn go_on(data: &Path, chosen: Chosen, key: &Path, until: Option<Timestamp>) -> Result<Went> {
    let key = archive::identity(key)?;
    let incoming = Cluster::of(data)?.incoming()?;
    let unsealed = move || chosen.unseal(&key, &incoming);
    let hole = tokio::task::spawn_blocking(unsealed).await??;
    let last = replay(data, until).await?;
    Ok(Went { last, hole })
}

async fn begin_anew(opened: &Opened, about: About, went: Option<Went>) -> Result<Restored> {
    let restored = check(opened, about, went).await?;
    let mut connection = opened.app.pool.acquire().await?;
    lineage::begin(&mut connection).await?;
    let entry = deed(What::Administered, HUB, None).because("backup.restored");
    note(&mut connection, &entry).await?;
    drop(connection);
    settle(&opened.app).await?;
    Ok(restored)
}

/// Checks that what the backup says is there, and that nobody changed the log.
async fn check(opened: &Opened, about: About, went: Option<Went>) -> Result<Restored> {
    let (records, changes): (i64, i64) =
        sqlx::query_as("select (select count(*) from record), (select count(*) from change)")
            .fetch_one(&opened.app.pool)
            .await?;
    ensure!(
        records >= about.records && changes >= about.changes,
        "the backup says that it holds {} records and {} changes, and {records} and {changes} are there",
        about.records,
        about.changes
    );
    let found = log::verify(&opened.app, None).await?;
    ensure!(
        found.is_whole(),
        "the audit log in this backup is not as it was written: {}",
        serde_json::to_string(&found)?
    );
    Ok(Restored {
        about,
        records,
        changes,
        went,
    })
}
