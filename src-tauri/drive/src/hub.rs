//! A real hub with its own PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, ensure};

use crate::process::{Running, free_port, until};

/// A running hub with the sample hospital in it.
#[derive(Debug)]
pub struct Hub {
    program: PathBuf,
    data: PathBuf,
    port: u16,
    _server: Running,
}

impl Hub {
    /// Makes the sample hospital in a directory and starts a hub on it.
    pub async fn start(program: &Path, data: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data)?;
        let port = free_port()?;
        let mut server = Running::start(program, &data.with_extension("log"), |command| {
            command
                .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
                .arg(data);
        })?;
        until("the hub", 90, async || {
            server.still_running()?;
            is_ready(&data.with_extension("log"))
        })
        .await?;
        let hub = Self {
            program: program.into(),
            data: data.into(),
            port,
            _server: server,
        };
        hub.run(&["demo"])?;
        Ok(hub)
    }

    /// Returns the port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs another command of the hub on the same data and returns what it printed.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(&self.program);
        let Output {
            status,
            stdout,
            stderr,
        } = command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .output()
            .context("running the hub's command")?;
        ensure!(
            status.success(),
            "wardbook-hub {arguments:?} {status}: {}",
            String::from_utf8_lossy(&stderr)
        );
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }

    /// Lets every desk in that waits for it: somebody else does than who gave the codes.
    pub fn approve(&self) -> anyhow::Result<()> {
        for line in self.run(&["device", "list"])?.lines() {
            let device = line.split_whitespace().next().context("an id")?;
            if line.ends_with("pending") {
                self.run(&["device", "approve", device, "--by", "maria"])?;
            }
        }
        Ok(())
    }

    /// Returns a one-time code with which a desk of a ward can be enrolled.
    pub fn code(&self, ward: &str) -> anyhow::Result<String> {
        let said = self.run(&["device", "code", "--ward", ward, "--by", "wei"])?;
        said.split_whitespace()
            .next_back()
            .map(String::from)
            .context("a code")
    }
}

/// Says whether a hub says in its log that it listens.
fn is_ready(log: &Path) -> anyhow::Result<Option<()>> {
    let said = std::fs::read_to_string(log)?;
    Ok(said
        .lines()
        .any(|line| line.starts_with("listening on "))
        .then_some(()))
}
