//! What others are told when an appointment changes: the difference between what they were told last and what it says now.

use crate::events::{
    Cancelled, Closed, NeedsRebooking, Offer, Rescheduled, SlotOffered, Visit, What, moment,
};
use crate::scheduling::clinic::Clinic;
use crate::scheduling::rules::{Fee, cancellation};
use crate::scheduling::visit::slot_of;
use crate::scheduling::{Appointment, AppointmentStatus};

/// This long before an appointment its patient is reminded.
pub const REMINDER_MS: i64 = 24 * 3_600_000;

/// A change that says what became of an appointment, when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub status: AppointmentStatus,
    pub t_ms: i64,
}

/// Who has the slot that an appointment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holds {
    /// The appointment had a slot before.
    pub before: bool,
    /// It has the one it says.
    pub now: bool,
}

/// An appointment that some changes were made to.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    pub after: &'a Appointment,
    pub holds: Holds,
    /// Those of the changes that say what became of it, in order.
    pub steps: &'a [Step],
    /// When the last change was made.
    pub t_ms: i64,
    pub is_by_hub: bool,
    pub clinic: &'a Clinic,
}

/// Returns what is to be told, each with when it happened. `told` is what was told last and is not contested.
pub fn news(told: Option<&What>, changed: &Changed<'_>) -> Vec<(i64, What)> {
    let Some(visit) = visit(changed.after, changed.clinic) else {
        return Vec::new();
    };
    let mut news: Vec<(i64, What)> = changed
        .steps
        .iter()
        .filter(|step| step.status != changed.after.status)
        .filter_map(|step| Some((step.t_ms, contested(told, changed, *step, &visit)?)))
        .collect();
    let now = stands(told, changed, &visit).or_else(|| closed(told, changed, visit));
    news.extend(now.map(|what| (changed.t_ms, what)));
    news
}

fn visit(appointment: &Appointment, clinic: &Clinic) -> Option<Visit> {
    let slot = slot_of(appointment, clinic)?;
    // who would see anybody is told of whoever has time
    let offered_by = appointment
        .offers
        .iter()
        .find_map(|offer| offer.practitioner);
    Some(Visit {
        patient: appointment.patient?,
        practitioner: appointment.practitioner.or(offered_by)?,
        department: appointment.department,
        ward: appointment.ward,
        start: moment(slot.start_ms),
        end: moment(slot.end_ms),
    })
}

fn is_same_slot(one: &Visit, other: &Visit) -> bool {
    (one.practitioner, one.start) == (other.practitioner, other.start)
}

/// What is told of an appointment that has its slot.
fn stands(told: Option<&What>, changed: &Changed<'_>, visit: &Visit) -> Option<What> {
    let status = changed.after.status;
    let is_coming = match status {
        AppointmentStatus::Booked | AppointmentStatus::Arrived | AppointmentStatus::CheckedIn => {
            changed.holds.now
        }
        AppointmentStatus::Proposed
        | AppointmentStatus::Pending
        | AppointmentStatus::Waitlist
        | AppointmentStatus::Cancelled
        | AppointmentStatus::NoShow
        | AppointmentStatus::Fulfilled
        | AppointmentStatus::EnteredInError => false,
    };
    if !is_coming {
        return None;
    }
    let old = match told {
        Some(What::Scheduled(old) | What::Reminder(old)) => old,
        Some(What::Rescheduled(old)) => &old.visit,
        // who is here after all is told nothing
        Some(What::Completed(_) | What::NoShow(_)) if status.is_fact() => return None,
        Some(
            What::Cancelled(_)
            | What::Completed(_)
            | What::NoShow(_)
            | What::NeedsRebooking(_)
            | What::SlotOffered(_)
            | What::Accounts(_),
        )
        | None => return Some(What::Scheduled(visit.clone())),
    };
    (!is_same_slot(old, visit)).then(|| {
        What::Rescheduled(Rescheduled {
            visit: visit.clone(),
            from_practitioner: old.practitioner,
            from_start: old.start,
        })
    })
}

/// What is told of an appointment that has no slot, or needs none any more.
fn closed(told: Option<&What>, changed: &Changed<'_>, visit: Visit) -> Option<What> {
    let is_contested = false;
    let is_automatic = changed.is_by_hub;
    match changed.after.status {
        AppointmentStatus::Proposed
        | AppointmentStatus::Pending
        | AppointmentStatus::Booked
        | AppointmentStatus::Arrived
        | AppointmentStatus::CheckedIn => None,
        AppointmentStatus::Waitlist => waits(told, changed, visit),
        AppointmentStatus::Fulfilled => {
            let is_new = !matches!(told, Some(What::Completed(_)));
            let closed = Closed {
                visit,
                is_automatic,
                is_contested,
            };
            is_new.then_some(What::Completed(closed))
        }
        AppointmentStatus::NoShow => {
            let is_new = !matches!(told, Some(What::NoShow(_)));
            let closed = Closed {
                visit,
                is_automatic,
                is_contested,
            };
            is_new.then_some(What::NoShow(closed))
        }
        AppointmentStatus::Cancelled | AppointmentStatus::EnteredInError => {
            let is_new = match told {
                Some(What::Cancelled(_)) => false,
                Some(_) => true,
                None => stood(told, changed),
            };
            let by_error = changed.after.status == AppointmentStatus::EnteredInError;
            let fee = if stood(told, changed) && !by_error {
                fee(&visit, changed.t_ms)
            } else {
                Fee::Nothing
            };
            let cancelled = Cancelled {
                visit,
                fee,
                is_contested,
            };
            is_new.then_some(What::Cancelled(cancelled))
        }
    }
}

/// Says whether the patient could count on it: the hub had given it its slot, or the desk had a right to.
fn stood(told: Option<&What>, changed: &Changed<'_>) -> bool {
    let was_told = match told {
        Some(What::Scheduled(_) | What::Rescheduled(_) | What::Reminder(_) | What::NoShow(_)) => {
            true
        }
        Some(
            What::Cancelled(_)
            | What::Completed(_)
            | What::NeedsRebooking(_)
            | What::SlotOffered(_)
            | What::Accounts(_),
        )
        | None => false,
    };
    let was_booked = |step: &Step| step.status == AppointmentStatus::Booked;
    was_told || changed.holds.before || changed.steps.iter().any(was_booked)
}

/// What giving up costs; when it was too late for that, which a person let through, as a no-show.
fn fee(visit: &Visit, t_ms: i64) -> Fee {
    cancellation(visit.start.as_millisecond(), t_ms).unwrap_or(Fee::Whole)
}

/// What is told of an appointment that waits for a slot.
fn waits(told: Option<&What>, changed: &Changed<'_>, visit: Visit) -> Option<What> {
    let offer = |offer: &crate::scheduling::Offer| {
        Some(Offer {
            practitioner: offer.practitioner?,
            start: offer.start.as_deref()?.parse().ok()?,
        })
    };
    let offers: Vec<Offer> = changed.after.offers.iter().filter_map(offer).collect();
    // who is put on the list of those who wait has lost nothing
    let lost_nothing = changed.after.lost.is_none();
    let knows = |old: &Visit| lost_nothing || is_same_slot(old, &visit);
    let (lost_before, offered) = match told {
        Some(What::NeedsRebooking(old)) => (knows(&old.visit), &old.offers[..]),
        Some(What::SlotOffered(old)) => (knows(&old.visit), &old.offers[..]),
        Some(
            What::Scheduled(_)
            | What::Rescheduled(_)
            | What::Cancelled(_)
            | What::Completed(_)
            | What::NoShow(_)
            | What::Reminder(_)
            | What::Accounts(_),
        ) => (false, &[][..]),
        None => (lost_nothing, &[][..]),
    };
    if !lost_before {
        let why = changed.after.lost.clone();
        let lost = NeedsRebooking { visit, why, offers };
        return Some(What::NeedsRebooking(lost));
    }
    let is_new = !offers.is_empty() && offers != offered;
    is_new.then_some(What::SlotOffered(SlotOffered { visit, offers }))
}

/// What is told of a change that says otherwise than what the appointment shows.
fn contested(
    told: Option<&What>,
    changed: &Changed<'_>,
    step: Step,
    visit: &Visit,
) -> Option<What> {
    let closed = || Closed {
        visit: visit.clone(),
        is_automatic: changed.is_by_hub,
        is_contested: true,
    };
    match step.status {
        AppointmentStatus::Cancelled if stood(told, changed) => Some(What::Cancelled(Cancelled {
            visit: visit.clone(),
            fee: fee(visit, step.t_ms),
            is_contested: true,
        })),
        AppointmentStatus::Fulfilled => Some(What::Completed(closed())),
        AppointmentStatus::NoShow => Some(What::NoShow(closed())),
        AppointmentStatus::Cancelled
        | AppointmentStatus::Proposed
        | AppointmentStatus::Pending
        | AppointmentStatus::Waitlist
        | AppointmentStatus::Booked
        | AppointmentStatus::Arrived
        | AppointmentStatus::CheckedIn
        | AppointmentStatus::EnteredInError => None,
    }
}

/// Returns the reminder of an appointment that stands, if it is due. `told_ms` is when its patient was told something last.
pub fn reminder(
    appointment: &Appointment,
    clinic: &Clinic,
    told_ms: Option<i64>,
    now_ms: i64,
) -> Option<What> {
    let visit = visit(appointment, clinic)?;
    let is_due = is_reminder_due(visit.start.as_millisecond(), told_ms, now_ms);
    (appointment.status == AppointmentStatus::Booked && is_due).then_some(What::Reminder(visit))
}

/// Says whether a patient is to be reminded now: a day before, unless they were told later than that.
fn is_reminder_due(start_ms: i64, told_ms: Option<i64>, now_ms: i64) -> bool {
    let from_ms = start_ms - REMINDER_MS;
    let knows = told_ms.is_some_and(|told| told >= from_ms);
    (from_ms..start_ms).contains(&now_ms) && !knows
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
