//! Whoever sends the head of a call byte by byte does not hold a line for ever.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use sync_server::testing::TestHub;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEAD_TIME: Duration = Duration::from_millis(300);
/// After so long a line that is still open is one that is not cut off.
const DEADLINE: Duration = Duration::from_secs(10);
const HEAD: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n";

/// A whole call is answered; then a head is begun and a byte follows now and then, until the hub ends the line.
async fn check(mut line: impl AsyncRead + AsyncWrite + Unpin, door: &str) {
    line.write_all(&[HEAD, b"\r\n"].concat()).await.expect(door);
    let mut answer = [0; 12];
    line.read_exact(&mut answer).await.expect(door);
    assert_eq!(&answer, b"HTTP/1.1 200", "{door}: a whole head is heard");
    line.write_all(HEAD).await.expect(door);
    let (mut heard, mut said) = tokio::io::split(line);
    let dripping = async {
        let mut drips = tokio::time::interval(HEAD_TIME / 10);
        loop {
            drips.tick().await;
            if said.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    let ended = async {
        let mut rest = Vec::new();
        // also when the line is reset
        let _ = heard.read_to_end(&mut rest).await;
    };
    let cut = async {
        tokio::select! {
            () = ended => {}
            () = async { dripping.await; pending().await } => {}
        }
    };
    let is_cut = tokio::time::timeout(DEADLINE, cut).await.is_ok();
    assert!(is_cut, "{door}: a slow head is cut off");
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

async fn reach(port: u16) -> TcpStream {
    let line = TcpStream::connect(("127.0.0.1", port)).await;
    line.expect("the hub listens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off_on_the_plain_line_and_behind_tls() {
    let hub = TestHub::start().await;
    let (listener, port) = listen().await;
    let app = hub.app.clone();
    tokio::spawn(sync_server::serve_plain_within(
        listener,
        app,
        HEAD_TIME,
        pending(),
    ));
    check(reach(port).await, "plain").await;

    let (listener, port) = listen().await;
    let app = hub.app.clone();
    tokio::spawn(async move {
        let names = ["localhost".to_owned()];
        sync_server::serve_tls_within(listener, app, &names, HEAD_TIME, pending()).await
    });
    let mut roots = RootCertStore::empty();
    let authority = hub.app.authority.certificate().clone();
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let line = connector.connect(name, reach(port).await).await;
    check(line.expect("a handshake"), "TLS").await;
}
