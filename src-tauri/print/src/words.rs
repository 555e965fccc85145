//! The sentences of the screens, for paper: one list of them, in `ui/src/words`.

use jiff::civil::{Date, Time, Weekday};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::LazyLock;

type Sentences = HashMap<String, String>;

static ENGLISH: LazyLock<Sentences> =
    LazyLock::new(|| read(include_str!("../../../ui/src/words/en.json")));
static FRENCH: LazyLock<Sentences> =
    LazyLock::new(|| read(include_str!("../../../ui/src/words/fr.json")));

fn read(json: &str) -> Sentences {
    serde_json::from_str(json).expect("a test reads both languages")
}

/// A language people read.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    language: &'static str,
    sentences: &'static LazyLock<Sentences>,
}

/// A part of a line, with the direction its letters bring.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Piece {
    pub(crate) text: String,
    is_rtl: bool,
    /// What was filled in, rather than the sentence around it.
    is_blank: bool,
}

impl Piece {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            is_rtl: is_rtl(&text),
            text,
            is_blank: true,
        }
    }
}

/// Says whether a text begins, as far as its letters say, at the right.
pub(crate) fn is_rtl(text: &str) -> bool {
    let strong = text.chars().find(|letter| letter.is_alphabetic());
    // Hebrew to Arabic Extended-A, and the forms for presentation
    strong.is_some_and(|letter| {
        matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

impl Words {
    /// Returns the words of a language such as `fr`; English when it is not known.
    pub fn of(language: &str) -> Self {
        match language {
            "fr" => Self {
                language: "fr",
                sentences: &FRENCH,
            },
            _ => Self {
                language: "en",
                sentences: &ENGLISH,
            },
        }
    }

    pub(crate) fn language(self) -> &'static str {
        self.language
    }

    /// Returns a sentence; its key when there is none, which a test does not let happen.
    pub(crate) fn say(self, key: &str) -> &'static str {
        let found = self.sentences.get(key).or_else(|| ENGLISH.get(key));
        found.map_or("", String::as_str)
    }

    /// Returns a sentence with its blanks filled in, in pieces, so that a name cannot turn the words around it.
    pub(crate) fn fill(self, key: &str, blanks: &[(&str, &str)]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = self.say(key);
        while let Some((before, after)) = rest.split_once("{{") {
            let (blank, after) = after.split_once("}}").unwrap_or((after, ""));
            let value = blanks.iter().find(|(name, _)| *name == blank.trim());
            pieces.push(plain(before));
            pieces.push(Piece::of(value.map_or("", |(_, value)| *value)));
            rest = after;
        }
        pieces.push(plain(rest));
        pieces
    }

    /// Returns a date so that day and month cannot be mixed up: `05-Mar-1984`. A birth date may be partial.
    pub(crate) fn date(self, iso: &str) -> String {
        let mut parts: Vec<String> = iso.split('-').take(3).map(str::to_owned).collect();
        if let Some(month) = parts.get_mut(1) {
            let name = month
                .parse::<usize>()
                .ok()
                .and_then(|n| self.say("months").split(' ').nth(n.checked_sub(1)?));
            let Some(name) = name else {
                return iso.to_owned();
            };
            *month = name.to_owned();
        }
        parts.reverse();
        parts.join("-")
    }

    /// Returns a day with its weekday: `Monday 01-Mar-2027`.
    pub(crate) fn day(self, date: Date) -> String {
        let at = match date.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        let name = self.say("weekdays").split(' ').nth(at).unwrap_or("");
        format!("{name} {}", self.date(&date.to_string()))
    }
}

/// Returns a time of day as it is written everywhere: `09:30`.
pub(crate) fn clock(at: Time) -> String {
    at.strftime("%H:%M").to_string()
}

fn plain(text: &str) -> Piece {
    Piece {
        is_blank: false,
        ..Piece::of(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{ENGLISH, FRENCH, Words, is_rtl};
    use jiff::civil::date;

    #[test]
    fn a_date_is_written_as_on_the_screens() {
        let check = |language: &str, iso: &str, expect: &str| {
            assert_eq!(Words::of(language).date(iso), expect, "{iso}");
        };
        check("en", "1984-03-05", "05-Mar-1984");
        check("en", "1984-03", "Mar-1984");
        check("en", "1984", "1984");
        check("fr", "1984-08-05", "05-août-1984");
        check("en", "1984-13-05", "1984-13-05");
        check("en", "1984-00-05", "1984-00-05");
        check("en", "", "");
        let day = |language: &str| Words::of(language).day(date(2027, 3, 1));
        assert_eq!(day("en"), "Monday 01-Mar-2027");
        assert_eq!(day("fr"), "lundi 01-mars-2027");
    }

    #[test]
    fn both_languages_name_seven_days() {
        for words in [&ENGLISH, &FRENCH] {
            assert_eq!(words["weekdays"].split(' ').count(), 7);
        }
    }

    #[test]
    fn the_first_letter_says_the_direction() {
        for (text, expect) in [
            ("Ada", false),
            ("محمد Ali", true),
            ("12-34 כהן", true),
            ("Ali محمد", false),
            ("12-34", false),
            ("", false),
        ] {
            assert_eq!(is_rtl(text), expect, "{text}");
        }
    }
}
