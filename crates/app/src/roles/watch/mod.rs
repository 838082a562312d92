//! `twinline watch`: probes, calls people, shows the status page. It needs neither edge nor host nor database for it, and
//! goes on when its supervisor dies, its disk is full or its configuration is broken.

mod announced;
mod api;
mod build;
mod channels;
mod holding;
pub(crate) mod paths;
mod probes;
mod reload;

use super::tasks::Tasks;
use crate::config::Config;
use crate::fleet;
use crate::handles::SystemClock;
use crate::instance::{DataFolder, LOCK_WAIT, replace};
use crate::{shutdown, telemetry};
use announced::Announced;
use anyhow::{Context as _, Result};
use api::Private;
use axum::Router;
use build::{Built, Lasting};
use holding::Holding;
use reload::Reload;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, TransportLimits, Trust};
use twinline_watch::channel::Addresses;
use twinline_watch::channel::acknowledge::Signer;
use twinline_watch::driver::{Driver, Setup};
use twinline_watch::ping::OutsidePing;
use twinline_watch::probe::Supervisor;
use twinline_watch::subscription::Herald;

/// Connections to the private side at once: other watches, the supervisor, a scraper, people.
const CONNECTIONS_MAX: usize = 256;
/// What could not be listened on, or announced, is tried again after this.
const RETRY: Duration = Duration::from_secs(2);
/// The addresses of channels are looked up ahead this often.
const LOOK_AHEAD: Duration = Duration::from_secs(600);
/// A watch whose supervisor has died looks this often for another one.
const ORPHAN_LOOKS: Duration = Duration::from_secs(1);

/// Runs the watch until a signal.
///
/// # Errors
/// There is no configuration that can be used, or another watch has the folder.
pub async fn run(file: &Path, supervisor: Option<u32>) -> Result<()> {
    let Holding {
        config,
        text,
        broken,
    } = holding::load(file)?;
    let shutdown = shutdown::on_signal()?;
    telemetry::start_role(&config.log, &config.traces, "watch", &shutdown)?;
    super::open_many_files();
    let folder = DataFolder::open(&config.data)?;
    let _hold = folder.hold("watch", LOCK_WAIT).await?;
    let lasting = Arc::new(lasting(file, &config, &folder, supervisor)?);
    let built = Built::new(file, &config, &lasting)?;
    if broken.is_none()
        && let Err(error) = holding::keep(&folder, &text)
    {
        let error = format!("{error:#}");
        tracing::error!(error, "the good configuration is not kept");
    }
    let signer = Signer::new([lasting.token.expose().as_bytes()])?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = folder.watch_store();
    let begun = Driver::begin(&store, built.setup.clone(), Arc::new(signer), clock);
    let (driver, handle) = begun.await;
    let (central, shown_central) = watch::channel(None);
    let (post, posted) = watch::channel(built.post.clone());
    let clock = Arc::new(SystemClock);
    let (herald, registry) = Herald::begin(folder.subscribers(), handle.shown(), posted, clock);
    let reload = Reload {
        file: file.to_owned(),
        folder: folder.clone(),
        lasting: Arc::clone(&lasting),
        driver: handle.clone(),
        central,
        post,
        seen: if broken.is_some() {
            String::new()
        } else {
            text
        },
        machine: config.instance.machine.clone(),
    };
    let mut tasks = Tasks::new(shutdown.clone());
    let channels = built.setup.clone();
    let at_work = reload.work(built);
    tasks.spawn(
        "configuration",
        until(shutdown.clone(), reload.run(broken, at_work)),
    );
    let private = Private {
        driver: handle.clone(),
        token: lasting.token.clone(),
        central: shown_central,
    };
    let (listeners, announced) = watch::channel(Vec::new());
    let told = announce(folder.clone(), announced);
    tasks.spawn("announcement", until(shutdown.clone(), told));
    let router = api::router(Arc::new(private));
    let at = ("private", config.watch_private());
    let served = serve(at, router, listeners.clone(), shutdown.clone());
    tasks.spawn("private", served);
    let site = twinline_watch::site::router(
        handle.shown(),
        Arc::new(handle.clone()),
        Some(Arc::new(registry)),
        Arc::new(SystemClock),
        twinline_watch::site::Settings::default(),
    );
    let at = ("page", config.watch.listen);
    let served = serve(at, site, listeners, shutdown.clone());
    tasks.spawn("status page", served);
    if let Some(ping) = ping(file, &config, &lasting)? {
        let ping = ping.run(handle);
        tasks.spawn("outside ping", until(shutdown.clone(), ended(ping)));
    }
    let announced = lasting.announced.clone().follow(folder.clone());
    tasks.spawn("places", until(shutdown.clone(), ended(announced)));
    let ahead = look_ahead(channels, lasting.addresses.clone(), folder.clone());
    tasks.spawn("addresses", until(shutdown.clone(), ended(ahead)));
    if let Some(supervisor) = supervisor {
        let orphan = orphaned(supervisor, folder, shutdown.clone());
        tasks.spawn("supervisor", until(shutdown.clone(), ended(orphan)));
    }
    let ends = shutdown.clone();
    tasks.spawn("subscriptions", async move {
        herald.run(ends.cancelled()).await;
        Ok(())
    });
    let ends = shutdown.clone();
    tasks.spawn("driver", async move {
        driver.run(ends.cancelled()).await;
        Ok(())
    });
    tracing::info!("watch works");
    tasks.end().await
}

/// What outlives a configuration.
fn lasting(
    file: &Path,
    config: &Config,
    folder: &DataFolder,
    supervisor: Option<u32>,
) -> Result<Lasting> {
    let known = std::fs::read(addresses_file(folder)).unwrap_or_default();
    let known: BTreeMap<String, Vec<IpAddr>> = serde_json::from_slice(&known).unwrap_or_default();
    Ok(Lasting {
        announced: Announced::default(),
        addresses: build::addresses(known),
        trust: Trust::of_this_machine().context("reading the machine's trust store")?,
        token: fleet::token(file, config, folder)?,
        supervisor,
    })
}

fn addresses_file(folder: &DataFolder) -> PathBuf {
    folder.watch_store().with_file_name("addresses.json")
}

/// Something that goes on for ever, until shutdown.
async fn until(shutdown: CancellationToken, work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        ended = work => ended,
    }
}

async fn ended(work: impl Future<Output = ()>) -> Result<()> {
    work.await;
    Ok(())
}

/// Where watch listens, by name, as far as it does yet.
type Listeners = watch::Sender<Vec<(&'static str, SocketAddr)>>;

/// Listens as soon as that can be, says where, and serves until shutdown.
async fn serve(
    (name, at): (&'static str, SocketAddr),
    router: Router,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<()> {
    let listener = loop {
        match TcpListener::bind(at).await {
            Ok(listener) => break listener,
            Err(error) => {
                tracing::error!(name, %at, %error, "watch cannot listen there; trying again");
            }
        }
        if !super::pause(RETRY, &shutdown).await {
            return Ok(());
        }
    };
    let bound = listener.local_addr();
    let bound = bound.context("the listener's own address")?;
    tracing::info!(name, at = %bound, "watch listens");
    listeners.send_modify(|all| all.push((name, bound)));
    twinline_edge::serve(listener, router, CONNECTIONS_MAX, shutdown).await;
    Ok(())
}

/// Says where watch listens, whenever that changes; where the disk does not take it, again and again.
async fn announce(
    folder: DataFolder,
    mut listeners: watch::Receiver<Vec<(&'static str, SocketAddr)>>,
) -> Result<()> {
    loop {
        let all = listeners.borrow_and_update().clone();
        let written = match all.as_slice() {
            [] => Ok(()),
            all => folder.announce("watch", all),
        };
        if let Err(error) = written {
            let error = format!("{error:#}");
            tracing::error!(error, "where watch listens cannot be told; trying again");
            tokio::time::sleep(RETRY).await;
            continue;
        }
        listeners
            .changed()
            .await
            .context("nothing listens any more")?;
    }
}

/// The dead man's switch outside, when there is one.
fn ping(file: &Path, config: &Config, lasting: &Lasting) -> Result<Option<OutsidePing>> {
    let Some(ping) = &config.watch.outside_ping else {
        return Ok(None);
    };
    let base = file.parent().unwrap_or(Path::new(""));
    let url = match ping.url.read(base, "watch.outside_ping.url") {
        Ok(url) => url,
        Err(error) => {
            // Its silence is what calls somebody.
            tracing::error!(%error, "the outside is not pinged");
            return Ok(None);
        }
    };
    let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
    let guard = AddressGuard::new(everywhere.to_vec());
    let names = Arc::new(lasting.addresses.clone());
    let limits = TransportLimits {
        idle_per_host_max: 0,
        ..TransportLimits::default()
    };
    let transport = ReqwestTransport::resolving(&lasting.trust, guard, limits, names);
    Ok(Some(OutsidePing {
        url,
        period: Duration::from_secs(ping.period_s.into()),
        transport: Arc::new(transport.context("preparing the outside ping")?),
        machine: config.instance.machine.clone(),
    }))
}

/// Finds the addresses of channels before they are needed, and keeps them over a restart.
async fn look_ahead(setup: Setup, addresses: Addresses, folder: DataFolder) {
    loop {
        for channel in setup.channels.values() {
            if let Err(error) = addresses.find(channel.host()).await {
                tracing::warn!(channel = channel.name(), %error, "the address of a channel is not known");
            }
        }
        let (path, known) = (addresses_file(&folder), addresses.known());
        let stored =
            tokio::task::spawn_blocking(move || replace(&path, &serde_json::to_vec(&known)?));
        if let Ok(Err(error)) = stored.await {
            tracing::warn!(%error, "the addresses of channels are not kept");
        }
        tokio::time::sleep(LOOK_AHEAD).await;
    }
}

/// Ends this watch when its supervisor has died and another has come, whose own watch waits for this one's folder; or when
/// the folder is gone.
async fn orphaned(supervisor: u32, folder: DataFolder, shutdown: CancellationToken) {
    loop {
        tokio::time::sleep(ORPHAN_LOOKS).await;
        if Supervisor::lives(supervisor) {
            continue;
        }
        let another = folder.hold("up", Duration::ZERO).await.is_err();
        if another {
            tracing::info!("another supervisor has come: its own watch takes over");
            shutdown.cancel();
            return std::future::pending().await;
        }
    }
}
