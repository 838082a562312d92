//! The item: one work item of one tracker, in one model for all trackers.
//!
//! **Absent is not empty.** A field that is missing from [`Item::fields`] was hidden, not returned or not asked for, and
//! never makes a change; a field that is present with [`Value::Empty`] is known to be empty.

mod comment;
mod reference;
mod user;
mod value;

pub use comment::{Attachment, Comment};
pub use reference::{ItemId, ItemRef, Version};
pub use user::User;
pub use value::{Choice, Number, Value, canonical};

use crate::marker::Marker;
use crate::names::FieldName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Native field names that every connector uses for the same thing. Any other field keeps its tracker's own id.
pub mod field {
    /// The kind of item: [`super::Value::Choice`].
    pub const TYPE: &str = "type";
    /// The one-line title: [`super::Value::Text`].
    pub const SUMMARY: &str = "summary";
    /// The long text: [`super::Value::Rich`].
    pub const DESCRIPTION: &str = "description";
    /// The workflow state: [`super::Value::Choice`]; for GitHub `open`, `closed:completed`, `closed:not_planned`.
    pub const STATUS: &str = "status";
    /// [`super::Value::Choice`].
    pub const PRIORITY: &str = "priority";
    /// [`super::Value::Choice`].
    pub const RESOLUTION: &str = "resolution";
    /// [`super::Value::Set`].
    pub const LABELS: &str = "labels";
    /// The one person it is assigned to (the first, where a tracker has several): [`super::Value::User`].
    pub const ASSIGNEE: &str = "assignee";
    /// All assigned people, where a tracker has several: [`super::Value::Users`].
    pub const ASSIGNEES: &str = "assignees";
    /// Who reported it: [`super::Value::User`]; read only in most trackers.
    pub const REPORTER: &str = "reporter";
    /// The parent item's key: [`super::Value::Text`].
    pub const PARENT: &str = "parent";
    /// The day it is due, `2026-01-31`: [`super::Value::Date`].
    pub const DUE: &str = "due";
    /// When it was created: [`super::Value::Time`]; read only.
    pub const CREATED: &str = "created";
    /// When it was last changed: [`super::Value::Time`]; read only.
    pub const UPDATED: &str = "updated";
}

/// One observation of an item: what its tracker said it is, whole, with all pages of comments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which item.
    pub reference: ItemRef,
    /// Every field that the tracker returned, by stable id.
    pub fields: BTreeMap<FieldName, Value>,
    /// All comments in the order of their creation; `None` when they were not read.
    pub comments: Option<Vec<Comment>>,
    /// All attachments; `None` when they were not read.
    pub attachments: Option<Vec<Attachment>>,
    /// Comparable: tells an older observation from a newer one.
    pub version: Version,
    /// The marker found on the item, if any. A clone carries its original's.
    pub marker: Option<Marker>,
    /// Where in its node the item lies now, in the tracker's `scope` keys: `{repo: "acme/app"}`,
    /// `{project: "SUP", type: "Bug"}`.
    pub scope: BTreeMap<String, String>,
}

impl Item {
    /// The value of a field; `None` when it is absent.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }
}

/// What fetching an item told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fetched {
    /// It is there.
    Found(Box<Item>),
    /// It was transferred; fetch it there.
    Moved(ItemRef),
    /// 404 or 403: hidden, private, or gone. Not evidence of deletion.
    Unreachable {
        /// The tracker's sentence.
        reason: String,
    },
    /// Positive evidence: the tracker said that it was deleted.
    Deleted {
        /// What said so: a 410, a webhook, an audit row.
        evidence: String,
    },
}

#[cfg(test)]
mod tests;
