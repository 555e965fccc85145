//! What a patient has with the hospital pays a bill of theirs.

use crate::billing::{Bill, BillState, Written};
use crate::money::Money;
use crate::problem::Problem;

/// Pays a part of a bill with what is left of a payment.
///
/// # Errors
/// `money.out_of_range`, `money.currency_mismatch`, `bill.void`, `bill.already_paid`, `payment.exceeds_balance`, and
/// `credit.exceeds_left` with what is left.
pub fn spend(bill: &Bill, amount: Money, left: i64) -> Result<Written, Problem> {
    let amount = amount.of_payment()?;
    bill.currency.must_be(amount.currency)?;
    match bill.state() {
        BillState::Void => return Err(Problem::new("bill.void", "bill")),
        BillState::Paid => return Err(Problem::new("bill.already_paid", "bill")),
        BillState::Open | BillState::PartiallyPaid => {}
    }
    let owed = bill.balance();
    if amount.minor > owed {
        return Err(Problem::new("payment.exceeds_balance", "amount_minor").with("max", owed));
    }
    let problem = || Problem::new("credit.exceeds_left", "amount_minor").with("max", left);
    if amount.minor > left {
        return Err(problem());
    }
    bill.with_deposit(amount.minor).ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Around, BillKind};
    use crate::ledger::Account;
    use crate::money::currency::Currency;
    use crate::money::tax::RATE;

    fn of(minor: i64, letters: &str) -> Money {
        Money::new(minor, Currency::parse(letters).expect("a currency"))
    }

    fn bill() -> Bill {
        let issued = Bill::issue(BillKind::Consultation, of(10_000, "INR"), RATE);
        issued.expect("a bill").bill
    }

    #[test]
    fn credit_pays_a_bill_and_is_the_patients_no_more() {
        let written = spend(&bill(), of(4_000, "INR"), 5_000).expect("it is enough");
        assert_eq!(
            (written.bill.applied, written.bill.balance()),
            (4_000, 6_500)
        );
        let on = |account: &Account| -> i64 {
            let lines = written.journal.postings().iter();
            let lines = lines.filter(|line| line.account == *account);
            lines.map(|line| line.debit - line.credit).sum()
        };
        assert_eq!(on(&Account::PatientCredit), 4_000);
        assert_eq!(on(&Account::PatientReceivable), -4_000);
    }

    #[test]
    fn no_more_is_spent_than_is_owed_and_left() {
        let check = |bill: &Bill, amount: Money, left: i64, expect: Option<&str>| {
            let code = spend(bill, amount, left)
                .map_err(|problem| problem.code)
                .err();
            assert_eq!(code.as_deref(), expect, "{amount} of {left}");
        };
        let open = bill();
        check(&open, of(10_500, "INR"), 10_500, None);
        check(
            &open,
            of(10_501, "INR"),
            20_000,
            Some("payment.exceeds_balance"),
        );
        check(&open, of(501, "INR"), 500, Some("credit.exceeds_left"));
        check(&open, of(500, "INR"), 500, None);
        check(&open, of(0, "INR"), 500, Some("money.out_of_range"));
        check(&open, of(1, "EUR"), 500, Some("money.currency_mismatch"));
        let paid = open.with_deposit(10_500).expect("owed").bill;
        check(&paid, of(1, "INR"), 500, Some("bill.already_paid"));
        let void = open.void(Around::default()).expect("unpaid").bill;
        check(&void, of(1, "INR"), 500, Some("bill.void"));
    }
}
