//! The screens of the console: files that were built from `ui/`, read once when the hub starts and served as they are.

use anyhow::{Context, Result, ensure};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use shared::sync::wire::hex;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

/// Bytes of all screens together, at most: another folder was named by mistake.
const BYTES_MAX: u64 = 32 << 20;
/// Nothing is loaded but what this hub serves, nothing is framed, and no form goes anywhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Said with every file.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    ),
];

/// The files of the screens, by the path under which they are asked for; none for a hub without a console.
#[derive(Debug, Default)]
pub struct Screens(OnceLock<BTreeMap<String, File>>);

#[derive(Debug)]
struct File {
    kind: &'static str,
    print: HeaderValue,
    bytes: Bytes,
    packed: Option<Bytes>,
}

impl Screens {
    /// Reads a folder that `npm run build` made.
    pub fn open(&self, folder: &Path) -> Result<()> {
        let mut files = BTreeMap::new();
        let mut left = BYTES_MAX;
        read(folder, "", &mut files, &mut left)
            .with_context(|| format!("reading the screens in {}", folder.display()))?;
        let first = files.remove("/index.html");
        let first = first.with_context(|| format!("no screens are in {}", folder.display()))?;
        files.insert("/".into(), first);
        ensure!(self.0.set(files).is_ok(), "the screens were read before");
        Ok(())
    }

    /// Answers a call that no route takes.
    pub(crate) fn answer(&self, method: &Method, uri: &Uri, asked: &HeaderMap) -> Response {
        let file = self.0.get().and_then(|files| files.get(uri.path()));
        let Some(file) = file else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if method != Method::GET && method != Method::HEAD {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let mut response = if asked.get(header::IF_NONE_MATCH) == Some(&file.print) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            file.body(asked)
        };
        let headers = response.headers_mut();
        for (name, value) in ALWAYS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::ETAG, file.print.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // what has its print in its name never changes; what names it is asked for each time
        let keeps = if uri.path().starts_with("/assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeps));
        response
    }
}

impl File {
    fn new(name: &str, bytes: Vec<u8>) -> Result<Self> {
        let print = format!("\"{}\"", hex(&Sha256::digest(&bytes)[..16]));
        let kind = kind_of(name);
        let is_text = !kind.starts_with("font/") && !kind.starts_with("image/png");
        let packed = if is_text {
            Some(pack(&bytes)?.into())
        } else {
            None
        };
        Ok(Self {
            kind,
            print: HeaderValue::from_str(&print)?,
            bytes: bytes.into(),
            packed,
        })
    }

    fn body(&self, asked: &HeaderMap) -> Response {
        let accepted = asked.get(header::ACCEPT_ENCODING);
        let takes_gzip = accepted
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("gzip"));
        let kind = (header::CONTENT_TYPE, self.kind);
        match &self.packed {
            Some(packed) if takes_gzip => {
                let headers = [kind, (header::CONTENT_ENCODING, "gzip")];
                (headers, Body::from(packed.clone())).into_response()
            }
            Some(_) | None => ([kind], Body::from(self.bytes.clone())).into_response(),
        }
    }
}

fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    packer.finish()
}

fn read(
    folder: &Path,
    below: &str,
    files: &mut BTreeMap<String, File>,
    left: &mut u64,
) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a file name that is no text")?;
        let path = format!("{below}/{name}");
        let meta = entry.metadata()?;
        if meta.is_dir() {
            read(&entry.path(), &path, files, left)?;
            continue;
        }
        *left = left
            .checked_sub(meta.len())
            .context("more than the screens can be")?;
        files.insert(path, File::new(name, std::fs::read(entry.path())?)?);
    }
    Ok(())
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some(_) | None => "application/octet-stream",
    }
}
