//! When each node is next swept. Finding the next one costs the same for ten nodes and for ten thousand.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::names::NodeName;

/// When a node is next due, and its present period.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) at: Instant,
    pub(super) period: Duration,
    pub(super) resweep: Turn,
    pub(super) membership: Turn,
    pub(super) audit: Turn,
    pub(super) enumeration: Turn,
}

/// When a rarer part of a node's sweeps has its turn. One that failed is tried again soon, and then less and less often,
/// so that what keeps failing is not repeated with every sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    at: Instant,
    /// How long it waits after its next failure.
    pause: Duration,
}

/// What came of a part that had its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Done,
    /// It was not tried: it was not its turn, or the node does not answer. What is due stays so.
    Untried,
    /// It failed while the node works.
    Failed,
}

impl Turn {
    /// The first one.
    pub(super) const fn first(at: Instant, period: Duration) -> Self {
        Self { at, pause: period }
    }

    pub(super) fn is_due(self, now: Instant) -> bool {
        self.at <= now
    }

    pub(super) const fn at(self) -> Instant {
        self.at
    }

    /// The turn after what came of this one. `period` is that of the node's sweeps, `every` that of the part.
    pub(super) fn after(self, part: Part, now: Instant, period: Duration, every: Duration) -> Self {
        match part {
            Part::Done => Self::first(now + every, period),
            Part::Untried => self,
            Part::Failed => Self {
                at: now + self.pause.min(every),
                pause: self.pause.saturating_mul(2).min(every),
            },
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Dues {
    nodes: BTreeMap<NodeName, Due>,
    order: BTreeSet<(Instant, NodeName)>,
}

impl Dues {
    pub(super) fn get(&self, node: &NodeName) -> Option<&Due> {
        self.nodes.get(node)
    }

    pub(super) fn put(&mut self, node: &NodeName, due: Due) {
        self.order.insert((due.at, node.clone()));
        if let Some(old) = self.nodes.insert(node.clone(), due.clone())
            && old.at != due.at
        {
            self.order.remove(&(old.at, node.clone()));
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&NodeName) -> bool) {
        self.nodes.retain(|node, _| keep(node));
        self.order.retain(|(_, node)| keep(node));
    }

    /// The node that is due next, and when.
    pub(super) fn first(&self) -> Option<(Instant, &NodeName)> {
        self.order.first().map(|(at, node)| (*at, node))
    }

    /// A node is due at once, and from then on at this period.
    pub(super) fn now(&mut self, node: &NodeName, now: Instant, period: Duration) {
        if let Some(due) = self.nodes.get(node).cloned() {
            let (at, period) = (now, period.min(due.period));
            self.put(node, Due { at, period, ..due });
        }
    }
}
