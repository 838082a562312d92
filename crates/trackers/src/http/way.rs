//! How processes of this installation reach each other: on one machine in plain, between the machines of a fleet by TLS, with
//! a certificate of their own, each as the one that is expected at its address.

use super::guard::AddressGuard;
use super::names::{Names, SystemNames};
use super::reqwest_transport::{NoTransport, ReqwestTransport, TransportLimits, Trust};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// TCP and then TLS, of a process that may be just beginning on a busy machine.
const CONNECT_MIN: Duration = Duration::from_secs(4);

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Way(Option<Arc<Within>>);

/// A fleet.
#[derive(Clone)]
struct Within {
    tls: rustls::ClientConfig,
    /// What the certificate of whoever listens there is issued for.
    names: BTreeMap<SocketAddr, String>,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.as_ref().map(|within| &within.names);
        f.debug_tuple("Way").field(&names).finish()
    }
}

impl Way {
    /// All on one machine: in plain.
    pub const fn plain() -> Self {
        Self(None)
    }

    /// Within a fleet: `tls` shows a certificate and says whose are believed, `names` whom to expect at which address. One
    /// name has one address.
    pub fn within(tls: rustls::ClientConfig, names: BTreeMap<SocketAddr, String>) -> Self {
        Self(Some(Arc::new(Within { tls, names })))
    }

    /// The same with one address more. In plain nothing is expected anywhere.
    #[must_use]
    pub fn with(&self, at: SocketAddr, name: String) -> Self {
        let with = |within: &Arc<Within>| {
            let mut within = Within::clone(within);
            within.names.retain(|_, known| *known != name);
            within.names.insert(at, name);
            Arc::new(within)
        };
        Self(self.0.as_ref().map(with))
    }

    /// Whether what is asked for by [`Way::url`] goes over the wire as it is.
    pub const fn is_plain(&self) -> bool {
        self.0.is_none()
    }

    /// A path at an address; `None`: it is none of this fleet's.
    pub fn url(&self, at: SocketAddr, path: &str) -> Option<String> {
        let Some(within) = &self.0 else {
            return Some(format!("http://{at}{path}"));
        };
        let name = within.names.get(&at)?;
        Some(format!("https://{name}:{}{path}", at.port()))
    }

    /// What sends there. In a fleet requests go over HTTP/2 only where they are to go side by side: a connection that has died
    /// without a word then keeps one request, and not those that come after it.
    ///
    /// # Errors
    /// The machine's trust store cannot be read, or the TLS settings are refused.
    pub fn transport(&self, mut limits: TransportLimits) -> Result<ReqwestTransport, NoTransport> {
        // Addresses come from the configuration and our own data folder, never from a tenant.
        let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
        let guard = AddressGuard::new(everywhere.to_vec());
        let Some(within) = &self.0 else {
            return ReqwestTransport::new(guard, limits);
        };
        let mut tls = within.tls.clone();
        let protocol: &[u8] = if limits.side_by_side {
            b"h2"
        } else {
            b"http/1.1"
        };
        tls.alpn_protocols = vec![protocol.to_vec()];
        limits.connect = limits.connect.max(CONNECT_MIN);
        let names = within.names.iter();
        let names = names.map(|(at, name)| (name.clone(), at.ip())).collect();
        let trust = Trust::by(tls);
        let transport = ReqwestTransport::resolving(&trust, guard, limits, Arc::new(Known(names)));
        Ok(transport?)
    }
}

/// The fleet's names are in no directory.
struct Known(BTreeMap<String, IpAddr>);

#[async_trait]
impl Names for Known {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self.0.get(host) {
            Some(at) => Ok(vec![*at]),
            None => SystemNames.addresses(host).await,
        }
    }
}

#[cfg(test)]
#[path = "way_tests.rs"]
mod tests;
