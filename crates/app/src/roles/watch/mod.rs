//! `twinline watch`: probes, calls people, shows the status page. It needs neither edge nor host nor database for it, and
//! goes on when its supervisor dies, its disk is full or its configuration is broken.

mod announced;
mod api;
mod build;
mod channels;
mod holding;
mod listen;
mod outside;
pub(crate) mod paths;
mod probes;
mod reload;

use super::tasks::Tasks;
use crate::config::Config;
use crate::fleet;
use crate::handles::SystemClock;
use crate::instance::{DataFolder, LOCK_WAIT};
use crate::{shutdown, telemetry};
use announced::Announced;
use anyhow::{Context as _, Result};
use api::Private;
use build::{Built, Lasting};
use holding::Holding;
use reload::Reload;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_trackers::http::{Secret, Trust};
use twinline_watch::channel::acknowledge::Signer;
use twinline_watch::driver::{Driver, Handle};
use twinline_watch::probe::Supervisor;
use twinline_watch::subscription::{Herald, Post, Registry};

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
    if broken.is_none() {
        holding::keep_or_tell(&folder, &text);
    }
    // Each watch numbers its own incidents: a link of another one would acknowledge another incident.
    let key = format!("{}/{}", lasting.token.expose(), config.instance.machine);
    let signer = Signer::new([key.as_bytes()])?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = folder.watch_store();
    let begun = Driver::begin(&store, built.setup.clone(), Arc::new(signer), clock);
    let (driver, handle) = begun.await;
    let mut tasks = Tasks::new(shutdown.clone());
    let (central, shown_central) = watch::channel(None);
    let private = Private {
        driver: handle.clone(),
        token: lasting.token.clone(),
        inbound: inbound(file, &config),
        central: shown_central,
    };
    let (post, posted) = watch::channel(built.post.clone());
    let registry = tell_subscribers(&mut tasks, &folder, &handle, posted, &shutdown);
    listen::spawn(&mut tasks, &config, &folder, private, registry, &shutdown);
    let (ways, addresses) = (built.setup.clone(), lasting.addresses.clone());
    let ahead = outside::look_ahead(ways, addresses, folder.clone());
    tasks.spawn("addresses", until(shutdown.clone(), ended(ahead)));
    if let Some(ping) = outside::ping(file, &config, &lasting)? {
        let ping = ping.run(handle.clone());
        tasks.spawn("outside ping", until(shutdown.clone(), ended(ping)));
    }
    let announced = lasting.announced.clone().follow(folder.clone());
    tasks.spawn("places", until(shutdown.clone(), ended(announced)));
    let reload = Reload {
        file: file.to_owned(),
        folder: folder.clone(),
        lasting,
        driver: handle,
        central,
        post,
        seen: if broken.is_none() {
            text
        } else {
            String::new()
        },
        machine: config.instance.machine.clone(),
    };
    let at_work = reload.work(built);
    let reload = reload.run(broken, at_work);
    tasks.spawn("configuration", until(shutdown.clone(), reload));
    if let Some(supervisor) = supervisor {
        let orphan = orphaned(supervisor, folder, shutdown.clone());
        tasks.spawn("supervisor", until(shutdown.clone(), ended(orphan)));
    }
    tasks.spawn("driver", async move {
        driver.run(shutdown.cancelled()).await;
        Ok(())
    });
    tracing::info!("watch works");
    tasks.end().await
}

/// What other monitoring shows. One that cannot be read is no reason to call nobody.
fn inbound(file: &Path, config: &Config) -> Option<Secret> {
    let base = file.parent().unwrap_or(Path::new(""));
    let token = config.watch.inbound_token.as_ref()?;
    let token = token.read(base, "watch.inbound_token");
    token
        .inspect_err(|error| tracing::error!(%error, "other monitoring is not heard"))
        .ok()
}

/// Subscribers are told by a task of its own, which looks at what the page shows.
fn tell_subscribers(
    tasks: &mut Tasks,
    folder: &DataFolder,
    driver: &Handle,
    posted: watch::Receiver<Option<Arc<Post>>>,
    shutdown: &CancellationToken,
) -> Registry {
    let clock = Arc::new(SystemClock);
    let (herald, registry) = Herald::begin(folder.subscribers(), driver.shown(), posted, clock);
    let ends = shutdown.clone();
    tasks.spawn("subscriptions", async move {
        herald.run(ends.cancelled()).await;
        Ok(())
    });
    registry
}

/// What outlives a configuration.
fn lasting(
    file: &Path,
    config: &Config,
    folder: &DataFolder,
    supervisor: Option<u32>,
) -> Result<Lasting> {
    let known = std::fs::read(outside::addresses_file(folder)).unwrap_or_default();
    let known: BTreeMap<String, Vec<IpAddr>> = serde_json::from_slice(&known).unwrap_or_default();
    Ok(Lasting {
        announced: Announced::default(),
        addresses: build::addresses(known),
        trust: Trust::of_this_machine().context("reading the machine's trust store")?,
        token: fleet::token(file, config, folder)?,
        supervisor,
    })
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

/// Ends this watch when its supervisor has died and another has come, whose own watch waits for this one's folder; or when
/// the folder is gone.
async fn orphaned(supervisor: u32, folder: DataFolder, shutdown: CancellationToken) {
    loop {
        tokio::time::sleep(ORPHAN_LOOKS).await;
        if Supervisor::lives(supervisor) {
            continue;
        }
        // A disk that refuses is not another supervisor, and one that hangs holds no worker.
        let looked = folder.clone();
        let looked = tokio::task::spawn_blocking(move || looked.is_held("up")).await;
        if matches!(looked, Ok(Ok(true))) {
            tracing::info!("another supervisor has come: its own watch takes over");
            shutdown.cancel();
            return std::future::pending().await;
        }
    }
}
