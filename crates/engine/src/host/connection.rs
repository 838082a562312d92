//! One connection at run time: its active rule version, ready to run.

use crate::rules::Compiled;
use twinline_core::contract::Contract;
use twinline_core::names::{ConnectionName, NodeName, Side};

/// A connection whose active rule version could be built.
pub(crate) struct Connection {
    pub(crate) name: ConnectionName,
    pub(crate) compiled: Compiled,
}

impl Connection {
    pub(crate) fn new(compiled: Compiled) -> Self {
        Self {
            name: compiled.rules.contract().connection.clone(),
            compiled,
        }
    }

    pub(crate) fn contract(&self) -> &Contract {
        self.compiled.rules.contract()
    }

    pub(crate) fn node(&self, side: Side) -> &NodeName {
        self.contract().nodes.get(side)
    }

    /// The sides on which a node takes part; both, where a connection joins two scopes of one node.
    pub(crate) fn sides_of<'a>(&'a self, node: &'a NodeName) -> impl Iterator<Item = Side> + 'a {
        Side::BOTH
            .into_iter()
            .filter(move |side| self.node(*side) == node)
    }
}
