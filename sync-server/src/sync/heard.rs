//! When a desk that has nothing to send was heard: it still asks for news.

use shared::ids::DeviceId;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A desk sends what it has at once, and looks whether there is anything at least this often, so that what it saved longer ago
/// than this before it asks for news has come.
const SURE_MS: i64 = 60_000;
/// It is not written down more often.
const EVERY_MS: i64 = 60_000;

/// When it was written down last of each device.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<BTreeMap<DeviceId, i64>>);

impl Listeners {
    /// Notes that a desk begins to ask for news. One that says that something waits to be sent was not heard out.
    pub(crate) async fn note(
        &self,
        pool: &PgPool,
        (device, unsent): (DeviceId, Option<u32>),
        now_ms: i64,
    ) -> sqlx::Result<()> {
        if unsent.is_some_and(|unsent| unsent > 0) || !self.is_due(device, now_ms) {
            return Ok(());
        }
        sqlx::query(
            "update device set seen_at = greatest(seen_at, to_timestamp($2 / 1000.0)) where id = $1",
        )
        .bind(device.0)
        .bind(now_ms - SURE_MS)
        .execute(pool)
        .await?;
        Ok(())
    }

    fn is_due(&self, device: DeviceId, now_ms: i64) -> bool {
        let Ok(mut noted) = self.0.lock() else {
            return true;
        };
        let is_due = noted
            .get(&device)
            .is_none_or(|before| now_ms - before >= EVERY_MS);
        if is_due {
            noted.insert(device, now_ms);
        }
        is_due
    }
}
