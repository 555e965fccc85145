//! The arithmetic of money against its tables in `vectors/`, and over every small amount there is.

#[expect(dead_code, reason = "each test program takes what it needs")]
mod vectors;

use shared::money::currency::Currency;
use shared::money::tax::{RATE, TakenBack, half, spread, taken_back};
use shared::money::{DOCUMENT_MAX, Money};
use vectors::{Random, lines, list, number};

#[test]
fn tax_is_what_the_table_says() {
    for line in lines(include_str!("vectors/tax.csv")) {
        let currency = Currency::parse(line[0]).expect("a currency of the table");
        let (net, tax) = (number(line[1]), number(line[2]));
        assert_eq!(RATE.on(net), tax, "{line:?}");
        assert_eq!(RATE.on(-net), -tax, "a full reversal is nothing: {line:?}");
        let gross = Money::new(net, currency).plus(Money::new(tax, currency));
        assert_eq!(
            gross.map(|gross| gross.minor),
            Ok(number(line[3])),
            "{line:?}"
        );
    }
}

#[test]
fn tax_is_reckoned_once_for_a_bill_and_then_spread() {
    for line in lines(include_str!("vectors/tax_of_lines.csv")) {
        let nets = list(line[0]);
        let tax = RATE.on(nets.iter().sum());
        assert_eq!(tax, number(line[1]), "{line:?}");
        assert_eq!(spread(tax, &nets), list(line[2]), "{line:?}");
        let of_each: i64 = nets.iter().map(|net| RATE.on(*net)).sum();
        assert_ne!(
            of_each, tax,
            "lines that round on their own give another tax: {line:?}"
        );
    }
}

#[test]
fn an_amount_is_spread_by_the_largest_remainder() {
    for line in lines(include_str!("vectors/spread.csv")) {
        assert_eq!(
            spread(number(line[0]), &list(line[1])),
            list(line[2]),
            "{line:?}"
        );
    }
    assert_eq!(spread(5, &[]), Vec::<i64>::new());
}

#[test]
fn a_price_with_its_tax_in_it_is_parted() {
    for line in lines(include_str!("vectors/tax_within.csv")) {
        let expect = (number(line[1]), number(line[2]));
        assert_eq!(RATE.within(number(line[0])), expect, "{line:?}");
    }
}

#[test]
fn taking_a_bill_back_in_parts_reverses_its_tax_exactly() {
    for line in lines(include_str!("vectors/tax_taken_back.csv")) {
        let (gross, tax) = (number(line[0]), number(line[1]));
        let mut before = TakenBack::default();
        let mut taxes = Vec::new();
        for part in list(line[2]) {
            let more = taken_back(gross, tax, before, part);
            taxes.push(more);
            before = TakenBack {
                gross: before.gross + part,
                tax: before.tax + more,
            };
        }
        assert_eq!(taxes, list(line[3]), "{line:?}");
        assert!(before.gross < gross || before.tax == tax, "{line:?}");
    }
}

/// What holds of every amount.
fn check(net: i64) {
    let tax = RATE.on(net);
    let off_by = i128::from(tax) * 20 - i128::from(net);
    assert!((-10..=10).contains(&off_by), "more than half a unit: {net}");
    assert!(off_by != -10, "half of a unit goes up: {net}");
    let gross = net + tax;
    let fee = half(net);
    let fee_gross = fee + RATE.on(fee);
    assert!((0..=1).contains(&(2 * fee - net)), "{net}");
    assert!(
        (0..=gross).contains(&fee_gross),
        "a refund below nothing: {net}"
    );
    let (net_within, tax_within) = RATE.within(gross);
    assert_eq!(net_within + tax_within, gross, "{net}");
    assert!((net_within - net).abs() <= 1, "{net}");
}

#[test]
fn every_amount_up_to_two_thousand_rounds_within_half_a_unit() {
    (0..=200_000).for_each(check);
}

#[test]
fn large_amounts_round_and_spread_exactly_too() {
    let mut random = Random::from_env();
    for _ in 0..20_000 {
        check(random.below(DOCUMENT_MAX + 1));
        let amount = random.below(DOCUMENT_MAX);
        let count = 1 + random.below(12);
        let weights: Vec<i64> = (0..count).map(|_| random.below(1_000_000)).collect();
        let parts = spread(amount, &weights);
        assert_eq!(parts.iter().sum::<i64>(), amount, "{weights:?}");
        let all: i64 = weights.iter().sum();
        for (part, weight) in parts.iter().zip(&weights).filter(|_| all > 0) {
            let exact = i128::from(amount) * i128::from(*weight);
            let off_by = i128::from(*part) * i128::from(all) - exact;
            assert!(off_by.abs() < i128::from(all), "{amount} over {weights:?}");
        }
        let gross = 1 + random.below(DOCUMENT_MAX - 1);
        let tax = random.below(gross);
        let mut before = TakenBack::default();
        while before.gross < gross {
            let most = gross - before.gross;
            let part = (1 + random.below(most)).max(most / 3 + 1);
            let more = taken_back(gross, tax, before, part.min(most));
            assert!(more >= 0);
            before.gross += part.min(most);
            before.tax += more;
        }
        assert_eq!(before.tax, tax);
    }
}
