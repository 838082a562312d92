//! The dirty queue in memory: what to do next, fairly.
//!
//! Pure: no clock, no task, no store. The scheduler feeds it and asks it for the next piece of work that may start now.
//!
//! * **Coalescing.** A key is in the queue once. Work that arrives while its key is in flight is remembered and queued
//!   again when the job ends, so a change during a job is never lost and a burst costs two jobs, not a hundred.
//! * **Two lanes.** `live` and `backfill`. While both have work that may start, `backfill` gets its reserved share; when
//!   one has none, the other gets everything.
//! * **Fair.** Every other pick is the *lanes'*: the lane that is due, and within it its nodes in turn. The picks between
//!   are the *nodes'*: the node that was served longest ago, whichever lane its work is in. Let a **round** be as many
//!   picks as there are nodes with work that may start, in either lane: no such node waits more than two rounds, and a
//!   lane that few nodes use costs the nodes of the other at most half of the picks. Within a node connections take
//!   turns, within a connection it is first come, first served.
//! * **Bounded.** [`Room`] says how much each node may keep here, so that no node's backlog keeps another's work out.
//! * **One job a cluster.** Work whose cluster is in flight waits aside and goes to the front when the cluster is free.
//!   A cluster can be held as a whole, by who joins it with another.
//! * **Blocked nodes cost nothing.** A node none of whose work may start is parked until [`Queue::unpark`] names it.

mod lane;
mod room;
mod turns;

#[cfg(test)]
mod fair_tests;
#[cfg(test)]
mod room_tests;
#[cfg(test)]
mod tests;

pub use room::Room;

use crate::item::ItemId;
use crate::names::{ConnectionName, LinkId, NodeName, RootId};
use lane::{LaneQueue, Number};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use turns::Turns;

/// Which share of the work an item waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Someone changed something.
    Live,
    /// Backfill, retries of groups, audits.
    Backfill,
}

/// What one job works on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// One twin: fetch both sides, reconcile.
    Twin(LinkId),
    /// An item that may enter connections in which it has no twin yet.
    Candidate(ItemId),
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What it works on.
    pub key: Key,
    /// The cluster that the job must have to itself.
    pub root: RootId,
    /// The node on which something changed: whose turn it is.
    pub node: NodeName,
    /// The connection whose turn it is within the node; `None` for candidates.
    pub connection: Option<ConnectionName>,
    /// In which lane it waits.
    pub lane: Lane,
}

#[derive(Debug)]
enum Place {
    /// In a lane, by its number there; `None`: aside, until its cluster is free.
    Queued(Work, Option<Number>),
    /// In flight; the work to queue when it ends, if something changed meanwhile.
    Running(Option<Work>),
}

/// A cluster that work must wait for.
#[derive(Debug, Default)]
struct Cluster {
    /// Whether a job of it is in flight.
    busy: bool,
    /// How many hold it: see [`Queue::hold`].
    holders: u32,
    waiting: Vec<Work>,
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    live: LaneQueue,
    backfill: LaneQueue,
    /// All nodes with a turn in a lane, who was served longest ago first. Some that have none any more, too.
    nodes: Turns<NodeName>,
    /// Whether the next pick is the nodes', not the lanes'.
    nodes_pick: bool,
    places: BTreeMap<Key, Place>,
    /// How many places are queued in the live and in the backfill lane.
    depths: [usize; 2],
    /// The clusters in flight or held, and the work that waits for each.
    roots: BTreeMap<RootId, Cluster>,
    share: f64,
    /// How many picks the backfill lane is owed; between 0 and 2.
    owed: f64,
}

impl Queue {
    /// `share`: what the backfill lane gets of the picks while both lanes have work.
    pub fn new(share: f64) -> Self {
        Self {
            live: LaneQueue::default(),
            backfill: LaneQueue::default(),
            nodes: Turns::default(),
            nodes_pick: false,
            places: BTreeMap::new(),
            depths: [0; 2],
            roots: BTreeMap::new(),
            share: share.clamp(0.15, 0.9),
            owed: 0.0,
        }
    }

    /// Adds work, or coalesces it with what is there. Live work lifts backfill work of the same key.
    pub fn push(&mut self, work: Work) {
        match self.places.get_mut(&work.key) {
            None => {
                self.nodes.join(&work.node);
                let number = self.lane(work.lane).push_back(work.clone());
                *self.depth_mut(work.lane) += 1;
                self.places
                    .insert(work.key.clone(), Place::Queued(work, Some(number)));
            }
            Some(Place::Queued(queued, number)) => {
                if work.lane < queued.lane {
                    let (queued, number) = (queued.clone(), *number);
                    self.lift(&queued, number);
                }
            }
            Some(Place::Running(again)) => match again {
                Some(queued) if queued.lane <= work.lane => {}
                _ => *again = Some(work),
            },
        }
    }

    /// Moves work from the backfill to the live lane.
    fn lift(&mut self, queued: &Work, number: Option<Number>) {
        let lifted = Work {
            lane: Lane::Live,
            ..queued.clone()
        };
        let lifted_to = if let Some(number) = number {
            self.backfill.remove(queued, number);
            self.nodes.join(&queued.node);
            Some(self.live.push_back(lifted.clone()))
        } else {
            let cluster = self.roots.get_mut(&queued.root).into_iter();
            let aside = cluster.flat_map(|cluster| &mut cluster.waiting);
            for other in aside.filter(|other| other.key == queued.key) {
                other.lane = Lane::Live;
            }
            None
        };
        *self.depth_mut(Lane::Backfill) -= 1;
        *self.depth_mut(Lane::Live) += 1;
        self.places
            .insert(lifted.key.clone(), Place::Queued(lifted, lifted_to));
    }

    /// Whether a node has live work that waits for its turn (where it is parked it cannot start).
    pub fn has_live(&self, node: &NodeName) -> bool {
        self.live.has_turn(node)
    }

    /// Whether work stands in its line: it is not in flight, and does not wait for its cluster.
    pub fn stands(&self, key: &Key) -> bool {
        matches!(self.places.get(key), Some(Place::Queued(_, Some(_))))
    }

    /// Takes work out that [stands](Self::stands) in its line.
    pub fn take_out(&mut self, key: &Key) {
        if !self.stands(key) {
            return;
        }
        if let Some(Place::Queued(work, Some(number))) = self.places.remove(key) {
            self.lane(work.lane).remove(&work, number);
            *self.depth_mut(work.lane) -= 1;
        }
    }

    /// The next work that may start: whose node and connection are `ready`, and whose cluster is free. It is in flight
    /// until [`Queue::finish`].
    pub fn pick(
        &mut self,
        mut ready: impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        let both = !self.live.is_idle() && !self.backfill.is_idle();
        let lanes = if both && self.owed + self.share >= 1.0 {
            [Lane::Backfill, Lane::Live]
        } else {
            [Lane::Live, Lane::Backfill]
        };
        let work = if self.nodes_pick {
            self.pick_for_nodes(lanes, &mut ready)
        } else {
            self.pick_for_lanes(lanes, &mut ready)
        }?;
        self.nodes_pick = !self.nodes_pick;
        self.nodes.served(&work.node);
        self.account(both, work.lane);
        *self.depth_mut(work.lane) -= 1;
        self.roots.entry(work.root.clone()).or_default().busy = true;
        self.places.insert(work.key.clone(), Place::Running(None));
        Some(work)
    }

    fn pick_for_lanes(
        &mut self,
        lanes: [Lane; 2],
        ready: &mut impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        for lane in lanes {
            while let Some(work) = self.lane(lane).pop(ready) {
                if let Some(work) = self.or_aside(work) {
                    return Some(work);
                }
            }
        }
        None
    }

    fn pick_for_nodes(
        &mut self,
        lanes: [Lane; 2],
        ready: &mut impl FnMut(&NodeName, Option<&ConnectionName>) -> bool,
    ) -> Option<Work> {
        while let Some(node) = self.nodes.first().cloned() {
            for lane in lanes {
                while let Some(work) = self.lane(lane).pop_of(&node, ready) {
                    if let Some(work) = self.or_aside(work) {
                        return Some(work);
                    }
                }
            }
            self.nodes.leave(&node);
        }
        None
    }

    /// Puts work aside whose cluster is in flight or held; gives back what may start.
    fn or_aside(&mut self, work: Work) -> Option<Work> {
        let Some(cluster) = self.roots.get_mut(&work.root) else {
            return Some(work);
        };
        if let Some(Place::Queued(_, number)) = self.places.get_mut(&work.key) {
            *number = None;
        }
        cluster.waiting.push(work);
        None
    }

    fn account(&mut self, both: bool, picked: Lane) {
        self.owed = match (both, picked) {
            (true, Lane::Live) => (self.owed + self.share).min(2.0),
            (true, Lane::Backfill) => (self.owed + self.share - 1.0).max(0.0),
            (false, _) => self.owed,
        };
    }

    /// A job has ended: its cluster is free, and what changed meanwhile is queued again.
    pub fn finish(&mut self, work: &Work) {
        let again = match self.places.remove(&work.key) {
            Some(Place::Running(again)) => again,
            other => unreachable!("{:?} ended but was {other:?}", work.key),
        };
        if let Some(cluster) = self.roots.get_mut(&work.root) {
            cluster.busy = false;
        }
        self.let_in(&work.root);
        if let Some(again) = again {
            self.push(again);
        }
    }

    /// No work of this cluster starts until [`Queue::release`]; a job in flight goes on. Several may hold it.
    pub fn hold(&mut self, root: &RootId) {
        self.roots.entry(root.clone()).or_default().holders += 1;
    }

    /// Whether a job of this cluster is in flight.
    pub fn is_busy(&self, root: &RootId) -> bool {
        self.roots.get(root).is_some_and(|cluster| cluster.busy)
    }

    /// Ends one [`Queue::hold`].
    pub fn release(&mut self, root: &RootId) {
        if let Some(cluster) = self.roots.get_mut(root) {
            cluster.holders -= 1;
        }
        self.let_in(root);
    }

    /// What waits for a cluster goes to the front, if nothing keeps it out any more.
    fn let_in(&mut self, root: &RootId) {
        let free = |cluster: &Cluster| !cluster.busy && cluster.holders == 0;
        if !self.roots.get(root).is_some_and(free) {
            return;
        }
        let waiting = self.roots.remove(root).unwrap_or_default().waiting;
        for other in waiting.into_iter().rev() {
            self.nodes.join(&other.node);
            let number = self.lane(other.lane).push_front(other.clone());
            self.places
                .insert(other.key.clone(), Place::Queued(other, Some(number)));
        }
    }

    /// Nodes whose state has changed: their work is looked at again.
    pub fn unpark<'a>(&mut self, nodes: impl IntoIterator<Item = &'a NodeName>) {
        let nodes: BTreeSet<&NodeName> = nodes.into_iter().collect();
        self.live.unpark(&nodes);
        self.backfill.unpark(&nodes);
        for node in nodes {
            if self.live.has_turn(node) || self.backfill.has_turn(node) {
                self.nodes.join(node);
            }
        }
    }

    /// How much is queued in a lane, what waits for its cluster included.
    pub const fn depth(&self, lane: Lane) -> usize {
        self.depths[lane as usize]
    }

    const fn depth_mut(&mut self, lane: Lane) -> &mut usize {
        &mut self.depths[lane as usize]
    }

    /// How many jobs are in flight.
    pub fn running(&self) -> usize {
        let clusters = self.roots.values();
        clusters.filter(|cluster| cluster.busy).count()
    }

    fn lane(&mut self, lane: Lane) -> &mut LaneQueue {
        match lane {
            Lane::Live => &mut self.live,
            Lane::Backfill => &mut self.backfill,
        }
    }
}
