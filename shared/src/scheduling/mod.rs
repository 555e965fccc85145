//! Appointments: who sees whom, where and when. FHIR R4 `Appointment`.
//!
//! [`clinic`] says what slots there are, [`rules`] what may be done with them and until when, [`leases`] which of them a
//! desk may promise by itself, [`visit`] what a change of an appointment does and whether it may, [`unsure`] what is said of it
//! when nobody knows for sure when that was, [`adjudicate`] who gets a slot that several
//! asked for, [`free`] finds those still free, [`waiting`] says who is offered
//! them, [`sheet`] lays out a doctor's day, [`arrival`] is about those who come, and [`telling`] what others are told.

pub mod adjudicate;
pub mod arrival;
pub mod clinic;
pub mod free;
pub mod hours;
pub mod leases;
pub mod rules;
pub mod sheet;
pub mod telling;
pub mod unsure;
pub mod visit;
pub mod waiting;

use crate::ids::{DepartmentId, RecordId, StaffId, WardId};
use crate::patients::value_set;
use crate::problem::{Problem, Problems};
use crate::record::{Keys, Kind, Record};
use crate::scheduling::adjudicate::Priority;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One visit of a patient to a doctor. FHIR `Appointment`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Appointment {
    pub patient: Option<RecordId>,
    pub practitioner: Option<StaffId>,
    pub department: Option<DepartmentId>,
    /// The department's ward: its desk sees the appointment and the patient.
    pub ward: Option<WardId>,
    /// Start of the slot, RFC 3339 in UTC, whole minutes: `2027-03-01T09:00:00Z`.
    pub start: Option<String>,
    /// Length of the slot in minutes.
    pub minutes: Option<u32>,
    pub status: AppointmentStatus,
    /// How pressing it is: who presses more gets what several want.
    pub priority: Priority,
    pub reason: Option<String>,
    pub cancel_reason: Option<String>,
    /// Every time the slot was moved. A set of events, never a counter.
    #[serde(rename = "move")]
    pub moves: Vec<Move>,
    /// When the patient came, RFC 3339 in UTC, by the clock of the desk that noted it.
    pub arrived: Option<String>,
    /// The number they were given then: of the department's queue of the day.
    pub queue: Option<u32>,
    /// Why it needs rebooking, as a code: `slot.taken`, `patient.taken`, `practitioner.day_full`. Only the hub writes it.
    pub lost: Option<String>,
    /// What may be had instead of a slot that was lost, nearest first. Only the hub writes it; one without start is none.
    #[serde(rename = "offer")]
    pub offers: Vec<Offer>,
    pub notes: String,
}

/// A slot that was free when another was lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Offer {
    pub id: String,
    pub practitioner: Option<StaffId>,
    pub start: Option<String>,
}

/// A change of slot, kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Move {
    pub id: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub reason: Option<String>,
}

value_set! {
    /// FHIR appointmentstatus, in the order in which a merge prefers them: the furthest along wins.
    AppointmentStatus default Booked {
        Proposed = "proposed", Pending = "pending", Waitlist = "waitlist", Booked = "booked", Cancelled = "cancelled", NoShow = "noshow",
        Arrived = "arrived", CheckedIn = "checked-in", Fulfilled = "fulfilled", EnteredInError = "entered-in-error",
    }
}

impl AppointmentStatus {
    /// Says whether the appointment takes its doctor's slot.
    pub fn holds_slot(self) -> bool {
        match self {
            AppointmentStatus::Booked
            | AppointmentStatus::Arrived
            | AppointmentStatus::CheckedIn
            | AppointmentStatus::Fulfilled
            | AppointmentStatus::NoShow => true,
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Waitlist
            | AppointmentStatus::Cancelled
            | AppointmentStatus::EnteredInError => false,
        }
    }

    /// Says whether the hub has to decide if the appointment gets its slot.
    pub fn asks_for_slot(self) -> bool {
        matches!(
            self,
            AppointmentStatus::Proposed | AppointmentStatus::Pending
        )
    }

    /// Says whether the patient has come, or has not: nobody can decide that otherwise.
    pub fn is_fact(self) -> bool {
        match self {
            AppointmentStatus::Arrived
            | AppointmentStatus::CheckedIn
            | AppointmentStatus::Fulfilled
            | AppointmentStatus::NoShow => true,
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Waitlist
            | AppointmentStatus::Booked
            | AppointmentStatus::Cancelled
            | AppointmentStatus::EnteredInError => false,
        }
    }

    /// Says whether nothing more comes of the appointment.
    pub fn is_over(self) -> bool {
        match self {
            AppointmentStatus::Cancelled
            | AppointmentStatus::NoShow
            | AppointmentStatus::Fulfilled
            | AppointmentStatus::EnteredInError => true,
            AppointmentStatus::Proposed
            | AppointmentStatus::Pending
            | AppointmentStatus::Waitlist
            | AppointmentStatus::Booked
            | AppointmentStatus::Arrived
            | AppointmentStatus::CheckedIn => false,
        }
    }

    /// Reads the word of the value set.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.word() == word)
    }
}

impl Record for Appointment {
    const KIND: Kind = Kind::Appointment;

    fn check(&self) -> Vec<Problem> {
        let start = self.start.as_deref().map(str::parse::<Timestamp>);
        Problems::default()
            .unless(self.patient.is_some(), "required", "patient")
            .unless(
                // who waits may see anybody of the department
                self.practitioner.is_some() || self.status == AppointmentStatus::Waitlist,
                "required",
                "practitioner",
            )
            .unless(self.department.is_some(), "required", "department")
            .unless(self.ward.is_some(), "required", "ward")
            .unless(start.is_some(), "required", "start")
            .unless(!matches!(start, Some(Err(_))), "start.invalid", "start")
            .unless(
                self.minutes.is_some_and(|m| (5..=480).contains(&m)),
                "minutes.invalid",
                "minutes",
            )
            .unless(
                self.arrived
                    .as_deref()
                    .is_none_or(|at| at.parse::<Timestamp>().is_ok()),
                "arrived.invalid",
                "arrived",
            )
            .unless(
                self.queue
                    .is_none_or(|n| (1..=arrival::QUEUE_MAX).contains(&n)),
                "queue.invalid",
                "queue",
            )
            .unless(
                self.status != AppointmentStatus::Cancelled
                    || self
                        .cancel_reason
                        .as_deref()
                        .is_some_and(|r| !r.trim().is_empty()),
                "appointment.reason_required",
                "cancelReason",
            )
            .at_most(self.reason.as_deref().unwrap_or(""), 500, "reason")
            .at_most(&self.notes, 5_000, "notes")
            .into()
    }

    fn keys(&self) -> Keys {
        Keys {
            ward: self.ward,
            subject: self.patient,
            at: self.start.clone(),
            sort: self.start.clone().unwrap_or_default(),
            search: String::new(),
        }
    }
}
