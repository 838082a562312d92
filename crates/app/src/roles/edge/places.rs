//! The mapper's source. On one machine: the configured nodes, all on the one host, which says in the data folder where it
//! listens. In a fleet: the groups that are published, and who owns each by etcd's word.

use crate::config::Config;
use crate::fleet::Known;
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::sync::watch;
use twinline_core::handles::Clock as _;
use twinline_core::names::NodeName;
use twinline_edge::{Directory, DirectorySource, HostPlace, NodePlace};
use twinline_engine::ownership::Etcd;
use url::Url;

/// The one host's name.
const HOST: &str = "local";

/// Where nodes and the host are.
pub(super) struct Places {
    folder: DataFolder,
    nodes: BTreeMap<NodeName, NodePlace>,
    /// Where the host listens unless it says otherwise; a port that is not fixed is unknown until then.
    configured: Option<SocketAddr>,
}

impl Places {
    pub(super) fn new(config: &Config, folder: DataFolder) -> Self {
        let place = |(name, public_url)| {
            let host = HOST.to_owned();
            (name, NodePlace { host, public_url })
        };
        Self {
            folder,
            nodes: domains(config).into_iter().map(place).collect(),
            configured: Some(config.host.listen).filter(|at| at.port() != 0),
        }
    }

    fn host(&self) -> Result<Option<SocketAddr>, String> {
        match self.folder.running_if_ever("host") {
            Ok(Some(running)) => {
                let at = running
                    .listener("api")
                    .map_err(|error| format!("{error:#}"))?;
                Ok(Some(at))
            }
            Ok(None) => Ok(self.configured),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}

#[async_trait]
impl DirectorySource for Places {
    async fn read(&self) -> Result<Directory, String> {
        // A file of a hundred bytes that was just written: it is in memory.
        let address = self.host()?;
        let hosts = address.map(|address| (HOST.to_owned(), HostPlace { address }));
        let hosts = hosts.into_iter().collect();
        Ok(Directory::new(
            SystemClock.now(),
            true,
            hosts,
            self.nodes.clone(),
        ))
    }
}

/// The nodes, and where each is reached that has a domain of its own.
fn domains(config: &Config) -> BTreeMap<NodeName, Option<String>> {
    let nodes = config.nodes.iter();
    let nodes = nodes.map(|(name, node)| {
        let public_url = node.public_url.as_ref().map(Url::to_string);
        (NodeName::from(name.as_str()), public_url)
    });
    nodes.collect()
}

/// The name of no host: whose nodes nobody owns at the moment.
const NOBODY: &str = "";

/// Where a fleet's nodes are.
pub(super) struct FleetPlaces {
    etcd: Etcd,
    known: watch::Receiver<Known>,
    nodes: BTreeMap<NodeName, Option<String>>,
    hosts: BTreeMap<String, HostPlace>,
}

impl FleetPlaces {
    pub(super) fn new(config: &Config, etcd: Etcd, known: watch::Receiver<Known>) -> Self {
        let machines = config.machines.iter();
        let hosts = machines.filter_map(|(name, at)| {
            let address = at.host?;
            Some((name.clone(), HostPlace { address }))
        });
        Self {
            etcd,
            known,
            nodes: domains(config),
            hosts: hosts.collect(),
        }
    }
}

#[async_trait]
impl DirectorySource for FleetPlaces {
    async fn read(&self) -> Result<Directory, String> {
        let roster = self
            .etcd
            .roster()
            .await
            .map_err(|error| error.to_string())?;
        let known = self.known.borrow().clone();
        let place = |(node, public_url): (&NodeName, &Option<String>)| {
            let group = known.definitions.places.get(node);
            let owner = group.and_then(|group| roster.groups.get(group));
            let host = owner.map_or(NOBODY, |owner| &owner.host).to_owned();
            let public_url = public_url.clone();
            (node.clone(), NodePlace { host, public_url })
        };
        let nodes = self.nodes.iter().map(place).collect();
        Ok(Directory::new(
            SystemClock.now(),
            true,
            self.hosts.clone(),
            nodes,
        ))
    }
}
