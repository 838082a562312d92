//! Registering the nodes' webhooks, once rules are in force, and keeping them registered.

use super::edge_inbox::{EdgeHttp, Place};
use super::routed::{self, Routed};
use crate::config::Config;
use crate::nodes::{Nodes, webhook_url};
use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_engine::Host;
use twinline_trackers::http::Secret;
use twinline_trackers::{Scope, Subscribed, TrackerError};

/// Looks this often whether there is something to register.
const PERIOD: Duration = Duration::from_secs(2);
/// A registration is renewed after this: some trackers let them end.
const RENEW: Duration = Duration::from_secs(6 * 3600);
/// Nodes whose registrations are under way at once.
const AT_ONCE_MAX: usize = 16;
/// One that failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps webhooks registered.
pub(super) struct Hooks {
    registrar: Registrar,
    routed: Routed,
}

/// The nodes whose webhooks we register.
struct Registrar {
    host: Host,
    /// Of each node: where its webhooks go, and what signs them.
    nodes: BTreeMap<NodeName, (String, Secret)>,
}

impl Hooks {
    /// `None` where trackers cannot reach us: no public address, or no node with a secret. `edges`: those that they reach.
    pub(super) fn new(
        file: &Path,
        config: &Config,
        host: &Host,
        (edges, http): (Vec<Place>, EdgeHttp),
    ) -> Result<Option<Self>> {
        let known = Nodes::new(config, file);
        let mut nodes = BTreeMap::new();
        for (name, node) in &config.nodes {
            let Some(public_url) = config.public_url(name) else {
                continue;
            };
            // The first one signs; a second is the old one while it rotates.
            if let Some(secret) = known.webhook_secrets(name, node)?.into_iter().next() {
                let name = NodeName::from(name.as_str());
                nodes.insert(name.clone(), (webhook_url(public_url, &name), secret));
            }
        }
        let registrar = Registrar {
            host: host.clone(),
            nodes,
        };
        Ok((!registrar.nodes.is_empty()).then(|| Self {
            registrar,
            routed: Routed::new(edges, http),
        }))
    }

    pub(super) async fn run(self, shutdown: CancellationToken) {
        let Self {
            registrar,
            mut routed,
        } = self;
        let registrar = &registrar;
        let register =
            |node: NodeName, scope: Scope| async move { registrar.register(&node, &scope).await };
        let mut agenda = Agenda::default();
        let mut under_way = FuturesUnordered::new();
        let (mut known, mut next) = (None, Instant::now());
        loop {
            for lost in registrar.host.take_lost_webhooks() {
                agenda.lost(lost);
                next = Instant::now();
            }
            let (now, generation) = (Instant::now(), registrar.host.connections_generation());
            if known != Some(generation) || next <= now {
                known = Some(generation);
                let mut wanted = registrar.host.scopes();
                wanted.retain(|(node, _)| registrar.nodes.contains_key(node));
                let asked = agenda.due(&wanted, now);
                let nodes = wanted.iter().map(|(node, _)| node.clone()).collect();
                let mut asking = pin!(routed.waiting(&asked, &nodes));
                let waiting = loop {
                    tokio::select! {
                        biased;
                        () = shutdown.cancelled() => return,
                        waiting = &mut asking => break waiting,
                        Some((node, afters)) = under_way.next() => agenda.ended(&node, afters, now),
                    }
                };
                agenda.wait(&wanted, &waiting, now);
                let room = AT_ONCE_MAX.saturating_sub(under_way.len());
                let begun = agenda.begin(&wanted, now, room).into_iter();
                under_way.extend(begun.map(|(node, scopes)| in_turn(node, scopes, &register)));
                next = agenda.next(now);
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                Some((node, afters)) = under_way.next() => {
                    agenda.ended(&node, afters, Instant::now());
                    next = Instant::now();
                }
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }
}

impl Registrar {
    /// Registers one webhook.
    async fn register(&self, node: &NodeName, scope: &Scope) -> Ended {
        let Some((url, secret)) = self.nodes.get(node) else {
            return Ended::Done;
        };
        let subscribed = self.host.subscribe(node, scope, url, secret.expose());
        let Some(subscribed) = subscribed.await else {
            return Ended::Done;
        };
        match subscribed {
            Ok(Subscribed::Registered) => {
                tracing::info!(%node, url, "the webhook is registered");
            }
            Ok(Subscribed::ByHand(how)) => {
                tracing::warn!(%node, "a person must register the webhook: {how}");
            }
            Ok(Subscribed::Polled) => {}
            Err(error) => {
                tracing::warn!(%node, %error, "the webhook could not be registered; sweeping meanwhile");
                let says_no = matches!(
                    error,
                    TrackerError::Refused { .. } | TrackerError::Unreachable { .. }
                );
                return if says_no {
                    Ended::Failed
                } else {
                    Ended::Unanswered
                };
            }
        }
        Ended::Done
    }
}

/// How one registration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Done,
    /// Not this one; others of the node may.
    Failed,
    /// The node does not answer: its others would fare no better.
    Unanswered,
}

/// A scope of a node.
type Wanted = (NodeName, Scope);

/// What is registered when. Each node is for itself: one that is slow keeps no other waiting.
#[derive(Default)]
struct Agenda {
    due: BTreeMap<Wanted, Instant>,
    /// Nodes whose registrations are under way, each with what was lost meanwhile: whether before or after its registration
    /// nobody knows.
    busy: BTreeMap<NodeName, BTreeSet<Scope>>,
}

impl Agenda {
    /// A registration does not hold any more.
    fn lost(&mut self, lost: Wanted) {
        self.due.remove(&lost);
        let (node, scope) = lost;
        if let Some(meanwhile) = self.busy.get_mut(&node) {
            meanwhile.insert(scope);
        }
    }

    /// The nodes of which something is due, and nothing is under way.
    fn due(&self, wanted: &BTreeSet<Wanted>, now: Instant) -> BTreeSet<NodeName> {
        let due = wanted.iter().filter(|place| self.is_due(place, now));
        due.map(|(node, _)| node.clone()).collect()
    }

    fn is_due(&self, place: &Wanted, now: Instant) -> bool {
        self.due.get(place).is_none_or(|at| *at <= now) && !self.busy.contains_key(&place.0)
    }

    /// What is due of these nodes cannot be begun yet.
    fn wait(&mut self, wanted: &BTreeSet<Wanted>, waiting: &BTreeSet<NodeName>, now: Instant) {
        for place in wanted.iter().filter(|(node, _)| waiting.contains(node)) {
            if self.is_due(place, now) {
                self.due.insert(place.clone(), now + routed::AGAIN);
            }
        }
    }

    /// What is to be begun: the scopes that are due of so many nodes at most that nothing is under way of. What has waited
    /// longest comes first, and before it what was never registered.
    fn begin(
        &mut self,
        wanted: &BTreeSet<Wanted>,
        now: Instant,
        nodes_max: usize,
    ) -> Vec<(NodeName, Vec<Scope>)> {
        self.due.retain(|known, _| wanted.contains(known));
        let mut nodes: BTreeMap<&NodeName, (Option<Instant>, Vec<Scope>)> = BTreeMap::new();
        for place in wanted {
            let due = self.due.get(place).copied();
            let (node, scope) = place;
            if !self.is_due(place, now) {
                continue;
            }
            let (first, scopes) = nodes.entry(node).or_insert((due, Vec::new()));
            *first = (*first).min(due);
            scopes.push(scope.clone());
        }
        let mut begun: Vec<_> = nodes.into_iter().collect();
        begun.sort_by_key(|(_, (first, _))| *first);
        begun.truncate(nodes_max);
        let begun = begun.into_iter();
        let begun: Vec<_> = begun
            .map(|(node, (_, scopes))| (node.clone(), scopes))
            .collect();
        for (node, _) in &begun {
            self.busy.insert(node.clone(), BTreeSet::new());
        }
        begun
    }

    /// All of a node's have ended: after how long to come back to each.
    fn ended(&mut self, node: &NodeName, afters: Vec<(Scope, Duration)>, now: Instant) {
        let lost = self.busy.remove(node).unwrap_or_default();
        for (scope, after) in afters {
            if !lost.contains(&scope) {
                self.due.insert((node.clone(), scope), now + after);
            }
        }
    }

    /// When there is something to begin, unless something changes.
    fn next(&self, now: Instant) -> Instant {
        self.due.values().copied().fold(now + RENEW, Instant::min)
    }
}

/// Registers those of a node one after the other, since what serves all of a node's scopes is one webhook, and two that
/// both find none would make two. Answers after how long to come back to each.
async fn in_turn<R: Future<Output = Ended>>(
    node: NodeName,
    scopes: Vec<Scope>,
    register: impl Fn(NodeName, Scope) -> R,
) -> (NodeName, Vec<(Scope, Duration)>) {
    let mut afters = Vec::new();
    let mut answers = true;
    for scope in scopes {
        let ended = match answers {
            true => register(node.clone(), scope.clone()).await,
            false => Ended::Unanswered,
        };
        answers = ended != Ended::Unanswered;
        let after = match ended {
            Ended::Done => RENEW,
            Ended::Failed | Ended::Unanswered => AGAIN,
        };
        afters.push((scope, after));
    }
    (node, afters)
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
