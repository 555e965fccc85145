//! How well and how fast records of one person are found.

use crate::figures::{Figures, median};
use anyhow::{Result, ensure};
use shared::matching::blocks;
use shared::matching::samples::{self, Sample};
use shared::matching::traits::Traits;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Patients of each of two hospitals that are compared.
const EACH: usize = 10_000;

/// Measures on the samples beside the product, and on two made-up hospitals. One thread; nothing but the rules.
pub(crate) fn measure(seed: u64, rounds: usize, figures: &mut Figures) -> Result<()> {
    found("febrl", &samples::febrl(), figures);
    found("i18n", &samples::i18n(), figures);
    let (ours, theirs) = samples::two_hospitals(seed, EACH);
    ensure!(ours.len() == EACH && theirs.len() == EACH, "two hospitals");
    let mut times: Vec<Duration> = (0..rounds.max(1))
        .map(|_| {
            let start = Instant::now();
            let ours: Vec<Traits> = ours.iter().map(Traits::of).collect();
            let theirs: Vec<Traits> = theirs.iter().map(Traits::of).collect();
            black_box(blocks::between(&ours, &theirs));
            start.elapsed()
        })
        .collect();
    figures.add("dedup_10k_s", EACH, median(&mut times), "s");
    Ok(())
}

fn found(name: &str, sample: &Sample, figures: &mut Figures) {
    let found = sample.found();
    let size = sample.patients.len();
    figures.add(&format!("dedup_{name}_f1"), size, found.f1, "ratio");
    let precision = format!("dedup_{name}_precision");
    figures.add(&precision, size, found.precision, "ratio");
}
