//! The words: what states and stages are called, by people and in the API.

use twinline_core::watch::incident::Impact;
use twinline_core::watch::page::{ComponentState, MaintenanceStage, Stage};

/// In the API and in the style sheet.
pub(super) const fn state_word(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "operational",
        ComponentState::UnderMaintenance => "under_maintenance",
        ComponentState::DegradedPerformance => "degraded_performance",
        ComponentState::PartialOutage => "partial_outage",
        ComponentState::MajorOutage => "major_outage",
    }
}

pub(super) const fn state_label(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "Operational",
        ComponentState::UnderMaintenance => "Under maintenance",
        ComponentState::DegradedPerformance => "Degraded performance",
        ComponentState::PartialOutage => "Partial outage",
        ComponentState::MajorOutage => "Major outage",
    }
}

pub(super) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "investigating",
        Stage::Identified => "identified",
        Stage::Monitoring => "monitoring",
        Stage::Resolved => "resolved",
        Stage::Postmortem => "postmortem",
    }
}

pub(super) const fn stage_label(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "Investigating",
        Stage::Identified => "Identified",
        Stage::Monitoring => "Monitoring",
        Stage::Resolved => "Resolved",
        Stage::Postmortem => "Postmortem",
    }
}

pub(super) const fn impact_word(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "none",
        Impact::Minor => "minor",
        Impact::Major => "major",
        Impact::Critical => "critical",
    }
}

pub(super) const fn impact_label(impact: Impact) -> &'static str {
    match impact {
        Impact::None => "No impact",
        Impact::Minor => "Minor impact",
        Impact::Major => "Major impact",
        Impact::Critical => "Critical impact",
    }
}

pub(super) const fn maintenance_word(stage: MaintenanceStage) -> &'static str {
    match stage {
        MaintenanceStage::Scheduled => "scheduled",
        MaintenanceStage::InProgress => "in_progress",
        MaintenanceStage::Verifying => "verifying",
        MaintenanceStage::Completed => "completed",
    }
}

pub(super) const fn maintenance_label(stage: MaintenanceStage) -> &'static str {
    match stage {
        MaintenanceStage::Scheduled => "Scheduled",
        MaintenanceStage::InProgress => "In progress",
        MaintenanceStage::Verifying => "Verifying",
        MaintenanceStage::Completed => "Completed",
    }
}

/// A share of uptime in percent, never rounded up: 100 % is without a gap.
pub(super) fn percent(ppm: u32) -> String {
    if ppm >= 1_000_000 {
        return "100 %".to_owned();
    }
    format!("{}.{:02} %", ppm / 10_000, ppm % 10_000 / 100)
}
