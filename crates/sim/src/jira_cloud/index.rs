//! The search index: what `/search/jql` sees, some time behind the issues themselves.

use super::model::Issue;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// Issues as the index knows them, and the changes still on their way into it.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) lag: Duration,
    known: BTreeMap<u64, Issue>,
    /// In the order in which they were made.
    pending: VecDeque<(Timestamp, Issue)>,
}

impl Index {
    /// An empty index that is this far behind.
    pub(super) fn lagging(lag: Duration) -> Self {
        Self {
            lag,
            ..Self::default()
        }
    }

    /// Takes note that an issue is now as given.
    pub(super) fn note(&mut self, now: Timestamp, issue: &Issue) {
        self.pending.push_back((now, issue.clone()));
        self.advance(now);
    }

    /// Lets in what is old enough.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some((made, _)) = self.pending.front() {
            if now.since(*made) < self.lag {
                break;
            }
            if let Some((_, issue)) = self.pending.pop_front() {
                self.known.insert(issue.id, issue);
            }
        }
    }

    /// The issues in the index, deleted ones left out.
    pub(super) fn issues(&self) -> impl Iterator<Item = &Issue> {
        self.known.values().filter(|issue| !issue.deleted)
    }
}
