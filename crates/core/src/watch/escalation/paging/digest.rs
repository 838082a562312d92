//! How many pages a person gets.

use super::Paging;
use super::attempts::Letter;
use super::event::{Effect, Purpose};
use crate::time::Timestamp;
use crate::watch::escalation::roster::{CAP_WINDOW, PersonName, Roster};
use crate::watch::incident::IncidentId;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// What one person has got lately, and what is gathered for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Load {
    /// When a page went, within `CAP_WINDOW`. At most as many as the limit.
    pages: VecDeque<Timestamp>,
    gathered: BTreeSet<IncidentId>,
    /// When what is gathered goes.
    goes: Option<Wait>,
    /// The next digest goes no sooner.
    rests: Option<Wait>,
}

impl Load {
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.goes.map(|goes| goes.due())
    }

    pub(super) fn rebase(&mut self, now: Timestamp) {
        for wait in self.goes.iter_mut().chain(&mut self.rests) {
            wait.rebase(now);
        }
        for page in &mut self.pages {
            *page = (*page).min(now);
        }
    }

    /// Whether one more page may go now; counts it if so.
    pub(super) fn take_page(&mut self, now: Timestamp, roster: &Roster) -> bool {
        self.pages.retain(|at| now.since(*at) < CAP_WINDOW);
        let may = self.pages.len() < roster.limits.pages_per_person_10min.max(1);
        if may {
            self.pages.push_back(now);
        }
        may
    }

    pub(super) fn gather(&mut self, incident: IncidentId, now: Timestamp, roster: &Roster) {
        self.gathered.insert(incident);
        let soon = Wait::new(now, Duration::from_secs(roster.limits.digest_after_s));
        let rests = self.rests.filter(|rests| rests.due() > soon.due());
        self.goes.get_or_insert(rests.unwrap_or(soon));
    }

    pub(super) fn gathers(&self, incident: IncidentId) -> bool {
        self.gathered.contains(&incident)
    }

    pub(super) fn forget(&mut self, incident: IncidentId) {
        self.gathered.remove(&incident);
        if self.gathered.is_empty() {
            self.goes = None;
        }
    }

    fn is_idle(&self) -> bool {
        self.pages.is_empty() && self.gathered.is_empty() && self.rests.is_none()
    }
}

impl Paging {
    pub(super) fn send_digests(
        &mut self,
        now: Timestamp,
        roster: &Roster,
        effects: &mut Vec<Effect>,
    ) {
        let mut letters: Vec<(PersonName, BTreeSet<IncidentId>)> = Vec::new();
        for (person, load) in &mut self.loads {
            load.pages.retain(|at| now.since(*at) < CAP_WINDOW);
            load.rests = load.rests.filter(|rests| !rests.is_over(now));
            if load.goes.is_some_and(|goes| goes.is_over(now)) {
                load.goes = None;
                load.rests = Some(Wait::new(now, CAP_WINDOW));
                letters.push((person.clone(), std::mem::take(&mut load.gathered)));
            }
        }
        self.loads.retain(|_, load| !load.is_idle());
        for (person, incidents) in letters {
            for incident in &incidents {
                if let Some(call) = self.calls.get_mut(incident) {
                    call.called.insert(person.clone());
                }
            }
            let letter = Letter {
                contacts: self.contacts(&person, now, roster),
                person: Some(person),
                purpose: Purpose::Digest,
                incidents,
            };
            self.post(letter, now, roster, effects);
        }
    }
}
