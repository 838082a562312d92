//! What the simulator keeps of tickets.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;

/// A ticket. Ids are numbers over the whole account; whatever becomes of a ticket, its id stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) subject: String,
    /// `new`, `open`, `pending`, `hold`, `solved` or `closed`.
    pub(super) status: String,
    pub(super) custom_status: u64,
    pub(super) priority: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) requester: u64,
    pub(super) submitter: u64,
    pub(super) assignee: Option<u64>,
    pub(super) group: Option<u64>,
    pub(super) brand: u64,
    pub(super) external_id: Option<String>,
    pub(super) tags: BTreeSet<String>,
    /// By field id; a field without a value is not in it.
    pub(super) custom: BTreeMap<u64, Value>,
    /// An instant, which tasks alone have.
    pub(super) due: Option<String>,
    /// Whole seconds, like all times here.
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// When the export's record of it was made: changes that do not touch `updated` move it too.
    pub(super) generated: Timestamp,
    /// The first is the description.
    pub(super) comments: Vec<Comment>,
    pub(super) audits: Vec<Audit>,
    pub(super) deleted: Option<Deletion>,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

impl Ticket {
    /// Whether nothing about it can be changed any more.
    pub(super) fn is_closed(&self) -> bool {
        self.status == "closed"
    }
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) audit: u64,
    pub(super) author: u64,
    pub(super) html: String,
    pub(super) public: bool,
    pub(super) created: Timestamp,
    /// The custom metadata of its audit.
    pub(super) metadata: Value,
    /// Its files, as answers show them.
    pub(super) attachments: Vec<Value>,
}

/// One update, with everything that it did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Audit {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) created: Timestamp,
    /// Custom metadata, an object.
    pub(super) metadata: Value,
    pub(super) events: Vec<Value>,
}

/// Who put a ticket into the bin, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) by: u64,
    pub(super) at: Timestamp,
    pub(super) previous: String,
}
