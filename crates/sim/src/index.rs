//! A search index that is some time behind the items themselves.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Items as the index knows them, by a number that grows with creation, and the changes still on their way into it.
#[derive(Debug)]
pub(crate) struct Index<T> {
    /// How far it is behind.
    pub(crate) lag: Duration,
    known: BTreeMap<u64, T>,
    /// In the order in which they were made.
    pending: VecDeque<(Timestamp, u64, T)>,
}

impl<T: Clone> Index<T> {
    /// An empty index that is this far behind.
    pub(crate) const fn lagging(lag: Duration) -> Self {
        Self {
            lag,
            known: BTreeMap::new(),
            pending: VecDeque::new(),
        }
    }

    /// Takes note that an item is now as given.
    pub(crate) fn note(&mut self, now: Timestamp, id: u64, item: &T) {
        self.pending.push_back((now, id, item.clone()));
        self.advance(now);
    }

    /// Lets in what is old enough.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while let Some((made, _, _)) = self.pending.front() {
            if now.since(*made) < self.lag {
                break;
            }
            if let Some((_, id, item)) = self.pending.pop_front() {
                self.known.insert(id, item);
            }
        }
    }

    /// The items in the index, in the order of their creation.
    pub(crate) fn items(&self) -> impl Iterator<Item = &T> {
        self.known.values()
    }
}
