//! The rate budget of one node: known limits kept by counting, and whatever the tracker's own headers say.

use super::rate_headers::RateSignal;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Changes nothing.
    Read,
    /// Changes something that is there.
    Write,
    /// Makes something new that people are told of: an item, a comment.
    Create,
}

/// A limit over a sliding window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What a person calls it: `content creations per minute`.
    pub name: &'static str,
    /// The window's length.
    pub per: Duration,
    /// How many points fit into it.
    pub points_max: u32,
    /// The points of a read, a write and a creation; 0: not counted.
    pub points: [u32; 3],
    /// Whether it counts for each [`super::Call::key`] apart.
    pub keyed: bool,
}

impl Window {
    fn points_of(&self, cost: Cost) -> u32 {
        self.points[cost as usize]
    }
}

/// A tracker's published limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetRules {
    /// The windows.
    pub windows: Vec<Window>,
    /// The least time between two writes.
    pub write_spacing: Duration,
    /// Requests under way at once; 0: the layer's own limit.
    pub in_flight_max: usize,
}

/// The right to make the requests that were reserved together. See [`super::Client::reserve`].
#[derive(Debug)]
pub struct Permit(());

/// How long to wait, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) after: Duration,
    pub(super) reason: String,
}

/// The writes of one reservation whose spacing is kept; no effect of ours needs more.
const SPACINGS_MAX: u32 = 64;

/// Distinct keys that are remembered at once; the least recently charged are forgotten first.
const KEYS_MAX: usize = 4096;

/// The budget. Asked before each request; it never sleeps.
#[derive(Debug)]
pub(super) struct Budget {
    rules: BudgetRules,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    charges: BTreeMap<Slot, Charges>,
    next_write: Timestamp,
    /// When it was last asked, to notice a clock that steps back.
    asked: Timestamp,
    blocked: Option<(Timestamp, String)>,
}

impl Budget {
    pub(super) fn new(rules: BudgetRules) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    /// Charges requests that are to be made now, all of them or none.
    pub(super) fn charge(
        &self,
        costs: &[Cost],
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Permit, Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forgive_a_clock_that_stepped_back(&self.rules, now);
        if let Some((until, reason)) = &state.blocked {
            if *until > now {
                return Err(Wait {
                    after: until.since(now),
                    reason: reason.clone(),
                });
            }
            state.blocked = None;
        }
        let writes = costs.iter().filter(|cost| **cost != Cost::Read).count();
        if writes > 0 && state.next_write > now {
            return Err(Wait {
                after: state.next_write.since(now),
                reason: format!(
                    "{} ms are kept between writes",
                    self.rules.write_spacing.as_millis()
                ),
            });
        }
        let charges = self.charges(costs, key);
        for (slot, points) in &charges {
            let window = &self.rules.windows[slot.0];
            if let Some(after) = state.wait_for(slot, window, *points, now) {
                let reason = format!("{} {} are used up", window.points_max, window.name);
                return Err(Wait { after, reason });
            }
        }
        for (slot, points) in charges {
            state
                .charges
                .entry(slot)
                .or_default()
                .push_back((now, points));
        }
        if writes > 0 {
            let writes =
                u32::try_from(writes).map_or(SPACINGS_MAX, |count| count.min(SPACINGS_MAX));
            let spacing = self.rules.write_spacing.saturating_mul(writes);
            state.next_write = now.plus(spacing);
        }
        state.forget_old_keys();
        Ok(Permit(()))
    }

    /// The points that go into each window; more than fits into an empty window counts as a full one.
    fn charges(&self, costs: &[Cost], key: Option<&str>) -> Vec<(Slot, u32)> {
        let windows = self.rules.windows.iter().enumerate();
        windows
            .filter_map(|(index, window)| {
                let points: u32 = costs.iter().map(|cost| window.points_of(*cost)).sum();
                let key = match (window.keyed, key) {
                    (true, None) => return None,
                    (true, Some(key)) => Some(key.to_owned()),
                    (false, _) => None,
                };
                (points > 0).then_some(((index, key), points.min(window.points_max)))
            })
            .collect()
    }

    /// Takes in what an answer said. `limited` is whether that answer was a refusal for want of budget; then we stay
    /// away at least `WITHOUT_A_WORD`, as GitHub asks for its secondary limits.
    pub(super) fn learn(
        &self,
        signal: &RateSignal,
        limited: bool,
        now: Timestamp,
    ) -> Option<Duration> {
        let spent = signal.remaining == Some(0);
        let wait = if limited {
            let reset = signal.resets_in.filter(|_| spent);
            Some(signal.retry_after.or(reset).unwrap_or(WITHOUT_A_WORD))
        } else if spent {
            signal.resets_in
        } else {
            signal.retry_after
        }?;
        if wait.is_zero() {
            return Some(wait);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now.plus(wait);
        if state
            .blocked
            .as_ref()
            .is_none_or(|(known, _)| *known < until)
        {
            let reason = "the tracker's rate limit is spent".to_owned();
            state.blocked = Some((until, reason));
        }
        Some(wait)
    }
}

/// How long to stay away after a refusal that gives no time: one minute, by GitHub's guidance on secondary limits.
const WITHOUT_A_WORD: Duration = Duration::from_secs(60);

/// A window by its index in the rules, and the key that it counts for.
type Slot = (usize, Option<String>);

/// When each charge was made and its points, oldest first.
type Charges = VecDeque<(Timestamp, u32)>;

impl State {
    /// How long until `points` fit into a window; `None`: they do now.
    fn wait_for(
        &mut self,
        slot: &Slot,
        window: &Window,
        points: u32,
        now: Timestamp,
    ) -> Option<Duration> {
        let charges = self.charges.get_mut(slot)?;
        while let Some((at, _)) = charges.front()
            && now.since(*at) >= window.per
        {
            charges.pop_front();
        }
        let used: u32 = charges.iter().map(|(_, points)| points).sum();
        let mut excess = (used + points).saturating_sub(window.points_max);
        if excess == 0 {
            return None;
        }
        for (at, points) in charges {
            excess = excess.saturating_sub(*points);
            if excess == 0 {
                return Some(at.plus(window.per).since(now));
            }
        }
        Some(window.per)
    }

    /// A wall clock may step back. What was charged "later" than now counts as charged now.
    fn forgive_a_clock_that_stepped_back(&mut self, rules: &BudgetRules, now: Timestamp) {
        let stepped_back = now < self.asked;
        self.asked = now;
        if !stepped_back {
            return;
        }
        for (at, _) in self.charges.values_mut().flatten() {
            *at = (*at).min(now);
        }
        let longest = rules.write_spacing.saturating_mul(SPACINGS_MAX);
        self.next_write = self.next_write.min(now.plus(longest));
        if let Some((until, _)) = &mut self.blocked {
            *until = (*until).min(now.plus(super::rate_headers::WAIT_MAX));
        }
    }

    /// Forgets the least recently charged half of the keys when there are too many.
    fn forget_old_keys(&mut self) {
        if self.charges.len() <= KEYS_MAX {
            return;
        }
        let last = |charges: &Charges| charges.back().map(|(at, _)| *at);
        let mut slots: Vec<(Option<Timestamp>, Slot)> = self
            .charges
            .iter()
            .filter(|((_, key), _)| key.is_some())
            .map(|(slot, charges)| (last(charges), slot.clone()))
            .collect();
        slots.sort();
        for (_, slot) in slots.drain(..slots.len() / 2) {
            self.charges.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests;
