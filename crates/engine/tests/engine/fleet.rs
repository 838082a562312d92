//! Hosts of a fleet: against a real etcd and a real PostgreSQL, between trackers in memory, in real time.

use crate::support::rules::contract;
use crate::support::tracker::Memory;
use crate::support::{Contracts, World};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use twinline_core::contract::Contract;
use twinline_core::digest::Digest;
use twinline_core::handles::BootClock;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::NodeName;
use twinline_core::ownership::{BootTime, LeaseTerms};
use twinline_core::time::Timestamp;
use twinline_engine::groups::{GroupHosts, GroupSettings, Groups, States};
use twinline_engine::ownership::{Etcd, Keeper, KeeperSettings, Permit, Pins};
use twinline_engine::{Env, Host, HostBuilder, HostSettings, NodeConfig, SweepSettings};
use twinline_sim::etcd::Etcd as RealEtcd;
use twinline_sim::postgres::Postgres;
use twinline_store::GroupId;
use twinline_store::central::{CentralAddress, CentralClient, CentralHealth, CentralSettings};
use twinline_store::db::{CommitFault, DbOptions, FaultPlan};
use twinline_store::host::{HostStore, Publish};
use twinline_trackers::http::{
    AddressGuard, ReqwestTransport, Transport, TransportError, TransportLimits,
};

const TTL: Duration = Duration::from_secs(3);
/// Long enough for a busy machine: what is waited for must come.
pub(crate) const SOON: Duration = Duration::from_secs(90);

/// The boot-time clock's stand-in: the process's monotonic one.
struct Monotonic(tokio::time::Instant);

impl BootClock for Monotonic {
    fn now(&self) -> BootTime {
        let millis = u64::try_from(self.0.elapsed().as_millis()).unwrap();
        BootTime::from_millis(60_000 + millis)
    }
}

/// What is wrong with a machine.
#[derive(Clone, Default)]
pub(crate) struct Odd {
    /// Its configuration lacks a node of the group.
    pub(crate) lacks: bool,
    /// So many groups that it gives away are not released by etcd.
    pub(crate) releases: Arc<AtomicU32>,
    /// Whether its disk is full.
    pub(crate) is_full: Arc<AtomicBool>,
}

impl Odd {
    /// How it opens files.
    fn db(&self) -> Arc<dyn Fn() -> DbOptions + Send + Sync> {
        let is_full = Arc::clone(&self.is_full);
        Arc::new(move || DbOptions {
            faults: Box::new(Disk(Arc::clone(&is_full))),
            ..DbOptions::default()
        })
    }
}

/// A disk that may be full.
struct Disk(Arc<AtomicBool>);

impl FaultPlan for Disk {
    fn at_commit(&mut self, _: u64) -> CommitFault {
        if self.0.load(Ordering::SeqCst) {
            CommitFault::DiskFull
        } else {
            CommitFault::None
        }
    }
}

/// A way to etcd.
struct Way {
    inner: ReqwestTransport,
    releases: Arc<AtomicU32>,
}

#[async_trait]
impl Transport for Way {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        if body.contains("requestDeleteRange") {
            let left = self.releases.load(Ordering::SeqCst);
            if left > 0 {
                self.releases.store(left - 1, Ordering::SeqCst);
                return Err(TransportError::not_sent("it has a bad day"));
            }
        }
        self.inner.send(request).await
    }
}

/// Builds hosts between the world's trackers.
pub(crate) struct Build {
    pub(crate) env: Env,
    pub(crate) trackers: BTreeMap<String, Memory>,
    /// What a group begins with that has no rules.
    pub(crate) first: Contract,
    /// Whether a node of the group is missing here.
    pub(crate) lacks: bool,
}

#[async_trait]
impl GroupHosts for Build {
    fn members(&self, _: &GroupId) -> BTreeSet<NodeName> {
        self.trackers
            .keys()
            .map(|name| name.as_str().into())
            .collect()
    }

    fn lacks(&self, _: &GroupId) -> Option<String> {
        self.lacks.then(|| "a node is missing".to_owned())
    }

    async fn build(&self, _: &GroupId, store: HostStore, permit: Permit) -> Result<Host, String> {
        let known = store.read(|read| read.active_rules()).await;
        let is_new = known.map_err(|error| error.to_string())?.is_empty();
        let settings = HostSettings {
            period: Duration::from_millis(200),
            ..HostSettings::default()
        };
        let mut builder = HostBuilder::new(self.env.clone(), store, Arc::new(Contracts))
            .settings(settings)
            .permit(permit);
        for (name, tracker) in &self.trackers {
            builder = builder.node(NodeConfig {
                name: name.as_str().into(),
                label: name.clone(),
                tracker: Arc::new(tracker.clone()),
                webhook: None,
                webhook_url: None,
                sweep: SweepSettings {
                    period: Duration::from_millis(500),
                    backed_off: Duration::from_millis(500),
                    ..SweepSettings::default()
                },
            });
        }
        let host = builder.build().await.map_err(|error| error.to_string())?;
        if is_new {
            publish(&host, &self.first, self.env.now()).await?;
        }
        Ok(host)
    }
}

/// Puts rules in force.
pub(crate) async fn publish(host: &Host, rules: &Contract, at: Timestamp) -> Result<(), String> {
    let source = serde_json::to_string(rules).unwrap();
    let publish = Publish {
        connection: rules.connection.clone(),
        digest: Digest::of_bytes(source.as_bytes()),
        sources: BTreeMap::from([("contract".to_owned(), source)]),
        at,
        by: "test".to_owned(),
    };
    let published = host.publish(publish, true).await;
    published.map(drop).map_err(|error| error.to_string())
}

/// Something is published in every fleet before anybody owns a group.
async fn published(central: CentralClient, now: Timestamp) {
    let publish = async {
        while central.publish(0, "{}", &[], "test", now).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let published = tokio::time::timeout(SOON, publish).await;
    published.expect("something is published");
}

pub(crate) struct Fleet {
    pub(crate) world: World,
    etcd: RealEtcd,
    pub(crate) database: Postgres,
    pub(crate) pins: watch::Sender<Pins>,
    pub(crate) folder: tempfile::TempDir,
}

/// A machine of the fleet at work.
pub(crate) struct Machine {
    pub(crate) keeper: Keeper,
    pub(crate) states: watch::Receiver<States>,
    database: watch::Receiver<CentralHealth>,
    shutdown: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

pub(crate) fn group() -> GroupId {
    GroupId::new("g")
}

impl Fleet {
    pub(crate) fn new() -> Option<Self> {
        Self::of(&["left", "right"], Pins::from([(group(), (2, None))]))
    }

    /// Between these trackers, with these groups.
    pub(crate) fn of(nodes: &[&str], pins: Pins) -> Option<Self> {
        if !RealEtcd::can_run() || !Postgres::can_run() {
            return None;
        }
        Some(Self {
            world: World::new(nodes),
            etcd: RealEtcd::start(1).unwrap(),
            database: Postgres::start(&[]).unwrap(),
            pins: watch::Sender::new(pins),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    pub(crate) fn start(&self, name: &str) -> Machine {
        self.start_odd(name, &Odd::default())
    }

    pub(crate) fn start_odd(&self, name: &str, odd: &Odd) -> Machine {
        let hosts = Build {
            env: self.world.env.clone(),
            trackers: self.world.trackers.clone(),
            first: contract("c", "left", "right"),
            lacks: odd.lacks,
        };
        self.begin(name, Arc::new(hosts), odd)
    }

    pub(crate) fn start_with(&self, name: &str, hosts: Arc<dyn GroupHosts>) -> Machine {
        self.begin(name, hosts, &Odd::default())
    }

    fn begin(&self, name: &str, hosts: Arc<dyn GroupHosts>, odd: &Odd) -> Machine {
        let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let transport = Way {
            inner: ReqwestTransport::new(guard, TransportLimits::default()).unwrap(),
            releases: Arc::clone(&odd.releases),
        };
        let endpoints = self.etcd.endpoints();
        let endpoints = endpoints.iter().map(|at| at.parse().unwrap()).collect();
        let etcd = Etcd::new(
            endpoints,
            Arc::new(transport),
            "fleet",
            Duration::from_secs(1),
        );
        let terms = LeaseTerms::new(TTL, Duration::from_secs(1)).unwrap();
        let clock: Arc<dyn BootClock> = Arc::new(Monotonic(tokio::time::Instant::now()));
        let settings = KeeperSettings {
            host: name.to_owned(),
            terms,
        };
        let keeper = Keeper::new(etcd, settings, clock, self.pins.subscribe(), None);
        let address = CentralAddress::parse(&self.database.url(), None).unwrap();
        let central = CentralSettings {
            machine: name.to_owned(),
            ..CentralSettings::default()
        };
        let env = self.world.env.clone();
        let central = CentralClient::start(address, central, Arc::clone(&env.clock));
        let database = central.health();
        tokio::spawn(published(central.clone(), env.now()));
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = GroupSettings {
            host: name.to_owned(),
            instance: "fleet".to_owned(),
            folder,
            terms,
            db: odd.db(),
        };
        let pins = self.pins.subscribe();
        let groups = Groups::new(
            keeper.clone(),
            Arc::new(central),
            hosts,
            env,
            settings,
            pins,
        );
        let states = groups.states();
        let shutdown = CancellationToken::new();
        let (renewing, until) = (keeper.clone(), shutdown.clone());
        // The lease is kept until the groups have ended.
        let ended = CancellationToken::new();
        let groups_ended = ended.clone();
        let running = tokio::spawn(async move {
            groups.run(until).await;
            groups_ended.cancel();
        });
        let renewing = tokio::spawn(async move { renewing.run(ended).await });
        Machine {
            keeper,
            states,
            database,
            shutdown,
            tasks: vec![running, renewing],
        }
    }

    /// Waits until an item shows a summary.
    pub(crate) async fn shows(&self, item: &ItemId, summary: &str) {
        let wait = async {
            while self.world.text(item, "summary") != summary {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(SOON, wait).await;
        assert!(
            waited.is_ok(),
            "{item} shows {} and never {summary}",
            self.world.text(item, "summary")
        );
    }

    pub(crate) fn edit(&self, item: &ItemId, summary: &str) {
        let tracker = self.world.tracker(item.node.as_str());
        tracker.edit(item, "summary", Value::text(summary));
    }

    /// The only item of a node, as soon as there is one.
    pub(crate) async fn made(&self, node: &str) -> ItemId {
        let wait = async {
            while self.world.tracker(node).state().items.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(SOON, wait).await.expect("an item");
        self.world.tracker(node).only().reference.item
    }
}

impl Machine {
    /// Waits until the group works here.
    pub(crate) async fn works(&self) {
        let mut states = self.states.clone();
        let working = states.wait_for(
            |states| matches!(states.get(&group()), Some(now) if now.state.working().is_some()),
        );
        let waited = tokio::time::timeout(SOON, working).await;
        waited.expect("the group works").unwrap();
    }

    pub(crate) fn has_group(&self) -> bool {
        self.states.borrow().contains_key(&group())
    }

    /// Its tasks vanish where they stand, as with its process.
    pub(crate) async fn kill(self) {
        for task in self.tasks {
            task.abort();
            drop(task.await);
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_killed_hosts_group_goes_on_elsewhere_and_a_drained_hosts_is_handed_over() {
    let Some(fleet) = Fleet::new() else { return };
    let one = fleet.start("m1");
    one.works().await;
    let two = fleet.start("m2");
    let left = fleet.world.tracker("left").make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let right = fleet.made("right").await;
    fleet.edit(&left, "b");
    fleet.shows(&right, "b").await;
    assert!(!two.has_group(), "one host at a time");

    // Killed: the other host takes the group over when the lease has ended, and does what came meanwhile.
    one.kill().await;
    fleet.edit(&left, "c");
    two.works().await;
    fleet.shows(&right, "c").await;

    // Drained: handed over to the host that is there again, with its last word.
    let one = fleet.start("m1");
    fleet.edit(&left, "d");
    fleet.shows(&right, "d").await;
    two.keeper.drain(true);
    one.works().await;
    assert!(!two.has_group());
    fleet.edit(&left, "e");
    fleet.shows(&right, "e").await;

    // A person wants it elsewhere.
    two.keeper.drain(false);
    fleet
        .pins
        .send_replace(Pins::from([(group(), (2, Some("m2".to_owned())))]));
    two.works().await;
    fleet.edit(&left, "f");
    fleet.shows(&right, "f").await;

    // Nothing was made twice, and no write was.
    fleet.world.tracker("right").only();
    fleet.world.tracker("left").only();
    let writes = |node: &str| fleet.world.tracker(node).state().writes.len();
    assert_eq!((writes("left"), writes("right")), (0, 6));
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_drained_host_goes_on_while_nobody_could_take_its_group_over() {
    let Some(fleet) = Fleet::new() else { return };
    let one = fleet.start("m1");
    one.works().await;
    let left = fleet.world.tracker("left").make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let right = fleet.made("right").await;
    fleet.shows(&right, "a").await;
    let two = fleet.start("m2");
    fleet.database.hang_commits().unwrap();
    fleet.edit(&left, "b");
    fleet.shows(&right, "b").await;
    let mut database = one.database.clone();
    let failing = database.wait_for(|health| health.commits.is_failing());
    let waited = tokio::time::timeout(SOON, failing).await;
    drop(waited.expect("the canary fails").unwrap());

    one.keeper.drain(true);
    for summary in ["c", "d"] {
        fleet.edit(&left, summary);
        fleet.shows(&right, summary).await;
    }
    assert!(one.has_group() && !two.has_group());

    fleet.database.let_commit().unwrap();
    two.works().await;
    assert!(!one.has_group());
    fleet.edit(&left, "e");
    fleet.shows(&right, "e").await;
    let writes = |node: &str| fleet.world.tracker(node).state().writes.len();
    assert_eq!((writes("left"), writes("right")), (0, 5));
    one.stop().await;
    two.stop().await;
}
