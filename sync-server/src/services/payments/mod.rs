//! Payments: money that comes in at the console, at desks or by a gateway, what goes back, the receipts, the drawers, and what
//! gateways paid out.

pub mod charge;
pub(crate) mod credit;
pub mod desk;
mod documents;
pub mod drawers;
pub mod errands;
pub mod gateways;
pub mod hand_out;
mod pads;
pub(crate) mod post;
pub mod receipts;
pub mod refunds;
mod settle;
pub mod settlements;
pub mod spend;
pub mod take;
pub mod told;
pub mod watch;

use crate::app::App;
use crate::error::{Error, Result};
use sqlx::PgPool;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(3_600);

/// Forgets old keys every hour, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = tidy(&app.pool, app.now().0).await {
            tracing::warn!(
                error.code = error.code(),
                "Old keys of payments could not be forgotten; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Forgets what was answered under keys that are older than they have to be kept.
pub async fn tidy(pool: &PgPool, now_ms: i64) -> Result<u64> {
    let oldest_ms = now_ms - shared::payments::idempotency::KEPT_DAYS * 86_400_000;
    let gone = sqlx::query("delete from payments.once where at_ms < $1")
        .bind(oldest_ms)
        .execute(pool)
        .await
        .map_err(Error::from)?;
    sqlx::query("delete from payments.told where at_ms < $1")
        .bind(oldest_ms)
        .execute(pool)
        .await?;
    Ok(gone.rows_affected())
}
