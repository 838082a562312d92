//! Marks whose work cannot start for long leave the memory, where room in it is short.
//!
//! A connection that is held or stands still, and a node that is paused or does not answer, block work for an unknown time.
//! Its marks wait in the store, not in the room of nodes whose other work may start. Only where there is no room for what
//! waits in the store does anything leave; from then on what is blocked stays in the store, until its slot opens and its
//! line is read again from the first of them.
//!
//! What is left of a mark that is partly done is written to its row, so that nothing is done twice. Where that fails it is,
//! which is harmless.

use super::slots::Slot;
use super::{Line, Scheduler, State};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::ItemId;
use twinline_core::names::NodeName;
use twinline_core::queue::Lane;
use twinline_store::host::{Connections, MarkId};

/// The nodes that the work of a slot uses, if they and its connection let it start, limits aside.
pub(crate) trait Ready: Fn(&Slot) -> Option<Vec<NodeName>> {}

impl<F: Fn(&Slot) -> Option<Vec<NodeName>>> Ready for F {}

/// A mark that is partly done has left the memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(super) item: ItemId,
    pub(super) mark: MarkId,
    /// With what its row is left.
    pub(super) to: Connections,
}

impl Scheduler {
    /// Where marks wait in the store for want of room, those that are blocked leave the memory.
    pub(super) fn spill(&self, page_max: usize, ready: &impl Ready) -> Vec<Left> {
        let mut state = self.lock();
        let State { marks, unread, .. } = &*state;
        let mut short: Vec<Lane> = (unread.keys())
            .filter(|(lane, node)| !marks.is_worth_filling(*lane, node, page_max))
            .map(|(lane, _)| *lane)
            .collect();
        short.dedup();
        let items: Vec<ItemId> = short.iter().flat_map(|lane| marks.items(*lane)).collect();
        state.spill(&items, ready)
    }

    /// Slots may have opened: what they blocked is read again.
    pub(super) fn open_slots(&self, ready: &impl Ready) {
        let mut state = self.lock();
        if !std::mem::take(&mut state.slots_due) {
            return;
        }
        let mut known = Blocked::new(ready);
        let spilled = std::mem::take(&mut state.spilled);
        let slots: BTreeSet<&Slot> = spilled.values().flat_map(BTreeMap::keys).collect();
        let open: BTreeSet<Slot> = (slots.into_iter())
            .filter(|slot| !known.is(slot))
            .cloned()
            .collect();
        state.spilled = spilled;
        let any = state.read_spilled(|slot| open.contains(slot));
        drop(state);
        if any {
            self.ring();
        }
    }
}

/// Which slots are blocked, each asked once.
struct Blocked<'a, R> {
    ready: &'a R,
    known: BTreeMap<Slot, bool>,
}

impl<'a, R: Ready> Blocked<'a, R> {
    const fn new(ready: &'a R) -> Self {
        Self {
            ready,
            known: BTreeMap::new(),
        }
    }

    fn is(&mut self, slot: &Slot) -> bool {
        if let Some(known) = self.known.get(slot) {
            return *known;
        }
        let blocked = !slot.is_open(self.ready);
        self.known.insert(slot.clone(), blocked);
        blocked
    }
}

impl State {
    /// Whether marks of a line wait in the store, for want of room or since they are blocked.
    fn is_short(&self, line: &Line) -> bool {
        self.unread.contains_key(line) || self.spilled.contains_key(line)
    }

    /// Whether a mark that is not here stays in the store, since all its work is blocked and room is short.
    pub(super) fn stays_in_store(
        &mut self,
        item: &ItemId,
        (lane, seq): (Lane, u64),
        slots: BTreeSet<Slot>,
        ready: &impl Ready,
    ) -> bool {
        let line = (lane, item.node.clone());
        let stays = self.marks.id(item).is_none()
            && self.is_short(&line)
            && !slots.iter().any(|slot| slot.is_open(ready));
        if stays {
            self.remember(line, seq, slots);
        }
        stays
    }

    fn remember(&mut self, line: Line, seq: u64, slots: BTreeSet<Slot>) {
        let after = seq.saturating_sub(1);
        let known = self.spilled.entry(line).or_default();
        for slot in slots {
            let first = known.entry(slot).or_insert(after);
            *first = after.min(*first);
        }
    }

    /// The marks of these items that are in a line where room is short leave the memory, if they are blocked.
    pub(super) fn spill_where_short(&mut self, items: &[ItemId], ready: &impl Ready) -> Vec<Left> {
        let is_short = |item: &&ItemId| {
            let open = self.marks.get(item);
            open.is_some_and(|open| self.is_short(&(open.lane, item.node.clone())))
        };
        let items: Vec<ItemId> = items.iter().filter(is_short).cloned().collect();
        self.spill(&items, ready)
    }

    /// The marks of these items leave the memory, if all the work that is left for them is blocked.
    fn spill(&mut self, items: &[ItemId], ready: &impl Ready) -> Vec<Left> {
        let mut blocked = Blocked::new(ready);
        let mut left = Vec::new();
        for item in items {
            let Some(open) = self.marks.get(item) else {
                continue;
            };
            let slots: BTreeSet<Slot> = (open.keys.values())
                .map(|connection| Slot::of(&item.node, connection.as_ref()))
                .collect();
            let waits = |key| self.queue.stands(key) || self.delayed_at.contains_key(key);
            let leaves = slots.iter().all(|slot| blocked.is(slot))
                && self.marks.is_all_to_begin(open)
                && open.keys.keys().all(waits);
            if !leaves {
                continue;
            }
            if open.part_done {
                left.push(Left {
                    item: item.clone(),
                    mark: open.mark.id,
                    to: open.left(),
                });
            }
            self.remember((open.lane, item.node.clone()), open.seq, slots);
            for key in self.marks.drop_mark(item) {
                self.queue.take_out(&key);
                self.undelay(&key);
            }
        }
        left
    }

    /// What these slots have blocked is read again. Whether there was any.
    pub(super) fn read_spilled(&mut self, is: impl Fn(&Slot) -> bool) -> bool {
        let mut found = Vec::new();
        self.spilled.retain(|line, slots| {
            slots.retain(|slot, after| {
                let opens = is(slot);
                if opens {
                    found.push((line.clone(), *after));
                }
                !opens
            });
            !slots.is_empty()
        });
        let any = !found.is_empty();
        for ((lane, node), after) in found {
            self.left_in_store(lane, node, after);
        }
        any
    }
}
