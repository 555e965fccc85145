//! Decides who gets a slot that several asked for, and writes into each appointment what was decided about it.
//!
//! What is to be said lies in a table first, written in the transaction that decided. A hub that is killed in between says it
//! when it is back; said twice, it is the same.

use super::book::{STANDS, WAITS};
use super::search;
use super::tables::{self, Said};
use super::write::{Draft, write};
use crate::app::App;
use crate::error::Result;
use serde_json::{Value, json};
use shared::document::Heads;
use shared::ids::RecordId;
use shared::record;
use shared::scheduling::adjudicate::{adjudicate, due};
use shared::scheduling::clinic::Clinic;
use shared::scheduling::{Appointment, AppointmentStatus};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, Row};
use std::time::Duration;
use uuid::Uuid;

/// How often the hub looks whether a window has closed.
const EVERY: Duration = Duration::from_secs(5);
/// Requests and decisions that are looked at in one go.
const AT_ONCE: i64 = 500;
/// How many offers somebody gets who lost a slot.
const OFFERS: usize = 3;

/// Decides what can be decided and says it, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = settle(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "Slots could not be decided about; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Decides what can be decided now, and says it.
pub async fn settle(app: &App) -> Result<()> {
    // who comes meanwhile is taken along, and finds nothing left to do
    let _turn = app.deciding.lock().await;
    decide_due(app).await?;
    while say(app).await? {}
    Ok(())
}

/// Says what was decided.
pub(crate) async fn say_all(app: &App) -> Result<()> {
    let _turn = app.deciding.lock().await;
    while say(app).await? {}
    Ok(())
}

/// Decides about every request whose window has closed.
async fn decide_due(app: &App) -> Result<()> {
    let clinic = Clinic::of_zone(app.zone());
    let mut db = app.pool.acquire().await?;
    let waiting = tables::open(&mut db, &clinic, AT_ONCE).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    let now_ms = app.now().0;
    let heard_ms = heard(&mut tx).await?;
    let first = due(&waiting, heard_ms, now_ms);
    if first.is_empty() {
        return Ok(());
    }
    tables::lock_days(&mut tx, &tables::days_of(&first)).await?;
    // some may have been taken back before the days were ours, others may have come
    let locked = tables::days_of(&first);
    let (_, mut now_waiting) = tables::around(&mut tx, &clinic, &first, None).await?;
    now_waiting.retain(|one| locked.contains(&(one.request.practitioner, one.request.slot.date)));
    let requests = due(&now_waiting, heard_ms, now_ms);
    if requests.is_empty() {
        return Ok(());
    }
    let (standing, _) = tables::around(&mut tx, &clinic, &requests, None).await?;
    let ids: Vec<Uuid> = requests.iter().map(|one| one.appointment.0).collect();
    tables::forget(&mut tx, &ids).await?;
    for (request, outcome) in adjudicate(standing.booked, requests) {
        match outcome {
            Ok(()) => tables::give(&mut tx, &clinic, &request, Said::NotYet).await?,
            Err(lost) => {
                let word = lost.code();
                tables::decided(&mut tx, request.appointment, word, Said::NotYet).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Returns when every desk that may still bring a request was heard last, the least of them.
async fn heard(db: &mut PgConnection) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "select (extract(epoch from min(coalesce(seen_at, enrolled_at))) * 1000)::bigint from device
         where state = 'active' and ward is not null",
    )
    .fetch_one(db)
    .await
}

/// A decision that its appointment does not say yet.
struct Unsaid {
    decision: i64,
    appointment: RecordId,
    outcome: String,
    body: Appointment,
    doc: Vec<u8>,
    heads: Heads,
}

impl Unsaid {
    /// Says whether the appointment says otherwise. It may have been written and not noted; and who has come, or has
    /// cancelled, is not told anything any more.
    fn is_news(&self) -> bool {
        let status = self.body.status;
        match self.outcome.as_str() {
            STANDS => status.asks_for_slot(),
            WAITS => status == AppointmentStatus::Booked,
            _ => status.asks_for_slot() || status == AppointmentStatus::Booked,
        }
    }
}

/// Writes decisions into their appointments; says whether more can be.
async fn say(app: &App) -> Result<bool> {
    let unsaid = unsaid(app).await?;
    if unsaid.is_empty() {
        return Ok(false);
    }
    let count = unsaid.len();
    let (mut drafts, mut sent, mut said) = (Vec::new(), Vec::new(), Vec::new());
    for one in unsaid {
        if !one.is_news() {
            said.push(one.decision);
            continue;
        }
        let says = draft(app, &one).await?;
        sent.push(one.decision);
        drafts.push(Draft {
            appointment: one.appointment,
            doc: one.doc,
            heads: one.heads,
            says,
        });
    }
    let says = write(app, &drafts).await?;
    let noted = sent.into_iter().zip(says).filter(|(_, says)| *says);
    said.extend(noted.map(|(decision, _)| decision));
    sqlx::query(
        "update booking_decision set said_at = now() where id = any($1) and said_at is null",
    )
    .bind(&said)
    .execute(&app.pool)
    .await?;
    // what was not taken was changed meanwhile, and is looked at once more
    let is_full = i64::try_from(count).is_ok_and(|count| count == AT_ONCE);
    Ok(!said.is_empty() && (is_full || said.len() < count))
}

async fn unsaid(app: &App) -> Result<Vec<Unsaid>> {
    let rows = sqlx::query(
        "select decision.id, decision.appointment, decision.outcome, record.body, record.heads, document.doc || record.tail as doc
         from booking_decision decision join record on record.id = decision.appointment
         join document on document.record = record.id
         where decision.said_at is null and not decision.is_pointless order by decision.id limit $1",
    )
    .bind(AT_ONCE)
    .fetch_all(&app.pool)
    .await?;
    let one = |row: &sqlx::postgres::PgRow| {
        let Json(body): Json<Value> = row.get("body");
        Some(Unsaid {
            decision: row.get("id"),
            appointment: RecordId(row.get("appointment")),
            outcome: row.get("outcome"),
            body: record::parse(&body).ok()?,
            doc: row.get("doc"),
            heads: Heads::from_bytes(row.get("heads")),
        })
    };
    Ok(rows.iter().filter_map(one).collect())
}

/// Returns what an appointment is to say.
async fn draft(app: &App, unsaid: &Unsaid) -> Result<Value> {
    let status = |status: AppointmentStatus| status.word();
    match unsaid.outcome.as_str() {
        STANDS => Ok(booked()),
        WAITS => Ok(json!({ "status": status(AppointmentStatus::Pending) })),
        code => {
            let mut offers = none();
            let found = search::instead_of(app, &unsaid.body, OFFERS).await?;
            for (place, free) in found.iter().enumerate() {
                offers[place]["practitioner"] = json!(free.practitioner);
                offers[place]["start"] = json!(search::rfc3339(free.slot.start_ms));
            }
            Ok(
                json!({ "status": status(AppointmentStatus::Waitlist), "lost": code, "offer": offers }),
            )
        }
    }
}

/// What an appointment says that has its slot.
pub(crate) fn booked() -> Value {
    json!({ "status": AppointmentStatus::Booked.word(), "lost": null, "offer": none() })
}

/// The places of the offers: written over each time, since nothing is ever deleted.
pub(super) fn none() -> Vec<Value> {
    let place = |nth| json!({ "id": nth, "practitioner": null, "start": null });
    (1..=OFFERS).map(|nth| place(nth.to_string())).collect()
}
