//! Slots: how many jobs at once a connection, and a node on whichever side, may have.

use super::{Ready, Scheduler, Started, State};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::queue::{Lane, Work};

/// How many jobs there may be at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobLimits {
    pub(crate) connection: usize,
    pub(crate) node: usize,
}

/// Whose jobs at once are limited together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Connection(ConnectionName),
    Candidates(NodeName),
}

impl Slot {
    pub(super) fn of(node: &NodeName, connection: Option<&ConnectionName>) -> Self {
        match connection {
            Some(connection) => Self::Connection(connection.clone()),
            None => Self::Candidates(node.clone()),
        }
    }

    pub(super) fn of_work(work: &Work) -> Self {
        Self::of(&work.node, work.connection.as_ref())
    }

    /// Whether its work may start, limits aside.
    pub(super) fn is_open(&self, ready: &impl Ready) -> bool {
        ready(self).is_some()
    }
}

impl Scheduler {
    /// The next work that may start.
    pub(super) fn start(&self, limits: JobLimits, ready: &impl Ready) -> Option<Started> {
        let mut state = self.lock();
        let State {
            queue,
            jobs,
            node_jobs,
            ..
        } = &mut *state;
        let mut nodes = Vec::new();
        let work = queue.pick(|node, connection| {
            let slot = Slot::of(node, connection);
            if jobs
                .get(&slot)
                .is_some_and(|running| *running >= limits.connection)
            {
                return false;
            }
            let Some(used) = ready(&slot) else {
                return false;
            };
            let full = |node: &NodeName| node_jobs.get(node).is_some_and(|n| *n >= limits.node);
            let starts = !used.iter().any(full);
            nodes = used;
            starts
        })?;
        *jobs.entry(Slot::of_work(&work)).or_default() += 1;
        for node in &nodes {
            *node_jobs.entry(node.clone()).or_default() += 1;
        }
        state.dispatched[usize::from(work.lane == Lane::Backfill)] += 1;
        let marks = state.marks.take(&work.key);
        let failures = state.failures.get(&work.key).copied().unwrap_or(0);
        Some(Started {
            work,
            marks,
            nodes,
            failures,
        })
    }

    /// A job has left its slot and its cluster. `peers`: the nodes whose work uses a node, too.
    pub(super) fn finish(
        &self,
        work: &Work,
        nodes: &[NodeName],
        limits: JobLimits,
        peers: impl Fn(&NodeName) -> BTreeSet<NodeName>,
    ) {
        let mut state = self.lock();
        leave(&mut state.jobs, &Slot::of_work(work));
        state.queue.finish(work);
        state.queue.unpark([&work.node]);
        for node in nodes {
            if leave(&mut state.node_jobs, node) >= limits.node {
                state.queue.unpark(&peers(node));
            }
            state.queue.unpark([node]);
        }
        drop(state);
        self.ended.notify_waiters();
    }
}

/// One job less; how many there were.
fn leave<T: Ord>(jobs: &mut BTreeMap<T, usize>, of: &T) -> usize {
    let Some(running) = jobs.get_mut(of) else {
        return 0;
    };
    let before = *running;
    *running -= 1;
    if *running == 0 {
        jobs.remove(of);
    }
    before
}
