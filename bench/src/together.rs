//! Desk and hub together: coming back after a cut, seeing each other's work, many desks at once, and the window.

use crate::desk::{in_own_process, open};
use crate::device::Made;
use crate::figures::{Figures, median, percentile, say};
use crate::hub::Hub;
use crate::plain;
use anyhow::{Context, Result, ensure};
use replica::{Courier, Event, Replica};
use serde_json::json;
use shared::access::{Actor, Role};
use shared::desk::{ListAsk, Row, Save, SaveAnswer};
use shared::ids::{DeviceId, StaffId};
use shared::record::Kind;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;

/// Bytes of one change of one field, as it is stored: what the plain limits write.
const CHANGE_BYTES: usize = 130;
const PROPAGATIONS: usize = 200;
const LONGEST: Duration = Duration::from_secs(60);

fn actor(replica: &Replica, staff: StaffId) -> Result<Actor> {
    let ward = replica.desk()?.ward.context("the desk is enrolled")?;
    Ok(Actor {
        staff,
        roles: vec![Role::Nurse],
        ward,
        device: DeviceId(staff.0),
    })
}

fn set_bed(replica: &Replica, actor: &Actor, row: &Row, bed: String) -> Result<Row> {
    let ask = Save {
        kind: Kind::Patient,
        id: row.id,
        base: Some(row.heads.clone()),
        draft: json!({ "bed": bed }),
        held: None,
    };
    match replica.save(actor, &ask)? {
        SaveAnswer::Saved { row } => Ok(row),
        SaveAnswer::Problems { problems } => anyhow::bail!("a save was not taken: {problems:?}"),
    }
}

fn rows(replica: &Replica, count: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut after = None;
    while rows.len() < count {
        let page = replica.list(&ListAsk {
            kind: Kind::Patient,
            ward: None,
            limit: 200,
            after,
        })?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    rows.truncate(count);
    Ok(rows)
}

/// One patient in a hundred edited while apart, then back to the last *accepted*.
pub(crate) async fn resync(
    rounds: usize,
    hub: &mut Hub,
    folder: &Path,
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    let dir = folder.join("desk-0");
    let count = size / 100;
    let (mut ours, mut plain_times) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let replica = open(&dir, Some(hub.url.clone()))?;
        Courier::round(&replica).await?;
        let actor = actor(&replica, hub.staff)?;
        for (place, row) in rows(&replica, count)?.iter().enumerate() {
            set_bed(&replica, &actor, row, format!("R{round}-{place}"))?;
        }
        // a new process comes back, not the one that edited
        drop(replica);
        let replica = open(&dir, Some(hub.url.clone()))?;
        let took = Courier::round(&replica).await?.answered_after;
        ensure!(replica.waiting()?.is_empty(), "not everything was accepted");
        let bytes = count * CHANGE_BYTES;
        let disk = median(&mut plain::fsync(folder, bytes, 5)?);
        let commit = median(&mut plain::pg_commits(&hub.postgres, bytes, 5).await?);
        if round > 0 {
            ours.push(took);
            plain_times.push(Duration::from_secs_f64(disk + commit));
        }
    }
    let (ours, plain_time) = (median(&mut ours), median(&mut plain_times));
    figures.add("resync_ms", size, ours * 1e3, "ms");
    figures.add("plain_fsync_and_commit_ms", size, plain_time * 1e3, "ms");
    figures.add("resync_ratio", size, ours / plain_time, "ratio");
    counted(hub, &dir, count, size, figures).await
}

async fn counted(
    hub: &mut Hub,
    dir: &Path,
    count: usize,
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    let proxy = hub.proxy().await?;
    let replica = open(dir, Some(proxy.url()))?;
    Courier::round(&replica).await?;
    let actor = actor(&replica, hub.staff)?;
    for (place, row) in rows(&replica, count)?.iter().enumerate() {
        set_bed(&replica, &actor, row, format!("C-{place}"))?;
    }
    proxy.drop_connections();
    proxy.reset();
    let round = Courier::round(&replica).await?;
    let changed = proxy.traffic();
    proxy.drop_connections();
    proxy.reset();
    Courier::round(&replica).await?;
    let nothing = proxy.traffic();
    figures.add(
        "resync_bytes_per_change",
        size,
        (changed.up + changed.down) as f64 / count as f64,
        "bytes",
    );
    figures.add(
        "resync_round_trips",
        size,
        // without what follows by itself: the audit
        round.calls as f64,
        "round trips",
    );
    figures.add(
        "noop_bytes",
        size,
        (nothing.up + nothing.down) as f64,
        "bytes",
    );
    figures.add(
        "noop_round_trips",
        size,
        nothing.requests as f64,
        "round trips",
    );
    Ok(())
}

/// From Save at one desk until another desk can show it.
pub(crate) async fn propagation(
    hub: &mut Hub,
    folder: &Path,
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    let (here, there) = (folder.join("desk-0"), folder.join("desk-there"));
    let code = hub.code()?;
    in_own_process(&hub.url, &code, &there)?;
    let (a, b) = (
        open(&here, Some(hub.url.clone()))?,
        open(&there, Some(hub.url.clone()))?,
    );
    let actor = actor(&a, hub.staff)?;
    let (couriers_a, couriers_b) = (Courier::start(a.clone()), Courier::start(b.clone()));
    let mut row = rows(&a, 1)?.pop().context("there are patients")?;
    let (mut times, mut disk, mut commit) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..PROPAGATIONS {
        let mut events = b.events();
        let start = Instant::now();
        row = set_bed(&a, &actor, &row, format!("P-{round}"))?;
        tokio::time::timeout(LONGEST, shown(&b, &mut events, &row))
            .await
            .context("the other desk never showed it")??;
        times.push(start.elapsed());
        if round % 10 == 0 {
            disk.extend(plain::fsync(folder, CHANGE_BYTES, 1)?);
            commit.extend(plain::pg_commits(&hub.postgres, CHANGE_BYTES, 1).await?);
        }
    }
    couriers_a.stop();
    couriers_b.stop();
    // the first few find connections still to be made
    times.drain(..20);
    let plain_time = median(&mut disk) + median(&mut commit);
    let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    figures.add("propagation_p50_ms", size, p50 * 1e3, "ms");
    figures.add("propagation_p99_ms", size, p99 * 1e3, "ms");
    figures.add("propagation_ratio", size, p50 / plain_time, "ratio");
    figures.add("propagation_p99_ratio", size, p99 / plain_time, "ratio");
    Ok(())
}

async fn shown(
    replica: &Replica,
    events: &mut tokio::sync::broadcast::Receiver<Event>,
    row: &Row,
) -> Result<()> {
    loop {
        if replica
            .row(Kind::Patient, row.id)?
            .is_some_and(|there| there.heads == row.heads)
        {
            return Ok(());
        }
        match events.recv().await {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => anyhow::bail!("the desk ended"),
        }
    }
}

/// Changes a second that the hub accepts from eight desks.
pub(crate) async fn pushing(
    hub: &mut Hub,
    patients: &[Made],
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    const DESKS: usize = 8;
    const FRAME: usize = 250;
    let each = (patients.len() / DESKS).min(2_000) / FRAME * FRAME;
    ensure!(each > 0, "too few patients for eight desks");
    say("  … making changes at eight desks");
    let mut desks = Vec::new();
    let mut bytes = 0;
    for desk in 0..DESKS {
        let device = hub.device().await?;
        // from the end of the ward: the beginning was edited by other measurements
        let own = &patients[patients.len() - (desk + 1) * each..patients.len() - desk * each];
        let mut frames = Vec::new();
        for chunk in own.chunks(FRAME) {
            let envelopes: Result<Vec<_>> = chunk
                .iter()
                .map(|made| Ok(device.edit(made, &json!({ "bed": format!("X-{desk}") }))?.1))
                .collect();
            let envelopes = envelopes?;
            bytes += envelopes
                .iter()
                .map(|envelope| envelope.change.len())
                .sum::<usize>();
            frames.push(device.frame(envelopes));
        }
        desks.push((device, frames));
    }
    let start = Instant::now();
    let work = desks.into_iter().map(|(device, frames)| {
        tokio::spawn(async move {
            let mut taken = 0;
            for frame in frames {
                let answer = device.send(&frame).await?;
                taken += answer
                    .verdicts
                    .iter()
                    .filter(|v| matches!(v, shared::sync::wire::Verdict::Taken))
                    .count();
            }
            Ok::<usize, anyhow::Error>(taken)
        })
    });
    let mut taken = 0;
    for desk in work.collect::<Vec<_>>() {
        taken += desk.await??;
    }
    let rate = taken as f64 / start.elapsed().as_secs_f64();
    ensure!(taken == DESKS * each, "{taken} of {} taken", DESKS * each);
    let plain_rate = plain::pg_batches(&hub.postgres, bytes / taken, FRAME, each / FRAME).await?;
    figures.add("push_per_s", size, rate, "changes/s");
    figures.add("plain_batches_per_s", size, plain_rate, "rows/s");
    figures.add("push_ratio", size, rate / plain_rate, "ratio");
    Ok(())
}

/// Returns the name of a patient whom every desk of the ward has.
pub(crate) fn some_name(dir: &Path) -> Result<String> {
    let row = rows(&open(dir, None)?, 1)?.pop();
    let row = row.context("there are patients")?;
    let name = row.body["name"][0]["family"].as_str();
    Ok(name.context("patients have names")?.to_owned())
}

/// From the start of the desktop program until its search box answers, measured by the program that drives windows.
pub(crate) fn window(
    driver: &Path,
    (dir, keychain): (&Path, &Path),
    hub: &str,
    name: &str,
    rounds: usize,
    size: usize,
    figures: &mut Figures,
) -> Result<()> {
    let mut ready = Command::new(driver);
    ready.arg("ready").arg("--data").arg(dir);
    ready.arg("--keychain").arg(keychain).args([
        "--hub",
        hub,
        "--username",
        "grace",
        "--password",
        "wardbook-demo",
    ]);
    // the first start is cold
    let output = ready
        .args([
            "--search",
            name,
            "--expect",
            &name.to_uppercase(),
            "--times",
            &(rounds + 1).to_string(),
        ])
        .output()?;
    ensure!(
        output.status.success(),
        "the window failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    for (theirs, ours) in [
        ("opened_ms", "window_opened_ms"),
        ("window_ready_ms", "window_ready_ms"),
    ] {
        figures.add(
            ours,
            size,
            answer[theirs]
                .as_f64()
                .context("the driver says how long it took")?,
            "ms",
        );
    }
    Ok(())
}
