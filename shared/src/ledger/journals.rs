//! What each event writes into the books.

use super::{Account, Journal, Revenue, Why};
use crate::money::currency::Currency;

/// Writes a bill: the patient owes what was earned and its tax.
pub fn issued(currency: Currency, revenue: Revenue, net: i64, tax: i64) -> Journal {
    Journal::of(
        Why::Issued,
        currency,
        [(Account::PatientReceivable, net + tax)],
        [(Account::Revenue(revenue), net), (Account::TaxPayable, tax)],
    )
}

/// Where money that came in goes: to a bill, to what the patient has with the hospital, or to both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub applied: i64,
    pub kept: i64,
}

/// Writes money that came in.
pub fn taken(currency: Currency, into: Account, parts: Parts) -> Journal {
    Journal::of(
        Why::Taken,
        currency,
        [(into, parts.applied + parts.kept)],
        [
            (Account::PatientReceivable, parts.applied),
            (Account::PatientCredit, parts.kept),
        ],
    )
}

/// Writes that money which came in was not good: a card that was declined later, a cheque that came back.
pub fn returned(currency: Currency, from: Account, parts: Parts) -> Journal {
    taken(currency, from, parts).reversed(Why::Returned)
}

/// Writes that a provider charged a card which a terminal had taken without it.
pub fn confirmed(currency: Currency, provider: &str, minor: i64) -> Journal {
    Journal::of(
        Why::Confirmed,
        currency,
        [(Account::CardClearing(provider.into()), minor)],
        [(Account::CardOffline, minor)],
    )
}

/// Writes that a deposit pays a bill.
pub fn deposit_applied(currency: Currency, minor: i64) -> Journal {
    Journal::of(
        Why::DepositApplied,
        currency,
        [(Account::PatientCredit, minor)],
        [(Account::PatientReceivable, minor)],
    )
}

/// Writes that a deposit is to be paid back.
pub fn deposit_released(currency: Currency, minor: i64) -> Journal {
    Journal::of(
        Why::DepositReleased,
        currency,
        [(Account::PatientCredit, minor)],
        [(Account::RefundsPayable, minor)],
    )
}

/// Writes that what was owed to a patient was handed over.
pub fn paid_out(currency: Currency, from: Account, minor: i64) -> Journal {
    Journal::of(
        Why::PaidOut,
        currency,
        [(Account::RefundsPayable, minor)],
        [(from, minor)],
    )
}

/// A part of a bill that is taken back: of its net and its tax, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    pub net: i64,
    pub tax: i64,
    /// What the patient does not owe any more.
    pub forgiven: i64,
    /// What stays with the hospital as the patient's.
    pub kept: i64,
    /// What is to be paid back.
    pub payable: i64,
}

/// Writes a credit note.
pub fn credited(currency: Currency, revenue: Revenue, credit: Credit) -> Journal {
    Journal::of(
        Why::Credited,
        currency,
        [
            (Account::Revenue(revenue), credit.net),
            (Account::TaxPayable, credit.tax),
        ],
        [
            (Account::PatientReceivable, credit.forgiven),
            (Account::PatientCredit, credit.kept),
            (Account::RefundsPayable, credit.payable),
        ],
    )
}

/// What an insurer said of a bill: what it pays, and what its contract takes off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    pub benefit: i64,
    pub contractual: i64,
}

/// Writes what an insurer takes over; what it gives back when it changed its mind is written on the other side.
pub fn covered(currency: Currency, before: Cover, now: Cover) -> Journal {
    let more = |minor: i64| minor.max(0);
    let [benefit, contractual] = [
        now.benefit - before.benefit,
        now.contractual - before.contractual,
    ];
    let all = benefit + contractual;
    Journal::of(
        Why::Covered,
        currency,
        [
            (Account::InsurerReceivable, more(benefit)),
            (Account::Contractual, more(contractual)),
            (Account::PatientReceivable, more(-all)),
        ],
        [
            (Account::PatientReceivable, more(all)),
            (Account::InsurerReceivable, more(-benefit)),
            (Account::Contractual, more(-contractual)),
        ],
    )
}

/// Writes that an insurer paid.
pub fn insurer_paid(currency: Currency, into: Account, minor: i64) -> Journal {
    Journal::of(
        Why::InsurerPaid,
        currency,
        [(into, minor)],
        [(Account::InsurerReceivable, minor)],
    )
}

/// Writes what a drawer has more or less than the books say.
pub fn counted(currency: Currency, drawer: &str, counted: i64, expected: i64) -> Journal {
    let cash = || Account::Cash(drawer.into());
    let over = (counted - expected).max(0);
    let short = (expected - counted).max(0);
    Journal::of(
        Why::Counted,
        currency,
        [(cash(), over), (Account::CashOverShort, short)],
        [(Account::CashOverShort, over), (cash(), short)],
    )
}

/// Writes that cash went from one drawer to another.
pub fn moved(currency: Currency, from: &str, to: &str, minor: i64) -> Journal {
    Journal::of(
        Why::Moved,
        currency,
        [(Account::Cash(to.into()), minor)],
        [(Account::Cash(from.into()), minor)],
    )
}
