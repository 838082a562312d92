//! Which nodes belong together: the connected components of nodes over connections, under ids that stay.

use crate::names::NodeName;
use std::collections::{BTreeMap, BTreeSet};

/// Which group each node is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// Every node with its group.
    pub places: BTreeMap<NodeName, String>,
    /// Groups that are no more, each with the one that its nodes are in now.
    pub joined: BTreeMap<String, String>,
}

/// Works out the groups after a publish.
///
/// Nodes that were together stay together, also when no connection joins them any more: a twin that was once made lies in
/// both. A connection between two groups joins them under the id of the one with more nodes, of the lesser id among equals;
/// so do all groups of a component. A component of new nodes alone gets the id that `fresh` gives for its least node.
/// Connections that name an unknown node are left out of account.
pub fn regroup(
    before: &BTreeMap<NodeName, String>,
    nodes: &BTreeSet<NodeName>,
    connections: &[(NodeName, NodeName)],
    mut fresh: impl FnMut(&NodeName) -> String,
) -> Groups {
    let mut parts = Parts::of(nodes);
    let mut firsts: BTreeMap<&str, &NodeName> = BTreeMap::new();
    for (node, group) in before.iter().filter(|(node, _)| nodes.contains(*node)) {
        let first = *firsts.entry(group).or_insert(node);
        parts.join(first, node);
    }
    for (left, right) in connections {
        if nodes.contains(left) && nodes.contains(right) {
            parts.join(left, right);
        }
    }
    let mut groups = Groups::default();
    for members in parts.all() {
        let mut had: BTreeMap<&String, usize> = BTreeMap::new();
        for group in members.iter().filter_map(|node| before.get(*node)) {
            *had.entry(group).or_default() += 1;
        }
        // The last of equals is taken: the ids come in descending order.
        let survivor = had.iter().rev().max_by_key(|(_, count)| **count);
        let survivor = survivor.map(|(group, _)| (*group).clone());
        let id = survivor.unwrap_or_else(|| fresh(members[0]));
        for group in had.keys().filter(|group| ***group != id) {
            groups.joined.insert((*group).clone(), id.clone());
        }
        for node in members {
            groups.places.insert(node.clone(), id.clone());
        }
    }
    groups
}

/// Disjoint sets of nodes, each under its least one.
struct Parts<'a> {
    under: BTreeMap<&'a NodeName, &'a NodeName>,
}

impl<'a> Parts<'a> {
    fn of(nodes: &'a BTreeSet<NodeName>) -> Self {
        Self {
            under: nodes.iter().map(|node| (node, node)).collect(),
        }
    }

    fn least(&self, node: &NodeName) -> &'a NodeName {
        let mut at = self.under[node];
        while self.under[at] != at {
            at = self.under[at];
        }
        at
    }

    fn join(&mut self, one: &NodeName, other: &NodeName) {
        let (one, other) = (self.least(one), self.least(other));
        let (least, greater) = if one <= other {
            (one, other)
        } else {
            (other, one)
        };
        self.under.insert(greater, least);
    }

    /// The members of each set, least first.
    fn all(&self) -> Vec<Vec<&'a NodeName>> {
        let mut sets: BTreeMap<&NodeName, Vec<&NodeName>> = BTreeMap::new();
        for node in self.under.keys() {
            sets.entry(self.least(node)).or_default().push(node);
        }
        sets.into_values().collect()
    }
}
