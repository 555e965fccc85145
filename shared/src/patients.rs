//! Patients: who they are, where they lie, what must never be forgotten about them.
//!
//! FHIR R4 `Patient`, `AllergyIntolerance` and `Flag`, in their words and value sets, as one record.

use crate::ids::WardId;
use crate::merging::{LinkType, PatientLink};
use crate::problem::{Problem, Problems};
use crate::record::{Keys, Kind, Record};
use crate::search;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A person the hospital looks after. FHIR R4 `Patient`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Patient {
    /// Hospital number, FHIR identifier of type `MR`. Given by the desk from its block; never typed.
    pub mrn: Option<String>,
    /// National identifier, FHIR identifier of type `NI`, as printed.
    pub national_id: Option<String>,
    pub name: Vec<HumanName>,
    /// `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    pub gender: Option<Gender>,
    pub blood_group: Option<BloodGroup>,
    pub telecom: Vec<ContactPoint>,
    pub address: Vec<Address>,
    /// Next of kin, FHIR `Patient.contact`.
    pub contact: Vec<Contact>,
    pub allergy: Vec<Allergy>,
    /// "No known allergies" was asked and answered, FHIR code 716186003. Untrue and no allergy means *not recorded*.
    pub no_known_allergies: Option<bool>,
    pub alert: Vec<Alert>,
    pub ward: Option<WardId>,
    /// The label on the bed, such as `A-12`.
    pub bed: Option<String>,
    /// `YYYY-MM-DD`.
    pub deceased: Option<String>,
    /// Other records of the same person.
    pub link: Vec<PatientLink>,
    /// Free text that several people write; both texts survive a merge.
    pub notes: String,
}

/// FHIR `HumanName`. `given` holds all given names, separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct HumanName {
    /// Empty in a draft: the desk gives it.
    pub id: String,
    #[serde(rename = "use")]
    pub name_use: NameUse,
    /// ISO 15924, such as `Latn`, `Arab`, `Hani`.
    pub script: Option<String>,
    pub family: Option<String>,
    pub given: Option<String>,
    pub prefix: Option<String>,
    /// When it stopped being true, RFC 3339. Nothing is removed from a record.
    pub ended: Option<String>,
}

/// FHIR `ContactPoint` of system `phone`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct ContactPoint {
    pub id: String,
    #[serde(rename = "use")]
    pub contact_use: ContactUse,
    pub value: Option<String>,
    pub ended: Option<String>,
}

/// FHIR `Address`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Address {
    pub id: String,
    #[serde(rename = "use")]
    pub address_use: AddressUse,
    pub line: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    /// ISO 3166, two letters, or the name as given.
    pub country: Option<String>,
    pub ended: Option<String>,
}

/// Next of kin. FHIR `Patient.contact`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Contact {
    pub id: String,
    pub name: Option<String>,
    /// Such as `mother`, `spouse`, `guardian`.
    pub relationship: Option<String>,
    pub phone: Option<String>,
    pub ended: Option<String>,
}

/// FHIR `AllergyIntolerance`. Add-wins: where people disagreed apart from each other, it stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Allergy {
    pub id: String,
    pub substance: Option<String>,
    pub reaction: Option<String>,
    pub criticality: Criticality,
    /// Struck out when `refuted` or `entered-in-error`.
    pub verification: Verification,
    /// Why it was struck out. Required for that.
    pub strike_reason: Option<String>,
}

/// Something to know before touching the patient, such as a fall risk. FHIR `Flag`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Alert {
    pub id: String,
    pub text: Option<String>,
    pub ended: Option<String>,
}

macro_rules! value_set {
    ($(#[$doc:meta])* $name:ident default $default:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[ts(export_to = "types.gen.ts")]
        pub enum $name { $(#[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every member, in the order a menu shows them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Returns the word of the value set.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl Default for $name {
            fn default() -> Self { $name::$default }
        }
    };
}
pub(crate) use value_set;

value_set! {
    /// FHIR administrative-gender.
    Gender default Unknown { Female = "female", Male = "male", Other = "other", Unknown = "unknown" }
}
value_set! {
    /// FHIR name-use.
    NameUse default Official {
        Official = "official", Usual = "usual", Nickname = "nickname", Maiden = "maiden", Old = "old",
        Temp = "temp", Anonymous = "anonymous",
    }
}
value_set! {
    /// FHIR contact-point-use.
    ContactUse default Mobile { Mobile = "mobile", Home = "home", Work = "work", Temp = "temp", Old = "old" }
}
value_set! {
    /// FHIR address-use.
    AddressUse default Home { Home = "home", Work = "work", Temp = "temp", Old = "old", Billing = "billing" }
}
value_set! {
    /// FHIR allergy-intolerance-criticality.
    Criticality default UnableToAssess { High = "high", Low = "low", UnableToAssess = "unable-to-assess" }
}
value_set! {
    /// FHIR allergyintolerance-verification. The two last strike the allergy out.
    Verification default Unconfirmed {
        Confirmed = "confirmed", Unconfirmed = "unconfirmed", Refuted = "refuted", EnteredInError = "entered-in-error",
    }
}
value_set! {
    /// ABO and Rh.
    BloodGroup default OPositive {
        OPositive = "O+", ONegative = "O-", APositive = "A+", ANegative = "A-",
        BPositive = "B+", BNegative = "B-", AbPositive = "AB+", AbNegative = "AB-",
    }
}

impl Verification {
    /// Says whether the allergy is struck out.
    pub fn is_struck(self) -> bool {
        match self {
            Verification::Refuted | Verification::EnteredInError => true,
            Verification::Confirmed | Verification::Unconfirmed => false,
        }
    }
}

impl Record for Patient {
    const KIND: Kind = Kind::Patient;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default()
            .unless(
                self.name.iter().any(HumanName::is_usable),
                "patient.name_required",
                "name",
            )
            .at_most(&self.notes, 20_000, "notes")
            .at_most(self.bed.as_deref().unwrap_or(""), 20, "bed")
            .at_most(self.national_id.as_deref().unwrap_or(""), 40, "nationalId")
            .add(
                self.birth_date
                    .as_deref()
                    .and_then(|text| match PartialDate::parse(text) {
                        Err(problem) => Some(problem),
                        Ok(date) if date.year() < 1880 => {
                            Some(Problem::new("birth_date.too_old", "birthDate"))
                        }
                        Ok(_) => None,
                    }),
            )
            .add(self.deceased.as_deref().and_then(|text| {
                PartialDate::parse(text).err().map(|problem| Problem {
                    field: "deceased".into(),
                    ..problem
                })
            }))
            .add(
                self.mrn
                    .as_deref()
                    .filter(|mrn| !is_mrn(mrn))
                    .map(|_| Problem::new("mrn.invalid", "mrn")),
            );
        problems = self.check_names_and_phones(problems);
        self.check_warnings(problems).into()
    }

    fn keys(&self) -> Keys {
        let is_replaced =
            |link: &PatientLink| link.ended.is_none() && link.link_type == LinkType::ReplacedBy;
        // whoever looks for the patient finds the record that is used
        let is_listed = !self.link.iter().any(is_replaced);
        Keys {
            ward: self.ward.filter(|_| is_listed),
            subject: None,
            at: None,
            sort: search::fold(&self.sort_name()),
            search: if is_listed {
                self.search_text()
            } else {
                String::new()
            },
        }
    }
}

impl HumanName {
    fn is_usable(&self) -> bool {
        let has =
            |part: &Option<String>| part.as_deref().is_some_and(|text| !text.trim().is_empty());
        self.ended.is_none() && (has(&self.family) || has(&self.given))
    }
}

impl Patient {
    fn check_names_and_phones(&self, mut problems: Problems) -> Problems {
        for name in &self.name {
            let text = format!(
                "{} {}",
                name.family.as_deref().unwrap_or(""),
                name.given.as_deref().unwrap_or("")
            );
            problems = problems.at_most(&text, 300, &format!("name/{}/family", name.id));
        }
        for phone in self.telecom.iter().filter(|phone| phone.ended.is_none()) {
            let field = format!("telecom/{}/value", phone.id);
            let digits = phone
                .value
                .as_deref()
                .unwrap_or("")
                .chars()
                .filter(|c| c.is_numeric())
                .count();
            problems = problems.unless((3..=20).contains(&digits), "phone.invalid", &field);
        }
        problems
    }

    /// Checks what must never be forgotten: allergies and alerts.
    fn check_warnings(&self, mut problems: Problems) -> Problems {
        for allergy in &self.allergy {
            let at = |name: &str| format!("allergy/{}/{name}", allergy.id);
            let named = allergy
                .substance
                .as_deref()
                .is_some_and(|s| !s.trim().is_empty());
            let reasoned = allergy
                .strike_reason
                .as_deref()
                .is_some_and(|r| !r.trim().is_empty());
            problems = problems
                .unless(named, "allergy.substance_required", &at("substance"))
                .unless(
                    !allergy.verification.is_struck() || reasoned,
                    "allergy.reason_required",
                    &at("strikeReason"),
                );
        }
        for alert in &self.alert {
            let named = alert
                .text
                .as_deref()
                .is_some_and(|text| !text.trim().is_empty());
            problems = problems.unless(named, "required", &format!("alert/{}/text", alert.id));
        }
        problems
    }

    /// Returns the name to show: the official one, else the first that still holds.
    pub fn display_name(&self) -> Option<&HumanName> {
        let usable = || self.name.iter().filter(|name| name.is_usable());
        usable()
            .find(|name| name.name_use == NameUse::Official)
            .or_else(|| usable().next())
    }

    fn sort_name(&self) -> String {
        let Some(name) = self.display_name() else {
            return String::new();
        };
        format!(
            "{} {}",
            name.family.as_deref().unwrap_or(""),
            name.given.as_deref().unwrap_or("")
        )
    }

    /// Returns the words a patient is found by: all names, numbers, phones and the birth date.
    fn search_text(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for name in &self.name {
            words.extend(name.family.as_deref());
            words.extend(name.given.as_deref());
        }
        words.extend(self.mrn.as_deref());
        words.extend(self.national_id.as_deref());
        let phones: Vec<String> = self
            .telecom
            .iter()
            .filter_map(|p| p.value.as_deref())
            .flat_map(search::phone)
            .collect();
        words.extend(phones.iter().map(String::as_str));
        let birth = self.birth_date.as_deref().map(|date| date.replace('-', ""));
        words.extend(birth.as_deref());
        search::fold(&words.join(" "))
    }

    /// Returns the allergies that hold, leaving out those struck out.
    pub fn active_allergies(&self) -> impl Iterator<Item = &Allergy> {
        self.allergy
            .iter()
            .filter(|allergy| !allergy.verification.is_struck())
    }
}

/// A birth date of which only the year, or the year and month, may be known. FHIR `date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialDate {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
}

impl PartialDate {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; fails with `birth_date.invalid`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::new("birth_date.invalid", "birthDate");
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |text: &str, len: usize| {
            if text.len() == len && text.bytes().all(|b| b.is_ascii_digit()) {
                text.parse::<i16>().ok()
            } else {
                None
            }
        };
        let year = parts
            .first()
            .and_then(|text| digits(text, 4))
            .ok_or_else(wrong)?;
        let part = |index: usize| match parts.get(index) {
            None => Ok(None),
            Some(text) => digits(text, 2).map(|n| Some(n as i8)).ok_or_else(wrong),
        };
        let (month, day) = (part(1)?, part(2)?);
        Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).map_err(|_| wrong())?;
        if parts.len() > 3 {
            Err(wrong())
        } else {
            Ok(Self { year, month, day })
        }
    }

    /// Returns the year.
    pub fn year(self) -> i16 {
        self.year
    }

    /// Says whether the date lies after `today`, as far as it is known.
    pub fn is_after(self, today: Date) -> bool {
        let known = (self.year, self.month.unwrap_or(0), self.day.unwrap_or(0));
        known > (today.year(), today.month(), today.day())
    }
}

/// Checks what needs today's date: nobody is born tomorrow.
pub fn check_on(patient: &Patient, today: Date) -> Vec<Problem> {
    let born = patient
        .birth_date
        .as_deref()
        .and_then(|text| PartialDate::parse(text).ok());
    let died = patient
        .deceased
        .as_deref()
        .and_then(|text| PartialDate::parse(text).ok());
    Problems::default()
        .unless(
            !born.is_some_and(|date| date.is_after(today)),
            "birth_date.in_future",
            "birthDate",
        )
        .unless(
            !died.is_some_and(|date| date.is_after(today)),
            "birth_date.in_future",
            "deceased",
        )
        .into()
}

/// Returns the hospital number for a serial: eight digits and a Luhn check digit, so that a slip of a finger shows.
pub fn mrn(serial: u32) -> String {
    let digits = format!("{serial:08}");
    format!("{digits}{}", luhn(&digits))
}

/// Says whether a text is a hospital number with a right check digit. Numbers of other hospitals may hold letters.
pub fn is_mrn(text: &str) -> bool {
    let ours = text.len() == 9 && text.bytes().all(|b| b.is_ascii_digit());
    if ours {
        return luhn(&text[..8]).to_string() == text[8..];
    }
    (1..=40).contains(&text.chars().count()) && text.chars().any(|c| !c.is_ascii_digit())
}

fn luhn(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
#[path = "patients_tests.rs"]
mod tests;
