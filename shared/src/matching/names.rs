//! Names of two people, in whatever field and order their parts were put.

use super::evidence::{Reason, worth};
use super::traits::{Name, Traits, Words};
use super::words::{Closeness, Script, Word, closeness};
use crate::search;

/// How like two lists of words are, from the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    Differs,
    Initial,
    /// Some words of both, and others of each.
    Shares,
    /// One is the other with words left out.
    Shorter,
    Alike,
    /// Every word has its like, some with a slip.
    Slip,
    Same,
}

/// Returns what the names say: the pair of names that speaks most for one person, as a maiden name may be on one side only.
pub(super) fn compare(one: &Traits, other: &Traits) -> Vec<Reason> {
    one.names
        .iter()
        .flat_map(|a| other.names.iter().map(move |b| pair(a, b)))
        .max_by_key(|reasons| worth(reasons))
        .unwrap_or_default()
}

fn pair(a: &Name, b: &Name) -> Vec<Reason> {
    let straight = named(
        compared(&a.family, &b.family),
        compared(&a.given, &b.given),
        a,
    );
    // at equal worth the last counts
    [whole(a, b), crossed(a, b), straight]
        .into_iter()
        .filter(|reasons| !reasons.is_empty())
        .max_by_key(|reasons| worth(reasons))
        .unwrap_or_default()
}

/// Each given name beside the other's family name. Which is which is not known then: what agrees better is taken for the
/// family name, which agrees among relatives as well.
fn crossed(a: &Name, b: &Name) -> Vec<Reason> {
    let (one, other) = (compared(&a.family, &b.given), compared(&a.given, &b.family));
    let (Some(one), Some(other)) = (one, other) else {
        return Vec::new();
    };
    let mut reasons = named(Some(one.max(other)), Some(one.min(other)), a);
    reasons.push(Reason::NameOrder);
    reasons
}

fn named(family: Option<Match>, given: Option<Match>, of: &Name) -> Vec<Reason> {
    let is_common = is_common_family(&of.family);
    let family = family.map(|found| match found {
        Match::Same if is_common => Reason::FamilyCommon,
        Match::Same => Reason::FamilySame,
        Match::Slip => Reason::FamilySlip,
        Match::Alike => Reason::FamilyAlike,
        Match::Shorter => Reason::FamilyShorter,
        Match::Shares => Reason::FamilyShares,
        Match::Initial | Match::Differs => Reason::FamilyDiffers,
    });
    let given = given.map(|found| match found {
        Match::Same => Reason::GivenSame,
        Match::Slip => Reason::GivenSlip,
        Match::Alike => Reason::GivenAlike,
        Match::Shorter => Reason::GivenShorter,
        Match::Shares => Reason::GivenShares,
        Match::Initial => Reason::GivenInitial,
        Match::Differs => Reason::GivenDiffers,
    });
    family.into_iter().chain(given).collect()
}

/// All words together: when everything was put in one field, or parted elsewhere.
fn whole(a: &Name, b: &Name) -> Vec<Reason> {
    let is_one_word = |name: &Name| match name.whole.each.as_slice() {
        [word] => !word.text.chars().all(search::is_unspaced),
        _ => false,
    };
    if is_one_word(a) && is_one_word(b) {
        return Vec::new();
    }
    let family = if is_common_family(&a.family) || is_common_family(&b.family) {
        Reason::FamilyCommon
    } else {
        Reason::FamilySame
    };
    match compared(&a.whole, &b.whole) {
        Some(Match::Same) => vec![family, Reason::GivenSame, Reason::NameOrder],
        Some(Match::Slip) => vec![family, Reason::GivenSlip, Reason::NameOrder],
        _ => Vec::new(),
    }
}

/// In Chinese and Korean a family name of one character is shared by millions.
fn is_common_family(family: &Words) -> bool {
    let mut letters = family.each.iter().flat_map(|word| word.text.chars());
    letters.next().is_some_and(search::is_unspaced) && letters.next().is_none()
}

/// Returns how like two parts of names are; nothing when one says nothing.
fn compared(one: &Words, other: &Words) -> Option<Match> {
    let (short, long) = if one.each.len() <= other.each.len() {
        (one, other)
    } else {
        (other, one)
    };
    let (a, b) = (short.together.as_ref()?, long.together.as_ref()?);
    // by sound alone, what all words have in common would hide one that differs
    let at_most = if a.script == b.script || a.latin == b.latin {
        Closeness::Same
    } else {
        Closeness::Alike
    };
    let together = closeness(a, b).min(at_most);
    if together == Closeness::Same {
        return Some(Match::Same);
    }
    let (short, long) = (short.each.as_slice(), long.each.as_slice());
    let pairs = pairs(short, long);
    let met = pairs.iter().filter(|c| **c >= Closeness::Slip).count();
    let is_exact = pairs.iter().all(|c| *c == Closeness::Same);
    Some(match (met == short.len(), short.len() == long.len()) {
        (true, true) if is_exact => Match::Same,
        (true, true) => Match::Slip,
        _ if together == Closeness::Slip => Match::Slip,
        (true, false) => Match::Shorter,
        _ if met > 0 => Match::Shares,
        _ if together == Closeness::Alike || pairs.contains(&Closeness::Alike) => Match::Alike,
        _ if is_initial(short, long) => Match::Initial,
        _ => Match::Differs,
    })
}

/// Gives every word of the shorter list the closest word of the longer that is still free.
fn pairs(short: &[Word], long: &[Word]) -> Vec<Closeness> {
    let mut free: Vec<&Word> = long.iter().collect();
    short
        .iter()
        .map(|word| {
            let best = free
                .iter()
                .enumerate()
                .map(|(at, candidate)| (closeness(word, candidate), std::cmp::Reverse(at)))
                .max();
            match best {
                Some((found, std::cmp::Reverse(at))) if found > Closeness::Apart => {
                    free.remove(at);
                    found
                }
                _ => Closeness::Apart,
            }
        })
        .collect()
}

fn is_initial(one: &[Word], other: &[Word]) -> bool {
    let (Some(a), Some(b)) = (one.first(), other.first()) else {
        return false;
    };
    let is_letter = |word: &Word| word.script != Script::Han && word.latin.len() == 1;
    (is_letter(a) || is_letter(b)) && a.latin.chars().next() == b.latin.chars().next()
}
