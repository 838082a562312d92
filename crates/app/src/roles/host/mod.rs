//! `twinline host`: runs nodes and serves the local API.

mod canary;
mod central;
mod edge_inbox;
mod fleet;
mod prune;
mod routed;
mod seen;
mod subscribe;

use crate::api::{self, Api};
use crate::config::Config;
use crate::handles::{SystemClock, SystemEntropy};
use crate::instance::{DataFolder, LOCK_WAIT};
use crate::nodes::{Nodes, Trackers, webhook_url};
use crate::release::Release;
use crate::roles::page_status::{self, Follower};
use crate::roles::tasks::Tasks;
use crate::rulebook::{self, Factory, Rulebook};
use crate::telemetry;
use anyhow::{Context, Result};
use edge_inbox::{EdgeHttp, HttpInbox, Place};
pub(crate) use fleet::unfit_edges;
use futures_util::FutureExt as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_engine::{Env, FileRoom, HostBuilder, HostSettings, NodeConfig, SweepSettings};
use twinline_store::GroupId;
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;
use twinline_trackers::http::Secret;
use twinline_trackers::registry;

/// Connections that the local API serves beside those that the edge may open to it: of the command line and a scraper.
const OTHER_CONNECTIONS_MAX: usize = 64;
/// Connections to the health page at once: the supervisor's, and a probe's.
const HEALTH_CONNECTIONS_MAX: usize = 16;

/// Runs the host until a signal.
///
/// # Errors
/// The configuration is wrong, the folder is held by another host, the store cannot be opened, an address is taken.
pub async fn run(file: &Path, supervisor: Option<u32>) -> Result<()> {
    let (config, shutdown) = super::begin("host", file, supervisor)?;
    let folder = DataFolder::open(&config.data)?;
    if config.ownership.is_some() {
        return fleet::run(file, &config, &folder, shutdown).await;
    }
    let built = Built::new(file, &config, &folder, LOCK_WAIT, true).await?;
    let Listeners {
        api: listener,
        at,
        health,
    } = listen(&config, &folder).await?;
    tracing::info!(api = %at, connections = built.api.host.connections().len(), "the host works");
    let store = built.api.host.store().clone();
    let mut tasks = Tasks::new(shutdown.clone());
    let prune = prune::run(
        store.clone(),
        config.host.keep_days.clone(),
        shutdown.clone(),
    );
    tasks.spawn("prune", prune.map(Ok));
    if let Some((replication, view)) = central::begin(file, &config, &built.api.host)? {
        built.api.show_central(view);
        let until = shutdown.clone().cancelled_owned();
        tasks.spawn("replication", replication.run(until).map(Ok));
    } else {
        store.end_replication().await?;
    }
    let edges = (vec![Place::Here(folder.clone())], built.edges.clone());
    if let Some(hooks) = subscribe::Hooks::new(file, &config, &built.api.host, edges)? {
        tasks.spawn("webhooks", hooks.run(shutdown.clone()).map(Ok));
    }
    let canary = built.canary(&config, &folder, &shutdown);
    let (router, connections) = (
        api::router(Arc::clone(&built.api)).merge(canary::router(canary)),
        api_connections_max(&config),
    );
    let follower = Follower::new(&config, &folder, &built.token)?;
    let router = page_status::on(router, follower, &mut tasks, &shutdown);
    let serve = twinline_edge::serve(listener, router, connections, shutdown.clone());
    tasks.spawn("api", serve.map(Ok));
    let router = api::health(Arc::clone(&built.api));
    let serve = twinline_edge::serve(health, router, HEALTH_CONNECTIONS_MAX, shutdown.clone());
    tasks.spawn("health", serve.map(Ok));
    let host = built.api.host.clone();
    tasks.spawn("host", async move { Ok(host.run(shutdown).await?) });
    let ended = tasks.end().await;
    store.db().close().await;
    ended
}

/// Where the host listens.
struct Listeners {
    api: TcpListener,
    /// The API's address.
    at: SocketAddr,
    health: TcpListener,
}

/// Listens, and says where.
async fn listen(config: &Config, folder: &DataFolder) -> Result<Listeners> {
    let wanted = config.host_api();
    let api = TcpListener::bind(wanted).await;
    let api = api.with_context(|| {
        format!("cannot listen on {wanted} (host.listen, or host in [machines])")
    })?;
    let at = api.local_addr().context("the API's own address")?;
    let health = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("listening for the supervisor")?;
    let health_at = health.local_addr().context("the health page's address")?;
    folder.announce("host", &[("api", at), ("health", health_at)])?;
    Ok(Listeners { api, at, health })
}

/// As many as the edge may open, and some more.
fn api_connections_max(config: &Config) -> usize {
    let proxy = &config.edge.proxy;
    proxy.streams_per_host as usize + proxy.in_flight_per_host as usize + OTHER_CONNECTIONS_MAX
}

/// A host that is built and does not run yet, with the API in front of it; holds the data folder.
pub struct Built {
    /// The API's state.
    pub api: Arc<Api>,
    _hold: crate::instance::Hold,
    token: Secret,
    edges: EdgeHttp,
    factory: Arc<Factory>,
    env: Env,
}

impl Built {
    /// Opens the store under the host's lock and builds the host; without an edge it is for commands that work while no
    /// host runs.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn new(
        file: &Path,
        config: &Config,
        folder: &DataFolder,
        lock_wait: Duration,
        with_edge: bool,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let nodes = Nodes::new(config, file);
        let (kinds, trackers) = (nodes.kinds()?, nodes.trackers(&clock)?);
        let runner = rulebook::script_workers(config)?;
        let hold = folder.hold("host", lock_wait).await?;
        let token = folder.token(&SystemEntropy)?;
        folder.check_host_store()?;
        let store = HostStore::open(
            &folder.host_store(),
            DbOptions {
                formats: Release::of_this_process().formats,
                ..DbOptions::default()
            },
            &config.instance.name,
        )
        .await
        .context("opening the host's state")?;
        let env = Env {
            clock,
            entropy: Arc::new(SystemEntropy),
        };
        let factory = Arc::new(Factory::new(Arc::clone(&runner)));
        let mut builder =
            HostBuilder::new(env.clone(), store.clone(), Arc::<Factory>::clone(&factory))
                .traces(telemetry::adopt)
                .settings(settings(config));
        for name in config.nodes.keys() {
            if let Some(node) = node_config(config, &trackers, &name.as_str().into())? {
                builder = builder.node(node);
            }
        }
        let edges = EdgeHttp::new(token.clone())?;
        if with_edge {
            let (place, edges) = (Place::Here(folder.clone()), edges.clone());
            let inbox = HttpInbox::new(place, edges, store.stamp().clone());
            builder = builder.edge(Arc::new(inbox));
        }
        let host = builder.build().await.context("reading the host's state")?;
        let rulebook = Rulebook {
            kinds: Arc::new(kinds),
            trackers,
            runner,
        };
        Ok(Self {
            api: Arc::new(Api::new(
                host,
                rulebook,
                token.clone(),
                config.edge.proxy.streams_per_host as usize,
            )),
            _hold: hold,
            token,
            edges,
            factory,
            env,
        })
    }

    /// The canary of this host.
    fn canary(
        &self,
        config: &Config,
        folder: &DataFolder,
        shutdown: &CancellationToken,
    ) -> Arc<canary::Canary> {
        let host = self.api.host.clone();
        let engine = canary::EngineParts {
            machine: config.instance.machine.clone(),
            instance: config.instance.name.clone(),
            folder: folder.canary(),
            factory: Arc::clone(&self.factory),
            env: self.env.clone(),
            shutdown: shutdown.clone(),
        };
        canary::Canary::new(canary::Parts {
            engine,
            edge: Place::Here(folder.clone()),
            edges: self.edges.clone(),
            token: self.token.clone(),
            customers: Box::new(move || vec![(GroupId::LOCAL.to_owned(), host.clone())]),
        })
    }
}

fn settings(config: &Config) -> HostSettings {
    HostSettings {
        backfill_share: config.host.backfill_share,
        files: FileRoom::new(config.host.files_memory_mib),
        ..HostSettings::default()
    }
}

/// A node as the engine works with it; `None`: there is none of this name.
fn node_config(
    config: &Config,
    trackers: &Trackers,
    name: &NodeName,
) -> Result<Option<NodeConfig>> {
    let (Some(node), Some(tracker)) = (config.nodes.get(name.as_str()), trackers.get(name)) else {
        return Ok(None);
    };
    let webhook = registry::webhook(&node.tracker).context("a webhook's reader")?;
    let seconds = |count: u32| Duration::from_secs(count.into());
    let period = seconds(node.sweep_s.period);
    let sweep = SweepSettings {
        period,
        overlap: seconds(node.sweep_s.overlap),
        resweep: seconds(node.sweep_s.resweep),
        audit: seconds(node.sweep_s.audit),
        backed_off: SweepSettings::default().backed_off.max(period),
    };
    let sends = tracker.capabilities().webhooks;
    let public_url = config.public_url(name.as_str()).filter(|_| sends);
    Ok(Some(NodeConfig {
        webhook_url: public_url.map(|url| webhook_url(url, name)),
        name: name.clone(),
        label: registry::label(&node.tracker).to_owned(),
        tracker: Arc::clone(tracker),
        webhook: sends.then(|| Arc::new(Reader(webhook)) as Arc<dyn twinline_trackers::Webhook>),
        sweep,
    }))
}

/// A registry's webhook reader as a shared one.
struct Reader(&'static dyn twinline_trackers::Webhook);

impl twinline_trackers::Webhook for Reader {
    fn is_signed(&self, headers: &http::HeaderMap) -> bool {
        self.0.is_signed(headers)
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<(), twinline_trackers::WebhookRejected> {
        self.0.verify(secrets, headers, body)
    }

    fn delivery_id(&self, headers: &http::HeaderMap, body: &[u8]) -> Option<String> {
        self.0.delivery_id(headers, body)
    }

    fn decode(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<Vec<twinline_trackers::Notice>, twinline_trackers::WebhookRejected> {
        self.0.decode(headers, body)
    }
}
