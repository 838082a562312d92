//! The rate budget of one node: known limits kept by counting, and whatever the tracker's own headers say.

mod spare;

use super::rate_headers::RateSignal;
use spare::Told;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twinline_core::progress::Allowance;
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

/// How long to stay away, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) after: Duration,
    pub(super) reason: String,
    /// Whether it concerns every request of the node, not only this kind.
    pub(super) whole: bool,
}

/// The writes of one reservation whose spacing is kept; no effect of ours needs more.
const SPACINGS_MAX: u32 = 64;

/// Up to this a write waits in its place for its turn; what would wait longer comes back, and then reads again what it is
/// about to change.
const TURN_MAX: Duration = Duration::from_secs(2);

/// Promises of one window that are kept apart; who asks when there are more comes back with the last of them.
const PROMISES_MAX: usize = 4096;

/// Distinct keys that are remembered at once; the least recently charged are forgotten first.
const KEYS_MAX: usize = 4096;

/// The budget. Asked before each request; it never sleeps.
///
/// Who is refused is told a time of its own, at which there is room for it after all that was told before: so many that
/// are refused together do not come back together. A promise is no right, it only spreads; room is given to whoever asks
/// when it is there.
#[derive(Debug)]
pub(super) struct Budget {
    rules: BudgetRules,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    charges: BTreeMap<Slot, Charges>,
    /// When the next write may be made.
    next_write: Timestamp,
    /// The turn of the next write that is sent away.
    next_promise: Timestamp,
    /// When it was last asked, to notice a clock that steps back.
    asked: Timestamp,
    blocked: Option<(Timestamp, String)>,
    /// What answers have told of the tracker's limits.
    told: Told,
    /// Where only a part of the requests is kept back, and until when.
    shut: BTreeMap<Part, Timestamp>,
}

/// A part of a node's requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Writes to one item.
    Item(String),
    /// One method on one kind of path.
    Endpoint(String),
}

impl Part {
    fn wait(&self, after: Duration) -> Wait {
        Wait {
            after,
            reason: match self {
                Self::Item(_) => "the tracker's rate limit for this item is spent".to_owned(),
                Self::Endpoint(of) => format!("the tracker's rate limit for {of} is spent"),
            },
            whole: false,
        }
    }
}

impl Budget {
    pub(super) fn new(rules: BudgetRules) -> Self {
        Self {
            rules,
            state: Mutex::default(),
        }
    }

    /// Charges requests that are to be made now, all of them or none. They may be made after the wait that is given, at
    /// most `TURN_MAX`.
    pub(super) fn charge(
        &self,
        costs: &[Cost],
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Duration, Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forgive_a_clock_that_stepped_back(&self.rules, now);
        state.blocked(now)?;
        let writes = costs.iter().filter(|cost| **cost != Cost::Read).count();
        let writes = u32::try_from(writes).map_or(SPACINGS_MAX, |count| count.min(SPACINGS_MAX));
        let spacing = self.rules.write_spacing.saturating_mul(writes);
        let turn = if writes > 0 {
            now.max(state.next_write)
        } else {
            now
        };
        if turn.since(now) > TURN_MAX {
            let promised = turn.max(state.next_promise);
            state.next_promise = promised.plus(spacing);
            return Err(Wait {
                after: promised.since(now),
                reason: format!(
                    "{} ms are kept between writes",
                    self.rules.write_spacing.as_millis()
                ),
                whole: false,
            });
        }
        let charges = self.charges(costs, key);
        for (slot, points) in &charges {
            let window = &self.rules.windows[slot.0];
            if let Some(after) = state.wait_for(slot, window, *points, now) {
                let reason = format!("{} {} are used up", window.points_max, window.name);
                return Err(Wait {
                    after,
                    reason,
                    whole: false,
                });
            }
        }
        for (slot, points) in charges {
            let charges = state.charges.entry(slot).or_default();
            charges.made.push_back((turn, points));
        }
        if writes > 0 {
            state.next_write = turn.plus(spacing);
        }
        state.forget_old_keys();
        Ok(turn.since(now))
    }

    /// How long work that can wait should wait, so that what cannot finds room until the limits' windows end. Zero: there is
    /// room for it.
    pub(super) fn spare(&self, now: Timestamp) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forgive_a_clock_that_stepped_back(&self.rules, now);
        if let Err(wait) = state.blocked(now) {
            return wait.after;
        }
        let counted = self.rules.windows.iter().enumerate();
        let counted = counted
            .filter(|(_, window)| !window.keyed)
            .filter_map(|(index, window)| {
                let charges = state.charges.get(&(index, None))?;
                Some(spare::wait_for(window, charges, now))
            });
        let counted = counted.max().unwrap_or_default();
        counted.max(state.told.spare(now))
    }

    /// What each limit leaves to work that can wait, now and later.
    pub(super) fn allowances(&self, now: Timestamp) -> Vec<Allowance> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forgive_a_clock_that_stepped_back(&self.rules, now);
        let none = Charges::default();
        let counted = self.rules.windows.iter().enumerate();
        let counted = counted
            .filter(|(_, window)| !window.keyed)
            .map(|(index, window)| {
                let charges = state.charges.get(&(index, None)).unwrap_or(&none);
                spare::allowance(window, charges, now)
            });
        counted.chain(state.told.allowances(now)).collect()
    }

    /// Whether the tracker has said meanwhile to stay away.
    pub(super) fn blocked(&self, now: Timestamp) -> Result<Permit, Wait> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.blocked(now).map(|()| Permit(()))
    }

    /// Whether the tracker has said to stay away with this part of the requests.
    pub(super) fn open(&self, part: &Part, now: Timestamp) -> Result<(), Wait> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.shut.get(part).filter(|until| **until > now) {
            None => Ok(()),
            Some(until) => Err(part.wait(until.since(now))),
        }
    }

    /// Takes in that an answer refused for want of budget in one part; how long to stay away from it.
    pub(super) fn shut(&self, part: Part, signal: &RateSignal, now: Timestamp) -> Wait {
        let wait = part.wait(signal.refused());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.shut.retain(|_, until| *until > now);
        if state.shut.len() < KEYS_MAX {
            state.shut.insert(part, now.plus(wait.after));
        }
        wait
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

    /// Takes in what an answer said. `limited` is whether that answer was a refusal for want of budget.
    pub(super) fn learn(
        &self,
        signal: &RateSignal,
        limited: bool,
        now: Timestamp,
    ) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.told.learn(signal, now);
        let spent = signal.remaining == Some(0);
        let wait = if limited {
            Some(signal.refused())
        } else {
            // The tracker's own word about when to come back goes before the window's end.
            let window = signal.resets_in.filter(|_| spent);
            signal.retry_after.or(window)
        }?;
        if wait.is_zero() {
            return Some(wait);
        }
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

/// A window by its index in the rules, and the key that it counts for.
type Slot = (usize, Option<String>);

/// What is counted in one window, oldest first: when, and how many points.
#[derive(Debug, Default)]
struct Charges {
    /// Of requests that were made.
    made: VecDeque<(Timestamp, u32)>,
    /// Of requests that were sent away until then.
    promised: VecDeque<(Timestamp, u32)>,
}

impl State {
    fn blocked(&mut self, now: Timestamp) -> Result<(), Wait> {
        match &self.blocked {
            Some((until, reason)) if *until > now => Err(Wait {
                after: until.since(now),
                reason: reason.clone(),
                whole: true,
            }),
            _ => {
                self.blocked = None;
                Ok(())
            }
        }
    }

    /// How long until `points` fit into a window, after all that were sent away before; `None`: they do now.
    fn wait_for(
        &mut self,
        slot: &Slot,
        window: &Window,
        points: u32,
        now: Timestamp,
    ) -> Option<Duration> {
        let charges = self.charges.get_mut(slot)?;
        while let Some((at, _)) = charges.made.front()
            && now.since(*at) >= window.per
        {
            charges.made.pop_front();
        }
        while let Some((at, _)) = charges.promised.front()
            && *at <= now
        {
            charges.promised.pop_front();
        }
        let sum = |of: &VecDeque<(Timestamp, u32)>| of.iter().map(|(_, points)| points).sum();
        let made: u32 = sum(&charges.made);
        if made + points <= window.points_max {
            return None;
        }
        let promised: u32 = sum(&charges.promised);
        let mut excess = (made + promised + points).saturating_sub(window.points_max);
        let mut all = charges.made.iter().chain(&charges.promised);
        let freeing = all.find(|(_, points)| {
            excess = excess.saturating_sub(*points);
            excess == 0
        });
        let at = freeing.map_or(now, |(at, _)| *at).plus(window.per);
        if charges.promised.len() < PROMISES_MAX {
            charges.promised.push_back((at, points));
        }
        Some(at.since(now))
    }

    /// A wall clock may step back. What was charged "later" than now counts as charged now.
    fn forgive_a_clock_that_stepped_back(&mut self, rules: &BudgetRules, now: Timestamp) {
        let stepped_back = now < self.asked;
        self.asked = now;
        if !stepped_back {
            return;
        }
        self.told.forget();
        for charges in self.charges.values_mut() {
            for (at, _) in &mut charges.made {
                *at = (*at).min(now);
            }
            charges.promised.clear();
        }
        let longest = rules.write_spacing.saturating_mul(SPACINGS_MAX);
        self.next_write = self.next_write.min(now.plus(longest));
        self.next_promise = self.next_write;
        let latest = now.plus(super::rate_headers::WAIT_MAX);
        let blocked = self.blocked.iter_mut().map(|(until, _)| until);
        for until in blocked.chain(self.shut.values_mut()) {
            *until = (*until).min(latest);
        }
    }

    /// Forgets the least recently charged half of the keys when there are too many.
    fn forget_old_keys(&mut self) {
        if self.charges.len() <= KEYS_MAX {
            return;
        }
        let last = |charges: &Charges| charges.made.back().map(|(at, _)| *at);
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
