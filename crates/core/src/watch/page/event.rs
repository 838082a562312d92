//! What the page hears, and what it shows.

use super::component::ComponentState;
use super::entry::{Stage, Update};
use super::maintenance::{MaintenanceId, MaintenanceStage};
use super::postmortem::DRAFT;
use crate::time::Timestamp;
use crate::watch::element::Element;
use crate::watch::incident::{Impact, IncidentId};
use crate::watch::signal::Severity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is true of an incident now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its number.
    pub incident: IncidentId,
    /// What it is named after.
    pub element: Element,
    /// How bad it is.
    pub severity: Severity,
    /// How much it takes away.
    pub impact: Impact,
    /// What fails in it.
    pub failing: BTreeMap<Element, Severity>,
}

/// What an update changes, beside how far the incident is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Amendment {
    /// Another headline.
    pub name: Option<String>,
    /// Another impact, which what fails changes no more.
    pub impact: Option<Impact>,
    /// What these components are, in place of what fails in the incident.
    pub components: BTreeMap<String, ComponentState>,
}

/// What the page hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An incident was declared, or something of it changed, or it is back.
    Incident(Shown),
    /// Nothing of it fails any more.
    Recovered {
        /// Which.
        incident: IncidentId,
    },
    /// It goes on as another one.
    Merged {
        /// Which ends.
        incident: IncidentId,
        /// Which goes on.
        into: IncidentId,
    },
    /// A person says that it is none.
    Dismissed {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person keeps it from the page.
    Veto {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person publishes it now.
    Publish {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// The headline; when empty, what would be the headline by itself.
        name: String,
        /// What is said.
        body: String,
    },
    /// A person writes an update.
    Post {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: String,
        /// How far it is.
        stage: Stage,
        /// What is said.
        body: String,
        /// What else it changes.
        #[serde(default)]
        also: Amendment,
    },
    /// A person sets a component's state, or leaves it to watch again.
    Set {
        /// Which.
        component: String,
        /// What to.
        state: Option<ComponentState>,
    },
    /// A maintenance is planned, or planned anew.
    Plan {
        /// Which.
        maintenance: MaintenanceId,
        /// Its headline.
        name: String,
        /// Which components it touches.
        components: BTreeSet<String>,
        /// From when.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
        /// What is said; when empty, that it is planned.
        #[serde(default)]
        body: String,
    },
    /// A maintenance goes on.
    Maintain {
        /// Which.
        maintenance: MaintenanceId,
        /// To which stage.
        stage: MaintenanceStage,
        /// What is said.
        body: String,
    },
    /// Time has passed.
    Tick,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such entry or maintenance.
    #[error("there is none of this number: 'twinline status page' lists them")]
    Unknown,
    /// The page has no such component.
    #[error("the page has no component '{component}': 'twinline status page' lists them")]
    NoSuchComponent {
        /// As was said.
        component: String,
    },
    /// The public reads it already.
    #[error("the public reads it already")]
    Published,
    /// The public does not read it.
    #[error("the public does not read it: publish it first")]
    NotPublished,
    /// It cannot be over while this fails.
    #[error("it cannot be over while this fails: {}", words(.subjects))]
    StillFailing {
        /// What.
        subjects: BTreeSet<Element>,
    },
    /// It cannot go there from where it is.
    #[error(
        "it cannot go there from where it is: what is over gets a postmortem and nothing else, and what is not over none"
    )]
    WrongStage,
    /// The maintenance is over.
    #[error("it is completed: plan what else is to be done as another one")]
    Completed,
    /// Its end is not after its beginning.
    #[error("it must end after it begins")]
    NoTime,
    /// A veto needs a reason.
    #[error("a veto needs a reason")]
    NoReason,
    /// The public would read nothing.
    #[error("it needs a text")]
    NoText,
    /// A postmortem that says of itself that it is a draft.
    #[error(
        "it still says of itself '{DRAFT}': take that line out, and what is to be written, when it is written"
    )]
    Draft,
    /// Nothing that the public uses fails, so there is no headline but a person's.
    #[error("it needs a headline (name): nothing fails by which it could be named")]
    NoName,
    /// There are as many as there may be.
    #[error("there are as many as there may be")]
    Full,
}

fn words(elements: &BTreeSet<Element>) -> String {
    let words: Vec<String> = elements.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// What is to be shown, told, or written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The public reads it from now on.
    Published {
        /// Which.
        incident: IncidentId,
        /// Its headline.
        name: String,
    },
    /// There is an update, for the page and the subscribers.
    Updated {
        /// Which incident.
        incident: IncidentId,
        /// What.
        update: Update,
    },
    /// A component's state changed.
    Component {
        /// Which.
        component: String,
        /// What it was.
        from: ComponentState,
        /// What it is.
        to: ComponentState,
    },
    /// A person keeps it from the page.
    Vetoed {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A maintenance went on, for the page and the subscribers.
    Maintained {
        /// Which.
        maintenance: MaintenanceId,
        /// Where it is.
        stage: MaintenanceStage,
        /// What is said.
        body: String,
    },
    /// A maintenance is still under way after its time.
    Overran {
        /// Which.
        maintenance: MaintenanceId,
    },
    /// It was not done.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}
