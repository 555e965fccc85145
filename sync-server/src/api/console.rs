//! The shapes of what the console is told and says.

use super::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is told before anybody is signed in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsoleDoor {
    hospital: String,
    /// Whether people may sign in by the hospital's own directory
    has_directory: bool,
}

/// Who is signed in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsolePerson {
    staff: Uuid,
    username: String,
    name: String,
    /// Words of the roles
    roles: Vec<String>,
    has_second_factor: bool,
    /// Nothing but setting a second factor up is open to them
    sets_up_factor: bool,
}

/// A held change as a list shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldLine {
    /// Its name, hex
    hash: String,
    held_at: String,
    device: Uuid,
    desk: String,
    ward: Option<Uuid>,
    staff: Option<Uuid>,
    kind: Option<String>,
    record: Uuid,
    /// It can never be let in as it is
    is_final: bool,
    problems: Vec<Problem>,
    /// `waiting`, `released`, `refused` or `resent`
    state: String,
}

/// One field that held work writes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldChange {
    path: String,
    /// What the record has now
    before: Value,
    after: Value,
}

/// A held change with all that it writes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldWhole {
    line: HeldLine,
    /// The patient it is about
    about: Option<String>,
    writes: Vec<FieldChange>,
    is_in_record: bool,
    /// Why it was refused
    reason: Option<String>,
}

/// A page of held work, oldest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HeldPage {
    lines: Vec<HeldLine>,
    next: Option<String>,
    /// All that wait
    waiting: u32,
}

/// What a person decides about held work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldDecision {
    hash: String,
    /// Why it is refused; nothing to let it in
    #[schema(max_length = 500)]
    refusal: Option<String>,
}

/// What came of a decision.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HeldDecided {
    /// Why it cannot be part of the record as it is: it waits on
    problems: Vec<Problem>,
}

/// A sign that something is wrong with a workstation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Alarm {
    code: String,
    at: String,
}

/// A workstation as a list shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceLine {
    id: Uuid,
    number: u32,
    name: String,
    ward: Option<Uuid>,
    /// `pending`, `active`, `suspended`, `revoked`, `wipe_after_upload`, `wipe_now` or `emptied`
    standing: String,
    invited_by: Option<Uuid>,
    approved_by: Option<Uuid>,
    enrolled: String,
    /// When the hub last heard it
    seen: Option<String>,
    /// As it said then
    version: Option<String>,
    /// Changes it had not sent, as it said then
    unsent: Option<u32>,
    /// Changes of its that wait for a person
    held: u32,
    is_slowed: bool,
    alarm: Option<Alarm>,
}

/// A page of workstations.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DevicePage {
    lines: Vec<DeviceLine>,
    next: Option<String>,
}

/// Lets a workstation in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeviceApproval {
    device: Uuid,
}

/// Orders something of a workstation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeviceOrder {
    device: Uuid,
    /// `active`, `suspend`, `wipe_after_upload` or `wipe_now`
    order: String,
    /// Its name, to have it emptied
    name: String,
}

/// A member of staff as the console lists them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StaffLine {
    staff: super::Staff,
    needs_second_factor: bool,
    has_second_factor: bool,
    can_sign_in: bool,
    /// Until when the password is good that an administrator gave; none once they chose their own
    once_until: Option<String>,
}

/// What came of another word about somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StaffChanged {
    /// Visits that they have still to come
    visits: u32,
}

/// A page of staff, by username.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StaffPage {
    lines: Vec<StaffLine>,
    next: Option<String>,
    /// For how long desks without the network let people in by what they heard last
    offline_hours: u32,
}

/// Lets somebody sign in, or not any more.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StaffActive {
    username: String,
    is_active: bool,
}

/// A span of a day of the hospital.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Hours {
    from: String,
    to: String,
}

/// When a doctor sees patients.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Schedule {
    practitioner: Uuid,
    departments: Vec<Uuid>,
    /// Of each day of the week, Monday first
    hours: Vec<Vec<Hours>>,
    breaks: Vec<Hours>,
    /// First and last day of each leave
    leave: Vec<Vec<String>>,
}

/// Says when a doctor sees patients from now on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HoursChange {
    /// As it was when the form was opened
    base: Schedule,
    draft: Schedule,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HoursChanged {
    /// When appointments begin that are outside the hours now; a hundred at most
    outside: Vec<String>,
}

/// One entry of the audit log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LogLine {
    leaf: u64,
    what: Option<String>,
    at: String,
    device: Uuid,
    desk: String,
    staff: Option<Uuid>,
    kind: Option<String>,
    record: Option<Uuid>,
    reason: Option<String>,
    /// Why it is not as it was written
    flaw: Option<String>,
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LogPage {
    lines: Vec<LogLine>,
    next: Option<String>,
}

/// Which look at the log to hear of; nothing for a new one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LookRun {
    run: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::check;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use shared::audit::entry::What;
    use shared::console as own;
    use shared::ids::{DeviceId, LookId, RecordId, StaffId, WardId};
    use shared::record::Kind;
    use shared::scheduling::clinic::{Clinic, Schedule as OwnSchedule};

    fn text(word: &str) -> String {
        word.to_owned()
    }

    fn held() -> own::HeldLine {
        own::HeldLine {
            hash: text("A"),
            held_at: text("B"),
            device: DeviceId(Uuid::nil()),
            desk: text("C"),
            ward: Some(WardId(Uuid::nil())),
            staff: Some(StaffId(Uuid::nil())),
            kind: Some(Kind::Patient),
            record: RecordId(Uuid::nil()),
            is_final: true,
            problems: vec![shared::problem::Problem::new("a", "b")],
            state: own::HeldState::Waiting,
        }
    }

    #[test]
    fn the_description_of_held_work_is_that_of_the_messages() {
        check::<HeldPage>(&own::HeldPage {
            lines: vec![held()],
            next: Some(text("A")),
            waiting: 1,
        });
        check::<HeldWhole>(&own::HeldWhole {
            line: held(),
            about: Some(text("A")),
            writes: vec![shared::desk::FieldChange {
                path: text("B"),
                before: Value::Null,
                after: Value::Bool(true),
            }],
            is_in_record: true,
            reason: Some(text("C")),
        });
        check::<HeldDecision>(&own::HeldDecision {
            hash: text("A"),
            refusal: Some(text("B")),
        });
        check::<HeldDecided>(&own::HeldDecided {
            problems: vec![shared::problem::Problem::new("a", "b")],
        });
    }

    #[test]
    fn the_description_of_workstations_is_that_of_the_messages() {
        let device = DeviceId(Uuid::nil());
        check::<DevicePage>(&own::DevicePage {
            lines: vec![own::DeviceLine {
                id: device,
                number: 1,
                name: text("A"),
                ward: Some(WardId(Uuid::nil())),
                standing: own::DeviceStanding::WipeAfterUpload,
                invited_by: Some(StaffId(Uuid::nil())),
                approved_by: Some(StaffId(Uuid::nil())),
                enrolled: text("B"),
                seen: Some(text("C")),
                version: Some(text("D")),
                unsent: Some(2),
                held: 3,
                is_slowed: true,
                alarm: Some(own::Alarm {
                    code: text("E"),
                    at: text("F"),
                }),
            }],
            next: Some(text("G")),
        });
        check::<DeviceApproval>(&own::DeviceApproval { device });
        check::<DeviceOrder>(&own::DeviceOrder {
            device,
            order: shared::orders::Order::WipeNow,
            name: text("A"),
        });
    }

    #[test]
    fn the_description_of_staff_and_their_hours_is_that_of_the_messages() {
        check::<ConsoleDoor>(&own::ConsoleDoor {
            hospital: text("A"),
            has_directory: true,
        });
        check::<ConsolePerson>(&own::ConsolePerson {
            staff: StaffId(Uuid::nil()),
            username: text("A"),
            name: text("B"),
            roles: vec![shared::access::Role::Admin],
            has_second_factor: true,
            sets_up_factor: true,
        });
        check::<StaffChanged>(&own::StaffChanged { visits: 1 });
        let staff = crate::api::tests::somebody();
        let line = own::StaffLine {
            staff,
            needs_second_factor: true,
            has_second_factor: true,
            can_sign_in: true,
            once_until: Some(text("B")),
        };
        check::<StaffPage>(&own::StaffPage {
            lines: vec![line],
            next: Some(text("A")),
            offline_hours: 72,
        });
        check::<StaffActive>(&own::StaffActive {
            username: text("A"),
            is_active: true,
        });
        let clinic = Clinic::of_zone(TimeZone::UTC);
        let mut base = OwnSchedule::full_week(StaffId(Uuid::nil()), Vec::new(), &clinic);
        base.breaks.clone_from(&base.hours[0]);
        base.leave.push((date(2027, 3, 1), date(2027, 3, 2)));
        let draft = base.clone();
        check::<HoursChange>(&own::HoursChange { base, draft });
        check::<HoursChanged>(&own::HoursChanged {
            outside: vec![text("A")],
        });
    }

    #[test]
    fn the_description_of_the_log_is_that_of_the_messages() {
        check::<LogPage>(&own::LogPage {
            lines: vec![own::LogLine {
                leaf: 1,
                what: Some(What::ChangeTaken),
                at: text("A"),
                device: DeviceId(Uuid::nil()),
                desk: text("B"),
                staff: Some(StaffId(Uuid::nil())),
                kind: Some(Kind::Patient),
                record: Some(RecordId(Uuid::nil())),
                reason: Some(text("C")),
                flaw: Some(text("D")),
            }],
            next: Some(text("E")),
        });
        check::<LookRun>(&own::LookRun {
            run: Some(LookId(Uuid::nil())),
        });
    }
}
