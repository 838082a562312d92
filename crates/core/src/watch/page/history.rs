//! Ninety days of a component, and its uptime.

use super::component::ComponentState;
use crate::time::Timestamp;
use crate::watch::escalation::Zone;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// What is shown.
const DAYS: u64 = 90;

/// What is kept: the first day shown begins at a local midnight.
const KEPT: Duration = Duration::from_secs((DAYS + 2) * 86_400);

/// The most changes that are kept: one every eight minutes, all the time.
const CHANGES_MAX: usize = 16_384;

/// A component's states, from when it was first known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// From when which state, in order.
    changes: VecDeque<(Timestamp, ComponentState)>,
}

/// One day of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOf {
    /// When it began.
    pub from: Timestamp,
    /// The worst state of the day; none when nothing is known of it.
    pub worst: Option<ComponentState>,
    /// Its share of uptime, in millionths.
    pub uptime_ppm: Option<u32>,
}

/// How much of a time in a state counts as down, in thousandths. A partial outage counts 30 %, a degradation and
/// maintenance nothing, as Statuspage counts them.
fn weight(state: ComponentState) -> u128 {
    match state {
        ComponentState::MajorOutage => 1000,
        ComponentState::PartialOutage => 300,
        ComponentState::Operational
        | ComponentState::UnderMaintenance
        | ComponentState::DegradedPerformance => 0,
    }
}

impl History {
    /// The state from now on.
    pub(super) fn record(&mut self, now: Timestamp, state: ComponentState) {
        let (last, before) = match self.changes.back() {
            None => (now, None),
            Some((at, state)) => (*at, Some(*state)),
        };
        if before == Some(state) {
            return;
        }
        // After a clock was put back, the time until it catches up counts for the later state.
        self.changes.push_back((now.max(last), state));
        while self.changes.len() > CHANGES_MAX
            || self
                .changes
                .get(1)
                .is_some_and(|(next, _)| now.since(*next) > KEPT)
        {
            self.changes.pop_front();
        }
    }

    /// The state now.
    pub fn state(&self) -> Option<ComponentState> {
        self.changes.back().map(|(_, state)| *state)
    }

    /// Since when it is in this state.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.changes.back().map(|(at, _)| *at)
    }

    /// The earliest that is known of it.
    pub fn known_from(&self) -> Option<Timestamp> {
        self.changes.front().map(|(at, _)| *at)
    }

    /// The share of uptime between two instants, in millionths; none when nothing is known of it.
    pub fn uptime_ppm(&self, from: Timestamp, to: Timestamp) -> Option<u32> {
        let (mut known, mut down) = (0_u128, 0_u128);
        for (state, length) in self.spans(from, to) {
            known += length.as_millis();
            down += length.as_millis() * weight(state);
        }
        if known == 0 {
            return None;
        }
        let up = known * 1000 - down;
        u32::try_from(up * 1_000_000 / (known * 1000)).ok()
    }

    /// The last ninety days of a place, today included, the oldest first.
    pub fn days(&self, zone: &Zone, now: Timestamp) -> Vec<DayOf> {
        let midnights = zone.midnights(now, DAYS);
        let ends = midnights.iter().skip(1).copied().chain([now]);
        let days = midnights.iter().zip(ends).map(|(from, to)| DayOf {
            from: *from,
            worst: self.spans(*from, to).map(|(state, _)| state).max(),
            uptime_ppm: self.uptime_ppm(*from, to),
        });
        days.collect()
    }

    fn spans(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (ComponentState, Duration)> {
        let ends = self.changes.iter().skip(1).map(|(at, _)| *at);
        let spans = self.changes.iter().zip(ends.chain([to]));
        spans.filter_map(move |((begins, state), ends)| {
            let length = ends.min(to).since((*begins).max(from));
            (!length.is_zero()).then_some((*state, length))
        })
    }
}
