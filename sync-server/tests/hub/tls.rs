//! Who is let through the door: TLS 1.3 alone, the certificates of this hub's authority alone, and of them only the
//! caller's own while it is good.

use crate::desk::{new_key, other_authority};
use crate::trust;
use rcgen::{CertificateParams, KeyPair};
use replica::{Courier, Options, Replica};
use reqwest::{Client, StatusCode};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use shared::clock::Now;
use shared::ids::DeviceId;
use shared::sync::wire::{self, Admitted, Enrolled};
use std::sync::Arc;
use sync_server::authority::Authority;
use sync_server::own_certificate::OwnCertificate;
use sync_server::place::{PlaceArgs, Service};
use sync_server::services::{devices, identity};
use sync_server::testing::TestHub;
use sync_server::world;

const DAY_MS: i64 = 86_400_000;
const TLS_13: &SupportedProtocolVersion = &rustls::version::TLS13;

/// A certificate with its key, as a desk holds them.
#[derive(Clone)]
struct Papers {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A desk that is known, seen from its connection.
struct Caller {
    port: u16,
    device: DeviceId,
    key: ed25519_dalek::SigningKey,
    papers: Papers,
    authority: Vec<u8>,
}

fn request(key: &KeyPair) -> Vec<u8> {
    let request = CertificateParams::default().serialize_request(key);
    request.expect("a request").der().to_vec()
}

fn client(
    authority: &[u8],
    papers: Option<&Papers>,
    version: &'static SupportedProtocolVersion,
) -> Client {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.to_vec()))
        .expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version of TLS")
        .with_root_certificates(roots);
    let config = match papers {
        Some(papers) => {
            let key = PrivateKeyDer::try_from(papers.key.clone()).expect("a key");
            let chain = vec![CertificateDer::from(papers.certificate.clone())];
            builder.with_client_auth_cert(chain, key).expect("papers")
        }
        None => builder.with_no_client_auth(),
    };
    Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .no_proxy()
        .build()
        .expect("a client")
}

impl Caller {
    async fn new(hub: &TestHub, port: u16) -> Self {
        let (signing, tls) = (new_key(), KeyPair::generate().expect("a key"));
        let authority = hub.app.authority.certificate().to_vec();
        let ask = json!({ "code": hub.code(hub.ward).await, "name": "Desk",
            "public_key": wire::hex(signing.verifying_key().as_bytes()), "request": wire::hex(&request(&tls)) });
        let answer = client(&authority, None, TLS_13)
            .post(format!("https://localhost:{port}/identity/v1/enrol"))
            .json(&ask)
            .send()
            .await
            .expect("who is new comes in without a certificate");
        let enrolled: Enrolled = answer.json().await.expect("the code is right");
        hub.approve().await;
        let admitted = enrolled.admitted.expect("a certificate");
        assert_eq!(admitted.authority, wire::hex(&authority));
        let certificate = wire::unhex(&admitted.certificate).expect("hex");
        let key = tls.serialize_der();
        Self {
            port,
            device: enrolled.device,
            key: signing,
            papers: Papers { certificate, key },
            authority,
        }
    }

    /// Calls with these papers; an error when the connection was not let through.
    async fn call(&self, papers: Option<&Papers>) -> reqwest::Result<(StatusCode, String)> {
        let http = client(&self.authority, papers, TLS_13);
        self.send(&http, "GET", "/sync/v1/feed?after=0", b"").await
    }

    async fn send(
        &self,
        http: &Client,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> reqwest::Result<(StatusCode, String)> {
        let header = wire::sign(&self.key, self.device, method, path, world::now().0, body);
        let url = format!("https://localhost:{}{path}", self.port);
        let answer = http
            .request(method.parse().expect("a method"), url)
            .header("authorization", header)
            .body(body.to_vec())
            .send()
            .await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = said["problems"][0]["code"].as_str().unwrap_or_default();
        Ok((status, code.to_owned()))
    }

    /// The same key with a certificate given on another day.
    fn given(&self, by: &Authority, device: DeviceId, at: Now) -> Papers {
        let key = KeyPair::try_from(self.papers.key.as_slice()).expect("a key");
        let certificate = by.admit(&request(&key), device, at).expect("a request");
        Papers {
            certificate,
            ..self.papers.clone()
        }
    }
}

#[tokio::test]
async fn a_desk_is_heard_with_its_own_certificate_while_it_is_good() {
    let hub = trust::hub().await;
    let port = hub.serve_tls().await;
    let (caller, other) = (Caller::new(&hub, port).await, Caller::new(&hub, port).await);
    let check = async |papers: Option<Papers>, status: u16, code: &str| {
        let answer = caller.call(papers.as_ref()).await.expect("an answer");
        assert_eq!((answer.0.as_u16(), answer.1.as_str()), (status, code));
    };
    let authority = &hub.app.authority;
    let at = |days: i64| {
        let day = Now(world::now().0 + days * DAY_MS);
        Some(caller.given(authority, caller.device, day))
    };
    check(Some(caller.papers.clone()), 200, "").await;
    check(at(-88), 200, "").await;
    check(at(-91), 401, "device.certificate_expired").await;
    check(None, 401, "device.certificate_missing").await;
    check(Some(other.papers), 403, "device.certificate_other").await;
    let nobody = caller.given(authority, DeviceId(world::new_id()), world::now());
    check(Some(nobody), 403, "device.certificate_other").await;
    sqlx::query("update device set revoked_at = now() where id = $1")
        .bind(caller.device.0)
        .execute(&hub.app.pool)
        .await
        .unwrap();
    check(Some(caller.papers.clone()), 403, "device.revoked").await;
}

#[tokio::test]
async fn a_call_that_is_passed_on_to_another_process_needs_the_certificate_too() {
    let hub = trust::hub().await;
    let nobody = Some("http://127.0.0.1:9".to_owned());
    let place = PlaceArgs {
        services: vec![Service::Records],
        elsewhere: nobody,
        nats: Some("nats://127.0.0.1:9".into()),
        ..PlaceArgs::default()
    };
    hub.app.place.set(&place).expect("it can be so");
    let port = hub.serve_tls().await;
    let (caller, other) = (Caller::new(&hub, port).await, Caller::new(&hub, port).await);
    let old = Now(world::now().0 - 91 * DAY_MS);
    let old = caller.given(&hub.app.authority, caller.device, old);
    let body = br#"{"known":[]}"#;
    for (papers, status, code) in [
        (Some(&caller.papers), 503, "hub.unavailable"),
        (Some(&old), 401, "device.certificate_expired"),
        (None, 401, "device.certificate_missing"),
        (Some(&other.papers), 403, "device.certificate_other"),
    ] {
        let http = client(&caller.authority, papers, TLS_13);
        let answer = caller.send(&http, "POST", "/sync/v1/bills", body).await;
        let (said, why) = answer.expect("an answer");
        assert_eq!((said.as_u16(), why.as_str()), (status, code));
    }
}

#[tokio::test]
async fn what_another_authority_gave_and_older_tls_do_not_come_through_the_door() {
    let hub = trust::hub().await;
    let port = hub.serve_tls().await;
    let caller = Caller::new(&hub, port).await;
    let (_dir, elsewhere) = other_authority();
    let forged = caller.given(&elsewhere, caller.device, world::now());
    assert!(caller.call(Some(&forged)).await.is_err());
    // a desk that is given its own certificate to sign others with is still no authority
    let old = client(
        &caller.authority,
        Some(&caller.papers),
        &rustls::version::TLS12,
    );
    let answer = caller.send(&old, "GET", "/health/live", b"").await;
    assert!(answer.is_err(), "TLS 1.2");
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = plain
        .get(format!("http://127.0.0.1:{port}/health/live"))
        .send();
    assert!(answer.await.is_err(), "no plain line");
    // a desk believes its own authority alone
    let misled = Caller {
        authority: elsewhere.certificate().to_vec(),
        ..caller
    };
    assert!(misled.call(Some(&misled.papers)).await.is_err());
}

#[tokio::test]
async fn an_old_certificate_is_renewed_and_nothing_else() {
    let hub = TestHub::start().await;
    let port = hub.serve_tls().await;
    let caller = Caller::new(&hub, port).await;
    let long_ago = Now(world::now().0 - 200 * DAY_MS);
    let old = caller.given(&hub.app.authority, caller.device, long_ago);
    let http = client(&caller.authority, Some(&old), TLS_13);
    let key = KeyPair::try_from(old.key.as_slice()).unwrap();
    let ask = json!({ "request": wire::hex(&request(&key)) }).to_string();
    let path = "/identity/v1/certificate";
    let answer = caller.send(&http, "POST", path, ask.as_bytes()).await;
    assert_eq!(answer.unwrap().0, StatusCode::OK);
    let numbers = caller.send(&http, "POST", "/sync/v1/numbers", b"{}").await;
    assert_eq!(numbers.unwrap().1, "device.certificate_expired");
    let none = client(&caller.authority, None, TLS_13);
    let answer = caller.send(&none, "POST", path, ask.as_bytes()).await;
    assert_eq!(answer.unwrap().1, "device.certificate_missing");
}

#[tokio::test]
async fn the_hubs_own_certificate_is_short_lived_and_made_anew_while_it_serves() {
    let hub = trust::hub().await;
    let names = ["localhost".to_owned()];
    let now = world::now();
    let day = |days: i64| Now(now.0 + days * DAY_MS);
    let own = OwnCertificate::new(&hub.app, &names, now).expect("a certificate");
    let days_left = |on: i64| {
        let shown = own.at(day(on));
        let (_, read) = x509_parser::parse_x509_certificate(&shown.cert[0]).expect("X.509");
        (read.validity().not_after.timestamp() * 1_000 - day(on).0) / DAY_MS
    };
    // whoever's clock is a month ahead still believes it
    let left = [0, 59, 60, 119, 120, 400].map(days_left);
    assert!(left.iter().all(|days| (30..=90).contains(days)), "{left:?}");
    let (one, same) = (own.at(day(401)), own.at(day(402)));
    assert!(Arc::ptr_eq(&one, &same), "a handshake makes none");
    // the authority is the same, so nobody has to be told
    assert_eq!(one.cert[1], *hub.app.authority.certificate());
    let port = hub.serve_tls().await;
    let caller = Caller::new(&hub, port).await;
    assert_eq!(caller.call(Some(&caller.papers)).await.unwrap().0, 200);
}

#[tokio::test]
async fn without_tls_the_hub_serves_this_computer_alone() {
    let hub = TestHub::start().await;
    let open = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let served = sync_server::serve_plain(open, hub.app.clone(), std::future::pending()).await;
    assert_eq!(
        served.map_err(|error| error.kind()),
        Err(std::io::ErrorKind::InvalidInput)
    );
}

fn replica(dir: &std::path::Path) -> Replica {
    Replica::open(&Options {
        dir: dir.to_owned(),
        key: [5; 32],
        hub: None,
    })
    .expect("the replica opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_told_of_one_hub_does_not_become_known_to_another() {
    let (hub, impostor) = (TestHub::start().await, TestHub::start().await);
    let (port, elsewhere) = (hub.serve_tls().await, impostor.serve_tls().await);
    let code = identity::make_code(&hub.app, hub.ward, hub.nurse)
        .await
        .unwrap();
    let address = |port: u16| format!("https://127.0.0.1:{port}");
    let told = devices::invitation(&hub.app, &code, &address(port));
    let dir = tempfile::tempdir().unwrap();
    let desk = replica(dir.path());
    let enrol = async |hub: &str, code: &str| {
        let done = desk.enrol(hub, code, "Desk").await;
        done.map_err(|error| error.problems()[0].code.clone())
    };
    // somebody in between answers with a hub of their own
    let misled = enrol(&address(elsewhere), &told.typed()).await;
    assert_eq!(misled, Err("enrol.other_hub".into()));
    assert_eq!(
        enrol(&address(port), &code).await,
        Err("enrol.print_missing".into())
    );
    let tries: i32 = sqlx::query_scalar("select tries_left from enrol_code")
        .fetch_one(&hub.app.pool)
        .await
        .unwrap();
    assert_eq!(tries, 5, "nobody heard the code");
    assert_eq!(enrol("", &told.scanned()).await, Ok(()));
    // it waits, and goes on once somebody else let it in
    let waiting = Courier::round(&desk).await.expect_err("not yet");
    assert_eq!(waiting.problems()[0].code, "device.pending");
    hub.approve().await;
    Courier::round(&desk).await.unwrap();
    assert_eq!(desk.reference().unwrap().wards.len(), 2);
}

#[test]
fn what_an_authority_gave_is_no_authority() {
    let (_dir, one) = other_authority();
    let key = KeyPair::generate().unwrap();
    let device = DeviceId(world::new_id());
    let given = one.admit(&request(&key), device, world::now()).unwrap();
    let (_, read) = x509_parser::parse_x509_certificate(&given).unwrap();
    assert!(!read.is_ca());
    let usage = read.extended_key_usage().unwrap().unwrap().value;
    assert!(
        usage.client_auth && !usage.server_auth,
        "it cannot pass for the hub"
    );
    let admitted = Admitted {
        authority: String::new(),
        certificate: wire::hex(&given),
    };
    assert!(admitted.certificate.len() < 1_600);
}
