//! The links of one cluster while a plan is made.

use super::channel::target_channel;
use super::cross::{Scene, SideScene};
use super::render::{rendered, shows};
use super::{CommentLink, CommentOrigin, MirrorState, revision};
use crate::digest::Digest;
use crate::item::{Comment, ItemId};
use crate::names::{LinkId, NodeName, Side};
use std::collections::{BTreeMap, BTreeSet};

/// The links by both their keys.
pub(super) struct Book {
    by_origin: BTreeMap<(Identity, ItemId), CommentLink>,
    by_comment: BTreeMap<(ItemId, String), Identity>,
}

/// [`CommentOrigin::identity`], owned.
type Identity = (NodeName, String);

fn identity(origin: &CommentOrigin) -> Identity {
    let (node, comment) = origin.identity();
    (node.clone(), comment.clone())
}

impl Book {
    pub(super) fn open(links: &[CommentLink]) -> Self {
        let mut book = Self {
            by_origin: BTreeMap::new(),
            by_comment: BTreeMap::new(),
        };
        for link in links {
            book.put(link.clone());
        }
        book
    }

    pub(super) fn put(&mut self, link: CommentLink) {
        let place = (link.item.clone(), link.comment.clone());
        let identity = identity(&link.origin);
        self.by_comment.insert(place, identity.clone());
        self.by_origin.insert((identity, link.item.clone()), link);
    }

    /// The mirror of an origin on an item, whatever became of it.
    pub(super) fn mirror(&self, origin: &CommentOrigin, item: &ItemId) -> Option<&CommentLink> {
        self.by_origin.get(&(identity(origin), item.clone()))
    }

    /// The link of a comment that is itself a mirror.
    pub(super) fn of(&self, item: &ItemId, comment: &str) -> Option<&CommentLink> {
        let origin = self.by_comment.get(&(item.clone(), comment.to_owned()))?;
        let link = self.by_origin.get(&(origin.clone(), item.clone()))?;
        (link.comment == comment).then_some(link)
    }

    /// The mirrors on one item that came from another.
    pub(super) fn between(&self, parent: &ItemId, item: &ItemId) -> Vec<CommentLink> {
        let links = self.by_origin.values();
        links
            .filter(|link| link.parent == *parent && link.item == *item)
            .cloned()
            .collect()
    }

    /// Marks mirrors that are no longer there as deleted by hand, and takes that back of those that are there: a tracker
    /// that lagged had not shown them, since nothing brings a deleted comment back under its id. Gives the changed links.
    pub(super) fn note_deleted_by_hand(&mut self, side: &SideScene<'_>) -> Vec<CommentLink> {
        let Some(present) = side.present() else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        for link in self.by_origin.values_mut() {
            if link.item != *side.id() {
                continue;
            }
            let state = match (link.state, present.contains_key(link.comment.as_str())) {
                (MirrorState::Live | MirrorState::Fixed, false) => MirrorState::HandDeleted,
                (MirrorState::HandDeleted, true) if link.origin.is_made_up() => MirrorState::Fixed,
                (MirrorState::HandDeleted, true) => MirrorState::Live,
                _ => continue,
            };
            link.state = state;
            changed.push(link.clone());
        }
        changed
    }

    /// Takes mirrors that carry our marker and have no link (the answer to the write was lost; the items were linked
    /// before, under another root) back as ours; gives the new links. Not while an add is open there: which twin wrote
    /// the mirror is known only when that is.
    pub(super) fn adopt(&mut self, scene: &Scene<'_>, on: Side) -> Vec<CommentLink> {
        let (side, other) = (scene.sides.get(on), scene.sides.get(on.other()));
        if !side.open.is_empty() {
            return Vec::new();
        }
        let unlinked: Vec<&Comment> = side
            .raw()
            .iter()
            .filter(|comment| comment.marker.is_some())
            .filter(|comment| self.of(side.id(), &comment.id).is_none())
            .filter(|comment| !self.is_original(side.id(), &comment.id))
            .collect();
        if unlinked.is_empty() {
            return Vec::new();
        }
        let origins = self.origins_seen_from(other);
        let parents = Parents::of(other);
        let mut adopted = Vec::new();
        for comment in unlinked {
            let key = comment.marker.as_ref().map(|marker| &marker.link);
            let Some(origin) = key.and_then(|key| origins.get(key)) else {
                continue;
            };
            let taken = self.mirror(origin, side.id()).is_some_and(|link| {
                link.state != MirrorState::Recreating || link.parent != *other.id()
            });
            if taken || origin.item == *side.id() {
                continue;
            }
            let link = CommentLink {
                root: scene.root.clone(),
                origin: origin.clone(),
                item: side.id().clone(),
                comment: comment.id.clone(),
                parent: other.id().clone(),
                revision: self.adopted_revision(scene, on, origin, comment, &parents),
                state: MirrorState::Live,
            };
            self.put(link.clone());
            adopted.push(link);
        }
        adopted
    }

    /// Whether a comment has mirrors of its own: then it is no mirror, whatever marker it carries.
    fn is_original(&self, item: &ItemId, comment: &str) -> bool {
        let mut origins = self.by_origin.keys();
        origins.any(|((node, original), _)| *node == item.node && original == comment)
    }

    /// The unlinked comments of an item whose marker names a mirror that stands there under another id, or an original of
    /// that very item. We write each mirror once, and none beside its original, so a person has copied the text with its
    /// marker: the table of links wins over the marker. Where the mirror is gone, only what our account did not write is a
    /// copy: its own comment may be that mirror, which a move of the item gave another id.
    pub(super) fn copies_on<'a>(&self, side: &'a SideScene<'_>) -> BTreeSet<&'a str> {
        let marked: Vec<_> = side
            .raw()
            .iter()
            .filter_map(|comment| Some((comment, &comment.marker.as_ref()?.link)))
            .filter(|(comment, _)| self.of(side.id(), &comment.id).is_none())
            .collect();
        if marked.is_empty() {
            return BTreeSet::new();
        }
        let keys_of = |states: [MirrorState; 2]| -> BTreeSet<LinkId> {
            let links = self.by_origin.values();
            links
                .filter(|link| link.item == *side.id() && states.contains(&link.state))
                .map(|link| link.origin.key())
                .collect()
        };
        let originals = side.raw().iter().map(|comment| CommentOrigin {
            item: side.id().clone(),
            comment: comment.id.clone(),
        });
        let mut accounted = keys_of([MirrorState::Live, MirrorState::Fixed]);
        accounted.extend(originals.map(|origin| origin.key()));
        let gone = keys_of([MirrorState::Deleted, MirrorState::HandDeleted]);
        let is_a_persons = |comment: &Comment| {
            !side.accounts.is_empty() && !side.accounts.contains(&comment.author.id)
        };
        marked
            .into_iter()
            .filter(|(comment, key)| {
                accounted.contains(*key) || (gone.contains(*key) && is_a_persons(comment))
            })
            .map(|(comment, _)| comment.id.as_str())
            .collect()
    }

    /// The originals that stand on an item or have come to it, by their keys.
    fn origins_seen_from(&self, other: &SideScene<'_>) -> BTreeMap<LinkId, CommentOrigin> {
        let known =
            |link: &&CommentLink| link.origin.item == *other.id() || link.item == *other.id();
        let linked = self.by_origin.values().filter(known);
        let linked = linked.map(|link| link.origin.clone());
        let raw = other.raw().iter().map(|comment| CommentOrigin {
            item: other.id().clone(),
            comment: comment.id.clone(),
        });
        linked
            .chain(raw)
            .map(|origin| (origin.key(), origin))
            .collect()
    }

    /// The state that an adopted mirror shows: its parent's present one where the texts agree; else one that no comment
    /// has, so that the mirror is written anew.
    fn adopted_revision(
        &self,
        scene: &Scene<'_>,
        on: Side,
        origin: &CommentOrigin,
        mirror: &Comment,
        parents: &Parents<'_>,
    ) -> Digest {
        let (side, from) = (scene.sides.get(on), scene.sides.get(on.other()));
        let up = self.mirror(origin, from.id());
        let id = up.map_or(origin.comment.as_str(), |link| link.comment.as_str());
        let unknown = Digest::of_parts(&["adopted", side.id().node.as_str(), &mirror.id]);
        let Some(&parent) = parents.raw.get(id) else {
            return unknown;
        };
        let shown = parents.shown.get(id).copied().unwrap_or(parent);
        let header = scene
            .contract
            .map_or("", |contract| contract.header.as_str());
        let channel = target_channel(scene, on.other(), parent, shown);
        let there = channel == Some(mirror.channel.as_str());
        if there
            && shows(
                mirror,
                &rendered(shown, if up.is_some() { "" } else { header }),
                side.capabilities.dialect,
            )
        {
            return up.map_or_else(|| revision(parent), |link| link.revision.clone());
        }
        unknown
    }
}

/// A side's comments by id: as its tracker has them, and as its rule shows them.
struct Parents<'a> {
    raw: BTreeMap<&'a str, &'a Comment>,
    shown: BTreeMap<&'a str, &'a Comment>,
}

impl<'a> Parents<'a> {
    fn of(side: &'a SideScene<'_>) -> Self {
        let by_id = |comment: &'a Comment| (comment.id.as_str(), comment);
        Self {
            raw: side.raw().iter().map(by_id).collect(),
            shown: side.view.iter().map(by_id).collect(),
        }
    }
}
