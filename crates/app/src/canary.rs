//! What edge, host and watch have to agree on about a host's built-in canary (docs/adr/0042).

use crate::config::Config;
use std::net::SocketAddr;
use twinline_core::names::NodeName;
use twinline_edge::Hook;
use twinline_store::GroupId;
use twinline_trackers::canary::{TRACKER, WEBHOOK, secret};
use twinline_trackers::http::Secret;

/// The node whose changes cross. No node of a configuration can have its name: there a dot is refused.
pub(crate) fn left(machine: &str) -> NodeName {
    NodeName::new(format!("canary.{machine}"))
}

/// The node that they cross to.
pub(crate) fn right(machine: &str) -> NodeName {
    NodeName::new(format!("canary.{machine}.twin"))
}

/// What an edge takes the deliveries of every machine's canary by.
pub(crate) fn hooks(config: &Config, keys: &[Secret]) -> Vec<(NodeName, Hook)> {
    let hook = |machine: &str| Hook {
        group: GroupId::canary(machine),
        tracker: TRACKER.to_owned(),
        webhook: WEBHOOK,
        secrets: keys.iter().map(secret).collect(),
    };
    let hosts = config.machines.iter().filter(|(_, at)| at.host.is_some());
    let mut hosts: Vec<&str> = hosts.map(|(name, _)| name.as_str()).collect();
    if config.machines.is_empty() {
        hosts.push(&config.instance.machine);
    }
    let hosts = hosts.into_iter();
    hosts.map(|name| (left(name), hook(name))).collect()
}

/// The edge through which a machine's canary goes: its own where it has one, else the first by name. For a fleet.
pub(crate) fn edge_of<'a>(config: &'a Config, machine: &str) -> Option<(&'a str, SocketAddr)> {
    let edges = || {
        let machines = config.machines.iter();
        machines.filter_map(|(name, at)| Some((name.as_str(), at.edge?)))
    };
    edges()
        .find(|(name, _)| *name == machine)
        .or_else(|| edges().next())
}
