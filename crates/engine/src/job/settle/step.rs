//! The rows that a job leaves behind, written in one transaction.

use super::super::ring;
use crate::dirty::{self, Hint, Marked, is_alive};
use crate::host::Inner;
use twinline_core::item::ItemId;
use twinline_core::names::{LinkId, RootId, Side, Sides};
use twinline_core::queue::Lane;
use twinline_core::reconcile::Base;
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, HistoryEntry, HostTx, ItemRow, Twin};

/// The rows to write.
pub(super) struct Step {
    pub(super) twin: Option<Twin>,
    pub(super) bases: Sides<Option<Base>>,
    pub(super) items: Vec<ItemRow>,
    pub(super) effects: Vec<EffectRow>,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) hints: Vec<Hint>,
    /// Items that were written: their other twins are to look.
    pub(super) written: Vec<ItemId>,
    /// The item that was created, with its cluster.
    pub(super) created: Option<(RootId, ItemId)>,
}

impl Step {
    pub(super) fn is_empty(&self) -> bool {
        self.twin.is_none()
            && self.bases == Sides::default()
            && self.items.is_empty()
            && self.effects.is_empty()
            && self.history.is_empty()
            && self.hints.is_empty()
    }

    pub(super) fn write(
        mut self,
        host: &Inner,
        tx: &HostTx<'_>,
        link: &LinkId,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        if let Some(twin) = &self.twin {
            tx.put_twin(twin)?;
        }
        for side in Side::BOTH {
            if let Some(base) = self.bases.get(side) {
                tx.put_base(link, side, base, now)?;
            }
        }
        for item in &self.items {
            tx.put_item(item)?;
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
                .filter(|twin| is_alive(twin) && twin.link != *link)
                .count();
            if others > 0 {
                self.hints.push(Hint::now(item, Lane::Live, "cluster", now));
            }
        }
        if let Some((root, created)) = &self.created {
            let hints = ring::hints(host, tx, root, created, now)?;
            self.hints.extend(hints);
        }
        dirty::mark(host, tx, &self.hints)
    }
}
