//! Items that are moved, inside and out of their connection's scope.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::contract::Contract;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
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
    world.tracker("left").state().latency = Duration::from_millis(20);
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
    world.tracker("left").state().latency = Duration::from_millis(20);
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

/// Nobody tells that it is the same item before it has entered as a new one: one twin goes on, and it is the old one.
#[tokio::test(start_paused = true)]
async fn an_item_that_had_entered_again_before_its_move_was_known_has_one_twin() {
    let (world, running, left, right) = twinned().await;
    let there = world.tracker("left").transfer(&left, "P");
    world.announce(&there);
    running.quiet().await;
    let twins = running.twins().await;
    assert_eq!(twins.len(), 2, "nobody could know");
    let second = twins
        .iter()
        .find(|twin| twin.ids.left.as_deref() == Some(&there.id));
    let copy = second.unwrap().item(Side::Right).unwrap();
    world.announce(&left);
    running.quiet().await;
    let twins = running.twins().await;
    let alive: Vec<_> = twins
        .iter()
        .filter(|twin| twin.state == TwinState::Live)
        .collect();
    let [twin] = alive[..] else {
        panic!("{twins:?}");
    };
    assert_eq!(twin.item(Side::Left), Some(there.clone()));
    assert_eq!(twin.item(Side::Right), Some(right.clone()));
    world.edit(&there, "summary", Value::text("moved and edited"));
    world.edit(&copy, "summary", Value::text("nobody's copy"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "moved and edited");
    assert_eq!(world.text(&there, "summary"), "moved and edited");
    assert_eq!(world.text(&copy, "summary"), "nobody's copy");
    running.stop().await;
}

/// It has entered another connection meanwhile, in a cluster of its own: both are one from then on.
#[tokio::test(start_paused = true)]
async fn an_item_that_had_entered_elsewhere_before_its_move_was_known_is_one_cluster() {
    let (world, running, item) = paused(contract("ac", "a", "c")).await;
    let there = world.tracker("a").transfer(&item, "P");
    world.announce(&there);
    until("it has entered", async || items(&world, "c") == 1).await;
    let roots: BTreeSet<_> = running
        .twins()
        .await
        .into_iter()
        .map(|twin| twin.root)
        .collect();
    assert_eq!(roots.len(), 2);
    world.announce(&item);
    running.host.resume_node(&"b".into(), "ada").await.unwrap();
    running.quiet().await;
    let mut twins = running.twins().await;
    twins.retain(|twin| twin.state == TwinState::Live);
    let by: Vec<_> = twins.iter().map(|twin| twin.connection.as_str()).collect();
    assert_eq!(by, ["ab", "ac"]);
    assert_eq!(twins[0].root, twins[1].root);
    world.edit(&there, "summary", Value::text("everywhere"));
    running.quiet().await;
    for twin in twins {
        let item = twin.item(Side::Right).unwrap();
        assert_eq!(world.text(&item, "summary"), "everywhere");
    }
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

fn items(world: &World, node: &str) -> usize {
    world.tracker(node).state().items.len()
}

/// A twin of `a` and `b`, whose item entered the other connection, of `a` and `c`, never; and then `b` is paused, so that
/// the twin can follow no move.
async fn paused(other: Contract) -> (World, Running, ItemId) {
    let world = World::new(&["a", "b", "c"]);
    let running = world.start(&[contract("ab", "a", "b")]).await;
    let item = world.make("a", "x");
    running.quiet().await;
    let tracker = world.tracker("a");
    tracker.state().unmatched.insert(item.id.clone());
    world.publish(&running.host, &other).await;
    running.quiet().await;
    assert_eq!((items(&world, "b"), items(&world, "c")), (1, 0));
    running
        .host
        .pause_node(&"b".into(), "", "ada")
        .await
        .unwrap();
    (world, running, item)
}

/// The item that was moved enters the other connection at once, and none a second time; its twin follows when it can.
async fn check_entered(world: World, running: Running, there: &ItemId) {
    until("it is in the other connection", async || {
        items(&world, "c") == 1
    })
    .await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!((items(&world, "b"), items(&world, "c")), (1, 1));
    running.host.resume_node(&"b".into(), "ada").await.unwrap();
    running.quiet().await;
    let twins = running.twins().await;
    let ids: Vec<_> = twins.iter().map(|twin| twin.ids.left.as_deref()).collect();
    assert_eq!(ids, [Some(there.id.as_str()); 2]);
    assert_eq!(twins[0].root, twins[1].root, "they are one cluster");
    assert_eq!((items(&world, "b"), items(&world, "c")), (1, 1));
    running.stop().await;
}

async fn check_moved(move_and_tell: impl FnOnce(&World, &ItemId) -> ItemId) {
    let (world, running, item) = paused(contract("ac", "a", "c")).await;
    let there = move_and_tell(&world, &item);
    check_entered(world, running, &there).await;
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_cannot_follow_a_move_keeps_the_item_out_of_no_other_connection() {
    check_moved(|world, item| {
        let there = world.tracker("a").transfer(item, "P");
        world.inbox.announce_moved(item, &there, world.env.now());
        world.announce(&there);
        there
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_moved_on_and_on_waits_for_the_twin_of_its_first_id() {
    check_moved(|world, item| {
        let between = world.tracker("a").transfer(item, "P");
        let there = world.tracker("a").transfer(&between, "P");
        world.inbox.announce_moved(item, &between, world.env.now());
        world
            .inbox
            .announce_moved(&between, &there, world.env.now());
        world.announce(&there);
        there
    })
    .await;
}

/// That it was moved is seen only when its old id is asked for.
#[tokio::test(start_paused = true)]
async fn an_item_that_is_found_elsewhere_enters_no_connection_of_its_twin_again() {
    check_moved(|world, item| {
        let there = world.tracker("a").transfer(item, "P");
        world.announce(item);
        there
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_item_enters_the_connection_that_it_is_moved_to_while_its_twin_cannot_follow() {
    let mut other = contract("ac", "a", "c");
    other.scopes.left = [("project".to_owned(), "Q".to_owned())].into();
    let (world, running, item) = paused(other).await;
    let there = world.tracker("a").transfer(&item, "Q");
    world.inbox.announce_moved(&item, &there, world.env.now());
    world.announce(&there);
    check_entered(world, running, &there).await;
}

/// A person has taken the item out of the other connection: it stays out under its new id.
#[tokio::test(start_paused = true)]
async fn an_item_that_was_taken_out_of_a_connection_stays_out_while_its_other_twin_cannot_follow() {
    let world = World::new(&["a", "b", "c"]);
    let contracts = [contract("ab", "a", "b"), contract("ac", "a", "c")];
    let running = world.start(&contracts).await;
    let item = world.make("a", "x");
    running.quiet().await;
    let mut twins = running.twins().await.into_iter();
    let link = twins.find(|twin| twin.connection.as_str() == "ac").unwrap();
    running.host.unlink(&link.link, "ada").await.unwrap();
    running
        .host
        .pause_node(&"b".into(), "", "ada")
        .await
        .unwrap();
    let there = world.tracker("a").transfer(&item, "P");
    world.inbox.announce_moved(&item, &there, world.env.now());
    world.announce(&there);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!((items(&world, "b"), items(&world, "c")), (1, 1));
    assert_eq!(running.twins().await.len(), 2, "no third one");
    running.stop().await;
}
