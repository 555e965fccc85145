//! Fills sheets of paper from the replica, and notes that they were printed.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use print::{BillFacts, DayListFacts, Edition, Patient as Who, Printed, ReceiptFacts, Sheet};
use print::{SlipFacts, Visit, Words};
use replica::Replica;
use shared::desk::Row;
use shared::ids::{DepartmentId, RecordId, StaffId};
use shared::patients::Patient;
use shared::payments::desk::{BillHere, ReceiptLine};
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

/// Sets a receipt of this desk.
pub(crate) fn receipt(
    replica: &Replica,
    person: &Person,
    line: Option<ReceiptLine>,
    language: &str,
) -> Answer<Vec<String>> {
    let reference = replica.reference()?;
    let line = line.ok_or_else(|| Problem::new("receipt.unknown", "number"))?;
    let at = moment(line.at_ms, &reference);
    let facts = ReceiptFacts {
        hospital: reference.hospital.clone(),
        patient: whose(replica, line.patient)?,
        bill: replica
            .bill(&person.actor, line.bill)?
            .map(|known| known.bill.number),
        by: staff(&reference, Some(line.by)),
        date: at.date(),
        time: at.time(),
        edition: if line.is_printed {
            Edition::Copy
        } else {
            Edition::First
        },
        printed: printed(person, &reference),
        line,
    };
    let pages = pages(print::receipt(&facts, Words::of(language)))?;
    replica.receipt_printed(&person.actor, &facts.line)?;
    Ok(pages)
}

/// Sets a bill as far as this desk knows it.
pub(crate) fn bill(
    replica: &Replica,
    person: &Person,
    known: Option<BillHere>,
    language: &str,
) -> Answer<Vec<String>> {
    let reference = replica.reference()?;
    let known = known.ok_or_else(|| Problem::new("bill.unknown", "bill"))?;
    let patient = known.bill.patient;
    let as_of = replica.account(&person.actor, patient)?.as_of;
    let as_of = match as_of {
        Some(at) => Some(local(Some(&at), &reference)?),
        None => None,
    };
    let facts = BillFacts {
        hospital: reference.hospital.clone(),
        patient: whose(replica, patient)?,
        issued: moment(known.bill.issued_ms, &reference).date(),
        as_of: as_of.map(|at| (at.date(), at.time())),
        bill: known,
        printed: printed(person, &reference),
    };
    let pages = pages(print::bill(&facts, Words::of(language)))?;
    replica.sheet_printed(person.actor.staff, Kind::Patient, patient, "bill");
    Ok(pages)
}

fn whose(replica: &Replica, patient: RecordId) -> Answer<Who> {
    let row = replica.row(Kind::Patient, patient)?;
    Ok(row.and_then(body).as_ref().map_or_else(Who::default, who))
}

fn moment(at_ms: i64, reference: &Reference) -> Zoned {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.to_zoned(zone(reference))
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
    let now = moment(now_ms(), reference);
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
