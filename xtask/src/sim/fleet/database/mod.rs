//! The central database in memory, as replication uses it: transactions, the lock of a group's row, and what goes wrong
//! with databases. `tests.rs` holds its operations and PostgreSQL's to the same table.
//!
//! Commits can hang with their locks held and be kept or lost later; all steps can pass their deadlines; a failover ends
//! every connection, decides what hung, and may lose the last commits; a host's connections can stay with the former
//! writer, which answers reads with what it had.

mod client;
mod state;
mod tx;

#[cfg(test)]
mod tests;

pub(super) use client::Client;
pub(super) use state::State;

use super::time::Time;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use state::Op;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_store::{Epoch, GroupId};

/// How many states a failover can go back.
const HISTORY: usize = 200;
/// When the server ends a transaction whose client has vanished without a word.
const ORPHANED_AFTER: Duration = Duration::from_secs(5);

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Sound,
    /// Reads and statements succeed; commits hang, with their locks.
    CommitsHang,
    /// Nothing answers.
    Stalled,
}

/// How a commit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Kept or not: the answer does not arrive.
    Unanswered,
    /// It waits under this number.
    Hangs,
    /// Its server is gone, and nothing was kept.
    Gone,
}

/// See the module. Shared by all hosts.
pub(super) struct Database {
    time: Arc<Time>,
    inner: Mutex<Inner>,
}

struct Inner {
    random: ChaCha8Rng,
    state: Arc<State>,
    history: VecDeque<Arc<State>>,
    /// Rises with each failover: connections of an older one are broken.
    timeline: u64,
    /// What the former writer has, and the hosts whose connections have stayed with it.
    former: Arc<State>,
    with_former: BTreeSet<String>,
    mode: Mode,
    /// The share of commits whose answer does not arrive.
    unanswered: f64,
    next: u64,
    locks: BTreeMap<GroupId, u64>,
    /// Transactions whose client has vanished, and when the server notices.
    orphans: BTreeMap<u64, u64>,
    hanging: Vec<(u64, GroupId, Vec<Op>)>,
    /// What became of commits that hung: whether they were kept.
    ended: BTreeMap<u64, bool>,
    /// What each takeover found: of when the replica was.
    found: BTreeMap<Epoch, Timestamp>,
}

impl Database {
    pub(super) fn new(time: Arc<Time>, random: ChaCha8Rng) -> Self {
        // A fleet's groups are published before anybody owns one.
        let state = Arc::new(State {
            is_published: true,
            ..State::default()
        });
        Self {
            time,
            inner: Mutex::new(Inner {
                random,
                state,
                history: VecDeque::new(),
                timeline: 1,
                former: Arc::default(),
                with_former: BTreeSet::new(),
                mode: Mode::Sound,
                unanswered: 0.0,
                next: 1,
                locks: BTreeMap::new(),
                orphans: BTreeMap::new(),
                hanging: Vec::new(),
                ended: BTreeMap::new(),
                found: BTreeMap::new(),
            }),
        }
    }

    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.lock().state)
    }

    /// Of when the replica was that each ownership was begun with.
    pub(super) fn found(&self) -> BTreeMap<Epoch, Timestamp> {
        self.lock().found.clone()
    }

    pub(super) fn set_unanswered(&self, share: f64) {
        self.lock().unanswered = share;
    }

    /// Something begins to be wrong, or nothing is any more: then what hung is kept.
    pub(super) fn set_mode(&self, mode: Mode) {
        let mut inner = self.lock();
        inner.mode = mode;
        if mode == Mode::Sound {
            inner.end_hanging(1.0);
        }
    }

    /// How many commits there have been since the group's newest claim, that one included.
    pub(super) fn since_claim(&self, group: &GroupId) -> usize {
        let inner = self.lock();
        let epoch = |state: &State| state.groups.get(group).map(|group| group.row.epoch);
        let now = epoch(&inner.state);
        let since = inner.history.iter().rev();
        1 + since.take_while(|state| epoch(state) == now).count()
    }

    /// Another server takes over. The last `lost` commits are gone, and of those that hang one half. The hosts in
    /// `with_former` do not notice until they write.
    pub(super) fn fail_over(&self, lost: usize, with_former: BTreeSet<String>) {
        let mut inner = self.lock();
        inner.former = Arc::clone(&inner.state);
        inner.with_former = with_former;
        for _ in 0..lost {
            if let Some(before) = inner.history.pop_back() {
                inner.state = before;
            }
        }
        inner.timeline += 1;
        inner.mode = Mode::Sound;
        inner.end_hanging(0.5);
        inner.locks.clear();
        inner.orphans.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics with this lock")
    }
}

impl Inner {
    fn begin(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn keep(&mut self, group: &GroupId, ops: &[Op]) {
        self.history.push_back(Arc::clone(&self.state));
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
        let state = Arc::make_mut(&mut self.state);
        for op in ops {
            if let Some((epoch, found)) = state.taken_over(group, op) {
                self.found.insert(epoch, found);
            }
            state.apply(group, op);
        }
    }

    /// Commits that hang end; this share of them is kept.
    fn end_hanging(&mut self, kept: f64) {
        for (number, group, ops) in std::mem::take(&mut self.hanging) {
            let is_kept = self.random.random_bool(kept);
            if is_kept {
                self.keep(&group, &ops);
            }
            self.ended.insert(number, is_kept);
            self.release(number);
        }
    }

    fn commit(&mut self, number: u64, group: &GroupId, ops: Vec<Op>) -> Fate {
        if self.mode == Mode::CommitsHang && !ops.is_empty() {
            self.hanging.push((number, group.clone(), ops));
            return Fate::Hangs;
        }
        let draw: f64 = self.random.random();
        let is_answered = draw >= self.unanswered;
        if is_answered || self.random.random_bool(0.5) {
            self.keep(group, &ops);
        }
        self.release(number);
        if is_answered {
            Fate::Kept
        } else {
            Fate::Unanswered
        }
    }

    /// Takes a group's lock, if nobody else has it.
    fn take_lock(&mut self, group: &GroupId, number: u64, now: u64) -> bool {
        let late: Vec<u64> = self
            .orphans
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            self.orphans.remove(&number);
            self.release(number);
        }
        *self.locks.entry(group.clone()).or_insert(number) == number
    }

    fn release(&mut self, number: u64) {
        self.locks.retain(|_, holder| *holder != number);
    }
}
