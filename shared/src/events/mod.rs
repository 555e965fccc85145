//! What departments tell each other, and the world: CloudEvents 1.0 in their JSON form.
//!
//! An event is about one record, its subject, and is the nth about it. Its id says both, so the same event never has two ids,
//! and whoever gets events out of order, or twice, can tell. An event holds ids and times; never a name or a text.

pub mod accounts;
pub mod asyncapi;

use crate::clock::Now;
use crate::ids::{DepartmentId, RecordId, StaffId, WardId};
use crate::money::Money;
use crate::money::currency::Currency;
use crate::problem::Problem;
use crate::scheduling::rules::Fee;
use accounts::Accounts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Where events come from.
pub const SOURCE: &str = "urn:wardbook:hub";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The record it is about.
    pub subject: RecordId,
    /// Which one about it, from 1 on.
    pub nth: u32,
    /// When it happened, as the hub reckons it: what was done at a desk without the network was done then.
    pub at_ms: i64,
    /// When the hub learned of it.
    pub recorded_ms: i64,
    pub what: What,
}

/// What happened, with what others need to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum What {
    /// An appointment stands that did not.
    #[serde(rename = "org.wardbook.appointment.scheduled.v1")]
    Scheduled(Visit),
    /// An appointment stands at another time, or with somebody else.
    #[serde(rename = "org.wardbook.appointment.rescheduled.v1")]
    Rescheduled(Rescheduled),
    #[serde(rename = "org.wardbook.appointment.cancelled.v1")]
    Cancelled(Cancelled),
    #[serde(rename = "org.wardbook.appointment.completed.v1")]
    Completed(Closed),
    #[serde(rename = "org.wardbook.appointment.no_show.v1")]
    NoShow(Closed),
    /// A day before an appointment.
    #[serde(rename = "org.wardbook.appointment.reminder.v1")]
    Reminder(Visit),
    /// An appointment lost its slot to another, and somebody has to find it a new one.
    #[serde(rename = "org.wardbook.appointment.needs_rebooking.v1")]
    NeedsRebooking(NeedsRebooking),
    /// Somebody who waits for a slot may have one.
    #[serde(rename = "org.wardbook.appointment.slot_offered.v1")]
    SlotOffered(SlotOffered),
    #[serde(untagged)]
    Accounts(Accounts),
}

/// Who sees whom, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    pub patient: RecordId,
    pub practitioner: StaffId,
    pub department: Option<DepartmentId>,
    pub ward: Option<WardId>,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// An appointment that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rescheduled {
    #[serde(flatten)]
    pub visit: Visit,
    pub from_practitioner: StaffId,
    pub from_start: Timestamp,
}

/// An appointment that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancelled {
    #[serde(flatten)]
    pub visit: Visit,
    /// What it costs by when it was given up; nothing if it never stood.
    pub fee: Fee,
    /// The appointment shows something else, which another change says: a person settles it.
    pub is_contested: bool,
}

/// An appointment of which nothing more comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    #[serde(flatten)]
    pub visit: Visit,
    /// The hub noted it by itself.
    pub is_automatic: bool,
    /// As in [`Cancelled`].
    pub is_contested: bool,
}

/// An appointment that lost its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NeedsRebooking {
    #[serde(flatten)]
    pub visit: Visit,
    /// Why, as a code.
    pub why: Option<String>,
    /// What was free then, nearest first.
    pub offers: Vec<Offer>,
}

/// Slots that somebody who waits may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotOffered {
    #[serde(flatten)]
    pub visit: Visit,
    /// Nearest first.
    pub offers: Vec<Offer>,
}

/// A slot that was free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub practitioner: StaffId,
    pub start: Timestamp,
}

impl What {
    /// Returns the type as a consumer looks it up: `org.wardbook.appointment.scheduled.v1`.
    pub fn name(&self) -> &'static str {
        match self {
            What::Scheduled(_) => "org.wardbook.appointment.scheduled.v1",
            What::Rescheduled(_) => "org.wardbook.appointment.rescheduled.v1",
            What::Cancelled(_) => "org.wardbook.appointment.cancelled.v1",
            What::Completed(_) => "org.wardbook.appointment.completed.v1",
            What::NoShow(_) => "org.wardbook.appointment.no_show.v1",
            What::Reminder(_) => "org.wardbook.appointment.reminder.v1",
            What::NeedsRebooking(_) => "org.wardbook.appointment.needs_rebooking.v1",
            What::SlotOffered(_) => "org.wardbook.appointment.slot_offered.v1",
            What::Accounts(accounts) => accounts.name(),
        }
    }

    /// Returns the visit it is about, if it is about one.
    pub fn visit(&self) -> Option<&Visit> {
        match self {
            What::Scheduled(visit) | What::Reminder(visit) => Some(visit),
            What::Rescheduled(moved) => Some(&moved.visit),
            What::Cancelled(cancelled) => Some(&cancelled.visit),
            What::Completed(closed) | What::NoShow(closed) => Some(&closed.visit),
            What::NeedsRebooking(lost) => Some(&lost.visit),
            What::SlotOffered(offered) => Some(&offered.visit),
            What::Accounts(_) => None,
        }
    }

    /// Says whether the appointment shows something else: see [`Cancelled::is_contested`].
    pub fn is_contested(&self) -> bool {
        match self {
            What::Cancelled(cancelled) => cancelled.is_contested,
            What::Completed(closed) | What::NoShow(closed) => closed.is_contested,
            What::Scheduled(_)
            | What::Rescheduled(_)
            | What::Reminder(_)
            | What::NeedsRebooking(_)
            | What::SlotOffered(_)
            | What::Accounts(_) => false,
        }
    }
}

/// An event as it travels.
#[derive(Serialize, Deserialize)]
struct Wire {
    specversion: String,
    id: String,
    source: String,
    subject: RecordId,
    /// When it happened.
    time: Timestamp,
    /// CloudEvents' own extensions: when it was recorded, and its place among those about the subject.
    recordedtime: Timestamp,
    sequence: String,
    datacontenttype: String,
    #[serde(flatten)]
    what: What,
}

impl Event {
    /// Returns what names the event, wherever it goes.
    pub fn id(&self) -> String {
        format!("{}.{}", self.subject, self.nth)
    }

    /// Returns under which address it is told to other processes: `wardbook.appointment`.
    pub fn address(&self) -> String {
        format!("wardbook.{}", asyncapi::channel_of(self.what.name()))
    }

    /// Returns the event as it travels.
    pub fn to_json(&self) -> Value {
        let wire = Wire {
            specversion: "1.0".into(),
            id: self.id(),
            source: SOURCE.into(),
            subject: self.subject,
            time: moment(self.at_ms),
            recordedtime: moment(self.recorded_ms),
            sequence: format!("{:010}", self.nth),
            datacontenttype: "application/json".into(),
            what: self.what.clone(),
        };
        serde_json::to_value(wire).unwrap_or_default()
    }

    /// Reads an event that has travelled.
    ///
    /// # Errors
    /// `event.malformed` when it is not one of ours, with the field that says so.
    pub fn parse(json: &Value) -> Result<Self, Problem> {
        let wrong = |field: &str| Problem::new("event.malformed", field);
        let wire = Wire::deserialize(json).map_err(|_| wrong(""))?;
        let event = Self {
            subject: wire.subject,
            nth: wire.sequence.parse().map_err(|_| wrong("sequence"))?,
            at_ms: wire.time.as_millisecond(),
            recorded_ms: wire.recordedtime.as_millisecond(),
            what: wire.what,
        };
        let claims = [
            (wire.specversion == "1.0", "specversion"),
            (wire.source == SOURCE, "source"),
            (wire.id == event.id(), "id"),
        ];
        match claims.iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(wrong(field)),
            None => Ok(event),
        }
    }
}

/// How often a consumer is given an event that it fails to take.
pub const TRIES: u32 = 10;

/// Returns how long an event waits that was tried so often in vain; nothing when a person has to look at it.
pub fn try_again_ms(tries: u32) -> Option<i64> {
    let wait_ms = 1_000_i64 << tries.saturating_sub(1).min(20);
    (tries < TRIES).then_some(wait_ms)
}

/// Returns milliseconds since 1970 as a moment; one that no calendar holds becomes the first one.
pub(crate) fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

/// One event of every type, with nothing left out: what the description is made of, and what tests send.
pub fn examples() -> Vec<Event> {
    let id = Uuid::from_u128;
    let start = Now(1_803_891_600_000);
    let visit = Visit {
        patient: RecordId(id(1)),
        practitioner: StaffId(id(2)),
        department: Some(DepartmentId(id(3))),
        ward: Some(WardId(id(4))),
        start: moment(start.0),
        end: moment(start.0 + 1_800_000),
    };
    let offers = vec![Offer {
        practitioner: StaffId(id(2)),
        start: moment(start.0 + 3_600_000),
    }];
    let closed = || Closed {
        visit: visit.clone(),
        is_automatic: false,
        is_contested: false,
    };
    let every = [
        What::Scheduled(visit.clone()),
        What::Rescheduled(Rescheduled {
            visit: visit.clone(),
            from_practitioner: StaffId(id(2)),
            from_start: moment(start.0 - 3_600_000),
        }),
        What::Cancelled(Cancelled {
            visit: visit.clone(),
            fee: Fee::Half,
            is_contested: false,
        }),
        What::Completed(closed()),
        What::NoShow(closed()),
        What::Reminder(visit.clone()),
        What::NeedsRebooking(NeedsRebooking {
            visit: visit.clone(),
            why: Some("slot.taken".into()),
            offers: offers.clone(),
        }),
        What::SlotOffered(SlotOffered {
            visit: visit.clone(),
            offers,
        }),
    ];
    let of = |subject, nth, what| Event {
        subject: RecordId(id(subject)),
        nth,
        at_ms: start.0 - 86_400_000,
        recorded_ms: start.0 - 86_399_000,
        what,
    };
    let money = |minor| Money::new(minor, Currency::parse("INR").expect("ISO 4217 knows it"));
    let accounts = accounts::examples(|number| RecordId(id(number)), money);
    let accounts = (20..).zip(accounts);
    let visits = (1..).zip(every).map(|(nth, what)| of(9, nth, what));
    let accounts = accounts.map(|(subject, what)| of(subject, 1, What::Accounts(what)));
    visits.chain(accounts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_travels_as_a_cloud_event() {
        let event = &examples()[0];
        let json = event.to_json();
        let id = |number: u128| Uuid::from_u128(number).to_string();
        assert_eq!(
            json,
            json!({
                "specversion": "1.0", "id": format!("{}.1", id(9)), "source": "urn:wardbook:hub",
                "type": "org.wardbook.appointment.scheduled.v1", "subject": id(9),
                "time": "2027-02-28T09:00:00Z", "recordedtime": "2027-02-28T09:00:01Z", "sequence": "0000000001",
                "datacontenttype": "application/json",
                "data": { "patient": id(1), "practitioner": id(2), "department": id(3), "ward": id(4),
                    "start": "2027-03-01T09:00:00Z", "end": "2027-03-01T09:30:00Z" },
            })
        );
    }

    #[test]
    fn what_has_travelled_is_what_was_sent() {
        for event in examples() {
            let json = event.to_json();
            assert_eq!(json["type"], event.what.name());
            let told = asyncapi::document();
            let mut channels = told["channels"].as_object().into_iter().flatten();
            let is_there = channels.any(|(_, channel)| channel["address"] == event.address());
            assert!(is_there, "{}", event.address());
            assert_eq!(Event::parse(&json), Ok(event));
        }
    }

    #[test]
    fn an_event_that_fails_waits_longer_each_time_and_not_for_ever() {
        assert_eq!(try_again_ms(1), Some(1_000));
        assert_eq!(try_again_ms(2), Some(2_000));
        assert_eq!(try_again_ms(9), Some(256_000));
        assert_eq!(try_again_ms(10), None);
        assert_eq!(try_again_ms(u32::MAX), None);
    }

    #[test]
    fn what_is_none_of_ours_is_refused_with_the_field_that_says_so() {
        let check = |field: &str, value: Value, said: &str| {
            let mut json = examples()[0].to_json();
            json[field] = value;
            let problem = Event::parse(&json).expect_err("it is wrong");
            assert_eq!(
                (problem.code.as_str(), problem.field.as_str()),
                ("event.malformed", said)
            );
        };
        check("specversion", json!("0.3"), "specversion");
        check("source", json!("urn:other:hub"), "source");
        check("id", json!("1"), "id");
        check("sequence", json!("0000000002"), "id");
        check("sequence", json!("first"), "sequence");
        check("type", json!("org.wardbook.appointment.eaten.v1"), "");
        check("data", json!({}), "");
        check("time", json!("yesterday"), "");
    }
}
