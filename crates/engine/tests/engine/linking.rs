//! Pairs that both exist are linked, and ended again.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World};
use std::time::Duration;
use twinline_core::contract::{Contract, First};
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Sides;
use twinline_engine::ops::LinkOutcome;
use twinline_store::host::TwinState;

/// Two items that differ, of which the right one has no status, and a connection that makes no twins by itself.
async fn pair(first: First) -> (World, Running, Sides<ItemId>) {
    let world = World::new(&["left", "right"]);
    let mut quiet: Contract = contract("c", "left", "right");
    quiet.triggers = Sides::default();
    for field in quiet.fields.values_mut() {
        field.first = first;
    }
    let make = |node: &str, status: Value| {
        world.tracker(node).make(&[
            ("summary", Value::text(format!("{node}'s own"))),
            ("status", status),
            ("labels", Value::set(["same"])),
        ])
    };
    let items = Sides {
        left: make("left", Value::text("open")),
        right: make("right", Value::Empty),
    };
    let running = world.start(&[quiet]).await;
    (world, running, items)
}

async fn link(running: &Running, left: &str, right: &str) -> LinkOutcome {
    let pair = Sides {
        left: left.to_owned(),
        right: right.to_owned(),
    };
    let linked = running.host.link(&"c".into(), vec![pair], "ada").await;
    running.quiet().await;
    linked.unwrap().remove(0)
}

/// `expected`: the summary of both, or of each where it is held; and whether the status was filled.
async fn check(first: First, expected: Sides<&str>, filled: bool, held: &[&str]) {
    let (world, running, items) = pair(first).await;
    let outcome = link(&running, "left-1", "right-1").await;
    assert!(matches!(outcome, LinkOutcome::Linked(_)), "{outcome:?}");
    assert_eq!(
        world.text(&items.left, "summary"),
        expected.left,
        "{first:?}"
    );
    assert_eq!(
        world.text(&items.right, "summary"),
        expected.right,
        "{first:?}"
    );
    let status = world
        .tracker("right")
        .item(&items.right)
        .get("status")
        .cloned();
    assert_eq!(
        status == Some(Value::text("open")),
        filled,
        "{first:?}: {status:?}"
    );
    let twin = running.twin().await;
    let frozen: Vec<&str> = twin.held.keys().map(|field| field.as_str()).collect();
    assert_eq!(frozen, held, "{first:?}");
    let again = link(&running, "left-1", "right-1").await;
    assert_eq!(again, LinkOutcome::Already(twin.link));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn first_settles_the_differences_of_a_linked_pair() {
    let both = |text| Sides {
        left: text,
        right: text,
    };
    let apart = Sides {
        left: "left's own",
        right: "right's own",
    };
    check(First::Left, both("left's own"), true, &[]).await;
    check(First::Filled, apart.clone(), true, &["summary"]).await;
    check(First::Hold, apart, false, &["status", "summary"]).await;
}

#[tokio::test(start_paused = true)]
async fn first_right_lets_the_right_side_win() {
    let (world, running, items) = pair(First::Right).await;
    link(&running, "left-1", "right-1").await;
    assert_eq!(world.text(&items.left, "summary"), "right's own");
    assert_eq!(
        world.tracker("left").item(&items.left).get("status"),
        Some(&Value::Empty),
        "an empty value is a value"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_linked_is_refused_with_a_reason() {
    let (world, running, _) = pair(First::Left).await;
    let other = world.make("right", "another");
    link(&running, "left-1", "right-1").await;
    for (left, right, why) in [
        ("left-9", "right-1", "has no item 'left-9'"),
        ("left-1", other.id.as_str(), "has no item"),
        ("left-1", "right-2", "has another twin"),
    ] {
        let outcome = link(&running, left, right).await;
        let refused = matches!(&outcome, LinkOutcome::Refused(sentence) if sentence.contains(why));
        assert!(refused, "{left} {right}: {outcome:?}");
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_pair_goes_its_own_ways_and_can_be_linked_again() {
    let (world, running, items) = pair(First::Left).await;
    link(&running, "left-1", "right-1").await;
    let first = running.twin().await;
    running.host.unlink(&first.link, "ada").await.unwrap();
    world.edit(&items.left, "summary", Value::text("alone"));
    running.quiet().await;
    assert_eq!(world.text(&items.right, "summary"), "left's own");
    let LinkOutcome::Linked(second) = link(&running, "left-1", "right-1").await else {
        panic!("they were not linked again");
    };
    assert_ne!(second, first.link);
    assert_eq!(world.text(&items.right, "summary"), "alone");
    let states = running.states().await;
    assert!(
        states.contains(&TwinState::Live)
            && states.contains(&TwinState::Unlinked { returns: false })
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_cannot_be_looked_at_now_is_asked_for_again_and_is_not_refused() {
    let (world, running, _) = pair(First::Left).await;
    let limited = Fault::Retry(Some(Duration::from_secs(90)));
    world.tracker("right").fault(On::Fetch, limited);
    match link(&running, "left-1", "right-1").await {
        LinkOutcome::Later(later) => assert_eq!((later.after_ms, later.failed), (90_000, true)),
        other => panic!("{other:?}"),
    }
    tokio::time::sleep(Duration::from_secs(90)).await;
    let again = link(&running, "left-1", "right-1").await;
    assert!(matches!(again, LinkOutcome::Linked(_)), "{again:?}");
    running.stop().await;
}
