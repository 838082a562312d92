//! Pages on their way.

use super::Paging;
use super::event::{Effect, Purpose};
use crate::time::Timestamp;
use crate::watch::change::ChangeId;
use crate::watch::escalation::roster::{Contact, PersonName, Roster};
use crate::watch::incident::IncidentId;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// One page by one contact. Counted up, so that a late answer is never taken for another's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AttemptId(pub u64);

/// A page whose channel has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    person: Option<PersonName>,
    contact: Contact,
    /// The contacts that are tried next.
    rest: VecDeque<Contact>,
    purpose: Purpose,
    incidents: BTreeSet<IncidentId>,
    pub(super) deadline: Wait,
}

/// A page to be sent by the first of the contacts that takes it.
pub(super) struct Letter {
    pub(super) person: Option<PersonName>,
    pub(super) contacts: VecDeque<Contact>,
    pub(super) purpose: Purpose,
    pub(super) incidents: BTreeSet<IncidentId>,
}

impl Paging {
    /// Calls a person for an incident, unless a page about it is on its way to them.
    pub(super) fn call_person(
        &mut self,
        person: &PersonName,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let on_its_way = self.attempts.values().any(|attempt| {
            attempt.purpose == Purpose::Incident
                && attempt.person.as_ref() == Some(person)
                && attempt.incidents.contains(&incident)
        });
        if on_its_way {
            return;
        }
        let load = self.loads.entry(person.clone()).or_default();
        if !load.take_page(now, roster) {
            load.gather(incident, now, roster);
            effects.push(Effect::Capped {
                person: person.clone(),
                incident,
            });
            return;
        }
        if let Some(call) = self.calls.get_mut(&incident) {
            call.called.insert(person.clone());
        }
        self.notify(person, Purpose::Incident, incident, now, roster, effects);
    }

    /// Sends a person a page that counts against no limit.
    pub(super) fn notify(
        &mut self,
        person: &PersonName,
        purpose: Purpose,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let letter = Letter {
            person: Some(person.clone()),
            contacts: self.contacts(person, now, roster),
            purpose,
            incidents: BTreeSet::from([incident]),
        };
        self.post(letter, now, roster, effects);
    }

    /// Asks a person whether they are there, unless that is on its way to them. It counts against no limit: the person has
    /// begun the change, or somebody has in their name.
    pub(super) fn ask(
        &mut self,
        person: PersonName,
        change: ChangeId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let purpose = Purpose::Presence(change);
        let on_its_way = self
            .attempts
            .values()
            .any(|attempt| attempt.purpose == purpose && attempt.person.as_ref() == Some(&person));
        if on_its_way {
            return;
        }
        let letter = Letter {
            contacts: self.contacts(&person, now, roster),
            person: Some(person),
            purpose,
            incidents: BTreeSet::new(),
        };
        self.post(letter, now, roster, effects);
    }

    /// Posts to a channel with nobody in particular behind it.
    pub(super) fn call_contact(
        &mut self,
        contact: Contact,
        incident: IncidentId,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let letter = Letter {
            person: None,
            contacts: VecDeque::from([contact]),
            purpose: Purpose::Incident,
            incidents: BTreeSet::from([incident]),
        };
        self.post(letter, now, roster, effects);
    }

    pub(super) fn post(
        &mut self,
        mut letter: Letter,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let Some(contact) = letter.contacts.pop_front() else {
            self.unreached(letter, now, roster, effects);
            return;
        };
        self.last_attempt = AttemptId(self.last_attempt.0.saturating_add(1));
        effects.push(Effect::Page {
            attempt: self.last_attempt,
            person: letter.person.clone(),
            contact: contact.clone(),
            purpose: letter.purpose,
            incidents: letter.incidents.clone(),
        });
        let deadline = Duration::from_secs(roster.limits.channel_deadline_s.max(1));
        let attempt = Attempt {
            person: letter.person,
            contact,
            rest: letter.contacts,
            purpose: letter.purpose,
            incidents: letter.incidents,
            deadline: Wait::new(now, deadline),
        };
        self.attempts.insert(self.last_attempt, attempt);
    }

    fn unreached(
        &mut self,
        letter: Letter,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        match (letter.purpose, letter.person.clone()) {
            (Purpose::Test, _) => return,
            (Purpose::Presence(change), Some(person)) => {
                effects.push(Effect::NotAsked { change, person });
                return;
            }
            _ => {}
        }
        effects.push(Effect::Unreached {
            person: letter.person,
            incidents: letter.incidents.clone(),
        });
        for incident in letter.incidents {
            match letter.purpose {
                Purpose::Incident | Purpose::Digest => {
                    self.nobody_there(incident, now, roster, effects);
                }
                Purpose::Worse => self.take_back(incident, now, effects),
                Purpose::Recovered | Purpose::Test | Purpose::Presence(_) => {}
            }
        }
    }

    pub(super) fn sent(&mut self, id: AttemptId, effects: &mut Vec<Effect>) {
        let Some(taken) = self.attempts.remove(&id) else {
            return;
        };
        if let (Purpose::Presence(change), Some(person)) = (taken.purpose, taken.person) {
            effects.push(Effect::Asked {
                change,
                person,
                contact: taken.contact,
            });
            return;
        }
        // That something is over says nothing to whoever is called since.
        if !matches!(taken.purpose, Purpose::Incident | Purpose::Digest) {
            return;
        }
        for incident in taken.incidents {
            if let Some(call) = self.calls.get_mut(&incident) {
                call.reached = true;
                call.unheard = false;
            }
        }
    }

    pub(super) fn failed(
        &mut self,
        id: AttemptId,
        detail: String,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        // Of one that was taken, passed its deadline, or is about nothing any more, nothing is to be done.
        let Some(attempt) = self.attempts.remove(&id) else {
            return;
        };
        effects.push(Effect::ChannelFailed {
            attempt: id,
            contact: attempt.contact.clone(),
            detail,
        });
        if attempt.purpose == Purpose::Test {
            self.test_failed(&attempt.contact, now);
        }
        let letter = Letter {
            person: attempt.person,
            contacts: attempt.rest,
            purpose: attempt.purpose,
            incidents: attempt.incidents,
        };
        self.post(letter, now, roster, effects);
    }

    /// A channel that says nothing has failed.
    pub(super) fn expire(&mut self, now: Timestamp, roster: &Roster, effects: &mut Vec<Effect>) {
        let silent: Vec<AttemptId> = (self.attempts.iter())
            .filter(|(_, attempt)| attempt.deadline.is_over(now))
            .map(|(id, _)| *id)
            .collect();
        for id in silent {
            let detail = "it did not answer in time".to_owned();
            self.failed(id, detail, now, roster, effects);
        }
    }

    /// Whether a page about the incident has not been answered by its channel yet, or waits in a digest.
    pub(super) fn is_on_its_way(&self, incident: IncidentId) -> bool {
        let about = |attempt: &Attempt| {
            matches!(attempt.purpose, Purpose::Incident | Purpose::Digest)
                && attempt.incidents.contains(&incident)
        };
        self.attempts.values().any(about) || self.loads.values().any(|it| it.gathers(incident))
    }

    /// Nothing more is said about the incident; what a channel has already is said.
    pub(super) fn forget_pages(&mut self, incident: IncidentId) {
        self.attempts.retain(|_, attempt| {
            let about = attempt.incidents.remove(&incident);
            !about || !attempt.incidents.is_empty()
        });
        for load in self.loads.values_mut() {
            load.forget(incident);
        }
    }
}
