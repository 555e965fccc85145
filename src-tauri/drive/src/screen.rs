//! A display that nobody sees.

use std::path::Path;

use crate::process::{Running, until};

/// An X server in memory, large enough for one desk.
#[derive(Debug)]
pub struct Screen {
    name: String,
    _server: Running,
}

impl Screen {
    /// Starts it on a free display number; its log goes to a directory.
    pub async fn start(logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join("screen.log");
        // the server picks a free number and writes it to its standard output, which is the log
        let mut server = Running::start(Path::new("Xvfb"), &log, |command| {
            command.args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1366x768x24",
                "-nolisten",
                "tcp",
            ]);
        })?;
        let number = until("the display", 20, async || {
            server.still_running()?;
            let text = std::fs::read_to_string(&log)?;
            Ok(text
                .lines()
                .find_map(|line| line.trim().parse::<u32>().ok()))
        })
        .await?;
        Ok(Self {
            name: format!(":{number}"),
            _server: server,
        })
    }

    /// Returns its name, for `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}
