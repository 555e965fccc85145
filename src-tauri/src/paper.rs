//! Fills sheets of paper from the replica, and notes that they were printed.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use print::{DayListFacts, Edition, Patient as Who, Printed, Sheet, SlipFacts, Visit, Words};
use replica::Replica;
use shared::desk::Row;
use shared::ids::{DepartmentId, RecordId, StaffId};
use shared::patients::Patient;
use shared::problem::Problem;
use shared::record::Kind;
use shared::scheduling::Appointment;
use shared::staff::Reference;

use crate::desk::{Answer, Person, Refusal, now_ms};

/// Sets the slip of an appointment.
pub(crate) fn slip(
    replica: &Replica,
    person: &Person,
    id: RecordId,
    language: &str,
) -> Answer<Vec<String>> {
    let reference = replica.reference()?;
    let appointment: Appointment = replica
        .row(Kind::Appointment, id)?
        .and_then(body)
        .ok_or_else(|| Problem::new("print.failed", ""))?;
    let patient = match appointment.patient {
        Some(patient) => replica.row(Kind::Patient, patient)?,
        None => None,
    };
    let start = local(appointment.start.as_deref(), &reference)?;
    let edition = match replica.was_printed(Kind::Appointment, id)? {
        true => Edition::Copy,
        false => Edition::First,
    };
    let facts = SlipFacts {
        hospital: reference.hospital.clone(),
        patient: patient
            .and_then(body)
            .as_ref()
            .map_or_else(Who::default, who),
        appointment: id.to_string(),
        doctor: staff(&reference, appointment.practitioner),
        department: department(&reference, appointment.department),
        date: start.date(),
        time: start.time(),
        status: appointment.status,
        edition,
        printed: printed(person, &reference),
    };
    let pages = pages(print::slip(&facts, Words::of(language)))?;
    let staff = person.actor.staff;
    replica.sheet_printed(staff, Kind::Appointment, id, "slip");
    if let Some(patient) = appointment.patient {
        replica.sheet_printed(staff, Kind::Patient, patient, "slip");
    }
    Ok(pages)
}

/// Sets what a doctor has on a day, as far as the ward of whoever asks knows.
pub(crate) fn day_list(
    replica: &Replica,
    person: &Person,
    practitioner: StaffId,
    date: &str,
    language: &str,
) -> Answer<Vec<String>> {
    let reference = replica.reference()?;
    let day = date
        .parse()
        .map_err(|_| Problem::new("start.invalid", "date"))?;
    let mut visits = Vec::new();
    let mut patients = Vec::new();
    for visit in replica.day(person.session.ward, date)? {
        let Some(appointment) = body::<Appointment>(visit.appointment) else {
            continue;
        };
        if appointment.practitioner != Some(practitioner) {
            continue;
        }
        patients.extend(appointment.patient);
        visits.push(Visit {
            time: local(appointment.start.as_deref(), &reference)?.time(),
            patient: visit
                .patient
                .and_then(body)
                .as_ref()
                .map_or_else(Who::default, who),
            reason: appointment.reason.unwrap_or_default(),
            status: appointment.status,
        });
    }
    let facts = DayListFacts {
        hospital: reference.hospital.clone(),
        doctor: staff(&reference, Some(practitioner)),
        date: day,
        visits,
        printed: printed(person, &reference),
    };
    let pages = pages(print::day_list(&facts, Words::of(language)))?;
    for patient in patients {
        replica.sheet_printed(person.actor.staff, Kind::Patient, patient, "day_list");
    }
    Ok(pages)
}

fn pages(sheet: Result<Sheet, print::Error>) -> Answer<Vec<String>> {
    match sheet {
        Ok(sheet) => Ok(sheet.pages()),
        Err(error) => {
            tracing::error!(%error, "A sheet could not be set");
            Err(Refusal::from(Problem::new("print.failed", "")))
        }
    }
}

fn body<T: serde::de::DeserializeOwned>(row: Row) -> Option<T> {
    serde_json::from_value(row.body).ok()
}

fn who(patient: &Patient) -> Who {
    let name = patient.display_name();
    let part = |part: Option<&String>| part.cloned().unwrap_or_default();
    Who {
        family: part(name.and_then(|name| name.family.as_ref())),
        given: part(name.and_then(|name| name.given.as_ref())),
        born: patient.birth_date.clone(),
        number: patient.mrn.clone(),
    }
}

fn staff(reference: &Reference, id: Option<StaffId>) -> String {
    let found = reference.staff.iter().find(|staff| Some(staff.id) == id);
    found.map(|staff| staff.name.clone()).unwrap_or_default()
}

fn department(reference: &Reference, id: Option<DepartmentId>) -> String {
    let found = reference.departments.iter().find(|one| Some(one.id) == id);
    found.map(|one| one.name.clone()).unwrap_or_default()
}

fn printed(person: &Person, reference: &Reference) -> Printed {
    let now = Timestamp::from_millisecond(now_ms()).unwrap_or_default();
    let now = now.to_zoned(zone(reference));
    Printed {
        by: person.session.staff.name.clone(),
        date: now.date(),
        time: now.time(),
    }
}

fn zone(reference: &Reference) -> TimeZone {
    TimeZone::get(&reference.zone).unwrap_or(TimeZone::UTC)
}

fn local(start: Option<&str>, reference: &Reference) -> Answer<Zoned> {
    let start: Option<Timestamp> = start.and_then(|start| start.parse().ok());
    let start = start.ok_or_else(|| Problem::new("start.invalid", "start"))?;
    Ok(start.to_zoned(zone(reference)))
}
