//! The hub as a process of its own, killed and started again on the same data.

use shared::document::Heads;
use shared::ids::RecordId;
use shared::record::Kind;
use shared::sync::digest::{self, Digest};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::until;

pub(crate) struct Hub {
    data: PathBuf,
    child: Option<Child>,
    pub(crate) addr: std::net::SocketAddr,
}

impl Hub {
    fn command(data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardbook-hub"));
        command
            .arg("--data")
            .arg(data)
            .args(["--log", "error"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn start(data: &Path) -> Self {
        let demo = Self::command(data).arg("demo").output().unwrap();
        assert!(
            demo.status.success(),
            "the sample hospital could not be set up"
        );
        // a port of its own, kept over restarts
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut hub = Self {
            data: data.to_owned(),
            child: None,
            addr: port,
        };
        hub.restart();
        hub
    }

    pub(crate) fn restart(&mut self) {
        let mut command = Self::command(&self.data);
        self.child = Some(
            command
                .args(["serve", "--plain", "--listen", &self.addr.to_string()])
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        );
    }

    /// Waits until it takes calls. One that ended by itself is started again, as whoever looks after services does.
    pub(crate) fn wait(&mut self) {
        until(|| {
            let ended = |child: &mut Child| child.try_wait().is_ok_and(|ended| ended.is_some());
            if self.child.as_mut().is_some_and(ended) {
                self.restart();
            }
            std::net::TcpStream::connect(self.addr).ok()
        });
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn code(&self, ward: &str) -> String {
        // a code says where the hub is, which is known once it serves
        until(|| {
            let output = Self::command(&self.data)
                .args(["device", "code", "--ward", ward, "--by", "wei"])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.split_whitespace().last().map(str::to_owned)
        })
    }

    /// Lets every workstation in: somebody else does than who gave the codes.
    pub(crate) fn approve(&self) {
        let list = Self::command(&self.data)
            .args(["device", "list"])
            .output()
            .unwrap();
        for line in String::from_utf8_lossy(&list.stdout).lines() {
            let device = line.split_whitespace().next().unwrap();
            let approved = Self::command(&self.data)
                .args(["device", "approve", device, "--by", "maria"])
                .status()
                .unwrap();
            assert!(approved.success(), "{line}");
        }
    }

    /// Opens its database; nothing while its PostgreSQL comes back from a kill.
    pub(crate) async fn database(&self) -> Option<PgConnection> {
        let file = std::fs::File::open(self.data.join("postgres/data/postmaster.pid")).ok()?;
        let socket = BufReader::new(file).lines().map_while(Result::ok).nth(4)?;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(socket)
            .username("wardbook")
            .database("wardbook");
        options.connect().await.ok()
    }

    /// Returns what the hub holds; nothing while its PostgreSQL comes back from a kill.
    pub(crate) async fn digest(&self) -> Option<Digest> {
        let mut db = self.database().await?;
        let rows = sqlx::query("select kind, id, heads from record")
            .fetch_all(&mut db)
            .await
            .ok()?;
        let kind = |row: &sqlx::postgres::PgRow| {
            Kind::from_number(u8::try_from(row.get::<i16, _>("kind")).unwrap()).unwrap()
        };
        Some(digest::of(rows.iter().map(|row| {
            (
                kind(row),
                RecordId(row.get("id")),
                Heads::from_bytes(row.get("heads")),
            )
        })))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // asked to stop, it stops its PostgreSQL as well
            let _ = Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .status();
            let _ = child.wait();
        }
    }
}
