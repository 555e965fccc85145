//! Bills and the books against the tables in `vectors/`.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod vectors;

use shared::billing::claims::{ClaimState, Coverage, Event, NotEligible, Terms, active_on, split};
use shared::billing::facts::{Course, Moment, Trust};
use shared::billing::{Around, Bill, BillKind, Exception, RefundState};
use shared::ledger::{Account, Journal};
use shared::money::tax::RATE;
use shared::payments::{Excess, Origin, take};
use vectors::story::{START_MS, Story, front, inr};
use vectors::{lines, number};

fn told(events: &str, net: i64) -> Story {
    let mut story = Story::of_fee(net);
    for event in events.split(';').map(str::trim) {
        story.happen(event);
        story.check(events);
    }
    story
}

fn shown(journal: &Journal) -> String {
    let line = |(account, debit, credit): (&Account, i64, i64)| match debit {
        0 => format!("{account}-{credit}"),
        debit => format!("{account}+{debit}"),
    };
    let lines = journal.postings().iter();
    let lines = lines.map(|one| line((&one.account, one.debit, one.credit)));
    lines.collect::<Vec<_>>().join(" ")
}

fn word(exception: Option<Exception>) -> &'static str {
    exception.map_or("", Exception::word)
}

#[test]
fn every_event_writes_its_journal() {
    for line in lines(include_str!("vectors/journals.csv")) {
        let story = told(line[1], 10_000);
        let journals: Vec<String> = story.journals.iter().map(shown).collect();
        assert_eq!(journals.join("; "), line[2], "{}", line[0]);
        let state = story.visit.bill.map_or("", |bill| bill.state().word());
        assert_eq!(
            (state, word(story.exception)),
            (line[3], line[4]),
            "{}",
            line[0]
        );
        assert_eq!(story.refusal, None, "{}", line[0]);
    }
}

#[test]
fn a_late_cancellation_costs_half_of_the_net_fee_and_its_tax() {
    for line in lines(include_str!("vectors/fees.csv")) {
        let numbers: Vec<i64> = line.iter().map(|cell| number(cell)).collect();
        let [net, gross, fee, tax, fee_gross, back] = numbers[..] else {
            unreachable!("the table has six columns");
        };
        assert_eq!(net + RATE.on(net), gross, "{line:?}");
        let mut story = Story::of_fee(net);
        if gross > 0 {
            story.happen(&format!("deposit {gross}"));
        }
        story.happen("cancel 90");
        story.check(line[0]);
        let bill = story
            .visit
            .bill
            .map(|bill| (bill.net, bill.tax, bill.gross()));
        assert_eq!(bill, (net > 0).then_some((fee, tax, fee_gross)), "{line:?}");
        assert_eq!(story.on(Account::RefundsPayable), back, "{line:?}");
        assert_eq!(fee_gross + back, gross, "{line:?}");
    }
}

#[test]
fn what_is_heard_late_or_twice_or_otherwise_comes_to_what_the_table_says() {
    for line in lines(include_str!("vectors/late_facts.csv")) {
        let story = told(line[0], 10_000);
        let course = match story.visit.course {
            Course::Booked => "booked",
            Course::Completed(_) => "completed",
            Course::Cancelled { .. } => "cancelled",
            Course::NoShow => "no_show",
        };
        let order = [
            BillKind::NoShow,
            BillKind::Cancellation,
            BillKind::Consultation,
        ];
        let bills = order.iter().filter_map(|kind| story.bills.get(kind));
        let bills = bills.map(|bill| format!("{} {}", bill.kind.word(), bill.state().word()));
        let found = [
            course.to_owned(),
            bills.collect::<Vec<_>>().join(" + "),
            story.owed().to_string(),
            story.on(Account::RefundsPayable).to_string(),
            story.on(Account::PatientCredit).to_string(),
            word(story.exception).to_owned(),
            story.refusal.map_or(String::new(), |problem| problem.code),
        ];
        assert_eq!(found.as_slice(), &line[1..], "{}", line[0]);
    }
}

#[test]
fn a_moment_is_kept_between_what_the_hub_knows() {
    let check = |reckoned: i64, expect: i64| {
        let moment = Moment::clamped(reckoned, 100, 200, Trust::High);
        assert_eq!(moment.at_ms, expect);
        assert_eq!((moment.earliest_ms, moment.latest_ms), (100, 200));
    };
    check(150, 150);
    check(100 - 86_400_000, 100);
    check(200 + 86_400_000, 200);
    assert_eq!(Moment::known(START_MS).earliest_ms, START_MS);
}

#[test]
fn at_a_counter_what_cannot_be_is_refused() {
    let check = |events: &str, code: &str| {
        let refusal = told(events, 10_000).refusal;
        assert_eq!(
            refusal.map(|problem| problem.code).as_deref(),
            Some(code),
            "{events}"
        );
    };
    check("complete; cash 10501", "payment.exceeds_balance");
    check("complete; cash 0", "money.out_of_range");
    check("complete; cash 10500; cash 1", "bill.already_paid");
    check("complete; cash 10500; keep 1", "bill.already_paid");
    check("complete; void; cash 1", "bill.void");
    check("complete; cash 1; void", "bill.already_paid");
    check("complete; void; void", "bill.void");
    check("complete; cover 1; void", "bill.claim_active");
    check("complete; cover 10501", "claim.exceeds_balance");
    check("complete; refund 1", "bill.not_paid");
    check("complete; cash 1; refund 1", "bill.not_paid");
    check("complete; void; refund 1", "bill.void");
    check("complete; cash 10500; refund 0", "money.out_of_range");
    check("complete; cash 10500; refund 10501", "refund.exceeds_paid");
    check(
        "complete; cash 10500; refund 10500; refund 1",
        "refund.exceeds_paid",
    );
    check(
        "complete; cover 7200; cash 3300; refund 3301",
        "refund.exceeds_paid",
    );
    check(
        "complete; stored 10500; refund 1; decline 10500",
        "bill.was_refunded",
    );
}

#[test]
fn a_bill_is_voided_only_when_nothing_is_going_on() {
    let bill = Bill::issue(BillKind::Consultation, inr(10_000), RATE)
        .expect("a bill")
        .bill;
    let check = |around: Around, code: &str| {
        assert_eq!(bill.void(around).expect_err("refused").code, code);
    };
    let (payments_pending, claims_active) = (1, 1);
    check(
        Around {
            payments_pending,
            claims_active: 0,
        },
        "bill.payment_pending",
    );
    check(
        Around {
            payments_pending: 0,
            claims_active,
        },
        "bill.claim_active",
    );
}

#[test]
fn a_bill_of_nothing_is_paid_at_once_and_one_of_too_much_is_none() {
    let bill = |net: i64| Bill::issue(BillKind::Consultation, inr(net), RATE);
    let nothing = bill(0).expect("a bill");
    assert_eq!(nothing.bill.state().word(), "paid");
    assert_eq!(nothing.journal.postings().len(), 0);
    assert_eq!(bill(-1).expect_err("refused").code, "money.out_of_range");
    assert_eq!(
        bill(1_000_000_000_000).expect_err("refused").code,
        "money.out_of_range"
    );
    assert!(bill(952_380_952_380).is_ok());
}

#[test]
fn a_refunded_bill_stays_paid() {
    let state = |events: &str| {
        told(events, 10_000)
            .visit
            .bill
            .expect("a bill")
            .refund_state()
    };
    assert_eq!(state("complete; cash 10500"), RefundState::None);
    assert_eq!(
        state("complete; cash 10500; refund 1"),
        RefundState::Partial
    );
    assert_eq!(
        state("complete; cash 10500; refund 1; refund 10499"),
        RefundState::Full
    );
    assert_eq!(
        state("complete; cover 7200; cash 3300; refund 3300"),
        RefundState::Full
    );
}

#[test]
fn money_of_another_currency_pays_nothing() {
    let bill = Bill::issue(BillKind::Consultation, inr(10_000), RATE)
        .expect("a bill")
        .bill;
    let mut yen = inr(1);
    yen.currency = shared::money::currency::Currency::parse("JPY").expect("a currency");
    for origin in [Origin::Counter(Excess::KeepAsCredit), Origin::Fact] {
        let refused = take(&bill, yen, front(), origin).expect_err("refused");
        assert_eq!(refused.code, "money.currency_mismatch");
    }
}

#[test]
fn an_insurers_share_is_split_as_the_table_says() {
    for line in lines(include_str!("vectors/split.csv")) {
        let of = |at: usize| number(line[at]);
        let terms = Terms {
            eligible: of(1),
            deductible: of(2),
            copay_basis_points: u32::try_from(of(3)).expect("a share"),
        };
        let above = if line[4] == "patient" {
            NotEligible::PatientPays
        } else {
            NotEligible::WrittenOff
        };
        let found = split(of(0), terms, above);
        let parts = (found.cover.benefit, found.cover.contractual, found.patient);
        assert_eq!(parts, (of(5), of(6), of(7)), "{line:?}");
        assert_eq!(parts.0 + parts.1 + parts.2, of(0), "{line:?}");
    }
}

#[test]
fn claims_go_their_way() {
    use ClaimState as At;
    let whole = Event::Adjudicate {
        covered: 10,
        submitted: 10,
    };
    let part = Event::Adjudicate {
        covered: 9,
        submitted: 10,
    };
    let none = Event::Adjudicate {
        covered: 0,
        submitted: 10,
    };
    let check = |events: &[Event], expect: At| {
        let state = events
            .iter()
            .try_fold(At::Draft, |at, event| at.after(*event));
        assert_eq!(state, Ok(expect), "{events:?}");
    };
    let sent = [Event::Check, Event::Submit, Event::Submit, Event::Accept];
    let with = |more: &[Event]| [&sent[..], more].concat();
    check(&with(&[]), At::Accepted);
    check(
        &with(&[
            whole,
            Event::Pay {
                paid: 9,
                benefit: 10,
            },
        ]),
        At::PaidPartial,
    );
    check(
        &with(&[
            part,
            whole,
            Event::Pay {
                paid: 10,
                benefit: 10,
            },
            Event::Close,
        ]),
        At::Closed,
    );
    check(&with(&[none, Event::Appeal]), At::Appealed);
    check(&with(&[Event::Cancel]), At::Cancelled);
    check(&[Event::StrikeOut], At::EnteredInError);
    check(&[Event::Check, Event::Submit, Event::Reject], At::Rejected);
}

#[test]
fn what_cannot_happen_to_a_claim_does_not() {
    use ClaimState as At;
    let whole = Event::Adjudicate {
        covered: 10,
        submitted: 10,
    };
    for (at, event) in [
        (At::Draft, Event::Submit),
        (At::Approved, Event::Cancel),
        (At::Cancelled, Event::Submit),
        (
            At::Denied,
            Event::Pay {
                paid: 1,
                benefit: 1,
            },
        ),
        (At::Closed, whole),
        (At::Submitted, Event::StrikeOut),
    ] {
        assert_eq!(at.after(event).expect_err("refused").code, "claim.state");
    }
}

#[test]
fn claims_speak_fhir() {
    use ClaimState as At;
    let words: Vec<_> = At::ALL
        .iter()
        .map(|at| (at.fhir().claim, at.fhir().outcome))
        .collect();
    assert_eq!(words[0], ("draft", None));
    assert_eq!(words[2], ("active", None));
    assert_eq!(words[3], ("active", Some("queued")));
    assert_eq!(words[4], ("active", Some("error")));
    assert_eq!(words[5], ("active", Some("complete")));
    assert_eq!(
        (words[12].0, words[13].0),
        ("cancelled", "entered-in-error")
    );
}

#[test]
fn coverage_is_asked_in_its_order_and_only_while_it_is_good() {
    let day = |text: &str| text.parse().expect("a day");
    let of = |order, from, until: Option<&str>| Coverage {
        order,
        from: day(from),
        until: until.map(day),
    };
    let all = [
        of(2, "2026-01-01", None),
        of(1, "2026-01-01", Some("2026-06-30")),
        of(3, "2026-07-01", None),
    ];
    let orders = |at: &str| {
        let active = active_on(&all, day(at)).into_iter();
        active.map(|one| one.order).collect::<Vec<_>>()
    };
    assert_eq!(orders("2026-06-30"), [1, 2]);
    assert_eq!(orders("2026-07-01"), [2, 3]);
    assert_eq!(orders("2025-12-31"), Vec::<u32>::new());
}
