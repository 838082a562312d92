//! An incident, as the public reads it.

use super::component::ComponentState;
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::incident::{Impact, IncidentId};
use crate::watch::signal::Severity;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The cause is being looked for.
    Investigating,
    /// The cause is known.
    Identified,
    /// Nothing fails any more; it is watched.
    Monitoring,
    /// A person says that it is over.
    Resolved,
    /// And has written what it was.
    Postmortem,
}

/// Whether the public reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "publication", rename_all = "snake_case")]
pub enum Publication {
    /// Not by itself: it is nothing that opens the page.
    Unasked,
    /// Soon, unless a person vetoes it.
    Waiting {
        /// Until when.
        until: Wait,
    },
    /// A person said no.
    Vetoed {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// It does.
    Published {
        /// Since when.
        at: Timestamp,
    },
}

/// Who wrote an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Watch itself.
    Watch,
    /// A person.
    Person(String),
}

/// One update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// When.
    pub at: Timestamp,
    /// How far it was then.
    pub stage: Stage,
    /// What it says.
    pub body: String,
    /// Who wrote it.
    pub author: Author,
    /// Components whose state changed with it: from what, to what.
    pub components: BTreeMap<String, (ComponentState, ComponentState)>,
}

/// An incident's entry, published or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The incident's number.
    pub incident: IncidentId,
    /// Its headline; empty until it is published.
    pub name: String,
    /// What the incident is named after. Not shown to the public.
    pub element: Element,
    /// The worst impact that it had, or what a person says.
    pub impact: Impact,
    /// Whether a person said so: then what fails changes it no more.
    #[serde(default)]
    pub judged: bool,
    /// What fails in it now.
    pub failing: BTreeMap<Element, Severity>,
    /// Components whose state it has changed.
    pub affected: BTreeSet<String>,
    /// What a person says of components: it counts in place of what fails in it, until it is over or comes back.
    #[serde(default)]
    pub said: BTreeMap<String, ComponentState>,
    /// When it was detected.
    pub began: Timestamp,
    /// Whether the public reads it.
    pub publication: Publication,
    /// How far it is.
    pub stage: Stage,
    /// From the first to the last.
    pub updates: Vec<Update>,
    /// When nothing failed any more.
    pub monitoring_at: Option<Timestamp>,
    /// When a person resolved it.
    pub resolved_at: Option<Timestamp>,
}

impl Entry {
    /// Whether the public reads it.
    pub fn is_published(&self) -> bool {
        matches!(self.publication, Publication::Published { .. })
    }

    /// Whether it is over.
    pub fn is_resolved(&self) -> bool {
        self.stage >= Stage::Resolved
    }
}
