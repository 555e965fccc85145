//! The folder of a running backup: one folder in it for each life of the hub (see lineages), with whole copies and pieces.
//!
//! A whole copy is called by when it was whole and by the first piece that goes on from it; a piece as PostgreSQL calls it.

use super::super::archive;
use age::x25519::Identity;
use anyhow::{Context, Result, bail, ensure};
use shared::clock::Now;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The file that says that a folder is the one that was named.
const MARK: &str = "wardbook-running-backup";
const COPY: &str = ".copy.age";
const PIECE: &str = ".piece.age";
/// Letters of a piece's name: its timeline, and two halves of its number, all hexadecimal.
const NAME: usize = 24;
const BLOCK: usize = 4096;
const DAY_MS: i64 = 24 * 3_600_000;

/// Marks a folder as that of a running backup; returns its mark, which it may have already.
pub(super) fn mark(to: &Path, new: Uuid) -> Result<Uuid> {
    let file = to.join(MARK);
    if !file.exists() {
        let mut made =
            File::create(&file).with_context(|| format!("writing in {}", to.display()))?;
        writeln!(made, "{new}")?;
        made.sync_all()?;
    }
    mark_of(to)
}

fn mark_of(to: &Path) -> Result<Uuid> {
    let text = fs::read_to_string(to.join(MARK))
        .with_context(|| format!("{} is not the folder that was named", to.display()))?;
    text.trim().parse().context("reading its mark")
}

/// The folder of one life of a hub.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

/// A whole copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Whole {
    /// When it was whole, milliseconds since 1970.
    at_ms: i64,
    /// The first piece that goes on from it.
    first: String,
}

impl Whole {
    fn parse(file: &str) -> Option<Self> {
        let (at, first) = file.strip_suffix(COPY)?.split_once('-')?;
        let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", at).ok()?;
        let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self {
            at_ms: at.timestamp().as_millisecond(),
            first: is_piece(first).then(|| first.to_owned())?,
        })
    }

    fn file(&self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.at_ms).unwrap_or_default();
        format!("{}-{}{COPY}", at.strftime("%Y%m%dT%H%M%SZ"), self.first)
    }
}

fn is_piece(name: &str) -> bool {
    name.len() == NAME && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns the name of the piece after one: 256 pieces of 16 MiB have one first half of a number.
fn next(name: &str) -> Option<String> {
    let (line, number) = name.split_at_checked(8)?;
    let (upper, lower) = number.split_at_checked(8)?;
    let upper = u64::from_str_radix(upper, 16).ok()?;
    let lower = u64::from_str_radix(lower, 16).ok()?;
    let number = upper * 256 + lower + 1;
    Some(format!("{line}{:08X}{:08X}", number / 256, number % 256))
}

impl Place {
    /// Opens the folder of a hub.
    ///
    /// # Errors
    /// When the disk that was named is not there.
    pub(super) fn open(to: &Path, mark: Uuid, of: Uuid) -> Result<Self> {
        ensure!(
            mark_of(to)? == mark,
            "{} is not the folder that was named",
            to.display()
        );
        let folder = to.join(of.to_string());
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Seals a piece and keeps it. One of its name is there already if the hub was killed before it let go of it.
    pub(super) fn keep(&self, piece: &Path, name: &str, sealed_for: &[String]) -> Result<()> {
        let to = self.0.join(format!("{name}{PIECE}"));
        if to.exists() {
            return Ok(());
        }
        let kept = || {
            let mut sealing = archive::sealed(&to, sealed_for)?;
            std::io::copy(&mut File::open(piece)?, &mut sealing)?;
            archive::finish(sealing, &to)
        };
        kept().inspect_err(|_| {
            // a full disk is not filled with halves; it is tried again anyhow
            let _ = fs::remove_file(to.with_added_extension("part"));
        })
    }

    /// Returns what a copy of the database that is whole now is to be called.
    pub(super) fn copy_file(&self, copy: &Path, now_ms: i64) -> Result<PathBuf> {
        let label =
            fs::read_to_string(copy.join("backup_label")).context("reading backup_label")?;
        let first = label
            .lines()
            .find_map(|line| line.strip_prefix("START WAL LOCATION: "))
            .and_then(|line| line.split_once("(file ")?.1.split_once(')'))
            .context("the copy does not say where its log begins")?;
        let whole = Whole {
            // to the next second, so that it is whole by then
            at_ms: now_ms.div_euclid(1_000) * 1_000 + 1_000,
            first: first.0.to_owned(),
        };
        Ok(self.0.join(whole.file()))
    }

    /// Returns when the newest whole copy was made.
    pub(crate) fn last_copy_ms(&self) -> Result<Option<i64>> {
        Ok(wholes(&files(&self.0)?).last().map(|whole| whole.at_ms))
    }

    /// Returns the bytes that are free there.
    pub(crate) fn free_bytes(&self) -> Result<u64> {
        let disk = nix::sys::statvfs::statvfs(&self.0)?;
        Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
    }

    /// Removes what is older than so many days, except what is needed to go back as far.
    pub(super) fn forget_old(&self, now_ms: i64, days: u16) -> Result<()> {
        for file in old(&files(&self.0)?, now_ms - i64::from(days) * DAY_MS) {
            fs::remove_file(self.0.join(file))?;
        }
        Ok(())
    }
}

fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn wholes(files: &[String]) -> Vec<Whole> {
    let mut wholes: Vec<Whole> = files.iter().filter_map(|file| Whole::parse(file)).collect();
    wholes.sort_unstable();
    wholes
}

/// Returns the files that nobody needs who goes back no further than to a moment.
fn old(files: &[String], since_ms: i64) -> Vec<String> {
    let wholes = wholes(files);
    let before = wholes.iter().rfind(|whole| whole.at_ms <= since_ms);
    let Some(oldest) = before else {
        return Vec::new();
    };
    let is_old = |file: &&String| match (Whole::parse(file), file.strip_suffix(PIECE)) {
        (Some(whole), _) => whole < *oldest,
        // what comes with a piece, such as where a timeline began, is called like it
        (None, Some(piece)) => piece < oldest.first.as_str(),
        (None, None) => false,
    };
    files.iter().filter(is_old).cloned().collect()
}

/// What is put back: a whole copy, and the pieces that go on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::backup) struct Chosen {
    pub(in crate::backup) copy: PathBuf,
    folder: PathBuf,
    pieces: Vec<String>,
    /// The first piece that is missing although later ones are there.
    hole: Option<String>,
}

/// Chooses what is to be put back: the newest whole copy from before a moment, of whatever life of the hub, and all that
/// goes on from it.
pub(in crate::backup) fn choose(to: &Path, until_ms: Option<i64>) -> Result<Chosen> {
    mark_of(to)?;
    let mut found: Vec<(Whole, PathBuf)> = Vec::new();
    for entry in fs::read_dir(to)? {
        let folder = entry?.path();
        if folder.is_dir() {
            let wholes = wholes(&files(&folder)?);
            found.extend(wholes.into_iter().map(|whole| (whole, folder.clone())));
        }
    }
    found.sort_unstable();
    let Some((oldest, _)) = found.first() else {
        bail!("there is no whole copy in {}", to.display());
    };
    let oldest = Now(oldest.at_ms).rfc3339();
    let is_before =
        |(whole, _): &(Whole, PathBuf)| until_ms.is_none_or(|until| whole.at_ms <= until);
    let (whole, folder) = found
        .into_iter()
        .rfind(is_before)
        .with_context(|| format!("the oldest whole copy is of {oldest}"))?;
    let (pieces, hole) = going_on(&files(&folder)?, &whole.first);
    Ok(Chosen {
        copy: folder.join(whole.file()),
        folder,
        pieces,
        hole,
    })
}

/// Returns the pieces that go on from one without a hole, and the first that is missing.
fn going_on(files: &[String], first: &str) -> (Vec<String>, Option<String>) {
    let pieces = files.iter().filter_map(|file| file.strip_suffix(PIECE));
    let is_after = |name: &&str| is_piece(name) && name[..8] == first[..8] && *name >= first;
    let mut run: Vec<String> = Vec::new();
    for name in pieces.filter(is_after) {
        let expected = run
            .last()
            .map_or_else(|| Some(first.to_owned()), |last| next(last));
        if expected.as_deref() != Some(name) {
            return (run, expected);
        }
        run.push(name.to_owned());
    }
    (run, None)
}

impl Chosen {
    /// Opens the pieces into a folder; returns the name of the first one that is missing or damaged, if later ones are there.
    pub(in crate::backup) fn unseal(&self, key: &Identity, into: &Path) -> Result<Option<String>> {
        for name in &self.pieces {
            let from = self.folder.join(format!("{name}{PIECE}"));
            let to = into.join(name);
            if unsealed(&from, key, &to).is_err() {
                // half of one is none
                fs::remove_file(&to)?;
                return Ok(Some(name.clone()));
            }
        }
        Ok(self.hole.clone())
    }
}

/// Opens a piece. What is empty of it, which is most after a quiet half-minute, takes no room.
fn unsealed(from: &Path, key: &Identity, to: &Path) -> Result<()> {
    let mut file = File::create(to)?;
    let mut opened = archive::open(from, key)?;
    let mut block = [0; BLOCK];
    let mut size: u64 = 0;
    loop {
        let mut filled = 0;
        while filled < BLOCK {
            match opened.read(&mut block[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        let filled = &block[..filled];
        if filled.iter().any(|byte| *byte != 0) {
            file.seek(SeekFrom::Start(size))?;
            file.write_all(filled)?;
        }
        size += filled.len() as u64;
        if filled.len() < BLOCK {
            file.set_len(size)?;
            return Ok(file.sync_all()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = DAY_MS;

    fn piece(number: u64) -> String {
        format!("00000001{:08X}{:08X}{PIECE}", number / 256, number % 256)
    }

    fn copy(day: i64, number: u64) -> String {
        let first = piece(number).replace(PIECE, "");
        let whole = Whole {
            at_ms: day * DAY,
            first,
        };
        assert_eq!(Whole::parse(&whole.file()), Some(whole.clone()));
        whole.file()
    }

    #[test]
    fn pieces_go_on_one_after_the_other_up_to_a_hole() {
        let check = |numbers: &[u64], first: u64, expect: usize, hole: Option<u64>| {
            let files: Vec<String> = numbers.iter().map(|number| piece(*number)).collect();
            let name = |number: u64| piece(number).replace(PIECE, "");
            let (run, missing) = going_on(&files, &name(first));
            assert_eq!(
                (run.len(), missing),
                (expect, hole.map(name)),
                "{numbers:?}"
            );
        };
        check(&[], 3, 0, None);
        check(&[1, 2, 3, 4], 3, 2, None);
        // the number has two halves
        check(&[254, 255, 256, 257], 254, 4, None);
        check(&[3, 4, 6], 3, 2, Some(5));
        check(&[4], 3, 0, Some(3));
    }

    #[test]
    fn what_nobody_can_go_back_to_any_more_is_old() {
        let mut files = vec![copy(1, 10), copy(2, 20), copy(3, 30)];
        files.extend([9, 10, 19, 20, 30, 40].map(piece));
        let other = "00000002.history".to_owned() + PIECE;
        files.push(other.clone());
        let check = |since, expect: Vec<String>| assert_eq!(old(&files, since), expect);
        check(DAY - 1, vec![]);
        check(DAY, vec![piece(9)]);
        // up to the third day it goes on from the copy of the second
        let all = vec![copy(1, 10), piece(9), piece(10), piece(19)];
        check(3 * DAY - 1, all);
        assert_eq!(old(&files, 99 * DAY).len(), 6);
        assert!(!old(&files, 99 * DAY).contains(&other));
    }

    #[test]
    fn the_newest_copy_from_before_a_moment_is_chosen_of_every_life_of_the_hub() {
        let to = tempfile::tempdir().unwrap();
        assert!(choose(to.path(), None).is_err(), "no folder of ours");
        mark(to.path(), Uuid::nil()).unwrap();
        let why = |until| format!("{:#}", choose(to.path(), until).unwrap_err());
        assert!(why(None).contains("no whole copy"), "{}", why(None));
        for (life, files) in [
            ("a", vec![copy(1, 1), piece(1)]),
            ("b", vec![copy(2, 7), copy(3, 9)]),
        ] {
            fs::create_dir(to.path().join(life)).unwrap();
            for file in files {
                fs::write(to.path().join(life).join(file), "").unwrap();
            }
        }
        let chosen = |until| choose(to.path(), until).unwrap().copy;
        assert_eq!(chosen(None), to.path().join("b").join(copy(3, 9)));
        assert_eq!(
            chosen(Some(3 * DAY - 1)),
            to.path().join("b").join(copy(2, 7))
        );
        assert_eq!(chosen(Some(DAY)), to.path().join("a").join(copy(1, 1)));
        assert!(why(Some(DAY - 1)).contains("1970-01-02T00:00:00Z"));
        // another disk of the same name
        assert!(Place::open(to.path(), Uuid::max(), Uuid::nil()).is_err());
    }
}
