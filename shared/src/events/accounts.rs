//! What is told about money, and about what costs some.

use crate::billing::BillKind;
use crate::ids::RecordId;
use crate::money::Money;
use serde::{Deserialize, Serialize};

/// What happened that concerns the accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum Accounts {
    /// A bill was issued: it is the subject.
    #[serde(rename = "org.wardbook.bill.created.v1")]
    BillCreated(BillCreated),
    /// Money is in the books: the payment is the subject.
    #[serde(rename = "org.wardbook.payment.completed.v1")]
    PaymentCompleted(PaymentCompleted),
    /// A gateway did not take the money that it was asked for. Should it come after all, that is told later.
    #[serde(rename = "org.wardbook.payment.failed.v1")]
    PaymentFailed(PaymentFailed),
    /// Medicines were handed out: the order is the subject.
    #[serde(rename = "org.wardbook.pharmacy.order.completed.v1")]
    OrderCompleted(Ordered),
    /// A test of a laboratory has its result: the order is the subject.
    #[serde(rename = "org.wardbook.lab.test.completed.v1")]
    TestCompleted(Ordered),
}

/// A bill that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillCreated {
    pub patient: RecordId,
    pub appointment: Option<RecordId>,
    /// The order of a pharmacy or a laboratory that it is for.
    pub based_on: Option<RecordId>,
    /// The bill that it is a supplement to.
    #[serde(default)]
    pub adds_to: Option<RecordId>,
    pub kind: BillKind,
    pub net: Money,
    pub gross: Money,
}

/// A payment that is in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentCompleted {
    pub patient: RecordId,
    pub bill: Option<RecordId>,
    pub appointment: Option<RecordId>,
    pub amount: Money,
    /// What of it paid the bill.
    pub applied: Money,
    /// `cash`, `card`, `card_stored`, `cheque`, `transfer`
    pub method: String,
}

/// A payment that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentFailed {
    pub bill: Option<RecordId>,
    pub appointment: Option<RecordId>,
    pub amount: Money,
    /// As a code.
    pub reason: String,
}

/// Something that was ordered for a patient and is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordered {
    pub patient: RecordId,
    /// The visit at which it was ordered.
    pub appointment: Option<RecordId>,
    /// What it costs before tax, by the list of whoever did it.
    pub net: Money,
}

impl Accounts {
    /// Returns the type as a consumer looks it up.
    pub fn name(&self) -> &'static str {
        match self {
            Accounts::BillCreated(_) => "org.wardbook.bill.created.v1",
            Accounts::PaymentCompleted(_) => "org.wardbook.payment.completed.v1",
            Accounts::PaymentFailed(_) => "org.wardbook.payment.failed.v1",
            Accounts::OrderCompleted(_) => "org.wardbook.pharmacy.order.completed.v1",
            Accounts::TestCompleted(_) => "org.wardbook.lab.test.completed.v1",
        }
    }

    /// Returns what is to be billed, if anything is.
    pub fn to_bill(&self) -> Option<(BillKind, &Ordered)> {
        match self {
            Accounts::OrderCompleted(ordered) => Some((BillKind::Pharmacy, ordered)),
            Accounts::TestCompleted(ordered) => Some((BillKind::Lab, ordered)),
            Accounts::BillCreated(_)
            | Accounts::PaymentCompleted(_)
            | Accounts::PaymentFailed(_) => None,
        }
    }
}

/// One of every type.
pub(super) fn examples(
    id: impl Fn(u128) -> RecordId,
    money: impl Fn(i64) -> Money,
) -> [Accounts; 5] {
    let ordered = || Ordered {
        patient: id(1),
        appointment: Some(id(9)),
        net: money(10_000),
    };
    [
        Accounts::BillCreated(BillCreated {
            patient: id(1),
            appointment: Some(id(9)),
            based_on: Some(id(8)),
            adds_to: Some(id(7)),
            kind: BillKind::Pharmacy,
            net: money(10_000),
            gross: money(10_500),
        }),
        Accounts::PaymentCompleted(PaymentCompleted {
            patient: id(1),
            bill: Some(id(7)),
            appointment: Some(id(9)),
            amount: money(10_500),
            applied: money(10_500),
            method: "card".into(),
        }),
        Accounts::PaymentFailed(PaymentFailed {
            bill: Some(id(7)),
            appointment: Some(id(9)),
            amount: money(10_500),
            reason: "payment.declined".into(),
        }),
        Accounts::OrderCompleted(ordered()),
        Accounts::TestCompleted(ordered()),
    ]
}
