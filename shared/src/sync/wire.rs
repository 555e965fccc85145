//! The messages between desk and hub, their binary form, and every limit.
//!
//! A message is one frame: `WB`, protocol version, flags, length of the packed payload, length of the payload, CRC-32 of
//! the packed payload, then the payload in postcard, zstd-packed when that is shorter. The hub understands [`VERSION`]
//! and the one before; an answer has the version of its question. Routes:
//!
//! | call | question | answer |
//! |---|---|---|
//! | `POST /sync/v1/push` | [`Push`] | [`PushAnswer`] |
//! | `GET /sync/v1/feed?after=N` | | [`FeedPage`], at once |
//! | `GET /sync/v1/live?after=N` | | [`FeedPage`], as soon as there is something, empty after [`LIVE_WAIT_S`] |
//! | `GET /sync/v1/bootstrap` | | [`Manifest`] |
//! | `GET /sync/v1/bootstrap/{snapshot}/{segment}` | | the frame of a [`Segment`] |
//! | `GET /sync/v1/reference` | | [`crate::staff::Reference`] as JSON |
//! | `GET /sync/v1/digest` | | [`super::digest::Digest`] as JSON |
//! | `GET /sync/v1/held` | | what was decided: [`Decided`] as a JSON list |
//! | `POST /sync/v1/numbers` | | [`NumberBlock`] as JSON |
//!
//! Every call is signed by the device, see [`sign`]. Problems come as RFC 9457 JSON whatever the call.

use crate::ids::{DeviceId, RecordId, StaffId, WardId};
use crate::phi::Phi;
use crate::problem::Problem;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version this program writes.
pub const VERSION: u8 = 2;
/// The oldest version it still understands.
pub const OLDEST: u8 = 1;
/// Envelopes in one push, at most. A desk that was away for days then needs few turns; [`PUSH_BYTES`] keeps pushes short.
pub const PUSH_ENVELOPES: usize = 1_000;
/// Bytes of one packed message, at most.
pub const FRAME_BYTES: usize = 4 << 20;
/// Bytes of one message once unpacked, at most.
pub const PAYLOAD_BYTES: usize = 16 << 20;
/// Bytes of changes in one push, at which a desk stops filling it.
pub const PUSH_BYTES: usize = 1 << 20;
/// Bytes of one page of the feed, about.
pub const PAGE_BYTES: usize = 1 << 20;
/// Records in one segment of a first load.
pub const SEGMENT_RECORDS: usize = 1_000;
/// Seconds a live call waits for news.
pub const LIVE_WAIT_S: u64 = 25;
/// Milliseconds by which a signed call may be off the hub's clock: desks' clocks are wrong by hours, so this only bounds
/// how long an overheard call could be repeated (repeating one has no effect).
pub const SIGNED_WITHIN_MS: i64 = 48 * 3_600_000;
/// Hospital numbers in one block, and the number left at which a desk asks for the next.
pub const NUMBER_BLOCK: u32 = 1_000;
pub const NUMBERS_LOW: u32 = 300;
/// Type of a frame in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.wardbook.frame";
/// Header that carries the device's signature.
pub const SIGNATURE_HEADER: &str = "authorization";

/// A hash of a change: its name everywhere.
pub type Hash = [u8; 32];

/// One change of one record on its way to the hub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// See [`crate::record::Kind::number`].
    pub kind: u8,
    pub record: RecordId,
    /// The Automerge change, not deflated.
    #[serde(with = "serde_bytes")]
    pub change: Vec<u8>,
}

/// Changes of one device, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push {
    pub device: DeviceId,
    /// Grows when the replica was restored, copied or rebuilt.
    pub incarnation: u16,
    /// The desk's clock, milliseconds since 1970. New in version 2; a version 1 push has 0.
    pub sent_at_ms: i64,
    pub envelopes: Vec<Envelope>,
}

/// [`Push`] as version 1 wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushV1 {
    pub device: DeviceId,
    pub incarnation: u16,
    pub envelopes: Vec<Envelope>,
}

/// The hub's answer: one verdict per envelope, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushAnswer {
    pub verdicts: Vec<Verdict>,
    /// The hub's clock, milliseconds since 1970.
    pub now_ms: i64,
}

/// What the hub says of one envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is part of the hospital's record, for ever.
    Taken,
    /// It already was.
    Had,
    /// Changes it builds on are not here; send those first.
    Parked { missing: Vec<Hash> },
    /// A person has to look at it; the problems say why.
    Held { problems: Vec<Problem> },
    /// It can never be taken as it is.
    Refused { problems: Vec<Problem> },
}

/// What a ward's feed holds from one place to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// The place of the last item, or the place asked for when there is none: the next `after`.
    pub to: u64,
    /// Whether there is more now.
    pub more: bool,
    /// Version of the reference data; ask for it when it is not the desk's.
    pub reference: u64,
    pub now_ms: i64,
    pub items: Vec<FeedItem>,
}

/// One thing that happened in a ward, in order. Places follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FeedItem {
    /// A change of a record the desk has.
    Change {
        kind: u8,
        record: RecordId,
        #[serde(with = "serde_bytes")]
        change: Vec<u8>,
    },
    /// A record that is new to the ward, whole.
    Whole {
        kind: u8,
        record: RecordId,
        body: String,
        #[serde(with = "serde_bytes")]
        doc: Vec<u8>,
    },
    /// The ward does not see it any more; the desk erases it.
    Forget { kind: u8, record: RecordId },
    /// The desk's own change, by its hash.
    Echo { hash: Hash },
}

/// What a first load consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub snapshot: u64,
    pub ward: WardId,
    /// Where the feed goes on.
    pub upto: u64,
    pub records: u64,
    /// SHA-256 of each segment's frame, and its length.
    pub segments: Vec<(Hash, u32)>,
    pub now_ms: i64,
}

/// A part of a first load: up to [`SEGMENT_RECORDS`] records in order of id, body and document side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    pub records: Vec<SegmentRecord>,
}

/// A record of a first load. `body` and `doc` repeat each other, which zstd sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentRecord {
    pub kind: u8,
    pub id: RecordId,
    /// The body as JSON.
    pub body: String,
    #[serde(with = "serde_bytes")]
    pub doc: Vec<u8>,
    pub conflicts: u32,
    pub changed_by: Option<StaffId>,
    /// Seconds since 1970.
    pub changed_at: i64,
}

/// Hospital numbers set aside for a device: `from` up to, not including, `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberBlock {
    pub from: u32,
    pub until: u32,
}

/// What a person at the hub decided about a change of the device that was held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The change, hex.
    pub hash: String,
    /// Part of the record after all; otherwise refused for good.
    pub is_released: bool,
    /// The name of who decided; empty when nobody had to.
    pub by: String,
    /// Why it was refused.
    pub reason: String,
}

/// What a desk sends to become known, `POST /identity/v1/enrol` (JSON, unsigned).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnrolAsk {
    /// The one-time code an administrator gave.
    pub code: String,
    /// What people call the workstation.
    pub name: String,
    /// Ed25519 public key, hex.
    pub public_key: String,
    /// PKCS #10 request for a certificate, hex; nothing from a desk that never uses TLS.
    #[serde(default)]
    pub request: Option<String>,
}

/// What a desk is told when it has become known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolled {
    pub device: DeviceId,
    pub number: u32,
    pub ward: WardId,
    pub numbers: NumberBlock,
    /// What it asked for with its request.
    #[serde(default)]
    pub admitted: Option<Admitted>,
    /// Ed25519 public key of the hub, hex. The desk believes no other from then on.
    pub hub_key: String,
    /// The hub's half of a key to this desk's replica, hex: see [`SignedIn::share`].
    pub share: String,
}

/// What a desk sends for its next certificate, `POST /identity/v1/certificate` (JSON, signed by the device).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertificateAsk {
    /// PKCS #10, hex.
    pub request: String,
}

/// A device's certificate and that of the authority that gave it, DER in hex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Admitted {
    pub authority: String,
    pub certificate: String,
}

/// What a desk sends to sign a person in, `POST /identity/v1/sign-in` (JSON, signed by the device).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInAsk {
    #[serde(with = "crate::phi::on_the_wire")]
    pub username: Phi<String>,
    #[serde(with = "crate::phi::on_the_wire")]
    pub password: Phi<String>,
    /// What they choose instead of a password that was given for once.
    #[serde(default, with = "crate::phi::on_the_wire")]
    pub new_password: Phi<Option<String>>,
}

/// Who signed in, and what the desk needs to know them without the hub for a while.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedIn {
    pub staff: crate::staff::Staff,
    /// A signed [`crate::unlock::OfflineGrant`].
    pub grant: crate::seal::Sealed,
    /// The hub's half of a key to this desk's replica, hex. Worth nothing without the other half, which lies in the desk's
    /// keychain; with both, somebody whom the hub knows can open a desk that has never seen them.
    pub share: String,
    /// For those who may open the emergency access: the key of the summaries at this desk, hex.
    #[serde(default)]
    pub emergency: Option<String>,
    /// For the same: their own key at this desk, hex, which opens what the key of the summaries is changed to.
    #[serde(default)]
    pub emergency_own: Option<String>,
}

/// Why a frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("not a Wardbook message")]
    NotAFrame,
    #[error("message of version {0}, which this program does not understand")]
    Version(u8),
    #[error("message longer than allowed")]
    TooLong,
    #[error("message cut short or damaged")]
    Damaged,
    #[error("message does not have the expected shape")]
    Shape,
}

impl FrameError {
    /// Returns the code a person's sentence is looked up by.
    pub fn code(self) -> &'static str {
        match self {
            FrameError::NotAFrame => "frame.not_ours",
            FrameError::Version(_) => "frame.version",
            FrameError::TooLong => "frame.too_long",
            FrameError::Damaged => "frame.damaged",
            FrameError::Shape => "frame.shape",
        }
    }
}

const HEADER: usize = 16;
const PACKED: u8 = 1;
/// zstd level: 3 is within a few per cent of the best for these messages at a tenth of the time.
const LEVEL: i32 = 3;
/// A payload shorter than this is mostly hashes and ids, and setting a packer up costs more than it saves.
const WORTH_PACKING: usize = 512;

/// Writes a message as a frame of [`VERSION`].
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    encode_as(VERSION, message)
}

/// Writes a message as a frame of a version.
pub fn encode_as<T: Serialize>(version: u8, message: &T) -> Vec<u8> {
    let payload = postcard::to_allocvec(message)
        .expect("messages have lengths and no maps, so postcard takes them");
    let packed = (payload.len() >= WORTH_PACKING)
        .then(|| zstd::bulk::compress(&payload, LEVEL))
        .and_then(Result::ok)
        .filter(|packed| packed.len() < payload.len());
    let flags = if packed.is_some() { PACKED } else { 0 };
    let body = packed.as_deref().unwrap_or(&payload);
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend_from_slice(b"WB");
    frame.extend_from_slice(&[version, flags]);
    for number in [
        body.len() as u32,
        payload.len() as u32,
        crc32fast::hash(body),
    ] {
        frame.extend_from_slice(&number.to_le_bytes());
    }
    frame.extend_from_slice(body);
    frame
}

/// A frame that was checked and unpacked, not yet read.
#[derive(Debug)]
pub struct Frame {
    pub version: u8,
    payload: Vec<u8>,
}

impl Frame {
    /// Checks and unpacks a frame. Nothing beyond the declared limits is allocated.
    pub fn open(bytes: &[u8]) -> Result<Self, FrameError> {
        let header = bytes.get(..HEADER).ok_or(FrameError::NotAFrame)?;
        if &header[..2] != b"WB" {
            return Err(FrameError::NotAFrame);
        }
        let (version, flags) = (header[2], header[3]);
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(FrameError::Version(version));
        }
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (length, unpacked, sum) = (number(4) as usize, number(8) as usize, number(12));
        if length > FRAME_BYTES || unpacked > PAYLOAD_BYTES {
            return Err(FrameError::TooLong);
        }
        let body = &bytes[HEADER..];
        if body.len() != length || crc32fast::hash(body) != sum {
            return Err(FrameError::Damaged);
        }
        let payload = match flags {
            PACKED => zstd::bulk::decompress(body, unpacked).map_err(|_| FrameError::Damaged)?,
            0 => body.to_vec(),
            _ => return Err(FrameError::NotAFrame),
        };
        if payload.len() == unpacked {
            Ok(Self { version, payload })
        } else {
            Err(FrameError::Damaged)
        }
    }

    /// Reads the message; bytes left over are an error.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        match postcard::take_from_bytes(&self.payload) {
            Ok((message, [])) => Ok(message),
            Ok(_) | Err(_) => Err(FrameError::Shape),
        }
    }

    /// Reads a push of this version or the one before.
    pub fn read_push(&self) -> Result<Push, FrameError> {
        if self.version >= 2 {
            return self.read();
        }
        let PushV1 {
            device,
            incarnation,
            envelopes,
        } = self.read()?;
        Ok(Push {
            device,
            incarnation,
            sent_at_ms: 0,
            envelopes,
        })
    }
}

/// Opens and reads a frame in one go.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    Frame::open(bytes)?.read()
}

/// Returns the value of [`SIGNATURE_HEADER`] for a call: `Device <id>.<ms>.<signature in hex>`, an Ed25519 signature over
/// method, path with query, time and the SHA-256 of the body.
pub fn sign(
    key: &SigningKey,
    device: DeviceId,
    method: &str,
    path: &str,
    at_ms: i64,
    body: &[u8],
) -> String {
    let signature = key.sign(&signed_text(method, path, at_ms, body));
    format!("Device {device}.{at_ms}.{}", hex(&signature.to_bytes()))
}

/// Reads the device and the time out of a signature header, without believing them yet.
pub fn signer(header: &str) -> Option<(DeviceId, i64)> {
    let mut parts = header.strip_prefix("Device ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Says whether a signature header was made by the owner of a key for just this call.
pub fn is_signed_by(
    key: &VerifyingKey,
    header: &str,
    method: &str,
    path: &str,
    body: &[u8],
) -> bool {
    let Some((_, at_ms)) = signer(header) else {
        return false;
    };
    let signature = header
        .rsplit('.')
        .next()
        .and_then(unhex)
        .and_then(|bytes| Signature::from_slice(&bytes).ok());
    signature.is_some_and(|signature| {
        key.verify_strict(&signed_text(method, path, at_ms, body), &signature)
            .is_ok()
    })
}

fn signed_text(method: &str, path: &str, at_ms: i64, body: &[u8]) -> Vec<u8> {
    format!(
        "wardbook 1\n{method}\n{path}\n{at_ms}\n{}",
        hex(&Sha256::digest(body))
    )
    .into_bytes()
}

/// Returns bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// Reads hex; nothing when it is not.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| (pair[0] << 4) | pair[1])
            .collect(),
    )
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
