//! When a backfill will be finished: gathers the facts, which `twinline_core::progress` judges.

use super::Place;
use crate::gate::NodeState;
use crate::host::{Connection, Inner};
use crate::node::Node;
use crate::trickle;
use std::sync::Arc;
use twinline_core::names::Side;
use twinline_core::progress::{Facts, Finish, Pace, finish, left};
use twinline_store::host::Job;

/// Pieces of work that one item is: whether it enters, and what becomes of it then.
const PIECES: u32 = 2;

/// When a running backfill will be finished, from now. `waiting`: how many of the items that it has handed on are not
/// finished.
pub(crate) fn forecast(host: &Inner, job: &Job, waiting: u64) -> Finish {
    let place = Place::of(job);
    let connection = host.connection(&job.connection);
    let nodes = connection
        .as_ref()
        .map(|connection| nodes(host, connection));
    let nodes = nodes.unwrap_or_default();
    let limits = nodes.iter().map(|node| {
        let allowances = node.tracker().allowances();
        (node.name().clone(), allowances)
    });
    let known = host.paces.known(&job.id, limits.collect());
    let (pace, seen, limits) = known.map_or((Pace::NotMeasured, 0, Vec::new()), |known| {
        (known.pace, known.seen, known.limits)
    });
    finish(&Facts {
        left: left(job.total, job.done, waiting, place.twins_to_come()),
        seen,
        obstacle: obstacle(host, job, connection.is_some(), &nodes),
        pace,
        limits,
        trickle: trickle::PERIOD * PIECES,
    })
}

fn nodes(host: &Inner, connection: &Connection) -> Vec<Arc<Node>> {
    let names = Side::BOTH.map(|side| connection.node(side));
    names
        .into_iter()
        .filter_map(|name| host.node(name))
        .collect()
}

/// Why it cannot go on now.
fn obstacle(host: &Inner, job: &Job, is_at_work: bool, nodes: &[Arc<Node>]) -> Option<String> {
    if !is_at_work {
        return Some("its connection stands still".to_owned());
    }
    if host.is_held(&job.connection) {
        return Some("the breaker holds its connection".to_owned());
    }
    nodes.iter().find_map(|node| match node.state() {
        NodeState::Paused { .. } => Some(format!("the node '{}' is paused", node.name())),
        NodeState::Credentials { .. } => Some(format!(
            "the credentials of the node '{}' are refused",
            node.name()
        )),
        NodeState::Open | NodeState::BackingOff { .. } => None,
    })
}
