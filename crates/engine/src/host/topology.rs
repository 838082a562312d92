//! Which nodes and connections there are now.

use super::connection::Connection;
use crate::node::Node;
use crate::scheduler::Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::names::{ConnectionName, NodeName};

#[derive(Default)]
pub(crate) struct Topology {
    pub(super) nodes: BTreeMap<NodeName, Arc<Node>>,
    pub(super) connections: BTreeMap<ConnectionName, Arc<Connection>>,
    by_node: BTreeMap<NodeName, BTreeMap<ConnectionName, Arc<Connection>>>,
    pub(super) nodes_generation: u64,
    pub(super) connections_generation: u64,
}

impl Topology {
    pub(super) fn add_node(&mut self, node: Arc<Node>) {
        self.nodes.insert(node.name().clone(), node);
        self.nodes_generation += 1;
    }

    pub(super) fn put_connection(&mut self, connection: Connection) {
        let name = connection.name.clone();
        self.remove_connection(&name);
        let connection = Arc::new(connection);
        let nodes = &connection.contract().nodes;
        for node in [&nodes.left, &nodes.right] {
            self.by_node
                .entry(node.clone())
                .or_default()
                .insert(name.clone(), Arc::clone(&connection));
        }
        self.connections.insert(name, connection);
        self.connections_generation += 1;
    }

    pub(super) fn remove_connection(&mut self, name: &ConnectionName) {
        let Some(removed) = self.connections.remove(name) else {
            return;
        };
        self.connections_generation += 1;
        let nodes = &removed.contract().nodes;
        for node in [&nodes.left, &nodes.right] {
            if let Some(connections) = self.by_node.get_mut(node) {
                connections.remove(name);
            }
        }
    }

    pub(super) fn of_node(&self, node: &NodeName) -> Vec<Arc<Connection>> {
        let connections = self.by_node.get(node);
        connections.map_or_else(Vec::new, |all| all.values().cloned().collect())
    }

    pub(super) fn nodes_of(&self, slot: &Slot) -> Vec<Arc<Node>> {
        let names = match slot {
            Slot::Candidates(node) => BTreeSet::from([node]),
            Slot::Connection(connection) => match self.connections.get(connection) {
                None => BTreeSet::new(),
                Some(connection) => {
                    let nodes = &connection.contract().nodes;
                    BTreeSet::from([&nodes.left, &nodes.right])
                }
            },
        };
        names
            .into_iter()
            .filter_map(|name| self.nodes.get(name))
            .cloned()
            .collect()
    }
}
