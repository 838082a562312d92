//! The ways between a host and the rest of the world, each of which can be cut.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// The least and the most, in milliseconds.
pub(super) type Between = (u64, u64);

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
    /// Writes to trackers are under way for so long before they arrive, and reads: from and to.
    pub(super) writes_arrive_after: Between,
    pub(super) reads_arrive_after: Between,
    /// How much longer each way to the central database and back takes.
    pub(super) database_way: Duration,
    /// After so many more commits nothing goes between it and the central database.
    pub(super) commits_left: Option<u32>,
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

    /// A commit of this host was kept, and it is told so.
    pub(super) fn committed(&self, host: &str) {
        self.change(host, |ways| {
            if let Some(left) = &mut ways.commits_left {
                *left = left.saturating_sub(1);
                ways.database_cut |= *left == 0;
            }
        });
    }

    pub(super) fn heal(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ways>> {
        self.0.lock().expect("no code panics with this lock")
    }
}
