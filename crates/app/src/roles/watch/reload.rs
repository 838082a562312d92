//! Follows the configuration file and the files with secrets: a good edit holds at once, a broken one is told of and
//! changes nothing, and what could not be made is told of and tried again.

use super::build::{Built, Lasting};
use super::secrets::Secrets;
use super::{holding, outside};
use crate::config::Config;
use crate::instance::DataFolder;
use anyhow::Result;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_store::central::{CentralClient, CentralHealth};
use twinline_trackers::http::Secret;
use twinline_watch::driver::Handle;
use twinline_watch::probe::Fixed;
use twinline_watch::subscription::Post;
use twinline_watch::{ping, probe};

/// From one look at the files to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// What could not be made is tried again after this, though no file has changed.
const RETRY: Duration = Duration::from_secs(60);
/// Who says that the configuration is broken.
const SOURCE: &str = "watch/configuration";

/// What follows the files.
pub(super) struct Reload {
    pub(super) file: PathBuf,
    pub(super) folder: DataFolder,
    pub(super) lasting: Arc<Lasting>,
    pub(super) driver: Handle,
    pub(super) shown: Shown,
    pub(super) machine: String,
    /// What holds.
    pub(super) config: Config,
    /// Where watch listens: as it was at the start.
    pub(super) listens: [SocketAddr; 2],
    /// What was looked at last; none: nothing that could be used.
    pub(super) seen: Option<Seen>,
}

/// What others look at of the configuration that holds.
pub(super) struct Shown {
    /// What the central database's client finds, for the metrics.
    pub(super) central: watch::Sender<Option<watch::Receiver<CentralHealth>>>,
    /// How subscribers are told.
    pub(super) post: watch::Sender<Option<Arc<Post>>>,
    /// What other monitoring shows.
    pub(super) inbound: watch::Sender<Option<Secret>>,
}

/// What is at work for a configuration, and ends with it.
pub(super) struct AtWork {
    tasks: JoinSet<()>,
    _central: Option<CentralClient>,
    /// What is said of each queue of tickets when nothing is wrong with it.
    queues: Vec<Signal>,
    /// What could not be made.
    faults: Vec<String>,
    /// Whether there is nobody to call for that reason.
    nobody: bool,
}

/// What the files were like when they were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) secrets: Secrets,
}

impl Reload {
    /// Starts the probes of a configuration, and what goes with them.
    pub(super) fn work(&self, built: Built) -> AtWork {
        let health = built.central.as_ref().map(CentralClient::health);
        self.shown.central.send_replace(health);
        self.shown.post.send_replace(built.post.clone());
        self.shown.inbound.send_replace(built.inbound);
        let mut tasks = JoinSet::new();
        let driver = self.driver.clone();
        match built.ping {
            Some(ping) => tasks.spawn(ping.run(driver)),
            // What was said of one that is not there any more is over.
            None => tasks.spawn(said(driver, ping::none(&self.machine))),
        };
        let nobody = !built.faults.is_empty() && !built.setup.has_somebody();
        let (addresses, folder) = (self.lasting.addresses.clone(), self.folder.clone());
        tasks.spawn(outside::look_ahead(built.setup, addresses, folder));
        tasks.spawn(probe::run(built.probes, self.driver.clone()));
        for (machine, at) in built.peers {
            let (web, place) = (Arc::clone(&built.web), Arc::new(Fixed(at)));
            let driver = self.driver.clone();
            tasks.spawn(probe::follow_peer(web, machine, place, driver));
        }
        let mut queues = Vec::new();
        for queue in built.queues {
            queues.push(queue.is_read());
            tasks.spawn(queue.run(self.driver.clone()));
        }
        if let Some(central) = &built.central {
            let database = Element::new(Kind::Database, "central");
            let driver = self.driver.clone();
            tasks.spawn(probe::follow_writer(central.health(), database, driver));
        }
        AtWork {
            tasks,
            _central: built.central,
            queues,
            faults: built.faults,
            nobody,
        }
    }

    /// Goes on until it is dropped. `broken`: why the file could not be used at the start.
    pub(super) async fn run(
        mut self,
        mut broken: Option<String>,
        mut at_work: AtWork,
    ) -> Result<()> {
        let mut tried = Instant::now();
        let mut told = self.tell(broken.as_deref(), &at_work).await;
        loop {
            tokio::time::sleep(PERIOD).await;
            let (fresh, config) = self.look().await?;
            let changed = self.seen.as_ref() != Some(&fresh);
            let again = !at_work.faults.is_empty() && tried.elapsed() >= RETRY;
            if changed || again {
                tried = Instant::now();
                self.seen = Some(fresh.clone());
                match config.and_then(|config| self.build(config)) {
                    Ok((_, built)) if !changed && built.faults == at_work.faults => continue,
                    Ok((config, built)) => {
                        broken = None;
                        self.hold(config, built, &fresh.text, &mut at_work).await;
                    }
                    Err(fault) => broken = Some(fault),
                }
                told = false;
            }
            if !told {
                told = self.tell(broken.as_deref(), &at_work).await;
            }
        }
    }

    /// The files as they are.
    async fn look(&self) -> Result<(Seen, Result<Config, String>)> {
        let (file, holds) = (self.file.clone(), self.config.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let (text, config) = read(&file);
            let secrets = Secrets::look(&file, config.as_ref().unwrap_or(&holds));
            (Seen { text, secrets }, config)
        });
        Ok(looked.await?)
    }

    fn build(&self, config: Config) -> Result<(Config, Built), String> {
        let built = Built::new(&self.file, &config, &self.lasting);
        let built = built.map_err(|error| format!("{error:#}"))?;
        Ok((config, built))
    }

    /// Lets another configuration hold. Where the driver does not take it, the files are looked at anew.
    async fn hold(&mut self, config: Config, built: Built, text: &str, at_work: &mut AtWork) {
        // The old probes end first: a late result of theirs, which have counted for long, would make the new ones' results
        // look old.
        at_work.tasks.shutdown().await;
        if !self.driver.configure(built.setup.clone()).await {
            self.seen = None;
        }
        let before = std::mem::take(&mut at_work.queues);
        *at_work = self.work(built);
        // What was said of a queue that is not there any more is over.
        for gone in before.into_iter().filter(|it| !at_work.queues.contains(it)) {
            at_work.tasks.spawn(said(self.driver.clone(), gone));
        }
        let listens = [config.watch_private(), config.watch.listen];
        if listens != self.listens {
            tracing::warn!("watch listens elsewhere only when it is started again");
        }
        self.config = config;
        tracing::info!("the configuration was edited, and holds from now on");
        super::keep(&self.folder, text);
    }

    /// Says how the configuration is. False: the driver did not take it.
    async fn tell(&self, broken: Option<&str>, at_work: &AtWork) -> bool {
        let state = state(broken, &at_work.faults, at_work.nobody);
        if let State::Failing { summary, .. } = &state {
            tracing::error!("{summary}");
        }
        let signal = Signal {
            source: SOURCE.to_owned(),
            subject: Element::new(Kind::Configuration, self.machine.clone()),
            state,
        };
        self.driver.signal(signal).await
    }
}

/// How a configuration is: broken, not all of it made, or well.
fn state(broken: Option<&str>, faults: &[String], nobody: bool) -> State {
    let broken = broken
        .map(|fault| format!("the configuration is broken, and the last good one holds: {fault}"));
    let unmade = faults.iter().cloned();
    let all: Vec<String> = broken.into_iter().chain(unmade).collect();
    if all.is_empty() {
        return State::Passing;
    }
    State::Failing {
        severity: if nobody {
            Severity::Critical
        } else {
            Severity::Warning
        },
        implicates: Elements::new(),
        summary: all.join("; "),
    }
}

/// Says something until it is taken.
async fn said(driver: Handle, signal: Signal) {
    while !driver.signal(signal.clone()).await {
        tokio::time::sleep(PERIOD).await;
    }
}

/// The file as it is. One that cannot be read has a text that no file has.
fn read(file: &Path) -> (String, Result<Config, String>) {
    match holding::read(file) {
        Ok((config, text)) => (text, Ok(config)),
        Err(fault) => {
            let text = std::fs::read_to_string(file);
            let text = text.unwrap_or_else(|error| format!("\0{error}"));
            (text, Err(fault.to_string()))
        }
    }
}

#[cfg(test)]
#[path = "reload_tests.rs"]
mod tests;
