//! Bills: what is owed, what was paid of it, what was taken back. The hub alone writes them.
//!
//! [`facts`] says what becomes of a visit's bill when something is heard of the visit, [`claims`] what an insurer takes over,
//! [`reconcile`] what does not add up, [`days`] which day is closed.

pub mod claims;
pub mod days;
pub mod facts;
pub mod prices;
pub mod reconcile;
pub mod supplements;

use crate::ledger::journals::{self, Cover, Credit, Parts};
use crate::ledger::{Account, Journal, Revenue, Why};
use crate::money::currency::Currency;
use crate::money::tax::{Rate, TakenBack, taken_back};
use crate::money::{Money, out_of_range};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a bill is for. A visit has at most one of each, but for supplements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum BillKind {
    Consultation,
    Cancellation,
    NoShow,
    /// What a person adds to a visit that was billed.
    Supplement,
    /// What a pharmacy handed out.
    Pharmacy,
    /// What a laboratory found.
    Lab,
}

impl BillKind {
    /// Every kind.
    pub const ALL: [BillKind; 6] = [
        BillKind::Consultation,
        BillKind::Cancellation,
        BillKind::NoShow,
        BillKind::Supplement,
        BillKind::Pharmacy,
        BillKind::Lab,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            BillKind::Consultation => "consultation",
            BillKind::Cancellation => "cancellation",
            BillKind::NoShow => "no_show",
            BillKind::Supplement => "supplement",
            BillKind::Pharmacy => "pharmacy",
            BillKind::Lab => "lab",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns what its money is earned with.
    pub fn revenue(self) -> Revenue {
        match self {
            BillKind::Consultation | BillKind::Supplement => Revenue::Consultation,
            BillKind::Cancellation => Revenue::Cancellation,
            BillKind::NoShow => Revenue::NoShow,
            BillKind::Pharmacy => Revenue::Pharmacy,
            BillKind::Lab => Revenue::Lab,
        }
    }
}

/// How far a bill is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum BillState {
    Open,
    PartiallyPaid,
    Paid,
    /// It was a mistake, and nobody paid any of it.
    Void,
}

impl BillState {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            BillState::Open => "open",
            BillState::PartiallyPaid => "partially_paid",
            BillState::Paid => "paid",
            BillState::Void => "void",
        }
    }
}

/// How much of what was paid went back. A bill that was paid back stays paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    None,
    Partial,
    Full,
}

/// A bill, as sums. Each sum only grows, but for what an insurer covers and for money that was not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    pub kind: BillKind,
    pub currency: Currency,
    pub net: i64,
    pub tax: i64,
    pub rate: Rate,
    /// Paid by the patient, with deposits.
    pub applied: i64,
    /// Taken over by insurers.
    pub cover: Cover,
    /// Not owed any more, by credit notes.
    pub forgiven: i64,
    /// Paid, and then returned to the patient: to be paid out, or kept for them.
    pub returned: i64,
    /// What all credit notes took back.
    pub taken_back: TakenBack,
    pub standing: Standing,
}

/// Whether a bill is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Issued,
    Void,
}

/// Something that was decided about a bill: the bill afterwards, and what is written into the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub bill: Bill,
    pub journal: Journal,
}

impl Bill {
    /// Issues a bill about a net amount. One about nothing is paid at once.
    ///
    /// # Errors
    /// `money.out_of_range`.
    pub fn issue(kind: BillKind, net: Money, rate: Rate) -> Result<Written, Problem> {
        let minor = net.of_document()?.minor;
        let tax = rate.on(minor);
        Money::new(minor + tax, net.currency).of_document()?;
        let bill = Self {
            kind,
            currency: net.currency,
            net: minor,
            tax,
            rate,
            applied: 0,
            cover: Cover::default(),
            forgiven: 0,
            returned: 0,
            taken_back: TakenBack::default(),
            standing: Standing::Issued,
        };
        let journal = journals::issued(net.currency, kind.revenue(), minor, tax);
        Ok(Written { bill, journal })
    }

    /// Returns net and tax together.
    pub fn gross(&self) -> i64 {
        self.net + self.tax
    }

    /// Returns what is still owed: by the books, what stands on the patient's receivable for this bill.
    pub fn balance(&self) -> i64 {
        match self.standing {
            Standing::Void => 0,
            Standing::Issued => {
                let cover = self.cover.benefit + self.cover.contractual;
                self.gross() - self.applied - cover - self.forgiven
            }
        }
    }

    /// Returns how far it is paid.
    pub fn state(&self) -> BillState {
        match self.standing {
            Standing::Void => BillState::Void,
            Standing::Issued if self.balance() == 0 => BillState::Paid,
            Standing::Issued if self.applied == 0 && self.cover == Cover::default() => {
                BillState::Open
            }
            Standing::Issued => BillState::PartiallyPaid,
        }
    }

    /// Returns how much of what the patient paid went back.
    pub fn refund_state(&self) -> RefundState {
        match self.returned {
            0 => RefundState::None,
            all if all == self.applied => RefundState::Full,
            _ => RefundState::Partial,
        }
    }

    /// Returns what the patient paid and did not get back.
    pub fn refundable(&self) -> i64 {
        self.applied - self.returned
    }

    /// Pays what is owed of it with a deposit; nothing when nothing is owed or held.
    pub fn with_deposit(&self, held: i64) -> Option<Written> {
        let minor = self.balance().min(held);
        (minor > 0).then(|| Written {
            bill: Self {
                applied: self.applied + minor,
                ..*self
            },
            journal: journals::deposit_applied(self.currency, minor),
        })
    }

    /// Notes money that came in for it.
    pub(crate) fn with_payment(&self, into: Account, parts: Parts) -> Written {
        Written {
            bill: Self {
                applied: self.applied + parts.applied,
                ..*self
            },
            journal: journals::taken(self.currency, into, parts),
        }
    }

    /// Notes that money which had come in for it was not good.
    ///
    /// # Errors
    /// `bill.was_refunded` when the patient already got some of it back: that is for a person.
    pub fn with_return(&self, from: Account, parts: Parts) -> Result<Written, Problem> {
        if self.refundable() < parts.applied {
            return Err(Problem::new("bill.was_refunded", "bill"));
        }
        Ok(Written {
            bill: Self {
                applied: self.applied - parts.applied,
                ..*self
            },
            journal: journals::returned(self.currency, from, parts),
        })
    }

    /// Notes what an insurer covers now; only the difference to what it covered before is written.
    ///
    /// # Errors
    /// `claim.exceeds_balance` when it is more than is owed: then somebody else paid already.
    pub fn with_cover(&self, now: Cover) -> Result<Written, Problem> {
        let more = now.benefit + now.contractual - self.cover.benefit - self.cover.contractual;
        if more > self.balance() || now.benefit < 0 || now.contractual < 0 {
            return Err(
                Problem::new("claim.exceeds_balance", "benefit").with("max", self.balance())
            );
        }
        Ok(Written {
            bill: Self {
                cover: now,
                ..*self
            },
            journal: journals::covered(self.currency, self.cover, now),
        })
    }

    /// Voids it. What was taken back before is not taken back again.
    ///
    /// # Errors
    /// `bill.void`, `bill.already_paid`, `bill.payment_pending`, `bill.claim_active`.
    pub fn void(&self, around: Around) -> Result<Written, Problem> {
        let covered = self.cover != Cover::default();
        let code = match self.standing {
            Standing::Void => "bill.void",
            Standing::Issued if self.applied > 0 => "bill.already_paid",
            Standing::Issued if around.payments_pending > 0 => "bill.payment_pending",
            Standing::Issued if around.claims_active > 0 || covered => "bill.claim_active",
            Standing::Issued => return Ok(self.taken_back_whole()),
        };
        Err(Problem::new(code, "bill"))
    }

    fn taken_back_whole(&self) -> Written {
        let (gross, tax) = (self.taken_back.gross, self.taken_back.tax);
        let net = self.net - (gross - tax);
        let issued = journals::issued(self.currency, self.kind.revenue(), net, self.tax - tax);
        Written {
            bill: Self {
                standing: Standing::Void,
                ..*self
            },
            journal: issued.reversed(Why::Voided),
        }
    }

    /// Takes back a part that was paid, to be paid out.
    ///
    /// # Errors
    /// `bill.void`, `bill.not_paid`, `refund.exceeds_paid`, `money.out_of_range`.
    pub fn refund(&self, minor: i64) -> Result<Written, Problem> {
        match self.state() {
            BillState::Void => return Err(Problem::new("bill.void", "bill")),
            BillState::Open | BillState::PartiallyPaid => {
                return Err(Problem::new("bill.not_paid", "bill").with("balance", self.balance()));
            }
            BillState::Paid => {}
        }
        if minor < 1 {
            return Err(out_of_range());
        }
        if minor > self.refundable() {
            let most = self.refundable();
            return Err(Problem::new("refund.exceeds_paid", "amount_minor").with("max", most));
        }
        Ok(self.credit(minor, ToPatient::Payable))
    }

    /// Lowers what it comes to altogether: first what is still owed, then what the patient paid. An insurer's share is the
    /// insurer's, and stays.
    pub fn lower_to(&self, gross: i64, rest: ToPatient) -> Option<Written> {
        let now = self.gross() - self.taken_back.gross;
        let minor = (now - gross).min(self.balance() + self.refundable());
        (self.standing == Standing::Issued && minor > 0).then(|| self.credit(minor, rest))
    }

    fn credit(&self, minor: i64, rest: ToPatient) -> Written {
        let tax = taken_back(self.gross(), self.tax, self.taken_back, minor);
        let forgiven = self.balance().min(minor);
        let returned = minor - forgiven;
        let (kept, payable) = match rest {
            ToPatient::Kept => (returned, 0),
            ToPatient::Payable => (0, returned),
        };
        let credit = Credit {
            net: minor - tax,
            tax,
            forgiven,
            kept,
            payable,
        };
        Written {
            bill: Self {
                forgiven: self.forgiven + forgiven,
                returned: self.returned + returned,
                taken_back: TakenBack {
                    gross: self.taken_back.gross + minor,
                    tax: self.taken_back.tax + tax,
                },
                ..*self
            },
            journal: journals::credited(self.currency, self.kind.revenue(), credit),
        }
    }
}

/// What becomes of money that a patient paid and does not owe any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToPatient {
    /// It stays with the hospital as theirs.
    Kept,
    /// It is to be paid out.
    Payable,
}

/// What else is going on about a bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    pub payments_pending: u32,
    pub claims_active: u32,
}

/// What a person has to look at: something happened that the rules cannot put right by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[ts(export_to = "types.gen.ts")]
pub enum Exception {
    /// Two said differently what was done at one visit.
    CompletionConflict,
    /// A visit was made that had been cancelled.
    CompleteAfterCancel,
    /// When something happened is not known well enough to say what it costs.
    TimeUncertain,
    /// Money came in for a bill that was paid.
    DuplicateCollection,
    /// Money came in for a bill that is void.
    PaymentOnVoidBill,
    /// Money that had come in was not good.
    PaymentReturned,
    /// A number of a series of receipts is missing.
    ReceiptGap,
    /// Two receipts have one number.
    ReceiptDup,
    /// A desk took money for something that the hub does not know, or somebody did who takes none.
    ReceiptUnclear,
    /// A gateway speaks of another amount, currency or payment than ours.
    GatewayMismatch,
    /// Money that was to be paid back did not arrive.
    RefundFailed,
    /// An insurer covers less than it paid: the difference is its own.
    InsurerOverpaid,
    /// An insurer covers more than is still owed: somebody else paid already.
    ClaimExceedsBalance,
    /// An insurer answered a claim of which nothing was expected any more.
    ClaimAnsweredLate,
}

impl Exception {
    /// Every exception.
    pub const ALL: [Exception; 14] = [
        Exception::CompletionConflict,
        Exception::CompleteAfterCancel,
        Exception::TimeUncertain,
        Exception::DuplicateCollection,
        Exception::PaymentOnVoidBill,
        Exception::PaymentReturned,
        Exception::ReceiptGap,
        Exception::ReceiptDup,
        Exception::ReceiptUnclear,
        Exception::GatewayMismatch,
        Exception::RefundFailed,
        Exception::InsurerOverpaid,
        Exception::ClaimExceedsBalance,
        Exception::ClaimAnsweredLate,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Exception::CompletionConflict => "COMPLETION_CONFLICT",
            Exception::CompleteAfterCancel => "COMPLETE_AFTER_CANCEL",
            Exception::TimeUncertain => "TIME_UNCERTAIN",
            Exception::DuplicateCollection => "DUPLICATE_COLLECTION",
            Exception::PaymentOnVoidBill => "PAYMENT_ON_VOID_BILL",
            Exception::PaymentReturned => "PAYMENT_RETURNED",
            Exception::ReceiptGap => "RECEIPT_GAP",
            Exception::ReceiptDup => "RECEIPT_DUP",
            Exception::ReceiptUnclear => "RECEIPT_UNCLEAR",
            Exception::GatewayMismatch => "GATEWAY_MISMATCH",
            Exception::RefundFailed => "REFUND_FAILED",
            Exception::InsurerOverpaid => "INSURER_OVERPAID",
            Exception::ClaimExceedsBalance => "CLAIM_EXCEEDS_BALANCE",
            Exception::ClaimAnsweredLate => "CLAIM_ANSWERED_LATE",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}
