//! The log of everything that happened: one leaf for each change, view and deed, in a tree whose root is signed.
//!
//! Nothing here is on the way of a push. What happened lies in tables of its own already; a task takes it from there.

pub(crate) mod append;
pub(crate) mod arrive;
mod chains;
pub(crate) mod head;
pub(crate) mod key;
mod leaf;
pub(crate) mod look;
pub mod show;
mod source;
pub mod verify;

use crate::app::App;
use std::time::Duration;

/// How often the log takes what happened since.
const EVERY: Duration = Duration::from_secs(5);
/// How often the root is signed, in milliseconds.
const HEAD_EVERY_MS: i64 = 3_600_000;

/// Takes what happens into the log and signs its root every hour, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        if let Err(error) = once(&app).await {
            tracing::warn!(
                error.code = error.code(),
                "The audit log could not be brought up to date; it is tried again"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn once(app: &App) -> crate::error::Result<()> {
    append::append_all(app).await?;
    if head::is_due(app, HEAD_EVERY_MS).await? {
        head::sign(app).await?;
    }
    Ok(())
}

/// Takes everything that happened until now into the log and signs its root; returns how large the tree is.
pub async fn settle(app: &App) -> crate::error::Result<u64> {
    append::append_all(app).await?;
    head::sign(app).await
}
