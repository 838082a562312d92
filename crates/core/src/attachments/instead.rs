//! The link that is written in the place of a file: a comment of ours that nothing follows.

use super::limits::shown_size;
use super::{Scene, place};
use crate::comments::{CommentLink, CommentOrigin, CommentStep, MirrorState};
use crate::digest::Digest;
use crate::effect::Effect;
use crate::item::{Attachment, ItemId};
use crate::marker::Marker;
use crate::names::Side;
use crate::reconcile::Planned;
use crate::richtext::{Block, Document, Inline, Link, Marks};
use std::collections::BTreeMap;

/// Before a file's id in the id that its comment's origin has, which no tracker uses.
const PREFIX: &str = "file~";

/// What the comment in a file's place is known by.
pub(super) fn origin(item: &ItemId, attachment: &str) -> CommentOrigin {
    CommentOrigin {
        item: item.clone(),
        comment: format!("{PREFIX}{attachment}"),
    }
}

/// The file in whose place a comment with this origin stands.
pub(super) fn attachment_of(origin: &CommentOrigin) -> Option<&str> {
    origin.comment.strip_prefix(PREFIX)
}

/// The comment that stands in the place of a file on an item, whatever became of it.
pub(super) fn standing<'a>(
    links: &'a [CommentLink],
    origin: &CommentOrigin,
    item: &ItemId,
) -> Option<&'a CommentLink> {
    let mut links = links.iter();
    links.find(|link| link.item == *item && link.origin.identity() == origin.identity())
}

/// The comment in a file's place that has no link and is there: what was known of it was lost. It is told by its marker.
pub(super) fn adopt(scene: &Scene<'_>, from: Side, file: &Attachment) -> Option<CommentLink> {
    let (x, y) = (scene.sides.get(from), scene.sides.get(from.other()));
    let origin = origin(x.id(), &file.id);
    let key = origin.key();
    let mut there = y.item.comments.iter().flatten();
    let ours = there.find(|comment| {
        let marker = comment.marker.as_ref();
        marker.is_some_and(|marker| marker.link == key)
    })?;
    Some(CommentLink {
        comment: ours.id.clone(),
        ..link(scene, from, file)
    })
}

/// The channel of the other side in which a link to a file of `from` is written: the one in which comments for the same
/// readers cross; without `[comments]` the first one for them. `None`: there is none.
pub(super) fn channel<'a>(scene: &'a Scene<'_>, from: Side, file: &Attachment) -> Option<&'a str> {
    if scene.comments.is_some() {
        return paired(scene, from, file);
    }
    let mut channels = scene.sides.get(from.other()).capabilities.channels.iter();
    let found = channels.find(|channel| channel.written && channel.internal == file.internal);
    found.map(|channel| channel.name.as_str())
}

/// The channel of the other side for whose readers a file of `from` is: the one in which comments for the same readers
/// cross. `None`: the rules list none.
pub(super) fn paired<'a>(scene: &'a Scene<'_>, from: Side, file: &Attachment) -> Option<&'a str> {
    let is_internal = |side: Side, name: &str| {
        let mut channels = scene.sides.get(side).capabilities.channels.iter();
        channels.any(|channel| channel.name == name && channel.internal)
    };
    let to = from.other();
    // What only a team sees is not told to others.
    let may = |name: &str| !file.internal || is_internal(to, name);
    let mut pairs = scene.comments?.channels.iter();
    let pair = pairs.find(|pair| {
        pair.direction.leaves(from)
            && is_internal(from, pair.names.get(from)) == file.internal
            && may(pair.names.get(to))
    })?;
    Some(pair.names.get(to).as_str())
}

/// Plans the comment.
pub(super) fn write(
    scene: &Scene<'_>,
    from: Side,
    file: &Attachment,
    channel: &str,
    reason: &str,
) -> Planned {
    let (x, y) = (scene.sides.get(from), scene.sides.get(from.other()));
    let link = link(scene, from, file);
    let marker = Marker {
        root: scene.root.clone(),
        link: link.origin.key(),
    };
    let url = file.url.as_deref().unwrap_or(&x.item.reference.url);
    Planned {
        side: from.other(),
        effect: Effect::AddComment {
            item: y.id().clone(),
            channel: channel.to_owned(),
            body: body(file, url, reason),
            marker,
        },
        fields: BTreeMap::new(),
        sent: BTreeMap::new(),
        comment: Some(CommentStep { links: vec![link] }),
        attachment: None,
    }
}

/// The link of a comment that is not written yet.
fn link(scene: &Scene<'_>, from: Side, file: &Attachment) -> CommentLink {
    let (x, y) = (scene.sides.get(from), scene.sides.get(from.other()));
    CommentLink {
        root: scene.root.clone(),
        origin: origin(x.id(), &file.id),
        item: y.id().clone(),
        comment: String::new(),
        parent: x.id().clone(),
        revision: Digest::of_parts(&["file", &place(x.id(), file)]),
        state: MirrorState::Fixed,
    }
}

/// `Ada attached report.pdf (31 MiB), which is not copied: …`, the name being a link.
fn body(file: &Attachment, url: &str, reason: &str) -> Document {
    let who = file
        .author
        .as_ref()
        .map_or("Somebody", |author| author.label());
    let name = Inline::Text {
        text: file.name.clone(),
        marks: Marks {
            link: (!url.is_empty()).then(|| Link {
                url: url.to_owned(),
                title: None,
            }),
            ..Marks::default()
        },
    };
    let size = shown_size(file.size);
    Document {
        blocks: vec![Block::Paragraph(vec![
            Inline::text(format!("{who} attached ")),
            name,
            Inline::text(format!(" ({size}), which is not copied: {reason}.")),
        ])],
    }
    .normalised()
}

/// Deletes the comment after its file was deleted.
pub(super) fn delete(link: CommentLink, side: Side) -> Planned {
    Planned {
        side,
        effect: Effect::DeleteComment {
            item: link.item.clone(),
            comment: link.comment.clone(),
        },
        fields: BTreeMap::new(),
        sent: BTreeMap::new(),
        comment: Some(CommentStep {
            links: vec![CommentLink {
                state: MirrorState::Deleted,
                ..link
            }],
        }),
        attachment: None,
    }
}
