//! The trackers that have a description, each with its simulator and what its connector's suite needs to know.

use super::description::{Correction, Description};
use super::harness::{SimHarness, Under};
use super::recorded::{Recorded, Recording};
use super::tally::Tally;
use anyhow::Result;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;
use twinline_sim::Simulator;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{self, JiraCloud};
use twinline_trackers::conformance;

/// One tracker under examination.
pub(super) struct Examined {
    /// Its description, below the folder of descriptions.
    pub(super) file: &'static str,
    /// Where the description contradicts the vendor's own examples and service.
    pub(super) corrections: &'static [Correction],
    simulator: fn() -> Box<dyn Simulator>,
    under: fn() -> Under,
}

pub(super) const TRACKERS: &[Examined] = &[
    Examined {
        file: "github/github-rest.json",
        corrections: &[],
        simulator: github,
        under: under_github,
    },
    Examined {
        file: "jira/jira-cloud-v3.json",
        // Said to be texts; the description's own examples and the service have null for an empty value.
        corrections: &[
            Correction::Nullable("/components/schemas/ChangeDetails/properties/from"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/fromString"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/to"),
            Correction::Nullable("/components/schemas/ChangeDetails/properties/toString"),
        ],
        simulator: jira,
        under: under_jira,
    },
];

impl Examined {
    /// Takes the connector through its suite and judges what went over the wire.
    pub(super) async fn run(&self, description: Description) -> Result<Tally> {
        let recording = Recording::default();
        let simulator = Recorded::new((self.simulator)(), recording.clone());
        let under = (self.under)();
        let mut tally = Tally::new(under.tracker, description);
        let report = conformance::run(&SimHarness::new(Box::new(simulator), under)).await;
        tally.suite(&report);
        for exchange in recording.take() {
            tally.judge(&exchange);
        }
        Ok(tally)
    }
}

const REPO: &str = "acme/app";

fn github() -> Box<dyn Simulator> {
    let mut github = Github::new(GithubConfig::default());
    // Pull requests are in every list of issues, and never items.
    let made = github.add_pull_request(Timestamp::EPOCH, "ana", REPO, "A pull request");
    assert!(made.is_some(), "the simulator has the repository {REPO}");
    Box::new(github)
}

fn under_github() -> Under {
    Under {
        tracker: "github",
        auth: &[("token", "github-token")],
        scope: &[("repo", REPO)],
        container: REPO,
        move_to: Some("acme/archive"),
        open_trigger: "is:issue is:open",
        bad_trigger: ("is:open crash", "crash"),
        required_fields: BTreeMap::new(),
        internal_channel: None,
        tells_deletion: true,
        webhooks: true,
    }
}

fn jira() -> Box<dyn Simulator> {
    let mut site = jira_cloud::demo_site();
    site.switches.workflows_readable = true;
    Box::new(JiraCloud::new(site))
}

fn under_jira() -> Under {
    Under {
        tracker: "jira-cloud",
        auth: &[
            ("email", "twinline@acme.example"),
            ("token", jira_cloud::API_TOKEN),
        ],
        scope: &[("project", "SUP"), ("type", "Task")],
        container: "SUP",
        move_to: Some("APP"),
        open_trigger: "statusCategory != Done",
        bad_trigger: ("flavour = sweet", "flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("role:Administrators"),
        tells_deletion: false,
        webhooks: true,
    }
}
