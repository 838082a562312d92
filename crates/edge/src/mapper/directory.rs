//! What the mapper knows, and the file that it survives in.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::GroupId;

/// The format of the file.
const FORMAT: u32 = 1;
/// A larger file is none of ours: some hundred bytes a node, for a million nodes.
const FILE_MAX_BYTES: u64 = 256 << 20;

/// Where every node is. Replaced as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The format of the file: 1.
    pub format: u32,
    /// When its source was read.
    pub read_at: Timestamp,
    /// Whether it proves that a node that is not in it does not exist: for as long as [`PROOF_MAX`](super::PROOF_MAX) after
    /// it was read.
    pub complete: bool,
    /// The hosts by name.
    pub hosts: BTreeMap<String, HostPlace>,
    /// The nodes and the host that has each.
    pub nodes: BTreeMap<NodeName, NodePlace>,
    /// Nodes that there are and that this edge has no route to, with the group of each: its configuration is older than they
    /// are. Whoever delivers for one is asked to come later, and the group's owner is told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unrouted: BTreeMap<NodeName, GroupId>,
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPlace {
    /// Its private port: API and console.
    pub address: SocketAddr,
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePlace {
    /// The host's name.
    pub host: String,
    /// Where others reach this node, when it has a domain of its own: `https://acme.example`. Without it, where they reach
    /// the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
}

impl Directory {
    /// One that was read now.
    pub const fn new(
        read_at: Timestamp,
        complete: bool,
        hosts: BTreeMap<String, HostPlace>,
        nodes: BTreeMap<NodeName, NodePlace>,
    ) -> Self {
        Self {
            format: FORMAT,
            read_at,
            complete,
            hosts,
            nodes,
            unrouted: BTreeMap::new(),
        }
    }

    /// With the nodes that there are and that this edge has no route to.
    pub fn with_unrouted(self, unrouted: BTreeMap<NodeName, GroupId>) -> Self {
        Self { unrouted, ..self }
    }

    /// The domains of nodes that are reached by TLS, without doubles.
    pub(super) fn domains(&self) -> BTreeSet<String> {
        let urls = self
            .nodes
            .values()
            .filter_map(|node| node.public_url.as_deref());
        let urls = urls.filter_map(|url| url.parse::<http::Uri>().ok());
        urls.filter(|url| url.scheme() == Some(&http::uri::Scheme::HTTPS))
            .filter_map(|url| url.host().map(str::to_ascii_lowercase))
            .collect()
    }

    /// Whether both say the same, whenever they were read.
    pub(super) fn says_as(&self, other: &Self) -> bool {
        let Self {
            format: _,
            read_at: _,
            complete,
            hosts,
            nodes,
            unrouted,
        } = self;
        *complete == other.complete
            && *hosts == other.hosts
            && *nodes == other.nodes
            && *unrouted == other.unrouted
    }

    /// Reads the file; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read, is too large, or is no directory of this format.
    pub fn load(path: &Path) -> io::Result<Option<Self>> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() > FILE_MAX_BYTES {
            return Err(invalid(format!("has more than {FILE_MAX_BYTES} bytes")));
        }
        let found: Self = serde_json::from_reader(io::BufReader::new(file))?;
        if found.format != FORMAT {
            return Err(invalid(format!("is of format {}", found.format)));
        }
        Ok(Some(found))
    }

    /// Replaces the file; whoever reads it sees the old one or the new one.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        let fresh = path.with_extension("json.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    }
}
