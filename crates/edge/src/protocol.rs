//! How a host pulls deliveries: JSON over the private listener. `docs/specs/inbox.md` tells the protocol.
//!
//! | request | does |
//! |---|---|
//! | `POST /inbox/claim` | begins or goes on as owner of a group; answers the cursors |
//! | `POST /inbox/pull` | waits for deliveries after a place: a sequence number of an inbox |
//! | `POST /inbox/taken` | everything up to a place is durable at the owner |
//! | `POST /inbox/safe` | everything up to a place is processed |
//! | `POST /inbox/heard` | the owner knows what was refused, and sweeps for it |
//! | `POST /canary/{node}` | takes a delivery of the built-in tracker of this machine's canary, as a webhook is taken |
//! | `POST /restart` | lets another edge begin in the place of this one |
//! | `POST /routes` | which of some nodes the edge could not take deliveries for: a host asks before it registers a webhook |
//!
//! Each shows the installation's token as `Authorization: Bearer …`. A pull by an older epoch is answered 409.

use serde::{Deserialize, Serialize};
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::inbox::InboxPlace;
use twinline_store::{Epoch, GroupId};

/// Who asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// The group that the host owns.
    pub group: GroupId,
    /// Under which ownership.
    pub epoch: Epoch,
}

/// Body of `POST /inbox/pull`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pull {
    /// Who asks.
    pub owner: Owner,
    /// Only later ones than this. All there are, and at once, where it is no place of this inbox.
    pub from: InboxPlace,
    /// At most so many deliveries.
    pub max_rows: u32,
    /// About so many bytes at most.
    pub max_bytes: u64,
    /// How long to wait when there is none, in milliseconds; the edge caps it.
    pub wait_ms: u64,
    /// Whether the owner hears of what was refused. One of an older version does not, and must not be answered before its
    /// time for that.
    #[serde(default)]
    pub hears: bool,
}

/// Body of `POST /inbox/heard`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heard {
    /// Who says so.
    pub owner: Owner,
    /// As a pull was answered.
    pub refused: Vec<Refused>,
}

/// Body of `POST /inbox/taken` and `/inbox/safe`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ack {
    /// Who says so.
    pub owner: Owner,
    /// Everything up to and including this.
    pub to: InboxPlace,
}

/// Body of `POST /restart`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Restart {
    /// Only the process that began then, so that a repetition does no harm; any when absent.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
}

/// Body of `POST /routes`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routes {
    /// The nodes whose webhooks are to be registered.
    pub nodes: Vec<NodeName>,
}

/// Answer to [`Routes`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lacking {
    /// Those of them that this edge has no route to, or no secret of.
    pub lacks: Vec<NodeName>,
}

/// Answer to claim, taken and safe.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cursors {
    /// Everything up to here is taken.
    pub taken: u64,
    /// Everything up to here is safe.
    pub safe: u64,
}

/// Answer to pull.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deliveries {
    /// What they come after: the place that was asked for, or else the beginning of this inbox.
    pub from: InboxPlace,
    /// Oldest first; empty when the wait ended without one.
    pub deliveries: Vec<Numbered>,
    /// Of which nodes of the group deliveries were refused, or may have been: told until it is heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// A node of which deliveries were refused, or may have been: trackers were told to come later, or nobody answered them.
/// They are taken again now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The node.
    pub node: NodeName,
    /// Since when; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
}

/// One delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Numbered {
    /// Its sequence number.
    pub seq: u64,
    /// The node it is for.
    pub node: NodeName,
    /// The tracker's id of it.
    pub delivery_id: Option<String>,
    /// When the edge received it.
    pub received_at: Timestamp,
    /// The headers that decoding needs.
    pub headers: Vec<(String, String)>,
    /// The body, base64.
    pub body: String,
}
