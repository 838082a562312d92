//! A change, and the numbers that shape it.

use super::database::Difference;
use super::validation::Validation;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::escalation::PersonName;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// What a person is sent to say by that they are there is good for so long: a renewal has one of its own.
pub const ASKED_FOR: Duration = Duration::from_secs(900);
/// Nobody is asked again sooner: whoever asks in a loop rings no telephone in one.
pub(super) const ASKS_APART: Duration = Duration::from_secs(30);

/// A change's number, counted up from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ChangeId(pub u64);

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How a change came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Somebody planned it.
    Planned {
        /// What is done.
        title: String,
        /// It may start from then…
        from: Timestamp,
        /// …and is to be done by then.
        until: Timestamp,
    },
    /// It was noticed: a change watch.
    Noticed {
        /// In which database.
        database: Element,
        /// What was different.
        differences: BTreeSet<Difference>,
    },
}

/// Why a change stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Nobody has said for too long that they are there.
    PresenceLapsed,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It has not started.
    Planned,
    /// It is being made, with somebody there.
    Running,
    /// It stands still.
    Paused(Pause),
    /// It was made, or broken off, and is being proven.
    Verifying,
    /// Every check has passed.
    Proven,
}

/// A person was asked whether they are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Not asked again before.
    pub(super) again: Wait,
    /// What was sent is good until then.
    pub(super) until: Wait,
}

impl Asked {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            again: Wait::new(now, ASKS_APART),
            until: Wait::new(now, ASKED_FOR),
        }
    }

    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.again.rebase(now);
        self.until.rebase(now);
    }
}

/// A change that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub id: ChangeId,
    /// How it came about.
    pub kind: Kind,
    /// What it touches.
    pub elements: Path,
    /// How far it is.
    pub stage: Stage,
    /// Who is there, and until when their word holds.
    pub(super) presence: Option<(PersonName, Wait)>,
    /// When whoever is there is asked again, while it runs.
    #[serde(default)]
    pub(super) renew: Option<Wait>,
    /// Who was asked whether they are there, and has not said so yet.
    #[serde(default)]
    pub(super) asked: BTreeMap<PersonName, Asked>,
    /// Who broke it off, and why.
    pub aborted: Option<(String, String)>,
    /// The checks, from when they are first asked for.
    pub validation: Option<Validation>,
    /// Whether somebody was called because it is not proven, since it was proven last.
    pub(super) paged: bool,
    /// Whether it was told that its window is over.
    pub(super) overran: bool,
}

impl Change {
    /// Whether it has begun to touch anything.
    pub fn is_under_way(&self) -> bool {
        self.stage != Stage::Planned
    }

    /// Who is there.
    pub fn present(&self) -> Option<&PersonName> {
        self.presence.as_ref().map(|(person, _)| person)
    }

    /// Who was asked whether they are there, and has not said so yet.
    pub fn asked(&self) -> impl Iterator<Item = &PersonName> {
        self.asked.keys()
    }

    /// Until when their word holds.
    pub fn present_until(&self) -> Option<Timestamp> {
        self.presence.as_ref().map(|(_, wait)| wait.due())
    }
}

/// The numbers. Not part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A word that somebody is there holds this long.
    pub presence: Duration,
    /// A round of checks that has not ended by then has failed.
    pub round: Duration,
    /// After a round that failed comes the next.
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            presence: Duration::from_secs(300),
            round: Duration::from_secs(15),
            retry: Duration::from_secs(5),
        }
    }
}
