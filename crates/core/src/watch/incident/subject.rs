//! One subject, as its sources see it.

use super::effect::Reason;
use super::state::IncidentId;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::signal::{Severity, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A subject, with each source's last word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    pub(super) signals: BTreeMap<String, State>,
    pub(super) belongs: Belongs,
    /// Since when it is well, as a member of an incident.
    pub(super) well_since: Option<Timestamp>,
}

/// Whose a subject is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub(super) enum Belongs {
    /// Nobody's: it is well.
    #[default]
    None,
    /// It fails, and is judged at the window's end.
    Gathered,
    /// It fails, was judged, and is no incident; it is judged again with the next window.
    Undeclared {
        /// As was said.
        reason: Reason,
    },
    /// An incident's, until that closes.
    Incident {
        /// Which.
        id: IncidentId,
    },
    /// A person dismissed its failure.
    Dismissed,
}

impl Subject {
    fn failing(&self) -> impl Iterator<Item = (Severity, &Path)> {
        self.signals.values().filter_map(|state| match state {
            State::Passing => None,
            State::Failing {
                severity,
                implicates,
                ..
            } => Some((*severity, implicates)),
        })
    }

    /// Whether any source says so.
    pub(super) fn fails(&self) -> bool {
        self.failing().next().is_some()
    }

    /// The worst that any source says.
    pub(super) fn severity(&self) -> Severity {
        let worst = self.failing().map(|(severity, _)| severity).max();
        worst.unwrap_or(Severity::Info)
    }

    /// All that any source implicates.
    pub(super) fn implicates(&self) -> Path {
        self.failing().flat_map(|(_, path)| path.clone()).collect()
    }

    /// Whether the element may be the reason why it, named `own`, fails.
    pub(super) fn may_fail_by(&self, own: &Element, element: &Element) -> bool {
        own == element || self.failing().any(|(_, path)| path.contains(element))
    }

    /// Whether its own sources find it well.
    pub(super) fn is_proven(&self) -> bool {
        !self.signals.is_empty() && !self.fails()
    }
}
