//! Renews this host's lease, claims what falls to it, and says what it owns.

mod due;

use super::etcd::{Claim, Etcd, EtcdError};
use super::permit::Permit;
use super::roster::Roster;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use twinline_core::handles::BootClock;
use twinline_core::mutant::{self, Mutant};
use twinline_core::ownership::{BootTime, LeaseTerms};
use twinline_store::{Epoch, GroupId};

/// Groups claimed in one step: between two steps the lease is renewed.
const CLAIMS_MAX: usize = 50;
/// How long a group that did not work here is left to the others.
const SHUNS: Duration = Duration::from_secs(600);
/// What is known of etcd before it was asked.
const NOT_ASKED: &str = "it has not been asked yet";

/// A lease, to go on with after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseId(pub(super) i64);

/// What the keeper is to know.
#[derive(Clone, Debug)]
pub struct KeeperSettings {
    /// This host's name.
    pub host: String,
    /// The fleet's terms.
    pub terms: LeaseTerms,
}

/// The groups that there are: how many nodes each has, and where a person wants it.
pub type Pins = BTreeMap<GroupId, (u32, Option<String>)>;

/// A group that this host owns. Whether its state was taken over under this ownership, its file tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owned {
    /// The fleet's generation: the former part of the epoch, where no store has a later one.
    #[serde(skip)]
    pub generation: u16,
    /// The key's creation revision: the later part of the epoch.
    pub revision: u64,
    /// Whether attempts may begin in this group, under this ownership.
    #[serde(skip)]
    pub permit: Permit,
}

impl Owned {
    /// The epoch that the group is owned under, or a later generation's.
    pub const fn epoch(&self) -> Epoch {
        Epoch::new(self.generation, self.revision)
    }
}

/// The newest claim that a host has seen: an etcd with a lesser revision is not the one that it was. To be kept for a
/// restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The fleet's generation at that time: what was seen in an earlier one counts no more.
    pub generation: u16,
    /// The claim's revision.
    pub revision: u64,
}

impl Default for Seen {
    /// A fleet that has just begun.
    fn default() -> Self {
        Self {
            generation: Epoch::FIRST.generation(),
            revision: 0,
        }
    }
}

/// What this host owns, and what it knows of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ownership {
    /// What this host owns now. Whoever runs a group ends it as soon as it is not here any more.
    pub owned: BTreeMap<GroupId, Owned>,
    /// What etcd said last.
    pub roster: Roster,
    /// Why etcd was not reached at the last step; `None`: it was.
    pub failing: Option<String>,
    /// The lease, to be kept for a restart.
    pub lease: Option<LeaseId>,
    /// Whether this host gives its groups away.
    pub draining: bool,
    /// The newest claim that was seen.
    #[serde(skip)]
    pub seen: Seen,
}

/// See the module. Cheap to clone; clones are one keeper.
#[derive(Clone)]
pub struct Keeper {
    shared: Arc<Shared>,
}

struct Shared {
    etcd: Etcd,
    settings: KeeperSettings,
    clock: Arc<dyn BootClock>,
    groups: watch::Receiver<Pins>,
    told: watch::Sender<Ownership>,
    state: Mutex<State>,
    wake: Notify,
}

/// What is remembered between steps.
#[derive(Debug)]
struct State {
    lease: Option<Held>,
    saved: Option<LeaseId>,
    /// That of the lease, or of the next one.
    permit: Permit,
    /// Since when groups are seen vacant.
    vacant: BTreeMap<GroupId, BootTime>,
    /// Ownerships that were given away: a listing that was made before still shows them.
    given: BTreeMap<GroupId, u64>,
    draining: bool,
    /// Groups that did not work here, and until when they are left to the others.
    shunned: BTreeMap<GroupId, BootTime>,
    /// Groups that cannot work here.
    unable: BTreeSet<GroupId>,
    /// Whether nothing could be taken over here now.
    is_cut_off: bool,
    seen: Seen,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    id: i64,
    /// When everything must be taken for lost.
    lost: BootTime,
}

impl Keeper {
    /// `groups`: which there are. `saved`: the lease of an earlier process of this host.
    pub fn new(
        etcd: Etcd,
        settings: KeeperSettings,
        clock: Arc<dyn BootClock>,
        groups: watch::Receiver<Pins>,
        saved: Option<LeaseId>,
    ) -> Self {
        let state = State {
            lease: None,
            saved,
            permit: Permit::leased(Arc::clone(&clock), settings.terms.attempt()),
            vacant: BTreeMap::new(),
            given: BTreeMap::new(),
            draining: false,
            shunned: BTreeMap::new(),
            unable: BTreeSet::new(),
            is_cut_off: false,
            seen: Seen::default(),
        };
        let nothing = Ownership {
            failing: Some(NOT_ASKED.to_owned()),
            ..Ownership::default()
        };
        Self {
            shared: Arc::new(Shared {
                etcd,
                settings,
                clock,
                groups,
                told: watch::Sender::new(nothing),
                state: Mutex::new(state),
                wake: Notify::new(),
            }),
        }
    }

    /// What is owned, now and whenever that changes.
    pub fn ownership(&self) -> watch::Receiver<Ownership> {
        self.shared.told.subscribe()
    }

    /// The fleet's generation, and the newest claim that an earlier process has seen in it. What is owned is owned under a
    /// new generation from then on, and etcd may be another one.
    pub fn under(&self, seen: Seen) {
        let shared = &self.shared;
        let generation = {
            let mut state = shared.lock();
            if seen.generation < state.seen.generation {
                return;
            }
            if seen.generation == state.seen.generation {
                state.seen.revision = state.seen.revision.max(seen.revision);
            } else {
                state.seen = seen;
            }
            seen.generation
        };
        shared.told.send_modify(|told| {
            for owned in told.owned.values_mut() {
                owned.generation = generation;
            }
        });
        shared.tell_seen();
        shared.wake.notify_one();
    }

    /// Whether this host gives its groups away and claims none. Whoever runs groups ends them and calls
    /// [`Keeper::give_away`].
    pub fn drain(&self, draining: bool) {
        self.shared.lock().draining = draining;
        self.shared.told.send_if_modified(|told| {
            let changed = told.draining != draining;
            told.draining = draining;
            changed
        });
        self.shared.wake.notify_one();
    }

    /// A group does not work here: the other hosts that take groups have precedence for a while.
    pub(crate) fn shun(&self, group: &GroupId) {
        let shared = &self.shared;
        let until = shared.clock.now().plus(SHUNS);
        shared.lock().shunned.insert(group.clone(), until);
    }

    /// The groups that cannot work here, whatever is tried: the other hosts that take groups have precedence.
    pub(crate) fn cannot_work_on(&self, groups: BTreeSet<GroupId>) {
        self.shared.lock().unable = groups;
    }

    /// Whether nothing could be taken over here now: then the other hosts that take groups claim them.
    pub(crate) fn cut_off(&self, is_cut_off: bool) {
        self.shared.lock().is_cut_off = is_cut_off;
    }

    /// Gives a group away that nothing here works on any more. Others find it vacant.
    ///
    /// # Errors
    /// etcd did not do it, or it is not known. Nothing begins in the group any more under this ownership, so it is to be
    /// repeated until it succeeds, which does no harm.
    pub async fn give_away(&self, group: &GroupId) -> Result<(), EtcdError> {
        let shared = &self.shared;
        let owned = shared.told.borrow().owned.get(group).cloned();
        let Some(owned) = owned else { return Ok(()) };
        shared.lock().given.insert(group.clone(), owned.revision);
        owned.permit.end();
        shared.etcd.release(group, owned.revision).await?;
        shared.told.send_modify(|told| {
            told.owned.remove(group);
            told.roster.groups.remove(group);
        });
        Ok(())
    }

    /// Works until shutdown. The lease is kept: a process that takes this one's place goes on with it, and without one
    /// it ends by itself.
    pub async fn run(&self, shutdown: CancellationToken) {
        let period = self.shared.settings.terms.renewal_period();
        loop {
            self.shared.step().await;
            let mut groups = self.shared.groups.clone();
            groups.mark_unchanged();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = self.shared.wake.notified() => {}
                Ok(()) = groups.changed() => {}
                () = tokio::time::sleep(period) => {}
            }
        }
    }

    /// Whether the next step is to come at once.
    #[cfg(test)]
    pub(super) fn is_woken(&self) -> bool {
        use futures_util::FutureExt as _;
        self.shared.wake.notified().now_or_never().is_some()
    }

    /// One step; for a caller that keeps time itself.
    #[cfg(test)]
    pub(super) async fn step(&self) {
        self.shared.step().await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    async fn step(&self) {
        let outcome = self.round().await;
        let lost = self
            .lock()
            .lease
            .is_some_and(|held| self.clock.now() >= held.lost);
        if lost {
            self.lose("the lease could not be renewed in time");
        }
        let failing = outcome.err().map(|error| error.to_string());
        self.told.send_if_modified(|told| {
            if told.failing.as_deref().is_none_or(|why| why == NOT_ASKED)
                && let Some(reason) = &failing
            {
                tracing::warn!(
                    reason,
                    "ownership cannot be renewed; attempts end when the lease does"
                );
            }
            let changed = told.failing != failing;
            told.failing = failing;
            changed
        });
    }

    async fn round(&self) -> Result<(), EtcdError> {
        let lease = self.renew().await?;
        let (revision, mut roster) = self.etcd.survey().await?;
        self.check_same(revision, &roster)?;
        let host = &self.settings.host;
        let draining = self.lock().draining;
        if roster.hosts.get(host) != Some(&draining) {
            self.etcd.announce(host, lease, draining).await?;
            roster.hosts.insert(host.clone(), draining);
        }
        self.reconcile(&roster, lease);
        let mine = self.due(&roster);
        let renewed = self.clock.now();
        let all = mine.len();
        for (claimed, group) in mine.into_iter().enumerate() {
            // Many claims, or those of a slow etcd, must not keep the lease from being renewed: the others come in the next
            // step, at once.
            let late = self.clock.now().since(renewed) >= self.settings.terms.renewal_period();
            if claimed >= CLAIMS_MAX || late {
                tracing::debug!(claimed, all, "more groups are claimed in the next step");
                self.wake.notify_one();
                break;
            }
            match self.etcd.claim(&group, host, lease).await? {
                Claim::Ours(revision) => self.own(&group, revision),
                Claim::Taken => tracing::debug!(%group, "claimed by another host meanwhile"),
            }
        }
        Ok(())
    }

    /// Whether etcd is the one that it was: its revision only rises. In another one the epochs begin small again, and an old
    /// file of this host could pass for one that was taken over just now.
    fn check_same(&self, found: u64, roster: &Roster) -> Result<(), EtcdError> {
        let seen = self.lock().seen.revision;
        if found < seen {
            if !self.told.borrow().owned.is_empty() {
                self.lose("etcd is not the one that it was");
            }
            return Err(EtcdError::WentBack { found, seen });
        }
        let claims = roster.groups.values().map(|owner| owner.revision);
        self.see(claims.max().unwrap_or(0));
        Ok(())
    }

    fn see(&self, claim: u64) {
        {
            let mut state = self.lock();
            state.seen.revision = state.seen.revision.max(claim);
        }
        self.tell_seen();
    }

    fn tell_seen(&self) {
        let seen = self.lock().seen;
        self.told.send_if_modified(|told| {
            let changed = told.seen != seen;
            told.seen = seen;
            changed
        });
    }

    /// Renews the lease or takes one; answers its id.
    async fn renew(&self) -> Result<i64, EtcdError> {
        let terms = &self.settings.terms;
        let (held, saved) = {
            let state = self.lock();
            (state.lease, state.saved)
        };
        // Before anything is sent: what is granted lasts at least from here.
        let sent = self.clock.now();
        let known = held.map(|held| held.id).or(saved.map(|saved| saved.0));
        if let Some(id) = known {
            if self.etcd.keep_alive(id).await? {
                let sent = if mutant::is(Mutant::PermitFromAnswer) {
                    self.clock.now()
                } else {
                    sent
                };
                self.keep(id, sent);
                return Ok(id);
            }
            self.lose("the lease is gone");
            self.lock().saved = None;
        }
        let sent = self.clock.now();
        let id = self.etcd.grant(terms.ttl()).await?;
        self.keep(id, sent);
        tracing::info!(lease = id, "a lease was taken");
        Ok(id)
    }

    fn keep(&self, id: i64, sent: BootTime) {
        let terms = &self.settings.terms;
        {
            let mut state = self.lock();
            state.lease = Some(Held {
                id,
                lost: terms.lost(sent),
            });
            state.saved = Some(LeaseId(id));
            state.permit.extend(terms.permit(sent));
        }
        self.told.send_if_modified(|told| {
            let changed = told.lease != Some(LeaseId(id));
            told.lease = Some(LeaseId(id));
            changed
        });
    }

    /// Nothing is owned any more. The lease may go on at etcd for a moment: it is not used again.
    fn lose(&self, why: &str) {
        {
            let mut state = self.lock();
            state.lease = None;
            state.saved = None;
            state.permit.end_lease();
            // What still runs under the lost lease has its permit; this one is the next lease's.
            state.permit = Permit::leased(Arc::clone(&self.clock), self.settings.terms.attempt());
        }
        self.told.send_if_modified(|told| {
            if !told.owned.is_empty() {
                tracing::error!(
                    why,
                    groups = told.owned.len(),
                    "the ownership of all groups is lost"
                );
            }
            told.owned.clear();
            told.lease = None;
            true
        });
    }

    /// Brings what is owned in step with what etcd says.
    fn reconcile(&self, roster: &Roster, lease: i64) {
        let ours = |group: &GroupId, owned: &Owned| {
            let owner = roster.groups.get(group);
            owner.is_some_and(|owner| owner.lease == lease && owner.revision == owned.revision)
        };
        let (given, permit, generation) = {
            let state = self.lock();
            (
                state.given.clone(),
                state.permit.clone(),
                state.seen.generation,
            )
        };
        self.told.send_if_modified(|told| {
            let before = told.clone();
            told.owned.retain(|group, owned| {
                let keeps = ours(group, owned);
                if !keeps {
                    owned.permit.end();
                    tracing::error!(%group, "the ownership of a group is lost");
                }
                owned.generation = generation;
                keeps
            });
            for (group, owner) in &roster.groups {
                let is_given = given.get(group) == Some(&owner.revision);
                // The name too: the lease of a data folder that was copied to another machine is not that machine's.
                let is_ours = owner.lease == lease && owner.host == self.settings.host;
                if is_ours && !is_given && !told.owned.contains_key(group) {
                    let owned = Owned {
                        generation,
                        revision: owner.revision,
                        permit: permit.of_ownership(),
                    };
                    told.owned.insert(group.clone(), owned);
                }
            }
            told.roster = roster.clone();
            *told != before
        });
    }

    fn own(&self, group: &GroupId, revision: u64) {
        tracing::info!(%group, revision, "a group was claimed");
        self.see(revision);
        let owned = {
            let state = self.lock();
            Owned {
                generation: state.seen.generation,
                revision,
                permit: state.permit.of_ownership(),
            }
        };
        self.told.send_modify(|told| {
            told.owned.insert(group.clone(), owned);
        });
        let mut state = self.lock();
        state.vacant.remove(group);
        state.given.remove(group);
    }
}
