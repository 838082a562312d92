//! Attachments: each file known by its origin, across the whole cluster.
//!
//! A file is known by its id, never by its content: two equal files are two. It is copied once to each item, outwards along
//! the path on which it came; of what becomes of it later only the original's deletion follows, where the rules say so. What
//! a person does to a copy stays there. Where a file cannot be copied a link is written in its place, as a comment.

mod book;
mod cross;
mod instead;
mod limits;
mod missing;

pub use missing::left_out;

pub(crate) use cross::{Scene, SideScene, plan};

use crate::digest::Digest;
use crate::effect::Refusal;
use crate::item::{Attachment, ItemId};
use crate::names::{LinkId, NodeName, RootId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A copy that could not be made is tried again when its item is looked at so long afterwards.
pub const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Where a person attached a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOrigin {
    /// The item. Only its node is part of the identity, so that a file stays the same when its item is moved and gets
    /// another id.
    pub item: ItemId,
    /// The tracker's id of the file there.
    pub attachment: String,
}

impl FileOrigin {
    /// What the marker of a copy carries in [`crate::marker::Marker::link`].
    pub fn key(&self) -> LinkId {
        let (node, attachment) = self.identity();
        LinkId::new(Digest::of_parts(&["attachment", node.as_str(), attachment]).as_str())
    }

    /// What tells it from every other file of all nodes.
    pub const fn identity(&self) -> (&NodeName, &String) {
        (&self.item.node, &self.attachment)
    }
}

/// One copy of a file. Stored for ever: one that once existed is never made again. Unique by (root, the origin's identity,
/// item): storing replaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentLink {
    /// The cluster.
    pub root: RootId,
    /// The original.
    pub origin: FileOrigin,
    /// The item that the copy is on.
    pub item: ItemId,
    /// The copy's id there; empty where it was not made.
    pub attachment: String,
    /// The item that it was copied from: the origin's, or in a chain another copy's.
    pub parent: ItemId,
    /// Whether it is still there.
    pub state: CopyState,
    /// Why it was not made, in the tracker's words; else empty.
    pub reason: String,
    /// When the copy was planned last.
    pub tried: Timestamp,
}

impl AttachmentLink {
    /// Whether both are the copy of the same original on the same item.
    pub fn is_of_same_place(&self, other: &Self) -> bool {
        self.item == other.item && self.origin.identity() == other.origin.identity()
    }

    /// Whether the copy could not be made, and may be made yet.
    pub fn is_owed(&self) -> bool {
        self.state == CopyState::Failed
    }

    /// Whether it is to be tried again.
    fn is_due(&self, now: Timestamp) -> bool {
        self.is_owed() && now >= self.tried.plus(RETRY_AFTER)
    }
}

/// What became of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// It is there.
    Live,
    /// The original was deleted, and so did we with the copy, where its tracker can.
    Deleted,
    /// A person deleted it; it stays deleted.
    HandDeleted,
    /// It was never made: the tracker does not take a file of this size or type.
    Refused,
    /// It was not made yet: the tracker refused it, or its original could not be read, for a reason that may pass.
    Failed,
}

/// What the success of an attachment effect means for its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentStep {
    /// The link as it is stored after success. Without an attachment id the id is filled from the answer.
    pub link: AttachmentLink,
}

impl AttachmentStep {
    /// The link to store after the effect was done. `answered`: the id that the tracker's answer shows, or that
    /// `recognise` found. `refused`: why nothing was attached. `None`: the id is not known, and the next plan adopts the
    /// file.
    pub fn settled(
        &self,
        answered: Option<&str>,
        refused: Option<&Refusal>,
    ) -> Option<AttachmentLink> {
        let mut link = self.link.clone();
        if let Some(refusal) = refused {
            link.state = match refusal.lasting {
                true => CopyState::Refused,
                false => CopyState::Failed,
            };
            refusal.sentence.clone_into(&mut link.reason);
        } else if link.attachment.is_empty() {
            answered?.clone_into(&mut link.attachment);
        }
        Some(link)
    }
}

/// Of the files that may be a copy of ours on `item` ([`crate::effect::Recognised::Files`]) the first that no link claims, and
/// that is not in `taken`.
pub fn unclaimed(
    found: Vec<Attachment>,
    links: &[AttachmentLink],
    item: &ItemId,
    taken: &[String],
) -> Option<Attachment> {
    let is_claimed = |id: &String| {
        taken.contains(id)
            || links
                .iter()
                .any(|link| link.item == *item && link.attachment == *id)
    };
    found.into_iter().find(|file| !is_claimed(&file.id))
}

/// What a file is called where people are told of it: `file gh/12 report.pdf`.
pub(crate) fn place(item: &ItemId, file: &Attachment) -> String {
    format!("file {}/{} {}", item.node, file.id, file.name)
}

#[cfg(test)]
mod tests;
