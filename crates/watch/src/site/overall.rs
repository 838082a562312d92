//! The page in one word.

use super::shown::Shown;
use twinline_core::watch::incident::Impact;
use twinline_core::watch::page::{ComponentState, Stage};

/// How bad it is, in the words of Statuspage's `status.indicator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Indicator {
    None,
    Maintenance,
    Minor,
    Major,
    Critical,
}

impl Indicator {
    /// The word in the API and the style sheet.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Maintenance => "maintenance",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

/// The page's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overall {
    pub(super) indicator: Indicator,
    pub(super) description: &'static str,
}

/// From the components' states, as Statuspage's documentation describes it
/// (support.atlassian.com/statuspage/docs/top-level-status-and-incident-impact-calculations). An incident that is being
/// worked on while no component shows it is told too: a person has published it.
pub(super) fn overall(shown: &Shown) -> Overall {
    let states: Vec<ComponentState> = (shown.page.components.iter())
        .map(|component| shown.state(component))
        .collect();
    let all = |state| states.iter().all(|it| *it == state);
    let any = |state| states.contains(&state);
    let (indicator, description) = match () {
        () if states.is_empty() => (Indicator::None, ""),
        () if all(ComponentState::MajorOutage) => (Indicator::Critical, "Major System Outage"),
        () if any(ComponentState::MajorOutage) => (Indicator::Critical, "Partial System Outage"),
        () if all(ComponentState::PartialOutage) => (Indicator::Major, "Partial System Outage"),
        () if any(ComponentState::PartialOutage) => (Indicator::Major, "Minor Service Outage"),
        () if all(ComponentState::DegradedPerformance) => {
            (Indicator::Minor, "Degraded System Service")
        }
        () if any(ComponentState::DegradedPerformance) => {
            (Indicator::Minor, "Partially Degraded Service")
        }
        () if any(ComponentState::UnderMaintenance) => {
            (Indicator::Maintenance, "Service Under Maintenance")
        }
        () => (Indicator::None, ""),
    };
    if indicator < Indicator::Minor && is_worked_on(shown) {
        return Overall {
            indicator: Indicator::Minor,
            description: "Incident Under Investigation",
        };
    }
    let description = match indicator {
        Indicator::None => "All Systems Operational",
        _ => description,
    };
    Overall {
        indicator,
        description,
    }
}

fn is_worked_on(shown: &Shown) -> bool {
    let mut incidents = shown.incidents().into_iter();
    incidents.any(|it| it.stage < Stage::Monitoring && it.impact > Impact::None)
}
