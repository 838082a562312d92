//! An incident, and the numbers that shape it.

use super::reports::ReportId;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::signal::Severity;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// An incident's number, counted up from 1 by each watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub u64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where an incident is, seen from what fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Something of it fails, or tenants say so.
    Open,
    /// Nothing of it fails; not for long enough to say so.
    Settling {
        /// Until when.
        until: Wait,
    },
    /// Nothing of it fails. The same element reopens it.
    Recovered {
        /// Until when.
        reopens_until: Wait,
    },
}

/// An incident that is open, or may reopen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// What explains it.
    pub element: Element,
    /// The worst that it was.
    pub severity: Severity,
    /// When it began.
    pub opened: Timestamp,
    /// Where it is.
    pub phase: Phase,
    /// All subjects that failed in it, whether or not they do now.
    pub members: Path,
    /// Those that fail now.
    pub failing: Path,
    /// The reports that belong to it.
    pub reports: BTreeSet<ReportId>,
    /// How often it was recovered and came back.
    pub reopened: u32,
}

/// The numbers. Not part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long failures are gathered before they are judged.
    pub window: Duration,
    /// So many failing subjects make an element that they share suspicious.
    pub share_min: usize,
    /// The same for an element that a probe of its own finds well.
    pub share_min_proven: usize,
    /// So many failing subjects are critical, whatever each is alone.
    pub critical_from: usize,
    /// Nothing must fail for this long, times two for each reopening up to eight, before it is recovered.
    pub settle: Duration,
    /// `watch.limits.reopen_within_s`.
    pub reopen_within: Duration,
    /// Reports of different tenants belong together for this long.
    pub reports_within: Duration,
    /// So many independent authenticated tenants open an incident.
    pub tenants_min: usize,
    /// What other monitoring says and does not say again is believed for so long.
    pub inbound_lasts: Duration,
    /// A tenant's reports are unusual when they are more than so many times what its last four weeks let expect.
    pub unusual_factor: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(1),
            share_min: 2,
            share_min_proven: 5,
            critical_from: 5,
            settle: Duration::from_secs(15),
            reopen_within: Duration::from_secs(900),
            reports_within: Duration::from_secs(1800),
            tenants_min: 2,
            inbound_lasts: Duration::from_secs(24 * 3600),
            unusual_factor: 3,
        }
    }
}
