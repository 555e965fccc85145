//! How words are folded so that `garcia` finds `GARCÍA`, in any script.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns a text as lower-case words without accents, separated by one space.
///
/// Full-width and ligature forms are taken apart (NFKD), marks dropped, punctuation made space. Scripts written without
/// spaces (Han, Kana, Hangul) become one word per character, so that any part of a name is found.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 8);
    let mut gap = true;
    // NFC first keeps Hangul syllables whole; NFKD per character takes accents off
    for c in text.nfc() {
        if is_unspaced(c) {
            push_gap(&mut folded);
            folded.push(c);
            folded.push(' ');
            gap = true;
            continue;
        }
        for part in std::iter::once(c)
            .nfkd()
            .filter(|part| !is_combining_mark(*part))
        {
            if part.is_alphanumeric() {
                folded.extend(spelled(part).chars().flat_map(char::to_lowercase));
                gap = false;
            } else if is_silent(part) {
                // an apostrophe does not part O'Brien
            } else if !gap {
                folded.push(' ');
                gap = true;
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Returns only the digits of a phone number, in ASCII.
pub fn digits(text: &str) -> String {
    text.nfkd()
        .filter_map(|c| c.to_digit(10).or_else(|| foreign_digit(c)))
        .filter_map(|d| char::from_digit(d, 10))
        .collect()
}

/// Returns an SQLite FTS5 query that finds all the words, each by its beginning; nothing when no word is left.
///
/// Numbers that follow one another are looked for as one (a phone) or as several (a hospital number and a birth year).
pub fn fts_query(text: &str) -> Option<String> {
    let mut terms: Vec<String> = Vec::new();
    let mut numbers: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if is_number(word) {
            numbers.push(digits(word));
            continue;
        }
        terms.extend(numbers_term(&std::mem::take(&mut numbers)));
        let folded = fold(word);
        terms.extend(folded.split(' ').filter(|w| !w.is_empty()).map(beginning));
    }
    terms.extend(numbers_term(&numbers));
    if terms.is_empty() {
        None
    } else {
        Some(terms.join(" AND "))
    }
}

fn is_number(word: &str) -> bool {
    word.chars().any(char::is_numeric)
        && word.chars().all(|c| c.is_numeric() || "-./+()".contains(c))
}

fn beginning(word: &str) -> String {
    format!("\"{word}\"*")
}

fn numbers_term(numbers: &[String]) -> Option<String> {
    let each: Vec<String> = numbers
        .iter()
        .filter(|n| !n.is_empty())
        .map(|n| beginning(n))
        .collect();
    match each.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => {
            let together = beginning(&numbers.concat());
            Some(format!("({together} OR ({}))", several.join(" AND ")))
        }
    }
}

/// Returns the digits by which a phone number is found: as written, and when it is an international number (`+…`, `00…`)
/// also without what may be its country code.
pub fn phone(text: &str) -> Vec<String> {
    const NATIONAL: std::ops::RangeInclusive<usize> = 9..=10;
    let whole = digits(text);
    let is_international = text.trim_start().starts_with('+') || whole.starts_with("00");
    let national: Vec<String> = NATIONAL
        .filter(|length| is_international && whole.len() > *length)
        .map(|length| whole[whole.len() - length..].to_owned())
        .collect();
    std::iter::once(whole).chain(national).collect()
}

fn push_gap(folded: &mut String) {
    if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

pub(crate) fn is_silent(c: char) -> bool {
    matches!(
        c,
        '\'' | '\u{2019}' | '\u{2bc}' | '\u{640}' | '\u{200c}' | '\u{200d}'
    )
}

fn foreign_digit(c: char) -> Option<u32> {
    let starts = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50];
    starts
        .into_iter()
        .map(|start| (c as u32).wrapping_sub(start))
        .find(|digit| *digit < 10)
}

/// Letters that no decomposition brings to their plain form, spelled as people type them.
pub(crate) fn spelled(c: char) -> std::borrow::Cow<'static, str> {
    match c {
        'ß' | 'ẞ' => "ss".into(),
        'æ' | 'Æ' => "ae".into(),
        'œ' | 'Œ' => "oe".into(),
        'ø' | 'Ø' => "o".into(),
        'đ' | 'Đ' | 'ð' | 'Ð' => "d".into(),
        'ł' | 'Ł' => "l".into(),
        'ı' | 'İ' => "i".into(),
        'þ' | 'Þ' => "th".into(),
        'أ' | 'إ' | 'آ' | 'ٱ' => "ا".into(),
        'ى' => "ي".into(),
        'ة' => "ه".into(),
        other => match foreign_digit(other).and_then(|digit| char::from_digit(digit, 10)) {
            Some(digit) => digit.to_string().into(),
            None => other.to_string().into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expect: &str) {
        assert_eq!(fold(given), expect, "folding {given}");
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        check("GARCÍA LÓPEZ", "garcia lopez");
        check("  O'Brien-Smith ", "obrien smith");
        check("Straße Øre Łódź", "strasse ore lodz");
        check("王小明", "王 小 明");
        check("김민수", "김 민 수");
        check("Ελένη Παπαδοπούλου", "ελενη παπαδοπουλου");
        check("Ирина Йовчева", "ирина иовчева");
        check("أحمد", "احمد");
        check("ＡＢＣ１２", "abc12");
        check("١٢٣", "123");
        check("", "");
    }

    #[test]
    fn a_query_looks_for_the_beginning_of_every_word() {
        assert_eq!(
            fts_query("garc lop").as_deref(),
            Some("\"garc\"* AND \"lop\"*")
        );
        assert_eq!(fts_query("1984-03-05").as_deref(), Some("\"19840305\"*"));
        assert_eq!(
            fts_query("ada +44 20-7946").as_deref(),
            Some("\"ada\"* AND (\"44207946\"* OR (\"44\"* AND \"207946\"*))")
        );
        assert_eq!(
            phone("+44 20 7946 0000"),
            ["442079460000", "079460000", "2079460000"]
        );
        assert_eq!(fts_query("\" OR *"), Some("\"or\"*".into()));
        assert_eq!(fts_query("--"), None);
    }
}
