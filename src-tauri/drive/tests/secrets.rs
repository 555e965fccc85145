//! S14: where secrets must not be seen: in how programs were started, in their environment, in their logs, in what was
//! built. Real programs: a hub with its own PostgreSQL and two windows in WebKit.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod ward;

use anyhow::{Context, ensure};
use drive::Programs;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use ward::{Hospital, PASSWORD, Patient, has_word_on_disk};

const SOMEBODY: Patient = Patient {
    family: "Nightingrove",
    given: "Perpetua",
    born: "3-May-1971",
    phone: "020 7946 0993",
};
/// Letters in a row that make a key rather than a word or an id.
const KEY_LETTERS: usize = 40;
/// Bytes of the longest file that is a key as it is.
const KEY_BYTES: usize = 64;

/// No program says a secret in how it was started, in its environment or in its log; none leaves its memory on the disk;
/// and what was typed can be read nowhere below a desk.
#[tokio::test]
async fn real_programs_keep_secrets_to_themselves() -> anyhow::Result<()> {
    // what is started here may leave its memory on the disk, unless it sees to that itself
    let (_, most) = getrlimit(Resource::RLIMIT_CORE)?;
    setrlimit(Resource::RLIMIT_CORE, most, most)?;
    let hospital = Hospital::open().await?;
    hospital.a.register(&SOMEBODY).await?;
    hospital.a.until_all_is_accepted().await?;
    let looked = look(&hospital);
    hospital.close().await?;
    looked
}

fn look(hospital: &Hospital) -> anyhow::Result<()> {
    let secrets = secrets_of(hospital)?;
    assert!(secrets.len() >= 8, "{secrets:?}");
    assert_eq!(leaks(hospital, &secrets)?, BTreeSet::new());
    let processes = Process::all_of_this_test(hospital.dir());
    // names end after fifteen letters
    for name in ["wardbook", "WebKitWebProces", "WebKitNetworkPr"] {
        let mut cores = processes.values().filter(|one| one.name == name);
        assert!(cores.clone().count() >= 2, "{name} at both desks");
        assert!(
            cores.all(|one| one.core == "0"),
            "{name} may leave its memory"
        );
    }
    for word in [SOMEBODY.family, SOMEBODY.given, SOMEBODY.phone] {
        for desk in [&hospital.a, &hospital.b] {
            assert!(!has_word_on_disk(&desk.dir, word)?, "{word}");
        }
    }
    // the search itself finds what shows: otherwise it would prove nothing
    let hub_key = fs::read(hospital.dir().join("hub/hub.key"))?;
    let said: String = hub_key.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(hospital.dir().join("told.log"), format!("it is {said}"))?;
    let telling = Telling::start(PASSWORD, &said)?;
    let found = leaks(hospital, &secrets)?;
    drop(telling);
    assert_eq!(found.len(), 3, "{found:?}");
    Ok(())
}

/// Returns where which secret shows.
fn leaks(hospital: &Hospital, secrets: &Secrets) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let processes = Process::all_of_this_test(hospital.dir());
    let names: BTreeSet<&str> = processes
        .values()
        .map(|process| process.name.as_str())
        .collect();
    for wanted in ["wardbook", "wardbook-hub", "postgres"] {
        assert!(names.contains(wanted), "{wanted} in {names:?}");
    }
    for process in processes.values() {
        let shown = secrets.shown_in(&process.seen);
        found.extend(
            shown
                .iter()
                .map(|secret| format!("{secret} in {}", process.name)),
        );
    }
    let logs = logs(hospital.dir());
    assert!(logs.len() >= 3, "{logs:?}");
    for log in logs {
        let shown = secrets.shown_in(&fs::read(&log)?);
        found.extend(
            shown
                .iter()
                .map(|secret| format!("{secret} in {}", log.display())),
        );
    }
    Ok(found)
}

/// A program with a secret in its environment and another in how it was started.
struct Telling(std::process::Child);

impl Telling {
    fn start(environment: &str, name: &str) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new("tail");
        command
            .arg0(name)
            .args(["-f", "/dev/null"])
            .env("TOLD", environment);
        command.spawn().map(Self)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn no_secret_is_built_into_a_program_or_a_page() -> anyhow::Result<()> {
    let programs = Programs::beside_this_one()?;
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist/assets");
    let pages = fs::read_dir(pages)?.map(|entry| entry.map(|entry| entry.path()));
    let mut built = pages.collect::<std::io::Result<Vec<_>>>()?;
    built.extend([programs.desk, programs.hub]);
    for path in built {
        assert_eq!(lookalikes(&path)?, "", "{}", path.display());
    }
    // the search itself finds what looks so
    let dir = tempfile::tempdir()?;
    let key = "k".repeat(48);
    for (one, two) in [
        ("-----BEGIN PRIVATE KEY", "-----\n"),
        ("sk_", "live_"),
        ("postgres://", "wardbook:secret@"),
    ] {
        let path = dir.path().join("program");
        fs::write(&path, format!("\u{0}\u{1}{one}{two}{key}"))?;
        assert_ne!(lookalikes(&path)?, "", "{one}");
    }
    Ok(())
}

/// Returns what nobody may see who has not signed in here.
fn secrets_of(hospital: &Hospital) -> anyhow::Result<Secrets> {
    let mut secrets = Secrets::default();
    secrets.add("a password", PASSWORD);
    for code in &hospital.codes {
        secrets.add("a one-time code", code);
    }
    for place in ["hub", "keychain"] {
        secrets.add_files(&hospital.dir().join(place))?;
    }
    Ok(secrets)
}

/// What nobody else may see, each with a name to say where it leaked.
#[derive(Debug, Default)]
struct Secrets(BTreeMap<Vec<u8>, String>);

impl Secrets {
    /// Adds what a person typed or was given.
    fn add(&mut self, name: &str, secret: &str) {
        self.0.insert(secret.as_bytes().to_vec(), name.to_owned());
    }

    /// Adds what lies in the files of a directory that nobody else may read.
    fn add_files(&mut self, dir: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let entries = fs::read_dir(dir).with_context(|| dir.display().to_string())?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let about = path.metadata()?;
            if about.is_file() && about.permissions().mode() & 0o077 == 0 {
                let name = path.display().to_string();
                for secret in keys_in(&fs::read(&path)?) {
                    self.0.insert(secret, name.clone());
                }
            }
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Names of those that can be read in some bytes.
    fn shown_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let is_shown = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        let shown = self.0.iter().filter(|(secret, _)| is_shown(secret));
        shown.map(|(_, name)| name.as_str()).collect()
    }
}

/// A key as it lies in a file: as bytes, and as the text it would be written with.
fn keys_in(bytes: &[u8]) -> Vec<Vec<u8>> {
    if bytes.len() <= KEY_BYTES && std::str::from_utf8(bytes).is_err() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        return vec![bytes.to_vec(), hex.into_bytes()];
    }
    let text = String::from_utf8_lossy(bytes);
    // certificates are for everybody
    let secret = text
        .split("-----BEGIN ")
        .filter(|part| !part.starts_with("CERTIFICATE"));
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+/=_".contains(letter);
    let runs = secret.flat_map(|part| part.split(move |letter| !is_letter(letter)));
    let keys = runs.filter(|run| run.len() >= KEY_LETTERS);
    keys.map(|run| run.as_bytes().to_vec()).collect()
}

/// A running program: what everybody on the computer, and whoever it belongs to, can see of it.
#[derive(Debug)]
struct Process {
    name: String,
    parent: u32,
    /// How it was started, and its environment.
    seen: Vec<u8>,
    /// What it may leave on the disk when it crashes, as the system says it.
    core: String,
}

impl Process {
    fn of(id: u32) -> Option<Self> {
        let at = PathBuf::from(format!("/proc/{id}"));
        let stat = fs::read_to_string(at.join("stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let limits = fs::read_to_string(at.join("limits")).ok()?;
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))?;
        Some(Self {
            name: name.to_owned(),
            parent: rest.split_whitespace().nth(1)?.parse().ok()?,
            seen: [
                fs::read(at.join("cmdline")).ok()?,
                fs::read(at.join("environ")).ok()?,
            ]
            .concat(),
            core: core.split_whitespace().skip(4).take(1).collect(),
        })
    }

    /// Returns what this test started, and what that started.
    fn all_of_this_test(dir: &Path) -> BTreeMap<u32, Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut others: BTreeMap<u32, Self> =
            ids.filter_map(|id| Some((id, Self::of(id)?))).collect();
        let mut ours = BTreeMap::new();
        let mut next = vec![std::process::id()];
        // a database belongs to nobody after it was started
        let place = dir.display().to_string();
        next.extend(
            others
                .iter()
                .filter(|(_, process)| holds(&process.seen, place.as_bytes()))
                .map(|(id, _)| *id),
        );
        while let Some(id) = next.pop() {
            next.extend(
                others
                    .iter()
                    .filter(|(_, process)| process.parent == id)
                    .map(|(id, _)| *id),
            );
            ours.extend(others.remove_entry(&id));
        }
        ours.remove(&std::process::id());
        ours
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Returns the logs below a directory.
fn logs(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            found.extend(logs(&path));
        } else if path.extension().is_some_and(|ending| ending == "log") {
            found.push(path);
        }
    }
    found
}

/// How secrets of others look, each in two parts so that this is none itself.
const LOOKS: [(&str, &str); 5] = [
    ("PRIVATE KEY", "-----\\n[A-Za-z0-9+/=]{40}"),
    ("AK", "IA[A-Z0-9]{16}"),
    ("sk_", "live_[A-Za-z0-9]{16}"),
    ("rzp_", "live_[A-Za-z0-9]{14}"),
    ("postgres://", "[a-z]+:[^@ ]+@"),
];

/// Returns what looks like a secret in a program or page, which may be large: `grep` is quick also while this is not.
fn lookalikes(path: &Path) -> anyhow::Result<String> {
    let looks: Vec<String> = LOOKS
        .iter()
        .map(|(one, two)| [*one, *two].concat())
        .collect();
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C")
        .args(["-a", "-z", "-o", "-P", &looks.join("|")]);
    let found = grep.arg(path).output().context("grep")?;
    // 1 says that there is nothing
    ensure!(
        matches!(found.status.code(), Some(0 | 1)),
        "grep: {}",
        String::from_utf8_lossy(&found.stderr)
    );
    Ok(String::from_utf8_lossy(&found.stdout).into_owned())
}
