//! The real transport: rustls, deadlines, limits, and only vetted addresses.

mod files;

use super::RESPONSE_MAX_BYTES;
use super::guard::AddressGuard;
use super::names::{Names, SystemNames};
use super::stream::{ByteStream, Outgoing};
use super::transport::{Sent, Transport, TransportError, TransportFault};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::ConfigVerifierExt as _;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use url::{Host, Url};

/// While requests wait on an HTTP/2 connection its server is asked this often whether it is still there: requests to
/// come would follow onto a connection that has died without a word.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// What a server may send ahead of its reader where requests go side by side: on one of them, and on all together.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// The limits of a [`ReqwestTransport`].
#[derive(Clone, Debug)]
pub struct TransportLimits {
    /// To resolve the name, connect and agree on TLS.
    pub connect: Duration,
    /// From the request's start to the answer's headers.
    pub headers: Duration,
    /// From the headers to the body's end.
    pub body: Duration,
    /// Idle connections kept per server.
    pub idle_per_host_max: usize,
    /// The greatest answer, after decompression, in bytes.
    pub response_max_bytes: usize,
    /// All requests to a server go side by side over one HTTP/2 connection, without TLS too: for a server that is known to
    /// speak it, and many requests that wait. Else the server chooses within TLS, and without it speaks HTTP/1.1.
    pub side_by_side: bool,
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            headers: Duration::from_secs(20),
            body: Duration::from_secs(30),
            idle_per_host_max: 4,
            response_max_bytes: RESPONSE_MAX_BYTES,
            side_by_side: false,
        }
    }
}

/// How this process tells a genuine server: by the machine's trust store. Read once and cheap to clone; each reading
/// takes some milliseconds and some hundred KiB.
#[derive(Clone, Debug)]
pub struct Trust(rustls::ClientConfig);

impl Trust {
    /// Reads the machine's trust store.
    ///
    /// # Errors
    /// It has no certificates.
    pub fn of_this_machine() -> Result<Self, rustls::Error> {
        // An error means that a provider is already installed: one is all that is needed.
        drop(rustls::crypto::ring::default_provider().install_default());
        Ok(Self(rustls::ClientConfig::with_platform_verifier()?))
    }

    /// Trusts these certificates of authorities (PEM) and no others.
    ///
    /// # Errors
    /// The text holds no certificate, or one that cannot be read.
    pub fn only(authorities: &[u8]) -> Result<Self, rustls::Error> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|e| rustls::Error::General(e.to_string()))?;
            roots.add(certificate)?;
        }
        if roots.is_empty() {
            let reason = "there is no certificate in PEM form";
            return Err(rustls::Error::General(reason.to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?;
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(config))
    }

    /// As these settings say, also of the protocols within TLS.
    pub(super) const fn by(config: rustls::ClientConfig) -> Self {
        Self(config)
    }

    /// The settings for TLS that carries something else than HTTP.
    pub fn client(&self) -> rustls::ClientConfig {
        self.0.clone()
    }

    fn http(&self) -> rustls::ClientConfig {
        let mut config = self.0.clone();
        if config.alpn_protocols.is_empty() {
            config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
        }
        config
    }
}

/// Why there is no transport.
#[derive(Debug, thiserror::Error)]
pub enum NoTransport {
    /// The machine's trust store cannot be read, or is empty.
    #[error(transparent)]
    Trust(#[from] rustls::Error),
    /// The HTTP client refuses its settings.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// Sends over the network, to addresses that the guard allows and to no other.
pub struct ReqwestTransport {
    client: reqwest::Client,
    guard: Arc<AddressGuard>,
    limits: TransportLimits,
}

impl ReqwestTransport {
    /// Makes a transport with a pool of connections of its own, and reads the machine's trust store for it.
    ///
    /// # Errors
    /// The trust store cannot be read.
    pub fn new(guard: AddressGuard, limits: TransportLimits) -> Result<Self, NoTransport> {
        Ok(Self::trusting(&Trust::of_this_machine()?, guard, limits)?)
    }

    /// Makes a transport with a pool of connections of its own.
    ///
    /// # Errors
    /// The TLS settings are refused.
    pub fn trusting(
        trust: &Trust,
        guard: AddressGuard,
        limits: TransportLimits,
    ) -> Result<Self, reqwest::Error> {
        Self::resolving(trust, guard, limits, Arc::new(SystemNames))
    }

    /// The same with names looked up by `names`.
    ///
    /// # Errors
    /// The TLS settings are refused.
    pub fn resolving(
        trust: &Trust,
        guard: AddressGuard,
        limits: TransportLimits,
        names: Arc<dyn Names>,
    ) -> Result<Self, reqwest::Error> {
        let guard = Arc::new(guard);
        // No proxy: it would connect on our behalf, past the guard.
        let mut client = reqwest::Client::builder();
        if limits.side_by_side {
            client = client
                .http2_prior_knowledge()
                .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
                .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        }
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .tls_backend_preconfigured(trust.http())
            .connect_timeout(limits.connect)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .http2_keep_alive_timeout(if limits.side_by_side {
                // All that waits there would end with the connection, and a busy process may read the answer late.
                KEEP_ALIVE
            } else {
                limits.connect
            })
            .pool_max_idle_per_host(limits.idle_per_host_max)
            .dns_resolver(VettingResolver {
                guard: Arc::clone(&guard),
                names,
            })
            .build()?;
        Ok(Self {
            client,
            guard,
            limits,
        })
    }

    /// A host written as an address is not resolved, so it is vetted here.
    fn vet_literal(&self, url: &Url) -> Result<(), TransportError> {
        let address: IpAddr = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(TransportError::not_sent("the URL names no server")),
        };
        if self.guard.allows(address) {
            return Ok(());
        }
        Err(TransportError {
            sent: Sent::NotSent,
            fault: TransportFault::Forbidden,
            reason: AddressGuard::refusal("the tracker", address),
        })
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Bytes, TransportError> {
        let limit = self.limits.response_max_bytes;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(TransportError {
                    sent: Sent::MaybeSent,
                    fault: TransportFault::TooLarge,
                    reason: format!("the answer is larger than {limit} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::not_sent(chain(&error)))?;
        self.vet_literal(request.url())?;
        let limits = &self.limits;
        let answer = timeout(limits.headers, self.client.execute(request)).await;
        let response = answer
            .map_err(|_| late("no answer", limits.headers))?
            .map_err(failed)?;
        let mut parts = http::Response::new(()).into_parts().0;
        parts.status = response.status();
        parts.version = response.version();
        parts.headers = response.headers().clone();
        let body = timeout(limits.body, self.body(response)).await;
        let body = body.map_err(|_| late("the answer did not end", limits.body))??;
        Ok(http::Response::from_parts(parts, body))
    }

    async fn stream(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<ByteStream>, TransportError> {
        self.stream_body(request).await
    }
}

fn late(what: &str, limit: Duration) -> TransportError {
    TransportError::maybe_sent(format!("{what} within {} ms", limit.as_millis()))
}

fn failed(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let forbidden = find::<ForbiddenAddress>(&error).is_some();
    let fault = if forbidden {
        TransportFault::Forbidden
    } else if error.is_decode() {
        TransportFault::Malformed
    } else {
        TransportFault::Network
    };
    let unsent = forbidden || error.is_connect() || error.is_builder();
    TransportError {
        sent: if unsent {
            Sent::NotSent
        } else {
            Sent::MaybeSent
        },
        fault,
        reason: chain(&error),
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<T>())
}

/// The error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| (*error).source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Resolves names and gives out only allowed addresses: the connection is made to exactly what was vetted, so a name
/// that changes its address in between gains nothing.
struct VettingResolver {
    guard: Arc<AddressGuard>,
    names: Arc<dyn Names>,
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, names) = (Arc::clone(&self.guard), Arc::clone(&self.names));
        Box::pin(async move {
            let found = names.addresses(name.as_str()).await?;
            let (allowed, refused): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|address| guard.allows(*address));
            match (allowed.is_empty(), refused.first()) {
                (true, Some(address)) => {
                    let sentence = AddressGuard::refusal(name.as_str(), *address);
                    Err(ForbiddenAddress(sentence).into())
                }
                // The port is the request's.
                _ => Ok(Box::new(allowed.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs),
            }
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ForbiddenAddress(String);

#[cfg(test)]
mod tests;
