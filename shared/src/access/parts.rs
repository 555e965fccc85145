//! What a record is to the table of permissions: its fields in a few parts, and the states that matter.

use crate::prescriptions::{self, PrescriptionStatus, Standing};
use crate::record::Kind;
use crate::scheduling::AppointmentStatus;
use serde_json::Value;

/// Fields that are written by the same people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Who a patient is.
    Person,
    /// Where a patient lies.
    Place,
    Allergies,
    /// What else must be known before touching a patient.
    Clinical,
    Death,
    /// Which other records are of the same person: nobody writes it for the hub.
    Link,
    /// Who sees whom, where and when.
    Slot,
    /// How far a visit or an order has come.
    VisitCourse,
    VisitNotes,
    /// What the hub decided about a slot: nobody writes it for the hub.
    Decision,
    /// What a prescription says.
    Order,
    OrderCourse,
    Signature,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 13] = [
        Part::Person,
        Part::Place,
        Part::Allergies,
        Part::Clinical,
        Part::Death,
        Part::Link,
        Part::Slot,
        Part::VisitCourse,
        Part::VisitNotes,
        Part::Decision,
        Part::Order,
        Part::OrderCourse,
        Part::Signature,
    ];

    /// Returns the kind of record it is a part of.
    pub fn kind(self) -> Kind {
        match self {
            Part::Person
            | Part::Place
            | Part::Allergies
            | Part::Clinical
            | Part::Death
            | Part::Link => Kind::Patient,
            Part::Slot | Part::VisitCourse | Part::VisitNotes | Part::Decision => Kind::Appointment,
            Part::Order | Part::OrderCourse | Part::Signature => Kind::Prescription,
        }
    }

    /// Returns the fields of a part. A test compares them with the types.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            // `serial` makes the beginning of a record one of its own: see ARCHITECTURE.md
            Part::Person => &[
                "name",
                "birthDate",
                "gender",
                "mrn",
                "nationalId",
                "telecom",
                "address",
                "contact",
                "serial",
            ],
            Part::Place => &["ward", "bed"],
            Part::Allergies => &["allergy", "noKnownAllergies"],
            Part::Clinical => &["alert", "bloodGroup", "notes"],
            Part::Death => &["deceased"],
            Part::Link => &["link"],
            Part::Slot => &[
                "patient",
                "practitioner",
                "department",
                "ward",
                "start",
                "minutes",
                "priority",
                "move",
                "reason",
                "serial",
            ],
            Part::VisitCourse => &["status", "cancelReason", "arrived", "queue"],
            Part::VisitNotes => &["notes"],
            Part::Decision => &["lost", "offer"],
            Part::Order => &["patient", "ward", "line", "authoredOn", "notes", "serial"],
            Part::OrderCourse => &["status", "stopReason"],
            Part::Signature => &["signature"],
        }
    }

    /// Returns the part a field belongs to; nothing for a field that no record of the kind has.
    pub fn of(kind: Kind, field: &str) -> Option<Part> {
        Part::ALL
            .into_iter()
            .find(|part| part.kind() == kind && part.fields().contains(&field))
    }
}

/// A state of a record in which other things are allowed than in another.
///
/// Only states a ward would name when it says no: after a death only what was wrong is put right; a visit that is over
/// stays where it was; a prescription that has ended says for ever what was ordered. What a signature covers is seen by
/// its digest, so a signed prescription is listed to make the table say who may still change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Alive,
    Deceased,
    Planned,
    Over,
    Draft,
    Ordered,
    Signed,
    Ended,
}

impl State {
    /// Every state.
    pub const ALL: [State; 8] = [
        State::Alive,
        State::Deceased,
        State::Planned,
        State::Over,
        State::Draft,
        State::Ordered,
        State::Signed,
        State::Ended,
    ];

    /// Returns the kind of record that can be in it.
    pub fn kind(self) -> Kind {
        match self {
            State::Alive | State::Deceased => Kind::Patient,
            State::Planned | State::Over => Kind::Appointment,
            State::Draft | State::Ordered | State::Signed | State::Ended => Kind::Prescription,
        }
    }

    /// Returns the states a record of a kind can be in; the first is that of one that is just being made.
    pub fn of_kind(kind: Kind) -> &'static [State] {
        match kind {
            Kind::Patient => &[State::Alive, State::Deceased],
            Kind::Appointment => &[State::Planned, State::Over],
            Kind::Prescription => &[State::Draft, State::Ordered, State::Signed, State::Ended],
        }
    }

    /// Reads it off a body; nothing at all is a record that is just being made.
    pub fn of(kind: Kind, body: &Value) -> State {
        let word = body["status"].as_str().unwrap_or_default();
        match kind {
            Kind::Patient if body["deceased"].is_string() => State::Deceased,
            Kind::Patient => State::Alive,
            Kind::Appointment => match AppointmentStatus::parse(word) {
                Some(status) if status.is_over() => State::Over,
                Some(_) | None => State::Planned,
            },
            Kind::Prescription => match PrescriptionStatus::parse(word) {
                None | Some(PrescriptionStatus::Draft) => State::Draft,
                Some(status) if status.is_over() => State::Ended,
                Some(_) if prescriptions::standing(body) == Standing::Signed => State::Signed,
                Some(_) => State::Ordered,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_in_the_state_a_ward_would_name() {
        let check =
            |kind, body: Value, expect| assert_eq!(State::of(kind, &body), expect, "{body}");
        check(Kind::Patient, Value::Null, State::Alive);
        check(Kind::Patient, json!({ "deceased": null }), State::Alive);
        check(
            Kind::Patient,
            json!({ "deceased": "2027-01-01" }),
            State::Deceased,
        );
        check(Kind::Appointment, Value::Null, State::Planned);
        check(
            Kind::Appointment,
            json!({ "status": "arrived" }),
            State::Planned,
        );
        for over in ["fulfilled", "cancelled", "noshow", "entered-in-error"] {
            check(Kind::Appointment, json!({ "status": over }), State::Over);
        }
        check(Kind::Prescription, Value::Null, State::Draft);
        let mut order = json!({ "status": "active", "line": [{ "id": "1", "dose": "5" }] });
        check(Kind::Prescription, order.clone(), State::Ordered);
        order["signature"] = json!([{ "digest": prescriptions::signed_digest(&order) }]);
        check(Kind::Prescription, order.clone(), State::Signed);
        order["line"][0]["dose"] = json!("50");
        check(Kind::Prescription, order.clone(), State::Ordered);
        order["status"] = json!("stopped");
        check(Kind::Prescription, order, State::Ended);
    }
}
