//! Measures Wardbook beside the plain limits of the same machine in the same run. `./dev bench` runs it.

mod booking;
mod conflicts;
mod dedup;
mod desk;
mod device;
mod diary;
mod figures;
mod hub;
mod local;
mod payments;
mod plain;
mod together;
mod trust;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use figures::{Figures, median, say};
use hub::Hub;
use shared::ids::StaffId;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The allocator of the programs that are measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Measures Wardbook beside the plain limits of the same machine")]
struct Cli {
    /// Numbers of patients to measure at
    #[arg(long, value_delimiter = ',', default_value = "10000,100000")]
    sizes: Vec<usize>,
    /// Rounds of which the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only these measurements, after a first load: bootstrap, local, resync, propagation, push, booking, payments, conflicts, window; or dedup,
    /// without one
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Seed of the made-up patients
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the figures go
    #[arg(long, default_value = "bench/latest.json")]
    out: PathBuf,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What this program is when it starts itself again, to be measured as a process of its own.
#[derive(Subcommand)]
enum Role {
    #[command(hide = true)]
    Hub { data: PathBuf },
    #[command(hide = true)]
    Load {
        hub: String,
        code: String,
        dir: PathBuf,
    },
    #[command(hide = true)]
    Local {
        dir: PathBuf,
        staff: StaffId,
        seed: u64,
    },
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    // an error says that somebody installed it before, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        match cli.role {
            Some(Role::Hub { data }) => hub::serve(&data).await,
            Some(Role::Load { hub, code, dir }) => desk::load(&hub, &code, &dir).await,
            Some(Role::Local { dir, staff, seed }) => local::measure(&dir, staff, seed),
            None => run(&cli).await,
        }
    })
}

async fn run(cli: &Cli) -> Result<()> {
    let mut figures = Figures::default();
    say(&format!(
        "seed {}, rounds {}; every figure is a median unless its name says p99",
        cli.seed, cli.rounds
    ));
    if cli.only.is_empty() || cli.only.iter().any(|only| only == "dedup") {
        say("\nwho may be the same person");
        dedup::measure(cli.seed, cli.rounds, &mut figures)?;
        figures.write(&cli.out)?;
    }
    if cli.only == ["dedup"] {
        return Ok(());
    }
    for size in &cli.sizes {
        say(&format!("\n{size} patients"));
        measure(cli, *size, &mut figures).await?;
        figures.write(&cli.out)?;
    }
    say(&format!("\nwritten to {}", cli.out.display()));
    Ok(())
}

async fn measure(cli: &Cli, size: usize, figures: &mut Figures) -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("wardbook-bench-")
        .tempdir()?;
    let mut hub = Hub::start(&folder.path().join("hub"))?;
    let loader = hub.device().await?;
    say("  … making and pushing patients");
    let (patients, rows) = device::load(&loader, cli.seed, size).await?;
    let wants = |what: &str| cli.only.is_empty() || cli.only.iter().any(|only| only == what);
    let dir = folder.path().join("desk-0");
    if wants("bootstrap") {
        first_load(cli, &mut hub, folder.path(), &rows, figures).await?;
        figures.add("hub_rss_mb", size, hub.rss_mb()?, "MB");
    } else {
        let code = hub.code()?;
        desk::in_own_process(&hub.url, &code, &dir)?;
    }
    if wants("local") {
        for (name, value, unit) in local::in_own_process(&dir, hub.staff, cli.seed)? {
            figures.add(&name, size, value, unit);
        }
    }
    if wants("resync") {
        together::resync(cli.rounds, &mut hub, folder.path(), size, figures).await?;
    }
    if wants("propagation") {
        together::propagation(&mut hub, folder.path(), size, figures).await?;
    }
    if wants("push") {
        together::pushing(&mut hub, &patients, size, figures).await?;
    }
    if wants("booking") {
        let doctors = booking::measure(&mut hub, &patients, size, figures).await?;
        let dir = folder.path().join("desk-diary");
        diary::measure(&mut hub, &patients, (size, &dir), &doctors, figures).await?;
    }
    if wants("payments") {
        payments::measure(&hub, size, figures).await?;
    }
    if wants("conflicts") {
        conflicts::measure(&mut hub, &patients, size, figures).await?;
    }
    if wants("trust") {
        trust::cost(&patients, size, figures)?;
    }
    if !wants("window") {
        return Ok(());
    }
    let driver = std::env::current_exe()?.with_file_name("wardbook-drive");
    if !driver.exists() {
        say("  the window was not measured: build the whole workspace, as ./dev bench does");
        return Ok(());
    }
    let name = together::some_name(&dir)?;
    let (dir, keychain) = (
        folder.path().join("desk-window"),
        folder.path().join("keychain"),
    );
    let code = hub.code()?;
    desk::locked(&hub.url, &code, &dir, &keychain).await?;
    let places = (dir.as_path(), keychain.as_path());
    together::window(&driver, places, &hub.url, &name, cli.rounds, size, figures)
}

/// How fast a desk gets its first copy, beside the same rows by plain means.
async fn first_load(
    cli: &Cli,
    hub: &mut Hub,
    folder: &Path,
    rows: &[(String, serde_json::Value)],
    figures: &mut Figures,
) -> Result<()> {
    let size = rows.len();
    let packed = plain::pack(rows)?;
    let (mut ours, mut plain, mut bulk, mut memory) = (Vec::new(), Vec::new(), Vec::new(), 0.0_f64);
    for round in 0..=cli.rounds {
        let dir = folder.join(format!("desk-{round}"));
        let code = hub.code()?;
        let loaded = desk::in_own_process(&hub.url, &code, &dir)?;
        anyhow::ensure!(
            loaded.records == size,
            "loaded {} of {size}",
            loaded.records
        );
        memory = memory.max(loaded.rss_mb);
        if round == 0 {
            // the hub had nothing ready: it made the snapshot while the desk waited
            figures.add(
                "bootstrap_cold_per_s",
                size,
                size as f64 / loaded.seconds,
                "patients/s",
            );
            continue;
        }
        std::fs::remove_dir_all(&dir)?;
        ours.push(Duration::from_secs_f64(loaded.seconds));
        plain.push(plain::ndjson_insert(folder, &packed, size).await?);
        bulk.push(plain::bulk_insert(folder, rows)?);
    }
    let (ours, plain, bulk) = (median(&mut ours), median(&mut plain), median(&mut bulk));
    figures.add("bootstrap_per_s", size, size as f64 / ours, "patients/s");
    figures.add(
        "plain_ndjson_per_s",
        size,
        size as f64 / plain,
        "patients/s",
    );
    figures.add("plain_insert_per_s", size, size as f64 / bulk, "patients/s");
    figures.add("bootstrap_ratio", size, plain / ours, "ratio");
    figures.add(
        "plain_bytes_per_record",
        size,
        packed.len() as f64 / size as f64,
        "bytes",
    );
    let proxy = hub.proxy().await?;
    desk::in_own_process_async(proxy.url(), hub.code()?, folder.join("desk-counted")).await?;
    figures.add(
        "bootstrap_bytes_per_record",
        size,
        proxy.traffic().down as f64 / size as f64,
        "bytes",
    );
    figures.add("replica_rss_mb", size, memory, "MB");
    std::fs::remove_dir_all(folder.join("desk-counted")).context("tidying up")
}
