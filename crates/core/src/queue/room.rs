//! How much of each node's waiting is kept in memory.
//!
//! Half of the room is divided among the nodes, so that each has some of its own whatever the others do; the other half
//! is for who needs it first. What finds no room waits elsewhere and is read when there is room again.

use crate::names::NodeName;
use std::collections::BTreeMap;

/// The room of one lane.
#[derive(Clone, Debug)]
pub struct Room {
    max: usize,
    /// What every node has for itself.
    own: usize,
    /// What is for all.
    shared: usize,
    shared_used: usize,
    held: BTreeMap<NodeName, usize>,
}

impl Room {
    /// Room for `max`, all of it one node's.
    pub const fn new(max: usize) -> Self {
        Self {
            max,
            own: max,
            shared: 0,
            shared_used: 0,
            held: BTreeMap::new(),
        }
    }

    /// Divides the room among so many nodes. Each has room for one at the very least.
    pub fn divide(&mut self, nodes: usize) {
        self.own = (self.max / 2 / nodes.max(1)).max(1);
        self.shared = self.max.saturating_sub(self.own * nodes);
        let over = |held: &usize| held.saturating_sub(self.own);
        self.shared_used = self.held.values().map(over).sum();
    }

    /// How much more a node may hold.
    pub fn left(&self, node: &NodeName) -> usize {
        self.own.saturating_sub(self.held(node)) + self.shared.saturating_sub(self.shared_used)
    }

    /// Whether to read what waits elsewhere for a node, at most `page` at a time: so seldom that little is read in vain.
    pub fn is_worth_filling(&self, node: &NodeName, page: usize) -> bool {
        self.left(node) >= page || self.held(node) <= self.own / 2
    }

    /// A node holds one more.
    pub fn take(&mut self, node: &NodeName) {
        let held = self.held.entry(node.clone()).or_default();
        *held += 1;
        if *held > self.own {
            self.shared_used += 1;
        }
    }

    /// A node holds one less.
    pub fn give_back(&mut self, node: &NodeName) {
        let Some(held) = self.held.get_mut(node) else {
            return;
        };
        if *held > self.own {
            self.shared_used -= 1;
        }
        *held -= 1;
        if *held == 0 {
            self.held.remove(node);
        }
    }

    fn held(&self, node: &NodeName) -> usize {
        self.held.get(node).copied().unwrap_or(0)
    }
}
