//! What the public is shown, as of an instant.

use serde::{Deserialize, Serialize};
use twinline_core::time::Timestamp;
use twinline_core::watch::escalation::Zone;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::page::{
    Component, ComponentState, Entry, Maintenance, MaintenanceId, MaintenanceStage, Page,
    Publication, StatusPage,
};
use url::Url;

/// All that the page, the API and the feeds are made of. The driver publishes it anew whenever something of it changed,
/// and at least every [`Settings::stale_after`](super::Settings::stale_after), for else the page says that it is old.
///
/// Can be sent as JSON, to whoever makes an export of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The page's name: `status.name`.
    pub name: String,
    /// The place whose clock the page shows: `status.time_zone`.
    pub time_zone: Zone,
    /// Where the page is reached: what the API and the feeds link to. Without it they link to where they were asked.
    pub public_url: Option<Url>,
    /// The machine's state.
    pub status: StatusPage,
    /// The machine's configuration.
    pub page: Page,
    /// When it was true: the last time that the driver looked.
    pub at: Timestamp,
}

impl Shown {
    /// Incidents that the public reads, the last published first.
    pub(super) fn incidents(&self) -> Vec<&Entry> {
        let mut all: Vec<&Entry> = (self.status.entries())
            .filter(|it| it.is_published())
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse((published_at(it), it.incident)));
        all
    }

    /// One that the public reads.
    pub(super) fn incident(&self, id: IncidentId) -> Option<&Entry> {
        self.status.entry(id).filter(|it| it.is_published())
    }

    /// All maintenance, the last to begin first.
    pub(super) fn maintenances(&self) -> Vec<(MaintenanceId, &Maintenance)> {
        let mut all: Vec<_> = self.status.maintenances().collect();
        all.sort_by_key(|(id, it)| std::cmp::Reverse((it.from, *id)));
        all
    }

    /// Maintenance that is announced, the next first.
    pub(super) fn upcoming(&self) -> Vec<(MaintenanceId, &Maintenance)> {
        let mut all = self.maintenances();
        all.retain(|(_, it)| it.stage == MaintenanceStage::Scheduled);
        all.reverse();
        all
    }

    /// Maintenance that is under way.
    pub(super) fn active(&self) -> Vec<(MaintenanceId, &Maintenance)> {
        let mut all = self.maintenances();
        all.retain(|(_, it)| it.is_active());
        all
    }

    /// One maintenance.
    pub(super) fn maintenance(&self, id: MaintenanceId) -> Option<&Maintenance> {
        let mut all = self.status.maintenances();
        all.find(|(known, _)| *known == id).map(|(_, it)| it)
    }

    /// A component's state.
    pub(super) fn state(&self, component: &Component) -> ComponentState {
        self.status.state(component, &self.page)
    }

    /// The groups in the order of their first component, each with its components; those without a group stand alone.
    pub(super) fn groups(&self) -> Vec<(Option<&str>, Vec<&Component>)> {
        let mut groups: Vec<(Option<&str>, Vec<&Component>)> = Vec::new();
        for component in &self.page.components {
            let group = component.group.as_deref();
            let known = groups.iter_mut().find(|(name, _)| *name == group);
            match known {
                Some((Some(_), components)) => components.push(component),
                _ => groups.push((group, vec![component])),
            }
        }
        groups
    }

    /// When something of it changed last; when it was looked at, if nothing ever did.
    pub(super) fn changed_at(&self) -> Timestamp {
        let incidents = self.status.entries().filter(|it| it.is_published());
        let updates = incidents.filter_map(|it| it.updates.last().map(|last| last.at));
        let maintenances = self.status.maintenances();
        let notes = maintenances.filter_map(|(_, it)| it.updates.last().map(|last| last.0));
        let components = self.page.components.iter();
        let states = components.filter_map(|it| self.status.history(&it.name)?.changed_at());
        let last = updates.chain(notes).chain(states).max();
        last.unwrap_or(self.at)
    }
}

/// Since when the public reads it.
pub(super) fn published_at(entry: &Entry) -> Timestamp {
    match entry.publication {
        Publication::Published { at } => at,
        _ => entry.began,
    }
}

/// When something was said of it last.
pub(super) fn updated_at(entry: &Entry) -> Timestamp {
    entry
        .updates
        .last()
        .map_or_else(|| published_at(entry), |last| last.at)
}

/// When it was announced.
pub(super) fn announced_at(maintenance: &Maintenance) -> Timestamp {
    let first = maintenance.updates.first();
    first.map_or(maintenance.from, |it| it.0)
}

/// When something was said of it last.
pub(super) fn noted_at(maintenance: &Maintenance) -> Timestamp {
    let last = maintenance.updates.last();
    last.map_or(maintenance.from, |it| it.0)
}

/// When it was over.
pub(super) fn completed_at(maintenance: &Maintenance) -> Option<Timestamp> {
    (maintenance.stage == MaintenanceStage::Completed).then(|| noted_at(maintenance))
}
