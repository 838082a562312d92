//! Which marks of the store are not in memory: line by line, a line being one node's marks in one lane.

use super::{Line, Mark, Scheduler, State};
use std::ops::Bound;
use twinline_core::names::NodeName;
use twinline_core::queue::Lane;
use twinline_store::host::Dirty;

/// A page of the store's marks, by the place after which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Marks of one line that the memory does not have, and for how many it has room.
    Unread {
        lane: Lane,
        node: NodeName,
        after: u64,
        max: usize,
    },
    /// A periodic look.
    Again { after: u64 },
}

impl Scheduler {
    /// These marks are done, and are about to leave the store.
    pub(super) fn clears(&self, marks: &[Mark]) {
        let done = marks.iter().map(|mark| (mark.item.clone(), mark.id));
        self.lock().clearing.extend(done);
    }

    /// They have left it, or stay, and are to be read again.
    pub(super) fn has_cleared(&self, marks: &[Mark]) {
        let mut state = self.lock();
        for mark in marks {
            state.clearing.remove(&(mark.item.clone(), mark.id));
        }
    }

    /// Of a page of the store's marks those that are not known here in their present state.
    pub(super) fn unknown(&self, page: Vec<Dirty>) -> Vec<Dirty> {
        let state = self.lock();
        let unknown = |row: &Dirty| {
            state.marks.id(&row.item) != Some(row.mark)
                && !state.clearing.contains(&(row.item.clone(), row.mark))
        };
        page.into_iter().filter(unknown).collect()
    }

    /// A period has passed: the next page of the store's marks is read again, in case one was missed.
    pub(super) fn read_again(&self) {
        let mut state = self.lock();
        state.round_due = true;
        state.slots_due = true;
    }

    /// Whether nobody has asked yet in which lines of the store marks wait.
    pub(super) fn is_new(&self) -> bool {
        !self.lock().begun
    }

    /// Marks wait in these lines of the store.
    pub(super) fn begin(&self, lines: Vec<(Lane, NodeName)>) {
        let mut state = self.lock();
        state.begun = true;
        for (lane, node) in lines {
            state.left_in_store(lane, node, 0);
        }
    }

    /// The page of the store's marks that is to be read next, live ones first; `None`: there is none, or no room. Whoever
    /// is told says how far it was read.
    pub(super) fn to_load(&self, page_max: usize) -> Option<Page> {
        let mut state = self.lock();
        if let Some((line, after)) = state.next_unread(page_max) {
            state.unread.remove(&line);
            state.last_read = Some(line.clone());
            let (lane, node) = line;
            let max = state.marks.left(lane, &node).min(page_max);
            return Some(Page::Unread {
                lane,
                node,
                after,
                max,
            });
        }
        let after = state.round;
        std::mem::take(&mut state.round_due).then_some(Page::Again { after })
    }

    /// A page was read; `last`: where the next begins, unless it was the last.
    pub(super) fn loaded(&self, page: Page, last: Option<u64>) {
        let mut state = self.lock();
        match (page, last) {
            (Page::Unread { lane, node, .. }, Some(last)) => state.left_in_store(lane, node, last),
            (Page::Unread { .. }, None) => {}
            (Page::Again { .. }, last) => state.round = last.unwrap_or(0),
        }
    }

    /// A page could not be read: it is read later.
    pub(super) fn not_loaded(&self, page: Page) {
        let after = match page {
            Page::Unread { after, .. } | Page::Again { after } => after,
        };
        self.loaded(page, Some(after));
    }
}

impl State {
    /// A line of which a page is worth reading, live ones first, in turns: one that is long, and has room for little that
    /// it holds, keeps no other waiting.
    fn next_unread(&self, page_max: usize) -> Option<(Line, u64)> {
        let worth =
            |((lane, node), _): &(&Line, &u64)| self.marks.is_worth_filling(*lane, node, page_max);
        let first = self.unread.iter().find(worth)?;
        let after = (self.last_read.as_ref())
            .map(|last| self.unread.range((Bound::Excluded(last), Bound::Unbounded)));
        let next = after.and_then(|mut after| after.find(worth));
        let (line, after) = next
            .filter(|(line, _)| line.0 == first.0.0)
            .unwrap_or(first);
        Some((line.clone(), *after))
    }

    /// Marks of a line are in the store after this place, and not here.
    pub(super) fn left_in_store(&mut self, lane: Lane, node: NodeName, after: u64) {
        self.unread
            .entry((lane, node))
            .and_modify(|known| *known = after.min(*known))
            .or_insert(after);
    }
}
