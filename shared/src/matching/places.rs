//! Identifiers, sex, phones and addresses.

use super::evidence::Reason;
use super::traits::{Place, Traits};
use super::words::{Closeness, Word, closeness};

/// Returns what the national identifiers say.
pub(super) fn numbers(one: &Traits, other: &Traits) -> Option<Reason> {
    let (a, b) = (one.national_id.as_deref()?, other.national_id.as_deref()?);
    let is_long = a.len().min(b.len()) >= 6;
    Some(match strsim::osa_distance(a, b) {
        0 => Reason::IdSame,
        1 if is_long => Reason::IdSlip,
        _ => Reason::IdDiffers,
    })
}

/// Returns what sex says, where both say one.
pub(super) fn genders(one: &Traits, other: &Traits) -> Option<Reason> {
    let (a, b) = (one.gender?, other.gender?);
    Some(if a == b {
        Reason::GenderSame
    } else {
        Reason::GenderDiffers
    })
}

/// Returns what phones say: the closest pair counts.
pub(super) fn phones(one: &Traits, other: &Traits) -> Option<Reason> {
    one.phones
        .iter()
        .flat_map(|a| other.phones.iter().map(move |b| phone(a, b)))
        .max_by_key(|reason| reason.worth())
}

/// Country code and trunk zero may be missing: what counts is how they end.
fn phone(a: &str, b: &str) -> Reason {
    const TOLD_APART: usize = 7;
    let length = a.len().min(b.len()).min(9);
    let (a_end, b_end) = (&a[a.len() - length..], &b[b.len() - length..]);
    if a == b || length >= TOLD_APART && a_end == b_end {
        return Reason::PhoneSame;
    }
    if length >= TOLD_APART && strsim::osa_distance(a_end, b_end) == 1 {
        return Reason::PhoneSlip;
    }
    Reason::PhoneDiffers
}

/// Returns what addresses say: the closest pair counts.
pub(super) fn addresses(one: &Traits, other: &Traits) -> Option<Reason> {
    one.places
        .iter()
        .flat_map(|a| other.places.iter().filter_map(move |b| place(a, b)))
        .max_by_key(|reason| reason.worth())
}

/// How many hundredths of an address line are needed to call it alike.
const ALIKE_PERCENT: usize = 60;
/// How many hundredths of its letters are needed when words were parted elsewhere or mistyped.
const LETTERS_PERCENT: usize = 85;

fn place(a: &Place, b: &Place) -> Option<Reason> {
    let town = towns(a, b);
    let line = common_percent(&a.line, &b.line).map(|percent| {
        let letters = letters_percent(&a.line, &b.line);
        match letters >= LETTERS_PERCENT {
            true if number_of(&a.line) == number_of(&b.line) => 100,
            true => percent.max(ALIKE_PERCENT),
            false => percent,
        }
    });
    Some(match (line, town) {
        (None, None) => return None,
        (Some(100), Some(true) | None) => Reason::AddressSame,
        (Some(100), Some(false)) => Reason::AddressAlike,
        (Some(percent), Some(true)) if percent >= ALIKE_PERCENT => Reason::AddressAlike,
        (Some(percent), _) if percent >= ALIKE_PERCENT => Reason::AddressNear,
        (_, Some(true)) => Reason::AddressNear,
        (_, Some(false) | None) => Reason::AddressDiffers,
    })
}

/// Says whether town or postal code are the same; nothing when they cannot be compared.
fn towns(a: &Place, b: &Place) -> Option<bool> {
    let code = a
        .postal_code
        .as_deref()
        .zip(b.postal_code.as_deref())
        .map(|(x, y)| strsim::osa_distance(x, y) <= 1);
    let city = common_percent(&a.city, &b.city).map(|percent| percent == 100);
    match (code, city) {
        (None, None) => None,
        (code, city) => Some(code == Some(true) || city == Some(true)),
    }
}

fn number_of(line: &[Word]) -> Option<&str> {
    line.iter()
        .find(|word| word.is_number())
        .map(|word| word.latin.as_str())
}

/// Returns how many hundredths of the shorter text's words are in the longer; nothing when one is empty.
fn common_percent(a: &[Word], b: &[Word]) -> Option<usize> {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return None;
    }
    let found = short
        .iter()
        .filter(|word| {
            long.iter()
                .any(|other| closeness(word, other) >= Closeness::Slip)
        })
        .count();
    Some(found * 100 / short.len())
}

/// Returns how many hundredths of the letters of two lines agree, in their order.
fn letters_percent(a: &[Word], b: &[Word]) -> usize {
    let letters =
        |line: &[Word]| -> String { line.iter().map(|word| word.latin.as_str()).collect() };
    let (a, b) = (letters(a), letters(b));
    let longer = a.len().max(b.len()).max(1);
    (longer - strsim::osa_distance(&a, &b).min(longer)) * 100 / longer
}
