//! What the engine counts, in a plain struct that the binary shows to Prometheus.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the latency histogram, in milliseconds; a last bucket takes what is over.
pub const LATENCY_BOUNDS_MS: [u64; 14] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 30_000, 300_000,
];

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counters since the process began. Each only grows.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[$doc])* pub $name: Counter,)+
            /// Change time to visible on the other side, of changes that a webhook announced.
            pub latency: Latency,
        }

        impl Metrics {
            /// Every counter by name, for the exposition.
            pub fn counters(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)+]
            }
        }
    };
}

counters! {
    /// Deliveries taken from edges.
    deliveries,
    /// Deliveries that no connector could read.
    deliveries_unreadable,
    /// Times that an edge came back with another inbox than the one that was pulled.
    inboxes_replaced,
    /// Times that an edge told of a node whose deliveries it had refused, or may have: it was swept.
    refusals,
    /// Items that webhooks named.
    hints,
    /// Hints of these that told nothing new: mostly echoes of our own writes.
    known,
    /// Items marked dirty by sweeps.
    swept,
    /// Jobs that ended, for whatever reason.
    jobs,
    /// Of these, from the backfill lane.
    jobs_backfill,
    /// Jobs that panicked; each quarantined one twin.
    panics,
    /// Items fetched.
    fetches,
    /// Observations that were older than what was known, and dropped.
    stale,
    /// Attempts made.
    attempts,
    /// Attempts that wrote.
    written,
    /// Attempts whose outcome was unknown.
    unknown,
    /// Of these, found to have written.
    recognised,
    /// Attempts that failed in a way that may pass.
    retries,
    /// Looks that ended with one fetch, since the item was as its twin had left it.
    glances,
    /// Plans that wrote nothing.
    in_step,
    /// Twins created.
    twins_created,
    /// Twins quarantined.
    quarantined,
    /// Items without a twin that could not be looked at after many attempts: left to their next change or the next audit.
    given_up,
    /// Connections held by the breaker.
    breaker_trips,
    /// Sweeps that reached their feed's end.
    sweeps,
    /// Twins that an audit found out of step, without any other sign of a change.
    drifted,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds some.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A histogram of latencies with fixed bounds.
#[derive(Debug, Default)]
pub struct Latency {
    buckets: [Counter; LATENCY_BOUNDS_MS.len() + 1],
    sum_ms: Counter,
}

impl Latency {
    /// Counts one.
    pub fn record(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        let bucket = LATENCY_BOUNDS_MS
            .iter()
            .position(|bound| ms <= *bound)
            .unwrap_or(LATENCY_BOUNDS_MS.len());
        self.buckets[bucket].inc();
        self.sum_ms.add(ms);
    }

    /// The count in each bucket, in the order of [`LATENCY_BOUNDS_MS`], and what is over the last.
    pub fn buckets(&self) -> Vec<u64> {
        self.buckets.iter().map(Counter::get).collect()
    }

    /// The sum of all latencies in milliseconds.
    pub fn sum_ms(&self) -> u64 {
        self.sum_ms.get()
    }
}
