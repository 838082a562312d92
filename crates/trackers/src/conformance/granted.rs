//! The contract where access tokens are asked for: they end in the middle of the work, and nobody notices.

use super::sim::{SimHarness, Under};
use super::{Harness as _, Report, odd, run};
use crate::error::TrackerError;
use base64::Engine as _;
use std::time::Duration;
use twinline_sim::{Door, Granting, Simulator};

/// What a token means to a node that asks for another one: it may have ended, and is not the credentials.
const ELSE: &str = "answer: 401 is Credentials, to reads and writes";

/// An `Authorization` header with a name and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {pair}")
}

/// Nothing of the contract is broken, but for what is said of a token that was good.
pub(crate) fn check_report(report: &Report) {
    let broken: Vec<&str> = report.broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(broken, [ELSE], "{report}");
}

/// Takes a connector through the contract behind a door at which it is given tokens, and ends one before its time.
pub(crate) async fn check(inner: Box<dyn Simulator>, under: Under, door: Door) {
    let door = Granting::new(inner, door);
    let tokens = door.tokens();
    let h = SimHarness::new(Box::new(door), under);
    let report = run(&h).await;
    check_report(&report);
    let asked = tokens.count();
    // Each check begins two hours after the one before.
    assert!(asked > 10, "{asked} tokens");
    let item = odd::begun(&h).await.item;
    h.tracker().fetch(&item).await.unwrap();
    tokens.end();
    let refused = h.tracker().fetch(&item).await;
    assert!(
        matches!(refused, Err(TrackerError::Retry { .. })),
        "{refused:?}"
    );
    h.pass(Duration::from_secs(1)).await;
    h.tracker().fetch(&item).await.unwrap();
}

/// A door that wants other secrets than the connector has: that is told as a fault of the credentials.
pub(crate) async fn check_refused(inner: Box<dyn Simulator>, under: Under, door: Door) {
    let door = Door {
        wanted: &[("client_secret", "another")],
        ..door
    };
    let h = SimHarness::new(Box::new(Granting::new(inner, door)), under);
    let probe = h.tracker().probe().await.unwrap();
    let told = probe.faults.join("; ");
    assert!(told.contains("gives no access token"), "{told}");
}
