//! Items that are moved, inside and out of their connection's scope.

use crate::support::rules::contract;
use crate::support::{Running, World};
use twinline_core::item::{ItemId, Value};
use twinline_store::host::TwinState;

async fn twinned() -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

#[tokio::test(start_paused = true)]
async fn a_move_inside_the_scope_keeps_the_twin() {
    let (world, running, left, right) = twinned().await;
    let there = world.tracker("left").transfer(&left, "P");
    world
        .tracker("left")
        .edit(&there, "summary", Value::text("moved and edited"));
    world.announce(&left);
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(
        (twin.ids.left.as_deref(), &twin.state),
        (Some(there.id.as_str()), &TwinState::Live)
    );
    assert_eq!(world.text(&right, "summary"), "moved and edited");
    world.edit(&there, "status", Value::text("done"));
    running.quiet().await;
    assert_eq!(world.text(&right, "status"), "done");
    world.edit(&right, "status", Value::text("open"));
    running.quiet().await;
    assert_eq!(world.text(&there, "status"), "open");
    assert_eq!(world.tracker("right").state().items.len(), 1);
    running.stop().await;
}

/// The word of the item under its new id comes first, and its node is slow: the twin follows, no second one is made.
#[tokio::test(start_paused = true)]
async fn an_item_whose_new_id_is_heard_of_first_keeps_its_twin() {
    let (world, running, left, right) = twinned().await;
    world.tracker("left").state().latency = std::time::Duration::from_millis(20);
    let there = world.tracker("left").transfer(&left, "P");
    world
        .tracker("left")
        .edit(&there, "summary", Value::text("moved"));
    world.announce(&there);
    world.inbox.announce_moved(&left, &there, world.env.now());
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(twin.ids.left.as_deref(), Some(there.id.as_str()));
    assert_eq!(world.text(&right, "summary"), "moved");
    assert_eq!(world.tracker("right").state().items.len(), 1);
    running.stop().await;
}

/// The first notice of a batch is another one: the word of the transfer is not lost behind it.
#[tokio::test(start_paused = true)]
async fn a_move_that_is_told_among_other_changes_keeps_its_twin() {
    let (world, running, left, right) = twinned().await;
    running.stop().await;
    world.tracker("left").state().latency = std::time::Duration::from_millis(20);
    world.edit(&left, "status", Value::text("done"));
    let there = world.tracker("left").transfer(&left, "P");
    world.inbox.announce_moved(&left, &there, world.env.now());
    world.announce(&there);
    let running = world.start(&[]).await;
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(twin.ids.left.as_deref(), Some(there.id.as_str()));
    assert_eq!(world.text(&right, "status"), "done");
    assert_eq!(world.tracker("right").state().items.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_out_of_the_scope_is_leaving_and_a_move_back_wakes() {
    let (world, running, left, right) = twinned().await;
    let outside = world.tracker("left").transfer(&left, "elsewhere");
    world.announce(&left);
    running.quiet().await;
    let asleep = |state: &TwinState| matches!(state, TwinState::Asleep { .. });
    assert!(asleep(&running.twin().await.state));
    world.edit(&outside, "summary", Value::text("edited outside"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "x");
    let back = world.tracker("left").transfer(&outside, "P");
    world.announce(&outside);
    running.quiet().await;
    let twin = running.twin().await;
    assert_eq!(
        (twin.ids.left.as_deref(), &twin.state),
        (Some(back.id.as_str()), &TwinState::Live)
    );
    assert_eq!(world.text(&right, "summary"), "edited outside");
    running.stop().await;
}
