//! What the inbox takes in and gives out.

use crate::stamp::GroupId;
use bytes::Bytes;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable, under this sequence number.
    New(u64),
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
    /// How many rows one [`super::Inbox::prune`] removes.
    pub prune_max_rows: u32,
}

impl Default for InboxLimits {
    fn default() -> Self {
        Self {
            total_max_bytes: 20 << 30,
            node_max_bytes: 512 << 20,
            safe_keep_ms: 24 * 3600 * 1000,
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
    /// What the edge verifies with: references to secrets and options, as JSON; never a secret itself.
    pub verifier: String,
}

/// How far a group has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// Everything up to here is durable at the owner.
    pub taken: u64,
    /// Everything up to here is safe; never beyond `taken`.
    pub safe: u64,
}

/// Which deliveries to pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only later ones than this.
    pub after: u64,
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

/// What a prune removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Safe deliveries.
    pub safe: u32,
    /// Taken ones, under pressure.
    pub taken: u32,
    /// Untaken ones, under pressure and with an alert.
    pub untaken: u32,
    /// Whether another call would remove more.
    pub more: bool,
}

/// Untaken deliveries were dropped: the node must be swept from before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id.
    pub id: i64,
    /// The node.
    pub node: NodeName,
    /// When they were dropped.
    pub at: Timestamp,
    /// When the oldest of them was received.
    pub sweep_from: Timestamp,
    /// How many.
    pub dropped: u32,
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
