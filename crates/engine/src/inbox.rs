//! The edge's inbox as a host sees it.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::inbox::InboxPlace;

/// One edge's inbox of raw deliveries, numbered without reuse in the order in which they became durable.
///
/// Deliveries stay there until they are acknowledged as *safe*, so every method may be repeated. Every method bounds
/// its own time: `pull` by `wait` and a margin, the acknowledgements by a deadline of seconds.
///
/// An edge may come back with another inbox, when its disk was lost or its file was replaced: then no number of the old
/// one means anything in it.
#[async_trait]
pub trait EdgeInbox: Send + Sync {
    /// The edge's name, under which its cursor is kept.
    fn name(&self) -> &str;

    /// The deliveries after a place, oldest first, at most `max`. Waits up to `wait` for the first one. Where it is no
    /// place of the inbox that the edge has now, answers at once, from that one's beginning.
    async fn pull(
        &self,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError>;

    /// The host has all deliveries up to a place durably. Nobody waits for it: the edge may take its time to make that durable.
    /// Refused for a place in another inbox.
    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError>;

    /// All deliveries up to a place are processed: the edge may drop them. Refused for a place in another inbox.
    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError>;

    /// The host knows what was refused, and sweeps for it: it is told no more, unless something was refused since.
    async fn heard(&self, refused: &[Refused]) -> Result<(), InboxError>;
}

/// What a pull brought.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// What the deliveries come after: the place that was asked for, or else the beginning of the edge's inbox.
    pub from: InboxPlace,
    /// Oldest first; empty when none came in time.
    pub deliveries: Vec<Delivery>,
    /// Nodes of which deliveries were refused; told again and again until that was heard.
    pub refused: Vec<Refused>,
}

/// A node of which an edge did not take what came, or may not have, and does again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The node.
    pub node: NodeName,
    /// Since when; `None`: nobody knows.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
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
