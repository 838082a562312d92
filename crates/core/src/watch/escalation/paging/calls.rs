//! An incident's way through its policy.

use super::Paging;
use super::event::{Effect, Purpose, Why};
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::escalation::roster::{Contact, PersonName, Roster, Step, Target};
use crate::watch::escalation::schedule::OnCall;
use crate::watch::incident::IncidentId;
use crate::watch::signal::Severity;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// What is to be said of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Its number.
    pub incident: IncidentId,
    /// How soon a person must look.
    pub severity: Severity,
    /// What it is named after.
    pub element: Element,
}

/// An incident that is somebody's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What it is about.
    pub brief: Brief,
    /// Who acknowledged it.
    pub acknowledged_by: Option<PersonName>,
    /// Whether nothing of it fails any more.
    pub recovered: bool,
    /// Who was called.
    pub called: BTreeSet<PersonName>,
    /// When the next step begins. None when somebody is on it, it is over, or it was given up.
    pub(super) next: Option<Wait>,
    /// The step that begins next, counted from 0.
    step: usize,
    round: u32,
    /// Whether any page of the present step was taken by its channel.
    pub(super) reached: bool,
    /// Whether the present step has called everybody.
    everybody: bool,
    /// Whether the last word about it reached nobody.
    #[serde(default)]
    pub(super) unheard: bool,
}

impl Call {
    fn new(brief: Brief, now: Timestamp) -> Self {
        Self {
            brief,
            acknowledged_by: None,
            recovered: false,
            called: BTreeSet::new(),
            next: Some(Wait::new(now, Duration::ZERO)),
            step: 0,
            round: 0,
            reached: false,
            everybody: false,
            unheard: false,
        }
    }

    /// The same incident, called for from the beginning.
    fn anew(&mut self, now: Timestamp) {
        let called = std::mem::take(&mut self.called);
        let unheard = self.unheard;
        *self = Self {
            called,
            unheard,
            ..Self::new(self.brief.clone(), now)
        };
    }

    /// Whether people are called for it.
    pub fn is_open(&self) -> bool {
        self.acknowledged_by.is_none() && !self.recovered
    }

    /// Whether somebody should hear of it, and nobody could be told: neither by the last step nor by one since.
    pub fn is_unheard(&self) -> bool {
        self.is_open() && self.unheard
    }

    fn is_critical(&self) -> bool {
        self.brief.severity == Severity::Critical
    }
}

impl Paging {
    pub(super) fn opened(&mut self, brief: Brief, now: Timestamp) {
        let under_way = (self.calls.get(&brief.incident)).is_some_and(|call| !call.recovered);
        if !under_way {
            let called = self.calls.remove(&brief.incident).map(|call| call.called);
            let mut call = Call::new(brief, now);
            call.called = called.unwrap_or_default();
            self.calls.insert(call.brief.incident, call);
        }
    }

    /// A worse incident goes its new policy's way from the beginning. Whoever acknowledged it is told, and nobody else as
    /// long as that can be told.
    pub(super) fn raised(
        &mut self,
        incident: IncidentId,
        severity: Severity,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.get_mut(&incident) else {
            effects.push(Effect::Refused { incident });
            return;
        };
        if severity <= call.brief.severity {
            return;
        }
        call.brief.severity = severity;
        if call.recovered {
            return;
        }
        if let Some(by) = call.acknowledged_by.clone() {
            self.notify(&by, Purpose::Worse, incident, now, roster, effects);
        } else {
            call.anew(now);
        }
    }

    /// Who acknowledged cannot be told that it is worse: it is called for as if nobody had.
    pub(super) fn take_back(
        &mut self,
        incident: IncidentId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.get_mut(&incident) else {
            return;
        };
        let Some(by) = call.acknowledged_by.clone().filter(|_| !call.recovered) else {
            return;
        };
        call.anew(now);
        effects.push(Effect::TakenBack { incident, by });
    }

    pub(super) fn merged(&mut self, incident: IncidentId, into: IncidentId) {
        let Some(mut ended) = self.calls.remove(&incident) else {
            return;
        };
        self.forget_pages(incident);
        if let Some(call) = self.calls.get_mut(&into) {
            call.called.extend(ended.called);
        } else {
            // Nobody is called for the other: this call goes on as its.
            ended.brief.incident = into;
            self.calls.insert(into, ended);
        }
    }

    pub(super) fn recovered(
        &mut self,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.get_mut(&incident) else {
            return;
        };
        if std::mem::replace(&mut call.recovered, true) {
            return;
        }
        call.next = None;
        let mut told = call.called.clone();
        told.extend(call.acknowledged_by.clone());
        self.forget_pages(incident);
        for person in told {
            self.notify(&person, Purpose::Recovered, incident, now, roster, effects);
        }
    }

    pub(super) fn ended(&mut self, incident: IncidentId) {
        self.calls.remove(&incident);
        self.forget_pages(incident);
    }

    pub(super) fn acknowledged(
        &mut self,
        incident: IncidentId,
        by: PersonName,
        via: Option<Contact>,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(contact) = via {
            self.proven(contact, now, roster);
        }
        let Some(call) = self.calls.get_mut(&incident) else {
            effects.push(Effect::Refused { incident });
            return;
        };
        call.acknowledged_by = Some(by.clone());
        call.next = None;
        call.unheard = false;
        self.forget_pages(incident);
        effects.push(Effect::Acknowledged { incident, by });
    }

    pub(super) fn noted(
        &self,
        incident: IncidentId,
        by: PersonName,
        text: String,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(if self.calls.contains_key(&incident) {
            Effect::Noted { incident, by, text }
        } else {
            Effect::Refused { incident }
        });
    }

    /// Begins every step that is due. A step without a wait is followed by the next at once; a round by the next never.
    pub(super) fn step_all(&mut self, now: Timestamp, roster: &Roster, effects: &mut Vec<Effect>) {
        let due: Vec<IncidentId> = (self.calls.iter())
            .filter(|(_, call)| call.next.is_some_and(|next| next.is_over(now)))
            .map(|(incident, _)| *incident)
            .collect();
        for incident in due {
            while (self.calls.get(&incident).and_then(|call| call.next))
                .is_some_and(|next| next.is_over(now))
            {
                self.step(incident, now, roster, effects);
            }
        }
    }

    fn step(
        &mut self,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.get_mut(&incident) else {
            return;
        };
        let policy = roster.policy(call.brief.severity, &call.brief.element);
        let over = policy.as_ref().is_none_or(|it| call.round > it.repeat);
        let Some(policy) = policy.filter(|_| !over || call.is_critical()) else {
            call.next = None;
            effects.push(Effect::GaveUp { incident });
            return;
        };
        call.reached = false;
        call.everybody = false;
        if over {
            call.next = Some(Wait::new(now, at_least(roster.limits.after_repeats_s)));
            self.call_everybody(incident, Why::RepeatsOver, now, roster, effects);
            return;
        }
        // A new configuration may have fewer steps.
        let index = call.step.min(policy.steps.len() - 1);
        let step = &policy.steps[index];
        effects.push(Effect::Stepped {
            incident,
            round: call.round.saturating_add(1),
            step: index + 1,
        });
        let last = index + 1 >= policy.steps.len();
        let wait = if last {
            call.step = 0;
            call.round = call.round.saturating_add(1);
            at_least(step.wait_s.max(roster.limits.round_min_s))
        } else {
            call.step = index + 1;
            Duration::from_secs(step.wait_s)
        };
        call.next = Some(Wait::new(now, wait));
        self.call_step(incident, step, now, roster, effects);
    }

    fn call_step(
        &mut self,
        incident: IncidentId,
        step: &Step,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let mut people = BTreeSet::new();
        let mut contacts = BTreeSet::new();
        for target in &step.to {
            match target {
                Target::Everyone => people.extend(roster.everyone()),
                Target::Contact(contact) => {
                    contacts.insert(contact.clone());
                }
                Target::Named(name) => match roster.rotations.get(name) {
                    None => people.extend([PersonName(name.clone())]),
                    Some(schedule) => match schedule.on_call(now) {
                        OnCall::Person { person, .. } => people.extend([person]),
                        OnCall::Nobody { deliberate } => effects.push(Effect::NobodyOnCall {
                            incident,
                            rotation: name.clone(),
                            deliberate,
                        }),
                    },
                },
            }
        }
        people.retain(|person| {
            (roster.people.get(person)).is_some_and(|person| !person.reach.is_empty())
        });
        // A step that only posts to a channel is as it was meant.
        let meant_people = step.to.iter().any(|it| !matches!(it, Target::Contact(_)));
        let critical = (self.calls.get(&incident)).is_some_and(Call::is_critical);
        if people.is_empty() && critical && (meant_people || contacts.is_empty()) {
            self.call_everybody(incident, Why::NobodyOnCall, now, roster, effects);
        }
        for person in people {
            self.call_person(&person, incident, now, roster, effects);
        }
        for contact in contacts {
            self.call_contact(contact, incident, now, roster, effects);
        }
    }

    /// Calls all who are not being called already.
    fn call_everybody(
        &mut self,
        incident: IncidentId,
        why: Why,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let Some(call) = self.calls.get_mut(&incident) else {
            return;
        };
        call.everybody = true;
        effects.push(Effect::EverybodyCalled { incident, why });
        if roster.people.values().all(|person| person.reach.is_empty()) {
            call.unheard = true;
            effects.push(Effect::NobodyAtAll { incident });
        }
        for person in roster.everyone() {
            self.call_person(&person, incident, now, roster, effects);
        }
    }

    /// A person, or a bare channel, could not be reached. When that was the last hope of a step, the next comes soon;
    /// a critical incident calls everybody at once.
    pub(super) fn nobody_there(
        &mut self,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_on_its_way(incident) {
            return;
        }
        let Some(call) = self.calls.get_mut(&incident) else {
            return;
        };
        if call.reached {
            return;
        }
        call.unheard = true;
        let Some(next) = call.next.as_mut() else {
            return;
        };
        let soon = Wait::new(now, at_least(roster.limits.unreached_retry_s));
        if soon.due() < next.due() {
            *next = soon;
        }
        if call.is_critical() && !call.everybody {
            self.call_everybody(incident, Why::NobodyReached, now, roster, effects);
        }
    }
}

/// What repeats without end never does so without a pause.
fn at_least(seconds: u64) -> Duration {
    Duration::from_secs(seconds.max(1))
}
