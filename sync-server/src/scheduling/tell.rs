//! Tells others what became of the appointments of a push, in its transaction.

use super::book::{Sender, Visit};
use crate::events::outbox::{self, Known};
use shared::events::Event;
use shared::ids::RecordId;
use shared::record;
use shared::scheduling::Appointment;
use shared::scheduling::clinic::Clinic;
use shared::scheduling::telling::{Changed, Holds, news};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Which appointments have their slots.
#[derive(Debug, Default)]
pub(crate) struct Holding {
    pub(crate) before: BTreeSet<RecordId>,
    pub(crate) now: BTreeSet<RecordId>,
}

/// Writes down what is new to others.
pub(crate) async fn tell(
    tx: &mut PgConnection,
    clinic: &Clinic,
    sender: Sender,
    visits: &[Visit<'_>],
    known: &BTreeMap<RecordId, Known>,
    holding: &Holding,
) -> sqlx::Result<()> {
    let mut events = Vec::new();
    for visit in visits {
        let subject = visit.appointment;
        let Ok(after) = record::parse::<Appointment>(visit.body) else {
            continue;
        };
        let holds = Holds {
            before: holding.before.contains(&subject),
            now: holding.now.contains(&subject),
        };
        let known = known.get(&subject).cloned().unwrap_or_default();
        // what is brought in from elsewhere was told there
        let is_brought = sender.is_hub && !visit.is_decided && known.count == 0;
        if is_brought {
            continue;
        }
        let changed = Changed {
            after: &after,
            holds,
            steps: &visit.steps,
            t_ms: visit.made.earliest_ms,
            is_by_hub: visit.is_decided,
            clinic,
        };
        let new = news(known.last.as_ref(), &changed);
        events.extend(
            (known.count + 1..)
                .zip(new)
                .map(|(nth, (at_ms, what))| Event {
                    subject,
                    nth,
                    at_ms,
                    recorded_ms: sender.came_ms,
                    what,
                }),
        );
    }
    outbox::tell(tx, &events).await
}
