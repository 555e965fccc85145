//! What may be done with an appointment, and until when. Source: RULES 3.5; all moments are milliseconds since 1970, and `t`
//! is when it was done, as [`crate::sync::late::made`] reckons it, not when it arrived.

use crate::ids::DepartmentId;
use crate::planted::{self, Fault};
use crate::problem::Problem;
use crate::scheduling::clinic::{Clinic, DAY_CAP, Schedule, Slot};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;
/// A slot is booked, or moved to, this long before it begins.
pub const LEAD_MS: i64 = 2 * HOUR_MS;
/// An appointment that begins this soon is not moved any more.
pub const MOVE_CLOSES_MS: i64 = HOUR_MS;
/// Longer than this before its start an appointment is cancelled for nothing.
pub const FREE_CANCEL_MS: i64 = 2 * HOUR_MS;
/// How often an appointment is moved, at most.
pub const MOVES_MAX: usize = 2;

/// What is known of a doctor and a patient around a slot, without the appointment in question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Another patient has the doctor then.
    pub doctor_is_taken: bool,
    /// The patient has another appointment then.
    pub patient_is_taken: bool,
    /// Appointments that count on the doctor's day: booked, checked in, completed and no-shows.
    pub counted: u32,
}

/// What is asked for when a slot is to be had.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub clinic: &'a Clinic,
    pub schedule: &'a Schedule,
    pub department: DepartmentId,
    pub start_ms: i64,
    pub t_ms: i64,
    pub around: Around,
}

/// Says whether a slot may be booked; returns the slot.
///
/// # Errors
/// Every rule that is broken, each with its field and what would be allowed: those of [`Clinic::slot_at`] and
/// [`Schedule::works`], `appointment.lead_time`, `department.mismatch`, `slot.taken`, `patient.taken`, `practitioner.day_full`.
pub fn may_book(ask: &Ask<'_>) -> Result<Slot, Vec<Problem>> {
    let mut problems = Vec::new();
    if ask.start_ms - ask.t_ms < LEAD_MS {
        problems.push(
            Problem::new("appointment.lead_time", "start")
                .with("earliest", rfc3339(ask.t_ms + LEAD_MS)),
        );
    }
    if !ask.schedule.departments.contains(&ask.department) {
        problems.push(Problem::new("department.mismatch", "department"));
    }
    let slot = ask.clinic.slot_at(ask.start_ms);
    match &slot {
        Ok(slot) => problems.extend(ask.schedule.works(slot).err()),
        Err(problem) => problems.push(problem.clone()),
    }
    problems.extend(taken(&ask.around, ask.start_ms));
    match slot {
        Ok(slot) if problems.is_empty() => Ok(slot),
        Ok(_) | Err(_) => Err(problems),
    }
}

fn taken(around: &Around, start_ms: i64) -> Vec<Problem> {
    let mut problems = Vec::new();
    if around.doctor_is_taken {
        problems.push(Problem::new("slot.taken", "start").with("start", rfc3339(start_ms)));
    }
    if around.patient_is_taken {
        problems.push(Problem::new("patient.taken", "start").with("start", rfc3339(start_ms)));
    }
    if around.counted >= DAY_CAP {
        problems.push(Problem::new("practitioner.day_full", "start").with("max", DAY_CAP));
    }
    problems
}

/// An appointment that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub slot: Slot,
    /// It was moved when cancelling it would have cost something already: a report shows it.
    pub inside_fee_window: bool,
}

/// Says whether an appointment may be moved. `ask.around` is without the appointment itself, except that moving within one
/// day leaves the day's count as it is.
///
/// # Errors
/// As [`may_book`]; and `appointment.within_1h`, `appointment.move_limit`, `appointment.same_slot`.
pub fn may_move(from_ms: i64, moves: usize, ask: &Ask<'_>) -> Result<Moved, Vec<Problem>> {
    let mut problems = Vec::new();
    if from_ms == ask.start_ms {
        problems.push(Problem::new("appointment.same_slot", "start"));
    }
    if from_ms - ask.t_ms <= MOVE_CLOSES_MS {
        problems.push(
            Problem::new("appointment.within_1h", "start")
                .with("until", rfc3339(from_ms - MOVE_CLOSES_MS)),
        );
    }
    if moves >= MOVES_MAX {
        problems.push(Problem::new("appointment.move_limit", "start").with("max", MOVES_MAX));
    }
    match may_book(ask) {
        Ok(slot) if problems.is_empty() => Ok(Moved {
            slot,
            inside_fee_window: from_ms - ask.t_ms <= FREE_CANCEL_MS,
        }),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

/// What a patient pays who does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fee {
    Nothing,
    /// Half of the net fee for the visit.
    Half,
    /// All of it.
    Whole,
}

/// Returns what cancelling costs.
///
/// # Errors
/// `appointment.too_late` from the start on: then it is completed or a no-show.
pub fn cancellation(start_ms: i64, t_ms: i64) -> Result<Fee, Problem> {
    match start_ms - t_ms {
        ..=0 => {
            Err(Problem::new("appointment.too_late", "status").with("start", rfc3339(start_ms)))
        }
        left if left > FREE_CANCEL_MS => Ok(Fee::Nothing),
        _ => Ok(Fee::Half),
    }
}

/// What is to be done with an appointment to which nobody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoShow {
    /// The slot has not ended.
    NotYet,
    /// A desk that could know better has not been heard since: a person decides.
    Unresolved,
    Automatic,
}

/// Returns what the hub may do by itself: `heard_ms` is when the desks that hold the slot were heard last, the least of them.
pub fn no_show(end_ms: i64, now_ms: i64, heard_ms: Option<i64>) -> NoShow {
    if now_ms < end_ms {
        NoShow::NotYet
    } else if heard_ms.is_none_or(|heard| heard >= end_ms) || planted::is_on(Fault::UnheardNoShow) {
        NoShow::Automatic
    } else {
        NoShow::Unresolved
    }
}

/// Says whether a person may mark a no-show.
///
/// # Errors
/// `appointment.not_over` before the slot has ended.
pub fn may_mark_no_show(end_ms: i64, t_ms: i64) -> Result<Fee, Problem> {
    if t_ms >= end_ms {
        return Ok(Fee::Whole);
    }
    Err(Problem::new("appointment.not_over", "status").with("end", rfc3339(end_ms)))
}

pub(super) fn rfc3339(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
