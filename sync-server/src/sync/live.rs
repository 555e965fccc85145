//! `GET /sync/v1/live`: the feed, as soon as there is something in it.

use crate::app::App;
use crate::error::Result;
use crate::session::{Signed, look_again};
use crate::sync::feed::{After, page, version_asked};
use crate::sync::push::framed;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use metrics::gauge;
use shared::sync::wire::LIVE_WAIT_S;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Counts who waits, also those who hang up.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        gauge!("wardbook_live_calls").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        gauge!("wardbook_live_calls").decrement(1.0);
    }
}

/// Returns what happened in the device's ward after a place, as soon as something has
#[utoipa::path(
    get, path = "/sync/v1/live", operation_id = "live", tag = "sync", params(After),
    responses(
        (status = 200, description = "A frame of `FeedPage`; without items after 25 seconds, or when the reference data changed", content_type = "application/vnd.wardbook.frame", body = Vec<u8>),
        (status = "default", description = "A problem", content_type = "application/problem+json", body = crate::api::ProblemDocument),
    ),
    security(("device" = []))
)]
pub(crate) async fn live(
    State(app): State<App>,
    Query(after): Query<After>,
    headers: HeaderMap,
    signed: Signed,
) -> Result<Response> {
    let version = version_asked(&headers)?;
    after.check(&app)?;
    let _waiting = Waiting::begin();
    let now_ms = app.now().0;
    app.listeners
        .note(&app.pool, (signed.device.id, signed.unsent), now_ms)
        .await?;
    let mut device = signed.device;
    let until = Instant::now() + Duration::from_secs(LIVE_WAIT_S);
    // listening begins before looking, so that nothing slips through between the two
    let mut news = app.news.of(device.ward);
    let mut stopping = app.stopping();
    loop {
        news.mark_unchanged();
        // what it was ordered meanwhile is asked beside, so that news is not later for it
        let (page, ()) =
            tokio::try_join!(page(&app, &device, after.after), look_again(&app, device))?;
        if !page.items.is_empty() || page.reference != device.reference {
            return Ok(framed(version, &page));
        }
        device.reference = page.reference;
        let waited = tokio::select! {
            waited = timeout_at(until, news.changed()) => waited.is_ok_and(|changed| changed.is_ok()),
            _ = stopping.wait_for(|stopping| *stopping) => false,
        };
        if !waited {
            return Ok(framed(version, &page));
        }
    }
}
