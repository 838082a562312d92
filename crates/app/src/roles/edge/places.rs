//! The mapper's source. On one machine: the configured nodes, all on the one host, which says in the data folder where it
//! listens. In a fleet: the groups that are published, and who owns each by etcd's word.
//!
//! An edge has routes to the nodes that stood in its configuration when it began. That there is no other node it may say only
//! where it knows so: on one machine while that file is as it was read, in a fleet for a while after it has seen in the central
//! database what is published. Nodes that are published and that its file lacks it names as such.

use crate::config::Config;
use crate::fleet::{Definitions, Follower, Known};
use crate::handles::{SystemBootClock, SystemClock};
use crate::instance::DataFolder;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tokio::sync::watch;
use twinline_core::handles::{BootClock as _, Clock as _};
use twinline_core::names::NodeName;
use twinline_core::ownership::BootTime;
use twinline_edge::{Directory, DirectorySource, HostPlace, NodePlace, PROOF_MAX};
use twinline_engine::ownership::{Etcd, Roster};
use twinline_store::GroupId;
use url::Url;

/// The one host's name.
const HOST: &str = "local";

/// Tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
}

impl Version {
    /// What is there now; `None`: nothing that can be looked at.
    pub(super) fn of(file: &Path) -> Option<Self> {
        let found = std::fs::metadata(file).ok()?;
        Some(Self {
            inode: found.ino(),
            bytes: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// Where nodes and the host are.
pub(super) struct Places {
    folder: DataFolder,
    nodes: BTreeMap<NodeName, NodePlace>,
    /// Where the host listens unless it says otherwise; a port that is not fixed is unknown until then.
    configured: Option<SocketAddr>,
    /// The configuration, and what it was when it was read.
    file: PathBuf,
    read: Option<Version>,
}

impl Places {
    pub(super) fn new(
        config: &Config,
        folder: DataFolder,
        file: &Path,
        read: Option<Version>,
    ) -> Self {
        let place = |(name, public_url)| {
            let host = HOST.to_owned();
            (name, NodePlace { host, public_url })
        };
        Self {
            folder,
            nodes: domains(config).into_iter().map(place).collect(),
            configured: Some(config.host.listen).filter(|at| at.port() != 0),
            file: file.to_owned(),
            read,
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
        let is_as_read = self.read.is_some() && self.read == Version::of(&self.file);
        Ok(Directory::new(
            SystemClock.now(),
            is_as_read,
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
    confirmed: watch::Receiver<Option<BootTime>>,
    own: Own,
}

/// What this machine's configuration says.
struct Own {
    nodes: BTreeMap<NodeName, Option<String>>,
    hosts: BTreeMap<String, HostPlace>,
}

impl FleetPlaces {
    pub(super) fn new(config: &Config, etcd: Etcd, follower: &Follower) -> Self {
        Self {
            etcd,
            known: follower.known(),
            confirmed: follower.confirmed(),
            own: Own::new(config),
        }
    }

    /// Whether what is known was all that is published, a moment ago.
    fn is_confirmed(&self) -> bool {
        let now = SystemBootClock.now();
        let confirmed = *self.confirmed.borrow();
        confirmed.is_some_and(|at| now.since(at) <= PROOF_MAX)
    }
}

#[async_trait]
impl DirectorySource for FleetPlaces {
    async fn read(&self) -> Result<Directory, String> {
        let roster = self.etcd.roster().await;
        let roster = roster.map_err(|error| error.to_string())?;
        // In this order: what is known is at least as new as what was confirmed.
        let is_confirmed = self.is_confirmed();
        let known = self.known.borrow().clone();
        Ok(self
            .own
            .directory(&known.definitions, &roster, is_confirmed))
    }
}

impl Own {
    fn new(config: &Config) -> Self {
        let machines = config.machines.iter();
        let hosts = machines.filter_map(|(name, at)| {
            let address = at.host?;
            Some((name.clone(), HostPlace { address }))
        });
        Self {
            nodes: domains(config),
            hosts: hosts.collect(),
        }
    }

    /// The directory, where this is published and these own it. `is_confirmed`: nothing else is published.
    fn directory(&self, published: &Definitions, roster: &Roster, is_confirmed: bool) -> Directory {
        let place = |(node, public_url): (&NodeName, &Option<String>)| {
            let group = published.places.get(node);
            let owner = group.and_then(|group| roster.groups.get(group));
            let host = owner.map_or(NOBODY, |owner| &owner.host).to_owned();
            let public_url = public_url.clone();
            (node.clone(), NodePlace { host, public_url })
        };
        let nodes = self.nodes.iter().map(place).collect();
        let unrouted: BTreeMap<NodeName, GroupId> = (published.places.iter())
            .filter(|(node, _)| !self.nodes.contains_key(node.as_str()))
            .map(|(node, group)| (node.clone(), group.clone()))
            .collect();
        Directory::new(SystemClock.now(), is_confirmed, self.hosts.clone(), nodes)
            .with_unrouted(unrouted)
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
