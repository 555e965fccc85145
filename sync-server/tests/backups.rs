//! Backups, by the real program over a real PostgreSQL that keeps what it is given.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stands"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A place with a hub, a key of backups and a backup.
struct Place(TempDir);

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn hub(&self, data: &str, words: &[&str]) -> Output {
        self.command(data, words).output().unwrap()
    }

    fn command(&self, data: &str, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardbook-hub"));
        command.arg("--data").arg(self.path(data)).args(words);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command that must work; returns what it says.
    fn says(&self, data: &str, words: &[&str]) -> String {
        let output = self.hub(data, words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must not work; returns why.
    fn refuses(&self, data: &str, words: &[&str]) -> String {
        let output = self.hub(data, words);
        assert!(!output.status.success(), "{words:?} worked");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A hub that serves until it is dropped.
struct Serving(Child);

impl Serving {
    fn begin(place: &Place) -> Self {
        let words = ["serve", "--plain", "--listen", "127.0.0.1:0"];
        let mut command = place.command("hub", &words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let until = Instant::now() + Duration::from_secs(60);
        while !place.path("hub/address").exists() {
            assert!(Instant::now() < until, "the hub does not serve");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child.unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn damage(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    let place = bytes.len() * at / 100;
    bytes[place] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_backup_of_a_hub_that_serves_opens_whole_with_its_key_alone_and_is_put_back() {
    let place = Place(TempDir::new().unwrap());
    place.says("hub", &["demo"]);
    let sealed_for = place.says("hub", &["backup", "key", "--to", "key"]);
    let other = place.says("hub", &["backup", "key", "--to", "other-key"]);
    assert_ne!(sealed_for, other);
    let again = place.refuses("hub", &["backup", "key", "--to", "key"]);
    assert!(again.contains("making key"), "{again}");

    let serving = Serving::begin(&place);
    let make = [
        "backup",
        "make",
        "--to",
        "b.age",
        "--sealed-for",
        sealed_for.trim(),
    ];
    let made = place.says("hub", &make);
    drop(serving);
    assert!(made.contains(" records, "), "{made}");
    let bytes = fs::read(place.path("b.age")).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(!place.path("b.age.part").exists());

    let verified = place.says("hub", &["backup", "verify", "b.age", "--key", "key"]);
    let facts = made.lines().nth(1).unwrap();
    assert!(verified.contains(facts), "{verified}");
    let wrong = place.refuses("hub", &["backup", "verify", "b.age", "--key", "other-key"]);
    assert!(wrong.contains("this key does not open b.age"), "{wrong}");
    for at in [30, 60, 99] {
        fs::copy(place.path("b.age"), place.path("bad.age")).unwrap();
        damage(&place.path("bad.age"), at);
        let bad = place.refuses("hub", &["backup", "verify", "bad.age", "--key", "key"]);
        assert!(bad.contains("bad.age is damaged or cut short"), "{bad}");
    }
    fs::write(place.path("cut.age"), &bytes[..bytes.len() - 40]).unwrap();
    let cut = place.refuses("hub", &["backup", "verify", "cut.age", "--key", "key"]);
    assert!(cut.contains("cut.age is damaged or cut short"), "{cut}");

    let taken = place.refuses("hub", &["restore", "b.age", "--key", "key"]);
    assert!(taken.contains("is not empty"), "{taken}");
    let restored = place.says("new", &["restore", "b.age", "--key", "key"]);
    assert!(restored.contains(facts), "{restored}");
    let devices = |data| place.says(data, &["device", "list"]);
    assert_eq!(devices("new"), devices("hub"));
    place.says("new", &["audit", "verify"]);
    for key in ["hub.key", "authority.key"] {
        let of = |data: &str| fs::read(place.path(data).join(key)).ok();
        assert_eq!(of("new"), of("hub"), "{key}: desks go on believing it");
    }
}
