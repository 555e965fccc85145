//! What a person can put right.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// One thing that is wrong with what a person entered, in words a screen can look up.
///
/// `code` is short and stable (`line.dose_invalid`); the sentence lives in `ui/src/words`. `field` is the path in the
/// record (`telecom/0001k.00000007/value`, or empty for the whole record). `with` fills the blanks of the sentence,
/// for example what would be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Problem {
    pub code: String,
    pub field: String,
    pub with: BTreeMap<String, String>,
}

impl Problem {
    /// Makes a problem of a code at a field.
    pub fn new(code: &str, field: &str) -> Self {
        Self {
            code: code.into(),
            field: field.into(),
            with: BTreeMap::new(),
        }
    }

    /// Adds a value that the sentence mentions.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        // what is told is kept: no database keeps the one character that ends a text elsewhere
        let value = value.to_string().replace('\0', "\u{fffd}");
        self.with.insert(name.into(), value);
        self
    }
}

/// Collects problems, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem at a field when the claim does not hold.
    #[must_use]
    pub fn unless(self, holds: bool, code: &str, field: &str) -> Self {
        self.add(if holds {
            None
        } else {
            Some(Problem::new(code, field))
        })
    }

    /// Adds every problem given.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "it collects; `+` would say less"
    )]
    pub fn add(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        self.0.extend(problems);
        self
    }

    /// Notes `too_long` when a text has more than `max` characters.
    #[must_use]
    pub fn at_most(self, text: &str, max: usize, field: &str) -> Self {
        let long = text.chars().count() > max;
        self.add(long.then(|| Problem::new("too_long", field).with("max", max)))
    }
}

impl From<Problems> for Vec<Problem> {
    fn from(problems: Problems) -> Self {
        problems.0
    }
}
