//! How many new records a device may add in an hour: many more than people write, and few enough that a stolen desk does
//! not fill the hospital's disk. What is above waits at its desk. It is counted in memory, and written down with the records
//! themselves: a hub that was started again goes on counting.

use shared::ids::DeviceId;
use shared::planted::{self, Fault};
use sqlx::PgPool;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// What every device added lately.
#[derive(Debug)]
pub(crate) struct Quota {
    an_hour: u64,
    added: Mutex<BTreeMap<DeviceId, VecDeque<(i64, u64)>>>,
}

impl Quota {
    pub(crate) fn new(an_hour: u64) -> Self {
        Self {
            an_hour,
            added: Mutex::default(),
        }
    }

    /// Reads what a device added before the hub was started, the first time that it sends something.
    pub(crate) async fn recall(&self, pool: &PgPool, device: DeviceId) -> sqlx::Result<()> {
        if self.devices().contains_key(&device) {
            return Ok(());
        }
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select minute, records from device_added where device = $1 order by minute",
        )
        .bind(device.0)
        .fetch_all(pool)
        .await?;
        let one = |(minute, records): (i64, i64)| (minute * MINUTE_MS, records.unsigned_abs());
        let before = rows.into_iter().map(one).collect();
        // another push of the same may have come in between, and has counted since
        self.devices().entry(device).or_insert(before);
        Ok(())
    }

    /// Notes that a device added some records.
    pub(crate) fn added(&self, device: DeviceId, now_ms: i64, records: u64) {
        if records > 0 {
            let mut devices = self.devices();
            let added = devices.entry(device).or_default();
            added.push_back((now_ms, records));
        }
    }

    /// Returns the seconds until a device may send more; none when it may now.
    pub(crate) fn wait_s(&self, device: DeviceId, now_ms: i64) -> u64 {
        let mut devices = self.devices();
        let Some(added) = devices.get_mut(&device) else {
            return 0;
        };
        while added.front().is_some_and(|(at, _)| *at <= now_ms - HOUR_MS) {
            added.pop_front();
        }
        let mut too_many = added.iter().map(|(_, records)| records).sum::<u64>();
        if too_many < self.an_hour || planted::is_on(Fault::NoQuota) {
            return 0;
        }
        // until enough of it is an hour old
        for (at, records) in added.iter() {
            too_many -= records;
            if too_many < self.an_hour {
                return (at + HOUR_MS - now_ms).unsigned_abs().div_ceil(1_000);
            }
        }
        HOUR_MS.unsigned_abs() / 1_000
    }

    fn devices(&self) -> std::sync::MutexGuard<'_, BTreeMap<DeviceId, VecDeque<(i64, u64)>>> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_device_waits_until_enough_of_what_it_added_is_an_hour_old() {
        let (quota, device) = (Quota::new(10), DeviceId(Uuid::from_u128(1)));
        let other = DeviceId(Uuid::from_u128(2));
        quota.added(device, 0, 4);
        quota.added(device, 60_000, 5);
        assert_eq!(quota.wait_s(device, 60_000), 0);
        quota.added(device, 120_000, 2);
        assert_eq!(quota.wait_s(device, 120_000), 3_480);
        assert_eq!(quota.wait_s(other, 120_000), 0, "its own alone");
        assert_eq!(quota.wait_s(device, HOUR_MS - 1), 1);
        assert_eq!(quota.wait_s(device, HOUR_MS), 0);
        quota.added(device, HOUR_MS, 1_000);
        assert_eq!(quota.wait_s(device, HOUR_MS), 3_600);
    }
}
