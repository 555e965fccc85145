//! What a person waits for at the desk itself: reading a chart, searching, listing, saving.

use crate::desk::open;
use crate::figures::{percentile, say};
use crate::hub::read;
use anyhow::{Context, Result, ensure};
use replica::Replica;
use rusqlite::Connection;
use serde_json::json;
use shared::access::{Actor, Role};
use shared::desk::{ListAsk, Row, Save, SaveAnswer};
use shared::ids::{DeviceId, StaffId};
use shared::record::Kind;
use shared::sample::Dice;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const READS: usize = 2_000;
const SAVES: usize = 600;

/// Measures in a process of its own, so that nothing is warm from loading.
pub(crate) fn in_own_process(
    dir: &Path,
    staff: StaffId,
    seed: u64,
) -> Result<Vec<(String, f64, &'static str)>> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("local")
        .arg(dir)
        .args([staff.to_string(), seed.to_string()]);
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let answer = read(
        &mut BufReader::new(child.stdout.take().context("the desk answers")?),
        "LOCAL ",
    )?;
    ensure!(child.wait()?.success(), "the desk failed");
    let found: Vec<(String, f64)> = serde_json::from_str(&answer)?;
    Ok(found
        .into_iter()
        .map(|(name, value)| (name.clone(), value, unit(&name)))
        .collect())
}

fn unit(name: &str) -> &'static str {
    match name.rsplit('_').next() {
        Some("us") => "µs",
        Some("ms") => "ms",
        Some("mb") => "MB",
        _ => "ratio",
    }
}

/// Is the desk.
pub(crate) fn measure(dir: &Path, staff: StaffId, seed: u64) -> Result<()> {
    let replica = open(dir, None)?;
    let mut dice = Dice::new(seed);
    let rows = some_rows(&replica, &mut dice)?;
    let mut found: Vec<(&str, f64)> = Vec::new();

    let mut times = timed(READS, || {
        replica
            .chart(dice_row(&mut dice, &rows).id)
            .map(|chart| ensure_some(chart.is_some()))
    })?;
    found.push(("read_p50_us", percentile(&mut times, 50) * 1e6));
    found.push(("read_p99_us", percentile(&mut times, 99) * 1e6));

    let mut times = timed(READS / 4, || {
        let name = &dice_row(&mut dice, &rows).body["name"][0];
        let words = format!(
            "{} {}",
            name["family"].as_str().unwrap_or(""),
            name["given"].as_str().unwrap_or("")
        );
        replica
            .search(&words, 50)
            .map(|rows| ensure_some(!rows.is_empty()))
    })?;
    found.push(("search_p99_ms", percentile(&mut times, 99) * 1e3));
    let mut times = timed(READS / 4, || {
        let name = &dice_row(&mut dice, &rows).body["name"][0];
        let start = |word: &str| word.chars().take(3).collect::<String>();
        let words = format!(
            "{} {}",
            start(name["family"].as_str().unwrap_or("")),
            start(name["given"].as_str().unwrap_or(""))
        );
        replica
            .search(&words, 50)
            .map(|rows| ensure_some(!rows.is_empty()))
    })?;
    found.push(("search_prefix_p99_ms", percentile(&mut times, 99) * 1e3));

    let ward = rows
        .first()
        .and_then(|row| serde_json::from_value(row.body["ward"].clone()).ok());
    let mut after: Option<String> = None;
    let mut times = timed(READS / 4, || {
        let page = replica.list(&ListAsk {
            kind: Kind::Patient,
            ward,
            limit: 50,
            after: after.take(),
        })?;
        after = page.next;
        Ok(ensure_some(!page.rows.is_empty()))
    })?;
    found.push(("list_p99_ms", percentile(&mut times, 99) * 1e3));
    found.extend(saves(&replica, dir, staff, &rows, &mut dice)?);
    say(&format!("LOCAL {}", serde_json::to_string(&found)?));
    Ok(())
}

/// Saves of one field and bare commits in turn, so that both meet the same disk.
fn saves(
    replica: &Replica,
    dir: &Path,
    staff: StaffId,
    rows: &[Row],
    dice: &mut Dice,
) -> Result<Vec<(&'static str, f64)>> {
    let desk = replica.desk()?;
    let actor = Actor {
        staff,
        roles: vec![Role::Nurse],
        ward: desk.ward.context("enrolled")?,
        device: DeviceId(staff.0),
    };
    let bare = Connection::open(dir.with_extension("bare"))?;
    bare.pragma_update(None, "journal_mode", "wal")?;
    bare.pragma_update(None, "synchronous", "full")?;
    bare.execute_batch("create table note (id integer primary key, text text)")?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for round in 0..SAVES {
        let row = dice_row(dice, rows);
        let row = replica
            .row(Kind::Patient, row.id)?
            .context("it was listed")?;
        let ask = Save {
            kind: Kind::Patient,
            id: row.id,
            base: Some(row.heads),
            draft: json!({ "bed": format!("S-{round}") }),
            held: None,
        };
        let start = Instant::now();
        let answer = replica.save(&actor, &ask)?;
        ours.push(start.elapsed());
        ensure!(
            matches!(answer, SaveAnswer::Saved { .. }),
            "a save was not taken: {answer:?}"
        );
        let start = Instant::now();
        bare.execute(
            "insert into note (text) values (?1)",
            [format!("S-{round}")],
        )?;
        plain.push(start.elapsed());
    }
    let (p50, p99) = (percentile(&mut ours, 50), percentile(&mut ours, 99));
    let (bare_p50, bare_p99) = (percentile(&mut plain, 50), percentile(&mut plain, 99));
    Ok(vec![
        ("save_p50_ms", p50 * 1e3),
        ("save_p99_ms", p99 * 1e3),
        ("bare_commit_p50_ms", bare_p50 * 1e3),
        ("bare_commit_p99_ms", bare_p99 * 1e3),
        ("save_p50_ratio", p50 / bare_p50),
        ("save_ratio", p99 / bare_p99),
    ])
}

fn timed(rounds: usize, mut once: impl FnMut() -> replica::Result<Found>) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        let Found(found) = once()?;
        times.push(start.elapsed());
        ensure!(found, "nothing was found");
    }
    Ok(times)
}

/// Whether a read found something: a fast answer that is empty counts for nothing.
struct Found(bool);

fn ensure_some(found: bool) -> Found {
    Found(found)
}

fn dice_row<'a>(dice: &mut Dice, rows: &'a [Row]) -> &'a Row {
    &rows[dice.below(rows.len())]
}

/// Returns rows from all over the ward.
fn some_rows(replica: &Replica, dice: &mut Dice) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = replica.list(&ListAsk {
            kind: Kind::Patient,
            ward: None,
            limit: 200,
            after,
        })?;
        rows.extend(page.rows.into_iter().filter(|_| dice.below(20) == 0));
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}
