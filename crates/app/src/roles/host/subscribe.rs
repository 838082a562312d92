//! Registering the nodes' webhooks, once rules are in force, and keeping them registered.

use crate::config::Config;
use crate::nodes::{Nodes, webhook_url};
use crate::roles::pause;
use anyhow::Result;
use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_engine::Host;
use twinline_trackers::http::Secret;
use twinline_trackers::{Scope, Subscribed};

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
}

impl Hooks {
    /// `None` where trackers cannot reach us: no public address, or no node with a secret.
    pub(super) fn new(file: &Path, config: &Config, host: &Host) -> Result<Option<Self>> {
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
        }))
    }

    pub(super) async fn run(self, shutdown: CancellationToken) {
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

    /// Registers what is due, some at a time, so that a tracker that does not answer delays few others.
    async fn round(&self, due: &mut BTreeMap<(NodeName, Scope), Instant>) {
        let now = Instant::now();
        let mut wanted = self.host.scopes();
        wanted.retain(|(node, _)| self.nodes.contains_key(node));
        due.retain(|known, _| wanted.contains(known));
        let wanted = wanted
            .into_iter()
            .filter(|wanted| due.get(wanted).is_none_or(|at| *at <= now));
        let wanted: Vec<_> = wanted.collect();
        let mut registered = futures_util::stream::iter(wanted)
            .map(|(node, scope)| async move {
                let after = self.register(&node, &scope).await;
                ((node, scope), Instant::now() + after)
            })
            .buffer_unordered(AT_ONCE_MAX);
        while let Some((wanted, at)) = registered.next().await {
            due.insert(wanted, at);
        }
    }

    /// Registers one webhook; answers after how long to come back.
    async fn register(&self, node: &NodeName, scope: &Scope) -> Duration {
        let Some((url, secret)) = self.nodes.get(node) else {
            return RENEW;
        };
        let subscribed = self.host.subscribe(node, scope, url, secret.expose());
        let Some(subscribed) = subscribed.await else {
            return RENEW;
        };
        match subscribed {
            Ok(Subscribed::Registered) => {
                tracing::info!(%node, url, "the webhook is registered");
                RENEW
            }
            Ok(Subscribed::ByHand(how)) => {
                tracing::warn!(%node, "a person must register the webhook: {how}");
                RENEW
            }
            Ok(Subscribed::Polled) => RENEW,
            Err(error) => {
                tracing::warn!(%node, %error, "the webhook could not be registered; sweeping meanwhile");
                AGAIN
            }
        }
    }
}
