//! Payments: how money comes in, and what it does to a bill. A payment that already happened is a fact and never refused.
//!
//! [`idempotency`] keeps one from being taken twice, [`receipts`] numbers what patients are given, [`refunds`] says what may go back,
//! [`gateways`] how a gateway is asked, [`webhooks`] what it is believed, [`settlements`] what it says it paid out; [`drawers`]
//! are counted. [`desk`] says what a ward desk may take without the hub.

pub mod charges;
pub mod credit;
pub mod desk;
pub mod drawers;
pub mod gateways;
pub mod idempotency;
pub mod plain;
pub mod receipts;
pub mod refunds;
pub mod settlements;
pub mod webhooks;

use crate::billing::{Bill, BillState, Exception, Written};
use crate::ledger::journals::{self, Parts};
use crate::ledger::{Account, Journal, Slip};
use crate::money::Money;
use crate::money::currency::Currency;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// How money comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum Method {
    Cash {
        drawer: String,
    },
    Cheque {
        reference: String,
    },
    Card {
        provider: String,
    },
    /// A terminal took it without its bank.
    CardStored {
        reference: String,
    },
    Transfer {
        reference: String,
    },
}

/// Characters of a drawer, a provider or a reference, at most.
pub const NAME_CHARS_MAX: usize = 64;

impl Method {
    /// Returns its word.
    pub fn word(&self) -> &'static str {
        match self {
            Method::Cash { .. } => "cash",
            Method::Cheque { .. } => "cheque",
            Method::Card { .. } => "card",
            Method::CardStored { .. } => "card_stored",
            Method::Transfer { .. } => "transfer",
        }
    }

    /// Returns the drawer, the provider, or the number on the slip.
    pub fn name(&self) -> &str {
        match self {
            Method::Cash { drawer: name }
            | Method::Cheque { reference: name }
            | Method::Card { provider: name }
            | Method::CardStored { reference: name }
            | Method::Transfer { reference: name } => name,
        }
    }

    /// Returns the account that the money comes to.
    pub fn account(&self) -> Account {
        match self {
            Method::Cash { drawer } => Account::Cash(drawer.clone()),
            Method::Cheque { .. } => Account::Bank(Slip::Cheque),
            Method::Card { provider } => Account::CardClearing(provider.clone()),
            Method::CardStored { .. } => Account::CardOffline,
            Method::Transfer { .. } => Account::Bank(Slip::Transfer),
        }
    }

    /// Says whether its name can be one: something, not too long, and of letters that a file of accounts can hold.
    ///
    /// # Errors
    /// `required`, `too_long`, `payment.name`.
    pub fn check(&self) -> Result<(), Problem> {
        let name = self.name();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if name.is_empty() {
            return Err(Problem::new("required", self.word()));
        }
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(Problem::new("too_long", self.word()).with("max", NAME_CHARS_MAX));
        }
        if !name.chars().all(is_plain) {
            return Err(Problem::new("payment.name", self.word()));
        }
        Ok(())
    }
}

/// What was put on the counter and given back. Only the difference is the hospital's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tender {
    pub tendered_minor: i64,
    pub change_minor: i64,
}

impl Tender {
    /// Says whether it comes to the amount.
    ///
    /// # Errors
    /// `payment.tender`.
    pub fn check(self, amount: Money) -> Result<(), Problem> {
        let difference = self.tendered_minor.checked_sub(self.change_minor);
        if difference == Some(amount.minor) && self.change_minor >= 0 {
            return Ok(());
        }
        Err(Problem::new("payment.tender", "tendered_minor").with("amount", amount))
    }
}

/// Where a payment is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Asked for now: it may be refused.
    Counter(Excess),
    /// Taken at a desk without the hub: it is posted whatever became of the bill.
    Fact,
}

/// What becomes of more than is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    Refuse,
    KeepAsCredit,
}

/// A payment as it is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub written: Written,
    pub parts: Parts,
    pub exception: Option<Exception>,
}

/// Says what a payment does to a bill.
///
/// # Errors
/// `money.out_of_range` and `money.currency_mismatch`, always; at a counter also `bill.void`, `bill.already_paid` and
/// `payment.exceeds_balance`.
pub fn take(bill: &Bill, amount: Money, into: Account, origin: Origin) -> Result<Taken, Problem> {
    let amount = amount.of_payment()?;
    bill.currency.must_be(amount.currency)?;
    let owed = bill.balance();
    let applied = owed.min(amount.minor);
    let kept = amount.minor - applied;
    let exception = match (origin, bill.state()) {
        (Origin::Counter(_), BillState::Void) => return Err(Problem::new("bill.void", "bill")),
        (Origin::Counter(_), BillState::Paid) => {
            return Err(Problem::new("bill.already_paid", "bill"));
        }
        (Origin::Counter(Excess::Refuse), BillState::Open | BillState::PartiallyPaid)
            if kept > 0 =>
        {
            return Err(Problem::new("payment.exceeds_balance", "amount_minor").with("max", owed));
        }
        (Origin::Fact, BillState::Void) => Some(Exception::PaymentOnVoidBill),
        (Origin::Fact, BillState::Paid) => Some(Exception::DuplicateCollection),
        (Origin::Counter(_) | Origin::Fact, BillState::Open | BillState::PartiallyPaid) => None,
    };
    let parts = Parts { applied, kept };
    Ok(Taken {
        written: bill.with_payment(into, parts),
        parts,
        exception,
    })
}

/// Says what money does that comes in before there is a bill.
///
/// # Errors
/// `money.out_of_range`.
pub fn deposit(amount: Money, into: Account) -> Result<Journal, Problem> {
    let amount = amount.of_payment()?;
    let parts = Parts {
        applied: 0,
        kept: amount.minor,
    };
    Ok(journals::taken(amount.currency, into, parts))
}

/// What a desk without the hub took by card so far, and when it heard the hub last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredCards {
    pub count: u32,
    pub minor: i64,
    pub since_contact_ms: i64,
}

/// How much a desk may take by card without the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLimits {
    pub each_minor: i64,
    pub all_minor: i64,
    pub count: u32,
    pub contact_ms: i64,
}

impl StoredLimits {
    /// Returns what holds where the hospital sets nothing else: 5 000 each and 50 000 in all, a hundred of them, and a day.
    pub fn of(currency: Currency) -> Self {
        let unit = 10_i64.pow(u32::from(currency.exponent()));
        Self {
            each_minor: 5_000 * unit,
            all_minor: 50_000 * unit,
            count: 100,
            contact_ms: 86_400_000,
        }
    }
}

/// Says whether a desk may take money without the hub: cash and cheques always, cards within limits, nothing else.
///
/// # Errors
/// `payment.needs_hub`.
pub fn may_take_offline(
    method: &Method,
    amount: Money,
    stored: StoredCards,
    limits: StoredLimits,
) -> Result<(), Problem> {
    let is_within = match method {
        Method::Cash { .. } | Method::Cheque { .. } => true,
        Method::Card { .. } | Method::Transfer { .. } => false,
        Method::CardStored { .. } => {
            amount.minor <= limits.each_minor
                && stored.minor.saturating_add(amount.minor) <= limits.all_minor
                && stored.count < limits.count
                && stored.since_contact_ms <= limits.contact_ms
        }
    };
    if is_within {
        return Ok(());
    }
    Err(Problem::new("payment.needs_hub", "method"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inr(minor: i64) -> Money {
        Money::new(minor, Currency::parse("INR").expect("a currency"))
    }

    #[test]
    fn without_the_hub_cash_is_taken_and_cards_within_limits() {
        let limits = StoredLimits::of(inr(0).currency);
        let stored = Method::CardStored {
            reference: "1".into(),
        };
        let cash = Method::Cash {
            drawer: "front".into(),
        };
        let check = |method: &Method, minor: i64, before: StoredCards, expect: bool| {
            let found = may_take_offline(method, inr(minor), before, limits);
            assert_eq!(found.is_ok(), expect, "{method:?} {minor} {before:?}");
        };
        let none = StoredCards::default();
        check(&cash, 1_000_000_000, none, true);
        check(&stored, 500_000, none, true);
        check(&stored, 500_001, none, false);
        let of = |count, minor, since_contact_ms| StoredCards {
            count,
            minor,
            since_contact_ms,
        };
        check(&stored, 500_000, of(99, 4_500_000, 86_400_000), true);
        check(&stored, 500_000, of(99, 4_500_001, 0), false);
        check(&stored, 1, of(100, 0, 0), false);
        check(&stored, 1, of(0, 0, 86_400_001), false);
        check(&stored, 1, of(0, i64::MAX, 0), false);
        for name in ["card", "transfer"] {
            let method = match name {
                "card" => Method::Card {
                    provider: "stripe".into(),
                },
                _ => Method::Transfer {
                    reference: "1".into(),
                },
            };
            check(&method, 1, none, false);
        }
    }

    #[test]
    fn what_is_given_back_is_not_the_hospitals() {
        let check = |tendered_minor: i64, change_minor: i64, expect: bool| {
            let tender = Tender {
                tendered_minor,
                change_minor,
            };
            assert_eq!(tender.check(inr(10_500)).is_ok(), expect, "{tender:?}");
        };
        check(10_500, 0, true);
        check(20_000, 9_500, true);
        check(20_000, 9_499, false);
        check(10_400, -100, false);
        check(i64::MIN, 1, false);
    }

    #[test]
    fn a_drawer_has_a_plain_name() {
        let check = |drawer: &str, code: Option<&str>| {
            let method = Method::Cash {
                drawer: drawer.into(),
            };
            let found = method.check().err().map(|problem| problem.code);
            assert_eq!(found.as_deref(), code, "{drawer}");
        };
        check("front", None);
        check("A-1_b.2/3", None);
        check("", Some("required"));
        check(&"x".repeat(64), None);
        check(&"x".repeat(65), Some("too_long"));
        check("=cmd", Some("payment.name"));
        check("a b", Some("payment.name"));
    }
}
