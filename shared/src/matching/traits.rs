//! What of a patient is compared with others, worked out once.

use super::dates::Birth;
use super::words::{self, Word};
use crate::patients::{Address, Gender, HumanName, Patient};
use crate::search;

/// What of a patient is compared with others.
#[derive(Clone, Debug, Default)]
pub struct Traits {
    pub(super) names: Vec<Name>,
    pub(super) birth: Option<Birth>,
    pub(super) gender: Option<Gender>,
    /// Letters and digits only.
    pub(super) national_id: Option<String>,
    /// Digits only, their own and those of their next of kin.
    pub(super) phones: Vec<String>,
    pub(super) places: Vec<Place>,
}

/// One name of a patient.
#[derive(Clone, Debug, Default)]
pub(super) struct Name {
    pub(super) family: Words,
    pub(super) given: Words,
    /// Family name and given names.
    pub(super) whole: Words,
}

/// Some words of a name, and all of them written as one.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    pub(super) each: Vec<Word>,
    pub(super) together: Option<Word>,
}

/// One address of a patient.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) line: Vec<Word>,
    pub(super) city: Vec<Word>,
    pub(super) postal_code: Option<String>,
}

/// More names, phones or addresses than these are not compared: nobody has them, and each pair costs.
const EACH_AT_MOST: usize = 8;

impl Traits {
    /// Takes from a patient what is compared. What ended counts as well: people are registered under old names and addresses.
    pub fn of(patient: &Patient) -> Self {
        let phones = patient
            .telecom
            .iter()
            .filter_map(|phone| phone.value.as_deref())
            .chain(
                patient
                    .contact
                    .iter()
                    .filter_map(|kin| kin.phone.as_deref()),
            );
        Self {
            names: patient
                .name
                .iter()
                .map(Name::of)
                .filter(|name| name.whole.together.is_some())
                .take(EACH_AT_MOST)
                .collect(),
            birth: patient.birth_date.as_deref().and_then(Birth::read),
            gender: patient.gender.filter(|gender| match gender {
                Gender::Female | Gender::Male => true,
                Gender::Other | Gender::Unknown => false,
            }),
            national_id: patient.national_id.as_deref().and_then(number),
            phones: phones
                .map(search::digits)
                .filter(|digits| !digits.is_empty())
                .take(EACH_AT_MOST)
                .collect(),
            places: patient
                .address
                .iter()
                .map(Place::of)
                .take(EACH_AT_MOST)
                .collect(),
        }
    }
}

impl Name {
    fn of(name: &HumanName) -> Self {
        let part = |text: &Option<String>| words::of_name(text.as_deref().unwrap_or(""));
        let (family, given) = (part(&name.family), part(&name.given));
        Self {
            whole: Words::of([family.as_slice(), given.as_slice()].concat()),
            family: Words::of(family),
            given: Words::of(given),
        }
    }
}

impl Words {
    fn of(each: Vec<Word>) -> Self {
        Self {
            together: Word::joined(&each),
            each,
        }
    }
}

impl Place {
    fn of(address: &Address) -> Self {
        let part = |text: &Option<String>| words::split(text.as_deref().unwrap_or(""));
        Self {
            line: part(&address.line),
            city: part(&address.city),
            postal_code: address.postal_code.as_deref().and_then(number),
        }
    }
}

/// Returns letters and digits alone, as numbers are compared; nothing when there are none.
fn number(text: &str) -> Option<String> {
    let bare: String = words::split(text)
        .iter()
        .map(|word| word.latin.as_str())
        .collect();
    Some(bare).filter(|bare| !bare.is_empty())
}
