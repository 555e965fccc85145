//! Barcodes as rows of black marks, which the templates draw.

use barcoders::sym::code128::Code128;
use qrcode::{Color, QrCode};
use serde::Serialize;

/// Where the marks of each row begin, and how long they are.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Code {
    width: usize,
    rows: Vec<Vec<(usize, usize)>>,
}

impl Code {
    fn of(width: usize, marks: &[bool]) -> Self {
        let rows = marks.chunks(width.max(1)).map(runs).collect();
        Self { width, rows }
    }
}

fn runs(row: &[bool]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut at = 0;
    for run in row.chunk_by(|one, next| one == next) {
        if run[0] {
            runs.push((at, run.len()));
        }
        at += run.len();
    }
    runs
}

/// Returns a text as Code 128; nothing when it has letters that Code 128 does not.
pub(crate) fn bars(text: &str) -> Option<Code> {
    if text.is_empty() || !text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return None;
    }
    // the first letter chooses the set of letters: B, which has capitals and small ones
    let code = Code128::new(format!("\u{181}{text}")).ok()?;
    let marks: Vec<bool> = code.encode().iter().map(|mark| *mark == 1).collect();
    Some(Code::of(marks.len(), &marks))
}

/// Returns a text as a QR code; nothing when it is too long for one.
pub(crate) fn qr(text: &str) -> Option<Code> {
    let code = QrCode::new(text).ok()?;
    let marks: Vec<bool> = code
        .to_colors()
        .iter()
        .map(|color| *color == Color::Dark)
        .collect();
    Some(Code::of(code.width(), &marks))
}

#[cfg(test)]
mod tests {
    use super::{bars, qr, runs};

    #[test]
    fn marks_are_counted_in_runs() {
        let row = [true, true, false, true, false, false];
        assert_eq!(runs(&row), [(0, 2), (3, 1)]);
        assert_eq!(runs(&[false]), []);
    }

    #[test]
    fn what_no_code_can_hold_has_none() {
        assert!(bars("MRN-100 200").is_some());
        assert!(bars("").is_none() && bars("１２").is_none());
        assert!(qr("an id").is_some() && qr(&"x".repeat(9_000)).is_none());
    }
}
