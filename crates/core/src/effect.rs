//! Effects: the closed list of writes that can be made on a tracker.

use crate::item::{Attachment, Comment, Item, ItemId, Value, Version};
use crate::marker::Marker;
use crate::names::FieldName;
use crate::richtext::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One write to make on a tracker. The engine executes it; a connector translates it; neither decides anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Create the twin.
    Create {
        /// Where, in the tracker's scope keys.
        scope: BTreeMap<String, String>,
        /// The fields to set.
        fields: BTreeMap<FieldName, Value>,
        /// Travels in the create request where the tracker can store it.
        marker: Marker,
    },
    /// Write fields of an item. A change of `status` is a transition where the tracker has a workflow.
    Update {
        /// Which item.
        item: ItemId,
        /// What to write.
        fields: BTreeMap<FieldName, FieldWrite>,
        /// The version that was planned from: the condition, where the tracker has compare-and-swap.
        planned_from: Version,
    },
    /// Put the marker on an existing item (linking pairs that both existed).
    Mark {
        /// Which item.
        item: ItemId,
        /// The marker.
        marker: Marker,
    },
    /// Write a comment.
    AddComment {
        /// On which item.
        item: ItemId,
        /// In which channel, by native name.
        channel: String,
        /// The text, header included.
        body: Document,
        /// Names the original; stored with the comment where the tracker can.
        marker: Marker,
    },
    /// Replace a comment's text.
    EditComment {
        /// On which item.
        item: ItemId,
        /// Which comment.
        comment: String,
        /// The new text, header included.
        body: Document,
        /// Written again with the text, where it lies in the text.
        marker: Marker,
    },
    /// Delete a comment.
    DeleteComment {
        /// On which item.
        item: ItemId,
        /// Which comment.
        comment: String,
    },
    /// Attach a copy of a file. Its bytes are no part of the effect: they are read at the source while it is made.
    AddAttachment {
        /// To which item.
        item: ItemId,
        /// The item that the file is attached to.
        source: ItemId,
        /// The file, as its tracker tells of it.
        file: Box<Attachment>,
        /// The channel whose readers see it, by native name, where a tracker tells files apart by their readers.
        channel: Option<String>,
        /// Names the original; stored with the copy where the tracker can.
        marker: Marker,
    },
    /// Delete an attached file.
    DeleteAttachment {
        /// On which item.
        item: ItemId,
        /// Which file.
        attachment: String,
    },
    /// Delete an item: policy `deleted = "delete"` only.
    Delete {
        /// Which item.
        item: ItemId,
    },
}

impl Effect {
    /// Whether two effects are tries at one write, whatever was there before.
    pub fn is_same_write(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Update { item, fields, .. },
                Self::Update {
                    item: same_item,
                    fields: same_fields,
                    ..
                },
            ) => item == same_item && fields == same_fields,
            _ => self == other,
        }
    }

    /// The item that it writes to; `None` for a create.
    pub const fn item(&self) -> Option<&ItemId> {
        match self {
            Self::Create { .. } => None,
            Self::Update { item, .. }
            | Self::Mark { item, .. }
            | Self::AddComment { item, .. }
            | Self::EditComment { item, .. }
            | Self::DeleteComment { item, .. }
            | Self::AddAttachment { item, .. }
            | Self::DeleteAttachment { item, .. }
            | Self::Delete { item } => Some(item),
        }
    }

    /// Where it creates an item; `None` for any other write.
    pub const fn created_in(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Create { scope, .. } => Some(scope),
            Self::Update { .. }
            | Self::Mark { .. }
            | Self::AddComment { .. }
            | Self::EditComment { .. }
            | Self::DeleteComment { .. }
            | Self::AddAttachment { .. }
            | Self::DeleteAttachment { .. }
            | Self::Delete { .. } => None,
        }
    }
}

/// What to write into one native field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldWrite {
    /// Replace the value.
    Replace(Value),
    /// Add and remove elements of a set; a connector uses element-wise requests where the tracker has them, so that a
    /// simultaneous change of another element is kept.
    Elements {
        /// Elements to add.
        add: BTreeSet<String>,
        /// Elements to remove.
        remove: BTreeSet<String>,
    },
}

/// What an attempt achieved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The item after the write, when the tracker's answer shows it whole. Else the engine fetches.
    pub item: Option<Box<Item>>,
    /// The created item, when only its identity is known.
    pub created: Option<crate::item::ItemRef>,
    /// The comment that was written or edited, when the answer shows it.
    pub comment: Option<Box<Comment>>,
    /// The file that was attached, when the answer shows it.
    pub attachment: Option<Box<Attachment>>,
    /// Why a file was not attached. Nothing was written.
    pub refused: Option<Refusal>,
    /// The version right after the write, when the tracker tells.
    pub version: Option<Version>,
    /// Whether that version is adjacent to the one planned from: nobody wrote in between (compare-and-swap held, or the
    /// revision rose by exactly one).
    pub adjacent: bool,
    /// Fields that the tracker cannot take now, with its reason: an unreachable status, a read-only field.
    pub waived: BTreeMap<FieldName, String>,
}

/// Why a file was not attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// In the tracker's words.
    pub sentence: String,
    /// Whether it is for the file's own sake, its size or its type, and stays. Else a person or time may mend it: a
    /// permission, a scan that goes on.
    pub lasting: bool,
}

/// What `recognise` found after an attempt with unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recognised {
    /// Our write is there.
    There(Box<Applied>),
    /// Our write is certainly not there: a strongly consistent answer. Counts only after the settle time.
    NotThere,
    /// Nothing carries the create's marker, but our account has made these items since, without a marker and with the
    /// summary that was to be written: a person may have removed the marker with the text that it lies in. One that
    /// belongs to a twin is not it; the single one that is left is; of several nobody can say.
    Alike(Vec<Applied>),
    /// Files that our account has attached since, of the name and size that were to be attached, oldest first, where a file
    /// carries no marker. One that a link claims is another's copy; the first that is left is this one.
    Files(Vec<Attachment>),
    /// The tracker cannot say: quarantine the twin, never write a second time.
    Unclear {
        /// Why.
        reason: String,
    },
}

/// One change of one field in a tracker's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which field, by native name.
    pub field: FieldName,
    /// When, by the tracker's clock.
    pub at: Timestamp,
    /// Who, by the tracker's user id.
    pub by: String,
}
