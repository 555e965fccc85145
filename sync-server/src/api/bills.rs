//! The shapes of messages about bills as a cashier looks for them.

use super::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Which bills.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillSearch {
    /// A hospital number, or the number of a bill
    text: Option<String>,
    /// `open`, `partially_paid`, `paid`, `void`
    state: Option<String>,
    /// Where the page before ended
    before: Option<String>,
}

/// A bill as a list shows it. Amounts are minor units.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillLine {
    id: Uuid,
    number: i64,
    patient: Uuid,
    kind: String,
    state: String,
    currency: String,
    net: i64,
    tax: i64,
    gross: i64,
    balance: i64,
    issued_ms: i64,
}

/// A page of bills.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillPage {
    lines: Vec<BillLine>,
    next: Option<String>,
}

/// Which bill.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OneBill {
    bill: Uuid,
}

/// A bill whole.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillWhole {
    line: BillLine,
    /// Who it is for; that it was shown is noted
    name: Option<String>,
    mrn: Option<String>,
    rate_basis_points: u32,
    applied: i64,
    benefit: i64,
    contractual: i64,
    forgiven: i64,
    returned: i64,
    void_reason: Option<String>,
    payments: Vec<PaymentLine>,
    journals: Vec<JournalLine>,
}

/// Money that came in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PaymentLine {
    id: Uuid,
    receipt: String,
    method: String,
    minor: i64,
    refunded: i64,
    by: Uuid,
    at_ms: i64,
}

/// Something that the books have of a bill.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct JournalLine {
    id: i64,
    why: String,
    minor: i64,
    by: Option<Uuid>,
    occurred_ms: i64,
    recorded_ms: i64,
}

/// Takes back a part of a bill that nobody paid.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CreditAsk {
    /// Made by whoever asks
    credit: Uuid,
    bill: Uuid,
    amount: Money,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Money that goes back to a patient.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RefundLine {
    id: Uuid,
    bill: Option<Uuid>,
    bill_number: Option<i64>,
    currency: String,
    minor: i64,
    state: String,
    reason: String,
    asked_by: Option<Uuid>,
    agreed_by: Option<Uuid>,
    handed_by: Option<Uuid>,
    at_ms: i64,
}

/// A page of refunds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RefundPage {
    lines: Vec<RefundLine>,
    next: Option<String>,
}

/// Whose account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OnePatient {
    patient: Uuid,
}

/// What a patient owes and has with the hospital.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PatientAccount {
    name: Option<String>,
    mrn: Option<String>,
    owed: Vec<OwedLine>,
    left: Vec<LeftLine>,
    bills: Vec<BillLine>,
}

/// What a patient owes, and what is theirs, in a currency.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct OwedLine {
    currency: String,
    receivable: i64,
    credit: i64,
    payable: i64,
}

/// A payment that left something with the hospital.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LeftLine {
    payment: Uuid,
    receipt: String,
    currency: String,
    minor: i64,
    at_ms: i64,
}
