//! Views: a side's item in the vocabulary of its connection.

use crate::item::{Attachment, Comment, Value};
use crate::names::ReplicaField;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A side's item as its outgoing rule shows it: the replica that this side would send.
///
/// A field that is missing is absent (hidden, not shared, no value row): it never makes a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The replica fields.
    pub fields: BTreeMap<ReplicaField, Value>,
    /// The comments that may cross, in order; a comment that a script filtered out is missing here but still in the
    /// observation, so it is absent and not deleted.
    pub comments: Vec<Comment>,
    /// The attachments that may cross, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}
