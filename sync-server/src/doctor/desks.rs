//! What is known of the workstations, and of what they hold.

use crate::app::App;
use crate::error::Result;
use crate::services::devices;
use crate::sync::digest;
use shared::console::DeviceLine;
use shared::health::{self, Compared, DeskSeen, Finding, Named, WardSeen};
use shared::ids::WardId;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Every check about workstations.
pub(super) async fn all(app: &App) -> Result<Vec<Finding>> {
    let (desks, now) = (seen(app).await?, app.now());
    let mut found = health::desks(&desks, env!("CARGO_PKG_VERSION"), now);
    found.extend(health::copies(&desks, &wards(app, &desks).await?, now));
    found.extend(health::certificates(authority_ms(app), &desks, now));
    found.push(health::put_back(put_back_ms(app).await?, &desks));
    Ok(found)
}

async fn seen(app: &App) -> Result<Vec<DeskSeen>> {
    let rows = sqlx::query(
        "select device, ahead_ms, free_mb, (extract(epoch from certificate_until) * 1000)::bigint as certificate_ms,
            (extract(epoch from compared_at) * 1000)::bigint as compared_ms, compared_place, compared_records, compared_digest, compared_same
         from device_contact",
    )
    .fetch_all(&app.pool)
    .await?;
    let said: BTreeMap<Uuid, PgRow> = rows
        .into_iter()
        .map(|row| (row.get("device"), row))
        .collect();
    let lines = devices::lines(app, None, 0, i64::MAX).await?;
    let desk = |line: DeviceLine| {
        let said = said.get(&line.id.0);
        desk_of(line, said)
    };
    Ok(lines.into_iter().map(desk).collect())
}

fn desk_of(line: DeviceLine, said: Option<&PgRow>) -> DeskSeen {
    let number = |column: &str| said.and_then(|row| row.get::<Option<i64>, _>(column));
    let moment = |text: &str| text.parse().ok().map(jiff::Timestamp::as_millisecond);
    DeskSeen {
        named: Named {
            number: line.number,
            name: line.name,
        },
        ward: line.ward,
        standing: line.standing,
        enrolled_ms: moment(&line.enrolled).unwrap_or_default(),
        seen_ms: line.seen.as_deref().and_then(moment),
        unsent: line.unsent,
        version: line.version,
        has_alarm: line.alarm.is_some(),
        ahead_ms: number("ahead_ms"),
        free_mb: number("free_mb").and_then(|mb| u32::try_from(mb).ok()),
        certificate_ms: number("certificate_ms"),
        copy: said.and_then(copy_of),
    }
}

fn copy_of(row: &PgRow) -> Option<Compared> {
    let number = |column: &str| row.get::<Option<i64>, _>(column);
    Some(Compared {
        at_ms: number("compared_ms")?,
        place: number("compared_place")?.cast_unsigned(),
        records: u32::try_from(number("compared_records")?).unwrap_or(u32::MAX),
        digest: row.get::<Option<String>, _>("compared_digest")?,
        is_same: row.get::<Option<bool>, _>("compared_same")?,
    })
}

/// Returns what wards hold. It is counted only where a workstation says that it is at the same place: it reads all of it.
async fn wards(app: &App, desks: &[DeskSeen]) -> Result<Vec<WardSeen>> {
    let places: Vec<(Uuid, i64)> = sqlx::query_as("select id, seq from ward order by id")
        .fetch_all(&app.pool)
        .await?;
    let mut wards = Vec::with_capacity(places.len());
    for (id, place) in places {
        let (ward, place) = (WardId(id), place.cast_unsigned());
        let is_at_it = |desk: &DeskSeen| {
            let at = desk.copy.as_ref().map(|copy| copy.place);
            desk.ward == Some(ward) && at == Some(place)
        };
        let held = if desks.iter().any(is_at_it) {
            let (records, digest) = digest::of_ward(app, ward).await?;
            Some((records, digest.short()))
        } else {
            None
        };
        wards.push(WardSeen { ward, place, held });
    }
    Ok(wards)
}

/// Returns when the hub's authority ends, without which no workstation believes anything.
fn authority_ms(app: &App) -> Option<i64> {
    let (_, read) = x509_parser::parse_x509_certificate(app.authority.certificate()).ok()?;
    Some(read.validity().not_after.timestamp().saturating_mul(1000))
}

async fn put_back_ms(app: &App) -> Result<Option<i64>> {
    let at_ms = sqlx::query_scalar(
        "select (extract(epoch from max(ended_at)) * 1000)::bigint from lineage_end",
    );
    Ok(at_ms.fetch_one(&app.pool).await?)
}
