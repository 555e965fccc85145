//! The papers a desk shows and asks for over TLS: its certificate, and the hub's authority, which it believes alone.

use crate::error::{Error, Result};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Client;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::clock::Now;
use shared::device::{CERTIFICATE_DAYS, Print, RENEW_DAYS};
use shared::problem::Problem;
use shared::sync::wire::{Admitted, hex, unhex};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;
const CONNECT: Duration = Duration::from_secs(5);
/// Clients kept with their open connections, at most: a desk needs one, tests have many desks.
const CLIENTS: usize = 64;

/// What a desk was given when it became known. The file it lies in is encrypted.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Papers {
    /// Certificate of the hub's authority, DER in hex: no other hub is believed.
    authority: String,
    /// The desk's own, and its key, PKCS #8.
    certificate: String,
    key: String,
    /// When it was given, by the desk's clock.
    given_ms: i64,
}

/// The key to a certificate that was not given yet.
pub(crate) struct Request {
    key: KeyPair,
    /// PKCS #10, hex.
    pub(crate) text: String,
}

impl Request {
    /// Makes a key and asks for a certificate with it.
    pub(crate) fn new() -> Result<Self> {
        Self::with(KeyPair::generate().map_err(|_| Error::Nonsense("key"))?)
    }

    fn with(key: KeyPair) -> Result<Self> {
        let request = CertificateParams::default().serialize_request(&key);
        let text = hex(request.map_err(|_| Error::Nonsense("key"))?.der());
        Ok(Self { key, text })
    }

    /// Puts what the hub gave beside its key.
    pub(crate) fn granted(&self, admitted: &Admitted, now: Now) -> Papers {
        Papers {
            authority: admitted.authority.clone(),
            certificate: admitted.certificate.clone(),
            key: hex(self.key.serialized_der()),
            given_ms: now.0,
        }
    }
}

impl Papers {
    /// Says whether the next certificate is due; also when the clock was set back behind the day of this one.
    pub(crate) fn is_due(&self, now: Now) -> bool {
        let age_days = (now.0 - self.given_ms) / DAY_MS;
        !(-1..CERTIFICATE_DAYS - RENEW_DAYS).contains(&age_days)
    }

    /// Asks for the next certificate for the same key.
    pub(crate) fn renewal(&self) -> Result<Request> {
        let key = KeyPair::try_from(bytes(&self.key)?).map_err(|_| Error::Nonsense("key"))?;
        Request::with(key)
    }

    /// Says whether these are of a hub.
    pub(crate) fn are_of(&self, print: &Print) -> bool {
        bytes(&self.authority).is_ok_and(|it| Print::of(&Sha256::digest(it).into()) == *print)
    }

    /// Returns what names the hospital in what this desk signs.
    pub(crate) fn org(&self) -> [u8; 32] {
        bytes(&self.authority).map_or([0; 32], |it| Sha256::digest(it).into())
    }

    fn config(&self) -> Result<ClientConfig> {
        let wrong = |_| Error::Nonsense("certificate");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(bytes(&self.authority)?))
            .map_err(wrong)?;
        let key = PrivateKeyDer::try_from(bytes(&self.key)?).map_err(|_| Error::Nonsense("key"))?;
        let own = CertificateDer::from(bytes(&self.certificate)?);
        ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(wrong)?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![own], key)
            .map_err(wrong)
    }
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    unhex(text).ok_or(Error::Nonsense("certificate"))
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| {
            // whoever else makes a client in this program gets the same; whoever installed one before is right
            let _ = rustls::crypto::ring::default_provider().install_default();
            Arc::new(rustls::crypto::ring::default_provider())
        })
        .clone()
}

/// Returns the client that shows these papers, with its open connections. Without papers there is only the plain line to
/// a hub on this computer.
pub(crate) fn client(papers: Option<&Papers>) -> Result<Client> {
    static CLIENTS_KEPT: Mutex<BTreeMap<String, Client>> = Mutex::new(BTreeMap::new());
    let name = papers.map_or("", |papers| &papers.certificate);
    let mut kept = crate::store::lock(&CLIENTS_KEPT);
    if let Some(client) = kept.get(name) {
        return Ok(client.clone());
    }
    let config = match papers {
        Some(papers) => papers.config()?,
        None => believing(Arc::new(Pinned::default()))?,
    };
    let client = make(config);
    if kept.len() >= CLIENTS {
        kept.clear();
    }
    kept.insert(name.to_owned(), client.clone());
    Ok(client)
}

/// Returns a client for a desk that is not known yet: it believes the hub whose authority has this print. Says afterwards
/// whether it met another.
pub(crate) fn stranger(print: Option<Print>) -> Result<(Client, Arc<Pinned>)> {
    let pinned = Arc::new(Pinned {
        print,
        ..Pinned::default()
    });
    Ok((make(believing(pinned.clone())?), pinned))
}

fn believing(pinned: Arc<Pinned>) -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Nonsense("certificate"))?
        .dangerous()
        .with_custom_certificate_verifier(pinned)
        .with_no_client_auth();
    Ok(config)
}

fn make(config: ClientConfig) -> Client {
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .no_proxy();
    let builder = builder
        .tcp_keepalive(Duration::from_secs(15))
        .pool_idle_timeout(Duration::from_secs(90));
    builder.build().expect("these settings are always possible")
}

/// Believes a hub by the print of its authority, and otherwise by the common rules.
#[derive(Debug, Default)]
pub(crate) struct Pinned {
    print: Option<Print>,
    met_another: AtomicBool,
}

impl Pinned {
    /// Returns what to tell a person whose code names another hub than the one that answered.
    pub(crate) fn trouble(&self) -> Option<Error> {
        let met = self.met_another.load(Ordering::Relaxed);
        met.then(|| Error::Problems(vec![Problem::new("enrol.other_hub", "hub")]))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let authority = between
            .iter()
            .find(|other| Some(Print::of(&Sha256::digest(other).into())) == self.print);
        let Some(authority) = authority else {
            self.met_another.store(true, Ordering::Relaxed);
            return Err(CertificateError::UnknownIssuer.into());
        };
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let rules = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        rules.verify_server_cert(certificate, between, name, stapled, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // never asked: this desk speaks TLS 1.3 alone
        Err(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_certificate_is_due_when_thirty_days_are_left_or_the_clock_is_wrong() {
        let given = Papers {
            authority: String::new(),
            certificate: String::new(),
            key: String::new(),
            given_ms: 1_000 * DAY_MS,
        };
        let check =
            |day: i64, expect: bool| assert_eq!(given.is_due(Now(day * DAY_MS)), expect, "{day}");
        check(1_000, false);
        check(1_059, false);
        check(1_060, true);
        check(1_200, true);
        check(999, false);
        check(900, true);
    }
}
