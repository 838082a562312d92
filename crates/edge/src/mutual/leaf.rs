//! A process's own certificate. It lies in memory only and is the process's as long as that lives.
//!
//! Time is no part of whether it is good: a machine whose clock is years off (a dead battery, 1970 after the start) stays in the
//! fleet. An end would take nothing from anybody: who has the key issues another.

use super::MutualError;
use super::authority::{Authority, named};
use super::names::Member;
use rcgen::{
    Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ED25519, SanType, date_time_ymd,
};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;
use twinline_core::time::Timestamp;

/// What a process shows.
pub(super) struct Leaf {
    member: Member,
    certified: Arc<CertifiedKey>,
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf")
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

impl Leaf {
    pub(super) fn issue(authority: &Authority, member: Member) -> Result<Self, MutualError> {
        let (certificate, key) = signed(authority, &member, None)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![certificate.der().clone()];
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
        Ok(Self {
            member,
            certified: Arc::new(certified),
        })
    }
}

impl ResolvesServerCert for Leaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.certified))
    }
}

impl ResolvesClientCert for Leaf {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A new key with a certificate that is good from the beginning of time, and until then; for ever where that is `None`.
pub(super) fn signed(
    authority: &Authority,
    member: &Member,
    until: Option<Timestamp>,
) -> Result<(Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let mut params = CertificateParams::new(vec![member.name.clone()])?;
    let addresses = member.addresses.iter().copied().map(SanType::IpAddress);
    params.subject_alt_names.extend(addresses);
    params.distinguished_name = named(&member.name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if member.serves {
        let serves = ExtendedKeyUsagePurpose::ServerAuth;
        params.extended_key_usages.push(serves);
    }
    // UNIX time begins here, and RFC 5280, 4.1.2.5 knows no later end.
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = until.map_or_else(
        || date_time_ymd(9999, 12, 31),
        |until| date_time_ymd(1970, 1, 1) + until.since(Timestamp::from_millis(0)),
    );
    let certificate = params.signed_by(&key, authority.issuer())?;
    Ok((certificate, key))
}
