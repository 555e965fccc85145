//! What only one record may have: a hospital number, a doctor's slot. Merged data can break it, so only the hub decides.

use serde_json::Value;
use shared::problem::Problem;
use shared::record::{self, Kind};
use shared::scheduling::{Appointment, AppointmentStatus};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter};
use uuid::Uuid;

/// Something only one record may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    Mrn(String),
    /// Doctor and start, with a space between.
    Slot(String),
}

/// As the column `claim` has it.
impl Display for Claim {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Claim::Mrn(mrn) => write!(f, "mrn {mrn}"),
            Claim::Slot(slot) => write!(f, "slot {slot}"),
        }
    }
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
    let words: BTreeMap<String, &Claim> = claims
        .iter()
        .map(|claim| (claim.to_string(), claim))
        .collect();
    let found: Vec<String> =
        sqlx::query_scalar("select claim from record where claim = any($1) and id <> all($2)")
            .bind(words.keys().collect::<Vec<_>>())
            .bind(apart)
            .fetch_all(db)
            .await?;
    Ok(found
        .iter()
        .filter_map(|word| words.get(word).copied().cloned())
        .collect())
}
