//! The configuration's nodes as the other parts need them: connectors, webhook verifiers, sweeps.

mod renewing;

use crate::config::{AuthValue, Config, ConfigError, Descriptions, Node, SecretRef};
use ipnet::IpNet;
use renewing::{Build, Credentials, Read, Renewing};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_edge::{Hook, RouteTable};
use twinline_store::GroupId;
use twinline_trackers::http::{
    AddressGuard, NoTransport, ReqwestTransport, Secret, Transport, TransportLimits, Trust,
};
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Learnt, Tracker, TrackerDescription};
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
    /// A node names a tracker that there is not, or a description that is not sound.
    pub fn kinds(&self) -> Result<BTreeMap<NodeName, String>, ConfigError> {
        let mut descriptions = Descriptions::default();
        let nodes = self.config.nodes.iter();
        nodes
            .map(|(name, node)| {
                let known = registry::capabilities(&node.tracker);
                known.map_err(|error| ConfigError {
                    place: format!("{}: nodes.{name}.tracker", self.file.display()),
                    reason: error.to_string(),
                })?;
                descriptions.of(node)?;
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
        let mut descriptions = Descriptions::default();
        let nodes = self.config.nodes.iter();
        nodes
            .map(|(name, node)| {
                let transport = transports.to(&node.allow_private);
                let transport = transport.map_err(|error| self.fault(untrusting(&error)))?;
                let auth = credentials(name, &node.auth, self.folder(), false)?;
                let means = (transport, descriptions.of(node)?);
                Ok((
                    NodeName::from(name.as_str()),
                    self.tracker((name, auth), node, means, clock)?,
                ))
            })
            .collect()
    }

    fn tracker(
        &self,
        (name, auth): (&str, Credentials),
        node: &Node,
        (transport, description): (Arc<dyn Transport>, Option<Arc<TrackerDescription>>),
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Tracker>, ConfigError> {
        // A tracker in one's own network has the limits that its answers name, not those of the public service.
        let own_network = !node.allow_private.is_empty();
        let settings = NodeSettings {
            node: NodeName::from(name),
            url: Some(node.url.clone()),
            auth: Credentials::new(),
            description,
            settle: node
                .settle_s
                .map(|seconds| Duration::from_secs(seconds.into())),
            texts: node.texts,
            write_spacing: None,
            unlimited: own_network,
            learnt: Learnt::default(),
        };
        let (tracker, clock) = (node.tracker.clone(), Arc::clone(clock));
        let build: Build = Arc::new(move |auth| {
            let settings = NodeSettings {
                auth,
                ..settings.clone()
            };
            registry::build(
                &tracker,
                settings,
                Arc::clone(&transport),
                Arc::clone(&clock),
            )
        });
        let (owned, values, folder) =
            (name.to_owned(), node.auth.clone(), self.folder().to_owned());
        let read: Read = Arc::new(move || credentials(&owned, &values, &folder, false));
        let renewing = Renewing::new(NodeName::from(name), auth, read, build);
        let renewing = renewing.map_err(|error| self.fault(error))?;
        Ok(Arc::new(renewing))
    }

    /// One node's connector, credentials read.
    ///
    /// # Errors
    /// As [`Self::trackers`]; there is no such node.
    pub fn one(&self, name: &str, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Tracker>, ConfigError> {
        self.alone(name, clock, false)
    }

    /// As [`Self::one`] where the environment need not hold its secrets yet: for what asks the tracker nothing.
    ///
    /// # Errors
    /// Those of [`Self::one`] but for that.
    pub fn unasked(
        &self,
        name: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Arc<dyn Tracker>, ConfigError> {
        self.alone(name, clock, true)
    }

    fn alone(
        &self,
        name: &str,
        clock: &Arc<dyn Clock>,
        unset: bool,
    ) -> Result<Arc<dyn Tracker>, ConfigError> {
        let node = self.config.nodes.get(name);
        let node = node.ok_or_else(|| self.fault(format!("there is no node '{name}'")))?;
        let transport = Transports::default().to(&node.allow_private);
        let transport = transport.map_err(|error| self.fault(untrusting(&error)))?;
        let auth = credentials(name, &node.auth, self.folder(), unset)?;
        let means = (transport, Descriptions::default().of(node)?);
        self.tracker((name, auth), node, means, clock)
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

fn untrusting(error: &NoTransport) -> String {
    format!("this machine's trust store cannot be used: {error}")
}

/// A node's `auth` table, its secrets read from where they lie. `unset`: a word stands for what the environment does not hold.
fn credentials(
    name: &str,
    values: &BTreeMap<String, AuthValue>,
    folder: &Path,
    unset: bool,
) -> Result<Credentials, ConfigError> {
    let mut read = Credentials::new();
    for (key, value) in values {
        let what = format!("nodes.{name}.auth.{key}");
        let secret = match value {
            AuthValue::Plain(text) => Secret::new(text.as_str()),
            AuthValue::Secret(at @ SecretRef::Env(_)) if unset => {
                let known = at.read(folder, &what);
                known.unwrap_or_else(|_| Secret::new("not set yet"))
            }
            AuthValue::Secret(at) => at.read(folder, &what)?,
        };
        read.insert(key.clone(), secret);
    }
    Ok(read)
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
mod tests;
