//! The hub as a process of its own, so that its memory is its own.

use crate::device::Device;
use anyhow::{Context, Result};
use clap::Parser;
use shared::ids::{StaffId, WardId};
use sqlx::postgres::PgConnectOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use sync_server::cli::Cli;
use sync_server::services::identity;
use sync_server::testing::proxy::Proxy;

/// A hub that runs beside the bench and stops with it.
pub(crate) struct Hub {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) url: String,
    pub(crate) staff: StaffId,
    pub(crate) postgres: PgConnectOptions,
}

impl Hub {
    /// Starts a hub with the sample hospital on a PostgreSQL of its own.
    pub(crate) fn start(data: &Path) -> Result<Self> {
        std::fs::create_dir_all(data)?;
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command
            .arg("hub")
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take().context("the hub takes commands")?;
        let mut answers = BufReader::new(child.stdout.take().context("the hub answers")?);
        let url = read(&mut answers, "LISTEN ")?;
        let staff = read(&mut answers, "STAFF ")?.parse()?;
        let socket = PathBuf::from(read(&mut answers, "SOCKET ")?);
        let postgres = PgConnectOptions::new_without_pgpass()
            .socket(socket)
            .username("wardbook")
            .database("wardbook");
        Ok(Self {
            child,
            commands,
            answers,
            url,
            staff,
            postgres,
        })
    }

    /// Returns a one-time code for a new device.
    pub(crate) fn code(&mut self) -> Result<String> {
        writeln!(self.commands, "code")?;
        read(&mut self.answers, "CODE ")
    }

    /// Makes a device known.
    pub(crate) async fn device(&mut self) -> Result<Device> {
        let code = self.code()?;
        Device::enrol(&self.url, &code, self.staff).await
    }

    /// Returns a counting wire to this hub.
    pub(crate) async fn proxy(&self) -> Result<Proxy> {
        let addr = self
            .url
            .strip_prefix("http://")
            .context("the hub has an address")?
            .parse()?;
        Ok(Proxy::start(addr).await?)
    }

    /// Returns the most memory the hub ever had, without PostgreSQL.
    pub(crate) fn rss_mb(&self) -> Result<f64> {
        rss_mb(self.child.id())
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = writeln!(self.commands, "quit");
        let _ = self.child.wait();
    }
}

/// Returns the most memory a process ever had.
pub(crate) fn rss_mb(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .context("the system says how much memory")?;
    let kib: f64 = line
        .split_whitespace()
        .nth(1)
        .context("a number of KiB")?
        .parse()?;
    Ok(kib / 1024.0)
}

/// Reads lines until one begins so; returns the rest of it.
pub(crate) fn read(lines: &mut impl BufRead, start: &str) -> Result<String> {
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(
            lines.read_line(&mut line)? > 0,
            "the process ended before it said {start}"
        );
        if let Some(rest) = line.strip_prefix(start) {
            return Ok(rest.trim().to_owned());
        }
    }
}

const LET_IN: &str = "create function let_in() returns trigger language plpgsql as
        $$ begin new.approved_at := now(); return new; end $$;
    create trigger let_in before insert on device for each row execute function let_in();";

/// Returns what is said over standard input, line by line.
fn asks() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (asked, asks) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(std::result::Result::ok) {
            if asked.send(line).is_err() {
                break;
            }
        }
    });
    asks
}

/// Is the hub: the real one, told what to do over standard input.
pub(crate) async fn serve(data: &Path) -> Result<()> {
    let data_text = data.display().to_string();
    Cli::try_parse_from([
        "wardbook-hub",
        "--log",
        "error",
        "--data",
        &data_text,
        "demo",
    ])?
    .run()
    .await?;
    let config = sync_server::config::Config {
        new_an_hour: u64::MAX,
        audit_heads: None,
        directory: sync_server::config::DirectoryArgs::default(),
        gateway: sync_server::config::GatewayArgs::default(),
        place: sync_server::place::PlaceArgs::default(),
        data: data.to_owned(),
        database_url: None,
        database_url_file: None,
        database_connections: 24,
        screens: None,
        log: "error".into(),
    };
    let opened = sync_server::database::open(&config, false).await?;
    let ward: uuid::Uuid = sqlx::query_scalar("select id from ward order by name limit 1")
        .fetch_one(&opened.app.pool)
        .await?;
    let staff: uuid::Uuid =
        sqlx::query_scalar("select id from staff where 'nurse' = any(roles) and is_active limit 1")
            .fetch_one(&opened.app.pool)
            .await?;
    // nobody is there to let desks in
    let mut owner = opened.owner().await?;
    sqlx::raw_sql(LET_IN).execute(&mut owner).await?;
    let socket: String = sqlx::query_scalar("show unix_socket_directories")
        .fetch_one(&mut owner)
        .await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&format!(
        "LISTEN http://{}\nSTAFF {staff}\nSOCKET {socket}",
        listener.local_addr()?
    ));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let app = opened.app.clone();
    let serving = tokio::spawn(sync_server::serve_plain(
        listener,
        app.clone(),
        async move {
            let _ = stopped.await;
        },
    ));
    let mut asks = asks();
    while let Some(ask) = asks.recv().await {
        match ask.as_str() {
            "code" => crate::say(&format!(
                "CODE {}",
                identity::make_code(&app, WardId(ward), StaffId(staff)).await?
            )),
            _ => break,
        }
    }
    let _ = stop.send(());
    serving.await??;
    opened.close().await
}
