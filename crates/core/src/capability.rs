//! What a tracker can do. The engine and the policy ask these; nobody matches on a tracker's name.

use crate::richtext::Dialect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What a tracker can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The tracker's name in the configuration: `azure-devops`, `github`, `jira-cloud`, `redmine`.
    pub tracker: String,
    /// The keys of a `scope`: `["repo"]`, `["project", "type"]`.
    pub scope_keys: Vec<String>,
    /// The comment channels by native name.
    pub channels: Vec<Channel>,
    /// Whether a comment can be edited and deleted after it was written.
    pub comment_edit: bool,
    /// Whether a comment can be deleted.
    pub comment_delete: bool,
    /// Whether an item can be deleted through the API.
    pub item_delete: bool,
    /// What it can do with files.
    pub attachments: AttachmentCapabilities,
    /// How an update can be made conditional.
    pub compare_and_swap: bool,
    /// Whether our marker can be stored in the create request itself, and so recognised after an unknown outcome.
    pub create_marker: bool,
    /// Whether a comment can carry a marker; where not, comments are recognised by author, body and time.
    pub comment_marker: bool,
    /// Whether it sends webhooks at all; where not, the change feed is polled.
    pub webhooks: bool,
    /// Fields whose history (who changed it when) can be read; `latest` is refused for others.
    pub field_history: FieldSet,
    /// Which kinds of change its change feed covers.
    pub feed_covers: BTreeSet<ChangeKind>,
    /// After a request with unknown outcome, "not there" counts only when this much time has passed.
    pub settle: Duration,
    /// How long its query index may lag behind its items.
    pub index_lag: Duration,
    /// The notation that its texts are in.
    pub dialect: Dialect,
    /// The greatest length of the description, in characters as the tracker counts them.
    pub description_max_chars: usize,
    /// The greatest length of a comment, in characters.
    pub comment_max_chars: usize,
    /// The greatest length of the summary, in characters.
    pub summary_max_chars: usize,
    /// Whether statuses are reached by transitions of a workflow.
    pub workflow: bool,
}

/// What a tracker can do with files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentCapabilities {
    /// Whether a file can be uploaded; where not, a link is written in its place.
    pub upload: bool,
    /// Whether one can be deleted.
    pub delete: bool,
    /// Whether one can carry a marker; where not, ours are recognised by author, name, size and time.
    pub marker: bool,
    /// Whether one can be kept to the tracker's own team.
    pub internal: bool,
    /// The greatest file in bytes; `None`: the tracker says so only by refusing.
    pub max_bytes: Option<u64>,
}

impl Capabilities {
    /// Whether comments can be written into a channel; else a sentence that lists those that take some.
    pub fn check_channel(&self, name: &str) -> Result<(), String> {
        let written = self.channels.iter().filter(|channel| channel.written);
        let known: Vec<&str> = written.map(|channel| channel.name.as_str()).collect();
        if known.contains(&name) {
            return Ok(());
        }
        if self.channels.iter().any(|channel| channel.name == name) {
            return Err(format!(
                "comments in {}'s channel '{name}' are read and never written; it takes {}",
                self.tracker,
                known.join(", ")
            ));
        }
        Err(format!(
            "{} has no comment channel '{name}'; it has {}",
            self.tracker,
            known.join(", ")
        ))
    }
}

/// A set of fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldSet {
    /// No field.
    None,
    /// Every field.
    All,
    /// Just these, by native name.
    Only(BTreeSet<String>),
    /// All but these.
    AllBut(BTreeSet<String>),
}

impl FieldSet {
    /// Whether a field is in the set.
    pub fn contains(&self, field: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(fields) => fields.contains(field),
            Self::AllBut(fields) => !fields.contains(field),
        }
    }
}

/// A comment channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its native name.
    pub name: String,
    /// Whether only the tracker's own team sees it. Internal text never enters a channel that is not internal.
    pub internal: bool,
    /// Whether comments can be written into it. Not where its name does not say who reads them.
    pub written: bool,
}

/// A kind of change, as the ledger accounts for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// An item was created.
    Created,
    /// A field of an item changed.
    Field,
    /// A comment was added.
    CommentAdded,
    /// A comment was edited.
    CommentEdited,
    /// A comment was deleted.
    CommentDeleted,
    /// An item was deleted.
    Deleted,
    /// An item was moved to another scope.
    Moved,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Field,
        Self::CommentAdded,
        Self::CommentEdited,
        Self::CommentDeleted,
        Self::Deleted,
        Self::Moved,
    ];
}
