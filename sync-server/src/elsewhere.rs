//! Calls for services that are a process of their own: passed on over a plain line that stays on this computer.
//!
//! Whoever may do what is asked there. Only the certificate of a desk is looked at here, where its line ends.

use crate::app::App;
use crate::books::once::Said;
use crate::error::{Error, Result};
use crate::session::{self, BODY_BYTES};
use anyhow::{Context, ensure};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::Response;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use shared::problem::Problem;
use std::time::Duration;

/// How long a line to the other process may take to be made, and an answer to come: a gateway may be asked meanwhile.
const LINE: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(60);
/// What is about one line alone.
const OF_THE_LINE: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The process with the other services.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    url: Url,
    http: Client,
}

impl Elsewhere {
    pub(crate) fn new(address: &str) -> anyhow::Result<Self> {
        let url: Url = address.parse().context("reading --elsewhere")?;
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let ip = host.parse::<std::net::IpAddr>();
        ensure!(
            url.scheme() == "http" && ip.is_ok_and(|ip| ip.is_loopback()),
            "--elsewhere is on this computer, such as http://127.0.0.1:4601"
        );
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(LINE)
            .timeout(ANSWER)
            .build()?;
        Ok(Self { url, http })
    }
}

/// Passes a call on and answers what is answered there.
pub(crate) async fn pass_on(State(app): State<App>, request: Request) -> Result<Response> {
    let there = app.place.elsewhere().ok_or(Error::Unavailable)?;
    let (parts, body) = request.into_parts();
    session::may_pass(&parts, &app)?;
    let body = axum::body::to_bytes(body, BODY_BYTES).await;
    let body = body
        .map_err(|_| Error::TooLarge(Problem::new("frame.too_long", "").with("max", BODY_BYTES)))?;
    let mut url = there.url.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let call = there.http.request(parts.method, url);
    let call = call.headers(passed(&parts.headers)).body(body);
    let answer = call.send().await.map_err(|error| {
        let kind = if error.is_connect() { "line" } else { "answer" };
        tracing::warn!(
            error.kind = kind,
            "The process with the other services does not answer"
        );
        Error::Unavailable
    })?;
    let (status, headers) = (answer.status(), passed(answer.headers()));
    let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Said);
    Ok(response)
}

fn passed(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    for name in OF_THE_LINE {
        passed.remove(name);
    }
    passed
}
