//! The edge's inbox as a host sees it.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// One edge's inbox of raw deliveries, numbered without reuse in the order in which they became durable.
///
/// Deliveries stay there until they are acknowledged as *safe*, so every method may be repeated. Every method bounds
/// its own time: `pull` by `wait` and a margin, the acknowledgements by a deadline of seconds.
#[async_trait]
pub trait EdgeInbox: Send + Sync {
    /// The edge's name, under which its cursor is kept.
    fn name(&self) -> &str;

    /// The deliveries after number `after`, oldest first, at most `max`. Waits up to `wait` for the first one.
    async fn pull(
        &self,
        after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, InboxError>;

    /// The host has all deliveries up to `seq` durably.
    async fn ack_taken(&self, seq: u64) -> Result<(), InboxError>;

    /// All deliveries up to `seq` are processed: the edge may drop them.
    async fn ack_safe(&self, seq: u64) -> Result<(), InboxError>;
}

/// A raw webhook, as an edge has verified and kept it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its number in its edge's inbox, counted from 1.
    pub seq: u64,
    /// The node whose address it came to.
    pub node: NodeName,
    /// The request's headers.
    pub headers: http::HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// When the edge had it durably.
    pub received: Timestamp,
}

/// An edge that cannot be asked just now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("edge {edge}: {reason}")]
pub struct InboxError {
    /// Which edge.
    pub edge: String,
    /// What happened.
    pub reason: String,
}
