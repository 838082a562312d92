//! Follows the configuration file: a good edit holds at once, a broken one is told of and changes nothing.

use super::build::{Built, Lasting};
use super::holding;
use crate::config::Config;
use crate::instance::DataFolder;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_store::central::{CentralClient, CentralHealth};
use twinline_watch::driver::Handle;
use twinline_watch::probe;
use twinline_watch::subscription::Post;

/// From one look at the file to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// Who says that the file is broken.
const SOURCE: &str = "watch/configuration";

/// What follows the file.
pub(super) struct Reload {
    pub(super) file: PathBuf,
    pub(super) folder: DataFolder,
    pub(super) lasting: Arc<Lasting>,
    pub(super) driver: Handle,
    /// What the central database's client finds, for the metrics.
    pub(super) central: watch::Sender<Option<watch::Receiver<CentralHealth>>>,
    /// How subscribers are told.
    pub(super) post: watch::Sender<Option<Arc<Post>>>,
    /// The text that was looked at last.
    pub(super) seen: String,
    pub(super) machine: String,
}

/// Probes at work, and what they need.
pub(super) struct AtWork {
    probes: JoinSet<()>,
    _central: Option<CentralClient>,
}

impl Reload {
    /// Starts the probes of a configuration.
    pub(super) fn work(&self, built: Built) -> AtWork {
        let health = built.central.as_ref().map(CentralClient::health);
        self.central.send_replace(health);
        let mut probes = JoinSet::new();
        probes.spawn(probe::run(built.probes, self.driver.clone()));
        AtWork {
            probes,
            _central: built.central,
        }
    }

    /// Goes on until it is dropped. `broken`: why the file could not be used at the start.
    pub(super) async fn run(mut self, broken: Option<String>, mut at_work: AtWork) -> Result<()> {
        self.tell(broken).await;
        loop {
            tokio::time::sleep(PERIOD).await;
            let file = self.file.clone();
            let read = tokio::task::spawn_blocking(move || Edited::read(&file)).await?;
            if read.text == self.seen {
                continue;
            }
            self.seen = read.text;
            let taken = match read.config {
                Ok(config) => self.take(&config),
                Err(fault) => Err(fault),
            };
            match taken {
                Ok(built) => {
                    // The old probes end first: a late result of theirs, which have counted for long, would make the new
                    // ones' results look old.
                    at_work.probes.shutdown().await;
                    if !self.driver.configure(built.setup.clone()).await {
                        self.seen = String::new();
                    }
                    self.post.send_replace(built.post.clone());
                    at_work = self.work(built);
                    tracing::info!("the configuration was edited, and holds from now on");
                    self.tell(None).await;
                }
                Err(fault) => self.tell(Some(fault)).await,
            }
        }
    }

    fn take(&self, config: &Config) -> Result<Built, String> {
        let built = Built::new(&self.file, config, &self.lasting);
        let built = built.map_err(|error| format!("{error:#}"))?;
        holding::keep_or_tell(&self.folder, &self.seen);
        Ok(built)
    }

    async fn tell(&self, broken: Option<String>) {
        if let Some(fault) = &broken {
            tracing::error!(
                fault,
                "the configuration is broken: the last good one holds"
            );
        }
        let state = match broken {
            None => State::Passing,
            Some(fault) => State::Failing {
                severity: Severity::Warning,
                implicates: Elements::new(),
                summary: format!(
                    "the configuration is broken, and the last good one holds: {fault}"
                ),
            },
        };
        let signal = Signal {
            source: SOURCE.to_owned(),
            subject: Element::new(Kind::Configuration, self.machine.clone()),
            state,
        };
        self.driver.signal(signal).await;
    }
}

/// The file as it was found.
struct Edited {
    text: String,
    config: Result<Config, String>,
}

impl Edited {
    /// A file that cannot be read has a text that no file has.
    fn read(file: &Path) -> Self {
        match holding::read(file) {
            Ok((config, text)) => Self {
                text,
                config: Ok(config),
            },
            Err(fault) => Self {
                text: std::fs::read_to_string(file).unwrap_or_else(|error| format!("\0{error}")),
                config: Err(fault.to_string()),
            },
        }
    }
}
