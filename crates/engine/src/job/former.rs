//! Items that were moved, until their twins have followed them.
//!
//! An item that is heard of under a new id is one like any other, but for the connections in which it has a twin under
//! its old one: there it enters when that twin has followed it, or has ended, which may take as long as the connection
//! stands still. All others it may enter at once, in the cluster that it is in.

use super::ring;
use twinline_core::item::ItemId;
use twinline_core::names::RootId;
use twinline_store::StoreError;
use twinline_store::host::{HostRead, Twin};

/// An item under all its ids, as far as it is known that they are one: its own first.
#[derive(Clone, Debug)]
pub(super) struct Former(Vec<ItemId>);

impl Former {
    /// `asked`: the id under which it was asked for. With it come those from which, by their tracker's word, it was moved,
    /// in however many steps.
    pub(super) fn read(
        read: &HostRead<'_>,
        item: &ItemId,
        asked: &ItemId,
    ) -> Result<Self, StoreError> {
        let mut all = vec![item.clone()];
        if asked != item {
            all.push(asked.clone());
        }
        let mut looked_at = 0;
        while let Some(id) = all.get(looked_at) {
            let from = read.moved_here(id)?;
            looked_at += 1;
            for id in from {
                if !all.contains(&id) {
                    all.push(id);
                }
            }
        }
        Ok(Self(all))
    }

    /// Whether an item is this one under another id.
    pub(super) fn contains(&self, item: &ItemId) -> bool {
        self.0.contains(item)
    }

    /// The twins that it has, or has had, under whichever id.
    pub(super) fn twins(&self, read: &HostRead<'_>) -> Result<Vec<Twin>, StoreError> {
        let mut twins = Vec::new();
        for id in &self.0 {
            twins.extend(read.twins_of_item(id)?);
        }
        Ok(twins)
    }

    /// The cluster that it is in.
    pub(super) fn root(&self, read: &HostRead<'_>) -> Result<Option<RootId>, StoreError> {
        for id in &self.0 {
            if let Some(root) = ring::root_of(read, id)? {
                return Ok(Some(root));
            }
        }
        Ok(None)
    }
}
