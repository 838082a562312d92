//! What an edge is told at its start.

use std::net::SocketAddr;
use std::time::Duration;
use twinline_store::StoreError;

/// Where and how the edge listens.
#[derive(Clone)]
pub struct Settings {
    /// Where webhooks arrive.
    pub listen: SocketAddr,
    /// The private listener.
    pub private: SocketAddr,
    /// What hosts show on the private listener.
    pub token: String,
    /// The limits.
    pub limits: Limits,
    /// How deliveries are traced.
    pub tracing: Tracing,
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
    /// A thread of the edge could not start, or failed.
    #[error("the edge's {0} failed")]
    Thread(String),
}
