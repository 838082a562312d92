//! What the simulator keeps of work items.

use serde_json::Value;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;

/// Fields by reference name; what is empty is absent. An identity is a unique name.
pub(super) type Fields = BTreeMap<String, Value>;

/// A work item with everything that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct WorkItem {
    pub(super) id: u64,
    pub(super) fields: Fields,
    pub(super) relations: Vec<Relation>,
    pub(super) comments: Vec<Comment>,
    /// Fields that are in Markdown.
    pub(super) markdown: Vec<String>,
    /// Every state that it has had, the first one included.
    pub(super) revisions: Vec<Revision>,
    /// In the recycle bin: when, and by which account.
    pub(super) deleted: Option<(Timestamp, String)>,
    /// Gone for good.
    pub(super) destroyed: bool,
    /// The status with which the API denies it, while it does.
    pub(super) hidden: Option<u16>,
}

impl WorkItem {
    /// The number of the newest revision.
    pub(super) const fn rev(&self) -> usize {
        self.revisions.len()
    }

    /// A text field, or the empty text.
    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or("")
    }

    /// The newest revision that was there at an instant.
    pub(super) fn as_of(&self, at: Timestamp) -> Option<&Revision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| revision.at <= at)
    }

    /// Whether it is neither deleted nor destroyed.
    pub(super) const fn is_alive(&self) -> bool {
        self.deleted.is_none() && !self.destroyed
    }
}

/// One state of a work item.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    /// From 1.
    pub(super) rev: usize,
    pub(super) at: Timestamp,
    /// A unique name.
    pub(super) by: String,
    pub(super) fields: Fields,
    pub(super) relations: Vec<Relation>,
    /// The comment that it added, edited or deleted: id, version, whether it is deleted.
    pub(super) comment: Option<(u64, u64, bool)>,
}

/// A link of a work item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Relation {
    pub(super) rel: String,
    pub(super) url: String,
    pub(super) attributes: Value,
}

/// The rel of a link to an address.
pub(super) const HYPERLINK: &str = "Hyperlink";
/// The rel of a link to the item above.
pub(super) const PARENT: &str = "System.LinkTypes.Hierarchy-Reverse";
/// The rel of a link to an item below.
pub(super) const CHILD: &str = "System.LinkTypes.Hierarchy-Forward";

/// The links between work items that every organization has: rel, name, and the rel of the other end.
pub(super) const LINK_TYPES: &[(&str, &str, &str)] = &[
    (PARENT, "Parent", CHILD),
    (CHILD, "Child", PARENT),
    (
        "System.LinkTypes.Related",
        "Related",
        "System.LinkTypes.Related",
    ),
    (
        "System.LinkTypes.Dependency-Forward",
        "Successor",
        "System.LinkTypes.Dependency-Reverse",
    ),
    (
        "System.LinkTypes.Dependency-Reverse",
        "Predecessor",
        "System.LinkTypes.Dependency-Forward",
    ),
    (
        "System.LinkTypes.Duplicate-Forward",
        "Duplicate",
        "System.LinkTypes.Duplicate-Reverse",
    ),
    (
        "System.LinkTypes.Duplicate-Reverse",
        "Duplicate Of",
        "System.LinkTypes.Duplicate-Forward",
    ),
];

/// The work item that an address names: the number at its end.
pub(super) fn target(url: &str) -> Option<u64> {
    let (before, id) = url.rsplit_once('/')?;
    let named = before.to_ascii_lowercase().ends_with("_apis/wit/workitems");
    id.parse().ok().filter(|_| named)
}

/// A comment.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) version: u64,
    /// A unique name.
    pub(super) author: String,
    pub(super) modified_by: String,
    pub(super) text: String,
    pub(super) markdown: bool,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) deleted: bool,
}
