//! How the hub and its workstations are: what is looked at, and what of it somebody has to see to. The rules are pure; the hub
//! gathers what they are asked about (`sync-server/src/doctor`). The same findings are printed, shown and put into a support file.

mod desks;
mod events;
mod hub;
mod running;

pub use desks::{Compared, DeskSeen, WardSeen, certificates, copies, desks, put_back};
pub use events::{EventAgain, EventLine, EventPage, EventsSeen, LONG_MS, NatsSeen, events, nats};
pub use hub::{
    AuditSeen, Backups, Shape, audit, backup, decisions, disk, held, shape, unreachable,
};
pub use running::{RunningSeen, gives_up, running};

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Bytes of what people call a gigabyte.
const GIB: u64 = 1 << 30;

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts", rename = "HealthGrade")]
pub enum Grade {
    Ok,
    /// Somebody looks at it today.
    Look,
    /// Somebody looks at it now.
    Broken,
}

/// What is looked at, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts", rename = "HealthCheck")]
pub enum Check {
    Database,
    Disk,
    Backup,
    Audit,
    Events,
    Decisions,
    Held,
    Desks,
    Copies,
    Certificates,
    PutBack,
}

impl Check {
    /// Every check.
    pub const ALL: [Check; 11] = [
        Check::Database,
        Check::Disk,
        Check::Backup,
        Check::Audit,
        Check::Events,
        Check::Decisions,
        Check::Held,
        Check::Desks,
        Check::Copies,
        Check::Certificates,
        Check::PutBack,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Check::Database => "database",
            Check::Disk => "disk",
            Check::Backup => "backup",
            Check::Audit => "audit",
            Check::Events => "events",
            Check::Decisions => "decisions",
            Check::Held => "held",
            Check::Desks => "desks",
            Check::Copies => "copies",
            Check::Certificates => "certificates",
            Check::PutBack => "put_back",
        }
    }
}

/// A workstation as people know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts", rename = "HealthDesk")]
pub struct Named {
    pub number: u32,
    /// Empty in a support file.
    pub name: String,
}

/// What one check has to say: a sentence, and for what is not as it should be a second one, `<code>_do`, that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts", rename = "HealthFinding")]
pub struct Finding {
    pub check: Check,
    pub grade: Grade,
    pub said: Problem,
    /// Which workstations it is about; the first fifty.
    pub desks: Vec<Named>,
}

/// Workstations that a finding names, at most.
const NAMED: usize = 50;

impl Finding {
    fn new(check: Check, grade: Grade, said: Problem) -> Self {
        Self {
            check,
            grade,
            said,
            desks: Vec::new(),
        }
    }

    /// A finding about workstations; nothing when there are none.
    fn about(grade: Grade, check: Check, said: Problem, desks: Vec<Named>) -> Option<Self> {
        if desks.is_empty() {
            return None;
        }
        let said = said.with("count", desks.len());
        Some(Self {
            desks: desks.into_iter().take(NAMED).collect(),
            ..Self::new(check, grade, said)
        })
    }
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct HealthReport {
    /// RFC 3339 in UTC.
    pub at: String,
    /// The version of the hub's program.
    pub program: String,
    pub findings: Vec<Finding>,
}

impl HealthReport {
    /// Returns the worst of it.
    pub fn grade(&self) -> Grade {
        let grades = self.findings.iter().map(|finding| finding.grade);
        grades.max().unwrap_or(Grade::Ok)
    }

    /// Returns it without the names that people gave to workstations.
    #[must_use]
    pub fn without_names(mut self) -> Self {
        for desk in self.findings.iter_mut().flat_map(|one| &mut one.desks) {
            desk.name.clear();
        }
        self
    }
}
