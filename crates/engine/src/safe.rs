//! Which deliveries are processed: an edge may forget a delivery when every item that it marked was looked at.
//!
//! Told within the steps of the store that mark and clear, whose order is the writer's: so no clearing of an earlier mark
//! counts for a batch that is being taken, and none is missed by it. Only what is durable is ever safe: what a step has told
//! that then failed is taken back when the next one tells its batch.
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
    /// The batch of a step that is not known to be durable.
    pending: Option<Pending>,
    /// What was dirty at the beginning, up to this place in the queue: while any of it is, nothing is processed.
    before: Option<u64>,
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

/// What a step has told.
#[derive(Debug)]
struct Pending {
    number: u64,
    /// The items that it has added to the batch.
    items: Vec<ItemId>,
    /// What the batch ended with before, where it was joined to an older one.
    joined_to: Option<u64>,
}

impl SafeMarks {
    /// The edge's inbox is this one from now on, taken up to `taken`. What was taken from another one is forgotten with it.
    /// `before`: the last place in the queue of what is dirty, and may stem from what was taken.
    pub(crate) fn begin(&self, edge: &str, inbox: InboxId, taken: u64, before: Option<u64>) {
        let batches = Batches {
            inbox,
            before,
            open: VecDeque::from([Batch {
                last: taken,
                dirty: 0,
            }]),
            ..Batches::default()
        };
        self.lock().insert(edge.to_owned(), batches);
        self.passed(None);
    }

    /// The last place in the queue before which something may still be dirty for some edge.
    pub(crate) fn before(&self) -> Option<u64> {
        self.lock().values().filter_map(|edge| edge.before).max()
    }

    /// What is dirty lies from this place in the queue on; `None`: nothing new is known.
    pub(crate) fn passed(&self, first: Option<u64>) {
        let mut edges = self.lock();
        for batches in edges.values_mut() {
            batches.before = batches
                .before
                .filter(|before| first.is_none_or(|first| first <= *before));
            batches.advance();
        }
        drop(edges);
        self.changed.notify_one();
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
        batches.pending = None;
        drop(edges);
        self.changed.notify_one();
    }

    /// Everything up to here was taken durably.
    pub(crate) fn taken_to(&self, edge: &str) -> InboxPlace {
        let edges = self.lock();
        let batches = edges.get(edge);
        batches.map_or_else(InboxPlace::default, |batches| InboxPlace {
            inbox: batches.inbox.clone(),
            seq: batches.durable,
        })
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
        self.take_back();
        let joined = self.open.back().filter(|_| self.open.len() >= BATCHES_MAX);
        let joined_to = joined.map(|batch| batch.last);
        if joined_to.is_none() {
            self.open.push_back(Batch { last, dirty: 0 });
        }
        let number = self.first + self.open.len() as u64 - 1;
        let batch = self
            .open
            .back_mut()
            .expect("one was pushed, or many are there");
        batch.last = last;
        let mut added = Vec::new();
        for item in items {
            if self.by_item.entry(item.clone()).or_default().insert(number) {
                batch.dirty += 1;
                added.push(item);
            }
        }
        self.pending = Some(Pending {
            number,
            items: added,
            joined_to,
        });
    }

    /// Takes back what a step has told that has failed since.
    fn take_back(&mut self) {
        self.processed = self.processed.min(self.durable);
        let Some(pending) = self.pending.take() else {
            return;
        };
        // One that is not open any more was clean, and held nothing up.
        let place = pending.number.checked_sub(self.first);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let Some(batch) = place.and_then(|place| self.open.get_mut(place)) else {
            return;
        };
        for item in pending.items {
            let Some(numbers) = self.by_item.get_mut(&item) else {
                continue;
            };
            if numbers.remove(&pending.number) {
                batch.dirty -= 1;
            }
            if numbers.is_empty() {
                self.by_item.remove(&item);
            }
        }
        match pending.joined_to {
            Some(last) => batch.last = last,
            // It is the last one.
            None => drop(self.open.pop_back()),
        }
    }

    fn clear(&mut self, item: &ItemId) {
        for number in self.by_item.remove(item).unwrap_or_default() {
            let place = usize::try_from(number - self.first).expect("few batches are open");
            self.open[place].dirty -= 1;
        }
    }

    fn advance(&mut self) {
        if self.before.is_some() {
            return;
        }
        while let Some(batch) = self.open.front().filter(|batch| batch.dirty == 0) {
            self.processed = self.processed.max(batch.last);
            self.open.pop_front();
            self.first += 1;
        }
    }
}
