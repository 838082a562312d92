//! What people acknowledge at another watch of the fleet.
//!
//! Each watch finds everything by itself and calls by itself, so that none needs another to be heard. Who answers one of them
//! is on it, whichever it was: watches tell each other what was acknowledged at them, and each takes over what it calls for
//! too, once. An acknowledgement that was taken over is told no further: nothing goes round, and one that is taken back
//! stays so. One that was given before something failed here is about another matter: a watch that is cut off has had
//! everybody's failure open and answered since its own network broke.

use super::Driver;
use super::journal::Entry;
use super::machines::Machines;
use super::record::{Standing, TakenOver};
use super::setup::Setup;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::escalation::{self, PersonName};
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::signal::Severity;

/// So many are told, the newest: more are under way in no fleet.
const TOLD_MAX: usize = 200;
/// The clocks of two machines, and the moments at which their watches find the same, differ by less.
const APART_MAX: Duration = Duration::from_secs(300);

/// An incident that is under way, and who acknowledged it at the watch that tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// What explains it. Numbers are each watch's own.
    pub element: Element,
    /// How bad it is there.
    pub severity: Severity,
    /// Who.
    pub by: String,
    /// When, by the clock of that watch.
    pub at: Timestamp,
    /// Since when it is open there, by the same clock; `None`: a watch of an earlier version, which does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Timestamp>,
}

impl Acknowledged {
    /// Whether it can be about what is open here since then. That it was given a little earlier is not the clocks' doing
    /// where it is open there for much longer.
    fn is_about(&self, since: Timestamp) -> bool {
        let earliest = since.minus(APART_MAX);
        let opened = self.opened.unwrap_or(since);
        self.at >= since || (self.at >= earliest && opened >= earliest)
    }
}

/// What was acknowledged here, and is under way.
pub(super) fn here(machines: &Machines) -> Vec<Acknowledged> {
    let open = machines.records.newest();
    let open = open.filter(|it| it.standing == Standing::Open && it.acknowledged_with().is_none());
    let told = open.filter_map(|it| {
        let (by, at) = it.acknowledged.as_ref()?;
        Some(Acknowledged {
            element: it.element.clone(),
            severity: it.severity,
            by: by.0.clone(),
            at: *at,
            opened: Some(it.since),
        })
    });
    told.take(TOLD_MAX).collect()
}

/// The incident here that an acknowledgement of another machine's watch is about, where it is to be taken over: one that
/// nobody is on, no worse than it is there and not younger than the answer, by somebody who can be called when it gets
/// worse, and not taken over before.
fn meant(
    machines: &Machines,
    setup: &Setup,
    machine: &str,
    there: &Acknowledged,
) -> Option<IncidentId> {
    let by = PersonName(there.by.clone());
    if !setup.roster.people.contains_key(&by) {
        return None;
    }
    let mut open = machines.records.newest().filter(|it| {
        it.standing == Standing::Open && it.acknowledged.is_none() && it.element == there.element
    });
    let found = open.find(|it| it.severity <= there.severity && there.is_about(it.since))?;
    let before = found.taken_over.get(machine);
    let known = before.is_some_and(|it| it.given >= there.at);
    (!known).then_some(found.incident)
}

impl Driver {
    /// Another machine's watch says what was acknowledged there.
    pub(super) fn take_over(&mut self, machine: &str, there: &[Acknowledged]) {
        for one in there {
            let Some(incident) = meant(&self.machines, &self.setup, machine, one) else {
                continue;
            };
            let by = PersonName(one.by.clone());
            self.step(|machines, step| {
                let event = escalation::Event::Acknowledged {
                    incident,
                    by,
                    via: None,
                };
                let effects = machines.call(event, step);
                let taken = |it: &escalation::Effect| {
                    matches!(it, escalation::Effect::Acknowledged { incident: of, .. } if *of == incident)
                };
                if !effects.iter().any(taken) {
                    // Paging knows it no more: nobody is called for it, and nothing is to be noted.
                    return;
                }
                let (given, at) = (one.at, step.now);
                if let Some(record) = machines.records.get_mut(incident) {
                    let taken = &mut record.taken_over;
                    taken.insert(machine.to_owned(), TakenOver { given, at });
                }
                step.deeds.entries.push(Entry {
                    at: step.now,
                    incident: Some(incident),
                    of: "watch".to_owned(),
                    text: format!("{} acknowledged it at {machine}'s watch", one.by),
                });
            });
        }
    }
}
