//! Observations that may be too old: whole-second versions, and a person who writes in between.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::capability::FieldSet;
use twinline_core::item::{ItemId, Value};

async fn twinned(world: &World) -> (Running, ItemId, ItemId) {
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (running, left, right)
}

#[tokio::test(start_paused = true)]
async fn a_second_edit_within_one_second_is_not_hidden_by_an_equal_version() {
    for node in ["left", "right"] {
        let world = World::new(&["left", "right"]);
        world.tracker(node).state().whole_seconds = true;
        let (running, left, right) = twinned(&world).await;
        let (edited, other) = if node == "left" {
            (&left, &right)
        } else {
            (&right, &left)
        };
        let since = world.env.now().as_millis();
        tokio::time::sleep(Duration::from_millis(1000 - (since % 1000).unsigned_abs())).await;
        world.edit(edited, "summary", Value::text("one"));
        until("the first edit", async || {
            world.text(other, "summary") == "one"
        })
        .await;
        let version = world.tracker(node).item(edited).version;
        world
            .tracker(node)
            .edit(edited, "summary", Value::text("two"));
        assert_eq!(
            world.tracker(node).item(edited).version,
            version,
            "the same second"
        );
        running.quiet().await;
        assert_eq!(world.text(other, "summary"), "two", "{node}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_right_after_our_own_write_is_not_hidden_by_an_equal_version() {
    let world = World::new(&["left", "right"]);
    world.tracker("right").state().whole_seconds = true;
    let (running, left, right) = twinned(&world).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.edit(&left, "summary", Value::text("ours"));
    until("our write", async || {
        world.text(&right, "summary") == "ours"
    })
    .await;
    world
        .tracker("right")
        .edit(&right, "status", Value::text("done"));
    running.quiet().await;
    assert_eq!(world.text(&left, "status"), "done");
    running.stop().await;
}

/// Somebody sets `field` just before our write of the summary arrives.
async fn raced(field: &'static str, expected_left: (&str, &str), expected_right: (&str, &str)) {
    let mut world = World::new(&["left", "right"]);
    world.able("right", |can| can.compare_and_swap = true);
    let (running, left, right) = twinned(&world).await;
    world
        .tracker("right")
        .fault(On::Apply, Fault::Raced(field, "theirs"));
    world.edit(&left, "summary", Value::text("ours"));
    running.quiet().await;
    let both = |item: &ItemId| (world.text(item, "summary"), world.text(item, "status"));
    let expected = |(summary, status): (&str, &str)| (summary.to_owned(), status.to_owned());
    assert_eq!(both(&left), expected(expected_left), "{field}");
    assert_eq!(both(&right), expected(expected_right), "{field}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_compare_and_swap_is_planned_again_on_what_is_there_then() {
    raced("status", ("ours", "theirs"), ("ours", "theirs")).await;
    // Both changed it: the policy is `left`.
    raced("summary", ("ours", "open"), ("ours", "open")).await;
}

#[tokio::test(start_paused = true)]
async fn a_race_lost_again_and_again_ends_and_loses_nothing() {
    let mut world = World::new(&["left", "right"]);
    world.able("right", |can| can.compare_and_swap = true);
    let (running, left, right) = twinned(&world).await;
    for text in ["1", "2", "3", "4", "5", "6", "7"] {
        world
            .tracker("right")
            .fault(On::Apply, Fault::Raced("status", text));
    }
    world.edit(&left, "summary", Value::text("ours"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "ours");
    assert_eq!(world.text(&left, "status"), "7");
    running.stop().await;
}

/// The answer to a creation is lost, and before that is known somebody sets the new item's status.
async fn moved_before_it_is_known(by: &str) -> (String, String) {
    let mut world = World::new(&["left", "right"]);
    world.able("right", |right| right.field_history = FieldSet::All);
    world.tracker("right").fault(On::Apply, Fault::LostAnswer);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    until("the item is made", async || {
        !world.tracker("right").state().items.is_empty()
    })
    .await;
    let right = world.tracker("right").only().reference.item;
    let set = Value::text("done");
    world.tracker("right").edit_by(by, &right, "status", set);
    running.quiet().await;
    running.stop().await;
    (world.text(&left, "status"), world.text(&right, "status"))
}

#[tokio::test(start_paused = true)]
async fn a_person_who_moves_an_item_on_before_its_creation_is_known_is_heeded() {
    let person = moved_before_it_is_known("person").await;
    assert_eq!(person, ("done".to_owned(), "done".to_owned()));
    // What our own account has done on the way of a creation is no person's word.
    let ours = moved_before_it_is_known("twinline").await;
    assert_eq!(ours, ("open".to_owned(), "open".to_owned()));
}
