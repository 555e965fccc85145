//! `POST /sync/v1/emergency/openings`: what somebody opened at a desk, as often as the desk reports it.

use crate::app::App;
use crate::deeds::{deed, note};
use crate::error::{Error, Result};
use crate::people::role_of;
use crate::session::Sending;
use axum::Json;
use axum::extract::State;
use metrics::counter;
use shared::audit::entry::What;
use shared::emergency::Opening;
use shared::problem::Problem;
use sqlx::types::Json as Column;

/// Takes what somebody opened at a desk. Everything is kept; what is strange is said to whoever reviews it
#[utoipa::path(
    post, path = "/sync/v1/emergency/openings", operation_id = "emergency_opening", tag = "sync", request_body = crate::api::Opening,
    responses(
        (status = 200, description = "It is kept; saying it again changes nothing"),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn arrive(State(app): State<App>, Sending(signed): Sending) -> Result<Json<()>> {
    let opening: Opening = serde_json::from_slice(&signed.body)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))?;
    opening.check_size().map_err(Error::Invalid)?;
    let opening = opening.kept();
    let device = signed.device.id;
    let mut tx = app.pool.begin().await?;
    let words: Option<Vec<String>> = sqlx::query_scalar("select roles from staff where id = $1")
        .bind(opening.staff.0)
        .fetch_optional(&mut *tx)
        .await?;
    let words = words.unwrap_or_default();
    let roles: Vec<_> = words.iter().filter_map(|word| role_of(word)).collect();
    // under the desk's own name: no desk writes over what another reported
    let known: Option<i32> = sqlx::query_scalar(
        "select version from emergency_opening where device = $1 and id = $2 for update",
    )
    .bind(device.0)
    .bind(opening.id.0)
    .fetch_optional(&mut *tx)
    .await?;
    let version = i32::try_from(opening.version).unwrap_or(i32::MAX);
    if known.is_some_and(|known| known >= version) {
        return Ok(Json(()));
    }
    let kept = sqlx::query(KEEP)
        .bind(device.0)
        .bind(opening.id.0)
        .bind(version)
        .bind(opening.staff.0)
        .bind(opening.from_ms)
        .bind(Column(&opening))
        .bind(Column(opening.flaws(&roles)))
        .execute(&mut *tx)
        .await?;
    if known.is_none() && kept.rows_affected() == 1 {
        let entry = deed(What::EmergencyOpened, device, Some(opening.staff));
        note(&mut tx, &entry.of(opening.mark()).because("reported")).await?;
        counter!("wardbook_emergency_openings_total").increment(1);
        tracing::warn!(device.id = %device, staff.id = %opening.staff, "Somebody opened the emergency access");
    }
    tx.commit().await?;
    Ok(Json(()))
}

/// Whose it is and when it began stay as they were said first.
const KEEP: &str = "insert into emergency_opening (device, id, version, staff, from_ms, body, flaws)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (device, id) do update set version = excluded.version, body = excluded.body, flaws = excluded.flaws
    where emergency_opening.version < excluded.version
        and emergency_opening.staff = excluded.staff and emergency_opening.from_ms = excluded.from_ms";
