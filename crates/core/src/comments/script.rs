//! Comments that an incoming script asks for: each once per link, key and causing change.

use super::book::Book;
use super::cross::{Crossing, Scene};
use super::{CommentLink, CommentOrigin, CommentStep, MirrorState};
use crate::digest::Digest;
use crate::effect::Effect;
use crate::item::ItemId;
use crate::marker::Marker;
use crate::names::{LinkId, Side};
use crate::reconcile::Planned;
use std::collections::BTreeMap;

/// What a script's comment is known by: `other` is the item opposite the one that it is written on.
pub(crate) fn script_origin(
    link: &LinkId,
    other: &ItemId,
    key: &str,
    cause: &Digest,
) -> CommentOrigin {
    let id = Digest::of_parts(&[link.as_str(), key, cause.as_str()]);
    CommentOrigin {
        item: other.clone(),
        comment: format!("script~{id}"),
    }
}

/// Plans those on one side. Their origin is on the other side, under an id of our own, so that they never cross back.
pub(super) fn script_comments(scene: &Scene<'_>, book: &Book, on: Side, out: &mut Crossing) {
    let (side, other) = (scene.sides.get(on), scene.sides.get(on.other()));
    for (comment, cause) in scene.scripted.get(on) {
        let origin = script_origin(scene.link, other.id(), &comment.key, cause);
        if book.mirror(&origin, side.id()).is_some() {
            continue;
        }
        let mut link = CommentLink {
            root: scene.root.clone(),
            origin: origin.clone(),
            item: side.id().clone(),
            comment: String::new(),
            parent: other.id().clone(),
            revision: cause.clone(),
            state: MirrorState::Fixed,
        };
        let marker = Marker {
            root: scene.root.clone(),
            link: origin.key(),
        };
        let found = side
            .raw()
            .iter()
            .find(|there| there.marker.as_ref() == Some(&marker));
        if let Some(found) = found {
            link.comment.clone_from(&found.id);
            out.links.push(link);
            continue;
        }
        out.effects.push(Planned {
            side: on,
            effect: Effect::AddComment {
                item: side.id().clone(),
                channel: comment.channel.clone(),
                body: comment.body.clone(),
                marker,
            },
            fields: BTreeMap::new(),
            sent: BTreeMap::new(),
            comment: Some(CommentStep { links: vec![link] }),
            attachment: None,
        });
    }
}
