//! Which deliveries are processed: an edge may forget a delivery when every item that it marked was looked at.
//!
//! Told within the steps of the store that mark and clear, whose order is the writer's: so no clearing of an earlier mark
//! counts for a batch that is being taken, and none is missed by it. Only what is durable is ever safe: a step that then
//! fails is made again, and tells its batch again.
//!
//! The cost of a cleared item is that of the batches that marked it, not of all that are open.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Notify;
use twinline_core::item::ItemId;
use twinline_store::inbox::{InboxId, InboxPlace};

#[cfg(test)]
mod tests;

/// Batches remembered for each edge; more are joined, which only makes *safe* later.
const BATCHES_MAX: usize = 4096;

/// Which deliveries of every edge are processed.
#[derive(Debug, Default)]
pub(crate) struct SafeMarks {
    edges: Mutex<BTreeMap<String, Batches>>,
    pub(crate) changed: Notify,
}

#[derive(Debug, Default)]
struct Batches {
    /// What the numbers count in.
    inbox: InboxId,
    /// Batches that are not processed, oldest first.
    open: VecDeque<Batch>,
    /// The number of the first one in `open`; numbers rise by one.
    first: u64,
    /// The open batches that marked an item.
    by_item: BTreeMap<ItemId, BTreeSet<u64>>,
    processed: u64,
    /// What was taken durably, up to here.
    durable: u64,
}

#[derive(Debug)]
struct Batch {
    /// The edge's number of its last delivery.
    last: u64,
    /// Its items that are still dirty.
    dirty: usize,
}

impl SafeMarks {
    /// The edge's inbox is this one from now on; nothing of it is taken yet. What was taken from another one is
    /// forgotten with it.
    pub(crate) fn begin(&self, edge: &str, inbox: InboxId) {
        let batches = Batches {
            inbox,
            ..Batches::default()
        };
        self.lock().insert(edge.to_owned(), batches);
    }

    /// A batch is being taken, up to a number; it marks these items.
    pub(crate) fn taken(&self, edge: &str, last: u64, items: BTreeSet<ItemId>) {
        let mut edges = self.lock();
        let batches = edges.entry(edge.to_owned()).or_default();
        batches.take(last, items);
        batches.advance();
    }

    /// Everything up to here was taken durably.
    pub(crate) fn durable(&self, edge: &str, last: u64) {
        let mut edges = self.lock();
        let batches = edges.entry(edge.to_owned()).or_default();
        batches.durable = batches.durable.max(last);
        drop(edges);
        self.changed.notify_one();
    }

    /// These items' marks were cleared: every batch that marked them has been looked at.
    pub(crate) fn cleared(&self, items: &[ItemId]) {
        let mut edges = self.lock();
        for batches in edges.values_mut() {
            for item in items {
                batches.clear(item);
            }
            batches.advance();
        }
        drop(edges);
        self.changed.notify_one();
    }

    /// Everything up to here is processed.
    pub(crate) fn watermark(&self, edge: &str) -> InboxPlace {
        let edges = self.lock();
        let batches = edges.get(edge);
        batches.map_or_else(InboxPlace::default, |batches| InboxPlace {
            inbox: batches.inbox.clone(),
            seq: batches.processed.min(batches.durable),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Batches>> {
        self.edges.lock().expect("no code panics with this lock")
    }
}

impl Batches {
    fn take(&mut self, last: u64, items: BTreeSet<ItemId>) {
        // What a failed step told is told again, and open again.
        self.processed = self.processed.min(self.durable);
        if self.open.len() < BATCHES_MAX {
            self.open.push_back(Batch { last, dirty: 0 });
        }
        let number = self.first + self.open.len() as u64 - 1;
        let batch = self
            .open
            .back_mut()
            .expect("one was pushed, or many are there");
        batch.last = last;
        for item in items {
            if self.by_item.entry(item).or_default().insert(number) {
                batch.dirty += 1;
            }
        }
    }

    fn clear(&mut self, item: &ItemId) {
        for number in self.by_item.remove(item).unwrap_or_default() {
            let place = usize::try_from(number - self.first).expect("few batches are open");
            self.open[place].dirty -= 1;
        }
    }

    fn advance(&mut self) {
        while let Some(batch) = self.open.front().filter(|batch| batch.dirty == 0) {
            self.processed = self.processed.max(batch.last);
            self.open.pop_front();
            self.first += 1;
        }
    }
}
