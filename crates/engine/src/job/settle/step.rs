//! The rows that a job leaves behind, written in one transaction.

use super::super::{meanwhile, ring};
use crate::dirty::{self, Hint, Marked, is_alive};
use crate::host::Inner;
use twinline_core::attachments::AttachmentLink;
use twinline_core::comments::CommentLink;
use twinline_core::item::ItemId;
use twinline_core::names::{Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Base;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, HistoryEntry, HostTx, ItemRow, Twin};

/// The rows to write.
pub(super) struct Step {
    /// The twin as the job knew it.
    pub(super) known: Twin,
    /// What the job makes of it.
    pub(super) twin: Twin,
    pub(super) bases: Sides<Option<Base>>,
    pub(super) comments: Vec<CommentLink>,
    pub(super) attachments: Vec<AttachmentLink>,
    pub(super) items: Vec<ItemRow>,
    pub(super) effects: Vec<EffectRow>,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) hints: Vec<Hint>,
    /// Items that were written: their other twins are to look.
    pub(super) written: Vec<ItemId>,
    /// The item that was created.
    pub(super) created: Option<ItemId>,
    /// In which lane the job was.
    pub(super) lane: Lane,
}

impl Step {
    pub(super) fn is_empty(&self) -> bool {
        self.twin == self.known
            && self.bases == Sides::default()
            && self.comments.is_empty()
            && self.attachments.is_empty()
            && self.items.is_empty()
            && self.effects.is_empty()
            && self.history.is_empty()
            && self.hints.is_empty()
    }

    pub(super) fn write(
        mut self,
        host: &Inner,
        tx: &HostTx<'_>,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        let link = self.known.link.clone();
        let stored = tx.twin(&link)?.expect("a twin's row is never removed");
        let alive = is_alive(&stored);
        let (comments, attachments) = (&mut self.comments, &mut self.attachments);
        meanwhile::fit(&stored, &mut self.effects, (comments, attachments));
        if alive {
            self.put_state(host, tx, &stored, now)?;
        } else {
            self.put_orphan(tx)?;
        }
        for link in &self.comments {
            tx.put_comment_link(link)?;
        }
        for link in &self.attachments {
            tx.put_attachment_link(link)?;
        }
        for effect in &self.effects {
            tx.put_effect(effect)?;
        }
        for entry in &self.history {
            tx.append_history(entry)?;
        }
        for item in self.written {
            let others = tx
                .twins_of_item(&item)?
                .iter()
                .filter(|twin| is_alive(twin) && twin.link != link)
                .count();
            if others > 0 {
                self.hints.push(Hint::now(item, Lane::Live, "cluster", now));
            }
        }
        if let Some(created) = self.created.as_ref().filter(|_| alive) {
            let hints = ring::hints(host, tx, &stored.root, created, now)?;
            self.hints.extend(hints);
        }
        let grown = self.created.is_some().then(|| stored.root.clone());
        if self.twin != self.known {
            tx.put_twin(&meanwhile::merged(&self.known, self.twin, stored))?;
        }
        let marked = dirty::mark(host, tx, &self.hints)?;
        Ok(match grown {
            Some(root) => marked.grown(&root, self.lane),
            None => marked,
        })
    }

    /// What the next plan begins from.
    fn put_state(
        &mut self,
        host: &Inner,
        tx: &HostTx<'_>,
        stored: &Twin,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for side in Side::BOTH {
            if let Some(base) = self.bases.get(side) {
                tx.put_base(&stored.link, side, base, now)?;
            }
        }
        for item in &self.items {
            let row = ItemRow {
                root: Some(stored.root.clone()),
                ..item.clone()
            };
            let others = dirty::put_seen(host, tx, &row, Some(&stored.link))?;
            self.hints.extend(others);
        }
        Ok(())
    }

    /// An item that was created for a twin that ended meanwhile: known by its key, and in no cluster.
    fn put_orphan(&self, tx: &HostTx<'_>) -> Result<(), StoreError> {
        let created = |row: &&ItemRow| self.created.as_ref() == Some(&row.reference.item);
        match self.items.iter().find(created) {
            Some(item) => tx.put_item(&ItemRow {
                root: None,
                ..item.clone()
            }),
            None => Ok(()),
        }
    }
}
