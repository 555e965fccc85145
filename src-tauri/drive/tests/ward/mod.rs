//! What staff of a ward do at their desk, in their words.

use anyhow::{Context, ensure};
use drive::{Cut, Hub, Launch, Programs, Screen, Window, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const USERNAME: &str = "ada";
pub(crate) const PASSWORD: &str = "wardbook-demo";
const SECONDS: u64 = 60;
/// A hub lends once a minute, and a desk asks as often.
const LENT_S: u64 = 180;

const TOMORROW: &str = "return new Date(Date.now() + 86400000).toISOString().slice(0, 10)";
const WALL: &str = "return new Date(arguments[0]).toLocaleString('sv-SE', { timeZone: arguments[1], dateStyle: 'short', timeStyle: 'short' })";

/// Somebody who is registered in the story.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient {
    pub(crate) family: &'static str,
    pub(crate) given: &'static str,
    pub(crate) born: &'static str,
    pub(crate) phone: &'static str,
}

/// Where and when somebody is booked.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) department: &'static str,
    pub(crate) doctor: String,
    /// As a person types it, `2027-03-01`, and as it is listed, `10:00`.
    pub(crate) date: String,
    pub(crate) time: String,
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

    /// Returns a visit in a department whose diary desk B runs, of which B may say so much to a patient: the first that is
    /// free from tomorrow on, on whatever day the doctor works.
    pub(crate) async fn visit_at_b(&self, promise: &str) -> anyhow::Result<Visit> {
        let window = &self.b.window;
        let reference = window.command("reference", json!({})).await?;
        let named = |list: &str, is: &dyn Fn(&Value) -> bool| {
            let list = reference["ok"][list].as_array();
            list.into_iter().flatten().find(|one| is(one)).cloned()
        };
        let department = "Surgery";
        let of = named("departments", &|one| one["name"] == department).context("a department")?;
        let tomorrow = window.run(TOMORROW, vec![]).await?;
        let ask = json!({ "department": of["id"], "notBefore": tomorrow, "limit": 200 });
        until(&format!("a slot that is {promise}"), LENT_S, async || {
            let found = window.command("free", json!({ "ask": ask })).await?;
            let slots = found["ok"].as_array().with_context(|| format!("{found}"))?;
            let Some(slot) = slots.iter().find(|slot| slot["promise"] == promise) else {
                return Ok(None);
            };
            let doctor = named("staff", &|one| one["id"] == slot["practitioner"]);
            let doctor = doctor.context("a doctor")?["name"].clone();
            let wall = window.run(
                WALL,
                vec![slot["start"].clone(), reference["ok"]["zone"].clone()],
            );
            let wall = wall.await?;
            let (date, time) = wall
                .as_str()
                .and_then(|wall| wall.split_once(' '))
                .context("a time")?;
            Ok(Some(Visit {
                department,
                doctor: doctor.as_str().context("a name")?.into(),
                date: date.into(),
                time: time.into(),
            }))
        })
        .await
    }

    /// Bills a patient, as a visit does.
    pub(crate) fn bill(&self, patient: &str) -> anyhow::Result<()> {
        let bill = "with bill as (
                insert into billing.bill (id, patient, kind, currency, net, tax, rate_basis_points, rate_version, issued_ms)
                values (gen_random_uuid(), 'PATIENT', 'supplement', 'GBP', 10000, 500, 500, 1, extract(epoch from now()) * 1000)
                returning id, patient), journal as (
                insert into billing.journal (cause, why, currency, patient, bill, occurred_ms, recorded_ms)
                select 'test:' || id, 'issued', 'GBP', patient, id, 0, 0 from bill returning id)
            insert into billing.posting (journal, line, account, debit, credit)
            select journal.id, line, account, debit, credit from journal, (values
                (1, 1100, 10500, 0), (2, 4000, 0, 10000), (3, 2100, 0, 500)) lines (line, account, debit, credit)";
        self.sql(&bill.replace("PATIENT", patient)).map(drop)
    }

    /// Runs a statement in the hub's database, and returns its one row.
    pub(crate) fn sql(&self, statement: &str) -> anyhow::Result<String> {
        let pid = self.dir.path().join("hub/postgres/data/postmaster.pid");
        let pid = std::fs::read_to_string(pid)?;
        let socket = pid.lines().nth(4).context("where PostgreSQL listens")?;
        let said = std::process::Command::new("psql")
            .args(["-h", socket, "-U", "wardbook", "-d", "wardbook"])
            .args(["-v", "ON_ERROR_STOP=1", "-qAtc", statement])
            .output()?;
        let wrong = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "psql: {wrong}");
        Ok(String::from_utf8(said.stdout)?.trim().to_owned())
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
        self.window.pick("Department", visit.department).await?;
        self.window.pick("Doctor", &visit.doctor).await?;
        self.window.fill("Date", &visit.date).await?;
        self.window.fill("Reason", "Follow-up").await?;
        self.window.pick("Time", &visit.time).await?;
        self.window.find("promise").await?;
        self.shoot("book-promise").await?;
        self.window.press("book-submit").await?;
        self.chart().await.map(drop)
    }

    /// Waits until the appointments of a patient stand as they should, as this desk knows them.
    pub(crate) async fn until_visits_are(
        &self,
        patient: &str,
        expected: &[&str],
    ) -> anyhow::Result<()> {
        until(
            &format!("visits that are {expected:?}"),
            SECONDS,
            async || {
                let chart = self
                    .window
                    .command("chart", json!({ "patient": patient }))
                    .await?;
                let visits = chart["ok"]["appointments"].as_array();
                let is = visits
                    .into_iter()
                    .flatten()
                    .map(|visit| visit["body"]["status"].as_str().unwrap_or_default());
                let mut is: Vec<&str> = is.collect();
                is.sort_unstable();
                ensure!(is == expected, "they are {is:?}");
                Ok(Some(()))
            },
        )
        .await
    }

    /// Waits until this desk lists nobody who needs another time.
    pub(crate) async fn until_nobody_is_lost(&self) -> anyhow::Result<()> {
        until("nobody who lost a slot", SECONDS, async || {
            let lost = self.window.command("rebooking", json!({})).await?;
            ensure!(lost["ok"] == json!([]), "somebody did");
            Ok(Some(()))
        })
        .await
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

    /// Somebody else sits down.
    pub(crate) async fn switch_to(&self, username: &str) -> anyhow::Result<()> {
        self.window.press("user-menu").await?;
        self.window.press("switch-user").await?;
        self.window.find("sign-in-submit").await?;
        self.window.sign_in(username, PASSWORD).await?;
        self.window.find("sync-line").await.map(drop)
    }

    /// Says whether the search box knows a patient now.
    pub(crate) async fn finds(&self, patient: &Patient) -> anyhow::Result<bool> {
        let found = self
            .window
            .command("search", json!({ "text": patient.family, "limit": 5 }))
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
