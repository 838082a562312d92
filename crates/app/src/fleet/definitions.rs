//! Which groups of nodes there are.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::ownership::{Groups, regroup};
use twinline_engine::groups::Part;
use twinline_engine::ownership::Pins;
use twinline_store::central::NodePlace;
use twinline_store::{Epoch, GroupId};

/// The format of a text without joins.
const FORMAT: u32 = 1;
/// The format of a text with joins: whoever does not know them must not publish it without.
const JOINS_FORMAT: u32 = 2;

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
    /// Groups that a connection joins to others. They stay here for good: a machine that was away learns that they are no
    /// more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub joins: BTreeMap<GroupId, Join>,
    /// How often the fleet was restored or rebuilt, from 1 on: the former part of every epoch.
    #[serde(default = "first_generation")]
    pub generation: u16,
}

const fn first_generation() -> u16 {
    Epoch::FIRST.generation()
}

/// How a group comes to be a part of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The group that goes on with its nodes.
    pub into: GroupId,
    /// The connection that joins them.
    pub connection: ConnectionName,
    /// Its nodes, left and right.
    pub nodes: (NodeName, NodeName),
    /// Whether its state is final and its nodes are the other group's. Until then it works as before, and the connection is
    /// not there yet.
    pub merged: bool,
}

/// A connection that cannot be placed now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// One of the groups that it would join takes part in a join that is under way.
    #[error(
        "the connection '{connection}' would join a group that is part of another join: '{under_way}' is just joining the group \
         {gone} to {into}; repeat it when that is done"
    )]
    Busy {
        /// The one that was asked for.
        connection: ConnectionName,
        /// The one that is under way.
        under_way: ConnectionName,
        /// The group that goes.
        gone: GroupId,
        /// The group that takes it in.
        into: GroupId,
    },
    /// What is known of it lies in another group than its nodes.
    #[error(
        "the connection '{connection}' has its twins and the versions of its rules in the group {group}, in which neither \
         '{}' nor '{}' is: give it another name",
        nodes.0, nodes.1
    )]
    Elsewhere {
        /// The one that was asked for.
        connection: ConnectionName,
        /// The group that it is in.
        group: GroupId,
        /// Its nodes as asked for.
        nodes: (NodeName, NodeName),
    },
}

impl Default for Definitions {
    fn default() -> Self {
        Self {
            format: FORMAT,
            connections: BTreeMap::new(),
            places: BTreeMap::new(),
            pins: BTreeMap::new(),
            joins: BTreeMap::new(),
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
        if ![FORMAT, JOINS_FORMAT].contains(&found.format) {
            return Err(format!(
                "is of format {}; this version reads {FORMAT} and {JOINS_FORMAT}",
                found.format
            ));
        }
        Ok(found)
    }

    /// As it is published.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("maps of texts are JSON")
    }

    /// With a connection. A node that had none comes into the other's group; two of them into a new one, called `fresh`. Nodes
    /// of two groups: these are to be joined, and it is a connection when they are ([`Self::merged`]).
    ///
    /// # Errors
    /// It cannot be placed now, or not under this name.
    pub fn with(
        &self,
        connection: &ConnectionName,
        nodes: (NodeName, NodeName),
        fresh: &GroupId,
    ) -> Result<Self, Refused> {
        let asked_before = |join: &Join| join.connection == *connection && join.nodes == nodes;
        if self.joins_under_way().any(|(_, join)| asked_before(join)) {
            return Ok(self.clone());
        }
        let at = [&nodes.0, &nodes.1].map(|node| self.places.get(node));
        let was = self.connections.get(connection).map(|(left, _)| left);
        if let Some(was) = was.and_then(|left| self.places.get(left))
            && !at.contains(&Some(was))
        {
            return Err(Refused::Elsewhere {
                connection: connection.clone(),
                group: was.clone(),
                nodes,
            });
        }
        let joins = match at {
            [Some(left), Some(right)] if left != right => [Some(left), Some(right)],
            _ => [None, None],
        };
        let clashes = |(gone, join): &(&GroupId, &Join)| {
            let concerned = [Some(*gone), Some(&join.into)];
            concerned.iter().any(|group| joins.contains(group)) || join.connection == *connection
        };
        if let Some((gone, join)) = self.joins_under_way().find(clashes) {
            return Err(Refused::Busy {
                connection: connection.clone(),
                under_way: join.connection.clone(),
                gone: gone.clone(),
                into: join.into.clone(),
            });
        }
        let mut next = self.clone();
        let groups = self.regrouped(connection, &nodes, fresh);
        if let Some((gone, into)) = groups.joined.into_iter().next() {
            let join = Join {
                into: GroupId::new(into),
                connection: connection.clone(),
                nodes,
                merged: false,
            };
            next.joins.insert(GroupId::new(gone), join);
            next.format = JOINS_FORMAT;
            return Ok(next);
        }
        next.connections.insert(connection.clone(), nodes);
        next.places = (groups.places.into_iter())
            .map(|(node, group)| (node, GroupId::new(group)))
            .collect();
        Ok(next)
    }

    /// The groups as they are with a further connection.
    fn regrouped(
        &self,
        connection: &ConnectionName,
        nodes: &(NodeName, NodeName),
        fresh: &GroupId,
    ) -> Groups {
        let mut connections = self.connections.clone();
        connections.insert(connection.clone(), nodes.clone());
        let joined: Vec<_> = connections.into_values().collect();
        let known: BTreeSet<NodeName> = (joined.iter())
            .flat_map(|(left, right)| [left.clone(), right.clone()])
            .chain(self.places.keys().cloned())
            .collect();
        let before = (self.places.iter())
            .map(|(node, group)| (node.clone(), group.to_string()))
            .collect();
        regroup(&before, &known, &joined, |_| fresh.to_string())
    }

    /// The joins whose group still works by itself.
    fn joins_under_way(&self) -> impl Iterator<Item = (&GroupId, &Join)> {
        self.joins.iter().filter(|(_, join)| !join.merged)
    }

    /// With a group that is closed: its nodes are those of the group that it was joined to, and the connection that joins
    /// them is there. `None`: it is not to be joined.
    pub fn merged(&self, gone: &GroupId) -> Option<Self> {
        let mut next = self.clone();
        let join = next.joins.get_mut(gone)?;
        if join.merged {
            return Some(next);
        }
        join.merged = true;
        let Join {
            into,
            connection,
            nodes,
            merged: _,
        } = join.clone();
        next.connections.insert(connection, nodes);
        for place in next.places.values_mut().filter(|place| *place == gone) {
            *place = into.clone();
        }
        next.pins.remove(gone);
        Some(next)
    }

    /// What joins ask of a group.
    pub fn part(&self, group: &GroupId) -> Part {
        match self.joins.get(group) {
            None => Part::Stays,
            Some(join) if join.merged => Part::Gone,
            Some(_) => Part::Leaves,
        }
    }

    /// The groups whose nodes a group has got by joins.
    pub fn takes_in(&self, group: &GroupId) -> BTreeSet<GroupId> {
        let gone = self.joins.iter();
        let gone = gone.filter(|(_, join)| join.merged && join.into == *group);
        gone.map(|(gone, _)| gone.clone()).collect()
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

    /// The nodes of each group.
    pub fn members(&self) -> BTreeMap<GroupId, BTreeSet<NodeName>> {
        let mut groups = BTreeMap::<_, BTreeSet<_>>::new();
        for (node, group) in &self.places {
            groups
                .entry(group.clone())
                .or_default()
                .insert(node.clone());
        }
        groups
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
