//! An edge that loses its inbox and comes back with a new one, which counts from 1 again.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::{ItemId, Value};

/// A sweep a day, so that within an hour only what somebody tells is found.
const DAY: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

async fn twinned() -> (World, Running, Vec<ItemId>) {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = DAY;
    world.sweep.backed_off = DAY;
    world.sweep.audit = DAY;
    let running = world.start(&[contract("c", "left", "right")]).await;
    let items: Vec<ItemId> = ["1", "2", "3"].map(|name| world.make("left", name)).into();
    running.quiet().await;
    until("all safe", async || world.inbox.taken_and_safe().1 >= 3).await;
    (world, running, items)
}

/// A change that no feed shows, whose delivery goes with the inbox.
fn lose(world: &World, item: &ItemId) {
    world
        .tracker("left")
        .edit_silently(item, "summary", Value::text("lost"));
    world.announce(item);
    world.inbox.lose();
}

/// What is delivered to the new inbox arrives, and so does what only the lost delivery had told.
async fn recovers(world: &World, running: &Running, items: &[ItemId]) {
    world.edit(&items[0], "summary", Value::text("told"));
    let begun = tokio::time::Instant::now();
    until("both", async || {
        let state = world.tracker("right").state();
        let shown = |text| {
            let mut items = state.items.values();
            items.any(|item| item.get("summary") == Some(&Value::text(text)))
        };
        shown("told") && shown("lost")
    })
    .await;
    assert!(begun.elapsed() < HOUR);
    until("all safe", async || world.inbox.taken_and_safe() == (1, 1)).await;
    assert_eq!(running.host.metrics().inboxes_replaced.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_host_is_down() {
    let (world, running, items) = twinned().await;
    running.stop().await;
    lose(&world, &items[1]);
    let running = world.run(world.build().await);
    recovers(&world, &running, &items).await;
    running.stop().await;
    // And that was that: nothing begins anew with the next start.
    let running = world.run(world.build().await);
    running.quiet().await;
    assert_eq!(running.host.metrics().inboxes_replaced.get(), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_host_is_at_work() {
    let (world, running, items) = twinned().await;
    assert_eq!(running.host.metrics().inboxes_replaced.get(), 0);
    lose(&world, &items[1]);
    recovers(&world, &running, &items).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn before_anything_of_it_was_taken() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = DAY;
    let running = world.start(&[contract("c", "left", "right")]).await;
    tokio::time::sleep(HOUR).await;
    world.inbox.lose();
    tokio::time::sleep(HOUR).await;
    world.make("left", "1");
    until("all safe", async || world.inbox.taken_and_safe() == (1, 1)).await;
    running.stop().await;
}

/// Without its pulls the host would look healthy and hear of nothing.
#[tokio::test(start_paused = true)]
async fn a_host_of_which_one_task_has_died_ends() {
    let world = World::new(&["left", "right"]);
    world.inbox.break_down();
    let host = world.build().await;
    let shutdown = tokio_util::sync::CancellationToken::new();
    let ended = host.run(shutdown.clone()).await;
    assert!(matches!(
        ended,
        Err(twinline_engine::TaskEnded::Panicked(_))
    ));
    assert!(shutdown.is_cancelled());
}

/// A node comes to a group that is at work: its edge knows it before the group's owner does.
#[tokio::test(start_paused = true)]
async fn what_a_group_is_told_of_a_node_that_is_not_here_yet_stays_at_the_edge() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = DAY;
    world.sweep.backed_off = DAY;
    world.sweep.audit = DAY;
    world.whole_group = true;
    let left = world.without("left");
    let running = world.run(world.build().await);
    let item = left.make(&[
        ("summary", Value::text("a")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    world.announce(&item);
    tokio::time::sleep(HOUR).await;
    assert_eq!(world.inbox.taken_and_safe(), (0, 0));
    running.stop().await;

    world.trackers.insert("left".to_owned(), left);
    let running = world.start(&[contract("c", "left", "right")]).await;
    until("all safe", async || world.inbox.taken_and_safe() == (1, 1)).await;
    running.quiet().await;
    world.tracker("right").only();
    running.stop().await;
}
