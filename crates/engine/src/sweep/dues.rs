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
    pub(super) resweep_at: Instant,
    pub(super) audit_at: Instant,
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

    /// A node is due at once.
    pub(super) fn now(&mut self, node: &NodeName, now: Instant) {
        if let Some(due) = self.nodes.get(node).cloned() {
            self.put(node, Due { at: now, ..due });
        }
    }

    /// All nodes are due at once.
    pub(super) fn all_now(&mut self, now: Instant) {
        let nodes: Vec<_> = self.nodes.keys().cloned().collect();
        for node in nodes {
            self.now(&node, now);
        }
    }
}
