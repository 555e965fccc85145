//! What was decided without asking anybody, each decision an *item* that a person can look at.
//!
//! The items of a record are read off its document ([`read`]), so they are the same at every desk and at the hub, in
//! whatever order its changes came. [`settle`] says what a person can do about one.

pub mod list;
pub mod read;
pub mod settle;
#[cfg(test)]
mod tests;

use crate::ids::StaffId;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// What kind of decision it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
#[repr(u8)]
pub enum ItemKind {
    /// Different values were written into one field apart from each other; one shows.
    Hard = 1,
    /// Fields that mean something only together were written apart from each other; all show.
    Soft = 2,
    /// A rule that every edit kept is broken by all of them together, or a slot went to somebody else.
    Invariant = 3,
    /// Two records may be of one person, or somebody wrote into a record that was merged into another.
    Duplicate = 4,
    /// A change that was not taken.
    Quarantine = 5,
    /// An old copy of a workstation's replica was used.
    Stale = 6,
    /// Money that the rules cannot put right by themselves.
    Money = 7,
    /// A workstation's clock was set, and when something was done matters.
    Clock = 8,
}

impl ItemKind {
    /// Every kind, in the order in which a menu shows them.
    pub const ALL: [ItemKind; 8] = [
        ItemKind::Hard,
        ItemKind::Soft,
        ItemKind::Invariant,
        ItemKind::Duplicate,
        ItemKind::Quarantine,
        ItemKind::Stale,
        ItemKind::Money,
        ItemKind::Clock,
    ];

    /// Returns the number kept in the hub's database.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Reads the number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::Hard => "hard",
            ItemKind::Soft => "soft",
            ItemKind::Invariant => "invariant",
            ItemKind::Duplicate => "duplicate",
            ItemKind::Quarantine => "quarantine",
            ItemKind::Stale => "stale",
            ItemKind::Money => "money",
            ItemKind::Clock => "clock",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A decision of the rules, whose fields and sides are a table: what each field was before, and what each side says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Item {
    /// Names it at every desk and at the hub, hex.
    pub id: String,
    pub kind: ItemKind,
    /// Which rule decided, and what the rule says of it.
    pub rule: Problem,
    /// The document paths it is about.
    pub paths: Vec<String>,
    /// What each path was before.
    #[ts(type = "unknown[]")]
    pub before: Vec<Value>,
    pub sides: Vec<Side>,
    /// The change by which somebody who saw all sides settled it; nothing while it is open.
    pub settled: Option<Settled>,
}

/// What one author said about the fields of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Side {
    /// The change it was said with, hex.
    pub change: String,
    pub staff: Option<StaffId>,
    /// RFC 3339 in UTC, by the clock of their desk.
    pub at: String,
    /// Number of the device; 0 is the hub.
    #[ts(type = "number")]
    pub device: u32,
    /// What each path was to them after it.
    #[ts(type = "unknown[]")]
    pub values: Vec<Value>,
}

/// Who settled an item by writing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Settled {
    /// The change, hex.
    pub change: String,
    pub staff: Option<StaffId>,
    pub at: String,
}
