//! What only one record may have: a hospital number, a doctor's slot. Merged data can break it, so only the hub decides.

use serde_json::Value;
use shared::problem::Problem;
use shared::record::{self, Kind};
use shared::scheduling::{Appointment, AppointmentStatus};
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Something only one record may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    Mrn(String),
    /// Doctor and start, as the function `slot_of` of the database writes them.
    Slot(String),
}

impl Claim {
    /// Returns what a person is told when another record has it.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Claim::Mrn(mrn) => Problem::new("mrn.taken", "mrn").with("mrn", mrn),
            Claim::Slot(slot) => {
                let start = slot.rsplit(' ').next().unwrap_or_default();
                Problem::new("slot.taken", "start").with("start", start)
            }
        }
    }
}

/// Returns what a record claims.
pub(crate) fn of(kind: Kind, body: &Value) -> Option<Claim> {
    match kind {
        Kind::Patient => body["mrn"].as_str().map(|mrn| Claim::Mrn(mrn.into())),
        Kind::Appointment => {
            let appointment: Appointment = record::parse(body).ok()?;
            let holds = AppointmentStatus::holds_slot(appointment.status);
            let (doctor, start) = (appointment.practitioner?, appointment.start?);
            holds.then(|| Claim::Slot(format!("{doctor} {start}")))
        }
        Kind::Prescription => None,
    }
}

/// Says whether writing a field can make a claim.
pub(crate) fn is_claimed_by(kind: Kind, path: &str) -> bool {
    match kind {
        Kind::Patient => path == "mrn",
        Kind::Appointment => matches!(path, "practitioner" | "start" | "status"),
        Kind::Prescription => false,
    }
}

/// Returns which claims records have that are not among `apart`.
pub(crate) async fn taken(
    db: &mut PgConnection,
    claims: &BTreeSet<Claim>,
    apart: &[Uuid],
) -> sqlx::Result<BTreeSet<Claim>> {
    let mut found = BTreeSet::new();
    let text = |claim: &Claim| match claim {
        Claim::Mrn(text) | Claim::Slot(text) => text.clone(),
    };
    let (mrns, slots): (Vec<&Claim>, Vec<&Claim>) = claims
        .iter()
        .partition(|claim| matches!(claim, Claim::Mrn(_)));
    if !mrns.is_empty() {
        let rows = sqlx::query(TAKEN_MRNS)
            .bind(mrns.into_iter().map(text).collect::<Vec<_>>())
            .bind(apart)
            .fetch_all(&mut *db)
            .await?;
        found.extend(rows.iter().map(|row| Claim::Mrn(row.get(0))));
    }
    if !slots.is_empty() {
        let rows = sqlx::query(TAKEN_SLOTS)
            .bind(slots.into_iter().map(text).collect::<Vec<_>>())
            .bind(apart)
            .fetch_all(db)
            .await?;
        found.extend(rows.iter().map(|row| Claim::Slot(row.get(0))));
    }
    Ok(found)
}

const TAKEN_MRNS: &str = "select body ->> 'mrn' from record
     where kind = 1 and body ->> 'mrn' = any($1) and id <> all($2)";

const TAKEN_SLOTS: &str = "select slot_of(body) from record
     where kind = 2 and (body ->> 'status') in ('booked', 'arrived', 'checked-in', 'fulfilled', 'noshow')
       and slot_of(body) = any($1) and id <> all($2)";
