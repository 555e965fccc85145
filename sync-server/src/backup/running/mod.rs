//! The running backup: a whole copy every day and, in between, each piece of the database's log within a minute, all of it
//! sealed, in a folder that lies elsewhere. It is put back as it was at any moment (`restore FOLDER --until`).
//!
//! PostgreSQL lays pieces out beside itself (`postgres/outgoing.rs`); [`carry`] seals and carries them, [`copies`] makes whole
//! copies and removes what is old. When the folder cannot be reached pieces wait. When the disk is nearly full they are given
//! up, since the record comes first: that leaves a *hole*, after which nothing can be put back until there is a new copy.

pub(super) mod place;

use super::{archive, make};
use crate::app::App;
use crate::config::Config;
use crate::database;
use crate::error::Error;
use crate::postgres::{CLOSED_EVERY_S, Cluster, Piece};
use crate::world;
use anyhow::{Context, Result, ensure};
use place::Place;
use serde::{Deserialize, Serialize};
use shared::health::{RunningSeen, gives_up};
use sqlx::PgConnection;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

/// How often it is looked whether a piece waits.
const EVERY: Duration = Duration::from_secs(1);
/// The same after something failed, and for whole copies.
const LATER: Duration = Duration::from_secs(15);
/// A whole copy is made so often.
pub(crate) const COPY_MS: i64 = 24 * 3_600_000;
/// In the data directory.
pub(super) const SETTINGS: &str = "running-backup.json";
/// In the data directory: since when what is in the folder has a hole at its end, milliseconds since 1970.
pub(super) const HOLE: &str = "running-backup.hole";

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) to: PathBuf,
    /// The mark of the folder: a disk that is not there leaves an empty folder of its name.
    pub(crate) mark: Uuid,
    pub(crate) sealed_for: Vec<String>,
    /// For so many days back it can be put back.
    pub(crate) days: u16,
}

impl Settings {
    /// Reads them; nothing when there is no running backup.
    pub(crate) fn read(data: &Path) -> Result<Option<Self>> {
        match fs::read(data.join(SETTINGS)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text).context(SETTINGS)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context(SETTINGS),
        }
    }

    fn write(&self, data: &Path) -> Result<()> {
        let half = data.join(SETTINGS).with_added_extension("part");
        fs::write(&half, serde_json::to_vec_pretty(self)?)?;
        fs::File::open(&half)?.sync_all()?;
        Ok(fs::rename(half, data.join(SETTINGS))?)
    }

    /// Returns the folder of a hub, if it is the one that was named.
    pub(crate) fn place(&self, of: Uuid) -> Result<Place> {
        Place::open(&self.to, self.mark, of)
    }
}

/// Returns since when there is a hole at the end.
pub(crate) fn hole_ms(data: &Path) -> Option<i64> {
    fs::read_to_string(data.join(HOLE)).ok()?.parse().ok()
}

/// Returns how it is; nothing when there is none.
pub(crate) fn seen(data: &Path, of: Uuid) -> Result<Option<RunningSeen>> {
    let Some(settings) = Settings::read(data)? else {
        return Ok(None);
    };
    let waiting = Cluster::of(data)?.waiting()?;
    let place = settings.place(of).ok();
    let ask = |of: fn(&Place) -> Result<u64>| place.as_ref().and_then(|place| of(place).ok());
    Ok(Some(RunningSeen {
        free_bytes: ask(Place::free_bytes),
        copy_ms: place.as_ref().and_then(|place| place.last_copy_ms().ok()?),
        hole_ms: hole_ms(data),
        waiting: waiting.len() as u64,
        waiting_bytes: waiting.iter().map(|piece| piece.bytes).sum(),
        oldest_ms: waiting.iter().map(|piece| piece.closed_ms).min(),
    }))
}

/// Begins a running backup, or goes on with other settings.
pub(super) async fn begin(
    config: &Config,
    to: &Path,
    sealed_for: Vec<String>,
    days: u16,
) -> Result<()> {
    archive::recipients(&sealed_for)?;
    let to = to
        .canonicalize()
        .with_context(|| format!("finding the folder {}", to.display()))?;
    let opened = database::open(config, true).await?;
    let data = config.data.canonicalize()?;
    let begun = async {
        ensure!(
            !to.starts_with(&data),
            "a running backup belongs on another disk than {}",
            data.display()
        );
        let mut owner = opened.owner().await?;
        let mode: String = sqlx::query_scalar("show archive_mode")
            .fetch_one(&mut owner)
            .await?;
        ensure!(
            mode == "on",
            "start the hub again first: its PostgreSQL was started by an older version"
        );
        let settings = Settings {
            mark: place::mark(&to, world::new_id())?,
            to,
            sealed_for,
            days,
        };
        settings.write(&data)?;
        Cluster::of(&data)?.lay_out()?;
        let closed = format!("alter system set archive_timeout = {CLOSED_EVERY_S}");
        set(&mut owner, &closed).await?;
        Ok(())
    };
    let begun = begun.await;
    opened.close().await?;
    begun
}

/// Ends it. What is in its folder stays there.
pub(super) async fn end(config: &Config) -> Result<()> {
    let opened = database::open(config, true).await?;
    let ended = async {
        for name in [SETTINGS, HOLE] {
            match fs::remove_file(config.data.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error)?,
                _ => {}
            }
        }
        Cluster::of(&config.data)?.lay_out_nothing()?;
        let mut owner = opened.owner().await?;
        set(&mut owner, "alter system reset archive_timeout").await?;
        Ok(())
    };
    let ended = ended.await;
    opened.close().await?;
    ended
}

/// Changes a setting of PostgreSQL, from now on.
async fn set(owner: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    for sql in [sql, "select pg_reload_conf()"] {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut *owner).await?;
    }
    Ok(())
}

/// Keeps the running backup while the hub serves, until it is dropped.
pub(crate) async fn run(app: App) {
    if !app.data.join("postgres").is_dir() {
        // somebody else's database, who backs it up
        return;
    }
    let data = app.data.clone();
    match tokio::task::spawn_blocking(move || Cluster::of(&data)).await {
        Ok(Ok(cluster)) => {
            tokio::join!(carry(&app, &cluster), copies(&app, &cluster));
        }
        Ok(Err(error)) => tracing::error!(
            error.code = Error::Bug(error).code(),
            "No running backup can be kept: the database's files cannot be reached"
        ),
        Err(_) => {}
    }
}

/// Carries pieces away as they come.
async fn carry(app: &App, cluster: &Cluster) {
    loop {
        let cluster = cluster.clone();
        let (data, of, now_ms) = (app.data.clone(), app.lineage, world::now().0);
        let carried =
            tokio::task::spawn_blocking(move || carry_all(&data, &cluster, of, now_ms)).await;
        let wait = match carried.map_err(anyhow::Error::from).flatten() {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(
                    error.code = Error::Bug(error).code(),
                    "The running backup is behind; it is tried again"
                );
                LATER
            }
        };
        tokio::time::sleep(wait).await;
    }
}

fn carry_all(data: &Path, cluster: &Cluster, of: Uuid, now_ms: i64) -> Result<()> {
    let Some(settings) = Settings::read(data)? else {
        return Ok(());
    };
    let waiting = cluster.waiting()?;
    let carried = carry_to(&settings, cluster, &waiting, of);
    if carried.is_err() {
        let disk = nix::sys::statvfs::statvfs(&cluster.outgoing())?;
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        make_room(data, (cluster, &waiting), free, now_ms)?;
    }
    carried
}

fn carry_to(settings: &Settings, cluster: &Cluster, waiting: &[Piece], of: Uuid) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let place = settings.place(of)?;
    for piece in waiting {
        let from = cluster.outgoing().join(&piece.name);
        place.keep(&from, &piece.name, &settings.sealed_for)?;
        fs::remove_file(from)?;
    }
    Ok(())
}

/// Gives up what waits when it is about to fill the disk of the database.
fn make_room(
    data: &Path,
    (cluster, waiting): (&Cluster, &[Piece]),
    free: u64,
    now_ms: i64,
) -> Result<()> {
    let bytes = waiting.iter().map(|piece| piece.bytes).sum();
    if !gives_up(bytes, free) {
        return Ok(());
    }
    tracing::error!(
        "The log that waits for the running backup was given up: the disk is nearly full"
    );
    fs::write(data.join(HOLE), now_ms.to_string())?;
    for piece in waiting {
        fs::remove_file(cluster.outgoing().join(&piece.name))?;
    }
    Ok(())
}

/// Makes whole copies, and removes what is old.
async fn copies(app: &App, cluster: &Cluster) {
    loop {
        if let Err(error) = copy_if_due(app, cluster).await {
            tracing::warn!(
                error.code = Error::Bug(error).code(),
                "No whole copy could be made for the running backup; it is tried again"
            );
        }
        tokio::time::sleep(LATER).await;
    }
}

async fn copy_if_due(app: &App, cluster: &Cluster) -> Result<()> {
    let Some(settings) = Settings::read(&app.data)? else {
        return Ok(());
    };
    let (place, now_ms) = (settings.place(app.lineage)?, world::now().0);
    let (last_ms, hole_ms) = (place.last_copy_ms()?, hole_ms(&app.data));
    let is_due = last_ms.is_none_or(|last| now_ms - last >= COPY_MS || hole_ms.is_some());
    if !is_due {
        return Ok(());
    }
    let to = place.clone();
    let named = move |copy: &Path| to.copy_file(copy, world::now().0);
    make::write(app, cluster, &settings.sealed_for, named).await?;
    if self::hole_ms(&app.data) == hole_ms && hole_ms.is_some() {
        // the copy is from after it
        fs::remove_file(app.data.join(HOLE))?;
    }
    place.forget_old(now_ms, settings.days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_given_up_with_a_hole_before_the_disk_of_the_database_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let cluster = Cluster::of(dir.path()).unwrap();
        cluster.lay_out().unwrap();
        for name in [
            "000000010000000000000002",
            "000000010000000000000001",
            "3.part",
        ] {
            fs::write(cluster.outgoing().join(name), "log").unwrap();
        }
        let waiting = cluster.waiting().unwrap();
        assert_eq!(waiting.len(), 2);
        assert!(waiting[0].name.ends_with('1'), "the oldest first");
        make_room(dir.path(), (&cluster, &waiting), 2 << 30, 7).unwrap();
        assert_eq!(cluster.waiting().unwrap(), waiting);
        assert_eq!(hole_ms(dir.path()), None);
        make_room(dir.path(), (&cluster, &waiting), (2 << 30) - 1, 7).unwrap();
        assert_eq!(cluster.waiting().unwrap(), []);
        assert_eq!(hole_ms(dir.path()), Some(7));
    }

    #[test]
    fn a_folder_that_is_away_or_another_keeps_everything_waiting() {
        let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let cluster = Cluster::of(dir.path()).unwrap();
        cluster.lay_out().unwrap();
        let key = age::x25519::Identity::generate();
        let settings = Settings {
            to: away.path().to_owned(),
            mark: place::mark(away.path(), world::new_id()).unwrap(),
            sealed_for: vec![key.to_public().to_string()],
            days: 7,
        };
        settings.write(dir.path()).unwrap();
        let of = world::new_id();
        let carried = || carry_all(dir.path(), &cluster, of, 7);
        let lay = || fs::write(cluster.outgoing().join("000000010000000000000001"), "log").unwrap();
        lay();
        carried().unwrap();
        assert_eq!(cluster.waiting().unwrap(), []);
        // said again after a crash: it is there
        lay();
        carried().unwrap();
        assert_eq!(cluster.waiting().unwrap(), []);
        // an empty folder of its name is none
        fs::write(
            away.path().join("wardbook-running-backup"),
            world::new_id().to_string(),
        )
        .unwrap();
        lay();
        assert!(carried().is_err());
        assert_eq!(cluster.waiting().unwrap().len(), 1);
        let seen = seen(dir.path(), of).unwrap().unwrap();
        assert_eq!((seen.free_bytes, seen.waiting), (None, 1));
    }
}
