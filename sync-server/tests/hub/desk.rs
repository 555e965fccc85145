//! A desk as the tests need it: a key, a device, and calls signed with it.

use ed25519_dalek::SigningKey;
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::document::{self, Edited, Heads, Stamp};
use shared::ids::{RecordId, StaffId, WardId};
use shared::record::Kind;
use shared::sync::wire::{
    self, Enrolled, Envelope, FeedPage, MEDIA_TYPE, Push, PushAnswer, Verdict,
};
use sync_server::authority::Authority;
use sync_server::testing::TestHub;
use sync_server::world;

pub(crate) struct Desk {
    http: reqwest::Client,
    url: String,
    pub(crate) key: SigningKey,
    pub(crate) enrolled: Enrolled,
    pub(crate) staff: StaffId,
    pub(crate) incarnation: u16,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The code of the first problem, of an answer that is one.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.kind, "application/problem+json");
        let document: Value = serde_json::from_slice(&self.body).expect("problems are JSON");
        assert_eq!(document["status"], self.status.as_u16());
        for member in ["type", "title", "detail", "request"] {
            assert!(
                document[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{member} in {document}"
            );
        }
        document["problems"][0]["code"]
            .as_str()
            .expect("a problem has a code")
            .to_owned()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(
            self.status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        serde_json::from_slice(&self.body).expect("the answer is JSON")
    }

    pub(crate) fn frame<T: DeserializeOwned>(&self) -> T {
        assert_eq!(
            self.status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        wire::decode(&self.body).expect("the answer is a frame")
    }
}

/// Makes a key that differs from every other of this process.
pub(crate) fn new_key() -> SigningKey {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&world::new_salt());
    SigningKey::from_bytes(&seed)
}

/// Makes the authority of another hub. Its directory goes when the first is dropped.
pub(crate) fn other_authority() -> (tempfile::TempDir, Authority) {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::open(dir.path(), world::now()).expect("an authority");
    (dir, authority)
}

pub(crate) fn client() -> reqwest::Client {
    client_from([127, 0, 0, 1])
}

/// A client on another address of this computer.
pub(crate) fn client_from(address: [u8; 4]) -> reqwest::Client {
    // the client wants to know how to do TLS although nothing here does; a second call changes nothing
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .local_address(std::net::IpAddr::from(address))
        .no_proxy()
        .build()
        .expect("a client without TLS")
}

impl Desk {
    pub(crate) async fn new(hub: &TestHub, ward: WardId) -> Self {
        let desk = Self::pending(hub, ward).await;
        hub.approve().await;
        desk
    }

    /// A desk whose code was right and that nobody has let in.
    pub(crate) async fn pending(hub: &TestHub, ward: WardId) -> Self {
        let (http, key) = (client(), new_key());
        let code = hub.code(ward).await;
        let ask = json!({ "code": code, "name": "Desk", "public_key": wire::hex(key.verifying_key().as_bytes()) });
        let answer = http
            .post(format!("{}/identity/v1/enrol", hub.url()))
            .json(&ask)
            .send()
            .await
            .expect("the hub answers");
        let enrolled = answer.json().await.expect("the code is right");
        Self {
            http,
            url: hub.url(),
            key,
            enrolled,
            staff: hub.doctor,
            incarnation: 1,
        }
    }

    /// The same desk on another address.
    pub(crate) fn moved(mut self, address: [u8; 4]) -> Self {
        self.http = client_from(address);
        self
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let header = wire::sign(
            &self.key,
            self.enrolled.device,
            method.as_str(),
            path,
            world::now().0,
            &body,
        );
        self.send(method, path, Some(header), body).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        header: Option<String>,
        body: Vec<u8>,
    ) -> Answer {
        self.send_with(method, path, header, body, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        header: Option<String>,
        body: Vec<u8>,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut call = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header("content-type", MEDIA_TYPE)
            .body(body);
        if let Some(header) = header {
            call = call.header("authorization", header);
        }
        for (name, value) in more {
            call = call.header(*name, *value);
        }
        let answer = call.send().await.expect("the hub answers");
        let kind = answer
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().expect("a type is text").to_owned());
        let status = answer.status();
        Answer {
            status,
            kind: kind.unwrap_or_default(),
            body: answer.bytes().await.expect("the whole answer").to_vec(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, message: &impl Serialize) -> Answer {
        self.call(
            Method::POST,
            path,
            serde_json::to_vec(message).expect("the message is JSON"),
        )
        .await
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            staff: self.staff,
            now: world::now(),
            device: self.enrolled.number,
            incarnation: self.incarnation,
        }
    }

    pub(crate) fn push_of(&self, envelopes: Vec<Envelope>) -> Push {
        Push {
            device: self.enrolled.device,
            incarnation: self.incarnation,
            sent_at_ms: world::now().0,
            envelopes,
        }
    }

    pub(crate) async fn push(&self, envelopes: Vec<Envelope>) -> Vec<Verdict> {
        let answer = self
            .call(
                Method::POST,
                "/sync/v1/push",
                wire::encode(&self.push_of(envelopes)),
            )
            .await;
        answer.frame::<PushAnswer>().verdicts
    }

    pub(crate) async fn feed(&self, after: u64) -> FeedPage {
        self.get(&format!("/sync/v1/feed?after={after}"))
            .await
            .frame()
    }

    /// Makes a record as this desk does.
    pub(crate) fn make(&self, kind: Kind, draft: &Value) -> Made {
        let edited = document::create(kind, draft, &self.stamp());
        Made {
            kind,
            id: RecordId(world::new_id()),
            edited,
        }
    }

    pub(crate) fn patient(&self, family: &str) -> Made {
        self.make(
            Kind::Patient,
            &json!({ "name": [{ "family": family, "given": "Test" }], "ward": self.enrolled.ward }),
        )
    }

    pub(crate) fn appointment(
        &self,
        hub: &TestHub,
        patient: RecordId,
        ward: WardId,
        start: &str,
    ) -> Made {
        let department = if ward == hub.ward {
            hub.department
        } else {
            hub.other_department
        };
        let draft = json!({ "patient": patient, "practitioner": hub.doctor, "department": department, "ward": ward,
            "start": start, "minutes": 30, "status": "booked" });
        self.make(Kind::Appointment, &draft)
    }

    /// Edits a record on top of what this desk has of it.
    pub(crate) fn edit(&self, made: &Made, draft: &Value) -> Made {
        let base: &Heads = &made.edited.heads;
        let edited = document::edit(made.kind, &made.edited.doc, base, draft, &self.stamp());
        Made {
            kind: made.kind,
            id: made.id,
            edited: edited
                .expect("the version is there")
                .expect("the draft differs"),
        }
    }
}

/// The start of a slot that nothing speaks against: eight of each weekday from a Monday on.
pub(crate) fn slot(nth: u32) -> String {
    use jiff::ToSpan;
    let (day, place) = (i64::from(nth / 8), i64::from(nth % 8));
    let monday = jiff::civil::date(2028, 1, 3);
    let at = (monday + (day / 5 * 7 + day % 5).days()).at(9, 0, 0, 0);
    let at = at + (place * 30).minutes();
    let zone = jiff::tz::TimeZone::get("Europe/London").expect("the zone is known");
    let at = at.to_zoned(zone).expect("a time");
    at.timestamp().to_string()
}

/// A record after the last edit made to it.
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) id: RecordId,
    pub(crate) edited: Edited,
}

impl Made {
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope {
            kind: self.kind.number(),
            record: self.id,
            change: self.edited.change.clone(),
        }
    }
}

/// The codes of the problems of a verdict.
pub(crate) fn codes(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Held { problems } | Verdict::Refused { problems } => problems
            .iter()
            .map(|problem| problem.code.clone())
            .collect(),
        Verdict::Taken | Verdict::Had | Verdict::Parked { .. } => Vec::new(),
    }
}
