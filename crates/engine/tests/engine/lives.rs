//! Twins that leave, come back and end, and clusters that close.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::Value;
use twinline_store::host::TwinState;

async fn asleep(running: &Running) -> usize {
    let states = running.states().await;
    let asleep = |state: &&TwinState| matches!(state, TwinState::Asleep { .. });
    states.iter().filter(asleep).count()
}

#[tokio::test(start_paused = true)]
async fn leaving_a_trigger_without_a_change_is_noticed_and_so_is_coming_back() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(30);
    world.sweep.backed_off = Duration::from_secs(30);
    world.sweep.resweep = Duration::from_secs(60);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "by time");
    running.quiet().await;
    let left = world.tracker("left");
    left.state().unmatched.insert(item.id.clone());
    until("asleep", async || asleep(&running).await == 1).await;
    left.edit(&item, "summary", Value::text("edited asleep"));
    world.announce(&item);
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("by time")),
        "a sleeping twin is left alone"
    );
    left.state().unmatched.clear();
    until("awake", async || asleep(&running).await == 0).await;
    running.quiet().await;
    assert_eq!(
        world.tracker("right").only().get("summary"),
        Some(&Value::text("edited asleep"))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_ring_of_three_closes() {
    let world = World::new(&["a", "b", "c"]);
    let mut contracts = vec![
        contract("ab", "a", "b"),
        contract("bc", "b", "c"),
        contract("ca", "c", "a"),
    ];
    for contract in &mut contracts {
        contract.triggers.right = Some("all".to_owned());
    }
    let running = world.start(&contracts).await;
    let item = world.make("a", "round");
    running.quiet().await;
    for node in ["b", "c"] {
        let made = world.tracker(node).only();
        world.announce(&made.reference.item);
        running.quiet().await;
    }
    world.edit(&item, "summary", Value::text("and round"));
    running.quiet().await;
    for node in ["a", "b", "c"] {
        assert_eq!(
            world.tracker(node).only().get("summary"),
            Some(&Value::text("and round")),
            "{node}"
        );
    }
    running.stop().await;
}
