//! What staff of a ward do at their desk, in their words.

use anyhow::{Context, ensure};
use drive::{Cut, Hub, Launch, Programs, Screen, Window, until};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const USERNAME: &str = "ada";
pub(crate) const PASSWORD: &str = "wardbook-demo";
const SECONDS: u64 = 60;

/// Somebody who is registered in the story.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient {
    pub(crate) family: &'static str,
    pub(crate) given: &'static str,
    pub(crate) born: &'static str,
    pub(crate) phone: &'static str,
}

/// Where and when somebody is booked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) department: &'static str,
    pub(crate) doctor: &'static str,
    pub(crate) time: &'static str,
}

/// A hub, a cable, and a desk in each of two wards. Fields end in this order.
pub(crate) struct Hospital {
    pub(crate) a: Desk,
    pub(crate) b: Desk,
    pub(crate) cable: Cut,
    /// The one-time codes with which both were enrolled.
    pub(crate) codes: [String; 2],
    _hub: Hub,
    dir: TempDir,
}

impl Hospital {
    /// Starts everything: one desk is enrolled by hand, the other with a code it was started with.
    pub(crate) async fn open() -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let programs = Programs::beside_this_one()?;
        let hub = Hub::start(&programs.hub, &dir.path().join("hub")).await?;
        let cable = Cut::start(hub.port()).await?;
        let a = Desk::start(&programs, dir.path(), "a", &cable, None).await?;
        let codes = [hub.code("Medical A")?, hub.code("Surgical B")?];
        a.enrol(&cable.url(), &codes[0]).await?;
        a.window.find("pending").await?;
        a.shoot("pending").await?;
        let code = dir.path().join("desk-b.code");
        std::fs::write(&code, &codes[1])?;
        let b = Desk::start(&programs, dir.path(), "b", &cable, Some(code)).await?;
        b.window.find("pending").await?;
        hub.approve()?;
        for desk in [&a, &b] {
            desk.window.find("sign-in-submit").await?;
            desk.shoot("sign-in").await?;
            desk.window.sign_in(USERNAME, PASSWORD).await?;
            desk.until_all_is_accepted().await?;
        }
        Ok(Self {
            a,
            b,
            cable,
            codes,
            _hub: hub,
            dir,
        })
    }

    /// Returns the directory in which everything lies.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a visit in a department whose diary desk B runs.
    pub(crate) fn visit_at_b(&self, time: &'static str) -> Visit {
        Visit {
            department: "Surgery",
            doctor: "Dr",
            time,
        }
    }

    /// Returns the desk whose booking the hub did not take.
    pub(crate) async fn loser(&self) -> anyhow::Result<&Desk> {
        until("a held booking", SECONDS, async || {
            for desk in [&self.a, &self.b] {
                if desk
                    .window
                    .find("sync-line")
                    .await?
                    .attr("data-held")
                    .await?
                    .as_deref()
                    == Some("1")
                {
                    return Ok(Some(desk));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Closes both windows.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.a.window.close().await?;
        self.b.window.close().await
    }
}

/// One desk with its window on a display of its own.
pub(crate) struct Desk {
    pub(crate) window: Window,
    pub(crate) dir: PathBuf,
    pub(crate) pictures: PathBuf,
    _screen: Screen,
}

impl Desk {
    async fn start(
        programs: &Programs,
        dir: &Path,
        name: &str,
        cable: &Cut,
        code: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let screens = dir.join(format!("screen-{name}"));
        std::fs::create_dir(&screens)?;
        let screen = Screen::start(&screens).await?;
        let launch = Launch {
            program: programs.desk.clone(),
            data: dir.join(format!("desk-{name}")),
            keychain: Some(dir.join("keychain")),
            hub: code.is_some().then(|| cable.url()),
            code,
            name: format!("Desk {name}"),
            display: Some(screen.name().into()),
        };
        let window = Window::open(&launch).await?;
        Ok(Self {
            window,
            dir: launch.data,
            pictures: pictures().join(name),
            _screen: screen,
        })
    }

    async fn enrol(&self, hub: &str, code: &str) -> anyhow::Result<()> {
        for (id, text) in [
            ("enrol-hub", hub),
            ("enrol-code", code),
            ("enrol-name", "Desk a"),
        ] {
            self.window.type_into(id, text).await?;
        }
        self.shoot("enrol").await?;
        self.window.press("enrol-submit").await
    }

    /// Registers a patient and returns their id.
    pub(crate) async fn register(&self, patient: &Patient) -> anyhow::Result<String> {
        self.window.go("#/patients/new").await?;
        for (label, text) in [
            ("Family name", patient.family),
            ("Given names", patient.given),
            ("Date of birth", patient.born),
            ("Phone number", patient.phone),
        ] {
            self.window.fill(label, text).await?;
        }
        self.window.pick("Sex", "Female").await?;
        self.window.press("register-submit").await?;
        self.chart().await
    }

    /// Books a patient.
    pub(crate) async fn book(&self, patient: &str, visit: &Visit) -> anyhow::Result<()> {
        self.window
            .go(&format!("#/patients/{patient}/book"))
            .await?;
        for (label, option) in [
            ("Department", visit.department),
            ("Doctor", visit.doctor),
            ("Time", visit.time),
        ] {
            self.window.pick(label, option).await?;
        }
        self.window.fill("Reason", "Follow-up").await?;
        self.window.press("book-submit").await?;
        self.chart().await.map(drop)
    }

    /// Prescribes something and signs it.
    pub(crate) async fn prescribe(&self, patient: &str) -> anyhow::Result<()> {
        self.window
            .go(&format!("#/patients/{patient}/prescribe"))
            .await?;
        self.window.fill("Medicine", "Paracetamol 500 mg").await?;
        self.window.fill("Dose", "500").await?;
        self.window.pick("How often", "Four times").await?;
        self.window.press("prescribe-sign").await?;
        self.chart().await?;
        self.window.until_words("Signed by").await
    }

    /// Changes one field of a patient.
    pub(crate) async fn edit(&self, patient: &str, label: &str, text: &str) -> anyhow::Result<()> {
        self.window
            .go(&format!("#/patients/{patient}/edit"))
            .await?;
        self.window.fill(label, text).await?;
        self.window.press("edit-submit").await?;
        self.chart().await.map(drop)
    }

    /// Keeps the value of a conflict that has some words.
    pub(crate) async fn keep(&self, patient: &str, words: &str) -> anyhow::Result<()> {
        self.window
            .go(&format!("#/conflicts/patient/{patient}"))
            .await?;
        self.window.press_with("conflict-keep", words).await
    }

    /// Opens the emergency access and finds an in-patient of another ward.
    pub(crate) async fn break_glass(&self, family: &str) -> anyhow::Result<()> {
        self.window.go("#/emergency").await?;
        for (id, text) in [
            ("emergency-reason", "Collapsed in the lift"),
            ("emergency-password", PASSWORD),
        ] {
            self.window.type_into(id, text).await?;
        }
        self.window.press("emergency-open").await?;
        self.window.find("emergency-bar").await?;
        self.window.type_into("emergency-search", family).await?;
        self.window.find("emergency-found").await.map(drop)
    }

    /// Finds a patient by name, opens the chart and returns the id.
    pub(crate) async fn open(&self, patient: &Patient) -> anyhow::Result<String> {
        self.window.search(patient.family, patient.family).await?;
        self.window.press_option(patient.family).await?;
        self.chart().await
    }

    /// Says whether the search box knows a patient now.
    pub(crate) async fn finds(&self, patient: &Patient) -> anyhow::Result<bool> {
        let found = self
            .window
            .command(
                "search",
                serde_json::json!({ "text": patient.family, "limit": 5 }),
            )
            .await?;
        Ok(!found["ok"].as_array().context("an answer")?.is_empty())
    }

    /// Returns how many changes the sync line says are waiting.
    pub(crate) async fn waiting(&self) -> anyhow::Result<usize> {
        let line = self.window.find("sync-line").await?;
        Ok(line
            .attr("data-waiting")
            .await?
            .context("a number")?
            .parse()?)
    }

    /// Waits until the hub has everything this desk wrote and this desk has heard from the hub.
    pub(crate) async fn until_all_is_accepted(&self) -> anyhow::Result<()> {
        self.window
            .until_attribute("sync-line", "data-waiting", "0")
            .await?;
        self.window
            .until_attribute("sync-line", "data-link", "online")
            .await
    }

    /// Takes a picture.
    pub(crate) async fn shoot(&self, name: &str) -> anyhow::Result<()> {
        self.window
            .shoot(&self.pictures.join(format!("{name}.png")))
            .await
    }

    /// Waits for a chart and returns whose it is.
    async fn chart(&self) -> anyhow::Result<String> {
        until("a chart", SECONDS, async || {
            let address = self.window.address().await?;
            ensure!(
                self.window.count("problem-summary").await? == 0,
                "the form says: {}",
                self.window.words().await
            );
            let id = address
                .strip_prefix("/patients/")
                .filter(|id| id.len() == 36);
            Ok(id.map(String::from))
        })
        .await
    }
}

/// Returns where pictures go.
pub(crate) fn pictures() -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map(PathBuf::from);
    folder
        .unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots"))
        .join("window")
}

/// Says whether a word can be read in any file below a directory.
pub(crate) fn has_word_on_disk(dir: &Path, word: &str) -> anyhow::Result<bool> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        // a folder may go while it is looked at, as a file may
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_word_on_disk(&path, word)?
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            bytes
                .windows(word.len())
                .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
