//! The machine: subjects, incidents, the window.

use super::effect::{Cause, Effect, Event, Reason, Undeclared};
use super::inbound::Inbound;
use super::reports::Reports;
use super::state::{Incident, IncidentId, Phase, Settings};
use super::subject::{Belongs, Subject};
use super::tenants::answers_over;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::signal::{Severity, Signal, State, is_inbound};
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that watch knows of what fails. Can be stored, and goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    pub(super) next: IncidentId,
    pub(super) subjects: BTreeMap<Element, Subject>,
    /// While it runs, failures are gathered.
    window: Option<Wait>,
    /// No two have the same element.
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) reports: Reports,
    #[serde(default)]
    pub(super) inbound: Inbound,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            next: IncidentId(1),
            subjects: BTreeMap::new(),
            window: None,
            incidents: BTreeMap::new(),
            reports: Reports::default(),
            inbound: Inbound::default(),
        }
    }
}

impl Book {
    /// An empty one whose first incident has this number: after a book was lost, so that no number is used twice.
    pub fn numbered_from(next: IncidentId) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }

    /// The incidents that are open or may reopen.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }

    /// One of them.
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(&id)
    }

    /// All subjects that fail now, in an incident or not.
    pub fn failing(&self) -> impl Iterator<Item = &Element> {
        let failing = self.subjects.iter().filter(|(_, subject)| subject.fails());
        failing.map(|(element, _)| element)
    }

    /// What fails in an incident now, and how bad each is.
    pub fn troubles(&self, id: IncidentId) -> BTreeMap<Element, Severity> {
        let failing = self.incidents.get(&id).map(|it| &it.failing);
        let subjects = failing.into_iter().flatten().filter_map(|element| {
            let subject = self.subjects.get(element)?;
            Some((element.clone(), subject.severity()))
        });
        subjects.collect()
    }

    /// When it wants a `Tick`, though nothing happens.
    pub fn due(&self, settings: &Settings) -> Option<Timestamp> {
        let phases = self.incidents.values().filter_map(|it| match it.phase {
            Phase::Open => None,
            Phase::Settling { until } => Some(until.due()),
            Phase::Recovered { reopens_until } => Some(reopens_until.due()),
        });
        phases
            .chain(self.window.map(|window| window.due()))
            .chain(self.reports.due(settings))
            .chain(self.inbound.due())
            .min()
    }

    /// Hears an event at `now`.
    ///
    /// Signals that repeat a source's last word change nothing.
    pub fn apply(&mut self, event: Event, now: Timestamp, settings: &Settings) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Signal(signal) => self.signal(signal, now, settings, &mut effects),
            Event::Report(report) => self.report(report, now, settings, &mut effects),
            Event::Gone { subject } => {
                self.well(&subject, now, settings, &mut effects);
                self.subjects.remove(&subject);
            }
            Event::Resolve { incident, by } => {
                self.resolve(incident, by, now, settings, &mut effects);
            }
            Event::Dismiss {
                incident,
                by,
                reason,
            } => self.dismiss(incident, by, reason, &mut effects),
            Event::Tick => self.pass_time(now, settings, &mut effects),
        }
        if let Some(window) = &mut self.window {
            window.rebase(now);
            if window.is_over(now) {
                self.window = None;
                self.judge(now, settings, &mut effects);
            }
        }
        effects
    }

    pub(super) fn signal(
        &mut self,
        signal: Signal,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        self.inbound.hear(&signal, now, settings);
        let Signal {
            source,
            subject: element,
            state,
        } = signal;
        let subject = self.subjects.entry(element.clone()).or_default();
        let fails = matches!(state, State::Failing { .. });
        let before = if fails || !is_inbound(&source) {
            subject.signals.insert(source, state.clone())
        } else {
            subject.signals.remove(&source).or(Some(State::Passing))
        };
        if before.as_ref() != Some(&state) {
            if !subject.fails() {
                self.well(&element, now, settings, effects);
            } else if fails {
                self.fails(&element, now, settings, effects);
            }
        }
        self.forget_idle(&element);
    }

    fn fails(
        &mut self,
        element: &Element,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        let Some(subject) = self.subjects.get_mut(element) else {
            return;
        };
        // Long well in an incident that goes on without it: what fails now is judged anew.
        let left = match (subject.well_since.take(), &subject.belongs) {
            (Some(since), Belongs::Incident { id }) => {
                let incident = self.incidents.get(id);
                incident.is_some_and(|it| it.phase == Phase::Open)
                    && now.since(since) > settings.reopen_within
            }
            _ => false,
        };
        match subject.belongs {
            Belongs::Incident { id } if !left => {
                let severity = subject.severity();
                self.fails_again(id, element, effects);
                self.raise(id, severity, effects);
            }
            Belongs::Dismissed => {
                effects.push(not_declared(
                    Path::from([element.clone()]),
                    Reason::Dismissed,
                ));
            }
            _ => {
                subject.belongs = Belongs::Gathered;
                self.window
                    .get_or_insert_with(|| Wait::new(now, settings.window));
            }
        }
    }

    /// Nothing of the subject fails any more.
    fn well(
        &mut self,
        element: &Element,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        let Some(subject) = self.subjects.get_mut(element) else {
            return;
        };
        match subject.belongs {
            Belongs::None => {}
            Belongs::Incident { id } => {
                subject.well_since.get_or_insert(now);
                let Some(incident) = self.incidents.get_mut(&id) else {
                    return;
                };
                if incident.failing.remove(element) && incident.failing.is_empty() {
                    let times = 1 << incident.reopened.min(3);
                    let until = Wait::new(now, settings.settle * times);
                    incident.phase = Phase::Settling { until };
                }
            }
            Belongs::Gathered => {
                subject.belongs = Belongs::None;
                effects.push(not_declared(Path::from([element.clone()]), Reason::Passed));
            }
            Belongs::Undeclared { .. } | Belongs::Dismissed => subject.belongs = Belongs::None,
        }
    }

    /// A member of the incident fails (again).
    pub(super) fn fails_again(
        &mut self,
        id: IncidentId,
        element: &Element,
        effects: &mut Vec<Effect>,
    ) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        incident.members.insert(element.clone());
        incident.failing.insert(element.clone());
        self.reopen(id, effects);
    }

    /// Something says that the incident is not over.
    pub(super) fn reopen(&mut self, id: IncidentId, effects: &mut Vec<Effect>) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        if matches!(incident.phase, Phase::Recovered { .. }) {
            incident.reopened = incident.reopened.saturating_add(1);
            effects.push(Effect::Reopened {
                incident: id,
                times: incident.reopened,
            });
        }
        incident.phase = Phase::Open;
    }

    pub(super) fn raise(&mut self, id: IncidentId, severity: Severity, effects: &mut Vec<Effect>) {
        if let Some(incident) = self.incidents.get_mut(&id)
            && severity > incident.severity
        {
            incident.severity = severity;
            effects.push(Effect::Raised {
                incident: id,
                severity,
            });
        }
    }

    fn resolve(
        &mut self,
        id: IncidentId,
        by: String,
        now: Timestamp,
        settings: &Settings,
        effects: &mut Vec<Effect>,
    ) {
        let Some(incident) = self.incidents.get_mut(&id) else {
            effects.push(refused(id, Reason::NoSuchIncident));
            return;
        };
        if !incident.failing.is_empty() {
            let subjects = incident.failing.clone();
            effects.push(refused(id, Reason::StillFailing { subjects }));
            return;
        }
        if !matches!(incident.phase, Phase::Recovered { .. }) {
            incident.phase = Phase::Recovered {
                reopens_until: Wait::new(now, settings.reopen_within),
            };
        }
        effects.push(Effect::Resolved { incident: id, by });
        effects.extend(answers_over(incident));
    }

    fn dismiss(&mut self, id: IncidentId, by: String, reason: String, effects: &mut Vec<Effect>) {
        let Some(incident) = self.incidents.remove(&id) else {
            effects.push(refused(id, Reason::NoSuchIncident));
            return;
        };
        effects.push(Effect::Dismissed {
            incident: id,
            by,
            reason,
        });
        effects.extend(answers_over(&incident));
        self.leave(&incident);
    }

    /// Its members belong to nobody; those that still fail have been dismissed.
    fn leave(&mut self, incident: &Incident) {
        for member in &incident.members {
            if let Some(subject) = self.subjects.get_mut(member)
                && subject.belongs == (Belongs::Incident { id: incident.id })
            {
                subject.belongs = if subject.fails() {
                    Belongs::Dismissed
                } else {
                    Belongs::None
                };
                subject.well_since = None;
            }
            self.forget_idle(member);
        }
    }

    fn pass_time(&mut self, now: Timestamp, settings: &Settings, effects: &mut Vec<Effect>) {
        self.reports.forget(now, settings);
        self.forget_inbound(now, settings, effects);
        let mut closed = Vec::new();
        for (id, incident) in &mut self.incidents {
            match &mut incident.phase {
                Phase::Open => {}
                Phase::Settling { until } => {
                    until.rebase(now);
                    if until.is_over(now) {
                        incident.phase = Phase::Recovered {
                            reopens_until: Wait::new(now, settings.reopen_within),
                        };
                        effects.push(Effect::Recovered { incident: *id });
                    }
                }
                Phase::Recovered { reopens_until } => {
                    reopens_until.rebase(now);
                    if reopens_until.is_over(now) {
                        closed.push(*id);
                    }
                }
            }
        }
        for id in closed {
            if let Some(incident) = self.incidents.remove(&id) {
                self.leave(&incident);
                effects.push(Effect::Closed { incident: id });
            }
        }
    }

    /// The incident of an element, in whichever phase.
    pub(super) fn named(&self, element: &Element) -> Option<IncidentId> {
        let mut incidents = self.incidents.values();
        incidents.find(|it| it.element == *element).map(|it| it.id)
    }

    /// Opens an incident and links the reports that wait for it.
    pub(super) fn open(
        &mut self,
        element: Element,
        severity: Severity,
        cause: Cause,
        subjects: Path,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let id = self.next;
        self.next = IncidentId(id.0.saturating_add(1));
        self.adopt(id, &subjects);
        effects.push(Effect::Opened {
            incident: id,
            element: element.clone(),
            severity,
            cause,
            subjects: subjects.clone(),
        });
        let incident = Incident {
            id,
            element: element.clone(),
            severity,
            opened: now,
            phase: Phase::Open,
            members: subjects.clone(),
            failing: subjects,
            reports: std::collections::BTreeSet::new(),
            reopened: 0,
        };
        self.incidents.insert(id, incident);
        self.link_waiting(id, &element, effects);
    }

    /// The subjects belong to the incident from now on.
    pub(super) fn adopt(&mut self, id: IncidentId, subjects: &Path) {
        for element in subjects {
            if let Some(subject) = self.subjects.get_mut(element) {
                subject.belongs = Belongs::Incident { id };
            }
        }
    }
}

pub(super) fn not_declared(subjects: Path, reason: Reason) -> Effect {
    Effect::NotDeclared {
        what: Undeclared::Subjects { subjects },
        reason,
    }
}

fn refused(incident: IncidentId, reason: Reason) -> Effect {
    Effect::NotDeclared {
        what: Undeclared::Request { incident },
        reason,
    }
}
