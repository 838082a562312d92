//! A status page with a past, made by the machine's own events. Used by the tests and by the example `status-page`.

use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Selector;
use twinline_core::watch::incident::{Impact, IncidentId};
use twinline_core::watch::page::{
    Amendment, AutoOpen, Component, ComponentState, Event, MaintenanceId, MaintenanceStage, Page,
    Shown, Stage, StatusPage,
};
use twinline_core::watch::signal::Severity;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// The machine, its configuration, and a clock that only goes on.
pub(crate) struct World {
    pub(crate) status: StatusPage,
    pub(crate) page: Page,
    pub(crate) now: Timestamp,
}

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

fn tracker(name: &str, element: &str) -> Component {
    Component {
        group: Some("Trackers".to_owned()),
        auto: false,
        ..component(name, element)
    }
}

fn page() -> Page {
    Page {
        components: vec![
            component("Synchronisation", "host canary_sync"),
            component("Webhooks", "edge"),
            Component {
                worst: Some(ComponentState::DegradedPerformance),
                ..component("Administration", "database")
            },
            tracker("GitHub", "tracker:github"),
            tracker("Jira Cloud", "tracker:jira-cloud"),
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

impl World {
    /// One that has begun just now.
    pub(crate) fn new(now: &str) -> Self {
        let mut world = Self {
            status: StatusPage::default(),
            page: page(),
            now: Timestamp::parse(now).unwrap(),
        };
        world.hears(Event::Tick);
        world
    }

    /// One with sixty days behind it, in which the database's commits hang, as of 2026-11-28T17:30:00Z.
    pub(crate) fn busy() -> Self {
        let mut world = Self::new("2026-09-29T17:30:00Z");
        world.passes(20 * DAY);
        world.host_fails();
        world.passes(26 * DAY);
        world.edges_fail();
        world.passes(8 * DAY);
        world.is_maintained();
        world.until("2026-11-28T16:58:20Z");
        world.database_hangs();
        world.until("2026-11-28T17:30:00Z");
        world
    }

    pub(crate) fn hears(&mut self, event: Event) {
        self.status.apply(event, self.now, &self.page);
    }

    /// Time passes, and whatever is due meanwhile happens when it is.
    pub(crate) fn passes(&mut self, seconds: u64) {
        let until = self.now.plus(Duration::from_secs(seconds));
        while let Some(due) = self.status.due(&self.page)
            && due > self.now
            && due < until
        {
            self.now = due;
            self.hears(Event::Tick);
        }
        self.now = until;
        self.hears(Event::Tick);
    }

    pub(crate) fn until(&mut self, instant: &str) {
        let until = Timestamp::parse(instant).unwrap();
        self.passes(until.since(self.now).as_secs());
    }

    /// The incident is critical, and this fails in it.
    pub(crate) fn fails(&mut self, incident: u64, element: &str, failing: &str, impact: Impact) {
        let failing = failing.split_whitespace();
        self.hears(Event::Incident(Shown {
            incident: IncidentId(incident),
            element: element.parse().unwrap(),
            severity: Severity::Critical,
            impact,
            failing: failing
                .map(|it| (it.parse().unwrap(), Severity::Critical))
                .collect(),
        }));
    }

    pub(crate) fn recovers(&mut self, incident: u64) {
        let incident = IncidentId(incident);
        self.hears(Event::Recovered { incident });
    }

    pub(crate) fn says(&mut self, incident: u64, stage: Stage, body: &str) {
        self.hears(Event::Post {
            incident: IncidentId(incident),
            by: "ada".to_owned(),
            stage,
            body: body.to_owned(),
            also: Amendment::default(),
        });
    }

    pub(crate) fn plans(&mut self, id: u64, name: &str, component: &str, after: u64, lasts: u64) {
        let from = self.now.plus(Duration::from_secs(after));
        self.hears(Event::Plan {
            maintenance: MaintenanceId(id),
            name: name.to_owned(),
            components: BTreeSet::from([component.to_owned()]),
            from,
            until: from.plus(Duration::from_secs(lasts)),
            body: String::new(),
        });
    }

    pub(crate) fn maintains(&mut self, id: u64, stage: MaintenanceStage, body: &str) {
        self.hears(Event::Maintain {
            maintenance: MaintenanceId(id),
            stage,
            body: body.to_owned(),
        });
    }

    fn host_fails(&mut self) {
        self.fails(1, "host:h2", "host:h2", Impact::Major);
        self.passes(12 * MINUTE);
        let cause = "One of four hosts lost its disk. Its nodes go on on the others; syncs of a quarter of all nodes \
                     were up to nine minutes late.";
        self.says(1, Stage::Identified, cause);
        self.passes(14 * MINUTE);
        self.recovers(1);
        self.passes(HOUR);
        self.says(
            1,
            Stage::Resolved,
            "All nodes have a host. Nothing was lost.",
        );
        self.passes(3 * DAY);
        let postmortem = "What happened: the disk of host h2 reported errors from 17:31, and its process was put aside.\n\n\
                          Why it took nine minutes: the lease ran out only after the process had been ended twice.\n\n\
                          What changes: a host whose disk fails gives its nodes away at once.";
        self.says(1, Stage::Postmortem, postmortem);
    }

    fn edges_fail(&mut self) {
        self.fails(2, "edge:e1", "edge:e1 edge:e2", Impact::Critical);
        self.passes(7 * MINUTE);
        self.recovers(2);
        self.passes(30 * MINUTE);
        let over = "Webhooks are taken again. What trackers could not deliver meanwhile was found by our sweeps.";
        self.says(2, Stage::Resolved, over);
        // One that a person keeps from the page.
        self.fails(3, "host:h4", "host:h4", Impact::Major);
        self.hears(Event::Veto {
            incident: IncidentId(3),
            by: "bo".to_owned(),
            reason: "secret drill".to_owned(),
        });
        self.passes(MINUTE);
        self.recovers(3);
    }

    fn is_maintained(&mut self) {
        self.plans(1, "Upgrade of the database", "Administration", HOUR, HOUR);
        self.passes(HOUR);
        let begun = "The upgrade has begun. Syncs go on.";
        self.maintains(1, MaintenanceStage::InProgress, begun);
        self.passes(25 * MINUTE);
        let proven = "Commits and canary syncs pass on all hosts.";
        self.maintains(1, MaintenanceStage::Verifying, proven);
        self.passes(10 * MINUTE);
        self.maintains(1, MaintenanceStage::Completed, "Done, and proven.");
        let name = "New certificates at the edge";
        self.plans(2, name, "Webhooks", 9 * DAY, 2 * HOUR);
    }

    fn database_hangs(&mut self) {
        let failing = "database:central pool:central/replicate";
        self.fails(4, "database:central", failing, Impact::Minor);
        self.passes(15 * MINUTE);
        let cause = "The database answers reads and takes no commits since an unattended upgrade. Items go on crossing; \
                     rules cannot be published and the console shows what was true at 17:58.";
        self.says(4, Stage::Identified, cause);
    }
}
