//! The hospital's books: accounts, and journals whose two sides are always equal.
//!
//! [`journals`] has every journal there is, by what happened. Nothing is ever changed in the books: what was wrong is reversed.

pub mod journals;

use crate::money::currency::Currency;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Where money is, who owes it, what it was earned with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// Cash in a drawer.
    Cash(String),
    /// Cards that a provider has charged and not paid out yet.
    CardClearing(String),
    /// Cards that a terminal took without its bank: nobody has said yes so far.
    CardOffline,
    /// Cheques and transfers on their way to the bank.
    Bank(Slip),
    PatientReceivable,
    InsurerReceivable,
    /// What patients have with the hospital: deposits, and what was paid too much.
    PatientCredit,
    /// What is to be paid back.
    RefundsPayable,
    TaxPayable,
    Revenue(Revenue),
    /// What an insurer's contract takes off a bill.
    Contractual,
    CashOverShort,
    BadDebt,
    /// What gateways keep for their work.
    GatewayFees,
}

/// What is on its way to the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slip {
    Cheque,
    Transfer,
}

/// What money was earned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revenue {
    Consultation,
    Cancellation,
    NoShow,
    Pharmacy,
    Lab,
}

/// Which side of an account grows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grows {
    Debit,
    Credit,
    /// Either: it may be above and below nothing.
    Both,
}

impl Account {
    /// Returns its number in the chart of accounts.
    pub fn number(&self) -> u16 {
        match self {
            Account::Cash(_) => 1000,
            Account::CardClearing(_) => 1010,
            Account::CardOffline => 1015,
            Account::Bank(_) => 1020,
            Account::PatientReceivable => 1100,
            Account::InsurerReceivable => 1110,
            Account::PatientCredit => 2000,
            Account::RefundsPayable => 2050,
            Account::TaxPayable => 2100,
            Account::Revenue(Revenue::Consultation) => 4000,
            Account::Revenue(Revenue::Cancellation) => 4010,
            Account::Revenue(Revenue::NoShow) => 4020,
            Account::Revenue(Revenue::Pharmacy) => 4030,
            Account::Revenue(Revenue::Lab) => 4040,
            Account::Contractual => 5000,
            Account::CashOverShort => 5010,
            Account::BadDebt => 5020,
            Account::GatewayFees => 5030,
        }
    }

    /// Returns which one of several of its number it is: a drawer, a provider, or nothing.
    pub fn part(&self) -> &str {
        match self {
            Account::Cash(part) | Account::CardClearing(part) => part,
            Account::Bank(Slip::Cheque) => "cheque",
            Account::Bank(Slip::Transfer) => "transfer",
            Account::CardOffline
            | Account::PatientReceivable
            | Account::InsurerReceivable
            | Account::PatientCredit
            | Account::RefundsPayable
            | Account::TaxPayable
            | Account::Revenue(_)
            | Account::Contractual
            | Account::CashOverShort
            | Account::BadDebt
            | Account::GatewayFees => "",
        }
    }

    /// Reads the account of a number and a part; nothing for one that is not in the chart.
    pub fn of(number: u16, part: &str) -> Option<Self> {
        let account = match number {
            1000 => Account::Cash(part.into()),
            1010 => Account::CardClearing(part.into()),
            1015 => Account::CardOffline,
            1020 if part == "cheque" => Account::Bank(Slip::Cheque),
            1020 if part == "transfer" => Account::Bank(Slip::Transfer),
            1100 => Account::PatientReceivable,
            1110 => Account::InsurerReceivable,
            2000 => Account::PatientCredit,
            2050 => Account::RefundsPayable,
            2100 => Account::TaxPayable,
            4000 => Account::Revenue(Revenue::Consultation),
            4010 => Account::Revenue(Revenue::Cancellation),
            4020 => Account::Revenue(Revenue::NoShow),
            4030 => Account::Revenue(Revenue::Pharmacy),
            4040 => Account::Revenue(Revenue::Lab),
            5000 => Account::Contractual,
            5010 => Account::CashOverShort,
            5020 => Account::BadDebt,
            5030 => Account::GatewayFees,
            _ => return None,
        };
        (account.part() == part).then_some(account)
    }

    /// Returns which side grows it.
    pub fn grows(&self) -> Grows {
        match self {
            Account::Cash(_)
            | Account::CardClearing(_)
            | Account::CardOffline
            | Account::Bank(_)
            | Account::PatientReceivable
            | Account::InsurerReceivable
            | Account::Contractual
            | Account::BadDebt
            | Account::GatewayFees => Grows::Debit,
            Account::PatientCredit
            | Account::RefundsPayable
            | Account::TaxPayable
            | Account::Revenue(_) => Grows::Credit,
            Account::CashOverShort => Grows::Both,
        }
    }

    /// Says whether the account must never be below nothing. A drawer may be: cash is paid out before it is counted, and what a
    /// provider has paid out may be more than it holds once a charge comes back.
    pub fn is_never_negative(&self) -> bool {
        match self {
            Account::CardOffline
            | Account::PatientReceivable
            | Account::InsurerReceivable
            | Account::PatientCredit
            | Account::RefundsPayable
            | Account::TaxPayable
            | Account::Revenue(_) => true,
            Account::Cash(_)
            | Account::CardClearing(_)
            | Account::Bank(_)
            | Account::Contractual
            | Account::CashOverShort
            | Account::BadDebt
            | Account::GatewayFees => false,
        }
    }
}

/// Shows the number and the part: `1000:front`, `2100`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part() {
            "" => write!(f, "{}", self.number()),
            part => write!(f, "{}:{part}", self.number()),
        }
    }
}

/// One line of a journal: an account, and what is written on one of its sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub account: Account,
    pub debit: i64,
    pub credit: i64,
}

/// What happened, as a word of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A bill was issued.
    Issued,
    /// Money came in.
    Taken,
    /// A deposit pays a bill.
    DepositApplied,
    /// A deposit is to be paid back.
    DepositReleased,
    /// What was owed to a patient was handed over.
    PaidOut,
    /// A bill was voided, or a fee taken back that nobody paid.
    Voided,
    /// A part of a bill was taken back.
    Credited,
    /// Money that had come in was not good.
    Returned,
    /// A terminal's bank said yes to what it took without it.
    Confirmed,
    /// An insurer takes over a part of a bill, or gives it back.
    Covered,
    /// An insurer paid.
    InsurerPaid,
    /// A drawer was counted.
    Counted,
    /// Cash went from one drawer to another.
    Moved,
    /// A gateway kept something for its work.
    GatewayFee,
    /// A gateway paid out what it had charged.
    GatewayPaid,
}

impl Why {
    /// Every word.
    pub const ALL: [Why; 15] = [
        Why::Issued,
        Why::Taken,
        Why::DepositApplied,
        Why::DepositReleased,
        Why::PaidOut,
        Why::Voided,
        Why::Credited,
        Why::Returned,
        Why::Confirmed,
        Why::Covered,
        Why::InsurerPaid,
        Why::Counted,
        Why::Moved,
        Why::GatewayFee,
        Why::GatewayPaid,
    ];

    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Why::Issued => "issued",
            Why::Taken => "taken",
            Why::DepositApplied => "deposit_applied",
            Why::DepositReleased => "deposit_released",
            Why::PaidOut => "paid_out",
            Why::Voided => "voided",
            Why::Credited => "credited",
            Why::Returned => "returned",
            Why::Confirmed => "confirmed",
            Why::Covered => "covered",
            Why::InsurerPaid => "insurer_paid",
            Why::Counted => "counted",
            Why::Moved => "moved",
            Why::GatewayFee => "gateway_fee",
            Why::GatewayPaid => "gateway_paid",
        }
    }
}

/// Everything one event writes into the books. Both sides are equal: it cannot be made otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    why: Why,
    currency: Currency,
    postings: Vec<Posting>,
}

impl Journal {
    /// Makes a journal of what is debited and credited. Lines about nothing are left out.
    fn of(
        why: Why,
        currency: Currency,
        debits: impl IntoIterator<Item = (Account, i64)>,
        credits: impl IntoIterator<Item = (Account, i64)>,
    ) -> Self {
        let debits = debits
            .into_iter()
            .map(|(account, minor)| (account, minor, 0));
        let credits = credits
            .into_iter()
            .map(|(account, minor)| (account, 0, minor));
        let postings: Vec<Posting> = debits
            .chain(credits)
            .filter(|(_, debit, credit)| (*debit, *credit) != (0, 0))
            .map(|(account, debit, credit)| Posting {
                account,
                debit,
                credit,
            })
            .collect();
        let journal = Self {
            why,
            currency,
            postings,
        };
        assert!(journal.is_sound(), "a journal has two equal sides");
        journal
    }

    fn is_sound(&self) -> bool {
        let sum = |side: fn(&Posting) -> i64| -> i128 {
            let sides = self.postings.iter().map(side);
            sides.map(i128::from).sum()
        };
        let mut lines = self.postings.iter();
        sum(|line| line.debit) == sum(|line| line.credit)
            && lines.all(|line| line.debit >= 0 && line.credit >= 0)
    }

    /// Returns what happened.
    pub fn why(&self) -> Why {
        self.why
    }

    /// Returns its one currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Returns its lines, debits first.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// Returns the journal that takes this one back.
    #[must_use]
    pub fn reversed(&self, why: Why) -> Self {
        let debits = self.postings.iter().filter(|line| line.credit > 0);
        let credits = self.postings.iter().filter(|line| line.debit > 0);
        Self::of(
            why,
            self.currency,
            debits.map(|line| (line.account.clone(), line.credit)),
            credits.map(|line| (line.account.clone(), line.debit)),
        )
    }
}

/// What is on each account, debits less credits. What a hospital has and what it owes are equal, so all of them make nothing.
pub type Balances = BTreeMap<(Account, Currency), i64>;

/// Adds a journal to balances.
pub fn post(balances: &mut Balances, journal: &Journal) {
    for line in &journal.postings {
        let on = (line.account.clone(), journal.currency);
        *balances.entry(on).or_default() += line.debit - line.credit;
    }
}
