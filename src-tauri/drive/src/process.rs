//! Programs that end when the value that started them does.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How often a condition is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Where the programs under test are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The desktop program.
    pub desk: PathBuf,
    /// The hub.
    pub hub: PathBuf,
}

impl Programs {
    /// Finds the programs in the directory of the one that is running, or above it (where tests lie).
    pub fn beside_this_one() -> anyhow::Result<Self> {
        let here = std::env::current_exe()?;
        let all = here.ancestors().skip(1).take(2).map(|dir| Self {
            desk: dir.join("wardbook"),
            hub: dir.join("wardbook-hub"),
        });
        all.into_iter()
            .find(|programs| programs.desk.exists() && programs.hub.exists())
            .context("build the programs first: cargo build --workspace --bins")
    }
}

/// A running program and everything it started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a program whose output goes to a log file. It ends with the thread that starts it, whatever happens.
    pub(crate) fn start(
        program: &Path,
        log: &Path,
        set: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        use std::os::unix::process::CommandExt;
        let name = program.display().to_string();
        let out =
            std::fs::File::create(log).with_context(|| format!("opening {}", log.display()))?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(program);
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0);
        set(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { child, name })
    }

    /// Says whether it ended by itself, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Fails when it ended by itself.
    pub(crate) fn still_running(&mut self) -> anyhow::Result<()> {
        match self.ended() {
            Some(status) => bail!("{} ended: {status}", self.name),
            None => Ok(()),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // it may be gone already
            killpg(Pid::from_raw(id), signal).ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while self.ended().is_none() && Instant::now() < deadline {
            std::thread::sleep(LOOK_AGAIN);
        }
        self.signal(Signal::SIGKILL);
        self.child.wait().ok();
    }
}

/// Returns a port that nobody listens on.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks until there is an answer; fails after some seconds with what was waited for and the last failure.
pub async fn until<T>(
    what: &str,
    seconds: u64,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        let last = match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => String::from("not yet"),
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() >= deadline {
            bail!("waited {seconds} s for {what}: {last}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
