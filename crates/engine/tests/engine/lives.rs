//! Twins that leave, come back and end, and clusters that close.

use crate::support::rules::contract;
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::contract::Leave;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
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

/// A world in which leaving ends a twin, with a twin in it.
async fn unlinking(right: Option<&str>) -> (World, Running, ItemId, ItemId) {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(30);
    world.sweep.backed_off = Duration::from_secs(30);
    world.sweep.resweep = Duration::from_secs(60);
    world.sweep.audit = Duration::from_secs(300);
    let mut rules = contract("c", "left", "right");
    rules.leave = Leave::Unlink;
    rules.triggers.right = right.map(str::to_owned);
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    let unmatched = left.id.clone();
    world.tracker("left").state().unmatched.insert(unmatched);
    let ended = TwinState::Unlinked { returns: true };
    until("unlinked", async || {
        running.states().await == [ended.clone()]
    })
    .await;
    running.quiet().await;
    (world, running, left, right)
}

#[tokio::test(start_paused = true)]
async fn leaving_ends_the_twin_where_the_policy_says_so_and_coming_back_makes_another() {
    let (world, running, left, mirror) = unlinking(None).await;
    let first = running.twin().await.link;
    world.edit(&left, "summary", Value::text("left's own"));
    world.edit(&mirror, "summary", Value::text("right's own"));
    tokio::time::sleep(Duration::from_secs(300)).await;
    running.quiet().await;
    assert_eq!(world.text(&left, "summary"), "left's own");
    assert_eq!(world.text(&mirror, "summary"), "right's own");

    world.tracker("left").state().unmatched.clear();
    until("another twin", async || running.twins().await.len() == 2).await;
    running.quiet().await;
    let twins = running.twins().await;
    let again = twins.iter().find(|twin| twin.link != first).unwrap();
    assert_eq!((again.incarnation, &again.state), (1, &TwinState::Live));
    let new = again.item(Side::Right).expect("it was made");
    assert_ne!(new, mirror, "the old mirror is its people's");
    world.edit(&left, "status", Value::text("done"));
    running.quiet().await;
    assert_eq!(world.text(&new, "summary"), "left's own");
    assert_eq!(world.text(&new, "status"), "done");
    assert_eq!(world.text(&mirror, "summary"), "right's own");
    assert_eq!(world.text(&mirror, "status"), "open");
    assert_eq!(world.tracker("right").state().items.len(), 2);
    running.stop().await;
}

/// The copy still matches its own side's trigger: that is no reason to copy it back.
#[tokio::test(start_paused = true)]
async fn the_copy_of_an_item_that_has_left_does_not_enter_in_its_place() {
    let (world, running, left, copy) = unlinking(Some("all")).await;
    world.edit(&copy, "summary", Value::text("right's own"));
    tokio::time::sleep(Duration::from_secs(600)).await;
    running.quiet().await;
    assert_eq!(world.tracker("left").only().reference.item, left);
    assert_eq!(world.text(&left, "summary"), "x");
    assert_eq!(world.text(&copy, "summary"), "right's own");
    running.stop().await;
}

/// It was looked at when it was made; what makes it match later is no change of its own.
#[tokio::test(start_paused = true)]
async fn an_item_that_begins_to_match_without_a_change_enters_with_the_audit() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.audit = Duration::from_secs(300);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let tracker = world.tracker("left");
    let item = tracker.make(&[("summary", Value::text("later"))]);
    tracker.state().unmatched.insert(item.id.clone());
    world.announce(&item);
    running.quiet().await;
    tokio::time::sleep(Duration::from_secs(700)).await;
    assert!(running.twins().await.is_empty());
    tracker.state().unmatched.clear();
    until("it has entered", async || running.twins().await.len() == 1).await;
    running.quiet().await;
    let copy = world.tracker("right").only();
    assert_eq!(copy.get("summary"), Some(&Value::text("later")));
    running.stop().await;
}

/// No feed lists it any more when it is shown, and showing is no change of its own.
#[tokio::test(start_paused = true)]
async fn an_item_that_could_not_be_seen_when_it_was_made_enters_with_the_audit() {
    let mut world = World::new(&["left", "right"]);
    world.sweep.period = Duration::from_secs(30);
    world.sweep.backed_off = Duration::from_secs(30);
    world.sweep.overlap = Duration::from_secs(60);
    world.sweep.resweep = Duration::from_secs(60);
    world.sweep.audit = Duration::from_secs(600);
    let running = world.start(&[contract("c", "left", "right")]).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let (left, right) = (world.tracker("left"), world.tracker("right"));
    left.state().hidden = true;
    world.make("left", "hidden");
    tokio::time::sleep(Duration::from_secs(180)).await;
    left.state().hidden = false;
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert!(right.state().items.is_empty(), "no sweep reads so far back");
    until("entered", async || !right.state().items.is_empty()).await;
    running.quiet().await;
    assert_eq!(right.only().get("summary"), Some(&Value::text("hidden")));
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
