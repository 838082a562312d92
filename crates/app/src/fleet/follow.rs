//! Follows what is published in the central database, and goes on with what was known last while that is away.

use super::deeds::deed;
use super::definitions::Definitions;
use crate::handles::{SystemBootClock, SystemClock, SystemEntropy};
use crate::release::Release;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, watch};
use tokio_util::sync::CancellationToken;
use twinline_core::handles::{BootClock as _, Clock as _, Entropy as _};
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::ownership::BootTime;
use twinline_store::GroupId;
use twinline_store::central::{CentralClient, CentralError, Deed, Machine};
use twinline_store::host::AuditRow;

/// Between two looks at the database.
const PERIOD: Duration = Duration::from_secs(2);
/// Between two signs of this machine in the database.
const SIGNS: Duration = Duration::from_secs(30);
/// How often a publish is made anew that another one came before.
const TRIES: usize = 5;

/// What is known of the published definitions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Known {
    /// Counted from 1; 0: nothing was ever published.
    pub version: i64,
    /// What it says.
    pub definitions: Arc<Definitions>,
    /// The nodes of each group, listed when they are asked for first: a host asks for each of its groups whenever any changes.
    #[serde(skip)]
    members: Arc<OnceLock<BTreeMap<GroupId, BTreeSet<NodeName>>>>,
}

impl Known {
    /// A version of the definitions.
    pub fn new(version: i64, definitions: Definitions) -> Self {
        Self {
            version,
            definitions: Arc::new(definitions),
            members: Arc::default(),
        }
    }

    /// The nodes of a group; none of one that is not there.
    pub fn members(&self, group: &GroupId) -> BTreeSet<NodeName> {
        let all = self.members.get_or_init(|| self.definitions.members());
        all.get(group).cloned().unwrap_or_default()
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && self.definitions == other.definitions
    }
}

/// See the module.
pub struct Follower {
    central: CentralClient,
    file: PathBuf,
    known: watch::Sender<Known>,
    /// When the reading began that last showed what is published; `None`: no reading of this process has.
    confirmed: watch::Sender<Option<BootTime>>,
    /// Who has said in the database that it is there, as it was read last.
    signed: watch::Sender<Vec<Machine>>,
    look: Notify,
    /// Who learns writes the file alone, and nothing older over something newer.
    learning: std::sync::Mutex<()>,
    /// This machine publishes one change at a time: many at once, as `apply` brings them, would be in each other's way.
    publishing: Mutex<()>,
}

impl Follower {
    /// Begins with what `file` holds from before.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn new(central: CentralClient, file: PathBuf) -> Result<Self> {
        let known = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "reading {}; remove it to have it read from the database anew",
                    file.display()
                )
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Known::default(),
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        Ok(Self {
            central,
            file,
            known: watch::Sender::new(known),
            confirmed: watch::Sender::default(),
            signed: watch::Sender::default(),
            look: Notify::new(),
            learning: std::sync::Mutex::default(),
            publishing: Mutex::default(),
        })
    }

    /// What is known, now and whenever that changes.
    pub fn known(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// When the reading of the database began that last showed what is published, so that what is known was all that there
    /// was at that time; `None`: none of this process has.
    pub fn confirmed(&self) -> watch::Receiver<Option<BootTime>> {
        self.confirmed.subscribe()
    }

    /// The machines that have said in the database that they are there, as was read last; none before.
    pub fn signed(&self) -> Vec<Machine> {
        self.signed.borrow().clone()
    }

    /// Follows until shutdown, and says now and then that this machine is there.
    pub async fn run(
        &self,
        machine: &str,
        addresses: BTreeMap<String, String>,
        shutdown: CancellationToken,
    ) {
        let mut failing = false;
        let mut sign_at = tokio::time::Instant::now();
        loop {
            let began = SystemBootClock.now();
            let mut outcome = self.read().await;
            if outcome.is_ok() {
                self.confirmed.send_replace(Some(began));
            }
            if outcome.is_ok() && sign_at <= tokio::time::Instant::now() {
                sign_at = tokio::time::Instant::now() + SIGNS;
                outcome = self.sign(machine, &addresses).await;
            }
            match outcome {
                Ok(()) => failing = false,
                Err(error) if failing => tracing::debug!(
                    error = format!("{error:#}"),
                    "the definitions cannot be read"
                ),
                Err(error) => {
                    failing = true;
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "the definitions cannot be read from the central database; what is known stays in force"
                    );
                }
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = self.look.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Says that this machine is there, and reads who else is.
    async fn sign(&self, machine: &str, addresses: &BTreeMap<String, String>) -> Result<()> {
        let sign = Machine {
            name: machine.to_owned(),
            addresses: addresses.clone(),
            version: Release::of_this_process().version.to_owned(),
            seen_at: SystemClock.now(),
        };
        let signed = self.central.register_machine(&sign).await;
        signed.context("saying that this machine is there")?;
        let machines = self.central.machines().await;
        self.signed
            .send_replace(machines.context("reading which machines are there")?);
        Ok(())
    }

    async fn read(&self) -> Result<()> {
        let known = self.known.borrow().clone();
        let found = self.central.published().await?;
        let Some(found) = found.filter(|found| found.version >= known.version) else {
            return self.put_back(&known).await;
        };
        let definitions = Definitions::parse(&found.content).map_err(|reason| {
            anyhow::anyhow!("what is published as version {}: {reason}", found.version)
        })?;
        let next = Known::new(found.version, definitions);
        // Of the same version too: a database that lost a version may have been given another one of that number.
        if next != known {
            self.learn(next)?;
        }
        Ok(())
    }

    /// The database has nothing, or an older version: it was lost, or went back, and gets what is known here.
    async fn put_back(&self, known: &Known) -> Result<()> {
        if known.version == 0 {
            return Ok(());
        }
        let (text, places) = (known.definitions.text(), known.definitions.node_places());
        let by = "a machine that had kept it";
        let put = self
            .central
            .put_back(known.version, &text, &places, by, SystemClock.now());
        if put.await.context("putting the definitions back")? {
            tracing::warn!(
                version = known.version,
                "the central database had lost the definitions; they were put back"
            );
        }
        Ok(())
    }

    fn learn(&self, next: Known) -> Result<()> {
        let _alone = self.learning.lock().expect("no code panics with this lock");
        let is_news = {
            let known = self.known.borrow();
            next.version >= known.version && next != *known
        };
        if !is_news {
            return Ok(());
        }
        // Kept first: what runs by it must still be known after a restart.
        crate::instance::replace(&self.file, &serde_json::to_vec(&next)?)
            .with_context(|| format!("writing {}", self.file.display()))?;
        tracing::info!(
            version = next.version,
            groups = next.definitions.groups().len(),
            "definitions are in force"
        );
        self.known.send_replace(next);
        Ok(())
    }

    /// Makes a group of a connection's nodes, where they are in none; where they are in two, these are to be joined.
    ///
    /// # Errors
    /// It is refused ([`super::Refused`]), or the database does not take it: then nothing has changed.
    pub async fn place(
        &self,
        connection: &ConnectionName,
        nodes: (NodeName, NodeName),
        by: &str,
    ) -> Result<()> {
        let fresh = GroupId::new(format!("g{:016x}", SystemEntropy.next_u64()));
        // What it is part of stands in the group's audit.
        let placed = self.publish(by, None, |known| {
            Ok(known.with(connection, nodes.clone(), &fresh)?)
        });
        placed.await.map(drop)
    }

    /// A group is closed: its nodes are those of the group that it was joined to.
    ///
    /// # Errors
    /// It is not known here yet that it is to be joined, or the database does not take it: then nothing has changed.
    pub async fn joined(&self, gone: &GroupId) -> Result<()> {
        let by = format!("the machine that had {gone}");
        let merged = self.publish(&by, None, |known| {
            let unknown = || format!("no join of {gone} is known here yet");
            known.merged(gone).with_context(unknown)
        });
        merged.await.map(drop)
    }

    /// Says on which host a person wants a group; `None`: on any. `node`: whose group it is to that person.
    ///
    /// # Errors
    /// The database does not take it: then nothing has changed.
    pub async fn pin(
        &self,
        (node, group): (&NodeName, &GroupId),
        host: Option<&str>,
        by: &str,
    ) -> Result<()> {
        let (action, detail) = match host {
            Some(host) => ("move", json!({ "group": group, "machine": host })),
            None => ("unpin", json!({ "group": group })),
        };
        let done = deed(by, action, node.as_str(), &detail);
        let pinned = self.publish(by, Some(&done), |known| Ok(known.pinned(group, host)));
        pinned.await.map(drop)
    }

    /// What people did to the fleet, newest first, as the central database has it.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn deeds(&self, before: Option<u64>, max: u32) -> Result<Vec<AuditRow>> {
        Ok(self.central.deeds(before, max).await?)
    }

    /// Notes in the central database what somebody does to the fleet.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn note(&self, deed: &Deed) -> Result<()> {
        Ok(self.central.note_deeds(std::slice::from_ref(deed)).await?)
    }

    /// Publishes what `change` makes of the newest definitions; nothing where it changes nothing.
    async fn publish(
        &self,
        by: &str,
        deed: Option<&Deed>,
        change: impl Fn(&Definitions) -> Result<Definitions>,
    ) -> Result<Definitions> {
        let _turn = self.publishing.lock().await;
        for _ in 0..TRIES {
            let known = self.known.borrow().clone();
            let next = change(&known.definitions)?;
            if next == *known.definitions {
                return Ok(next);
            }
            let places = next.node_places();
            let text = next.text();
            let by = (by, SystemClock.now());
            let published = (self.central).publish_by_deed(known.version, &text, &places, by, deed);
            match published.await {
                Ok(published) => {
                    self.learn(Known::new(published.version, next.clone()))?;
                    self.look.notify_one();
                    return Ok(next);
                }
                Err(CentralError::Outdated { .. }) => self.read().await?,
                Err(error) => return Err(error).context("publishing it to the fleet"),
            }
        }
        anyhow::bail!("others publish all the time: try again")
    }
}
