//! What an insurer is asked for, and what becomes of that. [`answers`] says what its answers come to, [`fhir`] how they look.

pub mod answers;
pub mod excess;
pub mod fhir;

use crate::ledger::journals::Cover;
use crate::problem::Problem;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum ClaimState {
    Draft,
    Ready,
    Submitted,
    Accepted,
    /// The insurer could not read it.
    Rejected,
    Approved,
    Partial,
    Denied,
    PaidPartial,
    Paid,
    Closed,
    /// A newer version was sent.
    Appealed,
    Cancelled,
    EnteredInError,
}

/// What happens to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Check,
    Submit,
    Accept,
    Reject,
    /// What the insurer covers of what was asked for.
    Adjudicate {
        covered: i64,
        submitted: i64,
    },
    /// What the insurer has paid so far of what it covers.
    Pay {
        paid: i64,
        benefit: i64,
    },
    Close,
    Appeal,
    Cancel,
    StrikeOut,
}

/// FHIR's words for a state: of the claim, and of the last response if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FhirWords {
    pub claim: &'static str,
    pub outcome: Option<&'static str>,
}

impl ClaimState {
    /// Every state.
    pub const ALL: [ClaimState; 14] = [
        ClaimState::Draft,
        ClaimState::Ready,
        ClaimState::Submitted,
        ClaimState::Accepted,
        ClaimState::Rejected,
        ClaimState::Approved,
        ClaimState::Partial,
        ClaimState::Denied,
        ClaimState::PaidPartial,
        ClaimState::Paid,
        ClaimState::Closed,
        ClaimState::Appealed,
        ClaimState::Cancelled,
        ClaimState::EnteredInError,
    ];

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            ClaimState::Draft => "draft",
            ClaimState::Ready => "ready",
            ClaimState::Submitted => "submitted",
            ClaimState::Accepted => "accepted",
            ClaimState::Rejected => "rejected",
            ClaimState::Approved => "approved",
            ClaimState::Partial => "partial",
            ClaimState::Denied => "denied",
            ClaimState::PaidPartial => "paid_partial",
            ClaimState::Paid => "paid",
            ClaimState::Closed => "closed",
            ClaimState::Appealed => "appealed",
            ClaimState::Cancelled => "cancelled",
            ClaimState::EnteredInError => "entered_in_error",
        }
    }

    /// Says whether a bill with such a claim cannot be voided.
    pub fn is_active(self) -> bool {
        match self {
            ClaimState::Submitted
            | ClaimState::Accepted
            | ClaimState::Approved
            | ClaimState::Partial
            | ClaimState::PaidPartial
            | ClaimState::Paid => true,
            ClaimState::Draft
            | ClaimState::Ready
            | ClaimState::Rejected
            | ClaimState::Denied
            | ClaimState::Closed
            | ClaimState::Appealed
            | ClaimState::Cancelled
            | ClaimState::EnteredInError => false,
        }
    }

    /// Says whether an insurer has said what it covers.
    pub fn is_adjudicated(self) -> bool {
        match self {
            ClaimState::Approved
            | ClaimState::Partial
            | ClaimState::Denied
            | ClaimState::PaidPartial
            | ClaimState::Paid
            | ClaimState::Closed => true,
            ClaimState::Draft
            | ClaimState::Ready
            | ClaimState::Submitted
            | ClaimState::Accepted
            | ClaimState::Rejected
            | ClaimState::Appealed
            | ClaimState::Cancelled
            | ClaimState::EnteredInError => false,
        }
    }

    /// Says whether another claim about the same may be made.
    pub fn is_withdrawn(self) -> bool {
        match self {
            ClaimState::Cancelled | ClaimState::EnteredInError => true,
            ClaimState::Draft
            | ClaimState::Ready
            | ClaimState::Submitted
            | ClaimState::Accepted
            | ClaimState::Rejected
            | ClaimState::Approved
            | ClaimState::Partial
            | ClaimState::Denied
            | ClaimState::PaidPartial
            | ClaimState::Paid
            | ClaimState::Closed
            | ClaimState::Appealed => false,
        }
    }

    /// Returns FHIR's words.
    pub fn fhir(self) -> FhirWords {
        let (claim, outcome) = match self {
            ClaimState::Draft | ClaimState::Ready => ("draft", None),
            ClaimState::Submitted => ("active", None),
            ClaimState::Accepted => ("active", Some("queued")),
            ClaimState::Rejected => ("active", Some("error")),
            ClaimState::Approved
            | ClaimState::Partial
            | ClaimState::Denied
            | ClaimState::PaidPartial
            | ClaimState::Paid
            | ClaimState::Closed
            | ClaimState::Appealed => ("active", Some("complete")),
            ClaimState::Cancelled => ("cancelled", None),
            ClaimState::EnteredInError => ("entered-in-error", None),
        };
        FhirWords { claim, outcome }
    }

    /// Returns the state after an event. The same event again changes nothing.
    ///
    /// # Errors
    /// `claim.state` when nothing of the kind can happen to it now.
    pub fn after(self, event: Event) -> Result<Self, Problem> {
        use ClaimState as At;
        let next = match (event, self) {
            (Event::Check, At::Draft | At::Ready) => At::Ready,
            (Event::Submit, At::Ready | At::Submitted) => At::Submitted,
            (Event::Accept, At::Submitted | At::Accepted) => At::Accepted,
            (Event::Reject, At::Submitted | At::Rejected) => At::Rejected,
            // an insurer changes its mind, and need not say first that it has the claim
            (
                Event::Adjudicate { covered, submitted },
                At::Submitted | At::Accepted | At::Approved | At::Partial | At::Denied,
            ) => match covered {
                ..=0 => At::Denied,
                all if all >= submitted => At::Approved,
                _ => At::Partial,
            },
            (Event::Pay { paid, benefit }, At::Approved | At::Partial | At::PaidPartial) => {
                if paid >= benefit {
                    At::Paid
                } else {
                    At::PaidPartial
                }
            }
            (Event::Close, At::Paid | At::Denied | At::Rejected | At::Closed) => At::Closed,
            (Event::Appeal, At::Denied | At::Partial | At::Rejected | At::Appealed) => At::Appealed,
            (
                Event::Cancel,
                At::Draft | At::Ready | At::Submitted | At::Accepted | At::Cancelled,
            ) => At::Cancelled,
            (Event::StrikeOut, At::Draft | At::Ready | At::EnteredInError) => At::EnteredInError,
            (
                Event::Check
                | Event::Submit
                | Event::Accept
                | Event::Reject
                | Event::Adjudicate { .. }
                | Event::Pay { .. }
                | Event::Close
                | Event::Appeal
                | Event::Cancel
                | Event::StrikeOut,
                at,
            ) => return Err(Problem::new("claim.state", "status").with("state", at.word())),
        };
        Ok(next)
    }
}

/// What an insurer's contract says of a patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What of it the contract allows; what is above is taken off.
    pub eligible: i64,
    /// What the patient pays first.
    pub deductible: i64,
    /// The patient's share of the rest, in basis points.
    pub copay_basis_points: u32,
}

/// Who pays what of an amount: together they are the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub cover: Cover,
    pub patient: i64,
}

/// Whether what a contract does not allow is the patient's to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEligible {
    PatientPays,
    WrittenOff,
}

/// Splits what is submitted.
pub fn split(submitted: i64, terms: Terms, above: NotEligible) -> Split {
    let eligible = terms.eligible.clamp(0, submitted);
    let deductible = terms.deductible.clamp(0, eligible);
    let shared = eligible - deductible;
    let copay = crate::money::tax::share(shared, terms.copay_basis_points);
    let benefit = shared - copay;
    let contractual = match above {
        NotEligible::PatientPays => 0,
        NotEligible::WrittenOff => submitted - eligible,
    };
    Split {
        cover: Cover {
            benefit,
            contractual,
        },
        patient: submitted - benefit - contractual,
    }
}

/// An insurance of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Which insurer is asked first.
    pub order: u32,
    pub from: Date,
    pub until: Option<Date>,
}

/// Returns those that are good on the day of the visit, in the order in which they are asked. The second is asked for what the
/// first leaves.
pub fn active_on(coverages: &[Coverage], day: Date) -> Vec<&Coverage> {
    let is_active = |one: &&Coverage| one.from <= day && one.until.is_none_or(|until| day <= until);
    let mut active: Vec<&Coverage> = coverages.iter().filter(is_active).collect();
    active.sort_by_key(|one| one.order);
    active
}

/// An insurer's answer, known by its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub id: String,
    pub version: u32,
    pub cover: Cover,
}
