//! How fast a device may go on: few calls at once, and slowly when much of what it sends is not taken.

use crate::app::App;
use crate::error::{Error, Result};
use shared::ids::DeviceId;
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::sync::exchange::wait_after_held_s;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pushes of a device that are worked on at the same time.
const AT_ONCE: usize = 2;
/// Pushes of a device that may wait for that.
const WAITING: usize = 14;
const HOUR_MS: i64 = 3_600_000;

/// What every device sent lately.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<BTreeMap<DeviceId, OfDevice>>);

#[derive(Debug)]
struct OfDevice {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// When how many changes were not taken, in the last hour.
    held: VecDeque<(i64, u64)>,
    not_before_ms: i64,
}

impl OfDevice {
    fn new(now_ms: i64, held: u64) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            held: VecDeque::from([(now_ms, held)]),
            not_before_ms: 0,
        }
    }

    /// Returns the seconds for which it has to stay away.
    fn wait_s(&self, now_ms: i64) -> u64 {
        let wait_ms = self.not_before_ms.saturating_sub(now_ms).max(0);
        wait_ms.unsigned_abs().div_ceil(1_000)
    }

    fn answered(&mut self, now_ms: i64, not_taken: u64) -> u64 {
        if not_taken > 0 {
            self.held.push_back((now_ms, not_taken));
        }
        let wait_s = wait_after_held_s(self.held_this_hour(now_ms));
        // who need not wait is not made to by a clock that was read a moment earlier
        self.not_before_ms = match wait_s {
            0 => 0,
            wait_s => now_ms + i64::try_from(wait_s * 1_000).unwrap_or(HOUR_MS),
        };
        wait_s
    }

    fn held_this_hour(&mut self, now_ms: i64) -> u64 {
        while self
            .held
            .front()
            .is_some_and(|(at, _)| *at <= now_ms - HOUR_MS)
        {
            self.held.pop_front();
        }
        self.held.iter().map(|(_, count)| count).sum()
    }
}

/// The right to be worked on; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Pace {
    /// Waits for the turn of a device, or says how long it has to stay away.
    pub(crate) async fn turn(&self, app: &App, device: DeviceId) -> Result<Turn> {
        let now_ms = app.now().0;
        if !self.knows(device) {
            let held = held_this_hour(app, device).await?;
            let mut devices = self.devices();
            devices
                .entry(device)
                .or_insert_with(|| OfDevice::new(now_ms, held));
        }
        let (turns, places, wait_s) = {
            let mut devices = self.devices();
            let of = devices
                .entry(device)
                .or_insert_with(|| OfDevice::new(now_ms, 0));
            (of.turns.clone(), of.places.clone(), of.wait_s(now_ms))
        };
        if wait_s > 0 && !planted::is_on(Fault::NoThrottle) {
            return Err(too_many("push.throttled", wait_s));
        }
        let places = if planted::is_on(Fault::ManyAtOnce) {
            Arc::new(Semaphore::new(1))
        } else {
            places
        };
        let place = places
            .try_acquire_owned()
            .map_err(|_| too_many("push.busy", 1))?;
        let turn = turns
            .acquire_owned()
            .await
            .map_err(|_| too_many("push.busy", 1))?;
        Ok(Turn {
            _turn: turn,
            _place: place,
        })
    }

    /// Notes how many changes of a push were not taken, and slows the device down when they are many.
    pub(crate) fn answered(&self, device: DeviceId, now_ms: i64, not_taken: u64) {
        let mut devices = self.devices();
        let Some(of) = devices.get_mut(&device) else {
            return;
        };
        let before = of.held_this_hour(now_ms);
        let wait_s = of.answered(now_ms, not_taken);
        if wait_s > 0 && wait_after_held_s(before) == 0 {
            tracing::warn!(device.id = %device, changes = before + not_taken,
                "A device sends much that is not taken; it is slowed down");
        }
    }

    fn knows(&self, device: DeviceId) -> bool {
        self.devices().contains_key(&device)
    }

    fn devices(&self) -> std::sync::MutexGuard<'_, BTreeMap<DeviceId, OfDevice>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Returns the answer to a device that has to wait.
pub(crate) fn too_many(code: &str, seconds: u64) -> Error {
    Error::TooMany {
        problem: Problem::new(code, "").with("seconds", seconds),
        retry_after_s: seconds,
    }
}

async fn held_this_hour(app: &App, device: DeviceId) -> sqlx::Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "select count(*) from held_change where device = $1 and held_at > now() - interval '1 hour'",
    )
    .bind(device.0)
    .fetch_one(&app.pool)
    .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_sends_much_that_is_not_taken_waits() {
        let mut of = OfDevice::new(0, 0);
        of.answered(1_000, 0);
        assert_eq!(of.wait_s(999), 0, "pushes go on beside each other");
        of.answered(2_000, 20);
        assert_eq!(of.wait_s(2_000), 0);
        of.answered(3_000, 1);
        let wait_s = of.wait_s(3_000);
        assert!(wait_s > 0);
        let later = 3_000 + i64::try_from(wait_s).expect("short") * 1_000;
        assert_eq!((of.wait_s(later - 1), of.wait_s(later)), (1, 0));
        of.answered(3_000 + HOUR_MS, 0);
        assert_eq!(
            of.wait_s(3_000 + HOUR_MS),
            0,
            "an hour later it is forgotten"
        );
    }
}
