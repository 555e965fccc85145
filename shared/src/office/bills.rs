//! Bills, what goes back of them, and what a patient has with the hospital.

use crate::billing::{BillKind, BillState};
use crate::ids::StaffId;
use crate::money::Money;
use crate::money::currency::Currency;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Which bills: of a hospital number or a bill's number, in a state, from the newest on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillSearch {
    pub text: Option<String>,
    pub state: Option<BillState>,
    /// Where the page before ended.
    pub before: Option<String>,
}

/// A bill as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct BillLine {
    pub id: Uuid,
    #[ts(type = "number")]
    pub number: i64,
    pub patient: Uuid,
    pub kind: BillKind,
    pub state: BillState,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub net: i64,
    #[ts(type = "number")]
    pub tax: i64,
    #[ts(type = "number")]
    pub gross: i64,
    #[ts(type = "number")]
    pub balance: i64,
    #[ts(type = "number")]
    pub issued_ms: i64,
    /// The bill that it is a supplement to, and what was charged late.
    pub adds_to: Option<Uuid>,
    pub what: Option<String>,
}

/// A page of bills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct BillPage {
    pub lines: Vec<BillLine>,
    pub next: Option<String>,
}

/// Whose bill, which bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneBill {
    pub bill: Uuid,
}

/// A bill whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct BillWhole {
    pub line: BillLine,
    /// Who it is for, as the hospital's record says.
    pub name: Option<String>,
    pub mrn: Option<String>,
    pub rate_basis_points: u32,
    #[ts(type = "number")]
    pub applied: i64,
    #[ts(type = "number")]
    pub benefit: i64,
    #[ts(type = "number")]
    pub contractual: i64,
    #[ts(type = "number")]
    pub forgiven: i64,
    #[ts(type = "number")]
    pub returned: i64,
    pub void_reason: Option<String>,
    /// The number of the bill that it is a supplement to.
    #[ts(type = "number | null")]
    pub first: Option<i64>,
    /// What was charged after it was issued.
    pub supplements: Vec<BillLine>,
    pub payments: Vec<PaymentLine>,
    /// What the books have of it, the oldest first.
    pub journals: Vec<JournalLine>,
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct PaymentLine {
    pub id: Uuid,
    pub receipt: String,
    /// `cash`, `card`, `card_stored`, `cheque`, `transfer`
    pub method: String,
    #[ts(type = "number")]
    pub minor: i64,
    #[ts(type = "number")]
    pub refunded: i64,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Something that the books have of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct JournalLine {
    #[ts(type = "number")]
    pub id: i64,
    pub why: String,
    #[ts(type = "number")]
    pub minor: i64,
    pub by: Option<StaffId>,
    #[ts(type = "number")]
    pub occurred_ms: i64,
    #[ts(type = "number")]
    pub recorded_ms: i64,
}

/// Takes back a part of a bill that nobody paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditAsk {
    /// Made by whoever asks.
    pub credit: Uuid,
    pub bill: Uuid,
    pub amount: Money,
    pub reason: String,
}

/// Charges something after a visit was billed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplementAsk {
    /// The new bill. Made by whoever asks.
    pub bill: Uuid,
    pub adds_to: Uuid,
    pub what: String,
    pub net: Money,
}

/// Money that goes back to a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct RefundLine {
    pub id: Uuid,
    pub bill: Option<Uuid>,
    #[ts(type = "number | null")]
    pub bill_number: Option<i64>,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub minor: i64,
    /// `pending`, `requires_action`, `succeeded`, `failed`, `canceled`
    pub state: String,
    pub reason: String,
    pub asked_by: Option<StaffId>,
    pub agreed_by: Option<StaffId>,
    pub handed_by: Option<StaffId>,
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// A page of refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct RefundPage {
    pub lines: Vec<RefundLine>,
    pub next: Option<String>,
}

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnePatient {
    pub patient: Uuid,
}

/// What a patient owes and has with the hospital.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct PatientAccount {
    pub name: Option<String>,
    pub mrn: Option<String>,
    /// What the hospital asks for now; nothing while no price is set.
    #[ts(type = "string | null")]
    pub currency: Option<Currency>,
    pub owed: Vec<OwedLine>,
    /// Payments that left something with the hospital as the patient's.
    pub left: Vec<LeftLine>,
    /// The newest fifty.
    pub bills: Vec<BillLine>,
}

/// What a patient owes, and what is theirs, in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct OwedLine {
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub receivable: i64,
    #[ts(type = "number")]
    pub credit: i64,
    /// To be handed out.
    #[ts(type = "number")]
    pub payable: i64,
}

/// A payment that left something with the hospital.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct LeftLine {
    pub payment: Uuid,
    pub receipt: String,
    #[ts(type = "string")]
    pub currency: Currency,
    #[ts(type = "number")]
    pub minor: i64,
    #[ts(type = "number")]
    pub at_ms: i64,
}
