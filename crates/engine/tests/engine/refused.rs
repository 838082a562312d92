//! An edge that could not take what came, and says so when it can again.

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
    world.sweep.resweep = DAY;
    world.sweep.audit = DAY;
    let running = world.start(&[contract("c", "left", "right")]).await;
    let items: Vec<ItemId> = ["1", "2"].map(|name| world.make("left", name)).into();
    running.quiet().await;
    until("all safe", async || world.inbox.taken_and_safe().1 >= 2).await;
    (world, running, items)
}

/// Whether the other side shows a title.
fn shows(world: &World, title: &str) -> bool {
    let state = world.tracker("right").state();
    let mut items = state.items.values();
    items.any(|item| item.get("summary") == Some(&Value::text(title)))
}

/// A change whose delivery nobody took.
fn untold(world: &World, item: &ItemId, title: &str) {
    world
        .tracker("left")
        .edit(item, "summary", Value::text(title));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_found_at_once() {
    let (world, running, items) = twinned().await;
    untold(&world, &items[0], "refused");
    let begun = tokio::time::Instant::now();
    tokio::time::sleep(HOUR).await;
    assert!(!shows(&world, "refused"), "nobody has told");
    world.inbox.refuse(&items[0], world.env.now());
    until("the change", async || shows(&world, "refused")).await;
    assert!(begun.elapsed() < HOUR * 2);
    until("the host has heard", async || world.inbox.all_heard()).await;
    assert_eq!(running.host.metrics().refusals.get(), 1);
    running.stop().await;
}

/// The word that it has heard is lost: it is told again, and sweeps again.
#[tokio::test(start_paused = true)]
async fn what_is_told_again_does_no_harm() {
    let (world, running, items) = twinned().await;
    world.inbox.set_deaf(true);
    untold(&world, &items[0], "refused");
    world.inbox.refuse(&items[0], world.env.now());
    until("the change", async || shows(&world, "refused")).await;
    let refusals = || running.host.metrics().refusals.get();
    until("it is told again", async || refusals() > 1).await;
    world.inbox.set_deaf(false);
    until("the host has heard", async || world.inbox.all_heard()).await;
    // What comes then is pulled as ever.
    world.edit(&items[1], "summary", Value::text("told"));
    until("the next change", async || shows(&world, "told")).await;
    running.stop().await;
}
