//! Bills for what a pharmacy handed out and what a laboratory found: each order is billed once, however often it is told.

use crate::books::bills::{self, Known};
use crate::books::journals::{self, About};
use crate::books::refused;
use crate::error::Result;
use crate::events::outbox;
use crate::world;
use shared::billing::Bill;
use shared::events::accounts::{Accounts, BillCreated};
use shared::events::{Event, What};
use shared::ids::RecordId;
use shared::money::Money;
use shared::money::tax::RATE;
use sqlx::PgConnection;
use uuid::Uuid;

/// Bills an order that was completed.
pub(super) async fn bill(tx: &mut PgConnection, event: &Event, accounts: &Accounts) -> Result<()> {
    let Some((kind, ordered)) = accounts.to_bill() else {
        return Ok(());
    };
    if is_billed(tx, event.subject.0).await? {
        return Ok(());
    }
    let issued = Bill::issue(kind, ordered.net, RATE).map_err(refused)?;
    let known = Known {
        id: world::new_id(),
        number: 0,
        patient: ordered.patient.0,
        appointment: ordered.appointment.map(|visit| visit.0),
        based_on: Some(event.subject.0),
        adds_to: None,
        what: None,
        issued_ms: event.recorded_ms,
        bill: issued.bill,
    };
    bills::insert(tx, &known, 0).await?;
    let about = About {
        cause: format!("event:{}:1", event.id()),
        patient: Some(known.patient),
        bill: Some(known.id),
        appointment: known.appointment,
        by: None,
        occurred_ms: event.at_ms,
        recorded_ms: event.recorded_ms,
        reverses: None,
    };
    journals::write(tx, &issued.journal, &about).await?;
    Ok(outbox::tell(tx, &[created(&known, event.at_ms, event.recorded_ms)]).await?)
}

async fn is_billed(tx: &mut PgConnection, order: Uuid) -> Result<bool> {
    // two that tell the same at once wait for each other
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1::text, 1))")
        .bind(order)
        .execute(&mut *tx)
        .await?;
    let is_billed =
        sqlx::query_scalar("select exists (select 1 from billing.bill where based_on = $1)")
            .bind(order)
            .fetch_one(tx)
            .await?;
    Ok(is_billed)
}

/// Returns what others are told of a new bill: when it was caused, and when that was written down.
pub(super) fn created(known: &Known, at_ms: i64, recorded_ms: i64) -> Event {
    let money = |minor: i64| Money::new(minor, known.bill.currency);
    Event {
        subject: RecordId(known.id),
        nth: 1,
        at_ms,
        recorded_ms,
        what: What::Accounts(Accounts::BillCreated(BillCreated {
            patient: RecordId(known.patient),
            appointment: known.appointment.map(RecordId),
            based_on: known.based_on.map(RecordId),
            adds_to: known.adds_to.map(RecordId),
            kind: known.bill.kind,
            net: money(known.bill.net),
            gross: money(known.bill.gross()),
        })),
    }
}
