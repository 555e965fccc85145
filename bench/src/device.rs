//! A desk reduced to its signature: makes changes and pushes them, so that the hub is what is measured.

use anyhow::{Context, Result, ensure};
use ed25519_dalek::SigningKey;
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::clock::Now;
use shared::document::{self, Edited, Heads, Stamp};
use shared::ids::{RecordId, StaffId};
use shared::record::Kind;
use shared::sample::{Dice, patient};
use shared::sync::waybill::{HEADER, Place, Waybill, signed_path};
use shared::sync::wire::{self, EnrolAsk, Enrolled, Envelope, Push, PushAnswer, Verdict};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A patient as the bench knows it.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) id: RecordId,
    pub(crate) doc: Vec<u8>,
    pub(crate) heads: Heads,
}

pub(crate) struct Device {
    /// Where its pushes have come to.
    place: Arc<Mutex<Place>>,
    /// What names the hospital in its waybills.
    org: wire::Hash,
    key: SigningKey,
    pub(crate) enrolled: Enrolled,
    hub: String,
    client: reqwest::Client,
    staff: StaffId,
}

impl Device {
    /// Makes the hub know a new device.
    pub(crate) async fn enrol(hub: &str, code: &str, staff: StaffId) -> Result<Self> {
        // the code is random and used once, so the key is too
        let seed = code.bytes().fold(0, |seed: u64, byte| {
            seed.wrapping_mul(131).wrapping_add(byte.into())
        });
        let mut dice = Dice::new(seed);
        let key = SigningKey::from_bytes(&std::array::from_fn(|_| dice.below(256) as u8));
        let ask = EnrolAsk {
            code: code.into(),
            name: "bench".into(),
            public_key: wire::hex(key.verifying_key().as_bytes()),
            request: Some(wire::hex(&request()?)),
        };
        let client = reqwest::Client::builder()
            .http1_only()
            .tcp_nodelay(true)
            .build()?;
        let answer = client
            .post(format!("{hub}/identity/v1/enrol"))
            .json(&ask)
            .send()
            .await?
            .error_for_status()?;
        let enrolled: Enrolled = answer.json().await?;
        let admitted = enrolled.admitted.as_ref().context("a certificate")?;
        let authority = wire::unhex(&admitted.authority).context("hex")?;
        Ok(Self {
            place: Arc::default(),
            org: Sha256::digest(authority).into(),
            key,
            enrolled,
            hub: hub.into(),
            client,
            staff,
        })
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            staff: self.staff,
            now: now(),
            device: self.enrolled.number,
            incarnation: 0,
        }
    }

    /// Makes a patient out of a draft.
    pub(crate) fn create(&self, id: RecordId, draft: &Value) -> (Made, Envelope) {
        let edited = document::create(Kind::Patient, draft, &self.stamp());
        made(id, edited)
    }

    /// Makes an appointment out of a draft.
    pub(crate) fn book(&self, id: RecordId, draft: &Value) -> Envelope {
        Envelope {
            kind: Kind::Appointment.number(),
            record: id,
            change: document::create(Kind::Appointment, draft, &self.stamp()).change,
        }
    }

    /// Asks for a list.
    pub(crate) async fn get(&self, path: &str) -> Result<Vec<Value>> {
        let (key, device) = (&self.key, self.enrolled.device);
        let signature = wire::sign(key, device, "GET", path, now().0, &[]);
        let call = self.client.get(format!("{}{path}", self.hub));
        let answer = call
            .header(wire::SIGNATURE_HEADER, signature)
            .send()
            .await?
            .error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Changes one field of a patient.
    pub(crate) fn edit(&self, of: &Made, draft: &Value) -> Result<(Made, Envelope)> {
        let edited = document::edit(Kind::Patient, &of.doc, &of.heads, draft, &self.stamp())?
            .context("nothing differs")?;
        Ok(made(of.id, edited))
    }

    /// Pushes changes and expects them all to be taken.
    pub(crate) async fn push(&self, envelopes: Vec<Envelope>) -> Result<()> {
        let count = envelopes.len();
        let frame = self.frame(envelopes);
        let answer = self.send(&frame).await?;
        let taken = answer
            .verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Taken))
            .count();
        ensure!(
            taken == count,
            "{taken} of {count} taken, first other: {:?}",
            answer
                .verdicts
                .iter()
                .find(|v| !matches!(v, Verdict::Taken))
        );
        Ok(())
    }

    /// Packs changes as they travel.
    pub(crate) fn frame(&self, envelopes: Vec<Envelope>) -> Vec<u8> {
        wire::encode(&Push {
            device: self.enrolled.device,
            incarnation: 0,
            sent_at_ms: now().0,
            envelopes,
        })
    }

    /// Sends a packed push.
    pub(crate) async fn send(&self, frame: &[u8]) -> Result<PushAnswer> {
        let path = "/sync/v1/push";
        let before = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let (dseq, prev) = before.next(0);
        let waybill = Waybill {
            org: self.org,
            device: self.enrolled.device,
            incarnation: 0,
            dseq,
            prev,
            sent_at_ms: now().0,
            boot_ms: 0,
            run: 1,
            anchor_ms: now().0,
            is_settled: true,
            body: Sha256::digest(frame).into(),
        };
        let text = waybill.text();
        let signature = wire::sign(
            &self.key,
            self.enrolled.device,
            "POST",
            &signed_path(path, &text),
            now().0,
            frame,
        );
        let call = self
            .client
            .post(format!("{}{path}", self.hub))
            .header(wire::SIGNATURE_HEADER, signature)
            .header(HEADER, text);
        let answer = call
            .header("content-type", wire::MEDIA_TYPE)
            .body(frame.to_vec())
            .send()
            .await?;
        ensure!(
            answer.status().is_success(),
            "push answered {}: {}",
            answer.status(),
            answer.text().await?
        );
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = waybill.place();
        Ok(wire::decode(&answer.bytes().await?)?)
    }
}

/// Asks for a certificate that a plain line never shows.
fn request() -> Result<Vec<u8>> {
    let key = rcgen::KeyPair::generate()?;
    let request = rcgen::CertificateParams::default().serialize_request(&key)?;
    Ok(request.der().to_vec())
}

fn made(id: RecordId, edited: Edited) -> (Made, Envelope) {
    let envelope = Envelope {
        kind: Kind::Patient.number(),
        record: id,
        change: edited.change,
    };
    (
        Made {
            id,
            doc: edited.doc,
            heads: edited.heads,
        },
        envelope,
    )
}

/// New patients in a push: each letter of their notes is an operation, and a push has a limit of those.
const NEW_PATIENTS: usize = 500;

/// Makes so many patients from a seed, and pushes them.
pub(crate) async fn load(
    device: &Device,
    seed: u64,
    count: usize,
) -> Result<(Vec<Made>, Vec<(String, Value)>)> {
    let mut dice = Dice::new(seed);
    let (mut patients, mut rows) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut sending: Option<tokio::task::JoinHandle<Result<()>>> = None;
    let device = std::sync::Arc::new(device.again());
    while patients.len() < count {
        let mut envelopes = Vec::new();
        while envelopes.len() < NEW_PATIENTS && patients.len() < count {
            let serial = u32::try_from(10_000_000 + patients.len())?;
            let id = RecordId(dice.id(1_700_000_000_000 + patients.len() as u64 * 60_000));
            let draft = patient(&mut dice, serial, device.enrolled.ward);
            let (patient, envelope) = device.create(id, &draft);
            patients.push(patient);
            rows.push((id.to_string(), draft));
            envelopes.push(envelope);
        }
        if let Some(before) = sending.take() {
            before.await??;
        }
        let device = std::sync::Arc::clone(&device);
        sending = Some(tokio::spawn(async move { device.push(envelopes).await }));
    }
    if let Some(last) = sending {
        last.await??;
    }
    Ok((patients, rows))
}

impl Device {
    fn again(&self) -> Self {
        Self {
            place: self.place.clone(),
            org: self.org,
            key: self.key.clone(),
            enrolled: self.enrolled.clone(),
            hub: self.hub.clone(),
            client: self.client.clone(),
            staff: self.staff,
        }
    }
}

/// Reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench stands where a program's edge is"
)]
pub(crate) fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
