//! `twinline watch`: probes, calls people, shows the status page. It needs neither edge nor host nor database for it, and
//! goes on when its supervisor dies, its disk is full or its configuration is broken.

mod announced;
mod api;
mod before;
#[cfg(test)]
mod bench;
mod build;
mod changes;
mod channels;
mod edits;
pub(crate) mod holding;
mod listen;
mod outside;
pub(crate) mod paths;
mod probes;
mod queues;
mod reload;
mod secrets;

use super::beat::Following;
use super::tasks::Tasks;
use crate::config::Config;
use crate::fleet::{Identity, Role};
use crate::handles::SystemClock;
use crate::instance::{DataFolder, LOCK_WAIT};
use crate::{shutdown, telemetry};
use announced::Announced;
use anyhow::{Context as _, Result};
use api::Private;
use build::{Built, Lasting};
use holding::Holding;
use reload::{Reload, Seen, Shown};
use secrets::Secrets;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_trackers::http::Trust;
use twinline_watch::channel::acknowledge::Signer;
use twinline_watch::driver::{Driver, Handle};
use twinline_watch::probe::{Accounts, Beat, Supervisor};
use twinline_watch::queue::Looks;
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
    let following = Following::take(supervisor)?;
    let beat = following.as_ref().map(Following::beat);
    let lasting = Arc::new(lasting(file, &config, &folder, (supervisor, beat))?);
    let secrets = Secrets::look(file, &config);
    let built = Built::new(file, &config, &lasting)?;
    let seen = broken.is_none().then_some(Seen { text, secrets });
    if let Some(Seen { text, .. }) = &seen {
        keep(&folder, text);
    }
    // Each watch numbers its own incidents: a link of another one would acknowledge another incident.
    let machine = &config.instance.machine;
    let keys = lasting.identity.keys().iter();
    let keys: Vec<String> = keys
        .map(|key| format!("{}/{machine}", key.expose()))
        .collect();
    let signer = Signer::new(keys.iter().map(String::as_bytes))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = folder.watch_store();
    let begun = Driver::begin(&store, built.setup.clone(), Arc::new(signer), clock);
    let (driver, handle) = begun.await;
    let mut tasks = Tasks::new(shutdown.clone());
    let (central, shown_central) = watch::channel(None);
    let (inbound, shown_inbound) = watch::channel(None);
    let private = Private {
        driver: handle.clone(),
        tokens: lasting.identity.tokens().clone(),
        inbound: shown_inbound,
        looks: lasting.looks.clone(),
        central: shown_central,
    };
    let (post, posted) = watch::channel(built.post.clone());
    let registry = tell_subscribers(&mut tasks, &folder, &handle, posted, &shutdown);
    let private = (private, lasting.identity.door());
    listen::spawn(&mut tasks, &config, &folder, private, registry, &shutdown);
    hear_of_before(&mut tasks, following, &handle, &config, &shutdown);
    keep_up(&mut tasks, &lasting, &folder, &shutdown);
    let reload = Reload {
        file: file.to_owned(),
        folder: folder.clone(),
        lasting,
        driver: handle,
        shown: Shown {
            central,
            post,
            inbound,
        },
        machine: config.instance.machine.clone(),
        listens: [config.watch_private(), config.watch.listen],
        config,
        seen,
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

/// Keeps a good configuration for a start with a broken one, behind all else: a disk that hangs holds a thread of its own.
fn keep(folder: &DataFolder, text: &str) {
    let (folder, text) = (folder.clone(), text.to_owned());
    tokio::task::spawn_blocking(move || holding::keep_or_tell(&folder, &text));
}

/// Follows what is known of places, and keeps what is known of accounts.
fn keep_up(
    tasks: &mut Tasks,
    lasting: &Lasting,
    folder: &DataFolder,
    shutdown: &CancellationToken,
) {
    let announced = lasting.announced.clone().follow(folder.clone());
    tasks.spawn("places", until(shutdown.clone(), ended(announced)));
    let accounts = lasting.accounts.clone().keep(folder.accounts());
    tasks.spawn("accounts", until(shutdown.clone(), ended(accounts)));
}

/// Follows the supervisor, which also says whether the watch before this one hung.
fn hear_of_before(
    tasks: &mut Tasks,
    following: Option<Following>,
    handle: &Handle,
    config: &Config,
    shutdown: &CancellationToken,
) {
    let hung = following.as_ref().map(Following::hung).unwrap_or_default();
    let tells = before::tell(handle.clone(), config.instance.machine.clone(), hung);
    tasks.spawn("the watch before", until(shutdown.clone(), ended(tells)));
    if let Some(following) = following {
        let listens = until(shutdown.clone(), ended(following.listen()));
        tasks.spawn("the supervisor's beat", listens);
    }
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
    (supervisor, beat): (Option<u32>, Option<Beat>),
) -> Result<Lasting> {
    let known = std::fs::read(outside::addresses_file(folder)).unwrap_or_default();
    let known: BTreeMap<String, Vec<IpAddr>> = serde_json::from_slice(&known).unwrap_or_default();
    // Without the fleet's key other machines' figures cannot be asked for; people are called all the same.
    let (identity, keyless) = match Identity::new(file, config, folder, Role::Watch) {
        Ok(identity) => (identity, None),
        Err(error) => {
            let why = format!("hosts are not asked, until watch is started again: {error:#}");
            (Identity::keyless(config, folder, Role::Watch)?, Some(why))
        }
    };
    Ok(Lasting {
        announced: Announced::default(),
        accounts: Accounts::kept(&folder.accounts()),
        addresses: build::addresses(known),
        trust: Trust::of_this_machine().context("reading the machine's trust store")?,
        identity,
        keyless,
        supervisor,
        beat,
        queues: folder.queues(),
        looks: Looks::default(),
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
