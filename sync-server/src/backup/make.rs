//! Making a backup, beside a hub that serves.

use super::archive::{self, About};
use super::running;
use crate::app::App;
use crate::config::Config;
use crate::database;
use crate::postgres::Cluster;
use crate::world;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What of the data directory is made again when it is missing; and where a running backup goes: one that is put back
/// to be looked at would write there too.
const NOT_KEPT: [&str; 4] = ["postgres", "snapshots", running::SETTINGS, running::HOLE];

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
    ensure!(config.url()?.is_none(), "the database is not the hub's own");
    let cluster = Cluster::of(&config.data)?;
    let to = to.to_owned();
    write(&opened.app, &cluster, sealed_for, move |_| Ok(to)).await
}

/// Writes everything the hub has into one sealed file, whose name may depend on what is in it: the folder of the database.
pub(super) async fn write(
    app: &App,
    cluster: &Cluster,
    sealed_for: &[String],
    to: impl FnOnce(&Path) -> Result<PathBuf> + Send + 'static,
) -> Result<About> {
    let begun_ms = world::now().0;
    // so that the signed head is in it
    crate::services::audit::settle(app).await?;
    let about = about(app).await?;
    let (cluster, data) = (cluster.clone(), app.data.clone());
    let (told, sealed_for) = (about.clone(), sealed_for.to_vec());
    let written = move || {
        let copy = cluster.copy()?;
        let to = to(copy.path())?;
        let files = tempfile::tempdir()?;
        copy_files(&data, files.path())?;
        let folders = [
            (archive::FILES, files.path()),
            (archive::DATABASE, copy.path()),
        ];
        archive::write(&to, &sealed_for, &told, &folders)?;
        Ok::<u64, anyhow::Error>(fs::metadata(&to)?.len())
    };
    let bytes = tokio::task::spawn_blocking(written).await??;
    noted(app, begun_ms, bytes).await?;
    Ok(about)
}

/// Notes that there is a backup, so that somebody can ask how old the last one is.
async fn noted(app: &App, begun_ms: i64, bytes: u64) -> Result<()> {
    sqlx::query(
        "insert into backup_made (at, bytes) values ('epoch'::timestamptz + $1 * interval '1 millisecond', $2)",
    )
    .bind(begun_ms)
    .bind(bytes.cast_signed())
    .execute(&app.pool)
    .await?;
    Ok(())
}

async fn about(app: &App) -> Result<About> {
    let (lineage, wards, records, changes, audit): (Uuid, i64, i64, i64, i64) = sqlx::query_as(
        "select lineage, (select count(*) from ward), (select count(*) from record), (select count(*) from change),
            (select count(*) from audit_log) from hospital",
    )
    .fetch_one(&app.pool)
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
