//! The scheduler: turns dirty marks into jobs, fairly, within limits, one cluster at a time.
//!
//! Level-triggered: a signal or a period wakes it, it reads the marks that the store has and this memory does not, and
//! starts what may start. Nothing here is durable and nothing is lost with it: the marks are in the store until the work
//! that stands for them is done.
//!
//! A job that fails in a way that may pass waits aside with a back-off of its own (a failing twin), or until its node's
//! gate opens (a failing node), and holds neither a slot nor a permit meanwhile.

mod hold;
mod load;
mod marks;
mod run;
mod slots;
mod spill;
mod unread;

#[cfg(test)]
mod marks_tests;
#[cfg(test)]
mod spill_tests;
#[cfg(test)]
mod tests;

pub(crate) use hold::Held;
pub(crate) use load::clear;
pub(crate) use marks::Mark;
pub(crate) use run::run;
pub(crate) use slots::{JobLimits, Slot};
pub(crate) use spill::Ready;

use marks::{Done, Marks};
use spill::Left;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use twinline_core::item::ItemId;
use twinline_core::names::{NodeName, RootId};
use twinline_core::queue::{Key, Lane, Queue, Work};
use twinline_core::time::Timestamp;
use twinline_store::host::MarkId;

/// The shared state of the scheduler; jobs and operations feed it, its one task empties it.
pub(crate) struct Scheduler {
    state: Mutex<State>,
    wake: Arc<Notify>,
    /// A job has left its cluster.
    ended: Notify,
    /// How often the task has come round: that it does is asked from outside.
    pub(crate) turns: tokio::sync::watch::Sender<u64>,
}

/// The marks of one node in one lane.
type Line = (Lane, NodeName);

struct State {
    queue: Queue,
    marks: Marks,
    /// Work that waits for a time, by that time and a number that keeps equal times apart.
    delayed: BTreeMap<(Instant, u64), Work>,
    delayed_at: BTreeMap<Key, (Instant, u64)>,
    /// How often a key has failed in a row.
    failures: BTreeMap<Key, u32>,
    /// Jobs in flight by connection; of candidates by node.
    jobs: BTreeMap<Slot, usize>,
    /// Jobs in flight by each node that they use.
    node_jobs: BTreeMap<NodeName, usize>,
    /// Dispatches by lane, for the figures.
    dispatched: [u64; 2],
    next: u64,
    /// Whether it was asked in which lines of the store marks have waited since before this process.
    begun: bool,
    /// The lines of the store with marks that are not here, each with the place after which they are.
    unread: BTreeMap<Line, u64>,
    /// The line that was read last.
    last_read: Option<Line>,
    /// Lines of the store with marks that are not here since their work is blocked: for each slot that blocks some, the
    /// place after which they are.
    spilled: BTreeMap<Line, BTreeMap<Slot, u64>>,
    /// Whether a slot that blocked work may be open.
    slots_due: bool,
    /// Where the periodic look at the store's marks goes on: one page a period, round and round, so that its cost
    /// does not grow with what waits.
    round: u64,
    round_due: bool,
    /// Marks that are done and have not left the store yet.
    clearing: BTreeSet<(ItemId, MarkId)>,
    /// Marks of which the store is still to learn that they are left to others.
    left_to_others: Vec<Mark>,
}

/// A durable mark, to be made work of.
#[derive(Debug)]
pub(crate) struct NewMark {
    pub(crate) mark: Mark,
    /// The lane and the place of its row.
    pub(crate) lane: Lane,
    pub(crate) seq: u64,
    /// The work that stands for it, to be done at this time.
    pub(crate) works: Vec<Work>,
    pub(crate) due: Timestamp,
}

/// A piece of work with the marks that it takes on.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) work: Work,
    pub(crate) marks: Vec<Mark>,
    /// The nodes that it uses.
    pub(crate) nodes: Vec<NodeName>,
    /// How often it has failed in a row before.
    pub(crate) failures: u32,
}

impl Started {
    /// The `traceparent` of the first delivery that has led to this job.
    pub(crate) fn trace(&self) -> Option<Arc<str>> {
        self.marks.iter().find_map(|mark| mark.trace.clone())
    }
}

impl Scheduler {
    /// `queued_max`: marks in memory, of each lane.
    pub(crate) fn new(backfill_share: f64, queued_max: usize, wake: Arc<Notify>) -> Self {
        Self {
            state: Mutex::new(State {
                queue: Queue::new(backfill_share),
                marks: Marks::new(queued_max),
                delayed: BTreeMap::new(),
                delayed_at: BTreeMap::new(),
                failures: BTreeMap::new(),
                jobs: BTreeMap::new(),
                node_jobs: BTreeMap::new(),
                dispatched: [0; 2],
                next: 0,
                begun: false,
                unread: BTreeMap::new(),
                last_read: None,
                spilled: BTreeMap::new(),
                slots_due: false,
                round: 0,
                round_due: false,
                clearing: BTreeSet::new(),
                left_to_others: Vec::new(),
            }),
            turns: tokio::sync::watch::Sender::default(),
            wake,
            ended: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics with this lock")
    }

    /// Something in the store, in memory or at a node's gate has changed: look again.
    pub(crate) fn ring(&self) {
        self.wake.notify_one();
    }

    /// The room in memory is for so many nodes.
    pub(crate) fn divide(&self, nodes: usize) {
        self.lock().marks.divide(nodes);
    }

    /// Makes work of a durable mark. One without work is done at once and given back, to be cleared. One for which there
    /// is no room stays in the store and is read again; so does one whose work is blocked, where room is short.
    pub(crate) fn mark(&self, new: NewMark, now: Timestamp, ready: &impl Ready) -> Option<Mark> {
        let NewMark {
            mark,
            lane,
            seq,
            works,
            due,
        } = new;
        let mut state = self.lock();
        if state.marks.id(&mark.item) == Some(mark.id) {
            return None;
        }
        if works.is_empty() {
            return Some(mark);
        }
        let slots = works.iter().map(Slot::of_work).collect();
        if state.stays_in_store(&mark.item, (lane, seq), slots, ready) {
            return None;
        }
        if !state.marks.fits(&mark.item, lane) {
            state.left_in_store(lane, mark.item.node, seq.saturating_sub(1));
            return None;
        }
        let keys = works
            .iter()
            .map(|work| (work.key.clone(), work.connection.clone()));
        state.marks.open(mark, (lane, seq), keys);
        let wait = due.since(now);
        let at = Instant::now() + wait;
        for work in works {
            if wait.is_zero() {
                state.push(work);
            } else {
                state.delay(work, at);
            }
        }
        None
    }

    /// Whether an item's mark is here, and no job that stands for it has begun.
    pub(crate) fn waits(&self, item: &ItemId) -> bool {
        self.lock().marks.waits(item)
    }

    /// Whether work that has yet to begin will look at an item.
    pub(crate) fn will_look(&self, key: &Key, item: &ItemId) -> bool {
        self.lock().marks.stands_for(key, item)
    }

    /// Work without a mark: repeated by whoever asked for it after a restart.
    pub(crate) fn push(&self, work: Work) {
        self.lock().push(work);
        self.ring();
    }

    /// The last work of a twin that has ended: its connection, which may be held or stand still, has no say in it any more.
    pub(crate) fn push_last(&self, work: Work) {
        let mut state = self.lock();
        if let Some(connection) = &work.connection {
            state.read_spilled(|slot| *slot == Slot::Connection(connection.clone()));
        }
        state.marks.disconnect(&work.key);
        state.queue.take_out(&work.key);
        state.push(Work {
            connection: None,
            ..work
        });
        drop(state);
        self.ring();
    }

    /// A job is done: what that means for its durable marks.
    pub(crate) fn done(&self, started: Started, ready: &impl Ready) -> (Done, Vec<Left>) {
        let mut state = self.lock();
        state.failures.remove(&started.work.key);
        let items: Vec<_> = started.marks.iter().map(|mark| mark.item.clone()).collect();
        let done = state.marks.done(&started.work.key, started.marks);
        let left = state.spill_where_short(&items, ready);
        (done, left)
    }

    /// The store could not be told that these are left to others: it is told later.
    fn tell_later(&self, marks: Vec<Mark>) {
        self.lock().left_to_others.extend(marks);
    }

    fn untold(&self) -> Vec<Mark> {
        std::mem::take(&mut self.lock().left_to_others)
    }

    /// A job is to be tried again after a wait; `failed`: counts as a failure.
    pub(crate) fn again(&self, started: &Started, wait: Duration, failed: bool) {
        let mut state = self.lock();
        let key = &started.work.key;
        state.marks.put_back(key, &started.marks);
        if failed {
            *state.failures.entry(key.clone()).or_default() += 1;
        }
        state.delay(started.work.clone(), Instant::now() + wait);
    }

    /// A job that was started waits and has not begun.
    pub(crate) fn not_begun(&self, lane: Lane) {
        self.lock().dispatched[usize::from(lane == Lane::Backfill)] -= 1;
    }

    /// A job's twin has come into another cluster: it is done there.
    pub(crate) fn again_in(&self, started: &Started, root: RootId) {
        let mut state = self.lock();
        let work = Work {
            root,
            ..started.work.clone()
        };
        state.marks.put_back(&work.key, &started.marks);
        state.push(work);
    }

    /// Queues what has waited long enough; the time at which the next will have.
    fn wake_due(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        while let Some(entry) = state.delayed.first_entry() {
            if entry.key().0 > now {
                return Some(entry.key().0);
            }
            let work = entry.remove();
            state.delayed_at.remove(&work.key);
            state.queue.push(work);
        }
        None
    }

    /// A node's work may start again: look.
    pub(crate) fn look_again(&self, node: &NodeName) {
        self.unpark(std::slice::from_ref(node));
        self.ring();
    }

    fn unpark(&self, nodes: &[NodeName]) {
        let mut state = self.lock();
        state.queue.unpark(nodes);
        state.slots_due = true;
    }

    /// Whether live work of a node waits for its turn.
    pub(crate) fn has_live(&self, node: &NodeName) -> bool {
        self.lock().queue.has_live(node)
    }

    /// What is queued, by lane, and what waits for a time.
    pub(crate) fn depths(&self) -> Depths {
        let state = self.lock();
        Depths {
            live: state.queue.depth(Lane::Live),
            backfill: state.queue.depth(Lane::Backfill),
            waiting: state.delayed.len(),
            running: state.queue.running(),
            dirty: state.marks.len(),
            dispatched_live: state.dispatched[0],
            dispatched_backfill: state.dispatched[1],
        }
    }
}

/// How full the scheduler is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Depths {
    /// Work queued in the live lane.
    pub live: usize,
    /// Work queued in the backfill lane.
    pub backfill: usize,
    /// Work that waits for a time: back-off, settle time, provisional observations.
    pub waiting: usize,
    /// Jobs in flight.
    pub running: usize,
    /// Items marked dirty.
    pub dirty: usize,
    /// Jobs started from the live lane since the start.
    pub dispatched_live: u64,
    /// Jobs started from the backfill lane since the start.
    pub dispatched_backfill: u64,
}

impl State {
    fn push(&mut self, mut work: Work) {
        // A fresh sign of change ends a wait: whatever stood in the way may be gone with it. The count of failures
        // stays, so that a twin that keeps failing keeps its long waits between signs.
        if let Some(waited) = self.undelay(&work.key) {
            work.lane = work.lane.min(waited.lane);
        }
        self.queue.push(work);
    }

    /// What somebody waits for stays live, whatever else comes to wait with it.
    fn delay(&mut self, mut work: Work, at: Instant) {
        if let Some(place) = self.delayed_at.get(&work.key)
            && let Some(known) = self.delayed.get_mut(place)
        {
            work.lane = work.lane.min(known.lane);
            if place.0 <= at {
                known.lane = work.lane;
                return;
            }
        }
        self.undelay(&work.key);
        let number = self.next;
        self.next += 1;
        self.delayed_at.insert(work.key.clone(), (at, number));
        self.delayed.insert((at, number), work);
    }

    fn undelay(&mut self, key: &Key) -> Option<Work> {
        let place = self.delayed_at.remove(key)?;
        self.delayed.remove(&place)
    }
}
