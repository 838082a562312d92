//! Go or no go: what automation is told that asks before it does something.

use super::event::Refusal;
use super::gate::{Context, Gate};
use super::state::{Change, ChangeId, Kind, Pause, Stage};
use super::validation::Validation;
use crate::watch::element::Path;
use serde::{Deserialize, Serialize};

/// What automation that asks is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Go on, as part of this.
    Go {
        /// Which change.
        change: ChangeId,
    },
    /// Not now.
    NoGo {
        /// Why.
        #[serde(flatten)]
        refusal: Refusal,
    },
}

impl Gate {
    /// Whether automation may touch these elements now: while a change that covers all of them runs, with somebody there,
    /// nothing of it has changed unproven, and nothing fails that would have to prove it afterwards.
    pub fn may(&self, elements: &Path, context: &Context) -> Answer {
        match self.running(elements, context) {
            Ok(change) => Answer::Go { change },
            Err(refusal) => Answer::NoGo { refusal },
        }
    }

    fn running(&self, elements: &Path, context: &Context) -> Result<ChangeId, Refusal> {
        if elements.is_empty() {
            return Err(Refusal::Empty);
        }
        let planned = |it: &&Change| matches!(it.kind, Kind::Planned { .. });
        let covers = |it: &&Change| elements.is_subset(&it.elements);
        let covering: Vec<&Change> = self.changes().filter(planned).filter(covers).collect();
        let running = covering.iter().find(|it| it.stage == Stage::Running);
        let Some(running) = running else {
            let paused = Stage::Paused(Pause::PresenceLapsed);
            return Err(if covering.is_empty() {
                Refusal::Unknown
            } else if covering.iter().any(|it| it.stage == paused) {
                Refusal::NobodyPresent
            } else {
                Refusal::WrongStage
            });
        };
        self.is_sound(elements, context)?;
        Ok(running.id)
    }

    fn is_sound(&self, elements: &Path, context: &Context) -> Result<(), Refusal> {
        let mut noticed = self.changes().filter(|it| {
            matches!(it.kind, Kind::Noticed { .. }) && !elements.is_disjoint(&it.elements)
        });
        if let Some(unproven) = noticed.next() {
            let missing = unproven.validation.as_ref().map(Validation::missing);
            let missing = missing.unwrap_or_default();
            return Err(Refusal::NotProven { missing });
        }
        if context.failing.is_empty() {
            return Ok(());
        }
        let failing = context.failing.clone();
        Err(Refusal::Failing { failing })
    }
}
