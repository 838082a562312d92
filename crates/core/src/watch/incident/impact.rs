//! How much of the service an incident takes away.

use crate::watch::element::{Kind, Path};
use crate::watch::signal::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An incident's impact, in the words of a status page.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Nobody notices.
    #[default]
    None,
    /// Something beside the main job is affected.
    Minor,
    /// Syncs of some stand still.
    Major,
    /// Syncs of half or more stand still.
    Critical,
}

/// How many there are of each kind.
pub type Population = BTreeMap<Kind, usize>;

/// What the main job needs.
const CARRIES_SYNCS: [Kind; 4] = [Kind::Edge, Kind::Host, Kind::CanarySync, Kind::Node];

impl Impact {
    /// From what fails, never from what is suspected: a database whose commits hang while syncs flow is minor.
    pub fn of(severity: Severity, failing: &Path, population: &Population) -> Self {
        if severity == Severity::Info {
            return Self::None;
        }
        let mut impact = Self::Minor;
        for kind in CARRIES_SYNCS {
            let fails = failing.iter().filter(|it| it.kind == kind).count();
            let all = population.get(&kind).copied().unwrap_or(0).max(fails);
            if fails > 0 && severity == Severity::Critical {
                impact = impact.max(if fails * 2 >= all {
                    Self::Critical
                } else {
                    Self::Major
                });
            }
        }
        impact
    }
}
