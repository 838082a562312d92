//! The connections to hosts: in plain on one machine, and by mutual TLS in a fleet, to whoever is the host that is expected at
//! an address.

use super::ProxyLimits;
use super::body::Outgoing;
use super::host::authority;
use crate::BoxError;
use crate::mapper::Directory;
use crate::mutual::{Mutual, server_name};
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

/// Connections are kept and used again: a handshake costs once.
pub(super) struct Reach {
    pub(super) client: Client<HttpsConnector<HttpConnector>, Outgoing>,
    is_secure: bool,
    expected: Arc<Expected>,
}

/// What the certificate is issued for of the host at each address.
#[derive(Default)]
struct Expected(RwLock<BTreeMap<String, ServerName<'static>>>);

impl Expected {
    fn of(&self, uri: &Uri) -> Result<ServerName<'static>, BoxError> {
        let at = uri.authority().map_or("", |at| at.as_str());
        let known = self.0.read().expect("nothing panics with it");
        let name = known.get(at).cloned();
        name.ok_or_else(|| format!("no host is expected at {at}").into())
    }
}

impl Reach {
    pub(super) fn new(
        limits: &ProxyLimits,
        mutual: Option<&Mutual>,
    ) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect));
        tcp.enforce_http(false);
        let tls = match mutual {
            Some(mutual) => mutual.client(),
            None => nobody()?,
        };
        let expected = Arc::new(Expected::default());
        let names = Arc::clone(&expected);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .with_server_name_resolver(move |uri: &Uri| names.of(uri))
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle)
            .pool_max_idle_per_host(limits.in_flight_per_host)
            .http1_max_buf_size(64 << 10)
            .build(connector);
        Ok(Self {
            client,
            is_secure: mutual.is_some(),
            expected,
        })
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.is_secure {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        }
    }

    /// These are the hosts from now on. One that has moved is expected where it is now, and nowhere else.
    pub(super) fn expect(&self, directory: &Directory) {
        let named = directory.hosts.iter().filter_map(|(name, at)| {
            let expected = ServerName::try_from(server_name("host", name)).ok()?;
            Some((authority(at.address).to_string(), expected))
        });
        *self.expected.0.write().expect("nothing panics with it") = named.collect();
    }
}

/// On one machine nobody is believed by TLS, and nobody is asked so.
fn nobody() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}
