//! The machines together, through the incident of 2021, in time that is only counted.

use super::*;
use crate::time::Timestamp;
use crate::watch::element::{Element, Kind, Path};
use crate::watch::escalation::{Paging, Purpose, Roster};
use crate::watch::incident::{Event, IncidentId, Report, ReportId, Settings};
use crate::watch::page::{AutoOpen, Component, ComponentState, Page, Stage};
use crate::watch::probe::{self, Failure, Outcome, Turn, Verdict};
use crate::watch::signal::{Severity, Signal, State};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// A probe that runs every second, and what it tells of.
struct Probe {
    name: &'static str,
    subject: Element,
    implicates: Path,
    settings: probe::Settings,
    verdict: Verdict,
}

struct World {
    now: Timestamp,
    run: u64,
    probes: Vec<Probe>,
    book: Book,
    paging: Paging,
    roster: Roster,
    status: StatusPage,
    page: Page,
    /// What happened, and how many seconds after the beginning.
    log: Vec<(u64, String)>,
    began: Timestamp,
}

fn element(text: &str) -> Element {
    text.parse().unwrap()
}

impl World {
    fn new() -> Self {
        let now = Timestamp::parse("2026-11-07T21:00:00Z").unwrap();
        let roster = json!({
            "people": {
                "ada": { "zone": "Europe/Brussels", "reach": ["sms:1", "mail:ada"] },
                "bo": { "zone": "America/Montreal", "reach": ["sms:2", "mail:bo"] },
            },
            "rotations": { "primary": { "layers": [{
                "people": ["ada"], "every": "week", "handover": "Mon 09:00 Europe/Brussels",
            }] } },
            "policies": [{ "severity": "critical", "steps": [
                { "to": ["primary"], "wait_s": 180 }, { "to": ["everyone"], "wait_s": 300 },
            ] }],
        });
        let components = json!([
            { "name": "Synchronisation", "elements": ["host", "canary_sync"] },
            { "name": "Webhooks", "elements": ["edge"] },
            { "name": "Administration", "elements": ["database"], "worst": "degraded_performance" },
        ]);
        let components: Vec<Component> = serde_json::from_value(components).unwrap();
        let all = components.iter().flat_map(|it| it.elements.clone());
        let mut world = Self {
            now,
            run: 0,
            probes: Vec::new(),
            book: Book::default(),
            paging: Paging::default(),
            roster: serde_json::from_value(roster).unwrap(),
            status: StatusPage::default(),
            page: Page {
                auto_open: AutoOpen {
                    after: Duration::from_secs(20),
                    elements: all.collect(),
                },
                components,
                population: BTreeMap::from([
                    (Kind::Host, 2),
                    (Kind::CanarySync, 2),
                    (Kind::Edge, 1),
                    (Kind::Database, 1),
                ]),
            },
            log: Vec::new(),
            began: now,
        };
        for (name, subject, implicates, open, close) in [
            (
                "commit_canary",
                "database:central",
                "pool:central/probe",
                2,
                20,
            ),
            ("edge", "edge:e1", "", 3, 15),
            ("host_direct", "host:h1", "", 3, 15),
            ("host_direct", "host:h2", "", 3, 15),
            ("canary_sync", "canary_sync:h1", "host:h1", 2, 3),
            ("canary_sync", "canary_sync:h2", "host:h2", 2, 3),
        ] {
            let settings = probe::Settings::new(open, close).unwrap();
            world.probes.push(Probe {
                name,
                subject: element(subject),
                implicates: implicates.split_whitespace().map(element).collect(),
                verdict: Verdict::new(now, &settings),
                settings,
            });
        }
        world
    }

    fn tell(&mut self, what: String) {
        let after = self.now.since(self.began).as_secs();
        self.log.push((after, what));
    }

    /// A second passes, and every probe runs; those of `broken` reach their deadline.
    fn second(&mut self, broken: &[&str]) {
        self.now = self.now.plus(Duration::from_secs(1));
        self.run += 1;
        let mut signals = Vec::new();
        for probe in &mut self.probes {
            let outcome = if broken.contains(&probe.subject.to_string().as_str()) {
                Outcome::Failed(Failure::Deadline)
            } else {
                Outcome::Passed
            };
            let turn = (probe.verdict).observe(self.run, outcome, self.now, &probe.settings);
            let state = match turn {
                None => continue,
                Some(Turn::Proven | Turn::Closed { .. }) => State::Passing,
                Some(Turn::Opened { .. }) => State::Failing {
                    severity: Severity::Critical,
                    implicates: probe.implicates.clone(),
                    summary: "its deadline passed".to_owned(),
                },
            };
            signals.push(Signal {
                source: probe.name.to_owned(),
                subject: probe.subject.clone(),
                state,
            });
        }
        for signal in signals {
            if matches!(signal.state, State::Failing { .. }) {
                self.tell(format!("detected {}", signal.subject));
            }
            self.hear(Event::Signal(signal));
        }
        self.hear(Event::Tick);
    }

    fn hear(&mut self, event: Event) {
        let effects = self.book.apply(event, self.now, &Settings::default());
        for effect in &effects {
            if let Effect::Linked { report, incident } = effect {
                self.tell(format!("report {report} linked {incident}"));
            }
            let event = to_escalation(effect, &self.book);
            self.call(event.unwrap_or(escalation::Event::Tick));
            if let Some(event) = to_page(effect, &self.book, &self.page.population) {
                self.show(event);
            }
        }
        self.call(escalation::Event::Tick);
        for event in refresh(&self.book, &self.status, &self.page.population) {
            self.show(event);
        }
        self.show(page::Event::Tick);
    }

    fn call(&mut self, event: escalation::Event) {
        for effect in self.paging.apply(event, self.now, &self.roster) {
            if let escalation::Effect::Page {
                attempt,
                contact,
                purpose,
                ..
            } = effect
            {
                if purpose != Purpose::Test {
                    self.tell(format!("page {contact} {purpose:?}"));
                }
                let sent = escalation::Event::Sent { attempt };
                self.paging.apply(sent, self.now, &self.roster);
            }
        }
    }

    fn show(&mut self, event: page::Event) {
        for effect in self.status.apply(event, self.now, &self.page) {
            match effect {
                page::Effect::Published { name, .. } => self.tell(format!("published {name}")),
                page::Effect::Updated { update, .. } => self.tell(format!("{:?}", update.stage)),
                page::Effect::Component { component, to, .. } => {
                    self.tell(format!("{component}: {to}"));
                }
                _ => {}
            }
        }
    }

    fn state(&self, component: usize) -> ComponentState {
        self.status
            .state(&self.page.components[component], &self.page)
    }
}

#[test]
fn the_incident_of_2021_is_detected_paged_and_published_in_seconds() {
    let mut world = World::new();
    for _ in 0..30 {
        world.second(&[]);
    }
    assert_eq!(world.log, []);
    // 22:00 in Brussels: from now on commits hang.
    world.began = world.now;
    for _ in 0..200 {
        world.second(&["database:central"]);
    }
    for (id, tenant) in [("r1", "acme"), ("r2", "globex")] {
        world.hear(Event::Report(Report {
            id: ReportId(id.to_owned()),
            tenant: Some(tenant.to_owned()),
            elements: [
                element("node:a"),
                element("host:h1"),
                element("database:central"),
            ]
            .into(),
        }));
    }
    assert_eq!(world.state(0), ComponentState::Operational);
    assert_eq!(world.state(2), ComponentState::DegradedPerformance);
    assert_eq!(world.book.incidents().count(), 1);
    for _ in 0..60 {
        world.second(&[]);
    }
    let log: Vec<String> = (world.log.iter())
        .map(|(after, what)| format!("{after} {what}"))
        .collect();
    assert_eq!(
        log,
        [
            "2 detected database:central",
            "3 page sms:1 Incident",
            "23 published Administration: degraded performance",
            "23 Investigating",
            "23 Administration: degraded performance",
            "183 page sms:1 Incident",
            "183 page sms:2 Incident",
            "200 report r1 linked 1",
            "200 report r2 linked 1",
            // Twenty commits in a row are proof; and fifteen seconds of quiet.
            "220 Investigating",
            "220 Administration: operational",
            "235 page sms:1 Recovered",
            "235 page sms:2 Recovered",
            "235 Monitoring",
        ]
    );
    let entry = world.status.entries().next().unwrap();
    assert_eq!(
        (entry.stage, entry.impact),
        (Stage::Monitoring, Impact::Minor)
    );
}

#[test]
fn a_page_that_missed_everything_is_right_with_the_next_look() {
    let mut world = World::new();
    for _ in 0..40 {
        world.second(&["edge:e1", "host:h1"]);
    }
    let shown = |world: &World| (0..3).map(|it| world.state(it)).collect::<Vec<_>>();
    let expected = shown(&world);
    assert_eq!(
        expected,
        [
            ComponentState::MajorOutage,
            ComponentState::MajorOutage,
            ComponentState::Operational
        ]
    );
    world.status = StatusPage::default();
    for _ in 0..21 {
        world.second(&["edge:e1", "host:h1"]);
    }
    assert_eq!(shown(&world), expected);
    // The other way round: the book has forgotten, and the page has not.
    world.book = Book::numbered_from(IncidentId(100));
    world.second(&[]);
    assert_eq!(world.state(1), ComponentState::Operational);
}
