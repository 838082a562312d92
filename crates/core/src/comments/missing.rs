//! Originals that a tracker's list does not show although they have mirrors.

use super::{CommentLink, MirrorState};
use crate::contract::CommentContract;
use crate::item::{Item, ItemId};
use std::collections::BTreeSet;

/// The comments of `item` that its list leaves out and whose deletion would reach their mirrors on the item `other`. A
/// list may lag, so that is no evidence yet: each is to be asked for by itself.
pub fn left_out(
    links: &[CommentLink],
    contract: Option<&CommentContract>,
    other: &ItemId,
    item: &Item,
) -> Vec<String> {
    let (Some(contract), Some(comments)) = (contract, &item.comments) else {
        return Vec::new();
    };
    let own = &item.reference.item;
    let shown: BTreeSet<&str> = comments.iter().map(|comment| comment.id.as_str()).collect();
    let follows = |link: &&CommentLink| {
        let reached = match link.state {
            MirrorState::Live => contract.deletes,
            MirrorState::Recreating => true,
            MirrorState::Fixed | MirrorState::Deleted | MirrorState::HandDeleted => false,
        };
        reached && link.item == *other && link.parent == *own && link.origin.item == *own
    };
    let origins = links
        .iter()
        .filter(follows)
        .map(|link| &link.origin.comment);
    origins
        .filter(|comment| !shown.contains(comment.as_str()))
        .cloned()
        .collect()
}
