//! When each workstation was heard last and what it said of itself: noted in memory with each call, written down when
//! somebody looks and every few minutes, so that no call waits for it.

use crate::app::App;
use shared::device::Report;
use shared::health::Compared;
use shared::ids::DeviceId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often what is only in memory is written down.
const EVERY: Duration = Duration::from_mins(2);

/// What was heard since it was written down last: one line for each workstation.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<BTreeMap<DeviceId, Call>>);

/// A call of a workstation, as far as it says how that is.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at_ms: i64,
    /// By which its clock was ahead.
    pub(crate) ahead_ms: i64,
    /// Until when the certificate is good that it showed.
    pub(crate) certificate_ms: Option<i64>,
    pub(crate) report: Option<Report>,
}

impl Contacts {
    /// Notes that a workstation called.
    pub(crate) fn note(&self, device: DeviceId, mut contact: Call) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = heard.remove(&device).and_then(|before| before.report);
        contact.report = contact.report.or(before);
        heard.insert(device, contact);
    }

    fn take(&self) -> BTreeMap<DeviceId, Call> {
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
    sqlx::query(KEEP)
        .bind(heard.keys().map(|device| device.0).collect::<Vec<_>>())
        .bind(each(&heard, |one| Some(one.at_ms)))
        .bind(each(&heard, |one| Some(one.ahead_ms)))
        .bind(each(&heard, |one| one.certificate_ms))
        .bind(said(&heard, |report| Some(report.version.clone())))
        .bind(said(&heard, |report| Some(i64::from(report.unsent))))
        .bind(said(&heard, |report| report.free_mb.map(i64::from)))
        .bind(compared(&heard, |copy| copy.at_ms))
        .bind(compared(&heard, |copy| copy.place.cast_signed()))
        .bind(compared(&heard, |copy| i64::from(copy.records)))
        .bind(compared(&heard, |copy| copy.digest.clone()))
        .bind(compared(&heard, |copy| copy.is_same))
        .execute(&app.pool)
        .await?;
    Ok(())
}

type Heard = BTreeMap<DeviceId, Call>;

fn each<T>(heard: &Heard, part: impl Fn(&Call) -> Option<T>) -> Vec<Option<T>> {
    heard.values().map(part).collect()
}

fn said<T>(heard: &Heard, part: impl Fn(&Report) -> Option<T>) -> Vec<Option<T>> {
    each(heard, |one| one.report.as_ref().and_then(&part))
}

fn compared<T>(heard: &Heard, part: impl Fn(&Compared) -> T) -> Vec<Option<T>> {
    said(heard, |report| report.copy.as_ref().map(&part))
}

/// What was not said this time stays as it was said last.
const KEEP: &str = "insert into device_contact (device, at, ahead_ms, certificate_until, version, unsent, free_mb, compared_at,
        compared_place, compared_records, compared_digest, compared_same)
    select device, 'epoch'::timestamptz + at_ms * interval '1 millisecond', ahead_ms,
        'epoch'::timestamptz + certificate_ms * interval '1 millisecond', version, unsent, free_mb,
        'epoch'::timestamptz + compared_ms * interval '1 millisecond', place, records, digest, is_same
    from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::text[], $12::boolean[])
        as new (device, at_ms, ahead_ms, certificate_ms, version, unsent, free_mb, compared_ms, place, records, digest, is_same)
    on conflict (device) do update set at = greatest(device_contact.at, excluded.at),
        ahead_ms = excluded.ahead_ms,
        certificate_until = coalesce(excluded.certificate_until, device_contact.certificate_until),
        version = coalesce(excluded.version, device_contact.version),
        unsent = coalesce(excluded.unsent, device_contact.unsent),
        free_mb = coalesce(excluded.free_mb, device_contact.free_mb),
        compared_at = coalesce(excluded.compared_at, device_contact.compared_at),
        compared_place = coalesce(excluded.compared_place, device_contact.compared_place),
        compared_records = coalesce(excluded.compared_records, device_contact.compared_records),
        compared_digest = coalesce(excluded.compared_digest, device_contact.compared_digest),
        compared_same = coalesce(excluded.compared_same, device_contact.compared_same)";
