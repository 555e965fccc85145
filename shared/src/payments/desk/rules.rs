//! What a desk may give a number to while the hub may be away, and what can be such a document at all.

use super::{BillHere, Document, Given, REASON_CHARS_MAX, ReceiptLine, TakeAsk, Tendered};
use crate::billing::BillState;
use crate::money::Money;
use crate::payments::receipts::ReceiptNumber;
use crate::payments::{
    Method, NAME_CHARS_MAX, StoredCards, StoredLimits, Tender, may_take_offline,
};
use crate::problem::Problem;

/// Says what a receipt would say. A desk asks for no more than is owed as far as it knows; what it gave already stands whatever the
/// hub says of the bill by then.
///
/// # Errors
/// `bill.void`, `bill.already_paid`, `payment.above_owed`, `payment.tender`, `payment.needs_hub`, `money.out_of_range`,
/// and what is wrong with a reference: all that are.
pub fn receipt(
    known: &BillHere,
    ask: &TakeAsk,
    drawer: &str,
    stored: StoredCards,
) -> Result<Given, Vec<Problem>> {
    let amount = Money::new(ask.minor, known.bill.gross.currency);
    let mut problems: Vec<Problem> = Vec::new();
    problems.extend(amount.of_payment().err());
    let state = match known.bill.state {
        BillState::Void => Some(Problem::new("bill.void", "bill")),
        BillState::Paid => Some(Problem::new("bill.already_paid", "bill")),
        BillState::Open | BillState::PartiallyPaid if known.owed.minor < 1 => {
            Some(Problem::new("bill.already_paid", "bill"))
        }
        BillState::Open | BillState::PartiallyPaid if ask.minor > known.owed.minor => {
            let most = known.owed;
            Some(Problem::new("payment.above_owed", "minor").with("max", most))
        }
        BillState::Open | BillState::PartiallyPaid => None,
    };
    problems.extend(state);
    let how = method(ask, drawer);
    let named = how.check().err();
    problems.extend(named.map(|problem| Problem {
        field: "reference".into(),
        ..problem
    }));
    let tender = ask.tendered_minor.map(|tendered_minor| Tender {
        tendered_minor,
        change_minor: tendered_minor.saturating_sub(ask.minor),
    });
    problems.extend(tender.and_then(|tender| tender.check(amount).err()));
    let limits = StoredLimits::of(amount.currency);
    problems.extend(may_take_offline(&how, amount, stored, limits).err());
    if problems.is_empty() {
        Ok(Given::Receipt {
            amount,
            how,
            tender,
        })
    } else {
        Err(problems)
    }
}

fn method(ask: &TakeAsk, drawer: &str) -> Method {
    let reference = ask.reference.as_deref().unwrap_or("").trim().to_owned();
    match ask.how {
        Tendered::Cash => Method::Cash {
            drawer: drawer.into(),
        },
        Tendered::Cheque => Method::Cheque { reference },
        Tendered::CardStored => Method::CardStored { reference },
    }
}

/// How long a desk may make its own receipts void.
pub const VOID_WITHIN_MS: i64 = 12 * 3_600_000;

/// Says what a document would say that makes a receipt void. After a shift the money is counted, and it is a refund.
///
/// # Errors
/// `receipt.void`, `receipt.not_one`, `receipt.too_late`, and what is wrong with the reason.
pub fn void(of: &ReceiptLine, reason: &str, now_ms: i64) -> Result<Given, Vec<Problem>> {
    let mut problems = Vec::new();
    if of.voided_by.is_some() {
        problems.push(Problem::new("receipt.void", "number"));
    }
    if of.amount.is_none() {
        problems.push(Problem::new("receipt.not_one", "number"));
    }
    if now_ms - of.at_ms > VOID_WITHIN_MS {
        problems.push(Problem::new("receipt.too_late", "number"));
    }
    problems.extend(reason_of(reason));
    if problems.is_empty() {
        Ok(Given::Void {
            of: of.number.clone(),
            reason: reason.trim().to_owned(),
        })
    } else {
        Err(problems)
    }
}

fn reason_of(reason: &str) -> Option<Problem> {
    if reason.trim().is_empty() {
        return Some(Problem::new("required", "reason"));
    }
    let is_long = reason.chars().count() > REASON_CHARS_MAX;
    is_long.then(|| Problem::new("too_long", "reason").with("max", REASON_CHARS_MAX))
}

impl Document {
    /// Says whether it can be a document at all, whatever it is about.
    ///
    /// # Errors
    /// `receipt.number`, `money.out_of_range`, `payment.tender`, `payment.needs_hub`, and what is wrong with a name or a reason.
    pub fn check(&self) -> Result<(), Problem> {
        ReceiptNumber::parse(&self.number)
            .ok_or_else(|| Problem::new("receipt.number", "number"))?;
        match &self.what {
            Given::Receipt {
                amount,
                how,
                tender,
            } => {
                amount.of_payment()?;
                how.check()?;
                tender.map_or(Ok(()), |tender| tender.check(*amount))?;
                match how {
                    Method::Cash { .. } | Method::Cheque { .. } | Method::CardStored { .. } => {
                        Ok(())
                    }
                    Method::Card { .. } | Method::Transfer { .. } => {
                        Err(Problem::new("payment.needs_hub", "how"))
                    }
                }
            }
            Given::Void { of, reason } => {
                if of.chars().count() > NAME_CHARS_MAX {
                    return Err(Problem::new("receipt.number", "of"));
                }
                reason_of(reason).map_or(Ok(()), Err)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::BillKind;
    use crate::ids::{RecordId, StaffId};
    use crate::money::currency::Currency;
    use crate::payments::desk::DeskBill;
    use uuid::Uuid;

    fn inr(minor: i64) -> Money {
        Money::new(minor, Currency::parse("INR").expect("a currency"))
    }

    fn bill(state: BillState, balance: i64, here_minor: i64) -> BillHere {
        BillHere {
            bill: DeskBill {
                id: Uuid::nil(),
                number: 1,
                patient: RecordId(Uuid::nil()),
                kind: BillKind::Consultation,
                state,
                net: inr(10_000),
                tax: inr(500),
                gross: inr(10_500),
                balance: inr(balance),
                issued_ms: 0,
                adds_to: None,
                what: None,
            },
            here_minor,
            owed: inr(balance - here_minor),
        }
    }

    fn ask(minor: i64) -> TakeAsk {
        TakeAsk {
            id: Uuid::nil(),
            bill: Uuid::nil(),
            how: Tendered::Cash,
            reference: None,
            minor,
            tendered_minor: None,
        }
    }

    fn codes(found: Result<Given, Vec<Problem>>) -> Vec<String> {
        let problems = found.err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_desk_takes_what_is_owed_as_far_as_it_knows() {
        let check = |known: &BillHere, ask: &TakeAsk, expect: &[&str]| {
            let found = receipt(known, ask, "desk-1", StoredCards::default());
            assert_eq!(codes(found), expect, "{known:?} {ask:?}");
        };
        let open = bill(BillState::Open, 10_500, 0);
        check(&open, &ask(10_500), &[]);
        check(&open, &ask(1), &[]);
        check(&open, &ask(0), &["money.out_of_range"]);
        check(&open, &ask(10_501), &["payment.above_owed"]);
        let half = bill(BillState::Open, 10_500, 10_000);
        check(&half, &ask(500), &[]);
        check(&half, &ask(501), &["payment.above_owed"]);
        let all = bill(BillState::Open, 10_500, 10_500);
        check(&all, &ask(1), &["bill.already_paid"]);
        check(
            &bill(BillState::Paid, 0, 0),
            &ask(1),
            &["bill.already_paid"],
        );
        check(&bill(BillState::Void, 0, 0), &ask(1), &["bill.void"]);
        let mut large = ask(10_500);
        large.tendered_minor = Some(20_000);
        check(&open, &large, &[]);
        large.tendered_minor = Some(10_499);
        check(&open, &large, &["payment.tender"]);
        large.tendered_minor = Some(i64::MIN);
        check(&open, &large, &["payment.tender"]);
        let mut cheque = ask(10_500);
        cheque.how = Tendered::Cheque;
        check(&open, &cheque, &["required"]);
        cheque.reference = Some(" 000451 ".into());
        check(&open, &cheque, &[]);
        cheque.reference = Some("=cmd|'".into());
        check(&open, &cheque, &["payment.name"]);
        // above the limit of cards without their bank
        let mut card = ask(10_500);
        (card.how, card.reference) = (Tendered::CardStored, Some("T1".into()));
        let many = StoredCards {
            count: 100,
            ..StoredCards::default()
        };
        let found = receipt(&open, &card, "desk-1", many);
        assert_eq!(codes(found), ["payment.needs_hub"]);
        check(&open, &card, &[]);
    }

    #[test]
    fn change_is_what_was_put_down_and_is_not_the_hospitals() {
        let mut ask = ask(10_500);
        ask.tendered_minor = Some(20_000);
        let open = bill(BillState::Open, 10_500, 0);
        let given = receipt(&open, &ask, "desk-1", StoredCards::default());
        let Ok(Given::Receipt { tender, how, .. }) = given else {
            unreachable!("it is a receipt")
        };
        assert_eq!(tender.map(|tender| tender.change_minor), Some(9_500));
        assert_eq!(how.name(), "desk-1");
    }

    fn document(what: Given) -> Document {
        Document {
            id: Uuid::nil(),
            number: "26A1-K7Q-000123".into(),
            patient: RecordId(Uuid::nil()),
            bill: Uuid::nil(),
            by: StaffId(Uuid::nil()),
            at_ms: 1_000,
            what,
        }
    }

    fn cash(minor: i64) -> Given {
        Given::Receipt {
            amount: inr(minor),
            how: Method::Cash {
                drawer: "desk-1".into(),
            },
            tender: None,
        }
    }

    #[test]
    fn a_receipt_is_made_void_once_with_a_reason_within_a_shift() {
        let check = |line: &ReceiptLine, reason: &str, now_ms: i64, expect: &[&str]| {
            assert_eq!(codes(void(line, reason, now_ms)), expect, "{line:?}");
        };
        let mut line = document(cash(10_500)).line();
        check(&line, "typed wrong", 1_000, &[]);
        check(&line, "typed wrong", 1_000 + VOID_WITHIN_MS, &[]);
        let late = 1_001 + VOID_WITHIN_MS;
        check(&line, "typed wrong", late, &["receipt.too_late"]);
        check(&line, " ", 1_000, &["required"]);
        check(&line, &"x".repeat(201), 1_000, &["too_long"]);
        line.voided_by = Some("26A1-K7Q-000124".into());
        check(&line, "again", 1_000, &["receipt.void"]);
        let (of, reason) = ("26A1-K7Q-000001".to_owned(), "wrong".to_owned());
        let not_one = document(Given::Void { of, reason }).line();
        check(&not_one, "again", 1_000, &["receipt.not_one"]);
    }

    #[test]
    fn a_document_is_about_what_a_desk_may_do_alone() {
        let check = |what: Given, expect: Option<&str>| {
            let found = document(what).check().err().map(|problem| problem.code);
            assert_eq!(found.as_deref(), expect);
        };
        check(cash(10_500), None);
        check(cash(0), Some("money.out_of_range"));
        let by_card = Given::Receipt {
            amount: inr(1),
            how: Method::Card {
                provider: "stripe".into(),
            },
            tender: None,
        };
        check(by_card, Some("payment.needs_hub"));
        let short = Given::Receipt {
            amount: inr(100),
            how: Method::Cash {
                drawer: "desk-1".into(),
            },
            tender: Some(Tender {
                tendered_minor: 50,
                change_minor: 0,
            }),
        };
        check(short, Some("payment.tender"));
        let void = |of: &str, reason: &str| Given::Void {
            of: of.into(),
            reason: reason.into(),
        };
        check(void("26A1-K7Q-000001", "wrong"), None);
        check(void("26A1-K7Q-000001", ""), Some("required"));
        check(void(&"x".repeat(65), "wrong"), Some("receipt.number"));
        let mut odd = document(cash(1));
        odd.number = "123".into();
        let found = odd.check().map_err(|problem| problem.code);
        assert_eq!(found, Err("receipt.number".into()));
    }
}
