//! Whether the hub lives, whether it can work, and its figures.

use crate::app::App;
use crate::error::{Error, Result};
use crate::events::nats::Nats;
use crate::migrate;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// Says that the process answers
#[utoipa::path(get, path = "/health/live", operation_id = "health_live", tag = "health",
    responses((status = 200, description = "It does", body = crate::api::health::Health)))]
pub(crate) async fn is_live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Says whether the hub can work: its database answers and has the expected shape. Without NATS it works, and events wait
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health",
    responses(
        (status = 200, description = "It can", body = crate::api::health::Health),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ))]
pub(crate) async fn is_ready(State(app): State<App>) -> Result<Json<Value>> {
    let is_stopping = *app.stopping().borrow();
    if is_stopping
        || !migrate::is_current(&app.pool)
            .await
            .map_err(|_| Error::Unavailable)?
    {
        return Err(Error::Unavailable);
    }
    let word = |nats: &Arc<Nats>| if nats.is_reached() { "ok" } else { "away" };
    Ok(Json(match app.place.nats().map(word) {
        Some(nats) => json!({ "status": "ok", "nats": nats }),
        None => json!({ "status": "ok" }),
    }))
}

/// Returns the hub's figures for Prometheus
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((status = 200, description = "Prometheus text", content_type = "text/plain", body = String)))]
pub(crate) async fn figures(State(app): State<App>) -> Response {
    gauge!("process_resident_memory_bytes").set(resident_bytes() as f64);
    gauge!("wardbook_database_connections").set(f64::from(app.pool.size()));
    if let Some(nats) = app.place.nats() {
        gauge!("wardbook_nats_reached").set(f64::from(u8::from(nats.is_reached())));
    }
    if let Ok((unsent, untaken)) = waiting(&app).await {
        gauge!("wardbook_events_unsent").set(unsent as f64);
        gauge!("wardbook_events_untaken").set(untaken as f64);
    }
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

/// Counts what was told and not handed on, and what arrived and was not taken.
async fn waiting(app: &App) -> sqlx::Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "select (select count(*) from event where published_at is null and set_aside_at is null),
            (select count(*) from event_inbox where taken_at is null and set_aside_at is null)",
    );
    counts.fetch_one(&app.pool).await
}

/// Returns the program's one recorder, started at the first call.
pub(crate) fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    const SECONDS: [f64; 12] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
    ];
    let start = || {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .ok()?;
        builder.install_recorder().ok()
    };
    RECORDER.get_or_init(start).as_ref()
}

/// Returns the memory this process has in use.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    pages * 4096
}
