//! FHIR `MedicationRequest` and `MedicationStatement` into a draft of a prescription.
//!
//! An order needs a dose, a unit, a route and a frequency. Where the source does not say them, nothing is made up: what was
//! active becomes a draft that a doctor completes, and the line says what was not given.

use super::Skip;
use super::ids::Index;
use super::patient::{each, has_code, words};
use super::read::Resource;
use serde_json::{Value, json};
use shared::ids::{RecordId, WardId};
use shared::prescriptions::{Frequency, PrescriptionStatus, Route, Unit};
use std::collections::BTreeMap;

/// Makes a draft, and says what to know about it.
pub(super) fn draft(
    resource: &Resource,
    resources: &[Resource],
    index: &Index,
    homes: &BTreeMap<RecordId, WardId>,
) -> Result<(Value, &'static str), Skip> {
    let json = &resource.json;
    let reference = &json["subject"]["reference"];
    let dangling = || {
        (
            "dangling reference",
            reference.as_str().unwrap_or("no subject").to_owned(),
        )
    };
    let patient = index.find("Patient", reference).ok_or_else(dangling)?;
    let ward = homes.get(&patient).ok_or_else(dangling)?;
    let medicine =
        medicine(json, resources, index).ok_or_else(|| ("no medicine", String::new()))?;
    let dosage = if json["dosageInstruction"].is_array() {
        &json["dosageInstruction"][0]
    } else {
        &json["dosage"][0]
    };
    let line = Line::read(&medicine, dosage);
    let missing = line.missing();
    let status = match (status(json), missing.is_empty()) {
        (PrescriptionStatus::Active, false) => PrescriptionStatus::Draft,
        (status, _) => status,
    };
    let mut draft = json!({
        "patient": patient, "ward": ward, "status": status.word(), "line": [line.draft(&medicine, dosage, &missing)],
    });
    let written = ["authoredOn", "dateAsserted", "effectiveDateTime"]
        .iter()
        .find_map(|member| json[*member].as_str());
    if let Some(written) = written {
        draft["authoredOn"] =
            json!(instant(written).ok_or_else(|| ("bad date", "authoredOn".to_owned()))?);
    }
    if status == PrescriptionStatus::Stopped {
        let reason = words(&json["statusReason"]).or_else(|| words(&json["statusReason"][0]));
        draft["stopReason"] = json!(reason.unwrap_or_else(|| "not given in the source".into()));
    }
    let notes: Vec<&str> = each(json, "note")
        .filter_map(|note| note["text"].as_str())
        .collect();
    if !notes.is_empty() {
        draft["notes"] = json!(notes.join("\n"));
    }
    Ok((
        draft,
        if missing.is_empty() {
            ""
        } else {
            "dosage not complete in the source"
        },
    ))
}

fn status(json: &Value) -> PrescriptionStatus {
    let word = match json["status"].as_str().unwrap_or_default() {
        "intended" => "draft",
        "not-taken" => "stopped",
        word => word,
    };
    PrescriptionStatus::ALL
        .iter()
        .copied()
        .find(|status| status.word() == word)
        .unwrap_or_default()
}

fn medicine(json: &Value, resources: &[Resource], index: &Index) -> Option<String> {
    if let Some(words) = words(&json["medicationCodeableConcept"]) {
        return Some(words);
    }
    let reference = &json["medicationReference"]["reference"];
    let text = reference.as_str()?;
    if let Some(local) = text.strip_prefix('#') {
        return each(json, "contained")
            .find(|contained| contained["id"] == local)
            .and_then(|medication| words(&medication["code"]));
    }
    let key = index.key("Medication", reference)?;
    let found = resources
        .iter()
        .find(|resource| resource.kind == "Medication" && super::ids::key(resource) == key);
    found.and_then(|medication| words(&medication.json["code"]))
}

/// What a source says of how a medicine is given.
struct Line {
    dose: Option<String>,
    unit: Option<Unit>,
    route: Option<Route>,
    frequency: Option<Frequency>,
}

impl Line {
    fn read(medicine: &str, dosage: &Value) -> Self {
        let quantity = &dosage["doseAndRate"][0]["doseQuantity"];
        let given = quantity["value"]
            .is_number()
            .then(|| quantity["value"].to_string());
        let unit = [&quantity["code"], &quantity["unit"]]
            .into_iter()
            .find_map(|word| unit(word.as_str()?));
        let (dose, unit) = match (given, unit) {
            (Some(dose), Some(unit)) => (Some(dose), Some(unit)),
            // a dose of "1" without a unit we know is a tablet or a puff: half of it is worth nothing
            (Some(_), None) | (None, _) => {
                strength(medicine).map_or((None, None), |(dose, unit)| (Some(dose), Some(unit)))
            }
        };
        let route = route(&dosage["route"]).or_else(|| route_by_name(medicine));
        Self {
            dose,
            unit,
            route,
            frequency: frequency(&dosage["timing"]),
        }
    }

    fn missing(&self) -> Vec<&'static str> {
        let parts = [
            (self.dose.is_none(), "dose"),
            (self.route.is_none(), "route"),
            (self.frequency.is_none(), "frequency"),
        ];
        parts
            .into_iter()
            .filter(|(is_missing, _)| *is_missing)
            .map(|(_, word)| word)
            .collect()
    }

    fn draft(&self, medicine: &str, dosage: &Value, missing: &[&str]) -> Value {
        let given = dosage["text"].as_str().map(str::to_owned);
        let more = each(dosage, "additionalInstruction").filter_map(words);
        let unknown = (!missing.is_empty())
            .then(|| format!("Not given in the source: {}.", missing.join(", ")));
        let instructions: Vec<String> = given.into_iter().chain(more).chain(unknown).collect();
        let is_needed = dosage["asNeededBoolean"].as_bool().unwrap_or(false)
            || dosage["asNeededCodeableConcept"].is_object();
        let mut line = json!({
            "medicine": medicine.chars().take(200).collect::<String>(),
            "dose": self.dose,
            "unit": self.unit.map(Unit::word),
            "route": self.route.map(Route::word),
            "frequency": self.frequency.map(Frequency::word),
        });
        if is_needed {
            line["prn"] = json!(true);
        }
        if let Some(reason) = words(&dosage["asNeededCodeableConcept"]) {
            line["prnReason"] = json!(reason);
        }
        if !instructions.is_empty() {
            line["instructions"] = json!(
                instructions
                    .join(" ")
                    .chars()
                    .take(1_000)
                    .collect::<String>()
            );
        }
        line
    }
}

fn unit(word: &str) -> Option<Unit> {
    let word = word.to_lowercase();
    let found = match word.as_str() {
        "mg" => Unit::Mg,
        "ug" | "mcg" | "microgram" => Unit::Mcg,
        "g" => Unit::G,
        "ml" => Unit::Ml,
        "u" | "[iu]" | "iu" | "unt" | "unit" | "units" => Unit::Units,
        "tab" | "tablet" | "{tbl}" => Unit::Tablet,
        "cap" | "capsule" => Unit::Capsule,
        "drop" | "opdrop" | "gtt" | "[drp]" => Unit::Drop,
        "puff" | "{puff}" | "actuat" => Unit::Puff,
        "mmol" => Unit::Mmol,
        _ => return None,
    };
    Some(found)
}

/// Reads the strength off a name like `Ibuprofen 200 MG Oral Tablet`: one medicine, one strength, nothing per volume.
fn strength(medicine: &str) -> Option<(String, Unit)> {
    let words: Vec<&str> = medicine.split_whitespace().collect();
    let is_plain = !medicine.contains('/') && !medicine.to_lowercase().contains("pack");
    let strengths: Vec<(String, Unit)> = words
        .windows(2)
        .filter_map(|pair| {
            let number = pair[0]
                .parse::<f64>()
                .ok()
                .filter(|number| *number > 0.0)
                .map(|_| pair[0].to_owned())?;
            Some((number, unit(pair[1])?))
        })
        .collect();
    match strengths.as_slice() {
        [one] if is_plain => Some(one.clone()),
        _ => None,
    }
}

fn route(concept: &Value) -> Option<Route> {
    const CODES: [(&str, Route); 12] = [
        ("26643006", Route::Oral),
        ("260548002", Route::Oral),
        ("PO", Route::Oral),
        ("47625008", Route::Intravenous),
        ("78421000", Route::Intramuscular),
        ("34206005", Route::Subcutaneous),
        ("263887005", Route::Subcutaneous),
        ("54485002", Route::Eye),
        ("10547007", Route::Ear),
        ("46713006", Route::Nasal),
        ("37161004", Route::Rectal),
        ("6064005", Route::Topical),
    ];
    CODES
        .iter()
        .find(|(code, _)| has_code(concept, code))
        .map(|(_, route)| *route)
}

fn route_by_name(medicine: &str) -> Option<Route> {
    const WORDS: [(&str, Route); 8] = [
        ("oral ", Route::Oral),
        ("tablet", Route::Oral),
        ("topical", Route::Topical),
        ("inhaler", Route::Inhaled),
        ("vaginal", Route::Vaginal),
        ("transdermal", Route::Transdermal),
        ("nasal", Route::Nasal),
        ("ophthalmic", Route::Eye),
    ];
    let name = medicine.to_lowercase();
    WORDS
        .iter()
        .find(|(word, _)| name.contains(word))
        .map(|(_, route)| *route)
}

/// Reads how often: a code of FHIR's timing-abbreviation, or so many times in so many hours, days or weeks.
fn frequency(timing: &Value) -> Option<Frequency> {
    let by_code = each(&timing["code"], "coding").filter_map(|coding| coding["code"].as_str());
    if let Some(known) = by_code
        .filter_map(|code| {
            Frequency::ALL
                .iter()
                .copied()
                .find(|known| known.word() == code)
        })
        .next()
    {
        return Some(known);
    }
    let repeat = &timing["repeat"];
    let times_of_day = repeat["timeOfDay"].as_array().map(Vec::len);
    // a range ("every 6 to 12 hours") is for a person to read
    if repeat["periodMax"].is_number() || repeat["frequencyMax"].is_number() {
        return None;
    }
    let times = repeat["frequency"]
        .as_u64()
        .or_else(|| times_of_day.and_then(|times| u64::try_from(times).ok()));
    let (period, unit) = (repeat["period"].as_f64(), repeat["periodUnit"].as_str());
    let period = period.map(|period| period as u64);
    match (
        times?,
        period.unwrap_or(1),
        unit.unwrap_or(if times_of_day.is_some() { "d" } else { "" }),
    ) {
        (1, 1, "d") | (1, 24, "h") => Some(Frequency::Daily),
        (2, 1, "d") => Some(Frequency::TwiceDaily),
        (3, 1, "d") => Some(Frequency::ThreeTimesDaily),
        (4, 1, "d") => Some(Frequency::FourTimesDaily),
        (1, 4, "h") => Some(Frequency::Every4Hours),
        (1, 6, "h") => Some(Frequency::Every6Hours),
        (1, 8, "h") => Some(Frequency::Every8Hours),
        (1, 12, "h") => Some(Frequency::Every12Hours),
        (1, 2, "d") => Some(Frequency::EveryOtherDay),
        (1, 1, "wk") | (1, 7, "d") => Some(Frequency::Weekly),
        (1, 1, "mo") => Some(Frequency::Monthly),
        _ => None,
    }
}

/// Reads a FHIR dateTime as RFC 3339 in UTC; a day alone begins at midnight UTC.
pub(super) fn instant(text: &str) -> Option<String> {
    let whole = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    let at: jiff::Timestamp = whole.parse().ok()?;
    Some(shared::clock::instant(at.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strength_is_read_only_where_it_is_plain() {
        let check = |name: &str, expect: Option<(&str, Unit)>| {
            assert_eq!(
                strength(name),
                expect.map(|(dose, unit)| (dose.to_owned(), unit)),
                "{name}"
            );
        };
        check("Ibuprofen 200 MG Oral Tablet", Some(("200", Unit::Mg)));
        check("Digoxin 0.125 MG Oral Tablet", Some(("0.125", Unit::Mg)));
        check("Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet", None);
        check("Hydrocortisone 10 MG/ML Topical Cream", None);
        check("Clonazepam [Klonopin]", None);
    }

    #[test]
    fn a_frequency_is_read_only_where_it_is_one() {
        let check = |repeat: Value, expect: Option<Frequency>| {
            assert_eq!(frequency(&json!({ "repeat": repeat })), expect, "{repeat}");
        };
        check(
            json!({ "frequency": 3, "period": 1, "periodUnit": "d" }),
            Some(Frequency::ThreeTimesDaily),
        );
        check(
            json!({ "frequency": 1, "period": 6, "periodMax": 12, "periodUnit": "h" }),
            None,
        );
        check(json!({ "timeOfDay": ["09:00:00"] }), Some(Frequency::Daily));
        check(json!({}), None);
        assert_eq!(
            frequency(&json!({ "code": { "coding": [{ "code": "BID" }] } })),
            Some(Frequency::TwiceDaily)
        );
    }

    #[test]
    fn dates_become_instants_in_utc() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(instant(text).as_deref(), expect);
        check("2016-01-07T22:28:27+02:00", Some("2016-01-07T20:28:27Z"));
        check("2015-03-01", Some("2015-03-01T00:00:00Z"));
        check("2015-02-30", None);
        check("soon", None);
    }
}
