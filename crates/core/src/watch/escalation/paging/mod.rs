//! The machine that calls people.
//!
//! A *call* is an incident's way through its policy: one step after the other, until somebody acknowledges. An *attempt*
//! is one page on its way by one contact: it is in the state until its channel has taken it, and tried by the next
//! contact when the channel fails or says nothing. So an effect that was lost in a crash is a channel that said nothing.

mod attempts;
mod calls;
mod digest;
mod event;
mod proof;

pub use attempts::AttemptId;
pub use calls::{Brief, Call};
pub use event::{Effect, Event, Purpose, Why};

use crate::time::Timestamp;
use crate::watch::escalation::roster::{Contact, PersonName, Roster};
use crate::watch::incident::IncidentId;
use crate::watch::wait::Wait;
use attempts::Attempt;
use digest::Load;
use proof::{Gaps, Proof};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All calls, pages on their way, and what is known of people's channels. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    calls: BTreeMap<IncidentId, Call>,
    attempts: BTreeMap<AttemptId, Attempt>,
    last_attempt: AttemptId,
    loads: BTreeMap<PersonName, Load>,
    proofs: BTreeMap<Contact, Proof>,
    gaps: Gaps,
}

impl Paging {
    /// The incidents that are somebody's business.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// When the next person is called for an incident, if nobody acknowledges before.
    pub fn next_page(&self, incident: IncidentId) -> Option<Timestamp> {
        let call = self.calls.get(&incident)?;
        call.next.as_ref().map(Wait::due)
    }

    /// When it wants a `Tick`, though nothing happens. An instant that has passed means now.
    pub fn due(&self) -> Option<Timestamp> {
        let calls = self.calls.values().filter_map(|call| call.next.as_ref());
        let attempts = self.attempts.values().map(|attempt| &attempt.deadline);
        let digests = self.loads.values().filter_map(Load::due);
        let proofs = self.proofs.values().filter_map(Proof::due);
        let waits = calls.chain(attempts).map(Wait::due);
        waits
            .chain(digests)
            .chain(proofs)
            .chain(self.gaps.due())
            .min()
    }

    /// Hears an event at `now`, and does what is due by then.
    pub fn apply(&mut self, event: Event, now: Timestamp, roster: &Roster) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.rebase(now);
        match event {
            Event::Opened(brief) => self.opened(brief, now),
            Event::Raised { incident, severity } => {
                self.raised(incident, severity, now, roster, &mut effects);
            }
            Event::Merged { incident, into } => self.merged(incident, into),
            Event::Recovered { incident } => self.recovered(incident, now, roster, &mut effects),
            Event::Ended { incident } => self.ended(incident),
            Event::Acknowledged { incident, by, via } => {
                self.acknowledged(incident, by, via, now, roster, &mut effects);
            }
            Event::Noted { incident, by, text } => {
                self.noted(incident, by, text, &mut effects);
            }
            Event::Sent { attempt } => self.sent(attempt, &mut effects),
            Event::Failed { attempt, detail } => {
                self.failed(attempt, detail, now, roster, &mut effects);
            }
            Event::TestAcknowledged { contact } => self.proven(contact, now, roster),
            Event::Ask { person, change } => {
                self.ask(person, change, now, roster, &mut effects);
            }
            Event::Tick => {}
        }
        self.expire(now, roster, &mut effects);
        self.step_all(now, roster, &mut effects);
        self.send_digests(now, roster, &mut effects);
        self.look_at_contacts(now, roster, &mut effects);
        self.look_at_gaps(now, roster, &mut effects);
        effects
    }

    /// A clock that was put back makes no wait longer.
    fn rebase(&mut self, now: Timestamp) {
        for call in self.calls.values_mut() {
            if let Some(next) = &mut call.next {
                next.rebase(now);
            }
        }
        for attempt in self.attempts.values_mut() {
            attempt.deadline.rebase(now);
        }
        for load in self.loads.values_mut() {
            load.rebase(now);
        }
        for proof in self.proofs.values_mut() {
            proof.rebase(now);
        }
        self.gaps.rebase(now);
    }
}
