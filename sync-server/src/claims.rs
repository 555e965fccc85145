//! What only the hub can decide about merged data: what one record alone may have, such as a hospital number, and who gets a
//! doctor's slot, which is [`crate::scheduling`]'s.

use crate::app::App;
pub(crate) use crate::scheduling::answer::{Answer, Answers};
use crate::scheduling::book::{self, Sender, Visit};
pub(crate) use crate::scheduling::book::{Left, Settled};
pub(crate) use crate::scheduling::hours::Hours;
use crate::scheduling::{DECIDER, decide};
use crate::sync::weigh::{After, Before, Known, Letter, Source, Weighed};
use serde_json::Value;
use shared::document::{self, Heads, Merged};
use shared::ids::RecordId;
use shared::problem::Problem;
use shared::record::Kind;
use shared::scheduling::AppointmentStatus;
use shared::scheduling::telling::Step;
use shared::scheduling::unsure::Outcome;
use shared::sync::judge::Inspected;
use shared::sync::late::Made;
use shared::sync::wire::Hash;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter};
use uuid::Uuid;

/// Something only one record may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    Mrn(String),
}

/// As the column `claim` has it.
impl Display for Claim {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Claim::Mrn(mrn) => write!(f, "mrn {mrn}"),
        }
    }
}

impl Claim {
    /// Returns what a person is told when another record has it.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Claim::Mrn(mrn) => Problem::new("mrn.taken", "mrn").with("mrn", mrn),
        }
    }
}

/// Returns what a record claims.
pub(crate) fn of(kind: Kind, body: &Value) -> Option<Claim> {
    match kind {
        Kind::Patient => body["mrn"].as_str().map(|mrn| Claim::Mrn(mrn.into())),
        Kind::Appointment | Kind::Prescription => None,
    }
}

/// Says whether a change can make a claim, or ask for a slot.
pub(crate) fn writes(kind: Kind, seen: &Inspected) -> bool {
    let fields: &[&str] = match kind {
        Kind::Patient => &["mrn"],
        Kind::Appointment => &[
            "patient",
            "practitioner",
            "department",
            "start",
            "minutes",
            "priority",
            "status",
        ],
        Kind::Prescription => &[],
    };
    // an offer is told, like what becomes of a slot
    let is_offer = |path: &str| kind == Kind::Appointment && path.starts_with("offer/");
    seen.writes
        .iter()
        .any(|write| fields.contains(&write.path.as_str()) || is_offer(&write.path))
}

/// Returns when a change was made, by the hub's clock.
fn made(known: &Known, seen: &Inspected) -> Made {
    let said = || Made::surely(seen.at_s.saturating_mul(1_000));
    known.made.get(&seen.hash).copied().unwrap_or_else(said)
}

/// Says whether a change keeps the rules of what it claims, as its author saw the record: `after` is what the
/// push made of it so far. Returns what a person is to look at, if it keeps them only if it was made when it may have been.
pub(crate) fn keeps_rules(
    kind: Kind,
    known: &Known,
    (id, after): (RecordId, Option<&After>),
    merged: &Merged,
    seen: &Inspected,
) -> Result<Option<Problem>, Vec<Problem>> {
    if kind != Kind::Appointment {
        return Ok(None);
    }
    let at = |heads: Vec<Hash>| document::body_at(kind, &merged.doc, &Heads(heads));
    let mut deps = Heads(seen.deps.clone());
    deps.0.sort_unstable();
    let stored = match after {
        Some(after) => Some((&after.merged.body, &after.merged.heads)),
        None => known.records.get(&id).map(|was| (&was.body, &was.heads)),
    };
    let before = match stored {
        None => Ok(Value::Null),
        Some((body, heads)) if *heads == deps => Ok(body.clone()),
        Some(_) => at(deps.0),
    };
    let after = if merged.heads.0 == [seen.hash] {
        Ok(merged.body.clone())
    } else {
        at(vec![seen.hash])
    };
    let (Ok(before), Ok(after)) = (before, after) else {
        return Err(vec![Problem::new("record.damaged", "")]);
    };
    let Outcome {
        mut problems,
        doubt,
    } = known.hours.outcome(&before, &after, made(known, seen));
    if problems.is_empty() {
        return Ok(doubt);
    }
    problems.extend(doubt);
    Err(problems)
}

/// Says whether it matters when the changes of a push were made.
pub(crate) fn asks_when(letters: &[Letter]) -> bool {
    letters
        .iter()
        .any(|letter| letter.kind == Some(Kind::Appointment))
}

/// Reads the hours of the doctors whom a push names, and of those whose appointments it changes.
pub(crate) async fn hours(
    db: &mut PgConnection,
    app: &App,
    letters: &[Letter],
    records: &BTreeMap<RecordId, Before>,
) -> sqlx::Result<Hours> {
    let of_kind = |letter: &&Letter| letter.kind == Some(Kind::Appointment);
    let ours: Vec<&Letter> = letters.iter().filter(of_kind).collect();
    let named = ours.iter().filter_map(|letter| letter.seen.as_ref().ok());
    let named = named.flat_map(|seen| &seen.writes);
    let named = named.filter(|write| write.path == "practitioner");
    let here = ours.iter().filter_map(|letter| records.get(&letter.record));
    let mut doctors: Vec<Uuid> = named
        .map(|write| &write.value)
        .chain(here.map(|before| &before.body["practitioner"]))
        .filter_map(|id| id.as_str()?.parse().ok())
        .collect();
    doctors.sort_unstable();
    doctors.dedup();
    Hours::of(db, app.zone(), doctors).await
}

/// The changes of a push that were taken into a record.
fn taken_of<'a>(letters: &'a [Letter], after: &'a After) -> impl Iterator<Item = &'a Inspected> {
    let seen = |place: &usize| letters[*place].seen.as_ref().ok();
    after.taken.iter().filter_map(seen)
}

/// What a change says became of an appointment.
fn step(known: &Known, seen: &Inspected) -> Option<Step> {
    let said = seen.writes.iter().find(|write| write.path == "status")?;
    Some(Step {
        status: AppointmentStatus::parse(said.value.as_str()?)?,
        t_ms: made(known, seen).earliest_ms,
    })
}

/// Gives slots to the appointments of a push, and tells others.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    source: &Source,
    letters: &[Letter],
    weighed: &Weighed,
    known: &Known,
    answers: &Answers,
) -> sqlx::Result<Settled> {
    let sender = Sender {
        device: source.device,
        is_hub: source.ward.is_none(),
        came_ms: known.now_s.saturating_mul(1_000),
    };
    let ours = weighed
        .records
        .iter()
        .filter(|after| after.kind == Kind::Appointment && after.reclaimed);
    let visits: Vec<Visit<'_>> = ours
        .filter_map(|after| {
            let last = taken_of(letters, after).last()?;
            Some(Visit {
                appointment: after.id,
                body: &after.merged.body,
                change: last.hash,
                made: made(known, last),
                is_decided: last.staff == Some(DECIDER),
                steps: taken_of(letters, after)
                    .filter_map(|seen| step(known, seen))
                    .collect(),
                answered: answers.of(after.id),
            })
        })
        .collect();
    book::settle(tx, &known.hours, sender, &visits).await
}

/// Decides about slots, so far as that can be now. What cannot be is done a little later, and so is what fails.
pub(crate) async fn decide(app: &App, left: Left) {
    let done = match left {
        Left::Nothing => return,
        Left::ToSay => decide::say_all(app).await,
        Left::ToDecide => decide::settle(app).await,
    };
    if let Err(error) = done {
        tracing::warn!(
            error.code = error.code(),
            "Slots could not be decided about; it is tried again"
        );
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
