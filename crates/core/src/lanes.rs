//! Whose turn it is: two lanes with a reserved share each, and within a lane a fair round between nodes and their
//! connections.
//!
//! Pure bookkeeping. The engine says what is waiting and starts what [`Lanes::next`] names.

use std::collections::{BTreeMap, VecDeque};

/// Why a twin is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// A change that somebody waits for.
    Live,
    /// Backfill, released groups, wide resweeps.
    Backfill,
}

/// Of this many turns with both lanes waiting …
const PERIOD: u32 = 5;

/// … this many are backfill's: 20 %, above the 15 % that are promised.
const BACKFILL_TURNS: u32 = 1;

/// What waits. `N` names a node, `C` a connection of it, `T` a twin or cluster.
#[derive(Clone, Debug)]
pub struct Lanes<N, C, T> {
    live: Round<N, Round<C, VecDeque<T>>>,
    backfill: Round<N, Round<C, VecDeque<T>>>,
    turn: u32,
}

impl<N: Ord + Clone, C: Ord + Clone, T> Default for Lanes<N, C, T> {
    fn default() -> Self {
        Self {
            live: Round::default(),
            backfill: Round::default(),
            turn: 0,
        }
    }
}

impl<N: Ord + Clone, C: Ord + Clone, T> Lanes<N, C, T> {
    /// Adds work. Coalescing (one entry a twin) is the caller's.
    pub fn push(&mut self, lane: Lane, node: &N, connection: &C, work: T) {
        let round = match lane {
            Lane::Live => &mut self.live,
            Lane::Backfill => &mut self.backfill,
        };
        round.entry(node).entry(connection).push_back(work);
    }

    /// The next work: by lane share, then round the nodes that `may_run` (rate budget, pause, concurrency limit), then
    /// round the node's connections, then oldest first. While both lanes wait, backfill gets every fifth turn; a lane
    /// that has nothing to run leaves its turn to the other. A waiting node that may run is passed over at most once a
    /// round, so none waits more than one round of its lane's turns.
    pub fn next(&mut self, may_run: impl Fn(&N) -> bool) -> Option<(Lane, T)> {
        let first = if self.turn % PERIOD < BACKFILL_TURNS {
            Lane::Backfill
        } else {
            Lane::Live
        };
        let second = match first {
            Lane::Live => Lane::Backfill,
            Lane::Backfill => Lane::Live,
        };
        if let Some(work) = self.take(first, &may_run) {
            self.turn = (self.turn + 1) % PERIOD;
            return Some((first, work));
        }
        // The other lane's turn is used up only when both had something to run.
        self.take(second, &may_run).map(|work| (second, work))
    }

    fn take(&mut self, lane: Lane, may_run: &impl Fn(&N) -> bool) -> Option<T> {
        let round = match lane {
            Lane::Live => &mut self.live,
            Lane::Backfill => &mut self.backfill,
        };
        round.take(
            may_run,
            |connections| connections.take(&|_| true, VecDeque::pop_front, VecDeque::is_empty),
            Round::is_empty,
        )
    }

    /// How much waits in a lane.
    pub fn len(&self, lane: Lane) -> usize {
        let round = match lane {
            Lane::Live => &self.live,
            Lane::Backfill => &self.backfill,
        };
        let connections = round
            .members
            .values()
            .flat_map(|node| node.members.values());
        connections.map(VecDeque::len).sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty() && self.backfill.is_empty()
    }
}

/// Members that take turns, in the order in which they joined.
#[derive(Clone, Debug)]
struct Round<K, V> {
    order: VecDeque<K>,
    members: BTreeMap<K, V>,
}

impl<K, V> Default for Round<K, V> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            members: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone, V: Default> Round<K, V> {
    fn entry(&mut self, key: &K) -> &mut V {
        if !self.members.contains_key(key) {
            self.order.push_back(key.clone());
        }
        self.members.entry(key.clone()).or_default()
    }

    /// Takes from the first member in turn that may run; it then goes to the end, or out when it is empty. Those passed
    /// over keep their place.
    fn take<T>(
        &mut self,
        may_run: &impl Fn(&K) -> bool,
        take: impl Fn(&mut V) -> Option<T>,
        is_empty: impl Fn(&V) -> bool,
    ) -> Option<T> {
        for place in 0..self.order.len() {
            let key = self.order[place].clone();
            if !may_run(&key) {
                continue;
            }
            let Some(member) = self.members.get_mut(&key) else {
                continue;
            };
            let Some(work) = take(member) else { continue };
            let emptied = is_empty(member);
            self.order.remove(place);
            if emptied {
                self.members.remove(&key);
            } else {
                self.order.push_back(key);
            }
            return Some(work);
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
