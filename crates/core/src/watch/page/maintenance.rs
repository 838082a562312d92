//! Planned work.

use super::event::{Effect, Refusal};
use super::status::StatusPage;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most maintenance that is not over.
const AHEAD_MAX: usize = 200;
/// The most updates of one.
const UPDATES_MAX: usize = 500;

/// A maintenance's number, given by whoever plans it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaintenanceId(pub u64);

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceStage {
    /// It is announced.
    Scheduled,
    /// It is under way. Never by the clock alone: whoever does it says so.
    InProgress,
    /// It is done, and being proven.
    Verifying,
    /// It is proven, or was called off.
    Completed,
}

/// A maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Its headline.
    pub name: String,
    /// Which components it touches.
    pub components: BTreeSet<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How far it is.
    pub stage: MaintenanceStage,
    /// What was said, and when.
    pub updates: Vec<(Timestamp, MaintenanceStage, String)>,
    /// Whether it was told that it takes longer.
    pub(super) overran: bool,
}

impl Maintenance {
    /// One that is announced.
    pub(super) fn planned(
        name: String,
        components: BTreeSet<String>,
        from: Timestamp,
        until: Timestamp,
    ) -> Self {
        Self {
            name,
            components,
            from,
            until,
            stage: MaintenanceStage::Scheduled,
            updates: Vec::new(),
            overran: false,
        }
    }

    /// Whether components are worked on.
    pub fn is_active(&self) -> bool {
        matches!(
            self.stage,
            MaintenanceStage::InProgress | MaintenanceStage::Verifying
        )
    }
}

impl StatusPage {
    pub(super) fn plan(
        &mut self,
        id: MaintenanceId,
        planned: Maintenance,
        body: String,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.maintenances.get(&id);
        if known.is_some_and(|it| it.stage != MaintenanceStage::Scheduled) {
            return Err(Refusal::WrongStage);
        }
        if planned.until <= planned.from {
            return Err(Refusal::NoTime);
        }
        if planned.name.trim().is_empty() {
            return Err(Refusal::NoName);
        }
        let ahead = self.maintenances.values();
        let ahead = ahead.filter(|it| it.stage != MaintenanceStage::Completed);
        if known.is_none() && ahead.count() >= AHEAD_MAX {
            return Err(Refusal::Full);
        }
        let body = match body.trim() {
            "" => format!("{} is planned.", planned.name),
            _ => body,
        };
        let updates = known.map(|it| it.updates.clone()).unwrap_or_default();
        self.maintenances
            .insert(id, Maintenance { updates, ..planned });
        self.note(id, body, now, effects);
        Ok(())
    }

    pub(super) fn maintain(
        &mut self,
        id: MaintenanceId,
        stage: MaintenanceStage,
        body: String,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.maintenances.get_mut(&id).ok_or(Refusal::Unknown)?;
        // Work may go back from being proven; nothing comes back from its end, and nothing is announced again.
        if known.stage == MaintenanceStage::Completed {
            return Err(Refusal::Completed);
        }
        if stage == MaintenanceStage::Scheduled && known.stage != stage {
            return Err(Refusal::WrongStage);
        }
        let body = match (body.trim(), stage) {
            ("", MaintenanceStage::Scheduled) => return Err(Refusal::NoText),
            ("", MaintenanceStage::InProgress) => "The work has begun.".to_owned(),
            ("", MaintenanceStage::Verifying) => "The work is done, and being proven.".to_owned(),
            ("", MaintenanceStage::Completed) => "The work is completed.".to_owned(),
            _ => body,
        };
        // It can always be ended.
        if known.updates.len() >= UPDATES_MAX && stage != MaintenanceStage::Completed {
            return Err(Refusal::Full);
        }
        known.stage = stage;
        self.note(id, body, now, effects);
        Ok(())
    }

    fn note(&mut self, id: MaintenanceId, body: String, now: Timestamp, effects: &mut Vec<Effect>) {
        if let Some(known) = self.maintenances.get_mut(&id) {
            known.updates.push((now, known.stage, body.clone()));
            effects.push(Effect::Maintained {
                maintenance: id,
                stage: known.stage,
                body,
            });
        }
    }
}
