//! Deliveries whose signature was refused, by node, since the last genuine one.
//!
//! A secret that was changed on one side only shows as this: all that comes is refused, and nothing genuine comes between.
//! What strangers send is refused as well, and tells nothing while the tracker's own deliveries are genuine; where none come,
//! it is forgotten.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::names::NodeName;

/// Refused ones are forgotten when no other was refused for so long.
const KEPT: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy)]
struct Count {
    number: u64,
    last: Instant,
}

/// The counts of all nodes. Bounded by the route table: only known nodes are counted.
#[derive(Default)]
pub(crate) struct Forged {
    counts: Mutex<BTreeMap<NodeName, Count>>,
    /// Whether there is any: a genuine delivery looks no further while there is none.
    any: AtomicBool,
}

impl Forged {
    /// A delivery of the node was refused for its signature.
    pub(crate) fn refused(&self, node: &NodeName, now: Instant) {
        let mut counts = self.lock();
        let count = counts.entry(node.clone()).or_insert(Count {
            number: 0,
            last: now,
        });
        if now.saturating_duration_since(count.last) > KEPT {
            count.number = 0;
        }
        count.number += 1;
        count.last = now;
        self.any.store(true, Ordering::Release);
    }

    /// A delivery of the node was genuine.
    pub(crate) fn genuine(&self, node: &NodeName) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        let mut counts = self.lock();
        counts.remove(node);
        self.any.store(!counts.is_empty(), Ordering::Release);
    }

    /// By node, how many were refused since the last genuine one.
    pub(crate) fn counts(&self, now: Instant) -> BTreeMap<NodeName, u64> {
        let mut counts = self.lock();
        counts.retain(|_, count| now.saturating_duration_since(count.last) <= KEPT);
        self.any.store(!counts.is_empty(), Ordering::Release);
        let counts = counts.iter();
        counts
            .map(|(node, count)| (node.clone(), count.number))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, Count>> {
        self.counts.lock().expect("nothing panics while it is held")
    }
}

#[cfg(test)]
#[path = "forged_tests.rs"]
mod tests;
