//! Two lanes and many nodes share the host, and confirmed work has a budget of its own.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::effect::Effect;
use twinline_core::item::Value;
use twinline_core::names::Side;
use twinline_store::host::JobState;

/// The summaries of the items that were created on a node, in order.
fn created(world: &World, node: &str) -> Vec<String> {
    let state = world.tracker(node).state();
    let summary = |effect: &Effect| match effect {
        Effect::Create { fields, .. } => match fields.get("summary") {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    state.writes.iter().filter_map(summary).collect()
}

#[tokio::test(start_paused = true)]
async fn saturated_by_both_lanes_backfill_keeps_its_share_of_the_attempts() {
    const EACH: usize = 300;
    let mut world = World::new(&["left", "right"]);
    world.settings.jobs_max = 4;
    for _ in 0..EACH {
        world
            .tracker("left")
            .make(&[("summary", Value::text("old"))]);
    }
    world.tracker("right").state().latency = Duration::from_millis(100);
    // So old that no sweep shows them: they enter by the backfill alone.
    tokio::time::sleep(world.sweep.overlap * 2).await;
    let running = world.start(&[contract("c", "left", "right")]).await;
    until("the backfill has begun", async || {
        !created(&world, "right").is_empty()
    })
    .await;
    for _ in 0..EACH {
        world.make("left", "new");
    }
    let before = created(&world, "right").len();
    let now = async || created(&world, "right").len() - before;
    until("two hundred", async || now().await >= 200).await;
    let made = created(&world, "right");
    let old = made[before..before + 200]
        .iter()
        .filter(|summary| *summary == "old")
        .count();
    assert!((30..=170).contains(&old), "{old} of 200 from the backfill");
    running.quiet().await;
    assert_eq!(created(&world, "right").len(), 2 * EACH);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_node_waits_more_than_two_rounds_behind_the_floods_of_others() {
    const FLOODED: usize = 4;
    let names: Vec<String> = (0..=FLOODED)
        .flat_map(|n| [format!("from{n}"), format!("to{n}")])
        .collect();
    let mut world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    world.settings.jobs_max = 1;
    let contracts: Vec<_> = (0..=FLOODED)
        .map(|n| contract(&format!("c{n}"), &format!("from{n}"), &format!("to{n}")))
        .collect();
    for name in &names {
        world.tracker(name).state().latency = Duration::from_millis(5);
    }
    let running = world.start(&contracts).await;
    let quiet = world.make(&format!("from{FLOODED}"), "x");
    running.quiet().await;
    for n in 0..FLOODED {
        for _ in 0..40 {
            world.make(&format!("from{n}"), "flood");
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.edit(&quiet, "summary", Value::text("y"));
    let waits = async || {
        let status = running.host.status().await.unwrap();
        let mut nodes = status.nodes.iter();
        nodes.any(|line| line.node == quiet.node && line.dirty_live > 0)
    };
    let step = Duration::from_millis(1);
    while !waits().await {
        tokio::time::sleep(step).await;
    }
    let before = running.host.metrics().jobs.get();
    let to = world.tracker(&format!("to{FLOODED}"));
    while to.only().get("summary") != Some(&Value::text("y")) {
        tokio::time::sleep(step).await;
    }
    let waited = running.host.metrics().jobs.get() - before;
    // A round is one job of every node with work. Its own job ends after the write that is waited for.
    let two_rounds = 2 * (FLOODED as u64 + 1);
    assert!(waited <= two_rounds, "{waited} jobs went before it");
    running.quiet().await;
    running.stop().await;
}

/// Starts a backfill of which so many writes are confirmed.
async fn backfill(running: &Running, confirmed: u64) {
    let connection = "c".into();
    let order = running
        .host
        .start_backfill(&connection, Side::Left, None, confirmed, "ada");
    order.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_backfill_has_its_own_budget_and_the_breaker_still_guards_the_rest() {
    let world = World::new(&["left", "right"]);
    let mut careful = contract("c", "left", "right");
    careful.max_writes_per_10min = 5;
    let running = world.start(&[careful]).await;
    until("the publish has enumerated", async || {
        let jobs = running.jobs().await;
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
    for _ in 0..30 {
        world
            .tracker("left")
            .make(&[("summary", Value::text("old"))]);
    }
    let held = async || {
        running.host.status().await.unwrap().connections[0]
            .held
            .is_some()
    };
    backfill(&running, 30).await;
    until("all thirty", async || {
        world.tracker("right").state().items.len() == 30
    })
    .await;
    assert!(!held().await);
    for n in 0..5 {
        world.make("left", &format!("{n}"));
    }
    running.quiet().await;
    assert!(
        !held().await,
        "what was confirmed does not count against the limit"
    );
    world.make("left", "one too many");
    until("held", held).await;
    assert_eq!(world.tracker("right").state().items.len(), 35);
    running
        .host
        .release_connection(&"c".into(), "ada")
        .await
        .unwrap();
    running.quiet().await;
    running.stop().await;
}

/// A publish that pays for far more than there is to write, and then an audit that finds everything out of step.
#[tokio::test(start_paused = true)]
async fn what_a_publish_did_not_spend_is_no_budget_for_an_audit_or_a_later_backfill() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.audit = Duration::from_secs(300);
    let items: Vec<_> = (0..8)
        .map(|n| {
            let summary = Value::text(format!("{n}"));
            world.tracker("left").make(&[("summary", summary)])
        })
        .collect();
    let mut careful = contract("c", "left", "right");
    careful.max_writes_per_10min = 5;
    let running = world.start(&[careful]).await;
    until("the publish has made them", async || {
        world.tracker("right").state().items.len() == 8
    })
    .await;
    running.quiet().await;
    let status = async || running.host.status().await.unwrap().connections.remove(0);
    until("the publish is done", async || {
        status().await.budget_writes == 0
    })
    .await;
    assert_eq!(status().await.held, None);
    backfill(&running, 0).await;
    running.quiet().await;
    for item in &items {
        let left = world.tracker("left");
        left.edit_silently(item, "summary", Value::text("astray"));
    }
    until("held", async || status().await.held.is_some()).await;
    let astray = || {
        let state = world.tracker("right").state();
        let items = state.items.values();
        let astray = items.filter(|item| item.get("summary") == Some(&Value::text("astray")));
        astray.count()
    };
    assert_eq!(astray(), 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unconfirmed_backfill_is_held_like_anything_else() {
    let world = World::new(&["left", "right"]);
    let mut careful = contract("c", "left", "right");
    careful.max_writes_per_10min = 5;
    let running = world.start(&[careful]).await;
    until("the publish has enumerated", async || {
        let jobs = running.jobs().await;
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
    for _ in 0..30 {
        world
            .tracker("left")
            .make(&[("summary", Value::text("old"))]);
    }
    backfill(&running, 0).await;
    until("held", async || {
        running.host.status().await.unwrap().connections[0]
            .held
            .is_some()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.tracker("right").state().items.len(), 5);
    running.stop().await;
}
