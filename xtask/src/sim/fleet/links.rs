//! The ways between a host and the rest of the world, each of which can be cut.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// The state of one host's ways.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ways {
    /// Nothing goes between it and etcd.
    pub(super) etcd_cut: bool,
    /// Nothing goes between it and the central database.
    pub(super) database_cut: bool,
    /// Nothing goes between it and the edge.
    pub(super) edge_cut: bool,
    /// How much later than it was done etcd's answer arrives.
    pub(super) etcd_answers_after: Duration,
    /// Requests to trackers are under way for up to so long before they arrive.
    pub(super) requests_arrive_after: Duration,
}

/// All hosts' ways.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<BTreeMap<String, Ways>>);

impl Links {
    pub(super) fn of(&self, host: &str) -> Ways {
        self.lock().get(host).copied().unwrap_or_default()
    }

    pub(super) fn change(&self, host: &str, change: impl FnOnce(&mut Ways)) {
        change(self.lock().entry(host.to_owned()).or_default());
    }

    pub(super) fn heal(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ways>> {
        self.0.lock().expect("no code panics with this lock")
    }
}
