//! What the store knows about one twin, in one snapshot.

use std::collections::BTreeSet;
use twinline_core::attachments::AttachmentLink;
use twinline_core::comments::CommentLink;
use twinline_core::digest::Digest;
use twinline_core::effect::{Effect, FieldWrite};
use twinline_core::item::ItemId;
use twinline_core::marker::Marker;
use twinline_core::names::{FieldName, LinkId, Side, Sides};
use twinline_core::reconcile::{Base, OwnAttempt, RecentWrite, pingpong};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, EffectState, HostRead, ItemRow, Twin};

/// A twin with all that a plan needs from the store.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) twin: Twin,
    pub(crate) bases: Sides<Option<Base>>,
    pub(crate) items: Sides<Option<ItemRow>>,
    pub(crate) comments: Vec<CommentLink>,
    pub(crate) attachments: Vec<AttachmentLink>,
    pub(crate) cluster_size: u32,
    /// Effects that no base accounts for yet.
    pub(crate) open: Vec<EffectRow>,
    /// The originals whose mirrors other twins of the cluster may have written to each side's item: see
    /// [`twinline_core::reconcile::SideFacts::open_comments`].
    others_comments: Sides<BTreeSet<LinkId>>,
    /// Likewise with files.
    others_attachments: Sides<BTreeSet<LinkId>>,
    /// Our writes to each side's item within the ping-pong window, by this and other twins.
    effects: Sides<Vec<EffectRow>>,
}

impl Context {
    /// Reads it; `None`: there is no such twin.
    pub(crate) fn read(
        read: &HostRead<'_>,
        link: &LinkId,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(twin) = read.twin(link)? else {
            return Ok(None);
        };
        let since = now.minus(pingpong::WINDOW);
        let mut bases = Sides::default();
        let mut items = Sides::default();
        let mut effects = Sides::default();
        let mut others_comments = Sides::default();
        let mut others_attachments = Sides::default();
        for side in Side::BOTH {
            *bases.get_mut(side) = read.base(link, side)?;
            if let Some(item) = twin.item(side) {
                *items.get_mut(side) = read.item(&item)?;
                *effects.get_mut(side) = read.effects_on_item(&item, since)?;
                *others_comments.get_mut(side) = open_by_others(read, link, &item, added)?;
                *others_attachments.get_mut(side) = open_by_others(read, link, &item, attached)?;
            }
        }
        let members = read.items_of_root(&twin.root)?.len();
        Ok(Some(Self {
            comments: read.comment_links(&twin.root)?,
            attachments: read.attachment_links(&twin.root)?,
            cluster_size: u32::try_from(members.max(2)).unwrap_or(u32::MAX),
            open: read.open_effects_of(link)?,
            others_comments,
            others_attachments,
            twin,
            bases,
            items,
            effects,
        }))
    }

    /// Of a twin that is not stored: one that an item would get.
    pub(crate) fn of_newcomer(read: &HostRead<'_>, twin: Twin) -> Result<Self, StoreError> {
        let members = read.items_of_root(&twin.root)?.len();
        Ok(Self {
            bases: Sides::default(),
            items: Sides::default(),
            comments: Vec::new(),
            attachments: Vec::new(),
            cluster_size: u32::try_from(members.max(2)).unwrap_or(u32::MAX),
            open: Vec::new(),
            others_comments: Sides::default(),
            others_attachments: Sides::default(),
            effects: Sides::default(),
            twin,
        })
    }

    pub(crate) fn item(&self, side: Side) -> Option<ItemId> {
        self.twin.item(side)
    }

    /// The originals of which an add with unknown outcome is open on a side's item.
    pub(crate) fn open_comments(&self, side: Side) -> BTreeSet<LinkId> {
        self.open_here(side, &self.others_comments, added)
    }

    /// The originals of which a copy with unknown outcome is open on a side's item.
    pub(crate) fn open_attachments(&self, side: Side) -> BTreeSet<LinkId> {
        self.open_here(side, &self.others_attachments, attached)
    }

    /// The originals of which a copy of ours is open. One that is planned again once its outcome was asked for has never
    /// arrived.
    pub(crate) fn open_copies(&self) -> BTreeSet<LinkId> {
        let own = self.open.iter().filter_map(attached);
        own.map(|marker| marker.link.clone()).collect()
    }

    fn open_here(
        &self,
        side: Side,
        others: &Sides<BTreeSet<LinkId>>,
        marked: fn(&EffectRow) -> Option<&Marker>,
    ) -> BTreeSet<LinkId> {
        let own = self.open.iter().filter(|row| row.planned.side == side);
        let own = own.filter_map(|row| marked(row).map(|marker| marker.link.clone()));
        own.chain(others.get(side).iter().cloned()).collect()
    }

    /// Our confirmed field writes to a side's item, oldest first.
    pub(crate) fn recent(&self, side: Side) -> Vec<RecentWrite> {
        let done = self
            .effects
            .get(side)
            .iter()
            .filter(|row| row.state == EffectState::Done);
        done.flat_map(|row| {
            let Effect::Update { fields, .. } = &row.planned.effect else {
                return Vec::new();
            };
            let at = row.ended_at.unwrap_or(row.intended_at);
            let write = |(field, write): (&FieldName, &FieldWrite)| RecentWrite {
                field: field.clone(),
                at,
                write: Digest::of(write),
                hops: row.planned.fields.get(field).map_or(0, |note| note.hops),
            };
            fields.iter().map(write).collect()
        })
        .collect()
    }

    /// When our attempts on a side's item ran, within the ping-pong window. `cut_off`: see [`own_attempt`].
    pub(crate) fn own_attempts(&self, side: Side, cut_off: Timestamp) -> Vec<OwnAttempt> {
        let rows = self.effects.get(side).iter();
        rows.filter_map(|row| own_attempt(row, cut_off)).collect()
    }
}

/// When a field write of ours ran; `None` for another effect, and for one that was never sent. One whose outcome was not
/// known may have arrived until its settle time was over; one without an end was cut off with its process, and may have
/// arrived until `cut_off`.
pub(crate) fn own_attempt(row: &EffectRow, cut_off: Timestamp) -> Option<OwnAttempt> {
    let fields = match &row.planned.effect {
        Effect::Update { fields, .. } => fields.keys().cloned().collect(),
        Effect::Create { fields, .. } => fields.keys().cloned().collect(),
        _ => return None,
    };
    Some(OwnAttempt {
        from: row.started_at?,
        to: row.ended_at.max(row.next_due).unwrap_or(cut_off),
        fields,
    })
}

/// The marker of the comment that an effect adds.
const fn added(row: &EffectRow) -> Option<&Marker> {
    match &row.planned.effect {
        Effect::AddComment { marker, .. } => Some(marker),
        _ => None,
    }
}

/// The marker of the file that an effect attaches.
const fn attached(row: &EffectRow) -> Option<&Marker> {
    match &row.planned.effect {
        Effect::AddAttachment { marker, .. } => Some(marker),
        _ => None,
    }
}

/// What other twins than `link` have open on an item. Only unknown outcomes can be: one cluster has one job at a time.
fn open_by_others(
    read: &HostRead<'_>,
    link: &LinkId,
    item: &ItemId,
    marked: fn(&EffectRow) -> Option<&Marker>,
) -> Result<BTreeSet<LinkId>, StoreError> {
    let mut keys = BTreeSet::new();
    for twin in read.twins_of_item(item)? {
        if twin.link == *link {
            continue;
        }
        for row in read.open_effects_of(&twin.link)? {
            // The item may have been moved since: the twin knows it by its new id.
            if twin.item(row.planned.side).as_ref() == Some(item) {
                keys.extend(marked(&row).map(|marker| marker.link.clone()));
            }
        }
    }
    Ok(keys)
}
