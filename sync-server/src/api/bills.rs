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
    /// The bill that it is a supplement to, and what was charged late
    adds_to: Option<Uuid>,
    what: Option<String>,
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
    /// The number of the bill that it is a supplement to
    first: Option<i64>,
    supplements: Vec<BillLine>,
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

/// Charges something after a visit was billed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SupplementAsk {
    /// The new bill, made by whoever asks
    bill: Uuid,
    adds_to: Uuid,
    #[schema(min_length = 1, max_length = 200)]
    what: String,
    /// Before tax
    net: Money,
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
    /// What the hospital asks for now
    currency: Option<String>,
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

/// Money that a gateway was asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChargeLine {
    payment: Uuid,
    currency: String,
    minor: i64,
    /// `asked`, `waiting`, `unknown`, `cancelling`, `taken`, `failed`, `cancelled`
    state: String,
    /// Why nothing was taken
    code: Option<String>,
    may_cancel: bool,
    /// `stripe`, `razorpay`, `house`
    provider: String,
    /// What the payer's page needs to go on
    payer: Option<String>,
    source: Option<String>,
    receipt: Option<String>,
    by: Uuid,
    at_ms: i64,
}

/// What was asked for a bill, and who may be asked for more.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChargePage {
    gateway: Option<String>,
    lines: Vec<ChargeLine>,
}

/// A charge that nobody wants any more.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChargeCancelAsk {
    payment: Uuid,
}
