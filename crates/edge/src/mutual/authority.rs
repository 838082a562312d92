//! The authority of a fleet's certificates: the same on every machine, since it is derived from the key that all have.

use super::derive::{Purpose, derived, hex};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// A private key of Ed25519 as PKCS#8 is this and its 32 bytes (RFC 8410, 7).
const PKCS8_BEFORE: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// Enough to tell two authorities apart.
const NAME_BYTES: usize = 8;

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    pub(super) fn of(key: &[u8]) -> Result<Self, rcgen::Error> {
        let secret = derived(key, Purpose::Authority);
        let pkcs8 = PrivatePkcs8KeyDer::from([PKCS8_BEFORE.as_slice(), &secret].concat());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ED25519)?;
        let name = hex(&derived(key, Purpose::AuthorityName)[..NAME_BYTES]);
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = named(&format!("Twinline fleet {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&pair)?;
        Ok(Self {
            issuer: Issuer::new(params, pair),
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
        })
    }

    pub(super) const fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    pub(super) const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }
}

pub(super) fn named(name: &str) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    all.push(DnType::CommonName, name);
    all
}
