//! Making a backup, beside a hub that serves.

use super::archive::{self, About};
use crate::config::Config;
use crate::database;
use crate::postgres::Postgres;
use crate::world;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use uuid::Uuid;

/// Folders of the data directory that are made again when they are missing.
const NOT_KEPT: [&str; 2] = ["postgres", "snapshots"];

/// Writes everything the hub has into one sealed file.
pub async fn make(config: &Config, to: &Path, sealed_for: &[String]) -> Result<About> {
    let opened = database::open(config, true).await?;
    let made = of_running(config, &opened, to, sealed_for).await;
    opened.close().await?;
    made
}

async fn of_running(
    config: &Config,
    opened: &database::Opened,
    to: &Path,
    sealed_for: &[String],
) -> Result<About> {
    let begun_ms = world::now().0;
    // so that the signed head is in it
    crate::services::audit::settle(&opened.app).await?;
    let about = about(opened).await?;
    let private = opened
        .private()
        .context("the database is not the hub's own")?;
    let copy = private.copy()?;
    let target = to.to_owned();
    let (data, to) = (config.data.clone(), to.to_owned());
    let (told, sealed_for) = (about.clone(), sealed_for.to_vec());
    tokio::task::spawn_blocking(move || {
        let files = tempfile::tempdir()?;
        copy_files(&data, files.path())?;
        archive::write(
            &to,
            &sealed_for,
            &told,
            &[
                (archive::FILES, files.path()),
                (archive::DATABASE, copy.path()),
            ],
        )
    })
    .await??;
    noted(opened, begun_ms, &target).await?;
    Ok(about)
}

/// Notes that there is a backup, so that somebody can ask how old the last one is.
async fn noted(opened: &database::Opened, begun_ms: i64, at: &Path) -> Result<()> {
    let bytes = fs::metadata(at)?.len();
    sqlx::query(
        "insert into backup_made (at, bytes) values ('epoch'::timestamptz + $1 * interval '1 millisecond', $2)",
    )
    .bind(begun_ms)
    .bind(bytes.cast_signed())
    .execute(&opened.app.pool)
    .await?;
    Ok(())
}

async fn about(opened: &database::Opened) -> Result<About> {
    let (lineage, wards, records, changes, audit): (Uuid, i64, i64, i64, i64) = sqlx::query_as(
        "select lineage, (select count(*) from ward), (select count(*) from record), (select count(*) from change),
            (select count(*) from audit_log) from hospital",
    )
    .fetch_one(&opened.app.pool)
    .await?;
    Ok(About {
        begun: world::now().rfc3339(),
        lineage,
        wards,
        records,
        changes,
        audit,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Copies the hub's own files, which are few and small: its keys, and the signed heads of its log.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if NOT_KEPT.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let target = to.join(&name);
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_files(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

impl database::Opened {
    fn private(&self) -> Option<&Postgres> {
        self.private.as_ref()
    }
}
