//! What was measured: a table for people, a file for machines.

use anyhow::Result;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// One figure. `n` is the number of patients (or of whatever the name says) it was measured at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    n: usize,
    value: f64,
    unit: &'static str,
}

/// Everything measured in this run.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<Figure>);

impl Figures {
    pub(crate) fn add(&mut self, name: &str, n: usize, value: f64, unit: &'static str) {
        let value = (value * 1_000.0).round() / 1_000.0;
        say(&format!(
            "{name:<28} {n:>8} {value:>14.3} {unit:<14} {}",
            verdict(name, value)
        ));
        self.0.push(Figure {
            name: name.into(),
            n,
            value,
            unit,
        });
    }

    /// Writes `latest.json`: the list of figures.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, serde_json::to_string_pretty(&self.0)? + "\n")?;
        Ok(())
    }
}

/// Targets: name, bound, and whether the figure has to stay below it.
const TARGETS: &[(&str, f64, bool)] = &[
    ("bootstrap_ratio", 0.35, false),
    ("bootstrap_bytes_per_record", 250.0, true),
    ("resync_ratio", 12.0, true),
    ("resync_bytes_per_change", 250.0, true),
    ("resync_round_trips", 3.0, true),
    ("noop_bytes", 1_000.0, true),
    ("noop_round_trips", 1.0, true),
    ("propagation_ratio", 4.0, true),
    ("propagation_p99_ratio", 12.0, true),
    ("save_ratio", 1.5, true),
    ("read_p99_us", 200.0, true),
    ("search_p99_ms", 5.0, true),
    ("list_p99_ms", 2.0, true),
    ("push_per_s", 3_000.0, false),
    ("push_ratio", 0.1, false),
    ("bookings_per_s", 500.0, false),
    ("booking_p99_ms", 50.0, true),
    ("slot_search_p99_ms", 20.0, true),
    ("payments_per_s", 300.0, false),
    ("payment_p99_ms", 60.0, true),
    ("payment_growth_ratio", 1.3, true),
    ("items_list_p99_ms", 100.0, true),
    ("bulk_resolve_s", 30.0, true),
    ("desk_slot_search_p99_ms", 20.0, true),
    ("trust_cost_ratio", 1.5, true),
    ("dedup_febrl_f1", 0.99, false),
    ("dedup_febrl_precision", 0.98, false),
    ("dedup_i18n_f1", 0.95, false),
    ("dedup_i18n_precision", 0.98, false),
    ("dedup_10k_s", 60.0, true),
    ("replica_rss_mb", 150.0, true),
    ("hub_rss_mb", 300.0, true),
    ("window_ready_ms", 1_500.0, true),
];

fn verdict(name: &str, value: f64) -> String {
    let Some((_, bound, below)) = TARGETS.iter().find(|(target, ..)| *target == name) else {
        return String::new();
    };
    let holds = if *below {
        value <= *bound
    } else {
        value >= *bound
    };
    format!(
        "{} {} {bound}",
        if holds { "ok" } else { "MISSED" },
        if *below { "≤" } else { "≥" }
    )
}

/// Tells the person in front of the terminal.
#[expect(
    clippy::print_stdout,
    reason = "a bench talks to the person who runs it"
)]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Returns a percentile of times, in seconds. Sorts them.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * percent)
        .div_ceil(100)
        .saturating_sub(1)
        .min(times.len().saturating_sub(1));
    times.get(place).map_or(f64::NAN, Duration::as_secs_f64)
}

/// Returns the median of times, in seconds.
pub(crate) fn median(times: &mut [Duration]) -> f64 {
    percentile(times, 50)
}
