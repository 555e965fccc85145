//! The shapes of messages about money.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whole minor units of a currency.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"amount_minor": 10500, "currency": "INR"}))]
pub(crate) struct Money {
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    amount_minor: i64,
    /// ISO 4217
    #[schema(min_length = 3, max_length = 3)]
    currency: String,
}

/// Whose bills.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Find {
    patient: Uuid,
    /// The number of the last bill of the page before
    before: Option<i64>,
}

/// A bill.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Bill {
    id: Uuid,
    number: i64,
    appointment: Option<Uuid>,
    /// `consultation`, `cancellation`, `no_show`, `supplement`
    kind: String,
    /// `open`, `partially_paid`, `paid`, `void`
    state: String,
    /// `none`, `partial`, `full`
    refunds: String,
    net: Money,
    tax: Money,
    gross: Money,
    balance: Money,
    issued_ms: i64,
}

/// Which bill is void, and why.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct VoidAsk {
    bill: Uuid,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Money that somebody takes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"payment": "01935f2e-0000-7000-8000-000000000000", "for": {"bill": "01935f2e-0000-7000-8000-000000000001"},
    "till": "front", "amount": {"amount_minor": 10500, "currency": "INR"}, "how": {"method": "cash", "drawer": "front"},
    "tender": {"tendered_minor": 11000, "change_minor": 500}}))]
pub(crate) struct Pay {
    /// Made by whoever asks
    payment: Uuid,
    /// `{"bill": id}`, `{"visit": id}` before it is billed, or `{"patient": id}` for nothing yet
    r#for: serde_json::Value,
    /// Where it is taken
    #[schema(max_length = 64)]
    till: String,
    amount: Money,
    /// `cash` and its `drawer`, `card` and its `provider`, `card_stored`, `cheque` or `transfer` and its `reference`
    how: serde_json::Value,
    /// `tendered_minor` less `change_minor` is the amount
    tender: Option<serde_json::Value>,
    /// More than is owed stays the patient's
    #[serde(default)]
    keeps_rest: bool,
}

/// Money that a gateway is asked to take.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Charge {
    /// Made by whoever asks
    payment: Uuid,
    /// `{"bill": id}`, or `{"visit": id}` before it is billed
    r#for: serde_json::Value,
    /// Where it is taken
    #[schema(max_length = 64)]
    till: String,
    amount: Money,
    /// What it is taken from, where the gateway needs to be told: a card that it knows, or the slip of a terminal
    #[schema(max_length = 64)]
    source: Option<String>,
}

/// What nobody knows the end of yet: the same call again says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct UnderWay {
    payment: Option<Uuid>,
    refund: Option<Uuid>,
    /// `pending`
    state: String,
    /// What the payer's page needs to go on
    payer: Option<String>,
}

/// A payment that is in the books.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Paid {
    payment: Uuid,
    /// The number on the receipt
    receipt: String,
    amount: Money,
    applied: Money,
    kept: Money,
    at_ms: i64,
}

/// What is to go back of a bill.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RefundAsk {
    /// Made by whoever asks
    refund: Uuid,
    /// `{"bill": id}` that was paid, or `{"payment": id}` that left more with the hospital than was owed
    of: serde_json::Value,
    amount: Money,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Which refund.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AgreeAsk {
    refund: Uuid,
}

/// Which refund, and the drawer it is taken out of.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HandOutAsk {
    refund: Uuid,
    /// Otherwise it goes back by the way it came
    #[schema(max_length = 64)]
    drawer: Option<String>,
}

/// How far a refund is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RefundState {
    refund: Uuid,
    /// `requires_action`: somebody else has to agree; `pending`: it is owed; `succeeded`
    state: String,
}

/// What is on one account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Balance {
    account: i32,
    part: String,
    currency: String,
    debit_minor: i64,
    credit_minor: i64,
}

/// What one journal writes on an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Entry {
    journal: i64,
    why: String,
    cause: String,
    bill: Option<Uuid>,
    appointment: Option<Uuid>,
    currency: String,
    debit_minor: i64,
    credit_minor: i64,
    occurred_ms: i64,
    recorded_ms: i64,
}

/// What a desk has of its ward's bills
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillsAsk {
    /// The mark of each of sixteen parts; empty where it has nothing
    #[schema(max_items = 16)]
    known: Vec<String>,
}

/// The parts that are not as the desk has them
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BillsAnswer {
    /// `number`, `mark` and `bills` of each
    buckets: Vec<serde_json::Value>,
    /// There are more
    more: bool,
}

/// What a desk gave a number to, in the order of the numbers
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptsAsk {
    /// Which life of the desk asks what it may number
    incarnation: u16,
    #[schema(max_items = 100)]
    documents: Vec<DeskDocument>,
}

/// A receipt of a desk, or a document that makes one void
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"id": "01935f2e-0000-7000-8000-000000000000", "number": "26A1-K7Q-000123",
    "patient": "01935f2e-0000-7000-8000-000000000002", "bill": "01935f2e-0000-7000-8000-000000000001",
    "by": "01935f2e-0000-7000-8000-000000000003", "at_ms": 1, "what": {"receipt": {"amount": {"amount_minor": 10500, "currency": "INR"},
    "how": {"method": "cash", "drawer": "desk-1"}, "tender": null}}}))]
pub(crate) struct DeskDocument {
    id: Uuid,
    number: String,
    patient: Uuid,
    bill: Uuid,
    by: Uuid,
    at_ms: i64,
    /// `{"receipt": …}` or `{"void": {"of": number, "reason": text}}`
    what: serde_json::Value,
}

/// What became of each, and the series of the desk
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ReceiptsAnswer {
    /// `number` and `outcome` of each
    settled: Vec<serde_json::Value>,
    /// `year`, `series` and `last` of each
    pads: Vec<serde_json::Value>,
}

/// What is left of a payment, and the bill that it pays a part of.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SpendAsk {
    /// Made by whoever asks
    spending: Uuid,
    payment: Uuid,
    bill: Uuid,
    amount: Money,
}
