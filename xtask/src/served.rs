//! A real edge on a folder and on loopback: for the fuzzer and the benchmarks.

use anyhow::{Context, Result};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;
use twinline_core::handles::{Clock, Entropy};
use twinline_edge::{
    Directory, DirectorySource, Edge, EdgeError, Handles, Hook, HostPlace, Limits, Listen,
    MapperSettings, NodePlace, ProxyLimits, RouteTable, Settings, Tracing, TrustedProxies,
};
use twinline_store::GroupId;
use twinline_store::db::DbOptions;
use twinline_store::inbox::{Inbox, InboxLimits};
use twinline_trackers::registry;

/// What every node's webhooks are signed with.
pub const SECRET: &[u8] = b"the webhooks' secret";
/// What hosts show on the private listener.
pub const TOKEN: &str = "the-token";

pub use twinline::handles::SystemClock;

/// Numbers in order: ids of requests need be unlike each other, no more.
struct Numbers(AtomicU64);

impl Entropy for Numbers {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A directory of nodes that are all on one host, if it is anywhere.
struct OneHost {
    nodes: Vec<String>,
    host: Option<HostPlace>,
}

#[async_trait]
impl DirectorySource for OneHost {
    async fn read(&self) -> Result<Directory, String> {
        let name = || "host".to_owned();
        let place = |node: &String| {
            (
                node.as_str().into(),
                NodePlace {
                    host: name(),
                    public_url: None,
                },
            )
        };
        let nodes = self.nodes.iter().map(place).collect();
        let hosts = self
            .host
            .iter()
            .map(|host| (name(), host.clone()))
            .collect();
        Ok(Directory::new(SystemClock.now(), true, hosts, nodes))
    }
}

/// A serving edge.
pub struct Served {
    /// Where webhooks arrive.
    pub webhooks: SocketAddr,
    /// The private listener.
    pub private: SocketAddr,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), EdgeError>>,
}

impl Served {
    /// Stops it and waits for its end.
    pub async fn stop(self) -> Result<()> {
        self.shutdown.cancel();
        let ended = self.task.await.context("the edge panicked")?;
        ended.context("the edge failed")
    }
}

/// Opens the folder's inbox, with room for anything.
pub async fn inbox(folder: &Path) -> Result<Inbox> {
    let limits = InboxLimits {
        node_max_bytes: u64::MAX / 4,
        total_max_bytes: u64::MAX / 4,
        ..InboxLimits::default()
    };
    let (file, ids) = (folder.join("inbox.db"), Numbers(AtomicU64::new(1)));
    let opened = Inbox::open(&file, DbOptions::default(), limits, &ids).await;
    opened.context("opening the inbox")
}

/// GitHub nodes of these names, all with [`SECRET`].
pub fn routes(nodes: &[String]) -> Result<RouteTable> {
    let webhook = registry::webhook("github")?;
    let hook = |node: &String| {
        let hook = Hook {
            group: GroupId::local(),
            tracker: "github".to_owned(),
            webhook,
            secrets: vec![SECRET.to_vec()],
        };
        (node.as_str().into(), hook)
    };
    Ok(RouteTable::new(
        nodes.iter().map(hook).collect::<BTreeMap<_, _>>(),
    ))
}

/// Serves these nodes; no limit of rate.
pub async fn start(folder: &Path, nodes: &[String]) -> Result<Served> {
    start_before(folder, nodes, None).await
}

/// The same before a host, with so many places.
pub async fn start_before(
    folder: &Path,
    nodes: &[String],
    host: Option<(SocketAddr, usize)>,
) -> Result<Served> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        listen: Listen::At(any),
        private: Listen::At(any),
        token: TOKEN.to_owned(),
        limits: Limits {
            node_max_per_s: 1_000_000,
            ..Limits::default()
        },
        proxy: ProxyLimits {
            in_flight_per_host: host.map_or(64, |(_, places)| places),
            ..ProxyLimits::default()
        },
        trusted: TrustedProxies::default(),
        tls: Vec::new(),
        mapper: MapperSettings {
            source: Arc::new(OneHost {
                nodes: nodes.to_vec(),
                host: host.map(|(address, _)| HostPlace { address }),
            }),
            first: None,
            snapshot: folder.join("directory.json"),
            public_url: None,
        },
        tracing: Tracing::default(),
        has_refused: false,
        restart: Arc::default(),
        unplaced: None,
        told: twinline_edge::Told::default(),
    };
    let handles = Handles {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(Numbers(AtomicU64::new(1))),
    };
    let inbox = inbox(folder).await?;
    let edge = Edge::bind(settings, inbox, routes(nodes)?, handles).await?;
    let (webhooks, private) = edge.addresses()?;
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(edge.serve(shutdown.clone()));
    Ok(Served {
        webhooks,
        private,
        shutdown,
        task,
    })
}
