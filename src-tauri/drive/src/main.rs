//! Drives desks where nobody sits: opens them for the demo and takes their pictures, or measures how fast they are ready.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context;
use clap::Parser;
use drive::{Launch, Programs, Screen, Stop, Window, tour, window_ready};

#[derive(Debug, Parser)]
enum Verb {
    /// Opens desks on a display that nobody sees and takes a picture of every screen of each.
    Demo(Demo),
    /// Measures the time from the start of the program until the search box answers; prints JSON.
    Ready(Wait),
}

#[derive(Debug, Parser)]
struct Demo {
    #[command(flatten)]
    person: Person,
    /// Address of the hub.
    #[arg(long)]
    hub: String,
    /// Folder for the pictures.
    #[arg(long)]
    screenshots: PathBuf,
    /// Folder for the desks' secrets, in place of the keychain of whoever runs this.
    #[arg(long)]
    keychain: PathBuf,
    /// A desk: its directory, its name, and the file with its one-time code if it is new, with commas between.
    #[arg(long = "desk", required = true)]
    desks: Vec<Desk>,
    /// Keep the desks open until this program is told to end.
    #[arg(long)]
    stay: bool,
}

#[derive(Debug, Parser)]
struct Wait {
    #[command(flatten)]
    person: Person,
    /// Directory of an enrolled desk that has loaded its ward.
    #[arg(long, env = "WARDBOOK_DATA")]
    data: PathBuf,
    /// Folder in which the desk's secrets are.
    #[arg(long)]
    keychain: PathBuf,
    /// Address of the hub, if the desk should not use the one it knows.
    #[arg(long)]
    hub: Option<String>,
    /// What to search for.
    #[arg(long)]
    search: String,
    /// Words of the result to wait for.
    #[arg(long)]
    expect: String,
    /// How often.
    #[arg(long, default_value_t = 5)]
    times: usize,
}

#[derive(Debug, Parser)]
struct Person {
    /// Who signs in.
    #[arg(long)]
    username: String,
    /// With which password.
    #[arg(long, env = "WARDBOOK_PASSWORD")]
    password: String,
}

#[derive(Clone, Debug)]
struct Desk {
    data: PathBuf,
    name: String,
    code: Option<PathBuf>,
}

impl FromStr for Desk {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split(',');
        let data = parts
            .next()
            .filter(|part| !part.is_empty())
            .context("a directory")?;
        let name = parts.next().context("a name after the directory")?;
        let code = parts
            .next()
            .filter(|part| !part.is_empty())
            .map(PathBuf::from);
        Ok(Self {
            data: data.into(),
            name: name.into(),
            code,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Verb::parse() {
        Verb::Demo(demo) => demo.run().await,
        Verb::Ready(wait) => wait.run().await,
    }
}

impl Demo {
    #[expect(clippy::print_stdout, reason = "a program for the terminal")]
    async fn run(self) -> anyhow::Result<()> {
        let programs = Programs::beside_this_one()?;
        std::fs::create_dir_all(&self.screenshots)?;
        let mut open = Vec::new();
        for desk in &self.desks {
            println!("    opening {}", desk.name);
            let screen = Screen::start(&self.screenshots).await?;
            let launch = Launch {
                program: programs.desk.clone(),
                data: desk.data.clone(),
                keychain: Some(self.keychain.clone()),
                hub: Some(self.hub.clone()),
                code: desk.code.clone(),
                name: desk.name.clone(),
                display: Some(screen.name().into()),
            };
            let window = Window::open(&launch).await?;
            window
                .sign_in(&self.person.username, &self.person.password)
                .await?;
            let patient = first_patient(&window).await?;
            let folder = self
                .screenshots
                .join(desk.name.to_lowercase().replace(' ', "-"));
            let pictures = tour(&window, &Stop::all(&patient), &folder, None).await?;
            println!("    {} pictures in {}", pictures.len(), folder.display());
            open.push((screen, window));
        }
        if self.stay {
            println!("    the desks stay open; Ctrl-C ends the demo");
            told_to_end().await?;
        }
        for (_screen, window) in open {
            window.close().await?;
        }
        Ok(())
    }
}

impl Wait {
    #[expect(clippy::print_stdout, reason = "a program for the terminal")]
    async fn run(self) -> anyhow::Result<()> {
        let programs = Programs::beside_this_one()?;
        let logs = self
            .data
            .parent()
            .context("a directory around the desk's")?;
        let screen = Screen::start(logs).await?;
        let launch = Launch {
            program: programs.desk,
            data: self.data.clone(),
            keychain: Some(self.keychain.clone()),
            hub: self.hub.clone(),
            display: Some(screen.name().into()),
            ..Launch::default()
        };
        let mut all = Vec::new();
        for _ in 0..self.times {
            let person = (self.person.username.as_str(), self.person.password.as_str());
            all.push(window_ready(&launch, person, (&self.search, &self.expect)).await?);
        }
        all.sort_by(|a, b| a.window_ready_ms().total_cmp(&b.window_ready_ms()));
        let middle = all.get(all.len() / 2).context("at least one time")?;
        let json = serde_json::json!({
            "n": all.len(),
            "window_ready_ms": middle.window_ready_ms(),
            "opened_ms": middle.opened.as_secs_f64() * 1e3,
            "answered_ms": middle.answered.as_secs_f64() * 1e3,
        });
        println!("{json}");
        Ok(())
    }
}

/// Returns the id of the first patient in the list, once there is one.
async fn first_patient(window: &Window) -> anyhow::Result<String> {
    window.go("#/patients").await?;
    let link = window.css("[data-testid='row-patient'] a").await?;
    let address = link.attr("href").await?.unwrap_or_default();
    let (_, id) = address
        .split_once("#/patients/")
        .context("a link to a chart")?;
    Ok(id.into())
}

async fn told_to_end() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut end = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = end.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}
