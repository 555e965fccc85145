//! One visit and its money, told event by event, with the books beside it.

use shared::billing::facts::{Course, Fact, Heard, Moment, Step, Trust, Visit, hear};
use shared::billing::{Around, Bill, BillKind, BillState, Exception, Written};
use shared::ledger::journals::{self, Cover, Parts};
use shared::ledger::{Account, Balances, Journal, post};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::money::tax::RATE;
use shared::payments::{Excess, Origin, deposit, take};
use shared::problem::Problem;
use std::collections::BTreeMap;

pub(crate) const START_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;

pub(crate) struct Story {
    pub(crate) visit: Visit,
    /// Every bill of the visit as it is now.
    pub(crate) bills: BTreeMap<BillKind, Bill>,
    pub(crate) journals: Vec<Journal>,
    pub(crate) books: Balances,
    pub(crate) exception: Option<Exception>,
    pub(crate) refusal: Option<Problem>,
}

pub(crate) fn inr(minor: i64) -> Money {
    Money::new(minor, Currency::parse("INR").expect("a currency"))
}

pub(crate) fn front() -> Account {
    Account::Cash("front".into())
}

impl Story {
    pub(crate) fn of_fee(net: i64) -> Self {
        Self {
            visit: Visit {
                start_ms: START_MS,
                fee: inr(net),
                rate: RATE,
                course: Course::Booked,
                bill: None,
                deposit: 0,
            },
            bills: BTreeMap::new(),
            journals: Vec::new(),
            books: Balances::new(),
            exception: None,
            refusal: None,
        }
    }

    /// Returns what an account has more on the side that grows it.
    pub(crate) fn on(&self, account: Account) -> i64 {
        let key = (account, self.visit.fee.currency);
        self.books.get(&key).copied().unwrap_or_default().abs()
    }

    pub(crate) fn owed(&self) -> i64 {
        self.bills.values().map(Bill::balance).sum()
    }

    fn write(&mut self, journal: Journal) {
        post(&mut self.books, &journal);
        self.journals.push(journal);
    }

    fn store(&mut self, written: Written) {
        self.bills.insert(written.bill.kind, written.bill);
        self.visit.bill = Some(written.bill);
        self.write(written.journal);
    }

    fn try_store(&mut self, written: Result<Written, Problem>) {
        match written {
            Ok(written) => self.store(written),
            Err(problem) => self.refusal = Some(problem),
        }
    }

    pub(crate) fn hear(&mut self, fact: &Fact) {
        match hear(&self.visit, fact) {
            Err(problem) => self.refusal = Some(problem),
            Ok(Heard {
                visit,
                steps,
                exception,
                ..
            }) => {
                for step in steps {
                    match step {
                        Step::Issue(written) | Step::Change(written) => self.store(written),
                        Step::Release(journal) => self.write(journal),
                    }
                }
                self.visit = visit;
                self.exception = exception.or(self.exception);
            }
        }
    }

    fn pay(&mut self, minor: i64, into: Account, origin: Origin) {
        let Some(bill) = self.visit.bill else {
            self.refusal = Some(Problem::new("bill.none", ""));
            return;
        };
        match take(&bill, inr(minor), into, origin) {
            Ok(taken) => {
                self.exception = taken.exception.or(self.exception);
                self.store(taken.written);
            }
            Err(problem) => self.refusal = Some(problem),
        }
    }

    fn hand_out(&mut self, from: Account, minor: i64) {
        if minor > self.on(Account::RefundsPayable) {
            self.refusal = Some(Problem::new("refund.exceeds_paid", ""));
            return;
        }
        self.write(journals::paid_out(self.visit.fee.currency, from, minor));
    }

    fn on_bill(&mut self, act: impl FnOnce(&Bill) -> Result<Written, Problem>) {
        let Some(bill) = self.visit.bill else {
            self.refusal = Some(Problem::new("bill.none", ""));
            return;
        };
        self.try_store(act(&bill));
    }

    /// Lets one event happen, told in words: `cash 4000`, `cancel 90`.
    pub(crate) fn happen(&mut self, event: &str) {
        let mut words = event.split_whitespace();
        let word = words.next().expect("an event has a word");
        let numbers: Vec<i64> = words.map(super::number).collect();
        let first = || *numbers.first().expect("the event has a number");
        let counter = Origin::Counter(Excess::Refuse);
        let card = || Account::CardClearing("stripe".into());
        let before = |minutes: i64| START_MS - minutes * MINUTE_MS;
        let ended = Moment::known(START_MS + 30 * MINUTE_MS);
        let completed = |at: Moment, what: u64| Fact::Completed { at, what };
        let between = |trust| Fact::Cancelled {
            at: Moment {
                at_ms: before(first()),
                earliest_ms: before(numbers[1]),
                latest_ms: before(numbers[2]),
                trust,
            },
        };
        match word {
            "complete" => self.hear(&completed(ended, 1)),
            "complete_other" => self.hear(&completed(ended, 2)),
            "complete_early" => self.hear(&completed(Moment::known(START_MS - 1), 1)),
            "no_show" => self.hear(&Fact::NoShow),
            "cancel" => self.hear(&Fact::Cancelled {
                at: Moment::known(before(first())),
            }),
            "doubtful" => self.hear(&between(Trust::Low)),
            "sure" => self.hear(&between(Trust::High)),
            "cash" => self.pay(first(), front(), counter),
            "card" => self.pay(first(), card(), counter),
            "keep" => self.pay(first(), front(), Origin::Counter(Excess::KeepAsCredit)),
            "fact" => self.pay(first(), front(), Origin::Fact),
            "stored" => self.pay(first(), Account::CardOffline, Origin::Fact),
            "decline" => {
                let (applied, kept) = (first(), 0);
                let parts = Parts { applied, kept };
                self.exception = Some(Exception::PaymentReturned);
                self.on_bill(|bill| bill.with_return(Account::CardOffline, parts));
            }
            "deposit" => {
                let journal = deposit(inr(first()), front()).expect("a deposit");
                self.visit.deposit += first();
                self.write(journal);
            }
            "void" => self.on_bill(|bill| bill.void(Around::default())),
            "refund" => self.on_bill(|bill| bill.refund(first())),
            "cover" => {
                let (benefit, contractual) = (first(), 0);
                self.on_bill(|bill| {
                    bill.with_cover(Cover {
                        benefit,
                        contractual,
                    })
                });
            }
            "hand_out" => self.hand_out(front(), first()),
            "return_card" => self.hand_out(card(), first()),
            "count" => {
                let currency = self.visit.fee.currency;
                self.write(journals::counted(currency, "front", first(), numbers[1]));
            }
            _ => unreachable!("{event} is no event of a table"),
        }
    }

    /// Says what must hold of the books after whatever happened.
    pub(crate) fn check(&self, told: &str) {
        let all: i64 = self.books.values().sum();
        assert_eq!(all, 0, "the books make nothing: {told}");
        let key = |account: Account| (account, self.visit.fee.currency);
        let on = |account: Account| self.books.get(&key(account)).copied().unwrap_or_default();
        assert_eq!(on(Account::PatientReceivable), self.owed(), "{told}");
        for ((account, _), minor) in &self.books {
            let grown = match account.grows() {
                shared::ledger::Grows::Debit | shared::ledger::Grows::Both => *minor,
                shared::ledger::Grows::Credit => -minor,
            };
            let may = grown >= 0 || !account.is_never_negative();
            assert!(may, "{account} is at {grown}: {told}");
        }
        for bill in self.bills.values() {
            assert!((0..=bill.gross()).contains(&bill.balance()), "{told}");
            assert!((0..=bill.gross()).contains(&bill.applied), "{told}");
            assert!((0..=bill.applied).contains(&bill.returned), "{told}");
            assert!((0..=bill.tax).contains(&bill.taken_back.tax), "{told}");
            let is_void = bill.state() == BillState::Void;
            assert!(!is_void || bill.applied == 0, "{told}");
        }
        assert!(
            self.on(Account::PatientCredit) >= self.visit.deposit,
            "{told}"
        );
    }
}
