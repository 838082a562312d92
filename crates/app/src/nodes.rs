//! The configuration's nodes as the other parts need them: connectors, webhook verifiers, sweeps.

use crate::config::{AuthValue, Config, ConfigError, Node};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_edge::{Hook, RouteTable};
use twinline_store::GroupId;
use twinline_trackers::Tracker;
use twinline_trackers::http::{
    AddressGuard, NoTransport, ReqwestTransport, Secret, Transport, TransportLimits, Trust,
};
use twinline_trackers::registry::{self, NodeSettings};
use url::Url;

/// The connectors by node.
pub type Trackers = BTreeMap<NodeName, Arc<dyn Tracker>>;

/// The configuration with the folder that its relative paths start from.
#[derive(Clone, Copy, Debug)]
pub struct Nodes<'a> {
    config: &'a Config,
    file: &'a Path,
}

impl<'a> Nodes<'a> {
    /// The nodes of a configuration that was read from `file`.
    pub const fn new(config: &'a Config, file: &'a Path) -> Self {
        Self { config, file }
    }

    fn folder(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    fn fault(&self, sentence: impl ToString) -> ConfigError {
        ConfigError {
            place: self.file.display().to_string(),
            reason: sentence.to_string(),
        }
    }

    /// Each node's tracker by name, `github`; no secret is read.
    ///
    /// # Errors
    /// A node names a tracker that there is not.
    pub fn kinds(&self) -> Result<BTreeMap<NodeName, String>, ConfigError> {
        let nodes = self.config.nodes.iter();
        nodes
            .map(|(name, node)| {
                let known = registry::capabilities(&node.tracker);
                known.map_err(|error| ConfigError {
                    place: format!("{}: nodes.{name}.tracker", self.file.display()),
                    reason: error.to_string(),
                })?;
                Ok((NodeName::from(name.as_str()), node.tracker.clone()))
            })
            .collect()
    }

    /// The connectors, credentials read.
    ///
    /// # Errors
    /// A secret that cannot be read, an `auth` table that the tracker does not take, a trust store that is missing.
    pub fn trackers(&self, clock: &Arc<dyn Clock>) -> Result<Trackers, ConfigError> {
        let mut transports = Transports::default();
        let nodes = self.config.nodes.iter();
        nodes
            .map(|(name, node)| {
                let transport = transports.to(&node.allow_private).map_err(|error| {
                    self.fault(format!(
                        "this machine's trust store cannot be used: {error}"
                    ))
                })?;
                Ok((
                    NodeName::from(name.as_str()),
                    self.tracker(name, node, transport, clock)?,
                ))
            })
            .collect()
    }

    /// The connector of one node, credentials read.
    ///
    /// # Errors
    /// As [`Self::trackers`]; there is no such node.
    pub fn tracker_of(
        &self,
        name: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Tracker>, ConfigError> {
        let node = self.config.nodes.get(name);
        let node = node.ok_or_else(|| self.fault(format!("there is no node '{name}'")))?;
        let transport = Transports::default().to(&node.allow_private);
        let transport = transport.map_err(|error| {
            self.fault(format!(
                "this machine's trust store cannot be used: {error}"
            ))
        })?;
        self.tracker(name, node, transport, clock)
    }

    fn tracker(
        &self,
        name: &str,
        node: &Node,
        transport: Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Tracker>, ConfigError> {
        let mut auth = BTreeMap::new();
        for (key, value) in &node.auth {
            let secret = match value {
                AuthValue::Plain(text) => Secret::new(text.as_str()),
                AuthValue::Secret(at) => {
                    at.read(self.folder(), &format!("nodes.{name}.auth.{key}"))?
                }
            };
            auth.insert(key.clone(), secret);
        }
        // A tracker in one's own network has the limits that its answers name, not those of the public service.
        let own_network = !node.allow_private.is_empty();
        let settings = NodeSettings {
            node: NodeName::from(name),
            url: Some(node.url.clone()),
            auth,
            settle: node
                .settle_s
                .map(|seconds| Duration::from_secs(seconds.into())),
            write_spacing: None,
            unlimited: own_network,
        };
        registry::build(&node.tracker, settings, transport, Arc::clone(clock))
            .map_err(|error| self.fault(error))
    }

    /// A node's webhook secrets: one, or two while one rotates.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn webhook_secrets(&self, name: &str, node: &Node) -> Result<Vec<Secret>, ConfigError> {
        let secrets = node.webhook.secrets.iter().enumerate();
        secrets
            .map(|(at, secret)| {
                secret.read(
                    self.folder(),
                    &format!("nodes.{name}.webhook.secrets[{at}]"),
                )
            })
            .collect()
    }

    /// What the edge routes and verifies with. Complete: a node that is not in it does not exist.
    ///
    /// # Errors
    /// A secret that cannot be read, a tracker that there is not.
    pub fn routes(&self) -> Result<RouteTable, ConfigError> {
        let mut hooks = BTreeMap::new();
        for (name, node) in &self.config.nodes {
            let secrets = self.webhook_secrets(name, node)?;
            let hook = Hook {
                group: GroupId::local(),
                tracker: node.tracker.clone(),
                webhook: registry::webhook(&node.tracker).map_err(|error| self.fault(error))?,
                secrets: secrets
                    .iter()
                    .map(|secret| secret.expose().as_bytes().to_vec())
                    .collect(),
            };
            hooks.insert(NodeName::from(name.as_str()), hook);
        }
        Ok(RouteTable::new(hooks))
    }
}

/// Nodes that share one transport, at most. The engine makes 8 requests at once for a node, and a server takes about 100
/// on one HTTP/2 connection (RFC 9113, section 6.5.2, asks it for no less): so a node that is slow leaves room for the
/// others.
const SHARING_MAX: usize = 12;

/// Transports, each for several nodes that may reach the same networks. With one for every node each would keep
/// connections of its own, and with a trust store of its own some hundred KiB.
#[derive(Default)]
struct Transports {
    trust: Option<Trust>,
    /// The newest for some networks, and how many nodes have it.
    newest: BTreeMap<Vec<IpNet>, (Arc<dyn Transport>, usize)>,
}

impl Transports {
    fn to(&mut self, networks: &[IpNet]) -> Result<Arc<dyn Transport>, NoTransport> {
        let mut networks = networks.to_vec();
        networks.sort();
        if let Some((transport, sharing)) = self.newest.get_mut(&networks)
            && *sharing < SHARING_MAX
        {
            *sharing += 1;
            return Ok(Arc::clone(transport));
        }
        let trust = match &mut self.trust {
            Some(trust) => trust,
            empty => empty.insert(Trust::of_this_machine()?),
        };
        let guard = AddressGuard::new(networks.clone());
        let made = ReqwestTransport::trusting(trust, guard, TransportLimits::default())?;
        let made: Arc<dyn Transport> = Arc::new(made);
        self.newest.insert(networks, (Arc::clone(&made), 1));
        Ok(made)
    }
}

/// Where a node's webhooks are sent to.
pub fn webhook_url(public_url: &Url, node: &NodeName) -> String {
    let base = public_url.as_str().trim_end_matches('/');
    format!("{base}/hooks/{node}")
}

#[cfg(test)]
#[path = "nodes_tests.rs"]
mod tests;
