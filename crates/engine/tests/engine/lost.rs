//! A permission is lost for thousands of items at once, and given back.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::Value;

const ITEMS: usize = 5_000;

/// How many twins `twinline status` shows as asleep and as live.
async fn shown(running: &Running) -> (u64, u64) {
    let status = running.host.status().await.unwrap();
    let twins = &status.connections[0].twins;
    let count = |state: &str| twins.get(state).copied().unwrap_or(0);
    (count("asleep"), count("live"))
}

#[tokio::test(start_paused = true)]
async fn lost_permission_puts_all_to_sleep_without_a_write_and_all_come_back() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(30);
    world.sweep.backed_off = Duration::from_secs(30);
    let running = world.start(&[contract("c", "left", "right")]).await;
    world.make("left", "seen by all");
    running.quiet().await;
    let items = running.multiply(&world, ITEMS).await;
    let all = ITEMS as u64;
    assert_eq!(shown(&running).await, (0, all));
    let writes = || (world.writes("left"), world.writes("right"));
    let before = writes();

    world.tracker("left").state().hidden = true;
    for item in &items {
        world.announce(&item.left);
    }
    until("all asleep", async || shown(&running).await == (all, 0)).await;
    let errors = running.host.errors().await.unwrap();
    assert_eq!(errors.len(), 1, "one group: {errors:#?}");
    assert_eq!(errors[0].twins, all);
    assert_eq!(writes(), before, "no write");

    world.tracker("left").state().hidden = false;
    until("all awake", async || shown(&running).await == (0, all)).await;
    running.quiet().await;
    assert!(running.host.errors().await.unwrap().is_empty());
    assert_eq!(writes(), before, "nothing to write");

    let item = &items[ITEMS / 2];
    world.edit(&item.left, "summary", Value::text("edited since"));
    running.quiet().await;
    assert_eq!(world.text(&item.right, "summary"), "edited since");
    assert_eq!(writes(), (before.0, before.1 + 1), "one edit, one write");
    running.stop().await;
}
