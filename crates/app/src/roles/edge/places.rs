//! The mapper's source on one machine: the configured nodes, all on the one host, which says in the data folder where it
//! listens.

use crate::config::Config;
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use twinline_core::handles::Clock as _;
use twinline_core::names::NodeName;
use twinline_edge::{Directory, DirectorySource, HostPlace, NodePlace};

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
        let place = |name: &String| {
            let host = HOST.to_owned();
            (NodeName::from(name.as_str()), NodePlace { host })
        };
        Self {
            folder,
            nodes: config.nodes.keys().map(place).collect(),
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
