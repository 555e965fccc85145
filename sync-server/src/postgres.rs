//! The private PostgreSQL a single machine starts for itself.
//!
//! Debian's binaries, a data directory of its own, a unix socket and no port. Every hub process that uses it holds a
//! shared lock on one file. A small guard beside the server waits for that file to be free and then stops the server by
//! its process id: so it lives exactly as long as somebody uses it, also when the last user was killed.

use anyhow::{Context, Result, bail, ensure};
use machine::{binaries, can_reach, make_dir, must, postgres_user, short_hash};
use nix::unistd::Uid;
use sqlx::postgres::PgConnectOptions;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

mod copy;
mod machine;
mod outgoing;
mod replay;

pub(crate) use outgoing::{CLOSED_EVERY_S, Cluster, Piece};
pub(crate) use replay::replay;

/// Name of the superuser and of the database.
pub const NAME: &str = "wardbook";
const PORT: u16 = 5432;
/// How long a start may take: after a power cut PostgreSQL first replays its log.
const START_WAIT: Duration = Duration::from_secs(120);

/// What a cluster is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The hospital's record: every commit reaches the disk.
    Durable,
    /// A test's: fast, and removed when its last user is gone.
    ThrowAway,
}

/// A running private PostgreSQL. It stops when the last process that holds one of these is gone.
#[derive(Debug)]
pub struct Postgres {
    home: Home,
    /// Held shared for as long as this process uses the server.
    in_use: Option<File>,
    guard: Option<Child>,
}

#[derive(Debug, Clone)]
struct Home {
    dir: PathBuf,
    socket: PathBuf,
    /// Whom PostgreSQL runs as when we are root, which it refuses to be.
    runs_as: Option<(u32, u32)>,
    keep: Keep,
}

impl Postgres {
    /// Starts the server of a data directory, or joins the one that runs. Blocks for up to a few seconds.
    pub fn start(data: &Path, keep: Keep) -> Result<Self> {
        Self::start_within(data, keep, START_WAIT)
    }

    fn start_within(data: &Path, keep: Keep, wait: Duration) -> Result<Self> {
        let home = Home::prepare(data, keep)?;
        let in_use = home.lock_file("in-use.lock")?;
        in_use
            .lock_shared()
            .context("waiting for the private PostgreSQL to finish stopping")?;
        let starting = home.lock_file("start.lock")?;
        starting
            .lock()
            .context("waiting for another hub to start PostgreSQL")?;
        let guard = if home.listens() {
            home.adopt()?
        } else {
            Some(home.launch()?)
        };
        let mut postgres = Self {
            home,
            in_use: Some(in_use),
            guard,
        };
        postgres.wait_until_it_answers(wait)?;
        Ok(postgres)
    }

    /// Returns how to connect to a database of this server.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.home.socket)
            .port(PORT)
            .username(NAME)
            .database(database)
    }

    /// Returns where it keeps its data.
    pub fn dir(&self) -> &Path {
        &self.home.dir
    }

    /// Lets go of the server and, when this was its last user, waits until it has stopped.
    pub fn stop(mut self) {
        self.release();
        if let Some(mut guard) = self.guard.take() {
            // the guard ends when the server has, or at once when others still use it: then it is theirs
            let stopped = poll(Duration::from_secs(30), || {
                Ok(guard
                    .try_wait()?
                    .is_some()
                    .then_some(())
                    .or_else(|| self.home.is_used_by_others().then_some(())))
            });
            if stopped.is_err() {
                tracing::warn!("PostgreSQL takes long to stop; its guard goes on waiting for it");
            }
        }
    }

    fn release(&mut self) {
        if let Some(in_use) = self.in_use.take() {
            // closing the file releases the lock as well
            let _ = in_use.unlock();
        }
    }

    fn wait_until_it_answers(&mut self, wait: Duration) -> Result<()> {
        let Self { home, guard, .. } = self;
        poll(wait, || {
            if let Some(status) = guard.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!(
                    "PostgreSQL did not start ({status}). The end of {}:\n{}",
                    home.log().display(),
                    home.log_end()
                );
            }
            Ok(home.answers().then_some(()))
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.release();
    }
}

impl Home {
    fn prepare(data: &Path, keep: Keep) -> Result<Self> {
        fs::create_dir_all(data)
            .with_context(|| format!("making the data directory {}", data.display()))?;
        let data = data.canonicalize()?;
        let runs_as = if Uid::effective().is_root() {
            Some(postgres_user()?)
        } else {
            None
        };
        let mut dir = data.join("postgres");
        make_dir(&dir, runs_as)?;
        if !can_reach(&dir, runs_as) {
            // such as below /root: PostgreSQL never runs as root, so it lives where its user can
            dir = Path::new("/var/lib/wardbook")
                .join(short_hash(&data))
                .join("postgres");
            make_dir(&dir, runs_as)?;
            ensure!(
                can_reach(&dir, runs_as),
                "the user postgres cannot reach {} nor {}",
                data.display(),
                dir.display()
            );
            tracing::info!(dir = %dir.display(), "The user postgres cannot reach the data directory; its files are elsewhere");
        }
        // the path of a unix socket may have about a hundred characters, so it cannot be below any data directory
        let socket = Path::new("/tmp").join(format!("wardbook-{}", short_hash(&dir)));
        Ok(Self {
            dir,
            socket,
            runs_as,
            keep,
        })
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.dir.join(name);
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)?;
        if let Some((user, group)) = self.runs_as {
            chown(&path, Some(user), Some(group))?;
        }
        Ok(file)
    }

    fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    fn cluster(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Says whether it takes connections: while it replays its log it listens and sends everybody away.
    fn answers(&self) -> bool {
        let about = fs::read_to_string(self.cluster().join("postmaster.pid")).unwrap_or_default();
        about
            .lines()
            .nth(7)
            .is_some_and(|state| state.trim() == "ready")
            && self.listens()
    }

    fn listens(&self) -> bool {
        UnixStream::connect(self.socket.join(format!(".s.PGSQL.{PORT}"))).is_ok()
    }

    /// Says whether another process uses the server: those share the lock, while the guard that stops the server has it
    /// alone.
    fn is_used_by_others(&self) -> bool {
        let Ok(file) = self.lock_file("in-use.lock") else {
            return false;
        };
        let is_shared = file.try_lock_shared().is_ok() && file.unlock().is_ok();
        is_shared && file.try_lock().is_err()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.dir)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        if let Some((user, group)) = self.runs_as {
            command.uid(user).gid(group);
        }
        command
    }

    /// Makes the cluster when there is none and starts the server beside its guard.
    fn launch(&self) -> Result<Child> {
        let bin = binaries()?;
        make_dir(&self.socket, self.runs_as)?;
        if !self.cluster().join("PG_VERSION").exists() {
            self.init(&bin)?;
        }
        let mut guard = self.command(Path::new("/bin/sh"));
        guard
            .args(["-c", GUARD, "guard"])
            .arg(bin.join("postgres"))
            .args(self.settings())
            .env_remove("ADOPT");
        self.spawn_guard(guard)
    }

    /// Joins a server that runs. When its guard was killed, a new one is put beside it.
    fn adopt(&self) -> Result<Option<Child>> {
        let watch = self.lock_file("guard.lock")?;
        if watch.try_lock().is_err() {
            return Ok(None);
        }
        watch.unlock()?;
        let pid = fs::read_to_string(self.cluster().join("postmaster.pid"))
            .context("reading postmaster.pid")?;
        let mut guard = self.command(Path::new("/bin/sh"));
        guard
            .args(["-c", GUARD, "guard"])
            .env("ADOPT", pid.lines().next().unwrap_or_default());
        self.spawn_guard(guard).map(Some)
    }

    fn spawn_guard(&self, mut guard: Command) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.log())?;
        guard
            .env("IN_USE", self.dir.join("in-use.lock"))
            .env("GUARD_LOCK", self.dir.join("guard.lock"))
            // INT is PostgreSQL's fast shutdown, QUIT its immediate one
            .env(
                "SIGNAL",
                if self.keep == Keep::Durable {
                    "INT"
                } else {
                    "QUIT"
                },
            )
            .env(
                "SWEEP",
                if self.keep == Keep::Durable {
                    ""
                } else {
                    "yes"
                },
            )
            .env("SOCKET_DIR", &self.socket)
            .env("HOME_DIR", &self.dir)
            .stdout(log.try_clone()?)
            .stderr(log)
            // ctrl-c is for the hub, which then lets go
            .process_group(0);
        self.lock_file("guard.lock")?;
        guard.spawn().context("starting PostgreSQL")
    }

    /// Makes the cluster beside its place and moves it there, so that half of one is never used.
    fn init(&self, bin: &Path) -> Result<()> {
        let half = self.dir.join("data.new");
        if half.exists() {
            fs::remove_dir_all(&half)?;
        }
        let mut init = self.command(&bin.join("initdb"));
        init.arg("-D").arg(&half).args([
            "-U",
            NAME,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]);
        if self.keep == Keep::ThrowAway {
            init.arg("--no-sync");
        }
        let made = init.output().context("running initdb")?;
        ensure!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        fs::rename(&half, self.cluster())?;
        Ok(())
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "-D".to_owned(),
            self.cluster().display().to_string(),
            "-k".into(),
            self.socket.display().to_string(),
            "-h".into(),
            String::new(),
            "-p".into(),
            PORT.to_string(),
        ];
        let always = [
            "unix_socket_permissions=0700",
            "max_connections=120",
            "jit=off",
            // statements and the values in error details are people's data
            "log_error_verbosity=terse",
            "log_min_error_statement=panic",
        ];
        let durable = [
            "fsync=on",
            "synchronous_commit=on",
            "shared_buffers=256MB",
            "max_wal_size=2GB",
            "checkpoint_timeout=15min",
            // a page that is written whole after a checkpoint is mostly the same few words
            "wal_compression=lz4",
        ];
        let throw_away = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "autovacuum=off",
        ];
        let more: &[&str] = if self.keep == Keep::Durable {
            &durable
        } else {
            &throw_away
        };
        for setting in always.iter().chain(more) {
            settings.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        if self.keep == Keep::Durable {
            settings.extend(self.lays_out());
        }
        settings
    }
}

/// Runs the server (or watches one that runs), and stops it by its id once nobody holds the file IN_USE.
const GUARD: &str = include_str!("postgres_guard.sh");

fn poll(within: Duration, mut done: impl FnMut() -> Result<Option<()>>) -> Result<()> {
    let step = Duration::from_millis(10);
    for _ in 0..within.as_millis() / step.as_millis() {
        if done()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(step);
    }
    bail!("PostgreSQL did not answer within {} s", within.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_server_lives_as_long_as_somebody_uses_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let first = Postgres::start(dir.path(), Keep::Durable).unwrap();
        let second = Postgres::start(dir.path(), Keep::Durable).unwrap();
        let home = first.home.clone();
        first.stop();
        assert!(home.answers(), "the second still uses it");
        second.stop();
        poll(Duration::from_secs(10), || {
            Ok((!home.answers()).then_some(()))
        })
        .unwrap();
        let third = Postgres::start(dir.path(), Keep::Durable).unwrap();
        assert!(home.answers(), "it starts again on the same data");
        third.stop();
    }
}
