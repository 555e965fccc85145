//! The hub's own authority: it alone gives the certificates that desks and hub know each other by.

use crate::error::Error;
use crate::secrets::kept;
use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use shared::clock::Now;
use shared::device::{CERTIFICATE_DAYS, Print};
use shared::ids::DeviceId;
use shared::problem::Problem;
use shared::sync::wire::{Admitted, hex, unhex};
use std::io;
use std::path::Path;

const DAY_MS: i64 = 86_400_000;
/// Bytes of a request for a certificate, at most.
const REQUEST_BYTES: usize = 4_096;
/// Days for which the hub's own certificates are good before they are made, and the authority's afterwards. A desk whose
/// clock is wrong by a month still believes them.
const BEFORE_DAYS: i64 = 365;
const AUTHORITY_DAYS: i64 = 30 * 365;

/// The key that signs certificates, and the certificate that desks pin.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Reads the authority in a directory, making one where there is none.
    pub fn open(dir: &Path, now: Now) -> io::Result<Self> {
        let pem = kept(dir, "authority.pem", || {
            make(now).map_err(|error| io::Error::other(format!("{error:#}")))
        })?;
        read(&pem).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{error:#}")))
    }

    /// Returns the certificate that desks pin.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Returns its SHA-256, which also names the hospital in what desks sign.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// Returns what a one-time code says of it.
    pub fn print(&self) -> Print {
        Print::of(&self.digest())
    }

    /// Gives a device the certificate it asks for. Nothing of the request counts but the key, which it proves to have.
    /// Nothing when the request cannot be read.
    pub fn admit(&self, request: &[u8], device: DeviceId, now: Now) -> Option<Vec<u8>> {
        let request = CertificateSigningRequestDer::from(request);
        let mut request = CertificateSigningRequestParams::from_der(&request).ok()?;
        request.params = params(&device.to_string(), now, 1, CERTIFICATE_DAYS);
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = request.signed_by(&self.issuer).ok()?;
        Some(certificate.der().to_vec())
    }

    /// The same in hex, with the authority's own.
    pub(crate) fn answer(
        &self,
        request: &str,
        device: DeviceId,
        now: Now,
    ) -> crate::error::Result<Admitted> {
        let request = unhex(request).filter(|request| request.len() <= REQUEST_BYTES);
        let certificate = request.and_then(|request| self.admit(&request, device, now));
        let invalid = || Error::Invalid(vec![Problem::new("device.key_invalid", "request")]);
        Ok(Admitted {
            authority: hex(&self.certificate),
            certificate: hex(&certificate.ok_or_else(invalid)?),
        })
    }

    /// Makes the certificate the hub shows under its names and addresses, with its key.
    pub(crate) fn serve(
        &self,
        names: &[String],
        now: Now,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let key = KeyPair::generate().context("making a key")?;
        let mut names = CertificateParams::new(names.to_vec()).context("a name of the hub")?;
        let named = std::mem::take(&mut names.subject_alt_names);
        let mut params = params("Wardbook hub", now, BEFORE_DAYS, CERTIFICATE_DAYS);
        params.subject_alt_names = named;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|why| anyhow::anyhow!("the hub's key: {why}"))?;
        Ok((certificate.der().clone(), key))
    }
}

fn make(now: Now) -> Result<Vec<u8>> {
    let key = KeyPair::generate()?;
    let mut params = params("Wardbook", now, BEFORE_DAYS, AUTHORITY_DAYS);
    // it signs certificates of hub and desks, and no other authority
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()).into_bytes())
}

fn read(pem: &[u8]) -> Result<Authority> {
    let key = KeyPair::from_pem(std::str::from_utf8(pem)?).context("the authority's key")?;
    let certificate = CertificateDer::from_pem_slice(pem).context("the authority's certificate")?;
    Ok(Authority {
        issuer: Issuer::from_ca_cert_der(&certificate, key)?,
        certificate,
    })
}

fn params(name: &str, now: Now, before_days: i64, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let day = |ms: i64| {
        let date = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        date_time_ymd(date.year().into(), part(date.month()), part(date.day()))
    };
    params.not_before = day(now.0 - before_days * DAY_MS);
    params.not_after = day(now.0 + days * DAY_MS);
    params.use_authority_key_identifier_extension = true;
    params
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_has_one_authority_for_good_that_only_its_owner_reads() {
        let dir = tempfile::tempdir().unwrap();
        let (one, again) = (
            Authority::open(dir.path(), Now(0)).unwrap(),
            Authority::open(dir.path(), Now(1)).unwrap(),
        );
        assert_eq!(one.digest(), again.digest());
        let file = dir.path().join("authority.pem");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&file, b"damaged").unwrap();
        assert!(
            Authority::open(dir.path(), Now(0)).is_err(),
            "never replaced"
        );
    }

    #[test]
    fn what_is_no_request_gets_no_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), Now(0)).unwrap();
        let device = DeviceId(uuid::Uuid::from_u128(1));
        let key = KeyPair::generate().unwrap();
        let request = CertificateParams::default()
            .serialize_request(&key)
            .unwrap();
        assert!(authority.admit(request.der(), device, Now(0)).is_some());
        let mut forged = request.der().to_vec();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert_eq!(authority.admit(&forged, device, Now(0)), None);
        assert_eq!(authority.admit(b"", device, Now(0)), None);
    }
}
