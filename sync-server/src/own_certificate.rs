//! The certificate the hub shows: short-lived, and made anew while it serves.

use crate::app::App;
use crate::world;
use anyhow::{Context, Result};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use shared::clock::Now;
use shared::device::{CERTIFICATE_DAYS, RENEW_DAYS};
use shared::planted::{self, Fault};
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds for which one is shown: the days that are left then are for desks whose clocks are wrong.
const SHOWN_MS: i64 = (CERTIFICATE_DAYS - RENEW_DAYS) * 86_400_000;

/// The newest certificate. Handshakes get it; connections that stand are not touched.
pub struct OwnCertificate {
    app: App,
    names: Vec<String>,
    newest: Mutex<(Arc<CertifiedKey>, Now)>,
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnCertificate")
    }
}

impl OwnCertificate {
    /// Makes the first.
    pub fn new(app: &App, names: &[String], now: Now) -> Result<Self> {
        let first = make(app, names, now)?;
        Ok(Self {
            app: app.clone(),
            names: names.to_vec(),
            newest: Mutex::new((first, now)),
        })
    }

    /// Returns what to show now, made anew when it is time. One that cannot be made is tried again with the next handshake.
    pub fn at(&self, now: Now) -> Arc<CertifiedKey> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = now.0.saturating_sub(newest.1.0) >= SHOWN_MS;
        if is_due && !planted::is_on(Fault::OldCertificate) {
            match make(&self.app, &self.names, now) {
                Ok(made) => {
                    *newest = (made, now);
                    tracing::info!("Made the hub's certificate anew");
                }
                Err(_) => tracing::error!("The hub's certificate could not be made anew"),
            }
        }
        newest.0.clone()
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.at(world::now()))
    }
}

fn make(app: &App, names: &[String], now: Now) -> Result<Arc<CertifiedKey>> {
    let (certificate, key) = app.authority.serve(names, now)?;
    let key = any_supported_type(&key).context("the hub's key")?;
    // with the authority's own, so that a desk that is new can compare it with the print it was told
    let chain = vec![certificate, app.authority.certificate().clone()];
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}
