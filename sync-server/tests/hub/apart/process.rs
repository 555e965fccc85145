//! The hub, and a broker, as processes of their own that a test kills and starts again.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A program with what it is told; killed when the test lets go of it.
pub(crate) struct Process {
    program: PathBuf,
    args: Vec<String>,
    child: Option<Child>,
}

impl Process {
    pub(crate) fn start_new(program: impl Into<PathBuf>, args: Vec<String>) -> Self {
        let mut process = Self {
            program: program.into(),
            args,
            child: None,
        };
        process.start();
        process
    }

    pub(crate) fn start(&mut self) {
        let child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("it starts"));
    }

    /// Leaves one in its place that does not run.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            program: self.program.clone(),
            args: self.args.clone(),
            child: self.child.take(),
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is there");
            child.wait().expect("it ends");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the arguments of a hub on a database.
pub(crate) fn hub(database: &str, data: &Path, more: &[&str]) -> Vec<String> {
    let data = data.to_str().expect("a path that is text");
    let begin = ["--database-url", database, "--log", "error", "--data", data];
    begin.iter().chain(more).map(ToString::to_string).collect()
}

/// Returns an address that nobody listens at.
pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    free.local_addr().expect("an address")
}

const USER: &str = "wardbook";
const PASSWORD: &str = "a secret";

/// A NATS server with JetStream, over TLS and with a login.
pub(crate) struct Broker {
    pub(crate) process: Process,
    folder: PathBuf,
    url: String,
}

impl Broker {
    pub(crate) fn start(folder: &TempDir) -> Self {
        let folder = folder.path().join("nats");
        std::fs::create_dir(&folder).expect("a folder");
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            std::fs::write(&file, text).expect("a file");
            file.display().to_string()
        };
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let made = made.expect("a certificate");
        let certificate = write("certificate", &made.cert.pem());
        let key = write("key", &made.signing_key.serialize_pem());
        write("login", &format!("{USER}:{PASSWORD}\n"));
        let port = free_address().port().to_string();
        let store = folder.join("store").display().to_string();
        let begin = ["--addr", "127.0.0.1", "--port", &port, "--jetstream"];
        let keeps = ["--store_dir", &store, "--user", USER, "--pass", PASSWORD];
        let sealed = ["--tls", "--tlscert", &certificate, "--tlskey", &key];
        let args = [&begin[..], &keeps, &sealed].concat();
        // where Debian puts it, which is not in everybody's path
        let program = Some(PathBuf::from("/usr/sbin/nats-server"));
        let program = program.filter(|program| program.exists());
        let program = program.unwrap_or("nats-server".into());
        let args = args.iter().map(ToString::to_string).collect();
        Self {
            process: Process::start_new(program, args),
            url: format!("nats://127.0.0.1:{port}"),
            folder,
        }
    }

    /// Returns what a hub is told of it.
    pub(crate) fn args(&self) -> Vec<String> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let [login, authority] = [file("login"), file("certificate")];
        let [url, begin, then] = ["--nats", "--nats-login-file", "--nats-authority-file"];
        let args = [url, &self.url, begin, &login, then, &authority];
        args.map(str::to_owned).to_vec()
    }

    /// A line of the test's own to it.
    pub(crate) async fn line(&self) -> async_nats::Client {
        let options = async_nats::ConnectOptions::new()
            .user_and_password(USER.into(), PASSWORD.into())
            .add_root_certificates(self.folder.join("certificate"))
            .require_tls(true);
        options.connect(&self.url).await.expect("it is there")
    }

    /// Loses everything it had, as a broken disk does. It is not running.
    pub(crate) fn forget(&self) {
        std::fs::remove_dir_all(self.folder.join("store")).expect("what it had");
    }
}
