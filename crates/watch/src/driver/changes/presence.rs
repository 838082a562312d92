//! Whether a person is there while a change is made: asked by their own ways, and believed by what was sent there only.
//!
//! Whoever shows the installation's token may have a person asked, and nothing more: a name is no presence (docs/adr/0067).

use super::ask::NotDone;
use crate::driver::Driver;
use crate::driver::letter::Meant;
use crate::site::Standing;
use std::time::Duration;
use twinline_core::watch::change::{Change, ChangeId, Event, Refusal};
use twinline_core::watch::escalation::{self, Contact, PersonName};

/// A page that is looked at again later than this after its button was pressed has its button again.
const AGAIN: Duration = Duration::from_secs(60);

impl Driver {
    /// What a link that says that a person is there is for, and how far that is.
    pub(in crate::driver) fn presence(
        &self,
        change: ChangeId,
        person: &PersonName,
    ) -> (String, Standing) {
        let title = self.machines.changes.title(change);
        let title = title.map(|title| format!(" ({title})")).unwrap_or_default();
        let headline = format!("change {change}{title}");
        let now = self.clock.now();
        let known = self.known(change);
        let Some(known) = known.filter(|_| self.setup.roster.on_call(now).contains(person)) else {
            return (headline, Standing::Over);
        };
        let lasts = self.setup.changes.presence;
        let until = known.present_until();
        let said = until.filter(|until| known.present() == Some(person) && *until > now);
        let said = said.map(|until| until.minus(lasts));
        let standing = match said {
            Some(at) if now.since(at) < AGAIN.min(lasts / 2) => Standing::Acknowledged {
                by: person.0.clone(),
                at,
            },
            _ => Standing::Open,
        };
        (headline, standing)
    }

    fn known(&self, change: ChangeId) -> Option<&Change> {
        let mut all = self.machines.changes.gate.changes();
        all.find(|it| it.id == change)
    }

    /// Whoever has what was sent to the person is the person: they are there, and that way reaches them.
    pub(in crate::driver) fn is_there(
        &mut self,
        change: ChangeId,
        by: PersonName,
        via: Option<Contact>,
    ) -> Result<(), NotDone> {
        self.hears(Some(change), Event::Present { change, by })?;
        if let Some(contact) = via {
            let event = escalation::Event::TestAcknowledged { contact };
            self.step(|machines, step| machines.call(event, step));
        }
        Ok(())
    }

    /// Says by what was sent, the link or its last part, that its person is there.
    pub(super) fn proves(&mut self, change: ChangeId, proof: &str) -> Result<ChangeId, NotDone> {
        let token = proof.trim().rsplit('/').next().unwrap_or_default();
        let granted = self.granted(token);
        let (grant, meant) = granted.map_err(|refused| nobody(refused.to_string()))?;
        let Meant::Presence(of, via) = meant else {
            return Err(nobody("this link says nothing of a change".to_owned()));
        };
        if of != change {
            return Err(nobody(format!("this link is for change {of}")));
        }
        self.is_there(change, PersonName(grant.person), via)?;
        Ok(change)
    }

    /// Has a person asked. That is no presence yet.
    pub(super) fn asks(&mut self, change: ChangeId, person: &str) -> Result<ChangeId, NotDone> {
        let person = PersonName(person.to_owned());
        let event = Event::Ask {
            change,
            person: person.clone(),
        };
        self.hears(Some(change), event)?;
        if self.ways(&person).is_empty() {
            return Err(nobody(format!(
                "'{person}' cannot be asked whether they are there: none of their ways can be used; write reach in \
                 [watch.people], and look at 'twinline incident list' for channels that cannot be used"
            )));
        }
        Ok(change)
    }

    /// Begins it, where somebody is there; where nobody is, whoever is named is asked.
    pub(super) fn starts(
        &mut self,
        change: ChangeId,
        by: Option<String>,
    ) -> Result<ChangeId, NotDone> {
        let refused = match self.hears(Some(change), Event::Start { change }) {
            Ok(started) => return Ok(started),
            Err(refused) => refused,
        };
        let is_missing = matches!(
            &refused,
            NotDone::Refused {
                refusal: Refusal::NobodyPresent,
                ..
            }
        );
        let Some(person) = by.filter(|_| is_missing) else {
            return Err(refused);
        };
        self.asks(change, &person)?;
        let ways = self.ways(&PersonName(person.clone())).join(", ");
        Err(nobody(format!(
            "a name is no presence: {person} is sent a link by {ways}; when {person} has followed it, 'twinline change start \
             {change}' begins it (with --wait it waits for that)"
        )))
    }

    /// The channels that lead to a person and can be used, in their order.
    fn ways(&self, person: &PersonName) -> Vec<String> {
        let person = self.setup.roster.people.get(person);
        let reach = person.into_iter().flat_map(|it| &it.reach);
        let ways = reach.filter(|it| self.setup.channels.contains_key(&it.channel));
        ways.map(|it| it.channel.clone()).collect()
    }
}

fn nobody(sentence: String) -> NotDone {
    NotDone::Refused {
        refusal: Refusal::NobodyPresent,
        sentence,
    }
}
