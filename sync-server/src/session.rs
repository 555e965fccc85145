//! Who is calling: a device, by its signature over the call.

use crate::app::App;
use crate::contacts::Call;
use crate::door::{Peer, Shown};
use crate::error::{Error, Result};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::request::Parts;
use ed25519_dalek::VerifyingKey;
use shared::device::{DeviceState, REPORT_HEADER, Report};
use shared::ids::{DeviceId, WardId};
use shared::orders::{Allowed, Contact, Order};
use shared::planted::{self, Fault};
use shared::problem::Problem;
use shared::sync::waybill::{self, Waybill, signed_path};
use shared::sync::wire::{FRAME_BYTES, SIGNATURE_HEADER, SIGNED_WITHIN_MS, is_signed_by, signer};
use sqlx::Row;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A device that may call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) number: u32,
    pub(crate) ward: WardId,
    /// The newest incarnation of its replica that pushed.
    pub(crate) incarnation: i32,
    /// Version of the reference data now.
    pub(crate) reference: u64,
    /// What it was ordered.
    pub(crate) order: Order,
    /// How far it is trusted.
    pub(crate) state: DeviceState,
    policy_version: u32,
}

/// A call with a right signature, and its body, of a device that was let in and not stopped.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) device: Device,
    pub(crate) body: Bytes,
    /// What the signature covers beside the call: the place of a push among those of the device.
    pub(crate) waybill: Option<Waybill>,
    /// By how much its clock is ahead.
    pub(crate) ahead_ms: i64,
    /// How many changes it says wait at it to be sent, if it says.
    pub(crate) unsent: Option<u32>,
}

/// The same of a device that may still send what it has.
#[derive(Clone, Debug)]
pub(crate) struct Sending(pub(crate) Signed);

/// The same of any device there ever was. It may be told how far it is trusted and what it was ordered.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) device: Device,
    pub(crate) body: Bytes,
    waybill: Option<Waybill>,
    ahead_ms: i64,
    unsent: Option<u32>,
    /// Its certificate was good once.
    pub(crate) is_expired: bool,
}

/// Where the word that a device was heard waits for the answer it goes with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Arc<OnceLock<HeaderValue>>);

impl Heard {
    /// A device that was stopped or still waits is not told that it may go on.
    fn note(&self, app: &App, device: &Device, authorization: &str) {
        if device.may(Allowed::Everything).is_err() {
            return;
        }
        let contact = Contact {
            now_ms: app.now().0,
            policy_version: device.policy_version,
        };
        if let Ok(value) = HeaderValue::from_str(&contact.sign(&app.key, authorization)) {
            self.0.get_or_init(|| value);
        }
    }

    /// Returns the word to send.
    pub(crate) fn word(&self) -> Option<HeaderValue> {
        self.0.get().cloned()
    }
}

/// Bytes of a body, at most: a frame and its header.
pub(crate) const BODY_BYTES: usize = FRAME_BYTES + 64;

impl FromRequest<App> for Signed {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let known = Known::from_request(request, app).await?;
        known.may(Allowed::Everything)?;
        Ok(Self {
            device: known.device,
            body: known.body,
            waybill: known.waybill,
            ahead_ms: known.ahead_ms,
            unsent: known.unsent,
        })
    }
}

impl FromRequest<App> for Sending {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let known = Known::from_request(request, app).await?;
        known.may(Allowed::Sending)?;
        Ok(Self(Signed {
            device: known.device,
            body: known.body,
            waybill: known.waybill,
            ahead_ms: known.ahead_ms,
            unsent: known.unsent,
        }))
    }
}

impl Known {
    /// Refuses a device that may do less than this.
    fn may(&self, least: Allowed) -> Result<()> {
        self.may_work(least)?;
        if self.is_expired {
            return Err(expired());
        }
        Ok(())
    }

    /// The same, for one that comes to have its certificate renewed.
    pub(crate) fn may_work(&self, least: Allowed) -> Result<()> {
        if planted::is_on(Fault::RevokedIsHeard) {
            return Ok(());
        }
        self.device.may(least)
    }
}

impl Device {
    /// Refuses one that was stopped, or that nobody let in yet. It asks for its orders, which say more.
    fn may(&self, least: Allowed) -> Result<()> {
        match (self.order.leaves(), least) {
            (Allowed::Everything, _) | (Allowed::Sending, Allowed::Sending) => {}
            (Allowed::Sending | Allowed::Nothing, _) => return Err(self.refusal()),
        }
        // what is stopped is so by its order
        if self.state == DeviceState::Pending {
            self.state.may_work().map_err(Error::Forbidden)?;
        }
        Ok(())
    }

    fn refusal(&self) -> Error {
        let code = match self.order {
            Order::Active | Order::Suspend if self.state == DeviceState::Revoked => {
                "device.revoked"
            }
            Order::Active | Order::Suspend => "device.suspended",
            Order::WipeAfterUpload | Order::WipeNow => "device.wiped",
        };
        Error::Forbidden(Problem::new(code, ""))
    }
}

impl FromRequest<App> for Known {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let header = header(&parts)?;
        let (id, at_ms) = signer(&header).ok_or_else(unsigned)?;
        let body = axum::body::to_bytes(body, BODY_BYTES).await.map_err(|_| {
            Error::TooLarge(Problem::new("frame.too_long", "").with("max", FRAME_BYTES))
        })?;
        let is_expired = is_expired(&parts, id, app)?;
        let (device, key) = find(app, id).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let waybill = parts.headers.get(waybill::HEADER);
        let waybill = waybill.map(|text| text.to_str().unwrap_or_default());
        let path = waybill.map_or_else(|| path.to_owned(), |text| signed_path(path, text));
        if !is_signed_by(&key, &header, parts.method.as_str(), &path, &body) {
            return Err(Error::SignedOut(Problem::new("device.signature", "")));
        }
        if app.now().0.saturating_sub(at_ms).unsigned_abs() > SIGNED_WITHIN_MS.unsigned_abs() {
            return Err(Error::SignedOut(
                Problem::new("device.clock", "").with("hub_ms", app.now().0),
            ));
        }
        let waybill = waybill.map(|text| {
            Waybill::read(text).ok_or_else(|| Error::Malformed(Problem::new("waybill.shape", "")))
        });
        tracing::Span::current().record("device.id", tracing::field::display(device.id));
        let said = parts.headers.get(REPORT_HEADER);
        let said = said.and_then(|text| Report::read(text.to_str().ok()?));
        let now_ms = app.now().0;
        let ahead_ms = at_ms.saturating_sub(now_ms);
        let unsent = said.as_ref().map(|report| report.unsent);
        let call = Call {
            at_ms: now_ms,
            ahead_ms,
            certificate_ms: certificate_ms(&parts),
            report: said,
        };
        app.contacts.note(device.id, call);
        if let Some(heard) = parts.extensions.get::<Heard>() {
            heard.note(app, &device, &header);
        }
        Ok(Self {
            device,
            body,
            waybill: waybill.transpose()?,
            ahead_ms,
            unsent,
            is_expired,
        })
    }
}

/// Returns until when the certificate of this connection is good.
fn certificate_ms(parts: &Parts) -> Option<i64> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<Peer>>()?;
    match peer.shown {
        Shown::Certificate { until_ms, .. } => Some(until_ms),
        Shown::Plain | Shown::Nothing => None,
    }
}

/// Says whether the certificate of this connection is too old. It has to be there, and the device's own.
fn is_expired(parts: &Parts, device: DeviceId, app: &App) -> Result<bool> {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>();
    // who did not come in by one of the doors is believed nothing
    let shown = peer.map_or(Shown::Nothing, |ConnectInfo(peer)| peer.shown);
    match shown {
        Shown::Plain => Ok(false),
        Shown::Nothing => Err(Error::SignedOut(Problem::new(
            "device.certificate_missing",
            "",
        ))),
        Shown::Certificate {
            device: named,
            until_ms,
        } if named == Some(device) => {
            Ok(until_ms < app.now().0 && !planted::is_on(Fault::ExpiredIsGood))
        }
        Shown::Certificate { .. } => Err(Error::Forbidden(Problem::new(
            "device.certificate_other",
            "",
        ))),
    }
}

/// Refuses a call of a desk whose line is not its own, before it is passed on to where its signature is looked at.
pub(crate) fn may_pass(parts: &Parts, app: &App) -> Result<()> {
    let Some((device, _)) = header(parts).ok().as_deref().and_then(signer) else {
        return Ok(());
    };
    if is_expired(parts, device, app)? {
        return Err(expired());
    }
    Ok(())
}

fn expired() -> Error {
    Error::SignedOut(Problem::new("device.certificate_expired", ""))
}

fn header(parts: &Parts) -> Result<String> {
    let value = parts
        .headers
        .get(SIGNATURE_HEADER)
        .and_then(|value| value.to_str().ok());
    value.map(str::to_owned).ok_or_else(unsigned)
}

fn unsigned() -> Error {
    Error::SignedOut(Problem::new("device.signature", ""))
}

async fn find(app: &App, id: DeviceId) -> Result<(Device, VerifyingKey)> {
    let unknown = || Error::SignedOut(Problem::new("device.unknown", ""));
    let row = sqlx::query(FIND)
        .bind(id.0)
        .fetch_optional(&app.pool)
        .await?
        .ok_or_else(unknown)?;
    let key: Option<Vec<u8>> = row.get("public_key");
    let key = key
        .and_then(|bytes| VerifyingKey::from_bytes(bytes.as_slice().try_into().ok()?).ok())
        .ok_or_else(unknown)?;
    let ward: Uuid = row.get::<Option<Uuid>, _>("ward").ok_or_else(unknown)?;
    let state = DeviceState::of_word(row.get("state"));
    let device = Device {
        id,
        number: u32::try_from(row.get::<i64, _>("number")).map_err(|_| unknown())?,
        ward: WardId(ward),
        incarnation: row.get("incarnation"),
        reference: u64::try_from(row.get::<i64, _>("reference_version")).unwrap_or_default(),
        order: order_of(row.get("ordered"), state),
        state,
        policy_version: row.get::<i32, _>("policy_version").unsigned_abs(),
    };
    Ok((device, key))
}

/// A device that was suspended or sent away for good is stopped, unless it is to be emptied.
fn order_of(word: &str, state: DeviceState) -> Order {
    let ordered = Order::of_word(word);
    match state {
        DeviceState::Pending | DeviceState::Active => ordered,
        DeviceState::Suspended | DeviceState::Revoked => ordered.max(Order::Suspend),
    }
}

/// Refuses a device that was stopped while it waited.
pub(crate) async fn look_again(app: &App, mut device: Device) -> Result<()> {
    let row = sqlx::query("select case when wiped_at is null then ordered else 'wipe_now' end as ordered, state from device where id = $1")
        .bind(device.id.0)
        .fetch_one(&app.pool)
        .await?;
    device.state = DeviceState::of_word(row.get("state"));
    device.order = order_of(row.get("ordered"), device.state);
    device.may(Allowed::Everything)
}

const FIND: &str =
    "select number, ward, public_key, incarnation, state, policy_version, reference_version,
        case when wiped_at is null then ordered else 'wipe_now' end as ordered
    from device, hospital where id = $1";
