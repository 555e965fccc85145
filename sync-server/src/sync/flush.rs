//! Waiting until what was committed is on the disk.
//!
//! Places in a ward's feed are given under a lock on the ward, so pushes of one ward commit one after the other. Were the lock
//! held until the disk has answered, a ward could take no more pushes a second than the disk has flushes. A push that
//! takes a place therefore commits without waiting, which lets the next one in, and many wait here for one flush.
//!
//! Nobody hears of a change before it is on the disk: neither the desk that sent it, which would stop sending it, nor a
//! desk that reads the feed, to which the hub would give the same place twice after a crash.

use sqlx::PgPool;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Makes one flush do for all who wait.
#[derive(Debug, Default)]
pub(crate) struct Flush {
    asked: AtomicU64,
    /// Up to which of those who asked everything is on the disk.
    done: Mutex<u64>,
}

impl Flush {
    /// Waits until everything that this caller has seen committed is on the disk.
    pub(crate) async fn wait(&self, pool: &PgPool) -> sqlx::Result<()> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self.done.lock().await;
        if *done >= mine {
            return Ok(());
        }
        let all = self.asked.load(Ordering::SeqCst);
        // the log is written in order: a commit that waits for the disk takes everything before it along
        sqlx::query("select pg_logical_emit_message(true, 'flush', '')")
            .execute(pool)
            .await?;
        *done = all;
        Ok(())
    }
}
