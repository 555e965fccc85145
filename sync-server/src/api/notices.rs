//! The shapes of what patients have to be told.

use super::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that a patient has to be told, or was.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoticeLine {
    appointment: Uuid,
    nth: u32,
    /// `scheduled`, `rescheduled`, `cancelled`, `completed`, `no_show`, `reminder`, `needs_rebooking` or `slot_offered`
    kind: String,
    /// `waiting`, `told` or `over`
    state: String,
    patient: Uuid,
    name: String,
    phones: Vec<String>,
    /// Why the patient cannot be told
    barrier: Option<Problem>,
    /// When the visit begins
    start: String,
    at: String,
    /// How often nobody answered, and when last
    tries: u32,
    tried_at: Option<String>,
    told_at: Option<String>,
    told_by: Option<Uuid>,
}

/// A page of notices.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NoticePage {
    lines: Vec<NoticeLine>,
    next: Option<String>,
}

/// Says what came of telling somebody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NoticeSaid {
    appointment: Uuid,
    nth: u32,
    /// `told` or `not_reached`
    telling: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::tests::check;
    use shared::ids::{RecordId, StaffId};
    use shared::notices as own;

    fn text(word: &str) -> String {
        word.to_owned()
    }

    #[test]
    fn the_description_of_notices_is_that_of_the_messages() {
        check::<NoticePage>(&own::NoticePage {
            lines: vec![own::NoticeLine {
                appointment: RecordId(Uuid::nil()),
                nth: 1,
                kind: own::NoticeKind::NoShow,
                state: own::NoticeState::Over,
                patient: RecordId(Uuid::nil()),
                name: text("A"),
                phones: vec![text("B")],
                barrier: Some(shared::problem::Problem::new("a", "b")),
                start: text("C"),
                at: text("D"),
                tries: 2,
                tried_at: Some(text("E")),
                told_at: Some(text("F")),
                told_by: Some(StaffId(Uuid::nil())),
            }],
            next: Some(text("G")),
        });
        check::<NoticeSaid>(&own::NoticeSaid {
            appointment: RecordId(Uuid::nil()),
            nth: 1,
            telling: own::Telling::NotReached,
        });
    }
}
