//! A fleet's view, made of what its parts say. Facts in, view out.

use super::told::words;
use crate::config::Machine;
use crate::fleet::view::{
    FleetView, GroupHere, GroupView, MachineView, OwnView, ReplicaView, RoleView,
};
use crate::fleet::{Definitions, troubles};
use crate::release::Release;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use twinline_core::time::Timestamp;
use twinline_engine::groups::{GroupNow, GroupState, States};
use twinline_engine::ownership::{Ownership, Roster};
use twinline_store::GroupId;
use twinline_store::central::{CentralHealth, Machine as Signed, ReplicationStatus, Standing};

/// What an edge's health page says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::api) struct EdgeSays {
    pub(in crate::api) inbox: String,
    pub(in crate::api) version: Option<String>,
    pub(in crate::api) started_at: Option<i64>,
}

/// What was heard of the machines' processes, by machine; or why nothing was.
pub(in crate::api) struct Heard {
    pub(in crate::api) hosts: BTreeMap<String, Result<OwnView, String>>,
    pub(in crate::api) edges: BTreeMap<String, Result<EdgeSays, String>>,
}

/// What is known of a fleet.
pub(in crate::api) struct Facts<'a> {
    pub(in crate::api) at: Timestamp,
    /// The machine that looks.
    pub(in crate::api) me: &'a str,
    pub(in crate::api) machines: &'a BTreeMap<String, Machine>,
    pub(in crate::api) definitions: &'a Definitions,
    pub(in crate::api) ownership: &'a Ownership,
    pub(in crate::api) database: &'a CentralHealth,
    /// What machines last said in the database.
    pub(in crate::api) signed: &'a [Signed],
    pub(in crate::api) heard: Heard,
}

/// The whole fleet.
pub(in crate::api) fn whole(facts: &Facts<'_>) -> FleetView {
    let names: BTreeSet<&String> = (facts.machines.keys())
        .chain(facts.ownership.roster.hosts.keys())
        .collect();
    let mut view = FleetView {
        at: facts.at.as_millis(),
        machine: facts.me.to_owned(),
        machines: names.into_iter().map(|name| machine(facts, name)).collect(),
        groups: groups(facts),
        generation: facts.definitions.generation,
        etcd: facts.ownership.failing.clone(),
        database: document(facts.database),
        troubles: Vec::new(),
    };
    view.troubles = troubles(&view);
    view
}

fn machine(facts: &Facts<'_>, name: &String) -> MachineView {
    let configured = facts.machines.get(name);
    let says = facts.heard.hosts.get(name);
    let host = configured.and_then(|at| at.host).map(|at| match says {
        Some(Ok(says)) => RoleView {
            at: at.to_string(),
            fault: None,
            version: Some(says.version.clone()),
            started_at: Some(says.started_at),
        },
        Some(Err(why)) => silent(at, why),
        None => silent(at, "it was not asked"),
    });
    let edge = configured
        .and_then(|at| at.edge)
        .map(|at| match facts.heard.edges.get(name) {
            Some(Ok(says)) => RoleView {
                at: at.to_string(),
                fault: None,
                version: says.version.clone(),
                started_at: says.started_at,
            },
            Some(Err(why)) => silent(at, why),
            None => silent(at, "it was not asked"),
        });
    let signed = facts.signed.iter().find(|signed| signed.name == *name);
    let heard = [&host, &edge]
        .into_iter()
        .flatten()
        .find(|role| role.fault.is_none());
    let roster = &facts.ownership.roster;
    let owned = owned_by(roster, name);
    let nodes = facts.definitions.groups();
    MachineView {
        machine: name.clone(),
        version: (heard.and_then(|role| role.version.clone()))
            .or_else(|| signed.map(|signed| signed.version.clone())),
        seen_at: (heard.map(|_| facts.at))
            .or_else(|| signed.map(|signed| signed.seen_at))
            .map(Timestamp::as_millis),
        host,
        edge,
        there: roster.hosts.contains_key(name),
        draining: match says {
            Some(Ok(says)) => says.draining,
            _ => roster.hosts.get(name) == Some(&true),
        },
        groups: u32::try_from(owned.len()).unwrap_or(u32::MAX),
        nodes: (owned.iter())
            .filter_map(|group| nodes.get(*group))
            .map(|(nodes, _)| nodes)
            .sum(),
    }
}

fn silent(at: SocketAddr, why: &str) -> RoleView {
    RoleView {
        at: at.to_string(),
        fault: Some(why.to_owned()),
        ..RoleView::default()
    }
}

fn owned_by<'a>(roster: &'a Roster, machine: &str) -> Vec<&'a GroupId> {
    let owned = roster
        .groups
        .iter()
        .filter(|(_, owner)| owner.host == machine);
    owned.map(|(group, _)| group).collect()
}

fn groups(facts: &Facts<'_>) -> Vec<GroupView> {
    let members = facts.definitions.members();
    let each = facts
        .definitions
        .groups()
        .into_iter()
        .map(|(group, (_, pinned))| {
            let owner = facts.ownership.roster.groups.get(&group);
            let says = owner.and_then(|owner| facts.heard.hosts.get(&owner.host));
            let says = says.and_then(|says| says.as_ref().ok());
            let here = says.and_then(|says| {
                let mut groups = says.groups.iter();
                groups.find(|here| here.group == group.as_str()).cloned()
            });
            GroupView {
                nodes: members.get(&group).map(names).unwrap_or_default(),
                machine: owner.map(|owner| owner.host.clone()),
                epoch: owner.map(|owner| owner.revision),
                joins: (facts.definitions.joins.get(&group)).map(|join| join.into.to_string()),
                group: group.to_string(),
                pinned,
                here,
            }
        });
    each.collect()
}

/// Nodes by name.
pub(super) fn names(nodes: &BTreeSet<twinline_core::names::NodeName>) -> Vec<String> {
    nodes.iter().map(ToString::to_string).collect()
}

/// What this machine says of itself.
pub(in crate::api) fn own(
    machine: &str,
    (now, started_at): (Timestamp, Timestamp),
    ownership: &Ownership,
    database: &CentralHealth,
    states: &States,
) -> OwnView {
    OwnView {
        machine: machine.to_owned(),
        version: Release::of_this_process().version.to_owned(),
        started_at: started_at.as_millis(),
        draining: ownership.draining,
        etcd: ownership.failing.clone(),
        database: document(database),
        groups: states
            .iter()
            .map(|(group, state)| here(group, state, now))
            .collect(),
    }
}

fn here(group: &GroupId, at: &GroupNow, now: Timestamp) -> GroupHere {
    let replication = at.state.host().and_then(twinline_engine::Host::replication);
    let fault = match &at.state {
        GroupState::TakingOver { failing } | GroupState::TakingIn { failing, .. } => {
            failing.clone()
        }
        GroupState::Failed { reason } => Some(reason.clone()),
        GroupState::Working(host) if !host.store().health().accepts_writes() => {
            Some(host.store().health().to_string())
        }
        GroupState::Waiting | GroupState::Working(_) | GroupState::Ending(_) => None,
    };
    GroupHere {
        group: group.to_string(),
        state: words(&at.state),
        works: at.state.working().is_some() && fault.is_none(),
        fault,
        since: at.since.as_millis(),
        replica: replication.map(|status| replica(&status.borrow(), now)),
    }
}

fn replica(status: &ReplicationStatus, now: Timestamp) -> ReplicaView {
    ReplicaView {
        lag_ms: status.lag_ms(now),
        behind_revisions: u64::try_from(status.newest_rev - status.shipped_rev).unwrap_or(0),
        complete: status.complete,
        fault: match &status.standing {
            Standing::Failing { why, .. } => Some(why.clone()),
            Standing::Ok | Standing::Unknown => None,
        },
    }
}

fn document(health: &CentralHealth) -> Value {
    serde_json::to_value(health).expect("texts and numbers are JSON")
}
