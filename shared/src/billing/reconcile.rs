//! Looking for what does not add up: every check of the daily reconciliation, as a rule over what the books say and what others do.
//!
//! A check never puts anything right. What it finds is an exception, which a person settles.

use super::Bill;
use crate::money::currency::Currency;
use crate::payments::receipts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Check {
    /// Debits and credits of a journal, or of a currency, differ.
    LedgerSums,
    /// What a bill says is owed is not what the books have of it.
    BillBalance,
    /// A bill that the books do not know.
    BillWithoutJournal,
    /// A payment that nobody knows the end of.
    PaymentPending,
    /// A call that moves money was begun and not finished.
    KeyInProgress,
    /// A payment that the books have another amount of, or none.
    ReceiptPosting,
    /// A series of receipts that does not run from one on.
    ReceiptSeries,
    /// A drawer had another amount in it than the books say.
    DrawerCount,
    /// A gateway paid out another amount than was charged here.
    SettlementDiffers,
    /// A card that a terminal took without its bank, which said nothing for a day.
    CardStoredLong,
    /// A gateway charged a card that nobody here knows of.
    CapturedNotHere,
    /// A card was charged here, and the gateway paid out everything around it.
    CapturedNotThere,
    /// A gateway gave back another amount than was handed out here.
    RefundDiffers,
    /// A gateway gave back what nobody here asked for.
    RefundedNotHere,
    /// It was given back here, and the gateway paid out everything around it.
    RefundedNotThere,
    /// A payout is not what its lines come to.
    PayoutDiffers,
    /// A gateway paid out more than it charged.
    PaidOutTooMuch,
    /// Something was told and does not arrive.
    EventWaits,
    /// The same amount for the same bill twice within two minutes.
    PaidTwice,
}

impl Check {
    /// Every check.
    pub const ALL: [Check; 19] = [
        Check::LedgerSums,
        Check::BillBalance,
        Check::BillWithoutJournal,
        Check::PaymentPending,
        Check::KeyInProgress,
        Check::ReceiptPosting,
        Check::ReceiptSeries,
        Check::DrawerCount,
        Check::SettlementDiffers,
        Check::CardStoredLong,
        Check::CapturedNotHere,
        Check::CapturedNotThere,
        Check::RefundDiffers,
        Check::RefundedNotHere,
        Check::RefundedNotThere,
        Check::PayoutDiffers,
        Check::PaidOutTooMuch,
        Check::EventWaits,
        Check::PaidTwice,
    ];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Check::LedgerSums => "LEDGER_SUMS",
            Check::BillBalance => "BILL_BALANCE",
            Check::BillWithoutJournal => "BILL_WITHOUT_JOURNAL",
            Check::PaymentPending => "PAYMENT_PENDING",
            Check::KeyInProgress => "KEY_IN_PROGRESS",
            Check::ReceiptPosting => "RECEIPT_POSTING",
            Check::ReceiptSeries => "RECEIPT_SERIES",
            Check::DrawerCount => "DRAWER_COUNT",
            Check::SettlementDiffers => "SETTLEMENT_DIFFERS",
            Check::CardStoredLong => "CARD_STORED_LONG",
            Check::CapturedNotHere => "CAPTURED_NOT_HERE",
            Check::CapturedNotThere => "CAPTURED_NOT_THERE",
            Check::RefundDiffers => "REFUND_DIFFERS",
            Check::RefundedNotHere => "REFUNDED_NOT_HERE",
            Check::RefundedNotThere => "REFUNDED_NOT_THERE",
            Check::PayoutDiffers => "PAYOUT_DIFFERS",
            Check::PaidOutTooMuch => "PAID_OUT_TOO_MUCH",
            Check::EventWaits => "EVENT_WAITS",
            Check::PaidTwice => "PAID_TWICE",
        }
    }
}

/// Two sides of one sum: a journal's, or a currency's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    pub subject: String,
    pub currency: Currency,
    pub debit: i64,
    pub credit: i64,
}

/// A bill, and what the books have of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillFacts {
    pub id: Uuid,
    pub bill: Bill,
    /// What stands on the patient's receivable for it.
    pub receivable: i64,
    /// Journals that say it was issued.
    pub issued: i64,
}

/// A payment, and what its journal brought to its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFacts {
    pub id: Uuid,
    pub bill: Option<Uuid>,
    pub currency: Currency,
    pub minor: i64,
    pub posted: i64,
    pub at_ms: i64,
}

/// A series of receipts: the last number that was given, and every number there is with the digest of what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFacts {
    pub code: String,
    pub last: u32,
    pub came: Vec<(u32, u64)>,
}

/// What was in a drawer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawerFacts {
    /// The drawer, and which count.
    pub subject: String,
    pub currency: Currency,
    pub expected: i64,
    pub counted: i64,
}

/// Which way money went at a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Went {
    /// To the hospital.
    In,
    /// Back to the payer.
    Back,
}

/// A charge, or what went back of one, as it is known here and at the gateway; together they are known to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeFacts {
    pub went: Went,
    /// The payment, or the gateway's own name of the charge.
    pub subject: String,
    pub currency: Currency,
    pub ours: Option<i64>,
    pub theirs: Option<i64>,
    pub at_ms: i64,
    /// Until when the gateway has said what it paid out.
    pub settled_until_ms: Option<i64>,
}

/// What a gateway paid out, and what the lines come to that say they are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutFacts {
    /// The gateway's own name of it.
    pub subject: String,
    pub currency: Currency,
    pub paid: i64,
    /// Nothing: no line says so.
    pub lines: Option<i64>,
}

/// What stands on the account of a gateway: what it charged and has not paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearingFacts {
    pub provider: String,
    pub currency: Currency,
    pub minor: i64,
    /// It has paid out: before, nothing says how much is its.
    pub has_paid_out: bool,
}

/// What something waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    Payment,
    Key,
    CardStored,
    Event,
}

impl Wait {
    /// Everything that may wait.
    pub const ALL: [Wait; 4] = [Wait::Payment, Wait::Key, Wait::CardStored, Wait::Event];

    /// Returns how long it may wait.
    pub fn patience_ms(self) -> i64 {
        match self {
            Wait::Payment => 15 * MINUTE_MS,
            Wait::Key | Wait::Event => HOUR_MS,
            Wait::CardStored => 24 * HOUR_MS,
        }
    }

    /// Returns the check that looks for it.
    pub fn check(self) -> Check {
        match self {
            Wait::Payment => Check::PaymentPending,
            Wait::Key => Check::KeyInProgress,
            Wait::CardStored => Check::CardStoredLong,
            Wait::Event => Check::EventWaits,
        }
    }
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub wait: Wait,
    pub subject: String,
    pub since_ms: i64,
}

/// What is looked at, in one go or in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub sums: Vec<Sums>,
    pub bills: Vec<BillFacts>,
    pub payments: Vec<PaymentFacts>,
    /// Payments of the last days, which are compared with each other.
    pub lately: Vec<PaymentFacts>,
    pub series: Vec<SeriesFacts>,
    pub drawers: Vec<DrawerFacts>,
    pub charges: Vec<ChargeFacts>,
    pub payouts: Vec<PayoutFacts>,
    pub clearing: Vec<ClearingFacts>,
    pub waiting: Vec<Waiting>,
}

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub check: Check,
    /// What it is about: an id, a currency, a series.
    pub subject: String,
    /// Its bill, if it has one.
    pub bill: Option<Uuid>,
    /// Nothing when the two figures are no money.
    pub currency: Option<Currency>,
    pub expected: i64,
    pub found: i64,
}

impl Finding {
    /// Returns what it is known by: found again it is the same, found with other figures it is another.
    pub fn cause(&self) -> String {
        let Self {
            check,
            subject,
            expected,
            found,
            ..
        } = self;
        format!("check:{}:{subject}:{expected}:{found}", check.word())
    }
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Two payments of one amount for one bill are one by mistake when they are so near.
pub const TWICE_MS: i64 = 2 * MINUTE_MS;
/// A charge may be missing among what a gateway paid out until so long after it.
pub const SETTLED_WITHIN_MS: i64 = 3 * 24 * HOUR_MS;

/// Runs every check over what there is to look at.
pub fn look(facts: &Facts, now_ms: i64) -> Vec<Finding> {
    let sums = facts.sums.iter().filter_map(sides);
    let bills = facts.bills.iter().filter_map(bill);
    let payments = facts.payments.iter().filter_map(posting);
    let series = facts.series.iter().filter_map(series);
    let drawers = facts.drawers.iter().filter_map(drawer);
    let charges = facts.charges.iter().filter_map(charge);
    let payouts = facts.payouts.iter().filter_map(payout);
    let clearing = facts.clearing.iter().filter_map(clearing);
    let charges = charges.chain(payouts).chain(clearing);
    let waiting = facts.waiting.iter();
    let waiting = waiting.filter_map(|one| waits_long(one, now_ms));
    let found = sums.chain(bills).chain(payments).chain(series);
    let found = found.chain(drawers).chain(charges).chain(waiting);
    found.chain(twice(&facts.lately)).collect()
}

fn sides(sums: &Sums) -> Option<Finding> {
    (sums.debit != sums.credit).then(|| Finding {
        check: Check::LedgerSums,
        subject: sums.subject.clone(),
        bill: None,
        currency: Some(sums.currency),
        expected: sums.debit,
        found: sums.credit,
    })
}

fn bill(facts: &BillFacts) -> Option<Finding> {
    let finding = |check, expected, found| Finding {
        check,
        subject: facts.id.to_string(),
        bill: Some(facts.id),
        currency: Some(facts.bill.currency),
        expected,
        found,
    };
    if facts.issued != 1 {
        // how often it is in the books is no money
        let without = finding(Check::BillWithoutJournal, 1, facts.issued);
        return Some(Finding {
            currency: None,
            ..without
        });
    }
    let balance = facts.bill.balance();
    (balance != facts.receivable).then(|| finding(Check::BillBalance, balance, facts.receivable))
}

fn posting(payment: &PaymentFacts) -> Option<Finding> {
    (payment.minor != payment.posted).then(|| Finding {
        check: Check::ReceiptPosting,
        subject: payment.id.to_string(),
        bill: payment.bill,
        currency: Some(payment.currency),
        expected: payment.minor,
        found: payment.posted,
    })
}

fn series(facts: &SeriesFacts) -> Option<Finding> {
    let looked = receipts::look(facts.came.iter().copied());
    let numbers = facts.came.iter().map(|(number, _)| *number);
    let highest = numbers.clone().max().unwrap_or(0);
    let is_whole = looked == receipts::Looked::default() && highest == facts.last;
    (!is_whole).then(|| Finding {
        check: Check::ReceiptSeries,
        subject: facts.code.clone(),
        bill: None,
        currency: None,
        expected: i64::from(facts.last),
        found: i64::try_from(numbers.count()).unwrap_or(i64::MAX),
    })
}

fn drawer(count: &DrawerFacts) -> Option<Finding> {
    (count.expected != count.counted).then(|| Finding {
        check: Check::DrawerCount,
        subject: count.subject.clone(),
        bill: None,
        currency: Some(count.currency),
        expected: count.expected,
        found: count.counted,
    })
}

fn charge(facts: &ChargeFacts) -> Option<Finding> {
    let is_settled =
        |until: Option<i64>| until.is_some_and(|until| until - facts.at_ms >= SETTLED_WITHIN_MS);
    let [differs, not_here, not_there] = match facts.went {
        Went::In => [
            Check::SettlementDiffers,
            Check::CapturedNotHere,
            Check::CapturedNotThere,
        ],
        Went::Back => [
            Check::RefundDiffers,
            Check::RefundedNotHere,
            Check::RefundedNotThere,
        ],
    };
    let check = match (facts.ours, facts.theirs) {
        (Some(ours), Some(theirs)) if ours != theirs => differs,
        (None, Some(_)) => not_here,
        (Some(_), None) if is_settled(facts.settled_until_ms) => not_there,
        (Some(_) | None, Some(_) | None) => return None,
    };
    Some(Finding {
        check,
        subject: facts.subject.clone(),
        bill: None,
        currency: Some(facts.currency),
        expected: facts.ours.unwrap_or(0),
        found: facts.theirs.unwrap_or(0),
    })
}

fn payout(facts: &PayoutFacts) -> Option<Finding> {
    let lines = facts.lines.filter(|lines| *lines != facts.paid)?;
    Some(Finding {
        check: Check::PayoutDiffers,
        subject: facts.subject.clone(),
        bill: None,
        currency: Some(facts.currency),
        expected: lines,
        found: facts.paid,
    })
}

fn clearing(facts: &ClearingFacts) -> Option<Finding> {
    (facts.has_paid_out && facts.minor < 0).then(|| Finding {
        check: Check::PaidOutTooMuch,
        subject: facts.provider.clone(),
        bill: None,
        currency: Some(facts.currency),
        expected: 0,
        found: facts.minor,
    })
}

fn waits_long(waiting: &Waiting, now_ms: i64) -> Option<Finding> {
    let is_long = now_ms - waiting.since_ms > waiting.wait.patience_ms();
    // how long by now is no part of it: tomorrow it is the same
    is_long.then(|| Finding {
        check: waiting.wait.check(),
        subject: waiting.subject.clone(),
        bill: None,
        currency: None,
        expected: 0,
        found: 0,
    })
}

/// Finds payments of one amount for one bill that came too soon after another, whatever came between.
fn twice(lately: &[PaymentFacts]) -> Vec<Finding> {
    let mut last: BTreeMap<(Uuid, Currency, i64), i64> = BTreeMap::new();
    let mut taken: Vec<&PaymentFacts> = lately.iter().collect();
    taken.sort_by_key(|payment| (payment.at_ms, payment.id));
    let again = |payment: &&PaymentFacts| {
        let Some(bill) = payment.bill else {
            return false;
        };
        let key = (bill, payment.currency, payment.minor);
        let before_ms = last.insert(key, payment.at_ms);
        before_ms.is_some_and(|before_ms| payment.at_ms - before_ms <= TWICE_MS)
    };
    let again: Vec<&PaymentFacts> = taken.into_iter().filter(again).collect();
    let finding = |payment: &PaymentFacts| Finding {
        check: Check::PaidTwice,
        subject: payment.id.to_string(),
        bill: payment.bill,
        currency: Some(payment.currency),
        expected: 0,
        found: payment.minor,
    };
    again.into_iter().map(finding).collect()
}
