//! Money at a ward desk: what it knows of bills, what it gives a number to while the hub may be away, and what becomes of that.
//!
//! A desk records facts alone: cash and cheques that were taken, cards that a terminal took by itself, and receipts that were a
//! mistake. Each is a numbered [`Document`], which the hub posts once. Everything else about money needs the hub. [`rules`] says
//! what may be given a number.

pub mod rules;

use super::{Method, Tender};
use crate::billing::{BillKind, BillState, Exception};
use crate::ids::{DeviceNumber, RecordId, StaffId};
use crate::money::Money;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// Into so many parts a ward's bills are divided, so that a desk fetches those alone that changed.
pub const BUCKETS: u8 = 16;
/// Documents that are sent in one go.
pub const DOCUMENTS_MAX: usize = 100;
/// Characters of why a receipt is void, at most.
pub const REASON_CHARS_MAX: usize = 200;

/// A bill as a desk knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct DeskBill {
    #[ts(type = "string")]
    pub id: Uuid,
    #[ts(type = "number")]
    pub number: i64,
    pub patient: RecordId,
    pub kind: BillKind,
    pub state: BillState,
    pub net: Money,
    pub tax: Money,
    pub gross: Money,
    /// What was still owed when the hub said so.
    pub balance: Money,
    #[ts(type = "number")]
    pub issued_ms: i64,
    /// The number of the bill that it is a supplement to, and what was charged late.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub adds_to: Option<i64>,
    #[serde(default)]
    pub what: Option<String>,
}

/// Returns the part of a ward's bills that a patient's are in.
pub fn bucket_of(patient: RecordId) -> u8 {
    patient.0.as_bytes()[15] % BUCKETS
}

/// Part of a ward's bills, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub number: u8,
    /// What it is known by: another one means that something in it changed.
    pub mark: String,
    pub bills: Vec<DeskBill>,
}

/// What a desk asks about its ward's bills: the marks of the parts that it has, by number; empty where it has nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillsAsk {
    pub known: Vec<String>,
}

/// The parts that are not as the desk has them, as far as one answer holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillsAnswer {
    pub buckets: Vec<Bucket>,
    /// There are more of them.
    pub more: bool,
}

/// What a desk tells of what it gave out, in the order of the numbers. It may be nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsAsk {
    /// Which life of the desk wants to know what it may number receipts with.
    pub incarnation: u16,
    pub documents: Vec<Document>,
}

/// What became of it, and what this life of the desk numbers receipts with, this year and the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptsAnswer {
    pub settled: Vec<Settled>,
    pub pads: Vec<Pad>,
}

/// A series of receipts as a desk holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pad {
    /// Whole years: the series of 2026 is not used in 2027.
    pub year: i16,
    /// `26A1-K7Q`.
    pub series: String,
    /// The number that was given last.
    pub last: u32,
}

/// Something with a number that a desk gave out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Of the payment, or of what takes it back. Made by the form.
    pub id: Uuid,
    /// `26A1-K7Q-000123`.
    pub number: String,
    pub patient: RecordId,
    pub bill: Uuid,
    pub by: StaffId,
    /// By the desk's clock.
    pub at_ms: i64,
    pub what: Given,
}

/// What a document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Given {
    Receipt {
        amount: Money,
        how: Method,
        #[serde(default)]
        tender: Option<Tender>,
    },
    /// An earlier receipt was a mistake.
    Void { of: String, reason: String },
}

/// What became of a document at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[ts(export_to = "types.gen.ts")]
pub enum Outcome {
    /// It is in the books: so much paid the bill, and so much is the patient's with the hospital.
    Posted {
        #[ts(type = "number")]
        applied: i64,
        #[ts(type = "number")]
        kept: i64,
    },
    /// It is in the books as the patient's, and somebody looks at it.
    Excepted { exception: Exception },
    /// The receipt it names is taken back in the books.
    Voided,
    /// It is not in the books: somebody looks at it first.
    Kept { exception: Exception },
}

/// What became of one of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub number: String,
    pub outcome: Outcome,
}

/// How somebody pays at a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Tendered {
    Cash,
    Cheque,
    /// A terminal took the card without its bank, and says so on its slip.
    CardStored,
}

/// Money that somebody takes at a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export_to = "types.gen.ts")]
pub struct TakeAsk {
    /// Made by the form, so that pressing twice takes it once.
    #[ts(type = "string")]
    pub id: Uuid,
    #[ts(type = "string")]
    pub bill: Uuid,
    pub how: Tendered,
    /// The number on the cheque, or on the slip of the terminal.
    pub reference: Option<String>,
    #[ts(type = "number")]
    pub minor: i64,
    /// What was put on the counter; nothing: just the amount.
    #[ts(type = "number | null")]
    pub tendered_minor: Option<i64>,
}

/// How a receipt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct ReceiptLine {
    pub number: String,
    #[ts(type = "string")]
    pub bill: Uuid,
    pub patient: RecordId,
    pub by: StaffId,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// Nothing for a document that makes another void.
    pub amount: Option<Money>,
    pub how: Option<Tendered>,
    pub reference: Option<String>,
    #[ts(type = "number | null")]
    pub tendered_minor: Option<i64>,
    #[ts(type = "number | null")]
    pub change_minor: Option<i64>,
    /// The receipt that it makes void.
    pub voids: Option<String>,
    pub reason: Option<String>,
    /// The document that makes it void.
    pub voided_by: Option<String>,
    pub is_printed: bool,
    /// Nothing: it is recorded here and not posted.
    pub outcome: Option<Outcome>,
}

/// A bill with what this desk took for it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct BillHere {
    pub bill: DeskBill,
    /// Taken at this desk and not in the books yet.
    #[ts(type = "number")]
    pub here_minor: i64,
    /// What is left to pay as far as this desk knows.
    pub owed: Money,
}

/// What a cashier sees of one patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Account {
    /// Newest first.
    pub bills: Vec<BillHere>,
    /// What this desk gave out, newest first.
    pub receipts: Vec<ReceiptLine>,
    /// When the hub said so, RFC 3339 in UTC; nothing: it never did.
    pub as_of: Option<String>,
    /// It has numbers for receipts.
    pub can_number: bool,
    pub drawer: String,
}

/// Money that was recorded and is not in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Unposted {
    #[ts(type = "number")]
    pub count: u32,
    /// RFC 3339 in UTC, by this computer's clock.
    pub oldest_at: String,
}

/// Returns the drawer of a desk, which is an account of the books.
pub fn drawer_of(device: DeviceNumber) -> String {
    format!("desk-{device}")
}

impl Document {
    /// Returns it as a list shows it.
    pub fn line(&self) -> ReceiptLine {
        let mut line = ReceiptLine {
            number: self.number.clone(),
            bill: self.bill,
            patient: self.patient,
            by: self.by,
            at_ms: self.at_ms,
            amount: None,
            how: None,
            reference: None,
            tendered_minor: None,
            change_minor: None,
            voids: None,
            reason: None,
            voided_by: None,
            is_printed: false,
            outcome: None,
        };
        match &self.what {
            Given::Receipt {
                amount,
                how,
                tender,
            } => {
                line.amount = Some(*amount);
                line.how = Some(tendered(how));
                line.reference = match how {
                    Method::Cheque { reference } | Method::CardStored { reference } => {
                        Some(reference.clone())
                    }
                    Method::Cash { .. } | Method::Card { .. } | Method::Transfer { .. } => None,
                };
                line.tendered_minor = tender.map(|tender| tender.tendered_minor);
                line.change_minor = tender.map(|tender| tender.change_minor);
            }
            Given::Void { of, reason } => {
                line.voids = Some(of.clone());
                line.reason = Some(reason.clone());
            }
        }
        line
    }

    /// Returns what money came in with it.
    pub fn minor(&self) -> i64 {
        match &self.what {
            Given::Receipt { amount, .. } => amount.minor,
            Given::Void { .. } => 0,
        }
    }
}

fn tendered(how: &Method) -> Tendered {
    match how {
        Method::Cheque { .. } | Method::Transfer { .. } => Tendered::Cheque,
        Method::Card { .. } | Method::CardStored { .. } => Tendered::CardStored,
        Method::Cash { .. } => Tendered::Cash,
    }
}
