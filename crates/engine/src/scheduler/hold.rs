//! Keeping jobs out of clusters while something is done to a cluster as a whole.

use super::Scheduler;
use crate::host::Inner;
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use twinline_core::names::RootId;

/// Clusters of which no job starts until this is dropped.
pub(crate) struct Held {
    host: Arc<Inner>,
    roots: BTreeSet<RootId>,
}

impl Held {
    /// Holds clusters, and waits until none of their jobs is in flight.
    pub(crate) async fn alone(host: &Arc<Inner>, roots: BTreeSet<RootId>) -> Self {
        host.scheduler.hold(&roots);
        let held = Self {
            host: Arc::clone(host),
            roots,
        };
        let scheduler = &host.scheduler;
        loop {
            let mut ended = pin!(scheduler.ended.notified());
            ended.as_mut().enable();
            if !scheduler.is_any_busy(&held.roots) {
                return held;
            }
            ended.await;
        }
    }

    /// Holds a cluster, if none of its jobs is in flight.
    pub(crate) fn if_idle(host: &Arc<Inner>, root: &RootId) -> Option<Self> {
        host.scheduler.hold_idle(root).then(|| Self {
            host: Arc::clone(host),
            roots: BTreeSet::from([root.clone()]),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.host.scheduler.release(&self.roots);
        self.host.scheduler.ring();
    }
}

impl Scheduler {
    fn hold(&self, roots: &BTreeSet<RootId>) {
        let mut state = self.lock();
        for root in roots {
            state.queue.hold(root);
        }
    }

    fn hold_idle(&self, root: &RootId) -> bool {
        let mut state = self.lock();
        let is_idle = !state.queue.is_busy(root);
        if is_idle {
            state.queue.hold(root);
        }
        is_idle
    }

    fn is_any_busy(&self, roots: &BTreeSet<RootId>) -> bool {
        let state = self.lock();
        roots.iter().any(|root| state.queue.is_busy(root))
    }

    fn release(&self, roots: &BTreeSet<RootId>) {
        let mut state = self.lock();
        for root in roots {
            state.queue.release(root);
        }
    }
}
