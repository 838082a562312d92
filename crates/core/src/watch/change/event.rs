//! What the gate hears, and what it wants done.

use super::database::{Difference, Fingerprint};
use super::state::{ChangeId, Pause};
use super::validation::Check;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::escalation::PersonName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the gate hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody plans a change.
    Plan {
        /// What is done.
        title: String,
        /// What it touches.
        elements: Path,
        /// It may start from then…
        from: Timestamp,
        /// …and is to be done by then.
        until: Timestamp,
    },
    /// Somebody wants an on-call person to be asked whether they are there. That is no presence yet.
    Ask {
        /// For which change.
        change: ChangeId,
        /// Who.
        person: PersonName,
    },
    /// An on-call person says that they are there, for the first time or again, and it was proven that it is they who say it.
    Present {
        /// For which change.
        change: ChangeId,
        /// Who.
        by: PersonName,
    },
    /// It begins.
    Start {
        /// Which.
        change: ChangeId,
    },
    /// It is made: prove it.
    Verify {
        /// Which.
        change: ChangeId,
    },
    /// It is over.
    Finish {
        /// Which.
        change: ChangeId,
    },
    /// It is broken off. What has begun is proven before it is over.
    Abort {
        /// Which.
        change: ChangeId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A check of a round ended.
    Checked {
        /// Of which change.
        change: ChangeId,
        /// Of which round.
        round: u32,
        /// Which.
        check: Check,
        /// How.
        passed: bool,
    },
    /// A database was looked at.
    Seen {
        /// Which.
        database: Element,
        /// What it says of itself.
        fingerprint: Fingerprint,
    },
    /// Whoever changed a database, or saw it change, says so: what that comes to is proven, whether it is seen or not.
    Announced {
        /// Which.
        database: Element,
        /// Who says so.
        by: String,
        /// What happened, in a few words.
        what: String,
    },
    /// Time has passed.
    Tick,
}

/// Why somebody is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// A change is under way and nobody is there.
    PresenceLapsed,
    /// After a change these do not pass.
    NotProven {
        /// Which.
        failed: BTreeSet<Check>,
    },
    /// Where a database was there is another one.
    AnotherDatabase,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such change, or it is over.
    Unknown,
    /// It cannot go there from where it is.
    WrongStage,
    /// Its window has not come, or is over.
    OutsideWindow,
    /// Nobody on call says that they are there.
    NobodyPresent,
    /// Who says so is not on call.
    NotOnCall,
    /// Only proof finishes it.
    NotProven {
        /// What has not passed.
        missing: BTreeSet<Check>,
    },
    /// A plan touches nothing, or ends before it begins.
    Empty,
    /// What would have to prove it fails already.
    Failing {
        /// Which.
        failing: BTreeSet<Check>,
    },
    /// There are as many changes that are not over as there may be.
    TooMany,
}

/// What is to be done, or written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// It is planned.
    Planned {
        /// Which.
        change: ChangeId,
    },
    /// Somebody is there.
    Present {
        /// For which change.
        change: ChangeId,
        /// Who.
        by: PersonName,
    },
    /// It has begun.
    Started {
        /// Which.
        change: ChangeId,
    },
    /// It stands still: automation that asks hears no.
    Paused {
        /// Which.
        change: ChangeId,
        /// Why.
        why: Pause,
    },
    /// It goes on.
    Resumed {
        /// Which.
        change: ChangeId,
    },
    /// A database changed without a plan.
    WatchOpened {
        /// The change watch.
        change: ChangeId,
        /// Which database.
        database: Element,
        /// What is different.
        differences: BTreeSet<Difference>,
    },
    /// A database changed as part of a change.
    Noted {
        /// Which change.
        change: ChangeId,
        /// Which database.
        database: Element,
        /// What is different.
        differences: BTreeSet<Difference>,
    },
    /// Somebody told of it.
    Announced {
        /// Which change it is part of; one that is over, where that was a moment ago.
        change: ChangeId,
        /// Who.
        by: String,
        /// What, in a few words.
        what: String,
    },
    /// Run these now, each anew, and say `Checked`.
    Validate {
        /// For which change.
        change: ChangeId,
        /// As which round.
        round: u32,
        /// Which.
        checks: BTreeSet<Check>,
    },
    /// Ask this person by their own ways whether they are there.
    Ask {
        /// For which change.
        change: ChangeId,
        /// Whom.
        person: PersonName,
    },
    /// Every check has passed.
    Proven {
        /// Of which change.
        change: ChangeId,
    },
    /// It is over.
    Finished {
        /// Which.
        change: ChangeId,
    },
    /// It was broken off, and what had begun is proven.
    Aborted {
        /// Which.
        change: ChangeId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// It was planned, and its window is long over.
    Expired {
        /// Which.
        change: ChangeId,
    },
    /// It takes longer than its window.
    Overran {
        /// Which.
        change: ChangeId,
    },
    /// Call whoever is on call.
    Page {
        /// For which change.
        change: ChangeId,
        /// Why.
        why: Why,
    },
    /// It was not done.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}
