//! Which durable dirty marks the work in memory stands for.
//!
//! An item is marked dirty once, in the store, whatever happened to it; in memory that becomes a piece of work for each
//! of its twins. The mark may be cleared when all of them are done. A mark that was renewed while a job ran (its
//! id changed) is not cleared by that job, since the job may have looked before the change.
//!
//! Where a person has confirmed the work (a backfill, a publish), that work is done with the item's own connection: what
//! waits for another one, which may stand still for long, holds neither its progress nor its budget open.
//!
//! Pure, and lost without harm: after a restart every mark in the store becomes work again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, NodeName};
use twinline_core::queue::{Key, Lane, Room};
use twinline_core::time::Timestamp;
use twinline_store::host::{Connections, MarkId};

/// One durable mark, as a job has taken it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) item: ItemId,
    /// The state of the durable mark.
    pub(crate) id: MarkId,
    /// When the change was made, where a delivery said so.
    pub(crate) changed_at: Option<Timestamp>,
    /// The `traceparent` of the delivery that said so first.
    pub(crate) trace: Option<Arc<str>>,
    /// Whether the tracker has said that the item was deleted: evidence that a later 404 alone is not.
    pub(crate) deleted: bool,
    /// Whether an audit alone asked to look.
    pub(crate) audit: bool,
    /// The connection whose confirmed work it belongs to.
    pub(crate) confirmed: Option<ConnectionName>,
    /// The backfill that it belongs to, by its id.
    pub(crate) backfill: Option<Arc<str>>,
    /// Whether only a change of this item makes it worth looking at its twins' other sides.
    pub(crate) glance: bool,
}

impl Mark {
    /// The backfill that it belongs to, and its item.
    pub(crate) fn of_backfill(&self) -> Option<(&str, &ItemId)> {
        self.backfill.as_deref().map(|job| (job, &self.item))
    }
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) mark: Mark,
    /// In whose room it is.
    pub(super) lane: Lane,
    /// The place of its row.
    pub(super) seq: u64,
    /// The work that is not done, each piece with its connection; a candidate has none.
    pub(super) keys: BTreeMap<Key, Option<ConnectionName>>,
    /// Whether a job has taken the mark on since it was made.
    taken: bool,
    /// Whether some of its work is done.
    pub(super) part_done: bool,
}

impl Open {
    /// The connections with which work is left.
    pub(super) fn left(&self) -> Connections {
        self.keys.values().cloned().collect()
    }
}

/// What the end of a job means for the marks that it took on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Nothing else stands for them.
    pub(crate) cleared: Vec<Mark>,
    /// The confirmed work that they belong to is done; what still stands for them is other connections'.
    pub(crate) left_to_others: Vec<Mark>,
}

/// The marks that are open.
#[derive(Debug)]
pub(crate) struct Marks {
    open: BTreeMap<ItemId, Open>,
    by_key: BTreeMap<Key, BTreeSet<ItemId>>,
    /// How many marks of each node there may be in the live and in the backfill lane.
    rooms: [Room; 2],
}

impl Marks {
    /// `max`: of each lane, over all nodes.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            by_key: BTreeMap::new(),
            rooms: [Room::new(max), Room::new(max)],
        }
    }

    /// Divides the room of each lane among so many nodes.
    pub(crate) fn divide(&mut self, nodes: usize) {
        for room in &mut self.rooms {
            room.divide(nodes);
        }
    }

    /// Whether a mark of an item fits: it takes no room where the item has some already.
    pub(crate) fn fits(&self, item: &ItemId, lane: Lane) -> bool {
        let known = self.open.get(item).is_some_and(|open| open.lane <= lane);
        known || self.left(lane, &item.node) > 0
    }

    /// How many more marks of a node there may be in a lane.
    pub(crate) fn left(&self, lane: Lane, node: &NodeName) -> usize {
        self.rooms[lane as usize].left(node)
    }

    /// Whether to read marks of a node, at most `page` at a time.
    pub(crate) fn is_worth_filling(&self, lane: Lane, node: &NodeName, page: usize) -> bool {
        let room = &self.rooms[lane as usize];
        room.left(node) > 0 && room.is_worth_filling(node, page)
    }

    /// A mark was made or renewed, and these pieces of work stand for it: all of them, since what an item means is told
    /// anew with every mark.
    pub(crate) fn open(
        &mut self,
        mark: Mark,
        (lane, seq): (Lane, u64),
        keys: impl IntoIterator<Item = (Key, Option<ConnectionName>)>,
    ) {
        let item = mark.item.clone();
        let rooms = &mut self.rooms;
        let open = self.open.entry(item.clone()).or_insert_with(|| {
            rooms[lane as usize].take(&item.node);
            Open {
                mark: mark.clone(),
                lane,
                seq,
                keys: BTreeMap::new(),
                taken: false,
                part_done: false,
            }
        });
        if lane < open.lane {
            rooms[open.lane as usize].give_back(&item.node);
            rooms[lane as usize].take(&item.node);
            open.lane = lane;
        }
        let waiting = (!open.taken).then_some(open.mark.changed_at).flatten();
        let glance = mark.glance && (open.taken || open.mark.glance);
        let trace = if open.taken {
            None
        } else {
            open.mark.trace.take()
        };
        open.mark = Mark {
            trace: trace.or_else(|| mark.trace.clone()),
            changed_at: [waiting, mark.changed_at].into_iter().flatten().min(),
            deleted: mark.deleted || open.mark.deleted,
            glance,
            ..mark
        };
        open.taken = false;
        open.part_done = false;
        open.keys.clear();
        for (key, connection) in keys {
            self.by_key
                .entry(key.clone())
                .or_default()
                .insert(item.clone());
            open.keys.insert(key, connection);
        }
    }

    /// The state under which an item's mark is open here.
    pub(crate) fn id(&self, item: &ItemId) -> Option<MarkId> {
        self.open.get(item).map(|open| open.mark.id)
    }

    /// Whether all work for an item's mark is still to begin: then it sees whatever the item is by now.
    pub(crate) fn waits(&self, item: &ItemId) -> bool {
        let open = self.open.get(item);
        open.is_some_and(|open| !open.part_done && self.is_all_to_begin(open))
    }

    /// Whether none of the work that is left for a mark is in flight.
    pub(super) fn is_all_to_begin(&self, open: &Open) -> bool {
        let mut keys = open.keys.keys();
        keys.all(|key| self.stands_for(key, &open.mark.item))
    }

    /// An item's mark.
    pub(super) fn get(&self, item: &ItemId) -> Option<&Open> {
        self.open.get(item)
    }

    /// The items whose marks are in a lane.
    pub(super) fn items(&self, lane: Lane) -> Vec<ItemId> {
        let open = self.open.iter().filter(|(_, open)| open.lane == lane);
        open.map(|(item, _)| item.clone()).collect()
    }

    /// A mark leaves the memory. The pieces of work for which no other mark stands.
    pub(super) fn drop_mark(&mut self, item: &ItemId) -> Vec<Key> {
        let Some(open) = self.open.remove(item) else {
            return Vec::new();
        };
        self.rooms[open.lane as usize].give_back(&item.node);
        let mut without = Vec::new();
        for key in open.keys.into_keys() {
            let Some(items) = self.by_key.get_mut(&key) else {
                continue;
            };
            items.remove(item);
            if items.is_empty() {
                self.by_key.remove(&key);
                without.push(key);
            }
        }
        without
    }

    /// A piece of work has no connection any more.
    pub(super) fn disconnect(&mut self, key: &Key) {
        for item in self.by_key.get(key).into_iter().flatten() {
            if let Some(open) = self.open.get_mut(item) {
                open.keys.insert(key.clone(), None);
            }
        }
    }

    /// Whether work that is still to begin stands for an item's mark.
    pub(crate) fn stands_for(&self, key: &Key, item: &ItemId) -> bool {
        let items = self.by_key.get(key);
        items.is_some_and(|items| items.contains(item))
    }

    /// A job for `key` starts: the marks that it takes on.
    pub(crate) fn take(&mut self, key: &Key) -> Vec<Mark> {
        let items = self.by_key.remove(key).unwrap_or_default();
        let mut marks = Vec::with_capacity(items.len());
        for item in &items {
            if let Some(open) = self.open.get_mut(item) {
                open.taken = true;
                marks.push(open.mark.clone());
            }
        }
        marks
    }

    /// The job is done: what that means for its marks.
    pub(crate) fn done(&mut self, key: &Key, taken: Vec<Mark>) -> Done {
        let mut done = Done::default();
        for mark in taken {
            let Some(open) = self.open.get_mut(&mark.item) else {
                continue;
            };
            if open.mark.id != mark.id {
                continue;
            }
            open.keys.remove(key);
            open.part_done = true;
            if open.keys.is_empty() {
                self.rooms[open.lane as usize].give_back(&mark.item.node);
                self.open.remove(&mark.item);
                done.cleared.push(mark);
            } else if let Some(confirmed) = &open.mark.confirmed {
                let is_others = |connection: &Option<ConnectionName>| {
                    connection.as_ref().is_some_and(|name| name != confirmed)
                };
                if open.keys.values().all(is_others) {
                    open.mark.confirmed = None;
                    done.left_to_others.push(mark);
                }
            }
        }
        done
    }

    /// The job will be tried again: its marks stay open.
    pub(crate) fn put_back(&mut self, key: &Key, taken: &[Mark]) {
        for mark in taken
            .iter()
            .filter(|mark| self.open.contains_key(&mark.item))
        {
            let items = self.by_key.entry(key.clone()).or_default();
            items.insert(mark.item.clone());
        }
    }

    /// How many items are dirty.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}
