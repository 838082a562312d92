//! What an edge is told at its start.

use crate::caller::TrustedProxies;
use crate::mapper::MapperSettings;
use crate::proxy::ProxyLimits;
use crate::tls::{CertificateFiles, TlsError};
use crate::told::Told;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::handles::{Clock, Entropy};
use twinline_store::{GroupId, StoreError};

/// Where to listen.
#[derive(Debug)]
pub enum Listen {
    /// At this address.
    At(SocketAddr),
    /// On this socket: whoever handed it over keeps it open while the edge restarts, so that nobody is refused.
    On(TcpListener),
}

impl Listen {
    /// The socket, bound if it was not, for somebody else to listen on too.
    pub(crate) fn share(&mut self) -> Result<TcpListener, EdgeError> {
        let here = SocketAddr::from(([0, 0, 0, 0], 0));
        let bound = std::mem::replace(self, Self::At(here)).bind()?;
        let shared = bound.try_clone();
        *self = Self::On(bound);
        shared.map_err(|source| EdgeError::Bind { at: here, source })
    }

    pub(crate) fn bind(self) -> Result<TcpListener, EdgeError> {
        let (at, listener) = match self {
            Self::At(at) => (at, TcpListener::bind(at)),
            Self::On(listener) => (SocketAddr::from(([0, 0, 0, 0], 0)), Ok(listener)),
        };
        let bound = listener.and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        bound.map_err(|source| EdgeError::Bind { at, source })
    }
}

/// Where and how the edge listens.
pub struct Settings {
    /// The release that the edge is of, as its health page says.
    pub version: String,
    /// Where webhooks and requests to hosts arrive.
    pub listen: Listen,
    /// The private listener.
    pub private: Listen,
    /// What hosts show on the private listener.
    pub token: String,
    /// The limits.
    pub limits: Limits,
    /// The limits of what is passed on to hosts.
    pub proxy: ProxyLimits,
    /// Whose word on their callers is believed.
    pub trusted: TrustedProxies,
    /// The certificates of the public listener; none: it speaks plain HTTP.
    pub tls: Vec<CertificateFiles>,
    /// Where nodes and hosts are.
    pub mapper: MapperSettings,
    /// How deliveries are traced.
    pub tracing: Tracing,
    /// Whether deliveries were refused already: [`crate::refuse`] says so.
    pub has_refused: bool,
    /// Told when this edge is asked to let another begin: whoever hears it ends this one.
    pub restart: Arc<Notify>,
    /// The group of nodes that are in none yet, which nobody can own; `None`: each is in one.
    pub unplaced: Option<GroupId>,
    /// What answers to all but trackers carry.
    pub told: Told,
}

/// How time and randomness enter.
#[derive(Clone)]
pub struct Handles {
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// For the ids of requests.
    pub entropy: Arc<dyn Entropy>,
}

/// What the edge needs of those who trace.
#[derive(Clone, Copy, Debug)]
pub struct Tracing {
    /// The `traceparent` (W3C Trace Context) of the span that it is called in; kept with the delivery.
    pub traceparent: fn() -> Option<String>,
    /// Spans that were lost since the process began.
    pub dropped: fn() -> u64,
}

impl Default for Tracing {
    /// Nothing is traced.
    fn default() -> Self {
        Self {
            traceparent: || None,
            dropped: || 0,
        }
    }
}

/// What bounds the edge.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_max_bytes: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// How long the head of a request may take to arrive, and how long a connection may be idle.
    pub header_deadline: Duration,
    /// How many connections at once.
    pub connections_max: usize,
    /// How many bytes of bodies are held in memory at once.
    pub bodies_max_bytes: usize,
    /// Deliveries of one node per second.
    pub node_max_per_s: u32,
    /// The longest that a pull waits.
    pub pull_wait_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max_bytes: 10 << 20,
            body_deadline: Duration::from_secs(20),
            header_deadline: Duration::from_secs(30),
            connections_max: 4096,
            bodies_max_bytes: 256 << 20,
            node_max_per_s: 200,
            pull_wait_max: Duration::from_secs(25),
        }
    }
}

/// Why an edge cannot run.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// An address is taken or not ours.
    #[error("cannot listen on {at}")]
    Bind {
        /// The address.
        at: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The inbox cannot be used.
    #[error(transparent)]
    Inbox(StoreError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up")]
    Rustls(#[from] rustls::Error),
    /// A thread of the edge could not start, or failed.
    #[error("the edge's {0} failed")]
    Thread(String),
}
