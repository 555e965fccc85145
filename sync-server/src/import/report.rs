//! What became of every resource. The table is for people, the JSON for programs; neither names a person.

use super::read::{About, Resource};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of single resources kept, at most; the counts are always whole.
const LINES_MAX: usize = 100_000;

/// What became of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Taken,
    Changed,
    AlreadyHere,
    Skipped,
}

/// A resource and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub resource: String,
    /// File, line and place in the bundle.
    pub place: String,
    pub outcome: Outcome,
    /// Why, for what was skipped; else what to know about it.
    pub reason: String,
}

/// What an import did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many of each type had each outcome, with the reason.
    #[serde(serialize_with = "counts")]
    counts: BTreeMap<(String, Outcome, String), u64>,
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn add(&mut self, resource: &str, place: &str, outcome: Outcome, reason: String) {
        // the detail after the colon differs from line to line
        let kind_of_reason = reason.split(':').next().unwrap_or_default().to_owned();
        *self
            .counts
            .entry((resource.to_owned(), outcome, kind_of_reason))
            .or_default() += 1;
        // what was never going to be taken is only counted
        if reason != "unsupported" && self.lines.len() < LINES_MAX {
            self.lines.push(Line {
                resource: resource.into(),
                place: place.into(),
                outcome,
                reason,
            });
        }
    }

    pub(super) fn note(&mut self, about: &About, outcome: Outcome, reason: &str) {
        self.add(&about.kind, &about.place, outcome, reason.to_owned());
    }

    pub(super) fn skip(&mut self, resource: &Resource, reason: &str, detail: &str) {
        let reason = if detail.is_empty() {
            reason.to_owned()
        } else {
            format!("{reason}: {detail}")
        };
        self.note(&resource.about(), Outcome::Skipped, &reason);
    }

    pub(super) fn dangling(&mut self, resource: &Resource, reference: &Value) {
        self.skip(
            resource,
            "dangling reference",
            reference.as_str().unwrap_or("none"),
        );
    }

    /// Returns how many resources had an outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.counts
            .iter()
            .filter(|((_, of, _), _)| *of == outcome)
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns how many resources of a type had an outcome.
    pub fn count_of(&self, resource: &str, outcome: Outcome) -> u64 {
        self.counts
            .iter()
            .filter(|((kind, of, _), _)| kind == resource && *of == outcome)
            .map(|(_, count)| count)
            .sum()
    }

    /// Returns the report for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:<24} {:<13} {:>7}  {}\n",
            "resource", "outcome", "count", "why"
        );
        for ((resource, outcome, reason), count) in &self.counts {
            let word = match outcome {
                Outcome::Taken => "taken",
                Outcome::Changed => "changed",
                Outcome::AlreadyHere => "already here",
                Outcome::Skipped => "skipped",
            };
            // writing to a string does not fail
            let _ = writeln!(text, "{resource:<24} {word:<13} {count:>7}  {reason}");
        }
        let _ = write!(
            text,
            "{} taken, {} changed, {} already here, {} skipped",
            self.count(Outcome::Taken),
            self.count(Outcome::Changed),
            self.count(Outcome::AlreadyHere),
            self.count(Outcome::Skipped)
        );
        text
    }
}

fn counts<S: serde::Serializer>(
    counts: &BTreeMap<(String, Outcome, String), u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let row = |((resource, outcome, reason), count): (&(String, Outcome, String), &u64)| serde_json::json!({ "resource": resource, "outcome": outcome, "reason": reason, "count": count });
    serializer.collect_seq(counts.iter().map(row))
}
