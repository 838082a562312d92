//! One item in several connections.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World};
use std::time::Duration;
use twinline_core::contract::First;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Sides;
use twinline_engine::ops::LinkOutcome;
use twinline_store::host::TwinState;

async fn twinned() -> (World, Running, [ItemId; 3]) {
    let world = World::new(&["a", "b", "c"]);
    let running = world
        .start(&[contract("ab", "a", "b"), contract("ac", "a", "c")])
        .await;
    let a = world.make("a", "x");
    running.quiet().await;
    let made = ["b", "c"].map(|node| world.tracker(node).only().reference.item);
    let [b, c] = made;
    (world, running, [a, b, c])
}

#[tokio::test(start_paused = true)]
async fn a_change_on_any_of_them_arrives_at_all() {
    let (world, running, items) = twinned().await;
    for (n, item) in items.iter().enumerate() {
        // Not within moments of our own write, as an automation's answer would be.
        tokio::time::sleep(Duration::from_secs(15)).await;
        world.edit(item, "summary", Value::text(format!("{n}")));
        running.quiet().await;
        for other in &items {
            assert_eq!(
                world.text(other, "summary"),
                format!("{n}"),
                "{item} to {other}"
            );
        }
    }
    let roots: Vec<_> = running
        .twins()
        .await
        .into_iter()
        .map(|twin| twin.root)
        .collect();
    assert_eq!(roots[0], roots[1], "one cluster");
    running.stop().await;
}

/// One twin sees a change of the shared item that nobody has announced, for it looks at the item for another reason.
#[tokio::test(start_paused = true)]
async fn what_one_twin_sees_of_the_shared_item_arrives_at_the_others() {
    for other in ["b", "c"] {
        let (world, running, [a, b, c]) = twinned().await;
        world.tracker("a").edit(&a, "summary", Value::text("y"));
        let far = if other == "b" { &b } else { &c };
        world.edit(far, "note", Value::text("in no rules"));
        running.quiet().await;
        running.host.sweep_now();
        running.quiet().await;
        for item in [&b, &c] {
            assert_eq!(world.text(item, "summary"), "y", "{item}");
        }
        running.stop().await;
    }
}

/// As before, and it is a person's link that sees it first.
#[tokio::test(start_paused = true)]
async fn what_a_link_sees_of_an_item_arrives_at_its_other_twins() {
    let world = World::new(&["a", "b", "c"]);
    let mut by_hand = contract("ca", "c", "a");
    by_hand.triggers = Sides::default();
    for field in by_hand.fields.values_mut() {
        field.first = First::Right;
    }
    let running = world.start(&[contract("ba", "b", "a"), by_hand]).await;
    let b = world.make("b", "x");
    running.quiet().await;
    let a = world.tracker("a").only().reference.item;
    let c = world.make("c", "x");
    running.quiet().await;
    world.tracker("a").edit(&a, "labels", Value::set(["z"]));
    let pair = Sides {
        left: format!("c-{}", c.id),
        right: format!("a-{}", a.id),
    };
    let linked = running.host.link(&"ca".into(), vec![pair], "ada").await;
    assert!(matches!(linked.unwrap()[..], [LinkOutcome::Linked(_)]));
    running.quiet().await;
    running.host.sweep_now();
    running.quiet().await;
    assert_eq!(
        world.tracker("b").item(&b).get("labels"),
        Some(&Value::set(["z"]))
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_connection_that_is_refused_or_ended_does_not_stop_the_other() {
    let (world, running, [a, b, c]) = twinned().await;
    world.tracker("b").fault(On::Apply, Fault::Refused("no"));
    world.edit(&a, "summary", Value::text("y"));
    running.quiet().await;
    assert_eq!(world.text(&c, "summary"), "y");
    let twins = running.twins().await;
    let of_b = twins
        .iter()
        .find(|twin| twin.connection.as_str() == "ab")
        .unwrap();
    assert!(matches!(of_b.state, TwinState::Quarantined { .. }));
    running.host.unlink(&of_b.link, "ada").await.unwrap();
    world.edit(&c, "summary", Value::text("z"));
    running.quiet().await;
    assert_eq!(world.text(&a, "summary"), "z");
    assert_eq!(world.text(&b, "summary"), "x");
    running.stop().await;
}
