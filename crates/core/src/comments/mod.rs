//! Comments: each known by its origin, across the whole cluster.
//!
//! Originals own. A comment crosses once to each item; only the original's edits and deletions follow it, outwards along
//! the path on which it came. What a person does to a mirror stays there.

mod book;
mod channel;
mod cross;
mod missing;
mod render;
mod script;

pub use missing::left_out;

pub(crate) use cross::{Scene, SideScene, plan};
pub(crate) use script::script_origin;

use crate::digest::Digest;
use crate::item::{Comment, ItemId};
use crate::names::{LinkId, NodeName, RootId};
use serde::{Deserialize, Serialize};

/// Where a person wrote a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentOrigin {
    /// The item. It says which tracker can tell what became of the comment; only its node is part of the identity, so
    /// that a comment stays the same when its item is moved and gets another id.
    pub item: ItemId,
    /// The tracker's comment id there. For a comment that a script asked for, or a correction, an id of our own that no
    /// tracker uses (it contains `~`).
    pub comment: String,
}

impl CommentOrigin {
    /// What the marker of a mirror carries in [`crate::marker::Marker::link`].
    pub fn key(&self) -> LinkId {
        let (node, comment) = self.identity();
        LinkId::new(Digest::of_parts(&["comment", node.as_str(), comment]).as_str())
    }

    /// What tells it from every other comment of all nodes.
    pub const fn identity(&self) -> (&NodeName, &String) {
        (&self.item.node, &self.comment)
    }

    /// Whether no such comment stands anywhere: the origin of a correction or of a script's comment, whose id is ours.
    pub(crate) fn is_made_up(&self) -> bool {
        self.comment.contains('~')
    }
}

/// One mirror of a comment. Stored for ever: a mirror that once existed is never written again. Unique by
/// (root, the origin's identity, item): storing replaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentLink {
    /// The cluster.
    pub root: RootId,
    /// The original.
    pub origin: CommentOrigin,
    /// The item that the mirror is on.
    pub item: ItemId,
    /// The mirror's id there.
    pub comment: String,
    /// The item that it was mirrored from: the origin's, or in a chain another mirror's.
    pub parent: ItemId,
    /// The state of the original that the mirror shows: [`revision`] of it.
    pub revision: Digest,
    /// Whether it is still there.
    pub state: MirrorState,
}

impl CommentLink {
    /// Whether both are the mirror of the same original on the same item.
    pub fn is_of_same_place(&self, other: &Self) -> bool {
        self.item == other.item && self.origin.identity() == other.origin.identity()
    }
}

/// What became of a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MirrorState {
    /// It is there and follows its original.
    Live,
    /// It is there, and nothing is to follow: a correction, or a comment by a script.
    Fixed,
    /// We deleted it, because the original was deleted.
    Deleted,
    /// A person deleted it; it stays deleted.
    HandDeleted,
    /// We deleted it, because the original moved to another channel. It is written again in the one that fits, as soon as
    /// the original lies in a channel that crosses.
    Recreating,
}

/// What the success of a comment effect means for the links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentStep {
    /// The links as they are stored after success. In a link without a comment id the id is filled from the answer.
    pub links: Vec<CommentLink>,
}

impl CommentStep {
    /// The links to store after the effect was done (`answered`: the id of the comment that the tracker's answer shows,
    /// or that `recognise` found). A link whose comment id is not known is left out: the next plan adopts the comment by
    /// its marker.
    pub fn settled(&self, answered: Option<&str>) -> Vec<CommentLink> {
        let links = self.links.iter().filter_map(|link| {
            let mut link = link.clone();
            if link.comment.is_empty() {
                link.comment = answered?.to_owned();
            }
            Some(link)
        });
        links.collect()
    }
}

/// The state of an original that mirrors follow: its text and channel.
pub fn revision(comment: &Comment) -> Digest {
    Digest::of(&(&comment.body, &comment.channel))
}
