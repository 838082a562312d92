//! How many deliveries a node may send: a token bucket for each, refilled every moment, one second deep.

use std::collections::BTreeMap;
use std::sync::Mutex;
use tokio::time::Instant;
use twinline_core::names::NodeName;

/// All nodes' buckets. Bounded by the route table: only known nodes ask.
pub(crate) struct Rates {
    per_s: f64,
    buckets: Mutex<BTreeMap<NodeName, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rates {
    pub(crate) const fn new(per_s: u32) -> Self {
        Self {
            per_s: per_s as f64,
            buckets: Mutex::new(BTreeMap::new()),
        }
    }

    /// Takes one token; false when there is none.
    pub(crate) fn take(&self, node: &NodeName, now: Instant) -> bool {
        let mut buckets = self
            .buckets
            .lock()
            .expect("nothing panics while it is held");
        if !buckets.contains_key(node) {
            buckets.insert(
                node.clone(),
                Bucket {
                    tokens: self.per_s,
                    filled: now,
                },
            );
        }
        let bucket = buckets.get_mut(node).expect("it was just made");
        let elapsed_s = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed_s * self.per_s).min(self.per_s);
        // Of two callers the later one may have read the clock first: what has passed counts once.
        bucket.filled = bucket.filled.max(now);
        let taken = bucket.tokens >= 1.0;
        if taken {
            bucket.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
