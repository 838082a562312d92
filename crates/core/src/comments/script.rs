//! Comments that an incoming script asks for: each once per link, key and causing change.

use super::book::Book;
use super::cross::{Crossing, Scene};
use super::{CommentLink, CommentOrigin, CommentStep, MirrorState};
use crate::digest::Digest;
use crate::effect::Effect;
use crate::marker::Marker;
use crate::names::Side;
use crate::reconcile::Planned;
use std::collections::BTreeMap;

/// Plans those on one side. Their origin is on the other side, under an id of our own, so that they never cross back.
pub(super) fn script_comments(scene: &Scene<'_>, book: &Book, on: Side, out: &mut Crossing) {
    let (side, other) = (scene.sides.get(on), scene.sides.get(on.other()));
    let (asked, cause) = scene.scripted.get(on);
    for comment in asked {
        let id = Digest::of_parts(&[scene.link.as_str(), &comment.key, cause.as_str()]);
        let origin = CommentOrigin {
            node: other.node.clone(),
            comment: format!("script~{id}"),
        };
        if book.mirror(&origin, side.node).is_some() {
            continue;
        }
        let mut link = CommentLink {
            root: scene.root.clone(),
            origin: origin.clone(),
            node: side.node.clone(),
            comment: String::new(),
            parent: other.node.clone(),
            revision: id,
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
                item: side.item.reference.item.clone(),
                channel: comment.channel.clone(),
                body: comment.body.clone(),
                marker,
            },
            fields: BTreeMap::new(),
            sent: BTreeMap::new(),
            comment: Some(CommentStep { links: vec![link] }),
        });
    }
}
