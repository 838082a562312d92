//! Components: what the public knows the service by.

use crate::watch::element::{Element, Selector};
use crate::watch::incident::Population;
use crate::watch::signal::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A component's state, in the words of Statuspage.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// It does what it should.
    #[default]
    Operational,
    /// It is being worked on, and nothing of it fails.
    UnderMaintenance,
    /// It works, worse than it should.
    DegradedPerformance,
    /// It does not work for some.
    PartialOutage,
    /// It does not work for half of all, or more.
    MajorOutage,
}

impl fmt::Display for ComponentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operational => "operational",
            Self::UnderMaintenance => "under maintenance",
            Self::DegradedPerformance => "degraded performance",
            Self::PartialOutage => "partial outage",
            Self::MajorOutage => "major outage",
        })
    }
}

/// A component. Configuration, no part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its name, as the public reads it.
    pub name: String,
    /// The group that it is shown in.
    #[serde(default)]
    pub group: Option<String>,
    /// What it is made of.
    pub elements: Vec<Selector>,
    /// It never gets worse than this by itself.
    #[serde(default)]
    pub worst: Option<ComponentState>,
    /// Whether watch sets its state; else a person does.
    #[serde(default = "yes")]
    pub auto: bool,
}

fn yes() -> bool {
    true
}

/// When an entry opens by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoOpen {
    /// So long after the incident was declared: the time for a veto.
    pub after: Duration,
    /// For incidents of these elements, or in which these fail.
    pub elements: Vec<Selector>,
}

/// The page's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// In the order in which they are shown.
    pub components: Vec<Component>,
    /// When an entry opens by itself.
    pub auto_open: AutoOpen,
    /// How many there are of each kind of element.
    pub population: Population,
}

impl Component {
    /// Its state when this fails, and nothing else.
    pub fn state(
        &self,
        failing: &BTreeMap<Element, Severity>,
        population: &Population,
    ) -> ComponentState {
        if !self.auto {
            return ComponentState::Operational;
        }
        let states = self.elements.iter().map(|selector| {
            let fails = |at_least: Severity| {
                let selected = failing.iter().filter(|(element, severity)| {
                    **severity >= at_least && selector.selects(element)
                });
                selected.count()
            };
            let down = fails(Severity::Critical);
            let all = match selector.name {
                Some(_) => 1,
                None => population.get(&selector.kind).copied().unwrap_or(0),
            };
            match () {
                () if down > 0 && down * 2 >= all => ComponentState::MajorOutage,
                () if down > 0 => ComponentState::PartialOutage,
                () if fails(Severity::Warning) > 0 => ComponentState::DegradedPerformance,
                () => ComponentState::Operational,
            }
        });
        let state = states.max().unwrap_or_default();
        self.worst.map_or(state, |worst| state.min(worst))
    }
}
