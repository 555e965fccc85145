//! What every record has in common: a kind, rules of its own, and the keys it is found by.
//!
//! A record is an Automerge document (see [`crate::document`]); its *body* is the JSON a screen shows. Sync, replica and
//! hub handle bodies without knowing what a patient is: they come here.

use crate::ids::{RecordId, WardId};
use crate::patients::Patient;
use crate::prescriptions::Prescription;
use crate::problem::Problem;
use crate::scheduling::Appointment;
use crate::{prescriptions, scheduling};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// The kinds of record that merge. The number is part of the wire and of both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export_to = "types.gen.ts")]
#[repr(u8)]
pub enum Kind {
    Patient = 1,
    Appointment = 2,
    Prescription = 3,
}

impl Kind {
    /// Every kind, in the order in which desks should receive them.
    pub const ALL: [Kind; 3] = [Kind::Patient, Kind::Appointment, Kind::Prescription];

    /// Returns the number used on the wire and in the databases.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Reads the number used on the wire.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Returns the word used in addresses and on the screen's side: `patient`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Patient => "patient",
            Kind::Appointment => "appointment",
            Kind::Prescription => "prescription",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns the fields that are lists of elements with an `id`.
    pub fn lists(self) -> &'static [&'static str] {
        match self {
            Kind::Patient => &[
                "name", "telecom", "address", "contact", "allergy", "alert", "link",
            ],
            Kind::Appointment => &["move", "offer"],
            Kind::Prescription => &["line", "signature"],
        }
    }

    /// Returns the lists whose elements are written once and never again: events, not facts.
    pub fn said_once(self) -> &'static [&'static str] {
        match self {
            Kind::Patient => &[],
            Kind::Appointment => &["move"],
            Kind::Prescription => &["signature"],
        }
    }

    /// Returns the fields that are texts which merge letter by letter.
    pub fn texts(self) -> &'static [&'static str] {
        match self {
            Kind::Patient | Kind::Appointment | Kind::Prescription => &["notes"],
        }
    }

    /// Returns the field that names the patient a record belongs to; a patient belongs to nobody.
    pub fn subject_path(self) -> Option<&'static str> {
        match self {
            Kind::Patient => None,
            Kind::Appointment | Kind::Prescription => Some("patient"),
        }
    }

    /// Returns how much a value is preferred where several were written apart from each other: the greatest wins, and
    /// `None` leaves it to Automerge. `path` is the document path, such as `allergy/0001k.00000007/verification`.
    pub fn preference(self, path: &str, value: &Value) -> Option<usize> {
        let word = value.as_str()?;
        match self {
            // add-wins: whoever says that an allergy holds is believed
            Kind::Patient if path.starts_with("allergy/") && path.ends_with("/verification") => {
                ["entered-in-error", "refuted", "unconfirmed", "confirmed"]
                    .iter()
                    .position(|w| *w == word)
            }
            Kind::Appointment if path == "status" => scheduling::AppointmentStatus::ALL
                .iter()
                .position(|status| status.word() == word),
            Kind::Prescription if path == "status" => prescriptions::PrescriptionStatus::ALL
                .iter()
                .position(|status| status.word() == word),
            Kind::Patient | Kind::Appointment | Kind::Prescription => None,
        }
    }

    /// Returns the name of the fields that mean something only together, of which a path is one: what was written to
    /// several of them apart from each other is looked at by a person, although no value was lost.
    pub fn together(self, path: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        match (self, parts.as_slice()) {
            (Kind::Patient, ["ward" | "bed"]) => Some("place".into()),
            (Kind::Appointment, ["practitioner" | "department" | "start" | "minutes"]) => {
                Some("slot".into())
            }
            (
                Kind::Prescription,
                [
                    "line",
                    id,
                    "medicine" | "dose" | "unit" | "route" | "frequency",
                ],
            ) => Some(format!("line/{id}")),
            (Kind::Patient | Kind::Appointment | Kind::Prescription, _) => None,
        }
    }

    /// Returns the field of a list element that is written again with every edit of the element, so that an edit made
    /// apart from a strike-out contradicts it.
    pub fn restated(self, list: &str) -> Option<&'static str> {
        match (self, list) {
            (Kind::Patient, "allergy") => Some("verification"),
            (Kind::Patient | Kind::Appointment | Kind::Prescription, _) => None,
        }
    }
}

/// What a record is found by. Worked out once, when it changes, and kept in columns beside it on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The ward whose desks see it.
    pub ward: Option<WardId>,
    /// The patient it belongs to; nothing for a patient.
    pub subject: Option<RecordId>,
    /// When it takes place, RFC 3339 in UTC.
    pub at: Option<String>,
    /// Place in a list.
    pub sort: String,
    /// Folded words it is found by; empty when it is not searched for.
    pub search: String,
}

/// A kind of record: its shape is the type, its rules are here.
pub trait Record: Serialize + DeserializeOwned {
    /// Which kind this is.
    const KIND: Kind;

    /// Returns everything that is wrong with it, in no particular order.
    fn check(&self) -> Vec<Problem>;

    /// Returns what it is found by.
    fn keys(&self) -> Keys;
}

/// Reads a body as its type; a body of the wrong shape is a problem at the field that is wrong.
pub fn parse<R: Record>(body: &Value) -> Result<R, Problem> {
    R::deserialize(body).map_err(|error| shape_problem(&error.to_string()))
}

/// Returns everything that is wrong with a body of a kind.
pub fn check(kind: Kind, body: &Value) -> Vec<Problem> {
    fn of<R: Record>(body: &Value) -> Vec<Problem> {
        match parse::<R>(body) {
            Ok(record) => record.check(),
            Err(problem) => vec![problem],
        }
    }
    match kind {
        Kind::Patient => of::<Patient>(body),
        Kind::Appointment => of::<Appointment>(body),
        Kind::Prescription => of::<Prescription>(body),
    }
}

/// Returns a body with the defaults of its type filled in; nothing when it has the wrong shape.
pub fn complete(kind: Kind, body: &Value) -> Option<Value> {
    fn of<R: Record>(body: &Value) -> Option<Value> {
        parse::<R>(body)
            .ok()
            .and_then(|record| serde_json::to_value(record).ok())
    }
    match kind {
        Kind::Patient => of::<Patient>(body),
        Kind::Appointment => of::<Appointment>(body),
        Kind::Prescription => of::<Prescription>(body),
    }
}

/// Returns what a body of a kind is found by. A body of the wrong shape has no keys but is kept.
pub fn keys(kind: Kind, body: &Value) -> Keys {
    fn of<R: Record>(body: &Value) -> Keys {
        parse::<R>(body)
            .map(|record| record.keys())
            .unwrap_or_default()
    }
    match kind {
        Kind::Patient => of::<Patient>(body),
        Kind::Appointment => of::<Appointment>(body),
        Kind::Prescription => of::<Prescription>(body),
    }
}

/// The same for a body that is still text, without making a tree of it first: a first load reads very many.
pub fn keys_of_text(kind: Kind, body: &str) -> Keys {
    fn of<R: Record>(body: &str) -> Keys {
        serde_json::from_str::<R>(body)
            .map(|record| record.keys())
            .unwrap_or_default()
    }
    match kind {
        Kind::Patient => of::<Patient>(body),
        Kind::Appointment => of::<Appointment>(body),
        Kind::Prescription => of::<Prescription>(body),
    }
}

fn shape_problem(message: &str) -> Problem {
    // serde names the member or the wrong value in backticks; the text itself may hold what a person typed
    let word = message.split('`').nth(1).unwrap_or("");
    Problem::new("shape", "").with("word", word)
}
