//! When a change that was made on one side can be seen on the other.

use crate::bench::latency::Latencies;
use crate::bench::trackers::number_after;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use twinline_sim::Sees;

/// What the number of a change stands behind in its text.
const MARK: &[u8] = b"change-";

/// The text that carries a change across.
pub(super) fn text(item: usize, change: u64) -> String {
    format!("[{item}] change-{change} of this title")
}

/// The changes under way, and how long the others took.
pub(super) struct Watch {
    state: Mutex<State>,
    /// Rung with every change that was seen.
    pub(super) seen: Notify,
}

struct State {
    open: BTreeMap<u64, Open>,
    /// Items without a change under way, in the order in which they became free.
    free: std::collections::VecDeque<usize>,
    latencies: Latencies,
    requests: u64,
    last_request: Instant,
}

struct Open {
    item: usize,
    began: Instant,
}

/// What was seen since the last time.
pub(super) struct Counted {
    pub(super) latencies: Latencies,
    pub(super) requests: u64,
}

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            open: BTreeMap::new(),
            free: std::collections::VecDeque::new(),
            latencies: Latencies::new(),
            requests: 0,
            last_request: Instant::now(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            seen: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// These items may be changed.
    pub(super) fn set_free(&self, items: usize) {
        self.lock().free = (0..items).collect();
    }

    /// An item that has no change under way.
    pub(super) fn take_free(&self) -> Option<usize> {
        self.lock().free.pop_front()
    }

    /// A change is made now.
    pub(super) fn begin(&self, change: u64, item: usize) {
        let began = Instant::now();
        self.lock().open.insert(change, Open { item, began });
    }

    pub(super) fn open(&self) -> usize {
        self.lock().open.len()
    }

    /// How long no tracker was asked.
    pub(super) fn quiet_for(&self) -> Duration {
        self.lock().last_request.elapsed()
    }

    /// How many were seen so far, of those that are not counted yet.
    pub(super) fn seen_so_far(&self) -> u64 {
        self.lock().latencies.count()
    }

    /// Takes what was counted; changes that are still open are given up.
    pub(super) fn count(&self) -> Counted {
        let mut state = self.lock();
        state.open.clear();
        Counted {
            latencies: std::mem::replace(&mut state.latencies, Latencies::new()),
            requests: std::mem::take(&mut state.requests),
        }
    }
}

impl Sees for Watch {
    fn written(&self, _: usize, body: &[u8]) {
        let Some(change) = number_after(MARK, body) else {
            return;
        };
        let mut state = self.lock();
        if let Some(open) = state.open.remove(&change) {
            state.latencies.add(open.began.elapsed());
            state.free.push_back(open.item);
            drop(state);
            self.seen.notify_one();
        }
    }

    fn asked(&self) {
        let mut state = self.lock();
        state.requests += 1;
        state.last_request = Instant::now();
    }
}
