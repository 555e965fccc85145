//! What somebody who treats a stranger has to know first, and how it lies at desks: sealed until an opening unseals it.

use crate::ids::{DeviceId, RecordId};
use crate::patients::Patient;
use crate::prescriptions::{Line, Prescription, PrescriptionStatus, Standing, standing};
use crate::record;
use crate::search;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Summaries of one page, at most.
pub const PAGE_SUMMARIES: usize = 200;
/// Summaries a search returns, at most.
pub const FOUND_AT_MOST: usize = 20;
const NONCE: usize = 24;

/// What an emergency needs of a chart: who it is, where they lie, allergies, alerts, blood group and current medicines.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Summary {
    pub id: RecordId,
    /// Of the record only what an emergency needs; the rest is empty.
    pub patient: Patient,
    pub medicines: Vec<Medicine>,
}

/// One medicine somebody is being given.
#[derive(Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub struct Medicine {
    pub line: Line,
    /// What the signatures of its prescription are worth. What was changed since, or never signed, may be given all the
    /// same: leaving it out would hide it from whoever treats.
    pub standing: Standing,
}

impl std::fmt::Debug for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Summary {}", self.id)
    }
}

/// Says whether somebody lies in the hospital: on a ward, in a bed.
pub fn is_in_patient(patient: &Patient) -> bool {
    let bed = patient.bed.as_deref().unwrap_or("");
    patient.ward.is_some() && !bed.trim().is_empty()
}

/// Makes the summary of a chart out of its bodies; nothing for whoever is no in-patient.
pub fn summary(id: RecordId, patient: &Value, prescriptions: &[Value]) -> Option<Summary> {
    let patient: Patient = record::parse(patient).ok()?;
    if !is_in_patient(&patient) {
        return None;
    }
    Some(Summary {
        id,
        patient: needed(patient),
        medicines: prescriptions.iter().flat_map(current).collect(),
    })
}

/// Leaves of a record what an emergency needs.
fn needed(patient: Patient) -> Patient {
    let Patient {
        mrn,
        mut name,
        birth_date,
        gender,
        blood_group,
        allergy,
        no_known_allergies,
        mut alert,
        ward,
        bed,
        deceased,
        ..
    } = patient;
    name.retain(|one| one.ended.is_none());
    alert.retain(|one| one.ended.is_none());
    Patient {
        mrn,
        name,
        birth_date,
        gender,
        blood_group,
        // also those struck out: who struck one out may have been wrong, and screens show it as such
        allergy,
        no_known_allergies,
        alert,
        ward,
        bed,
        deceased,
        ..Patient::default()
    }
}

fn current(body: &Value) -> Vec<Medicine> {
    let order: Option<Prescription> = record::parse(body).ok();
    let Some(order) = order.filter(|order| order.status == PrescriptionStatus::Active) else {
        return Vec::new();
    };
    let standing = standing(body);
    let lines = order.line.into_iter().filter(|line| line.ended.is_none());
    lines.map(|line| Medicine { line, standing }).collect()
}

impl Summary {
    /// Says whether every word of a text begins a name, the hospital number or the birth date.
    pub fn is_found_by(&self, text: &str) -> bool {
        let mut known: Vec<String> = Vec::new();
        for name in &self.patient.name {
            let both = [name.family.as_deref(), name.given.as_deref()];
            known.extend(both.into_iter().flatten().map(search::fold));
        }
        known.extend(self.patient.mrn.as_deref().map(search::fold));
        let born = self.patient.birth_date.as_deref();
        known.extend(born.map(|date| date.replace('-', "")));
        let known: Vec<&str> = known.iter().flat_map(|words| words.split(' ')).collect();
        let asked: Vec<String> = text.split_whitespace().flat_map(terms).collect();
        let begins = |term: &String| known.iter().any(|word| word.starts_with(term.as_str()));
        !asked.is_empty() && asked.iter().all(begins)
    }
}

/// Returns the folded words of a typed one; a number keeps its digits together.
fn terms(word: &str) -> Vec<String> {
    let is_number = word.chars().any(char::is_numeric)
        && word.chars().all(|c| c.is_numeric() || "-./+()".contains(c));
    if is_number {
        return vec![search::digits(word)];
    }
    let folded = search::fold(word);
    let words = folded.split(' ').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// Seals a summary for one desk. `nonce` is chance, used for this alone.
pub fn seal(key: &[u8; 32], nonce: [u8; NONCE], device: DeviceId, summary: &Summary) -> Vec<u8> {
    let text = serde_json::to_vec(summary).expect("a summary has string keys only");
    let about = about(device, summary.id);
    let payload = Payload {
        msg: &text,
        aad: about.as_bytes(),
    };
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(XNonce::from_slice(&nonce), payload)
        .expect("a summary is short");
    [&nonce[..], &sealed].concat()
}

/// Unseals the summary of a patient; nothing with another key, at another desk or under another patient's id.
pub fn unseal(
    key: &[u8; 32],
    device: DeviceId,
    patient: RecordId,
    sealed: &[u8],
) -> Option<Summary> {
    let (nonce, bytes) = sealed.split_at_checked(NONCE)?;
    let about = about(device, patient);
    let payload = Payload {
        msg: bytes,
        aad: about.as_bytes(),
    };
    let text = XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload);
    serde_json::from_slice(&text.ok()?).ok()
}

fn about(device: DeviceId, patient: RecordId) -> String {
    format!("wardbook emergency 1 {device} {patient}")
}

/// One page of summaries, `GET /sync/v1/emergency` (a frame).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SummaryPage {
    /// The place up to which this page goes.
    pub to: u64,
    /// There is more after it.
    pub more: bool,
    /// It begins anew: what the desk has from before goes first.
    pub is_whole: bool,
    pub items: Vec<SummaryItem>,
}

/// A summary that is new, or somebody who is no in-patient of another ward any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SummaryItem {
    Here { patient: RecordId, sealed: Vec<u8> },
    Gone { patient: RecordId },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn ward() -> Uuid {
        Uuid::from_u128(9)
    }

    fn body() -> Value {
        json!({
            "name": [{ "id": "1", "family": "García López", "given": "Ana María" },
                     { "id": "2", "family": "Maiden", "ended": "2020-01-01T00:00:00Z" }],
            "mrn": "000001008", "birthDate": "1984-03-05", "bloodGroup": "A-", "ward": ward(), "bed": "B-2",
            "telecom": [{ "id": "3", "value": "123456" }], "nationalId": "N1", "notes": "private",
            "allergy": [{ "id": "4", "substance": "Penicillin", "verification": "confirmed" }],
            "alert": [{ "id": "5", "text": "Fall risk" }, { "id": "6", "text": "Old", "ended": "2020-01-01T00:00:00Z" }],
        })
    }

    fn id(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    fn of(patient: &Value, orders: &[Value]) -> Option<Summary> {
        summary(id(1), patient, orders)
    }

    #[test]
    fn a_summary_says_what_an_emergency_needs_and_nothing_else() {
        let found = of(&body(), &[]).unwrap();
        let person = &found.patient;
        assert_eq!(
            (person.name.len(), person.alert.len(), person.allergy.len()),
            (1, 1, 1)
        );
        assert!(person.blood_group.is_some() && person.mrn.is_some() && person.bed.is_some());
        assert!(person.telecom.is_empty() && person.national_id.is_none());
        assert_eq!(person.notes, "");
    }

    #[test]
    fn only_who_has_a_ward_and_a_bed_is_an_in_patient() {
        let check = |field: &str, value: Value, expect: bool| {
            let mut patient = body();
            patient[field] = value;
            assert_eq!(of(&patient, &[]).is_some(), expect, "{field}");
        };
        check("bed", json!("B-2"), true);
        check("bed", json!(null), false);
        check("bed", json!("  "), false);
        check("ward", json!(null), false);
        check("name", json!(7), false);
    }

    #[test]
    fn medicines_are_the_lines_being_given_with_what_their_signature_is_worth() {
        let order = |status: &str, ended: Value| {
            json!({ "patient": id(1), "ward": ward(), "status": status,
                "line": [{ "id": "1", "medicine": "Warfarin", "ended": ended }] })
        };
        let check = |order: Value, expect: usize| {
            assert_eq!(
                of(&body(), &[order]).map(|found| found.medicines.len()),
                Some(expect)
            );
        };
        check(order("active", json!(null)), 1);
        check(order("active", json!("2026-01-01T00:00:00Z")), 0);
        for over in [
            "draft",
            "on-hold",
            "stopped",
            "completed",
            "entered-in-error",
        ] {
            check(order(over, json!(null)), 0);
        }
        let found = of(&body(), &[order("active", json!(null))]).unwrap();
        assert_eq!(found.medicines[0].standing, Standing::Unsigned);
    }

    #[test]
    fn somebody_is_found_by_name_number_and_birth_date() {
        let found = of(&body(), &[]).unwrap();
        for (text, expect) in [
            ("garc", true),
            ("ana lop", true),
            ("MARÍA", true),
            ("000001", true),
            ("1984-03-05", true),
            ("garcia 1984", true),
            ("maiden", false),
            ("garcia smith", false),
            ("b-2", false),
            ("", false),
            ("  ", false),
        ] {
            assert_eq!(found.is_found_by(text), expect, "{text}");
        }
    }

    #[test]
    fn a_sealed_summary_opens_with_its_key_at_its_desk_under_its_id_alone() {
        let (here, found) = (DeviceId(Uuid::from_u128(5)), of(&body(), &[]).unwrap());
        let sealed = seal(&[1; 32], [2; 24], here, &found);
        assert!(!String::from_utf8_lossy(&sealed).contains("Garc"));
        assert_eq!(unseal(&[1; 32], here, id(1), &sealed), Some(found));
        assert_eq!(unseal(&[3; 32], here, id(1), &sealed), None);
        assert_eq!(unseal(&[1; 32], here, id(2), &sealed), None);
        let there = DeviceId(Uuid::from_u128(6));
        assert_eq!(unseal(&[1; 32], there, id(1), &sealed), None);
        assert_eq!(unseal(&[1; 32], here, id(1), &sealed[..20]), None);
    }
}
