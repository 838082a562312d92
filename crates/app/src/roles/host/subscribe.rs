//! Registering the nodes' webhooks, once rules are in force, and keeping them registered.

use super::edge_inbox::{EdgeHttp, Place};
use super::routed::{self, Routed};
use crate::config::Config;
use crate::nodes::{Nodes, webhook_url};
use crate::roles::pause;
use anyhow::Result;
use futures_util::StreamExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
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
/// Registrations under way at once.
const AT_ONCE_MAX: usize = 16;
/// One that failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// The nodes whose webhooks we register.
pub(super) struct Hooks {
    host: Host,
    /// Of each node: where its webhooks go, and what signs them.
    nodes: BTreeMap<NodeName, (String, Secret)>,
    routed: Routed,
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
        Ok((!nodes.is_empty()).then(|| Self {
            host: host.clone(),
            nodes,
            routed: Routed::new(edges, http),
        }))
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        let mut due: BTreeMap<(NodeName, Scope), Instant> = BTreeMap::new();
        let (mut known, mut next) = (None, Instant::now());
        loop {
            for lost in self.host.take_lost_webhooks() {
                due.remove(&lost);
                next = Instant::now();
            }
            let generation = self.host.connections_generation();
            if known != Some(generation) || next <= Instant::now() {
                known = Some(generation);
                let round = self.round(&mut due);
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return,
                    () = round => {}
                }
                let again = Instant::now() + RENEW;
                next = due.values().copied().fold(again, Instant::min);
            }
            if !pause(PERIOD, &shutdown).await {
                return;
            }
        }
    }

    /// Registers what is due and can be taken, of some nodes at a time, so that a tracker that does not answer delays few
    /// others.
    async fn round(&mut self, due: &mut BTreeMap<(NodeName, Scope), Instant>) {
        let now = Instant::now();
        let mut wanted = self.host.scopes();
        wanted.retain(|(node, _)| self.nodes.contains_key(node));
        due.retain(|known, _| wanted.contains(known));
        wanted.retain(|wanted| due.get(wanted).is_none_or(|at| *at <= now));
        let nodes = wanted.iter().map(|(node, _)| node.clone()).collect();
        let waiting = self.routed.waiting(&nodes).await;
        let (wait, wanted): (BTreeSet<_>, BTreeSet<_>) =
            (wanted.into_iter()).partition(|(node, _)| waiting.contains(node));
        let again = Instant::now() + routed::AGAIN;
        due.extend(wait.into_iter().map(|wanted| (wanted, again)));
        let this = &*self;
        let register =
            |node: NodeName, scope: Scope| async move { this.register(&node, &scope).await };
        for (wanted, after) in in_turn(wanted, register).await {
            due.insert(wanted, Instant::now() + after);
        }
    }

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

/// Registers those of each node one after the other, since what serves all of a node's scopes is one webhook, and two that
/// both find none would make two; those of different nodes side by side. Answers after how long to come back to each.
async fn in_turn<R: Future<Output = Ended>>(
    wanted: BTreeSet<(NodeName, Scope)>,
    register: impl Fn(NodeName, Scope) -> R,
) -> Vec<((NodeName, Scope), Duration)> {
    let mut nodes: BTreeMap<NodeName, Vec<Scope>> = BTreeMap::new();
    for (node, scope) in wanted {
        nodes.entry(node).or_default().push(scope);
    }
    let register = &register;
    let each = nodes.into_iter().map(|(node, scopes)| async move {
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
            afters.push(((node.clone(), scope), after));
        }
        afters
    });
    let ended = futures_util::stream::iter(each).buffer_unordered(AT_ONCE_MAX);
    ended.concat().await
}

#[cfg(test)]
#[path = "subscribe_tests.rs"]
mod tests;
