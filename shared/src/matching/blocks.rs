//! Who is compared with whom: those who share a key.
//!
//! Every key is a coarse view of a few fields, each of different ones, so that a slip in one leaves others.

use super::evidence::{Mix, Reason, worth};
use super::traits::{Name, Traits};
use super::words::Word;
use super::{Likeness, grade, seen};
use std::collections::{BTreeMap, BTreeSet};

/// A key that more records share than this says nothing (a birth date of everybody whose day is unknown, a switchboard).
const SHARED_AT_MOST: usize = 500;

/// Two records that may be of one person, by their places in the lists given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub one: usize,
    pub other: usize,
    pub likeness: Likeness,
}

/// Returns the keys of a record. Two records are compared when they share one.
pub fn keys(traits: &Traits) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    keys.extend(traits.national_id.iter().map(|id| format!("id {id}")));
    for phone in &traits.phones {
        keys.insert(format!("phone {}", end(phone, 7)));
    }
    let birth = traits.birth.and_then(|birth| birth.unordered());
    for name in &traits.names {
        for word in &name.whole.each {
            let Some(first) = initial(word) else { continue };
            keys.extend(birth.iter().map(|date| format!("birth {date} {first}")));
            for place in &traits.places {
                let number = place.line.iter().find(|part| part.is_number());
                let towns = [
                    place.postal_code.clone(),
                    place.city.first().map(|city| city.latin.clone()),
                ];
                keys.extend(number.into_iter().flat_map(|number| {
                    towns
                        .iter()
                        .flatten()
                        .map(move |town| format!("house {} {} {first}", number.latin, end(town, 8)))
                }));
            }
        }
        keys.extend(name_keys(name));
    }
    keys
}

/// Both names by their sound, in either order.
fn name_keys(name: &Name) -> BTreeSet<String> {
    let words: Vec<String> = name.whole.each.iter().map(short_sound).collect();
    let mut keys = BTreeSet::new();
    for (at, one) in words.iter().enumerate() {
        for other in &words[at + 1..] {
            let (first, second) = if one <= other {
                (one, other)
            } else {
                (other, one)
            };
            keys.insert(format!("name {first} {second}"));
        }
    }
    keys
}

fn initial(word: &Word) -> Option<char> {
    word.sound.chars().next().or(word.latin.chars().next())
}

fn short_sound(word: &Word) -> String {
    if word.sound.len() < 2 {
        return word.latin.clone();
    }
    word.sound.chars().take(4).collect()
}

fn end(text: &str, length: usize) -> &str {
    let from = text.len().saturating_sub(length);
    text.get(from..).unwrap_or(text)
}

/// Returns the pairs within one list that may be of one person, by place.
pub fn within(all: &[Traits]) -> Vec<Pair> {
    let at = by_key(all);
    let mut met = BTreeSet::new();
    for places in at.values() {
        for (nth, one) in places.iter().enumerate() {
            met.extend(places[nth + 1..].iter().map(|other| (*one, *other)));
        }
    }
    let pairs = met
        .into_iter()
        .filter_map(|(one, other)| looked_at(all, all, (one, other)))
        .collect();
    graded(pairs, all.len() * all.len() / 2)
}

/// Returns the pairs of somebody of one list and somebody of another that may be one person, by place.
pub fn between(ours: &[Traits], theirs: &[Traits]) -> Vec<Pair> {
    let at = by_key(ours);
    let mut pairs = Vec::new();
    for (other, traits) in theirs.iter().enumerate() {
        let met: BTreeSet<usize> = keys(traits)
            .iter()
            .filter_map(|key| at.get(key))
            .flatten()
            .copied()
            .collect();
        pairs.extend(
            met.into_iter()
                .filter_map(|one| looked_at(ours, theirs, (one, other))),
        );
    }
    graded(pairs, ours.len() * theirs.len())
}

fn by_key(all: &[Traits]) -> BTreeMap<String, Vec<usize>> {
    let mut at = BTreeMap::<String, Vec<usize>>::new();
    for (place, traits) in all.iter().enumerate() {
        for key in keys(traits) {
            at.entry(key).or_default().push(place);
        }
    }
    at.retain(|_, places| places.len() <= SHARED_AT_MOST);
    at
}

type Seen = (usize, usize, Vec<Reason>);

/// Returns what two records say, unless it is too little for any grade.
fn looked_at(ours: &[Traits], theirs: &[Traits], (one, other): (usize, usize)) -> Option<Seen> {
    const ENOUGH: i32 = 20;
    let reasons = seen(&ours[one], &theirs[other]);
    (worth(&reasons) >= ENOUGH).then_some((one, other, reasons))
}

/// Grades pairs, among so many. How many are of one person is estimated from the lists themselves when they are long enough.
fn graded(pairs: Vec<Seen>, all: usize) -> Vec<Pair> {
    const LONG_ENOUGH: usize = 20_000;
    let mix = if all >= LONG_ENOUGH {
        Mix::of(pairs.iter().map(|(.., reasons)| reasons.as_slice()), all)
    } else {
        Mix::USUAL
    };
    let pair = |(one, other, reasons)| {
        let likeness = grade(reasons, mix)?;
        Some(Pair {
            one,
            other,
            likeness,
        })
    };
    pairs.into_iter().filter_map(pair).collect()
}
