//! Wakes the pulls that wait for something to arrive: those of the group that it is for, since an edge of a fleet has a
//! pull of every group waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use twinline_store::GroupId;

/// Who waits, by group.
#[derive(Default)]
pub(crate) struct Arrivals {
    groups: Mutex<BTreeMap<GroupId, Arc<Notify>>>,
}

impl Arrivals {
    /// What is rung when something for the group arrives, for as long as it is held.
    pub(crate) fn of(&self, group: &GroupId) -> Arc<Notify> {
        let mut groups = self.groups.lock().expect("no code panics with this lock");
        if let Some(known) = groups.get(group) {
            return Arc::clone(known);
        }
        // Those that nobody waits for any more: groups come and go.
        groups.retain(|_, bell| Arc::strong_count(bell) > 1);
        Arc::clone(groups.entry(group.clone()).or_default())
    }

    /// Something for the group has arrived.
    pub(crate) fn ring(&self, group: &GroupId) {
        let groups = self.groups.lock().expect("no code panics with this lock");
        if let Some(bell) = groups.get(group) {
            bell.notify_waiters();
        }
    }
}

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
