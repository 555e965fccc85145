//! A doctor's day: who comes when, and room for those who come without a time.

use crate::press::{Error, Sheet, set};
use crate::slip::{Name, Patient, Printed, born, foot, missing, standing_word};
use crate::words::{Piece, Words, clock};
use jiff::civil::{Date, Time};
use serde::Serialize;
use shared::scheduling::AppointmentStatus;

/// Empty lines for patients without a time.
const WALK_INS: usize = 6;

/// What the list of a day says.
#[derive(Clone, Debug, PartialEq)]
pub struct DayListFacts {
    pub hospital: String,
    pub doctor: String,
    /// The hospital's local day.
    pub date: Date,
    /// In the order they are printed.
    pub visits: Vec<Visit>,
    pub printed: Printed,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub time: Time,
    pub patient: Patient,
    pub reason: String,
    pub status: AppointmentStatus,
}

/// Sets the list of one doctor's day.
///
/// # Errors
/// [`Error`], when a changed template cannot be set.
pub fn day_list(facts: &DayListFacts, words: Words) -> Result<Sheet, Error> {
    let template = ("day.typ", include_str!("../templates/day.typ"));
    set(template, &DaySheet::of(facts, words))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DaySheet {
    language: &'static str,
    title: &'static str,
    hospital: Piece,
    doctor: Piece,
    day: String,
    words: DayWords,
    visits: Vec<Line>,
    walk_ins: usize,
    page: &'static str,
    missing: Option<&'static str>,
    foot: Vec<Piece>,
}

#[derive(Serialize)]
struct DayWords {
    time: &'static str,
    name: &'static str,
    born: &'static str,
    reason: &'static str,
    status: &'static str,
}

#[derive(Serialize)]
struct Line {
    time: String,
    patient: Name,
    number: Piece,
    born: String,
    reason: Piece,
    status: &'static str,
}

impl DaySheet {
    fn of(facts: &DayListFacts, words: Words) -> Self {
        let names = facts
            .visits
            .iter()
            .flat_map(|visit| [&visit.patient.family, &visit.patient.given, &visit.reason]);
        Self {
            language: words.language(),
            title: words.say("dayList.title"),
            hospital: Piece::of(&*facts.hospital),
            doctor: Piece::of(&*facts.doctor),
            day: words.day(facts.date),
            words: DayWords {
                time: words.say("column.time"),
                name: words.say("column.name"),
                born: words.say("slip.born"),
                reason: words.say("column.reason"),
                status: words.say("column.status"),
            },
            visits: facts
                .visits
                .iter()
                .map(|visit| Line::of(visit, words))
                .collect(),
            walk_ins: WALK_INS,
            page: words.say("print.page"),
            missing: missing(names.chain([&facts.hospital, &facts.doctor]), words),
            foot: foot(&facts.printed, words),
        }
    }
}

impl Line {
    fn of(visit: &Visit, words: Words) -> Self {
        let number = visit.patient.number.as_deref();
        Self {
            time: clock(visit.time),
            patient: Name::of(&visit.patient),
            number: Piece::of(number.unwrap_or(words.say("unknown"))),
            born: born(&visit.patient, words),
            reason: Piece::of(&*visit.reason),
            status: standing_word(visit.status, words),
        }
    }
}
