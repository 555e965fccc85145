//! People of whom it is known who is whom, for measuring: two small samples of others (`shared/samples`), and made-up
//! hospitals from a seed.

use super::Grade;
use super::blocks::{self, Pair};
use super::traits::Traits;
use crate::ids::WardId;
use crate::patients::{Address, ContactPoint, Gender, HumanName, Patient};
use crate::sample::{self, Dice};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Patients, and which of them are one person.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub patients: Vec<Patient>,
    /// Pairs of places in the list, the smaller first.
    pub same: BTreeSet<(usize, usize)>,
    /// Pairs of two people who are alike.
    pub two: BTreeSet<(usize, usize)>,
}

/// How well pairs were found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Of the pairs said to be one person, the part that is.
    pub precision: f64,
    /// Of the pairs that are one person, the part that was said.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// Returns the Febrl sample: Australian addresses, slips of typing.
pub fn febrl() -> Sample {
    let text = include_str!("../../samples/febrl-dataset1.csv");
    let rows = rows(text);
    let mut persons = BTreeMap::<String, usize>::new();
    let mut sample = Sample::default();
    for (place, row) in rows.iter().enumerate() {
        let id = &row["rec_id"];
        let person = id.split('-').nth(1).unwrap_or_default().to_owned();
        if let Some(first) = persons.insert(person, place) {
            sample.same.insert((first, place));
        }
        let birth = &row["date_of_birth"];
        let is_date = birth.len() == 8;
        sample.patients.push(Patient {
            national_id: some(&row["soc_sec_id"]),
            name: vec![HumanName {
                family: some(&row["surname"]),
                given: some(&row["given_name"]),
                ..HumanName::default()
            }],
            birth_date: is_date
                .then(|| format!("{}-{}-{}", &birth[..4], &birth[4..6], &birth[6..])),
            address: vec![Address {
                line: some(&format!(
                    "{} {}, {}",
                    row["street_number"], row["address_1"], row["address_2"]
                )),
                city: some(&row["suburb"]),
                postal_code: some(&row["postcode"]),
                ..Address::default()
            }],
            ..Patient::default()
        });
    }
    sample
}

/// Returns the sample of 24 countries.
pub fn i18n() -> Sample {
    let rows_of_patients = rows(include_str!("../../samples/i18n-patients.csv"));
    let places: BTreeMap<&str, usize> = rows_of_patients
        .iter()
        .enumerate()
        .map(|(place, row)| (row["id"].as_str(), place))
        .collect();
    let pairs = |text: &str| -> BTreeSet<(usize, usize)> {
        rows(text)
            .iter()
            .map(|row| ordered(places[row["id_a"].as_str()], places[row["id_b"].as_str()]))
            .collect()
    };
    Sample {
        same: pairs(include_str!("../../samples/i18n-truth.csv")),
        two: pairs(include_str!("../../samples/i18n-two-people.csv")),
        patients: rows_of_patients.iter().map(patient_of_the_world).collect(),
    }
}

fn patient_of_the_world(row: &BTreeMap<String, String>) -> Patient {
    Patient {
        national_id: some(&row["nat_id"]),
        name: vec![HumanName {
            family: some(&row["family"]),
            given: some(&row["given"]),
            ..HumanName::default()
        }],
        birth_date: some(&row["dob"]),
        gender: Gender::ALL
            .iter()
            .copied()
            .find(|gender| gender.word() == row["sex"]),
        telecom: vec![ContactPoint {
            value: some(&row["phone"]),
            ..ContactPoint::default()
        }],
        address: vec![Address {
            line: some(&row["street"]),
            city: some(&row["city"]),
            postal_code: some(&row["postcode"]),
            ..Address::default()
        }],
        ..Patient::default()
    }
}

/// Returns made-up patients of whom one in four was registered twice with slips, and one in eight has somebody at home who
/// is alike: a twin, or a child of the same name.
pub fn made_up(seed: u64, count: usize) -> Sample {
    let mut dice = Dice::new(seed);
    let mut sample = Sample::default();
    for serial in 0..count {
        let ward = WardId(Uuid::from_u128(1));
        let mut body = sample::patient(&mut dice, serial as u32, ward);
        body["address"][0]["postalCode"] = format!("{:05}", dice.below(100_000)).into();
        let Ok(patient) = serde_json::from_value::<Patient>(body) else {
            continue;
        };
        let place = sample.patients.len();
        let again = (dice.below(4) == 0).then(|| slipped(&mut dice, &patient));
        let alike = (dice.below(8) == 0).then(|| relative(&mut dice, &patient));
        sample.patients.push(patient);
        for (other, is_same) in [(again, true), (alike, false)] {
            let Some(other) = other else { continue };
            let pair = (place, sample.patients.len());
            if is_same {
                sample.same.insert(pair);
            } else {
                sample.two.insert(pair);
            }
            sample.patients.push(other);
        }
    }
    sample
}

/// Returns two made-up hospitals of so many patients each, who share about one in eight.
pub fn two_hospitals(seed: u64, count: usize) -> (Vec<Patient>, Vec<Patient>) {
    let Sample { patients, .. } = made_up(seed, 2 * count);
    let of = |first: usize| {
        let every_other = patients.iter().skip(first).step_by(2);
        every_other.take(count).cloned().collect()
    };
    (of(0), of(1))
}

/// The same person, written down another time by somebody else: one to three things differ.
fn slipped(dice: &mut Dice, patient: &Patient) -> Patient {
    let mut again = patient.clone();
    again.mrn = None;
    for _ in 0..=dice.below(3) {
        match dice.below(8) {
            0 => again.national_id = None,
            1 => again.telecom.clear(),
            2 => {
                for address in &mut again.address {
                    address.line = Some(format!("{} Harbour Street", 1 + dice.below(200)));
                    address.postal_code = Some(format!("{:05}", dice.below(100_000)));
                }
            }
            3 => again.birth_date = again.birth_date.as_deref().map(swapped_day),
            4 => {
                for name in &mut again.name {
                    std::mem::swap(&mut name.family, &mut name.given);
                }
            }
            5 => {
                for name in &mut again.name {
                    name.family = name.family.as_deref().map(any_ascii::any_ascii);
                    name.given = name.given.as_deref().map(any_ascii::any_ascii);
                }
            }
            6 => {
                for name in &mut again.name {
                    name.given = name.given.as_deref().map(|text| two_swapped(dice, text));
                }
            }
            _ => again.birth_date = again.birth_date.as_deref().map(|text| digit(dice, text)),
        }
    }
    again
}

/// Somebody of the same household: born the same day with another given name, or of the same name a generation later.
fn relative(dice: &mut Dice, patient: &Patient) -> Patient {
    let mut other = patient.clone();
    other.mrn = None;
    let card = format!("{:010}", dice.roll() % 10_000_000_000);
    other.national_id = (dice.below(3) > 0).then_some(card);
    if dice.below(2) == 0 {
        for name in &mut other.name {
            let names = ["Rosalind", "Bertram", "Quentin", "Wilhelmina"];
            name.given = Some(dice.pick(&names).to_owned());
        }
    } else {
        let year: usize = patient
            .birth_date
            .as_deref()
            .and_then(|date| date[..4].parse().ok())
            .unwrap_or(1960);
        let (month, day) = (1 + dice.below(12), 1 + dice.below(28));
        other.birth_date = Some(format!("{}-{month:02}-{day:02}", year + 27));
    }
    other
}

fn swapped_day(date: &str) -> String {
    match date.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] if *day <= "12" => format!("{year}-{day}-{month}"),
        _ => date.to_owned(),
    }
}

fn two_swapped(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() >= 4 {
        let at = 1 + dice.below(letters.len() - 2);
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// One digit of the day or of the year's end is another.
fn digit(dice: &mut Dice, date: &str) -> String {
    let at = [2, 3, 9][dice.below(3)];
    let new = char::from(b'1' + dice.below(8) as u8);
    date.chars()
        .enumerate()
        .map(|(place, c)| if place == at { new } else { c })
        .collect()
}

impl Sample {
    /// Returns the patients of one half with their pairs: whole families, `half` 0 or 1 by the person who comes first.
    pub fn half(&self, half: usize) -> Self {
        let mut first: Vec<usize> = (0..self.patients.len()).collect();
        // pairs come in any order: as often as it takes until nothing moves
        while self.same.union(&self.two).any(|(a, b)| {
            let root = first[*a].min(first[*b]);
            let moves = first[*a] != root || first[*b] != root;
            (first[*a], first[*b]) = (root, root);
            moves
        }) {}
        let kept: Vec<usize> = (0..first.len())
            .filter(|place| first[*place] % 2 == half)
            .collect();
        let new: BTreeMap<usize, usize> = kept.iter().copied().zip(0..).collect();
        let moved = |pairs: &BTreeSet<(usize, usize)>| {
            pairs
                .iter()
                .filter_map(|(a, b)| Some((*new.get(a)?, *new.get(b)?)))
                .collect()
        };
        Self {
            same: moved(&self.same),
            two: moved(&self.two),
            patients: kept
                .iter()
                .map(|place| self.patients[*place].clone())
                .collect(),
        }
    }

    /// Returns the pairs found, of any grade.
    pub fn pairs(&self) -> Vec<Pair> {
        blocks::within(&self.patients.iter().map(Traits::of).collect::<Vec<_>>())
    }

    /// Returns how well pairs are found that are at least probable.
    pub fn found(&self) -> Found {
        let said: BTreeSet<(usize, usize)> = self
            .pairs()
            .into_iter()
            .filter(|pair| match pair.likeness.grade {
                Grade::Certain | Grade::Probable => true,
                Grade::Possible => false,
            })
            .map(|pair| ordered(pair.one, pair.other))
            .collect();
        let right = said.intersection(&self.same).count() as f64;
        let (precision, recall) = (right / said.len() as f64, right / self.same.len() as f64);
        Found {
            precision,
            recall,
            f1: 2.0 * precision * recall / (precision + recall),
        }
    }
}

fn ordered(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

fn some(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Reads the rows of a CSV file by the names of its columns.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(cells);
    let head = lines.next().unwrap_or_default();
    lines
        .map(|cells| head.iter().cloned().zip(cells).collect())
        .collect()
}

fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().expect("it begins with one").push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("it begins with one").push(c),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
