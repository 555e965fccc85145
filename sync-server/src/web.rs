//! What surrounds every call: an id, a span, figures, and problems in one shape.

use crate::books::once::Said;
use crate::error::{Document, Error};
use crate::session::Heard;
use crate::world;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use metrics::{counter, histogram};
use shared::orders::CONTACT_HEADER;
use shared::planted::{self, Fault};
use shared::problem::Problem;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tracing::{Instrument, info_span};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What names a call in the log, and in the problem it is answered with.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallId(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for CallId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Runs a call inside its span, counts it, and writes its problem if it has one.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let heard = Heard::default();
    request.extensions_mut().insert(heard.clone());
    let id = world::new_id().to_string();
    request.extensions_mut().insert(CallId(id.clone()));
    let method = request.method().clone();
    // the template, never the address itself: that holds ids
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let span = info_span!("call", request.id = %id, http.method = %method, http.route = %route, device.id = tracing::field::Empty);
    let mut response = async {
        let response = with_problem(next.run(request).await, &id);
        let status = response.status();
        if status.is_server_error() {
            tracing::warn!(
                http.status = status.as_u16(),
                "A call was answered with a failure"
            );
        } else {
            tracing::debug!(
                http.status = status.as_u16(),
                duration_ms = begun.elapsed().as_millis(),
                "Answered a call"
            );
        }
        response
    }
    .instrument(span)
    .await;
    let status = response.status().as_u16().to_string();
    let method = method.as_str().to_owned();
    counter!("wardbook_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status).increment(1);
    histogram!("wardbook_http_request_duration_seconds", "method" => method, "route" => route)
        .record(begun.elapsed());
    if let Some(word) = heard.word() {
        response.headers_mut().insert(CONTACT_HEADER, word);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Has no browser, and nothing between, keep what the console is told.
pub(crate) async fn keep_private(request: Request, next: Next) -> Response {
    let is_console = request.uri().path().starts_with("/console/");
    let mut response = next.run(request).await;
    if is_console {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    }
    response
}

fn is_empty(request: &Request) -> bool {
    use axum::body::HttpBody;
    request.body().is_end_stream()
}

/// Refuses a call whose body takes too long as a whole, however it trickles in.
pub(crate) async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    if is_empty(&request) || planted::is_on(Fault::SlowBodies) {
        return next.run(request).await;
    }
    let until = tokio::time::Instant::now() + limit;
    let is_late = Arc::new(AtomicBool::new(false));
    let (parts, body) = request.into_parts();
    let late = is_late.clone();
    let pieces = stream::try_unfold(body.into_data_stream(), move |mut pieces| {
        let late = late.clone();
        async move {
            let Ok(piece) = tokio::time::timeout_at(until, pieces.next()).await else {
                late.store(true, Ordering::Relaxed);
                return Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)));
            };
            Ok(piece.transpose()?.map(|piece| (piece, pieces)))
        }
    });
    let response = next
        .run(Request::from_parts(parts, Body::from_stream(pieces)))
        .await;
    if is_late.load(Ordering::Relaxed) {
        return StatusCode::REQUEST_TIMEOUT.into_response();
    }
    response
}

/// Gives every 4xx and 5xx the one JSON shape, also those that no handler made.
fn with_problem(response: Response, id: &str) -> Response {
    let status = response.status();
    let is_problem = status.is_client_error() || status.is_server_error();
    if !is_problem || response.extensions().get::<Said>().is_some() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let mut document = parts
        .extensions
        .remove::<Document>()
        .unwrap_or_else(|| Document::of_status(status));
    document.request = id.into();
    let body = serde_json::to_vec(&document).unwrap_or_default();
    parts.headers.insert(header::CONTENT_TYPE, PROBLEM);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Bytes::from(body)))
}

/// Answers a call whose handler panicked. The text of the panic may hold what a person typed and stays here.
pub(crate) fn on_panic(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("A handler panicked");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Returns what was said in the body of a call, or that it is nothing that can be said there.
pub(crate) fn read<T>(said: Result<Json<T>, JsonRejection>) -> Result<T, Error> {
    said.map(|Json(said)| said)
        .map_err(|_| Error::Malformed(Problem::new("shape", "")))
}
