//! FHIR R4 operations: `Patient/$match`.

use crate::app::App;
use crate::central::Person;
use crate::deeds::{HUB, deed, note};
use crate::duplicates::{self, Match};
use crate::error::{Error, Result};
use crate::import;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde_json::{Value, json};
use shared::access::{Task, may_do};
use shared::audit::entry::What;
use shared::matching::Grade;
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record;

/// Matches that are answered unless fewer are asked for.
const MOST: usize = 20;

/// Finds who may be a person, likeliest first: FHIR R4 `Patient/$match`
///
/// Takes `Parameters` with `resource` (a `Patient`), `count` and `onlyCertainMatches`, and answers a searchset `Bundle`. Each
/// entry has a score, the FHIR match-grade, and what speaks for and against it.
#[utoipa::path(
    post, path = "/fhir/Patient/$match", operation_id = "patient_match", tag = "console", request_body(content = serde_json::Value, description = "FHIR `Parameters`"),
    responses(
        (status = 200, description = "FHIR `Bundle`", body = serde_json::Value),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("console" = []))
)]
pub(crate) async fn find(
    State(app): State<App>,
    person: Person,
    said: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>> {
    may_do(&person.staff.roles, Task::MergePatients).map_err(Error::Forbidden)?;
    let shape = |field| Error::Malformed(Problem::new("shape", field));
    let Json(parameters) = said.map_err(|_| shape(""))?;
    let of = |name: &str| {
        let mut all = parameters["parameter"].as_array().into_iter().flatten();
        all.find(|one| one["name"] == name).cloned()
    };
    let resource = of("resource")
        .map(|one| one["resource"].clone())
        .unwrap_or_default();
    if parameters["resourceType"] != "Parameters" || resource["resourceType"] != "Patient" {
        return Err(shape("resource"));
    }
    let draft = import::patient_of(&resource).ok_or_else(|| shape("resource"))?;
    let patient: Patient =
        record::parse(&draft).map_err(|problem| Error::Invalid(vec![problem]))?;
    let count = of("count").and_then(|one| one["valueInteger"].as_u64());
    let most = count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(MOST)
        .min(MOST);
    let only_certain = of("onlyCertainMatches").is_some_and(|one| one["valueBoolean"] == true);
    duplicates::sweep(&app).await?;
    let mut found = duplicates::matches(&app, &patient, None, most).await?;
    found.retain(|one| !only_certain || one.likeness.grade == Grade::Certain);
    let mut db = app.pool.acquire().await?;
    note(
        &mut db,
        &deed(What::ChartViewed, HUB, Some(person.staff.id)).because("match"),
    )
    .await?;
    Ok(Json(json!({
        "resourceType": "Bundle", "type": "searchset", "total": found.len(),
        "entry": found.iter().map(entry).collect::<Vec<_>>(),
    })))
}

fn entry(found: &Match) -> Value {
    let words = |reasons: &[shared::matching::evidence::Reason]| {
        reasons
            .iter()
            .map(|reason| reason.word())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let odds = 10_f64.powf(f64::from(found.likeness.decibans) / 10.0);
    let score = (odds / (1.0 + odds) * 1e4).round() / 1e4;
    json!({
        "fullUrl": format!("urn:uuid:{}", found.id),
        "resource": resource(found),
        "search": { "mode": "match", "score": score, "extension": [
            { "url": "http://hl7.org/fhir/StructureDefinition/match-grade", "valueCode": found.likeness.grade.word() },
            { "url": "urn:wardbook:match-for", "valueString": words(&found.likeness.reasons) },
            { "url": "urn:wardbook:match-against", "valueString": words(&found.likeness.against) },
        ] },
    })
}

/// Returns a patient as FHIR has one: who they are, nothing clinical.
fn resource(found: &Match) -> Value {
    let body = &found.body;
    let each = |list: &str| body[list].as_array().cloned().unwrap_or_default();
    let names = each("name").into_iter().map(|name| {
        let given: Vec<&str> = name["given"]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        json!({ "use": name["use"], "family": name["family"], "given": given })
    });
    let phones = each("telecom")
        .into_iter()
        .map(|phone| json!({ "system": "phone", "use": phone["use"], "value": phone["value"] }));
    let identifier = |code: &str, value: &Value| {
        let kind = json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code }] });
        value
            .is_string()
            .then(|| json!({ "type": kind, "value": value }))
    };
    let identifiers = [
        identifier("MR", &body["mrn"]),
        identifier("NI", &body["nationalId"]),
    ];
    let mut patient = json!({
        "resourceType": "Patient", "id": found.id, "active": true,
        "identifier": identifiers.into_iter().flatten().collect::<Vec<_>>(),
        "name": names.collect::<Vec<_>>(), "telecom": phones.collect::<Vec<_>>(),
    });
    for member in ["birthDate", "gender"] {
        if body[member].is_string() {
            patient[member] = body[member].clone();
        }
    }
    patient
}
