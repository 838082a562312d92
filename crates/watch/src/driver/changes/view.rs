//! What people are shown of changes.

use super::record::{Happened, Proof, Record, Standing};
use crate::driver::machines::Machines;
use crate::driver::setup::Setup;
use serde::Serialize;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{Change, ChangeId, Check, Kind};
use twinline_core::watch::element::Path;
use twinline_core::watch::escalation::PersonName;

/// All changes, the newest first, and what there is to say beside.
#[derive(Clone, Debug, Serialize)]
pub struct List {
    /// Changes.
    pub changes: Vec<Shown>,
    /// Who is on call: who may say that they are there.
    pub on_call: BTreeSet<PersonName>,
    /// What proves a change.
    pub proofs: BTreeSet<Check>,
    /// Those that fail now: while there are some, automation hears no.
    pub failing: BTreeSet<Check>,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// Its number.
    pub change: ChangeId,
    /// What it is, in one line.
    pub title: String,
    /// How it came about; of a planned one also its window, of a noticed one what was seen.
    #[serde(flatten)]
    pub kind: Kind,
    /// What it touches.
    pub elements: Path,
    /// Where it is.
    #[serde(flatten)]
    pub standing: Standing,
    /// Since when it is there.
    pub since: Timestamp,
    /// When it was planned, or noticed.
    pub opened_at: Timestamp,
    /// Who is there.
    pub present: Option<PersonName>,
    /// Who was asked whether they are there, and has not said so yet.
    pub asked: BTreeSet<PersonName>,
    /// Until when their word holds.
    pub present_until: Option<Timestamp>,
    /// Which round of checks it is in.
    pub round: Option<u32>,
    /// What has not passed in it.
    pub missing: BTreeSet<Check>,
    /// That all have passed.
    pub proof: Option<Proof>,
}

/// One change with all that happened in it.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    /// The change.
    #[serde(flatten)]
    pub shown: Shown,
    /// Those of its elements that no probe looks at or goes through: a misspelt name is among them.
    pub unwatched: Path,
    /// What happened, the oldest first.
    pub story: Vec<Happened>,
}

/// One change as it is now.
pub(super) fn shown(record: &Record, machines: &Machines) -> Shown {
    let mut known = machines.changes.gate.changes();
    let known = known.find(|it| it.id == record.change);
    let validation = known.and_then(|it| it.validation.as_ref());
    Shown {
        change: record.change,
        title: record.title(),
        kind: record.kind.clone(),
        elements: record.elements.clone(),
        standing: record.standing.clone(),
        since: record.since,
        opened_at: record.opened,
        present: known.and_then(Change::present).cloned(),
        asked: known.into_iter().flat_map(Change::asked).cloned().collect(),
        present_until: known.and_then(Change::present_until),
        round: validation.map(|it| it.round),
        missing: validation.map(|it| it.missing()).unwrap_or_default(),
        proof: record.proof.clone(),
    }
}

/// One change with all that happened in it.
pub(super) fn detail(record: &Record, machines: &Machines, setup: &Setup) -> Detail {
    let looked_at = |element: &_| {
        let mut all = setup.watched.iter();
        all.any(|it| it.subject == *element || it.implicates.contains(element))
    };
    let elements = record.elements.iter();
    Detail {
        shown: shown(record, machines),
        unwatched: elements.filter(|it| !looked_at(it)).cloned().collect(),
        story: record.story.iter().cloned().collect(),
    }
}
