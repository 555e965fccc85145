//! The slip a patient takes home.

use crate::code::{self, Code};
use crate::press::{Error, Sheet, has_letters, set};
use crate::words::{Piece, Words, clock, is_rtl};
use jiff::civil::{Date, Time};
use serde::Serialize;
use shared::scheduling::AppointmentStatus;

/// Who it is about, as they are identified on paper.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patient {
    pub family: String,
    pub given: String,
    /// May be partial: `1984`, `1984-03`.
    pub born: Option<String>,
    /// The hospital number.
    pub number: Option<String>,
}

/// Whether this is the first print of a sheet at this desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    First,
    Copy,
}

/// Who prints, and when by the hospital's clock: paper does not say that it is out of date.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    pub by: String,
    pub date: Date,
    pub time: Time,
}

/// What a slip says.
#[derive(Clone, Debug, PartialEq)]
pub struct SlipFacts {
    pub hospital: String,
    pub patient: Patient,
    /// The id of the appointment, for the scanner at the door.
    pub appointment: String,
    pub doctor: String,
    pub department: String,
    /// The hospital's local day and time.
    pub date: Date,
    pub time: Time,
    pub status: AppointmentStatus,
    pub edition: Edition,
    pub printed: Printed,
}

/// Sets the slip of one appointment.
///
/// # Errors
/// [`Error`], when a changed template cannot be set.
pub fn slip(facts: &SlipFacts, words: Words) -> Result<Sheet, Error> {
    let template = ("slip.typ", include_str!("../templates/slip.typ"));
    set(template, &SlipSheet::of(facts, words))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SlipSheet {
    language: &'static str,
    title: &'static str,
    hospital: Piece,
    words: SlipWords,
    patient: Name,
    born: String,
    number: Piece,
    day: String,
    time: String,
    doctor: Piece,
    department: Piece,
    standing: &'static str,
    is_firm: bool,
    advice: Option<&'static str>,
    copy: Option<&'static str>,
    qr: Option<Code>,
    bars: Option<Code>,
    missing: Option<&'static str>,
    foot: Vec<Piece>,
}

#[derive(Serialize)]
struct SlipWords {
    name: &'static str,
    born: &'static str,
    number: &'static str,
    when: &'static str,
    doctor: &'static str,
}

impl SlipSheet {
    fn of(facts: &SlipFacts, words: Words) -> Self {
        let number = facts.patient.number.as_deref();
        let texts = [
            &facts.hospital,
            &facts.patient.family,
            &facts.patient.given,
            &facts.doctor,
            &facts.department,
        ];
        let advice = match standing(facts.status) {
            Standing::Confirmed | Standing::Other => None,
            Standing::ToBeConfirmed => Some("slip.advice.toBeConfirmed"),
            Standing::NeedsRebooking => Some("slip.advice.needsRebooking"),
        };
        Self {
            language: words.language(),
            title: words.say("slip.title"),
            hospital: Piece::of(&*facts.hospital),
            words: SlipWords {
                name: words.say("column.name"),
                born: words.say("slip.born"),
                number: words.say("column.mrn"),
                when: words.say("column.when"),
                doctor: words.say("column.doctor"),
            },
            patient: Name::of(&facts.patient),
            born: born(&facts.patient, words),
            number: Piece::of(number.unwrap_or(words.say("unknown"))),
            day: words.day(facts.date),
            time: clock(facts.time),
            doctor: Piece::of(&*facts.doctor),
            department: Piece::of(&*facts.department),
            standing: standing_word(facts.status, words),
            is_firm: standing(facts.status) == Standing::Confirmed,
            advice: advice.map(|key| words.say(key)),
            copy: (facts.edition == Edition::Copy).then(|| words.say("slip.copy")),
            qr: code::qr(&facts.appointment),
            bars: number.and_then(code::bars),
            missing: missing(texts.into_iter(), words),
            foot: foot(&facts.printed, words),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    Confirmed,
    ToBeConfirmed,
    NeedsRebooking,
    Other,
}

fn standing(status: AppointmentStatus) -> Standing {
    match status {
        AppointmentStatus::Booked => Standing::Confirmed,
        AppointmentStatus::Pending | AppointmentStatus::Proposed => Standing::ToBeConfirmed,
        AppointmentStatus::Waitlist => Standing::NeedsRebooking,
        AppointmentStatus::Cancelled
        | AppointmentStatus::NoShow
        | AppointmentStatus::Arrived
        | AppointmentStatus::CheckedIn
        | AppointmentStatus::Fulfilled
        | AppointmentStatus::EnteredInError => Standing::Other,
    }
}

/// Returns what paper says of a status: whether the time holds, or what became of it.
pub(crate) fn standing_word(status: AppointmentStatus, words: Words) -> &'static str {
    match standing(status) {
        Standing::Confirmed => words.say("slip.confirmed"),
        Standing::ToBeConfirmed => words.say("slip.toBeConfirmed"),
        Standing::NeedsRebooking | Standing::Other => {
            words.say(&format!("AppointmentStatus.{}", status.word()))
        }
    }
}

/// FAMILY NAME, Given.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Name {
    family: Option<Piece>,
    given: Option<Piece>,
    is_rtl: bool,
}

impl Name {
    pub(crate) fn of(patient: &Patient) -> Self {
        let piece = |text: &str| (!text.trim().is_empty()).then(|| Piece::of(text.trim()));
        Self {
            is_rtl: is_rtl(&format!("{} {}", patient.family, patient.given)),
            family: piece(&patient.family.to_uppercase()),
            given: piece(&patient.given),
        }
    }
}

pub(crate) fn born(patient: &Patient, words: Words) -> String {
    let born = patient.born.as_deref();
    born.map_or(words.say("unknown").to_owned(), |iso| words.date(iso))
}

/// Returns a warning when a text has letters that would come out as empty boxes.
pub(crate) fn missing<'a>(
    mut texts: impl Iterator<Item = &'a String>,
    words: Words,
) -> Option<&'static str> {
    texts
        .any(|text| !has_letters(text))
        .then(|| words.say("print.lettersMissing"))
}

pub(crate) fn foot(printed: &Printed, words: Words) -> Vec<Piece> {
    let date = words.date(&printed.date.to_string());
    let time = format!("{date} {}", clock(printed.time));
    words.fill("print.foot", &[("who", &printed.by), ("time", &time)])
}
