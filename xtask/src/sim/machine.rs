//! The machine that the host runs on: its store on a disk, its process, its deaths.

use super::disk::Disk;
use super::edge::Edge;
use super::network::Network;
use super::place::Place;
use super::rules::Factory;
use super::trace::Trace;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_engine::{Env, Host, HostBuilder, HostSettings, NodeConfig, SweepSettings, TaskEnded};
use twinline_rules::describe::SideDescription;
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;
use twinline_trackers::http::Transport;
use twinline_trackers::registry::{self, NodeSettings};
use twinline_trackers::{Learnt, Scope, Tracker, Webhook};

/// The most often that opening a store is tried while its disk refuses.
const OPEN_TRIES: u32 = 1_000;

/// A machine, with everything on it that outlives the host's process.
pub(super) struct Machine {
    env: Env,
    file: PathBuf,
    disk: Disk,
    edge: Arc<Edge>,
    network: Arc<Network>,
    places: Vec<Place>,
    /// Whether the connectors keep the limits that the trackers have published.
    pub(super) limits: bool,
    /// How often nodes are swept and audited.
    pub(super) sweep: SweepSettings,
    trace: Trace,
    pub(super) settings: HostSettings,
    process: Option<Process>,
}

struct Process {
    host: Host,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), TaskEnded>>,
}

impl Machine {
    pub(super) fn new(
        env: Env,
        folder: &Path,
        disk: Disk,
        edge: Arc<Edge>,
        network: Arc<Network>,
        places: &[Place],
        trace: Trace,
    ) -> Self {
        Self {
            env,
            file: folder.join("host.db"),
            disk,
            edge,
            network,
            places: places.to_vec(),
            limits: false,
            sweep: sweep(),
            trace,
            settings: host_settings(),
            process: None,
        }
    }

    /// The host, while its process lives.
    pub(super) fn host(&self) -> Option<&Host> {
        self.process.as_ref().map(|process| &process.host)
    }

    /// Starts the host's process; again and again while the disk refuses.
    pub(super) async fn start(&mut self) -> Result<()> {
        for _ in 0..OPEN_TRIES {
            match self.build().await {
                Ok(host) => {
                    self.trace.step(format_args!("the host starts"));
                    let shutdown = CancellationToken::new();
                    let (running, until) = (host.clone(), shutdown.clone());
                    let task = tokio::spawn(async move { running.run(until).await });
                    self.process = Some(Process {
                        host,
                        shutdown,
                        task,
                    });
                    return Ok(());
                }
                Err(error) => self
                    .trace
                    .step(format_args!("the host cannot start: {error}")),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        anyhow::bail!("the host's store could not be opened")
    }

    async fn build(&self) -> Result<Host> {
        let options = DbOptions::inline(self.disk.clone());
        let store = HostStore::open(&self.file, options, "sim").await?;
        let mut builder = HostBuilder::new(self.env.clone(), store, Arc::new(Factory::new()))
            .settings(self.settings.clone())
            .edge(Arc::clone(&self.edge) as _);
        for place in Place::homes(&self.places) {
            builder = builder.node(NodeConfig {
                name: place.node(),
                label: place.name().to_owned(),
                tracker: connector(place, self.limits, self.transport(), &self.env.clock)?,
                webhook: place.hook().map(|_| Arc::new(Reader(place)) as _),
                webhook_url: None,
                sweep: self.sweep.clone(),
            });
        }
        Ok(builder.build().await?)
    }

    /// What each tracker says about the scope that takes part.
    pub(super) async fn describe(&self) -> Result<BTreeMap<Place, SideDescription>> {
        let clock = Arc::clone(&self.env.clock);
        describe(&self.places, &self.transport(), &clock).await
    }

    fn transport(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.network) as _
    }

    /// Kills the host's process where it stands: at whatever its tasks wait for.
    pub(super) async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            self.trace.step(format_args!("the host dies"));
            process.host.store().db().crash();
            process.task.abort();
            // It was cancelled: that is what was asked for.
            drop(process.task.await);
            drop(process.host);
            // Its jobs are dropped when the runtime next looks at them.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends the host's process as a signal does.
    pub(super) async fn stop(&mut self) -> Result<()> {
        if let Some(process) = self.process.take() {
            process.shutdown.cancel();
            process.task.await.context("the host panicked")??;
            self.trace.step(format_args!("the host ends"));
        }
        Ok(())
    }
}

/// A place's connector.
pub(super) fn connector(
    place: Place,
    limits: bool,
    transport: Arc<dyn Transport>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Tracker>> {
    let settings = NodeSettings {
        node: place.node(),
        url: Some(place.origin().parse()?),
        auth: place.auth(),
        description: None,
        settle: Some(Duration::from_secs(20)),
        texts: place.texts(),
        write_spacing: None,
        unlimited: !limits,
        learnt: Learnt::default(),
    };
    let clock = Arc::clone(clock);
    Ok(registry::build(
        place.tracker(),
        settings,
        transport,
        clock,
    )?)
}

/// What each tracker says about its scope.
pub(super) async fn describe(
    places: &[Place],
    transport: &Arc<dyn Transport>,
    clock: &Arc<dyn Clock>,
) -> Result<BTreeMap<Place, SideDescription>> {
    let mut all = BTreeMap::new();
    for place in places {
        let scope: Scope =
            toml::from_str::<BTreeMap<String, Scope>>(&format!("scope = {}", place.scope()))?
                .remove("scope")
                .context("the text has a scope")?;
        let connector = connector(*place, false, Arc::clone(transport), clock)?;
        all.insert(
            *place,
            twinline_engine::recorded(connector.describe(&scope).await?),
        );
    }
    Ok(all)
}

/// The registry's reader, as a node's configuration wants it.
pub(super) struct Reader(pub(super) Place);

impl Reader {
    fn inner(&self) -> &'static dyn Webhook {
        registry::webhook(self.0.tracker()).expect("the registry knows its trackers")
    }
}

impl Webhook for Reader {
    fn is_signed(&self, headers: &http::HeaderMap) -> bool {
        self.inner().is_signed(headers)
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<(), twinline_trackers::WebhookRejected> {
        self.inner().verify(secrets, headers, body)
    }

    fn delivery_id(&self, headers: &http::HeaderMap, body: &[u8]) -> Option<String> {
        self.inner().delivery_id(headers, body)
    }

    fn decode(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Result<Vec<twinline_trackers::Notice>, twinline_trackers::WebhookRejected> {
        self.inner().decode(headers, body)
    }
}

pub(super) fn host_settings() -> HostSettings {
    HostSettings {
        period: Duration::from_secs(5),
        backoff_max: Duration::from_secs(60),
        ..HostSettings::default()
    }
}

fn sweep() -> SweepSettings {
    SweepSettings {
        period: Duration::from_secs(30),
        overlap: Duration::from_secs(60),
        resweep: Duration::from_secs(300),
        audit: Duration::from_secs(600),
        backed_off: Duration::from_secs(120),
    }
}
