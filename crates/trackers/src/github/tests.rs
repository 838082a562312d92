//! What the connector's tests share. The connector itself is tested by the conformance suite.

use super::client::client;
use crate::conformance;
use crate::conformance::sim::{SimHarness, Under};
use crate::http::{Client, Secret, Transport};
use crate::registry::Node;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;

/// A clock that stands still at 2026-01-31T09:30:00Z.
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_851_800_000)
    }
}

/// A client whose requests a test answers.
pub(super) fn client_over(transport: Arc<dyn Transport>) -> Client {
    let node = Node {
        name: "hub".into(),
        url: "https://api.github.example".parse().unwrap(),
        auth: BTreeMap::from([("token".to_owned(), Secret::new("t"))]),
        settle: None,
        write_spacing: None,
        unlimited: true,
    };
    client(&node, transport, Arc::new(Still)).unwrap()
}

/// GitHub's connector in front of its simulator.
fn harness() -> SimHarness {
    let under = Under {
        tracker: "github",
        auth: &[("token", "github-token")],
        scope: &[("repo", "acme/app")],
        container: "acme/app",
        move_to: Some("acme/archive"),
        open_trigger: "is:issue is:open",
        bad_trigger: ("is:open crash", "crash"),
        required_fields: BTreeMap::new(),
        tells_deletion: true,
        webhooks: true,
    };
    let github = twinline_sim::github::Github::new(twinline_sim::github::GithubConfig::default());
    SimHarness::new(Box::new(github), under)
}

#[tokio::test]
async fn the_contract_holds() {
    let report = conformance::run(&harness()).await;
    assert!(report.broken.is_empty(), "{report}");
    let skipped: Vec<&str> = report.skipped.iter().map(|(name, _)| *name).collect();
    let expected = ["compare-and-swap: a person's edit in between is not overwritten"];
    assert_eq!(skipped, expected, "{report}");
    assert_eq!(
        report.passed.len() + expected.len(),
        conformance::checks().len()
    );
}
