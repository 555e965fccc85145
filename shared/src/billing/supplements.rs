//! A charge that comes after a visit was billed: the bill stays as it was issued, and another one that names it has the rest.

use super::{Bill, BillKind, Standing, Written};
use crate::money::Money;
use crate::problem::Problem;

/// Letters of what was charged late, at most.
pub const WHAT_CHARS: usize = 200;

/// Writes a supplement to a bill, with its tax rate: it is for the same visit.
///
/// # Errors
/// All that are: `required` and `too_long` for what it is, `bill.void`, `bill.no_supplement` for a bill that is not of a visit
/// which took place, `money.currency_mismatch`, `money.out_of_range`.
pub fn supplement(first: &Bill, what: &str, net: Money) -> Result<Written, Vec<Problem>> {
    let mut problems = Vec::new();
    let what = what.trim();
    if what.is_empty() {
        problems.push(Problem::new("required", "what"));
    }
    if what.chars().count() > WHAT_CHARS {
        problems.push(Problem::new("too_long", "what").with("max", WHAT_CHARS));
    }
    let code = match (first.standing, first.kind) {
        (Standing::Void, _) => Some("bill.void"),
        (Standing::Issued, BillKind::Consultation) => None,
        (
            Standing::Issued,
            BillKind::Cancellation
            | BillKind::NoShow
            | BillKind::Supplement
            | BillKind::Pharmacy
            | BillKind::Lab,
        ) => Some("bill.no_supplement"),
    };
    problems.extend(code.map(|code| Problem::new(code, "adds_to")));
    let amount = net.of_payment();
    problems.extend(
        amount
            .and_then(|net| first.currency.must_be(net.currency))
            .err(),
    );
    if !problems.is_empty() {
        return Err(problems);
    }
    Bill::issue(BillKind::Supplement, net, first.rate).map_err(|problem| vec![problem])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Around;
    use crate::ledger::Account;
    use crate::money::currency::Currency;
    use crate::money::tax::{RATE, Rate};

    fn of(minor: i64, letters: &str) -> Money {
        Money::new(minor, Currency::parse(letters).expect("a currency"))
    }

    fn bill(kind: BillKind) -> Bill {
        let rate = Rate {
            basis_points: 1_000,
            ..RATE
        };
        let issued = Bill::issue(kind, of(10_000, "INR"), rate);
        issued.expect("a bill").bill
    }

    #[test]
    fn a_late_charge_has_a_bill_of_its_own_with_the_tax_of_the_visit() {
        let first = bill(BillKind::Consultation);
        let written = supplement(&first, "Dressing", of(45, "INR")).expect("a supplement");
        assert_eq!(written.bill.kind, BillKind::Supplement);
        // 4.5, half up
        assert_eq!((written.bill.net, written.bill.tax), (45, 5));
        assert_eq!(written.bill.rate, first.rate);
        let owed = written.journal.postings().iter();
        let owed = owed.filter(|line| line.account == Account::PatientReceivable);
        assert_eq!(owed.map(|line| line.debit).sum::<i64>(), 50);
    }

    #[test]
    fn a_supplement_is_to_a_bill_of_a_visit_that_took_place() {
        let check = |first: &Bill, what: &str, net: Money, expect: &[&str]| {
            let problems = supplement(first, what, net).err().unwrap_or_default();
            let codes: Vec<&str> = problems.iter().map(|one| one.code.as_str()).collect();
            assert_eq!(codes, expect, "{first:?} {what:?} {net}");
        };
        let first = bill(BillKind::Consultation);
        check(&first, "Dressing", of(1, "INR"), &[]);
        check(&first, &"x".repeat(WHAT_CHARS), of(1, "INR"), &[]);
        check(
            &first,
            &"x".repeat(WHAT_CHARS + 1),
            of(1, "INR"),
            &["too_long"],
        );
        check(
            &first,
            " ",
            of(0, "INR"),
            &["required", "money.out_of_range"],
        );
        check(
            &first,
            "Dressing",
            of(1, "EUR"),
            &["money.currency_mismatch"],
        );
        for kind in BillKind::ALL {
            let expect: &[&str] = match kind {
                BillKind::Consultation => &[],
                BillKind::Cancellation
                | BillKind::NoShow
                | BillKind::Supplement
                | BillKind::Pharmacy
                | BillKind::Lab => &["bill.no_supplement"],
            };
            check(&bill(kind), "Dressing", of(1, "INR"), expect);
        }
        let void = first.void(Around::default()).expect("nobody paid").bill;
        check(&void, "Dressing", of(1, "INR"), &["bill.void"]);
    }
}
