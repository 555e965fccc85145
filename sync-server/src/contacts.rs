//! When each workstation was heard last and what it said of itself: noted in memory with each call, written down when
//! somebody looks and every few minutes, so that no call waits for it.

use crate::app::App;
use shared::device::Report;
use shared::ids::DeviceId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often what is only in memory is written down.
const EVERY: Duration = Duration::from_mins(2);

/// What was heard since it was written down last: one line for each workstation.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<BTreeMap<DeviceId, Contact>>);

#[derive(Clone, Debug)]
struct Contact {
    at_ms: i64,
    report: Option<Report>,
}

impl Contacts {
    /// Notes that a workstation called.
    pub(crate) fn note(&self, device: DeviceId, at_ms: i64, report: Option<Report>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.remove(&device).and_then(|contact| contact.report);
        let report = report.or(before);
        heard.insert(device, Contact { at_ms, report });
    }

    fn take(&self) -> BTreeMap<DeviceId, Contact> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *heard)
    }
}

/// Writes down what was heard, now and then, until it is dropped.
pub(crate) async fn run(app: App) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = keep(&app).await {
            let error = crate::error::Error::from(error);
            tracing::warn!(
                error.code = error.code(),
                "When workstations were heard was not written down"
            );
        }
    }
}

/// Writes down what was heard since the last time.
pub(crate) async fn keep(app: &App) -> sqlx::Result<()> {
    let heard = app.contacts.take();
    if heard.is_empty() {
        return Ok(());
    }
    let report = |contact: &Contact| contact.report.clone();
    sqlx::query(
        "insert into device_contact (device, at, version, unsent)
         select device, 'epoch'::timestamptz + at_ms * interval '1 millisecond', version, unsent
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[]) as new (device, at_ms, version, unsent)
         on conflict (device) do update set at = greatest(device_contact.at, excluded.at),
            version = coalesce(excluded.version, device_contact.version),
            unsent = coalesce(excluded.unsent, device_contact.unsent)",
    )
    .bind(heard.keys().map(|device| device.0).collect::<Vec<_>>())
    .bind(heard.values().map(|one| one.at_ms).collect::<Vec<_>>())
    .bind(heard.values().map(|one| report(one).map(|said| said.version)).collect::<Vec<_>>())
    .bind(heard.values().map(|one| report(one).map(|said| i64::from(said.unsent))).collect::<Vec<_>>())
    .execute(&app.pool)
    .await?;
    Ok(())
}
