//! What a patient is given about money: receipts, and bills.

use crate::press::{Error, Sheet, set};
use crate::slip::{Edition, Name, Patient, Printed, born, foot, missing};
use crate::words::{Piece, Words, clock};
use jiff::civil::{Date, Time};
use serde::Serialize;
use shared::billing::BillState;
use shared::money::Money;
use shared::payments::desk::{BillHere, Outcome, ReceiptLine, Tendered};

const TEMPLATE: (&str, &str) = ("money.typ", include_str!("../templates/money.typ"));

/// What a receipt says, or a document that makes one void.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptFacts {
    pub hospital: String,
    pub patient: Patient,
    pub line: ReceiptLine,
    /// The number of the bill; nothing while this desk does not know it.
    pub bill: Option<i64>,
    /// Who took it, and when by the hospital's clock.
    pub by: String,
    pub date: Date,
    pub time: Time,
    pub edition: Edition,
    pub printed: Printed,
}

/// What a bill says, as far as this desk knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct BillFacts {
    pub hospital: String,
    pub patient: Patient,
    pub bill: BillHere,
    pub issued: Date,
    /// When the hub said so, by the hospital's clock.
    pub as_of: Option<(Date, Time)>,
    pub printed: Printed,
}

/// Sets a receipt.
///
/// # Errors
/// [`Error`], when a changed template cannot be set.
pub fn receipt(facts: &ReceiptFacts, words: Words) -> Result<Sheet, Error> {
    set(TEMPLATE, &MoneySheet::of_receipt(facts, words))
}

/// Sets a bill.
///
/// # Errors
/// [`Error`], when a changed template cannot be set.
pub fn bill(facts: &BillFacts, words: Words) -> Result<Sheet, Error> {
    set(TEMPLATE, &MoneySheet::of_bill(facts, words))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MoneySheet {
    language: &'static str,
    title: &'static str,
    hospital: Piece,
    number: Piece,
    words: MoneyWords,
    patient: Name,
    born: String,
    mrn: Piece,
    standing: &'static str,
    is_firm: bool,
    copy: Option<&'static str>,
    rows: Vec<Line>,
    notes: Vec<Vec<Piece>>,
    missing: Option<&'static str>,
    foot: Vec<Piece>,
}

#[derive(Serialize)]
struct MoneyWords {
    name: &'static str,
    born: &'static str,
    number: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    label: &'static str,
    value: Piece,
    is_strong: bool,
}

fn line(label: &'static str, value: impl Into<String>) -> Line {
    Line {
        label,
        value: Piece::of(value),
        is_strong: false,
    }
}

fn strong(label: &'static str, value: Money) -> Line {
    Line {
        is_strong: true,
        ..line(label, value.to_string())
    }
}

impl MoneySheet {
    fn of_receipt(facts: &ReceiptFacts, words: Words) -> Self {
        let (line, standing) = (&facts.line, standing(&facts.line));
        let title = match line.voids {
            Some(_) => "receipt.voiding",
            None => "receipt.title",
        };
        let mut sheet = Self::about(&facts.hospital, &facts.patient, &facts.printed, words);
        sheet.title = words.say(title);
        sheet.number = Piece::of(&*line.number);
        sheet.standing = words.say(standing);
        sheet.is_firm = standing == "receipt.posted";
        sheet.copy = (facts.edition == Edition::Copy).then(|| words.say("slip.copy"));
        sheet.rows = receipt_rows(facts, words);
        if let Some(reason) = &line.reason {
            sheet
                .notes
                .push(words.fill("receipt.because", &[("reason", reason)]));
        }
        if let Some(number) = &line.voided_by {
            sheet
                .notes
                .push(words.fill("receipt.voidedBy", &[("number", number)]));
        } else if line.outcome.is_none() {
            sheet.notes.push(words.fill("receipt.provisional", &[]));
        }
        let texts = [&facts.by, line.reason.as_ref().unwrap_or(&facts.by)];
        sheet.missing = sheet.missing.or(missing(texts.into_iter(), words));
        sheet
    }

    fn of_bill(facts: &BillFacts, words: Words) -> Self {
        let bill = &facts.bill.bill;
        let mut sheet = Self::about(&facts.hospital, &facts.patient, &facts.printed, words);
        sheet.title = words.say("bill.title");
        sheet.number = Piece::of(bill.number.to_string());
        sheet.standing = words.say(&format!("BillState.{}", bill.state.word()));
        sheet.is_firm = bill.state == BillState::Paid;
        let here = Money::new(facts.bill.here_minor, bill.gross.currency);
        sheet.rows = vec![
            line(
                words.say("bill.issued"),
                words.date(&facts.issued.to_string()),
            ),
            line(
                words.say("bill.for"),
                words.say(&format!("BillKind.{}", bill.kind.word())),
            ),
        ];
        if let Some(first) = bill.adds_to {
            let first = line(words.say("bill.addsTo"), first.to_string());
            sheet.rows.push(first);
        }
        sheet.rows.extend([
            line(words.say("bill.net"), bill.net.to_string()),
            line(words.say("bill.tax"), bill.tax.to_string()),
            line(words.say("bill.gross"), bill.gross.to_string()),
        ]);
        if here.minor > 0 {
            let taken = line(words.say("bill.here"), here.to_string());
            sheet.rows.push(taken);
        }
        sheet
            .rows
            .push(strong(words.say("bill.owed"), facts.bill.owed));
        let as_of = facts
            .as_of
            .map(|(date, time)| format!("{} {}", words.date(&date.to_string()), clock(time)));
        let as_of = as_of.as_deref().unwrap_or(words.say("unknown"));
        sheet
            .notes
            .push(words.fill("bill.asOf", &[("time", as_of)]));
        if let Some(what) = &bill.what {
            sheet.notes.push(words.fill("bill.what", &[("what", what)]));
            sheet.missing = sheet.missing.or(missing([what].into_iter(), words));
        }
        sheet
    }

    /// A sheet about a patient that says nothing yet.
    fn about(hospital: &str, patient: &Patient, printed: &Printed, words: Words) -> Self {
        let (hospital, number) = (hospital.to_owned(), patient.number.as_deref());
        let texts = [&hospital, &patient.family, &patient.given];
        Self {
            language: words.language(),
            title: "",
            words: MoneyWords {
                name: words.say("column.name"),
                born: words.say("slip.born"),
                number: words.say("column.mrn"),
            },
            number: Piece::of(""),
            patient: Name::of(patient),
            born: born(patient, words),
            mrn: Piece::of(number.unwrap_or(words.say("unknown"))),
            standing: "",
            is_firm: false,
            copy: None,
            rows: Vec::new(),
            notes: Vec::new(),
            missing: missing(texts.into_iter(), words),
            foot: foot(printed, words),
            hospital: Piece::of(hospital),
        }
    }
}

/// The word of how a receipt stands.
fn standing(line: &ReceiptLine) -> &'static str {
    match (&line.voided_by, line.outcome) {
        (Some(_), _) => "receipt.void",
        (None, None) => "receipt.recorded",
        (None, Some(Outcome::Posted { .. } | Outcome::Voided)) => "receipt.posted",
        (None, Some(Outcome::Excepted { .. } | Outcome::Kept { .. })) => "receipt.lookedAt",
    }
}

fn receipt_rows(facts: &ReceiptFacts, words: Words) -> Vec<Line> {
    let from = &facts.line;
    let day = words.date(&facts.date.to_string());
    let mut rows = vec![
        line(
            words.say("column.when"),
            format!("{day} {}", clock(facts.time)),
        ),
        line(words.say("receipt.by"), &*facts.by),
    ];
    if let Some(bill) = facts.bill {
        rows.push(line(words.say("bill.title"), bill.to_string()));
    }
    if let Some(number) = &from.voids {
        rows.push(line(words.say("receipt.of"), &**number));
    }
    let Some(amount) = from.amount else {
        return rows;
    };
    let how = match from.how {
        Some(Tendered::Cheque) => "Tendered.cheque",
        Some(Tendered::CardStored) => "Tendered.card_stored",
        Some(Tendered::Cash) | None => "Tendered.cash",
    };
    rows.push(line(words.say("receipt.how"), words.say(how)));
    if let Some(reference) = &from.reference {
        rows.push(line(words.say("receipt.reference"), &**reference));
    }
    let money = |minor: i64| Money::new(minor, amount.currency).to_string();
    if let (Some(tendered), Some(change)) = (from.tendered_minor, from.change_minor) {
        rows.push(line(words.say("receipt.tendered"), money(tendered)));
        rows.push(line(words.say("receipt.change"), money(change)));
    }
    rows.push(strong(words.say("receipt.amount"), amount));
    rows
}
