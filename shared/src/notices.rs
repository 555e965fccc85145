//! What patients have to be told about their appointments, and who tells them: a person by phone. Nothing is sent by itself,
//! since the record has phone numbers and nobody's word that a message may be sent to one.

use crate::ids::{RecordId, StaffId};
use crate::patients::{ContactUse, Patient};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How long after its visit something is still worth telling, where that is not over when the visit begins.
const AFTER_MS: i64 = 7 * 24 * 3_600_000;

/// Which notices a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
pub enum NoticeState {
    /// Somebody has to tell the patient.
    Waiting,
    /// Somebody did.
    Told,
    /// It is not told any more: something newer is, there was nobody to hear it, or it is too late.
    Over,
}

/// What a notice is about, as the event that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum NoticeKind {
    Scheduled,
    Rescheduled,
    Cancelled,
    Completed,
    NoShow,
    Reminder,
    NeedsRebooking,
    SlotOffered,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [NoticeKind; 8] = [
        NoticeKind::Scheduled,
        NoticeKind::Rescheduled,
        NoticeKind::Cancelled,
        NoticeKind::Completed,
        NoticeKind::NoShow,
        NoticeKind::Reminder,
        NoticeKind::NeedsRebooking,
        NoticeKind::SlotOffered,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            NoticeKind::Scheduled => "scheduled",
            NoticeKind::Rescheduled => "rescheduled",
            NoticeKind::Cancelled => "cancelled",
            NoticeKind::Completed => "completed",
            NoticeKind::NoShow => "no_show",
            NoticeKind::Reminder => "reminder",
            NoticeKind::NeedsRebooking => "needs_rebooking",
            NoticeKind::SlotOffered => "slot_offered",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Says whether it is worth telling after the visit was to begin.
    fn outlives_visit(self) -> bool {
        match self {
            NoticeKind::NoShow | NoticeKind::NeedsRebooking => true,
            NoticeKind::Scheduled
            | NoticeKind::Rescheduled
            | NoticeKind::Cancelled
            | NoticeKind::Completed
            | NoticeKind::Reminder
            | NoticeKind::SlotOffered => false,
        }
    }

    /// Returns since when a visit has to begin so that it is still worth telling, milliseconds since 1970.
    pub fn begins_after(self, now_ms: i64) -> i64 {
        if self.outlives_visit() {
            now_ms - AFTER_MS
        } else {
            now_ms
        }
    }
}

/// Returns the phone numbers under which somebody is reached, those that are carried along first.
pub fn phones(patient: &Patient) -> Vec<String> {
    let rank = |contact_use| match contact_use {
        ContactUse::Mobile => Some(0),
        ContactUse::Home => Some(1),
        ContactUse::Work => Some(2),
        ContactUse::Temp => Some(3),
        ContactUse::Old => None,
    };
    let good = |phone: &&crate::patients::ContactPoint| phone.ended.is_none();
    let mut found: Vec<(i32, String)> = patient
        .telecom
        .iter()
        .filter(good)
        .filter_map(|phone| Some((rank(phone.contact_use)?, phone.value.clone()?)))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, value)| value).collect()
}

/// Says why somebody cannot be told anything; nothing when they can.
pub fn barrier(patient: Option<&Patient>) -> Option<Problem> {
    let code = match patient {
        None => "notice.nobody",
        Some(patient) if patient.deceased.is_some() => "notice.deceased",
        Some(patient) if phones(patient).is_empty() => "notice.no_phone",
        Some(_) => return None,
    };
    Some(Problem::new(code, "patient"))
}

/// Something that a patient has to be told, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct NoticeLine {
    pub appointment: RecordId,
    pub nth: u32,
    pub kind: NoticeKind,
    pub state: NoticeState,
    pub patient: RecordId,
    /// The patient, in words.
    pub name: String,
    /// Under which numbers, while it waits.
    pub phones: Vec<String>,
    /// Why the patient cannot be told, while it waits.
    pub barrier: Option<Problem>,
    /// When the visit begins, RFC 3339 in UTC.
    pub start: String,
    /// When it happened.
    pub at: String,
    /// How often nobody answered, and when last.
    pub tries: u32,
    pub tried_at: Option<String>,
    pub told_at: Option<String>,
    pub told_by: Option<StaffId>,
}

/// A page of notices: those that wait by when the visit begins, others from the newest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct NoticePage {
    pub lines: Vec<NoticeLine>,
    pub next: Option<String>,
}

/// What came of telling somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Telling {
    Told,
    /// Nobody answered: it waits on.
    NotReached,
}

/// Says what came of telling somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct NoticeSaid {
    pub appointment: RecordId,
    pub nth: u32,
    pub telling: Telling,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patients::ContactPoint;

    fn phone(contact_use: ContactUse, value: &str, ended: Option<&str>) -> ContactPoint {
        ContactPoint {
            contact_use,
            value: Some(value.into()),
            ended: ended.map(str::to_owned),
            ..ContactPoint::default()
        }
    }

    fn patient(telecom: Vec<ContactPoint>) -> Patient {
        Patient {
            telecom,
            ..Patient::default()
        }
    }

    #[test]
    fn who_is_reached_nowhere_is_said_with_the_reason() {
        let code = |patient: Option<&Patient>| barrier(patient).map(|problem| problem.code);
        let mut ada = patient(vec![phone(ContactUse::Home, "020 1", None)]);
        assert_eq!(code(Some(&ada)), None);
        ada.deceased = Some("2027".into());
        assert_eq!(code(Some(&ada)).as_deref(), Some("notice.deceased"));
        let old = patient(vec![
            phone(ContactUse::Old, "020 1", None),
            phone(ContactUse::Mobile, "07700 1", Some("2027-01-01T00:00:00Z")),
        ]);
        assert_eq!(code(Some(&old)).as_deref(), Some("notice.no_phone"));
        assert_eq!(code(None).as_deref(), Some("notice.nobody"));
    }

    #[test]
    fn the_number_that_is_carried_along_is_rung_first() {
        let ada = patient(vec![
            phone(ContactUse::Work, "3", None),
            phone(ContactUse::Home, "2", None),
            phone(ContactUse::Mobile, "1", None),
        ]);
        assert_eq!(phones(&ada), ["1", "2", "3"]);
    }

    #[test]
    fn what_is_over_when_the_visit_begins_is_not_told_after() {
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeKind::parse(kind.word()), Some(kind));
            let after = [NoticeKind::NoShow, NoticeKind::NeedsRebooking].contains(&kind);
            let expect = if after { -AFTER_MS } else { 0 };
            assert_eq!(kind.begins_after(0), expect, "{kind:?}");
        }
        assert_eq!(NoticeKind::parse("nonsense"), None);
    }
}
