//! Prescriptions: what a patient is to be given, and who put their name to it. FHIR R4 `MedicationRequest`.

use crate::ids::{RecordId, StaffId, WardId};
use crate::patients::{Patient, value_set};
use crate::problem::{Problem, Problems};
use crate::record::{Keys, Kind, Record};
use crate::search;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use ts_rs::TS;

/// An order for one or more medicines. FHIR `MedicationRequest`, its lines together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Prescription {
    pub patient: Option<RecordId>,
    pub ward: Option<WardId>,
    pub status: PrescriptionStatus,
    /// When it was written, RFC 3339 in UTC.
    pub authored_on: Option<String>,
    pub stop_reason: Option<String>,
    pub line: Vec<Line>,
    /// Each names the document heads it signs. See [`standing`].
    pub signature: Vec<Signature>,
    pub notes: String,
}

/// One medicine of a prescription. FHIR `Dosage`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Line {
    pub id: String,
    pub medicine: Option<String>,
    /// A decimal number as written, such as `2.5`. Never a float.
    pub dose: Option<String>,
    pub unit: Option<Unit>,
    pub route: Option<Route>,
    pub frequency: Option<Frequency>,
    /// For how many days; nothing means until stopped.
    pub days: Option<u32>,
    /// As needed, FHIR `asNeeded`.
    pub prn: Option<bool>,
    pub prn_reason: Option<String>,
    pub instructions: Option<String>,
    /// When the line was stopped, RFC 3339.
    pub ended: Option<String>,
}

/// A doctor's name under exact words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export_to = "types.gen.ts")]
pub struct Signature {
    pub id: String,
    pub staff: Option<StaffId>,
    /// RFC 3339 in UTC.
    pub at: Option<String>,
    /// The document heads that were on the screen, hex, separated by spaces.
    pub heads: Option<String>,
    /// SHA-256 of the signed part at those heads, hex: says without the document whether the words still are those.
    pub digest: Option<String>,
}

value_set! {
    /// FHIR medicationrequest-status, in the order in which a merge prefers them: stopping wins over going on.
    PrescriptionStatus default Draft {
        Draft = "draft", Active = "active", OnHold = "on-hold", Completed = "completed", Stopped = "stopped",
        Cancelled = "cancelled", EnteredInError = "entered-in-error",
    }
}
value_set! {
    /// UCUM units that ward prescriptions use.
    Unit default Mg {
        Mg = "mg", Mcg = "mcg", G = "g", Ml = "mL", Units = "units", Tablet = "tablet", Capsule = "capsule",
        Drop = "drop", Puff = "puff", Sachet = "sachet", Patch = "patch", Mmol = "mmol",
    }
}
value_set! {
    /// Ways in, FHIR route-codes by their everyday words.
    Route default Oral {
        Oral = "oral", Intravenous = "intravenous", Intramuscular = "intramuscular", Subcutaneous = "subcutaneous",
        Inhaled = "inhaled", Topical = "topical", Rectal = "rectal", Sublingual = "sublingual", Nasal = "nasal",
        Eye = "eye", Ear = "ear", Vaginal = "vaginal", Transdermal = "transdermal",
    }
}
value_set! {
    /// FHIR timing-abbreviation, and a few that wards use.
    Frequency default Daily {
        Once = "once", Daily = "QD", TwiceDaily = "BID", ThreeTimesDaily = "TID", FourTimesDaily = "QID",
        Morning = "AM", Evening = "PM", Bedtime = "BED", Every4Hours = "Q4H", Every6Hours = "Q6H",
        Every8Hours = "Q8H", Every12Hours = "Q12H", EveryOtherDay = "QOD", Weekly = "WK", Monthly = "MO",
    }
}

impl PrescriptionStatus {
    /// Says whether nothing is given any more.
    pub fn is_over(self) -> bool {
        match self {
            PrescriptionStatus::Completed
            | PrescriptionStatus::Stopped
            | PrescriptionStatus::Cancelled
            | PrescriptionStatus::EnteredInError => true,
            PrescriptionStatus::Draft | PrescriptionStatus::Active | PrescriptionStatus::OnHold => {
                false
            }
        }
    }

    /// Reads the word of the value set.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.word() == word)
    }
}

impl Record for Prescription {
    const KIND: Kind = Kind::Prescription;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default()
            .unless(self.patient.is_some(), "required", "patient")
            .unless(self.ward.is_some(), "required", "ward")
            .unless(!self.line.is_empty(), "prescription.line_required", "line")
            .unless(
                self.status != PrescriptionStatus::Stopped
                    || self
                        .stop_reason
                        .as_deref()
                        .is_some_and(|r| !r.trim().is_empty()),
                "prescription.reason_required",
                "stopReason",
            )
            .at_most(&self.notes, 5_000, "notes");
        // a draft may be unfinished, and what came from elsewhere and is over may never have said
        let is_order = self.status == PrescriptionStatus::Active;
        for line in &self.line {
            problems = problems.add(line.check());
            if is_order {
                problems = problems.add(line.check_order());
            }
        }
        problems.into()
    }

    fn keys(&self) -> Keys {
        let at = self.authored_on.clone();
        Keys {
            ward: self.ward,
            subject: self.patient,
            sort: at.clone().unwrap_or_default(),
            at,
            search: String::new(),
        }
    }
}

impl Line {
    fn check(&self) -> Vec<Problem> {
        let at = |name: &str| format!("line/{}/{name}", self.id);
        let named = self
            .medicine
            .as_deref()
            .is_some_and(|text| !text.trim().is_empty());
        Problems::default()
            .unless(named, "line.medicine_required", &at("medicine"))
            .unless(
                self.dose.as_deref().is_none_or(is_dose),
                "line.dose_invalid",
                &at("dose"),
            )
            .unless(
                self.days.is_none_or(|days| (1..=366).contains(&days)),
                "line.days_invalid",
                &at("days"),
            )
            .at_most(self.medicine.as_deref().unwrap_or(""), 200, &at("medicine"))
            .at_most(
                self.instructions.as_deref().unwrap_or(""),
                1_000,
                &at("instructions"),
            )
            .into()
    }
}

impl Line {
    /// Checks what nobody may guess when a medicine is given.
    fn check_order(&self) -> Vec<Problem> {
        let at = |name: &str| format!("line/{}/{name}", self.id);
        Problems::default()
            .unless(self.dose.is_some(), "line.dose_invalid", &at("dose"))
            .unless(self.unit.is_some(), "required", &at("unit"))
            .unless(self.route.is_some(), "required", &at("route"))
            .unless(self.frequency.is_some(), "required", &at("frequency"))
            .into()
    }
}

/// Says whether a text is a positive decimal of at most six digits before and three after the point.
pub fn is_dose(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, max: usize| {
        (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    digits(whole, 6) && digits(part, 3) && text.bytes().any(|b| (b'1'..=b'9').contains(&b))
}

/// What a signature is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.gen.ts")]
pub enum Standing {
    /// Nobody signed.
    Unsigned,
    /// Somebody signed exactly these words.
    Signed,
    /// Somebody signed other words: the lines changed afterwards, perhaps by a merge.
    ChangedSinceSigned,
}

/// Returns the SHA-256, in hex, of the part of a prescription that a signature covers: the patient and the lines.
///
/// The status is outside, so that stopping a prescription does not unsign what was given.
pub fn signed_digest(body: &Value) -> String {
    let part = serde_json::json!({ "patient": body["patient"], "line": body["line"], "notes": body["notes"] });
    let mut text = String::new();
    write_canonical(&part, &mut text);
    crate::sync::wire::hex(&Sha256::digest(text.as_bytes()))
}

/// Writes JSON with sorted members and without empty ones, the same in every program whatever order it keeps them in.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            text.push('{');
            for (name, value) in sorted {
                text.push_str(name);
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write_canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string())
        }
    }
}

/// Says what the signatures of a prescription are worth: any one over exactly these words makes it signed.
pub fn standing(body: &Value) -> Standing {
    let Some(signatures) = body["signature"].as_array().filter(|list| !list.is_empty()) else {
        return Standing::Unsigned;
    };
    let now = signed_digest(body);
    if signatures
        .iter()
        .any(|signature| signature["digest"] == now.as_str())
    {
        Standing::Signed
    } else {
        Standing::ChangedSinceSigned
    }
}

/// Warns of lines that name something the patient is allergic to. A warning never stops a doctor.
pub fn warnings(prescription: &Prescription, patient: &Patient) -> Vec<Problem> {
    let mut found = Vec::new();
    for line in prescription.line.iter().filter(|line| line.ended.is_none()) {
        let medicine = search::fold(line.medicine.as_deref().unwrap_or(""));
        for allergy in patient.active_allergies() {
            let substance = search::fold(allergy.substance.as_deref().unwrap_or(""));
            if names_each_other(&medicine, &substance) {
                let field = format!("line/{}/medicine", line.id);
                let text = allergy.substance.as_deref().unwrap_or("");
                found.push(Problem::new("line.allergy", &field).with("substance", text));
            }
        }
    }
    found
}

/// Says whether a word of four letters or more of one text begins a word of the other, so that `penicillins` is found in
/// `penicillin v 250 mg`. Classes (amoxicillin is a penicillin) need a drug table and come with pharmacy.
fn names_each_other(medicine: &str, substance: &str) -> bool {
    let long = |text: &str| {
        text.split(' ')
            .filter(|w| w.chars().count() >= 4)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (left, right) = (long(medicine), long(substance));
    left.iter().any(|a| {
        right
            .iter()
            .any(|b| a.starts_with(b.as_str()) || b.starts_with(a.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_dose_is_a_plain_positive_decimal() {
        for dose in ["1", "0.5", "250", "2.125", "999999.999"] {
            assert!(is_dose(dose), "{dose}");
        }
        for dose in [
            "", "0", "0.000", "-1", "1e3", ".5", "5.", "1,5", "1.2345", "1234567", "five",
        ] {
            assert!(!is_dose(dose), "{dose}");
        }
    }

    #[test]
    fn only_what_is_given_has_to_be_complete() {
        let fields = |status: &str| -> Vec<String> {
            let body = json!({
                "patient": uuid::Uuid::nil(), "ward": uuid::Uuid::nil(), "status": status,
                "stopReason": "over", "line": [{ "id": "1", "medicine": "Paracetamol" }],
            });
            let order: Prescription = serde_json::from_value(body).expect("a prescription");
            order
                .check()
                .into_iter()
                .map(|problem| problem.field)
                .collect()
        };
        let wanted = [
            "line/1/dose",
            "line/1/unit",
            "line/1/route",
            "line/1/frequency",
        ];
        assert_eq!(fields("active"), wanted);
        assert!(
            ["draft", "on-hold", "stopped"]
                .iter()
                .all(|status| fields(status).is_empty())
        );
    }

    #[test]
    fn a_signature_holds_for_its_words_only() {
        let line = json!([{ "id": "1", "medicine": "Paracetamol", "dose": "500" }]);
        let mut body = json!({ "patient": "p", "status": "active", "line": line, "notes": "", "signature": [] });
        assert_eq!(standing(&body), Standing::Unsigned);
        body["signature"] = json!([{ "id": "2", "digest": signed_digest(&body) }]);
        assert_eq!(standing(&body), Standing::Signed);
        body["status"] = json!("stopped");
        body["line"][0]["ended"] = json!(null);
        assert_eq!(
            standing(&body),
            Standing::Signed,
            "stopping changes no word that was signed"
        );
        body["line"][0]["dose"] = json!("5000");
        assert_eq!(standing(&body), Standing::ChangedSinceSigned);
    }

    #[test]
    fn what_the_patient_is_allergic_to_is_named() {
        let patient: Patient = serde_json::from_value(json!({ "allergy": [
            { "id": "a", "substance": "Penicillins", "verification": "confirmed" },
            { "id": "b", "substance": "Latex", "verification": "refuted" } ] }))
        .expect("a patient");
        let order = |medicine: &str| Prescription {
            line: vec![Line {
                id: "1".into(),
                medicine: Some(medicine.into()),
                ..Line::default()
            }],
            ..Prescription::default()
        };
        assert_eq!(
            warnings(&order("Penicillin V 250 mg"), &patient)[0].with["substance"],
            "Penicillins"
        );
        assert!(warnings(&order("Paracetamol"), &patient).is_empty());
        assert!(
            warnings(&order("Latex gloves"), &patient).is_empty(),
            "struck out"
        );
    }
}
