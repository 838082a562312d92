//! The contract of a connection: what crosses, in which direction, and who wins.

use crate::item::Choice;
use crate::names::{ConnectionName, FieldName, NodeName, ReplicaField, Side, Sides};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What crosses between the two sides of a connection, under one rule version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// The connection.
    pub connection: ConnectionName,
    /// The version of its rules: map, scripts, value and people tables.
    pub version: u32,
    /// The two nodes.
    pub nodes: Sides<NodeName>,
    /// Where twins are created, in each tracker's scope keys.
    pub scopes: Sides<BTreeMap<String, String>>,
    /// Each side's trigger, in its tracker's query language; `None`: the side creates no twins.
    pub triggers: Sides<Option<String>>,
    /// The replica fields.
    pub fields: BTreeMap<ReplicaField, FieldContract>,
    /// `[comments]`; `None`: no comment crosses.
    pub comments: Option<CommentContract>,
    /// `[attachments]`; `None`: no attachment crosses.
    #[serde(default)]
    pub attachments: Option<AttachmentContract>,
    /// What happens when an item leaves the trigger.
    pub leave: Leave,
    /// What happens to the twin when an item is deleted.
    pub deleted: Deleted,
    /// The status that closes an item on each side, for `deleted = "close"`.
    pub closed_status: Sides<Option<Choice>>,
    /// More writes than this within ten minutes hold the connection.
    pub max_writes_per_10min: u32,
}

/// One replica field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldContract {
    /// Which way it crosses.
    pub direction: Direction,
    /// Who wins when both sides changed it.
    pub conflict: Conflict,
    /// Who wins when `latest` cannot tell.
    pub tie: Side,
    /// Who wins while it was never in step.
    pub first: First,
    /// What an edit on the target of a one-way field means.
    pub drift: Drift,
    /// The native fields that the map reads and writes for it; empty where only scripts do.
    pub native: Sides<BTreeSet<FieldName>>,
    /// The side on which values are cut (`max`), with the limit in characters.
    pub max_chars: Sides<Option<usize>>,
    /// Whether it is the parent on both sides of two nodes: it crosses as [`crate::parents`] says.
    pub parent: bool,
}

/// Which way a field or a channel crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// `<->`
    #[serde(rename = "<->")]
    Both,
    /// `->`: from left to right.
    #[serde(rename = "->")]
    ToRight,
    /// `<-`: from right to left.
    #[serde(rename = "<-")]
    ToLeft,
}

impl Direction {
    /// Whether changes made on `side` cross to the other.
    pub const fn leaves(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::ToRight => matches!(side, Side::Left),
            Self::ToLeft => matches!(side, Side::Right),
        }
    }
}

/// Who wins when both sides changed a field and they are not in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conflict {
    /// The left side.
    Left,
    /// The right side.
    Right,
    /// Whoever changed it later, by the tracker's field history.
    Latest,
    /// Both, block by block or element by element; where one block was changed by both, hold.
    Merge,
    /// Nobody: freeze the field and ask.
    Hold,
}

/// Who wins while a field was never in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum First {
    /// The left side.
    Left,
    /// The right side.
    Right,
    /// The side that is not empty; when both are filled and differ, hold.
    Filled,
    /// Nobody: freeze the field and ask.
    Hold,
}

/// What an edit on the target of a one-way field means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drift {
    /// It stays until the source changes.
    Keep,
    /// It is put back.
    Restore,
}

/// What happens to a twin whose item no longer matches its trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leave {
    /// Link and bases are kept; re-entry wakes it.
    Sleep,
    /// The twin ends.
    Unlink,
}

/// What happens to the other item when one was deleted, on positive evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deleted {
    /// The twin ends; the other item stays as it is.
    Unlink,
    /// The other item is closed.
    Close,
    /// The other item is deleted.
    Delete,
}

/// How comments cross.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentContract {
    /// The channels that cross; any other never does.
    pub channels: Vec<ChannelPair>,
    /// The line above a mirrored comment: `{author} · {time}`; empty: none.
    pub header: String,
    /// Whether an edit of the original crosses.
    pub edits: bool,
    /// Whether a deletion of the original crosses.
    pub deletes: bool,
    /// What an edit means where the target cannot edit: append a correction, or skip.
    pub append_corrections: bool,
}

/// How attachments cross.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentContract {
    /// Which way.
    pub direction: Direction,
    /// The greatest size that is copied, in bytes.
    pub max_bytes: u64,
    /// Media types that are not copied, in lower case: `application/x-msdownload`, `video/*`.
    pub deny: BTreeSet<String>,
    /// Whether a link is written for what is not copied; else it is skipped.
    pub link_over: bool,
    /// Whether a deletion of the original crosses.
    pub deletes: bool,
}

/// One pair of comment channels by native name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPair {
    /// Each side's channel.
    pub names: Sides<String>,
    /// Which way.
    pub direction: Direction,
}
