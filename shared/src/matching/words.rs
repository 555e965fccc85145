//! Words of names and addresses, made comparable in any script.

use crate::search;
use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word: as written, and in Latin letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    /// Lower case, without accents where those are no letters of their own.
    pub(super) text: String,
    /// In Latin letters and digits.
    pub(super) latin: String,
    /// Its consonants in six classes, as in Soundex: what stays of a name through scripts that write no vowels.
    pub(super) sound: String,
    pub(super) script: Script,
}

/// What a word is written in, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Script {
    Latin,
    /// A character is a syllable with a meaning: the same reading does not make the same name.
    Han,
    Other,
}

/// How like two words are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    Apart,
    Alike,
    Slip,
    Same,
}

/// Short words that come and go in a name: articles, "of", "son of". Left out while something else remains.
const PARTICLES: &[&str] = &[
    "al", "el", "bin", "bint", "ibn", "ben", "da", "das", "de", "del", "della", "den", "der", "di",
    "do", "dos", "du", "la", "las", "le", "los", "ter", "van", "von", "y", "zu",
];

/// Returns the words of a name, without particles unless there is nothing else.
pub(super) fn of_name(text: &str) -> Vec<Word> {
    let all = split(text);
    let kept: Vec<Word> = all
        .iter()
        .filter(|word| !PARTICLES.contains(&word.latin.as_str()))
        .cloned()
        .collect();
    if kept.is_empty() { all } else { kept }
}

/// More of a text is not compared: nobody is told apart by it, and comparing costs the square of it.
const WORDS_AT_MOST: usize = 16;
const LETTERS_AT_MOST: usize = 40;

/// Returns the words of a text, in order.
pub(super) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfkc().take(WORDS_AT_MOST * LETTERS_AT_MOST) {
        let marks = is_combining_mark(c) && keeps_marks(c);
        if c.is_alphanumeric() || marks {
            push_plain(&mut word, c);
        } else if !search::is_silent(c) && !is_combining_mark(c) && !word.is_empty() {
            words.push(Word::new(std::mem::take(&mut word)));
        }
    }
    if !word.is_empty() {
        words.push(Word::new(word));
    }
    words.truncate(WORDS_AT_MOST);
    words
}

/// Vowel signs are letters between Devanagari and Myanmar; elsewhere marks are accents, which people leave out.
fn keeps_marks(c: char) -> bool {
    ('\u{900}'..='\u{109f}').contains(&c)
}

fn push_plain(word: &mut String, c: char) {
    if keeps_marks(c) || search::is_unspaced(c) {
        word.push(c);
        return;
    }
    let plain = std::iter::once(c)
        .nfd()
        .filter(|part| !is_combining_mark(*part));
    for part in plain {
        word.extend(search::spelled(part).chars().flat_map(char::to_lowercase));
    }
}

impl Word {
    pub(super) fn new(text: String) -> Self {
        // the Arabic article is written together with its word
        let bare = text
            .strip_prefix("ال")
            .filter(|rest| rest.chars().count() >= 3)
            .unwrap_or(&text);
        let latin: String = bare
            .chars()
            .flat_map(|c| any_ascii_char(c).chars())
            .filter(char::is_ascii_alphanumeric)
            .take(LETTERS_AT_MOST)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let script = match text.chars().next() {
            Some(first) if is_han(first) => Script::Han,
            Some(first) if first.is_alphabetic() && !first.is_ascii() => Script::Other,
            _ => Script::Latin,
        };
        Self {
            sound: sound(&latin),
            latin,
            text,
            script,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        self.latin.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Returns words written as one; nothing of no words.
    pub(super) fn joined(words: &[Word]) -> Option<Self> {
        let (first, others) = words.split_first()?;
        let mut joined = first.clone();
        for word in others {
            joined.text.push_str(&word.text);
            joined.latin.push_str(&word.latin);
        }
        joined.sound = sound(&joined.latin);
        Some(joined)
    }
}

fn is_han(c: char) -> bool {
    search::is_unspaced(c) && !matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Returns the consonants of a word in six classes, each repetition once.
fn sound(latin: &str) -> String {
    let mut code = String::new();
    for c in latin.chars() {
        let class = match c {
            'b' | 'f' | 'p' | 'v' => '1',
            'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => '2',
            'd' | 't' => '3',
            'l' => '4',
            'm' | 'n' => '5',
            'r' => '6',
            digit if digit.is_ascii_digit() => digit,
            _ => continue,
        };
        if !code.ends_with(class) {
            code.push(class);
        }
    }
    code
}

/// Returns how like two words are.
pub(super) fn closeness(one: &Word, other: &Word) -> Closeness {
    if one.script == Script::Han && other.script == Script::Han {
        return of_characters(&one.text, &other.text);
    }
    if one.latin.is_empty() || other.latin.is_empty() {
        return Closeness::Apart;
    }
    if one.latin == other.latin {
        return Closeness::Same;
    }
    if one.is_number() || other.is_number() {
        return Closeness::Apart;
    }
    let likeness = strsim::jaro_winkler(&one.latin, &other.latin);
    let sounds = one.sound.len() >= 2 && one.sound == other.sound;
    if one.script != other.script {
        let nearly = likeness >= 0.85 && strsim::osa_distance(&one.sound, &other.sound) <= 1;
        return if sounds || nearly {
            Closeness::Slip
        } else {
            Closeness::Apart
        };
    }
    let shorter = one.latin.len().min(other.latin.len());
    let slips = strsim::osa_distance(&one.latin, &other.latin);
    if slips == 1 && shorter >= 4 || slips == 2 && shorter >= 8 {
        return Closeness::Slip;
    }
    let begins = shorter >= 3
        && (one.latin.starts_with(&other.latin) || other.latin.starts_with(&one.latin));
    if begins || slips == 1 && shorter >= 2 || likeness >= 0.9 || sounds && likeness >= 0.7 {
        Closeness::Alike
    } else {
        Closeness::Apart
    }
}

fn of_characters(one: &str, other: &str) -> Closeness {
    let length = one.chars().count().min(other.chars().count());
    match strsim::osa_distance(one, other) {
        0 => Closeness::Same,
        1 if length >= 3 => Closeness::Slip,
        1 if length >= 2 => Closeness::Alike,
        _ => Closeness::Apart,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expect: Closeness) {
        let joined = |text| Word::joined(&split(text)).expect("there is a word");
        let (a, b) = (joined(one), joined(other));
        assert_eq!(closeness(&a, &b), expect, "{a:?} beside {b:?}");
        assert_eq!(closeness(&b, &a), expect, "{b:?} beside {a:?}");
    }

    #[test]
    fn a_name_is_itself_however_it_is_written() {
        check("GARCÍA", "Garcia", Closeness::Same);
        check("Müller", "Mu\u{308}ller", Closeness::Same);
        check("Ｔａｎａｋａ", "tanaka", Closeness::Same);
        check("はなこ", "ハナコ", Closeness::Same);
        check("مهـدی", "مهدي", Closeness::Same);
        check("العسكري", "عسكري", Closeness::Same);
        check("Йовчева", "Иовчева", Closeness::Same);
    }

    #[test]
    fn names_in_two_scripts_are_compared_by_sound() {
        check("محمد", "Mohammed", Closeness::Slip);
        check("Гуцуляк", "Gutsulyak", Closeness::Same);
        check("Papadopoulos", "Παπαδόπουλος", Closeness::Slip);
        check("יעקב", "Yaakov", Closeness::Slip);
        check("王小明", "wang xiao ming", Closeness::Same);
        check("Иван", "Oliver", Closeness::Apart);
    }

    #[test]
    fn a_slip_is_one_letter_of_a_word_long_enough() {
        check("Gerardo", "Greardo", Closeness::Slip);
        check("Mueller", "Müller", Closeness::Slip);
        check("Anna", "Hanna", Closeness::Slip);
        check("Ali", "Alia", Closeness::Alike);
        check("Muhammad", "Mohamed", Closeness::Alike);
        check("裕樹", "直樹", Closeness::Alike);
        check("丹", "金", Closeness::Apart);
        check("Marcus", "Robin", Closeness::Apart);
        check("12", "13", Closeness::Apart);
    }
}
