//! What a person does to a twin while a job of it waits for a slow tracker.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::contract::Conflict;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::Side;
use twinline_core::names::Sides;
use twinline_engine::ops::LinkOutcome;
use twinline_engine::ops::Target;
use twinline_store::host::{Twin, TwinState};

/// How long a slow tracker takes to answer.
const SLOW: Duration = Duration::from_secs(5);

/// A twin whose conflicts are held.
async fn twinned() -> (World, Running, ItemId, ItemId) {
    let world = World::new(&["left", "right"]);
    let mut rules = contract("c", "left", "right");
    for field in rules.fields.values_mut() {
        field.conflict = Conflict::Hold;
    }
    let running = world.start(&[rules]).await;
    let left = world.make("left", "x");
    running.quiet().await;
    let right = world.tracker("right").only().reference.item;
    (world, running, left, right)
}

/// Does something that a job is to carry to a slow node, and waits until its write is on the way there.
async fn on_the_way(world: &World, running: &Running, node: &str, change: impl FnOnce()) {
    let before = running.host.metrics().attempts.get();
    world.tracker(node).state().latency = SLOW;
    change();
    until("a write is on its way", async || {
        running.host.metrics().attempts.get() > before
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_twin_stays_unlinked_whatever_arrives_afterwards() {
    let (world, running, left, right) = twinned().await;
    let link = running.twin().await.link;
    let edit = || world.edit(&left, "summary", Value::text("on its way"));
    on_the_way(&world, &running, "right", edit).await;
    running.host.unlink(&link, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "on its way");
    let ended = TwinState::Unlinked { returns: false };
    assert_eq!(running.states().await, std::slice::from_ref(&ended));
    world.edit(&left, "summary", Value::text("alone"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "on its way");
    assert_eq!(running.states().await, [ended]);
    let (id, item) = (link.clone(), left.clone());
    let (base, root, written) = running
        .host
        .store()
        .read(move |read| {
            let base = read.base(&id, Side::Left)?;
            let root = read.item(&item)?.and_then(|row| row.root);
            Ok((base, root, read.effects_on_item(&right, item_epoch())?))
        })
        .await
        .unwrap();
    assert_eq!((base, root), (None, None));
    assert!(written.iter().any(|row| row.settled && row.link == link));
    running.stop().await;
}

/// Edits an item, and changes what is stored while the job that is to carry the edit still looks at the other item: the
/// plan will be made from what was stored before (R9).
async fn under_the_plan(
    world: &World,
    running: &Running,
    left: &ItemId,
    change: impl AsyncFnOnce(),
) {
    let right = world.tracker("right");
    right.state().latency = SLOW;
    let fetches = right.state().fetches;
    world.edit(left, "summary", Value::text("new"));
    until("a job looks", async || {
        running.host.status().await.unwrap().depths.running == 1
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    change().await;
    assert_eq!(right.state().fetches, fetches, "there is no plan yet");
    running.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_base_was_replaced_under_it_is_not_carried_out() {
    let (world, running, left, right) = twinned().await;
    let link = running.twin().await.link;
    let writes = world.writes("right");
    under_the_plan(&world, &running, &left, async || {
        let (seen, at) = (world.tracker("left").item(&left), world.env.now());
        let replaced = running.host.store().write(move |tx| {
            let mut base = tx.base(&link, Side::Left)?.expect("the twin was in step");
            base.fields.insert("summary".into(), Value::text("new"));
            base.observation = seen;
            tx.put_base(&link, Side::Left, &base, at)?;
            // As docs/adr/0015 asks of whatever writes bases outside the cluster's jobs.
            let twin = tx.twin(&link)?.expect("the twin is there");
            tx.put_twin(&Twin {
                state_since: at,
                ..twin
            })
        });
        replaced.await.unwrap();
    })
    .await;
    assert_eq!(world.writes("right"), writes);
    assert_eq!(world.text(&right, "summary"), "x");
    world.edit(&left, "summary", Value::text("newer"));
    running.quiet().await;
    assert_eq!(world.text(&right, "summary"), "newer", "the twin goes on");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_bases_were_dropped_under_it_is_not_carried_out() {
    let (world, running, left, right) = twinned().await;
    let link = running.twin().await.link;
    let writes = world.writes("right");
    under_the_plan(&world, &running, &left, async || {
        running.host.unlink(&link, "ada").await.unwrap();
    })
    .await;
    assert_eq!(world.writes("right"), writes);
    assert_eq!(world.text(&right, "summary"), "x");
    running.stop().await;
}

const fn item_epoch() -> twinline_core::time::Timestamp {
    twinline_core::time::Timestamp::from_millis(0)
}

#[tokio::test(start_paused = true)]
async fn an_unlinked_twin_stays_unlinked_whatever_its_end_was_to_be() {
    for fault in [Fault::LostAnswer, Fault::LostRequest, Fault::Refused("no")] {
        let (world, running, left, _) = twinned().await;
        let link = running.twin().await.link;
        world.tracker("right").fault(On::Apply, fault.clone());
        let edit = || world.edit(&left, "summary", Value::text("on its way"));
        on_the_way(&world, &running, "right", edit).await;
        running.host.unlink(&link, "ada").await.unwrap();
        running.quiet().await;
        let ended = TwinState::Unlinked { returns: false };
        assert_eq!(running.states().await, [ended], "{fault:?}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_is_unlinked_while_its_item_is_made_is_not_made_again() {
    for fault in [Fault::Pass, Fault::LostAnswer] {
        let world = World::new(&["left", "right"]);
        let running = world.start(&[contract("c", "left", "right")]).await;
        world.tracker("right").fault(On::Apply, fault.clone());
        let make = || drop(world.make("left", "x"));
        on_the_way(&world, &running, "right", make).await;
        let link = running.twin().await.link;
        running.host.unlink(&link, "ada").await.unwrap();
        running.quiet().await;
        let right = world.tracker("right").only().reference.item;
        world.edit(&right, "summary", Value::text("alone"));
        running.quiet().await;
        let ended = TwinState::Unlinked { returns: false };
        assert_eq!(running.states().await, [ended], "{fault:?}");
        assert_eq!(
            world.tracker("left").only().get("summary"),
            Some(&Value::text("x"))
        );
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_is_unlinked_while_it_falls_asleep_stays_unlinked() {
    let (world, running, left, right) = twinned().await;
    let link = running.twin().await.link;
    world.tracker("right").lose(&right);
    world.tracker("right").state().latency = SLOW;
    world.edit(&left, "summary", Value::text("y"));
    tokio::time::sleep(SLOW / 2).await;
    running.host.unlink(&link, "ada").await.unwrap();
    running.quiet().await;
    assert_eq!(
        running.states().await,
        [TwinState::Unlinked { returns: false }]
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_is_carried_out_that_comes_while_another_field_is_written() {
    for side in Side::BOTH {
        let (world, running, left, right) = twinned().await;
        world
            .tracker("left")
            .edit(&left, "summary", Value::text("left"));
        world.edit(&right, "summary", Value::text("right"));
        running.quiet().await;
        let twin = running.twin().await;
        assert_eq!(twin.held.len(), 1);
        let edit = || world.edit(&left, "status", Value::text("done"));
        on_the_way(&world, &running, "right", edit).await;
        let take = BTreeMap::from([("summary".into(), side)]);
        running
            .host
            .release_twin(&twin.link, take, "ada")
            .await
            .unwrap();
        running.quiet().await;
        for item in [&left, &right] {
            assert_eq!(world.text(item, "summary"), side.to_string());
            assert_eq!(world.text(item, "status"), "done");
        }
        assert!(running.twin().await.held.is_empty(), "{side}");
        running.stop().await;
    }
}

/// A twin is held back; while a change of it is tried and fails again, a person asks to try it again.
#[tokio::test(start_paused = true)]
async fn what_a_person_retries_is_tried_after_that() {
    let (world, running, left, right) = twinned().await;
    for _ in 0..2 {
        let refused = Fault::Refused("the project is archived");
        world.tracker("right").fault(On::Apply, refused);
    }
    world.edit(&left, "summary", Value::text("y"));
    running.quiet().await;
    let errors = running.host.errors().await.unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let edit = || world.edit(&left, "summary", Value::text("z"));
    on_the_way(&world, &running, "right", edit).await;
    let target = Target::Group {
        connection: "c".into(),
        cause: errors[0].cause.clone(),
    };
    assert_eq!(running.host.retry(&target, "ada").await.unwrap(), 1);
    running.quiet().await;
    assert_eq!(running.states().await, [TwinState::Live]);
    assert_eq!(world.text(&right, "summary"), "z");
    running.stop().await;
}

/// Two pairs are joined by a link while a comment is on its way to the far end of one of them.
#[tokio::test(start_paused = true)]
async fn a_link_of_two_clusters_waits_for_the_jobs_of_both() {
    let world = World::new(&["a", "b", "c", "d"]);
    let mut by_hand = contract("bc", "b", "c");
    by_hand.triggers = Sides::default();
    let contracts = [contract("ab", "a", "b"), contract("cd", "c", "d"), by_hand];
    let running = world.start(&contracts).await;
    let [a, c] = ["a", "c"].map(|node| world.make(node, "x"));
    running.quiet().await;
    let [b, d] = ["b", "d"].map(|node| world.tracker(node).only().reference.item);
    let comment = || {
        world.tracker("c").comment(&c, "on its way");
        world.announce(&c);
    };
    on_the_way(&world, &running, "d", comment).await;
    let pair = Sides {
        left: format!("b-{}", b.id),
        right: format!("c-{}", c.id),
    };
    let linked = running.host.link(&"bc".into(), vec![pair], "ada").await;
    assert!(matches!(linked.unwrap()[..], [LinkOutcome::Linked(_)]));
    let there = world.tracker("d").item(&d).comments.unwrap_or_default();
    assert_eq!(there.len(), 1, "the job of the one cluster has ended");
    running.quiet().await;
    world.edit(&a, "summary", Value::text("y"));
    running.quiet().await;
    let twins = running.twins().await.into_iter();
    let root: BTreeSet<_> = twins.map(|twin| twin.root).collect();
    assert_eq!(root.len(), 1, "{root:?}");
    for item in [&a, &b, &c, &d] {
        assert_eq!(world.text(item, "summary"), "y");
        let comments = world.tracker(item.node.as_str()).item(item).comments;
        assert_eq!(comments.unwrap_or_default().len(), 1, "{item}");
        let id = item.clone();
        let row = running.host.store().read(move |read| read.item(&id));
        assert_eq!(
            row.await.unwrap().and_then(|row| row.root),
            root.first().cloned()
        );
    }
    running.stop().await;
}
