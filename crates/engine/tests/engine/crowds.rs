//! One node's backlog, and one node's trouble, keep no other node's work out.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{World, until};
use std::time::Duration;
use tokio::time::Instant;
use twinline_core::item::{ItemId, Value};

const TEXT: &str = "news";

fn news(world: &World, item: &ItemId) {
    world.edit(item, "summary", Value::text(TEXT));
}

/// How many items of a node show the news.
fn arrived(world: &World, node: &str) -> usize {
    let state = world.tracker(node).state();
    let items = state.items.values();
    let shown = items.filter(|item| item.get("summary") == Some(&Value::text(TEXT)));
    shown.count()
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_node_takes_no_room_and_stops_no_other() {
    const EACH: usize = 60;
    let mut world = World::new(&["a", "b", "c", "d"]);
    world.settings.queued_max = 40;
    let mut ab = contract("ab", "a", "b");
    let running = world.start(&[ab.clone(), contract("cd", "c", "d")]).await;
    for _ in 0..EACH {
        world.make("a", "old");
    }
    let other = world.make("c", "old");
    running.quiet().await;
    let a = "a".into();
    running
        .host
        .pause_node(&a, "on purpose", "ada")
        .await
        .unwrap();
    // All twins of the two are marked in the backfill lane, and then all in the live one.
    ab.max_writes_per_10min += 1;
    world.publish(&running.host, &ab).await;
    let there: Vec<ItemId> = {
        let state = world.tracker("b").state();
        let items = state.items.values();
        items.map(|item| item.reference.item.clone()).collect()
    };
    for item in &there {
        news(&world, item);
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let depths = running.host.status().await.unwrap().depths;
    assert_eq!(depths.dirty, 0, "it is left in the store: {depths:?}");
    news(&world, &other);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(arrived(&world, "d"), 1, "{depths:?}");
    running.host.resume_node(&a, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(
        arrived(&world, "a"),
        EACH,
        "what found no room was read again"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_live_change_comes_through_a_publish_that_fills_the_memory() {
    const TWINS: usize = 200;
    let mut world = World::new(&["a", "b"]);
    world.settings.queued_max = 20;
    world.settings.jobs_max = 1;
    let mut ab = contract("ab", "a", "b");
    let running = world.start(&[ab.clone()]).await;
    let items: Vec<ItemId> = (0..TWINS).map(|_| world.make("a", "old")).collect();
    running.quiet().await;
    world.tracker("b").state().latency = Duration::from_millis(100);
    ab.max_writes_per_10min += 1;
    world.publish(&running.host, &ab).await;
    until("the publish is under way", async || {
        running.host.status().await.unwrap().depths.backfill > 0
    })
    .await;
    let before = running.host.metrics().jobs.get();
    news(&world, &items[TWINS / 2]);
    until("it has crossed", async || arrived(&world, "b") == 1).await;
    let jobs = running.host.metrics().jobs.get() - before;
    assert!(jobs <= 10, "{jobs} jobs went before it");
    running.quiet().await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_leaves_slots_to_the_others_and_what_waits_behind_it_gives_up() {
    const HANGS: Duration = Duration::from_secs(20);
    let mut world = World::new(&["a", "b", "c", "d"]);
    world.settings.jobs_max = 16;
    world.settings.connection_jobs_max = 12;
    world.settings.node_jobs_max = 12;
    world.settings.node_requests_max = 4;
    let running = world
        .start(&[contract("ab", "a", "b"), contract("cd", "c", "d")])
        .await;
    let items: Vec<ItemId> = (0..40).map(|_| world.make("a", "old")).collect();
    let other = world.make("c", "old");
    running.quiet().await;
    world.tracker("a").state().latency = HANGS;
    for _ in 0..100 {
        world.tracker("a").fault(On::Fetch, Fault::Retry(None));
    }
    let before = running.host.metrics().retries.get();
    for item in &items {
        news(&world, item);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(running.host.status().await.unwrap().depths.running, 12);
    let start = Instant::now();
    news(&world, &other);
    until("the other's change has crossed", async || {
        arrived(&world, "d") == 1
    })
    .await;
    assert!(start.elapsed() < Duration::from_secs(1));
    // Four requests hang. When the first of them have failed the gate closes, and the eight that wait send nothing.
    tokio::time::sleep(HANGS).await;
    let asked = running.host.metrics().retries.get() - before;
    assert!(asked <= 4, "{asked} requests have failed");
    let depths = running.host.status().await.unwrap().depths;
    assert!(depths.running <= 3, "{depths:?}");
    world.tracker("a").state().faults.clear();
    world.tracker("a").state().latency = Duration::ZERO;
    running.quiet().await;
    assert_eq!(arrived(&world, "b"), 40);
    running.stop().await;
}

/// Something changes on a node, and no webhook says so.
fn silently(world: &World, item: &ItemId) {
    let tracker = world.tracker(item.node.as_str());
    tracker.edit(item, "summary", Value::text(TEXT));
}

#[tokio::test(start_paused = true)]
async fn resuming_a_node_sweeps_that_node_and_no_other() {
    let world = World::new(&["a", "b", "c", "d"]);
    let running = world
        .start(&[contract("ab", "a", "b"), contract("cd", "c", "d")])
        .await;
    let items = ["a", "c"].map(|node| world.make(node, "old"));
    running.quiet().await;
    for item in &items {
        silently(&world, item);
    }
    let a = "a".into();
    running.host.pause_node(&a, "", "ada").await.unwrap();
    running.host.resume_node(&a, "ada").await.unwrap();
    until("the sweep has seen it", async || arrived(&world, "b") == 1).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(arrived(&world, "d"), 0, "nobody has asked");
    running.host.sweep_now();
    until("all are swept", async || arrived(&world, "d") == 1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_so_many_nodes_are_swept_at_once() {
    const PAIRS: usize = 5;
    let names: Vec<_> = (0..PAIRS)
        .flat_map(|n| [format!("from{n}"), format!("to{n}")])
        .collect();
    let mut world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    world.settings.sweeps_max = 2;
    let pairs =
        (0..PAIRS).map(|n| contract(&format!("c{n}"), &format!("from{n}"), &format!("to{n}")));
    let running = world.start(&pairs.collect::<Vec<_>>()).await;
    let items: Vec<_> = (0..PAIRS)
        .map(|n| world.make(&format!("from{n}"), "old"))
        .collect();
    running.quiet().await;
    for item in &items {
        silently(&world, item);
    }
    for name in &names {
        world.tracker(name).state().latency = Duration::from_secs(1);
    }
    running.host.sweep_now();
    // The ten feeds take a second each, two at a time, in the order of their names: those with news are the first five.
    for second in 1..=2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let depths = running.host.status().await.unwrap().depths;
        let found = depths.dirty;
        assert!(found <= 2 * second, "{found} after {second} s");
    }
    until("all have crossed", async || {
        (0..PAIRS).all(|n| arrived(&world, &format!("to{n}")) == 1)
    })
    .await;
    running.stop().await;
}
