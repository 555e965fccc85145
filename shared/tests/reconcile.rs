//! The daily reconciliation: nothing is found on ten thousand clean days of a made-up hospital, and each planted error is, alone.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod vectors;

use shared::billing::reconcile::{
    BillFacts, ChargeFacts, Check, ClearingFacts, DrawerFacts, Facts, PaymentFacts, PayoutFacts,
    SETTLED_WITHIN_MS, SeriesFacts, Sums, TWICE_MS, Wait, Waiting, Went, look,
};
use shared::billing::{Around, Bill, BillKind, Written};
use shared::ledger::journals::Cover;
use shared::ledger::{Account, Journal};
use shared::money::Money;
use shared::money::currency::Currency;
use shared::money::tax::RATE;
use shared::payments::{Excess, Origin, take};
use std::collections::BTreeMap;
use uuid::Uuid;
use vectors::Random;
use vectors::story::{START_MS, front, inr};

const DAYS: usize = 10_000;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// One day of a hospital, as what was written down of it.
struct Day {
    facts: Facts,
    /// What is in the drawer by the books.
    drawer: i64,
    ends_ms: i64,
    ids: u128,
}

fn card() -> Account {
    Account::CardClearing("stripe".into())
}

fn money(minor: i64, currency: Currency) -> Money {
    Money::new(minor, currency)
}

impl Day {
    fn new() -> Self {
        Self {
            facts: Facts::default(),
            drawer: 0,
            ends_ms: START_MS + DAY_MS,
            ids: 0,
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn write(&mut self, journal: &Journal) -> i64 {
        let of = |read: fn(&shared::ledger::Posting) -> i64| journal.postings().iter().map(read);
        self.facts.sums.push(Sums {
            subject: format!("journal {}", self.facts.sums.len()),
            currency: journal.currency(),
            debit: of(|line| line.debit).sum(),
            credit: of(|line| line.credit).sum(),
        });
        let on = |account: &Account| {
            let lines = journal.postings().iter();
            let lines = lines.filter(|line| line.account == *account);
            lines.map(|line| line.debit - line.credit).sum::<i64>()
        };
        self.drawer += on(&front());
        on(&Account::PatientReceivable)
    }

    fn store(&mut self, at: usize, written: &Written) {
        let moved = self.write(&written.journal);
        let facts = &mut self.facts.bills[at];
        facts.bill = written.bill;
        facts.receivable += moved;
    }

    fn issue(&mut self, random: &mut Random) -> usize {
        let kinds = [
            BillKind::Consultation,
            BillKind::Cancellation,
            BillKind::NoShow,
        ];
        let kind = kinds[usize::try_from(random.below(3)).expect("few")];
        let written = Bill::issue(kind, inr(random.below(50_000)), RATE).expect("a bill");
        let receivable = self.write(&written.journal);
        let id = self.id();
        self.facts.bills.push(BillFacts {
            id,
            bill: written.bill,
            receivable,
            issued: 1,
        });
        self.facts.bills.len() - 1
    }

    fn pay(&mut self, at: usize, minor: i64, into: &Account, at_ms: i64) {
        let BillFacts {
            id: bill,
            bill: known,
            ..
        } = self.facts.bills[at];
        let amount = money(minor, known.currency);
        let taken = take(
            &known,
            amount,
            into.clone(),
            Origin::Counter(Excess::Refuse),
        );
        let Ok(taken) = taken else { return };
        self.store(at, &taken.written);
        let id = self.id();
        let payment = PaymentFacts {
            id,
            bill: Some(bill),
            currency: known.currency,
            minor,
            posted: minor,
            at_ms,
        };
        self.facts.payments.push(payment.clone());
        self.facts.lately.push(payment);
        if *into == card() {
            self.facts.charges.push(ChargeFacts {
                went: if id.as_u128().is_multiple_of(2) {
                    Went::In
                } else {
                    Went::Back
                },
                subject: id.to_string(),
                currency: known.currency,
                ours: Some(minor),
                theirs: (at_ms % 3 != 0).then_some(minor),
                at_ms,
                settled_until_ms: Some(self.ends_ms),
            });
        }
    }

    /// Lets one visit pay in one of the usual ways.
    fn visit(&mut self, random: &mut Random, at_ms: i64) {
        let at = self.issue(random);
        let owed = |day: &Self| day.facts.bills[at].bill.balance();
        let all = owed(self);
        let half = all / 2;
        match random.below(7) {
            0 => {}
            1 => self.pay(at, all, &front(), at_ms),
            2 => self.pay(at, all, &card(), at_ms),
            // two halves, while the queue waits
            3 => {
                self.pay(at, half, &front(), at_ms);
                self.pay(at, owed(self), &card(), at_ms + TWICE_MS + 1);
            }
            4 => {
                self.pay(at, all, &front(), at_ms);
                let refund = self.facts.bills[at]
                    .bill
                    .refund(1 + random.below(all.max(1)));
                if let Ok(written) = refund {
                    self.store(at, &written);
                }
            }
            5 => {
                let void = self.facts.bills[at].bill.void(Around::default());
                self.store(at, &void.expect("nobody paid"));
            }
            _ => {
                let cover = Cover {
                    benefit: half,
                    contractual: 0,
                };
                let covered = self.facts.bills[at].bill.with_cover(cover);
                self.store(at, &covered.expect("it is owed"));
                self.pay(at, owed(self), &front(), at_ms);
            }
        }
    }

    /// What is written down at the end: receipts, the drawer, the sums of the currency, what still waits.
    fn close(mut self, random: &mut Random) -> Facts {
        let receipts = self.facts.payments.iter().zip(1_u32..);
        let came: Vec<(u32, u64)> = receipts
            .map(|(_, number)| (number, u64::from(number) * 7))
            .collect();
        self.facts.series.push(SeriesFacts {
            code: "26A1-K7Q".into(),
            last: u32::try_from(came.len()).expect("few"),
            came,
        });
        self.facts.drawers.push(DrawerFacts {
            subject: "front 1".into(),
            currency: inr(0).currency,
            expected: self.drawer,
            counted: self.drawer,
        });
        let side = |read: fn(&Sums) -> i64| self.facts.sums.iter().map(read).sum::<i64>();
        let (debit, credit) = (side(|sums| sums.debit), side(|sums| sums.credit));
        self.facts.sums.push(Sums {
            subject: "INR".into(),
            currency: inr(0).currency,
            debit,
            credit,
        });
        let paid = random.below(50_000);
        let lines = [None, Some(paid)];
        for lines in lines {
            self.facts.payouts.push(PayoutFacts {
                subject: format!("po_{}", lines.is_some()),
                currency: inr(0).currency,
                paid,
                lines,
            });
        }
        for has_paid_out in [false, true] {
            let minor = random.below(50_000);
            self.facts.clearing.push(ClearingFacts {
                provider: format!("stripe {has_paid_out}"),
                currency: inr(0).currency,
                minor: if has_paid_out { minor } else { -minor },
                has_paid_out,
            });
        }
        for wait in Wait::ALL {
            self.facts.waiting.push(Waiting {
                wait,
                subject: format!("{wait:?}"),
                since_ms: self.ends_ms - random.below(wait.patience_ms() + 1),
            });
        }
        self.facts
    }
}

fn clean_day(random: &mut Random) -> Facts {
    let mut day = Day::new();
    for visit in 0..1 + random.below(12) {
        day.visit(random, START_MS + visit * 30 * MINUTE_MS);
    }
    day.close(random)
}

const NOW_MS: i64 = START_MS + DAY_MS;

#[test]
fn ten_thousand_clean_days_raise_no_alarm() {
    let mut random = Random::from_env();
    let (mut bills, mut payments) = (0, 0);
    for day in 0..DAYS {
        let facts = clean_day(&mut random);
        assert_eq!(look(&facts, NOW_MS), [], "day {day}");
        bills += facts.bills.len();
        payments += facts.payments.len();
    }
    assert!(
        bills > 5 * DAYS && payments > 3 * DAYS,
        "{bills} {payments}"
    );
}

fn one_of<'a, T>(random: &mut Random, all: &'a mut [T]) -> Option<&'a mut T> {
    let count = i64::try_from(all.len()).expect("few");
    all.get_mut(usize::try_from(random.below(count)).expect("few"))
}

/// One charge, or what went back of one, as the check looks at them.
fn charge<'a>(
    random: &mut Random,
    facts: &'a mut Facts,
    check: Check,
) -> Option<&'a mut ChargeFacts> {
    let is_back = [
        Check::RefundDiffers,
        Check::RefundedNotHere,
        Check::RefundedNotThere,
    ];
    let went = if is_back.contains(&check) {
        Went::Back
    } else {
        Went::In
    };
    let one = one_of(random, &mut facts.charges)?;
    one.went = went;
    Some(one)
}

/// Plants one error; says whether the day had room for it.
fn plant(random: &mut Random, facts: &mut Facts, check: Check) -> bool {
    let wrong = 1 + random.below(1_000);
    let wait = |facts: &mut Facts, of: Wait| {
        let waiting = facts.waiting.iter_mut().find(|one| one.wait == of);
        let since_ms = NOW_MS - of.patience_ms() - 1;
        waiting.map(|one| one.since_ms = since_ms)
    };
    let planted = match check {
        Check::LedgerSums => one_of(random, &mut facts.sums).map(|one| one.credit += wrong),
        Check::BillBalance => one_of(random, &mut facts.bills).map(|one| one.receivable -= wrong),
        Check::BillWithoutJournal => one_of(random, &mut facts.bills).map(|one| one.issued = 0),
        Check::ReceiptPosting => {
            one_of(random, &mut facts.payments).map(|one| one.posted -= one.minor)
        }
        Check::ReceiptSeries => facts.series[0].came.pop().map(|_| ()),
        Check::DrawerCount => one_of(random, &mut facts.drawers).map(|one| one.counted -= wrong),
        Check::PaymentPending => wait(facts, Wait::Payment),
        Check::KeyInProgress => wait(facts, Wait::Key),
        Check::CardStoredLong => wait(facts, Wait::CardStored),
        Check::EventWaits => wait(facts, Wait::Event),
        Check::SettlementDiffers | Check::RefundDiffers => {
            charge(random, facts, check).map(|one| {
                one.theirs = one.ours.map(|ours| ours - wrong);
            })
        }
        Check::CapturedNotHere | Check::RefundedNotHere => {
            charge(random, facts, check).map(|one| {
                one.theirs = one.ours.take();
            })
        }
        Check::CapturedNotThere | Check::RefundedNotThere => {
            charge(random, facts, check).map(|one| {
                one.theirs = None;
                one.settled_until_ms = Some(one.at_ms + SETTLED_WITHIN_MS);
            })
        }
        Check::PayoutDiffers => one_of(random, &mut facts.payouts).map(|one| {
            one.lines = Some(one.paid + wrong);
        }),
        Check::PaidOutTooMuch => facts.clearing.last_mut().map(|one| one.minor = -wrong),
        Check::PaidTwice => one_of(random, &mut facts.lately).cloned().map(|mut again| {
            again.id = Uuid::from_u128(u128::MAX);
            again.at_ms += random.below(TWICE_MS + 1);
            facts.lately.push(again);
        }),
    };
    planted.is_some()
}

#[test]
fn each_planted_error_is_found_and_nothing_else() {
    let mut random = Random::from_env();
    let mut planted: BTreeMap<Check, usize> = BTreeMap::new();
    for _ in 0..300 {
        for check in Check::ALL {
            let mut facts = clean_day(&mut random);
            if !plant(&mut random, &mut facts, check) {
                continue;
            }
            let found = look(&facts, NOW_MS);
            let mut found: Vec<Check> = found.iter().map(|one| one.check).collect();
            // the same half may come again before the other half comes
            found.dedup();
            assert_eq!(found, [check]);
            *planted.entry(check).or_default() += 1;
        }
    }
    assert!(planted.values().all(|count| *count > 100), "{planted:?}");
    assert_eq!(planted.len(), Check::ALL.len());
}

#[test]
fn what_is_just_in_time_is_no_error() {
    let check = |facts: Facts, expect: &[Check]| {
        let found = look(&facts, NOW_MS);
        let found: Vec<Check> = found.iter().map(|one| one.check).collect();
        assert_eq!(found, expect);
    };
    for wait in Wait::ALL {
        let at = |since_ms| Facts {
            waiting: vec![Waiting {
                wait,
                subject: "it".into(),
                since_ms,
            }],
            ..Facts::default()
        };
        check(at(NOW_MS - wait.patience_ms()), &[]);
        check(at(NOW_MS - wait.patience_ms() - 1), &[wait.check()]);
    }
    let payment = |id: u128, bill: u128, minor: i64, at_ms: i64| PaymentFacts {
        id: Uuid::from_u128(id),
        bill: (bill > 0).then(|| Uuid::from_u128(bill)),
        currency: inr(0).currency,
        minor,
        posted: minor,
        at_ms,
    };
    let two = |other: PaymentFacts| Facts {
        lately: vec![other, payment(1, 1, 500, 0)],
        ..Facts::default()
    };
    check(two(payment(2, 1, 500, TWICE_MS)), &[Check::PaidTwice]);
    check(two(payment(2, 1, 500, TWICE_MS + 1)), &[]);
    check(two(payment(2, 2, 500, 0)), &[]);
    check(two(payment(2, 1, 501, 0)), &[]);
    check(two(payment(2, 0, 500, 0)), &[]);
    let charge = |until_ms| Facts {
        charges: vec![ChargeFacts {
            went: Went::In,
            subject: "ch_1".into(),
            currency: inr(0).currency,
            ours: Some(1),
            theirs: None,
            at_ms: 0,
            settled_until_ms: until_ms,
        }],
        ..Facts::default()
    };
    check(charge(None), &[]);
    check(charge(Some(SETTLED_WITHIN_MS - 1)), &[]);
    check(charge(Some(SETTLED_WITHIN_MS)), &[Check::CapturedNotThere]);
}

#[test]
fn what_is_found_again_is_the_same_and_with_other_figures_another() {
    let found = |receivable: i64, now_ms: i64| {
        let bill = Bill::issue(BillKind::Consultation, inr(100), RATE)
            .expect("a bill")
            .bill;
        let facts = Facts {
            bills: vec![BillFacts {
                id: Uuid::nil(),
                bill,
                receivable,
                issued: 1,
            }],
            waiting: vec![Waiting {
                wait: Wait::Key,
                subject: "key".into(),
                since_ms: 0,
            }],
            ..Facts::default()
        };
        let found = look(&facts, now_ms);
        found.iter().map(|one| one.cause()).collect::<Vec<_>>()
    };
    assert_eq!(found(1, NOW_MS), found(1, NOW_MS + DAY_MS));
    assert_ne!(found(1, NOW_MS), found(2, NOW_MS));
    assert_eq!(
        found(1, NOW_MS)[0],
        format!("check:BILL_BALANCE:{}:105:1", Uuid::nil())
    );
}
