//! Registering the nodes' webhooks, once rules are in force, and keeping them registered.

use super::pause;
use crate::api::Api;
use crate::config::Config;
use crate::nodes::Nodes;
use crate::rulebook::from_sources;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::names::{NodeName, Side};
use twinline_rules::parse::parse;
use twinline_trackers::http::Secret;
use twinline_trackers::{Scope, Subscribed};
use url::Url;

/// Looks this often whether there is something to register.
const PERIOD: Duration = Duration::from_secs(2);
/// A registration is renewed after this: some trackers let them end.
const RENEW: Duration = Duration::from_secs(6 * 3600);
/// One that failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);

/// The nodes whose webhooks we register.
pub(super) struct Hooks {
    api: Arc<Api>,
    public_url: Url,
    secrets: BTreeMap<NodeName, Secret>,
}

impl Hooks {
    /// `None` where trackers cannot reach us: no public address, or no node with a secret.
    pub(super) fn new(file: &Path, config: &Config, api: &Arc<Api>) -> Result<Option<Self>> {
        let Some(public_url) = config.instance.public_url.clone() else {
            return Ok(None);
        };
        let nodes = Nodes::new(config, file);
        let mut secrets = BTreeMap::new();
        for (name, node) in &config.nodes {
            // The first one signs; a second is the old one while it rotates.
            if let Some(secret) = nodes.webhook_secrets(name, node)?.into_iter().next() {
                secrets.insert(NodeName::from(name.as_str()), secret);
            }
        }
        Ok((!secrets.is_empty()).then(|| Self {
            api: Arc::clone(api),
            public_url,
            secrets,
        }))
    }

    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut due: BTreeMap<(NodeName, Scope), Instant> = BTreeMap::new();
        loop {
            for wanted in self.wanted().await {
                if due.get(&wanted).is_some_and(|at| *at > Instant::now()) {
                    continue;
                }
                let after = self.register(&wanted.0, &wanted.1).await;
                due.insert(wanted, Instant::now() + after);
            }
            if !pause(PERIOD, &shutdown).await {
                return;
            }
        }
    }

    /// The scopes of all rules in force, by node.
    async fn wanted(&self) -> BTreeSet<(NodeName, Scope)> {
        let active = self.api.host.store().read(|read| read.active_rules()).await;
        let active = active.unwrap_or_else(|error| {
            tracing::warn!(%error, "the rules in force cannot be read");
            Vec::new()
        });
        let mut wanted = BTreeSet::new();
        for version in active {
            let Ok(snapshot) = from_sources(&version.sources) else {
                continue;
            };
            let Ok(rules) = parse(&snapshot.sources.map) else {
                continue;
            };
            for side in Side::BOTH {
                let side = rules.sides.get(side);
                let scope = side
                    .scope
                    .iter()
                    .map(|(key, value)| (key.clone(), value.value.clone()));
                if self.secrets.contains_key(&side.node.value) {
                    wanted.insert((side.node.value.clone(), scope.collect()));
                }
            }
        }
        wanted
    }

    /// Registers one webhook; answers after how long to come back.
    async fn register(&self, node: &NodeName, scope: &Scope) -> Duration {
        let (Some(tracker), Some(secret)) =
            (self.api.rulebook.trackers.get(node), self.secrets.get(node))
        else {
            return RENEW;
        };
        let base = self.public_url.as_str().trim_end_matches('/');
        let url = format!("{base}/hooks/{node}");
        match tracker.subscribe(scope, &url, secret.expose()).await {
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
