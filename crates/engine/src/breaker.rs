//! The runtime blast-radius breaker: a connection that would write more than its limit in ten minutes is held, and a
//! person asked.
//!
//! It counts planned effects before they are attempted, so that nothing over the limit is ever sent. Work that a person
//! has confirmed (a backfill, a publish, a retried group) carries a budget of its own and does not count.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

#[cfg(test)]
mod tests;

const WINDOW: Duration = Duration::from_secs(600);
/// The window is counted in slices of this length: memory stays bounded whatever is written.
const SLICE: Duration = Duration::from_secs(10);

/// What the breaker says to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Allowed,
    /// The connection is held now: this many writes in the window, this one included.
    Tripped {
        /// Writes in the last ten minutes, the refused ones included.
        writes: u64,
    },
    /// The connection was held before.
    Held,
}

/// One connection's breaker.
#[derive(Debug)]
pub(crate) struct Breaker {
    limit: u64,
    /// Starts of slices and the writes in them, oldest first.
    slices: VecDeque<(Instant, u64)>,
    /// Writes that a person confirmed and that are not spent.
    budget: u64,
    held: bool,
}

impl Breaker {
    /// `held`: as the store remembers it.
    pub(crate) fn new(limit: u32, held: bool) -> Self {
        Self {
            limit: u64::from(limit),
            slices: VecDeque::new(),
            budget: 0,
            held,
        }
    }

    /// Counts `writes` that are about to be attempted, or refuses them. `confirmed`: they belong to work that a person
    /// confirmed and are paid from its budget as far as that goes.
    pub(crate) fn admit(&mut self, now: Instant, writes: u64, confirmed: bool) -> Verdict {
        if self.held {
            return Verdict::Held;
        }
        let paid = if confirmed { writes.min(self.budget) } else { 0 };
        let counted = self.window(now) + (writes - paid);
        if writes > paid && counted > self.limit {
            self.held = true;
            return Verdict::Tripped { writes: counted };
        }
        self.budget -= paid;
        self.count(now, writes - paid);
        Verdict::Allowed
    }

    /// The writes counted in the last ten minutes.
    pub(crate) fn window(&mut self, now: Instant) -> u64 {
        while self.slices.front().is_some_and(|(start, _)| *start + WINDOW <= now) {
            self.slices.pop_front();
        }
        self.slices.iter().map(|(_, writes)| writes).sum()
    }

    fn count(&mut self, now: Instant, writes: u64) {
        if writes == 0 {
            return;
        }
        match self.slices.back_mut() {
            Some((start, sum)) if *start + SLICE > now => *sum += writes,
            _ => self.slices.push_back((now, writes)),
        }
    }

    /// A person confirmed up to `writes` more.
    pub(crate) fn grant(&mut self, writes: u64) {
        self.budget = self.budget.saturating_add(writes);
    }

    /// A person released the connection: what was counted is forgiven.
    pub(crate) fn release(&mut self) {
        self.held = false;
        self.slices.clear();
    }

    /// A new rule version has a new limit.
    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = u64::from(limit);
    }

    /// Whether the connection is held.
    pub(crate) const fn is_held(&self) -> bool {
        self.held
    }
}
