//! Which groups of nodes there are.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::ownership::regroup;
use twinline_engine::ownership::Pins;
use twinline_store::central::NodePlace;
use twinline_store::{Epoch, GroupId};

/// The format of the text.
const FORMAT: u32 = 1;

/// What a fleet's machines agree on. Replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    format: u32,
    /// The nodes of each connection, left and right.
    pub connections: BTreeMap<ConnectionName, (NodeName, NodeName)>,
    /// Which group each node is in that has a connection.
    pub places: BTreeMap<NodeName, GroupId>,
    /// Groups that a person wants on a host.
    pub pins: BTreeMap<GroupId, String>,
    /// How often the fleet was restored or rebuilt, from 1 on: the former part of every epoch.
    #[serde(default = "first_generation")]
    pub generation: u16,
}

const fn first_generation() -> u16 {
    Epoch::FIRST.generation()
}

/// A connection would join two groups, each with a state of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the connection '{connection}' would join the nodes '{}' and '{}', which are in the groups {} and {}: groups that work \
     already cannot be joined in this version; connect one of them to a node that has no connection yet",
    nodes.0, nodes.1, groups.0, groups.1
)]
pub struct Straddles {
    connection: ConnectionName,
    nodes: (NodeName, NodeName),
    groups: (GroupId, GroupId),
}

impl Default for Definitions {
    fn default() -> Self {
        Self {
            format: FORMAT,
            connections: BTreeMap::new(),
            places: BTreeMap::new(),
            pins: BTreeMap::new(),
            generation: first_generation(),
        }
    }
}

impl Definitions {
    /// Reads the published text.
    ///
    /// # Errors
    /// It is none, or of a newer format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if found.format != FORMAT {
            return Err(format!(
                "is of format {}; this version reads {FORMAT}",
                found.format
            ));
        }
        Ok(found)
    }

    /// As it is published.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("maps of texts are JSON")
    }

    /// With a connection. A node that had none comes into the other's group; two of them into a new one, called `fresh`.
    ///
    /// # Errors
    /// Both nodes are in groups, and not in the same.
    pub fn with(
        &self,
        connection: &ConnectionName,
        nodes: (NodeName, NodeName),
        fresh: &GroupId,
    ) -> Result<Self, Straddles> {
        if let (Some(left), Some(right)) = (self.places.get(&nodes.0), self.places.get(&nodes.1))
            && left != right
        {
            return Err(Straddles {
                connection: connection.clone(),
                groups: (left.clone(), right.clone()),
                nodes,
            });
        }
        let mut next = self.clone();
        next.connections.insert(connection.clone(), nodes);
        let joined: Vec<_> = next.connections.values().cloned().collect();
        let known: BTreeSet<NodeName> = (joined.iter())
            .flat_map(|(left, right)| [left.clone(), right.clone()])
            .chain(self.places.keys().cloned())
            .collect();
        let before = (self.places.iter())
            .map(|(node, group)| (node.clone(), group.to_string()))
            .collect();
        let groups = regroup(&before, &known, &joined, |_| fresh.to_string());
        next.places = (groups.places.into_iter())
            .map(|(node, group)| (node, GroupId::new(group)))
            .collect();
        Ok(next)
    }

    /// In the next generation; `None`: there is none.
    pub fn raised(&self) -> Option<Self> {
        let mut next = self.clone();
        next.generation = self.generation.checked_add(1)?;
        Some(next)
    }

    /// Where each node is, as the central database lists it.
    pub fn node_places(&self) -> Vec<NodePlace> {
        let places = self.places.iter();
        let places = places.map(|(node, group)| NodePlace {
            node: node.clone(),
            workspace: "default".to_owned(),
            group: group.clone(),
        });
        places.collect()
    }

    /// With a group wanted on a host; `None`: on any.
    pub fn pinned(&self, group: &GroupId, host: Option<&str>) -> Self {
        let mut next = self.clone();
        match host {
            Some(host) => next.pins.insert(group.clone(), host.to_owned()),
            None => next.pins.remove(group),
        };
        next
    }

    /// The nodes of a group.
    pub fn members(&self, group: &GroupId) -> BTreeSet<NodeName> {
        let members = self.places.iter().filter(|(_, place)| *place == group);
        members.map(|(node, _)| node.clone()).collect()
    }

    /// The groups that there are, with how many nodes each has, and where a person wants it.
    pub fn groups(&self) -> Pins {
        let mut groups = Pins::new();
        for group in self.places.values() {
            let pinned = || (0, self.pins.get(group).cloned());
            groups.entry(group.clone()).or_insert_with(pinned).0 += 1;
        }
        groups
    }
}
