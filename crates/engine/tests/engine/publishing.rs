//! A publish that is cut off: what it began goes on.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::contract::Contract;
use twinline_core::digest::Digest;
use twinline_core::item::{ItemId, Value};
use twinline_store::host::{Job, JobKind, JobState, Publish};

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

/// What a publish does in the store, without what it then does in memory.
async fn only_stored(world: &World, running: &Running, contract: &Contract, jobs: Vec<Job>) {
    let publication = publication(world, contract);
    let stored = running.host.store().write(move |tx| {
        tx.publish(&publication)?;
        jobs.iter().try_for_each(|job| tx.put_job(job))
    });
    stored.await.unwrap();
}

fn job(world: &World, kind: JobKind, spec: &str) -> Job {
    let now = world.env.now();
    Job {
        id: "job".to_owned(),
        kind,
        connection: "c".into(),
        state: JobState::Running,
        spec: spec.to_owned(),
        cursor: None,
        total: None,
        done: 0,
        sentence: None,
        started_at: now,
        updated_at: now,
    }
}

async fn state(running: &Running) -> JobState {
    let job = running.host.store().read(|read| read.job("job"));
    job.await.unwrap().unwrap().state
}

/// A backfill and a look at all twins that are seen between the two halves of their publish wait for the other half.
#[tokio::test(start_paused = true)]
async fn what_a_publish_begins_waits_until_its_rules_are_at_work() {
    let world = World::new(&["left", "right"]);
    world
        .tracker("left")
        .make(&[("summary", Value::text("old"))]);
    let running = world.start(&[]).await;
    let backfill = job(&world, JobKind::Backfill, r#"{"side":"left","query":null}"#);
    only_stored(&world, &running, &first(), vec![backfill]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&running).await, JobState::Running);
    world.publish(&running.host, &first()).await;
    until("enumerated", async || {
        state(&running).await == JobState::Finished
    })
    .await;
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let left = world.tracker("left").only().reference.item;
    world.edit(&left, "status", Value::text("open"));
    running.quiet().await;

    let second = contract("c", "left", "right");
    let relook = job(&world, JobKind::Relook, "{}");
    only_stored(&world, &running, &second, vec![relook]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(state(&running).await, JobState::Running);
    world.publish(&running.host, &second).await;
    follows(&world, &right).await;
    assert_eq!(state(&running).await, JobState::Finished);
    running.stop().await;
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
        let jobs = running.jobs().await;
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
