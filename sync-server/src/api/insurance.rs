//! The shapes of messages about insurance.

use super::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose coverage.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FindCoverage {
    patient: Uuid,
}

/// Who covers a patient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CoverageLine {
    /// Made by whoever asks
    id: Uuid,
    patient: Uuid,
    #[schema(min_length = 1, max_length = 100)]
    payor: String,
    /// The number the patient has with it
    #[schema(min_length = 1, max_length = 100)]
    subscriber: String,
    /// Which insurer is asked first
    #[schema(minimum = 1, maximum = 9)]
    place: u32,
    #[schema(example = "2026-01-01")]
    from: String,
    until: Option<String>,
}

/// Says that a coverage ends.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CoverageEnd {
    coverage: Uuid,
    #[schema(example = "2026-12-31")]
    until: String,
}

/// Makes a claim.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimAsk {
    /// Made by whoever asks
    claim: Uuid,
    bill: Uuid,
    coverage: Uuid,
}

/// Does something to a claim.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimDo {
    claim: Uuid,
    /// `submit`, `cancel`, `strike_out`, `close`, `appeal`
    act: String,
}

/// Notes what an insurer answered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AnswerAsk {
    claim: Uuid,
    /// FHIR R4 `ClaimResponse`, as it came
    response: String,
}

/// Notes that an insurer paid, or was paid back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct InsurerPaid {
    claim: Uuid,
    /// Made by whoever asks
    payment: Uuid,
    amount: Money,
    /// `in`, `back`
    direction: String,
}

/// How far a claim is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimState {
    claim: Uuid,
    state: String,
}

/// A claim as a list shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimLine {
    id: Uuid,
    number: i64,
    version: u32,
    bill: Uuid,
    bill_number: i64,
    payor: String,
    state: String,
    currency: String,
    submitted: i64,
    benefit: i64,
    contractual: i64,
    paid: i64,
    /// What the insurer still owes, as far as is known
    outstanding: i64,
    submitted_ms: Option<i64>,
    /// `up_to30`, `up_to60`, `up_to90`, `up_to120`, `older`
    age: Option<String>,
}

/// Claims that wait for so long.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AgeLine {
    age: String,
    currency: String,
    count: u32,
    outstanding: i64,
}

/// A page of claims, with all that wait by age.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimPage {
    lines: Vec<ClaimLine>,
    next: Option<String>,
    ages: Vec<AgeLine>,
}

/// Something that happened to a claim.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StepLine {
    state: String,
    minor: Option<i64>,
    by: Uuid,
    at_ms: i64,
}

/// A claim whole.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimWhole {
    line: ClaimLine,
    subscriber: String,
    served: String,
    /// The insurer covers so much more than is owed
    excess: Option<Excess>,
    steps: Vec<StepLine>,
    /// FHIR R4 `Claim`, as the insurer is sent it
    fhir: Value,
}

/// How much an insurer covers above what is owed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Excess {
    minor: i64,
    /// What the patient paid and did not get back
    patient_max: i64,
}

/// Says whose that is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ExcessAsk {
    claim: Uuid,
    /// `patient`, `insurer`
    whose: String,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}
