//! The words: what an entry says by itself, and how an update is written.

use super::component::{ComponentState, Page};
use super::entry::{Author, Entry, Stage, Update};
use super::event::{Effect, Refusal};
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::incident::Impact;
use crate::watch::signal::Severity;
use std::collections::BTreeMap;

/// The most updates of one incident that people write.
const UPDATES_MAX: usize = 500;

impl Entry {
    /// What was never published is over when nothing of it fails.
    pub(super) fn silent_since(&self) -> Option<Timestamp> {
        self.monitoring_at.filter(|_| !self.is_published())
    }

    /// What had been over and fails is looked into again.
    pub(super) fn come_back(&mut self, now: Timestamp, page: &Page, effects: &mut Vec<Effect>) {
        if self.stage >= Stage::Monitoring && !self.failing.is_empty() {
            // A person said that before it failed again.
            self.said.clear();
            let (_, body) = say(&self.failing, page);
            self.write(Stage::Investigating, body, Author::Watch, now, effects);
        }
    }

    /// It is so bad by what fails; where a person has said how bad it is, that counts.
    pub(super) fn worsen(&mut self, impact: Impact) {
        if !self.judged {
            self.impact = self.impact.max(impact);
        }
    }

    /// Whether a person may say now that it is so far.
    pub(super) fn may_post(&self, stage: Stage) -> Result<(), Refusal> {
        if !self.is_published() {
            return Err(Refusal::NotPublished);
        }
        if stage >= Stage::Monitoring && !self.failing.is_empty() {
            let subjects = self.failing.keys().cloned().collect();
            return Err(Refusal::StillFailing { subjects });
        }
        // What is over may get a postmortem; what is not may not. Over is over: what comes back says so by failing.
        if (stage == Stage::Postmortem) != self.is_resolved() {
            return Err(Refusal::WrongStage);
        }
        // It can always be ended.
        if self.updates.len() >= UPDATES_MAX && stage < Stage::Resolved {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        stage: Stage,
        body: String,
        author: Author,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.stage = stage;
        match stage {
            Stage::Investigating | Stage::Identified => {
                self.monitoring_at = None;
                self.resolved_at = None;
            }
            Stage::Monitoring => {
                self.monitoring_at.get_or_insert(now);
            }
            Stage::Resolved => {
                self.resolved_at.get_or_insert(now);
                self.said.clear();
            }
            Stage::Postmortem => {}
        }
        if !self.is_published() {
            return;
        }
        let update = Update {
            at: now,
            stage,
            body,
            author,
            components: BTreeMap::new(),
        };
        self.updates.push(update.clone());
        effects.push(Effect::Updated {
            incident: self.incident,
            update,
        });
    }

    /// Whether an update of it is being told.
    pub(super) fn is_told(&self, effects: &[Effect]) -> bool {
        let own = |it: &Effect| matches!(it, Effect::Updated { incident, .. } if *incident == self.incident);
        effects.iter().any(own)
    }

    /// Says which components changed: in the update that is being told anyway, or in one of its own.
    pub(super) fn tell(
        &mut self,
        changed: BTreeMap<String, (ComponentState, ComponentState)>,
        now: Timestamp,
        page: &Page,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_told(effects) {
            let (_, body) = say(&self.failing, page);
            self.write(self.stage, body, Author::Watch, now, effects);
        }
        let told = effects.iter_mut().rev().find_map(|it| match it {
            Effect::Updated { incident, update } if *incident == self.incident => Some(update),
            _ => None,
        });
        if let (Some(told), Some(last)) = (told, self.updates.last_mut()) {
            last.components = changed;
            told.components.clone_from(&last.components);
        }
    }
}

/// What is true when this fails: a headline, if the public is affected, and a text that names what works as well.
pub(super) fn say(failing: &BTreeMap<Element, Severity>, page: &Page) -> (Option<String>, String) {
    let states: Vec<(&str, ComponentState)> = (page.components.iter())
        .filter(|component| component.auto)
        .map(|component| {
            let state = component.state(failing, &page.population);
            (component.name.as_str(), state)
        })
        .collect();
    let affected = |it: &&(&str, ComponentState)| it.1 != ComponentState::Operational;
    // Of equally bad ones the first that is shown.
    let worst = (states.iter().filter(affected)).reduce(
        |worst, it| {
            if it.1 > worst.1 { it } else { worst }
        },
    );
    let name = worst.map(|(name, state)| format!("{name}: {state}"));
    let lines: Vec<String> = (states.iter().filter(affected))
        .chain(states.iter().filter(|it| !affected(it)))
        .map(|(name, state)| format!("{name}: {state}."))
        .collect();
    (name, lines.join(" "))
}
