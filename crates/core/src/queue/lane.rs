//! One lane: nodes take turns, and within a node its connections.

use super::Work;
use crate::names::{ConnectionName, NodeName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Debug, Default)]
pub(super) struct LaneQueue {
    /// The nodes with work, the next one first; without the parked ones.
    turns: VecDeque<NodeName>,
    /// Nodes with work, none of which could start when it was last looked at.
    parked: BTreeSet<NodeName>,
    nodes: BTreeMap<NodeName, NodeQueue>,
}

#[derive(Debug, Default)]
struct NodeQueue {
    /// The connections with work, the next one first.
    turns: VecDeque<Option<ConnectionName>>,
    work: BTreeMap<Option<ConnectionName>, VecDeque<Work>>,
}

impl LaneQueue {
    /// Whether no node with work is waiting for its turn (parked ones do not count: they cannot start).
    pub(super) fn is_idle(&self) -> bool {
        self.turns.is_empty()
    }

    pub(super) fn push_back(&mut self, work: Work) {
        self.queue_of(&work).push_back(work);
    }

    pub(super) fn push_front(&mut self, work: Work) {
        self.queue_of(&work).push_front(work);
    }

    fn queue_of(&mut self, work: &Work) -> &mut VecDeque<Work> {
        if !self.nodes.contains_key(&work.node) {
            self.turns.push_back(work.node.clone());
        } else if self.parked.contains(&work.node)
            && !self.nodes[&work.node].work.contains_key(&work.connection)
        {
            // Another connection of a parked node may be ready.
            self.parked.remove(&work.node);
            self.turns.push_back(work.node.clone());
        }
        let node = self.nodes.entry(work.node.clone()).or_default();
        if !node.work.contains_key(&work.connection) {
            node.turns.push_back(work.connection.clone());
        }
        node.work.entry(work.connection.clone()).or_default()
    }

    /// The next work whose node and connection are ready. Nodes without any are parked.
    pub(super) fn pop(
        &mut self,
        ready: &mut impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        while let Some(name) = self.turns.pop_front() {
            let node = self
                .nodes
                .get_mut(&name)
                .expect("a node with a turn has work");
            let Some(work) = node.pop(&name, ready) else {
                self.parked.insert(name);
                continue;
            };
            if node.work.is_empty() {
                self.nodes.remove(&name);
            } else {
                self.turns.push_back(name);
            }
            return Some(work);
        }
        None
    }

    pub(super) fn remove(&mut self, work: &Work) {
        let Some(node) = self.nodes.get_mut(&work.node) else {
            return;
        };
        if let Some(queue) = node.work.get_mut(&work.connection) {
            queue.retain(|other| other.key != work.key);
            if queue.is_empty() {
                node.work.remove(&work.connection);
                node.turns
                    .retain(|connection| *connection != work.connection);
            }
        }
        if node.work.is_empty() {
            self.nodes.remove(&work.node);
            self.turns.retain(|node| *node != work.node);
            self.parked.remove(&work.node);
        }
    }

    pub(super) fn unpark(&mut self, nodes: &BTreeSet<&NodeName>) {
        for node in nodes {
            if self.parked.remove(*node) {
                self.turns.push_back((*node).clone());
            }
        }
    }
}

impl NodeQueue {
    fn pop(
        &mut self,
        node: &NodeName,
        ready: &mut impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        let at = self
            .turns
            .iter()
            .position(|connection| ready(node, connection.as_ref()))?;
        let connection = self.turns.remove(at).expect("the position was just found");
        let queue = self
            .work
            .get_mut(&connection)
            .expect("a connection with a turn has work");
        let work = queue.pop_front().expect("an empty queue is removed");
        if queue.is_empty() {
            self.work.remove(&connection);
        } else {
            self.turns.push_back(connection);
        }
        Some(work)
    }
}
