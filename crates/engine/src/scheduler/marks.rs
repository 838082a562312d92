//! Which durable dirty marks the work in memory stands for.
//!
//! An item is marked dirty once, in the store, whatever happened to it; in memory that becomes a piece of work for each
//! of its twins. The mark may be cleared when all of them are done. A mark that was renewed while a job ran (its
//! revision rose) is not cleared by that job, since the job may have looked before the change.
//!
//! Pure, and lost without harm: after a restart every mark in the store becomes work again.

use crate::queue::Key;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

/// One durable mark, as a job has taken it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) item: ItemId,
    /// The revision of the durable mark.
    pub(crate) rev: u64,
    /// When the change was made, where a delivery or feed said so.
    pub(crate) changed_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Open {
    mark: Mark,
    keys: BTreeSet<Key>,
}

/// The marks that are open.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    open: BTreeMap<ItemId, Open>,
    by_key: BTreeMap<Key, BTreeSet<ItemId>>,
}

impl Marks {
    /// A mark was made or renewed, and these pieces of work stand for it.
    pub(crate) fn open(&mut self, mark: Mark, keys: impl IntoIterator<Item = Key>) {
        let item = mark.item.clone();
        let open = self.open.entry(item.clone()).or_insert_with(|| Open {
            mark: mark.clone(),
            keys: BTreeSet::new(),
        });
        open.mark = mark;
        for key in keys {
            self.by_key.entry(key.clone()).or_default().insert(item.clone());
            open.keys.insert(key);
        }
    }

    /// The revision under which an item's mark is open here.
    pub(crate) fn rev(&self, item: &ItemId) -> Option<u64> {
        self.open.get(item).map(|open| open.mark.rev)
    }

    /// A job for `key` starts: the marks that it takes on.
    pub(crate) fn take(&mut self, key: &Key) -> Vec<Mark> {
        let items = self.by_key.remove(key).unwrap_or_default();
        let marks = items.iter().filter_map(|item| self.open.get(item));
        marks.map(|open| open.mark.clone()).collect()
    }

    /// The job is done: the marks that nothing else stands for and that may be cleared.
    pub(crate) fn done(&mut self, key: &Key, taken: Vec<Mark>) -> Vec<Mark> {
        let mut cleared = Vec::new();
        for mark in taken {
            let Some(open) = self.open.get_mut(&mark.item) else {
                continue;
            };
            if open.mark.rev != mark.rev {
                continue;
            }
            open.keys.remove(key);
            if open.keys.is_empty() {
                self.open.remove(&mark.item);
                cleared.push(mark);
            }
        }
        cleared
    }

    /// The job will be tried again: its marks stay open.
    pub(crate) fn put_back(&mut self, key: &Key, taken: &[Mark]) {
        for mark in taken.iter().filter(|mark| self.open.contains_key(&mark.item)) {
            let items = self.by_key.entry(key.clone()).or_default();
            items.insert(mark.item.clone());
        }
    }

    /// How many items are dirty.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}
