//! Planning the attachments of one twin.

use super::book::Book;
use super::limits::{Over, judge};
use super::{AttachmentLink, AttachmentStep, CopyState, FileOrigin, instead, place};
use crate::capability::Capabilities;
use crate::comments::{CommentLink, MirrorState};
use crate::contract::{AttachmentContract, CommentContract};
use crate::effect::Effect;
use crate::item::{Attachment, Item, ItemId};
use crate::marker::Marker;
use crate::names::{LinkId, RootId, Side, Sides};
use crate::reconcile::Planned;
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many writes a plan makes for the files of one side at most; the next plan goes on.
const WRITES_MAX: usize = 20;
/// How many bytes of one side a plan copies at most, but for a single file that is larger: the cluster waits meanwhile.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What the attachments of a plan depend on.
pub(crate) struct Scene<'a> {
    pub(crate) root: &'a RootId,
    pub(crate) contract: Option<&'a AttachmentContract>,
    /// For links in the place of files.
    pub(crate) comments: Option<&'a CommentContract>,
    pub(crate) now: Timestamp,
    /// How many writes the connection may make in the breaker's window.
    pub(crate) writes_max: u32,
    pub(crate) links: &'a [AttachmentLink],
    pub(crate) comment_links: &'a [CommentLink],
    pub(crate) sides: Sides<SideScene<'a>>,
}

/// One side's attachments.
pub(crate) struct SideScene<'a> {
    pub(crate) item: &'a Item,
    /// Those that its outgoing rule shows.
    pub(crate) view: &'a [Attachment],
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) accounts: &'a BTreeSet<String>,
    /// The originals of which a copy with unknown outcome is open here.
    pub(crate) open: &'a BTreeSet<LinkId>,
    /// The originals ([`crate::comments::CommentOrigin::key`]) of which a comment with unknown outcome is open here.
    pub(crate) open_comments: &'a BTreeSet<LinkId>,
    /// Those that the tracker says are gone.
    pub(crate) gone: &'a BTreeSet<String>,
    /// Those of which it does not say whether they are gone, with its reason.
    pub(crate) unseen: &'a BTreeMap<String, String>,
}

impl SideScene<'_> {
    pub(super) const fn id(&self) -> &ItemId {
        &self.item.reference.item
    }

    /// The tracker's files; none when they were not read.
    pub(super) fn files(&self) -> &[Attachment] {
        self.item.attachments.as_deref().unwrap_or_default()
    }
}

/// What is planned for the attachments.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    pub(crate) effects: Vec<Planned>,
    /// Links to store without a write.
    pub(crate) links: Vec<AttachmentLink>,
    /// Likewise those of comments in the place of files.
    pub(crate) comment_links: Vec<CommentLink>,
    /// Files seen and not copied, by [`place`].
    pub(crate) waived: BTreeMap<String, String>,
    /// Files that wait for the outcome of a write of ours, likewise.
    pub(crate) waiting: BTreeMap<String, String>,
    /// Whether some are left to the next plan.
    pub(crate) more: bool,
}

/// Plans the attachments of both directions.
pub(crate) fn plan(scene: &Scene<'_>) -> Crossing {
    let mut out = Crossing::default();
    let Some(contract) = scene.contract else {
        return out;
    };
    let sides = Side::BOTH.map(|side| scene.sides.get(side));
    if sides.iter().any(|side| side.item.attachments.is_none()) {
        return out;
    }
    let mut book = Book::open(scene.links);
    for side in Side::BOTH {
        out.links.extend(book.adopt(scene, side));
        let by_hand = book.note_deleted_by_hand(scene.sides.get(side));
        out.links.extend(by_hand);
    }
    let window = usize::try_from(scene.writes_max).unwrap_or(usize::MAX);
    for from in Side::BOTH {
        if !contract.direction.leaves(from) {
            continue;
        }
        let mut way = Way {
            scene,
            contract,
            from,
            x: scene.sides.get(from),
            y: scene.sides.get(from.other()),
            book: &book,
            // The fields' write, the comments and the other side's files fit into the window too.
            writes: WRITES_MAX.min(window.saturating_sub(1) / 4).max(1),
            bytes: BYTES_MAX,
        };
        way.cross(&mut out);
        way.carry_deletions(&mut out);
    }
    out
}

/// One direction.
struct Way<'a> {
    scene: &'a Scene<'a>,
    contract: &'a AttachmentContract,
    from: Side,
    x: &'a SideScene<'a>,
    y: &'a SideScene<'a>,
    book: &'a Book,
    /// What is left of the plan's room.
    writes: usize,
    bytes: u64,
}

impl Way<'_> {
    /// Every file of the source that has no copy yet.
    fn cross(&mut self, out: &mut Crossing) {
        for file in self.x.files() {
            let up = self.book.of(self.x.id(), &file.id);
            let origin = self.book.origin_of(self.x.id(), &file.id);
            let shown = self.x.view.iter().any(|shown| shown.id == file.id);
            if origin.item == *self.y.id() || !shown {
                continue;
            }
            match self.book.copy(&origin, self.y.id()) {
                Some(copy) if copy.state == CopyState::Refused => {
                    let over = Over::Limit(copy.reason.clone());
                    self.instead(file, &over, out);
                }
                Some(copy) if copy.is_owed() && !copy.is_due(self.scene.now) => {
                    let reason = format!("{}; it is tried again later", copy.reason);
                    out.waived.insert(place(self.x.id(), file), reason);
                }
                Some(copy) if !copy.is_owed() => {}
                _ => self.first(file, up.is_some(), &origin, out),
            }
        }
    }

    fn first(&mut self, file: &Attachment, is_copy: bool, origin: &FileOrigin, out: &mut Crossing) {
        let place = place(self.x.id(), file);
        if !is_copy && self.may_be_ours(file) {
            let reason = "it may be a copy of ours whose write is not yet known".to_owned();
            out.waiting.insert(place, reason);
            return;
        }
        if self.y.open.contains(&origin.key()) {
            let reason = "its copy may have been made already; that is not yet known".to_owned();
            out.waiting.insert(place, reason);
            return;
        }
        let there = &self.y.capabilities.attachments;
        if file.internal && there.upload && !there.internal {
            let reason =
                "only its tracker's team sees it, and the other tracker would show it to all";
            let over = Over::Limit(reason.to_owned());
            self.instead(file, &over, out);
            return;
        }
        if let Err(over) = judge(file, self.contract, there) {
            self.instead(file, &over, out);
            return;
        }
        let paired = instead::paired(self.scene, self.from, file);
        match (there.internal, paired) {
            (false, _) => self.add(file, origin, None, out),
            (true, Some(channel)) => self.add(file, origin, Some(channel), out),
            (true, None) => {
                let reason = "no pair of channels in [comments] says who is to see it there";
                out.waived.insert(place, reason.to_owned());
            }
        }
    }

    /// Whether a file without a link could be our own: it carries our marker, or our account attached it while a copy with
    /// unknown outcome is open.
    fn may_be_ours(&self, file: &Attachment) -> bool {
        let marked = file
            .marker
            .as_ref()
            .is_some_and(|marker| marker.root == *self.scene.root);
        marked || (!self.x.open.is_empty() && self.x.accounts.contains(&file.by()))
    }

    fn add(
        &mut self,
        file: &Attachment,
        origin: &FileOrigin,
        channel: Option<&str>,
        out: &mut Crossing,
    ) {
        let full = self.bytes < BYTES_MAX && file.size > self.bytes;
        if self.writes == 0 || full {
            out.more = true;
            return;
        }
        self.writes -= 1;
        self.bytes = self.bytes.saturating_sub(file.size);
        let effect = Effect::AddAttachment {
            item: self.y.id().clone(),
            source: self.x.id().clone(),
            file: Box::new(file.clone()),
            channel: channel.map(str::to_owned),
            marker: Marker {
                root: self.scene.root.clone(),
                link: origin.key(),
            },
        };
        let link = AttachmentLink {
            root: self.scene.root.clone(),
            origin: origin.clone(),
            item: self.y.id().clone(),
            attachment: String::new(),
            parent: self.x.id().clone(),
            state: CopyState::Live,
            reason: String::new(),
            tried: self.scene.now,
        };
        out.effects.push(self.planned(effect, link));
    }

    /// A file that is not copied is told of; where the rules or the lack of an upload say so by a link as well, once.
    fn instead(&mut self, file: &Attachment, over: &Over, out: &mut Crossing) {
        let place = place(self.x.id(), file);
        let reason = over.reason();
        let linked = *over == Over::NoUpload || self.contract.link_over;
        if !linked {
            out.waived.insert(place, reason);
            return;
        }
        let origin = instead::origin(self.x.id(), &file.id);
        let standing = instead::standing(self.scene.comment_links, &origin, self.y.id());
        let adopted = standing
            .is_none()
            .then(|| instead::adopt(self.scene, self.from, file));
        let adopted = adopted.flatten();
        if standing.is_some() || adopted.is_some() {
            out.comment_links.extend(adopted);
            out.waived
                .insert(place, format!("{reason}; a link was written"));
            return;
        }
        if self.y.open_comments.contains(&origin.key()) {
            out.waiting.insert(
                place,
                format!("{reason}; whether a link was written is not yet known"),
            );
            return;
        }
        let Some(channel) = instead::channel(self.scene, self.from, file) else {
            let why = "no channel of comments crosses in which a link could be written";
            out.waived.insert(place, format!("{reason}; {why}"));
            return;
        };
        if self.writes == 0 {
            out.more = true;
            return;
        }
        self.writes -= 1;
        out.effects.push(instead::write(
            self.scene, self.from, file, channel, &reason,
        ));
        out.waived
            .insert(place, format!("{reason}; a link was written"));
    }

    /// Deletions of originals (that a list does not show them is no evidence), and in a chain our own deletions of their
    /// copies, go outwards.
    fn carry_deletions(&self, out: &mut Crossing) {
        if !self.contract.deletes {
            return;
        }
        for (attachment, reason) in self.x.unseen {
            let place = format!("file {}/{attachment}", self.x.id().node);
            out.waived.insert(place, reason.clone());
        }
        for copy in self.book.between(self.x.id(), self.y.id()) {
            let gone = if copy.origin.item == *self.x.id() {
                self.is_gone(&copy.origin.attachment)
            } else {
                let up = self.book.copy(&copy.origin, self.x.id());
                up.is_some_and(|up| up.state == CopyState::Deleted)
            };
            if gone && copy.state == CopyState::Live {
                self.delete(copy, out);
            }
        }
        for link in self.scene.comment_links {
            let here = link.parent == *self.x.id() && link.item == *self.y.id();
            if here && link.state == MirrorState::Fixed && self.is_pointless(link) {
                self.delete_link(link, out);
            }
        }
    }

    /// Whether a comment stands for a file that was deleted. In a chain the comment that it is a mirror of tells.
    fn is_pointless(&self, link: &CommentLink) -> bool {
        let Some(attachment) = instead::attachment_of(&link.origin) else {
            return false;
        };
        if link.origin.item == *self.x.id() {
            return self.is_gone(attachment);
        }
        let up = instead::standing(self.scene.comment_links, &link.origin, self.x.id());
        up.is_some_and(|up| up.state == MirrorState::Deleted)
    }

    /// A link goes with its file. Where comments stay as they are, that is told, once.
    fn delete_link(&self, link: &CommentLink, out: &mut Crossing) {
        if self.y.capabilities.comment_delete {
            let deletion = instead::delete(link.clone(), self.from.other());
            out.effects.push(deletion);
            return;
        }
        let place = format!("file {}/{}", link.item.node, link.comment);
        let reason = "the link in its place stays: this tracker cannot delete a comment";
        out.waived.insert(place, reason.to_owned());
        out.comment_links.push(CommentLink {
            state: MirrorState::Deleted,
            ..link.clone()
        });
    }

    fn is_gone(&self, attachment: &str) -> bool {
        self.x.gone.contains(attachment) && self.x.files().iter().all(|file| file.id != attachment)
    }

    fn delete(&self, copy: AttachmentLink, out: &mut Crossing) {
        let deleted = AttachmentLink {
            state: CopyState::Deleted,
            ..copy.clone()
        };
        if !self.y.capabilities.attachments.delete {
            let place = format!("file {}/{}", copy.item.node, copy.attachment);
            out.waived
                .insert(place, "this tracker cannot delete a file".to_owned());
            out.links.push(deleted);
            return;
        }
        let effect = Effect::DeleteAttachment {
            item: copy.item,
            attachment: copy.attachment,
        };
        out.effects.push(self.planned(effect, deleted));
    }

    fn planned(&self, effect: Effect, link: AttachmentLink) -> Planned {
        Planned {
            side: self.from.other(),
            effect,
            fields: BTreeMap::new(),
            sent: BTreeMap::new(),
            comment: None,
            attachment: Some(AttachmentStep { link }),
        }
    }
}
