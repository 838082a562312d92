//! People who edit twins, and how long it takes until the other side shows it.

use super::setup::PERSON;
use crate::sim::network::Network;
use crate::sim::place::Place;
use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::names::{Side, Sides};
use twinline_sim::Command;

/// How often is looked whether an edit has arrived.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// An edit that has not arrived by then is lost.
const ARRIVES_MAX: Duration = Duration::from_secs(600);

/// How long edits took to arrive, in simulated milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latencies {
    /// How many there were.
    pub edits: usize,
    /// The median.
    pub p50_ms: u64,
    /// 99 of 100 took no longer.
    pub p99_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl Latencies {
    /// Of some times.
    pub(super) fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |share: usize| {
            let place = (times.len() * share).div_ceil(100);
            times.get(place.saturating_sub(1)).copied().unwrap_or(0)
        };
        Self {
            edits: times.len(),
            p50_ms: at(50),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }
}

/// Edits one twin after the other, on both sides in turn.
pub(super) struct Editor {
    pairs: Vec<Sides<String>>,
    made: usize,
}

impl Editor {
    pub(super) const fn new(pairs: Vec<Sides<String>>) -> Self {
        Self { pairs, made: 0 }
    }

    /// One edit of a title; answers after how many milliseconds the other side shows it.
    pub(super) async fn edit(&mut self, network: &Network) -> Result<u64> {
        let number = self.made;
        self.made += 1;
        let pair = &self.pairs[number % self.pairs.len()];
        let side = if number.is_multiple_of(2) {
            Side::Left
        } else {
            Side::Right
        };
        let (from, to) = (pair.get(side), pair.get(side.other()));
        let now = network.item(place(side), from);
        let now = now.with_context(|| format!("{from} is gone"))?;
        let title = format!("{} and was edited, {number}", original(&now.title));
        let edit = Command::edit(from, PERSON, "title", title.as_str());
        network
            .command(place(side), edit)
            .with_context(|| format!("editing {from}"))?;
        let began = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let shown = network.item(place(side.other()), to);
            if shown.is_some_and(|item| item.title == title) {
                return Ok(u64::try_from(began.elapsed().as_millis())?);
            }
            ensure!(
                began.elapsed() < ARRIVES_MAX,
                "{to} does not show {title:?} after {ARRIVES_MAX:?}"
            );
        }
    }
}

/// A title as it was before anybody edited it.
pub(super) fn original(title: &str) -> &str {
    let end = title.find(" and was edited").unwrap_or(title.len());
    &title[..end]
}

const fn place(side: Side) -> Place {
    match side {
        Side::Left => Place::Github,
        Side::Right => Place::Jira,
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
