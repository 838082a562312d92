//! A node's webhook is registered only when every edge has the node's route.
//!
//! An edge has routes to the nodes that stood in its configuration when it began. One that was not begun anew since a node was
//! added could not take the node's deliveries, and its tracker would hear that as soon as its webhook is registered. So each
//! edge is asked first:
//!
//! - An edge that answers that it lacks the route is waited for, however long: the sweep finds what changes meanwhile.
//! - An edge of a fleet that does not answer is waited for until [`PASSED_OVER_AFTER`] has gone by since the node was first
//!   asked about, and then passed over: a machine that is down must not keep all nodes without webhooks. It does no harm. Such
//!   an edge takes nothing, or it works and only we cannot reach it. Then it has read meanwhile that the node is published (it
//!   was, before we first asked), or it cannot read that, and its word that there is no other node has run out
//!   ([`PROOF_MAX`], once for what it has read of the database and once for its directory). When it begins anew it has no such
//!   word before it has read the database. Either way it asks the tracker to come later, and never says that there is no such
//!   node; what it refuses of a node that it knows to be published it tells, and that is swept for.
//! - On one machine the edge is waited for: nothing of what a tracker sends could be taken without it.
//!
//! An edge of an older version does not know the question, and counts as one that does not answer.

use super::edge_inbox::{EdgeHttp, Place};
use futures_util::future::join_all;
use http::{Method, StatusCode};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use twinline_core::names::NodeName;
use twinline_edge::PROOF_MAX;
use twinline_edge::protocol::{Lacking, Routes};

/// An edge that does not answer is passed over when a node waits for so long.
const PASSED_OVER_AFTER: Duration = Duration::from_secs(60);
const _: () = assert!(PASSED_OVER_AFTER.as_secs() > 2 * PROOF_MAX.as_secs() + 10);
/// An edge answers from memory.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// About so many nodes an edge is asked in one request.
const NODES_MAX: usize = 1000;
/// What is waited for is told when it takes so long: processes that begin together find each other sooner.
const TOLD_AFTER: Duration = Duration::from_secs(10);

/// A node that waits is asked about again after this.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// Asks the edges, and remembers since when.
pub(super) struct Routed {
    edges: Vec<Place>,
    http: EdgeHttp,
    waits: Waits,
}

impl Routed {
    pub(super) fn new(edges: Vec<Place>, http: EdgeHttp) -> Self {
        Self {
            edges,
            http,
            waits: Waits::default(),
        }
    }

    /// Those of the nodes whose webhooks must not be registered yet. `wanted`: all that are to have one, asked about or not.
    pub(super) async fn waiting(
        &mut self,
        nodes: &BTreeSet<NodeName>,
        wanted: &BTreeSet<NodeName>,
    ) -> BTreeSet<NodeName> {
        let begun = Instant::now();
        self.waits.only(wanted);
        if nodes.is_empty() {
            self.waits.tell(begun);
            return BTreeSet::new();
        }
        self.waits.ask(nodes, begun);
        let said = self.say(nodes).await;
        let found = self.waits.judge(nodes, &said, begun);
        let waiting = found.keys().cloned().collect();
        self.waits.note(nodes, found);
        self.waits.tell(begun);
        waiting
    }

    /// The edges that would not take a node's webhooks now, or do not say so, each with why.
    pub(super) async fn unfit(&self, node: &NodeName) -> BTreeMap<String, String> {
        let nodes = BTreeSet::from([node.clone()]);
        let said = self.say(&nodes).await;
        let mut waits = Waits::default();
        let now = Instant::now();
        waits.ask(&nodes, now);
        waits
            .judge(&nodes, &said, now)
            .remove(node)
            .unwrap_or_default()
    }

    /// What all edges say of these nodes.
    async fn say(&self, nodes: &BTreeSet<NodeName>) -> Vec<Said> {
        let nodes: Vec<NodeName> = nodes.iter().cloned().collect();
        let asks = self.edges.iter().map(|edge| self.ask(edge, &nodes));
        join_all(asks).await
    }

    /// What one edge says of these nodes.
    async fn ask(&self, edge: &Place, nodes: &[NodeName]) -> Said {
        let mut lacks = BTreeSet::new();
        for some in nodes.chunks(NODES_MAX) {
            let asked = timeout(ANSWER_MAX, self.ask_some(edge, some)).await;
            match asked.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                Ok(found) => lacks.extend(found),
                Err(reason) => return Said::nothing(edge, reason),
            }
        }
        Said {
            edge: edge.name().to_owned(),
            waited_for: edge.is_the_only_one(),
            lacks: Ok(lacks),
        }
    }

    async fn ask_some(&self, edge: &Place, nodes: &[NodeName]) -> Result<Vec<NodeName>, String> {
        let at = edge.find().map_err(|error| format!("{error:#}"))?;
        let asked = Routes {
            nodes: nodes.to_vec(),
        };
        let body = serde_json::to_vec(&asked).map_err(|error| error.to_string())?;
        let http = self.http.short();
        let sent = http.send(Method::POST, at, "/routes", &[], body).await;
        let answer = sent.map_err(|error| error.reason)?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status()));
        }
        let found: Lacking =
            serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
        Ok(found.lacks)
    }
}

/// What an edge said.
struct Said {
    edge: String,
    /// Whether it is waited for also while it does not answer.
    waited_for: bool,
    /// The nodes that it has no route to, or why it said nothing.
    lacks: Result<BTreeSet<NodeName>, String>,
}

impl Said {
    fn nothing(edge: &Place, reason: String) -> Self {
        Self {
            edge: edge.name().to_owned(),
            waited_for: edge.is_the_only_one(),
            lacks: Err(reason),
        }
    }
}

/// Which edges each node waits for, and why.
type Waiting = BTreeMap<NodeName, BTreeMap<String, String>>;

/// Since when nodes are asked about.
#[derive(Default)]
struct Waits {
    first: BTreeMap<NodeName, Instant>,
    /// What the last answers were for each node, also of those that are not asked about just now.
    waiting: Waiting,
    /// The edges that people were told of, and why.
    told: BTreeMap<String, String>,
}

impl Waits {
    /// Forgets all others: one that comes back begins to wait anew, since edges may have read meanwhile that it is not there.
    fn only(&mut self, wanted: &BTreeSet<NodeName>) {
        self.first.retain(|node, _| wanted.contains(node));
        self.waiting.retain(|node, _| wanted.contains(node));
    }

    /// Notes what these nodes wait for.
    fn note(&mut self, nodes: &BTreeSet<NodeName>, found: Waiting) {
        self.waiting.retain(|node, _| !nodes.contains(node));
        self.waiting.extend(found);
    }

    /// Notes that these are asked about.
    fn ask(&mut self, nodes: &BTreeSet<NodeName>, now: Instant) {
        for node in nodes {
            self.first.entry(node.clone()).or_insert(now);
        }
    }

    fn waits_for(&self, node: &NodeName, now: Instant) -> Duration {
        let first = self.first.get(node);
        first.map_or(Duration::ZERO, |first| now.duration_since(*first))
    }

    /// Which of these nodes wait, after what the edges said.
    fn judge(&self, nodes: &BTreeSet<NodeName>, said: &[Said], now: Instant) -> Waiting {
        let waits = |node: &NodeName, said: &Said| {
            let why = match &said.lacks {
                Ok(lacks) if lacks.contains(node) => "it has no route to the node".to_owned(),
                Ok(_) => return None,
                Err(reason) => {
                    let is_over = self.waits_for(node, now) >= PASSED_OVER_AFTER;
                    if is_over && !said.waited_for {
                        return None;
                    }
                    reason.clone()
                }
            };
            Some((said.edge.clone(), why))
        };
        let each = nodes.iter().map(|node| {
            let edges: BTreeMap<_, _> = said.iter().filter_map(|said| waits(node, said)).collect();
            (node.clone(), edges)
        });
        each.filter(|(_, edges)| !edges.is_empty()).collect()
    }

    /// Says once which edges are waited for, with the nodes; again when it is others.
    fn tell(&mut self, now: Instant) {
        let long = self
            .waiting
            .iter()
            .filter(|(node, _)| self.waits_for(node, now) >= TOLD_AFTER);
        let mut edges = BTreeMap::new();
        let mut nodes = Vec::new();
        for (node, of) in long {
            nodes.push(node.as_str());
            edges.extend(of.iter().map(|(edge, why)| (edge.clone(), why.clone())));
        }
        if edges == self.told {
            return;
        }
        if edges.is_empty() {
            tracing::info!("no webhook waits for an edge any more");
        }
        for (edge, why) in &edges {
            tracing::warn!(
                edge,
                why,
                nodes = nodes.join(", "),
                "webhooks are registered when this edge can take them; where it lacks a node, begin it anew with a configuration \
                 that has it. Sweeping meanwhile"
            );
        }
        self.told = edges;
    }
}

#[cfg(test)]
#[path = "routed_tests.rs"]
mod tests;
