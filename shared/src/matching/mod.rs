//! Who may be the same person: two patients compared, graded and with the reasons, in any script.
//!
//! [`traits`] says what of a patient is compared, [`evidence`] what each likeness or difference is worth, [`blocks`] who is
//! compared with whom at all. The same rules answer a desk that registers somebody and the hub that looks at everybody.

pub mod blocks;
mod dates;
pub mod evidence;
mod names;
mod places;
#[cfg(any(test, feature = "sample"))]
pub mod samples;
pub mod traits;
mod words;

#[cfg(test)]
mod measured_tests;
#[cfg(test)]
mod tests;

use crate::patients::value_set;
use evidence::{Mix, Reason};
use serde::{Deserialize, Serialize};
use traits::Traits;
use ts_rs::TS;

value_set! {
    /// How sure it is that two records are of one person. FHIR match-grade, without `certainly-not`: that is no likeness.
    Grade default Possible { Certain = "certain", Probable = "probable", Possible = "possible" }
}

/// From which odds on each grade holds, in decibans: 1000 to 1, 10 to 1, and 1 to 10.
///
/// These stand for what a person does next: take it for granted, look, or be told. They were not chosen by any figures.
const GRADES: [(i32, Grade); 3] = [
    (30, Grade::Certain),
    (10, Grade::Probable),
    (-10, Grade::Possible),
];

/// How like two records are, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Likeness {
    pub grade: Grade,
    /// What speaks for it and against it, in the order a person would check it.
    pub reasons: Vec<Reason>,
    /// The odds that it is one person, ten times their decimal logarithm. For putting the likeliest first.
    pub decibans: i32,
}

/// Returns how like two records are; nothing when they are of two people as far as one can tell.
pub fn compare(one: &Traits, other: &Traits) -> Option<Likeness> {
    grade(seen(one, other), Mix::USUAL)
}

/// Returns what the two records say about being of one person.
fn seen(one: &Traits, other: &Traits) -> Vec<Reason> {
    names::compare(one, other)
        .into_iter()
        .chain(dates::compare(one.birth, other.birth))
        .chain(places::numbers(one, other))
        .chain(places::genders(one, other))
        .chain(places::phones(one, other))
        .chain(places::addresses(one, other))
        .collect()
}

fn grade(reasons: Vec<Reason>, mix: Mix) -> Option<Likeness> {
    let decibans = mix.odds(&reasons);
    let (_, grade) = GRADES.into_iter().find(|(from, _)| decibans >= *from)?;
    Some(Likeness {
        grade,
        reasons,
        decibans,
    })
}
