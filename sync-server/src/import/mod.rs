//! Records from elsewhere: FHIR R4 bundles and NDJSON.
//!
//! Each resource becomes a draft, each draft a change by the hub's own device under the name `import`, and goes through
//! the one door like any other. A resource has the same record id every time, and is compared with what the import wrote
//! the last time, not with what the wards made of it since: so importing twice changes nothing, and a source that
//! changed touches only what changed there.

mod appointment;
mod ids;
mod medication;
mod patient;
mod read;
mod report;
mod save;

pub use report::{Outcome, Report};

use crate::app::App;
use anyhow::{Result, ensure};
use ids::Index;
use read::Resource;
use save::{Draft, Saver};
use serde_json::Value;
use shared::ids::{RecordId, StaffId, WardId};
use shared::record::Kind;
use sqlx::Row;
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// Returns what a FHIR `Patient` says as a draft; nothing of what is no person.
pub(crate) fn patient_of(resource: &Value) -> Option<Value> {
    patient::draft(resource, &[]).ok().map(|(draft, _)| draft)
}

/// What to import.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// The ward that gets the patients; otherwise they are spread over all wards.
    pub ward: Option<WardId>,
}

/// Why a resource was not taken: a stable word, and a detail for the list.
type Skip = (&'static str, String);

/// A ward with who works there, to give appointments a doctor.
struct Ward {
    id: WardId,
    /// Doctors and the department of this ward they work in.
    doctors: Vec<(StaffId, Uuid)>,
}

/// Takes what can be taken, and says of every resource what became of it.
pub async fn run(app: &App, ask: &Ask) -> Result<Report> {
    let wards = wards(app).await?;
    ensure!(
        !wards.is_empty(),
        "there is no ward yet: `wardbook-hub demo` makes two"
    );
    let mut report = Report::default();
    let paths = ask.paths.clone();
    let (resources, unread) = tokio::task::spawn_blocking(move || read::read(&paths)).await??;
    for (place, why) in unread {
        report.add("(file)", &place, Outcome::Skipped, why);
    }
    let index = Index::of(&resources);
    let mut saver = Saver::open(app).await?;

    let patients = patients(&resources, &index, &wards, ask.ward, &mut report);
    saver
        .save(app, Kind::Patient, patients, &mut report)
        .await?;
    let homes = homes(app).await?;
    let mut visits = Vec::new();
    let mut prescriptions = Vec::new();
    for resource in &resources {
        let (list, drafted) = match resource.kind.as_str() {
            "Appointment" => (
                &mut visits,
                appointment::draft(resource, &index, &homes, &wards).map(|value| (value, "")),
            ),
            "MedicationRequest" | "MedicationStatement" => (
                &mut prescriptions,
                medication::draft(resource, &resources, &index, &homes),
            ),
            _ => continue,
        };
        match drafted {
            Ok((value, note)) => list.push(Draft {
                note,
                ..Draft::new(resource, &index, value)
            }),
            Err((reason, detail)) => report.skip(resource, reason, &detail),
        }
    }
    saver
        .save(app, Kind::Appointment, visits, &mut report)
        .await?;
    saver
        .save(app, Kind::Prescription, prescriptions, &mut report)
        .await?;
    Ok(report)
}

/// Makes a draft of each patient, with the allergies, alerts and relatives that name them.
fn patients(
    resources: &[Resource],
    index: &Index,
    wards: &[Ward],
    ward: Option<WardId>,
    report: &mut Report,
) -> Vec<Draft> {
    let mut parts: BTreeMap<RecordId, Vec<&Resource>> = BTreeMap::new();
    for resource in resources {
        match resource.kind.as_str() {
            "AllergyIntolerance" | "RelatedPerson" | "Flag" => {
                let member = if resource.kind == "Flag" {
                    "subject"
                } else {
                    "patient"
                };
                match index.find("Patient", &resource.json[member]["reference"]) {
                    Some(patient) if index.has(patient) => {
                        parts.entry(patient).or_default().push(resource)
                    }
                    Some(_) | None => {
                        report.dangling(resource, &resource.json[member]["reference"])
                    }
                }
            }
            "Patient"
            | "Appointment"
            | "MedicationRequest"
            | "MedicationStatement"
            | "Medication" => {}
            _ => report.skip(resource, "unsupported", ""),
        }
    }
    let mut drafts = Vec::new();
    for resource in resources
        .iter()
        .filter(|resource| resource.kind == "Patient")
    {
        let id = index.id_of(resource);
        let mine = parts.get(&id).map(Vec::as_slice).unwrap_or_default();
        match patient::draft(&resource.json, mine) {
            Ok((mut value, taken)) => {
                let spread = || wards[usize::from(id.0.as_bytes()[15]) % wards.len()].id;
                let mut draft = Draft::new(resource, index, Value::Null);
                draft.ward = Some(ward.unwrap_or_else(spread));
                for part in mine {
                    let is_taken = taken.iter().any(|taken| std::ptr::eq(*taken, *part));
                    if is_taken {
                        draft.parts.push(part.about())
                    } else {
                        report.skip(part, "empty", "")
                    }
                }
                std::mem::swap(&mut draft.value, &mut value);
                drafts.push(draft);
            }
            Err((reason, detail)) => {
                report.skip(resource, reason, &detail);
                mine.iter()
                    .for_each(|part| report.skip(part, "patient_skipped", &resource.about().place));
            }
        }
    }
    drafts
}

async fn wards(app: &App) -> Result<Vec<Ward>> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from ward order by name")
        .fetch_all(&app.pool)
        .await?;
    let doctors = sqlx::query(
        "select staff.id as staff, department.id as department, department.ward from staff
         join department on department.id = any(staff.departments)
         where 'doctor' = any(staff.roles) and staff.is_active order by staff.username, department.name",
    )
    .fetch_all(&app.pool)
    .await?;
    let of_ward = |id: &Uuid| {
        let works_here = doctors
            .iter()
            .filter(|row| row.get::<Uuid, _>("ward") == *id);
        let doctors = works_here
            .map(|row| (StaffId(row.get("staff")), row.get("department")))
            .collect();
        Ward {
            id: WardId(*id),
            doctors,
        }
    };
    Ok(ids.iter().map(of_ward).collect())
}

/// Returns the ward of every patient the hospital has.
async fn homes(app: &App) -> Result<BTreeMap<RecordId, WardId>> {
    let rows = sqlx::query("select id, ward from record where kind = 1 and ward is not null")
        .fetch_all(&app.pool)
        .await?;
    Ok(rows
        .iter()
        .map(|row| (RecordId(row.get("id")), WardId(row.get("ward"))))
        .collect())
}
