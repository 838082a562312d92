//! What our own writes stir up: webhooks that tell of them, and second looks at coarse versions.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::item::{ItemId, Value, Version};
use twinline_core::time::Timestamp;

/// A twin in step that nothing is to be looked at for, with whole-second versions on the right if `coarse`.
async fn twinned(world: &World, coarse: bool) -> (Running, ItemId, ItemId) {
    world.tracker("right").state().whole_seconds = coarse;
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let right = world.tracker("right").only().reference.item;
    (running, left, right)
}

fn fetches(world: &World) -> (u64, u64) {
    let of = |node| world.tracker(node).state().fetches;
    (of("left"), of("right"))
}

/// The webhook of the last change of an item, as a tracker sends it that tells the version.
fn echo(world: &World, item: &ItemId) {
    let version = world.tracker(item.node.as_str()).item(item).version;
    world
        .inbox
        .announce_version(item, world.env.now(), &version);
}

#[tokio::test(start_paused = true)]
async fn an_echo_whose_version_is_known_asks_for_nothing() {
    let world = World::new(&["left", "right"]);
    let (running, left, right) = twinned(&world, false).await;
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "y");
    let before = fetches(&world);
    echo(&world, &right);
    echo(&world, &left);
    running.quiet().await;
    assert_eq!(fetches(&world), before);
    assert_eq!(running.host.metrics().known.get(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_echo_of_whole_seconds_asks_for_its_own_item_only() {
    let world = World::new(&["left", "right"]);
    let (running, left, right) = twinned(&world, true).await;
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    let before = fetches(&world);
    echo(&world, &right);
    running.quiet().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    running.quiet().await;
    let after = fetches(&world);
    assert_eq!(after.0, before.0, "the other side is not asked");
    assert!(after.1 > before.1, "{before:?} {after:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_persons_edit_within_the_second_of_our_write_crosses() {
    let world = World::new(&["left", "right"]);
    let (running, left, right) = twinned(&world, true).await;
    world.edit(&left, "summary", Value::text("y"));
    until("our write", async || world.text(&right, "summary") == "y").await;
    let version = world.tracker("right").item(&right).version;
    world
        .tracker("right")
        .edit(&right, "status", Value::text("done"));
    assert_eq!(world.tracker("right").item(&right).version, version);
    echo(&world, &right);
    running.quiet().await;
    assert_eq!(world.text(&left, "status"), "done");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_later_version_is_always_followed() {
    let world = World::new(&["left", "right"]);
    let (running, left, right) = twinned(&world, false).await;
    for text in ["y", "z"] {
        world
            .tracker("right")
            .edit(&right, "summary", Value::text(text));
        echo(&world, &right);
        running.quiet().await;
        assert_eq!(world.text(&left, "summary"), text);
    }
    running.stop().await;
}

/// The webhook tells the last change in another resolution than the tracker's answers do.
async fn told_otherwise(coarse: bool) {
    let world = World::new(&["left", "right"]);
    let (running, left, right) = twinned(&world, coarse).await;
    world
        .tracker("right")
        .edit(&right, "summary", Value::text("y"));
    let shown = world.tracker("right").item(&right).version;
    let told = Version {
        updated: if coarse {
            Timestamp::from_millis(shown.updated.as_millis() + 700)
        } else {
            Timestamp::from_millis(shown.updated.as_millis() / 1000 * 1000)
        },
        resolution_ms: if coarse { 1 } else { 1000 },
        ..shown
    };
    let announce = || world.inbox.announce_version(&right, world.env.now(), &told);
    announce();
    running.quiet().await;
    assert_eq!(world.text(&left, "summary"), "y", "coarse: {coarse}");
    // It comes to rest, and the same word again tells nothing.
    tokio::time::sleep(Duration::from_secs(10)).await;
    running.quiet().await;
    for _ in 0..2 {
        let before = fetches(&world);
        announce();
        running.quiet().await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        let after = fetches(&world);
        assert_eq!(after.0, before.0, "coarse: {coarse}");
        assert!(
            after.1 <= before.1 + 1,
            "coarse: {coarse}, {before:?} {after:?}"
        );
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_told_in_another_resolution_is_followed_and_comes_to_rest() {
    told_otherwise(true).await;
    told_otherwise(false).await;
}
