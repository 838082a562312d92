//! Work that cannot start for long delays no other connection of its node.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
use twinline_store::host::JobState;

/// So many twins of `a` and `b`, so old that no sweep shows them, while `b` is paused.
async fn paused(count: usize, queued_max: usize) -> (World, Running, Vec<ItemId>) {
    let mut world = World::new(&["a", "b", "c"]);
    world.settings.queued_max = queued_max;
    let running = world.start(&[contract("ab", "a", "b")]).await;
    let items: Vec<ItemId> = (0..count).map(|_| world.make("a", "old")).collect();
    running.quiet().await;
    tokio::time::sleep(world.sweep.overlap * 2).await;
    let b = "b".into();
    running.host.pause_node(&b, "", "ada").await.unwrap();
    (world, running, items)
}

fn shown(world: &World, node: &str, text: &str) -> usize {
    let state = world.tracker(node).state();
    let items = state.items.values();
    let shown = items.filter(|item| item.get("summary") == Some(&Value::text(text)));
    shown.count()
}

async fn all_backfills_finished(running: &Running) {
    until("the backfills have finished", async || {
        let jobs = running.jobs().await;
        jobs.iter().all(|job| job.state == JobState::Finished)
    })
    .await;
}

async fn resumed(world: &World, running: &Running) {
    let b = "b".into();
    running.host.resume_node(&b, "ada").await.unwrap();
    running.quiet().await;
    let depths = running.host.status().await.unwrap().depths;
    assert_eq!(depths.dirty, 0, "{depths:?}");
    assert_eq!(
        world.tracker("a").state().items.len(),
        shown(world, "b", "news")
    );
}

/// The items enter another connection, and then change; there is room for so many in memory.
async fn check(count: usize, queued_max: usize) {
    let (world, running, items) = paused(count, queued_max).await;
    world
        .publish(&running.host, &contract("ac", "a", "c"))
        .await;
    all_backfills_finished(&running).await;
    assert_eq!(shown(&world, "c", "old"), count);
    let ac = running.host.status().await.unwrap().connections.remove(1);
    assert_eq!(ac.budget_writes, 0, "the confirmed work is done");
    let order = (&"ac".into(), Side::Left, None, 10, "ada");
    let order = running
        .host
        .start_backfill(order.0, order.1, order.2, order.3, order.4);
    order.await.unwrap();
    all_backfills_finished(&running).await;
    for item in &items {
        world.edit(item, "summary", Value::text("news"));
    }
    until("all changes have crossed", async || {
        shown(&world, "c", "news") == count
    })
    .await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let jobs = running.host.metrics().jobs.get();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let again = running.host.metrics().jobs.get() - jobs;
    assert_eq!(again, 0, "what is done is not done again");
    assert_eq!(shown(&world, "b", "news"), 0);
    resumed(&world, &running).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_backfill_ends_though_other_twins_of_its_items_wait_for_a_paused_node() {
    check(250, 10_000).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_paused_node_takes_no_room_of_what_does_not() {
    check(60, 20).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_twin_of_a_connection_that_stands_still_is_let_go_with_the_twin() {
    let mut world = World::new(&["a", "b"]);
    let running = world.start(&[contract("ab", "a", "b")]).await;
    let item = world.make("a", "old");
    running.quiet().await;
    running.stop().await;
    world.without("b");
    let host = world.build().await;
    let running = world.run(host);
    world.edit(&item, "summary", Value::text("news"));
    let dirty = async || {
        let read = running.host.store().read(|read| read.dirty_page(0, 9));
        read.await.unwrap().len()
    };
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(dirty().await, 1, "it waits");
    let link = running.twin().await.link;
    running.host.unlink(&link, "ada").await.unwrap();
    until("nothing waits", async || dirty().await == 0).await;
    running.stop().await;
}
