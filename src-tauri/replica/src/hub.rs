//! Calls to the hub: signed, limited, counted. The one place where a client is made.

use crate::contact::{Heard, Moment};
use crate::error::{Error, Result};
use crate::meta::Device;
use crate::papers::{self, Papers};
use ed25519_dalek::SigningKey;
use futures::stream;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Client, Method, Response, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::clock::Now;
use shared::device;
use shared::orders;
use shared::problem::Problem;
use shared::sync::waybill::{self, signed_path};
use shared::sync::wire::{self, Admitted, CertificateAsk};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Without a byte for so long, the line is dead however open it looks.
const SILENCE: Duration = Duration::from_secs(20);
/// The same for a call that waits for news.
const LIVE: Duration = Duration::from_secs(wire::LIVE_WAIT_S + 10);
/// Bytes a second on the slowest line on which a push has to arrive.
const SLOWEST: usize = 8 << 10;
/// Bytes of one answer, at most.
const ANSWER_BYTES: usize = wire::FRAME_BYTES + 1_024;
/// Bytes of reference data, at most.
const JSON_BYTES: usize = 32 << 20;

/// What went over the line, for tests and the bench.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) calls: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
}

/// The hub as this desk calls it.
#[derive(Debug)]
pub(crate) struct Hub {
    base: Url,
    device: Device,
    key: SigningKey,
    client: Client,
    /// The next certificate was given and is used from the next session on.
    has_renewed: AtomicBool,
    heard: Arc<Heard>,
    pub(crate) traffic: Traffic,
}

/// What is asked of the hub.
struct Call<'a> {
    method: Method,
    path: &'a str,
    body: Vec<u8>,
    media: &'static str,
    wait: Duration,
    waybill: Option<String>,
}

impl<'a> Call<'a> {
    fn post(path: &'a str, body: Vec<u8>) -> Self {
        Self {
            method: Method::POST,
            path,
            body,
            media: "application/json",
            wait: SILENCE,
            waybill: None,
        }
    }
}

/// RFC 9457, as far as a desk reads it.
#[derive(Default, Deserialize)]
struct ProblemDocument {
    #[serde(default)]
    problems: Vec<Problem>,
}

impl Hub {
    /// Prepares calls as a device. `address` stands in for the one it was enrolled at.
    pub(crate) fn new(device: Device, address: Option<&str>, heard: Arc<Heard>) -> Result<Self> {
        let base = address_of(address.unwrap_or(&device.hub))?;
        if base.scheme() == "https" && device.papers.is_none() {
            return Err(Error::Problems(vec![Problem::new(
                "device.certificate_missing",
                "",
            )]));
        }
        let client = papers::client(device.papers.as_ref())?;
        let secret = device.secret.ok_or(Error::Keychain("no signing key"))?;
        let key = SigningKey::from_bytes(&secret);
        Ok(Self {
            base,
            device,
            key,
            client,
            has_renewed: AtomicBool::new(false),
            heard,
            traffic: Traffic::default(),
        })
    }

    /// Asks for the next certificate when it is due.
    pub(crate) async fn renewed(&self, at: Now) -> Result<Option<Papers>> {
        let papers = self.device.papers.as_ref().filter(|it| it.is_due(at));
        let Some(papers) = papers.filter(|_| !self.has_renewed.swap(true, Ordering::Relaxed))
        else {
            return Ok(None);
        };
        let request = papers.renewal()?;
        let ask = CertificateAsk {
            request: request.text.clone(),
        };
        let admitted: Admitted = self.post_json("/identity/v1/certificate", at, &ask).await?;
        Ok(Some(request.granted(&admitted, at)))
    }

    /// Returns when the hub last said that it heard one of these calls.
    pub(crate) fn heard(&self) -> Option<Moment> {
        self.heard.last()
    }

    /// Asks for a frame.
    pub(crate) async fn frame<T: DeserializeOwned>(&self, path: &str, at: Now) -> Result<T> {
        let wait = if path.starts_with("/sync/v1/live") {
            LIVE
        } else {
            SILENCE
        };
        let bytes = self.bytes(path, at, wait, ANSWER_BYTES).await?;
        wire::decode(&bytes).map_err(|error| Error::Nonsense(error.code()))
    }

    /// Asks for bytes.
    pub(crate) async fn bytes(
        &self,
        path: &str,
        at: Now,
        wait: Duration,
        most: usize,
    ) -> Result<Vec<u8>> {
        let call = Call {
            method: Method::GET,
            wait,
            ..Call::post(path, Vec::new())
        };
        let response = self.call(call, at, || ()).await?;
        self.read(response, most, wait).await
    }

    /// Asks for JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, path: &str, at: Now) -> Result<T> {
        let bytes = self.bytes(path, at, SILENCE, JSON_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Nonsense("json"))
    }

    /// Sends JSON and reads JSON.
    pub(crate) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        at: Now,
        ask: &impl Serialize,
    ) -> Result<T> {
        let body = serde_json::to_vec(ask).map_err(|_| Error::Nonsense("json"))?;
        let response = self.call(Call::post(path, body), at, || ()).await?;
        let bytes = self.read(response, ANSWER_BYTES, SILENCE).await?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Nonsense("json"))
    }

    /// Sends a frame and reads a frame.
    pub(crate) async fn post_frame<T: DeserializeOwned>(
        &self,
        path: &str,
        at: Now,
        frame: Vec<u8>,
    ) -> Result<T> {
        let call = Call {
            media: wire::MEDIA_TYPE,
            ..Call::post(path, frame)
        };
        self.framed(call, at, || ()).await
    }

    /// Sends a push with its waybill. `has_left` is called when the last byte was handed to the line.
    pub(crate) async fn post_push<T: DeserializeOwned>(
        &self,
        at: Now,
        frame: Vec<u8>,
        waybill: Option<String>,
        has_left: impl FnOnce() + Send + 'static,
    ) -> Result<T> {
        let call = Call {
            media: wire::MEDIA_TYPE,
            waybill,
            ..Call::post("/sync/v1/push", frame)
        };
        self.framed(call, at, has_left).await
    }

    /// Returns what names the hospital in what this desk signs.
    pub(crate) fn org(&self) -> [u8; 32] {
        self.device
            .papers
            .as_ref()
            .map_or([0; 32], |papers| papers.org())
    }

    async fn framed<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        at: Now,
        has_left: impl FnOnce() + Send + 'static,
    ) -> Result<T> {
        let response = self.call(call, at, has_left).await?;
        let bytes = self.read(response, ANSWER_BYTES, SILENCE).await?;
        wire::decode(&bytes).map_err(|error| Error::Nonsense(error.code()))
    }

    async fn call(
        &self,
        call: Call<'_>,
        at: Now,
        has_left: impl FnOnce() + Send + 'static,
    ) -> Result<Response> {
        let Call {
            method,
            path,
            body,
            media,
            wait,
            waybill,
        } = call;
        let signed = waybill
            .as_ref()
            .map_or_else(|| path.to_owned(), |text| signed_path(path, text));
        let signature = wire::sign(
            &self.key,
            self.device.id,
            method.as_str(),
            &signed,
            at.0,
            &body,
        );
        let url = self
            .base
            .join(path)
            .map_err(|_| Error::Nonsense("address"))?;
        self.traffic.calls.fetch_add(1, Ordering::Relaxed);
        let weight =
            method.as_str().len() + signed.len() + signature.len() + body.len() + CALL_BYTES;
        self.traffic
            .sent
            .fetch_add(weight as u64, Ordering::Relaxed);
        // a slow line gets the time its bytes need
        let wait = wait + Duration::from_secs((body.len() / SLOWEST) as u64);
        let mut request = self.client.request(method, url);
        let value = HeaderValue::from_str(&signature).map_err(|_| Error::Nonsense("signature"))?;
        request = request.header(wire::SIGNATURE_HEADER, value);
        if let Some(waybill) = waybill {
            request = request.header(waybill::HEADER, waybill);
        }
        if let Some(report) = self.heard.report() {
            request = request.header(device::REPORT_HEADER, report.write());
        }
        if !body.is_empty() {
            request = request
                .header(CONTENT_TYPE, media)
                .body(counted(body, has_left));
        }
        let response = tokio::time::timeout(wait, request.send());
        let response = response
            .await
            .map_err(|_| Error::Unreachable("silence".into()))?
            .map_err(|error| unreachable(&error))?;
        let weight = head_bytes(response.headers());
        self.traffic
            .received
            .fetch_add(weight as u64, Ordering::Relaxed);
        if response.status().is_success() {
            let said = response.headers().get(orders::CONTACT_HEADER);
            let said = said.and_then(|said| said.to_str().ok());
            self.heard
                .note(self.device.hub_key.as_deref(), &signature, said, at);
            return Ok(response);
        }
        let status = response.status().as_u16();
        let bytes = self
            .read(response, ANSWER_BYTES, SILENCE)
            .await
            .unwrap_or_default();
        let document: ProblemDocument = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(refused(status, document.problems))
    }

    /// Reads an answer as it comes, up to a limit; a line that falls silent ends it.
    async fn read(&self, mut response: Response, most: usize, wait: Duration) -> Result<Vec<u8>> {
        let mut bytes =
            Vec::with_capacity(response.content_length().unwrap_or(0).min(most as u64) as usize);
        loop {
            let chunk = tokio::time::timeout(wait, response.chunk());
            let chunk = chunk
                .await
                .map_err(|_| Error::Unreachable("silence".into()))?
                .map_err(|error| unreachable(&error))?;
            let Some(chunk) = chunk else { break };
            if bytes.len() + chunk.len() > most {
                return Err(Error::Nonsense("frame.too_long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        self.traffic
            .received
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// What a call weighs beside its own parts: the names of its headers.
const CALL_BYTES: usize = 80;

/// Asks the hub something without being known to it, such as to become known.
pub(crate) async fn post_unsigned<T: DeserializeOwned>(
    client: &Client,
    address: &str,
    path: &str,
    ask: &impl Serialize,
) -> Result<T> {
    let url = address_of(address)?
        .join(path)
        .map_err(|_| Error::Nonsense("address"))?;
    let response = client
        .post(url)
        .json(ask)
        .timeout(SILENCE)
        .send()
        .await
        .map_err(|error| unreachable(&error))?;
    let status = response.status();
    let bytes = response
        .bytes()
        .await
        .map_err(|error| unreachable(&error))?;
    if !status.is_success() {
        let document: ProblemDocument = serde_json::from_slice(&bytes).unwrap_or_default();
        return Err(refused(status.as_u16(), document.problems));
    }
    serde_json::from_slice(&bytes).map_err(|_| Error::Nonsense("json"))
}

/// A body that says when its last byte was taken.
fn counted(body: Vec<u8>, has_left: impl FnOnce() + Send + 'static) -> Body {
    let parts = stream::unfold(
        (Some(body), Some(has_left)),
        |(body, mut has_left)| async move {
            match body {
                Some(body) => Some((Ok::<_, std::io::Error>(body), (None, has_left))),
                None => {
                    if let Some(has_left) = has_left.take() {
                        has_left();
                    }
                    None
                }
            }
        },
    );
    Body::wrap_stream(parts)
}

fn address_of(address: &str) -> Result<Url> {
    let (address, _) = device::address(address).map_err(Error::Problems)?;
    Url::parse(&address).map_err(|_| Error::Problems(vec![Problem::new("hub.address", "hub")]))
}

fn unreachable(error: &reqwest::Error) -> Error {
    let kind = if error.is_timeout() {
        "silence"
    } else if error.is_connect() {
        "no connection"
    } else {
        "cut short"
    };
    Error::Unreachable(kind.into())
}

fn refused(status: u16, problems: Vec<Problem>) -> Error {
    // a proxy or a hub that is starting answers so; it is not the hub's word on anything
    if status >= 502 || (status == 500 && problems.is_empty()) {
        return Error::Unreachable(format!("answer {status}"));
    }
    Error::Refused { status, problems }
}

fn head_bytes(headers: &HeaderMap) -> usize {
    17 + headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum::<usize>()
}
