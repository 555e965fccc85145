//! Coverage and claims.

use crate::billing::claims::ClaimState;
use crate::billing::claims::answers::Age;
use crate::billing::claims::excess::{Excess, Whose};
use crate::ids::StaffId;
use crate::money::Money;
use crate::money::currency::Currency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use uuid::Uuid;

/// Who covers a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct CoverageLine {
    /// Made by whoever asks.
    pub id: Uuid,
    pub patient: Uuid,
    pub payor: String,
    /// The number the patient has with it.
    pub subscriber: String,
    /// Which insurer is asked first: from one on.
    pub place: u32,
    #[ts(type = "string")]
    pub from: Date,
    #[ts(type = "string | null")]
    pub until: Option<Date>,
}

/// Says that a coverage ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageEnd {
    pub coverage: Uuid,
    pub until: Date,
}

/// Says whose it is what an insurer covers above what is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcessAsk {
    pub claim: Uuid,
    pub whose: Whose,
    pub reason: String,
}

/// Makes a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimAsk {
    /// Made by whoever asks.
    pub claim: Uuid,
    pub bill: Uuid,
    pub coverage: Uuid,
}

/// What is done to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum ClaimAct {
    /// Check it, and send it to the insurer.
    Submit,
    Cancel,
    StrikeOut,
    Close,
    /// Asks again, as a new version.
    Appeal,
}

/// Does something to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDo {
    pub claim: Uuid,
    pub act: ClaimAct,
}

/// Notes what an insurer answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerAsk {
    pub claim: Uuid,
    /// FHIR `ClaimResponse`, as it came.
    pub response: String,
}

/// Which way money went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Direction {
    In,
    /// Back to the insurer.
    Back,
}

/// Notes that an insurer paid, or was paid back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsurerPaid {
    pub claim: Uuid,
    /// Made by whoever asks.
    pub payment: Uuid,
    pub amount: Money,
    pub direction: Direction,
}

/// A claim as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ClaimLine {
    pub id: Uuid,
    #[ts(type = "number")]
    pub number: i64,
    pub version: u32,
    pub bill: Uuid,
    #[ts(type = "number")]
    pub bill_number: i64,
    pub payor: String,
    pub state: ClaimState,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub submitted: i64,
    #[ts(type = "number")]
    pub benefit: i64,
    #[ts(type = "number")]
    pub contractual: i64,
    #[ts(type = "number")]
    pub paid: i64,
    /// What the insurer still owes, as far as is known.
    #[ts(type = "number")]
    pub outstanding: i64,
    #[ts(type = "number | null")]
    pub submitted_ms: Option<i64>,
    pub age: Option<Age>,
}

/// Claims that wait for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct AgeLine {
    pub age: Age,
    #[ts(type = "string")]
    pub currency: Currency,
    pub count: u32,
    #[ts(type = "number")]
    pub outstanding: i64,
}

/// A page of claims, with all that wait by age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ClaimPage {
    pub lines: Vec<ClaimLine>,
    pub next: Option<String>,
    pub ages: Vec<AgeLine>,
}

/// A claim whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct ClaimWhole {
    pub line: ClaimLine,
    pub subscriber: String,
    pub served: String,
    /// The insurer covers so much more than is owed: somebody has to say whose it is.
    pub excess: Option<Excess>,
    pub steps: Vec<StepLine>,
    /// FHIR `Claim`, as the insurer is sent it.
    #[ts(type = "unknown")]
    pub fhir: Value,
}

/// Something that happened to a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct StepLine {
    pub state: ClaimState,
    #[ts(type = "number | null")]
    pub minor: Option<i64>,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}
