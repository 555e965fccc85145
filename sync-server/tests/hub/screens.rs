//! The screens of the console as browsers get them: files of one folder, and nothing else of the computer.

use crate::desk::client;
use reqwest::header::{HeaderMap, HeaderName};
use sync_server::testing::TestHub;

const NAME: &str = "index-D3adB33f.js";

/// A hub that serves a folder made for the test.
async fn hub() -> (TestHub, tempfile::TempDir) {
    let hub = TestHub::start().await;
    let dir = tempfile::tempdir().expect("a directory");
    let screens = dir.path().join("screens");
    std::fs::create_dir_all(screens.join("assets")).expect("a folder");
    std::fs::write(screens.join("index.html"), "<!doctype html>").expect("a file");
    std::fs::write(screens.join("assets").join(NAME), "let a = 1;".repeat(100)).expect("a file");
    std::fs::write(dir.path().join("secret"), "not a screen").expect("a file");
    hub.app.screens.open(&screens).expect("screens are read");
    (hub, dir)
}

fn text(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(&name);
    value.map_or_else(String::new, |value| {
        value.to_str().expect("text").to_owned()
    })
}

#[tokio::test]
async fn a_browser_is_told_to_load_nothing_else_and_how_long_to_keep_it() {
    use reqwest::header as name;
    let (hub, _dir) = hub().await;
    let get = async |path: &str| {
        client()
            .get(format!("{}{path}", hub.url()))
            .send()
            .await
            .expect("an answer")
    };
    let first = get("/").await;
    assert_eq!(first.status().as_u16(), 200);
    let policy = text(first.headers(), name::CONTENT_SECURITY_POLICY);
    for wanted in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "connect-src 'self'",
    ] {
        assert!(policy.contains(wanted), "{wanted} in {policy}");
    }
    let script = policy.split(';').find(|part| part.contains("script-src"));
    assert!(
        script.is_some_and(|part| !part.contains("unsafe")),
        "{policy}"
    );
    assert_eq!(text(first.headers(), name::CACHE_CONTROL), "no-cache");
    assert_eq!(
        text(first.headers(), name::X_CONTENT_TYPE_OPTIONS),
        "nosniff"
    );
    assert_eq!(
        text(first.headers(), name::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    let asset = get(&format!("/assets/{NAME}")).await;
    assert!(text(asset.headers(), name::CACHE_CONTROL).contains("immutable"));
    assert!(text(asset.headers(), name::CONTENT_TYPE).starts_with("text/javascript"));
    assert_eq!(
        asset.text().await.expect("a body"),
        "let a = 1;".repeat(100)
    );
    // what did not change is not sent again
    let print = text(first.headers(), name::ETAG);
    let again = client()
        .get(format!("{}/", hub.url()))
        .header(name::IF_NONE_MATCH, print);
    assert_eq!(
        again.send().await.expect("an answer").status().as_u16(),
        304
    );
    let packed = client()
        .get(format!("{}/assets/{NAME}", hub.url()))
        .header(name::ACCEPT_ENCODING, "br, gzip");
    let packed = packed.send().await.expect("an answer");
    assert_eq!(text(packed.headers(), name::CONTENT_ENCODING), "gzip");
}

#[tokio::test]
async fn nothing_but_the_screens_is_served() {
    let (hub, _dir) = hub().await;
    for path in [
        "/secret",
        "/../secret",
        "/assets/../../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2fsecret",
        "/assets",
        "//etc/passwd",
    ] {
        // a client would tidy the address before it asks
        let answer = raw(&hub, path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("not a screen"), "{path}");
    }
    let post = client().post(format!("{}/", hub.url())).send().await;
    assert_eq!(post.expect("an answer").status().as_u16(), 405);
    let none = TestHub::start().await;
    let answer = client().get(format!("{}/", none.url())).send().await;
    assert_eq!(
        answer.expect("an answer").status().as_u16(),
        404,
        "a hub without a console"
    );
}

async fn raw(hub: &TestHub, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut line = tokio::net::TcpStream::connect(hub.addr)
        .await
        .expect("a line");
    let head = format!("GET {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n");
    line.write_all(head.as_bytes()).await.expect("it is sent");
    let mut said = String::new();
    line.read_to_string(&mut said).await.expect("it answers");
    said
}
