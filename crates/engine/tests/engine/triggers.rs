//! Triggers that the tracker can only answer by its query, which lags: a native query, and no exact condition.

use crate::support::rules::contract;
use crate::support::tracker::Refusal;
use crate::support::{Running, World, until};
use std::collections::BTreeSet;
use std::time::Duration;
use twinline_core::item::{ItemId, Value};
use twinline_store::host::{Twin, TwinState};

const LAG: Duration = Duration::from_secs(60);

/// A twin under such a trigger, with a resweep every 30 s.
async fn asked() -> (World, Running, ItemId) {
    let mut world = World::new(&["left", "right"]);
    world.able("left", |can| can.index_lag = LAG);
    world.tracker("left").state().unsure = true;
    world.sweep.period = Duration::from_secs(10);
    world.sweep.backed_off = Duration::from_secs(10);
    world.sweep.resweep = Duration::from_secs(30);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let left = world.make("left", "x");
    until("a twin", async || {
        world.tracker("right").state().items.len() == 1
    })
    .await;
    (world, running, left)
}

fn asleep(twin: &Twin) -> bool {
    matches!(twin.state, TwinState::Asleep { .. })
}

#[tokio::test(start_paused = true)]
async fn an_item_that_the_query_does_not_list_does_not_enter() {
    let (world, running, _) = asked().await;
    let other = world.tracker("left").make(&[("summary", Value::text("y"))]);
    world
        .tracker("left")
        .state()
        .unmatched
        .insert(other.id.clone());
    world.announce(&other);
    tokio::time::sleep(LAG * 5).await;
    assert_eq!(world.tracker("right").state().items.len(), 1);
    world.tracker("left").state().unmatched.clear();
    world.announce(&other);
    until("it enters", async || {
        world.tracker("right").state().items.len() == 2
    })
    .await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn leaving_takes_two_negatives_further_apart_than_the_lag() {
    let (world, running, left) = asked().await;
    let unmatched = || {
        world
            .tracker("left")
            .state()
            .unmatched
            .insert(left.id.clone())
    };
    unmatched();
    until("a first negative", async || {
        running.twin().await.negatives.left.is_some()
    })
    .await;
    let since = running.twin().await.negatives.left.unwrap();
    world.tracker("left").state().unmatched.clear();
    until("it was a passing one", async || {
        running.twin().await.negatives.left.is_none()
    })
    .await;
    assert!(!asleep(&running.twin().await));
    assert!(world.env.now().since(since) > LAG, "judged after the lag");

    unmatched();
    until("a first negative", async || {
        running.twin().await.negatives.left.is_some()
    })
    .await;
    let since = running.twin().await.negatives.left.unwrap();
    until("asleep", async || asleep(&running.twin().await)).await;
    assert!(
        world.env.now().since(since) > LAG,
        "not before the lag is over"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_a_sleeping_item_crosses_when_it_enters_again() {
    let (world, running, left) = asked().await;
    let right = world.tracker("right").only().reference.item;
    world
        .tracker("left")
        .state()
        .unmatched
        .insert(left.id.clone());
    until("asleep", async || asleep(&running.twin().await)).await;
    world.edit(&left, "summary", Value::text("edited asleep"));
    tokio::time::sleep(LAG * 3).await;
    assert_eq!(world.text(&right, "summary"), "x");
    world.tracker("left").state().unmatched.clear();
    world.edit(&left, "status", Value::text("done"));
    until("awake", async || !asleep(&running.twin().await)).await;
    until("both edits", async || {
        world.text(&right, "summary") == "edited asleep" && world.text(&right, "status") == "done"
    })
    .await;
    assert_eq!(
        world.tracker("right").state().items.len(),
        1,
        "the same twin"
    );
    running.stop().await;
}

/// Two connections of one project; the tracker cannot tell whether an item meets the trigger of the first.
async fn check_one_of_two(refusal: Refusal) {
    let world = World::new(&["a", "b", "c"]);
    let mut ab = contract("ab", "a", "b");
    ab.triggers.left = Some("by a field".to_owned());
    let tracker = world.tracker("a");
    let running = world.start(&[ab, contract("ac", "a", "c")]).await;
    tracker.state().unsure = true;
    tracker.state().refused.insert("by a field".to_owned());
    tracker.state().refusal = refusal;
    world.make("a", "x");
    until("it enters the other", async || {
        world.tracker("c").state().items.len() == 1
    })
    .await;
    assert_eq!(world.tracker("b").state().items.len(), 0);
    tracker.state().refused.clear();
    let other = tracker.only().reference.item;
    world.announce(&other);
    until("it enters both", async || {
        world.tracker("b").state().items.len() == 1
    })
    .await;
    assert_eq!(world.tracker("c").state().items.len(), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_tell_keeps_an_item_out_of_no_other() {
    check_one_of_two(Refusal::Sentence).await;
    check_one_of_two(Refusal::Garbled).await;
}

/// Two items on which the condition fails. One is mended so that it belongs, the other so that it does not.
#[tokio::test(start_paused = true)]
async fn an_item_of_which_it_cannot_be_told_whether_it_enters_is_shown_and_made_only_when_it_does()
{
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let tracker = world.tracker("left");
    let make = |summary: &str| {
        let id = tracker.make(&[
            ("summary", Value::text(summary)),
            ("status", Value::text("unheard of")),
        ]);
        world.announce(&id);
        id
    };
    let [enters, stays] = ["enters", "stays"].map(make);
    running.quiet().await;
    let errors = running.host.errors().await.unwrap();
    let [group] = &errors[..] else {
        panic!("{errors:?}");
    };
    assert_eq!(group.twins, 2, "{group:?}");
    assert!(group.sentence.contains("no status"), "{group:?}");
    assert!(world.tracker("right").state().items.is_empty());

    world.edit(&enters, "status", Value::text("open"));
    tracker.edit(&stays, "labels", Value::set(["private"]));
    world.edit(&stays, "status", Value::text("open"));
    running.quiet().await;
    let copy = world.tracker("right").only();
    assert_eq!(copy.get("summary"), Some(&Value::text("enters")));
    assert!(running.host.errors().await.unwrap().is_empty());
    let ended = TwinState::Unlinked { returns: true };
    let states: BTreeSet<_> = running
        .states()
        .await
        .into_iter()
        .map(|state| state == ended)
        .collect();
    assert_eq!(states, BTreeSet::from([false, true]));

    world.edit(&stays, "labels", Value::set(["public"]));
    running.quiet().await;
    assert_eq!(world.tracker("right").state().items.len(), 2);
    running.stop().await;
}

/// Whatever its rules make of it: it is none of the connection's.
#[tokio::test(start_paused = true)]
async fn an_item_that_no_trigger_lists_is_no_error() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let tracker = world.tracker("left");
    for unsure in [false, true] {
        tracker.state().unsure = unsure;
        let id = tracker.make(&[("status", Value::text("unheard of"))]);
        tracker.state().unmatched.insert(id.id.clone());
        world.announce(&id);
        running.quiet().await;
        assert!(running.twins().await.is_empty(), "unsure: {unsure}");
    }
    running.stop().await;
}
