//! A publish that is cut off: what it began goes on.

use crate::support::rules::contract;
use crate::support::{World, until};
use std::collections::BTreeMap;
use twinline_core::contract::Contract;
use twinline_core::digest::Digest;
use twinline_core::item::{ItemId, Value};
use twinline_store::host::{JobState, Publish};

/// Rules that carry the summary only; the next version carries the status too.
fn first() -> Contract {
    let mut contract = contract("c", "left", "right");
    contract
        .fields
        .retain(|field, _| field.as_str() == "summary");
    contract
}

fn publication(world: &World, contract: &Contract) -> Publish {
    let source = serde_json::to_string(contract).unwrap();
    Publish {
        connection: contract.connection.clone(),
        digest: Digest::of_bytes(source.as_bytes()),
        sources: BTreeMap::from([("contract".to_owned(), source)]),
        at: world.env.now(),
        by: "test".to_owned(),
    }
}

async fn follows(world: &World, right: &ItemId) {
    until("the new field crosses", async || {
        let item = world.tracker("right").item(right);
        item.get("status") == Some(&Value::text("open"))
    })
    .await;
}

/// The process ends at the `at`-th commit of a publish, before or after that is durable. Answers whether there was one.
async fn crash_at(at: u64, after: bool) -> bool {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[first()]).await;
    world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    {
        let mut plan = world.crash.0.lock().unwrap();
        plan.at = plan.commits + at;
        plan.after = after;
    }
    let second = contract("c", "left", "right");
    let published = running
        .host
        .publish(publication(&world, &second), true)
        .await;
    running.kill().await;
    world.crash.0.lock().unwrap().at = 0;
    let host = world.build().await;
    if published.is_err() {
        // As a person would: if it is in force already, nothing is new.
        host.publish(publication(&world, &second), true)
            .await
            .unwrap();
    }
    let running = world.run(host);
    follows(&world, &right).await;
    running.quiet().await;
    running.stop().await;
    published.is_err()
}

#[tokio::test(start_paused = true)]
async fn a_publish_that_is_cut_off_at_any_commit_reaches_every_twin() {
    for after in [false, true] {
        let mut at = 1;
        while crash_at(at, after).await {
            at += 1;
        }
        assert!(at > 2, "the publish has commits to crash at: {at}");
    }
}

/// The caller goes as soon as the version is in force.
#[tokio::test(start_paused = true)]
async fn nothing_but_the_look_is_open_when_a_version_is_in_force() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[first()]).await;
    world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let second = contract("c", "left", "right");
    let published = running
        .host
        .publish(publication(&world, &second), true)
        .await;
    assert_eq!(published.unwrap().version, 2);
    follows(&world, &right).await;
    until("the backfill has ended", async || {
        let jobs = running.host.jobs().await.unwrap();
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
    let again = running
        .host
        .publish(publication(&world, &second), true)
        .await;
    let again = again.unwrap();
    assert_eq!((again.version, again.items), (2, 0), "nothing is new");
    running.stop().await;
}
