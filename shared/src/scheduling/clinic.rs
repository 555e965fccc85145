//! When doctors see patients: the hospital's hours and zone, and each doctor's own. FHIR `Schedule` and `Slot`.
//!
//! A day is a day of the hospital's zone; lengths are elapsed time, so that the days on which clocks change need nothing
//! of their own. Source: RULES 3.5, TIM-1.

use crate::ids::{DepartmentId, StaffId};
use crate::problem::Problem;
use jiff::civil::{Date, Time, Weekday, time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Length of a slot, in minutes.
pub const SLOT_MINUTES: u32 = 30;
/// Appointments of one doctor that count on one local day, at most.
pub const DAY_CAP: u32 = 8;

const MINUTE_MS: i64 = 60_000;

/// What holds for the whole hospital.
#[derive(Clone, Debug)]
pub struct Clinic {
    pub zone: TimeZone,
    /// Local time of the first slot.
    pub opens: Time,
    /// Local time at which the last slot has ended.
    pub closes: Time,
}

/// A piece of a doctor's time that one patient can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Milliseconds since 1970.
    pub start_ms: i64,
    /// Milliseconds since 1970; the slot ends before it.
    pub end_ms: i64,
    /// The hospital's local day and time of its start.
    pub date: Date,
    pub time: Time,
}

impl Slot {
    /// Says whether two slots have a moment in common. One that begins where the other ends has none.
    pub fn overlaps(&self, other: &Slot) -> bool {
        self.start_ms < other.end_ms && other.start_ms < self.end_ms
    }
}

impl Clinic {
    /// A hospital that sees patients from nine to six, local time.
    pub fn of_zone(zone: TimeZone) -> Self {
        Self {
            zone,
            opens: time(9, 0, 0, 0),
            closes: time(18, 0, 0, 0),
        }
    }

    /// Returns the slot that begins at a moment.
    ///
    /// # Errors
    /// `slot.hours` when the clinic is closed then, `slot.grid` when no slot begins then; both name the nearest that does.
    pub fn slot_at(&self, start_ms: i64) -> Result<Slot, Problem> {
        let at = Timestamp::from_millisecond(start_ms)
            .map_err(|_| Problem::new("start.invalid", "start"))?;
        let local = self.zone.to_datetime(at);
        let slot = Slot {
            start_ms,
            end_ms: start_ms + i64::from(SLOT_MINUTES) * MINUTE_MS,
            date: local.date(),
            time: local.time(),
        };
        let whole = i64::from(SLOT_MINUTES) * 60 * 1_000_000_000;
        let since = nanoseconds(slot.time) - nanoseconds(self.opens);
        let last = nanoseconds(self.closes) - nanoseconds(self.opens) - whole;
        let nearest = |at: i64| {
            let at = at.clamp(0, last) / whole * whole + nanoseconds(self.opens);
            format!("{:02}:{:02}", at / HOUR_NS, at % HOUR_NS / MINUTE_NS)
        };
        if !(0..=last).contains(&since) {
            return Err(Problem::new("slot.hours", "start")
                .with("opens", self.opens.strftime("%H:%M"))
                .with("last", nearest(last)));
        }
        if since % whole != 0 {
            return Err(Problem::new("slot.grid", "start")
                .with("before", nearest(since))
                .with("after", nearest(since + whole)));
        }
        Ok(slot)
    }

    /// Returns the slot of a local day and time.
    ///
    /// # Errors
    /// `start.no_such_time` where clocks are put forward over it; `start.twice` where they are put back, with both offsets:
    /// a person has to say which. Otherwise as [`Clinic::slot_at`].
    pub fn slot_on(&self, date: Date, at: Time) -> Result<Slot, Problem> {
        let zoned = self.zone.to_ambiguous_zoned(date.to_datetime(at));
        match zoned.offset() {
            AmbiguousOffset::Unambiguous { .. } => {}
            AmbiguousOffset::Gap { .. } => return Err(Problem::new("start.no_such_time", "start")),
            AmbiguousOffset::Fold { before, after } => {
                return Err(Problem::new("start.twice", "start")
                    .with("first", before)
                    .with("second", after));
            }
        }
        let start = zoned
            .unambiguous()
            .map_err(|_| Problem::new("start.invalid", "start"))?;
        self.slot_at(start.timestamp().as_millisecond())
    }

    /// Returns the slots of a local day, in order: those whose local time exists once.
    pub fn day(&self, date: Date) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut at = self.opens;
        while at < self.closes {
            slots.extend(self.slot_on(date, at).ok());
            let Ok(next) = at.checked_add(Span::new().minutes(SLOT_MINUTES)) else {
                break;
            };
            at = next;
        }
        slots
    }

    /// Returns the hospital's local day at a moment.
    pub fn day_of(&self, at_ms: i64) -> Date {
        let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
        self.zone.to_datetime(at).date()
    }
}

pub(super) const MINUTE_NS: i64 = 60 * 1_000_000_000;
const HOUR_NS: i64 = 60 * MINUTE_NS;

pub(super) fn nanoseconds(at: Time) -> i64 {
    i64::from(at.hour()) * HOUR_NS
        + i64::from(at.minute()) * MINUTE_NS
        + i64::from(at.second()) * 1_000_000_000
        + i64::from(at.subsec_nanosecond())
}

/// A span of a local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Hours {
    #[ts(type = "string")]
    pub from: Time,
    #[ts(type = "string")]
    pub to: Time,
}

/// When one doctor sees patients. FHIR `Schedule` with `Practitioner` as its actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Schedule {
    pub practitioner: StaffId,
    pub departments: Vec<DepartmentId>,
    /// Hours of each day of the week, Monday first; several when there is a pause for good.
    #[ts(type = "Hours[][]")]
    pub hours: [Vec<Hours>; 7],
    /// Pauses of every day.
    pub breaks: Vec<Hours>,
    /// First and last day of each leave.
    #[ts(type = "[string, string][]")]
    pub leave: Vec<(Date, Date)>,
}

impl Schedule {
    /// Returns a doctor who works whenever the clinic is open, Monday to Friday.
    pub fn full_week(
        practitioner: StaffId,
        departments: Vec<DepartmentId>,
        clinic: &Clinic,
    ) -> Self {
        let day = vec![Hours {
            from: clinic.opens,
            to: clinic.closes,
        }];
        let mut hours: [Vec<Hours>; 7] = std::array::from_fn(|_| day.clone());
        hours[5].clear();
        hours[6].clear();
        Self {
            practitioner,
            departments,
            hours,
            breaks: Vec::new(),
            leave: Vec::new(),
        }
    }

    /// Says whether the doctor sees patients in a slot.
    ///
    /// # Errors
    /// `practitioner.leave` with the last day of it, `practitioner.break` with its end, `practitioner.hours`.
    pub fn works(&self, slot: &Slot) -> Result<(), Problem> {
        let on_leave = |(first, last): &&(Date, Date)| (*first..=*last).contains(&slot.date);
        if let Some((_, last)) = self.leave.iter().find(on_leave) {
            return Err(Problem::new("practitioner.leave", "start").with("until", last));
        }
        let to = slot.time.wrapping_add(Span::new().minutes(SLOT_MINUTES));
        let is_in = |span: &&Hours| span.from <= slot.time && to <= span.to;
        let hours = &self.hours[weekday(slot.date)];
        if !hours.iter().any(|span| is_in(&span)) {
            return Err(Problem::new("practitioner.hours", "start").with("hours", said(hours)));
        }
        let meets = |span: &&Hours| span.from < to && slot.time < span.to;
        match self.breaks.iter().find(meets) {
            Some(pause) => Err(Problem::new("practitioner.break", "start")
                .with("until", pause.to.strftime("%H:%M"))),
            None => Ok(()),
        }
    }
}

fn weekday(date: Date) -> usize {
    match date.weekday() {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}

fn said(hours: &[Hours]) -> String {
    let words: Vec<String> = hours
        .iter()
        .map(|span| {
            format!(
                "{}–{}",
                span.from.strftime("%H:%M"),
                span.to.strftime("%H:%M")
            )
        })
        .collect();
    words.join(", ")
}
