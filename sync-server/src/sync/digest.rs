//! `GET /sync/v1/digest`: what the ward should hold, in hashes, to compare with what a desk holds.

use crate::app::App;
use crate::error::Result;
use crate::session::Signed;
use axum::Json;
use axum::extract::State;
use shared::document::Heads;
use shared::ids::{RecordId, WardId};
use shared::record::Kind;
use shared::sync::digest::{self, Digest};
use sqlx::Row;

/// Returns a hash for each kind and bucket of the ward's records
#[utoipa::path(
    get, path = "/sync/v1/digest", operation_id = "digest", tag = "sync",
    responses(
        (status = 200, description = "Hashes by bucket", body = crate::api::Digest),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn digest(State(app): State<App>, signed: Signed) -> Result<Json<Digest>> {
    let (_, digest) = of_ward(&app, signed.device.ward).await?;
    Ok(Json(digest))
}

/// Returns how many records a ward sees, and their digest.
pub(crate) async fn of_ward(app: &App, ward: WardId) -> Result<(u32, Digest)> {
    let rows = sqlx::query(
        "select record.kind, record.id, record.heads from record join chart on chart.id = record.chart
         where $1 = any(chart.wards)",
    )
    .bind(ward.0)
    .fetch_all(&app.pool)
    .await?;
    let record = |row: &sqlx::postgres::PgRow| {
        let kind = u8::try_from(row.get::<i16, _>("kind"))
            .ok()
            .and_then(Kind::from_number)?;
        Some((
            kind,
            RecordId(row.get("id")),
            Heads::from_bytes(row.get("heads")),
        ))
    };
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let digest =
        tokio::task::spawn_blocking(move || digest::of(rows.iter().filter_map(record))).await?;
    Ok((count, digest))
}
