//! The hub's front door: TLS 1.3 with the certificates of its own authority, or, on this computer alone, a plain line.

use crate::app::App;
use crate::own_certificate::OwnCertificate;
use crate::world;
use anyhow::{Context, Result};
use axum::serve::Listener;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
};
use shared::ids::DeviceId;
use shared::planted::{self, Fault};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Handshakes under way at once; more wait their turn.
const HANDSHAKES: usize = 256;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) shown: Shown,
}

/// What the other end showed of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// A plain line from this computer, where nothing is shown.
    Plain,
    Nothing,
    /// A certificate that this hub's authority gave, good or not any more.
    Certificate {
        device: Option<DeviceId>,
        until_ms: i64,
    },
}

/// A door without TLS. Only this computer can come through it.
pub(crate) struct PlainDoor(TcpListener);

impl PlainDoor {
    pub(crate) fn new(listener: TcpListener) -> io::Result<Self> {
        if listener.local_addr()?.ip().is_loopback() {
            return Ok(Self(listener));
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "without TLS the hub listens on this computer alone: use an address such as 127.0.0.1",
        ))
    }
}

impl Listener for PlainDoor {
    type Io = TcpStream;
    type Addr = Peer;

    async fn accept(&mut self) -> (TcpStream, Peer) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        at_once(&stream);
        (stream, peer(address, Shown::Plain))
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(peer(self.0.local_addr()?, Shown::Plain))
    }
}

/// A door with TLS. Handshakes go on beside each other, so that a slow one keeps nobody waiting.
pub(crate) struct TlsDoor {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, Peer)>,
    address: SocketAddr,
    welcoming: JoinHandle<()>,
}

impl TlsDoor {
    pub(crate) fn new(listener: TcpListener, config: Arc<ServerConfig>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(HANDSHAKES);
        let welcoming = tokio::spawn(welcome(listener, config.into(), sender));
        Ok(Self {
            ready,
            address,
            welcoming,
        })
    }
}

impl Drop for TlsDoor {
    fn drop(&mut self) {
        self.welcoming.abort();
    }
}

async fn welcome(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, Peer)>,
) {
    let turns = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else {
            return;
        };
        let (stream, address) = Listener::accept(&mut listener).await;
        at_once(&stream);
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let _turn = turn;
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let shown = shown(&stream);
                    // nobody waits for it when the hub stops
                    let _ = ready.send((stream, peer(address, shown))).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "A handshake failed"),
                Err(_) => tracing::debug!("A handshake took too long"),
            }
        });
    }
}

impl Listener for TlsDoor {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Peer) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(peer(self.address, Shown::Nothing))
    }
}

fn peer(address: SocketAddr, shown: Shown) -> Peer {
    Peer {
        address: address.ip().to_canonical(),
        shown,
    }
}

/// Answers are one write each: waiting for more to send would only delay them.
fn at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "A connection keeps its delay");
    }
}

fn shown(stream: &TlsStream<TcpStream>) -> Shown {
    let chain = stream.get_ref().1.peer_certificates();
    let Some(certificate) = chain.and_then(|chain| chain.first()) else {
        return Shown::Nothing;
    };
    match Read::of(certificate) {
        Some(read) => Shown::Certificate {
            device: read.device,
            until_ms: read.until_s * 1_000,
        },
        None => Shown::Nothing,
    }
}

/// What a certificate says.
struct Read {
    device: Option<DeviceId>,
    from_s: i64,
    until_s: i64,
}

impl Read {
    fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = x509_parser::parse_x509_certificate(certificate).ok()?;
        let name = read.subject().iter_common_name().next();
        Some(Self {
            device: name.and_then(|name| name.as_str().ok()?.parse().ok()),
            from_s: read.validity().not_before.timestamp(),
            until_s: read.validity().not_after.timestamp(),
        })
    }
}

/// Notes where this hub serves, for the commands beside it.
pub(crate) fn note_served(dir: &Path, at: &str) -> Result<()> {
    std::fs::write(dir.join("address"), at).context("noting where the hub serves")
}

/// Returns where the hub serves, or served last.
pub(crate) fn served_at(dir: &Path) -> Result<String> {
    std::fs::read_to_string(dir.join("address"))
        .context("the hub has not served yet; start it, or say --address")
}

/// Makes the settings of a hub that serves under names and addresses. A certificate is asked for and not demanded: who has
/// none, or an old one, is told so in an answer, and one who is new has to come in without.
pub(crate) fn tls(app: &App, names: &[String]) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let authority = &app.authority;
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone())?;
    let given_here =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let versions: &[_] = if planted::is_on(Fault::OlderTls) {
        rustls::ALL_VERSIONS
    } else {
        &[&rustls::version::TLS13]
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .context("TLS 1.3")?
        .with_client_cert_verifier(Arc::new(GivenHere(given_here)))
        .with_cert_resolver(Arc::new(OwnCertificate::new(app, names, world::now())?));
    Ok(Arc::new(config))
}

/// Believes what this hub's authority gave, whenever it was: whether it is still good is asked at each call, by the hub's
/// clock, and answered in words.
#[derive(Debug)]
struct GivenHere(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for GivenHere {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let read = Read::of(certificate).ok_or(rustls::Error::InvalidCertificate(
            CertificateError::BadEncoding,
        ))?;
        let from = Duration::from_secs(u64::try_from(read.from_s).unwrap_or_default());
        self.0
            .verify_client_cert(certificate, between, UnixTime::since_unix_epoch(from))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
