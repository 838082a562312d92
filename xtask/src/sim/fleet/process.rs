//! A host's process: the real keeper, groups, host and replication on a runtime of their own, so that it can be paused as
//! a whole and killed where it stands.

use super::attempts::{Attempts, Sender, Way};
use super::blind::Blind;
use super::database::{Client, Database};
use super::etcd::{Etcd as Members, Gateway};
use super::inbox::OwnersInbox;
use super::links::Links;
use super::time::{Drifting, Time};
use crate::sim::edge::Edge;
use crate::sim::handles::{SimEntropy, stream};
use crate::sim::machine::{Reader, connector, host_settings};
use crate::sim::network::Network;
use crate::sim::place::Place;
use crate::sim::rules::Factory;
use anyhow::{Result, ensure};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep};
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_core::ownership::LeaseTerms;
use twinline_engine::groups::{GroupHosts, GroupSettings, GroupState, Groups, States};
use twinline_engine::ownership::{Etcd, Keeper, KeeperSettings, LeaseId, Permit, Pins};
use twinline_engine::{Env, Host, HostBuilder, NodeConfig, SweepSettings};
use twinline_store::GroupId;
use twinline_store::db::{DbOptions, NoFaults};
use twinline_store::host::{HostStore, Publish};
use twinline_trackers::http::Transport;

/// The one group's name.
pub(super) const GROUP: &str = "g";
/// The fleet's name.
pub(super) const INSTANCE: &str = "fleet";

/// What all processes share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) time: Arc<Time>,
    pub(super) links: Arc<Links>,
    pub(super) network: Arc<Network>,
    pub(super) edge: Arc<Edge>,
    pub(super) etcd: Arc<Members>,
    pub(super) database: Arc<Database>,
    pub(super) attempts: Arc<Attempts>,
    pub(super) pins: watch::Receiver<Pins>,
    pub(super) places: Vec<Place>,
    /// What a group begins with.
    pub(super) publish: Publish,
    pub(super) terms: LeaseTerms,
    /// Whether the trackers' feeds show nothing.
    pub(super) blind: bool,
    pub(super) seed: u64,
    /// The runtime of all that is no host.
    pub(super) world: Handle,
}

/// How a process is begun.
pub(super) struct Start<'a> {
    pub(super) host: &'a str,
    pub(super) folder: &'a Path,
    pub(super) saved: Option<LeaseId>,
    /// By how many thousandths its boot-time clock runs fast.
    pub(super) fast: i64,
    /// The how manieth of its host it is.
    pub(super) number: u32,
}

/// See the module.
pub(super) struct Process {
    runtime: Runtime,
    shutdown: CancellationToken,
    keeper: Keeper,
    states: watch::Receiver<States>,
    tasks: Vec<JoinHandle<()>>,
}

impl Process {
    pub(super) fn start(shared: &Shared, start: &Start<'_>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        std::fs::create_dir_all(start.folder)?;
        let shutdown = CancellationToken::new();
        let entered = runtime.enter();
        let keeper = keeper(shared, start);
        let groups = groups(shared, start, &keeper);
        let states = groups.states();
        drop(entered);
        // The lease is kept until the groups have ended.
        let ended = CancellationToken::new();
        let (until, groups_ended, renewing) = (shutdown.clone(), ended.clone(), keeper.clone());
        let tasks = vec![
            runtime.spawn(async move {
                groups.run(until).await;
                groups_ended.cancel();
            }),
            runtime.spawn(async move { renewing.run(ended).await }),
        ];
        Ok(Self {
            runtime,
            shutdown,
            keeper,
            states,
            tasks,
        })
    }

    /// Lets it work for so long, after it has stood still for `behind`: then its clocks jump before anything else.
    pub(super) fn run(&self, behind: Duration, span: Duration) -> Result<()> {
        self.runtime.block_on(async {
            if !behind.is_zero() {
                advance(behind).await;
            }
            sleep(span).await;
        });
        let is_broken = |task: &JoinHandle<()>| task.is_finished() && !self.shutdown.is_cancelled();
        ensure!(
            !self.tasks.iter().any(is_broken),
            "a task has ended by itself"
        );
        Ok(())
    }

    /// Its lease, as its file keeps it.
    pub(super) fn lease(&self) -> Option<LeaseId> {
        self.keeper.ownership().borrow().lease
    }

    /// How its group is doing, where it has changed since this was last asked.
    pub(super) fn news(&mut self) -> Option<&'static str> {
        if !self.states.has_changed().unwrap_or(false) {
            return None;
        }
        let states = self.states.borrow_and_update();
        Some(
            match states.get(&GroupId::new(GROUP)).map(|now| &now.state) {
                None => "has the group no more",
                Some(GroupState::Waiting) => "waits for the group's former owner",
                Some(GroupState::TakingOver { .. }) => "takes the group over",
                Some(GroupState::TakingIn { .. }) => "takes a joined group in",
                Some(GroupState::Working(_)) => "works on the group",
                Some(GroupState::Ending(_)) => "ends its work on the group",
                Some(GroupState::Failed { .. }) => "fails with the group",
            },
        )
    }

    /// Whether it takes its group over now.
    pub(super) fn takes_over(&self) -> bool {
        let states = self.states.borrow();
        let now = states.get(&GroupId::new(GROUP)).map(|now| &now.state);
        matches!(now, Some(GroupState::TakingOver { .. }))
    }

    /// Asks the group's host; `None`: the group does not work here.
    pub(super) fn ask<T>(&self, ask: impl AsyncFnOnce(Host) -> T) -> Option<T> {
        let host = {
            let states = self.states.borrow();
            let now = states.get(&GroupId::new(GROUP))?;
            now.state.working()?.clone()
        };
        Some(self.runtime.block_on(ask(host)))
    }

    pub(super) fn drain(&self, draining: bool) {
        self.keeper.drain(draining);
    }

    /// Ends it as a signal does.
    pub(super) fn end(&self) {
        self.shutdown.cancel();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.tasks.iter().all(JoinHandle::is_finished)
    }

    /// Ends it where it stands.
    pub(super) fn kill(self) {
        self.runtime.shutdown_background();
    }
}

fn keeper(shared: &Shared, start: &Start<'_>) -> Keeper {
    let gateway = Gateway {
        etcd: Arc::clone(&shared.etcd),
        links: Arc::clone(&shared.links),
        host: start.host.to_owned(),
    };
    let endpoint = "http://etcd.sim:2379".parse().expect("it is an address");
    let deadline = shared.terms.renewal_period() / 2;
    let etcd = Etcd::new(vec![endpoint], Arc::new(gateway), INSTANCE, deadline);
    let settings = KeeperSettings {
        host: start.host.to_owned(),
        terms: shared.terms,
    };
    let clock = Drifting {
        time: Arc::clone(&shared.time),
        fast: start.fast,
    };
    let pins = shared.pins.clone();
    Keeper::new(etcd, settings, Arc::new(clock), pins, start.saved)
}

fn groups(shared: &Shared, start: &Start<'_>, keeper: &Keeper) -> Groups {
    let part = format!("engine of {} {}", start.host, start.number);
    let env = Env {
        clock: Arc::clone(&shared.time) as _,
        entropy: Arc::new(SimEntropy::new(stream(shared.seed, &part))),
    };
    let (database, links) = (Arc::clone(&shared.database), Arc::clone(&shared.links));
    let hosts = Hosts {
        shared: shared.clone(),
        host: start.host.to_owned(),
        env: env.clone(),
    };
    let settings = GroupSettings {
        host: start.host.to_owned(),
        instance: INSTANCE.to_owned(),
        folder: start.folder.to_owned(),
        terms: shared.terms,
        db: Arc::new(|| DbOptions::inline(NoFaults)),
    };
    Groups::new(
        keeper.clone(),
        Arc::new(Client::new(database, links, start.host)),
        Arc::new(hosts),
        env,
        settings,
        shared.pins.clone(),
    )
}

/// Builds the group's host.
struct Hosts {
    shared: Shared,
    host: String,
    env: Env,
}

#[async_trait]
impl GroupHosts for Hosts {
    fn members(&self, _: &GroupId) -> BTreeSet<NodeName> {
        self.shared
            .places
            .iter()
            .map(|place| place.node())
            .collect()
    }

    async fn build(&self, _: &GroupId, store: HostStore, permit: Permit) -> Result<Host, String> {
        let known = store.read(|read| read.active_rules()).await;
        let is_new = known.map_err(|error| error.to_string())?.is_empty();
        let built = self.host(store, permit).await;
        let host = built.map_err(|error| format!("{error:#}"))?;
        if is_new {
            let published = host.publish(self.shared.publish.clone(), true).await;
            published.map_err(|error| error.to_string())?;
        }
        Ok(host)
    }
}

impl Hosts {
    async fn host(&self, store: HostStore, permit: Permit) -> Result<Host> {
        let shared = &self.shared;
        let epoch = store.stamp().epoch;
        let inbox = OwnersInbox {
            edge: Arc::clone(&shared.edge),
            links: Arc::clone(&shared.links),
            host: self.host.clone(),
            epoch,
        };
        let way: Arc<dyn Transport> = Arc::new(Way {
            sender: Sender {
                attempts: Arc::clone(&shared.attempts),
                host: self.host.clone(),
                epoch,
            },
            network: Arc::clone(&shared.network),
            links: Arc::clone(&shared.links),
            world: shared.world.clone(),
        });
        let mut builder = HostBuilder::new(self.env.clone(), store, Arc::new(Factory::new()))
            .settings(host_settings())
            .permit(permit)
            .edge(Arc::new(inbox));
        let clock: Arc<dyn Clock> = Arc::clone(&shared.time) as _;
        for place in Place::homes(&shared.places) {
            let tracker = connector(place, false, Arc::clone(&way), &clock)?;
            builder = builder.node(NodeConfig {
                name: place.node(),
                label: place.name().to_owned(),
                tracker: if shared.blind {
                    Arc::new(Blind(tracker))
                } else {
                    tracker
                },
                webhook: place.hook().map(|_| Arc::new(Reader(place)) as _),
                webhook_url: None,
                sweep: sweep(shared.blind),
            });
        }
        Ok(builder.build().await?)
    }
}

/// Sweeps of blind trackers find nothing, and audits, which would, do not come.
fn sweep(blind: bool) -> SweepSettings {
    let rare = Duration::from_secs(86_400);
    SweepSettings {
        period: Duration::from_secs(30),
        overlap: Duration::from_secs(60),
        resweep: if blind {
            rare
        } else {
            Duration::from_secs(300)
        },
        audit: if blind {
            rare
        } else {
            Duration::from_secs(600)
        },
        backed_off: Duration::from_secs(120),
    }
}
