//! The links of one cluster's files while a plan is made.

use super::cross::{Scene, SideScene};
use super::{AttachmentLink, CopyState, FileOrigin};
use crate::item::{Attachment, ItemId};
use crate::names::{LinkId, NodeName, Side};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far two trackers' clocks may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(300);

/// The links by both their keys.
pub(super) struct Book {
    by_origin: BTreeMap<(Identity, ItemId), AttachmentLink>,
    by_copy: BTreeMap<(ItemId, String), Identity>,
}

/// [`FileOrigin::identity`], owned.
type Identity = (NodeName, String);

fn identity(origin: &FileOrigin) -> Identity {
    let (node, attachment) = origin.identity();
    (node.clone(), attachment.clone())
}

impl Book {
    pub(super) fn open(links: &[AttachmentLink]) -> Self {
        let mut book = Self {
            by_origin: BTreeMap::new(),
            by_copy: BTreeMap::new(),
        };
        for link in links {
            book.put(link.clone());
        }
        book
    }

    fn put(&mut self, link: AttachmentLink) {
        let identity = identity(&link.origin);
        if !link.attachment.is_empty() {
            let place = (link.item.clone(), link.attachment.clone());
            self.by_copy.insert(place, identity.clone());
        }
        self.by_origin.insert((identity, link.item.clone()), link);
    }

    /// The copy of an original on an item, whatever became of it.
    pub(super) fn copy(&self, origin: &FileOrigin, item: &ItemId) -> Option<&AttachmentLink> {
        self.by_origin.get(&(identity(origin), item.clone()))
    }

    /// The link of a file that is itself a copy.
    pub(super) fn of(&self, item: &ItemId, attachment: &str) -> Option<&AttachmentLink> {
        let origin = self.by_copy.get(&(item.clone(), attachment.to_owned()))?;
        let link = self.by_origin.get(&(origin.clone(), item.clone()))?;
        (link.attachment == attachment).then_some(link)
    }

    /// The copies on one item that came from another.
    pub(super) fn between(&self, parent: &ItemId, item: &ItemId) -> Vec<AttachmentLink> {
        let links = self.by_origin.values();
        links
            .filter(|link| link.parent == *parent && link.item == *item)
            .cloned()
            .collect()
    }

    /// Marks copies that are no longer there as deleted by hand, and takes that back of those that are there. Gives the
    /// changed links.
    pub(super) fn note_deleted_by_hand(&mut self, side: &SideScene<'_>) -> Vec<AttachmentLink> {
        let Some(files) = &side.item.attachments else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        for link in self.by_origin.values_mut() {
            if link.item != *side.id() {
                continue;
            }
            let there = files.iter().any(|file| file.id == link.attachment);
            link.state = match (link.state, there) {
                (CopyState::Live, false) => CopyState::HandDeleted,
                (CopyState::HandDeleted, true) => CopyState::Live,
                _ => continue,
            };
            changed.push(link.clone());
        }
        changed
    }

    /// Takes copies that have no link (the answer to the write was lost and so was what was known of it; the items were
    /// linked before) back as ours; gives the new links. One that carries our marker is told by it; without a marker one
    /// that our account has attached and that has the name and size of an original without a copy. Not while the outcome of
    /// a copy is open there.
    pub(super) fn adopt(&mut self, scene: &Scene<'_>, on: Side) -> Vec<AttachmentLink> {
        let (side, other) = (scene.sides.get(on), scene.sides.get(on.other()));
        if !side.open.is_empty() {
            return Vec::new();
        }
        let unlinked: Vec<&Attachment> = side
            .files()
            .iter()
            .filter(|file| file.marker.is_some() || side.accounts.contains(&file.by()))
            .filter(|file| self.of(side.id(), &file.id).is_none())
            .filter(|file| !self.is_original(side.id(), &file.id))
            .collect();
        let mut adopted = Vec::new();
        for file in unlinked {
            let free: Vec<(FileOrigin, &Attachment)> = self
                .originals_of(other)
                .into_iter()
                .filter(|(origin, _)| {
                    let copy = self.copy(origin, side.id());
                    origin.item != *side.id() && copy.is_none_or(AttachmentLink::is_owed)
                })
                .collect();
            let Some((origin, _)) = free
                .into_iter()
                .find(|(origin, original)| is_copy_of(file, &origin.key(), original))
            else {
                continue;
            };
            let link = AttachmentLink {
                root: scene.root.clone(),
                origin,
                item: side.id().clone(),
                attachment: file.id.clone(),
                parent: other.id().clone(),
                state: CopyState::Live,
                reason: String::new(),
                tried: scene.now,
            };
            self.put(link.clone());
            adopted.push(link);
        }
        adopted
    }

    /// Whether a file has copies of its own: then it is none, whatever marker it carries.
    fn is_original(&self, item: &ItemId, attachment: &str) -> bool {
        let mut origins = self.by_origin.keys();
        origins.any(|((node, original), _)| *node == item.node && original == attachment)
    }

    /// The files of an item, each with its original.
    fn originals_of<'a>(&self, side: &'a SideScene<'_>) -> Vec<(FileOrigin, &'a Attachment)> {
        let files = side.files().iter();
        files
            .map(|file| (self.origin_of(side.id(), &file.id), file))
            .collect()
    }

    /// The original of a file: that of which it is a copy, or itself.
    pub(super) fn origin_of(&self, item: &ItemId, attachment: &str) -> FileOrigin {
        self.of(item, attachment).map_or_else(
            || FileOrigin {
                item: item.clone(),
                attachment: attachment.to_owned(),
            },
            |link| link.origin.clone(),
        )
    }
}

/// Whether a file without a link is the copy of an original that has none.
fn is_copy_of(file: &Attachment, key: &LinkId, original: &Attachment) -> bool {
    match &file.marker {
        Some(marker) => marker.link == *key,
        None => {
            file.name == original.name
                && file.size == original.size
                && file.created.plus(CLOCKS_APART) >= original.created
        }
    }
}
