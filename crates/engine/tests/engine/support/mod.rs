//! A host between trackers in memory, under a paused clock.

pub(crate) mod clock;
pub(crate) mod inbox;
pub(crate) mod rules;
mod seed;
pub(crate) mod tracker;

use inbox::{Inbox, MemoryWebhook};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracker::Memory;
use twinline_core::capability::Capabilities;
use twinline_core::contract::Contract;
use twinline_core::digest::Digest;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::ConnectionName;
use twinline_engine::ops::JobView;
use twinline_engine::{
    Compiled, Env, Event, Host, HostBuilder, HostSettings, NodeConfig, RulesFactory, SweepSettings,
    TaskEnded,
};
use twinline_rules::version::Snapshot;
use twinline_store::Formats;
use twinline_store::backup::restore_host;
use twinline_store::db::{CommitFault, DbOptions, FaultPlan};
use twinline_store::host::{
    HostStore, JobsPage, Publish, RuleVersion, Twin, TwinFilter, TwinState,
};

/// Builds [`rules::Plain`] from the contract that is a version's only source.
pub(crate) struct Contracts;

impl RulesFactory for Contracts {
    fn compile(&self, version: &RuleVersion) -> Result<Compiled, String> {
        if let Some(snapshot) = version.sources.get("snapshot") {
            return rules::compiled(snapshot, version.version);
        }
        let source = version.sources.get("contract").ok_or("no contract")?;
        let mut contract: Contract = serde_json::from_str(source).map_err(|e| e.to_string())?;
        contract.version = version.version;
        Ok(Compiled {
            rules: Arc::new(rules::Plain::new(contract)),
            blocking: false,
        })
    }
}

/// Crashes at one commit, counted over all openings; 0: never.
#[derive(Clone, Default)]
pub(crate) struct CrashAt(pub(crate) Arc<Mutex<CrashPlan>>);

#[derive(Default)]
pub(crate) struct CrashPlan {
    pub(crate) commits: u64,
    pub(crate) at: u64,
    pub(crate) after: bool,
    /// The commit that finds no space, once; 0: none.
    pub(crate) refuse_at: u64,
}

impl FaultPlan for CrashAt {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        let mut plan = self.0.lock().unwrap();
        plan.commits += 1;
        if plan.commits == plan.refuse_at {
            return CommitFault::DiskFull;
        }
        match (plan.commits == plan.at, plan.after) {
            (false, _) => CommitFault::None,
            (true, false) => CommitFault::CrashBefore,
            (true, true) => CommitFault::CrashAfter,
        }
    }
}

pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) trackers: BTreeMap<String, Memory>,
    pub(crate) inbox: Inbox,
    pub(crate) crash: CrashAt,
    pub(crate) settings: HostSettings,
    pub(crate) sweep: SweepSettings,
    /// Whether the hosts have all nodes of their group.
    pub(crate) whole_group: bool,
    folder: tempfile::TempDir,
}

/// A host that runs.
pub(crate) struct Running {
    pub(crate) host: Host,
    inbox: Inbox,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), TaskEnded>>,
}

impl World {
    pub(crate) fn new(nodes: &[&str]) -> Self {
        let env = clock::env();
        let trackers = nodes.iter().map(|name| {
            let memory = Memory::new(name, Arc::clone(&env.clock));
            ((*name).to_owned(), memory)
        });
        Self {
            trackers: trackers.collect(),
            inbox: Inbox::default(),
            crash: CrashAt::default(),
            settings: HostSettings {
                period: Duration::from_secs(1),
                ..HostSettings::default()
            },
            sweep: SweepSettings {
                period: Duration::from_secs(3600),
                backed_off: Duration::from_secs(3600),
                ..SweepSettings::default()
            },
            whole_group: false,
            folder: tempfile::tempdir().unwrap(),
            env,
        }
    }

    /// Takes a node out of the configuration; before the start.
    pub(crate) fn without(&mut self, node: &str) -> Memory {
        self.trackers.remove(node).unwrap()
    }

    pub(crate) fn tracker(&self, node: &str) -> &Memory {
        &self.trackers[node]
    }

    /// Changes what a node's tracker can do; before the start.
    pub(crate) fn able(&mut self, node: &str, change: impl FnOnce(&mut Capabilities)) {
        let memory = self.trackers.get_mut(node).unwrap();
        change(Arc::make_mut(&mut memory.capabilities));
    }

    /// A field of an item, as text.
    pub(crate) fn text(&self, item: &ItemId, field: &str) -> String {
        match self.tracker(item.node.as_str()).item(item).get(field) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Choice(choice)) => choice.id.clone(),
            other => panic!("{field} of {item} is {other:?}"),
        }
    }

    /// How many writes a node has taken.
    pub(crate) fn writes(&self, node: &str) -> usize {
        self.tracker(node).state().writes.len()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("host.db")
    }

    /// Opens the store and starts a host, with these connections published.
    pub(crate) async fn start(&self, contracts: &[Contract]) -> Running {
        let host = self.build().await;
        for contract in contracts {
            self.publish(&host, contract).await;
        }
        self.run(host)
    }

    /// Publishes a contract as its connection's next version.
    pub(crate) async fn publish(&self, host: &Host, contract: &Contract) {
        let source = serde_json::to_string(contract).unwrap();
        let digest = Digest::of_bytes(source.as_bytes());
        self.put(
            host,
            contract.connection.clone(),
            digest,
            ("contract", source),
        )
        .await;
    }

    /// Publishes real rules as the next version of the connection `c`.
    pub(crate) async fn publish_rules(&self, host: &Host, snapshot: &Snapshot) {
        let source = serde_json::to_string(snapshot).unwrap();
        self.put(host, "c".into(), snapshot.digest(), ("snapshot", source))
            .await;
    }

    async fn put(
        &self,
        host: &Host,
        connection: ConnectionName,
        digest: Digest,
        (name, text): (&str, String),
    ) {
        let publish = Publish {
            connection,
            digest,
            sources: BTreeMap::from([(name.to_owned(), text)]),
            at: self.env.now(),
            by: "test".to_owned(),
        };
        host.publish(publish, true).await.unwrap();
    }

    /// Puts a backup in the place of the state; nothing may run.
    pub(crate) fn restore(&self, backup: &Path) {
        for suffix in ["", "-wal", "-shm"] {
            let file = self.folder.path().join(format!("host.db{suffix}"));
            if file.exists() {
                std::fs::remove_file(file).unwrap();
            }
        }
        let paths = (backup, &*self.path());
        restore_host(paths, &Formats::CURRENT, self.env.now(), |_| {}).unwrap();
    }

    /// Where a backup may lie.
    pub(crate) fn backup_path(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    pub(crate) async fn build(&self) -> Host {
        let options = DbOptions::inline(self.crash.clone());
        let store = HostStore::open(&self.path(), options, "test")
            .await
            .unwrap();
        let mut builder = HostBuilder::new(self.env.clone(), store, Arc::new(Contracts))
            .settings(self.settings.clone())
            .edge(Arc::new(self.inbox.clone()));
        if self.whole_group {
            builder = builder.with_whole_group();
        }
        for (name, tracker) in &self.trackers {
            builder = builder.node(NodeConfig {
                name: name.as_str().into(),
                label: name.clone(),
                tracker: Arc::new(tracker.clone()),
                webhook: Some(Arc::new(MemoryWebhook)),
                webhook_url: Some(format!("https://edge/hooks/{name}")),
                sweep: self.sweep.clone(),
            });
        }
        builder.build().await.unwrap()
    }

    pub(crate) fn run(&self, host: Host) -> Running {
        let shutdown = CancellationToken::new();
        let (running, until) = (host.clone(), shutdown.clone());
        let task = tokio::spawn(async move { running.run(until).await });
        Running {
            host,
            inbox: self.inbox.clone(),
            shutdown,
            task,
        }
    }

    /// A person edits a field, and the webhook says so.
    pub(crate) fn edit(&self, item: &ItemId, field: &str, value: Value) {
        self.tracker(item.node.as_str()).edit(item, field, value);
        self.announce(item);
    }

    pub(crate) fn announce(&self, item: &ItemId) {
        self.inbox.announce(item, self.env.now());
    }

    /// A person makes an item, and the webhook says so.
    pub(crate) fn make(&self, node: &str, summary: &str) -> ItemId {
        let item = self.tracker(node).make(&[
            ("summary", Value::text(summary)),
            ("status", Value::text("open")),
            ("labels", Value::set(["a"])),
        ]);
        self.announce(&item);
        item
    }
}

impl Running {
    /// Kills the host as a crash would: its tasks vanish where they stand.
    pub(crate) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Waits until nothing is dirty, queued or open, for at most ten minutes of the paused clock.
    pub(crate) async fn quiet(&self) {
        for _ in 0..1_200 {
            if self.is_quiet().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let status = self.host.status().await.unwrap();
        let open = self
            .host
            .store()
            .read(|read| Ok((read.dirty_page(0, 9)?, read.open_effects(None, 9)?)));
        panic!("never quiet: {:#?} {:#?}", status, open.await.unwrap());
    }

    async fn is_quiet(&self) -> bool {
        let depths = self.host.status().await.unwrap().depths;
        let idle = depths.live + depths.backfill + depths.running + depths.waiting == 0;
        let open = self.host.store().read(|read| {
            Ok(read.dirty_page(0, 1)?.is_empty() && read.open_effects(None, 1)?.is_empty())
        });
        idle && self.inbox.all_taken() && open.await.unwrap()
    }

    /// The newest backfills.
    pub(crate) async fn jobs(&self) -> Vec<JobView> {
        let page = JobsPage {
            max: 100,
            ..JobsPage::default()
        };
        self.host.jobs(page).await.unwrap()
    }

    pub(crate) async fn twins(&self) -> Vec<Twin> {
        let read = self
            .host
            .store()
            .read(|read| read.twins(&TwinFilter::default(), None, 100_000));
        read.await.unwrap()
    }

    /// The one twin that there is.
    pub(crate) async fn twin(&self) -> Twin {
        let mut twins = self.twins().await;
        assert_eq!(twins.len(), 1, "{twins:#?}");
        twins.remove(0)
    }

    pub(crate) async fn states(&self) -> Vec<TwinState> {
        let twins = self.twins().await.into_iter();
        twins.map(|twin| twin.state).collect()
    }
}

/// Waits for a condition under the paused clock.
pub(crate) async fn until<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    for _ in 0..6_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

/// What the listeners have heard so far.
pub(crate) fn heard(events: &mut tokio::sync::broadcast::Receiver<Event>) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(event) = events.try_recv() {
        all.push(event.to_string());
    }
    all
}
