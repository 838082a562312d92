//! Which word of a source is its newest: what is sent again late does not undo what was said since.

use crate::inbound::signals::Heard;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;
use twinline_core::watch::signal::Signal;

/// The most sources that are kept; the one whose word is oldest goes first.
const SOURCES_MAX: usize = 5000;

/// By source, since when its last word is so, by its own clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Latest(BTreeMap<String, Timestamp>);

impl Latest {
    /// Those of the words that are news, in their order. A word that does not say since when it is so always is; one that
    /// says the same instant again is a repetition, which is heard: it is what keeps an alert from being forgotten.
    pub(super) fn news(&mut self, heard: Vec<Heard>) -> Vec<Signal> {
        let mut news = Vec::new();
        for Heard { signal, at } in heard {
            let last = self.0.get(&signal.source).copied();
            if at.zip(last).is_some_and(|(at, last)| at < last) {
                tracing::info!(
                    source = signal.source,
                    "an older word than the last one is no news"
                );
                continue;
            }
            if let Some(at) = at {
                self.0.insert(signal.source.clone(), at);
            }
            news.push(signal);
        }
        self.keep_newest();
        news
    }

    /// Keeps what another knows beside its own.
    pub(super) fn take_over(&mut self, others: Self) {
        for (source, at) in others.0 {
            let known = self.0.entry(source).or_insert(at);
            *known = at.max(*known);
        }
        self.keep_newest();
    }

    fn keep_newest(&mut self) {
        let over = self.0.len().saturating_sub(SOURCES_MAX);
        if over == 0 {
            return;
        }
        let mut oldest: Vec<(Timestamp, String)> = (self.0.iter())
            .map(|(source, at)| (*at, source.clone()))
            .collect();
        oldest.sort_unstable();
        for (_, source) in oldest.into_iter().take(over) {
            self.0.remove(&source);
        }
    }
}

#[cfg(test)]
#[path = "latest_tests.rs"]
mod tests;
