//! FHIR `Patient` with its `AllergyIntolerance`, `Flag` and `RelatedPerson` into one draft.

use super::Skip;
use super::read::Resource;
use serde_json::{Value, json};
use shared::patients::{
    AddressUse, ContactUse, Gender, NameUse, PartialDate, Verification, is_mrn,
};

/// Longer numbers of other hospitals are keys of computers; people get one of ours.
const MRN_CHARS_MAX: usize = 20;
const NO_KNOWN_ALLERGY: &str = "716186003";

/// Makes a draft, and says which of the other resources are in it.
pub(super) fn draft<'a>(
    patient: &Value,
    parts: &[&'a Resource],
) -> Result<(Value, Vec<&'a Resource>), Skip> {
    let is_animal = each(patient, "extension").any(|part| {
        part["url"]
            .as_str()
            .is_some_and(|url| url.ends_with("patient-animal"))
    });
    if is_animal {
        return Err(("not a person", String::new()));
    }
    let mut draft = json!({ "name": names(patient), "telecom": phones(patient), "address": addresses(patient) });
    if let Some(birth) = patient["birthDate"].as_str() {
        PartialDate::parse(birth).map_err(|_| ("bad date", "birthDate".to_owned()))?;
        draft["birthDate"] = json!(birth);
    }
    if let Some(gender) = patient["gender"].as_str() {
        let known = Gender::ALL.iter().any(|known| known.word() == gender);
        draft["gender"] = json!(if known {
            gender
        } else {
            Gender::Unknown.word()
        });
    }
    if let Some(died) = patient["deceasedDateTime"].as_str() {
        let day = died.split('T').next().unwrap_or(died);
        PartialDate::parse(day).map_err(|_| ("bad date", "deceasedDateTime".to_owned()))?;
        draft["deceased"] = json!(day);
    }
    if let Some(mrn) =
        identifier(patient, "MR").filter(|mrn| is_mrn(mrn) && mrn.chars().count() <= MRN_CHARS_MAX)
    {
        draft["mrn"] = json!(mrn);
    }
    if let Some(id) = identifier(patient, "NI").or_else(|| identifier(patient, "SS")) {
        draft["nationalId"] = json!(id);
    }
    let mut contacts: Vec<Value> = each(patient, "contact")
        .filter_map(|contact| relative(contact, &contact["name"]))
        .collect();
    let (mut allergies, mut alerts, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        let into = match part.kind.as_str() {
            "AllergyIntolerance" if has_code(&part.json["code"], NO_KNOWN_ALLERGY) => {
                draft["noKnownAllergies"] = json!(true);
                taken.push(*part);
                continue;
            }
            "AllergyIntolerance" => allergy(&part.json).map(|allergy| allergies.push(allergy)),
            "Flag" => alert(&part.json).map(|alert| alerts.push(alert)),
            _ => {
                relative(&part.json, &part.json["name"][0]).map(|relative| contacts.push(relative))
            }
        };
        if into.is_some() {
            taken.push(*part);
        }
    }
    draft["contact"] = Value::Array(contacts);
    draft["allergy"] = Value::Array(allergies);
    draft["alert"] = Value::Array(alerts);
    Ok((draft, taken))
}

/// Iterates over a list of a resource; nothing when there is none.
pub(super) fn each<'a>(json: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    json[member].as_array().into_iter().flatten()
}

/// Returns what a CodeableConcept says in words.
pub(super) fn words(concept: &Value) -> Option<String> {
    let text = concept["text"]
        .as_str()
        .or_else(|| each(concept, "coding").find_map(|coding| coding["display"].as_str()));
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// Says whether a CodeableConcept has a code.
pub(super) fn has_code(concept: &Value, code: &str) -> bool {
    each(concept, "coding").any(|coding| coding["code"] == code)
}

/// Returns the end of a period, if it has one that can be read.
fn ended(json: &Value) -> Option<String> {
    super::medication::instant(json["period"]["end"].as_str()?)
}

fn with_end(mut element: Value, json: &Value) -> Value {
    if let Some(end) = ended(json) {
        element["ended"] = json!(end);
    }
    element
}

fn identifier(patient: &Value, kind: &str) -> Option<String> {
    let of_kind =
        each(patient, "identifier").find(|identifier| has_code(&identifier["type"], kind))?;
    of_kind["value"]
        .as_str()
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

fn names(patient: &Value) -> Vec<Value> {
    let name = |name: &Value| {
        let given: Vec<&str> = each(name, "given").filter_map(Value::as_str).collect();
        let family = name["family"].as_str().or_else(|| {
            if given.is_empty() {
                name["text"].as_str()
            } else {
                None
            }
        });
        let prefix: Vec<&str> = each(name, "prefix").filter_map(Value::as_str).collect();
        if family.is_none() && given.is_empty() {
            return None;
        }
        let name_use = name["use"]
            .as_str()
            .filter(|word| NameUse::ALL.iter().any(|known| known.word() == *word));
        let mut element =
            json!({ "use": name_use.unwrap_or(NameUse::Official.word()), "family": family });
        if !given.is_empty() {
            element["given"] = json!(given.join(" "));
        }
        if !prefix.is_empty() {
            element["prefix"] = json!(prefix.join(" "));
        }
        Some(with_end(element, name))
    };
    each(patient, "name").filter_map(name).collect()
}

fn phones(patient: &Value) -> Vec<Value> {
    let phone = |contact: &Value| {
        let value = contact["value"]
            .as_str()
            .filter(|_| matches!(contact["system"].as_str(), Some("phone" | "sms")))?;
        let digits = value.chars().filter(|c| c.is_numeric()).count();
        // what is not a number would make the whole patient invalid
        if !(3..=20).contains(&digits) {
            return None;
        }
        let known = contact["use"]
            .as_str()
            .filter(|word| ContactUse::ALL.iter().any(|known| known.word() == *word));
        Some(with_end(
            json!({ "use": known.unwrap_or(ContactUse::Home.word()), "value": value }),
            contact,
        ))
    };
    each(patient, "telecom").filter_map(phone).collect()
}

fn addresses(patient: &Value) -> Vec<Value> {
    let address = |address: &Value| {
        let lines: Vec<&str> = each(address, "line").filter_map(Value::as_str).collect();
        let line = if lines.is_empty() {
            address["text"].as_str().map(str::to_owned)
        } else {
            Some(lines.join(", "))
        };
        let known = address["use"]
            .as_str()
            .filter(|word| AddressUse::ALL.iter().any(|known| known.word() == *word));
        let mut element = json!({ "use": known.unwrap_or(AddressUse::Home.word()), "line": line });
        for (ours, theirs) in [
            ("city", "city"),
            ("postalCode", "postalCode"),
            ("country", "country"),
        ] {
            if let Some(text) = address[theirs].as_str() {
                element[ours] = json!(text);
            }
        }
        with_end(element, address)
    };
    each(patient, "address").map(address).collect()
}

/// Makes next of kin of a `Patient.contact` or a `RelatedPerson`.
fn relative(person: &Value, name: &Value) -> Option<Value> {
    let given: Vec<&str> = each(name, "given").filter_map(Value::as_str).collect();
    let parts: Vec<&str> = given.into_iter().chain(name["family"].as_str()).collect();
    let full = name["text"]
        .as_str()
        .map_or_else(|| parts.join(" "), str::to_owned);
    let phone = each(person, "telecom")
        .find(|contact| contact["system"] == "phone")
        .and_then(|contact| contact["value"].as_str());
    if full.trim().is_empty() && phone.is_none() {
        return None;
    }
    let concepts = person["relationship"].as_array().into_iter().flatten();
    let relationship = concepts
        .filter_map(|concept| words(concept).or_else(|| kinship(concept)))
        .next();
    let mut contact = json!({ "name": full });
    if let Some(relationship) = relationship {
        contact["relationship"] = json!(relationship.to_lowercase());
    }
    if let Some(phone) = phone {
        contact["phone"] = json!(phone);
    }
    Some(with_end(contact, person))
}

/// Reads HL7's role codes where no words are given.
fn kinship(concept: &Value) -> Option<String> {
    const WORDS: [(&str, &str); 9] = [
        ("WIFE", "wife"),
        ("HUSB", "husband"),
        ("SPS", "spouse"),
        ("MTH", "mother"),
        ("FTH", "father"),
        ("CHILD", "child"),
        ("GUARD", "guardian"),
        ("N", "next of kin"),
        ("C", "emergency contact"),
    ];
    WORDS
        .iter()
        .find(|(code, _)| has_code(concept, code))
        .map(|(_, word)| (*word).to_owned())
}

fn allergy(json: &Value) -> Option<Value> {
    let substance = words(&json["code"]).or_else(|| words(&json["reaction"][0]["substance"]))?;
    let reactions: Vec<String> = each(json, "reaction")
        .flat_map(|reaction| each(reaction, "manifestation"))
        .filter_map(words)
        .collect();
    let verification = Verification::ALL
        .iter()
        .find(|known| has_code(&json["verificationStatus"], known.word()));
    let verification = verification.copied().unwrap_or_default();
    let criticality = json["criticality"]
        .as_str()
        .filter(|word| matches!(*word, "high" | "low"))
        .unwrap_or("unable-to-assess");
    let mut allergy = json!({ "substance": substance, "criticality": criticality, "verification": verification.word() });
    if !reactions.is_empty() {
        allergy["reaction"] = json!(reactions.join(", "));
    }
    if verification.is_struck() {
        allergy["strikeReason"] = json!("struck out in the source");
    }
    Some(allergy)
}

fn alert(json: &Value) -> Option<Value> {
    let text = words(&json["code"])?;
    let mut alert = with_end(json!({ "text": text }), json);
    let is_over = json["status"]
        .as_str()
        .is_some_and(|status| status != "active");
    if is_over && alert["ended"].is_null() {
        alert["ended"] = json!("1970-01-01T00:00:00Z");
    }
    Some(alert)
}
