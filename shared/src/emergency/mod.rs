//! Emergency access ("break the glass"): for an hour, with a reason, to what is vital about in-patients of other wards.
//!
//! Whoever opens it proves once more who they are and says why; they can read and leave a note, nothing else; and a clinical
//! manager looks at each opening within three days. [`summary`] says what can be read.

pub mod keys;
pub mod summary;

use crate::access::{Role, Task, may_do};
use crate::audit::Hash;
use crate::clock::Now;
use crate::ids::{DeviceId, OpeningId, RecordId, StaffId};
use crate::planted::{self, Fault};
use crate::problem::{Problem, Problems};
use crate::unlock::is_set_back;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use ts_rs::TS;

const MINUTE: i64 = 60_000;
/// How long an opening lasts.
pub const OPEN_MS: i64 = 60 * MINUTE;
/// How long until somebody has to have looked at it.
pub const REVIEW_MS: i64 = 72 * 60 * MINUTE;
/// Letters of a reason.
pub const REASON_MIN: usize = 10;
pub const REASON_MAX: usize = 500;
/// Letters of one note, and notes of one opening.
pub const NOTE_MAX: usize = 4_000;
pub const NOTES_MAX: usize = 50;
/// Patients looked at in one opening.
pub const LOOKED_MAX: usize = 500;
/// Letters of what a manager says.
pub const WORDS_MAX: usize = 2_000;

/// One time that somebody opened the emergency access, as it is kept at the desk and reported to the hub.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub id: OpeningId,
    /// Grows with everything that is added: the hub keeps the newest.
    pub version: u32,
    pub staff: StaffId,
    pub reason: String,
    pub from_ms: i64,
    pub until_ms: i64,
    /// When its owner ended it before its time.
    pub ended_ms: Option<i64>,
    pub looked: Vec<Looked>,
    pub notes: Vec<Note>,
}

/// Whose summary was read, the first time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    pub patient: RecordId,
    pub at_ms: i64,
}

/// What its owner wrote down meanwhile.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub patient: Option<RecordId>,
    pub text: String,
    pub at_ms: i64,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening {} version {}", self.id, self.version)
    }
}

/// How far an opening has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub enum OpeningState {
    Open,
    ToReview,
    Overdue,
    Reviewed,
}

/// What a manager finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub enum Finding {
    Accepted,
    Questioned,
}

impl Finding {
    /// Returns the word it is kept as.
    pub fn word(self) -> &'static str {
        match self {
            Finding::Accepted => "accepted",
            Finding::Questioned => "questioned",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        let both = [Finding::Accepted, Finding::Questioned];
        both.into_iter().find(|finding| finding.word() == word)
    }
}

/// Says whether somebody with these roles may open the emergency access for this reason.
pub fn may_open(roles: &[Role], reason: &str) -> Result<(), Vec<Problem>> {
    may_do(roles, Task::BreakGlass).map_err(|problem| vec![problem])?;
    none(check_reason(reason))
}

/// Returns a text without the one character that no database keeps.
fn readable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn check_reason(reason: &str) -> Problems {
    let letters = reason.trim().chars().count();
    let is_said = letters >= REASON_MIN;
    let mut problems = Problems::default().at_most(reason.trim(), REASON_MAX, "reason");
    if !is_said {
        let problem = Problem::new("emergency.reason_short", "reason");
        problems = problems.add([problem.with("min", REASON_MIN)]);
    }
    problems
}

impl Opening {
    /// Begins one.
    pub fn begin(id: OpeningId, staff: StaffId, reason: &str, now: Now) -> Self {
        Self {
            id,
            version: 1,
            staff,
            reason: readable(reason.trim()),
            from_ms: now.0,
            until_ms: now.0 + OPEN_MS,
            ended_ms: None,
            looked: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Says whether it lasts. A clock that is set back ends it: otherwise it would last as long as somebody likes.
    pub fn is_open(&self, latest_ms: i64, now: Now) -> bool {
        self.ended_ms.is_none() && now.0 < self.until_ms && !is_set_back(latest_ms, now.0)
    }

    /// Adds that somebody was looked at; nothing when that is known already.
    #[must_use]
    pub fn look(&self, patient: RecordId, now: Now) -> Option<Self> {
        let is_known = self.looked.iter().any(|one| one.patient == patient);
        if is_known || self.looked.len() >= LOOKED_MAX {
            return None;
        }
        let mut next = self.next();
        let at_ms = now.0;
        next.looked.push(Looked { patient, at_ms });
        Some(next)
    }

    /// Adds a note.
    pub fn note(
        &self,
        patient: Option<RecordId>,
        text: &str,
        now: Now,
    ) -> Result<Self, Vec<Problem>> {
        let text = text.trim();
        let problems = Problems::default()
            .unless(!text.is_empty(), "required", "note")
            .unless(
                self.notes.len() < NOTES_MAX,
                "emergency.too_many_notes",
                "note",
            )
            .at_most(text, NOTE_MAX, "note");
        none(problems)?;
        let mut next = self.next();
        next.notes.push(Note {
            patient,
            text: readable(text),
            at_ms: now.0,
        });
        Ok(next)
    }

    /// Ends it before its time.
    #[must_use]
    pub fn end(&self, now: Now) -> Self {
        let mut next = self.next();
        next.ended_ms = Some(now.0.clamp(self.from_ms, self.until_ms));
        next
    }

    fn next(&self) -> Self {
        let version = self.version.saturating_add(1);
        Self {
            version,
            ..self.clone()
        }
    }

    /// Returns it as somebody else counts its time: a desk whose clock runs ahead, or that says what it likes, puts off
    /// nobody's look at it.
    #[must_use]
    pub fn believed(&self, arrived_ms: i64) -> Self {
        let from_ms = self.from_ms.min(arrived_ms);
        Self {
            from_ms,
            until_ms: self.until_ms.min(from_ms.saturating_add(OPEN_MS)),
            ..self.clone()
        }
    }

    /// Returns what names it in audit entries, which have no room for more.
    pub fn mark(&self) -> Hash {
        Sha256::digest(self.id.0.as_bytes()).into()
    }

    /// Says how far it has come. What was added after somebody had looked at it is looked at again.
    pub fn state(&self, reviewed_version: Option<u32>, now: Now) -> OpeningState {
        if reviewed_version.is_some_and(|version| version >= self.version) {
            return OpeningState::Reviewed;
        }
        if self.ended_ms.is_none() && now.0 < self.until_ms {
            return OpeningState::Open;
        }
        if now.0 >= self.due_ms() {
            OpeningState::Overdue
        } else {
            OpeningState::ToReview
        }
    }

    /// Returns until when somebody has to have looked at it.
    pub fn due_ms(&self) -> i64 {
        self.from_ms.saturating_add(REVIEW_MS)
    }

    /// Returns it with words that can be kept: whatever a desk sends in its place, somebody has to be able to look at it.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.reason = readable(&self.reason);
        for note in &mut self.notes {
            note.text = readable(&note.text);
        }
        self
    }

    /// Returns what makes it too large to be kept at all.
    pub fn check_size(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default()
            .at_most(&self.reason, REASON_MAX, "reason")
            .unless(
                self.notes.len() <= NOTES_MAX,
                "emergency.too_many_notes",
                "note",
            )
            .unless(
                self.looked.len() <= LOOKED_MAX,
                "emergency.too_many_looked",
                "looked",
            );
        for note in &self.notes {
            problems = problems.at_most(&note.text, NOTE_MAX, "note");
        }
        none(problems)
    }

    /// Returns what a reviewer has to know that is not as it should be. It is kept all the same: it happened.
    pub fn flaws(&self, roles: &[Role]) -> Vec<Problem> {
        let lasts = self.until_ms.saturating_sub(self.from_ms);
        let mut patients: BTreeSet<RecordId> = BTreeSet::new();
        let is_each_once = self.looked.iter().all(|one| patients.insert(one.patient));
        check_reason(&self.reason)
            .add(may_do(roles, Task::BreakGlass).err())
            .unless(
                (0..=OPEN_MS).contains(&lasts) && is_each_once,
                "emergency.strange",
                "",
            )
            .into()
    }
}

/// What a reviewer says of an opening.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct Review {
    /// The desk it was opened at.
    pub device: DeviceId,
    pub opening: OpeningId,
    /// The version that was read.
    #[ts(type = "number")]
    pub version: u32,
    pub finding: Finding,
    pub words: String,
}

/// Says whether somebody may review an opening like this.
pub fn may_review(
    opening: &Opening,
    state: OpeningState,
    reviewer: StaffId,
    review: &Review,
) -> Result<(), Vec<Problem>> {
    let is_own = opening.staff == reviewer && !planted::is_on(Fault::OwnReview);
    let is_said = review.finding == Finding::Accepted || !review.words.trim().is_empty();
    let problems = Problems::default()
        .unless(!is_own, "emergency.own", "")
        .unless(state != OpeningState::Open, "emergency.still_open", "")
        .unless(
            state != OpeningState::Reviewed,
            "emergency.reviewed_already",
            "",
        )
        .unless(review.version == opening.version, "emergency.moved", "")
        .unless(is_said, "required", "words")
        .at_most(&review.words, WORDS_MAX, "words");
    none(problems)
}

fn none(problems: Problems) -> Result<(), Vec<Problem>> {
    let problems: Vec<Problem> = problems.into();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// A clinical manager at a desk, `POST /sync/v1/emergency/review`: proves who they are, and may say what they found.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewAsk {
    #[serde(with = "crate::phi::on_the_wire")]
    pub username: crate::phi::Phi<String>,
    #[serde(with = "crate::phi::on_the_wire")]
    pub password: crate::phi::Phi<String>,
    pub review: Option<Review>,
}

/// The emergency access as its owner sees it while it lasts.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Emergency {
    pub id: OpeningId,
    pub reason: String,
    /// RFC 3339 in UTC.
    pub from: String,
    pub until: String,
    /// In-patients of other wards that this desk knows of.
    #[ts(type = "number")]
    pub people: u32,
    /// When the hub last confirmed what is known of them; nothing when it never did.
    pub as_of: Option<String>,
    #[ts(type = "number")]
    pub notes: u32,
}

/// An opening as a reviewer sees it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct OpeningLine {
    pub id: OpeningId,
    pub device: DeviceId,
    #[ts(type = "number")]
    pub version: u32,
    pub desk: String,
    pub ward: String,
    pub staff: StaffId,
    pub who: String,
    pub reason: String,
    /// Instants, RFC 3339 in UTC.
    pub from: String,
    pub until: String,
    pub due: String,
    pub state: OpeningState,
    pub looked: Vec<LookedLine>,
    pub notes: Vec<NoteLine>,
    /// What is not as it should be.
    pub flaws: Vec<Problem>,
    /// Openings of the same person within thirty days, with this one.
    #[ts(type = "number")]
    pub lately: u32,
    pub reviews: Vec<ReviewLine>,
}

/// Somebody who was looked at.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LookedLine {
    pub patient: RecordId,
    pub name: String,
    pub at: String,
}

/// A note as a reviewer reads it.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct NoteLine {
    pub patient: Option<RecordId>,
    pub text: String,
    pub at: String,
}

/// What a manager said before.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ReviewLine {
    pub by: String,
    pub at: String,
    pub finding: Finding,
    pub words: String,
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
