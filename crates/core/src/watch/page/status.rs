//! The machine: entries, maintenance, components.

use super::component::{Component, ComponentState, Page};
use super::edit::are_components;
use super::entry::{Author, Entry, Publication, Stage};
use super::event::{Effect, Event, Refusal, Shown};
use super::history::History;
use super::maintenance::{Maintenance, MaintenanceId, MaintenanceStage};
use super::tell::say;
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::incident::IncidentId;
use crate::watch::signal::Severity;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Entries and maintenance that are over are kept this long.
const KEPT: Duration = Duration::from_secs(92 * 86_400);

/// All that the page shows. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusPage {
    pub(super) entries: BTreeMap<IncidentId, Entry>,
    pub(super) maintenances: BTreeMap<MaintenanceId, Maintenance>,
    histories: BTreeMap<String, History>,
    /// What a person set.
    pub(super) set: BTreeMap<String, ComponentState>,
}

impl StatusPage {
    /// All entries, published or not, the oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// One of them.
    pub fn entry(&self, incident: IncidentId) -> Option<&Entry> {
        self.entries.get(&incident)
    }

    /// All maintenance.
    pub fn maintenances(&self) -> impl Iterator<Item = (MaintenanceId, &Maintenance)> {
        self.maintenances.iter().map(|(id, it)| (*id, it))
    }

    /// A component's ninety days.
    pub fn history(&self, component: &str) -> Option<&History> {
        self.histories.get(component)
    }

    /// A component's state, as the public reads it.
    pub fn state(&self, component: &Component, page: &Page) -> ComponentState {
        if let Some(set) = self.set.get(&component.name) {
            return *set;
        }
        let state = self.in_incidents(component, page);
        let worked_on = self.maintenances.values();
        if worked_on
            .filter(|it| it.is_active())
            .any(|it| it.components.contains(&component.name))
        {
            return state.max(ComponentState::UnderMaintenance);
        }
        state
    }

    /// When it wants a `Tick`, though nothing happens.
    pub fn due(&self, page: &Page) -> Option<Timestamp> {
        let waiting = self
            .entries
            .values()
            .filter_map(|it| match &it.publication {
                // One that affects nobody waits until something of it changes.
                Publication::Waiting { until } => say(&it.failing, page).0.map(|_| until.due()),
                _ => None,
            });
        let overrun = self.maintenances.values();
        let overrun = overrun.filter(|it| it.is_active() && !it.overran);
        waiting.chain(overrun.map(|it| it.until)).min()
    }

    /// Hears an event at `now`, and shows whatever is due by then.
    pub fn apply(&mut self, event: Event, now: Timestamp, page: &Page) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Err(refusal) = self.hear(event, now, page, &mut effects) {
            effects.push(Effect::Refused { refusal });
        }
        self.open_by_itself(now, page, &mut effects);
        self.record(now, page, &mut effects);
        self.pass_time(now, &mut effects);
        effects
    }

    fn hear(
        &mut self,
        event: Event,
        now: Timestamp,
        page: &Page,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        match event {
            Event::Incident(shown) => self.incident(shown, now, page, effects),
            Event::Recovered { incident } => self.recovered(incident, now, effects),
            Event::Merged { incident, into } => self.merged(incident, into, now, page, effects),
            Event::Dismissed {
                incident,
                by,
                reason,
            } => self.dismissed(incident, by, reason, now, effects),
            Event::Veto {
                incident,
                by,
                reason,
            } => self.veto(incident, by, reason, effects)?,
            Event::Publish {
                incident,
                by,
                name,
                body,
            } => {
                let name = self.headline(incident, name, &body, page)?;
                self.publish(incident, name, body, Author::Person(by), now, effects)?;
            }
            Event::Post {
                incident,
                by,
                stage,
                body,
                also,
            } => {
                self.amend(incident, stage, &body, also, page)?;
                self.post(incident, stage, body, Author::Person(by), now, effects)?;
            }
            Event::Set { component, state } => self.set(component, state, page)?,
            Event::Plan {
                maintenance,
                name,
                components,
                from,
                until,
                body,
            } => {
                are_components(&components, page)?;
                let planned = Maintenance::planned(name, components, from, until);
                self.plan(maintenance, planned, body, now, effects)?;
            }
            Event::Maintain {
                maintenance,
                stage,
                body,
            } => self.maintain(maintenance, stage, body, now, effects)?,
            Event::Tick => {}
        }
        Ok(())
    }

    /// What all that the public reads makes of it: each incident by a person's word in it, or else by what fails.
    fn in_incidents(&self, component: &Component, page: &Page) -> ComponentState {
        let mut failing: BTreeMap<Element, Severity> = BTreeMap::new();
        let mut said = ComponentState::Operational;
        for entry in self.entries.values().filter(|it| it.is_published()) {
            if let Some(state) = entry.said.get(&component.name) {
                said = said.max(*state);
                continue;
            }
            for (element, severity) in &entry.failing {
                let worst = failing.entry(element.clone()).or_insert(*severity);
                *worst = (*worst).max(*severity);
            }
        }
        component.state(&failing, &page.population).max(said)
    }

    fn incident(&mut self, shown: Shown, now: Timestamp, page: &Page, effects: &mut Vec<Effect>) {
        let asked = |it: &Element| page.auto_open.elements.iter().any(|of| of.selects(it));
        let opens = shown.severity == Severity::Critical
            && (asked(&shown.element) || shown.failing.keys().any(asked));
        let entry = self.entries.entry(shown.incident).or_insert(Entry {
            incident: shown.incident,
            name: String::new(),
            element: shown.element.clone(),
            impact: shown.impact,
            judged: false,
            failing: BTreeMap::new(),
            affected: BTreeSet::new(),
            said: BTreeMap::new(),
            began: now,
            publication: Publication::Unasked,
            stage: Stage::Investigating,
            updates: Vec::new(),
            monitoring_at: None,
            resolved_at: None,
        });
        entry.element = shown.element;
        entry.worsen(shown.impact);
        entry.failing = shown.failing;
        if entry.publication == Publication::Unasked && opens {
            entry.publication = Publication::Waiting {
                until: Wait::new(now, page.auto_open.after),
            };
        }
        entry.come_back(now, page, effects);
    }

    fn recovered(&mut self, incident: IncidentId, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(&incident) else {
            return;
        };
        entry.failing.clear();
        if entry.stage < Stage::Monitoring {
            let body = "Our checks pass again. We keep watching.".to_owned();
            entry.write(Stage::Monitoring, body, Author::Watch, now, effects);
        }
    }

    fn merged(
        &mut self,
        incident: IncidentId,
        into: IncidentId,
        now: Timestamp,
        page: &Page,
        effects: &mut Vec<Effect>,
    ) {
        let Some(mut ended) = self.entries.remove(&incident) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&into) else {
            ended.incident = into;
            self.entries.insert(into, ended);
            return;
        };
        entry.failing.append(&mut ended.failing);
        entry.began = entry.began.min(ended.began);
        entry.worsen(ended.impact);
        for (component, state) in std::mem::take(&mut ended.said) {
            entry.said.entry(component).or_insert(state);
        }
        entry.come_back(now, page, effects);
        if ended.is_published() {
            if !entry.is_published() {
                // The public knows already.
                entry.publication = Publication::Waiting {
                    until: Wait::new(now, Duration::ZERO),
                };
            }
            // Its permalink stays, and says where it goes on.
            let body = format!("This is part of incident {into}, and goes on there.");
            ended.write(Stage::Resolved, body, Author::Watch, now, effects);
            self.entries.insert(incident, ended);
        }
    }

    fn dismissed(
        &mut self,
        incident: IncidentId,
        by: String,
        reason: String,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.entries.get_mut(&incident) else {
            return;
        };
        entry.failing.clear();
        if !entry.is_published() {
            entry.publication = Publication::Vetoed {
                by: by.clone(),
                reason: reason.clone(),
            };
        }
        entry.write(Stage::Resolved, reason, Author::Person(by), now, effects);
    }

    /// Publishes what nobody has vetoed in time, as soon as the public is affected.
    fn open_by_itself(&mut self, now: Timestamp, page: &Page, effects: &mut Vec<Effect>) {
        let due: Vec<IncidentId> = (self.entries.values_mut())
            .filter_map(|entry| match &mut entry.publication {
                Publication::Waiting { until } => {
                    until.rebase(now);
                    until.is_over(now).then_some(entry.incident)
                }
                _ => None,
            })
            .collect();
        for incident in due {
            let Some(entry) = self.entries.get(&incident) else {
                continue;
            };
            let (name, body) = say(&entry.failing, page);
            if let Some(name) = name {
                // It exists and is not published: it cannot be refused.
                let published = self.publish(incident, name, body, Author::Watch, now, effects);
                debug_assert_eq!(published, Ok(()), "{incident}");
            }
        }
    }

    /// Takes note of the components' states, and writes the change to the incidents that made it.
    fn record(&mut self, now: Timestamp, page: &Page, effects: &mut Vec<Effect>) {
        let mut changed = BTreeMap::new();
        for component in &page.components {
            let to = self.state(component, page);
            let history = self.histories.entry(component.name.clone()).or_default();
            let from = history.state().unwrap_or_default();
            history.record(now, to);
            if from != to {
                changed.insert(component.name.clone(), (from, to));
            }
        }
        for entry in self.entries.values_mut().filter(|it| it.is_published()) {
            for component in &page.components {
                let state = entry.said.get(&component.name).copied();
                let state =
                    state.unwrap_or_else(|| component.state(&entry.failing, &page.population));
                if state != ComponentState::Operational {
                    entry.affected.insert(component.name.clone());
                }
            }
            let mut own = changed.clone();
            own.retain(|name, _| entry.affected.contains(name));
            // What is over tells no more of what others do to its components.
            let over = entry.stage >= Stage::Monitoring && !entry.is_told(effects);
            if !over && !own.is_empty() {
                entry.tell(own, now, page, effects);
            }
        }
        effects.extend(
            changed
                .into_iter()
                .map(|(component, (from, to))| Effect::Component {
                    component,
                    from,
                    to,
                }),
        );
    }

    fn pass_time(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for (id, known) in &mut self.maintenances {
            if known.is_active() && !known.overran && now >= known.until {
                known.overran = true;
                effects.push(Effect::Overran { maintenance: *id });
            }
        }
        let fresh = |at: Option<Timestamp>| at.is_none_or(|at| now.since(at) <= KEPT);
        self.entries
            .retain(|_, entry| fresh(entry.resolved_at) && fresh(entry.silent_since()));
        self.maintenances.retain(|_, it| {
            it.stage != MaintenanceStage::Completed || fresh(it.updates.last().map(|it| it.0))
        });
    }
}
