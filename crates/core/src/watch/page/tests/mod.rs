//! Tables and properties of the status page.

mod edits;
mod history;
mod incidents;
mod postmortem;
mod properties;

use super::*;
use crate::time::Timestamp;
use crate::watch::element::Selector;
use crate::watch::incident::{Impact, IncidentId};
use crate::watch::signal::Severity;
use std::time::Duration;

fn selectors(text: &str) -> Vec<Selector> {
    let words = text.split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}

fn component(name: &str, elements: &str) -> Component {
    Component {
        name: name.to_owned(),
        group: None,
        elements: selectors(elements),
        worst: None,
        auto: true,
    }
}

pub(super) fn page() -> Page {
    let mut administration = component("Administration", "database");
    administration.worst = Some(ComponentState::DegradedPerformance);
    let mut jira = component("Jira Cloud", "tracker:jira-cloud");
    jira.auto = false;
    Page {
        components: vec![
            component("Synchronisation", "host canary_sync"),
            component("Webhooks", "edge"),
            administration,
            jira,
        ],
        auto_open: AutoOpen {
            after: Duration::from_secs(20),
            elements: selectors("edge host canary_sync database"),
        },
        population: [
            ("host", 4),
            ("canary_sync", 4),
            ("edge", 2),
            ("database", 1),
        ]
        .map(|(kind, count)| (kind.parse().unwrap(), count))
        .into(),
    }
}

/// A page and a clock.
pub(super) struct Desk {
    pub(super) status: StatusPage,
    pub(super) page: Page,
    pub(super) now: Timestamp,
    /// Whether the state is stored and read before each event.
    pub(super) restarts: bool,
}

impl Desk {
    pub(super) fn new() -> Self {
        let mut desk = Self {
            status: StatusPage::default(),
            page: page(),
            now: Timestamp::parse("2026-03-01T12:00:00Z").unwrap(),
            restarts: false,
        };
        desk.apply(Event::Tick);
        desk
    }

    pub(super) fn apply(&mut self, event: Event) -> Vec<Effect> {
        if self.restarts {
            let text = serde_json::to_string(&self.status).unwrap();
            self.status = serde_json::from_str(&text).unwrap();
        }
        self.status.apply(event, self.now, &self.page)
    }

    pub(super) fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.apply(Event::Tick)
    }

    /// The incident is critical, and this fails in it.
    pub(super) fn incident(&mut self, incident: u64, element: &str, failing: &str) -> Vec<Effect> {
        let failing = failing.split_whitespace();
        self.apply(Event::Incident(Shown {
            incident: IncidentId(incident),
            element: element.parse().unwrap(),
            severity: Severity::Critical,
            impact: Impact::Minor,
            failing: failing
                .map(|it| (it.parse().unwrap(), Severity::Critical))
                .collect(),
        }))
    }

    pub(super) fn recovered(&mut self, incident: u64) -> Vec<Effect> {
        self.apply(Event::Recovered {
            incident: IncidentId(incident),
        })
    }

    pub(super) fn posts(&mut self, incident: u64, stage: Stage) -> Vec<Effect> {
        self.apply(Event::Post {
            incident: IncidentId(incident),
            by: "ada".to_owned(),
            stage,
            body: "As told.".to_owned(),
            also: Amendment::default(),
        })
    }

    /// The components' states by their initials: o, m, d, p, x for a major outage.
    pub(super) fn states(&self) -> String {
        let states = self.page.components.iter();
        let letters = states.map(|it| match self.status.state(it, &self.page) {
            ComponentState::Operational => 'o',
            ComponentState::UnderMaintenance => 'm',
            ComponentState::DegradedPerformance => 'd',
            ComponentState::PartialOutage => 'p',
            ComponentState::MajorOutage => 'x',
        });
        letters.collect()
    }
}

fn show(effect: &Effect) -> String {
    match effect {
        Effect::Published { incident, name } => format!("published {incident} {name}"),
        Effect::Updated { incident, update } => {
            let changes = update.components.iter();
            let changes: Vec<String> = changes
                .map(|(name, (from, to))| format!(" {name} {from} > {to}"))
                .collect();
            format!("{incident} {:?}{}", update.stage, changes.join(","))
        }
        Effect::Component { component, to, .. } => format!("{component} is {to}"),
        Effect::Vetoed { incident, .. } => format!("vetoed {incident}"),
        Effect::Maintained {
            maintenance, stage, ..
        } => format!("maintenance {} {stage:?}", maintenance.0),
        Effect::Overran { maintenance } => format!("maintenance {} overran", maintenance.0),
        Effect::Refused { refusal } => match refusal {
            Refusal::StillFailing { .. } => "refused StillFailing".to_owned(),
            refusal => format!("refused {refusal:?}"),
        },
    }
}

/// Compares effects with a text of lines, separated by `; `.
pub(super) fn check(effects: &[Effect], expected: &str) {
    let shown: Vec<String> = effects.iter().map(show).collect();
    let expected: Vec<&str> = expected.split("; ").filter(|it| !it.is_empty()).collect();
    assert_eq!(shown, expected);
}
