//! Reads the tables beside this file, and draws numbers that a seed repeats.

pub(crate) mod story;

/// Returns the cells of every line that is not a heading.
pub(crate) fn lines(table: &'static str) -> Vec<Vec<&'static str>> {
    let told: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split(',').map(str::trim).collect())
        .collect();
    assert!(!told.is_empty(), "a table has lines");
    told
}

/// Reads a number of a cell.
pub(crate) fn number(cell: &str) -> i64 {
    cell.parse().expect("a number of the table")
}

/// Reads the numbers of a cell.
pub(crate) fn list(cell: &str) -> Vec<i64> {
    cell.split_whitespace().map(number).collect()
}

/// Numbers that look drawn and come again with the same seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    /// Begins with `SEED`, or with one of its own, and says which.
    pub(crate) fn from_env() -> Self {
        let seed = std::env::var_os("SEED").and_then(|seed| seed.to_str()?.parse().ok());
        let seed = seed.unwrap_or(0x5EED);
        eprintln!("SEED={seed}");
        Self(seed)
    }

    /// Returns a number from nothing up to, but not with, `end`.
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end.max(1)).expect("it is above nothing");
        i64::try_from(mixed % end).expect("it is below an i64")
    }
}
