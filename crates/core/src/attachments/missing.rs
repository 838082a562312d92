//! Originals that a tracker's list does not show although they have copies.

use super::instead::attachment_of;
use super::{AttachmentLink, CopyState};
use crate::comments::{CommentLink, MirrorState};
use crate::contract::AttachmentContract;
use crate::item::{Item, ItemId};
use std::collections::BTreeSet;

/// The files of `item` that its list leaves out and whose deletion would reach their copies, or the links in their place,
/// on the item `other`. That is no evidence yet: each is to be asked for by itself.
pub fn left_out(
    links: &[AttachmentLink],
    comments: &[CommentLink],
    contract: Option<&AttachmentContract>,
    other: &ItemId,
    item: &Item,
) -> Vec<String> {
    let (Some(contract), Some(files)) = (contract, &item.attachments) else {
        return Vec::new();
    };
    if !contract.deletes {
        return Vec::new();
    }
    let own = &item.reference.item;
    let copied = links.iter().filter(|link| {
        let there = link.state == CopyState::Live && link.item == *other;
        there && link.parent == *own && link.origin.item == *own
    });
    let linked = comments.iter().filter(|link| {
        let there = link.state == MirrorState::Fixed && link.item == *other;
        there && link.parent == *own && link.origin.item == *own
    });
    let originals = copied.map(|link| link.origin.attachment.as_str());
    let originals = originals.chain(linked.filter_map(|link| attachment_of(&link.origin)));
    let wanted: BTreeSet<&str> = originals
        .filter(|id| files.iter().all(|file| file.id != *id))
        .collect();
    wanted.into_iter().map(str::to_owned).collect()
}
