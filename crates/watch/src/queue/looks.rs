//! When each queue was last read: for the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// By queue, when it was last read; before, when it was begun. Cheap to clone; outlives the queues of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<BTreeMap<String, Instant>>>);

impl Looks {
    /// For how long each queue has not been read.
    pub fn ages(&self) -> BTreeMap<String, Duration> {
        let all = self.lock();
        let ages = all.iter().map(|(name, at)| (name.clone(), at.elapsed()));
        ages.collect()
    }

    /// Forgets queues that are not among these any more.
    pub fn retain(&self, mut is_there: impl FnMut(&str) -> bool) {
        self.lock().retain(|name, _| is_there(name));
    }

    pub(super) fn begun(&self, queue: &str) {
        self.lock()
            .entry(queue.to_owned())
            .or_insert_with(Instant::now);
    }

    pub(super) fn read(&self, queue: &str) {
        self.lock().insert(queue.to_owned(), Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
