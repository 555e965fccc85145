//! An insurer covers more than is still owed, since the patient paid meanwhile: a person says whose the difference is.

use crate::billing::{Bill, Written};
use crate::ledger::journals::{Cover, covered_and_kept};
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whose it is what an insurer covers above what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "types.gen.ts")]
pub enum Whose {
    /// The patient paid for what the insurer covers: that much of theirs stays with the hospital as theirs.
    Patient,
    /// The insurer covers no more than is owed; should it pay more, that goes back to it.
    Insurer,
}

/// How much a cover is above what is owed of a bill, and how much of it can be the patient's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export_to = "types.gen.ts")]
pub struct Excess {
    #[ts(type = "number")]
    pub minor: i64,
    /// What the patient paid and did not get back. No more than that goes to them.
    #[ts(type = "number")]
    pub patient_max: i64,
}

/// Returns how much what all insurers would cover is above what is owed; nothing when it is not.
pub fn excess(bill: &Bill, cover: Cover) -> Option<Excess> {
    let more = cover.benefit + cover.contractual - bill.cover.benefit - bill.cover.contractual;
    let minor = more - bill.balance();
    (minor > 0).then(|| Excess {
        minor,
        patient_max: bill.refundable(),
    })
}

/// What was decided about the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub written: Written,
    /// What the claim covers from now on.
    pub cover: Cover,
    /// What the patient has with the hospital more than before.
    pub kept: i64,
}

/// Settles it: `cover` is what one claim would cover, on a bill that it covers `before` of.
///
/// # Errors
/// `claim.no_excess` when nothing is to be settled, `claim.exceeds_patient` when the patient did not pay so much.
pub fn settle(bill: &Bill, before: Cover, cover: Cover, whose: Whose) -> Result<Settled, Problem> {
    let on_bill = |cover: Cover| Cover {
        benefit: bill.cover.benefit - before.benefit + cover.benefit,
        contractual: bill.cover.contractual - before.contractual + cover.contractual,
    };
    let Some(excess) = excess(bill, on_bill(cover)) else {
        return Err(Problem::new("claim.no_excess", "claim"));
    };
    match whose {
        Whose::Patient if excess.minor > excess.patient_max => {
            let problem = Problem::new("claim.exceeds_patient", "whose");
            Err(problem.with("max", excess.patient_max))
        }
        Whose::Patient => {
            let now = on_bill(cover);
            Ok(Settled {
                written: Written {
                    bill: Bill {
                        cover: now,
                        applied: bill.applied - excess.minor,
                        ..*bill
                    },
                    journal: covered_and_kept(bill.currency, bill.cover, now, excess.minor),
                },
                cover,
                kept: excess.minor,
            })
        }
        Whose::Insurer => {
            // what a contract takes off stands before what is paid
            let contractual = (cover.contractual - (excess.minor - cover.benefit).max(0)).max(0);
            let cover = Cover {
                benefit: (cover.benefit - excess.minor).max(0),
                contractual,
            };
            Ok(Settled {
                written: bill.with_cover(on_bill(cover))?,
                cover,
                kept: 0,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::BillKind;
    use crate::ledger::Account;
    use crate::ledger::journals::Parts;
    use crate::money::Money;
    use crate::money::currency::Currency;
    use crate::money::tax::RATE;

    /// A bill of 10 500 of which so much was paid.
    fn bill(paid: i64) -> Bill {
        let net = Money::new(10_000, Currency::parse("INR").expect("a currency"));
        let bill = Bill::issue(BillKind::Consultation, net, RATE).expect("a bill");
        let parts = Parts {
            applied: paid,
            kept: 0,
        };
        let drawer = Account::Cash("front".into());
        bill.bill.with_payment(drawer, parts).bill
    }

    fn cover(benefit: i64, contractual: i64) -> Cover {
        Cover {
            benefit,
            contractual,
        }
    }

    fn on(settled: &Settled, account: &Account) -> i64 {
        let lines = settled.written.journal.postings().iter();
        let lines = lines.filter(|line| line.account == *account);
        lines.map(|line| line.debit - line.credit).sum()
    }

    #[test]
    fn what_the_patient_paid_for_the_insurer_is_the_patients() {
        let settled = settle(
            &bill(4_000),
            Cover::default(),
            cover(7_200, 300),
            Whose::Patient,
        );
        let settled = settled.expect("1 000 too much");
        assert_eq!((settled.kept, settled.cover), (1_000, cover(7_200, 300)));
        let now = settled.written.bill;
        assert_eq!(
            (now.applied, now.balance(), now.cover),
            (3_000, 0, cover(7_200, 300))
        );
        assert_eq!(on(&settled, &Account::InsurerReceivable), 7_200);
        assert_eq!(on(&settled, &Account::Contractual), 300);
        assert_eq!(on(&settled, &Account::PatientReceivable), -6_500);
        assert_eq!(on(&settled, &Account::PatientCredit), -1_000);
    }

    #[test]
    fn an_insurer_covers_no_more_than_is_owed_where_the_rest_is_its_own() {
        let check = |paid: i64, asked: Cover, expect: Cover| {
            let settled = settle(&bill(paid), Cover::default(), asked, Whose::Insurer);
            let settled = settled.expect("too much");
            assert_eq!(
                (settled.cover, settled.kept),
                (expect, 0),
                "{paid} {asked:?}"
            );
            assert_eq!(settled.written.bill.balance(), 0);
            assert_eq!(settled.written.bill.applied, paid);
        };
        check(4_000, cover(7_200, 300), cover(6_200, 300));
        check(10_500, cover(7_200, 0), cover(0, 0));
        check(10_400, cover(7_200, 300), cover(0, 100));
        check(10_500, cover(7_200, 300), cover(0, 0));
    }

    #[test]
    fn no_more_goes_to_a_patient_than_they_paid_and_nothing_where_nothing_is_too_much() {
        let code = |bill: &Bill, asked: Cover, whose: Whose| {
            let settled = settle(bill, Cover::default(), asked, whose);
            settled.map_err(|problem| problem.code).err()
        };
        let most = cover(6_500, 0);
        for whose in [Whose::Patient, Whose::Insurer] {
            let none = Some("claim.no_excess".into());
            assert_eq!(code(&bill(4_000), most, whose), none);
        }
        let all = cover(10_500, 0);
        assert_eq!(code(&bill(4_000), all, Whose::Patient), None);
        // half of it is another insurer's
        let shared = Bill {
            cover: cover(6_500, 0),
            ..bill(4_000)
        };
        let too_much = Some("claim.exceeds_patient".into());
        assert_eq!(code(&shared, cover(4_001, 0), Whose::Patient), too_much);
        assert_eq!(code(&shared, cover(4_000, 0), Whose::Patient), None);
        assert_eq!(code(&shared, cover(4_001, 0), Whose::Insurer), None);
        // what the same claim covered before counts once
        let settled = settle(&shared, cover(6_500, 0), cover(7_000, 0), Whose::Patient);
        let settled = settled.expect("500 too much");
        assert_eq!(
            (settled.kept, settled.written.bill.cover),
            (500, cover(7_000, 0))
        );
        assert_eq!(on(&settled, &Account::InsurerReceivable), 500);
    }
}
