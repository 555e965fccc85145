//! Putting a backup back, and trying out whether that would work.

use super::archive::{self, About};
use crate::config::Config;
use crate::database::{self, Opened};
use crate::deeds::{HUB, deed, note};
use crate::postgres::{Keep, Postgres};
use crate::services::audit::{settle, verify as log};
use crate::sync::lineage;
use anyhow::{Context, Result, ensure};
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
}

impl Restored {
    /// Returns it as lines to print.
    pub fn lines(&self) -> String {
        let Self {
            about,
            records,
            changes,
        } = self;
        format!(
            "{}\nput back and checked: {records} records, {changes} changes, the audit log is whole",
            about.lines()
        )
    }
}

/// Puts a backup back into a data directory that is empty. Desks give back by themselves what the hub took since.
pub async fn restore(config: &Config, backup: &Path, key: &Path) -> Result<Restored> {
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
    let about = unpack(config, backup, key, Keep::Durable).await?;
    let opened = database::open_kept(config, true, Keep::Durable).await?;
    let restored = begin_anew(&opened, about).await;
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
    let about = unpack(&config, backup, key, Keep::ThrowAway).await?;
    let opened = database::open_kept(&config, true, Keep::ThrowAway).await?;
    let found = check(&opened, about).await;
    opened.close().await?;
    found
}

async fn unpack(config: &Config, backup: &Path, key: &Path, keep: Keep) -> Result<About> {
    let (data, backup, key) = (config.data.clone(), backup.to_owned(), key.to_owned());
    let unpacked = move || {
        fs::create_dir_all(&data)?;
        let unpacked = tempfile::tempdir_in(&data)?;
        let about = archive::read(&backup, &key, unpacked.path())?;
        let files = unpacked.path().join(archive::FILES);
        for entry in fs::read_dir(&files).context("this backup holds no keys")? {
            let entry = entry?;
            fs::rename(entry.path(), data.join(entry.file_name()))?;
        }
        Postgres::put_back(&data, &unpacked.path().join(archive::DATABASE), keep)?;
        Ok::<About, anyhow::Error>(about)
    };
    tokio::task::spawn_blocking(unpacked).await?
}

async fn begin_anew(opened: &Opened, about: About) -> Result<Restored> {
    let restored = check(opened, about).await?;
    let mut connection = opened.app.pool.acquire().await?;
    lineage::begin(&mut connection).await?;
    let entry = deed(What::Administered, HUB, None).because("backup.restored");
    note(&mut connection, &entry).await?;
    drop(connection);
    settle(&opened.app).await?;
    Ok(restored)
}

/// Checks that what the backup says is there, and that nobody changed the log.
async fn check(opened: &Opened, about: About) -> Result<Restored> {
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
    })
}
