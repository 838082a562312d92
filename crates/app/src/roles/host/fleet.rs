//! The host of a fleet's machine: a host for each group of nodes that this machine owns.

use super::canary;
use super::edge_inbox::{EdgeHttp, HttpInbox, Place};
use super::routed::Routed;
use super::subscribe::Hooks;
use super::{
    HEALTH_CONNECTIONS_MAX, Listeners, api_connections_max, listen, node_config, prune, seen,
};
use crate::api::front::{self, Front, Sources, This};
use crate::config::Config;
use crate::fleet::{self, Deeds, Draining, Follower, Known, LeaseFile};
use crate::handles::{SystemBootClock, SystemClock, SystemEntropy};
use crate::instance::{DataFolder, LOCK_WAIT};
use crate::nodes::{Nodes, Trackers};
use crate::release::Release;
use crate::roles::page_status;
use crate::roles::tasks::Tasks;
use crate::rulebook::{self, Factory, Rulebook};
use crate::telemetry;
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_engine::groups::{GroupHosts, GroupSettings, Groups, Part, States};
use twinline_engine::ownership::{Keeper, KeeperSettings, Permit, Pins, Seen};
use twinline_engine::{Env, Host, HostBuilder, HostSettings};
use twinline_store::GroupId;
use twinline_store::central::{CentralClient, CentralHealth};
use twinline_store::db::{DbOptions, Limits};
use twinline_store::host::HostStore;

/// Runs the groups that this machine owns, until shutdown.
///
/// # Errors
/// The configuration is wrong, the folder is held by another host, an address is taken. A database or an etcd that is
/// away is none of them.
pub(super) async fn run(
    file: &Path,
    config: &Config,
    folder: &DataFolder,
    shutdown: CancellationToken,
) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let nodes = Nodes::new(config, file);
    let (kinds, trackers) = (nodes.kinds()?, nodes.trackers(&clock)?);
    let runner = rulebook::script_workers(config)?;
    let token = fleet::token(file, config, folder)?;
    let _hold = folder.hold("host", LOCK_WAIT).await?;
    let factory = Arc::new(Factory::new(Arc::clone(&runner)));
    let edges = EdgeHttp::new(token.clone())?;
    let attends = Attendants {
        file: file.to_owned(),
        config: config.clone(),
        http: edges.clone(),
    };
    let fleet = Fleet::new(
        file,
        config,
        folder,
        edges.clone(),
        &trackers,
        Arc::clone(&factory),
    )?;
    let states = fleet.groups.states();
    let canary = canary::of_fleet(config, folder, (&token, edges), factory, states, &shutdown);
    let rulebook = Rulebook {
        kinds: Arc::new(kinds),
        trackers: trackers.clone(),
        runner,
    };
    let sources = Sources {
        follower: Arc::clone(&fleet.follower),
        ownership: fleet.keeper.ownership(),
        states: fleet.groups.states(),
        database: fleet.database.clone(),
    };
    let status = page_status::Follower::new(config, folder, &token)?;
    let groups = front::Groups::new(config, token.clone(), rulebook.clone(), sources)?;
    let this = This {
        keeper: fleet.keeper.clone(),
        draining: fleet.draining.clone(),
        deeds: fleet.deeds.clone(),
        turn: tokio::sync::Mutex::default(),
        ends: shutdown.clone(),
        started_at: clock.now(),
    };
    let front = Arc::new(Front::new(groups, rulebook, token, this));
    let Listeners { api, at, health } = listen(config, folder).await?;
    tracing::info!(api = %at, machine = config.instance.machine, "the host of a fleet's machine works");
    let mut tasks = Tasks::new(shutdown.clone());
    tasks.spawn(
        "attendants",
        attends.run(fleet.groups.states(), shutdown.clone()),
    );
    let connections = api_connections_max(config);
    let mut router = front::router(Arc::clone(&front));
    if let Some(canary) = canary {
        router = router.merge(canary::router(canary));
    }
    let router = page_status::on(router, status, &mut tasks, &shutdown);
    let serve = twinline_edge::serve(api, router, connections, shutdown.clone());
    tasks.spawn("api", serve.map(Ok));
    let router = front::health_router(front);
    let serve = twinline_edge::serve(health, router, HEALTH_CONNECTIONS_MAX, shutdown.clone());
    tasks.spawn("health", serve.map(Ok));
    fleet.spawn(&mut tasks, config, &shutdown);
    tasks.end().await
}

/// What goes on beside each group's host: forgetting, and webhooks.
struct Attendants {
    file: PathBuf,
    config: Config,
    http: EdgeHttp,
}

impl Attendants {
    async fn run(
        self,
        mut states: watch::Receiver<States>,
        shutdown: CancellationToken,
    ) -> Result<()> {
        let mut attended: BTreeMap<GroupId, (Host, DropGuard)> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        loop {
            let now = states.borrow_and_update().clone();
            attended.retain(|group, (host, _)| {
                let now = now.get(group).and_then(|now| now.state.working());
                now.is_some_and(|now| now.is_same(host))
            });
            for (group, now) in &now {
                if let Some(host) = now.state.working()
                    && !attended.contains_key(group)
                {
                    let until = shutdown.child_token();
                    let days = self.config.host.keep_days.clone();
                    tasks.spawn(prune::run(host.store().clone(), days, until.clone()));
                    let edges = (edges_of(&self.config), self.http.clone());
                    if let Some(hooks) = Hooks::new(&self.file, &self.config, host, edges)? {
                        tasks.spawn(hooks.run(until.clone()));
                    }
                    attended.insert(group.clone(), (host.clone(), until.drop_guard()));
                }
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                changed = states.changed() => changed.context("the groups have ended")?,
                Some(ended) = tasks.join_next() => ended.context("an attendant of a group panicked")?,
            }
        }
        while let Some(ended) = tasks.join_next().await {
            ended.context("an attendant of a group panicked")?;
        }
        Ok(())
    }
}

/// The edges of a fleet that would not take a node's webhooks now, or do not say so, each with why; on one machine nobody is
/// asked.
///
/// # Errors
/// What the fleet's processes show each other cannot be read.
pub(crate) async fn unfit_edges(
    file: &Path,
    config: &Config,
    node: &NodeName,
) -> Result<BTreeMap<String, String>> {
    if config.ownership.is_none() {
        return Ok(BTreeMap::new());
    }
    let folder = DataFolder::open(&config.data)?;
    let token = fleet::token(file, config, &folder)?;
    let routed = Routed::new(edges_of(config), EdgeHttp::new(token)?);
    Ok(routed.unfit(node).await)
}

/// The edges of a fleet.
fn edges_of(config: &Config) -> Vec<Place> {
    let machines = config.machines.iter();
    let edges = machines.filter_map(|(machine, at)| Some(Place::At(machine.clone(), at.edge?)));
    edges.collect()
}

/// The parts of a fleet's host that go on together.
struct Fleet {
    follower: Arc<Follower>,
    keeper: Keeper,
    groups: Groups,
    pins: watch::Sender<Pins>,
    lease: LeaseFile,
    database: watch::Receiver<CentralHealth>,
    seen: PathBuf,
    draining: Draining,
    deeds: Deeds,
    central: CentralClient,
}

impl Fleet {
    /// Prepares it; nothing runs yet.
    ///
    /// # Errors
    /// `[central]` or `[ownership]` cannot be used, or a file of this machine cannot be read.
    fn new(
        file: &Path,
        config: &Config,
        folder: &DataFolder,
        edges: EdgeHttp,
        trackers: &Trackers,
        factory: Arc<Factory>,
    ) -> Result<Self> {
        let ownership = config
            .ownership
            .as_ref()
            .context("[ownership] is missing")?;
        let terms = ownership.terms().map_err(|reason| anyhow!(reason))?;
        let central = fleet::central(file, config)?;
        let follower = Arc::new(Follower::new(central.clone(), folder.definitions("host"))?);
        let database = central.health();
        let pins = watch::Sender::new(follower.known().borrow().definitions.groups());
        let etcd = fleet::etcd(config)?;
        let machine = config.instance.machine.clone();
        let lease = LeaseFile::new(folder.lease(), &machine);
        let settings = KeeperSettings {
            host: machine.clone(),
            terms,
        };
        let clock = Arc::new(SystemBootClock);
        let keeper = Keeper::new(etcd, settings, clock, pins.subscribe(), lease.read()?);
        keeper.under(seen::saved(&folder.seen())?);
        // Before the first claim: under an earlier generation a file of then could pass for one that was just taken over.
        let generation = follower.known().borrow().definitions.generation;
        keeper.under(Seen {
            generation,
            revision: 0,
        });
        let draining = Draining::new(folder.draining());
        keeper.drain(draining.is_set()?);
        let env = Env {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let hosts = Arc::new(Hosts {
            config: config.clone(),
            settings: super::settings(config),
            edges,
            trackers: trackers.clone(),
            factory,
            env: env.clone(),
            known: follower.known(),
            follower: Arc::clone(&follower),
        });
        let settings = GroupSettings {
            host: machine,
            instance: config.instance.name.clone(),
            folder: folder.groups(),
            terms,
            db: Arc::new(group_db),
        };
        let groups = Groups::new(
            keeper.clone(),
            Arc::new(central.clone()),
            hosts,
            env,
            settings,
            pins.subscribe(),
        );
        Ok(Self {
            follower,
            keeper,
            groups,
            pins,
            lease,
            database,
            seen: folder.seen(),
            draining,
            deeds: Deeds::new(folder.deeds()),
            central,
        })
    }

    /// Runs it among a role's tasks, until shutdown. The lease is kept until the groups have ended.
    fn spawn(self, tasks: &mut Tasks, config: &Config, shutdown: &CancellationToken) {
        let Self {
            follower,
            keeper,
            groups,
            pins,
            lease,
            database: _,
            seen,
            draining: _,
            deeds,
            central,
        } = self;
        let addresses = fleet::addresses(config);
        let machine = config.instance.machine.clone();
        let (follows, until) = (Arc::clone(&follower), shutdown.clone());
        tasks.spawn("definitions", async move {
            follows.run(&machine, addresses, until).await;
            Ok(())
        });
        let sees = seen::run(seen, keeper.clone(), follower.known(), shutdown.clone());
        tasks.spawn("what etcd has shown", sees);
        let tells = tell(follower, keeper.clone(), pins, lease, shutdown.clone());
        tasks.spawn("groups that there are", tells);
        tasks.spawn("deeds", deeds.run(central, shutdown.clone()));
        let (ended, until) = (CancellationToken::new(), shutdown.clone());
        // However they end: a lease that is renewed for groups that nobody runs would keep them from every other machine.
        let groups_ended = ended.clone().drop_guard();
        tasks.spawn("groups", async move {
            groups.run(until).await;
            drop(groups_ended);
            Ok(())
        });
        tasks.spawn("ownership", async move {
            keeper.run(ended).await;
            Ok(())
        });
    }
}

/// Tells the keeper which groups there are, and keeps the lease for the next process of this host.
async fn tell(
    follower: Arc<Follower>,
    keeper: Keeper,
    pins: watch::Sender<Pins>,
    lease: LeaseFile,
    shutdown: CancellationToken,
) -> Result<()> {
    let (mut known, mut owned) = (follower.known(), keeper.ownership());
    let mut kept = None;
    let mut is_news = true;
    loop {
        // Whoever hears of it looks at every group, and asks etcd. What is owned the keeper and the groups follow themselves.
        if is_news {
            pins.send_replace(known.borrow_and_update().definitions.groups());
        }
        let held = owned.borrow_and_update().lease;
        if let Some(id) = held.filter(|_| held != kept) {
            match lease.keep(id) {
                Ok(()) => kept = held,
                // The next process takes a lease of its own, and waits for the end of this one.
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "the lease could not be noted")
                }
            }
        }
        is_news = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            changed = known.changed() => {
                changed.context("the definitions are not followed any more")?;
                true
            }
            changed = owned.changed() => {
                changed.context("the ownership is not kept any more")?;
                false
            }
        };
    }
}

/// How a group's file is opened. A host has hundreds: each reading connection costs it the schema, a set of statements and
/// a cache of its own, most of all when it begins with all of them at once.
fn group_db() -> DbOptions {
    let limits = Limits {
        readers_max: 3,
        ..Limits::default()
    };
    DbOptions {
        limits,
        formats: Release::of_this_process().formats,
        ..DbOptions::default()
    }
}

/// Builds the hosts of groups.
struct Hosts {
    config: Config,
    /// The same for all groups: they share what it holds.
    settings: HostSettings,
    edges: EdgeHttp,
    trackers: Trackers,
    factory: Arc<Factory>,
    env: Env,
    known: watch::Receiver<Known>,
    follower: Arc<Follower>,
}

#[async_trait]
impl GroupHosts for Hosts {
    fn members(&self, group: &GroupId) -> BTreeSet<NodeName> {
        self.known.borrow().members(group)
    }

    fn lacks(&self, group: &GroupId) -> Option<String> {
        let mut members = self.members(group);
        members.retain(|name| !self.config.nodes.contains_key(name.as_str()));
        let names: Vec<String> = members.iter().map(|name| format!("'{name}'")).collect();
        (!names.is_empty()).then(|| {
            format!(
                "[nodes] of this machine lacks {}: every machine that is to work on the group must have all its nodes",
                names.join(", ")
            )
        })
    }

    fn part(&self, group: &GroupId) -> Part {
        self.known.borrow().definitions.part(group)
    }

    fn takes_in(&self, group: &GroupId) -> BTreeSet<GroupId> {
        self.known.borrow().definitions.takes_in(group)
    }

    async fn joined(&self, group: &GroupId) -> Result<(), String> {
        let joined = self.follower.joined(group).await;
        joined.map_err(|error| format!("{error:#}"))
    }

    async fn build(
        &self,
        group: &GroupId,
        store: HostStore,
        permit: Permit,
    ) -> Result<Host, String> {
        let built = self
            .builder(group, store, permit)
            .map_err(|error| format!("{error:#}"))?;
        built.build().await.map_err(|error| error.to_string())
    }
}

impl Hosts {
    fn builder(&self, group: &GroupId, store: HostStore, permit: Permit) -> Result<HostBuilder> {
        let stamp = store.stamp().clone();
        let factory = Arc::clone(&self.factory);
        let mut builder = HostBuilder::new(self.env.clone(), store, factory)
            .traces(telemetry::adopt)
            .permit(permit)
            .settings(self.settings.clone())
            .with_whole_group();
        for name in self.members(group) {
            let node = node_config(&self.config, &self.trackers, &name)?;
            let node = node.with_context(|| format!("[nodes] of this machine lacks '{name}'"))?;
            builder = builder.node(node);
        }
        for place in edges_of(&self.config) {
            let inbox = HttpInbox::new(place, self.edges.clone(), stamp.clone());
            builder = builder.edge(Arc::new(inbox));
        }
        Ok(builder)
    }
}
