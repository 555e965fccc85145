//! What each event writes into the books.

use super::{Account, Journal, Revenue, Slip, Why};
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

/// Writes what an insurer takes over of what the patient paid for it: that much of theirs stays with the hospital as theirs.
pub fn covered_and_kept(currency: Currency, before: Cover, now: Cover, kept: i64) -> Journal {
    let benefit = now.benefit - before.benefit;
    let contractual = now.contractual - before.contractual;
    let owed = benefit + contractual - kept;
    let more = |minor: i64| minor.max(0);
    Journal::of(
        Why::Covered,
        currency,
        [
            (Account::InsurerReceivable, more(benefit)),
            (Account::Contractual, more(contractual)),
        ],
        [
            (Account::PatientReceivable, more(owed)),
            (Account::PatientCredit, kept),
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

/// Writes what a gateway keeps of what it charged; what it gives back of its fees is below nothing.
pub fn gateway_fee(currency: Currency, provider: &str, minor: i64) -> Journal {
    let clearing = || Account::CardClearing(provider.into());
    let (kept, given) = (minor.max(0), (-minor).max(0));
    Journal::of(
        Why::GatewayFee,
        currency,
        [(Account::GatewayFees, kept), (clearing(), given)],
        [(clearing(), kept), (Account::GatewayFees, given)],
    )
}

/// Writes that a gateway paid out: it is on its way to the bank.
pub fn gateway_paid(currency: Currency, provider: &str, minor: i64) -> Journal {
    Journal::of(
        Why::GatewayPaid,
        currency,
        [(Account::Bank(Slip::Transfer), minor)],
        [(Account::CardClearing(provider.into()), minor)],
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

#[cfg(test)]
mod tests {
    use super::*;

    fn inr() -> Currency {
        Currency::parse("INR").expect("a currency")
    }

    fn lines(journal: &Journal) -> Vec<(String, i64)> {
        let lines = journal.postings().iter();
        lines
            .map(|line| (line.account.to_string(), line.debit - line.credit))
            .collect()
    }

    fn check(journal: &Journal, why: Why, expect: &[(&str, i64)]) {
        let expect = expect
            .iter()
            .map(|(account, minor)| ((*account).into(), *minor));
        assert_eq!(lines(journal), expect.collect::<Vec<(String, i64)>>());
        assert_eq!(journal.why(), why);
    }

    #[test]
    fn what_a_gateway_keeps_and_pays_out_comes_off_what_it_charged() {
        let fee = |minor| gateway_fee(inr(), "stripe", minor);
        check(
            &fee(305),
            Why::GatewayFee,
            &[("5030", 305), ("1010:stripe", -305)],
        );
        check(
            &fee(-100),
            Why::GatewayFee,
            &[("1010:stripe", 100), ("5030", -100)],
        );
        check(&fee(0), Why::GatewayFee, &[]);
        let paid = gateway_paid(inr(), "stripe", 10_195);
        check(
            &paid,
            Why::GatewayPaid,
            &[("1020:transfer", 10_195), ("1010:stripe", -10_195)],
        );
    }

    #[test]
    fn what_an_insurer_takes_over_of_what_was_paid_is_the_patients() {
        let of = |benefit, contractual| Cover {
            benefit,
            contractual,
        };
        let kept = covered_and_kept(inr(), of(0, 0), of(7_200, 300), 1_000);
        let expect = [
            ("1110", 7_200),
            ("5000", 300),
            ("1100", -6_500),
            ("2000", -1_000),
        ];
        check(&kept, Why::Covered, &expect);
        // it takes nothing off any more, and pays more
        let changed = covered_and_kept(inr(), of(5_000, 300), of(7_000, 0), 1_700);
        let expect = [("1110", 2_000), ("2000", -1_700), ("5000", -300)];
        check(&changed, Why::Covered, &expect);
    }
}
