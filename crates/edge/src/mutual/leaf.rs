//! A process's own certificate. It lies in memory only, and is issued anew at the first handshake when half of its time is over.

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
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;

/// The clocks of two machines may differ by so much at least, either way: a certificate is good so long before it is issued,
/// and has so long to go when the next one is.
const SKEW: Duration = Duration::from_secs(24 * 3600);
/// How long one is good.
const GOOD_FOR: Duration = Duration::from_secs(48 * 3600);
/// One is renewed when it is so old.
const RENEWED_AFTER: Duration = Duration::from_secs(24 * 3600);
const _: () = assert!(GOOD_FOR.as_secs() - RENEWED_AFTER.as_secs() >= SKEW.as_secs());

/// What a process shows.
pub(super) struct Leaf {
    authority: Authority,
    member: Member,
    clock: Arc<dyn Clock>,
    now: Mutex<InUse>,
}

#[derive(Clone)]
struct InUse {
    certified: Arc<CertifiedKey>,
    issued: Timestamp,
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf")
            .field("member", &self.member)
            .finish_non_exhaustive()
    }
}

impl Leaf {
    pub(super) fn issue(
        authority: Authority,
        member: Member,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MutualError> {
        let now = Mutex::new(in_use(&authority, &member, clock.now())?);
        Ok(Self {
            authority,
            member,
            clock,
            now,
        })
    }

    /// The certificate to show now.
    fn current(&self) -> Arc<CertifiedKey> {
        let mut known = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // A clock that was set back a little changes nothing; one that was far off, all.
        let is_fresh = now.since(known.issued) < RENEWED_AFTER && known.issued.since(now) < SKEW;
        if !is_fresh {
            match in_use(&self.authority, &self.member, now) {
                Ok(fresh) => *known = fresh,
                // The old one is good for as long again: the next handshake tries anew.
                Err(error) => {
                    tracing::error!(
                        error = crate::chain(&error),
                        "this process's certificate could not be renewed"
                    );
                }
            }
        }
        Arc::clone(&known.certified)
    }
}

impl ResolvesServerCert for Leaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl ResolvesClientCert for Leaf {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn in_use(authority: &Authority, member: &Member, now: Timestamp) -> Result<InUse, MutualError> {
    let (certificate, key) = signed(authority, member, now, GOOD_FOR)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
    Ok(InUse {
        certified: Arc::new(certified),
        issued: now,
    })
}

/// A new key with a certificate that is good from a while ago, for so long from now.
pub(super) fn signed(
    authority: &Authority,
    member: &Member,
    now: Timestamp,
    good_for: Duration,
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
    let since_1970 = |at: Timestamp| at.since(Timestamp::from_millis(0));
    let beginning = date_time_ymd(1970, 1, 1);
    params.not_before = beginning + since_1970(now.minus(SKEW));
    params.not_after = beginning + since_1970(now.plus(good_for));
    let certificate = params.signed_by(&key, authority.issuer())?;
    Ok((certificate, key))
}
