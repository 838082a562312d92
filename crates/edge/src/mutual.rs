//! How the machines of a fleet know each other: mutual TLS, with certificates that are issued from the fleet's key.
//!
//! The key is on every machine. An authority is derived from it, the same everywhere, and each process issues itself a
//! certificate by that authority, which lies in its memory only and has no end. So there is nothing to hand out, nothing that can
//! be forgotten until it ends, no clock that must be right, and nothing of the key goes over the wire: who listens, or runs a
//! false server, learns neither the key nor what is said.
//!
//! Both sides show a certificate, in every handshake: sessions are not resumed. A client also wants the one that is issued for
//! the role and machine that it expects at an address. TLS 1.3 only.
//!
//! What a certificate does not do: say what its holder may. Who looks or acts shows a token too ([`token`]), since an edge passes
//! on what strangers ask.

mod authority;
mod derive;
mod leaf;
mod names;

pub use derive::token;
pub use names::{Member, server_name};

use authority::Authority;
use leaf::Leaf;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;

/// Why there is no mutual TLS.
#[derive(Debug, thiserror::Error)]
pub enum MutualError {
    /// There is no key.
    #[error("no key is given to issue certificates from")]
    NoKey,
    /// A certificate could not be issued.
    #[error("a certificate could not be issued from the fleet's key")]
    Issue(#[from] rcgen::Error),
    /// TLS could not be set up.
    #[error("TLS within the fleet could not be set up")]
    Tls(#[from] rustls::Error),
    /// The authority cannot be a client's.
    #[error("TLS within the fleet could not be set up")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// One process of a fleet. Cheap to clone.
#[derive(Clone)]
pub struct Mutual {
    server: Arc<ServerConfig>,
    client: ClientConfig,
}

impl fmt::Debug for Mutual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutual").finish_non_exhaustive()
    }
}

impl Mutual {
    /// Issues a certificate for `member` from the first of the keys; others are believed when theirs is issued from any.
    ///
    /// # Errors
    /// There is no key, or the system gives no randomness.
    pub fn new(keys: &[&[u8]], member: Member) -> Result<Self, MutualError> {
        let authorities: Vec<Authority> = keys
            .iter()
            .map(|key| Authority::of(key))
            .collect::<Result<_, _>>()?;
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots.add(authority.certificate().clone())?;
        }
        let roots = Arc::new(roots);
        let first = authorities.first().ok_or(MutualError::NoKey)?;
        let leaf = Arc::new(Leaf::issue(first, member)?);
        Ok(Self {
            server: Arc::new(server(&roots, Arc::clone(&leaf))?),
            client: client(roots, leaf)?,
        })
    }

    /// What a listener speaks with: HTTP/2 and HTTP/1.1, with nobody who shows no certificate of this fleet's.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// What a caller speaks with. The protocols within TLS are the caller's to choose.
    pub fn client(&self) -> ClientConfig {
        self.client.clone()
    }
}

fn server(roots: &Arc<RootCertStore>, leaf: Arc<Leaf>) -> Result<ServerConfig, MutualError> {
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(&provider));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier.build()?)
        .with_cert_resolver(leaf);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A session that is resumed shows no certificate: it would outlive a key that is taken back.
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn client(roots: Arc<RootCertStore>, leaf: Arc<Leaf>) -> Result<ClientConfig, MutualError> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_client_cert_resolver(leaf);
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// A certificate in files, for a program that is none of ours and asks a fleet's machines: a scraper, or automation.
pub struct Issued {
    /// PEM: the fleet's authority, which the machines' certificates are checked against.
    pub authority: String,
    /// PEM: the certificate.
    pub certificate: String,
    /// PEM: its private key.
    pub key: String,
}

/// Issues one for so long, which can only ask. It is good for as long as the key is believed; there is no other way to take it
/// back.
///
/// # Errors
/// The system gives no randomness.
pub fn issue(
    key: &[u8],
    name: &str,
    clock: &dyn Clock,
    good_for: Duration,
) -> Result<Issued, MutualError> {
    let authority = Authority::of(key)?;
    let member = Member::outside(name);
    let (certificate, key) = leaf::signed(&authority, &member, Some(clock.now().plus(good_for)))?;
    Ok(Issued {
        authority: authority.pem().to_owned(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

#[cfg(test)]
mod tests;
