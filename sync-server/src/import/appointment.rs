//! FHIR `Appointment` into a draft.

use super::ids::{Index, pick};
use super::medication::instant;
use super::patient::{each, words};
use super::read::Resource;
use super::{Skip, Ward};
use serde_json::{Value, json};
use shared::ids::{RecordId, WardId};
use shared::scheduling::AppointmentStatus;
use std::collections::BTreeMap;

/// Makes a draft. The source's doctors are not ours: the patient's ward gives one of its own.
pub(super) fn draft(
    resource: &Resource,
    index: &Index,
    homes: &BTreeMap<RecordId, WardId>,
    wards: &[Ward],
) -> Result<Value, Skip> {
    let json = &resource.json;
    let references =
        each(json, "participant").map(|participant| &participant["actor"]["reference"]);
    let named = references.filter(|reference| {
        reference
            .as_str()
            .is_some_and(|text| text.contains("Patient/") || text.starts_with("urn:"))
    });
    let patients: Vec<&Value> = named.collect();
    let ours = |reference: &&Value| {
        index
            .find("Patient", reference)
            .and_then(|id| Some((id, *homes.get(&id)?)))
    };
    let Some((patient, home)) = patients.iter().find_map(ours) else {
        let reference = patients
            .first()
            .and_then(|reference| reference.as_str())
            .unwrap_or("no patient");
        return Err(("dangling reference", reference.to_owned()));
    };
    let start = json["start"]
        .as_str()
        .ok_or_else(|| ("no start", String::new()))?;
    let start = instant(start).ok_or_else(|| ("bad date", "start".to_owned()))?;
    let ward = wards
        .iter()
        .find(|ward| ward.id == home && !ward.doctors.is_empty());
    let ward = ward.ok_or_else(|| ("no doctor in the ward", String::new()))?;
    let (doctor, department) = ward.doctors[pick(index.id_of(resource), ward.doctors.len())];
    let word = json["status"].as_str().unwrap_or_default();
    let status = AppointmentStatus::parse(word);
    let status = status.ok_or_else(|| ("unknown status", word.to_owned()))?;
    let mut draft = json!({
        "patient": patient, "practitioner": doctor, "department": department, "ward": ward.id,
        "start": start, "minutes": minutes(json, &start), "status": status.word(),
    });
    let reason = each(json, "reasonCode")
        .find_map(words)
        .or_else(|| json["description"].as_str().map(str::to_owned));
    if let Some(reason) = reason {
        draft["reason"] = json!(reason);
    }
    if status == AppointmentStatus::Cancelled {
        draft["cancelReason"] = json!(
            words(&json["cancelationReason"]).unwrap_or_else(|| "not given in the source".into())
        );
    }
    if let Some(comment) = json["comment"].as_str() {
        draft["notes"] = json!(comment);
    }
    Ok(draft)
}

fn minutes(json: &Value, start: &str) -> i64 {
    let between = || {
        let end: jiff::Timestamp = instant(json["end"].as_str()?)?.parse().ok()?;
        let start: jiff::Timestamp = start.parse().ok()?;
        Some((end.as_second() - start.as_second()) / 60)
    };
    json["minutesDuration"]
        .as_i64()
        .or_else(between)
        .unwrap_or(20)
}
