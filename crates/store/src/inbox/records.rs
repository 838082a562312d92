//! What the inbox takes in and gives out.

use crate::stamp::GroupId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use twinline_core::handles::Entropy;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// One raw webhook, as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The node it is for.
    pub node: NodeName,
    /// The tracker's id of it, the same on a redelivery; `None` where the tracker sends none.
    pub delivery_id: Option<String>,
    /// When the edge received it.
    pub received_at: Timestamp,
    /// The headers that decoding needs, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body, unchanged.
    pub body: Bytes,
}

impl Delivery {
    /// What it counts against quotas: body and headers, in bytes.
    pub fn weight_bytes(&self) -> u64 {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        (self.body.len() + headers) as u64
    }
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    New {
        /// Under this sequence number.
        seq: u64,
        /// For the owner of this group.
        group: GroupId,
    },
    /// A delivery with this node and id is there already.
    Duplicate,
    /// A limit is reached; nothing was written.
    Refused(Refusal),
}

/// Which limit refused a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The node's quota is used up.
    NodeQuota,
    /// The inbox is at its greatest size.
    Full,
}

/// The limits of an inbox.
#[derive(Clone, Copy, Debug)]
pub struct InboxLimits {
    /// What all deliveries may weigh, in bytes.
    pub total_max_bytes: u64,
    /// What one node's deliveries may weigh, in bytes.
    pub node_max_bytes: u64,
    /// How long safe deliveries are kept, so that a redelivery is still recognised, in milliseconds.
    pub safe_keep_ms: u64,
    /// While the disk has less room than this, in bytes, safe deliveries go: room for the log and for what arrives.
    pub disk_room_bytes: u64,
    /// How many rows one [`super::Inbox::prune`] removes.
    pub prune_max_rows: u32,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self {
            total_max_bytes: 20 << 30,
            node_max_bytes: 512 << 20,
            safe_keep_ms: 24 * 3600 * 1000,
            disk_room_bytes: 256 << 20,
            prune_max_rows: 500,
        }
    }
}

/// A node that the edge knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The node.
    pub node: NodeName,
    /// The group that it belongs to.
    pub group: GroupId,
    /// Its tracker, as in the configuration: `github`.
    pub tracker: String,
}

/// How far a group has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// Everything up to here is durable at the owner.
    pub taken: u64,
    /// Everything up to here is safe; never beyond `taken`.
    pub safe: u64,
}

/// Tells an inbox from every other one, also from the one that was in its place before. The empty one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboxId(String);

impl InboxId {
    /// Wraps a text that is already known to be an inbox's id.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new one.
    pub(super) fn random(entropy: &dyn Entropy) -> Self {
        Self(format!(
            "{:016x}{:016x}",
            entropy.next_u64(),
            entropy.next_u64()
        ))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a reader has come in an inbox. Numbers of one inbox mean nothing in another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxPlace {
    /// The inbox.
    pub inbox: InboxId,
    /// Everything up to and including this number; zero: the beginning.
    pub seq: u64,
}

/// Which deliveries to pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only later ones than this. All there are, where this is a place in another inbox, or beyond this one's end.
    pub from: InboxPlace,
    /// At most so many.
    pub max_rows: u32,
    /// No further one once so much is reached, in bytes.
    pub max_bytes: u64,
}

/// One delivery with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Its sequence number: rises, never used twice, with gaps.
    pub seq: u64,
    /// The delivery.
    pub delivery: Delivery,
}

/// Deliveries that were pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What they come after: the place that was asked for, or the beginning of this inbox where that is none of its own.
    pub from: InboxPlace,
    /// Oldest first.
    pub deliveries: Vec<Pulled>,
}

/// What no host has taken. A canary's deliveries do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The oldest: whose it is, and when it was received.
    pub oldest: Option<(NodeName, Timestamp)>,
    /// How many there are; 200,000 are that many or more.
    pub deliveries: u64,
}

/// What a prune removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Safe deliveries.
    pub safe: u32,
    /// Taken ones, under pressure.
    pub taken: u32,
    /// Whether another call would remove more.
    pub more: bool,
}

/// What a node's deliveries weigh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeUse {
    /// The node.
    pub node: NodeName,
    /// Bytes of bodies and headers.
    pub bytes: u64,
    /// How many deliveries.
    pub rows: u64,
}
