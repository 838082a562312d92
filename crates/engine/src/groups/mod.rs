//! The groups that a host of a fleet owns: each has a file, a [`Host`] and a replication of its own, for as long as the
//! host owns it.
//!
//! [`Groups`] follows what [`Keeper`] says. A group that is new here waits for what its former owner may still have under
//! way, is taken over, and works. One that is lost ends at once, whatever it is at. One that is given away (drained, or
//! chosen for another host by a person) ends its jobs, ships its last word, and is vacant then. While the replica cannot be
//! written it is not given away: nobody could go on with it, so it goes on here. One that does not work here is given away as
//! it is, as soon as another host could go on with it, and left to the others for a while (`trouble`).
//!
//! A group that a connection joins to another works until its replica is whole. Then it is closed for good, what it was is
//! told to all ([`GroupHosts::joined`]), and the other group takes its state in before it begins to work with its nodes.
//!
//! # What it does not do
//! Decide: who owns what is [`crate::ownership`]; what a new owner goes on from is `twinline_store::central`.

mod join;
mod life;
mod trouble;
mod unwritable;

use crate::env::Env;
use crate::host::Host;
use crate::ownership::{Keeper, Ownership, Permit, Pins};
use async_trait::async_trait;
use life::Life;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use twinline_core::names::NodeName;
use twinline_core::ownership::{Asked, LeaseTerms, Wish};
use twinline_core::time::Timestamp;
use twinline_store::central::{CentralHealth, Replicas};
use twinline_store::db::DbOptions;
use twinline_store::host::HostStore;
use twinline_store::{Epoch, GroupId};

pub use twinline_core::ownership::Part;

/// So many groups are taken over, or taken in, at once: reading a great one takes a connection for long, which those at work
/// have need of.
const TAKEOVERS_MAX: usize = 2;

/// Builds the host of a group over its store: its nodes, its rules, the edges that it pulls from.
#[async_trait]
pub trait GroupHosts: Send + Sync {
    /// The nodes of a group as they are known now. When that changes, the group's host ends and is built anew; whoever
    /// learns of a change also tells [`Groups`] of the groups that there are.
    fn members(&self, group: &GroupId) -> BTreeSet<NodeName>;

    /// Why this machine cannot work on a group, whatever is tried; `None`: nothing is in its way. It is asked again whenever
    /// the groups change.
    fn lacks(&self, _group: &GroupId) -> Option<String> {
        None
    }

    /// What joins of groups ask of a group, as they are known now.
    fn part(&self, _group: &GroupId) -> Part {
        Part::Stays
    }

    /// The groups whose state is to be in a group's file before it works.
    fn takes_in(&self, _group: &GroupId) -> BTreeSet<GroupId> {
        BTreeSet::new()
    }

    /// A group that leaves is closed for good: from now on its nodes are those of the group that it was joined to. To be
    /// known to every machine when it is answered; asked again where it fails, or where it is not known whether it did.
    ///
    /// # Errors
    /// In words: it is tried again.
    async fn joined(&self, _group: &GroupId) -> Result<(), String> {
        Ok(())
    }

    /// Builds it. Its writes begin only while `permit` lasts.
    ///
    /// # Errors
    /// In words: it is tried again.
    async fn build(
        &self,
        group: &GroupId,
        store: HostStore,
        permit: Permit,
    ) -> Result<Host, String>;
}

/// What a host's groups are to know.
pub struct GroupSettings {
    /// This host's name.
    pub host: String,
    /// The fleet's name: its files belong to it.
    pub instance: String,
    /// Where the groups' files lie: `GROUP.db`.
    pub folder: PathBuf,
    /// The fleet's terms.
    pub terms: LeaseTerms,
    /// How a file is opened.
    pub db: Arc<dyn Fn() -> DbOptions + Send + Sync>,
}

/// How a group that this host owns is doing.
#[derive(Clone)]
pub enum GroupState {
    /// Its former owner may still have attempts under way.
    Waiting,
    /// Its state is being taken over.
    TakingOver {
        /// Why that does not succeed yet.
        failing: Option<String>,
    },
    /// It takes the state of another group in, which was joined to it.
    TakingIn {
        /// Which.
        gone: GroupId,
        /// Why that does not succeed yet.
        failing: Option<String>,
    },
    /// It works.
    Working(Host),
    /// It ends: what it knows can still be looked at, and nothing new begins.
    Ending(Host),
    /// Its host ended by itself, or could not be built: it is tried again.
    Failed {
        /// Why.
        reason: String,
    },
}

impl GroupState {
    /// The group's host, where it has one that can be asked.
    pub const fn host(&self) -> Option<&Host> {
        match self {
            Self::Working(host) | Self::Ending(host) => Some(host),
            Self::Waiting
            | Self::TakingOver { .. }
            | Self::TakingIn { .. }
            | Self::Failed { .. } => None,
        }
    }

    /// The host of a group that works.
    pub const fn working(&self) -> Option<&Host> {
        match self {
            Self::Working(host) => Some(host),
            _ => None,
        }
    }
}

/// A group's state, and since when it is in it.
#[derive(Clone)]
pub struct GroupNow {
    /// How it does.
    pub state: GroupState,
    /// Since when, whatever else was told of that state meanwhile.
    pub since: Timestamp,
}

/// What became of each group that is here.
pub type States = BTreeMap<GroupId, GroupNow>;

/// See the module.
pub struct Groups {
    shared: Arc<Shared>,
    pins: watch::Receiver<Pins>,
}

struct Shared {
    keeper: Keeper,
    central: Arc<dyn Replicas>,
    hosts: Arc<dyn GroupHosts>,
    env: Env,
    settings: GroupSettings,
    told: watch::Sender<States>,
    pins: watch::Receiver<Pins>,
    /// Held while a group is taken over or taken in.
    takeovers: Semaphore,
}

impl Shared {
    /// The group is not here any more.
    fn forget(&self, group: &GroupId) {
        self.told
            .send_if_modified(|told| told.remove(group).is_some());
    }

    fn tell(&self, group: &GroupId, state: GroupState) {
        let kind = std::mem::discriminant(&state);
        self.told.send_modify(|told| {
            let before = told.get(group);
            let same = before.filter(|now| std::mem::discriminant(&now.state) == kind);
            let since = same.map_or_else(|| self.env.now(), |now| now.since);
            told.insert(group.clone(), GroupNow { state, since });
        });
    }
}

/// A group at work.
struct Begun {
    /// Which ownership of it.
    epoch: Epoch,
    /// The nodes that it was begun with.
    members: BTreeSet<NodeName>,
    /// It is not ours any more.
    lost: CancellationToken,
    wish: watch::Sender<Wish>,
}

impl Begun {
    fn wish(&self, wish: Wish) {
        self.wish.send_if_modified(|now| {
            let changed = *now != wish;
            *now = wish;
            changed
        });
    }
}

impl Groups {
    /// `pins`: the groups that there are, and where people want them; what the keeper follows too.
    pub fn new(
        keeper: Keeper,
        central: Arc<dyn Replicas>,
        hosts: Arc<dyn GroupHosts>,
        env: Env,
        settings: GroupSettings,
        pins: watch::Receiver<Pins>,
    ) -> Self {
        let shared = Shared {
            keeper,
            central,
            hosts,
            env,
            settings,
            told: watch::Sender::default(),
            pins: pins.clone(),
            takeovers: Semaphore::new(TAKEOVERS_MAX),
        };
        Self {
            shared: Arc::new(shared),
            pins,
        }
    }

    /// How each group here is doing, now and whenever that changes.
    pub fn states(&self) -> watch::Receiver<States> {
        self.shared.told.subscribe()
    }

    /// Runs what is owned until shutdown. Then every group ends its jobs and ships its last word; it stays owned, so that
    /// a process that takes this one's place within the lease goes on with it.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut ownership = self.shared.keeper.ownership();
        let mut database = self.shared.central.health();
        self.tell_unable();
        let mut begun = BTreeMap::<GroupId, Begun>::new();
        let mut tasks = JoinSet::new();
        loop {
            let now = ownership.borrow_and_update().clone();
            let pins = self.pins.borrow_and_update().clone();
            let is_cut_off = database.borrow_and_update().commits.is_failing();
            self.shared.keeper.cut_off(is_cut_off);
            self.follow(&now, &pins, &mut begun, &mut tasks);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(ended) = tasks.join_next() => note_ended(&self.shared, ended, &mut begun),
                Ok(()) = ownership.changed() => {}
                Ok(()) = self.pins.changed() => self.tell_unable(),
                () = turned(&mut database, is_cut_off) => {}
            }
        }
        for one in begun.values() {
            one.wish(Wish::End);
        }
        loop {
            tokio::select! {
                biased;
                ended = tasks.join_next() => match ended {
                    Some(ended) => note_ended(&self.shared, ended, &mut begun),
                    None => return,
                },
                Ok(()) = ownership.changed() => {
                    let now = ownership.borrow_and_update().clone();
                    stop_lost(&now, &begun);
                }
            }
        }
    }

    /// Tells the keeper which groups cannot work here.
    fn tell_unable(&self) {
        let lacking = {
            let pins = self.pins.borrow();
            let groups = pins.keys();
            groups
                .filter(|group| self.shared.hosts.lacks(group).is_some())
                .cloned()
                .collect()
        };
        self.shared.keeper.cannot_work_on(lacking);
    }

    /// Begins what is new, ends what is to go.
    fn follow(
        &self,
        now: &Ownership,
        pins: &Pins,
        begun: &mut BTreeMap<GroupId, Begun>,
        tasks: &mut JoinSet<(GroupId, Epoch)>,
    ) {
        stop_lost(now, begun);
        for (group, owned) in &now.owned {
            // Before the nodes are: of two versions of the definitions, these are of the later one.
            let part = self.shared.hosts.part(group);
            let members = self.shared.hosts.members(group);
            let one = begun.get(group);
            let wish = Wish::of(Asked {
                part,
                has_other_members: one.is_some_and(|one| one.members != members),
                is_to_go: now.draining || is_wanted_elsewhere(self, now, pins, group),
                is_over: owned.permit.is_over(),
            });
            if let Some(one) = one {
                one.wish(wish);
                continue;
            }
            let one = Begun {
                epoch: owned.epoch(),
                members,
                lost: CancellationToken::new(),
                wish: watch::Sender::new(wish),
            };
            let life = Life {
                shared: Arc::clone(&self.shared),
                group: group.clone(),
                epoch: owned.epoch(),
                permit: owned.permit.clone(),
                wish: one.wish.subscribe(),
            };
            let lost = one.lost.clone();
            tasks.spawn(async move { life.run(lost).await });
            begun.insert(group.clone(), one);
        }
    }
}

/// Resolves when the database commits again, or does not any more.
async fn turned(database: &mut watch::Receiver<CentralHealth>, was_failing: bool) {
    let turned = database.wait_for(|health| health.commits.is_failing() != was_failing);
    if turned.await.is_err() {
        // Nobody tells any more.
        std::future::pending::<()>().await;
    }
}

/// What is not owned any more, or under another ownership, ends at once.
fn stop_lost(now: &Ownership, begun: &BTreeMap<GroupId, Begun>) {
    for (group, one) in begun {
        let owned = now.owned.get(group);
        if owned.is_none_or(|owned| owned.epoch() != one.epoch) {
            one.lost.cancel();
        }
    }
}

/// Whether a person has chosen another host for the group, and that host is there and takes groups.
fn is_wanted_elsewhere(groups: &Groups, now: &Ownership, pins: &Pins, group: &GroupId) -> bool {
    let pinned = pins.get(group).and_then(|(_, host)| host.as_ref());
    pinned.is_some_and(|host| {
        *host != groups.shared.settings.host && now.roster.hosts.get(host) == Some(&false)
    })
}

fn note_ended(
    shared: &Shared,
    ended: Result<(GroupId, Epoch), tokio::task::JoinError>,
    begun: &mut BTreeMap<GroupId, Begun>,
) {
    match ended {
        Ok((group, _)) => {
            begun.remove(&group);
            shared.forget(&group);
        }
        // The life of a group catches what its host does; this is a defect of this module, and a host that does not run
        // what it owns must not go on as if it did.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
