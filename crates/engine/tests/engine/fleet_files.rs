//! Files in a fleet: an attempt ends within the lease, and a file takes longer.

use crate::files::{attachments, content};
use crate::fleet::{Build, Fleet, SOON};
use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::effect::Effect;
use twinline_core::item::Value;

/// Longer than an attempt may take, of which the tests' fleets give a second.
const LONG: Duration = Duration::from_millis(2500);

#[tokio::test]
async fn a_file_that_takes_longer_than_an_attempt_crosses_once() {
    let Some(fleet) = Fleet::new() else { return };
    let mut first = contract("c", "left", "right");
    first.attachments = Some(attachments());
    let hosts = Build {
        env: fleet.world.env.clone(),
        trackers: fleet.world.trackers.clone(),
        first,
        lacks: false,
    };
    let machine = fleet.start_with("m1", Arc::new(hosts));
    machine.works().await;
    let left = fleet.world.tracker("left");
    let item = left.make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    let copy = fleet.made("right").await;
    let right = fleet.world.tracker("right");
    // The one to read, the other between its last byte and the request that attaches it.
    left.fault(On::Open, Fault::Slow(LONG));
    right.fault(On::Apply, Fault::Slow(LONG));
    left.attach_by_hand(&item, "a.bin", content(3000));
    let copied = async {
        while right.files(&copy).is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(SOON, copied).await;
    waited.expect("the file crosses");
    fleet.edit(&item, "b");
    fleet.shows(&copy, "b").await;
    let is_file = |write: &&Effect| matches!(write, Effect::AddAttachment { .. });
    let files = right.state().writes.iter().filter(is_file).count();
    assert_eq!(files, 1);
    machine.stop().await;
}
