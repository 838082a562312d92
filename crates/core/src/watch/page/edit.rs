//! What people do to the page: a veto, an entry, an update, a component's state.

use super::component::{ComponentState, Page};
use super::entry::{Author, Publication, Stage};
use super::event::{Amendment, Effect, Refusal};
use super::postmortem::DRAFT;
use super::status::StatusPage;
use super::tell::say;
use crate::time::Timestamp;
use crate::watch::incident::IncidentId;

impl StatusPage {
    pub(super) fn veto(
        &mut self,
        incident: IncidentId,
        by: String,
        reason: String,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        let entry = self.entries.get_mut(&incident).ok_or(Refusal::Unknown)?;
        if entry.is_published() {
            return Err(Refusal::Published);
        }
        entry.publication = Publication::Vetoed {
            by: by.clone(),
            reason: reason.clone(),
        };
        effects.push(Effect::Vetoed {
            incident,
            by,
            reason,
        });
        Ok(())
    }

    pub(super) fn publish(
        &mut self,
        incident: IncidentId,
        name: String,
        body: String,
        author: Author,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let entry = self.entries.get_mut(&incident).ok_or(Refusal::Unknown)?;
        if entry.is_published() {
            return Err(Refusal::Published);
        }
        entry.publication = Publication::Published { at: now };
        entry.name.clone_from(&name);
        effects.push(Effect::Published { incident, name });
        let stage = entry.stage;
        entry.write(stage, body, author, now, effects);
        Ok(())
    }

    /// The headline of what a person publishes.
    pub(super) fn headline(
        &self,
        incident: IncidentId,
        name: String,
        body: &str,
        page: &Page,
    ) -> Result<String, Refusal> {
        let entry = self.entries.get(&incident).ok_or(Refusal::Unknown)?;
        if body.trim().is_empty() {
            return Err(Refusal::NoText);
        }
        if !name.trim().is_empty() {
            return Ok(name);
        }
        say(&entry.failing, page).0.ok_or(Refusal::NoName)
    }

    /// What an update changes beside; nothing, where the update would not be taken.
    pub(super) fn amend(
        &mut self,
        incident: IncidentId,
        stage: Stage,
        body: &str,
        also: Amendment,
        page: &Page,
    ) -> Result<(), Refusal> {
        let entry = self.entries.get_mut(&incident).ok_or(Refusal::Unknown)?;
        entry.may_post(stage)?;
        if body.trim().is_empty() {
            return Err(Refusal::NoText);
        }
        if stage == Stage::Postmortem && body.contains(DRAFT) {
            return Err(Refusal::Draft);
        }
        are_components(also.components.keys(), page)?;
        if let Some(name) = also.name.filter(|it| !it.trim().is_empty()) {
            entry.name = name;
        }
        if let Some(impact) = also.impact {
            entry.impact = impact;
            entry.judged = true;
        }
        entry.said.extend(also.components);
        Ok(())
    }

    pub(super) fn post(
        &mut self,
        incident: IncidentId,
        stage: Stage,
        body: String,
        author: Author,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let entry = self.entries.get_mut(&incident).ok_or(Refusal::Unknown)?;
        entry.may_post(stage)?;
        entry.write(stage, body, author, now, effects);
        Ok(())
    }

    pub(super) fn set(
        &mut self,
        component: String,
        state: Option<ComponentState>,
        page: &Page,
    ) -> Result<(), Refusal> {
        are_components([&component], page)?;
        match state {
            Some(state) => self.set.insert(component, state),
            None => self.set.remove(&component),
        };
        Ok(())
    }
}

/// Whether the page has all of these.
pub(super) fn are_components<'a>(
    names: impl IntoIterator<Item = &'a String>,
    page: &Page,
) -> Result<(), Refusal> {
    let known = |name: &String| page.components.iter().any(|it| it.name == *name);
    match names.into_iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(component) => Err(Refusal::NoSuchComponent {
            component: component.clone(),
        }),
    }
}
