//! Sheets are read back as a person and a scanner would: their text from the PDF, their codes from a picture of it.

use jiff::civil::{date, time};
use print::{BillFacts, ReceiptFacts, bill, receipt};
use print::{
    DayListFacts, Edition, Patient, Printed, Sheet, SlipFacts, Visit, Words, day_list, slip,
};
use shared::payments::desk::{BillHere, ReceiptLine};
use shared::scheduling::AppointmentStatus;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const ID: &str = "0190b2a4-7c1e-7f00-8000-00000000a001";

fn patient(family: &str, given: &str) -> Patient {
    Patient {
        family: family.into(),
        given: given.into(),
        born: Some("1984-03-05".into()),
        number: Some("100-200-3".into()),
    }
}

fn facts() -> SlipFacts {
    SlipFacts {
        hospital: "St Elsewhere".into(),
        patient: patient("Okafor", "Ada"),
        appointment: ID.into(),
        doctor: "Dr Lin Wei".into(),
        department: "Cardiology".into(),
        date: date(2027, 3, 1),
        time: time(9, 30, 0, 0),
        status: AppointmentStatus::Booked,
        edition: Edition::First,
        printed: printed(),
    }
}

fn printed() -> Printed {
    Printed {
        by: "Maria Rossi".into(),
        date: date(2027, 2, 20),
        time: time(14, 5, 0, 0),
    }
}

/// Runs a program of poppler or zbar on a sheet and returns what it says.
fn read(sheet: &Sheet, program: &str, args: &[&str]) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("sheet.pdf"), sheet.pdf().expect("a PDF")).expect("a file");
    if program == "zbarimg" {
        let made = Command::new("pdftoppm")
            .args([
                "-r",
                "200",
                "-gray",
                "-png",
                "-singlefile",
                "sheet.pdf",
                "sheet",
            ])
            .current_dir(dir.path())
            .status();
        assert!(made.expect("pdftoppm, of poppler-utils").success());
    }
    let answer = Command::new(program)
        .args(args)
        .current_dir(dir.path())
        .output()
        .expect("a program that ./dev setup installs");
    String::from_utf8(answer.stdout).expect("UTF-8")
}

fn text(sheet: &Sheet) -> String {
    read(sheet, "pdftotext", &["-layout", "sheet.pdf", "-"])
}

/// Where each word begins and ends across its page, and which it is.
fn words(sheet: &Sheet) -> Vec<(f64, f64, String)> {
    let at = |line: &str, name: &str| -> f64 {
        let value = line.split(&format!("{name}=\"")).nth(1);
        let value = value.and_then(|rest| rest.split('"').next());
        value.and_then(|n| n.parse().ok()).expect("a number")
    };
    read(sheet, "pdftotext", &["-bbox", "sheet.pdf", "-"])
        .lines()
        .filter(|line| line.contains("<word"))
        .map(|line| {
            let word = line
                .split('>')
                .nth(1)
                .and_then(|rest| rest.split('<').next());
            (
                at(line, "xMin"),
                at(line, "xMax"),
                word.unwrap_or("").to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_slip_says_who_comes_when_to_whom() {
    let said = text(&slip(&facts(), Words::of("en")).expect("a slip"));
    for expect in [
        "St Elsewhere",
        "OKAFOR, Ada",
        "05-Mar-1984",
        "100-200-3",
        "Dr Lin Wei",
        "Cardiology",
        "Monday 01-Mar-2027",
        "09:30",
        "Confirmed",
        "Maria Rossi",
        "20-Feb-2027 14:05",
    ] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
    assert!(!said.contains("Copy"), "{said}");
    let said = text(&slip(&facts(), Words::of("fr")).expect("a slip"));
    for expect in ["Rendez-vous", "lundi 01-mars-2027", "Confirmé", "Né(e) le"] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
}

#[test]
fn every_status_stands_there_in_words() {
    for status in AppointmentStatus::ALL {
        let expect = match status {
            AppointmentStatus::Booked => "Confirmed",
            AppointmentStatus::Pending | AppointmentStatus::Proposed => "To be confirmed",
            AppointmentStatus::Waitlist => "Needs rebooking",
            AppointmentStatus::Cancelled => "Cancelled",
            AppointmentStatus::NoShow => "Did not come",
            AppointmentStatus::Arrived => "Arrived",
            AppointmentStatus::CheckedIn => "In the room",
            AppointmentStatus::Fulfilled => "Seen",
            AppointmentStatus::EnteredInError => "Entered in error",
        };
        let facts = SlipFacts {
            status: *status,
            ..facts()
        };
        let said = text(&slip(&facts, Words::of("en")).expect("a slip"));
        assert!(said.contains(expect), "{expect} in {said}");
        let is_firm = said.contains("Confirmed");
        assert_eq!(is_firm, *status == AppointmentStatus::Booked, "{said}");
    }
}

#[test]
fn a_second_print_is_marked_as_a_copy() {
    let facts = SlipFacts {
        edition: Edition::Copy,
        ..facts()
    };
    let said = text(&slip(&facts, Words::of("en")).expect("a slip"));
    assert!(said.contains("Copy"), "{said}");
}

#[test]
fn a_scanner_reads_the_number_and_the_appointment() {
    let sheet = slip(&facts(), Words::of("en")).expect("a slip");
    let read = read(&sheet, "zbarimg", &["--quiet", "sheet.png"]);
    let mut codes: Vec<&str> = read.lines().collect();
    codes.sort_unstable();
    assert_eq!(codes, ["CODE-128:100-200-3", &format!("QR-Code:{ID}")]);
}

#[test]
fn a_sheet_brings_its_fonts_whatever_the_script() {
    for (family, given) in [("Okafor", "Ada"), ("محمود", "ליאל"), ("大江", "健")] {
        let facts = SlipFacts {
            patient: patient(family, given),
            ..facts()
        };
        let sheet = slip(&facts, Words::of("en")).expect("a slip");
        let fonts = read(&sheet, "pdffonts", &["sheet.pdf"]);
        // name, type, encoding, whether it is embedded …: two lines of heading, then one for each
        let fonts: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(!fonts.is_empty(), "{family}");
        for font in fonts {
            let is_embedded = font.split_whitespace().rev().nth(4);
            assert_eq!(is_embedded, Some("yes"), "{font}");
        }
    }
}

#[test]
fn names_from_right_to_left_leave_what_stands_beside_them_in_order() {
    for (family, given) in [("محمود", "ليلى"), ("כהן", "שרה"), ("محمود", "Layla")]
    {
        let facts = DayListFacts {
            visits: vec![Visit {
                time: time(9, 30, 0, 0),
                patient: patient(family, given),
                reason: "حمى".into(),
                status: AppointmentStatus::Booked,
            }],
            ..day(0)
        };
        let words = words(&day_list(&facts, Words::of("en")).expect("a list"));
        let find = |text: &str| {
            let letters = |text: &str| text.chars().collect::<BTreeSet<char>>();
            let found = words
                .iter()
                .find(|(_, _, word)| word == text || letters(word) == letters(text));
            found.expect("the word is on the sheet")
        };
        // words of a PDF come as they are drawn: letters from left to right, some of them in two pieces
        // the family comes first, and first is at the right
        assert!(find(family).0 > find(given).0, "{words:?}");
        // the number comes after the name, whole and from left to right
        let number = words.iter().find(|(_, _, word)| word == "100-200-3");
        let number = number.expect("the number from left to right, in one piece");
        assert!(number.0 > find(family).0, "{words:?}");
    }
}

#[test]
fn letters_that_cannot_be_printed_are_said() {
    let warning = "Some letters on this sheet cannot be printed";
    let check = |family: &str, expect: bool| {
        let facts = SlipFacts {
            patient: patient(family, "A"),
            ..facts()
        };
        let said = text(&slip(&facts, Words::of("en")).expect("a slip"));
        assert_eq!(said.contains(warning), expect, "{said}");
    };
    check("王", true);
    check("Wang", false);
    check("محمود", false);
}

fn day(visits: usize) -> DayListFacts {
    let visit = |n: usize| Visit {
        time: time(8, 0, 0, 0),
        patient: patient(
            &format!("Wolfeschlegelsteinhausenbergerdorff{n} van der Hohenfels"),
            "Maximiliana Konstantina Alexandrina Theodora",
        ),
        reason: format!("Follow-up after the operation, wound looked red; ends{n}x"),
        status: AppointmentStatus::Pending,
    };
    DayListFacts {
        hospital: "St Elsewhere".into(),
        doctor: "Dr Lin Wei".into(),
        date: date(2027, 3, 1),
        visits: (0..visits).map(visit).collect(),
        printed: printed(),
    }
}

#[test]
fn forty_long_lines_are_all_there_and_inside_the_page() {
    let sheet = day_list(&day(40), Words::of("en")).expect("a list");
    let said = text(&sheet);
    let flat: String = said.split_whitespace().collect();
    for n in 0..40 {
        assert!(flat.contains(&format!("ends{n}x")), "line {n} in {said}");
    }
    assert_eq!(said.matches("To be confirmed").count(), 40);
    let pages = sheet.pages().len();
    assert!(pages > 1);
    for n in 1..=pages {
        assert!(said.contains(&format!("Page {n} of {pages}")), "{said}");
    }
    let words = words(&sheet);
    let column = words.iter().find(|(_, _, word)| word == "Reason");
    let reasons = column.expect("the head of the table").0;
    // A4 is 595 points wide; 12 mm are 34
    for (from, to, word) in words {
        // the foot of the page runs below all columns
        let is_name = word.starts_with("WOLFE") || word.contains("DORFF");
        assert!(!is_name || to < reasons, "{word} runs into the reasons");
        assert!(from >= 33.0 && to <= 562.0, "{word} from {from} to {to}");
    }
}

#[test]
fn a_day_without_visits_has_lines_for_walk_ins() {
    let said = text(&day_list(&day(0), Words::of("en")).expect("a list"));
    assert!(
        said.contains("Page 1 of 1") && said.contains("Dr Lin Wei"),
        "{said}"
    );
}

fn line() -> ReceiptLine {
    let line = serde_json::json!({
        "number": "26A1-K7Q-000123", "bill": ID, "patient": ID, "by": ID, "atMs": 0,
        "amount": { "amount_minor": 10_500, "currency": "INR" }, "how": "cash", "reference": null, "tenderedMinor": 20_000,
        "changeMinor": 9_500, "voids": null, "reason": null, "voidedBy": null, "isPrinted": false, "outcome": null,
    });
    serde_json::from_value(line).expect("a receipt")
}

fn receipt_of(line: ReceiptLine) -> ReceiptFacts {
    ReceiptFacts {
        hospital: "St Elsewhere".into(),
        patient: patient("Okafor", "Ada"),
        line,
        bill: Some(4711),
        by: "Ines Bello".into(),
        date: date(2026, 11, 21),
        time: time(9, 5, 0, 0),
        edition: Edition::First,
        printed: printed(),
    }
}

#[test]
fn a_receipt_says_what_was_taken_from_whom_by_whom() {
    let said = text(&receipt(&receipt_of(line()), Words::of("en")).expect("a receipt"));
    for expect in [
        "Receipt",
        "26A1-K7Q-000123",
        "OKAFOR, Ada",
        "100-200-3",
        "21-Nov-2026 09:05",
        "Ines Bello",
        "4711",
        "Cash",
        "200.00 INR",
        "95.00 INR",
        "105.00 INR",
        "Recorded",
    ] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
    assert!(!said.contains("Copy"), "{said}");
    let copy = ReceiptFacts {
        edition: Edition::Copy,
        ..receipt_of(line())
    };
    let said = text(&receipt(&copy, Words::of("en")).expect("a receipt"));
    assert!(said.contains("Copy"), "{said}");
    let said = text(&receipt(&receipt_of(line()), Words::of("fr")).expect("a receipt"));
    assert!(said.contains("Reçu"), "{said}");
}

#[test]
fn what_makes_a_receipt_void_names_it_and_says_why() {
    let void = ReceiptLine {
        number: "26A1-K7Q-000124".into(),
        amount: None,
        how: None,
        tendered_minor: None,
        change_minor: None,
        voids: Some("26A1-K7Q-000123".into()),
        reason: Some("the wrong patient".into()),
        ..line()
    };
    let said = text(&receipt(&receipt_of(void), Words::of("en")).expect("a receipt"));
    for expect in ["26A1-K7Q-000124", "26A1-K7Q-000123", "the wrong patient"] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
    assert!(!said.contains("INR"), "no money came: {said}");
    let voided = ReceiptLine {
        voided_by: Some("26A1-K7Q-000124".into()),
        ..line()
    };
    let said = text(&receipt(&receipt_of(voided), Words::of("en")).expect("a receipt"));
    assert!(said.contains("Void") && said.contains("000124"), "{said}");
}

fn bill_facts(family: &str, given: &str) -> BillFacts {
    let money = |minor: i64| serde_json::json!({ "amount_minor": minor, "currency": "INR" });
    let here = serde_json::json!({
        "bill": { "id": ID, "number": 4711, "patient": ID, "kind": "consultation", "state": "open", "net": money(10_000),
            "tax": money(500), "gross": money(10_500), "balance": money(10_500), "issuedMs": 0 },
        "hereMinor": 4_000, "owed": money(6_500),
    });
    let here: BillHere = serde_json::from_value(here).expect("a bill");
    BillFacts {
        hospital: "St Elsewhere".into(),
        patient: patient(family, given),
        bill: here,
        issued: date(2026, 11, 20),
        as_of: Some((date(2026, 11, 21), time(8, 30, 0, 0))),
        printed: printed(),
    }
}

#[test]
fn a_bill_says_what_is_owed_and_as_of_when() {
    let facts = bill_facts("Okafor", "Ada");
    let said = text(&bill(&facts, Words::of("en")).expect("a bill"));
    for expect in [
        "Bill",
        "4711",
        "Consultation",
        "100.00 INR",
        "5.00 INR",
        "105.00 INR",
        "40.00 INR",
        "65.00 INR",
        "20-Nov-2026",
        "21-Nov-2026 08:30",
    ] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
    let mut late = facts.clone();
    late.bill.bill.adds_to = Some(3_815);
    late.bill.bill.what = Some("Dressing of the hand".into());
    let said = text(&bill(&late, Words::of("en")).expect("a supplement"));
    for expect in ["Supplement to bill", "3815", "Dressing of the hand"] {
        assert!(said.contains(expect), "{expect} in {said}");
    }
    let unknown = BillFacts {
        as_of: None,
        ..facts
    };
    let said = text(&bill(&unknown, Words::of("en")).expect("a bill"));
    assert!(said.contains("Not known"), "{said}");
}

#[test]
fn a_name_from_right_to_left_turns_no_number_and_no_amount() {
    for (family, given) in [("محمود", "ليلى"), ("כהן", "שרה")] {
        let facts = ReceiptFacts {
            patient: patient(family, given),
            by: "سارة حسن".into(),
            ..receipt_of(line())
        };
        let sheet = receipt(&facts, Words::of("en")).expect("a receipt");
        let words = words(&sheet);
        let has = |word: &str| words.iter().any(|(_, _, found)| found == word);
        for whole in ["26A1-K7Q-000123", "105.00", "100-200-3", "95.00"] {
            assert!(has(whole), "{whole} in {words:?}");
        }
        // an amount stands before its currency, from left to right
        let at = |word: &str| words.iter().position(|(_, _, found)| found == word);
        let (amount, currency) = (
            at("105.00"),
            words.iter().rposition(|(_, _, found)| found == "INR"),
        );
        assert!(amount < currency, "{words:?}");
        let said = text(&bill(&bill_facts(family, given), Words::of("en")).expect("a bill"));
        assert!(said.contains("65.00 INR"), "{said}");
    }
}
