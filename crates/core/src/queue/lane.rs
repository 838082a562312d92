//! One lane: nodes take turns, and within a node its connections.

use super::Work;
use super::turns::Turns;
use crate::names::{ConnectionName, NodeName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Where a piece of work stands in its line: lower numbers come first. No two in a lane are equal.
pub(super) type Number = i64;

#[derive(Debug, Default)]
pub(super) struct LaneQueue {
    /// The numbers given out last, at the end and at the front of lines.
    last: Number,
    first: Number,
    /// The nodes with work, the next one first; without the parked ones.
    turns: Turns<NodeName>,
    /// Nodes with work, none of which could start when it was last looked at.
    parked: BTreeSet<NodeName>,
    nodes: BTreeMap<NodeName, NodeQueue>,
}

#[derive(Debug, Default)]
struct NodeQueue {
    /// The connections with work, the next one first.
    turns: VecDeque<Option<ConnectionName>>,
    work: BTreeMap<Option<ConnectionName>, Line>,
}

/// The work of one connection. Taking a piece out of the middle costs no look at the others.
type Line = BTreeMap<Number, Work>;

impl LaneQueue {
    /// Whether no node with work is waiting for its turn (parked ones do not count: they cannot start).
    pub(super) fn is_idle(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether a node has work and is not parked.
    pub(super) fn has_turn(&self, node: &NodeName) -> bool {
        self.turns.has(node)
    }

    /// Adds work at the end of its line; answers where it stands.
    pub(super) fn push_back(&mut self, work: Work) -> Number {
        self.last += 1;
        let number = self.last;
        self.line_of(&work).insert(number, work);
        number
    }

    /// Adds work at the front of its line; answers where it stands.
    pub(super) fn push_front(&mut self, work: Work) -> Number {
        self.first -= 1;
        let number = self.first;
        self.line_of(&work).insert(number, work);
        number
    }

    fn line_of(&mut self, work: &Work) -> &mut Line {
        if !self.nodes.contains_key(&work.node) {
            self.turns.join(&work.node);
        } else if self.parked.contains(&work.node)
            && !self.nodes[&work.node].work.contains_key(&work.connection)
        {
            // Another connection of a parked node may be ready.
            self.parked.remove(&work.node);
            self.turns.join(&work.node);
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
        while let Some(name) = self.turns.first().cloned() {
            if let Some(work) = self.pop_of(&name, ready) {
                return Some(work);
            }
        }
        None
    }

    /// The next work of one node that is ready. Without any the node is parked.
    pub(super) fn pop_of(
        &mut self,
        name: &NodeName,
        ready: &mut impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        if !self.turns.has(name) {
            return None;
        }
        let node = self
            .nodes
            .get_mut(name)
            .expect("a node with a turn has work");
        let Some(work) = node.pop(name, ready) else {
            self.turns.leave(name);
            self.parked.insert(name.clone());
            return None;
        };
        if node.work.is_empty() {
            self.nodes.remove(name);
            self.turns.leave(name);
        } else {
            self.turns.served(name);
        }
        Some(work)
    }

    /// Takes out the work that stands there.
    pub(super) fn remove(&mut self, work: &Work, number: Number) {
        let Some(node) = self.nodes.get_mut(&work.node) else {
            return;
        };
        if let Some(line) = node.work.get_mut(&work.connection) {
            line.remove(&number);
            if line.is_empty() {
                node.work.remove(&work.connection);
                node.turns
                    .retain(|connection| *connection != work.connection);
            }
        }
        if node.work.is_empty() {
            self.nodes.remove(&work.node);
            self.turns.leave(&work.node);
            self.parked.remove(&work.node);
        }
    }

    pub(super) fn unpark(&mut self, nodes: &BTreeSet<&NodeName>) {
        for node in nodes {
            if self.parked.remove(*node) {
                self.turns.join(node);
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
        let line = self
            .work
            .get_mut(&connection)
            .expect("a connection with a turn has work");
        let (_, work) = line.pop_first().expect("an empty line is removed");
        if line.is_empty() {
            self.work.remove(&connection);
        } else {
            self.turns.push_back(connection);
        }
        Some(work)
    }
}
