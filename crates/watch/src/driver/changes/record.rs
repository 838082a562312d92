//! What is kept of every change, also when it is over: for those who ask what was.

use super::words;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{Change, ChangeId, Check, Effect, Gate, Kind, Stage};
use twinline_core::watch::element::Path;

/// The most changes that are kept; the oldest that are over go first.
const RECORDS_MAX: usize = 200;
/// The most lines of one change; the oldest go first.
const STORY_MAX: usize = 200;
/// What was said within so many lines is not said again: rounds that fail for hours say the same.
const SAID_WITHIN: usize = 8;

/// Where a change is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It has not started.
    Planned,
    /// It is being made, with somebody there.
    Running,
    /// It stands still: nobody is there.
    Paused,
    /// It is being proven.
    Verifying,
    /// Every check has passed.
    Proven,
    /// It is over, and proven.
    Finished,
    /// It was broken off; what had begun is proven.
    Aborted {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Nobody started it.
    Expired,
}

impl Standing {
    fn of(stage: Stage) -> Self {
        match stage {
            Stage::Planned => Self::Planned,
            Stage::Running => Self::Running,
            Stage::Paused(_) => Self::Paused,
            Stage::Verifying => Self::Verifying,
            Stage::Proven => Self::Proven,
        }
    }

    /// Whether nothing comes of it any more.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Finished | Self::Aborted { .. } | Self::Expired)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// What, in one line.
    pub text: String,
}

/// That every check passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When the last of them did.
    pub at: Timestamp,
    /// Which.
    pub checks: BTreeSet<Check>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) change: ChangeId,
    pub(super) kind: Kind,
    pub(super) elements: Path,
    pub(super) standing: Standing,
    /// Since when it is there.
    pub(super) since: Timestamp,
    /// When it was planned, or noticed.
    pub(super) opened: Timestamp,
    /// The checks that were asked for last.
    asked: BTreeSet<Check>,
    pub(super) proof: Option<Proof>,
    pub(super) story: VecDeque<Happened>,
}

impl Record {
    fn new(change: &Change, now: Timestamp) -> Self {
        Self {
            change: change.id,
            kind: change.kind.clone(),
            elements: change.elements.clone(),
            standing: Standing::of(change.stage),
            since: now,
            opened: now,
            asked: BTreeSet::new(),
            proof: None,
            story: VecDeque::new(),
        }
    }

    /// What it is, in one line.
    pub(super) fn title(&self) -> String {
        match &self.kind {
            Kind::Planned { title, .. } => title.clone(),
            Kind::Noticed {
                database,
                differences,
            } if differences.is_empty() => format!("{database}: nothing was seen"),
            Kind::Noticed {
                database,
                differences,
            } => format!("{database}: {}", words::differences(differences)),
        }
    }

    fn stand(&mut self, standing: Standing, now: Timestamp) {
        if self.standing != standing {
            self.standing = standing;
            self.since = now;
        }
    }
}

/// All that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Records(BTreeMap<ChangeId, Record>);

impl Records {
    pub(super) fn get(&self, change: ChangeId) -> Option<&Record> {
        self.0.get(&change)
    }

    /// All, the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Record> {
        self.0.values().rev()
    }

    /// Says of each change that is not over what the gate says of it.
    pub(super) fn follow(&mut self, gate: &Gate, now: Timestamp) {
        for change in gate.changes() {
            let record = self.0.entry(change.id);
            let record = record.or_insert_with(|| Record::new(change, now));
            record.kind.clone_from(&change.kind);
            record.stand(Standing::of(change.stage), now);
        }
        while self.0.len() > RECORDS_MAX {
            let over = self.0.values().find(|it| it.standing.is_over());
            let Some(oldest) = over.map(|it| it.change) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// What the gate did; of what is over it says nothing more.
    pub(super) fn hear(&mut self, effect: &Effect, now: Timestamp) {
        match effect {
            Effect::Validate { change, checks, .. } => self.change(*change, |it| {
                it.asked.clone_from(checks);
                it.proof = None;
            }),
            Effect::Proven { change } => self.change(*change, |it| {
                let checks = it.asked.clone();
                it.proof = Some(Proof { at: now, checks });
            }),
            Effect::Finished { change } => {
                self.change(*change, |it| it.stand(Standing::Finished, now));
            }
            Effect::Aborted { change, by, reason } => {
                let (by, reason) = (by.clone(), reason.clone());
                self.change(*change, |it| {
                    it.stand(Standing::Aborted { by, reason }, now)
                });
            }
            Effect::Expired { change } => {
                self.change(*change, |it| it.stand(Standing::Expired, now));
            }
            _ => {}
        }
    }

    /// A line of its story; whether it was not said a moment ago.
    pub(super) fn tell(&mut self, change: ChangeId, at: Timestamp, text: String) -> bool {
        let Some(record) = self.0.get_mut(&change) else {
            return false;
        };
        let mut last = record.story.iter().rev().take(SAID_WITHIN);
        if last.any(|it| it.text == text) {
            return false;
        }
        record.story.push_back(Happened { at, text });
        if record.story.len() > STORY_MAX {
            record.story.pop_front();
        }
        true
    }

    fn change(&mut self, change: ChangeId, work: impl FnOnce(&mut Record)) {
        if let Some(record) = self.0.get_mut(&change) {
            work(record);
        }
    }
}
