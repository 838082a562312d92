//! Status: what works, what waits, what is accounted for.

use super::OpError;
use crate::confirmed;
use crate::gate::NodeState;
use crate::hooked::WebhookStanding;
use crate::host::Host;
use crate::node::Node;
use crate::scheduler::Depths;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::capability::ChangeKind;
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::time::Timestamp;
use twinline_store::host::{DirtyCount, Lane, LedgerRow, TwinTally};

/// The host at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// When it was looked at.
    pub at: Timestamp,
    /// The nodes, by name.
    pub nodes: Vec<NodeStatus>,
    /// The connections at work, by name.
    pub connections: Vec<ConnectionStatus>,
    /// What is accounted for.
    pub ledger: Vec<LedgerLine>,
    /// How full the scheduler is.
    pub depths: Depths,
    /// Everything that is counted.
    pub counters: BTreeMap<&'static str, u64>,
}

/// One node.
#[derive(Clone, Debug, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub node: NodeName,
    /// Its tracker.
    pub tracker: String,
    /// Whether work of it starts.
    pub state: NodeState,
    /// How many of its scopes are in a connection: their changes are read.
    pub scopes: u64,
    /// What the last probes of it and of its places complained about.
    pub faults: Vec<String>,
    /// Its tracker's clock minus ours, in milliseconds.
    pub skew_ms: i64,
    /// Items that wait in the live lane.
    pub dirty_live: u64,
    /// Items that wait in the backfill lane.
    pub dirty_backfill: u64,
    /// How long the oldest has waited, in milliseconds.
    pub lag_ms: Option<u64>,
    /// When a webhook last announced a change, since the start.
    pub webhook_at: Option<Timestamp>,
    /// Sweeps of one of its places, the most of any, that have found changes since a webhook last announced one there.
    pub unannounced: u64,
    /// How its webhooks stand at the tracker.
    pub webhook: WebhookStanding,
}

/// One connection.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionStatus {
    /// Its name.
    pub connection: ConnectionName,
    /// The rule version at work.
    pub version: u32,
    /// Since when and why the breaker holds it.
    pub held: Option<(Timestamp, String)>,
    /// Confirmed writes that are not spent; 0 when the work that they were confirmed for is done.
    pub budget_writes: u64,
    /// Its twins by state.
    pub twins: BTreeMap<String, u64>,
}

/// What the ledger claims about one node and kind of change.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerLine {
    /// The node.
    pub node: NodeName,
    /// The kind of change.
    pub kind: ChangeKind,
    /// Every change up to then was worked off, by the tracker's clock: what was read, but not beyond the oldest change
    /// that still waits.
    pub accounted_to: Option<Timestamp>,
    /// Every change up to then was compared by an audit.
    pub audited_to: Option<Timestamp>,
}

/// What waits for one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeWaiting {
    /// Its name.
    pub node: NodeName,
    /// Items that wait in the live lane.
    pub live: u64,
    /// Items that wait in the backfill lane.
    pub backfill: u64,
    /// For how long, without a break, some of these have found no room in the tracker's limits; zero: none waits for that.
    pub for_room: Duration,
}

impl Host {
    /// What waits for each node, by name: all that monitoring asks for over and over. The cost is that of what waits.
    ///
    /// # Errors
    /// The store failed.
    pub async fn waiting(&self) -> Result<Vec<NodeWaiting>, OpError> {
        let found = self.inner.store.read(|read| read.dirty_numbers()).await?;
        let nodes = self.inner.nodes_now();
        let now = Instant::now();
        let waiting = nodes.iter().map(|(name, node)| {
            let in_lane = |lane| found.get(&(name.clone(), lane)).copied().unwrap_or(0);
            NodeWaiting {
                node: name.clone(),
                live: in_lane(Lane::Live),
                backfill: in_lane(Lane::Backfill),
                for_room: node.waits_for_room(now),
            }
        });
        Ok(waiting.collect())
    }

    /// The host at a glance.
    ///
    /// # Errors
    /// The store failed.
    pub async fn status(&self) -> Result<Status, OpError> {
        let (ledger, dirty, twins, holds, confirmed) = self
            .inner
            .store
            .read(|read| {
                Ok((
                    read.ledger()?,
                    read.dirty_counts()?,
                    read.twin_tally()?,
                    read.connection_holds()?,
                    confirmed::under_way(read)?,
                ))
            })
            .await?;
        let now = self.inner.env.now();
        // There may be ten thousand of each: every list is gone through once.
        let dirty = grouped(&dirty, |count| &count.node);
        let twins = grouped(&twins, |count| &count.connection);
        let holds: BTreeMap<_, _> = holds.iter().map(|hold| (&hold.connection, hold)).collect();
        let nodes = self.inner.nodes_now();
        let nodes = nodes.values().map(|node| self.of_node(node, &dirty, now));
        let connections = self.inner.connections_now();
        let connections = connections.iter().map(|connection| {
            let hold = holds.get(&connection.name);
            let budget = hold.filter(|_| confirmed.contains(&connection.name));
            ConnectionStatus {
                connection: connection.name.clone(),
                version: connection.contract().version,
                held: hold.and_then(|hold| hold.held.clone()),
                budget_writes: budget.map_or(0, |hold| hold.budget_writes),
                twins: by_state(twins.get(&connection.name).into_iter().flatten()),
            }
        });
        Ok(Status {
            at: now,
            nodes: nodes.collect(),
            connections: connections.collect(),
            ledger: ledger
                .into_iter()
                .map(|row| self.line(row, &dirty))
                .collect(),
            depths: self.inner.scheduler.depths(),
            counters: self.inner.metrics.counters().into_iter().collect(),
        })
    }

    fn of_node(
        &self,
        node: &Node,
        dirty: &BTreeMap<&NodeName, Vec<&DirtyCount>>,
        now: Timestamp,
    ) -> NodeStatus {
        let mut probe = node.known_probe().unwrap_or_default();
        let scopes = self.inner.scopes_of(node.name());
        if node.place_faults.are_there() {
            probe.faults.extend(node.place_faults.of(&scopes));
        }
        probe.faults.extend(node.hooked.faults(&scopes));
        let of_node = || dirty.get(node.name()).into_iter().flatten();
        let in_lane = |lane| {
            of_node()
                .filter(move |count| count.lane == lane)
                .map(|count| count.items)
                .sum()
        };
        let oldest = of_node().map(|count| count.oldest).min();
        NodeStatus {
            node: node.name().clone(),
            tracker: node.tracker().capabilities().tracker.clone(),
            state: node.state(),
            scopes: u64::try_from(scopes.len()).unwrap_or(u64::MAX),
            faults: probe.faults,
            skew_ms: probe.skew_ms,
            dirty_live: in_lane(Lane::Live),
            dirty_backfill: in_lane(Lane::Backfill),
            lag_ms: oldest.and_then(|oldest| u64::try_from(now.since(oldest).as_millis()).ok()),
            webhook_at: node.announced(),
            unannounced: node.hooked.unannounced(&scopes),
            webhook: node.hooked.standing(&scopes),
        }
    }

    fn line(&self, row: LedgerRow, dirty: &BTreeMap<&NodeName, Vec<&DirtyCount>>) -> LedgerLine {
        let node = self.inner.node(&row.node);
        let skew_ms = node
            .and_then(|node| node.known_probe())
            .map_or(0, |probe| probe.skew_ms);
        let of_node = dirty.get(&row.node).into_iter().flatten();
        let waiting = of_node.map(|count| count.oldest).min();
        let waiting = waiting
            .map(|oldest| Timestamp::from_millis(oldest.as_millis().saturating_add(skew_ms)));
        LedgerLine {
            node: row.node,
            kind: row.kind,
            accounted_to: row
                .accounted_to
                .map(|to| waiting.map_or(to, |waiting| to.min(waiting))),
            audited_to: row.audited_to,
        }
    }
}

fn grouped<T, K: Ord>(all: &[T], key: impl Fn(&T) -> &K) -> BTreeMap<&K, Vec<&T>> {
    let mut groups: BTreeMap<&K, Vec<&T>> = BTreeMap::new();
    for one in all {
        groups.entry(key(one)).or_default().push(one);
    }
    groups
}

fn by_state<'a>(counts: impl Iterator<Item = &'a &'a TwinTally>) -> BTreeMap<String, u64> {
    let mut states = BTreeMap::new();
    for count in counts {
        let state = serde_json::to_value(count.state).ok();
        let state = state
            .as_ref()
            .and_then(|state| state.as_str())
            .unwrap_or("other")
            .to_owned();
        *states.entry(state).or_default() += count.twins;
    }
    states
}
