//! Planning the comments of one twin.

use super::book::Book;
use super::channel::{is_internal, target_channel};
use super::render::{correction, rendered, shows};
use super::script::script_comments;
use super::{CommentLink, CommentOrigin, CommentStep, MirrorState, revision};
use crate::capability::Capabilities;
use crate::contract::CommentContract;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::item::{Comment, Item, ItemId};
use crate::marker::Marker;
use crate::names::{LinkId, RootId, Side, Sides};
use crate::reconcile::Planned;
use crate::richtext::Document;
use crate::rules::ScriptComment;
use std::collections::{BTreeMap, BTreeSet};

/// How many comments a plan adds or rewrites on each side at most, so that a job on an item with thousands of comments
/// ends in time, and what is open after a crash can be asked about one by one. The next plan goes on.
const WRITES_MAX: usize = 250;

/// What the comments of a plan depend on.
pub(crate) struct Scene<'a> {
    pub(crate) root: &'a RootId,
    pub(crate) link: &'a LinkId,
    pub(crate) contract: Option<&'a CommentContract>,
    /// How many writes the connection may make in the breaker's window: a plan of more could never be carried out.
    pub(crate) writes_max: u32,
    pub(crate) links: &'a [CommentLink],
    pub(crate) sides: Sides<SideScene<'a>>,
    /// What the scripts asked for, by the side to write on, each with the digest of the causing change.
    pub(crate) scripted: Sides<Vec<(ScriptComment, Digest)>>,
}

/// One side's comments.
pub(crate) struct SideScene<'a> {
    pub(crate) item: &'a Item,
    /// Those that its outgoing rule shows.
    pub(crate) view: &'a [Comment],
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) accounts: &'a BTreeSet<String>,
    /// The originals of which an add with unknown outcome is open here.
    pub(crate) open: &'a BTreeSet<LinkId>,
    /// Those that the tracker says are gone.
    pub(crate) gone: &'a BTreeSet<String>,
    /// Those of which it does not say whether they are, with the reason.
    pub(crate) unseen: &'a BTreeMap<String, String>,
}

impl SideScene<'_> {
    pub(super) const fn id(&self) -> &ItemId {
        &self.item.reference.item
    }

    /// The tracker's own comments; none when they were not read.
    pub(super) fn raw(&self) -> &[Comment] {
        self.item.comments.as_deref().unwrap_or_default()
    }

    /// The comments that are there, by id; `None` when they were not read, so that nothing is judged missing.
    pub(super) fn present(&self) -> Option<BTreeMap<&str, &Comment>> {
        let comments = self.item.comments.as_ref()?;
        Some(
            comments
                .iter()
                .map(|comment| (comment.id.as_str(), comment))
                .collect(),
        )
    }
}

/// What is planned for the comments.
#[derive(Debug, Default)]
pub(crate) struct Crossing {
    pub(crate) effects: Vec<Planned>,
    /// Links to store without a write.
    pub(crate) links: Vec<CommentLink>,
    /// Comments seen and not written, by `node/comment id`.
    pub(crate) waived: BTreeMap<String, String>,
    /// Comments that wait for the outcome of a write of ours, likewise.
    pub(crate) waiting: BTreeMap<String, String>,
    /// Whether some are left to the next plan.
    pub(crate) more: bool,
}

/// Plans the comments of both directions.
pub(crate) fn plan(scene: &Scene<'_>) -> Crossing {
    let mut out = Crossing::default();
    let mut book = Book::open(scene.links);
    for side in Side::BOTH {
        out.links.extend(book.adopt(scene, side));
        out.links
            .extend(book.note_deleted_by_hand(scene.sides.get(side)));
        script_comments(scene, &book, side, &mut out);
    }
    let Some(contract) = scene.contract else {
        return out;
    };
    let window = usize::try_from(scene.writes_max).unwrap_or(usize::MAX);
    for from in Side::BOTH {
        let (x, y) = (scene.sides.get(from), scene.sides.get(from.other()));
        if x.item.comments.is_none() || y.item.comments.is_none() {
            continue;
        }
        let way = Way {
            scene,
            contract,
            from,
            x,
            y,
            there: y.present().unwrap_or_default(),
            book: &book,
            copies: book.copies_on(x),
            // The fields' write and the other side's comments fit into the window too.
            room: out.effects.len() + WRITES_MAX.min(window.saturating_sub(1) / 2).max(1),
        };
        way.cross(&mut out);
        way.carry_deletions(&mut out);
        way.tell_unseen(&mut out);
    }
    out
}

/// One direction.
struct Way<'a> {
    scene: &'a Scene<'a>,
    contract: &'a CommentContract,
    from: Side,
    x: &'a SideScene<'a>,
    y: &'a SideScene<'a>,
    /// The target's comments by id.
    there: BTreeMap<&'a str, &'a Comment>,
    book: &'a Book,
    /// The source's comments that people made of a mirror's or an original's text, marker and all.
    copies: BTreeSet<&'a str>,
    /// How many effects the plan may have before what is left waits for the next one.
    room: usize,
}

impl Way<'_> {
    /// Every comment of the source in its order: followed where it has a mirror, else written.
    fn cross(&self, out: &mut Crossing) {
        let shown: BTreeMap<&str, &Comment> = self
            .x
            .view
            .iter()
            .map(|comment| (comment.id.as_str(), comment))
            .collect();
        for raw in self.x.raw() {
            let up = self.book.of(self.x.id(), &raw.id);
            let origin = up.map_or_else(
                || CommentOrigin {
                    item: self.x.id().clone(),
                    comment: raw.id.clone(),
                },
                |link| link.origin.clone(),
            );
            if origin.item == *self.y.id() {
                continue;
            }
            let shown = shown.get(raw.id.as_str()).copied();
            match self.book.mirror(&origin, self.y.id()) {
                Some(mirror) => self.follow(raw, shown, up, mirror, out),
                None => self.first(raw, shown, up, &origin, out),
            }
        }
    }

    fn first(
        &self,
        raw: &Comment,
        shown: Option<&Comment>,
        up: Option<&CommentLink>,
        origin: &CommentOrigin,
        out: &mut Crossing,
    ) {
        let Some(shown) = shown else { return };
        let Some(channel) = target_channel(self.scene, self.from, raw, shown) else {
            return;
        };
        if up.is_none() && self.may_be_ours(raw) {
            let reason = "it may be a mirror of ours whose write is not yet known".to_owned();
            out.waiting.insert(self.place(raw), reason);
            return;
        }
        if self.y.open.contains(&origin.key()) {
            let reason =
                "its mirror may have been written already; that is not yet known".to_owned();
            out.waiting.insert(self.place(raw), reason);
            return;
        }
        let state = match up.map(|link| link.state) {
            Some(MirrorState::Fixed) => MirrorState::Fixed,
            Some(_) | None => MirrorState::Live,
        };
        let link = self.link(raw, up, origin, state);
        let body = rendered(
            shown,
            if up.is_some() {
                ""
            } else {
                &self.contract.header
            },
        );
        self.add(raw, channel, body, vec![link], out);
    }

    /// Whether an unlinked comment could be our own: it carries our marker, which is no copy of one that is accounted for,
    /// or our account wrote it while an add is open.
    fn may_be_ours(&self, raw: &Comment) -> bool {
        let marked = raw
            .marker
            .as_ref()
            .is_some_and(|marker| marker.root == *self.scene.root)
            && !self.copies.contains(raw.id.as_str());
        marked || (!self.x.open.is_empty() && self.x.accounts.contains(&raw.author.id))
    }

    /// The original has a mirror: carry its edit, its change of channel, or nothing.
    fn follow(
        &self,
        raw: &Comment,
        shown: Option<&Comment>,
        up: Option<&CommentLink>,
        mirror: &CommentLink,
        out: &mut Crossing,
    ) {
        if mirror.parent != *self.x.id() {
            return;
        }
        let now = up.map_or_else(|| revision(raw), |link| link.revision.clone());
        match mirror.state {
            MirrorState::Fixed | MirrorState::Deleted | MirrorState::HandDeleted => {}
            MirrorState::Live if now == mirror.revision => {}
            MirrorState::Live => self.carry_edit(raw, shown, up, mirror, now, out),
            MirrorState::Recreating => self.first(raw, shown, up, &mirror.origin, out),
        }
    }

    fn carry_edit(
        &self,
        raw: &Comment,
        shown: Option<&Comment>,
        up: Option<&CommentLink>,
        mirror: &CommentLink,
        now: Digest,
        out: &mut Crossing,
    ) {
        let mut link = CommentLink {
            revision: now,
            ..mirror.clone()
        };
        let Some(channel) = target_channel(self.scene, self.from, raw, shown.unwrap_or(raw)) else {
            link.state = MirrorState::Recreating;
            self.delete(link, out);
            return;
        };
        let Some(there) = self.there.get(mirror.comment.as_str()) else {
            return;
        };
        let Some(shown) = shown else {
            // Filtered out by a script: absent, so neither edited nor deleted. But what its team has made internal is
            // not left standing where others read it.
            if is_internal(self.x, &raw.channel) && !is_internal(self.y, &there.channel) {
                link.state = MirrorState::Recreating;
                self.delete(link, out);
            }
            return;
        };
        let body = rendered(
            shown,
            if up.is_some() {
                ""
            } else {
                &self.contract.header
            },
        );
        if there.channel != channel {
            let recreating = CommentLink {
                state: MirrorState::Recreating,
                ..link.clone()
            };
            if self.delete(recreating, out) {
                link.comment = String::new();
                self.add(raw, channel, body, vec![link], out);
            }
        } else if shows(there, &body, self.y.capabilities.dialect) {
            // Of a chain only the next mirror is seen, and a tracker that lags shows it as it was before our write: that
            // says nothing about the original's present state.
            if up.is_none() {
                out.links.push(link);
            }
        } else if !self.contract.edits {
            out.waived
                .insert(self.place(raw), "edits do not cross".to_owned());
            out.links.push(link);
        } else if self.y.capabilities.comment_edit {
            self.edit(raw, link, body, out);
        } else if self.contract.append_corrections {
            self.append(raw, shown, channel, link, out);
        } else {
            let reason = "the other side cannot edit a comment".to_owned();
            out.waived.insert(self.place(raw), reason);
            out.links.push(link);
        }
    }

    fn edit(&self, raw: &Comment, link: CommentLink, body: Document, out: &mut Crossing) {
        if !self.may_write(raw, &body, out) {
            return;
        }
        let effect = Effect::EditComment {
            item: self.y.id().clone(),
            comment: link.comment.clone(),
            body,
            marker: self.marker(&link.origin),
        };
        self.push(effect, vec![link], out);
    }

    /// Where a comment cannot be edited, its correction is a comment of its own, which nothing follows.
    fn append(
        &self,
        raw: &Comment,
        shown: &Comment,
        channel: &str,
        link: CommentLink,
        out: &mut Crossing,
    ) {
        let origin = CommentOrigin {
            item: link.origin.item.clone(),
            comment: format!("{}~{}", link.origin.comment, link.revision),
        };
        let fixed = CommentLink {
            origin: origin.clone(),
            comment: String::new(),
            state: MirrorState::Fixed,
            ..link.clone()
        };
        let key = origin.key();
        let found = self.y.raw().iter().find(|comment| {
            comment
                .marker
                .as_ref()
                .is_some_and(|marker| marker.link == key)
        });
        if let Some(found) = found {
            out.links.push(CommentLink {
                comment: found.id.clone(),
                ..fixed
            });
            out.links.push(link);
            return;
        }
        let body = correction(shown, &self.contract.header);
        self.add(raw, channel, body, vec![fixed, link], out);
    }

    /// Deletions of originals (that a list does not show them is no evidence), and in a chain our own deletions of their mirrors, go outwards.
    fn carry_deletions(&self, out: &mut Crossing) {
        let Some(present) = self.x.present() else {
            return;
        };
        for mirror in self.book.between(self.x.id(), self.y.id()) {
            let above = if mirror.origin.item == *self.x.id() {
                let original = &mirror.origin.comment;
                let gone = self.x.gone.contains(original);
                (gone && !present.contains_key(original.as_str())).then_some(MirrorState::Deleted)
            } else {
                let up = self.book.mirror(&mirror.origin, self.x.id());
                up.map(|up| up.state)
            };
            match (above, mirror.state) {
                // A move to another channel that has got stuck halfway leaves no mirror further on in the old one.
                (Some(MirrorState::Recreating), MirrorState::Live) => {
                    let recreating = CommentLink {
                        state: MirrorState::Recreating,
                        ..mirror
                    };
                    self.delete(recreating, out);
                }
                (Some(MirrorState::Deleted), MirrorState::Live) if self.contract.deletes => {
                    self.delete(deleted(&mirror), out);
                }
                // We have deleted it already, to write it again; there is nothing to write any more.
                (Some(MirrorState::Deleted), MirrorState::Recreating) => {
                    out.links.push(deleted(&mirror));
                }
                _ => {}
            }
        }
    }

    /// What our account may no longer read may still be there: its mirrors stay.
    fn tell_unseen(&self, out: &mut Crossing) {
        let told = self.x.unseen.iter().map(|(comment, reason)| {
            let place = format!("{}/{comment}", self.x.id().node);
            (place, format!("{reason}; its mirror is left as it is"))
        });
        out.waived.extend(told);
    }

    /// Plans a deletion; whether the tracker can.
    fn delete(&self, link: CommentLink, out: &mut Crossing) -> bool {
        if !self.y.capabilities.comment_delete {
            let place = format!("{}/{}", link.item.node, link.comment);
            out.waived
                .insert(place, "this tracker cannot delete a comment".to_owned());
            out.links.push(CommentLink {
                state: MirrorState::Fixed,
                ..link
            });
            return false;
        }
        let effect = Effect::DeleteComment {
            item: self.y.id().clone(),
            comment: link.comment.clone(),
        };
        self.push(effect, vec![link], out);
        true
    }

    fn add(
        &self,
        raw: &Comment,
        channel: &str,
        body: Document,
        links: Vec<CommentLink>,
        out: &mut Crossing,
    ) {
        if !self.may_write(raw, &body, out) {
            return;
        }
        let effect = Effect::AddComment {
            item: self.y.id().clone(),
            channel: channel.to_owned(),
            body,
            marker: self.marker(&links[0].origin),
        };
        self.push(effect, links, out);
    }

    /// Whether a text fits into the target's comments and into this plan.
    fn may_write(&self, raw: &Comment, body: &Document, out: &mut Crossing) -> bool {
        if out.effects.len() >= self.room {
            out.more = true;
            return false;
        }
        let limit = self.y.capabilities.comment_max_chars;
        if let Some(length) = self.y.capabilities.dialect.beyond(body, limit) {
            let reason = format!("{length} characters; the other side takes {limit}");
            out.waived.insert(self.place(raw), reason);
            return false;
        }
        true
    }

    fn push(&self, effect: Effect, links: Vec<CommentLink>, out: &mut Crossing) {
        out.effects.push(Planned {
            side: self.from.other(),
            effect,
            fields: BTreeMap::new(),
            sent: BTreeMap::new(),
            comment: Some(CommentStep { links }),
            attachment: None,
        });
    }

    fn link(
        &self,
        raw: &Comment,
        up: Option<&CommentLink>,
        origin: &CommentOrigin,
        state: MirrorState,
    ) -> CommentLink {
        CommentLink {
            root: self.scene.root.clone(),
            origin: origin.clone(),
            item: self.y.id().clone(),
            comment: String::new(),
            parent: self.x.id().clone(),
            revision: up.map_or_else(|| revision(raw), |link| link.revision.clone()),
            state,
        }
    }

    fn marker(&self, origin: &CommentOrigin) -> Marker {
        Marker {
            root: self.scene.root.clone(),
            link: origin.key(),
        }
    }

    fn place(&self, raw: &Comment) -> String {
        format!("{}/{}", self.x.id().node, raw.id)
    }
}

/// A mirror that is gone and has no original to be written from again.
fn deleted(mirror: &CommentLink) -> CommentLink {
    CommentLink {
        state: MirrorState::Deleted,
        ..mirror.clone()
    }
}
