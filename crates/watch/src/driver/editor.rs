//! What people do to the status page: veto, publish, update, maintenance.

use super::Driver;
use super::journal::Entry;
use super::machines::{Machines, Step};
use super::told::Refusal;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::page::{
    self, Amendment, ComponentState, MaintenanceId, MaintenanceStage, Stage,
};

/// The longest headline, in characters.
const NAME_MAX_CHARS: usize = 200;
/// The longest update or reason, in characters.
const TEXT_MAX_CHARS: usize = 5000;
/// The longest postmortem, in characters.
const POSTMORTEM_MAX_CHARS: usize = 100_000;

/// What a person does to the status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Who.
    pub by: String,
    /// What.
    pub what: Edited,
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// An incident.
    Incident(IncidentId, OfIncident),
    /// A component's state, in place of what watch finds; none: watch's again.
    Component(String, Option<ComponentState>),
    /// Work is announced, or announced anew before it begins; under a new number when none is given.
    Plan(Option<MaintenanceId>, Planned),
    /// Work goes on, with what is said; when that is empty, where it is.
    Maintain(MaintenanceId, MaintenanceStage, String),
}

/// What is done to an incident on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfIncident {
    /// It stays away from it.
    Veto {
        /// Why.
        reason: String,
    },
    /// It is published now, also when it was vetoed.
    Publish {
        /// Its headline; when empty, what would be the headline by itself.
        name: String,
        /// What is said.
        text: String,
    },
    /// An update of what the public reads.
    Update {
        /// How far it is; as before when none.
        stage: Option<Stage>,
        /// What is said.
        text: String,
        /// What changes beside.
        also: Amendment,
    },
    /// The postmortem of what is over.
    Postmortem {
        /// What it says.
        text: String,
    },
}

/// Work that is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its headline.
    pub name: String,
    /// Which components it touches.
    pub components: BTreeSet<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What is said; when empty, that it is planned.
    pub text: String,
}

impl Driver {
    /// Does it; the number of the maintenance that it is about, if it is about one.
    pub(super) fn edit(&mut self, edit: Edit) -> Result<Option<MaintenanceId>, Refusal> {
        self.step(|machines, step| {
            let Edit { by, what } = edit;
            let (event, about) = heard(machines, &by, what)?;
            let maintenance = match &about {
                About::Maintenance(id) => Some(*id),
                _ => None,
            };
            let effects = machines.show(event, step);
            if let Some(refusal) = refused(effects) {
                return Err(Refusal::Page(refusal));
            }
            write_down(&about, &by, step);
            machines.refresh(step);
            Ok(maintenance)
        })
    }
}

/// What was changed.
enum About {
    Incident(IncidentId),
    Component(String),
    Maintenance(MaintenanceId),
}

/// What the page hears, and what that is about.
fn heard(machines: &Machines, by: &str, what: Edited) -> Result<(page::Event, About), Refusal> {
    match what {
        Edited::Incident(incident, deed) => {
            let event = of_incident(machines, by, incident, deed)?;
            Ok((event, About::Incident(incident)))
        }
        Edited::Component(component, state) => {
            let about = About::Component(component.clone());
            Ok((page::Event::Set { component, state }, about))
        }
        Edited::Plan(maintenance, planned) => {
            let maintenance = maintenance.unwrap_or_else(|| next(machines));
            let event = page::Event::Plan {
                maintenance,
                name: plain("the headline", &planned.name, NAME_MAX_CHARS)?,
                components: planned.components,
                from: planned.from,
                until: planned.until,
                body: plain("the text", &planned.text, TEXT_MAX_CHARS)?,
            };
            Ok((event, About::Maintenance(maintenance)))
        }
        Edited::Maintain(maintenance, stage, text) => {
            let event = page::Event::Maintain {
                maintenance,
                stage,
                body: plain("the text", &text, TEXT_MAX_CHARS)?,
            };
            Ok((event, About::Maintenance(maintenance)))
        }
    }
}

fn of_incident(
    machines: &Machines,
    by: &str,
    incident: IncidentId,
    deed: OfIncident,
) -> Result<page::Event, Refusal> {
    let entry = match machines.status.entry(incident) {
        Some(entry) => entry,
        None if machines.records.get(incident).is_some() => return Err(Refusal::Over(incident)),
        None => return Err(Refusal::Unknown(incident)),
    };
    let by = by.to_owned();
    Ok(match deed {
        OfIncident::Veto { reason } => page::Event::Veto {
            incident,
            by,
            reason: plain("the reason", &reason, TEXT_MAX_CHARS)?,
        },
        OfIncident::Publish { name, text } => page::Event::Publish {
            incident,
            by,
            name: plain("the headline", &name, NAME_MAX_CHARS)?,
            body: plain("the text", &text, TEXT_MAX_CHARS)?,
        },
        OfIncident::Update {
            stage,
            text,
            mut also,
        } => {
            if let Some(name) = &mut also.name {
                *name = plain("the headline", name, NAME_MAX_CHARS)?;
            }
            page::Event::Post {
                incident,
                by,
                stage: stage.unwrap_or(entry.stage),
                body: plain("the text", &text, TEXT_MAX_CHARS)?,
                also,
            }
        }
        OfIncident::Postmortem { text } => page::Event::Post {
            incident,
            by,
            stage: Stage::Postmortem,
            body: plain("the postmortem", &text, POSTMORTEM_MAX_CHARS)?,
            also: Amendment::default(),
        },
    })
}

/// The page keeps the number, so that its address stays.
fn next(machines: &Machines) -> MaintenanceId {
    let last = machines.status.maintenances().map(|(id, _)| id.0).max();
    MaintenanceId(last.map_or(1, |last| last.saturating_add(1)))
}

fn refused(effects: Vec<page::Effect>) -> Option<page::Refusal> {
    effects.into_iter().find_map(|effect| match effect {
        page::Effect::Refused { refusal } => Some(refusal),
        _ => None,
    })
}

/// Who it was; what it was, the page says itself.
fn write_down(about: &About, by: &str, step: &mut Step<'_>) {
    let (incident, what) = match about {
        About::Incident(id) => (Some(*id), "this incident on the status page".to_owned()),
        About::Component(name) => (None, format!("component {name} on the status page")),
        About::Maintenance(id) => (None, format!("maintenance {} on the status page", id.0)),
    };
    step.deeds.entries.push(Entry {
        at: step.now,
        incident,
        of: "watch".to_owned(),
        text: format!("{by} changed {what}"),
    });
}

/// A person's text without what no page can show: of control characters only line breaks and tabs stay.
fn plain(what: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let text = text.replace("\r\n", "\n");
    let is_plain = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(is_plain).collect();
    let text = text.trim();
    let chars = text.chars().count();
    if chars > max {
        return Err(Refusal::TooLong { what, chars, max });
    }
    Ok(text.to_owned())
}
