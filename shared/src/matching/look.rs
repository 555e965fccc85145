//! What a desk looks for in its search index, to find who may be the person on a form.

use crate::patients::{HumanName, Patient};
use crate::search;
use std::collections::BTreeSet;

/// Returns SQLite FTS5 queries over what patients are searched by. Whoever is like the patient is found by one of them, each
/// of other fields: the card, a phone, the birth date, the name, the name roughly and the birth year.
pub fn queries(patient: &Patient) -> Vec<String> {
    let card = patient.national_id.as_deref().map(search::fold);
    let card = card.map(|words| all(words.split_whitespace().map(whole)));
    let phones: BTreeSet<String> = patient
        .telecom
        .iter()
        .filter_map(|phone| phone.value.as_deref())
        .flat_map(phone_endings)
        .collect();
    let mut queries: Vec<Option<String>> = vec![card.flatten(), any(phones)];
    let dates = patient.birth_date.as_deref().map(dates).unwrap_or_default();
    queries.push(any(dates.iter().map(|date| whole(date))));
    let year = dates.first().and_then(|date| date.get(..4));
    for name in &patient.name {
        let (family, given) = (part(&name.family), part(&name.given));
        queries.push(all([family.clone(), given.clone()].into_iter().flatten()));
        let year = year.map(|year| format!("\"{year}\"*"));
        queries.push(match (any(rough(name)), year) {
            (Some(names), Some(year)) => Some(format!("{names} AND {year}")),
            _ => None,
        });
    }
    queries.into_iter().flatten().collect()
}

/// A phone as it may stand in the index: with a country code, or without and without the zero before it.
fn phone_endings(text: &str) -> Vec<String> {
    const TOLD_APART: usize = 7;
    search::phone(text)
        .into_iter()
        .flat_map(|digits| [digits.trim_start_matches('0').to_owned(), digits])
        .filter(|digits| digits.len() >= TOLD_APART)
        .map(|digits| whole(&digits))
        .collect()
}

/// A whole date, and the one with day and month swapped.
fn dates(birth_date: &str) -> Vec<String> {
    let parts: Vec<&str> = birth_date.split('-').collect();
    if !parts
        .iter()
        .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
    {
        return Vec::new();
    }
    match parts.as_slice() {
        [year, month, day] => vec![format!("{year}{month}{day}"), format!("{year}{day}{month}")],
        [year, ..] if year.len() == 4 => vec![(*year).to_owned()],
        _ => Vec::new(),
    }
}

/// Any word of a name, all characters where there are no words.
fn part(text: &Option<String>) -> Option<String> {
    let folded = search::fold(text.as_deref()?);
    if folded.chars().any(search::is_unspaced) {
        return all(folded.split_whitespace().map(whole));
    }
    any(folded.split_whitespace().map(beginning))
}

/// The words of a name by their first letters, from three letters on.
fn rough(name: &HumanName) -> BTreeSet<String> {
    let words = [name.family.as_deref(), name.given.as_deref()];
    let folded = words.into_iter().flatten().map(search::fold);
    let folded: Vec<String> = folded.collect();
    let words = folded.iter().flat_map(|part| part.split_whitespace());
    words
        .filter(|word| word.chars().count() >= 3)
        .map(|word| format!("\"{}\"*", word.chars().take(2).collect::<String>()))
        .collect()
}

fn beginning(word: &str) -> String {
    format!("\"{}\"*", word.chars().take(4).collect::<String>())
}

fn whole(word: &str) -> String {
    format!("\"{word}\"")
}

fn all(terms: impl IntoIterator<Item = String>) -> Option<String> {
    joined(terms, " AND ")
}

fn any(terms: impl IntoIterator<Item = String>) -> Option<String> {
    joined(terms, " OR ")
}

fn joined(terms: impl IntoIterator<Item = String>, by: &str) -> Option<String> {
    let terms: Vec<String> = terms.into_iter().collect();
    (!terms.is_empty()).then(|| format!("({})", terms.join(by)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patients::ContactPoint;

    #[test]
    fn each_query_looks_at_other_fields() {
        let patient = Patient {
            national_id: Some("640-554".into()),
            birth_date: Some("1984-03-05".into()),
            telecom: vec![ContactPoint {
                value: Some("07911 123456".into()),
                ..ContactPoint::default()
            }],
            name: vec![HumanName {
                family: Some("García López".into()),
                given: Some("Ada".into()),
                ..HumanName::default()
            }],
            ..Patient::default()
        };
        let expect = [
            "(\"640\" AND \"554\")",
            "(\"07911123456\" OR \"7911123456\")",
            "(\"19840305\" OR \"19840503\")",
            "((\"garc\"* OR \"lope\"*) AND (\"ada\"*))",
            "(\"ad\"* OR \"ga\"* OR \"lo\"*) AND \"1984\"*",
        ];
        assert_eq!(queries(&patient), expect);
    }

    #[test]
    fn nothing_typed_looks_for_nothing_and_no_sign_of_fts_gets_through() {
        assert_eq!(queries(&Patient::default()), Vec::<String>::new());
        let patient = Patient {
            national_id: Some("\" OR *".into()),
            birth_date: Some("\"-\"-*".into()),
            name: vec![HumanName {
                family: Some("NEAR(\"a\")".into()),
                ..HumanName::default()
            }],
            ..Patient::default()
        };
        let expect = ["(\"or\")", "((\"near\"* OR \"a\"*))"];
        assert_eq!(queries(&patient), expect);
    }
}
