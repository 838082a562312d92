//! What people ask of the driver, and what they hear.

use super::journal::Entry;
use super::machines::{Machines, Step};
use super::record::{Note, Standing};
use super::told::{Ask, Deed, Refusal};
use super::{Driver, elsewhere, view};
use twinline_core::watch::escalation::{self, Contact, PersonName};
use twinline_core::watch::incident::{self, IncidentId, Reason, Undeclared};
use twinline_core::watch::page::{self, Stage};

/// Incidents in a list.
const LISTED_MAX: usize = 200;

impl Driver {
    /// Whoever asked may have gone: then the answer is nobody's.
    pub(super) fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Overview(to) => drop(to.send(self.overview())),
            Ask::Acknowledged(to) => drop(to.send(elsewhere::here(&self.machines))),
            Ask::Detail(incident, to) => drop(to.send(self.detail(incident))),
            Ask::Do(deed, to) => drop(to.send(self.perform(deed))),
            Ask::Edit(edit, to) => drop(to.send(self.edit(edit))),
            Ask::Reports(to) => drop(to.send(self.machines.reports.newest())),
            Ask::Decisions(to) => drop(to.send(self.journal.decisions())),
            Ask::Public(asked) => self.serve(asked),
            Ask::Change(asked) => self.answer_on_change(asked),
        }
    }

    fn overview(&self) -> view::Overview {
        let newest = self.machines.records.newest().take(LISTED_MAX);
        view::Overview {
            incidents: newest.map(|it| view::shown(it, &self.machines)).collect(),
            probes: view::probed(&self.machines),
            nobody_to_call: !self.setup.has_somebody(),
            unusable_channels: self.setup.unusable.clone(),
        }
    }

    fn detail(&self, incident: IncidentId) -> Option<view::Detail> {
        let record = self.machines.records.get(incident)?;
        let journal = self.journal.of(incident);
        Some(view::detail(record, &self.machines, journal))
    }

    fn perform(&mut self, deed: Deed) -> Result<(), Refusal> {
        match deed {
            Deed::Acknowledge { incident, by } => {
                let people = &self.setup.roster.people;
                let by = PersonName(by);
                if !people.is_empty() && !people.contains_key(&by) {
                    return Err(Refusal::Nobody {
                        by: by.0,
                        people: people.keys().map(ToString::to_string).collect(),
                    });
                }
                self.acknowledge(incident, by, None)
            }
            Deed::Resolve { incident, by, text } => {
                self.step(|machines, step| resolve(machines, incident, by, text, step))
            }
            Deed::Dismiss {
                incident,
                by,
                reason,
            } => self.step(|machines, step| dismiss(machines, incident, by, reason, step)),
            Deed::Note { incident, by, text } => self.note(incident, by, text),
        }
    }

    pub(super) fn acknowledge(
        &mut self,
        incident: IncidentId,
        by: PersonName,
        via: Option<Contact>,
    ) -> Result<(), Refusal> {
        let event = escalation::Event::Acknowledged { incident, by, via };
        let effects = self.step(|machines, step| machines.call(event, step));
        let refused = escalation::Effect::Refused { incident };
        if !effects.contains(&refused) {
            return Ok(());
        }
        match self.machines.records.get(incident) {
            Some(_) => Err(Refusal::Over(incident)),
            None => Err(Refusal::Unknown(incident)),
        }
    }

    fn note(&mut self, incident: IncidentId, by: String, text: String) -> Result<(), Refusal> {
        self.step(|machines, step| {
            let record = machines.records.get_mut(incident);
            let record = record.ok_or(Refusal::Unknown(incident))?;
            let at = step.now;
            let note = Note {
                at,
                by: by.clone(),
                text: text.clone(),
            };
            if !record.note(note) {
                return Err(Refusal::NotesFull(incident));
            }
            step.deeds.entries.push(Entry {
                at,
                incident: Some(incident),
                of: "watch".to_owned(),
                text: format!("noted by {by}: {text}"),
            });
            Ok(())
        })
    }
}

/// A person says that it is over; the public hears it too, where it reads of it.
fn resolve(
    machines: &mut Machines,
    incident: IncidentId,
    by: String,
    text: Option<String>,
    step: &mut Step<'_>,
) -> Result<(), Refusal> {
    let record = machines.records.get(incident);
    let record = record.ok_or(Refusal::Unknown(incident))?;
    if matches!(record.standing, Standing::Resolved { .. }) {
        return Err(Refusal::Over(incident));
    }
    let known = machines.book.incident(incident).is_some();
    if known {
        let event = incident::Event::Resolve {
            incident,
            by: by.clone(),
        };
        refused(&machines.hear(event, step), incident)?;
    } else if let Some(record) = machines.records.get_mut(incident) {
        // It closed by itself, and somebody says so afterwards.
        record.standing = Standing::Resolved { by: by.clone() };
        record.since = step.now;
    }
    let entry = machines.status.entry(incident);
    let told = entry.is_some_and(|it| it.is_published() && !it.is_resolved());
    if told {
        let event = page::Event::Post {
            incident,
            by,
            stage: Stage::Resolved,
            body: text.unwrap_or_else(|| "This incident is resolved.".to_owned()),
            also: page::Amendment::default(),
        };
        for effect in machines.show(event, step) {
            if let page::Effect::Refused { refusal } = effect {
                return Err(Refusal::Page(refusal));
            }
        }
    }
    machines.refresh(step);
    Ok(())
}

/// A person says that it is none.
fn dismiss(
    machines: &mut Machines,
    incident: IncidentId,
    by: String,
    reason: String,
    step: &mut Step<'_>,
) -> Result<(), Refusal> {
    let record = machines.records.get(incident);
    let record = record.ok_or(Refusal::Unknown(incident))?;
    if !record.is_under_way() {
        return Err(Refusal::Over(incident));
    }
    let event = incident::Event::Dismiss {
        incident,
        by,
        reason,
    };
    refused(&machines.hear(event, step), incident)?;
    machines.refresh(step);
    Ok(())
}

/// What the book says of a request that it did not take.
fn refused(effects: &[incident::Effect], asked: IncidentId) -> Result<(), Refusal> {
    for effect in effects {
        let incident::Effect::NotDeclared {
            what: Undeclared::Request { incident },
            reason,
        } = effect
        else {
            continue;
        };
        if *incident != asked {
            continue;
        }
        return Err(match reason {
            Reason::StillFailing { subjects } => Refusal::StillFailing {
                incident: asked,
                subjects: subjects.clone(),
            },
            _ => Refusal::Over(asked),
        });
    }
    Ok(())
}
