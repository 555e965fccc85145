//! What the hub writes into appointments by itself: changes like any other, through the one door.

use super::DECIDER;
use crate::app::App;
use crate::deeds::HUB;
use crate::error::Result;
use crate::sync::accept::accept;
use crate::sync::weigh::Source;
use serde_json::Value;
use shared::document::{self, Heads, Stamp};
use shared::ids::{HUB_NUMBER, RecordId};
use shared::record::Kind;
use shared::sync::wire::{Envelope, Verdict};

/// What an appointment is to say, on top of the version it was decided by.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) appointment: RecordId,
    pub(crate) doc: Vec<u8>,
    pub(crate) heads: Heads,
    pub(crate) says: Value,
}

/// Writes drafts; says of each, in order, whether its appointment says so now. What does not was changed meanwhile, and is
/// looked at again.
pub(crate) async fn write(app: &App, drafts: &[Draft]) -> Result<Vec<bool>> {
    let source = source(app);
    let stamp = stamp(app);
    let mut says = vec![false; drafts.len()];
    let (mut envelopes, mut places) = (Vec::new(), Vec::new());
    for (place, draft) in drafts.iter().enumerate() {
        let edited = document::edit(
            Kind::Appointment,
            &draft.doc,
            &draft.heads,
            &draft.says,
            &stamp,
        );
        match edited {
            Ok(Some(edited)) => {
                envelopes.push(Envelope {
                    kind: Kind::Appointment.number(),
                    record: draft.appointment,
                    change: edited.change,
                });
                places.push(place);
            }
            Ok(None) => says[place] = true,
            Err(_) => {
                tracing::error!(record.id = %draft.appointment, "What the hub decided could not be written into an appointment");
            }
        }
    }
    if envelopes.is_empty() {
        return Ok(says);
    }
    let verdicts = accept(app, &source, envelopes).await?;
    for (place, verdict) in places.into_iter().zip(verdicts) {
        match verdict {
            Verdict::Taken | Verdict::Had => says[place] = true,
            // made on a version that is not the newest any more, or nothing will do
            Verdict::Parked { .. } | Verdict::Held { .. } | Verdict::Refused { .. } => {
                tracing::warn!(record.id = %drafts[place].appointment, "What the hub decided was not taken into an appointment");
            }
        }
    }
    Ok(says)
}

/// Returns what a change says that the hub makes by itself.
pub(crate) fn stamp(app: &App) -> Stamp {
    Stamp {
        staff: DECIDER,
        now: app.now(),
        device: HUB_NUMBER,
        incarnation: app.incarnation,
    }
}

/// The hub as a device that writes.
pub(crate) fn source(app: &App) -> Source {
    Source {
        device: HUB,
        number: HUB_NUMBER,
        incarnation: app.incarnation,
        ward: None,
        waybill: None,
        reviewed: false,
        ahead_ms: None,
    }
}
