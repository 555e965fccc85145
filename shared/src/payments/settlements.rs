//! What a gateway says it paid out, as the file of it: our own columns, Stripe's itemised report or Razorpay's of settlements.

use crate::money::Money;
use crate::money::currency::Currency;
use crate::problem::Problem;
use csv::{ReaderBuilder, StringRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Lines that are read of a file, at most.
pub const LINES_MAX: usize = 20_000;
/// Problems that are told of a file, at most.
const PROBLEMS_MAX: usize = 20;
const REFERENCE_CHARS: usize = 128;
/// What a gateway may keep of one line, at most.
const FEE_MAX: i64 = 1_000_000_000_000;

/// What moved money at the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moved {
    Charge,
    Refund,
    /// What the gateway keeps that belongs to no line.
    Fee,
    /// What it paid out to the hospital's bank.
    Payout,
    /// Disputes and the like: kept, and compared with nothing.
    Other,
}

impl Moved {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Moved::Charge => "charge",
            Moved::Refund => "refund",
            Moved::Fee => "fee",
            Moved::Payout => "payout",
            Moved::Other => "other",
        }
    }

    /// Reads what gateways call it.
    fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "charge" | "payment" => Moved::Charge,
            "refund" => Moved::Refund,
            "fee" => Moved::Fee,
            "payout" | "settlement" => Moved::Payout,
            _ => Moved::Other,
        }
    }
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The gateway's own name of it.
    pub reference: String,
    /// Our payment, if the gateway was told.
    pub payment: Option<Uuid>,
    pub moved: Moved,
    /// Never below nothing: what moved says which way.
    pub amount: Money,
    /// What the gateway keeps of it; below nothing where it gives a fee back.
    pub fee: i64,
    /// What the hospital has more with the gateway by it, less its fee.
    pub net: i64,
    /// The payout that it is a part of.
    pub payout: Option<String>,
    pub at_ms: i64,
}

/// What is written into the books of the lines of a file that no file had before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// What the gateway kept, in each currency.
    pub fees: BTreeMap<Currency, i64>,
    /// What it paid out, by its own name of it.
    pub payouts: Vec<(String, Money)>,
}

/// Returns what new lines come to in the books. Charges and refunds are there already.
pub fn book<'a>(new: impl IntoIterator<Item = &'a Settled>) -> Booked {
    let mut booked = Booked::default();
    for line in new {
        let fee = match line.moved {
            Moved::Fee => line.amount.minor + line.fee,
            Moved::Charge | Moved::Refund | Moved::Payout | Moved::Other => line.fee,
        };
        *booked.fees.entry(line.amount.currency).or_default() += fee;
        if line.moved == Moved::Payout && line.amount.minor > 0 {
            booked.payouts.push((line.reference.clone(), line.amount));
        }
    }
    booked.fees.retain(|_, minor| *minor != 0);
    booked
}

/// What a column is called, by us and by gateways.
const REFERENCE: &[&str] = &["reference", "balance_transaction_id", "entity_id"];
const PAYMENT: &[&str] = &["payment", "payment_metadata[payment_id]", "order_receipt"];
const MOVED: &[&str] = &["kind", "reporting_category", "type"];
const AMOUNT: &[&str] = &["amount", "gross"];
const CURRENCY: &[&str] = &["currency"];
const FEE: &[&str] = &["fee"];
const PAYOUT: &[&str] = &["payout", "automatic_payout_id", "settlement_id"];
const AT: &[&str] = &["at", "created_utc", "created_at", "created"];

/// Where each column is.
struct Columns {
    reference: usize,
    payment: Option<usize>,
    moved: usize,
    amount: usize,
    currency: usize,
    fee: Option<usize>,
    payout: Option<usize>,
    at: usize,
}

impl Columns {
    fn of(heading: &StringRecord) -> Result<Self, Problem> {
        let place = |names: &[&str]| {
            let is_it = |cell: &str| names.contains(&cell.trim().trim_start_matches('\u{feff}'));
            heading.iter().position(is_it)
        };
        let wanted = |names: &[&str]| {
            let missing = || Problem::new("settlement.column", "file").with("column", names[0]);
            place(names).ok_or_else(missing)
        };
        Ok(Self {
            reference: wanted(REFERENCE)?,
            payment: place(PAYMENT),
            moved: wanted(MOVED)?,
            amount: wanted(AMOUNT)?,
            currency: wanted(CURRENCY)?,
            fee: place(FEE),
            payout: place(PAYOUT),
            at: wanted(AT)?,
        })
    }

    fn read(&self, line: &StringRecord) -> Result<Settled, &'static str> {
        let cell = |at: usize| line.get(at).unwrap_or("").trim();
        let reference = cell(self.reference);
        if reference.is_empty() || reference.chars().count() > REFERENCE_CHARS {
            return Err("reference");
        }
        let currency = cell(self.currency).to_ascii_uppercase();
        let currency = Currency::parse(&currency).ok_or("currency")?;
        let minor = minor_of(cell(self.amount), currency).ok_or("amount")?;
        let amount = Money::new(minor.abs(), currency);
        let moved = Moved::of(cell(self.moved));
        let fee = self.fee.map(cell).filter(|text| !text.is_empty());
        let fee = fee.map_or(Some(0), |text| minor_of(text, currency));
        let fee = fee.filter(|fee| fee.abs() <= FEE_MAX).ok_or("fee")?;
        let gross = match moved {
            Moved::Charge => amount.minor,
            Moved::Refund | Moved::Fee | Moved::Payout => -amount.minor,
            Moved::Other => minor,
        };
        let payout = self.payout.map(cell).filter(|text| !text.is_empty());
        if payout.is_some_and(|text| text.chars().count() > REFERENCE_CHARS) {
            return Err("payout");
        }
        let payment = self.payment.map(cell).filter(|text| !text.is_empty());
        Ok(Settled {
            reference: reference.to_owned(),
            // a gateway has others' payments as well, which are named otherwise
            payment: payment.and_then(|text| Uuid::parse_str(text).ok()),
            moved,
            amount: amount.of_document().map_err(|_| "amount")?,
            fee,
            net: gross - fee,
            payout: payout.map(str::to_owned),
            at_ms: instant_of(cell(self.at)).ok_or("at")?,
        })
    }
}

/// Reads a decimal text as minor units: exactly, or not at all.
pub fn minor_of(text: &str, currency: Currency) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let places = usize::from(currency.exponent());
    let is_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let has_point = digits.contains('.');
    if whole.is_empty() || !is_digits(whole) || !is_digits(part) || has_point && part.is_empty() {
        return None;
    }
    let beyond = part.get(places..).unwrap_or("");
    if beyond.bytes().any(|c| c != b'0') {
        return None;
    }
    let kept = part.get(..places.min(part.len())).unwrap_or("");
    let minor: i64 = format!("{whole}{kept:0<places$}").parse().ok()?;
    Some(sign * minor)
}

/// Reads seconds of the epoch, an instant, or a moment by UTC.
fn instant_of(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1_000);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let moment: jiff::civil::DateTime = text.parse().ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_millisecond())
}

/// Reads a file whole, or says of each line what is wrong with it.
///
/// # Errors
/// `settlement.column`, `settlement.line`, `settlement.empty`, `too_long`.
pub fn read(file: &str) -> Result<Vec<Settled>, Vec<Problem>> {
    let mut reader = ReaderBuilder::new().from_reader(file.as_bytes());
    let unread = |_| vec![Problem::new("settlement.empty", "file")];
    let columns = Columns::of(reader.headers().map_err(unread)?).map_err(|one| vec![one])?;
    let (mut settled, mut problems) = (Vec::new(), Vec::new());
    for (line, number) in reader.records().zip(2_usize..) {
        if settled.len() == LINES_MAX {
            return Err(vec![
                Problem::new("too_long", "file").with("max", LINES_MAX),
            ]);
        }
        match line
            .map_err(|_| "cells")
            .and_then(|line| columns.read(&line))
        {
            Ok(line) => settled.push(line),
            Err(column) => {
                let problem = Problem::new("settlement.line", "file");
                problems.push(problem.with("line", number).with("column", column));
            }
        }
        if problems.len() == PROBLEMS_MAX {
            break;
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if settled.is_empty() {
        return Err(vec![Problem::new("settlement.empty", "file")]);
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "reference,payment,kind,amount,currency,at\n\
        ch_1,01935f2e-0000-7000-8000-000000000001,charge,105.00,INR,2026-11-20T10:00:00Z\n\
        ch_2,,refund,-35,INR,1795168800\n";

    #[test]
    fn files_of_three_kinds_are_read() {
        let lines = read(OURS).expect("our own");
        assert_eq!(
            (lines.len(), lines[0].amount.minor, lines[1].amount.minor),
            (2, 10_500, 3_500)
        );
        assert_eq!(
            (lines[0].moved, lines[1].moved),
            (Moved::Charge, Moved::Refund)
        );
        assert_eq!(
            lines[0].payment,
            Some(Uuid::from_u128(0x0193_5f2e_0000_7000_8000_0000_0000_0001))
        );
        assert_eq!(lines[0].at_ms, 1_795_168_800_000);
        assert_eq!(lines[1].at_ms, lines[0].at_ms);
        let stripe = "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,payment_metadata[payment_id]\r\n\
            txn_1,2026-11-20 10:00:00,inr,105.00,3.05,101.95,charge,01935f2e-0000-7000-8000-000000000001\r\n\
            txn_2,2026-11-20 11:00:00,inr,-1.00,0,-1.00,fee,\r\n";
        let stripe = read(stripe).expect("Stripe's");
        assert_eq!(stripe[0].payment, lines[0].payment);
        assert_eq!(
            (stripe[0].amount, stripe[0].at_ms),
            (lines[0].amount, lines[0].at_ms)
        );
        assert_eq!(stripe[1].moved, Moved::Fee);
        assert_eq!((stripe[0].fee, stripe[0].net), (305, 10_195));
        assert_eq!((stripe[1].fee, stripe[1].net), (0, -100));
        let razorpay = "entity_id,type,debit,credit,amount,currency,fee,tax,created_at,order_receipt\n\
            pay_DEXrnipqTmWVGE,payment,0,102.00,105,INR,3.00,0,1795168800,01935f2e-0000-7000-8000-000000000001\n";
        let razorpay = read(razorpay).expect("Razorpay's");
        assert_eq!(
            (razorpay[0].payment, razorpay[0].amount),
            (lines[0].payment, lines[0].amount)
        );
        assert_eq!(razorpay[0].net, 10_200);
    }

    #[test]
    fn fees_and_payouts_of_new_lines_are_booked_and_what_is_in_the_books_is_not() {
        let file = "reference,kind,amount,fee,currency,at,payout\n\
            ch_1,charge,105.00,3.05,INR,1,po_1\n\
            re_1,refund,35.00,-1.00,INR,2,po_1\n\
            fee_1,fee,0.50,,INR,3,po_1\n\
            ch_2,charge,1.00,0.10,EUR,3,\n\
            du_1,dispute,-2.00,,INR,3,po_1\n\
            po_1,payout,65.45,,INR,4,\n\
            po_0,payout,0,,INR,4,\n";
        let lines = read(file).expect("our own");
        let booked = book(&lines);
        let inr = lines[0].amount.currency;
        let eur = lines[3].amount.currency;
        // 305 less 100 given back, and 50 by itself
        assert_eq!(booked.fees, BTreeMap::from([(inr, 255), (eur, 10)]));
        assert_eq!(booked.payouts, [("po_1".to_owned(), lines[5].amount)]);
        // what is in the payout is what it pays
        let of_payout = lines.iter().filter(|line| line.payout.is_some());
        assert_eq!(of_payout.map(|line| line.net).sum::<i64>(), 6_545);
        assert_eq!(book(&lines[4..5]), Booked::default());
        let problems = read(&file.replace("3.05", "x")).expect_err("no amount");
        let column = problems[0].with.get("column").map(String::as_str);
        assert_eq!(column, Some("fee"));
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let check = |file: &str, code: &str, count: usize| {
            let problems = read(file).expect_err("refused");
            assert_eq!(
                (problems[0].code.as_str(), problems.len()),
                (code, count),
                "{file}"
            );
        };
        check("", "settlement.column", 1);
        check("reference,kind,amount,currency,at\n", "settlement.empty", 1);
        check(&OURS.replace("currency", "money"), "settlement.column", 1);
        check(&OURS.replace("105.00", "105.001"), "settlement.line", 1);
        check(&OURS.replace("105.00", "1,05.00"), "settlement.line", 1);
        check(&OURS.replace("INR", "XXX"), "settlement.line", 2);
    }

    #[test]
    fn a_decimal_is_read_exactly_or_not_at_all() {
        let check = |text: &str, currency: &str, expect: Option<i64>| {
            let currency = Currency::parse(currency).expect("a currency");
            assert_eq!(minor_of(text, currency), expect, "{text} {currency}");
        };
        check("105.00", "INR", Some(10_500));
        check("105", "INR", Some(10_500));
        check("105.5", "INR", Some(10_550));
        check("105.500", "INR", Some(10_550));
        check("-0.01", "INR", Some(-1));
        check("0.45", "KWD", Some(450));
        check("50", "JPY", Some(50));
        check("50.0", "JPY", Some(50));
        check("50.5", "JPY", None);
        check("105.005", "INR", None);
        check("1e2", "INR", None);
        check("1,000.00", "INR", None);
        check(".5", "INR", None);
        check("5.", "INR", None);
        check("", "INR", None);
        check("--5", "INR", None);
        check("٥", "INR", None);
        check("99999999999999999999", "INR", None);
    }
}
