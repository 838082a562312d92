//! Deletions: only on positive evidence, and by policy.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::contract::Deleted;
use twinline_core::item::{Choice, ItemId, Value};
use twinline_core::names::NodeName;
use twinline_store::host::TwinState;

async fn twinned(policy: Deleted) -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let mut rules = contract("c", "left", "right");
    rules.deleted = policy;
    rules.closed_status.right = Some(Choice {
        id: "closed".to_owned(),
        name: "closed".to_owned(),
    });
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

const ENDED: TwinState = TwinState::Unlinked { returns: false };

/// `expected`: the other item's status, or that it is gone.
async fn check(policy: Deleted, expected: Option<&str>) {
    let (world, running, left, right) = twinned(policy).await;
    world.tracker("left").delete(&left);
    world.announce(&left);
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED], "{policy:?}");
    let there = world.tracker("right").state().items.contains_key(&right.id);
    let status = there.then(|| world.text(&right, "status"));
    assert_eq!(status.as_deref(), expected, "{policy:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_other_item_stays_is_closed_or_is_deleted_as_the_policy_says() {
    check(Deleted::Unlink, Some("open")).await;
    check(Deleted::Close, Some("closed")).await;
    check(Deleted::Delete, None).await;
}

#[tokio::test(start_paused = true)]
async fn a_404_is_no_deletion_even_where_the_policy_deletes() {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    world.tracker("left").lose(&left);
    world.announce(&left);
    running.quiet().await;
    let asleep = |state: &TwinState| matches!(state, TwinState::Asleep { .. });
    assert!(asleep(&running.twin().await.state));
    assert_eq!(world.text(&right, "status"), "open");
    world.tracker("left").state().lost.clear();
    world.edit(&left, "summary", Value::text("back"));
    running.quiet().await;
    assert_eq!(running.twin().await.state, TwinState::Live);
    assert_eq!(world.text(&right, "summary"), "back");
    running.stop().await;
}

/// The tracker's word of a deletion comes while the item waits already: before or after the word of an edit, and the
/// host dies before it can look, or not.
async fn evidence_on_a_dirty_row(deleted_first: bool, crash: bool) {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    let node = NodeName::from("left");
    running
        .host
        .pause_node(&node, "a test", "ada")
        .await
        .unwrap();
    let now = world.env.now();
    if deleted_first {
        world.inbox.announce_deleted(&left, now);
        world.inbox.announce(&left, now);
    } else {
        world.inbox.announce(&left, now);
        world.inbox.announce_deleted(&left, now);
    }
    world.tracker("left").lose(&left);
    until("taken", async || world.inbox.all_taken()).await;
    let running = if crash {
        running.kill().await;
        world.run(world.build().await)
    } else {
        running
    };
    running.host.resume_node(&node, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED], "{deleted_first} {crash}");
    assert!(!world.tracker("right").state().items.contains_key(&right.id));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_deletion_is_not_lost_on_an_item_that_is_dirty_already() {
    for (deleted_first, crash) in [(true, false), (false, false), (true, true), (false, true)] {
        evidence_on_a_dirty_row(deleted_first, crash).await;
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_of_a_deletion_is_nothing_against_an_item_that_is_there() {
    let (world, running, left, right) = twinned(Deleted::Delete).await;
    world.inbox.announce_deleted(&left, world.env.now());
    running.quiet().await;
    assert_eq!(running.twin().await.state, TwinState::Live);
    world.tracker("left").lose(&left);
    world.announce(&left);
    running.quiet().await;
    assert!(
        matches!(running.twin().await.state, TwinState::Asleep { .. }),
        "evidence that was spent on an item that was there does not make a later 404 a deletion"
    );
    assert_eq!(world.text(&right, "status"), "open");
    running.stop().await;
}

/// A node is missing from the configuration: what is said meanwhile is neither taken for done nor told to the edge as safe.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_told_while_the_connection_stands_still_counts_when_it_works_again() {
    let (mut world, running, left, right) = twinned(Deleted::Delete).await;
    running.stop().await;
    let safe = world.inbox.taken_and_safe().1;
    let missing = world.without("right");
    let running = world.start(&[]).await;
    world.tracker("left").lose(&left);
    world.inbox.announce_deleted(&left, world.env.now());
    until("it is taken", async || world.inbox.all_taken()).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.inbox.taken_and_safe(), (safe + 1, safe));
    running.stop().await;
    world.trackers.insert("right".to_owned(), missing);
    let running = world.start(&[]).await;
    running.quiet().await;
    assert_eq!(running.states().await, [ENDED]);
    assert!(!world.tracker("right").state().items.contains_key(&right.id));
    until("it is safe", async || {
        world.inbox.taken_and_safe() == (safe + 1, safe + 1)
    })
    .await;
    running.stop().await;
}
